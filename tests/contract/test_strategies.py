"""What every strategy promises, and how the named ones play, line by line against a script."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.games import KINDS as GAMES
from coop_abm.games import Donation, PrisonersDilemma
from coop_abm.strategies import (
    AllC,
    AllD,
    Discriminator,
    GenerousTitForTat,
    Grim,
    MemoryOne,
    Reciprocator,
    TitForTat,
    WinStayLoseShift,
    ZeroDeterminant,
)
from coop_abm.strategies.table import BAD, CC, CD, DC, DD, GOOD, START, UNKNOWN

from .families import made, members

DONATION = Donation().payoffs()
OUTCOME = {"CC": CC, "CD": CD, "DC": DC, "DD": DD}
LAST = {CC: 0, CD: 1, DC: 2, DD: 3}  # columns of next_state


def transcript(strategy, partner: str, standing: int = UNKNOWN, payoffs: np.ndarray = DONATION) -> str:
    """What the strategy does against a scripted partner, turn by turn; ? where chance decides."""
    row = strategy.automaton(payoffs)
    state, last, played = 0, START, ""
    for theirs in partner:
        chance = row.cooperate[state, last, standing, 0, GOOD]
        mine = {0.0: "D", 1.0: "C"}.get(float(chance), "?")
        played += mine
        if mine == "?":
            break
        last = OUTCOME[mine + theirs]
        state = int(row.next_state[state, LAST[last]])
    return played


@pytest.mark.parametrize("kind", members("strategies"))
@pytest.mark.parametrize("game", [pytest.param(game, id=game.__name__) for game in GAMES])
def test_every_cell_of_the_table_is_a_probability(kind, game):
    cooperate = made(kind).automaton(game().payoffs()).cooperate
    assert cooperate.ndim == 5 and cooperate.shape[1:] == (5, 3, 2, 2)
    assert ((cooperate >= 0) & (cooperate <= 1)).all()


@pytest.mark.parametrize("kind", members("strategies"))
def test_every_next_state_is_a_state_of_its_own(kind):
    row = made(kind).automaton(DONATION)
    assert row.next_state.shape == (len(row.cooperate), 4) and row.next_state.dtype.kind == "i"
    assert ((row.next_state >= 0) & (row.next_state < len(row.cooperate))).all()


@pytest.mark.parametrize("kind", members("strategies"))
def test_no_state_is_out_of_reach(kind):
    row = made(kind).automaton(DONATION)
    reached = {0}
    while (more := reached | {int(s) for state in reached for s in row.next_state[state]}) != reached:
        reached = more
    assert reached == set(range(len(row.cooperate)))


@pytest.mark.parametrize("kind", members("strategies"))
def test_its_docstring_lists_its_names(kind):
    assert "Names: " in kind.__doc__


@pytest.mark.parametrize(
    ("strategy", "partner", "played"),
    [
        (AllC(), "CCCCCC", "CCCCCC"),
        (AllC(), "DDDDDD", "CCCCCC"),
        (AllC(), "CDCDCD", "CCCCCC"),
        (AllD(), "CCCCCC", "DDDDDD"),
        (AllD(), "DDDDDD", "DDDDDD"),
        (AllD(), "CDCDCD", "DDDDDD"),
        (TitForTat(), "CCCCCC", "CCCCCC"),
        (TitForTat(), "DDDDDD", "CDDDDD"),
        (TitForTat(), "CDCDCD", "CCDCDC"),
        (WinStayLoseShift(), "CCCCCC", "CCCCCC"),
        (WinStayLoseShift(), "DDDDDD", "CDCDCD"),
        (WinStayLoseShift(), "CDCDCD", "CCDDCC"),
        (Grim(), "CCCCCC", "CCCCCC"),
        (Grim(), "DDDDDD", "CDDDDD"),
        (Grim(), "CDCCCC", "CCDDDD"),
        (Discriminator(), "CCCCCC", "CCCCCC"),
        (Discriminator(), "DDDDDD", "CCCCCC"),
        (Discriminator(), "CDCDCD", "CCCCCC"),
        (Reciprocator(), "CCCCCC", "CCCCCC"),
        (Reciprocator(), "DDDDDD", "CDDDDD"),
        (Reciprocator(), "CDCDCD", "CCDCDC"),
        (GenerousTitForTat(generosity=0.0), "CDCDCD", "CCDCDC"),
        (GenerousTitForTat(generosity=1.0), "DDDDDD", "CCCCCC"),
        (GenerousTitForTat(generosity=0.3), "DDDDDD", "C?"),
        (MemoryOne(start=0.0, cc=1.0, cd=0.0, dc=1.0, dd=0.0), "CCCCCC", "DCCCCC"),
        (ZeroDeterminant(), "DDDDDD", "C?"),
    ],
    ids=lambda value: value.kind if hasattr(value, "kind") else value,
)
def test_it_plays_as_the_literature_says(strategy, partner, played):
    assert transcript(strategy, partner) == played


@pytest.mark.parametrize("strategy", [Discriminator(), Reciprocator()], ids=lambda s: s.kind)
def test_who_looks_at_standing_refuses_the_bad_and_not_the_good(strategy):
    assert (transcript(strategy, "CCC", BAD), transcript(strategy, "CCC", GOOD)) == ("DDD", "CCC")


@pytest.mark.parametrize(
    "kind", [p for p in members("strategies") if p.id not in ("discriminator", "or_discriminator", "reciprocator")]
)
def test_who_does_not_look_at_standing_plays_the_same_against_good_and_bad(kind):
    cooperate = made(kind).automaton(DONATION).cooperate
    assert np.array_equal(cooperate[:, :, BAD], cooperate[:, :, GOOD])


def test_tit_for_tat_forgives_one_minus_c_over_b_where_it_forgives_what_it_can_afford():
    row = GenerousTitForTat().automaton(Donation(benefit=4.0, cost=1.0).payoffs())
    assert row.cooperate[0, [CD, DD], UNKNOWN, 0, GOOD] == pytest.approx([0.75, 0.75], abs=1e-12)


@pytest.mark.parametrize(("baseline", "slope"), [("punishment", 2.0), ("punishment", 5.0), ("reward", 2.0)])
def test_a_zero_determinant_player_holds_payoffs_on_its_line_whoever_it_plays(baseline, slope):
    payoffs = PrisonersDilemma().payoffs()
    p = ZeroDeterminant(baseline=baseline, slope=slope).automaton(payoffs).cooperate[0, 1:, UNKNOWN, 0, GOOD]
    base = payoffs[1, 1] if baseline == "punishment" else payoffs[0, 0]
    for q in np.random.default_rng(1).uniform(0.05, 0.95, (20, 4)):
        theirs = q[[0, 2, 1, 3]]  # the partner sees the outcome the other way round
        move = np.stack([p * theirs, p * (1 - theirs), (1 - p) * theirs, (1 - p) * (1 - theirs)], axis=1)
        settled = np.linalg.matrix_power(move, 1 << 14)[0]
        (reward, sucker), (temptation, punishment) = payoffs
        mine = settled @ [reward, sucker, temptation, punishment]
        yours = settled @ [reward, temptation, sucker, punishment]
        assert mine - base == pytest.approx(slope * (yours - base), abs=1e-8)
