"""What every kind of graph promises: one connected graph, undirected unless it says so, the same for the same seed."""

from __future__ import annotations

import hashlib
import struct

import networkx
import numpy as np
import pytest

from coop_abm.core.errors import GraphError
from coop_abm.structures import Complete, Edges, Ring, from_networkx

from .families import made, members

SIZE = 12  # 3 x 4 of a torus, even for a random graph, and what the given edges have


def as_networkx(graph):
    first, second, weight = graph.arrows() if graph.directed else graph.edges()
    found = networkx.DiGraph() if graph.directed else networkx.Graph()
    found.add_nodes_from(range(graph.size))
    found.add_weighted_edges_from(zip(first.tolist(), second.tolist(), weight.tolist(), strict=True))
    return found


@pytest.mark.parametrize("kind", members("structures"))
def test_it_has_as_many_nodes_as_there_are_individuals(kind):
    assert made(kind).build(SIZE, 1).size == SIZE


@pytest.mark.parametrize("kind", members("structures"))
def test_it_is_connected(kind):
    found = as_networkx(made(kind).build(SIZE, 1))
    assert networkx.is_strongly_connected(found) if found.is_directed() else networkx.is_connected(found)


@pytest.mark.parametrize("kind", members("structures"))
def test_nobody_is_its_own_neighbour(kind):
    assert networkx.number_of_selfloops(as_networkx(made(kind).build(SIZE, 1))) == 0


@pytest.mark.parametrize("kind", members("structures"))
def test_neighbourhood_is_mutual_and_weighs_the_same_from_both_ends(kind):
    graph = made(kind).build(SIZE, 1)
    rows = [] if graph.complete else np.split(graph.indices, graph.indptr[1:-1])
    weights = [] if graph.complete else np.split(graph.weight, graph.indptr[1:-1])
    seen = {(i, int(j)): w for i, (row, heavy) in enumerate(zip(rows, weights)) for j, w in zip(row, heavy)}
    assert graph.directed == getattr(kind, "directed", False)
    if graph.directed:  # along one arrow, and not back
        assert all((seen.get((j, i)) == 0) == (w > 0) for (i, j), w in seen.items())
    else:
        assert all(seen.get((j, i)) == w for (i, j), w in seen.items())
    assert graph.complete or len(seen) == len(graph.indices)


@pytest.mark.parametrize("kind", members("structures"))
def test_the_same_seed_builds_the_same_graph(kind):
    assert made(kind).build(SIZE, 5).digest() == made(kind).build(SIZE, 5).digest()


@pytest.mark.parametrize("kind", members("structures"))
def test_graphs_differ_between_seeds_where_the_kind_says_so_and_nowhere_else(kind):
    """Replicates of a sweep share a graph that does not."""
    differ = len({made(kind).build(SIZE, seed).digest() for seed in range(8)}) > 1
    assert differ == getattr(kind, "random", False)


@pytest.mark.parametrize("kind", members("structures"))
@pytest.mark.parametrize("size", range(1, 26))
def test_a_size_is_refused_before_building_or_not_at_all(kind, size):
    part = made(kind)
    try:
        part.check(size)
    except GraphError as error:
        assert str(error).startswith("network.graph") and "\n" not in str(error)
        with pytest.raises(GraphError):
            part.build(size, 1)
    else:
        assert part.build(size, 1).size == size


@pytest.mark.parametrize("kind", [p for p in members("structures") if "degree" in p.values[0].model_fields])
def test_a_graph_that_no_memory_can_hold_is_refused_before_it_is_built(kind):
    with pytest.raises(GraphError, match=r"network\.graph"):
        kind(degree=9_999_998).check(10_000_000)  # fifty million million edges


def test_digests_are_those_under_which_results_are_stored():
    edges = [(0, 1), (0, 4), (1, 2), (2, 3), (3, 4)]
    words = [first for first, _ in edges] + [second for _, second in edges]
    ring = b"graph 5\n" + struct.pack("<10q", *words) + struct.pack("<5d", *[1.0] * 5)
    assert Ring().build(5).digest() == hashlib.sha256(ring).hexdigest()
    assert Complete().build(5).digest() == hashlib.sha256(b"graph 5\ncomplete\n").hexdigest()


def test_labels_do_not_count_in_a_digest():
    plain = networkx.path_graph(5)
    named = networkx.relabel_nodes(plain, {i: f"person {i}" for i in plain})
    assert Edges.of(plain).build(5).digest() == Edges.of(named).build(5).digest()


def test_weights_count_in_a_digest():
    plain, heavy = networkx.path_graph(5), networkx.path_graph(5)
    heavy.edges[0, 1]["weight"] = 2.0
    assert from_networkx(plain).digest() != from_networkx(heavy).digest()


def test_the_complete_graph_written_out_has_the_digest_of_the_one_that_is_not():
    assert Complete().build(6).digest() == from_networkx(networkx.complete_graph(6)).digest()
