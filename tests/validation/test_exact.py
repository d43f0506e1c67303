"""The exact rows of the acceptance table: solver, chain and closed forms, no simulation.

Row numbers are those of the project's theory targets; the simulated rows are validated beside this file.
"""

import networkx as nx
import numpy as np
import pytest

from coop_abm.theory import automata, chain, coalescence, fixation, groups, thresholds, transforms
from tests.validation.rows import exact

AXELROD = [[3, 0], [5, 1]]
FORMULA = "closed form"


def donation(benefit):
    return transforms.donation(benefit, 1)


def adjacency(graph):
    return nx.to_numpy_array(graph, weight=None)


def test_P3_petersen_slope_and_crossing_by_enumeration(holds):
    petersen = adjacency(nx.petersen_graph())
    rho = [
        chain.graph_fixation(petersen, donation(5), update="death_birth", intensity=s).cooperators
        for s in (1e-3, -1e-3)
    ]
    words = {"source": "Allen2017", "claim": "death-birth on the Petersen graph, all 2^10 states"}
    slope = {"n": "1,024 states", "reason": "error of the central difference, intensity squared"}
    holds(exact((rho[0] - rho[1]) / 2e-3, -1 / 15, 1e-5, statistic="d rho_C / d intensity at b/c = 5", **slope),
          id="P3.slope", **words)  # fmt: skip
    assert coalescence.fixation_slope(petersen, 5, 1) == pytest.approx(-1 / 15, abs=1e-6)
    found = chain.critical(petersen, donation, update="death_birth", intensity=1e-3)
    holds(exact(found, 6, 1e-5, statistic="root of rho_C - rho_D at intensity 0.001", n="1,024 states",
                reason="error of the finite intensity"), id="P3.chain", **words)  # fmt: skip
    at_a_tenth = chain.critical(petersen, donation, update="death_birth", intensity=0.1)
    assert at_a_tenth == pytest.approx(6 * (1 - 0.00055), abs=2e-4)


def test_P5_a_star_never_supports_cooperation(holds):
    t1, t2, t3 = coalescence.walk_moments(adjacency(nx.star_graph(10)))
    holds(
        exact(t3 - t1, 0, 1e-9, statistic="t3 - t1 of coalescing random walks", n="11 nodes"), id="P5.exact",
        claim="death-birth on a star of ten leaves: no benefit is large enough", source="Allen2017",
    )  # fmt: skip
    assert t2 > 1
    assert coalescence.kind_of(coalescence.critical_ratio(adjacency(nx.star_graph(10)))) == "never"


@pytest.mark.parametrize(
    ("name", "graph", "expected"),
    [
        ("complete", nx.complete_graph(10), -9),
        ("icosahedral", nx.icosahedral_graph(), 25),
        ("frucht", nx.frucht_graph(), 5),
        ("barbell", nx.barbell_graph(5, 0), 24.813340),
    ],
)
def test_P6_exact_critical_ratios_of_four_graphs(name, graph, expected, holds):
    holds(
        exact(coalescence.critical_ratio(adjacency(graph)), expected, 1e-6, n=f"{len(graph)} nodes",
              statistic="coalescing random walks, t2/(t3 - t1)"),
        id=f"P6.{name}.solver", claim=f"death-birth, {name} graph", source="Allen2017, Chen2013",
    )  # fmt: skip


@pytest.mark.parametrize("benefit", [3, 10])
def test_P8_birth_death_never_favours_cooperation_on_a_cycle(benefit):
    cycle = adjacency(nx.cycle_graph(10))
    pair = chain.graph_fixation(cycle, donation(benefit), update="birth_death", intensity=0.01)
    assert pair.cooperators < 0.1 < pair.defectors
    assert chain.critical(cycle, donation, update="birth_death", intensity=1e-3) == pytest.approx(-9, rel=1e-3)


def tit_for_tat(benefit):
    return transforms.repeat(donation(benefit), 0.9)


