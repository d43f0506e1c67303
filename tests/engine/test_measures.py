"""Measures against slow sums written from their definitions, and at the ends where they are known."""

from __future__ import annotations

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coop_abm
from coop_abm.core.kernel import engine
from coop_abm.engine.measures import MEASURES, Snapshot, observe, shares
from coop_abm.structures import from_networkx

HELPER = np.array([1, 0])
NOBODY = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def seen(strategy, *, alive=None, group=None, rows=NOBODY, second=None, family=None) -> Snapshot:
    """A snapshot of one replicate; strategy 0 helps, strategy 1 does not."""
    held = np.atleast_2d(np.asarray(strategy, np.int16))
    everybody = np.ones(held.shape, np.int8)
    return Snapshot(
        held,
        everybody if alive is None else np.atleast_2d(np.asarray(alive, np.int8)),
        np.zeros(held.shape),
        everybody,
        np.zeros(held.shape, np.int32) if group is None else np.atleast_2d(np.asarray(group, np.int32)),
        HELPER,
        np.zeros((len(held), 2), np.int64),
        rows,
        np.empty((len(held), 0), np.int64) if second is None else np.atleast_2d(np.asarray(second)),
        np.empty(0, np.int64) if family is None else np.asarray(family),
    )


def measured(name: str, now: Snapshot) -> float:
    (value,) = MEASURES[name](now)
    return float(value)


def slope(pairs: list[tuple[float, float]]) -> float:
    """The regression of the second on the first, from the definition."""
    if len({x for x, _ in pairs}) < 2:
        return float("nan")
    x_mean, y_mean = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    return sum((x - x_mean) * (y - y_mean) for x, y in pairs) / sum((x - x_mean) ** 2 for x, _ in pairs)


worlds = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
        st.lists(st.integers(0, 1), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.floats(0.1, 3.0), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2),
        st.lists(st.booleans(), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2),
    )
)


@given(worlds)
@settings(deadline=None)
def test_graph_measures_are_what_a_slow_sum_over_edges_gives(world):
    first, second, alive, _group, weights, present = world
    n = len(first)
    graph = networkx.Graph()
    graph.add_nodes_from(range(n))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    graph.add_weighted_edges_from((i, j, w) for (i, j), w, there in zip(pairs, weights, present, strict=True) if there)
    matrix = networkx.to_scipy_sparse_array(graph, format="csr", dtype=float)
    rows = (matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), matrix.data)
    now = seen(first, alive=alive, second=second, rows=rows)
    own = [1 - (a + b) / 2 for a, b in zip(first, second, strict=True)]
    points = []
    for i in range(n):
        near = [(graph[i][j]["weight"], own[j]) for j in graph[i] if alive[j]]
        if alive[i] and near:
            points.append((own[i], sum(w * x for w, x in near) / sum(w for w, _ in near)))
    with engine("plain"):
        assert measured("assortment", now) == pytest.approx(slope(points), nan_ok=True)
        helpers = [i for i in range(n) if alive[i] and own[i] >= 0.5]
        clusters = networkx.connected_components(graph.subgraph(helpers))
        largest = max((len(c) for c in clusters), default=0)
        expected = largest / len(helpers) if helpers else float("nan")
        assert measured("clustering", now) == pytest.approx(expected, nan_ok=True)


@given(worlds)
@settings(deadline=None)
def test_group_and_family_measures_are_what_a_slow_sum_over_members_gives(world):
    first, second, alive, group, *_ = world
    n = len(first)
    now = seen(first, alive=alive, second=second, group=group, family=group)
    own = [1 - (a + b) / 2 for a, b in zip(first, second, strict=True)]
    living = [i for i in range(n) if alive[i]]
    groups = [[i for i in living if group[i] == g] for g in {group[i] for i in living}]
    points = [
        (own[i], sum(own[j] for j in members if j != i) / (len(members) - 1))
        for members in groups
        if len(members) > 1
        for i in members
    ]
    assert measured("relatedness", now) == pytest.approx(slope(points), nan_ok=True)
    assert measured("assortment", now) == pytest.approx(slope(points), nan_ok=True)
    assert measured("largest_group", now) == max(map(len, groups), default=0)
    helpers = [[i for i in members if own[i] >= 0.5] for members in groups]
    total = sum(map(len, helpers))
    expected = max(map(len, helpers)) / total if total else float("nan")
    assert measured("clustering", now) == pytest.approx(expected, nan_ok=True)
    p = sum(own[i] for i in living) / len(living) if living else 0.0
    if 0 < p < 1:
        between = sum(len(m) * (sum(own[i] for i in m) / len(m) - p) ** 2 for m in groups) / len(living)
        assert measured("between_groups", now) == pytest.approx(between / (p * (1 - p)))
    else:
        assert np.isnan(measured("between_groups", now))


