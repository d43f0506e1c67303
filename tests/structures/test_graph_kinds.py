"""Each declared kind of graph: degrees, impossible sizes, determinism."""

import math
import os
import subprocess
import sys
import time

import networkx as nx
import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from coop_abm.core.errors import GraphError
from coop_abm.core.part import kind_of
from coop_abm.structures import (
    KINDS,
    BarabasiAlbert,
    Caveman,
    Complete,
    Edges,
    ErdosRenyi,
    HolmeKim,
    Lattice,
    Path,
    RandomGeometric,
    RandomRegular,
    Ring,
    Star,
    Structure,
    Torus,
    Tree,
    WattsStrogatz,
    Wheel,
    drawing,
    from_edges,
    from_networkx,
)
from coop_abm.theory import coalescence

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
    (Lattice(), 4, 2),
    (Lattice(neighbours=8), 4, 3),
    (ErdosRenyi(probability=1.0), 9, 8),
    (WattsStrogatz(rewiring=0.0), 12, 4),
    (WattsStrogatz(degree=4, rewiring=1.0), 5, 4),
    (RandomGeometric(radius=1.5), 9, 8),
    (Star(), 2, 1),
    (Path(), 2, 1),
    (Wheel(), 4, 3),
]


def kind_of_part(part):
    return part.kind


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
        (Lattice(), 1, "a lattice needs rows x columns individuals, both at least 2; got 1, the next possible"),
        (Lattice(), 13, "got 13, the next possible number is 14"),
        (Lattice(rows=1), 10, "network.graph.rows: must be at least 2 and divide the number of individuals, 10"),
        (Lattice(rows=10), 10, "into at least 2 columns; got 10"),
        (ErdosRenyi(), 1, "network.graph: a random graph needs at least 2 individuals; got 1"),
        (ErdosRenyi(probability=0.0), 2, "network.graph.probability: too small for 2 individuals to be connected"),
        (ErdosRenyi(probability=0.01), 100, "must be larger; got 0.01"),
        (ErdosRenyi(probability=1e-300), 3, "network.graph.probability: too small"),
        (ErdosRenyi(probability=0.5), 100_000, "network.graph.probability: must give at most 5,000,000 edges"),
        (WattsStrogatz(degree=3), 10, "network.graph.degree: must be even for a ring that is rewired; got 3"),
        (WattsStrogatz(degree=4), 4, "network.graph.degree: must be below the number of individuals, 4; got 4"),
        (BarabasiAlbert(links=5), 5, "network.graph.links: must be below the number of individuals, 5; got 5"),
        (BarabasiAlbert(links=60), 100_000, "network.graph.links: must give at most 5,000,000 edges"),
        (HolmeKim(links=9), 5, "network.graph.links: must be below the number of individuals, 5; got 9"),
        (Star(), 1, "network.graph: a star needs at least 2 individuals; got 1"),
        (Path(), 1, "network.graph: a path needs at least 2 individuals; got 1"),
        (Wheel(), 3, "network.graph: a wheel needs at least 4 individuals; got 3"),
        (Tree(), 1, "network.graph: a tree needs at least 2 individuals; got 1"),
        (Tree(branching=5), 5, "network.graph.branching: must be below the number of individuals, 5; got 5"),
        (Caveman(), 10, "network.graph.clique: must divide the number of individuals, 10, into at least 2"),
        (Caveman(clique=6), 6, "into at least 2 cliques; got 6"),
        (RandomGeometric(), 1, "network.graph: a random graph needs at least 2 individuals; got 1"),
        (RandomGeometric(radius=0.0), 9, "network.graph.radius: too small for 9 individuals to be connected"),
        (RandomGeometric(radius=0.05), 100, "must be larger; got 0.05"),
        (RandomGeometric(radius=0.5), 100_000, "network.graph.radius: must give at most 5,000,000 edges"),
    ],
    ids=repr,
)
def test_impossible_sizes_are_refused_by_the_name_of_the_knob(part, size, words):
    for attempt in (lambda: part.check(size), lambda: part.build(size, 0)):
        with pytest.raises(GraphError) as caught:
            attempt()
        assert words in str(caught.value)


#: The same graph from networkx, its nodes in the order of ours.
TWINS = {
    "lattice": (Lattice(), 20, lambda: nx.grid_2d_graph(4, 5)),
    "lattice of 2 rows": (Lattice(rows=2), 20, lambda: nx.grid_2d_graph(2, 10)),
    "star": (Star(), 10, lambda: nx.star_graph(9)),
    "path": (Path(), 10, lambda: nx.path_graph(10)),
    "wheel": (Wheel(), 10, lambda: nx.wheel_graph(10)),
    "tree": (Tree(branching=3), 17, lambda: nx.full_rary_tree(3, 17)),
    "caveman": (Caveman(clique=5), 20, lambda: nx.connected_caveman_graph(4, 5)),
    "erdos_renyi": (ErdosRenyi(), 30, lambda: nx.fast_gnp_random_graph(30, 0.3, seed=7)),
    "watts_strogatz": (WattsStrogatz(), 30, lambda: nx.watts_strogatz_graph(30, 4, 0.1, seed=7)),
    "barabasi_albert": (BarabasiAlbert(), 30, lambda: nx.barabasi_albert_graph(30, 2, seed=7)),
    "holme_kim": (HolmeKim(), 30, lambda: nx.powerlaw_cluster_graph(30, 2, 0.5, seed=7)),
}


