"""Controls say what the declarations say."""

import pytest

from coop_abm.core.errors import ScenarioError
from coop_abm.dashboard import controls
from coop_abm.mechanisms import RULES
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named


def every(scenario):
    return {c["path"]: c for section in controls.sections(scenario) for c in section["controls"]}


@pytest.mark.parametrize("name", NAMED)
def test_every_number_has_its_words_a_field_and_a_slider_that_holds_the_value(name):
    for control in every(named(name)).values():
        assert control["title"] and control["help"]
        if control["kind"] == "number":
            assert control["low"] <= control["value"] <= control["high"] and control["step"] > 0
            assert (control["high"] - control["low"]) / control["step"] <= controls.MOST_STEPS + 1


@pytest.mark.parametrize("name", NAMED)
def test_every_rule_has_a_toggle_and_asks_its_question(name):
    scenario = named(name)
    rules = [section for section in controls.sections(scenario) if "toggle" in section]
    assert sorted(section["rule"] for section in rules) == sorted(RULES)
    for section in rules:
        assert section["question"].endswith("?")
        assert section["toggle"]["on"] == (section["rule"] in scenario.active)
        assert bool(section["controls"]) == section["toggle"]["on"]


def test_bounds_and_words_come_from_the_declaration():
    declared = {knob.path: knob for knob in knobs(named("kin"))}
    shown = every(named("kin"))
    knob, control = declared["kin.relatedness"], shown["kin.relatedness"]
    assert (control["low"], control["high"], control["step"]) == (knob.low, knob.high, knob.step)
    assert control["help"] == knob.help and control["permitted"] == "0 to 1"
    assert shown["update"]["choices"] == list(declared["update"].choices)


def test_a_slider_shows_a_usual_range_where_the_permitted_one_is_huge():
    benefit = every(named("network"))["game.benefit"]
    assert benefit["high"] == 10 and benefit["permitted"] == "0 to 1,000,000"
    assert every(replace(named("network"), {"game.benefit": 70.0}))["game.benefit"]["high"] == 100


def test_payoffs_of_either_sign_have_a_slider_around_nothing_with_the_declared_step():
    temptation = every(named("nowak_may"))["game.temptation"]
    assert (temptation["low"], temptation["high"], temptation["step"]) == (-5, 5, 0.1)


def test_knobs_that_mean_nothing_here_are_not_shown():
    assert "kin.family" not in every(named("kin")) and "kin.relatedness" in every(named("kin"))
    assert "kin.family" in every(named("families")) and "kin.relatedness" not in every(named("families"))
    assert "indirect.opinions" not in every(named("indirect"))
    assert "players.0.share" not in every(named("kaleidoscope"))


def test_kinds_that_are_the_users_own_data_are_not_offered():
    assert "edges" not in every(named("network"))["network.graph"]["choices"]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_switched_on_for_the_first_time_is_felt(rule):
    before = named("well_mixed")
    after = replace(before, controls.changes(before, f"{rule}.enabled", True))
    assert after.active == (rule,)
    assert getattr(after, rule) != type(getattr(after, rule))(enabled=True)


def test_a_rule_that_is_switched_on_again_keeps_its_knobs():
    world = replace(named("kin"), {"kin.relatedness": 0.31, "kin.enabled": False})
    assert replace(world, controls.changes(world, "kin.enabled", True)).kin.relatedness == 0.31


def test_the_share_of_one_strategy_moves_the_share_of_the_other():
    world = named("network")
    moved = replace(world, controls.changes(world, "players.0.share", 0.2))
    assert [entry.share for entry in moved.players] == [0.2, 0.8]
    with pytest.raises(ScenarioError, match=r"players\.0\.share must be a number in \[0, 1\]; got 7"):
        replace(world, controls.changes(world, "players.0.share", 7))
