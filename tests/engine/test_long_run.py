"""The stationary distribution in simulation: against exact chains, and honest about what it does not know."""

import networkx
import numpy as np
import pytest
from scipy.stats import f as fisher

import coop_abm
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import known
from coop_abm.engine.long_run import long_run
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

MIXED = replace(named("kin"), {"size": 8, "game.benefit": 4.0, "update.mutation": 0.1})

#: Their loops are compiled for the long test alone.
REST = ("death_birth", "pairwise_comparison")


def fits(shares, expected):
    """Hotelling's test of the mean of replicates, rejected once in 1,000 seeds; the last share is redundant."""
    runs, free = len(shares), shares.shape[1] - 1
    away = (shares.mean(axis=0) - expected)[:-1]
    squared = runs * away @ np.linalg.solve(np.cov(shares[:, :-1].T), away)
    return fisher.sf(squared * (runs - free) / (free * (runs - 1)), free, runs - free) > 0.001


@pytest.mark.parametrize("kind", ["reproduction", "spontaneous"])
@pytest.mark.parametrize(
    "update", ["birth_death", "imitation", *(pytest.param(u, marks=pytest.mark.validate) for u in REST)]
)
def test_when_mixed_the_time_at_each_head_count_is_exact(update, kind):
    world = replace(MIXED, {"update": update, "update.mutation_kind": kind})
    found = long_run(world, replicates=200, seed=1)
    assert fits(found.shares, known.long_run(world)[0])
    wrong = known.long_run(replace(world, {"update.mutation": 0.13}))[0]
    assert not fits(found.shares, wrong)


@pytest.mark.parametrize("update", ["death_birth", pytest.param("birth_death", marks=pytest.mark.validate)])
def test_on_a_small_graph_it_is_that_of_the_chain_of_all_states(update):
    world = replace(on_graph(named("network"), networkx.lollipop_graph(4, 2)), {
        "update": update, "update.mutation": 0.1, "update.intensity": 0.4,
    })  # fmt: skip
    found = long_run(world, replicates=200, seed=2)
    assert fits(found.shares, known.long_run(world)[0])


def test_intervals_hold_the_truth_for_bars_and_mean():
    found, exact = long_run(MIXED, replicates=300, seed=3), known.long_run(MIXED)[0]
    inside = [found.within(j, j).low <= exact[j] <= found.within(j, j).high for j in range(9)]
    assert sum(inside) >= 8
    assert found.frequency.low < exact @ np.arange(9) / 8 < found.frequency.high
    assert found.within(0, 8).value == pytest.approx(1) and found.held.sum() == pytest.approx(1)


def test_a_burn_in_that_is_too_short_shows_in_the_difference_between_starts():
    short = long_run(MIXED, replicates=200, burn_in=0, generations=3, seed=4)
    settled = long_run(MIXED, replicates=200, seed=4)
    assert short.apart.value > 10 * short.apart.error
    assert abs(settled.apart.value) < 4 * settled.apart.error


def test_the_same_numbers_give_the_same_replicates():
    whole = long_run(MIXED, replicates=6, burn_in=5, generations=9, seed=5)
    rest = long_run(MIXED, replicates=4, burn_in=5, generations=9, seed=5, first=2)
    assert whole.shares[2:].tolist() == rest.shares.tolist() and whole.shares.sum() == pytest.approx(6)


def test_individuals_that_are_replaced_at_once_have_a_long_run_too():
    world = replace(MIXED, {"update": "wright_fisher", "update.mutation": 0.2, "update.intensity": 0.0})
    found = long_run(world, replicates=100, seed=6)
    assert found.frequency.low < 0.5 < found.frequency.high and found.shares.shape == (100, 9)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [("kin", {}, "mutation must be above 0"), ("kin", {"update.mutation": 0.1, "clock": "round"}, "clock"),
     ("group", {"update.mutation": 0.1}, "group"),
     ("network", {"players": "allc:0.4,alld:0.3,tft:0.3", "update.mutation": 0.1}, "another number")],
)  # fmt: skip
def test_a_world_without_a_long_run_of_this_kind_says_why(name, changes, words):
    with pytest.raises(ScenarioError, match=words):
        long_run(replace(named(name), changes))


@pytest.mark.parametrize("wrong", [{"replicates": 1}, {"generations": 0}, {"burn_in": -1}])
def test_a_length_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        long_run(MIXED, **wrong)


def test_the_public_call_takes_a_graph_and_says_which_clock():
    found = coop_abm.long_run(networkx.cycle_graph(5), update__mutation=0.5, replicates=4, generations=10, rng=7)
    assert found.shares.shape == (4, 6) and found.burn_in == 10
    with pytest.raises(ScenarioError, match="clock"):
        coop_abm.long_run("kin", clock="round", update__mutation=0.1)
