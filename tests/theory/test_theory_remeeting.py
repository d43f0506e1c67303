"""Random walks that meet measure the ratio that the exact solver computes, with intervals that cover it."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from coop_abm.core.errors import GraphError, InputError, TheoryError
from coop_abm.core.kernel import engine
from coop_abm.theory import coalescence, lines, remeeting

UPDATES = ("death_birth", "imitation", "pairwise_comparison")
PAYOFFS = ("averaged", "accumulated")
SEEDS = 40


def plain(graph, weight=None):
    return nx.to_numpy_array(graph, weight=weight)


GRAPHS = {
    "karate with weights": plain(nx.karate_club_graph(), "weight"),
    "florentine": plain(nx.florentine_families_graph()),
    "two communities": plain(nx.connected_caveman_graph(4, 6)),
    "scale free": plain(nx.barabasi_albert_graph(120, 2, seed=4)),
}
#: How far walks are asked to go: 2 %, or where one walk tells little, what 2 million moves give.
BRIEF = {"relative_error": 0.02, "most_steps": 2e6}


def scores(weights, exact, **how):
    """z of 1/(b/c)* from 40 seeds, where errors are those of a straight line, and how many intervals cover."""
    z, covered = [], 0
    for seed in range(SEEDS):
        found = remeeting.critical_ratio(weights, seed=seed, **how)
        if math.isinf(found.low):
            covered += 1
            continue
        error = (1 / found.low - 1 / found.high) / (2 * remeeting.Z95)
        z.append((1 / found.value - 1 / exact) / error)
        covered += found.low <= exact <= found.high
    return np.array(z), covered


@pytest.mark.parametrize("name", GRAPHS)
def test_intervals_of_remeeting_walks_cover_the_exact_ratio(name):
    weights = GRAPHS[name]
    z, covered = scores(weights, coalescence.critical_ratio(weights), **BRIEF)
    # Of 40 intervals at 95 %, 33 or fewer cover with probability 0.002; chi-square of 40 between 17 and 77: 0.001.
    assert covered >= 34 and len(z) == SEEDS
    assert 17 < (z * z).sum() < 77
    assert abs(z.mean()) < 3.5 / math.sqrt(SEEDS)


@pytest.mark.parametrize(
    ("update", "payoff"), [pair for pair in itertools.product(UPDATES, PAYOFFS) if pair != ("death_birth", "averaged")]
)
def test_intervals_of_all_rules_and_payoffs_cover_the_exact_ratio(update, payoff):
    weights, how = GRAPHS["florentine"], {"update": update, "payoff": payoff}
    exact = coalescence.critical_ratio(weights, **how)
    z, covered = scores(weights, exact, relative_error=0.03, most_steps=1e6, **how)
    assert covered >= 34 and len(z) >= 30
    assert 0.42 * len(z) < (z * z).sum() < 1.95 * len(z)


def test_intervals_on_two_graphs_cover_the_exact_ratio():
    game, replacement = GRAPHS["florentine"], plain(nx.circular_ladder_graph(7))
    replacement = np.pad(replacement, (0, 1))
    replacement[-1, 0] = replacement[0, -1] = 2.0
    exact = coalescence.critical_ratio(game, replacement=replacement)
    z, covered = scores(game, exact, replacement=replacement, relative_error=0.03, most_steps=1e6)
    assert covered >= 34 and 0.42 * len(z) < (z * z).sum() < 1.95 * len(z)


def test_a_regular_graph_has_no_noise_left():
    torus = plain(nx.grid_2d_graph(6, 6, periodic=True))
    found = remeeting.critical_ratio(torus, seed=3)
    assert found.value == pytest.approx(34 / 7) and found.error < 1e-6
    assert remeeting.critical_ratio(torus, update="pairwise_comparison").value == pytest.approx(-35)


def test_an_infinite_ratio_has_an_interval_that_goes_through_infinity():
    star = remeeting.critical_ratio(plain(nx.star_graph(8)), update="death_birth", payoff="accumulated", most_steps=1e6)
    assert (star.low, star.high) == (-math.inf, math.inf)
    bipartite = remeeting.critical_ratio(plain(nx.complete_bipartite_graph(4, 6)), most_steps=1e6)
    assert bipartite.low == -math.inf or abs(bipartite.value) > 1e6


def test_a_smaller_error_takes_more_walks_and_a_budget_ends_them():
    weights = GRAPHS["scale free"]
    rough, fine = (remeeting.critical_ratio(weights, relative_error=error) for error in (0.05, 0.002))
    assert fine.error <= 0.00205 * fine.value and fine.walks > 10 * rough.walks and fine.steps > fine.walks
    short = remeeting.critical_ratio(weights, relative_error=0.002, most_steps=fine.steps // 4)
    assert short.error > 0.003 * short.value and short.steps < fine.steps


def test_results_depend_on_the_seed_and_not_on_threads_or_engine(monkeypatch):
    weights = GRAPHS["florentine"]
    for how in ({}, {"payoff": "accumulated", "relative_error": 0.5}):
        once = remeeting.critical_ratio(weights, seed=5, **how)
        monkeypatch.setattr("os.cpu_count", lambda: 7)
        monkeypatch.setattr(remeeting, "CHUNK_MOVES", 1000)
        assert remeeting.critical_ratio(weights, seed=5, **how) == once
        monkeypatch.undo()
        assert remeeting.critical_ratio(weights, seed=6, **how).value != once.value
    with engine("plain"):
        plainly = remeeting.critical_ratio(weights, seed=5, relative_error=0.5)
    assert plainly == remeeting.critical_ratio(weights, seed=5, relative_error=0.5)


def test_neighbours_are_drawn_by_their_weights():
    weights = csr_array(GRAPHS["karate with weights"])
    steps = remeeting._steps(weights)
    grid = (np.arange(40_000) + 0.5) / 40_000
    for node in (0, 5, 33):
        went = np.bincount([lines.stepped(node, u, steps) for u in grid], minlength=34) / len(grid)
        exact = weights[[node]].toarray().ravel() / weights[[node]].sum()
        assert went == pytest.approx(exact, abs=2e-3)


def test_progress_grows_to_the_whole():
    seen = []
    remeeting.critical_ratio(GRAPHS["scale free"], relative_error=0.005, progress=seen.append)
    assert seen == sorted(seen) and 0 < seen[0] and seen[-1] == pytest.approx(1.0)


def test_lines_that_do_not_meet_are_given_up(monkeypatch):
    monkeypatch.setattr(remeeting, "LONGEST", 100)
    with pytest.raises(TheoryError, match="did not meet within 100 moves"):
        remeeting.critical_ratio(plain(nx.path_graph(60)))


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"update": "birth_death"}, InputError, "update must be one of"),
        ({"payoff": "none"}, InputError, "payoff must be one of"),
        ({"relative_error": 0}, InputError, "relative_error"),
        ({"seed": -1}, InputError, "seed"),
        ({"replacement": np.eye(3)}, GraphError, "replacement"),
    ],
)
def test_what_cannot_be_walked_is_refused(keywords, error, words):
    with pytest.raises(error, match=words):
        remeeting.critical_ratio(GRAPHS["florentine"], **keywords)
