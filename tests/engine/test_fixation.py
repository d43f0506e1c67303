"""How often and how fast a strategy takes over, against exact chains; precision on request."""

import networkx as nx
import numpy as np
import pytest

import coop_abm
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import chain
from coop_abm.theory import fixation as moran


def exact_times(step, won, started):
    """Mean events to absorption, of all runs and of those that A wins, from a chain that can be solved.

    step : (S, S) among the states that are not absorbed; won : (S,) probability that A wins; started : (S,)
    """
    system = np.eye(len(step)) - step
    everybody = started @ np.linalg.solve(system, np.ones(len(step)))
    winners = started @ np.linalg.solve(system, won) / (started @ won)
    return everybody, winners


def times_on_graph(world, graph, start):
    rules = {"update": world.update.kind, "intensity": world.update.intensity}
    matrix = chain.transition_matrix(nx.to_numpy_array(graph), world.matrix(world.answers()), **rules).toarray()
    inside = matrix[1:-1, 1:-1]
    won = np.linalg.solve(np.eye(len(inside)) - inside, matrix[1:-1, -1])
    heads = np.array([bin(state).count("1") for state in range(1, len(matrix) - 1)])
    return exact_times(inside, won, (heads == start) / (heads == start).sum())


def times_when_mixed(world, start):
    """The Moran process: a parent by fitness, and its copy replaces one of the others."""
    n = world.size
    of_a, of_b = np.exp(world.update.intensity * moran.payoffs(world.matrix(world.answers()), n))
    i = np.arange(1, n)
    total = i * of_a + (n - i) * of_b
    up, down = i * of_a / total * (n - i) / (n - 1), (n - i) * of_b / total * i / (n - 1)
    step = np.diag(1 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    to_a = np.zeros(n - 1)
    to_a[-1] = up[-1]
    won = np.linalg.solve(np.eye(n - 1) - step, to_a)
    return exact_times(step, won, np.eye(n - 1)[start - 1])


def near(found, expected):
    return abs(found.value - expected) <= 3.5 * found.error and found.error < 0.07 * expected


@pytest.mark.parametrize("update", ["death_birth", "birth_death", "imitation", "pairwise_comparison"])
@pytest.mark.parametrize("heads", [1, 3])
def test_fixation_times_on_a_graph_are_those_of_the_full_chain(update, heads):
    graph = nx.lollipop_graph(4, 3)
    world = replace(on_graph(named("network"), graph), {"update": update, "update.intensity": 0.3})
    everybody, winners = times_on_graph(world, graph, heads)
    found = fixation(world, heads=heads, runs=12_000, seed=1)
    assert near(found.events, everybody)
    assert near(found.events_won, winners)
    assert found.generations.value == pytest.approx(found.events.value / 7)
    assert found.generations_won.error == pytest.approx(found.events_won.error / 7)


@pytest.mark.parametrize("heads", [1, 6])
def test_fixation_times_when_mixed_are_those_of_the_moran_process(heads):
    world = replace(named("kin"), {"size": 12, "game.benefit": 4.0})
    everybody, winners = times_when_mixed(world, heads)
    found = fixation(world, heads=heads, runs=12_000, seed=2)
    assert near(found.events, everybody)
    assert near(found.events_won, winners)


def test_a_count_near_zero_has_an_interval_that_holds_the_truth():
    world = replace(named("well_mixed"), {"size": 20, "game.benefit": 10.0, "update.intensity": 0.5})
    rho = moran.probability(world.matrix(world.answers()), 20, 0.5).cooperators
    found = fixation(world, runs=2000, seed=3)
    assert found.probability == found.counted
    assert found.low <= rho <= found.high < 0.01
    assert found.low >= 0 and found.error > 0


@pytest.mark.parametrize("of", ["probability", "events", "events_won"])
@pytest.mark.parametrize("name", ["kin", "network"])
def test_replicates_are_added_until_the_precision_is_reached(name, of):
    world = replace(named(name), {"size": 16, "game.benefit": 5.0})
    found = fixation(world, precision=0.02, of=of, seed=4)
    value, error = (found.probability, found.error) if of == "probability" else getattr(found, of)[:2]
    assert error <= 0.025 * value
    assert fixation(world, precision=0.02, of=of, seed=4) == found


def test_work_is_bounded_in_events():
    bounded = fixation(named("kin"), precision=0.001, most_events=3_000_000, seed=5)
    assert bounded.runs * bounded.events.value < 8_000_000
    assert bounded.error > 0.001 * bounded.probability


def test_a_strategy_that_never_wins_ends_as_well():
    world = replace(named("well_mixed"), {"size": 20, "game.benefit": 2.0, "update.intensity": 5.0})
    found = fixation(world, precision=0.1, most_events=2_000_000, seed=6)
    assert found.counted == found.low == 0 and 0 < found.high < 0.01
    assert np.isnan(found.events_won.value)


def test_the_public_call_takes_a_graph_or_a_name():
    found = coop_abm.fixation(nx.petersen_graph(), update__intensity=0.2, game__benefit=5.0, precision=0.01, rng=7)
    rho = chain.graph_fixation(
        nx.to_numpy_array(nx.petersen_graph()), [[4, -1], [5, 0]], update="death_birth", intensity=0.2
    )
    assert abs(found.probability - rho.cooperators) < 3.5 * found.error
    assert found.error < 0.012 * found.probability
    assert coop_abm.fixation("kin", invader=1, runs=100, rng=8).runs == 100


@pytest.mark.parametrize("wrong", [{"precision": 0.0}, {"precision": -1.0}, {"of": "luck"}, {"runs": 1}])
def test_a_precision_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError):
        fixation(named("kin"), **wrong)


def test_the_round_clock_has_no_fixation_of_this_kind():
    with pytest.raises(ScenarioError, match="clock"):
        coop_abm.fixation("kin", clock="round")
