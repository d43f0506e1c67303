"""A 95 % interval holds the truth 95 times in 100, also where the number of replicates was planned.

Each case has an exact answer and is cheap, so it can be measured under many seeds; the number of intervals that
hold the truth is then binomial.
"""

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.engine.crossing import crossing, extrapolated, one_over_n
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.engine.statistics import bounded, mean, ratio, share
from coop_abm.scenario.expectation import payoff_family
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import chain
from coop_abm.theory import fixation as moran

GRAPH = nx.lollipop_graph(3, 3)
DENSE = nx.to_numpy_array(GRAPH)
DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
ON_GRAPH = replace(on_graph(named("network"), GRAPH), {"update.intensity": 0.2, "game.benefit": 4.0, **DIRECT})
MIXED = replace(named("direct"), {"size": 8, "update.intensity": 0.3, "game.benefit": 2.0})
#: How unlikely an honest 95 % interval may make what is seen, on either side.
CHANCE = 1e-3


def covers(held, seeds, *, cautious=False):
    """Is this many of 95 % intervals in so many seeds? `cautious` intervals may hold the truth more often."""
    from scipy.stats import binom

    print(f"held {held} of {seeds}: {held / seeds:.3f}")
    return binom.cdf(held, seeds, 0.95) > CHANCE and (cautious or binom.sf(held - 1, seeds, 0.95) > CHANCE)


def held_by(measure, truth, seeds):
    found = [measure(seed) for seed in range(seeds)]
    return sum(one.low <= truth <= one.high for one in found)


# ----------------------------------------------------------------------------------- the formulas


@pytest.mark.parametrize(("probability", "runs"), [(0.3, 400), (0.02, 1000), (0.005, 600)])
def test_a_share_has_an_interval_of_the_right_width_near_zero_too(probability, runs):
    wins = np.random.default_rng(1).binomial(runs, probability, 4000)
    held = sum(low <= probability <= high for _, _, low, high in (share(int(k), runs) for k in wins))
    assert 0.93 < held / 4000 < 0.975


def test_a_mean_of_few_replicates_has_a_wider_interval():
    random = np.random.default_rng(2)
    assert covers(sum(m.low <= 0 <= m.high for m in (mean(random.standard_normal(5)) for _ in range(2000))), 2000)


def test_a_ratio_of_means_is_covered_even_where_its_denominator_is_uncertain():
    random = np.random.default_rng(3)

    def one():
        below = 0.5 + random.standard_normal(20)
        return ratio(1.0 + random.standard_normal(20) + below, below)

    assert covers(sum(r.low <= 3.0 <= r.high for r in (one() for _ in range(2000))), 2000, cautious=True)


def test_nothing_at_all_still_has_an_interval():
    none, all_of_them = share(0, 50), share(50, 50)
    assert (none.value, none.low) == (0, 0) and 0.05 < none.high < 0.09 and none.error > 0
    assert (all_of_them.value, all_of_them.high) == (1, 1) and 0.91 < all_of_them.low < 0.95
    assert np.isnan(mean(np.empty(0)).value) and mean(np.ones(1)).high == np.inf


def test_a_bounded_mean_of_zeros_and_ones_is_a_share():
    for successes, runs in [(0, 1), (1, 1), (0, 50), (50, 50), (7, 32), (300, 400)]:
        values = np.repeat([1.0, 0.0], [successes, runs - successes])
        assert np.allclose(bounded(values), share(successes, runs), rtol=0, atol=1e-12)


def worlds(kind, replicates, batches, random):
    """Final shares of cooperators, and their true mean: all or none, inner ones, or some worlds of each kind."""
    shape = (batches, replicates)
    fixed = (random.random(shape) < 0.1).astype(float)
    if kind == "fixed":
        return fixed, 0.1
    if kind == "inner":
        return random.beta(2, 5, shape), 2 / 7
    if kind == "rare":
        return np.where(random.random(shape) < 0.02, random.beta(2, 2, shape), 0.0), 0.01
    return np.where(random.random(shape) < 0.5, fixed, random.beta(8, 4, shape)), 0.5 * (0.1 + 2 / 3)


