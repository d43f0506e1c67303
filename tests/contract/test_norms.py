"""What every norm promises, and what the named ones call good."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.norms import ByType, ImageScoring, Shunning, SimpleStanding, SternJudging

from .families import made, members

BAD, GOOD = 0, 1
HELP, REFUSE = 0, 1


@pytest.mark.parametrize("kind", members("norms"))
def test_its_table_has_a_good_or_bad_for_every_case(kind):
    table = made(kind).table()
    assert table.shape == (2, 2, 2) and table.dtype == np.int64
    assert np.isin(table, (BAD, GOOD)).all()


@pytest.mark.parametrize("kind", members("norms"))
def test_its_docstring_lists_its_names(kind):
    assert "Names: " in kind.__doc__


@pytest.mark.parametrize("kind", [p for p in members("norms") if p.id != "type"])
def test_deeds_count_under_every_norm_but_the_innate_one(kind):
    table = made(kind).table()
    assert not kind.innate and not np.array_equal(table[..., HELP], table[..., REFUSE])


def test_by_type_nobody_ever_changes_standing():
    table = ByType().table()
    assert ByType.innate and (table[BAD] == BAD).all() and (table[GOOD] == GOOD).all()


# The new standing of a donor of either standing: help bad, help good, refuse bad, refuse good.
@pytest.mark.parametrize(
    ("norm", "truth"),
    [(ImageScoring(), "1100"), (SimpleStanding(), "1110"), (SternJudging(), "0110"), (Shunning(), "0100")],
    ids=lambda value: value.kind if hasattr(value, "kind") else value,
)
def test_its_truth_table_is_the_published_one(norm, truth):
    for donor in (BAD, GOOD):
        cases = ((HELP, BAD), (HELP, GOOD), (REFUSE, BAD), (REFUSE, GOOD))
        assert "".join(str(norm.table()[donor, recipient, action]) for action, recipient in cases) == truth
