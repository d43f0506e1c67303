"""Theory answers for the world that was declared, or says why it is silent."""

from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
from scipy.sparse import csr_array

from coop_abm import lab
from coop_abm.core.errors import TheoryError
from coop_abm.games import PrisonersDilemma
from coop_abm.scenario import Players, Scenario
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.strategies import AllC, AllD, GenerousTitForTat, Reciprocator, TitForTat
from coop_abm.theory.coalescence import critical_ratio

THIRDS = tuple(Players(share=1 / 3, strategy=strategy) for strategy in (AllC(), AllD(), TitForTat()))
LOLLIPOP = networkx.lollipop_graph(6, 6)


def pair(first, second):
    return (Players(share=0.5, strategy=first), Players(share=0.5, strategy=second))


SILENT = {
    "the round clock": (named("all_five"), "on the round clock a round has its own encounters"),
    "three strategies": (Scenario(clock="event", players=THIRDS), "a critical ratio is for two strategies"),
    "a game without a ratio": (
        Scenario(clock="event", game=PrisonersDilemma()), "the game prisoners_dilemma has no benefit and cost",
    ),
    "defectors first": (
        Scenario(clock="event", players=pair(AllD(), Reciprocator())), "the first strategy must help strangers",
    ),
    "two helpers": (Scenario(clock="event", players=pair(AllC(), TitForTat())), "the second must not"),
    "help for nothing": (replace(named("kin"), {"game.cost": 0.0}), "game.cost is 0"),
    "a strategy that reads the game": (
        replace(named("direct"), {"players": [Players(share=0.5, strategy=GenerousTitForTat()).model_dump(),
                                              Players(share=0.5, strategy=AllD()).model_dump()]}),
        "payoffs are not linear in the benefit",
    ),
    "groups on a network": (
        replace(named("network"), {"group.enabled": True, "group.size": 20, "group.split": 0.1}),
        "this process is ours, no theory is known",
    ),
    "birth-death on a large irregular graph": (
        replace(on_graph(named("network"), LOLLIPOP), {"update": "birth_death"}), "no formula is known",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SILENT)
def test_where_theory_is_silent_it_gives_a_reason_and_no_number(case):
    world, reason = SILENT[case]
    found = expectation(world)
    assert math.isnan(found.value) and (found.kind, found.status) == ("silent", "silent")
    assert reason in found.reason and found.references == ()


@pytest.mark.parametrize("case", SILENT)
def test_where_theory_is_silent_the_verdict_says_so(case):
    world, reason = SILENT[case]
    said = verdict(world, expectation(world))
    assert said.startswith("Theory is silent: ") and reason in said


@pytest.mark.parametrize("case", SILENT)
def test_where_theory_is_silent_no_critical_ratio_is_invented(case):
    with pytest.raises(TheoryError, match="theory is silent"):
        lab.critical_ratio(SILENT[case][0])


@pytest.mark.parametrize("name", NAMED)
def test_what_theory_says_rests_on_references_or_is_silent(name):
    found = expectation(named(name))
    assert bool(found.references) == (found.kind != "silent")


@pytest.mark.parametrize(("benefit", "word"), [(2.0, "not favoured"), (2.1, "favoured")])
def test_the_verdict_turns_at_the_critical_ratio(benefit, word):
    world = replace(named("kin"), {"game.benefit": benefit})
    assert f"theory says cooperation is {word} (" in verdict(world, expectation(world))


def test_a_star_has_an_infinite_ratio_and_says_never():
    found = expectation(on_graph(named("network"), networkx.star_graph(9)))
    assert found.value == math.inf and found.kind == "never"


def test_the_complete_graph_has_a_negative_ratio_and_says_spite():
    found = lab.critical_ratio(networkx.complete_graph(10))
    assert (found.value, found.low, found.high, found.kind) == pytest.approx((-9.0, -9.0, -9.0, "spite"))


def test_a_ratio_does_not_depend_on_how_nodes_are_numbered():
    order = np.random.default_rng(3).permutation(12).tolist()
    renamed = networkx.relabel_nodes(LOLLIPOP, dict(enumerate(order)))
    assert lab.critical_ratio(renamed).value == pytest.approx(lab.critical_ratio(LOLLIPOP).value, rel=1e-9)


def test_a_ratio_does_not_depend_on_the_unit_of_weights():
    heavy = networkx.Graph((a, b, {"weight": 7.0}) for a, b in LOLLIPOP.edges)
    assert lab.critical_ratio(heavy).value == pytest.approx(lab.critical_ratio(LOLLIPOP).value, rel=1e-9)


def test_a_ratio_does_not_depend_on_the_unit_of_payoffs():
    scaled = replace(named("kin"), {"game.benefit": 30.0, "game.cost": 10.0})
    assert expectation(scaled).value == pytest.approx(expectation(named("kin")).value, rel=1e-9)


def test_several_rules_at_once_have_no_textbook_limit():
    both = replace(named("kin"), {"direct.enabled": True, "direct.continuation": 0.5})
    assert math.isnan(expectation(both).limit)


def test_several_rules_at_once_need_less_benefit_than_each_alone():
    both = replace(named("kin"), {"direct.enabled": True, "direct.continuation": 0.5})
    alone = [replace(both, {off: False}) for off in ("kin.enabled", "direct.enabled")]
    assert expectation(both).value < min(expectation(world).value for world in alone)


def test_theory_is_silent_about_groups_that_never_split():
    world = replace(named("group"), {"group.split": 0.0})
    assert expectation(world).kind == "silent"
    assert "group.split is 0" in expectation(world).reason


def test_a_large_negative_ratio_is_no_near_miss():
    world = replace(named("kin"), {"kin.relatedness": 0.02})
    assert expectation(world).value < -1000
    assert "negative, so no benefit is large enough" in verdict(world, expectation(world))


@pytest.mark.parametrize("update", ["death_birth", "imitation"])
def test_the_closed_form_of_a_large_torus_is_what_walks_on_it_say(update):
    large = replace(named("network"), {"size": 529, "update": update})
    answers = large.answers()
    weights = csr_array((np.ones(len(answers.indices)), answers.indices, answers.indptr), shape=(529, 529))
    assert expectation(large).reason == "closed form for regular graphs"
    assert expectation(large).value == pytest.approx(critical_ratio(weights, update=update), rel=1e-8)
