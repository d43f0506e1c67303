"""The comprehension gate: true answers, questions that can be read back, and scores that tell readers from guessers."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core.errors import InputError
from coop_abm.engine.statistics import share
from coop_abm.llm import comprehension, prompts, quizzes
from coop_abm.llm.comprehension import Answer, Quiz
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.reading import NotOurs
from coop_abm.llm.stand_in_players import Asked, player
from tests.llm.test_stand_in_players import moments

#: A moment with every mechanism on: each question can be asked.
FULL = Facts(
    "act", ((2.0, -1.0), (3.5, 0.25)), round=11, turn=3, partner=17, horizon=40, slips=0.125, continuation=0.75,
    history=((0, 0), (0, 1), (1, 1)), visibility=0.5, standing="unknown", own_standing="bad", judged="stern_judging",
    public=True, relatedness=0.3, assortment=0.2, family=6, kin=True, neighbours=8, everybody=False, group=4,
    members=9, payoff=-1.5, talks=True, said="hello",
)  # fmt: skip
BARE = Facts("act", ((2.0, -1.0), (3.5, 0.25)), round=0, turn=0, partner=3)
MANNER = Manner()
PENALTY = Manner(framing="penalty", labels=("b", "a"), swapped=True)
LANGUAGES = prompts.LANGUAGES


def truths(facts, manner=MANNER):
    return {quiz.name: quiz.truth for quiz in comprehension.every(facts, manner)}


def answered(name, facts, manner, quizzes_):
    """The replies of one of the stand-in's players."""
    play = player(name)
    return [Answer(quiz, play(Asked(comprehension.messages(facts, manner, quiz)))) for quiz in quizzes_]


# ----------------------------------------------------------------------------------------- the truth


def test_the_true_answers_are_those_of_the_facts():
    assert truths(FULL) == {
        "highest": 3.5, "lowest": -1.0,
        "payoff own=action_a other=action_a": 2.0, "payoff own=action_a other=action_b": -1.0,
        "payoff own=action_b other=action_a": 3.5, "payoff own=action_b other=action_b": 0.25,
        "partner_payoff own=action_a other=action_a": 2.0, "partner_payoff own=action_a other=action_b": 3.5,
        "partner_payoff own=action_b other=action_a": -1.0, "partner_payoff own=action_b other=action_b": 0.25,
        "permitted": ["action_a", "action_b"], "horizon_told": True, "horizon": 40, "slips": 0.125,
        "continuation": 0.75, "visibility": 0.5, "relatedness": 0.3, "assortment": 0.2, "family": 6,
        "everybody": False, "talks": True,
        "round": 12, "turn": 4, "partner": 17, "standing": "unknown", "own_standing": "bad", "kin": True,
        "neighbours": 8, "group": 4, "members": 9, "message": True, "last_round": -1.5,
        "turns": 3, "partner_action turn=1": "action_a", "partner_action turn=2": "action_b",
        "partner_action turn=3": "action_b", "own_action turn=1": "action_a", "own_action turn=2": "action_a",
        "own_action turn=3": "action_b", "partner_count label=action_a": 1, "partner_count label=action_b": 2,
        "own_count label=action_a": 2, "own_count label=action_b": 1, "total": 1.25, "partner_total": 5.75,
    }  # fmt: skip


def test_points_lost_are_points_won_mirrored_and_labels_are_those_of_the_prompt():
    told = truths(FULL, PENALTY)
    assert (told["highest"], told["lowest"], told["total"], told["last_round"]) == (-3.5, 1.0, -1.25, 1.5)
    assert told["payoff own=b other=a"] == 1.0 and told["partner_action turn=2"] == "a"
    assert sorted(told["permitted"]) == ["a", "b"]


def test_only_what_the_prompt_tells_is_asked():
    always = "highest lowest payoff partner_payoff permitted horizon_told talks round turn partner"
    assert {name.split()[0] for name in truths(BARE)} == set(always.split())
    assert truths(BARE)["horizon_told"] is truths(BARE)["talks"] is False
    start = truths(BARE._replace(history=()))
    assert start["turns"] == 0 and start["own_count label=action_b"] == 0 and "total" not in start
    assert truths(BARE._replace(said=""))["message"] is False


def test_every_question_of_the_table_can_be_asked():
    assert {name.split()[0] for name in truths(FULL)} == set(quizzes.TABLE)


# ---------------------------------------------------------------------------------------- the words


