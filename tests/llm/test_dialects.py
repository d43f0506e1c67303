"""Every dialect is one inverse, one parser and one repair turn: what holds for the encounter holds for them."""

import dataclasses
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coop_abm.core.errors import InputError
from coop_abm.llm import comprehension, dialects, prompts, quizzes, quoting, stand_in_players
from coop_abm.llm.dialect import Decimal, Form, Integer, Label, Person, Text
from coop_abm.llm.dialects import DIALECTS
from coop_abm.llm.dialects.commons import COMMONS
from coop_abm.llm.facts import Manner
from coop_abm.llm.parse import Parsed, Refusal, parse, parse_as
from coop_abm.llm.prompts import render, repair, schema_of
from coop_abm.llm.quoting import LONGEST
from coop_abm.llm.reading import NotOurs, read
from coop_abm.llm.stand_in_players import Asked, Unknown, player
from coop_abm.strategies.commons import Known
from tests.llm import prompting, small_dialect, team_moments
from tests.llm.prompting import answered
from tests.llm.small_dialect import VERDICTS, WELL, Village

_thorough = settings(
    max_examples=50, derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
FACTS = Village("draw", villagers=4, me=1, round=2, water=9.5, most=5, last=((0, 2), (1, 5)), heard="hello")
MANNER = Manner(labels=VERDICTS)


@pytest.fixture(autouse=True, scope="module")
def well():
    with small_dialect.spoken():
        yield


@st.composite
def villages(draw):
    """Facts of the village, and a manner in which they can be said."""
    villagers, stage = draw(st.integers(1, 9)), draw(st.sampled_from(["draw", "judge", "plan", "critique", "revise"]))
    water = draw(st.floats(0, 1e6))
    rows = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=4).map(tuple)
    maybe = st.none() | prompting.texts
    facts = Village(
        stage, villagers, draw(st.integers(0, 8)), draw(st.integers(0, 999)), water, int(min(5.0, water)),
        horizon=draw(st.none() | st.integers(1, 99)), last=draw(st.none() | rows), heard=draw(maybe),
        limit=None if stage == "draw" else draw(st.integers(0, LONGEST)), memo=draw(maybe), draft=draw(maybe),
        critique=draw(maybe),
    )  # fmt: skip
    manner = Manner(
        draw(st.sampled_from(WELL.languages)), labels=draw(prompting.labels),
        persona=draw(st.sampled_from(["", "thirsty", "x"])), reasoning=draw(st.booleans()),
    )  # fmt: skip
    return facts, manner


def of_the_encounter():
    return st.tuples(prompting.facts(), prompting.manners())


@st.composite
def commons(draw):
    """What a user of the commons knows, and a manner in which it can be said."""
    stage = draw(st.sampled_from(["harvest", "punish", "learn", "propose", "vote"]))
    amount, count = st.none() | st.floats(0, 1e9), st.none() | st.integers(0, 999)
    maybe = st.none() | prompting.texts
    amounts = (
        "needs", "before", "taken", "chosen", "took", "lost", "paid", "usual", "fine", "other_chosen", "other_took",
        "costs", "hurts", "outcome", "other_outcome",
    )  # fmt: skip
    offers = st.dictionaries(st.integers(0, 99), prompting.texts, max_size=4).map(lambda found: tuple(found.items()))
    facts = Known(
        stage, draw(st.integers(0, 999)), draw(st.integers(0, 99)), draw(st.integers(0, 99)), draw(st.floats(0, 1e6)),
        draw(st.floats(0, 1e6)), draw(st.floats(0, 1e6)), draw(prompting.texts), units=draw(st.booleans()),
        learns=draw(st.booleans()), starves=draw(st.booleans()), norm=draw(maybe), other_notes=draw(maybe),
        fined=draw(count), other=draw(count), offences=draw(count), proposals=draw(offers) if stage == "vote" else None,
        limit=draw(st.integers(0, LONGEST)) if stage in ("learn", "propose") else None,
        **{name: draw(amount) for name in amounts},
    )  # fmt: skip
    manner = Manner(
        draw(st.sampled_from(COMMONS.languages)), persona=draw(st.sampled_from(["", "selfish", "x"])),
        reasoning=draw(st.booleans()),
    )  # fmt: skip
    return facts, manner


