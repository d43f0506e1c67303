"""The flat names of a scenario: spelt alike everywhere, checked everywhere, counted in the digest."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop_abm.core.errors import ScenarioError
from coop_abm.games import Snowdrift
from coop_abm.mechanisms import RULES
from coop_abm.scenario import Players, Scenario
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.files import dumps, load
from coop_abm.scenario.knobs import digest, dotted, grid, parsed, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.players import head_count
from coop_abm.updates import DeathBirth, Imitation


def everything_on() -> Scenario:
    """A world in which every rule is on, so every knob is live; its size leaves room on all sides."""
    return replace(named("all_five"), {"indirect.assessment": "stern_judging", "size": 400})


def listed(scenario: Scenario) -> dict:
    return {knob.path: knob for knob in knobs(scenario)}


# ---------------------------------------------------------------------------------------- replace


@pytest.mark.parametrize(
    ("dots", "underscores"),
    [("kin.relatedness", "kin__relatedness"), ("players.0.share", "players__0__share"), ("size", "size")],
)
def test_dots_and_double_underscores_are_one_spelling(dots, underscores):
    assert dotted(underscores) == dots


def test_a_knob_changes_under_either_spelling():
    dots = replace(Scenario(), {"kin.relatedness": 0.3})
    assert dots == replace(Scenario(), {"kin__relatedness": 0.3})
    assert dots.kin.relatedness == 0.3


def test_replace_leaves_the_scenario_it_was_given_as_it_was():
    before = Scenario()
    replace(before, {"kin.relatedness": 0.3, "players.0.share": 0.5})
    assert before == Scenario()


def test_a_bare_word_chooses_a_kind_and_keeps_the_knobs_that_both_have():
    world = Scenario(update=DeathBirth(intensity=0.7, replacements=9))
    assert replace(world, {"update": "imitation"}).update == Imitation(intensity=0.7)


def test_a_kind_and_a_knob_of_it_can_be_changed_together_in_any_order():
    changes = [("update.replacements", 4), ("update", "death_birth")]
    for order in (changes, changes[::-1]):
        assert replace(Scenario(update=Imitation()), dict(order)).update == DeathBirth(replacements=4)


def test_a_part_replaces_a_whole_part():
    assert replace(Scenario(), {"game": Snowdrift(benefit=9.0)}).game == Snowdrift(benefit=9.0)


def test_a_table_replaces_a_whole_part():
    world = Scenario(update=DeathBirth(intensity=0.7))
    assert replace(world, {"update": {"kind": "imitation"}}).update == Imitation()


def test_a_strategy_is_chosen_by_its_place_among_the_players():
    world = replace(Scenario(), {"players.1.strategy": "tft"})
    assert [entry.strategy.kind for entry in world.players] == ["reciprocator", "tft"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("kin__relatednes", "kin.relatedness"), ("updat", "update"), ("direct.continuatoin", "direct.continuation"),
        ("players.0.shar", "players.0.share"), ("network.grahp", "network.graph"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_answered_with_the_nearest_knob(name, near):
    with pytest.raises(ScenarioError, match=f"no such knob; did you mean {near}[?]"):
        replace(Scenario(), {name: 0.5})


@pytest.mark.parametrize("name", ["size.big", "kin.relatedness.much", "name.first", "players.0", "players.share", ""])
def test_a_name_that_leads_nowhere_is_refused(name):
    with pytest.raises(ScenarioError):
        replace(Scenario(), {name: 1})


# ---------------------------------------------------------------------------------------- listing


@pytest.mark.parametrize("name", NAMED)
def test_every_knob_that_is_listed_can_be_set_to_what_it_is(name):
    world = named(name)
    assert replace(world, {knob.path: knob.value for knob in knobs(world)}) == world


@pytest.mark.parametrize("name", NAMED)
def test_no_knob_is_listed_twice(name):
    paths = [knob.path for knob in knobs(named(name))]
    assert sorted(set(paths)) == sorted(paths)


def numbers() -> list[str]:
    return [
        k.path for k in knobs(everything_on()) if isinstance(k.value, (int, float)) and not isinstance(k.value, bool)
    ]


@pytest.mark.parametrize("path", numbers())
def test_a_number_below_its_interval_is_refused_under_its_name(path):
    knob = listed(everything_on())[path]
    below = knob.low - 1 if isinstance(knob.value, int) else math.nextafter(knob.low, -math.inf)
    with pytest.raises(ScenarioError, match=rf"^{path} must be "):
        replace(everything_on(), {path: below})


@pytest.mark.parametrize("path", [path for path in numbers() if listed(everything_on())[path].high is not None])
def test_a_number_above_its_interval_is_refused_under_its_name(path):
    knob = listed(everything_on())[path]
    above = int(knob.high) + 1 if isinstance(knob.value, int) else math.nextafter(knob.high, math.inf)
    with pytest.raises(ScenarioError, match=rf"^{path} must be "):
        replace(everything_on(), {path: above})


@pytest.mark.parametrize("path", [knob.path for knob in knobs(everything_on()) if knob.choices])
def test_a_word_that_is_not_permitted_is_answered_with_those_that_are(path):
    knob = listed(everything_on())[path]
    with pytest.raises(ScenarioError) as refused:
        replace(everything_on(), {path: "nonsense"})
    assert str(refused.value).startswith(path)
    assert all(choice in str(refused.value) for choice in knob.choices)


@pytest.mark.parametrize("value", [True, "0.5", None, [0.5], float("nan"), float("inf")])
def test_a_number_must_be_a_number(value):
    with pytest.raises(ScenarioError, match=r"^kin\.relatedness must be a number in \[0, 1\]; got "):
        replace(Scenario(), {"kin.relatedness": value})


def test_a_message_does_not_repeat_more_than_a_line_of_what_was_given():
    with pytest.raises(ScenarioError) as refused:
        replace(Scenario(), {"kin.relatedness": "\x1b[2J\n" * 10_000})
    assert str(refused.value).isprintable() and len(str(refused.value)) < 200


# ------------------------------------------------------------------------------------------- grid


def test_a_grid_walks_the_last_axis_fastest():
    cells = list(grid(Scenario(), {"kin__relatedness": (0.1, 0.2), "direct.continuation": (0.3, 0.4)}))
    found = [(cell.kin.relatedness, cell.direct.continuation) for cell in cells]
    assert found == [(0.1, 0.3), (0.1, 0.4), (0.2, 0.3), (0.2, 0.4)]


def test_a_grid_without_axes_is_the_scenario_itself():
    assert list(grid(named("kin"), {})) == [named("kin")]


def test_an_axis_without_values_is_an_empty_grid():
    assert list(grid(Scenario(), {"size": ()})) == []


def test_a_knob_of_a_part_of_a_kind_chosen_in_the_same_breath_can_be_set():
    changes = {"clock": "round", "players.0.policy": "team", "players.0.policy.inner.model": "stand-in/grim"}
    assert replace(Scenario(), changes).players[0].policy.inner.model == "stand-in/grim"


def test_a_grid_may_walk_over_kinds():
    kinds = ("birth_death", "death_birth", "imitation")
    assert [cell.update.kind for cell in grid(Scenario(), {"update": kinds})] == list(kinds)


# ----------------------------------------------------------------------------------------- digest


#: A permitted other value for each knob of a world in which all rules are on.
OTHER_VALUE = {
    "size": 200, "clock": None, "partners": "all", "payoff": "accumulated", "execution_error": 0.1,
    "slips": "help", "talk": "first", "talk_limit": 100,
    "game": "snowdrift", "game.benefit": 4.0, "game.cost": 0.5, "update": "imitation",
    "update.intensity": 0.7, "update.mutation": 0.1, "update.mutation_kind": None,
    "players.0.share": None, "players.0.strategy": "tft", "players.0.policy": None,
    "players.1.share": None, "players.1.strategy": "allc", "players.1.policy": None, "kin.enabled": False,
    "kin.relatedness": 0.9, "kin.channel": "meeting", "kin.family": 5, "kin.pedigree": "cousins",
    "kin.founders": 3, "direct.enabled": False, "direct.continuation": 0.9, "indirect.enabled": False,
    "indirect.visibility": 0.9, "indirect.assessment": "shunning", "indirect.assessment_error": 0.1,
    "indirect.perception_error": 0.1, "indirect.opinions": "private", "indirect.observation": 0.5,
    "network.enabled": None, "network.graph": "torus", "network.graph.degree": 6, "network.replacement": "torus",
    "group.enabled": False, "group.size": 10, "group.split": 0.5,
}  # fmt: skip


def test_the_table_of_other_values_below_covers_every_knob():
    assert set(OTHER_VALUE) == {knob.path for knob in knobs(everything_on())} - {"name", "description"}


@pytest.mark.parametrize("path", [path for path, value in OTHER_VALUE.items() if value is not None])
def test_a_digest_changes_with_every_live_knob(path):
    world = everything_on()
    if path == "network.replacement":  # groups say for themselves who replaces whom
        world = replace(world, {"group.enabled": False})
    assert digest(replace(world, {path: OTHER_VALUE[path]})) != digest(world)


OF_A_RULE = [path for path in OTHER_VALUE if path.partition(".")[0] in RULES and not path.endswith(".enabled")]


@pytest.mark.parametrize("path", OF_A_RULE)
def test_a_digest_does_not_change_with_a_knob_of_a_rule_that_is_off(path):
    rule = path.partition(".")[0]
    off = replace(everything_on(), {f"{rule}.enabled": False} | ({"group.enabled": False} if rule == "network" else {}))
    assert digest(replace(off, {path: OTHER_VALUE[path]})) == digest(off)


def test_a_digest_changes_with_the_shares_and_with_the_clock():
    world = Scenario()
    others = (replace(world, {"players.0.share": 0.6, "players.1.share": 0.4}), replace(world, {"clock": "event"}))
    assert len({digest(world), *map(digest, others)}) == 3


@pytest.mark.parametrize("path", ["name", "description"])
def test_a_digest_does_not_change_with_a_name(path):
    assert digest(replace(Scenario(), {path: "another"})) == digest(Scenario())


@pytest.mark.parametrize("name", NAMED)
def test_a_digest_survives_a_file(name, tmp_path):
    (tmp_path / "world.toml").write_text(dumps(named(name)), encoding="utf-8")
    assert digest(load(tmp_path / "world.toml")) == digest(named(name))


def test_a_digest_is_the_same_in_another_process():
    import os
    import subprocess
    import sys

    asked = (
        "from coop_abm.scenario.knobs import digest; from coop_abm.scenario.library import named; "
        "print(digest(named('network')))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    answer = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == digest(named("network"))


# ------------------------------------------------------------------------------------- head counts


@given(weights=st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(any), size=st.integers(2, 5000))
def test_head_counts_add_up_and_are_within_one_of_the_shares(weights, size):
    shares = [weight / sum(weights) for weight in weights]
    counts = head_count(tuple(Players(share=share) for share in shares), size)
    assert sum(counts) == size
    assert all(abs(count - share * size) < 1 + 1e-6 for count, share in zip(counts, shares, strict=True))


@given(weights=st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any), times=st.integers(1, 50))
def test_head_counts_are_exact_where_the_shares_can_be_met(weights, times):
    size = sum(weights) * times
    counts = head_count(tuple(Players(share=weight / sum(weights)) for weight in weights), size)
    assert counts == [weight * times for weight in weights]


def test_equal_strategies_are_counted_as_one():
    world = Scenario(size=10, players=tuple(Players(share=0.25) for _ in range(4)))
    assert world.starting_counts().tolist() == [10]


# ------------------------------------------------------------------------- words of a command line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-3", -3), ("+3", 3), ("1_000", 1000), ("0.25", 0.25), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0),
        ("-2.5E-1", -0.25), ("true", True), ("false", False),
    ],
)  # fmt: skip
def test_a_number_or_a_switch_is_parsed(text, value):
    found = parsed(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["", "ring", "True", "yes", "nan", "inf", "1e", "e3", "1.2.3", "0x10", "--", "1 2", "９", "9" * 41, "_1"]
)
def test_what_is_no_number_stays_a_word(text):
    assert parsed(text) == text


@given(st.text(max_size=50))
def test_whatever_is_typed_is_parsed_into_a_value_or_a_word(text):
    assert isinstance(parsed(text), (bool, int, float, str))


def test_a_whole_number_serves_where_a_number_is_asked_for():
    assert replace(Scenario(), {"kin.relatedness": parsed("1")}).kin.relatedness == 1.0


def test_the_knobs_of_a_strategy_in_a_list_can_be_set_with_it():
    changed = replace(Scenario(), {"players.0.strategy": "memory_one", "players.0.strategy.start": 0.5})
    assert changed.players[0].strategy.start == 0.5
    with pytest.raises(ScenarioError, match=r"^players\.0\.strategy\.stat: no such knob; did you mean"):
        replace(changed, {"players.0.strategy.stat": 0.5})


def test_values_that_are_given_stay_as_they_are():
    players = [{"share": 0.5, "strategy": {"kind": "allc"}}, {"share": 0.5, "strategy": {"kind": "alld"}}]
    game = {"kind": "donation", "benefit": 3.0}
    changed = replace(
        Scenario(), {"players": players, "players.0.strategy": "tft", "game": game, "game.benefit": 9.0}
    )  # fmt: skip
    assert (changed.players[0].strategy.kind, changed.game.benefit) == ("tft", 9.0)
    assert players[0]["strategy"] == {"kind": "allc"}
    assert game["benefit"] == 3.0