def test_P10_direct_reciprocity_is_risk_dominant_above_its_finite_threshold(holds):
    words = {"source": "Nowak2006, NowakSasakiTaylorFudenberg2004", "claim": "tit-for-tat, w = 0.9, N = 50: RD"}
    holds(exact(thresholds.direct(0.9, 50), 1.232558, 1e-6, statistic=FORMULA, n="50 individuals"),
          id="P10.formula", **words)  # fmt: skip
    for beta in (0.01, 0.1, 1.0):
        found = fixation.critical(tit_for_tat, 50, beta)
        holds(exact(found, 1.232558, 1e-6, statistic=f"root of rho_C - rho_D, intensity {beta:g}", n="50 individuals"),
              id=f"P10.beta{beta:g}", **words)  # fmt: skip


def test_P11_direct_reciprocity_is_advantageous_above_its_finite_threshold(holds):
    words = {"source": "NowakSasakiTaylorFudenberg2004", "claim": "tit-for-tat, w = 0.9, N = 50: AD"}
    found = fixation.critical(tit_for_tat, 50, 0.01, "AD")
    holds(exact(found, 1.35627, 1e-5, statistic="root of rho_C - 1/N, intensity 0.01", n="50 individuals"),
          id="P11.finite", **words)  # fmt: skip
    holds(exact(thresholds.direct(0.9, 50, "AD"), 1.349650, 1e-6, statistic=FORMULA, n="50 individuals"),
          id="P11.weak", **words)  # fmt: skip


def test_P12_indirect_reciprocity_has_its_finite_thresholds(holds):
    words = {"source": "Nowak2006, NowakSasakiTaylorFudenberg2004"}
    for criterion, expected in (("RD", 3.173913), ("AD", 4.333333)):
        holds(exact(thresholds.indirect(0.5, 50, criterion), expected, 1e-6, statistic=FORMULA, n="50 individuals"),
              id=f"P12.{criterion}", claim=f"discriminators, q = 0.5, N = 50: {criterion}", **words)  # fmt: skip
    assert fixation.critical(lambda b: transforms.recognise(donation(b), 0.5), 50, 0.1) == pytest.approx(
        3.173913, abs=1e-6
    )


def test_P13_kin_by_meeting_is_exact_at_every_intensity_and_for_both_criteria(holds):
    assert thresholds.kin_meeting(0.5, 50) == pytest.approx(2.041667, abs=1e-6)
    for beta in (0.01, 0.5):
        for criterion in ("RD", "AD"):
            star = fixation.critical(lambda b: transforms.assort(donation(b), 0.5), 50, beta, criterion)
            holds(
                exact(star, 2.041667, 1e-6, statistic=f"exact root, intensity {beta:g}", n="50 individuals"),
                id=f"P13.{criterion}.beta{beta:g}", claim=f"assortment r = 0.5, N = 50: {criterion}",
                source="Hamilton1964, Nowak2006",
            )  # fmt: skip


def test_P16_fixation_of_group_selection_at_finite_splitting(holds):
    pair = groups.GroupChain(3, 4, 0.01).fixation(donation(3), 0.1)
    for strategy, found, expected in zip("CD", pair, (0.084991, 0.074908), strict=True):
        holds(exact(found, expected, 6e-7, statistic="chain of all compositions", n="4 groups of 3"),
              id=f"P16.chain.rho_{strategy}", claim="four groups of three, q = 0.01, intensity 0.1, b/c = 3",
              source="TraulsenNowak2006 (exact chain)")  # fmt: skip


@pytest.mark.slow
def test_P17_four_groups_of_four_at_weak_and_stronger_selection(holds):
    four = groups.GroupChain(4, 4, 0.01)
    for beta, expected in ((1e-3, 2.80038), (0.4, 2.78943)):
        holds(exact(four.critical(donation, beta), expected, 1e-4, statistic="root of rho_C - rho_D of the chain",
                    n="4 groups of 4"), id=f"P17.chain.beta{beta:g}", source="TraulsenNowak2006 (exact chain)",
              claim=f"four groups of four, q = 0.01, intensity {beta:g}")  # fmt: skip
    assert four.fixation(donation(3), 0.1) == pytest.approx((0.060929, 0.058393), abs=6e-7)