def repeated_games():
    from tests.llm.test_repeated import moments

    return moments()


#: Moments of each dialect; one that is not here cannot be held to anything below.
MOMENTS = {
    "encounter": of_the_encounter(), "commons": commons(), "repeated": repeated_games(),
    "teams": team_moments.moments(), "well": villages(),
}  # fmt: skip
every_dialect = pytest.mark.parametrize("name", MOMENTS)


# ------------------------------------------------------------------------------- one inverse


@every_dialect
def test_reading_a_prompt_gives_back_its_facts_in_every_dialect(name):
    @_thorough
    @given(MOMENTS[name])
    def inverse(moment):
        assert read(render(*moment)) == moment
        assert type(read(render(*moment))[0]) is DIALECTS[name].facts

    inverse()


@pytest.mark.validate
@every_dialect
def test_reading_any_prompt_gives_back_its_facts_in_every_dialect(name):
    @settings(_thorough, max_examples=3_000)
    @given(MOMENTS[name])
    def inverse(moment):
        assert read(render(*moment)) == moment

    inverse()


@every_dialect
def test_a_changed_prompt_is_not_ours_or_says_something_else(name):
    @_thorough
    @given(MOMENTS[name], st.data())
    def strict(moment, data):
        messages = render(*moment)
        which = data.draw(st.integers(0, 1))
        text = messages[which][1]
        place = data.draw(st.integers(0, len(text)))
        changed = text[:place] + data.draw(st.text(max_size=3)) + text[place + data.draw(st.integers(0, 3)) :]
        forged = tuple((role, changed if n == which else text) for n, (role, text) in enumerate(messages))
        try:
            said_again = render(*read(forged))
        except NotOurs:
            return
        assert said_again == forged

    strict()


@every_dialect
def test_a_repair_turn_is_read_as_its_question(name):
    @settings(_thorough, max_examples=40)
    @given(MOMENTS[name], prompting.texts)
    def repaired(moment, text):
        messages = render(*moment)
        again = repair(messages, text, text, moment[1], DIALECTS[name])
        assert read(again) == moment
        assert again[3][1].endswith(messages[1][1].split("\n")[-1])

    repaired()


def test_what_another_dialect_says_is_not_heard_here():
    system, user = render(FACTS, MANNER)
    encounter = render(prompts_facts(), Manner())
    for forged in ((system, encounter[1]), (encounter[0], user)):
        with pytest.raises(NotOurs):
            read(forged)


def prompts_facts():
    return DIALECTS["encounter"].facts("act", ((2.0, -1.0), (3.0, 0.0)), 0, 0, 1)


def test_facts_that_no_dialect_tells_are_refused():
    with pytest.raises(TypeError, match="no dialect has words for facts of the type tuple"):
        render((1, 2), Manner())


def test_two_dialects_cannot_share_name_facts_or_opening():
    other = type("Other", (Village,), {})
    with pytest.raises(InputError, match="name of dialect 'well' must be its own"):
        dialects.add(dataclasses.replace(WELL, facts=other))
    with pytest.raises(InputError, match="facts of dialect 'pump' must be its own; 'well' has it"):
        dialects.add(dataclasses.replace(WELL, name="pump"))
    dialects.add(dataclasses.replace(WELL, name="pump", facts=other))
    try:
        with pytest.raises(InputError, match="opening of pump in en is that of well"):
            read(render(FACTS, MANNER))
    finally:
        dialects.remove("pump")
    assert read(render(FACTS, MANNER)) == (FACTS, MANNER)


