"""A plan says what a run will ask: what is really asked lies within its bounds, in all kinds of worlds."""

import json
import math

import pytest

from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.llm.budget import PER_MESSAGE, PER_REQUEST, Rate, worst_case
from coop_abm.llm.messages import Reply
from coop_abm.llm.prices import price_of
from coop_abm.llm.stand_in_players import Asked, player
from coop_abm.llm.transport import Scripted
from coop_abm.policies.means import Means
from coop_abm.policies.plan import Plan, Range, plan
from coop_abm.policies.rehearsal import typical
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace
from tests.parity.worlds import UPDATES, refused, subsets, world


def model(name="stand-in/random", strategy="tft", share=0.5, **knobs):
    return {"share": share, "strategy": strategy, "policy": {"kind": "model", "model": name, **knobs}}


def team(every=3, critiques=1, share=0.5, limit=60, name="stand-in/random", **knobs):
    inner = {"kind": "model", "model": name, **knobs}
    policy = {"kind": "team", "every": every, "critiques": critiques, "limit": limit, "inner": inner}
    return {"share": share, "strategy": "wsls", "policy": policy}


TABLE = {"share": 0.5, "strategy": "alld"}
#: Half of what it says is no answer, and what it does is chance: nothing that a rehearsal could foresee.
WILD = "stand-in/mumbling"
WORLDS = {
    "alone": world(("direct",), "imitation", players=[model(share=1.0)]),
    "one in two": world(("direct", "indirect"), "imitation", players=[model(), TABLE]),
    "one by one": world(("direct", "network"), "death_birth", players=[model(), TABLE], **{"update.replacements": 1}),
    "groups": world(("direct", "group"), "birth_death", players=[model(WILD), TABLE]),
    "groups on a graph": world(("network", "group"), "death_birth", players=[model(), TABLE]),
    "talk first": world(("direct",), "birth_death", players=[model(WILD), TABLE], talk="first"),
    "talk always": world(("direct", "kin"), "pairwise_comparison", players=[model(), TABLE], talk="always",
                         **{"talk_limit": 5, "direct.continuation": 0.8}),
    "all meet all": world(("network",), "imitation", players=[model(WILD), TABLE], partners="all"),
    "generations": world(("direct",), "wright_fisher", players=[model(), TABLE]),
    "copies": world(("kin",), "imitation", players=[model(WILD), TABLE], **{"kin.channel": "meeting"}),
    "two models": world(("direct",), "imitation", players=[
        model("stand-in/random", share=0.4), model(WILD, language="zh", share=0.3), {**TABLE, "share": 0.3}]),
    "planners": world(("direct",), "imitation", players=[team(), TABLE]),
    "planners alone, talking": world(("direct",), "imitation", players=[team(2, 2, 1.0)], talk="always"),
    "planners and others": world(("direct",), "birth_death", players=[
        team(2, 0, 0.3), model(share=0.3), {**TABLE, "share": 0.4}]),
    "two kinds of planners": world(("direct",), "imitation", players=[team(2, 1, 0.3), team(3, 2, 0.3), {
        **TABLE, "share": 0.4}]),
    "planners in groups": world(("direct", "group"), "birth_death", players=[team(2), TABLE]),
}  # fmt: skip