@pytest.mark.parametrize("twin", TWINS)
def test_it_is_the_graph_of_networkx(twin):
    part, size, theirs = TWINS[twin]
    assert part.build(size, 7).digest() == from_networkx(theirs()).digest()


def test_lattice_with_diagonals_joins_whoever_is_one_step_away_both_ways():
    found = {(int(i), int(j)) for i, j in zip(*Lattice(neighbours=8, rows=3).build(12).edges()[:2], strict=True)}
    near = {(i, j) for i in range(12) for j in range(i) if abs(i // 4 - j // 4) <= 1 and abs(i % 4 - j % 4) <= 1}
    assert found == {(j, i) for i, j in near}


def test_random_geometric_joins_whoever_lives_within_the_radius():
    places = np.random.default_rng(7).random((40, 2))
    near = {(i, j) for j in range(40) for i in range(j) if np.hypot(*(places[i] - places[j])) <= 0.3}
    assert RandomGeometric(radius=0.3).build(40, 7).digest() == from_edges(40, sorted(near)).digest()


RANDOM = [RandomRegular(), ErdosRenyi(), WattsStrogatz(), BarabasiAlbert(), HolmeKim(), RandomGeometric()]


@pytest.mark.parametrize("part", RANDOM, ids=kind_of_part)
def test_a_random_kind_differs_between_seeds(part):
    assert len({part.build(40, seed).digest() for seed in range(20)}) == 20


@pytest.mark.parametrize(
    "part",
    [ErdosRenyi(probability=0.05), RandomGeometric(radius=0.24), WattsStrogatz(degree=2, rewiring=1.0)],
    ids=repr,
)
def test_a_random_kind_is_redrawn_until_connected_and_says_so_and_seeds_do_not_meet(part):
    graphs = [part.build(60, seed) for seed in range(20)]
    assert any("until it was connected" in note for graph in graphs for note in graph.notes)
    assert len({graph.digest() for graph in graphs}) == 20


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            ErdosRenyi(probability=0.03),
            "network.graph.probability: no connected graph in 100 draws with probability 0.03",
        ),
        (RandomGeometric(radius=0.15), "network.graph.radius: no connected graph in 100 draws with radius 0.15"),
    ],
    ids=repr,
)
def test_a_random_kind_gives_up_by_the_name_of_the_knob(part, words, monkeypatch):
    monkeypatch.setattr(drawing, "RARE", 1e-12)
    with pytest.raises(GraphError) as caught:
        part.build(60, 0)
    assert words in str(caught.value) and str(caught.value).endswith("must be larger")


@pytest.mark.parametrize("probability", [0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize("size", [2, 3, 5, 10, 20, 50])
def test_what_is_refused_as_hardly_connected_hardly_ever_is(size, probability):
    # Gilbert (1959), eq. 3: the share of connected graphs, by the size of the component of node 0.
    share = [0.0, 1.0]
    for n in range(2, size + 1):
        ways = [math.comb(n - 1, k - 1) * share[k] * (1 - probability) ** (k * (n - k)) for k in range(1, n)]
        share.append(1.0 - sum(ways))
    assert not drawing.hardly_connected(size, probability) or share[size] < 0.01


#: Exact critical ratios under death-birth updating, averaged and accumulated payoffs.
RATIOS = {
    "lattice": (Lattice(), 36, 3.998619, 4.087326),
    "path": (Path(), 10, 2.428624, None),
    "wheel": (Wheel(), 10, 31.2, None),
    "star": (Star(), 10, math.inf, None),
}


@pytest.mark.parametrize("name", RATIOS)
def test_coalescing_walks_know_its_critical_ratio(name):
    part, size, averaged, accumulated = RATIOS[name]
    weights = part.build(size).weights_matrix()
    assert coalescence.critical_ratio(weights, update="death_birth") == pytest.approx(averaged, abs=1e-6)
    if accumulated is not None:
        found = coalescence.critical_ratio(weights, update="death_birth", payoff="accumulated")
        assert found == pytest.approx(accumulated, abs=1e-6)


def test_a_build_does_not_depend_on_how_python_hashes_strings():
    """Digests of all kinds, in a fresh interpreter for each seed of the hash."""
    code = (
        "from coop_abm.structures import KINDS\n"
        "print(*(kind().build(40, 3).digest() for kind in KINDS if kind.__name__ != 'Edges'))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "12345")
    }  # fmt: skip
    assert len(said) == 1
    assert len(said.pop().split()) == len(KINDS) - 1


@pytest.mark.parametrize("part", [WattsStrogatz(), BarabasiAlbert(), HolmeKim(), Lattice(), Tree()], ids=kind_of_part)
def test_a_hundred_thousand_individuals_are_built_in_seconds(part):
    began = time.process_time()
    assert part.build(100_000, 1).size == 100_000
    assert time.process_time() - began < 20


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
        {"kind": "petersen"},
        {"kind": "star", "hubs": 2},
        {"kind": "lattice", "neighbours": 6},
        {"kind": "erdos_renyi", "probability": 1.5},
        {"kind": "watts_strogatz", "rewiring": -0.1},
        {"kind": "barabasi_albert", "links": 0},
        {"kind": "caveman", "clique": 2},
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
