"""Kin selection: Hamilton's rule in a population of finite size [Hamilton1964, Nowak2006]."""

import numpy as np
import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.fixation import fixation
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