class Counted:
    """What a run really asks, of each model: calls, a token for each byte, tokens of replies."""

    def __init__(self, scenario, steps, seed, replicates):
        self.calls, self.bytes, self.repairs = {}, {}, {}
        transport = Scripted(self.answer)
        lab.run(
            scenario, steps=steps, seed=seed, replicates=replicates, measures=["cooperators"],
            means=Means(mode="off", transport=transport),
        )  # fmt: skip

    def answer(self, request):
        name = request.model
        told = worst_case(request, Rate(0, 0)).tokens - request.max_tokens
        self.calls[name] = self.calls.get(name, 0) + 1
        self.bytes[name] = self.bytes.get(name, 0) + told
        self.repairs[name] = self.repairs.get(name, 0) + (request.address.attempt == 1)
        text = player(name)(Asked(request.messages, request.draw))
        return Reply(text, name, "stop", told, len(text) // 4, "", 0.0, text)


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize(("steps", "seed", "replicates"), [(1, 0, 1), (6, 3, 2)])
def test_what_is_asked_lies_within_the_plan(name, steps, seed, replicates):
    scenario = replace(WORLDS[name], {f"players.{i}.policy": wordy(entry) for i, entry in
                                      enumerate(WORLDS[name].players) if not entry.policy.tabled})  # fmt: skip
    told = plan(scenario, steps=steps, seed=seed, replicates=replicates)
    counted = Counted(scenario, steps, seed, replicates)
    assert {row.model for row in told.rows} >= set(counted.calls)
    for row in told.rows:
        calls = counted.calls.get(row.model, 0)
        assert row.calls.low <= calls - counted.repairs.get(row.model, 0) <= row.calls.high / 2
        assert row.calls.low <= calls <= row.calls.high
        assert row.input_tokens.low <= counted.bytes.get(row.model, 0) <= row.input_tokens.high
        for numbers in (row.calls, row.input_tokens, row.output_tokens, row.money):
            assert 0 <= numbers.low <= numbers.expected <= numbers.high


def wordy(entry):
    """The policy, with a fallback, so that a bad reply does not end the run."""
    policy = entry.policy
    if policy.kind == "team":
        return policy.model_copy(update={"inner": policy.inner.model_copy(update={"fallback": "random"})})
    return policy.model_copy(update={"fallback": "random"})


def test_in_the_first_round_and_where_nobody_else_is_the_number_is_exact():
    for name, steps in [("alone", 6), ("planners alone, talking", 1), *((name, 1) for name in WORLDS)]:
        scenario = WORLDS[name]
        told = plan(scenario, steps=steps, seed=5, replicates=2)
        quiet = replace(scenario, {f"players.{i}.policy.model": "stand-in/tft" for i, entry in
                                   enumerate(scenario.players) if entry.policy.kind == "model"})  # fmt: skip
        if any(entry.policy.kind == "team" for entry in scenario.players):
            continue
        asked = Counted(quiet, steps, 5, 2).calls
        assert sum(asked.values()) == sum(row.calls.low for row in told.rows)
        assert all(row.calls.low == row.calls.expected == row.calls.high / 2 for row in told.rows)


def test_a_model_that_plays_its_strategy_asks_what_was_expected():
    players = [model("stand-in/tft", "tft"), model("stand-in/alld", "alld")]
    scenario = world(("direct", "indirect", "network"), "death_birth", players=players)
    told, asked = plan(scenario, steps=8, seed=2), Counted(scenario, 8, 2, 1)
    assert {row.model: row.calls.expected for row in told.rows} == asked.calls
    planners = [team(2, 2, name="stand-in/wsls"), {**TABLE}]
    scenario = world(("direct",), "imitation", players=planners, talk="first")
    told, asked = plan(scenario, steps=8, seed=2), Counted(scenario, 8, 2, 1)
    assert {row.model: row.calls.expected for row in told.rows} == asked.calls
    assert {"plan", "critique", "revise", "talk", "act"} == set(told.rows[0].stages)
    assert told.rows[0].stages["critique"] == told.rows[0].stages["revise"] == 2 * told.rows[0].stages["plan"]


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "ar", "zh", "vi"])
def test_no_prompt_is_wider_than_the_plan_says(language):
    """Everybody shouts the widest characters that there are; every first answer is none."""

    class Shouting(Counted):
        def answer(self, request):
            super().answer(request)
            if request.address.attempt == 0:
                said = "\U000e0001" * 3000
            elif request.address.stage == "act":
                said = json.dumps({"action": request.schema.split('"enum":["')[1].split('"')[0]})
            else:
                key = json.loads(request.schema)["required"][0]
                said = json.dumps({key: "\U000e0001" * 40})
            return Reply(said, request.model, "stop", None, None, "", 0.0, said)

    scenario = world(
        ("direct", "indirect", "network"), "imitation", talk="always", talk_limit=40,
        players=[team(2, 1, 1.0, limit=40, language=language, framing="penalty", persona="selfish")],
        **{"direct.continuation": 0.7},
    )  # fmt: skip
    scenario = replace(scenario, {"players.0.policy": wordy(scenario.players[0])})
    told, asked = plan(scenario, steps=1, seed=1), Shouting(scenario, 1, 1, 1)
    assert asked.repairs["stand-in/random"] * 2 == asked.calls["stand-in/random"]
    assert asked.bytes["stand-in/random"] <= told.rows[0].input_tokens.high


