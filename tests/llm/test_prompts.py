"""A prompt says all that is so and nothing else, in neutral words, in seven languages."""

import hashlib
import json
import re
import tomllib
import unicodedata
from importlib.resources import files

import pytest

from coop_abm import norms
from coop_abm.llm import prompts, quoting
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.prompts import LANGUAGES, check, personas, render, repair, schema_of, templates_hash
from coop_abm.llm.reading import read
from coop_abm.llm.wording import ACTIONS
from tests.llm import examples, prompting
from tests.llm.examples import EVERYTHING, NOTHING

OTHERS = [language for language in LANGUAGES if language != "en"]
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
#: Parts of words that name the actions as the literature does.
LOADED = (
    "cooperat", "co-operat", "defect", "prison", "dilemma", "betray", "coopér", "défect", "trahi",
    "dilemme", "kooper", "defekt", "verrat", "gefangen", "traici", "dilema", "تعاون", "خيان", "سجين",
    "معضلة", "合作", "背叛", "囚徒", "困境", "hợp tác", "phản bội", "tù nhân", "nan đề",
)  # fmt: skip
#: Short English words that no other of these languages writes.
ENGLISH = {
    "the", "you", "your", "and", "of", "with", "is", "are", "not", "nothing", "answer", "choose", "turn", "round",
    "standing", "both", "each", "next", "line", "quotes", "by", "or", "whoever", "after", "before",
}  # fmt: skip


def told(language):
    """{table.key: text} of a template file."""
    text = files("coop_abm.llm").joinpath("templates", f"{language}.toml").read_text(encoding="utf-8")
    return {
        f"{table}.{key}": line
        for table, lines in tomllib.loads(text).items()
        if isinstance(lines, dict)
        for key, line in lines.items()
    }


def body(line):
    """A template without what is the same in all languages: placeholders and the JSON of an answer."""
    return PLACEHOLDER.sub("", re.sub(r'"[a-z]+": ', "", line))


