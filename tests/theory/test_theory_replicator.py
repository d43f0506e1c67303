"""The replicator equation against solutions in closed form, and against a population that runs."""

import numpy as np
import pytest

from coop_abm import figures
from coop_abm.core.errors import InputError
from coop_abm.engine.history import EventWorld
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import replicator, thresholds, transforms

ROCK_PAPER_SCISSORS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0.0]])
HAWK_DOVE = np.array([[(2 - 6) / 2, 2], [0, 1.0]])  # a prize of 2, wounds of 6: a third are hawks


def test_a_constant_advantage_is_a_logistic_curve():
    """By assortment a cooperator earns r b - c more at any composition."""
    M, times = transforms.assort(transforms.donation(3, 1), 0.5), np.linspace(0, 6, 13)
    x = replicator.trajectory(M, [0.1, 0.9], times)[:, 0]
    odds = 0.1 / 0.9 * np.exp((0.5 * 3 - 1) * times)
    assert x == pytest.approx(odds / (1 + odds), abs=1e-7)


def test_in_rock_paper_scissors_the_product_of_shares_stays():
    x = replicator.trajectory(ROCK_PAPER_SCISSORS, [0.5, 0.3, 0.2], np.linspace(0, 50, 60))
    assert x.prod(axis=1) == pytest.approx(np.full(60, 0.03), rel=1e-5)
    assert x.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-12)
    assert np.ptp(x[:, 0]) > 0.2


def test_hawks_and_doves_meet_where_both_earn_the_same():
    inner = [p for p in replicator.rest_points(HAWK_DOVE) if (p.shares > 0).all()]
    assert len(inner) == 1 and inner[0].stable
    assert inner[0].shares == pytest.approx([1 / 3, 2 / 3])
    alone = [p for p in replicator.rest_points(HAWK_DOVE) if p.shares.max() == 1]
    assert [p.stable for p in alone] == [False, False]


def test_growth_around_a_rest_point_is_that_of_the_flow():
    """Hawk-dove: x' = x (1-x) (a difference linear in x), so its slope at x* is known."""
    (point,) = [p for p in replicator.rest_points(HAWK_DOVE) if (p.shares > 0).all()]
    x, step = point.shares[0], 1e-6
    ahead, behind = (replicator.flow(HAWK_DOVE, [x + s, 1 - x - s])[0] for s in (step, -step))
    assert point.growth == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)


def test_the_centre_of_rock_paper_scissors_is_neither_stable_nor_not():
    inner = [p for p in replicator.rest_points(ROCK_PAPER_SCISSORS) if (p.shares > 0).all()]
    assert inner[0].growth == pytest.approx(0, abs=1e-12) and not inner[0].stable


@pytest.mark.parametrize("w", [0.2, 0.6])
def test_tit_for_tat_is_stable_against_defectors_above_c_over_b(w):
    for b in (0.99 / w, 1.01 / w):
        M = transforms.nowak_table("direct", b, 1, continuation=w)
        assert replicator.is_ess(M, 0) == (b > thresholds.direct(w, criterion="ESS"))
        assert replicator.is_ess(M, 1)


def test_who_ties_must_beat_the_mutant_elsewhere():
    assert replicator.is_ess([[1, 2], [1, 0]], 0) and not replicator.is_ess([[1, 0], [1, 0]], 0)


@pytest.mark.parametrize("k", [3, 4, 8, 20])
@pytest.mark.parametrize("update", ["death_birth", "imitation", "birth_death", "pairwise_comparison"])
def test_on_large_regular_graphs_cooperators_grow_above_the_published_degree_rule(k, update):
    published = {"death_birth": thresholds.death_birth(k), "imitation": thresholds.imitation(k)}.get(update, np.inf)
    for b in (0.99 * min(published, 1e4), 1.01 * min(published, 1e4)):
        M = replicator.on_graph(transforms.donation(b, 1), k, update)
        grows = replicator.flow(M, [[x, 1 - x] for x in (0.1, 0.5, 0.9)])[:, 0] > 0
        assert grows.tolist() == [b > published] * 3


def test_on_a_graph_of_very_many_neighbours_the_graph_is_forgotten():
    M = np.random.default_rng(3).normal(size=(3, 3))
    assert replicator.on_graph(M, 1e9) == pytest.approx(M, abs=1e-7)


def test_a_large_population_follows_the_equation():
    """Pairwise comparison moves x by x (1 - x) tanh(beta difference / 2) an individual and generation."""
    beta = 0.1
    world = replace(named("kin"), {"size": 200_000, "update": "pairwise_comparison", "update.intensity": beta,
                                   "kin.channel": "meeting", "game.benefit": 4.0})  # fmt: skip
    M, going, seen = world.matrix(world.answers()), EventWorld(world, 5), []
    for _ in range(60):
        seen.append(going.snapshot().helper[going.snapshot().strategy].mean())
        going.step()
    expected = replicator.trajectory(M * beta / 2, [0.5, 0.5], np.arange(60))[:, 0]
    assert np.abs(np.array(seen) - expected).max() < 0.01
    assert seen[-1] > 0.8


def test_the_field_of_three_strategies_stays_on_the_simplex():
    points, velocity = replicator.simplex_field(ROCK_PAPER_SCISSORS, 10)
    assert len(points) == 36 and points.sum(axis=1) == pytest.approx(np.ones(36))
    assert velocity.sum(axis=1) == pytest.approx(np.zeros(36), abs=1e-15)


def test_the_triangle_shows_every_rest_point_by_its_stability():
    five_rounds = np.array([[10, -5, 10], [15, 0, 3], [9.7, -1.3, 9.7]])
    figure = figures.simplex(five_rounds, ("always cooperate", "always defect", "tit for tat"), "Five rounds")
    axes = figure.axes[0]
    marks = {tuple(np.round(mark.get_offsets()[0], 6)): mark.get_facecolor()[0] for mark in axes.collections}
    corners = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    expected = {tuple(np.round(p.shares @ corners, 6)): p.stable for p in replicator.rest_points(five_rounds)}
    assert set(marks) == set(expected) and sum(expected.values()) == 1
    filled = {at for at, face in marks.items() if face[:3].tolist() != [1, 1, 1]}
    assert filled == {at for at, stable in expected.items() if stable} == {(1.0, 0.0)}
    assert {"always cooperate", "always defect", "tit for tat"} <= {text.get_text() for text in axes.texts}
    assert sum(line.get_color() == figures.LIMIT for line in axes.lines) >= 20


def test_a_neutral_triangle_has_no_streams():
    axes = figures.simplex(np.zeros((3, 3)), ("a", "b", "c")).axes[0]
    assert not any(line.get_color() == figures.LIMIT for line in axes.lines)


@pytest.mark.parametrize(
    "call",
    [
        lambda: replicator.flow(np.eye(2), [0.5, 0.6]),
        lambda: replicator.flow(np.eye(2), [1.5, -0.5]),
        lambda: replicator.flow(np.eye(2), [1.0]),
        lambda: replicator.trajectory(np.eye(2), [0.5, 0.5], [0, 0]),
        lambda: replicator.on_graph(np.eye(2), 2),
        lambda: replicator.on_graph(np.eye(2), 4, "wright_fisher"),
        lambda: replicator.is_ess(np.eye(2), 2),
        lambda: replicator.rest_points(np.eye(13)),
        lambda: replicator.simplex_field(np.eye(2)),
    ],
)
def test_what_cannot_be_answered_is_refused(call):
    with pytest.raises(InputError):
        call()