def test_money_is_tokens_times_what_the_scenario_or_the_table_says():
    priced = model("openai/my-own", price_input=2.0, price_output=8.0)
    known, unknown = model("openai/gpt-4o-mini"), model("openai/never-heard-of")
    players = [{**entry, "share": 0.25} for entry in (priced, known, unknown, model("ollama/qwen3:14b"))]
    told = plan(world((), "imitation", players=players), steps=2)
    rows = {row.model: row for row in told.rows}
    for name, (into, out) in {
        "openai/my-own": (2e-6, 8e-6),
        "openai/gpt-4o-mini": price_of("openai/gpt-4o-mini", ""),
    }.items():
        row = rows[name]
        for money, sent, back in zip(row.money, row.input_tokens, row.output_tokens, strict=True):
            assert math.isclose(money, sent * into + back * out)
        assert row.money.high > 0
    assert rows["ollama/qwen3:14b"].money == Range(0, 0, 0)
    assert rows["openai/never-heard-of"].money is None
    assert any("openai/never-heard-of" in note and "refused" in note for note in told.notes)
    assert "?" in "\n".join(told.lines())
    with pytest.raises(InputError, match="no price is known for openai/never-heard-of"):
        lab.run(world((), "imitation", players=[model("openai/never-heard-of", share=1.0)]), steps=1)


def test_a_plan_says_so_for_a_terminal_and_as_json():
    told = plan(WORLDS["two models"], steps=3, seed=1)
    text = "\n".join(told.lines())
    assert "stand-in/random (a strategy played by a server, no language model)" in text
    assert "calls" in text and "tokens in" in text and "US dollars" in text
    tree = json.loads(json.dumps(told.tree(), allow_nan=False))
    assert tree["rows"][0]["calls"].keys() == {"low", "expected", "high"}
    assert tree["steps"] == 3 and tree["rehearsed"] == 3


def test_where_no_model_plays_nothing_is_planned():
    told = plan(Scenario(), steps=1000)
    assert told == Plan("", 1000, 0, 1, 0, (), ())
    assert "no language model is asked" in told.lines()
    nothing = plan(WORLDS["one in two"], steps=0)
    assert nothing.rows[0].calls == Range(0, 0, 0)


def test_a_long_run_is_foreseen_from_its_first_rounds():
    scenario = replace(WORLDS["one by one"], {"size": 200, "network.graph": {"kind": "ring", "degree": 4}})
    told = plan(scenario, steps=2000)
    assert 50 < told.rehearsed < 2000
    row = told.rows[0]
    assert row.calls.low < row.calls.expected < row.calls.high
    assert any("rehearsed" in note for note in told.notes)
    with pytest.raises(InputError, match="encounters at most"):
        plan(scenario, steps=1_000_000, replicates=1000)


def test_humans_servers_and_policies_of_ones_own_are_not_asked():
    players = [model(share=0.5), {"share": 0.25, "strategy": "allc", "policy": {"kind": "plugin", "name": "mine"}},
               {"share": 0.25, "strategy": "alld", "policy": {"kind": "http", "url": "http://127.0.0.1:9/x"}},
               {"strategy": "tft", "policy": "human", "nodes": [0, 1]}]  # fmt: skip
    told = plan(world(("direct",), "imitation", players=players), steps=3)
    assert told.rows[0].calls.expected > 0
    assert any("what their strategy's table says" in note for note in told.notes)


def test_a_token_is_taken_to_be_four_letters_or_three_bytes():
    assert typical("abcd" * 5) == 5
    assert typical("é") == 2 / 3
    assert PER_MESSAGE > 0 and PER_REQUEST > 0


@pytest.mark.validate
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("partners", ["one", "all"])
def test_what_is_asked_lies_within_the_plan_under_every_subset_of_rules(update, partners):
    for number, on in enumerate(subsets()):
        structure = "ring" if "network" in on else "complete"
        grown = "group" in on and structure == "complete"
        if refused(on, update, structure) or (grown and partners == "all"):
            continue
        talk = ("never", "first", "always")[number % 3]
        players = [team(1 + number % 4, number % 3, 0.4, name=WILD), model(WILD, share=0.2), {**TABLE, "share": 0.4}]
        scenario = world(on, update, structure, players=players, talk=talk, partners=partners)
        scenario = replace(scenario, {f"players.{i}.policy": wordy(scenario.players[i]) for i in (0, 1)})
        told, counted = plan(scenario, steps=5, seed=number), Counted(scenario, 5, number, 1)
        (row,) = told.rows
        calls = counted.calls[WILD]
        assert row.calls.low <= calls - counted.repairs[WILD] <= row.calls.high / 2, (on, talk)
        assert counted.bytes[WILD] <= row.input_tokens.high, (on, talk)