# ------------------------------------------------------------------------------- languages as data


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_the_same_with_the_same_placeholders(language):
    english, other = told("en"), told(language)
    assert list(english) == list(other)
    for key, line in english.items():
        assert set(PLACEHOLDER.findall(line)) == set(PLACEHOLDER.findall(other[key])), key
        assert re.findall(r'"[a-z]+": ', line) == re.findall(r'"[a-z]+": ', other[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_template_is_one_line_with_nothing_hidden_and_its_labels_in_quotes(language):
    for key, line in told(language).items():
        assert line and line == line.strip() and not quoting.hides(line), key
        assert unicodedata.normalize("NFC", line) == line, key
        for name in set(PLACEHOLDER.findall(line)) & set(ACTIONS):
            assert line.count(f'"{{{name}}}"') == line.count(f"{{{name}}}"), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_lines_of_a_language_are_the_same(language):
    lines = list(told(language).values())
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_behind(language):
    for key, line in told(language).items():
        words = set(re.findall(r"[a-z]+", body(line).lower()))
        assert not words & ENGLISH, (key, words & ENGLISH)
        if language in ("ar", "zh"):
            assert words <= {"json"}, (key, words)
    english = set(map(body, told("en").values()))
    assert not english & set(map(body, told(language).values()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_the_actions_as_the_literature_does(language):
    everything = " ".join(told(language).values()).lower()
    assert not [word for word in LOADED if word in everything]


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_written_in_ascii_digits(language):
    text = "".join(text for _, text in render(EVERYTHING, Manner(language)))
    assert not [sign for sign in text if sign.isdigit() and not sign.isascii()]


def test_the_hash_is_that_of_the_bytes_of_the_file():
    for language in LANGUAGES:
        held = files("coop_abm.llm").joinpath("templates", f"{language}.toml").read_bytes()
        assert templates_hash(language) == hashlib.sha256(held).hexdigest()
        assert b"\r" not in held
    assert len({templates_hash(language) for language in LANGUAGES}) == len(LANGUAGES)


def test_every_language_has_the_same_personas():
    assert {personas(language) for language in LANGUAGES} == {("cooperative", "selfish")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_norm_has_its_own_sentence(language):
    judged = [prompts.judged_by(kind()) for kind in norms.KINDS if kind is not norms.LeadingEight]
    judged += [prompts.judged_by(norms.LeadingEight(number=number)) for number in range(1, 9)]
    said = {render(NOTHING._replace(judged=name), Manner(language))[0][1] for name in judged}
    assert len(said) == len(judged) == len(prompts.JUDGED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_example_is_the_one_that_a_person_has_read(language):
    """After a change on purpose: ``uv run python -m tests.llm.examples``, and read what it changed."""
    kept = (examples.FOLDER / f"{language}.txt").read_text(encoding="utf-8")
    assert examples.example(language) == kept


def test_arabic_survives_json_byte_for_byte():
    for _, text in render(EVERYTHING, Manner("ar")):
        wire = json.dumps({"content": text}, ensure_ascii=False).encode("utf-8")
        assert json.loads(wire)["content"].encode("utf-8") == text.encode("utf-8")
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


# ------------------------------------------------------------------------------- what a prompt says


def lines(facts, manner=None):
    return [line for _, text in render(facts, manner or Manner()) for line in text.split("\n")]


@pytest.mark.parametrize(
    "field, value",
    [
        ("slips", 0.01), ("horizon", 9), ("continuation", 0.5), ("history", ()), ("visibility", 0.5),
        ("standing", "unknown"), ("own_standing", "good"), ("judged", "type"), ("public", True), ("relatedness", 0.5),
        ("assortment", 0.5), ("family", 3), ("kin", False), ("neighbours", 4), ("everybody", False), ("group", 0),
        ("members", 3), ("payoff", 0.0), ("talks", True), ("said", ""), ("memo", ""), ("draft", "x"),
        ("critique", "x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_paragraph_is_there_exactly_where_its_fact_is(language, field, value):
    without, with_it = lines(NOTHING, Manner(language)), lines(NOTHING._replace(**{field: value}), Manner(language))
    gone = [line for line in without if line not in with_it]
    assert with_it != without
    assert len(gone) == (1 if field == "horizon" else 0)  # that nobody knows is said, until it is known


def test_only_the_state_is_in_the_user_message():
    """Every decision of a run shares its system message to the byte, so a provider can keep it."""
    manner = Manner()
    later = EVERYTHING._replace(
        stage="talk", round=40, turn=0, partner=3, history=(), standing="bad", own_standing="bad", kin=False,
        neighbours=2, group=0, members=9, payoff=None, said=None, limit=100, memo="", draft="d", critique="c",
    )  # fmt: skip
    assert render(EVERYTHING, manner)[0] == render(later, manner)[0]
    assert [role for role, _ in render(EVERYTHING, manner)] == ["system", "user"]


def test_points_lost_are_points_won_mirrored():
    facts = NOTHING._replace(payoffs=((2.0, -1.0), (3.5, 0.0)), payoff=0.25)
    won = [line for line in lines(facts) if line.startswith("- ")]
    lost = [line for line in lines(facts, Manner(framing="penalty")) if line.startswith("- ")]
    assert won[1] == '- you choose "action_a", your partner chooses "action_b": you win -1, your partner wins 3.5'
    assert lost[1] == '- you choose "action_a", your partner chooses "action_b": you lose 1, your partner loses -3.5'
    assert lost[3].endswith("you lose 0, your partner loses 0")
    assert "What the last round brought you, in points LOST: -0.25." in lines(facts, Manner(framing="penalty"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_are_the_same_in_every_language_and_listed_as_asked(language):
    for swapped, listed in ((False, ["action_a", "action_b"]), (True, ["action_b", "action_a"])):
        manner = Manner(language, swapped=swapped)
        request = lines(NOTHING, manner)[-1]
        assert [json.loads(found)["action"] for found in re.findall(r"\{.*?\}", request)] == listed
        assert json.loads(schema_of(NOTHING, manner))["properties"]["action"]["enum"] == listed
        own = [re.findall('"(.*?)"', line)[0] for line in lines(NOTHING, manner) if line.startswith("- ")]
        assert own == [listed[0], listed[0], listed[1], listed[1]]


@pytest.mark.parametrize("stage", ["talk", "plan", "critique", "revise"])
def test_the_schema_of_a_text_asks_for_its_key_alone(stage):
    schema = json.loads(schema_of(NOTHING._replace(stage=stage), Manner(reasoning=True)))
    assert schema["required"] == list(schema["properties"]) == [{"talk": "message", "revise": "plan"}.get(stage, stage)]
    assert schema["additionalProperties"] is False


def test_reasoning_comes_before_the_action():
    schema = json.loads(schema_of(NOTHING, Manner(reasoning=True)))
    assert schema["required"] == ["reasoning", "action"]


# ------------------------------------------------------------------------------- other people's text (row L7)


def test_the_corpus_is_large_enough():
    assert len(set(prompting.HOSTILE)) >= 50


@pytest.mark.parametrize("field", ["said", "memo", "draft", "critique"])
@pytest.mark.parametrize("text", prompting.HOSTILE)
def test_a_text_changes_its_own_line_and_no_other(field, text):
    plain, hostile = (lines(EVERYTHING._replace(**{field: one})) for one in ("x", text or "y"))
    assert len(plain) == len(hostile)
    changed = [(before, after) for before, after in zip(plain, hostile) if before != after]
    assert [before for before, _ in changed] == (['"x"'] if text != "x" else [])
    for _, line in changed:
        assert line[0] == line[-1] == '"' and not quoting.hides(line)
        assert json.loads(line) == prompting.joined(text or "y")


def test_a_text_that_is_too_long_is_refused_and_not_cut():
    with pytest.raises(ValueError, match="at most 5000 characters; got 5001"):
        render(NOTHING._replace(said="x" * 5001), Manner())


@pytest.mark.parametrize(
    "manner, why",
    [
        (Manner(language="xx"), "language must be one of en"),
        (Manner(framing="gain"), "framing must be reward or penalty"), (Manner(labels=("a", "a")), "two different"),
        (Manner(labels=("a", "A")), "two different"), (Manner(labels=("", "b")), "1 to 40"),
        (Manner(labels=("a\nb", "b")), "visible"), (Manner(labels=("a", " b")), "outer"),
        (Manner(labels=('a"', "b")), "quotes"), (Manner(labels=("a", "b\\")), "backslashes"),
        (Manner(labels=("a", "b\u202e")), "visible"), (Manner(labels=("a", "b" * 41)), "1 to 40"),
        (Manner(persona="x" * 5001), "persona must have at most 5000"),
        (Manner(persona="neutral"), "neutral is the empty text"), (Manner(labels=("a", "b", "c")), "two different"),
    ],
)  # fmt: skip
def test_a_manner_that_has_no_words_is_refused_in_a_sentence(manner, why):
    with pytest.raises(ValueError, match=why) as refused:
        check(manner)
    assert str(refused.value).isprintable()
    with pytest.raises(ValueError, match=why):
        render(NOTHING, manner)


@pytest.mark.parametrize(
    "change, why",
    [
        ({"stage": "dance"}, "stage must be one of act"), ({"standing": "fair"}, "standing must be one of good"),
        ({"judged": "leading_eight"}, "judged must be one of type"), ({"payoff": float("nan")}, "must be finite"),
        ({"payoffs": ((float("inf"), 0.0), (0.0, 0.0))}, "must be finite"), ({"horizon": 2.5}, "whole number"),
        ({"limit": 5}, "limit must be None"), ({"stage": "talk", "limit": 5001}, "limit must be in"),
        ({"own_standing": "unknown"}, "own_standing must be one of good, bad"),
    ],
)  # fmt: skip
def test_a_fact_that_has_no_words_is_refused_in_a_sentence(change, why):
    with pytest.raises(ValueError, match=why):
        render(NOTHING._replace(**change), Manner())


# ------------------------------------------------------------------------------- the repair turn


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", prompting.HOSTILE)
def test_a_repair_turn_asks_again_in_one_line(language, text):
    facts, manner = NOTHING._replace(stage="talk", limit=9), Manner(language)
    messages = render(facts, manner)
    again = repair(messages, text * 3, text, manner)
    assert [role for role, _ in again] == ["system", "user", "assistant", "user"] and again[:2] == messages
    answer, line = again[2][1], again[3][1]
    assert answer and not quoting.hides(answer.replace("\n", ""))
    assert len(line.splitlines()) == 1 and line.endswith(messages[1][1].split("\n")[-1])
    assert read(again) == (facts, manner)
    json.dumps(again, ensure_ascii=False).encode("utf-8")


def test_facts_stay_as_they_were_when_they_are_read_twice():
    messages = render(EVERYTHING, Manner())
    first, _ = read(messages)
    read(render(EVERYTHING._replace(payoff=None, history=None), Manner()))
    assert read(messages)[0] == first == EVERYTHING


def test_equal_numbers_of_other_types_say_the_same():
    """The system part is remembered by value, and 1 == 1.0 == True, so all must have the same words."""
    ints = Facts("act", ((2, -1), (3, 0)), 0, 0, 1, slips=1, continuation=0)
    floats = Facts("act", ((2.0, -1.0), (3.0, -0.0)), 0, 0, 1, slips=1.0, continuation=0.0)
    prompts._system.cache_clear()
    first = render(ints, Manner())
    prompts._system.cache_clear()
    assert render(floats, Manner()) == first
