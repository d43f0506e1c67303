"""The exact rows of the acceptance table: solver, chain and closed forms, no simulation.

Row numbers are those of the project's theory targets; the simulated rows are validated beside this file.
"""

import networkx as nx
import numpy as np
import pytest

from coop_abm.theory import automata, chain, coalescence, fixation, groups, thresholds, transforms

AXELROD = [[3, 0], [5, 1]]


def donation(benefit):
    return transforms.donation(benefit, 1)


def adjacency(graph):
    return nx.to_numpy_array(graph, weight=None)


def test_P3_petersen_slope_and_crossing_by_enumeration():
    petersen = adjacency(nx.petersen_graph())
    rho = [
        chain.graph_fixation(petersen, donation(5), update="death_birth", intensity=s).cooperators
        for s in (1e-3, -1e-3)
    ]
    assert (rho[0] - rho[1]) / 2e-3 == pytest.approx(-0.066667, abs=1e-5)
    assert coalescence.fixation_slope(petersen, 5, 1) == pytest.approx(-0.066667, abs=1e-6)
    assert chain.critical(petersen, donation, update="death_birth", intensity=1e-3) == pytest.approx(6, abs=1e-5)
    assert chain.critical(petersen, donation, update="death_birth", intensity=0.1) == pytest.approx(
        6 * (1 - 0.00055), abs=2e-4
    )


def test_P5_a_star_never_supports_cooperation():
    t1, t2, t3 = coalescence.walk_moments(adjacency(nx.star_graph(10)))
    assert abs(t3 - t1) < 1e-9
    assert t2 > 1
    assert coalescence.kind_of(coalescence.critical_ratio(adjacency(nx.star_graph(10)))) == "never"


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (nx.complete_graph(10), -9),
        (nx.icosahedral_graph(), 25),
        (nx.frucht_graph(), 5),
        (nx.barbell_graph(5, 0), 24.813340),
    ],
)
def test_P6_exact_critical_ratios_of_four_graphs(graph, expected):
    assert coalescence.critical_ratio(adjacency(graph)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("benefit", [3, 10])
def test_P8_birth_death_never_favours_cooperation_on_a_cycle(benefit):
    cycle = adjacency(nx.cycle_graph(10))
    pair = chain.graph_fixation(cycle, donation(benefit), update="birth_death", intensity=0.01)
    assert pair.cooperators < 0.1 < pair.defectors
    assert chain.critical(cycle, donation, update="birth_death", intensity=1e-3) == pytest.approx(-9, rel=1e-3)


def tit_for_tat(benefit):
    return transforms.repeat(donation(benefit), 0.9)


def test_P10_direct_reciprocity_is_risk_dominant_above_its_finite_threshold():
    assert thresholds.direct(0.9, 50) == pytest.approx(1.232558, abs=1e-6)
    for beta in (0.01, 0.1, 1.0):
        assert fixation.critical(tit_for_tat, 50, beta) == pytest.approx(1.232558, abs=1e-6)


def test_P11_direct_reciprocity_is_advantageous_above_its_finite_threshold():
    assert fixation.critical(tit_for_tat, 50, 0.01, "AD") == pytest.approx(1.35627, abs=1e-5)
    assert thresholds.direct(0.9, 50, "AD") == pytest.approx(1.349650, abs=1e-6)


def test_P12_indirect_reciprocity_has_its_finite_thresholds():
    assert thresholds.indirect(0.5, 50) == pytest.approx(3.173913, abs=1e-6)
    assert thresholds.indirect(0.5, 50, "AD") == pytest.approx(4.333333, abs=1e-6)
    assert fixation.critical(lambda b: transforms.recognise(donation(b), 0.5), 50, 0.1) == pytest.approx(
        3.173913, abs=1e-6
    )


def test_P13_kin_by_meeting_is_exact_at_every_intensity_and_for_both_criteria():
    assert thresholds.kin_meeting(0.5, 50) == pytest.approx(2.041667, abs=1e-6)
    for beta in (0.01, 0.5):
        for criterion in ("RD", "AD"):
            star = fixation.critical(lambda b: transforms.assort(donation(b), 0.5), 50, beta, criterion)
            assert star == pytest.approx(2.041667, abs=1e-6)


def test_P16_fixation_of_group_selection_at_finite_splitting():
    pair = groups.GroupChain(3, 4, 0.01).fixation(donation(3), 0.1)
    assert pair == pytest.approx((0.084991, 0.074908), abs=6e-7)


@pytest.mark.slow
def test_P17_four_groups_of_four_at_weak_and_stronger_selection():
    four = groups.GroupChain(4, 4, 0.01)
    assert four.critical(donation, 1e-3) == pytest.approx(2.80038, abs=1e-4)
    assert four.critical(donation, 0.4) == pytest.approx(2.78943, abs=1e-4)
    assert four.fixation(donation(3), 0.1) == pytest.approx((0.060929, 0.058393), abs=6e-7)


def test_P21_zero_determinant_strategies_enforce_their_line_against_anyone():
    dice = np.random.default_rng(21)
    for q in dice.random((10, 4)):
        chi3 = automata.stationary_payoffs([11 / 13, 1 / 2, 7 / 26, 0], q, AXELROD)
        assert (chi3.own - 1) / (chi3.other - 1) == pytest.approx(3, abs=1e-9)
        extort2 = automata.stationary_payoffs([8 / 9, 1 / 2, 1 / 3, 0], q, AXELROD)
        assert (extort2.own - 1) / (extort2.other - 1) == pytest.approx(2, abs=1e-9)
        generous2 = automata.stationary_payoffs([1, 1 / 8, 1, 1 / 4], q, AXELROD)
        assert (3 - generous2.own) / (3 - generous2.other) == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize(
    ("strategy", "error", "expected"),
    [
        ([1, 0, 1, 0], 0.01, 2.25),
        ([1, 0, 1, 0], 1e-4, 2.25),
        ([1, 1 / 3, 1, 1 / 3], 0.01, 2.970322),
        ([1, 1 / 3, 1, 1 / 3], 0.001, 2.997003),
        ([1, 0, 0, 1], 0.01, 2.951092),
        ([1, 0, 0, 1], 0.001, 2.995011),
    ],
)
def test_P22_memory_one_strategies_earn_this_with_themselves_under_errors(strategy, error, expected):
    assert automata.stationary_payoffs(strategy, strategy, AXELROD, error).own == pytest.approx(expected, abs=1e-6)


def test_P22_win_stay_lose_shift_is_exploited_every_second_turn():
    assert automata.stationary_payoffs([0] * 4, [1, 0, 0, 1], AXELROD, 0.01) == pytest.approx((2.985, 0.535), abs=1e-6)


def test_P24_large_populations_have_nowaks_thresholds():
    many = 100_000
    for finite, limit in [
        (thresholds.kin_value(0.5, many), 2),
        (thresholds.kin_meeting(0.25, many), 4),
        (thresholds.direct(0.9, many), 1.1 / 0.9),
        (thresholds.direct(0.5, many, "AD"), 4),
        (thresholds.indirect(0.5, many), 3),
        (thresholds.indirect(0.9, many, "AD"), 1.2 / 0.9),
        (thresholds.direct(0.5, many, "ESS"), 2),
        (thresholds.death_birth(4, many), 4),
        (thresholds.imitation(4, many), 6),
        (thresholds.group_rare_splitting(10, many), thresholds.group(10, many)),
    ]:
        assert finite == pytest.approx(limit, rel=2e-4)