def texts_of(language):
    path = files("coop_abm.llm").joinpath("templates", f"quiz_{language}.toml")

    def flat(table, before=""):
        for key, value in table.items():
            yield from flat(value, f"{before}{key}.") if isinstance(value, dict) else [(before + key, value)]

    return dict(flat(tomllib.loads(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_questions_with_the_same_placeholders(language):
    def holes(texts):
        return {key: sorted(re.findall(r"\{[a-z]+\}|\{\"answer\": [a-z.]*", text)) for key, text in texts.items()}

    assert holes(texts_of(language)) == holes(texts_of("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_questions_of_a_language_read_the_same_and_each_is_one_line(language):
    for manner in (Manner(language), Manner(language, framing="penalty", reasoning=True)):
        asked = [quiz.text for quiz in comprehension.every(FULL, manner)]
        assert len(set(asked)) == len(asked) and not any("\n" in text for text in asked)
        assert not any(re.search(r"\{[a-z]+\}", text) for text in asked)  # all filled in


@pytest.mark.parametrize("language", LANGUAGES)
def test_standing_is_asked_in_the_words_of_the_prompt(language):
    everything = comprehension.every(FULL._replace(standing="good"), Manner(language))
    standing = next(quiz for quiz in everything if quiz.name == "standing")
    permitted = json.loads(standing.schema)["properties"]["answer"]["enum"]
    assert standing.truth == permitted[0] and len(set(permitted)) == 3
    assert all(f'{{"answer": "{word}"}}' in standing.text for word in permitted)


# ----------------------------------------------------------------------------------------- to choose


def test_questions_come_from_each_kind_in_turn_and_never_twice():
    chosen = comprehension.questions(FULL, MANNER, 9, 0.25)
    assert [quiz.kind for quiz in chosen] == ["rules", "state", "history"] * 3
    everything = comprehension.questions(FULL, MANNER, 1000, 0.25)
    assert sorted(quiz.name for quiz in everything) == sorted(truths(FULL)) and everything[:9] == chosen
    assert {quiz.kind for quiz in comprehension.questions(BARE, MANNER, 9, 0.25)} == {"rules", "state"}


def test_the_draw_decides_which_questions_are_asked():
    names = [[quiz.name for quiz in comprehension.questions(FULL, MANNER, 9, draw)] for draw in (0.25, 0.25, 0.75)]
    assert names[0] == names[1] != names[2]


def test_a_question_stands_in_the_place_of_the_request():
    told = prompts.render(FULL, MANNER)
    for stage in ("act", "talk"):
        facts = FULL._replace(stage=stage, limit=None if stage == "act" else 80)
        quiz = comprehension.questions(facts, MANNER, 1, 0.5)[0]
        system, (role, text) = comprehension.messages(facts, MANNER, quiz)
        assert system == told[0] and role == "user"
        assert text.split("\n") == [*told[1][1].split("\n")[:-1], quiz.text]


# ------------------------------------------------------------------------------------------- to answer


@settings(max_examples=40, derandomize=True, deadline=None)
@given(moments(), st.floats(0, 1, exclude_max=True))
def test_who_reads_the_prompt_answers_everything_right(moment, draw):
    facts, manner = moment
    chosen = comprehension.questions(facts, manner, 6, draw)
    assert comprehension.score(answered("tft", facts, manner, chosen)).overall.share == 1.0


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("told", [{}, {"framing": "penalty", "swapped": True, "reasoning": True}], ids=["", "turned"])
def test_who_reads_the_prompt_passes_in_every_language_and_who_guesses_or_says_nothing_does_not(language, told):
    manner = Manner(language, **told)
    everything = list(comprehension.every(FULL, manner))
    reading, guessing, nothing = (
        comprehension.score(answered(name, FULL, manner, everything)) for name in ("gtft", "random", "silent")
    )
    assert reading.overall.right == len(everything) and reading.malformed == 0
    assert guessing.overall.high < 0.6 and guessing.malformed == 0
    assert nothing.overall.right == 0 and nothing.malformed == len(everything)


def test_a_question_that_is_not_ours_is_not_read():
    quiz = comprehension.questions(FULL, MANNER, 1, 0.5)[0]
    system, (role, text) = comprehension.messages(FULL, MANNER, quiz)
    assert comprehension.read((system, (role, text))) == (FULL, MANNER, quiz)
    for wrong in (
        (system, (role, text + "?")),
        (system, (role, text.replace("turn 4", "turn four", 1))),
        (("system", "You are helpful."), (role, text)),
        ((role, text),),
        (),
    ):
        with pytest.raises(NotOurs):
            comprehension.read(wrong)


# -------------------------------------------------------------------------------------------- to score

THIRD = Quiz("last_round", "state", "", 4 / 3, "")
NIL = Quiz("total", "history", "", 0.1 + 0.2 - 0.3, "")
MANY = Quiz("round", "state", "", 100_001, "")
NUMBER = Quiz("total", "history", "", 0.3, "")
COUNT = Quiz("round", "state", "", 1, "")
YES = Quiz("talks", "rules", "", True, "")
LABEL = Quiz("own_action turn=1", "history", "", "1", "")
LABELS = Quiz("permitted", "rules", "", ["a", "b"], "")


@pytest.mark.parametrize(
    ("quiz", "reply"),
    [
        (NUMBER, '{"answer": 0.3}'),
        (NUMBER, ' {"answer": 0.30000000000000004}\n'),  # 0.1 + 0.2
        (NUMBER, '{"answer": 3e-1}'),
        (THIRD, '{"answer": 1.3333}'),
        (NIL, '{"answer": 0}'),
        (MANY, '{"answer": 100001}'),
        (COUNT, '{"answer": 1}'),
        (COUNT, '<think>{"answer": 2}?</think>\n```json\n{"answer": 1.0}\n```'),
        (YES, '{"answer": true}'),
        (LABEL, '{"answer": "1"}'),
        (LABELS, '{"answer": ["b", "a"]}'),
    ],
)
def test_a_right_answer_is_right(quiz, reply):
    assert comprehension.is_right(Answer(quiz, reply)) is True


@pytest.mark.parametrize(
    ("quiz", "reply"),
    [
        (NUMBER, '{"answer": 0.3001}'),
        (THIRD, '{"answer": 1.33}'),
        (NIL, '{"answer": 0.0001}'),
        (MANY, '{"answer": 100000}'),
        (NUMBER, '{"answer": "0.3"}'),
        (NUMBER, '{"answer": -0.3}'),
        (NUMBER, '{"answer": 1e999}'),
        (NUMBER, '{"answer": ' + "9" * 400 + "}"),
        (NUMBER, '{"answer": null}'),
        (COUNT, '{"answer": true}'),
        (YES, '{"answer": 1}'),
        (YES, '{"answer": "true"}'),
        (YES, '{"answer": false}'),
        (LABEL, '{"answer": 1}'),
        (LABEL, '{"answer": "1 "}'),
        (LABELS, '{"answer": ["a"]}'),
        (LABELS, '{"answer": ["a", "b", "b"]}'),
        (LABELS, '{"answer": "a, b"}'),
        (LABELS, '{"answer": [["a"], 1]}'),
    ],
)
def test_a_wrong_answer_is_wrong(quiz, reply):
    assert comprehension.is_right(Answer(quiz, reply)) is False


@pytest.mark.parametrize(
    "reply",
    [
        "", "0.3", "The answer is 0.3", '{"answer": 0.3', '{"answer": 0.3} and more', '{"reply": 0.3}', "[0.3]",
        '{"answer": 0.3, "why": "x"}', '{"answer": 1, "answer": 0.3}', '{"answer": NaN}', '{"answer": Infinity}',
        '{"answer": ' + "[" * 100_000, '{"answer": ' + "9" * 5000 + "}",
    ],
    ids=lambda reply: reply[:30],
)  # fmt: skip
def test_what_is_not_exactly_the_json_that_was_asked_for_is_malformed(reply):
    assert comprehension.is_right(Answer(NUMBER, reply)) is None


def test_scores_have_shares_by_kind_with_wilsons_interval():
    right, wrong, bad = ('{"answer": true}', '{"answer": false}', "yes")
    answers = [*[Answer(YES, right)] * 7, *[Answer(YES, wrong)] * 2, Answer(YES, bad), Answer(COUNT, '{"answer": 1}')]
    found = comprehension.score(answers)
    wilson = share(7, 10)
    assert found.by_kind["rules"] == (7, 10, 0.7, wilson.low, wilson.high)
    assert (wilson.low, wilson.high) == pytest.approx((0.3968, 0.8922), abs=1e-4)  # Wilson 1927 at 7 of 10
    assert found.overall[:2] == (8, 11) and found.malformed == 1 and list(found.by_kind) == ["rules", "state"]


def test_nothing_cannot_be_scored():
    with pytest.raises(InputError, match="successes"):
        comprehension.score([])
