"""Graphs in compressed rows, and how networkx graphs become them."""

import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core.errors import GraphError
from coop_abm.structures import Complete, Edges, from_edges, from_networkx

ROOT = Path(__file__).resolve().parents[2]


@st.composite
def connected_edges(draw):
    size = draw(st.integers(2, 12))
    tree = [(draw(st.integers(0, i - 1)), i) for i in range(1, size)]
    node = st.integers(0, size - 1)
    more = draw(st.lists(st.tuples(node, node).filter(lambda pair: pair[0] != pair[1]), max_size=20))
    weight = st.floats(1e-3, 1e3)
    return size, [(i, j, draw(weight)) for i, j in draw(st.permutations(tree + more))]


def is_sound(graph):
    for i in range(graph.size):
        row = graph.indices[graph.indptr[i] : graph.indptr[i + 1]]
        assert np.all(np.diff(row) > 0), "neighbours ascend, none twice"
        assert i not in row
    matrix = graph.weights_matrix()
    assert (abs(matrix - matrix.T)).sum() == 0
    assert (graph.indptr.dtype, graph.indices.dtype) == (np.int64, np.int32)
    assert graph.weight.dtype == np.float64
    assert graph.indptr.shape == (graph.size + 1,)
    assert graph.indices.shape == graph.weight.shape


@settings(max_examples=150, deadline=None, derandomize=True)
@given(connected_edges())
def test_rows_are_symmetric_and_ascending_and_agree_with_a_dictionary(case):
    size, edges = case
    graph = from_edges(size, edges)
    is_sound(graph)
    expected = {}
    for i, j, w in edges:
        pair = min(i, j), max(i, j)
        expected[pair] = expected.get(pair, 0.0) + w
    first, second, weight = graph.edges()
    assert dict(zip(zip(first.tolist(), second.tolist(), strict=True), weight.tolist(), strict=True)) == expected
    assert list(zip(first, second, strict=True)) == sorted(expected)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(connected_edges(), st.randoms(use_true_random=False))
def test_digest_knows_neither_the_order_nor_the_direction_of_edges_nor_labels(case, random):
    size, edges = case
    edges = [(i, j, 1.0 + (i + j) % 3) for i, j in {(min(i, j), max(i, j)) for i, j, _ in edges}]
    shuffled = [(j, i, w) for i, j, w in random.sample(edges, len(edges))]
    labels = [f"n{i}" for i in range(size)]
    assert from_edges(size, edges).digest() == from_edges(size, shuffled, labels).digest()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2), max_size=25))
    )
)
def test_any_edges_are_a_graph_exactly_when_networkx_finds_them_sound(case):
    size, edges = case
    graph = nx.Graph(edges)
    graph.add_nodes_from(range(size))
    if nx.is_connected(graph) and not nx.number_of_selfloops(graph):
        found = from_edges(size, edges)
        is_sound(found)
        assert np.array_equal(found.degree, [graph.degree(i) for i in range(size)])
    else:
        with pytest.raises(GraphError, match=r"^graph: "):
            from_edges(size, edges)


def test_digest_changes_with_weight_edge_and_size():
    path = [(0, 1, 1.0), (1, 2, 1.0)]
    graphs = [
        from_edges(3, path),
        from_edges(3, [(0, 1, 1.0), (1, 2, 1.5)]),
        from_edges(3, [(0, 1), (0, 2)]),
        from_edges(4, [*path, (2, 3, 1.0)]),
        Complete().build(3),
        Complete().build(4),
    ]
    assert len({graph.digest() for graph in graphs}) == len(graphs)


def test_complete_graph_stores_nothing_and_answers_everything():
    graph = Complete().build(1_000_000)
    assert graph.complete
    assert graph.indptr.size == graph.indices.size == graph.weight.size == 0
    assert graph.labels == ()
    assert graph.regular == 999_999
    assert graph.mean_degree == 999_999
    assert not graph.weighted
    assert graph.degree[7] == 999_999


def test_complete_graph_written_out_is_the_same_graph():
    graph, written = Complete().build(7), from_networkx(nx.complete_graph(7))
    assert not written.complete
    assert graph.digest() == written.digest()
    assert (abs(graph.weights_matrix() - written.weights_matrix())).sum() == 0
    assert [list(column) for column in graph.edges()] == [list(column) for column in written.edges()]


def test_rows_for_kernels_have_no_weights_where_all_are_one():
    assert from_edges(2, [(0, 1)]).rows[2].size == 0
    assert from_edges(2, [(0, 1, 2.0)]).rows[2].size == 2


def test_karate_club_keeps_its_weights_and_says_so():
    club = nx.karate_club_graph()
    graph = from_networkx(club)
    assert graph.weighted
    assert "edge weights are used" in graph.notes[0]
    assert graph.labels == tuple(range(34))
    assert (abs(graph.weights_matrix() - nx.to_scipy_sparse_array(club))).sum() == 0
    plain = from_networkx(club, weight=None)
    assert not plain.weighted
    assert plain.notes == ()
    assert plain.mean_degree == pytest.approx(2 * 78 / 34)
    assert plain.regular is None


def test_nodes_are_numbered_in_the_order_of_the_graph_and_keep_their_names():
    club = nx.Graph([("z", 3), (3, "a"), ("a", (1, 2))])
    graph = from_networkx(club)
    assert graph.labels == ("z", 3, "a", "(1, 2)")
    assert list(zip(*graph.edges()[:2], strict=True)) == [(0, 1), (1, 2), (2, 3)]


def weighted(*weights):
    graph = nx.path_graph(len(weights) + 1)
    for i, w in enumerate(weights):
        graph.edges[i, i + 1]["weight"] = w
    return graph


