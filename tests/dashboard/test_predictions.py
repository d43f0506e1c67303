"""Bets: asked before a run, answered after it, nine ways."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from coop_abm.dashboard import predictions
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.predictions import CHOICES, HORIZON, Bets
from coop_abm.dashboard.views import bench
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

SHARES = {"cooperators": 1.0, "defectors": 0.0, "neither": 0.5}


def world(number=1, seed=0, name="kin", **changes):
    scenario = replace(named(name), changes) if changes else named(name)
    rows = scenario.repertoire()
    drawn = layout(scenario, scenario.answers(seed), seed)
    return World(number, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), False)


def frame(time, share):
    fixed = {1.0: "reciprocator", 0.0: "alld"}.get(share, "")
    return Frame(time, np.zeros(1, np.uint8), share, (share, 1 - share), fixed)


def answered(bet, outcome, at):
    bets, time = Bets(), HORIZON if outcome == "neither" else 31
    bets.take(at, frame(0, 0.5), bet)
    assert bets.see(at, frame(time, SHARES[outcome]), expectation(at.scenario))
    return bets


@pytest.mark.parametrize(("bet", "outcome"), itertools.product(CHOICES, CHOICES))
@pytest.mark.parametrize("benefit", [1.5, 3.0])
def test_every_bet_and_outcome_has_an_answer_tied_to_the_threshold(bet, outcome, benefit):
    at = world(**{"game.benefit": benefit})
    told = answered(bet, outcome, at).told(at)
    assert (told.bet, told.outcome, told.right) == (bet, outcome, bet == outcome)
    assert f"b/c = {benefit:.3g} is {'above' if benefit > 2 else 'below'} the threshold 2.06" in told.words
    assert ("generation 31" in told.words) != (outcome == "neither")
    assert told.words.startswith("You were right") == (bet == outcome)


def test_the_nine_texts_differ():
    at = world()
    texts = {answered(bet, outcome, at).told(at).words for bet, outcome in itertools.product(CHOICES, CHOICES)}
    assert len(texts) == len(predictions.WORDS) == 9


def test_a_run_against_the_odds_is_called_so():
    at = world(**{"game.benefit": 1.5})
    assert "against the odds" in answered("cooperators", "cooperators", at).told(at).words
    assert "against the odds" not in answered("defectors", "defectors", at).told(at).words


def test_where_theory_is_silent_the_answer_says_so():
    at = world(name="all_five")
    assert "Theory is silent" in answered("neither", "neither", at).told(at).words


def test_it_asks_before_the_first_step_of_a_world_and_of_the_next_but_not_of_one_that_ran():
    bets, first = Bets(), world()
    assert bets.asks(first, frame(0, 0.5), playing=False) and not bets.asks(first, frame(0, 0.5), playing=True)
    assert bets.see(first, frame(1, 0.5), None) and not bets.see(first, frame(2, 0.5), None)
    again, other = world(number=2), world(number=3, **{"game.benefit": 5.0})
    assert not bets.asks(again, frame(0, 0.5), playing=False)  # Reset: how it goes is known
    assert bets.asks(other, frame(0, 0.5), playing=False)
    bets.ask_again()  # the key P
    assert bets.asks(again, frame(0, 0.5), playing=False)


def test_it_asks_for_play_only_before_the_world_has_begun():
    begun = predictions.begun
    assert not begun(frame(0, 0.5), playing=False) and not begun(None, playing=False)
    assert begun(frame(0, 0.5), playing=True) and begun(frame(1, 0.5), playing=False)
    words = (Path(bench.__file__).parent / "predict.vue").read_text(encoding="utf-8")
    assert re.search(r'<template v-if="!begun">\s*Now press Play\.', words)


def test_a_skip_holds_for_the_tab_until_the_reader_asks():
    bets = Bets()
    bets.take(world(), frame(0, 0.5), "skip")
    assert not bets.asks(world(number=2, seed=5), frame(0, 0.5), playing=False)
    bets.ask_again()
    assert bets.asks(world(number=2, seed=5), frame(0, 0.5), playing=False)


def test_a_bet_after_the_start_is_too_late_and_one_whose_world_went_is_void():
    bets, first = Bets(), world()
    bets.take(first, frame(3, 0.5), "cooperators")
    assert bets.bet == ""
    bets.take(first, frame(0, 0.5), "cooperators")
    second = world(number=2, seed=9)
    bets.see(second, frame(HORIZON, 1.0), None)
    assert (bets.bet, bets.made, bets.told(second)) == ("", 0, None)


def test_the_tally_counts():
    bets = Bets()
    for number, (bet, share) in enumerate([("cooperators", 1.0), ("defectors", 1.0), ("neither", 0.5)], 1):
        at = world(number, seed=number)
        bets.take(at, frame(0, 0.5), bet)
        bets.see(at, frame(HORIZON, share), None)
    assert (bets.right, bets.made) == (2, 3)


def test_nothing_is_decided_before_the_horizon():
    at, bets = world(), Bets()
    bets.take(at, frame(0, 0.5), "neither")
    bets.see(at, frame(HORIZON - 1, 0.99), None)
    assert bets.told(at) is None and bets.bet == "neither"
    bets.see(at, frame(HORIZON, 0.97), None)
    assert bets.told(at).outcome == "cooperators"
