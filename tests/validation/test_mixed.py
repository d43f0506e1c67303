"""Fixation in mixed populations: event chain and jump chain against the exact ladder.

With fitness exp(beta payoff) the probability that j heads take over follows from the ratios of the
probabilities down and up at each step, and times from a linear system [NowakSasakiTaylorFudenberg2004,
Traulsen2006]. Tested: |z| <= 3.5 for the share of winners and for the mean number of events, of 20,000 runs.
"""

import math

import numpy as np
import pytest

from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, fixation, starting
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace
from coop_abm.theory.fixation import probability

COORDINATION, DILEMMA = [[4.0, 0.0], [3.0, 3.0]], [[2.0, -1.0], [3.0, 0.0]]
RUNS = 20_000


def world(update, intensity, size=24, game="stag_hunt", **changes):
    declared = {"size": size, "clock": "event", "game": game, "update": {"kind": update, "intensity": intensity}}
    return replace(Scenario(), declared | changes)


def test_the_games_of_this_file_have_the_payoffs_that_it_reckons_with():
    for game, matrix in (("stag_hunt", COORDINATION), ("donation", DILEMMA)):
        scenario = world("imitation", 0.1, game=game)
        assert scenario.matrix(scenario.answers()).tolist() == matrix


def ladder(update, matrix, size, intensity):
    """Probabilities up and down for j = 1 ... size - 1 heads of the first strategy, from the papers."""
    (a, b), (c, d) = matrix
    j = np.arange(1, size)
    k = size - j
    ours, theirs = ((j - 1) * a + k * b) / (size - 1), (j * c + (k - 1) * d) / (size - 1)
    f, g = np.exp(intensity * ours), np.exp(intensity * theirs)
    whole = j * f + k * g
    if update == "birth_death":
        return j * f / whole * k / (size - 1), k * g / whole * j / (size - 1)
    if update == "death_birth":
        return k / size * j * f / (whole - g), j / size * k * g / (whole - f)
    if update == "imitation":
        return k / size * j * f / whole, j / size * k * g / whole
    met = j * k / size / (size - 1)
    return met / (1 + np.exp(intensity * (theirs - ours))), met / (1 + np.exp(intensity * (ours - theirs)))


def exact(up, down):
    """From each j: the probability that the first strategy takes over, and the expected number of events."""
    system = np.diag(up + down) - np.diag(up[:-1], 1) - np.diag(down[1:], -1)
    end = np.zeros(len(up))
    end[-1] = up[-1]
    return np.linalg.solve(system, end), np.linalg.solve(system, np.ones(len(up)))


@pytest.mark.parametrize("every_event", [False, True], ids=["jumps", "events"])
@pytest.mark.parametrize("update", ["birth_death", "death_birth", "imitation", "pairwise_comparison"])
def test_who_fixes_and_when_is_what_the_exact_ladder_says(update, every_event):
    scenario, heads = world(update, 0.3), 16
    rho, time = exact(*ladder(update, COORDINATION, 24, 0.3))
    found = ensemble(
        process(scenario, every_event=every_event), starting(scenario, 0, heads), RUNS, base=stream_base(5)
    )
    expected = rho[heads - 1]
    assert 0.05 < expected < 0.95
    won = float((found.winner == 0).mean())
    assert abs(won - expected) <= 3.5 * math.sqrt(expected * (1 - expected) / RUNS)
    error = float(found.events.std(ddof=1)) / math.sqrt(RUNS)
    assert abs(found.events.mean() - time[heads - 1]) <= 3.5 * error


def test_jumps_take_the_mean_of_the_events_and_not_their_spread():
    scenario = world("pairwise_comparison", 0.3)
    spread = [
        ensemble(
            process(scenario, every_event=every), starting(scenario, 0, 16), 4000, base=stream_base(6)
        ).events.std()
        for every in (False, True)
    ]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("invader", [0, 1])
def test_one_mutant_of_the_fermi_rule_takes_over_as_in_the_moran_process(invader):
    scenario = world("pairwise_comparison", 0.01, size=100, game="donation")
    found = fixation(scenario, invader=invader, runs=200_000, seed=3)
    rho = probability(DILEMMA, 100, 0.01)[invader]
    assert abs(found.counted - rho) <= 3.5 * math.sqrt(rho * (1 - rho) / found.runs)


def test_three_strategies_fix_by_jumps_as_event_by_event():
    players = [{"share": 1 / 3, "strategy": kind} for kind in ("tft", "allc", "alld")]
    scenario = world("pairwise_comparison", 0.5, size=12, players=players, **{"direct.enabled": True})
    start = np.array([4, 4, 4])
    by_jumps, by_events = (
        ensemble(process(scenario, every_event=every), start, 10_000, base=stream_base(7, every))
        for every in (False, True)
    )
    for strategy in range(3):
        p, q = ((found.winner == strategy).mean() for found in (by_jumps, by_events))
        assert abs(p - q) <= 3.5 * math.sqrt((p * (1 - p) + q * (1 - q)) / 10_000)
    errors = [found.events.std(ddof=1) / 100 for found in (by_jumps, by_events)]
    assert abs(by_jumps.events.mean() - by_events.events.mean()) <= 3.5 * math.hypot(*errors)
    assert len(set(by_jumps.winner.tolist())) == 3
