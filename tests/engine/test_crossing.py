"""Crossings at one intensity, 1/N, and the limit of weak selection, against exact chains."""

import math

import networkx as nx
import numpy as np
import pytest

import coop_abm
from coop_abm.core.errors import InputError, TheoryError
from coop_abm.engine.bench import curve
from coop_abm.engine.crossing import EXTRAPOLATED, crossing, extrapolated, one_over_n, power_of_intensity, to_zero
from coop_abm.engine.drift import neutral_drift
from coop_abm.scenario.expectation import expectation, payoff_family, weights_of
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import chain, groups, roots
from coop_abm.theory import fixation as moran

DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
KIN = {"kin.enabled": True, "kin.relatedness": 0.2}
LOLLIPOP = nx.lollipop_graph(4, 4)


def on(graph, **changes):
    return replace(on_graph(named("network"), graph), changes)


def close(found, expected, sigmas=3.5):
    return abs(found.value - expected) <= sigmas * found.error and found.error <= 0.03 * expected


def exact_one_over_n(world):
    first, slope = payoff_family(world)
    intensity = world.update.intensity
    if world.group.enabled:
        chained = groups.GroupChain(world.group.size, world.size // world.group.size, world.group.split)
        return roots.crossing(
            lambda b: math.log(world.size * chained.fixation(first + b * slope, intensity).cooperators)
        )
    if world.network.enabled:
        dense = weights_of(world.answers()).toarray()
        rules = {"update": world.update.kind, "intensity": intensity, "payoff": world.payoff}
        return roots.crossing(
            lambda b: world.size * chain.graph_fixation(dense, first + b * slope, **rules).cooperators - 1
        )
    return moran.critical(lambda b: first + b * slope, world.size, intensity, "AD")


# Exact values at a finite intensity, not the limit: for direct reciprocity 1.44 instead of 1.35.
@pytest.mark.parametrize(
    "world",
    [
        replace(named("direct"), {"update.intensity": 0.1}),
        replace(named("kin"), {"size": 20, "update.intensity": 0.3}),
        on(LOLLIPOP, update__intensity=0.1, **DIRECT),
        on(LOLLIPOP, update__intensity=0.05, payoff="accumulated"),
        pytest.param(replace(named("indirect"), {"update.intensity": 0.1}), marks=pytest.mark.validate),
        pytest.param(replace(named("group"), {"update.intensity": 0.3, **DIRECT}), marks=pytest.mark.validate),
        pytest.param(on(nx.path_graph(9), update__intensity=0.02, update="imitation"), marks=pytest.mark.validate),
    ],
    ids=["direct", "kin", "graph direct", "graph accumulated", "indirect", "groups direct", "graph imitation"],
)
def test_a_single_mutant_takes_over_once_in_n_where_the_chain_of_this_intensity_says(world):
    assert close(one_over_n(world, seed=1, relative_error=0.02), exact_one_over_n(world))


def test_the_crossing_moves_with_the_intensity_as_the_chain_says():
    """Accumulated payoffs on an irregular graph: far from the limit, and measured there, from half of the nodes."""
    world = on(LOLLIPOP, payoff="accumulated", update__intensity=0.1)
    first, slope = payoff_family(world)
    exact = chain.critical(
        nx.to_numpy_array(LOLLIPOP), lambda b: first + b * slope, update="death_birth", intensity=0.1,
        payoff="accumulated", start=4,
    )  # fmt: skip
    assert abs(exact / expectation(world).value - 1) > 0.1
    assert close(crossing(world, seed=2, relative_error=0.02), exact)


@pytest.mark.parametrize(
    ("changes", "power"),
    [({}, 2), (KIN, 2), (DIRECT, 1), ({"payoff": "accumulated"}, 1), ({"payoff": "accumulated"} | DIRECT, 1)],
    ids=["equal gains", "kin", "direct", "accumulated", "both"],
)
@pytest.mark.validate
def test_extrapolating_in_the_right_power_gives_the_limit(changes, power):
    world = on(LOLLIPOP, **changes)
    found = extrapolated(world, seed=3, relative_error=0.01)
    assert found.power == power
    assert len(found.points) == len(found.intensities) == len(EXTRAPOLATED)
    assert found.fit.freedom == 1 and found.fit.probability > 0.001
    assert close(found, expectation(world).value)


def test_the_power_is_read_from_matrix_payoffs_and_structure():
    torus = named("network")
    assert power_of_intensity(torus) == power_of_intensity(replace(torus, {"payoff": "accumulated"})) == 2
    assert power_of_intensity(replace(torus, KIN)) == 2
    assert power_of_intensity(replace(torus, DIRECT)) == 1
    assert power_of_intensity(torus, criterion="AD") == 1
    assert power_of_intensity(on(LOLLIPOP, payoff="accumulated")) == 1
    assert power_of_intensity(named("group")) == 1


def test_a_short_extrapolation_finds_the_limit_of_direct_reciprocity_on_a_graph():
    world = on(LOLLIPOP, **DIRECT)
    found = extrapolated(world, seed=4, relative_error=0.02)
    assert found.power == 1 and found.fit.freedom == 1
    assert close(found, expectation(world).value)
    largest = 2 * (found.value + 1)  # an upper bound of the largest payoff at w = 0.5
    assert max(found.intensities) * (found.value - 1) * 2 <= 0.17 < 0.15 * largest


def test_a_line_through_exact_points_is_that_line():
    x = np.array([0.15, 0.1, 0.05])
    value, error, fit = to_zero(x, 2.0 + 3 * x, np.array([0.01, 0.01, 0.01]))
    assert value == pytest.approx(2.0) and fit.value == pytest.approx(0, abs=1e-12) and fit.probability > 0.999
    assert error == pytest.approx(0.01 * math.sqrt(1 / 3 + 0.01 / 0.005))
    assert to_zero(x, np.array([2.0, 2.3, 2.0]), np.array([0.01] * 3))[2].probability < 1e-6


@pytest.mark.parametrize("degree", [1, 2])
def test_the_root_of_a_curve_and_its_error_are_those_of_many_noisy_curves(degree):
    random = np.random.default_rng(5)
    x, error = np.array([3.2, 3.72, 4.28, 4.8]), np.array([0.03, 0.015, 0.015, 0.03])
    truth = 0.4 * (x - 4.1) - 0.1 * (degree - 1) * (x - 4.1) ** 2
    weight = np.array([0.4, 1.6, 1.6, 0.4])
    found = [curve(x, truth + error * random.standard_normal(4), error, degree, weight) for _ in range(4000)]
    roots_found = np.array([one.root for one in found])
    assert roots_found.mean() == pytest.approx(4.1, abs=0.005)
    assert np.mean([one.error for one in found]) == pytest.approx(roots_found.std(), rel=0.06)


def test_the_same_seed_gives_the_same_crossing_and_another_seed_another():
    world = replace(named("direct"), {"size": 10})
    first, again, other = (crossing(world, seed=seed, relative_error=0.05) for seed in (6, 6, 7))
    assert first == again and first.value != other.value


def test_work_on_a_crossing_is_bounded_in_events():
    world = replace(named("direct"), {"size": 20})
    sharp = crossing(world, seed=8, relative_error=0.004)
    bounded = crossing(world, seed=8, relative_error=0.004, most_events=sharp.runs * 10)
    assert bounded.runs < 0.7 * sharp.runs
    assert bounded.error > sharp.error


# ----------------------------------------------------------------------------- one call for everything


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect", "network", "group"])
def test_theory_answers_for_every_rule_through_one_call(rule):
    found = coop_abm.critical_ratio(rule)
    assert found[:4] == (found.value, found.value, found.value, "threshold")
    assert (found.error, found.method, found.replicates) == (0.0, "exact", 0) and found.reason


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect", "network"])
def test_neutral_drift_answers_for_rules_in_mixed_populations_and_on_graphs(rule):
    found = coop_abm.critical_ratio(rule, method="drift", precision=0.02, rng=1)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert abs(found.value - coop_abm.critical_ratio(rule).value) <= 4 * found.error + 1e-9
    assert "sigma" in found.reason and found.replicates > 0


@pytest.mark.parametrize("method", ["crossing", "one_over_n", "drift", "extrapolated"])
def test_a_precision_is_asked_for_in_one_way(method):
    small = nx.complete_bipartite_graph(2, 2)
    small.add_edge(0, 4)
    found = coop_abm.critical_ratio(small, update="death_birth", method=method, precision=0.05, rng=2)
    assert found.method == method and found.kind == "threshold"
    assert 0 < found.error < 0.07 * found.value
    assert coop_abm.critical_ratio(small, method=method, precision=0.05, rng=2) == found


@pytest.mark.parametrize(
    "changes",
    [{}, KIN | DIRECT, {"update": "imitation"}, {"payoff": "accumulated"} | DIRECT, {"update": "pairwise_comparison"}],
    ids=["none", "kin and direct", "imitation", "accumulated direct", "pairwise"],
)
def test_walks_answer_for_composed_rules_on_a_graph(changes):
    world = on(nx.barabasi_albert_graph(40, 2, seed=3), **changes)
    found, exact = coop_abm.critical_ratio(world, method="walks", precision=0.02, rng=4), expectation(world).value
    assert abs(found.value - exact) <= 4 * found.error and found.error < 0.05 * abs(exact)
    assert found.low < found.value < found.high and found.replicates > 0


@pytest.mark.parametrize("world", ["kin", "group", "families", on(LOLLIPOP, update="birth_death")])
def test_worlds_without_walks_are_refused_in_one_line(world):
    with pytest.raises(TheoryError, match="walks: need a graph"):
        coop_abm.critical_ratio(world, method="walks", rng=5)


def test_groups_that_split_have_no_drift_form_and_say_so():
    with pytest.raises(TheoryError, match="groups split"):
        coop_abm.critical_ratio("group", method="drift", rng=3)


@pytest.mark.parametrize("wrong", [{"method": "guess"}, {"precision": 0}, {"precision": 2.0}, {"rng": -1}])
def test_what_cannot_be_asked_is_refused(wrong):
    with pytest.raises(InputError):
        coop_abm.critical_ratio("kin", **{"method": "drift"} | wrong)


@pytest.mark.validate
@pytest.mark.parametrize("criterion", ["RD", "AD"])
def test_drift_and_extrapolated_crossing_agree_on_both_criteria(criterion):
    world = on(LOLLIPOP, **DIRECT)
    weak = extrapolated(world, seed=9, criterion=criterion, relative_error=0.02)
    drift = neutral_drift(world, seed=9, criterion=criterion, relative_error=0.005)
    assert abs(weak.value - drift.value) <= 3.5 * math.hypot(weak.error, drift.error)
