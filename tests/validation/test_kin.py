"""Kin selection: Hamilton's rule in a population of finite size [Hamilton1964, Nowak2006]."""

import numpy as np
import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.engine.history import EventWorld
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import fixation as exact
from tests.validation.rows import defectors_win, estimate, probability, ratio


def test_P13_meeting_copies_of_oneself_helps_above_the_assortment_ratio(holds):
    world = replace(named("kin"), {"kin.channel": "meeting"})
    assert expectation(world).value == pytest.approx(2.041667, abs=1e-6)
    holds(
        ratio(crossing(world, seed=13, relative_error=0.006), 2.041667), id="P13.crossing", seed=13,
        claim="assortment r = 0.5, N = 50: RD", source="Hamilton1964, Nowak2006",
    )  # fmt: skip


def test_feeling_half_of_the_partners_payoff_helps_above_the_exact_ratio(holds):
    holds(
        ratio(crossing(named("kin"), seed=14, relative_error=0.006), 2.063830), id="kin.value", seed=14,
        claim="felt payoff r = 0.5, N = 50: RD", source="Nowak2006, TaylorNowak2007",
    )  # fmt: skip


def test_rho_itself_is_what_the_product_formula_says(holds):
    world = replace(named("kin"), {"game.benefit": 2.5})
    answers = world.answers()
    expected = exact.probability(world.matrix(answers), world.size, world.update.intensity)
    for invader, rho in enumerate(expected):
        holds(
            probability(fixation(world, invader=invader, runs=60_000, seed=15), rho),
            id=f"kin.rho_{'CD'[invader]}", claim="felt payoff r = 0.5, N = 50, b/c = 2.5, intensity 0.1", seed=15,
            source="NowakSasakiTaylorFudenberg2004",
        )  # fmt: skip


def test_relatedness_is_felt_in_each_encounter_and_not_once_a_round():
    """At r = 0.5 and b/c = 3 helping pays, which one felt payoff a round would not show."""
    world = replace(named("kin"), {"clock": "round", "size": 60, "game.benefit": 3.0, "update": "pairwise_comparison",
                                   "update.intensity": 0.5})  # fmt: skip
    from coop_abm import run

    final = run(world, steps=150, seed=16, replicates=40).frame["cooperators"].iloc[-1]
    without = run(world, steps=150, seed=16, replicates=40, kin__enabled=False).frame["cooperators"].iloc[-1]
    assert final > 0.8
    assert without < 0.2


def test_the_exact_ratio_converges_to_one_over_r():
    ratios = [expectation(replace(named("kin"), {"size": n})).value for n in (20, 200, 2000, 20000)]
    assert np.all(np.diff(ratios) < 0)
    assert ratios[-1] == pytest.approx(2, rel=2e-4)


# ------------------------------------------------------------------------------- families (theory.md K2, K3)


def families(**changes):
    return replace(named("families"), {"update.intensity": 0.02} | changes)


FOUNDERS = {"size": 400, "kin.pedigree": "founders", "kin.founders": 2}


def measured_relatedness(world, replicates, seed):
    """Mates' mean genotype regressed on own, under neutral drift; its standard error.

    Pooled covariances, a ratio of sums; the error by leaving out each population (jackknife).
    """
    together, alone = np.zeros(replicates), np.zeros(replicates)
    for k in range(replicates):
        running = EventWorld(replace(world, {"update.intensity": 0.0}), seed, replicate=k)
        for _ in range(3):
            running.step()
            now = running.snapshot()
            helping = now.helper[now.strategy][0].astype(float)
            if now.second.shape[1]:
                helping = 0.5 * (helping + now.helper[now.second][0])
            apart = helping - helping.mean()
            by_family = apart.reshape(-1, world.kin.family)
            alone[k] += (apart * apart).sum()
            together[k] += ((by_family.sum(axis=1) ** 2).sum() - (apart * apart).sum()) / (world.kin.family - 1)
    left_out = (together.sum() - together) / (alone.sum() - alone)
    spread = np.sqrt((replicates - 1) / replicates * ((left_out - left_out.mean()) ** 2).sum())
    return together.sum() / alone.sum(), spread


