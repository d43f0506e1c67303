"""Everybody has a place in the picture."""

import numpy as np
import pytest

from coop_abm import structures
from coop_abm.dashboard.layouts import layout
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named


def drawn(name, **changes):
    world = replace(named(name), changes)
    return layout(world, world.answers(3), 3)


@pytest.mark.parametrize("name", NAMED)
def test_every_individual_has_a_place_inside_the_picture(name):
    found = drawn(name)
    assert len(found.places) == named(name).size * (2 if named(name).kin.diploid else 1)
    assert found.places.min() >= 0 and found.places.max() <= 1 and np.isfinite(found.places).all()
    assert len(np.unique(found.places.round(5), axis=0)) == len(found.places)
    assert not found.places.flags.writeable and not found.edges.flags.writeable


def test_of_two_graphs_both_are_drawn_where_those_who_meet_stand():
    changed = {"network.replacement": "watts_strogatz"}
    one, two = drawn("network"), drawn("network", **changed)
    assert two.places.tobytes() == one.places.tobytes() and two.edges.tobytes() == one.edges.tobytes()
    assert two.words == f"{one.words}; dashed: replaced on another graph, watts strogatz" and not len(one.beyond)
    answers = replace(named("network"), changed).answers(3).replacing()
    rows = np.repeat(np.arange(100), np.diff(answers.indptr))
    both = {tuple(sorted(pair)) for pair in zip(rows.tolist(), answers.indices.tolist(), strict=True)}
    assert {tuple(sorted(pair)) for pair in two.beyond.tolist()} == both and len(two.beyond) == len(both)


def test_a_second_lattice_is_drawn_without_its_joins_and_a_second_crowd_of_edges_not_at_all():
    assert len(drawn("network", **{"network.replacement": "torus"}).beyond) == 2 * 10 * 9
    many = drawn("network", size=900, **{"network.replacement": "watts_strogatz", "network.replacement.degree": 100})
    assert not len(many.beyond) and many.words.endswith(
        "; replaced on another graph, watts strogatz (45,000 edges, not drawn)"
    )


def test_arrows_go_where_offspring_goes():
    found = drawn("network", **{"network.graph": "superstar", "update": "birth_death", "game.benefit": 0.0})
    assert found.arrows and found.words == "superstar; arrows: where offspring goes"
    leaves, petals, chain = 100 - 1 - 3 * 2, 3, 2
    assert len(found.edges) == 2 * leaves + petals * (chain - 1) + petals  # to a leaf and on, the chain, to the hub
    assert (found.edges[:, 0] == 0).sum() == leaves and (found.edges[:, 1] == 0).sum() == petals
    assert not drawn("network").arrows and not drawn("network", **{"network.graph": "star"}).arrows


def test_a_torus_is_a_grid_whose_joining_edges_are_not_drawn_across():
    found = drawn("network", size=36)
    assert "6 x 6" in found.words and len(found.edges) == 2 * 6 * 5
    ends = found.places[found.edges]
    assert np.allclose(np.abs(ends[:, 0] - ends[:, 1]).sum(axis=1), 1 / 5, atol=1e-5)


def test_a_ring_is_a_circle_and_groups_on_it_stand_apart():
    found = drawn("all_five")
    radius = np.hypot(*(found.places - 0.5).T)
    assert np.allclose(radius, radius[0], atol=0.02)
    steps = np.hypot(*np.diff(found.places, axis=0).T)
    assert np.count_nonzero(steps > 1.5 * np.median(steps)) == 4  # five groups, the fifth gap closes the circle


def test_groups_are_clusters():
    found = drawn("group")
    assert found.seats == 3
    middles = found.places.reshape(4, 3, 2).mean(axis=1)
    apart = min(np.hypot(*(a - b)) for k, a in enumerate(middles) for b in middles[:k])
    within = np.hypot(*(found.places.reshape(4, 3, 2) - middles[:, None]).T).max()
    assert apart > 2 * within


def test_families_stand_apart_and_the_two_alleles_of_an_individual_side_by_side():
    found = drawn("families", size=80)
    assert found.words == "20 families of 4; two marks side by side are one individual's alleles"
    families = found.places.reshape(20, 4, 2, 2).astype(float)
    beside = np.linalg.norm(families[:, :, 0] - families[:, :, 1], axis=-1)
    middles = families.mean(axis=(1, 2))
    between = min(np.linalg.norm(a - b) for k, a in enumerate(middles) for b in middles[:k])
    assert beside.max() < 0.5 * between
    assert drawn("families", size=80, **{"kin.pedigree": "founders"}).words == "20 families of 4"


def test_ten_thousand_individuals_are_placed_without_springs():
    for changes in ({}, {"network.graph": "random_regular"}, {"network.graph": "ring"}, {"network.enabled": False}):
        found = drawn("network", size=10_000, **changes)
        assert len(found.places) == 10_000 and np.isfinite(found.places).all()


#: Random graphs are refused unless they are dense enough to hang together, and directed ones in most worlds.
DENSE = {
    "erdos_renyi": {"network.graph.probability": 0.0012},
    "random_geometric": {"network.graph.radius": 0.02},
    "superstar": {"update": "birth_death", "game.benefit": 0.0},  # fitness must be constant
}
#: Every kind of graph that is generated.
GENERATED = (
    "barabasi_albert", "caveman", "complete", "erdos_renyi", "holme_kim", "lattice", "path", "random_geometric",
    "random_regular", "ring", "star", "superstar", "torus", "tree", "watts_strogatz", "wheel",
)  # fmt: skip


def test_no_generator_is_left_out():
    fields = [getattr(getattr(structures, name), "model_fields", {}) for name in structures.__all__]
    assert {f["kind"].default for f in fields if "kind" in f} - {"edges"} == set(GENERATED)  # edges are one's own


@pytest.mark.slow
@pytest.mark.parametrize("kind", GENERATED)
def test_every_generator_has_a_picture_of_ten_thousand(kind):
    found = drawn("network", size=10_000, **{"network.graph": kind, **DENSE.get(kind, {})})
    assert found.places.shape == (10_000, 2) and np.isfinite(found.places).all()
    assert found.places.min() >= 0 and found.places.max() <= 1
    assert len(np.unique(found.places.round(9), axis=0)) > 9_000, "one on top of the other"


def test_pivots_keep_what_is_near_near():
    world = replace(named("network"), {"size": 900})
    answers = world.answers(0)
    from coop_abm.dashboard.layouts import edges_of, pivots

    places, edges = pivots(answers, 0), edges_of(answers)
    linked = np.hypot(*(places[edges[:, 0]] - places[edges[:, 1]]).T).mean()
    dice = np.random.default_rng(0).integers(900, size=(2, 4000))
    anyone = np.hypot(*(places[dice[0]] - places[dice[1]]).T).mean()
    assert linked < 0.25 * anyone


def test_the_same_world_is_drawn_the_same():
    for name in ("network", "kin"):
        for changes in ({}, {"network.enabled": True, "network.graph": "random_regular"}):
            assert (drawn(name, **changes).places == drawn(name, **changes).places).all()