@pytest.mark.parametrize("kind", ["fixed", "inner", "rare", "mixed"])
@pytest.mark.parametrize("replicates", [20, 100, 400])
def test_a_bounded_mean_is_covered(kind, replicates):
    values, truth = worlds(kind, replicates, 2000, np.random.default_rng(4))
    held = sum(low <= truth <= high for _, _, low, high in map(bounded, values))
    print(f"{kind}, {replicates}: {held / 2000:.3f}")
    assert held / 2000 > 0.93


def test_a_bounded_mean_refuses_what_is_not_bounded():
    for values in ([0.5, 1.1], [-0.1, 0.2], [0.1, np.nan]):
        with pytest.raises(InputError, match=r"values must lie in \[0, 1\]"):
            bounded(np.array(values))
    assert np.isnan(bounded(np.empty(0)).value) and bounded(np.array([1 + 1e-12, 0.5])).high <= 1


# -------------------------------------------------------------------------------- planned replicates


def seeds_of(request, few, many):
    return many if request.config.getoption("--validate") else few


def test_counted_probabilities_are_covered(request):
    seeds = seeds_of(request, 200, 1000)
    rho = moran.probability(MIXED.matrix(MIXED.answers()), 8, 0.3).cooperators
    assert covers(held_by(lambda seed: fixation(MIXED, precision=0.05, seed=seed), rho, seeds), seeds)


def test_followed_probabilities_are_covered(request):
    seeds = seeds_of(request, 200, 1000)
    rho = chain.graph_fixation(
        DENSE, ON_GRAPH.matrix(ON_GRAPH.answers()), update="death_birth", intensity=0.2, start=3
    ).cooperators
    measured = lambda seed: fixation(ON_GRAPH, heads=3, precision=0.006, seed=seed)  # noqa: E731
    assert covers(held_by(measured, rho, seeds), seeds)


def test_neutral_drift_is_covered(request):
    seeds = seeds_of(request, 200, 1000)
    first, slope = payoff_family(ON_GRAPH)
    truth = chain.critical(DENSE, lambda b: first + b * slope, update="death_birth", intensity=1e-4)
    assert covers(held_by(lambda seed: neutral_drift(ON_GRAPH, relative_error=0.012, seed=seed), truth, seeds), seeds)


@pytest.mark.validate
def test_crossings_in_a_mixed_population_are_covered():
    first, slope = payoff_family(MIXED)
    truth = moran.critical(lambda b: first + b * slope, 8, 0.3)
    assert covers(held_by(lambda seed: crossing(MIXED, relative_error=0.02, seed=seed), truth, 300), 300)


@pytest.mark.validate
def test_crossings_on_a_graph_are_covered():
    first, slope = payoff_family(ON_GRAPH)
    truth = chain.critical(DENSE, lambda b: first + b * slope, update="death_birth", intensity=0.2, start=3)
    assert covers(held_by(lambda seed: crossing(ON_GRAPH, relative_error=0.02, seed=seed), truth, 300), 300)


@pytest.mark.validate
def test_the_ratio_of_one_over_n_is_covered():
    first, slope = payoff_family(MIXED)
    truth = moran.critical(lambda b: first + b * slope, 8, 0.3, "AD")
    assert covers(held_by(lambda seed: one_over_n(MIXED, relative_error=0.03, seed=seed), truth, 300), 300)


@pytest.mark.validate
def test_the_limit_of_weak_selection_is_covered():
    first, slope = payoff_family(ON_GRAPH)
    truth = chain.critical(DENSE, lambda b: first + b * slope, update="death_birth", intensity=1e-4)
    assert covers(held_by(lambda seed: extrapolated(ON_GRAPH, relative_error=0.03, seed=seed), truth, 100), 100)


@pytest.mark.validate
def test_mean_times_are_covered():
    """From six of twelve by neutral drift: i (N - i) pairs must change; the exact mean is a sum over visits."""
    world = replace(named("well_mixed"), {"size": 12, "update.intensity": 0.0})
    i = np.arange(1, 12)
    move = i * (12 - i) / (12 * 11)
    step = np.diag(1 - 2 * move) + np.diag(move[:-1], 1) + np.diag(move[1:], -1)
    truth = np.linalg.solve(np.eye(11) - step, np.ones(11))[5]
    times = lambda seed: fixation(world, heads=6, precision=0.03, of="events", seed=seed).events  # noqa: E731
    assert covers(held_by(times, truth, 500), 500)