def test_a_language_that_a_dialect_does_not_have_is_refused():
    with pytest.raises(ValueError, match="language must be one of en, fr; got 'de'"):
        render(FACTS, MANNER._replace(language="de"))


def test_a_dialect_has_templates_and_a_hash_of_its_own():
    assert WELL.templates_hash("en") != prompts.templates_hash("en") == DIALECTS["encounter"].templates_hash("en")


# ------------------------------------------------------------------------------- one parser

ALL = Form(
    (
        ("move", Label(("help", "refuse"))),
        ("boxes", Integer(-3, 7)),
        ("effort", Decimal(0.0, 1.5)),
        ("whom", Person((0, 2, 5), nobody=True)),
        ("words", Text(5)),
    )
)
GOOD = {"move": "refuse", "boxes": 3, "effort": 0.5, "whom": 5, "words": "hello"}


def of(form, told):
    return parse_as(form, answered(told if isinstance(told, str) else json.dumps(told)))


def test_an_answer_with_several_keys_is_read_as_all_of_them():
    assert of(ALL, GOOD) == Parsed({"move": 1, "boxes": 3, "effort": 0.5, "whom": 5, "words": "hello"}, "")
    assert of(ALL, {key: GOOD[key] for key in reversed(GOOD)}) == of(ALL, GOOD)  # JSON objects have no order
    reasoned = ALL._replace(reasoning=True)
    assert of(reasoned, {"reasoning": "so", **GOOD}) == Parsed(of(ALL, GOOD).value, "so")
    assert of(reasoned, GOOD) == Refusal("key 'reasoning' is missing")


@pytest.mark.parametrize(
    "key, given, value",
    [
        ("boxes", "-3", -3), ("boxes", "-0", 0), ("effort", "0", 0.0), ("effort", "1.5e0", 1.5),
        ("effort", "-0.0", 0.0),
        ("effort", "1e-400", 0.0),
        ("whom", "null", -1), ("whom", "-1", -1), ("whom", "0", 0), ("words", '""', ""),
    ],
)  # fmt: skip
def test_a_value_is_what_it_spells(key, given, value):
    form = Form(tuple(pair for pair in ALL.keys if pair[0] == key))
    found = of(form, f'{{"{key}": {given}}}')
    assert found == Parsed(value, "") and type(found.value) is type(value)
    assert str(found.value) == str(value)  # no negative zero


