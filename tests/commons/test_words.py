"""The commons in words: prompts say all that rules read, and the stand-in plays what tables play."""

import re

import numpy as np
import pytest

from coop_abm.core.errors import ModelError, ScenarioError
from coop_abm.engine.commons import commons, fishery
from coop_abm.engine.commons_rules import known
from coop_abm.engine.staged import play
from coop_abm.llm import dialects, prompts, reading
from coop_abm.llm.dialects.commons import COMMONS
from coop_abm.llm.facts import Manner
from coop_abm.llm.messages import Reply
from coop_abm.llm.parse import Refusal, parse
from coop_abm.llm.quoting import quote
from coop_abm.policies.commons import CommonsTeller
from coop_abm.policies.means import Means
from coop_abm.policies.staged import close, deciding
from coop_abm.scenario.minds import Human, Model, Scripted
from coop_abm.strategies.commons import Grasping, Quota, Selfish
from coop_abm.structures import Ring

WORLDS = {
    "full": commons("mixed", horizon=4, consumption=0.4),
    "bare": commons("mixed", horizon=3, punishment=False, social_learning=False, group_decision=False),
    "ring": commons("altruistic", horizon=3, network=Ring(degree=2), escalation=1.0, ties="chance"),
    "fishery": fishery((4, Quota()), (1, Quota()), months=3),
}


def facts_of(world, language="en"):
    """Everything that anybody knows in a run, as it would be told."""
    running, table, mind = world.start(0), world.table(), Model(language=language)
    teller = CommonsTeller(running)
    while (question := running.ask()) is not None:
        yield from teller.facts(question, [mind] * len(question))
        running.tell(table.decide(question))


def played(world, **means):
    """The run, and how often models were asked."""
    running = world.start(0, 1)
    policy = deciding(running, Means(mode="off", transport="slim", **means))
    try:
        play(running, policy)
        return running, policy
    finally:
        close(policy)


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, "en") for name in WORLDS]
    + [(name, language) for language in COMMONS.languages[1:] for name in ("full", "fishery")],
)
def test_what_a_prompt_says_is_what_is_known_to_the_last_digit(name, language):
    stages = set()
    for number, facts in enumerate(facts_of(WORLDS[name], language)):
        manner = Manner(
            language=language, persona=("", "selfish", 'a "quoted"\nsoul')[number % 3], reasoning=number % 2 > 0
        )
        assert reading.read(prompts.render(facts, manner)) == (facts, manner)
        stages.add(facts.stage)
    assert stages == set(WORLDS[name].most_questions())


@pytest.mark.parametrize("name", ["full", "bare", "fishery"])
def test_the_stand_in_plays_a_run_as_the_tables_do_to_the_last_bit(name):
    by_table, _ = played(WORLDS[name])
    by_words, cast = played(WORLDS[name].with_policy("stand-in"))
    assert by_words.story() == by_table.story()
    assert {n: v for n, v in by_words.measures().items() if v == v} == {
        n: v for n, v in by_table.measures().items() if v == v
    }
    assert cast.replies.total.decisions > 0 and cast.replies.total.fallbacks == 0


def test_knobs_of_a_strategy_reach_the_stand_in():
    world = commons("selfish", "scarce", horizon=3, habits={"growth": 0.2, "sensitivity": 40.0})
    assert played(world.with_policy("stand-in"))[0].story() == played(world)[0].story()
    assert world.with_policy("stand-in").players[0].policy.model == "stand-in/selfish?growth=0.2&sensitivity=40.0"


def test_users_of_a_model_have_a_persona_and_no_notes_of_habits():
    world = commons("mixed").with_policy("openai/some")
    assert [entry.policy.persona for entry in world.players] == ["selfish", "cooperative"]
    assert not world.start(0).notes.any()
    assert commons("mixed").with_policy("stand-in").start(0).notes.all()


def test_nobody_is_told_what_a_choice_pays():
    """No number of the law of harvest or of regrowth stands in any prompt."""
    world = commons("mixed", horizon=3, catchability=0.037, habits={"insight": 0.61})
    world = world.model_copy(update={"stock": world.stock.model_copy(update={"rate": 0.337})})
    for facts in facts_of(world):
        text = "\n".join(body for _, body in prompts.render(facts, Manner()))
        assert not {"0.037", "0.337", "0.61"} & set(re.findall(r"[0-9.]*[0-9]", text))


def test_the_norm_stands_in_the_prompts_of_the_next_round_word_for_word():
    running, table, words = commons("altruistic", horizon=2).start(0), commons("altruistic").table(), None
    while (question := running.ask()) is not None:
        if question.round == 1:
            words = running.texts[running.norm]
            told = [prompts.render(one, Manner())[1][1] for one in CommonsTeller(running).facts(question, [])]
            assert words and all(quote(words) in each for each in told)
        answers = table.decide(question)
        if question.stage == "propose":
            answers = np.array([question.texts.number(f'Be "fair", no. {n}; at most 0.2!') for n in range(10)])
        running.tell(answers)
    assert words.startswith('Be "fair"')