def test_P21_zero_determinant_strategies_enforce_their_line_against_anyone(holds):
    dice = np.random.default_rng(21)
    enforced = {
        "chi3": ("extortion, chi = 3", [11 / 13, 1 / 2, 7 / 26, 0], 3, lambda s: (s.own - 1) / (s.other - 1)),
        "extort2": ("Extort-2", [8 / 9, 1 / 2, 1 / 3, 0], 2, lambda s: (s.own - 1) / (s.other - 1)),
        "zdgtft2": ("ZDGTFT-2", [1, 1 / 8, 1, 1 / 4], 2, lambda s: (3 - s.own) / (3 - s.other)),
    }
    opponents = dice.random((10, 4))
    for name, (title, p, factor, line) in enforced.items():
        found = [line(automata.stationary_payoffs(p, q, AXELROD)) for q in opponents]
        worst = max(found, key=lambda value: abs(value - factor))
        holds(exact(worst, factor, 1e-9, statistic="slope of the enforced line, worst of ten random opponents",
                    n="10 opponents"), id=f"P21.{name}", claim=f"{title} enforces its line", seed=21,
              source="PressDyson2012, StewartPlotkin2012")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "strategy", "error", "expected"),
    [
        ("TFT", [1, 0, 1, 0], 0.01, 2.25),
        ("TFT", [1, 0, 1, 0], 1e-4, 2.25),
        ("GTFT", [1, 1 / 3, 1, 1 / 3], 0.01, 2.970322),
        ("GTFT", [1, 1 / 3, 1, 1 / 3], 0.001, 2.997003),
        ("WSLS", [1, 0, 0, 1], 0.01, 2.951092),
        ("WSLS", [1, 0, 0, 1], 0.001, 2.995011),
    ],
)
def test_P22_memory_one_strategies_earn_this_with_themselves_under_errors(name, strategy, error, expected, holds):
    holds(
        exact(automata.stationary_payoffs(strategy, strategy, AXELROD, error).own, expected, 1e-6,
              statistic="stationary payoff per turn", n="4 states"),
        id=f"P22.{name}.{error:g}", claim=f"{name} with itself, errors of {error:g}",
        source="NowakSigmund1992, NowakSigmund1993",
    )  # fmt: skip


def test_P22_win_stay_lose_shift_is_exploited_every_second_turn():
    assert automata.stationary_payoffs([0] * 4, [1, 0, 0, 1], AXELROD, 0.01) == pytest.approx((2.985, 0.535), abs=1e-6)


def test_P24_large_populations_have_nowaks_thresholds(holds):
    many = 100_000
    for name, finite, limit in [
        ("kin r = 0.5: 1/r", thresholds.kin_value(0.5, many), 2),
        ("kin by assortment r = 0.25: 1/r", thresholds.kin_meeting(0.25, many), 4),
        ("direct w = 0.9: (2 - w)/w", thresholds.direct(0.9, many), 1.1 / 0.9),
        ("direct w = 0.5, AD: (3 - 2w)/w", thresholds.direct(0.5, many, "AD"), 4),
        ("indirect q = 0.5: (2 - q)/q", thresholds.indirect(0.5, many), 3),
        ("indirect q = 0.9, AD: (3 - 2q)/q", thresholds.indirect(0.9, many, "AD"), 1.2 / 0.9),
        ("direct w = 0.5, ESS: 1/w", thresholds.direct(0.5, many, "ESS"), 2),
        ("network k = 4, death-birth: k", thresholds.death_birth(4, many), 4),
        ("network k = 4, imitation: k + 2", thresholds.imitation(4, many), 6),
        ("group n = 10: 1 + n/m", thresholds.group_rare_splitting(10, many), thresholds.group(10, many)),
    ]:
        words = name.split(":")[0].replace(",", "").split()
        holds(exact(finite, limit, 2e-4 * limit, statistic=FORMULA, n="100,000 individuals, or groups",
                    reason="0.02 % for the finite size"),
              id=f"P24.{'.'.join(w for w in words if w != '=')}", claim=f"large populations, {name}",
              source="Nowak2006, OhtsukiHauertLiebermanNowak2006, TraulsenNowak2006")  # fmt: skip
