"""What every norm promises, and what the named ones call good."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.norms import ByType, ImageScoring, LeadingEight, Shunning, SimpleStanding, SternJudging

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


# Hilbe et al. (2018), table 1: the new standing of a good donor after helping the good, helping the bad,
# refusing the good, refusing the bad; then the same of a bad donor.
LEADING = {1: "GGBG GGBB", 2: "GBBG GGBB", 3: "GGBG GGBG", 4: "GGBG GBBG",
           5: "GBBG GGBG", 6: "GBBG GBBG", 7: "GGBG GBBB", 8: "GBBG GBBB"}  # fmt: skip


@pytest.mark.parametrize("number", LEADING)
def test_the_leading_eight_are_the_published_ones(number):
    table = LeadingEight(number=number).table()
    said = [
        "".join("BG"[table[donor, recipient, action]] for action in (HELP, REFUSE) for recipient in (GOOD, BAD))
        for donor in (GOOD, BAD)
    ]
    assert " ".join(said) == LEADING[number]


def test_the_leading_eight_hold_simple_standing_and_stern_judging():
    assert np.array_equal(LeadingEight(number=3).table(), SimpleStanding().table())
    assert np.array_equal(LeadingEight(number=6).table(), SternJudging().table())


@pytest.mark.parametrize("number", LEADING)
def test_who_acts_as_a_leading_norm_asks_is_never_blamed_for_it(number):
    """In good standing, or helped up by the act, whoever follows the action rule is good afterwards."""
    table, penitent = LeadingEight(number=number).table(), number <= 2
    for donor in (BAD, GOOD):
        for recipient in (BAD, GOOD):
            action = HELP if recipient == GOOD or (penitent and donor == BAD) else REFUSE
            blamed = donor == BAD and recipient == BAD and number in (7, 8)  # staying bad, as published
            assert table[donor, recipient, action] == (BAD if blamed else GOOD)
