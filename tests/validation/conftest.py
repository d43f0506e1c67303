"""Rows and exhibits: how a test tells what it found (see ``rows.py``; ``collecting.py`` gathers them)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.validation.rows import Holds, Row, plain


@pytest.fixture
def holds(record_property) -> Any:
    """Records judged rows; the test fails at its end if a verdict is not the one that was hoped for."""
    failed: list[str] = []

    def hold(judged: Row, *, id: str, claim: str, source: str, seed: int | str = "none") -> Row:
        row = judged._replace(id=id, claim=claim, source=source, seed=str(seed))
        record_property("row", plain(row._asdict()))
        if not row.passed:
            failed.append(str(row))
        return row

    made: Holds = hold
    yield made
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)


@pytest.fixture
def exhibit(record_property) -> Any:
    """Records named numbers that a figure draws."""

    def show(name: str, **data: Any) -> None:
        record_property("exhibit", plain({"name": name, **data}))

    return show
