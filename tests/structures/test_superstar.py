"""The superstar: one way through every petal, and mutants that are held up or helped along.

Fitness is constant: a donation game without a benefit, so that cooperators have exp(-intensity) and defectors 1.
"""

import math

import networkx
import numpy as np
import pytest

from coop_abm.core.errors import GraphError, InputError, ScenarioError
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation, weights_of
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import named
from coop_abm.structures import Superstar
from coop_abm.structures.arrows import from_arrows
from coop_abm.theory import chain


def world(kind, size, fitness=1.5, **graph):
    changes = {"network.graph": kind, "size": size, "update": "birth_death", "game.benefit": 0.0}
    changes |= {"update.intensity": math.log(fitness)} | {
        f"network.graph.{name}": value for name, value in graph.items()
    }
    return replace(named("network"), changes)


def exact(scenario):
    """(disadvantageous, advantageous) mutant, from the chain of all states."""
    answers = scenario.answers()
    return chain.graph_fixation(
        weights_of(answers).toarray(), scenario.matrix(answers), update="birth_death",
        intensity=scenario.update.intensity,
    )  # fmt: skip


def moran(fitness, size):
    return (1 - 1 / fitness) / (1 - fitness ** -float(size))


def test_every_way_through_the_hub_passes_a_leaf_and_a_chain():
    graph = Superstar(petals=3, chain=2).build(16)
    parents, places, weight = graph.arrows()
    found = networkx.DiGraph(list(zip(parents.tolist(), places.tolist(), strict=True)))
    assert set(weight.tolist()) == {1.0} and networkx.is_strongly_connected(found)
    assert found.out_degree(0) == 9 and found.in_degree(0) == 3  # all leaves; the end of each chain
    cycles = list(networkx.simple_cycles(found))
    assert len(cycles) == 9 and {len(cycle) for cycle in cycles} == {4}
    assert sorted(dict(found.in_degree()).values()) == [1] * (9 + 3) + [3] * (3 + 1)


def test_leaves_that_are_left_over_go_to_the_first_petals():
    found = Superstar(petals=3, chain=1).build(12)  # 8 leaves
    assert [np.count_nonzero(found.arrows()[1] == entry) for entry in (1, 5, 9)] == [3, 3, 2]


def test_payoff_and_neighbours_are_mutual_and_offspring_goes_one_way():
    graph = Superstar(petals=2, chain=1).build(7)
    matrix = graph.weights_matrix().toarray()
    assert graph.directed and graph.weighted and not (matrix * matrix.T).any()
    assert ((matrix + matrix.T) > 0).sum() == len(graph.indices)
    with pytest.raises(GraphError, match="undirected"):
        graph.edges()


def test_the_same_edges_without_a_direction_have_another_digest():
    graph = Superstar().build(12)
    turned = from_arrows(12, np.column_stack(graph.arrows()[1::-1]))
    assert len({graph.digest(), turned.digest(), Superstar(chain=1).build(12).digest()}) == 3


def test_a_graph_that_cannot_be_walked_is_refused():
    with pytest.raises(GraphError, match="at least 10"):
        Superstar().check(9)
    with pytest.raises(GraphError, match="reached"):
        from_arrows(3, np.array([[0, 1], [1, 2], [2, 1]]))
    with pytest.raises(GraphError, match="self-loops"):
        from_arrows(2, np.array([[0, 1], [1, 0], [1, 1]]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"clock": "round"}, "clock = event"), ({"update": "death_birth"}, "update = birth_death"),
     ({"payoff": "accumulated"}, "averaged"), ({"kin.enabled": True}, "no other rule can be on; got kin"),
     ({"game.benefit": 0.1}, "fitness must be constant"), ({"network.replacement": "ring"}, "must be same")],
)  # fmt: skip
def test_where_an_arrow_has_no_agreed_meaning_the_world_is_refused(changes, words):
    with pytest.raises(ScenarioError, match=words):
        replace(world("superstar", 12), changes)


def test_theory_of_ratios_is_silent_and_results_have_a_name():
    scenario = world("superstar", 12)
    assert "fitness is constant" in expectation(scenario).reason and math.isnan(expectation(scenario).limit)
    assert digest(scenario) != digest(replace(scenario, {"network.graph.chain": 1}))


def test_the_chain_of_states_takes_arrows_under_constant_fitness_alone():
    weights = Superstar(petals=1, chain=1).build(5).weights_matrix()
    options = {"update": "birth_death", "intensity": 0.3}
    assert chain.graph_fixation(weights, [[1, 1], [0, 0]], **options).cooperators > 0
    with pytest.raises(InputError, match="equal payoffs in each row"):
        chain.graph_fixation(weights, [[1, 0], [0, 0]], **options)
    with pytest.raises(GraphError, match="symmetric"):
        chain.graph_fixation(weights, [[1, 1], [0, 0]], update="death_birth", intensity=0.3)


def test_on_a_directed_circle_it_is_moran_s_number():
    """Every node has one parent's offspring and gives its own to one node: isothermal [LiebermanHauertNowak2005]."""
    circle = np.roll(np.eye(8), 1, axis=1)
    pair = chain.graph_fixation(circle, [[1, 1], [0, 0]], update="birth_death", intensity=math.log(1.5))
    assert pair.cooperators == pytest.approx(moran(1.5, 8))
    assert pair.defectors == pytest.approx(moran(1 / 1.5, 8))


@pytest.mark.parametrize("fitness", [1.1, 1.5, 3.0])
def test_cycle_and_mixed_are_one_and_the_star_amplifies(fitness):
    """What is fitter takes over more often on the star, and what is less fit less often; exact, N = 11."""
    ring, star = exact(world("ring", 11, fitness)), exact(world("star", 11, fitness))
    assert ring.defectors == pytest.approx(moran(fitness, 11))
    assert ring.cooperators == pytest.approx(moran(1 / fitness, 11))
    assert star.defectors > ring.defectors and star.cooperators < ring.cooperators


@pytest.mark.parametrize("invader", [0, 1])
def test_the_simulated_superstar_is_that_of_the_exact_chain(invader):
    scenario = world("superstar", 11, 1.3)
    found, expected = fixation(scenario, invader=invader, runs=20_000, seed=invader), exact(scenario)
    assert abs(found.probability - expected[invader]) < 3.5 * found.error
    arrows = weights_of(scenario.answers()).toarray()
    both_ways = chain.graph_fixation(
        arrows + arrows.T, scenario.matrix(scenario.answers()), update="birth_death", intensity=math.log(1.3)
    )
    assert abs(found.probability - both_ways[invader]) > 5 * found.error  # and not that of the edges without arrows
