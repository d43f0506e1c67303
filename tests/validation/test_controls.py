"""Negative controls: what must not happen, and planted errors that must be seen."""

import networkx as nx
import pytest

from coop_abm.core.errors import InputError
from coop_abm.engine.crossing import NoCrossing, crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named


def defectors_win(world, *, heads=1, runs=40_000, seed=20):
    cooperators = fixation(world, invader=0, heads=heads, runs=runs, seed=seed)
    defectors = fixation(world, invader=1, heads=heads, runs=runs, seed=seed)
    return cooperators.probability < defectors.probability - 4 * (cooperators.error**2 + defectors.error**2) ** 0.5


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect", "network", "group"])
def test_switching_its_rule_off_makes_defectors_win_at_twenty(rule):
    world = replace(named(rule), {f"{rule}.enabled": False, "game.benefit": 20.0, "update.intensity": 0.01})
    assert expectation(world).kind == "spite"
    assert defectors_win(world)


@pytest.mark.parametrize("update", ["birth_death", "death_birth", "imitation", "pairwise_comparison"])
def test_with_every_rule_off_defectors_win_at_twenty_under_every_update(update):
    assert defectors_win(replace(named("well_mixed"), {"update": update}))


def test_birth_death_updating_on_a_graph_does_not_help():
    world = replace(named("network"), {"update": "birth_death", "game.benefit": 20.0, "update.intensity": 0.005})
    assert defectors_win(replace(world, {"size": 36}), runs=20_000)


def test_a_search_without_a_crossing_says_so():
    with pytest.raises(NoCrossing, match="no crossing up to b/c"):
        crossing(named("well_mixed"), largest=30)


def test_neutral_mutants_fix_once_in_n():
    found = fixation(replace(named("network"), {"size": 36, "update.intensity": 0.0}), runs=100_000, seed=21)
    assert abs(found.counted - 1 / 36) < 4 * (found.counted / found.runs) ** 0.5
    assert found.probability == pytest.approx(1 / 36, abs=1e-12)  # followed: nothing but luck, and luck is left out


def test_the_same_graph_with_the_victim_among_its_competitors_is_another_rule():
    """A planted error: imitation in the place of death-birth moves the crossing from 4.26 to 6.56."""
    wrong = replace(named("network"), {"update": "imitation"})
    measured = crossing(wrong, seed=22, relative_error=0.01)
    assert abs(measured.value - 4.260870) > 20 * measured.error


def test_counting_payoffs_instead_of_averaging_them_moves_an_irregular_graph():
    """A planted error: accumulated payoffs on two stars favour cooperation from 1.6, averaged from 2.7."""
    stars = nx.disjoint_union(nx.star_graph(10), nx.star_graph(10))
    stars.add_edge(0, 11)
    averaged = on_graph(named("network"), stars)
    accumulated = replace(averaged, {"payoff": "accumulated"})
    assert expectation(averaged).value == pytest.approx(2.674976, abs=1e-6)
    assert expectation(accumulated).value == pytest.approx(1.617647, abs=1e-6)


@pytest.mark.parametrize("wrong", [{"invader": 2}, {"heads": 0}, {"heads": 50}, {"runs": 1}])
def test_fixation_that_cannot_be_measured_is_refused(wrong):
    with pytest.raises(InputError):
        fixation(named("kin"), **wrong)


def test_groups_that_stay_apart_for_ever_are_refused():
    with pytest.raises(InputError, match=r"group\.split must be above 0"):
        fixation(replace(named("group"), {"group.split": 0.0}))
