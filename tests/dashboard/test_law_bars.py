"""Ticks on sliders and bars of the law: they say what theory says, or nothing."""

import math

import pytest

from coop_abm.dashboard import law, ticks, words
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

BOTH = {"kin.enabled": True, "kin.relatedness": 0.25, "direct.enabled": True, "direct.continuation": 0.3,
        "indirect.enabled": True, "indirect.visibility": 0.2}  # fmt: skip
WORLDS = {
    "kin": named("kin"), "direct": named("direct"), "indirect": named("indirect"),
    "three": replace(named("well_mixed"), BOTH | {"game.benefit": 2.0}),
    "meeting": replace(named("kin"), {"kin.channel": "meeting", "direct.enabled": True, "direct.continuation": 0.2}),
    "on_a_ring": replace(named("network"), {"network.graph": "ring", "size": 12, "game.benefit": 1.6} | BOTH),
}  # fmt: skip


@pytest.mark.parametrize("name", WORLDS)
def test_at_a_tick_the_ratio_is_the_critical_one(name):
    world = WORLDS[name]
    marks = ticks.ticks(world, expectation(world))
    exact = {path: mark["exact"] for path, mark in marks.items() if mark["exact"] is not None}
    assert "game.benefit" in exact and "game.cost" in exact
    for path, value in exact.items():
        there = replace(world, {path: value})
        assert expectation(there).value == pytest.approx(ticks.ratio(there), rel=1e-9), path


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [("kin", "kin.relatedness", 1 / 3), ("direct", "direct.continuation", 0.5),
     ("indirect", "indirect.visibility", 0.5),
     ("network", "game.benefit", 4.0)],
)  # fmt: skip
def test_the_thin_tick_is_the_textbooks(name, path, value):
    world = named(name)  # b/c = 3: r > 1/3, (2 - w)/w < 3, (2 - q)/q < 3; four neighbours: b/c > 4
    assert ticks.ticks(world, expectation(world))[path]["limit"] == pytest.approx(value)


def test_the_word_beside_the_slider_is_the_verdict():
    low, high = (replace(named("network"), {"game.benefit": b}) for b in (4.2, 4.3))
    assert [ticks.word(world, expectation(world)) for world in (low, high)] == ["NO", "YES"]
    assert ticks.word(named("all_five"), expectation(named("all_five"))) == "silent"
    assert ticks.word(named("well_mixed"), expectation(named("well_mixed"))) == "NO"
    assert ticks.word(low, None) == ""


def test_a_ratio_of_groups_holds_at_one_cost_only_so_the_cost_has_no_tick():
    marks = ticks.ticks(named("group"), expectation(named("group")))
    assert marks["game.benefit"]["exact"] == pytest.approx(2.386343) and "game.cost" not in marks


@pytest.mark.parametrize("name", [n for n in WORLDS if n != "meeting"] + ["network", "families"])
def test_bars_stack_up_to_k_and_k_decides(name):
    world = WORLDS.get(name) or named(name)
    expected = expectation(world)
    shown = law.bars(world, expected)
    assert shown["reason"] == ""
    assert math.prod(row["factor"] for row in shown["rows"]) == pytest.approx(shown["total"])
    for row, after in zip(shown["rows"], shown["rows"][1:], strict=False):
        assert row["to"] == after["from"]
    assert (shown["total"] > shown["asked"]) == (ticks.word(world, expected) == "YES")
    assert (shown["total"] + 1) / (shown["total"] - 1) == pytest.approx(expected.value)


def test_each_factor_is_that_of_the_law():
    world = WORLDS["three"]
    factors = {row["rule"]: row["factor"] for row in law.bars(world, expectation(world))["rows"]}
    assert factors == pytest.approx({"finite": 48 / 50, "kin": 1.25 / 0.75, "direct": 1 / 0.7, "indirect": 1 / 0.8})


@pytest.mark.parametrize("name", NAMED)
def test_every_named_world_has_bars_or_a_reason_and_a_sentence_everywhere(name):
    world = named(name)
    expected = expectation(world)
    shown = law.bars(world, expected)
    assert bool(shown["rows"]) != bool(shown["reason"])
    assert words.headline(world, expected).endswith(".") and words.caption(world, expected).startswith("theory: ")
    silent = expected.kind == "silent"
    assert bool(words.silence(expected)) == silent == bool(words.way_out(world, expected))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"execution_error": 0.05, "direct.enabled": True, "direct.continuation": 0.5}, "with errors"),
     ({"game": "snowdrift"}, "the donation game")],
)  # fmt: skip
def test_where_the_law_is_not_that_of_the_game_it_says_why(changes, reason):
    world = replace(named("network"), changes)
    shown = law.bars(world, expectation(world))
    assert shown["rows"] == [] and reason in shown["reason"]


def test_a_benefit_below_the_cost_asks_for_what_no_rule_can_bring():
    world = replace(named("kin"), {"game.benefit": 0.5})
    shown = law.bars(world, expectation(world))
    assert shown["asked"] is None and "kin.relatedness" not in ticks.ticks(world, expectation(world))


def test_while_theory_is_asked_nothing_is_claimed():
    assert law.bars(named("kin"), None)["rows"] == [] and ticks.ticks(named("kin"), None) == {}
    assert words.headline(named("kin"), None) == words.caption(named("kin"), None) == ""