REFUSED = {
    "directed": (nx.DiGraph([(0, 1)]), "undirected"),
    "not a graph": ({0: [1]}, "networkx graph; got dict"),
    "self-loops": (nx.Graph([(n, n) for n in "abcd"] + [("a", "b")]), "got 4, at 'a', 'b', 'c', …"),
    "isolated": (nx.Graph({0: [1], 2: [], "x": []}), "2 of 4 have none: 2, 'x'"),
    "components": (nx.Graph([(0, 1), (2, 3), (3, 4), (5, 6)]), "3 components, the largest with 3 of 7"),
    "empty": (nx.Graph(), "at least 2 nodes; got 0"),
    "one node": (nx.empty_graph(1), "at least 2 nodes; got 1"),
    "nan": (weighted(1.0, float("nan")), "positive and finite"),
    "infinite": (weighted(float("inf")), "got inf between 0, 1"),
    "negative": (weighted(-1), "got -1.0 between 0, 1"),
    "zero": (weighted(1, 0), "got 0.0 between 1, 2"),
    "text": (weighted("3"), "got '3' between 0 and 1"),
    "bool": (weighted(True), "got True"),
    "complex": (weighted(1j), "got 1j"),
    "huge": (weighted(10**400), "positive and finite"),
    "sum overflows": (weighted(1e308, 1e308), "too large"),
}


@pytest.mark.parametrize(("graph", "words"), REFUSED.values(), ids=list(REFUSED))
def test_unusable_graphs_are_refused_in_one_line(graph, words):
    with pytest.raises(GraphError) as caught:
        from_networkx(graph)
    assert str(caught.value).startswith("graph: ")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_weight_that_was_asked_for_and_is_nowhere_is_refused():
    with pytest.raises(GraphError, match="no edge has the weight 'strength'"):
        from_networkx(nx.path_graph(3), weight="strength")


def test_hostile_names_are_printed_on_one_line():
    with pytest.raises(GraphError) as caught:
        from_networkx(nx.Graph([("a\n\x1b[2J" * 99, "a\n\x1b[2J" * 99), (1, 2)]))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_missing_weights_count_one_with_a_note():
    graph = nx.path_graph(3)
    graph.edges[0, 1]["weight"] = np.float32(2.5)
    found = from_networkx(graph)
    assert found.edges()[2].tolist() == [2.5, 1.0]
    assert "1 of 2 edges had no 'weight' and were given 1.0" in found.notes


def test_parallel_edges_are_counted_once_without_weights_and_added_with_them():
    plain = from_networkx(nx.MultiGraph([(0, 1), (1, 0), (0, 1), (1, 2)]))
    assert plain.edges()[2].tolist() == [1.0, 1.0]
    assert plain.notes == ("parallel edges counted once: 2",)
    heavy = nx.MultiGraph()
    heavy.add_weighted_edges_from([(0, 1, 2.0), (1, 0, 3.0), (1, 2, 1.0)])
    found = from_networkx(heavy)
    assert found.edges()[2].tolist() == [5.0, 1.0]
    assert "parallel edges merged, weights added: 1" in found.notes


@pytest.mark.parametrize(
    ("size", "edges", "labels"),
    [
        (3, [(0, 1), (1, 3)], ()),
        (3, [(0, 1), (1, -1)], ()),
        (2, [(0, 0.5)], ()),
        (2, [(0, 1), (0, 1, 2.0)], ()),
        (2, [("a", "b")], ()),
        (2, [(0, 10**400)], ()),
        (10**400, [(0, 1)], ()),
        (2, [(0, float("nan"))], ()),
        (2, 7, ()),
        (2, [], ()),
        (2, [(0, 1)], ("a",)),
        (2, [(0, 1)], ("a", "a")),
    ],
)
def test_unusable_edges_are_refused(size, edges, labels):
    with pytest.raises(GraphError, match=r"^graph: "):
        from_edges(size, edges, labels)


def test_a_long_path_in_any_order_is_one_component():
    order = np.random.default_rng(1).permutation(100_000)
    assert from_edges(100_000, np.column_stack([order[:-1], order[1:]])).indices.size == 199_998


def test_edges_part_is_the_graph_it_was_made_of():
    graph = from_networkx(nx.karate_club_graph())
    part = Edges.of(graph, source="Zachary 1977")
    again = Edges.model_validate_json(part.model_dump_json())
    assert again == part
    assert again.build(34).digest() == graph.digest()
    assert again.build(34).labels == graph.labels
    assert again.build(34).notes == graph.notes
    assert Edges.of(nx.karate_club_graph(), weight=None).build(34).weighted is False
    with pytest.raises(GraphError, match="34 individuals are needed; got 33"):
        part.build(33)


def test_edges_part_of_a_complete_graph_is_complete():
    assert Edges.of(Complete().build(5)).build(5).regular == 4


PROGRAM = """
import networkx as nx
from coop_abm.structures import *
people = nx.relabel_nodes(nx.karate_club_graph(), lambda i: f"person {i}")
graphs = [from_networkx(people), RandomRegular(degree=6).build(50, 3), RandomRegular(degree=40).build(50, 3)]
print(*[g.digest() for g in graphs], graphs[0].labels)
"""


def test_graphs_do_not_depend_on_the_hash_seed():
    said = set()
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        )
        said.add(done.stdout)
    assert len(said) == 1


def test_importing_structures_does_not_import_networkx_scipy_or_defusedxml():
    program = (
        "import sys, coop_abm.structures; print([m for m in ('networkx', 'scipy', 'defusedxml') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