@pytest.mark.parametrize(
    ("stage", "reply", "value"),
    [
        ("harvest", '{"effort": 0.25, "watch": 1}', {"effort": 0.25, "watch": 1.0}),
        ("punish", '{"verdict": "punish"}', 1),
        ("learn", '{"notes": "go easy"}', "go easy"),
        ("propose", '{"norm": "all take a third"}', "all take a third"),
        ("vote", '{"vote": 3}', 3),
        ("vote", '{"vote": null}', -1),
    ],
)
def test_replies_are_read(stage, reply, value):
    facts = next(one for one in facts_of(WORLDS["full"]) if one.stage == stage)
    assert parse(Reply(reply, "m", "stop", 1, 1, "", 0.0, ""), facts, Manner()).value == value


@pytest.mark.parametrize(
    ("stage", "reply"),
    [
        ("harvest", '{"effort": 1.2, "watch": 1}'),
        ("harvest", '{"effort": 0.2}'),
        ("punish", '{"verdict": "maybe"}'),
        ("propose", '{"norm": "' + "x" * 300 + '"}'),
        ("vote", '{"vote": 10}'),
    ],
)
def test_replies_that_are_no_answer_are_refused(stage, reply):
    facts = next(one for one in facts_of(WORLDS["full"]) if one.stage == stage)
    assert isinstance(parse(Reply(reply, "m", "stop", 1, 1, "", 0.0, ""), facts, Manner()), Refusal)


@pytest.mark.parametrize(("kind", "effort"), [("cooperate", 0.0), ("defect", 1.0)])
def test_the_declared_fallback_takes_nothing_or_all_and_is_counted(kind, effort):
    world = commons("selfish", horizon=1, size=3)
    silent = Model(model="stand-in/silent", fallback=kind)
    world = world.model_copy(update={"players": (world.players[0].model_copy(update={"policy": silent}),)})
    running, cast = played(world)
    assert running.records[0].chosen.tolist() == [effort] * 3
    assert running.norm == 0 and not running.records[0].punished
    assert cast.replies.total.fallbacks == cast.replies.total.decisions > 0


def test_without_a_fallback_a_reply_that_is_no_answer_stops_the_run():
    world = commons("selfish", horizon=1, size=2)
    silent = world.players[0].model_copy(update={"policy": Model(model="stand-in/silent")})
    with pytest.raises(ModelError, match="no permitted answer"):
        played(world.model_copy(update={"players": (silent,)}))


def test_points_lost_are_refused_in_a_world_without_points():
    world = commons("selfish", horizon=1, size=2)
    wrong = world.players[0].model_copy(update={"policy": Model(model="stand-in/selfish", framing="penalty")})
    with pytest.raises(ScenarioError, match="framing"):
        played(world.model_copy(update={"players": (wrong,)}))


@pytest.mark.parametrize("mind", [Scripted(), Human()])
def test_minds_that_cannot_live_in_a_commons_are_refused_in_one_line(mind):
    world = commons("selfish", horizon=1, size=2)
    seated = world.players[0].model_copy(update={"policy": mind})
    with pytest.raises(ScenarioError, match="policy"):
        played(world.model_copy(update={"players": (seated,)}))


def test_a_policy_file_may_name_a_model_and_no_planner(tmp_path):
    file = tmp_path / "who.toml"
    file.write_text('kind = "model"\nmodel = "stand-in/quota"\n')
    world = fishery(months=2).with_policy(str(file))
    assert world.minds()[0].persona == "cooperative" and played(world)[0].measures()["sustained"] == 1
    file.write_text('kind = "team"\n')
    with pytest.raises(ScenarioError, match="must not be team"):
        commons("mixed").with_policy(str(file))


def test_bad_models_can_play_the_commons_too():
    world = commons("selfish", horizon=2, size=3)
    chance = world.players[0].model_copy(update={"policy": Model(model="stand-in/random")})
    running, cast = played(world.model_copy(update={"players": (chance,)}))
    assert running.round == 2 and cast.replies.total.fallbacks == 0


def test_rules_and_words_read_the_same_record():
    running = commons(horizon=1).start(0)
    question = running.ask()
    table, told = known(question), list(CommonsTeller(running).facts(question, []))
    assert [one._replace(needs=None, starves=False) for one in told] == table
    assert dialects.of(told[0]) is COMMONS and told[0].needs == 0.15 and told[0].starves


def test_a_language_model_can_sit_among_rules():
    world = fishery((4, Quota()), (1, Grasping()), months=2)
    seated = world.players[1].model_copy(update={"policy": Model(model="stand-in/quota")})
    running, _ = played(world.model_copy(update={"players": (world.players[0], seated)}))
    assert running.records[0].chosen.tolist() == [10.0] * 5
    assert Selfish().persona == "selfish"
