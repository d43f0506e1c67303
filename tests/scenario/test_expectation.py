"""Theory answers for the world that was declared, or says why it is silent."""

from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
from scipy.sparse import csr_array

from coop_abm import ratios
from coop_abm.core.errors import TheoryError
from coop_abm.games import PrisonersDilemma
from coop_abm.scenario import Players, Scenario
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.strategies import AllC, AllD, GenerousTitForTat, Reciprocator, TitForTat
from coop_abm.theory import chain, coalescence
from coop_abm.theory.coalescence import critical_ratio
from coop_abm.theory.transforms import donation

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
        ratios.critical_ratio(SILENT[case][0])


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
    found = ratios.critical_ratio(networkx.complete_graph(10))
    assert (found.value, found.low, found.high, found.kind) == pytest.approx((-9.0, -9.0, -9.0, "spite"))


def test_a_ratio_does_not_depend_on_how_nodes_are_numbered():
    order = np.random.default_rng(3).permutation(12).tolist()
    renamed = networkx.relabel_nodes(LOLLIPOP, dict(enumerate(order)))
    assert ratios.critical_ratio(renamed).value == pytest.approx(ratios.critical_ratio(LOLLIPOP).value, rel=1e-9)


def test_a_ratio_does_not_depend_on_the_unit_of_weights():
    heavy = networkx.Graph((a, b, {"weight": 7.0}) for a, b in LOLLIPOP.edges)
    assert ratios.critical_ratio(heavy).value == pytest.approx(ratios.critical_ratio(LOLLIPOP).value, rel=1e-9)


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


SMALL = networkx.lollipop_graph(4, 4)


def test_on_a_small_graph_the_shift_at_this_intensity_is_the_exact_one():
    world = replace(on_graph(named("network"), SMALL), {"update.intensity": 0.1})
    crossed = chain.critical(
        networkx.to_numpy_array(SMALL), lambda b: donation(b, 1), update="death_birth", intensity=0.1
    )
    found = expectation(world)
    assert found.limits[-1] == (
        f"at intensity 0.1 the exact crossing is {crossed:.6g}, {crossed / found.value - 1:+.2%} from weak selection"
    )
    assert f"At intensity 0.1 the exact crossing is {crossed:.6g}" in verdict(world, found)


def test_the_unit_of_payoffs_and_the_intensity_make_one_number():
    """The crossing at intensity 0.1 and cost 1 is that at intensity 0.05 and cost 2."""
    for name in ("group", "network"):
        world = named(name) if name == "group" else on_graph(named(name), SMALL)
        half = world.update.intensity / 2
        other = replace(world, {"game.cost": 2.0, "game.benefit": 6.0, "update.intensity": half})
        assert expectation(other).value == pytest.approx(expectation(world).value, rel=1e-9)
        shifts = [expectation(one).limits[-1].rsplit(" is ", 1)[1] for one in (world, other)]
        assert shifts[0] == shifts[1]


def test_in_a_mixed_population_nothing_moves_but_under_death_birth():
    exact = replace(named("direct"), {"update": "imitation"})
    assert expectation(exact).status == "exact"
    assert "holds at any intensity" in expectation(exact).limits[-1]
    moving = expectation(replace(named("direct"), {"update": "death_birth", "size": 10, "update.intensity": 0.5}))
    assert moving.status == "first order" and "the exact crossing is" in moving.limits[-1]


@pytest.mark.parametrize(
    ("changes", "order"),
    [
        ({}, "second"),
        ({"kin.enabled": True, "kin.relatedness": 0.2}, "second"),
        ({"direct.enabled": True, "direct.continuation": 0.5}, "first"),
        ({"payoff": "accumulated"}, "first"),
    ],
)
def test_the_order_of_the_shift_follows_from_the_game_and_the_payoffs(changes, order):
    world = replace(on_graph(named("network"), LOLLIPOP), {"update.intensity": 0.003, **changes})
    said = expectation(world).limits
    assert f"moves in {order} order of the intensity, on small graphs by" in said[-1]
    assert ("same ratio to first order" in said[0]) == ("direct.enabled" not in changes)
    assert any("felt payoff" in limit for limit in said) == ("kin.enabled" in changes)