def hamilton(holds, name, claim, world, replicates, seed):
    """Three rows: the ratio, relatedness as a regression, and their product."""
    expected, words = expectation(world).value, {"seed": seed, "source": "Hamilton1964, Hamilton1970"}
    found = neutral_drift(world, seed=seed, relative_error=0.006)
    holds(ratio(found, expected, "drift"), id=f"{name}.drift", claim=claim, **words)
    r, spread = measured_relatedness(world, replicates, seed)
    regressed = {"n": f"{replicates} populations, 3 generations each", "reason": "2 % or 3 standard errors"}
    holds(
        estimate(r, spread, 1 / expected, at_least=0.02 / expected, **regressed,
                 statistic="regression of the mates' mean genotype on one's own, pooled covariances"),
        id=f"{name}.relatedness", claim=f"{claim}: relatedness", **words,
    )  # fmt: skip
    error = r * found.value * np.hypot(spread / r, found.error / found.value)
    holds(
        estimate(r * found.value, error, 1, at_least=0.02, statistic="relatedness x critical ratio, both measured",
                 null="r b = c at the threshold", **regressed),
        id=f"{name}.rule", claim=f"{claim}: Hamilton's rule, r b = c", **words,
    )  # fmt: skip


def test_P14_help_among_the_offspring_of_two_founders_pays_above_one_over_relatedness(holds):
    world = families(**FOUNDERS)
    assert expectation(world).value == pytest.approx(2.012658, abs=1e-6)
    hamilton(holds, "P14", "100 families of 4 with two haploid founders", world, 600, 14)


def test_P14_the_crossing_of_fixation_probabilities_is_there_as_well(holds):
    small = families(**FOUNDERS | {"size": 80, "update.intensity": 0.05})
    expected = (1 - 2.5 / 80) / (0.5 - 2.5 / 80)
    assert expectation(small).value == pytest.approx(expected, abs=1e-9)
    holds(
        ratio(crossing(small, seed=15, relative_error=0.008), expected), id="P14.crossing", seed=15,
        claim="20 families of 4 with two haploid founders", source="Hamilton1964, Hamilton1970",
    )  # fmt: skip


def test_P15_help_among_full_sibs_pays_above_two(holds):
    assert expectation(families()).value == pytest.approx(2.00629, abs=1e-5)
    hamilton(holds, "P15", "200 diploid families of 4 full sibs", families(), 300, 15)


@pytest.mark.parametrize(("pedigree", "expected"), [("half_sibs", 4.026482), ("cousins", 8.097592)])
def test_more_distant_relatives_ask_for_more(pedigree, expected, holds):
    world = families(**{"kin.pedigree": pedigree})
    assert expectation(world).value == pytest.approx(expected, abs=1e-5)
    holds(
        ratio(neutral_drift(world, seed=16, relative_error=0.008), expected, "drift"), id=f"kin.{pedigree}", seed=16,
        claim=f"200 diploid families of 4 {pedigree.replace('_', ' ')}", source="Hamilton1964, Hamilton1970",
    )  # fmt: skip


def test_families_and_direct_reciprocity_multiply(holds):
    """The family has its own sigma, and the law of composition takes it from there."""
    world = families(**FOUNDERS | {"size": 80, "direct.enabled": True, "direct.continuation": 0.5})
    relation = (1 - 2.5 / 80) / (0.5 - 2.5 / 80)
    K = (relation + 1) / (relation - 1) / (1 - 0.5)
    assert expectation(world).value == pytest.approx((K + 1) / (K - 1), abs=1e-9)
    weak = replace(world, {"update.intensity": 0.02})
    holds(
        ratio(crossing(weak, seed=17, relative_error=0.008), (K + 1) / (K - 1)), id="law.families", seed=17,
        claim="families and direct reciprocity multiply", source="TaylorNowak2007, Tarnita2009 (derived here)",
    )  # fmt: skip


def test_offspring_that_go_anywhere_make_a_graph_useless(holds):
    """Wright-Fisher with global competition: relatives meet no more often than anybody else."""
    world = replace(named("network"), {"size": 36, "update": "wright_fisher", "update.intensity": 0.02,
                                       "game.benefit": 20.0})  # fmt: skip
    assert expectation(world).value == pytest.approx(-35, abs=1e-9)
    rivals = [fixation(world, invader=i, heads=18, runs=4000, seed=18) for i in (0, 1)]
    holds(
        defectors_win(*rivals), id="control.wright_fisher", seed=18, source="Taylor1992",
        claim="6 x 6 torus, Wright-Fisher, offspring go anywhere, b/c = 20: defectors win",
    )  # fmt: skip
