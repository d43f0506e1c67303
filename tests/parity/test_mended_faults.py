"""Faults that were found once, each as the test that found it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coop_abm.core.dice import LEARN, dice, scripted
from coop_abm.core.kernel import engine
from coop_abm.engine.fixation import fixation
from coop_abm.engine.learning import learn_together
from coop_abm.engine.rounds import Play, run
from coop_abm.policies.rule import TableReader

from . import worlds
from .worlds import both, difference, rounds_of, world

HELPERS_AND_DEFECTORS = [{"share": 0.5, "strategy": kind} for kind in ("allc", "alld")]


def test_the_strongest_selection_that_a_knob_permits_runs_alike_on_both_engines():
    strong = world((), "pairwise_comparison", **{"update.intensity": 100.0, "game.benefit": 9.0})
    assert not difference(*both(rounds_of, strong))


def test_whoever_imitates_sees_differences_among_neighbours_far_below_the_richest():
    scenario = world(("network",), "imitation", size=6, **{"network.graph": {"kind": "ring", "degree": 2}})
    answers, strategy = scenario.answers(), np.arange(6, dtype=np.int16)[None].copy()
    payoff = np.array([[1000.0, 0.0, 1.0, 0.0, 50.0, 0.0]])  # 3 lives between 2 and the much richer 4
    chance = scripted(dice(0), [((0, LEARN, 0, 0, i), 0.5) for i in range(6)])
    alive, group = np.ones((1, 6), np.int8), np.zeros((1, 6), np.int32)
    bound = learn_together.using(source=scenario.update.source)
    bound(0, chance, answers, 1.0, 1.0, strategy, alive, payoff, group)
    assert strategy[0, 3] == 4


@pytest.mark.parametrize("relatedness", [0.3, 0.5, 0.8])
def test_with_kin_by_meeting_the_mean_payoff_of_a_round_is_what_the_matrix_expects(relatedness):
    """A share r of what one earns on average must come from copies, or Hamilton's rule moves."""
    knobs = {"size": 50, "players": HELPERS_AND_DEFECTORS, "kin.channel": "meeting", "kin.relatedness": relatedness}
    with engine("compiled"):
        play = Play(world(("kin",), **knobs), 1, replicates=800)
        strategy, matrix = play.state.strategy.copy(), play.scenario.matrix(play.answers)
        run(play, TableReader(play.repertoire), 1)
    # Partners are drawn without oneself; the matrix already holds the copies.
    apart, a, b = relatedness, matrix[0, 0], 0.0
    stranger = (matrix[0, 1] - apart * a) / (1 - apart)
    helpers = apart * a + (1 - apart) * (24 * a + 25 * stranger) / 49
    defectors = apart * b + (1 - apart) * 25 * (matrix[1, 0] - apart * b) / (1 - apart) / 49
    earned = [play.state.payoff[strategy == s] for s in (0, 1)]
    error = sum(x.var() / x.size for x in earned) ** 0.5
    assert abs(earned[0].mean() - earned[1].mean() - (helpers - defectors)) < 4.5 * error


@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison"])
def test_fixation_that_is_followed_is_fixation_that_is_counted_where_groups_take_over(update):
    rule = {"group.split": 0.2, "players": HELPERS_AND_DEFECTORS, "update.intensity": 0.3}
    with engine("compiled"):
        found = fixation(world(("network", "group"), update, clock="event", **rule), runs=40_000, seed=2)
    counting = (found.counted * (1 - found.counted) / found.runs) ** 0.5
    assert abs(found.probability - found.counted) < 4.5 * (counting**2 + found.error**2) ** 0.5


ENSEMBLES = """
import sys
import numpy as np
from coop_abm.core.dice import stream_base
from coop_abm.core.kernel import engine
from coop_abm.engine.events import process
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace

for rule in sys.argv[1:]:
    world = replace(Scenario(), {"size": 12, "clock": "event", "update": rule, "network.enabled": True,
                                 "network.graph": "ring", "update.intensity": 0.3})
    lasted = []
    for name in ("compiled", "plain"):
        with engine(name):
            ready, events = process(world), np.zeros(6, np.int64)
            ready.ensemble(ready.world, stream_base(0), 0, world.starting_counts(), 500, events.copy(), events, np.zeros(6))
            lasted.append(events.tolist())
    print(rule, "same" if lasted[0] == lasted[1] else f"differs: {lasted}")
"""  # noqa: E501 - a program of its own


@pytest.mark.validate
def test_variants_of_a_kernel_that_two_processes_compiled_keep_apart_in_a_third(tmp_path):
    root = Path(worlds.__file__).resolve().parents[2]
    given = os.environ | {"PYTHONPATH": str(root), "COOP_ABM_CACHE_DIR": str(tmp_path), "COOP_ABM_ENGINE": "compiled"}
    for rules in (["imitation"], ["pairwise_comparison"], ["imitation", "pairwise_comparison"]):
        done = subprocess.run([sys.executable, "-c", ENSEMBLES, *rules], env=given, capture_output=True, text=True)
        assert done.stdout.splitlines() == [f"{rule} same" for rule in rules], done.stderr
