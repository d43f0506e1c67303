"""The place of the first cooperator, against the exact chain of all 2^N states."""

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import TheoryError
from coop_abm.theory import chain, coalescence
from coop_abm.theory.influence import influence

GRAPHS = {
    "star": nx.star_graph(5),
    "path": nx.path_graph(6),
    "lollipop": nx.lollipop_graph(4, 3),
    "random": nx.gnp_random_graph(7, 0.5, seed=3),
}
RULES = ("death_birth", "imitation", "pairwise_comparison")


def weights_of(name, weighted):
    weights = nx.to_numpy_array(GRAPHS[name])
    if weighted:
        factor = np.random.default_rng(7).uniform(0.3, 3, weights.shape)
        weights = weights * (factor + factor.T)
    return weights


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("update", RULES)
@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
def test_the_slope_from_each_node_is_that_of_the_chain(name, weighted, update, payoff):
    weights = weights_of(name, weighted)
    found = influence(weights, update=update, payoff=payoff)
    exact = chain.placed_derivative(weights, [[2.0, -1.0], [3.0, 0.0]], update=update, payoff=payoff)
    assert np.allclose(found.slope(3.0, 1.0), exact, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("update", RULES)
def test_without_selection_a_node_is_worth_its_share_of_the_weights(update):
    weights = weights_of("random", True)
    found = influence(weights, update=update)
    neutral = chain.flip_probabilities(weights, np.zeros((2, 2)), update=update, intensity=0.0)
    reach = chain._reach_all_a(neutral)
    assert np.allclose(found.neutral, reach[1 << np.arange(7)], rtol=1e-9)
    assert found.neutral.sum() == pytest.approx(1)


def test_the_mean_over_all_nodes_is_the_slope_of_a_cooperator_placed_at_random():
    weights = nx.to_scipy_sparse_array(nx.karate_club_graph(), dtype=float)
    for update in RULES:
        mean = influence(weights, update=update).slope(8.0, 1.0).mean()
        assert mean == pytest.approx(coalescence.fixation_slope(weights, 8.0, 1.0, update=update), rel=1e-8)


def test_all_nodes_of_a_cycle_ask_for_the_ratio_of_the_cycle():
    ring = nx.to_numpy_array(nx.cycle_graph(12))
    ratio = influence(ring).ratio
    assert np.allclose(ratio, coalescence.critical_ratio(ring))


def test_a_hub_is_worth_more_than_a_leaf_and_asks_for_another_ratio():
    found = influence(nx.to_numpy_array(nx.lollipop_graph(5, 4)))
    assert found.neutral[0] > found.neutral[-1]
    known = found.ratio[~np.isnan(found.ratio)]
    assert np.ptp(known) > 0.1


def test_where_no_benefit_helps_there_is_no_ratio():
    assert np.isnan(influence(nx.to_numpy_array(nx.complete_graph(6))).ratio).all()


def test_two_nodes_are_refused():
    with pytest.raises(TheoryError, match="at least 3 nodes; got 2"):
        influence([[0, 1], [1, 0]])
