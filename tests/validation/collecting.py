"""Gathers the rows of a ``--validate`` run, from all its workers, and writes the table and the figures.

Rows travel with the reports of the tests, so a run on several cores needs no shared folder. Only a run of
the whole folder writes ``docs/validation/``; any other prints its rows and leaves the files as they are, or, with
``--merge-rows``, replaces its own rows and those of no other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.validation.rows import Row

FOLDER = Path(__file__).parent
DOCS = FOLDER.parents[1] / "docs" / "validation"
INSIDE = f"tests/{FOLDER.name}/"


class Collecting:
    """A plugin of the process that hears of all tests."""

    def __init__(self, config: pytest.Config):
        self.config = config
        self.rows: list[Row] = []
        self.exhibits: list[dict[str, Any]] = []
        self.collected: set[str] = set()
        self.finished: set[str] = set()
        self.written = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected |= {item.nodeid for item in session.items}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        self.collected |= set(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "teardown":
            return
        self.finished.add(report.nodeid)
        for name, value in report.user_properties:
            if name == "row":
                self.rows.append(Row(**value))  # type: ignore[arg-type]
            elif name == "exhibit":
                self.exhibits.append(value)  # type: ignore[arg-type]

    @property
    def whole(self) -> bool:
        """Did every test of this folder run to its end, none left out?"""
        chosen = self.config.option
        narrowed = chosen.keyword or chosen.markexpr or chosen.deselect or any("::" in a for a in self.config.args)
        ours = {name for name in self.collected if name.startswith(INSIDE)}
        seen = {name.split("::")[0].removeprefix(INSIDE) for name in ours}
        files = {path.name for path in FOLDER.glob("test_*.py")}
        return not narrowed and files <= seen and ours <= self.finished

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if not self.rows:
            return
        from tests.validation import report

        if self.whole:
            report.write(self.rows, self.exhibits, DOCS)
        elif self.config.getoption("--merge-rows"):
            report.merge(self.rows, self.exhibits, DOCS)
        else:
            return
        self.written = True

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.rows:
            return
        terminalreporter.section("validation")
        for row in sorted(self.rows, key=lambda row: row.id):
            if not row.passed:
                terminalreporter.line(str(row), red=True)
            elif "chi-square with" in row.statistic:
                terminalreporter.line(
                    f"{row.id}: {row.claim}: chi-square {row.measured:.1f} with {row.expected:.0f} degrees of "
                    f"freedom, p = {row.p:.3f}"
                )
        passed = sum(row.passed for row in self.rows)
        where = "written to docs/validation" if self.written else "a partial run: docs/validation is left as it is"
        terminalreporter.line(f"{passed} of {len(self.rows)} rows as they should be; {where}")