@pytest.mark.parametrize("helpers", [1, 3, 9])
def test_nobody_is_its_own_neighbour_in_a_well_mixed_population(helpers):
    now = seen([0] * helpers + [1] * (10 - helpers))
    assert measured("assortment", now) == pytest.approx(-1 / 9)
    assert measured("clustering", now) == 1.0


def test_the_complete_graph_written_out_gives_what_the_well_mixed_population_gives():
    rows = networkx.to_scipy_sparse_array(networkx.complete_graph(7), format="csr")
    written = (rows.indptr.astype(np.int64), rows.indices.astype(np.int64), np.empty(0))
    strategy = [0, 0, 1, 1, 0, 1, 1]
    assert measured("assortment", seen(strategy, rows=written)) == pytest.approx(-1 / 6)
    assert measured("clustering", seen(strategy, rows=written)) == 1.0


def test_two_blocks_of_a_ring_are_assorted_and_alternation_is_the_opposite():
    ring = from_networkx(networkx.cycle_graph(8)).rows
    assert measured("assortment", seen([0, 0, 0, 0, 1, 1, 1, 1], rows=ring)) == pytest.approx(0.5)
    assert measured("assortment", seen([0, 1] * 4, rows=ring)) == -1.0
    assert measured("clustering", seen([0, 0, 0, 1, 0, 1, 1, 1], rows=ring)) == 0.75


@pytest.mark.parametrize("strategy", [[0] * 6, [1] * 6])
def test_where_all_are_alike_what_compares_them_is_not_defined(strategy):
    now = seen(strategy, group=[0, 0, 1, 1, 2, 2], family=[0, 0, 1, 1, 2, 2])
    assert np.isnan([measured(name, now) for name in ("assortment", "between_groups", "relatedness")]).all()


def test_without_cooperators_there_is_no_cluster_and_without_families_no_relatedness():
    assert np.isnan(measured("clustering", seen([1, 1, 1])))
    assert np.isnan(measured("relatedness", seen([0, 1, 1])))


def test_families_of_clones_are_related_by_one_and_groups_of_clones_differ_wholly():
    now = seen([0, 0, 0, 1, 1, 1], group=[0, 0, 0, 1, 1, 1], family=[0, 0, 0, 1, 1, 1])
    assert measured("relatedness", now) == measured("between_groups", now) == 1.0


def test_the_two_alleles_of_a_diploid_count_half_each():
    now = seen([0, 0, 1, 1], second=[0, 1, 0, 1])
    assert measured("cooperators", now) == 0.5
    assert shares(now, 2).tolist() == [[0.5, 0.5]]
    assert measured("clustering", now) == 1.0  # three of whose alleles at least half help


def test_replicates_are_measured_one_by_one():
    both = seen([[0, 1, 0, 1], [0, 0, 1, 1]], rows=from_networkx(networkx.cycle_graph(4)).rows)
    assert MEASURES["assortment"](both).tolist() == [-1.0, 0.0]
    assert MEASURES["clustering"](both).tolist() == [0.5, 1.0]


def test_a_row_of_a_series_is_every_measure_and_the_share_of_each_strategy():
    row = observe(seen([0, 1, 1, 1]), ("helper", "alld"))
    assert list(row) == [*MEASURES, "share_helper", "share_alld"]
    assert (row["share_helper"], row["share_alld"]) == (0.25, 0.75)


def test_clusters_form_on_a_network_and_not_in_a_well_mixed_population():
    frame = coop_abm.run("network", steps=5, seed=3).frame
    assert (frame["assortment"].iloc[1:] > 0.1).all()
    mixed = coop_abm.run("well_mixed", steps=2, seed=3).frame
    assert mixed["assortment"].iloc[0] == pytest.approx(-1 / 49)
