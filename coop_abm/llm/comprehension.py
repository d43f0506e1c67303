"""The comprehension gate: has a model understood what it is told, before its behaviour is believed?

It is asked about rules, state and history in the very prompt of a decision, with a question in the place of
the request for an action. True answers come from the facts of the decision, which are the engine's own
state; an answer is right or wrong, by strict JSON.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from coop_abm.engine.statistics import share
from coop_abm.llm import prompts, quizzes, reading
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.parse import parted, unfenced
from coop_abm.llm.wording import LANGUAGES, wording

#: How far an answer may be from a number that is not whole, as a share of it: to round to five figures is right.
TOLERANCE = Fraction(1, 10**4)
#: How far from nought it may be: a sum in another order is not wrong.
SMALLEST = Fraction(1, 10**9)


class Quiz(NamedTuple):
    """One question.

    name   : key of the question, with what it is filled in: ``payoff own=action_a other=action_b``
    kind   : rules, state or history
    text   : the question in the language of the prompt, with how to answer
    truth  : the right answer, a JSON value
    schema : JSON schema of the answer, as JSON text
    """

    name: str
    kind: str
    text: str
    truth: Any
    schema: str


class Answer(NamedTuple):
    """A question and what was replied to it, as text."""

    quiz: Quiz
    reply: str


class Share(NamedTuple):
    """How many answers were right, of how many, and Wilson's 95 % interval of the share."""

    right: int
    asked: int
    share: float
    low: float
    high: float


class Scores(NamedTuple):
    """How well a model has understood.

    overall   : of all questions
    by_kind   : of rules, state and history, where any was asked
    malformed : how many answers were no such JSON as was asked for; they count as wrong
    """

    overall: Share
    by_kind: dict[str, Share]
    malformed: int


# ------------------------------------------------------------------------------------- to ask


@cache
def _texts(language: str) -> dict[str, Any]:
    wording(language)  # refuses a language that there is not
    path = files("coop_abm.llm").joinpath("templates", f"quiz_{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _filled(text: str, filling: dict[str, Any]) -> str:
    """A template with its placeholders filled in; any other brace is itself."""
    return re.sub(r"\{([a-z]+)\}", lambda found: str(filling.get(found[1], found[0])), text)


def _words(manner: Manner) -> dict[str, str]:
    """What the answers good, bad and unknown are called, and the actions in the order in which they are listed."""
    bad, good = wording(manner.language).standings
    first, second = reversed(manner.labels) if manner.swapped else manner.labels
    unknown = _texts(manner.language)["words"]["unknown"]
    return {"good": good, "bad": bad, "unknown": unknown, "first": first, "second": second}


def _schema(form: str, words: dict[str, str]) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "standing": {"type": "string", "enum": [words["good"], words["bad"], words["unknown"]]},
        "label": {"type": "string", "enum": [words["first"], words["second"]]},
        "labels": {"type": "array", "items": {"type": "string"}},
    }
    return {
        "type": "object",
        "properties": {"answer": forms[form]},
        "required": ["answer"],
        "additionalProperties": False,
    }


def every(facts: Facts, manner: Manner) -> Iterator[Quiz]:
    """Every question that can be asked about a decision."""
    texts, words = _texts(manner.language), _words(manner)
    for key, ask in quizzes.TABLE.items():
        table = texts[ask.kind]
        text = table[key] if key in table else table[manner.framing][key]
        form = _filled(texts["form"][ask.form], words)
        schema = json.dumps(_schema(ask.form, words), ensure_ascii=False)
        for case in ask.cases(facts, manner):
            name = " ".join([key, *(f"{hole}={value}" for hole, value in case.filling.items())])
            said = f"{texts['form']['intro']} {_filled(text, case.filling)} {form}"
            truth = words[case.truth] if ask.form == "standing" else case.truth
            yield Quiz(name, ask.kind, said, truth, schema)


def questions(facts: Facts, manner: Manner, how_many: int, draw: float) -> list[Quiz]:
    """Different questions about a decision, of rules, state and history in turn while there are any.

    draw : decides which, a uniform number; the same draw chooses the same
    """

    def luck(quiz: Quiz) -> bytes:
        return hashlib.sha256(f"{draw!r},{quiz.name}".encode()).digest()

    heaps: dict[str, list[Quiz]] = {kind: [] for kind in quizzes.KINDS}
    for quiz in sorted(every(facts, manner), key=luck):
        heaps[quiz.kind].append(quiz)
    most = max(len(heap) for heap in heaps.values())
    in_turn = [heap[at] for at in range(most) for heap in heaps.values() if at < len(heap)]
    return in_turn[:how_many]


