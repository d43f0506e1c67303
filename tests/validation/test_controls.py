"""Negative controls: what must not happen. (Errors are planted in ``test_plants.py``.)"""

import pytest

from coop_abm.core.errors import InputError
from coop_abm.engine.crossing import NoCrossing, crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from tests.validation.graphs import two_stars
from tests.validation.rows import defectors_win, exact, probability


def rivals(world, *, heads=1, runs=40_000, seed=20):
    return [fixation(world, invader=invader, heads=heads, runs=runs, seed=seed) for invader in (0, 1)]


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect", "network", "group"])
def test_switching_its_rule_off_makes_defectors_win_at_twenty(rule, holds):
    world = replace(named(rule), {f"{rule}.enabled": False, "game.benefit": 20.0, "update.intensity": 0.01})
    assert expectation(world).kind == "spite"
    holds(
        defectors_win(*rivals(world)), id=f"control.off.{rule}", claim=f"{rule} switched off, b/c = 20: defectors win",
        source="NowakSasakiTaylorFudenberg2004", seed=20,
    )  # fmt: skip


@pytest.mark.parametrize("update", ["birth_death", "death_birth", "imitation", "pairwise_comparison"])
def test_with_every_rule_off_defectors_win_at_twenty_under_every_update(update, holds):
    holds(
        defectors_win(*rivals(replace(named("well_mixed"), {"update": update}))), id=f"control.mixed.{update}", seed=20,
        claim=f"well-mixed, {update.replace('_', ' ')}, b/c = 20: defectors win",
        source="NowakSasakiTaylorFudenberg2004",
    )  # fmt: skip


def test_birth_death_updating_on_a_graph_does_not_help(holds):
    world = replace(named("network"), {"update": "birth_death", "game.benefit": 20.0, "update.intensity": 0.005})
    holds(
        defectors_win(*rivals(replace(world, {"size": 36}), runs=20_000)), id="control.birth_death", seed=20,
        claim="birth-death on a 6 x 6 torus, b/c = 20: defectors win", source="OhtsukiHauertLiebermanNowak2006",
    )  # fmt: skip


def test_a_search_without_a_crossing_says_so():
    with pytest.raises(NoCrossing, match="no crossing up to b/c"):
        crossing(named("well_mixed"), largest=30)


def test_neutral_mutants_fix_once_in_n(holds):
    found = fixation(replace(named("network"), {"size": 36, "update.intensity": 0.0}), runs=100_000, seed=21)
    holds(
        probability(found, 1 / 36, counted=True), id="control.neutral", claim="a neutral mutant takes over once in N",
        source="Moran1958", seed=21,
    )  # fmt: skip
    assert found.probability == pytest.approx(1 / 36, abs=1e-12)  # followed: nothing but luck, and luck is left out


def test_counting_payoffs_instead_of_averaging_them_moves_an_irregular_graph(holds):
    averaged = on_graph(named("network"), two_stars())
    for world, expected in ((averaged, 2.674976), (replace(averaged, {"payoff": "accumulated"}), 1.617647)):
        holds(
            exact(expectation(world).value, expected, 1e-6, statistic="coalescing random walks", n="22 nodes"),
            id=f"control.stars.{world.payoff}", claim=f"two stars of ten leaves, payoffs {world.payoff}",
            source="Allen2017 (accumulated payoffs derived here)",
        )  # fmt: skip


@pytest.mark.parametrize("wrong", [{"invader": 2}, {"heads": 0}, {"heads": 50}, {"runs": 1}])
def test_fixation_that_cannot_be_measured_is_refused(wrong):
    with pytest.raises(InputError):
        fixation(named("kin"), **wrong)


def test_groups_that_stay_apart_for_ever_are_refused():
    with pytest.raises(InputError, match=r"group\.split must be above 0"):
        fixation(replace(named("group"), {"group.split": 0.0}))