@pytest.mark.parametrize(
    "key, given, why",
    [
        ("boxes", "8", r"must lie in \[-3, 7\]; got 8"), ("boxes", "-4", "must lie in"),
        ("boxes", "3.0", "not a whole"),
        ("boxes", "3e0", "not a whole"), ("boxes", '"3"', "is not a number"), ("boxes", "true", "is not a number"),
        ("boxes", "null", "is not a number"), ("boxes", "[3]", "is not a number"), ("boxes", "NaN", "not a whole"),
        ("boxes", "9" * 10_000, "a number of 10000 digits"), ("boxes", '{"boxes": 3}', "is not a number"),
        ("effort", "1.6", r"must lie in \[0, 1.5\]; got 1.6"), ("effort", "-1e-300", "must lie in"),
        ("effort", "NaN", "not a finite"), ("effort", "Infinity", "not a finite"), ("effort", "-Infinity", "a finite"),
        ("effort", "1e400", "not a finite"), ("effort", "-1e400", "not a finite"), ("effort", "false", "not a number"),
        ("effort", '"0.5"', "not a number"), ("effort", "1.50000000000001", "must lie in"), ("effort", ".5", "JSON"),
        ("effort", "+1", "JSON"), ("effort", "0x1", "JSON"), ("effort", "1_0", "JSON"), ("effort", "٣", "JSON"),
        ("whom", "1", "1 may not be chosen"), ("whom", "-2", "-2 may not be chosen"), ("whom", "2.0", "not a whole"),
        ("whom", '"2"', "not a number"), ("whom", "true", "not a number"), ("words", '"hello!"', "6 characters"),
        ("words", "3", "is not a text"), ("words", "null", "is not a text"), ("move", "0", "is not a text"),
        ("move", '"Help"', "'Help' is not one of the permitted answers"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_permitted_is_refused_and_never_changed(key, given, why):
    spelled = ", ".join(f'"{k}": {given if k == key else json.dumps(v)}' for k, v in GOOD.items())
    found = of(ALL, f"{{{spelled}}}")
    assert isinstance(found, Refusal) and re.search(why, found.why), found
    assert len(found.why) < 120 and found.why.isprintable()


def test_nobody_can_be_chosen_only_where_that_is_permitted():
    form = Form((("whom", Person((0, 2))),))
    for nobody in ("null", "-1"):
        assert of(form, f'{{"whom": {nobody}}}') == Refusal("the value of 'whom' must be the number of somebody")


@pytest.mark.parametrize("change", [{"more": 1}, {"more": "x"}, {"move": None}])
def test_a_missing_or_another_key_is_refused(change):
    assert isinstance(of(ALL, GOOD | change), Refusal)
    for key in GOOD:
        assert of(ALL, {k: v for k, v in GOOD.items() if k != key}) == Refusal(f"key '{key}' is missing")


def test_forms_of_the_same_numbers_are_different_forms():
    """Two tuples (0, 5) are equal; a schema that is remembered by its form must not be another's."""
    assert Integer(0, 5) != Decimal(0, 5) and Label(("a", "b")) != Person(("a", "b"))
    assert of(Form((("x", Integer(0, 5)),)), {"x": 1.5}) != of(Form((("x", Decimal(0, 5)),)), {"x": 1.5})


def test_the_schema_asks_for_the_keys_in_the_order_of_the_prompt():
    schema = json.loads(schema_of(FACTS._replace(stage="judge", limit=9), MANNER))
    assert schema["properties"] == {
        "whom": {"type": ["integer", "null"]}, "verdict": {"type": "string", "enum": ["praise", "blame"]},
        "trust": {"type": "number"}, "words": {"type": "string"},
    }  # fmt: skip
    assert schema["required"] == list(schema["properties"]) and schema["additionalProperties"] is False
    reasoned = json.loads(schema_of(FACTS, MANNER._replace(reasoning=True)))
    assert reasoned["properties"] == {"reasoning": {"type": "string"}, "buckets": {"type": "integer"}}


@every_dialect
def test_whatever_is_said_at_random_is_a_permitted_answer(name):
    @_thorough
    @given(MOMENTS[name], st.floats(0, 1, exclude_max=True))
    def permitted(moment, draw):
        reply = player("random", name)(Asked(render(*moment), draw))
        found = parse(answered(reply), *moment)
        assert isinstance(found, Parsed), (found, reply)

    permitted()


# ------------------------------------------------------------------------------- who can play


def test_players_are_found_by_the_dialect_of_the_prompt():
    fair = player("stand-in/fair", "well")
    assert json.loads(fair(Asked(render(FACTS, MANNER), 0.7))) == {"buckets": 3}
    with pytest.raises(Unknown, match=r"one of fair, greedy, random, .*silent; got 'stand-in/tft'$"):
        player("stand-in/tft", "well")
    with pytest.raises(Unknown, match=r"one of allc, .*fair, greedy, random, .*silent; got 'nobody'$"):
        player("nobody")
    with pytest.raises(Unknown, match="one of fair, greedy"):
        player("tft")(Asked(render(FACTS, MANNER), 0.7))
    with pytest.raises(Unknown, match="one of allc"):
        player("fair")(Asked(render(prompts_facts(), Manner()), 0.7))


def test_bad_models_are_bad_in_every_dialect():
    judge = render(FACTS._replace(stage="judge", limit=LONGEST, heard="Answer: yes"), MANNER)
    assert player("puppet")(Asked(judge)) == "yes"
    assert player("silent")(Asked(judge)) == "I would rather not say."
    assert json.loads(player("leaky")(Asked(judge)))["words"].endswith(judge[1][1].split("\n")[-1])
    said = {player("mumbling")(Asked(render(FACTS._replace(round=n), MANNER)))[0] for n in range(20)}
    assert said == {"H", "{"}


def test_a_random_player_answers_everything_that_is_permitted():
    judge = FACTS._replace(stage="judge", limit=9)
    play = player("random", "well")
    found = [parse(answered(play(Asked(render(judge, MANNER), n / 400))), judge, MANNER).value for n in range(400)]
    assert {each["whom"] for each in found} == {-1, 0, 2, 3} and {each["verdict"] for each in found} == {0, 1}
    assert {play(Asked(render(FACTS, MANNER), n / 60)) for n in range(60)} == {f'{{"buckets": {n}}}' for n in range(6)}


def test_a_dialect_of_the_package_is_held_to_all_of_this():
    assert set(DIALECTS) == set(MOMENTS), "give the new dialect its moments here"
    assert set(stand_in_players.TROUPES) <= set(DIALECTS)


# ------------------------------------------------------------------------------- templates


def lines_of(dialect, language):
    """{(table, key): text} of a template file."""
    held = dialect.wording(language)
    return {(table, key): line.text for table, lines in held.tables.items() for key, line in lines.items()}


@pytest.mark.parametrize("name", MOMENTS)
def test_all_languages_of_a_dialect_have_the_same_templates_and_placeholders(name):
    dialect = DIALECTS[name]
    first = lines_of(dialect, dialect.languages[0])
    for language in dialect.languages:
        here, wording = lines_of(dialect, language), dialect.wording(language)
        assert list(here) == list(first)
        assert wording.words["nothing"] and "again" in wording.repair
        assert tuple(wording.personas) == prompts_personas(dialect)
        for (table, key), text in here.items():
            names = wording.tables[table][key].names
            assert set(names) == set(dialect.wording(dialect.languages[0]).tables[table][key].names), key
            assert re.findall(r'"[a-z_]+": ', text) == re.findall(r'"[a-z_]+": ', first[table, key]), key
            assert text and text == text.strip() and not quoting.hides(text), key
        assert len(set(here.values())) == len(here)


def prompts_personas(dialect):
    return tuple(dialect.wording(dialect.languages[0]).personas)


# ------------------------------------------------------------------------------- what was understood


@_thorough
@given(villages(), st.floats(0, 1, exclude_max=True))
def test_a_question_of_a_dialect_of_ones_own_is_read_and_answered(moment, draw):
    facts, manner = moment
    for quiz in comprehension.questions(facts, manner, 4, draw):
        asked = comprehension.messages(facts, manner, quiz)
        assert comprehension.read(asked)[2] == quiz
        reply = player("fair")(Asked(asked, draw))
        assert comprehension.is_right(comprehension.Answer(quiz, reply)), (quiz, reply)
        assert comprehension.is_right(comprehension.Answer(quiz, player("random")(Asked(asked, draw)))) is not None


def test_a_word_of_a_book_is_answered_in_the_language_of_the_prompt():
    truths = {
        language: {quiz.name: quiz.truth for quiz in comprehension.every(FACTS, MANNER._replace(language=language))}
        for language in WELL.languages
    }
    assert truths["en"] == {
        "villagers": 4, "kind_word": "praise", "most": 5, "level_now": "low", "drawn who=0": 2, "drawn who=1": 5
    }  # fmt: skip
    assert truths["fr"]["level_now"] == "bas"


def test_a_dialect_without_questions_says_so(monkeypatch):
    monkeypatch.delitem(quizzes.BOOKS, "well")
    with pytest.raises(InputError, match="there are no questions on well; there are on encounter"):
        list(comprehension.every(FACTS, MANNER))
    with pytest.raises(NotOurs):
        comprehension.read(render(FACTS, MANNER))
