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
from tests.validation.measuring import agrees, within


def test_P13_meeting_copies_of_oneself_helps_above_the_assortment_ratio():
    world = replace(named("kin"), {"kin.channel": "meeting"})
    assert expectation(world).value == pytest.approx(2.041667, abs=1e-6)
    assert agrees(crossing(world, seed=13, relative_error=0.006), 2.041667)


def test_feeling_half_of_the_partners_payoff_helps_above_the_exact_ratio():
    assert agrees(crossing(named("kin"), seed=14, relative_error=0.006), 2.063830)


def test_rho_itself_is_what_the_product_formula_says():
    world = replace(named("kin"), {"game.benefit": 2.5})
    answers = world.answers()
    expected = exact.probability(world.matrix(answers), world.size, world.update.intensity)
    for invader, rho in enumerate(expected):
        found = fixation(world, invader=invader, runs=60_000, seed=15)
        assert within(found.probability, found.error, rho), invader


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
    """Mates' mean genotype regressed on own, under neutral drift: pooled covariances, ratio of sums."""
    together = alone = 0.0
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
            alone += (apart * apart).sum()
            together += ((by_family.sum(axis=1) ** 2).sum() - (apart * apart).sum()) / (world.kin.family - 1)
    return together / alone


def test_P14_help_among_the_offspring_of_two_founders_pays_above_one_over_relatedness():
    world = families(**FOUNDERS)
    assert expectation(world).value == pytest.approx(2.012658, abs=1e-6)
    assert agrees(neutral_drift(world, seed=14, relative_error=0.006), 2.012658)
    relatedness = measured_relatedness(world, 600, seed=14)
    assert relatedness == pytest.approx(0.49686, rel=0.02)
    assert relatedness * expectation(world).value == pytest.approx(1, rel=0.02)


def test_P14_the_crossing_of_fixation_probabilities_is_there_as_well():
    small = families(**FOUNDERS | {"size": 80, "update.intensity": 0.05})
    assert expectation(small).value == pytest.approx((1 - 2.5 / 80) / (0.5 - 2.5 / 80), abs=1e-9)
    assert agrees(crossing(small, seed=15, relative_error=0.008), expectation(small).value)


def test_P15_help_among_full_sibs_pays_above_two():
    assert expectation(families()).value == pytest.approx(2.00629, abs=1e-5)
    assert agrees(neutral_drift(families(), seed=15, relative_error=0.006), 2.00629)
    assert measured_relatedness(families(), 300, seed=15) == pytest.approx(1 / 2.00629, rel=0.02)


@pytest.mark.parametrize(("pedigree", "expected"), [("half_sibs", 4.026482), ("cousins", 8.097592)])
def test_more_distant_relatives_ask_for_more(pedigree, expected):
    world = families(**{"kin.pedigree": pedigree})
    assert expectation(world).value == pytest.approx(expected, abs=1e-5)
    assert agrees(neutral_drift(world, seed=16, relative_error=0.008), expected)


def test_families_and_direct_reciprocity_multiply():
    """The family has its own sigma, and the law of composition takes it from there."""
    world = families(**FOUNDERS | {"size": 80, "direct.enabled": True, "direct.continuation": 0.5})
    ratio = (1 - 2.5 / 80) / (0.5 - 2.5 / 80)
    K = (ratio + 1) / (ratio - 1) / (1 - 0.5)
    assert expectation(world).value == pytest.approx((K + 1) / (K - 1), abs=1e-9)
    weak = replace(world, {"update.intensity": 0.02})
    assert agrees(crossing(weak, seed=17, relative_error=0.008), expectation(world).value)


def test_offspring_that_go_anywhere_make_a_graph_useless():
    """Wright-Fisher with global competition: relatives meet no more often than anybody else."""
    world = replace(named("network"), {"size": 36, "update": "wright_fisher", "update.intensity": 0.02,
                                       "game.benefit": 20.0})  # fmt: skip
    assert expectation(world).value == pytest.approx(-35, abs=1e-9)
    rivals = [fixation(world, invader=i, heads=18, runs=4000, seed=18) for i in (0, 1)]
    assert rivals[0].probability < rivals[1].probability - 3 * (rivals[0].error + rivals[1].error)
