"""Groups and networks together: two closed forms against walks and against a chain with duplication."""

import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.theory import coalescence, thresholds, transforms
from coop_abm.theory import group_networks as both


def unweighted(graph):
    return nx.to_numpy_array(graph, weight=None)


@pytest.mark.parametrize(
    ("islands", "size", "between"),
    [
        (nx.complete_graph(6), 4, 0.1),
        (nx.cycle_graph(8), 3, 0.3),
        (nx.petersen_graph(), 3, 0.2),
        (nx.frucht_graph(), 2, 0.5),
        (nx.cycle_graph(7), 1, 0.7),
    ],
)
def test_fixed_groups_have_the_ratio_of_their_weighted_graph(islands, size, between):
    weights = both.fixed_group_weights(unweighted(islands), size, between)
    closed = both.fixed_groups(size, len(islands), islands.degree(0), between)
    assert closed == pytest.approx(coalescence.critical_ratio(weights), rel=1e-8)


def test_fixed_groups_of_one_are_a_regular_graph():
    assert both.fixed_groups(1, 20, 4, 0.3) == pytest.approx(thresholds.death_birth(4, 20))


def test_weaker_ties_between_groups_let_less_benefit_do():
    ratios = [both.fixed_groups(3, 10, 3, eps) for eps in (0.3, 0.1, 0.03)]
    assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize(
    ("graph", "count"), [(nx.complete_graph(3), 3), (nx.cycle_graph(6), 5), (nx.petersen_graph(), 4)]
)
def test_rare_duplication_of_regular_groups_is_a_closed_form(graph, count):
    closed = both.rare_duplication_regular(graph.degree(0), len(graph), count)
    assert closed == pytest.approx(both.rare_duplication(unweighted(graph), count), rel=1e-8)


def test_one_group_that_duplicates_is_its_network_alone():
    lollipop = unweighted(nx.lollipop_graph(4, 3))
    assert both.rare_duplication(lollipop, 1) == pytest.approx(coalescence.critical_ratio(lollipop))


def duplication_slope(graph, count, rare, M, delta=1e-3):
    """d(rho_A - rho_B)/d(intensity) on the chain of all states, written from the words of the module."""
    weights = np.kron(np.eye(count), graph)
    size, n = len(weights), len(graph)
    states = np.arange(1 << size)
    nodes = (states[:, None] >> np.arange(size)) & 1

    def difference(beta):
        met = nodes @ weights / weights.sum(axis=0)
        (a, b), (c, d) = M
        fitness = np.exp(beta * np.where(nodes == 1, a * met + b * (1 - met), c * met + d * (1 - met)))
        T = np.zeros((len(states), len(states)))
        step = 1 - rare
        to_a, to_b = (fitness * nodes) @ weights, (fitness * (1 - nodes)) @ weights
        flips = step / size * np.where(nodes == 1, to_b, to_a) / (to_a + to_b)
        for i in range(size):
            T[states, states ^ (1 << i)] += flips[:, i]
        whole = (1 << n) - 1
        total = fitness.reshape(len(states), count, n).sum(axis=2)
        for g in range(count):
            image = states >> (g * n) & whole
            for h in range(count):
                if h != g:
                    there = states & ~(whole << (h * n)) | image << (h * n)
                    np.add.at(T, (states, there), rare * total[:, g] / total.sum(axis=1) / (count - 1))
        T[states, states] += 1 - T.sum(axis=1)
        inside = slice(1, -1)
        reach = np.linalg.solve(np.eye(len(states) - 2) - T[inside, inside], T[inside, -1])
        reach = np.concatenate([[0.0], reach, [1.0]])
        playing = nodes.sum(axis=1)
        return reach[playing == 1].mean() - (1 - reach[playing == size - 1]).mean()

    return (difference(delta) - difference(-delta)) / (2 * delta)


def duplication_ratio(graph, count, rare):
    loss, gain = (duplication_slope(graph, count, rare, transforms.donation(*bc)) for bc in ((0, 1), (1, 0)))
    return -loss / gain


@pytest.mark.parametrize(
    ("graph", "count", "rare", "expected"),
    [
        (nx.path_graph(3), 3, 1e-4, 1.33329),
        (nx.path_graph(3), 3, 0.1, 1.2969),
        (nx.complete_graph(3), 3, 1e-4, 2.0),
        (nx.complete_graph(3), 3, 0.1, 2.0),
        (nx.star_graph(3), 2, 1e-4, 1.99970),
        (nx.star_graph(3), 2, 0.1, 1.786),
    ],
)
def test_the_chain_with_duplication_has_the_ratios_of_the_table(graph, count, rare, expected):
    digits = len(repr(expected).partition(".")[2])
    found = duplication_ratio(unweighted(graph), count, rare)
    assert found == pytest.approx(expected, abs=1.2 * 10.0 ** -max(digits, 3))
    if rare == 1e-4:
        assert found == pytest.approx(both.rare_duplication(unweighted(graph), count), rel=3e-4)


@pytest.mark.parametrize(
    "call",
    [
        lambda: both.fixed_groups(3, 5, 3, 0.1),
        lambda: both.fixed_groups(3, 4, 4, 0.1),
        lambda: both.fixed_groups(3, 4, 3, 0),
        lambda: both.fixed_group_weights(np.ones((2, 3)), 3, 0.1),
        lambda: both.rare_duplication_regular(5, 4, 3),
        lambda: both.rare_duplication(np.zeros((3, 3)), 3),
    ],
)
def test_what_no_group_can_be_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_a_ratio_that_no_benefit_reaches_is_infinite():
    assert both.rare_duplication_regular(4, 8, 1) == math.inf