def test_selection_that_is_not_weak_is_said():
    world = replace(on_graph(named("network"), LOLLIPOP), {"update.intensity": 0.5})
    assert "selection is not weak" in expectation(world).limits[-1]


@pytest.mark.parametrize("name", NAMED)
def test_the_pushes_stack_up_to_the_ratio(name):
    found = expectation(named(name))
    if found.kind == "silent":
        assert found.pushes is None and found.limits == ()
    else:
        near = 0.005 if name == "group" else 1e-9  # the chain answers at its intensity, the pushes under weak selection
        assert 1 / math.tanh(found.pushes.total) == pytest.approx(found.value, rel=near)


def test_all_but_groups_push_at_once():
    everything = {"kin.enabled": True, "kin.relatedness": 0.2, "direct.enabled": True, "direct.continuation": 0.5,
                  "indirect.enabled": True, "indirect.visibility": 0.4}  # fmt: skip
    found = expectation(replace(named("network"), everything))
    assert found.value == pytest.approx(1.28302, abs=1e-5)
    assert all(push > 0 for push in found.pushes[:4]) and found.pushes.group == 0 > found.pushes.finite


def test_a_game_outside_the_five_rules_has_a_ratio_and_no_pushes():
    players = [entry.model_dump() for entry in pair(TitForTat(), AllD())]
    errs = replace(named("direct"), {"execution_error": 0.05, "players": players})
    found = expectation(errs)
    assert found.kind == "threshold" and found.pushes is None


def test_large_irregular_graphs_are_answered_only_on_request():
    world = on_graph(named("network"), networkx.barabasi_albert_graph(1001, 2, seed=1))
    quick = expectation(world)
    assert quick.kind == "silent" and 'method="exact"' in quick.reason
    assert expectation(world, thorough=True).kind == "threshold"


def test_graphs_too_large_for_exact_walks_name_the_method_that_is_left(monkeypatch):
    monkeypatch.setattr(coalescence, "LARGEST", 11)
    found = expectation(on_graph(named("network"), LOLLIPOP), thorough=True)
    assert found.kind == "silent" and 'method="walks"' in found.reason


def test_many_groups_are_answered_only_on_request():
    world = replace(named("group"), {"size": 24, "group.size": 4})
    quick = expectation(world)
    assert quick.kind == "silent" and "27,132 states" in quick.reason


@pytest.mark.parametrize("update", ["birth_death", "pairwise_comparison"])
def test_a_weighted_graph_on_which_all_have_equal_ties_is_as_a_mixed_population(update):
    cycle = networkx.cycle_graph(8)
    for i in range(8):
        cycle.edges[i, (i + 1) % 8]["weight"] = 1 + 2 * (i % 2)
    found = expectation(replace(on_graph(named("network"), cycle), {"update": update}))
    enumerated = chain.structure(networkx.to_numpy_array(cycle), update=update)
    assert found.value == pytest.approx((enumerated.sigma + 1) / (enumerated.sigma - 1)) == pytest.approx(-7)


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
def test_weighted_irregular_graphs_are_answered_for_both_payoffs(payoff):
    karate = networkx.karate_club_graph()
    found = expectation(replace(on_graph(named("network"), karate), {"payoff": payoff}))
    assert found.value == pytest.approx({"averaged": 7.454152, "accumulated": 7.652810}[payoff], abs=6e-7)


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
def test_birth_death_on_an_irregular_graph_has_the_ratio_of_the_chain(payoff):
    world = replace(on_graph(named("network"), LOLLIPOP), {"update": "birth_death", "payoff": payoff})
    enumerated = chain.structure(networkx.to_numpy_array(LOLLIPOP), update="birth_death", payoff=payoff)
    found = expectation(world)
    assert found.kind == "spite"
    assert found.value == pytest.approx((enumerated.sigma + 1) / (enumerated.sigma - 1), rel=1e-9)


def test_why_rare_duplication_does_not_speak_for_takeovers_is_said():
    world = replace(named("network"), {"group.enabled": True, "group.size": 20, "group.split": 0.1})
    said = expectation(world).reason
    assert "so the formula for rare duplication does not apply" in said
    still = replace(world, {"group.split": 0.0})
    assert "group.split is 0" in expectation(still).reason
