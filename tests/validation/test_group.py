"""Group selection: the process of Traulsen and Nowak against its exact chain [TraulsenNowak2006]."""

import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from tests.validation.measuring import agrees, within


def test_P16_fixation_among_four_groups_of_three():
    world = replace(named("group"), {"update.intensity": 0.1, "game.benefit": 3.0})
    for invader, rho in enumerate((0.084991, 0.074908)):
        found = fixation(world, invader=invader, runs=150_000, seed=16)
        assert within(found.probability, found.error, rho), invader


def test_the_crossing_among_four_groups_of_three():
    world = named("group")
    assert expectation(world).value == pytest.approx(2.386343, abs=1e-6)
    assert agrees(crossing(world, seed=18, relative_error=0.008), 2.386343)


@pytest.mark.slow
def test_P17_the_crossing_among_four_groups_of_four():
    world = replace(named("group"), {"size": 16, "group.size": 4})
    assert expectation(world).value == pytest.approx(2.78943, abs=1e-5)
    assert agrees(crossing(world, seed=17, relative_error=0.009), 2.78943)


def test_fixation_depends_on_how_often_groups_split():
    often = replace(named("group"), {"group.split": 0.1})
    assert expectation(often).value < expectation(named("group")).value
    assert agrees(crossing(often, seed=19, relative_error=0.009), expectation(often).value)
