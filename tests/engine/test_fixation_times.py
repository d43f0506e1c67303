"""Times of single runs: their means and their whole distribution are those of exact chains."""

import networkx
import numpy as np
import pytest
from scipy.stats import chi2

import coop_abm
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import known
from coop_abm.engine.fixation import fixation
from coop_abm.engine.fixation_times import fixation_times
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import passage

MIXED = replace(named("kin"), {"size": 10, "game.benefit": 4.0})

#: Their loops are compiled for the long test alone.
REST = ("death_birth", "pairwise_comparison")


def near(found, expected):
    return abs(found.value - expected) <= 3.5 * found.error and found.error < 0.05 * expected


@pytest.mark.parametrize(
    "update", ["birth_death", "imitation", *(pytest.param(u, marks=pytest.mark.validate) for u in REST)]
)
def test_when_mixed_the_three_means_are_exact(update):
    world = replace(MIXED, {"update": update})
    exact = known.times(world)
    found = fixation_times(world, runs=12_000, seed=1)
    assert near(found.conditional, exact.means.fixes / 10)
    assert near(found.extinction, exact.means.lost / 10)
    assert near(found.unconditional, exact.means.either / 10)


@pytest.mark.parametrize("row", [0, 1])
def test_the_distribution_of_times_is_exact_and_not_only_its_mean(row):
    found = fixation_times(MIXED, runs=20_000, seed=2)
    events = (found.won, found.lost)[row]
    edges = np.unique(np.quantile(events, np.linspace(0, 1, 13)[1:-1]).astype(int))
    chances = np.diff(np.concatenate([[0], known.times(MIXED).ended_by(edges.tolist())[row], [1]]))
    seen = np.diff(np.concatenate([[0], np.searchsorted(np.sort(events), edges, side="right"), [len(events)]]))
    statistic = ((seen - len(events) * chances) ** 2 / (len(events) * chances)).sum()
    assert chi2.sf(statistic, len(chances) - 1) > 0.001


def test_skipping_what_changes_nothing_keeps_the_mean_and_loses_the_spread():
    every = fixation_times(MIXED, runs=8_000, seed=3)
    skipped = fixation(MIXED, runs=8_000, seed=3)
    assert abs(every.unconditional.value - skipped.generations.value) < 4 * every.unconditional.error
    assert skipped.generations.error < every.unconditional.error


def test_on_a_graph_the_means_are_those_of_the_chain_of_its_states():
    world = replace(on_graph(named("network"), networkx.lollipop_graph(4, 3)), {"update.intensity": 0.3})
    exact, found = known.times(world).means, fixation_times(world, runs=12_000, seed=4)
    assert near(found.conditional, exact.fixes / 7) and near(found.unconditional, exact.either / 7)


def test_the_same_numbers_give_the_same_replicates():
    whole, parts = fixation_times(MIXED, runs=60, seed=5), [
        fixation_times(MIXED, runs=30, seed=5, first=first) for first in (0, 30)
    ]  # fmt: skip
    assert np.concatenate([part.won for part in parts]).tolist() == whole.won.tolist()
    assert np.concatenate([part.lost for part in parts]).tolist() == whole.lost.tolist()
    assert whole.runs == 60 and whole.probability.value == len(whole.won) / 60


def test_where_nobody_wins_the_mean_is_unknown():
    world = replace(named("well_mixed"), {"size": 20, "game.benefit": 2.0, "update.intensity": 5.0})
    found = coop_abm.fixation_times(world, runs=200, rng=6)
    assert np.isnan(found.conditional.value) and found.extinction == found.unconditional


def test_who_has_no_fixation_has_no_times():
    with pytest.raises(ScenarioError, match="mutation"):
        coop_abm.fixation_times("kin", update__mutation=0.01)
    with pytest.raises(ScenarioError, match="clock"):
        coop_abm.fixation_times("kin", clock="round")
    with pytest.raises(InputError, match="runs"):
        coop_abm.fixation_times("kin", runs=0)


def test_theory_gives_the_distribution_up_to_a_size_and_the_means_beyond():
    large = known.times(replace(MIXED, {"size": passage.LARGEST + 10}))
    assert large.means.fixes > large.means.lost and large.ended_by([5]) is None
