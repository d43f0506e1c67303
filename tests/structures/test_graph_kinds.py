"""Each declared kind of graph: degrees, impossible sizes, determinism."""

import networkx as nx
import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from coop_abm.core.errors import GraphError
from coop_abm.core.part import kind_of
from coop_abm.structures import KINDS, Complete, Edges, RandomRegular, Ring, Structure, Torus, from_networkx

CASES = [
    (Complete(), 9, 8),
    (Complete(), 2, 1),
    (Ring(), 3, 2),
    (Ring(), 10, 2),
    (Ring(degree=6), 10, 6),
    (Ring(degree=6), 7, 6),
    (Torus(), 9, 4),
    (Torus(), 15, 4),
    (Torus(neighbours=8), 9, 8),
    (Torus(neighbours=8), 30, 8),
    (Torus(rows=10), 30, 4),
    (RandomRegular(degree=3), 10, 3),
    (RandomRegular(degree=4), 5, 4),
    (RandomRegular(degree=20), 31, 20),
    (RandomRegular(degree=98), 100, 98),
    (RandomRegular(degree=2), 20, 2),
]


class Holder(BaseModel):
    graph: Structure


@pytest.mark.parametrize(("part", "size", "degree"), CASES, ids=repr)
def test_every_node_has_the_stated_number_of_neighbours(part, size, degree):
    graph = part.build(size, 5)
    assert graph.size == size
    assert graph.regular == degree
    assert graph.mean_degree == degree
    assert not graph.weighted
    first, second, _ = graph.edges()
    assert first.size == size * degree // 2
    assert nx.is_connected(nx.Graph(list(zip(first.tolist(), second.tolist(), strict=True))))


@pytest.mark.parametrize(("part", "size", "degree"), CASES, ids=repr)
def test_one_seed_gives_one_graph(part, size, degree):
    assert part.build(size, 8).digest() == part.build(size, 8).digest()


def test_ring_is_the_circulant_graph_of_networkx():
    assert Ring(degree=4).build(11).digest() == from_networkx(nx.circulant_graph(11, [1, 2])).digest()


def test_torus_is_the_periodic_grid_of_networkx():
    assert Torus().build(20).digest() == from_networkx(nx.grid_2d_graph(4, 5, periodic=True)).digest()


def test_torus_with_diagonals_joins_whoever_is_one_step_away_both_ways():
    first, second, _ = Torus(neighbours=8).build(20).edges()
    for one, other in zip(first, second, strict=True):
        down, right = abs(one // 5 - other // 5), abs(one % 5 - other % 5)
        assert min(down, 4 - down) <= 1
        assert min(right, 5 - right) <= 1


@pytest.mark.parametrize(("size", "shape"), [(9, (3, 3)), (12, (3, 4)), (36, (6, 6)), (42, (6, 7)), (21, (3, 7))])
def test_torus_is_as_square_as_can_be(size, shape):
    assert Torus().shape(size) == shape


def test_random_regular_differs_between_seeds_and_is_the_draw_of_networkx():
    part = RandomRegular(degree=4)
    digests = {part.build(40, seed).digest() for seed in range(20)}
    assert len(digests) == 20
    assert part.build(40, 7).digest() == from_networkx(sorted_copy(nx.random_regular_graph(4, 40, seed=7))).digest()


def sorted_copy(graph):
    copy = nx.empty_graph(len(graph))
    copy.add_edges_from(graph.edges)
    return copy


def test_random_regular_is_redrawn_until_connected_and_says_so():
    part = RandomRegular(degree=2)
    graphs = [part.build(20, seed) for seed in range(20)]
    drawn_again = [graph for graph in graphs if graph.notes]
    assert drawn_again
    assert "until it was connected" in drawn_again[0].notes[0]


def test_random_regular_gives_up_when_no_draw_is_connected(monkeypatch):
    halves = np.array([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)])
    monkeypatch.setattr(RandomRegular, "_drawn", lambda self, size, seed: halves)
    with pytest.raises(GraphError, match=r"network\.graph\.degree: no connected graph in 100 draws"):
        RandomRegular(degree=2).build(6, 0)


@pytest.mark.parametrize(
    ("part", "size", "words"),
    [
        (Complete(), 1, "network.graph: a complete graph needs at least 2 individuals; got 1"),
        (Ring(), 2, "network.graph.degree: must be below the number of individuals, 2; got 2"),
        (Ring(degree=3), 10, "network.graph.degree: must be even for a ring; got 3"),
        (Ring(degree=10), 10, "must be below"),
        (Torus(), 7, "got 7, the next possible number is 9"),
        (Torus(), 13, "got 13, the next possible number is 15"),
        (Torus(), 0, "next possible number is 9"),
        (Torus(rows=2), 10, "network.graph.rows: must be at least 3 and divide"),
        (Torus(rows=4), 10, "network.graph.rows"),
        (Torus(rows=5), 10, "network.graph.rows"),
        (RandomRegular(degree=3), 7, "network.graph.degree: size x degree must be even; got 7 x 3"),
        (RandomRegular(degree=7), 7, "network.graph.degree: must be below"),
    ],
    ids=repr,
)
def test_impossible_sizes_are_refused_by_the_name_of_the_knob(part, size, words):
    for attempt in (lambda: part.check(size), lambda: part.build(size, 0)):
        with pytest.raises(GraphError) as caught:
            attempt()
        assert words in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Edges])
def test_a_bare_kind_is_a_part_with_its_defaults(kind):
    assert Holder(graph=kind_of(kind)).graph == kind()
    assert kind.title
    assert kind.references


def test_edges_are_read_from_lists_as_scenario_files_have_them():
    table = {"kind": "edges", "size": 3, "edges": [[0, 1, 1.0], [1, 2, 2]], "labels": ["a", "b", 3]}
    graph = Holder(graph=table).graph.build(3, 0)
    assert graph.labels == ("a", "b", 3)
    assert graph.edges()[2].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "star"},
        {"kind": "ring", "degree": 1},
        {"kind": "torus", "neighbours": 6},
        {"kind": "ring", "wings": 2},
        {"kind": "edges", "size": 2, "edges": [[0, 1, float("nan")]]},
        {"kind": "edges", "size": 2, "edges": [[0, "1", 1.0]]},
        {"kind": "edges", "edges": []},
    ],
)
def test_wrong_knobs_are_refused(table):
    with pytest.raises(ValidationError):
        Holder(graph=table)
