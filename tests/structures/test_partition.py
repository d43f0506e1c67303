"""Groups and what is left of a graph within them."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core.errors import GraphError
from coop_abm.structures import Complete, Ring, blocks, from_networkx, lonely, within


def test_blocks_are_consecutive_and_equal():
    assert blocks(6, 2).tolist() == [0, 0, 1, 1, 2, 2]
    assert blocks(6, 2).dtype == np.int64


@pytest.mark.parametrize(("size", "group_size"), [(10, 3), (10, 0), (10, -5), (2, 4)])
def test_a_population_that_does_not_divide_into_groups_is_refused(size, group_size):
    with pytest.raises(GraphError, match=r"^group\.size: "):
        blocks(size, group_size)


def test_complete_graph_within_groups_is_groups_of_everybody():
    graph = within(Complete().build(12), blocks(12, 4))
    assert graph.regular == 3
    assert graph.indices[:6].tolist() == [1, 2, 3, 0, 2, 3]
    assert lonely(graph) == 0


def test_complete_graph_of_one_group_stays_unwritten():
    assert within(Complete().build(1_000_000), blocks(1_000_000, 1_000_000)).complete


def test_groups_of_one_leave_everybody_lonely():
    assert lonely(within(Complete().build(5), blocks(5, 1))) == 5
    assert lonely(within(Ring().build(5), blocks(5, 1))) == 5
    assert lonely(Complete().build(5)) == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(-2, 3), min_size=34, max_size=34))
def test_only_edges_within_groups_remain_with_their_weights(groups):
    graph = from_networkx(nx.karate_club_graph())
    group = np.array(groups)
    same = group[:, None] == group[None, :]
    left = within(graph, group)
    assert np.array_equal(left.weights_matrix().toarray(), graph.weights_matrix().toarray() * same)
    everybody = within(Complete().build(34), group)
    assert np.array_equal(everybody.weights_matrix().toarray(), same & ~np.eye(34, dtype=bool))
    assert np.all(everybody.degree == same.sum(axis=1) - 1)


def test_groups_of_another_population_are_refused():
    with pytest.raises(GraphError, match="a group for each of 5 nodes"):
        within(Ring().build(5), blocks(6, 3))