def messages(facts: Facts, manner: Manner, quiz: Quiz) -> tuple[tuple[str, str], ...]:
    """The prompt of a decision, with a question in the place of the request for an action."""
    system, (role, text) = prompts.render(_to_act(facts), manner)
    return system, (role, "\n".join([*text.split("\n")[:-1], quiz.text]))


def _to_act(facts: Facts) -> Facts:
    """The same moment, when an action is asked for."""
    return facts._replace(stage="act", limit=None, draft=None, critique=None)


# ------------------------------------------------------------------------------------- to answer


def read(told: tuple[tuple[str, str], ...]) -> tuple[Facts, Manner, Quiz]:
    """The facts, the manner and the question of a prompt from :func:`messages`.

    Raises
    ------
    NotOurs
        if it is none
    """
    try:
        (_, system), (_, user) = told
        *before, asked = user.split("\n")
        request = _request(system)
        facts, manner = reading.read((told[0], ("user", "\n".join([*before, request]))))
    except ValueError as error:  # also what has too many messages
        raise reading.NotOurs(str(error)) from None
    for quiz in every(facts, manner):
        if quiz.text == asked:
            return facts, manner, quiz
    raise reading.NotOurs("the last line is neither a request nor a question of these templates")


def _request(system: str) -> str:
    """The request for an action that belongs to a system message; ValueError if there is none."""
    opening, *rest = system.split("\n")
    for words in map(wording, LANGUAGES):
        if opening == words.system["opening"].text:
            reasoned = words.system["answer_reasoned"].text in rest
            for line in rest:
                if labels := words.system["turn"].match(line):
                    return words.user["act_reasoned" if reasoned else "act"].fill(**labels)
    raise ValueError("the system message is not one of these templates")


def answer_text(value: Any) -> str:
    """An answer in the form that is asked for."""
    return json.dumps({"answer": value}, ensure_ascii=False)


def guess(quiz: Quiz, draw: float) -> Any:
    """An answer of the right form by a uniform number alone."""
    answer = json.loads(quiz.schema)["properties"]["answer"]
    if "enum" in answer:
        return answer["enum"][int(draw * len(answer["enum"]))]
    return {"boolean": draw < 0.5, "number": int(draw * 10), "array": []}[answer["type"]]


# ------------------------------------------------------------------------------------- to score


def is_right(answer: Answer) -> bool | None:
    """Is a reply right? None if it is not one JSON object with the one key that was asked for.

    What may stand around it is what may stand around an action: see ``parse``.
    """
    try:
        given = json.loads(unfenced(parted(answer.reply)[1]), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or given.keys() != {"answer"}:
        return None
    return _same(given["answer"], answer.quiz.truth)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _same(given: Any, truth: Any) -> bool:
    if isinstance(truth, list):  # in any order
        return isinstance(given, list) and all(isinstance(g, str) for g in given) and sorted(given) == sorted(truth)
    if isinstance(truth, bool | str) or isinstance(given, bool):
        return type(given) is type(truth) and given == truth
    if not isinstance(given, int | float) or given in (math.inf, -math.inf):
        return False
    if isinstance(truth, int):
        return given == truth
    exact, true = Fraction(given), Fraction(truth)  # a whole number may be too large for a float
    return abs(exact - true) <= max(SMALLEST, TOLERANCE * abs(true))


def score(answers: Iterable[Answer]) -> Scores:
    """How many answers are right, in all and by kind.

    Raises
    ------
    InputError
        if there are none
    """
    verdicts = [(answer.quiz.kind, is_right(answer)) for answer in answers]
    asked = [kind for kind in quizzes.KINDS if any(kind == of for of, _ in verdicts)]
    by_kind = {kind: _share([right for of, right in verdicts if of == kind]) for kind in asked}
    malformed = sum(right is None for _, right in verdicts)
    return Scores(_share([right for _, right in verdicts]), by_kind, malformed)


def _share(verdicts: list[bool | None]) -> Share:
    right, asked = sum(verdict is True for verdict in verdicts), len(verdicts)
    found = share(right, asked)
    return Share(right, asked, found.value, found.low, found.high)
