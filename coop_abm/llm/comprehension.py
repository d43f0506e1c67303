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
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError
from coop_abm.engine.statistics import share
from coop_abm.llm import dialects, prompts, quizzes, reading
from coop_abm.llm.dialect import Dialect
from coop_abm.llm.facts import Manner
from coop_abm.llm.parse import parted, unfenced
from coop_abm.llm.wording import templates_in

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
def _texts(dialect: Dialect, language: str) -> dict[str, Any]:
    dialect.wording(language)  # refuses a language that there is not
    path = templates_in(dialect.folder).joinpath(f"quiz_{dialect.templates}{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def book_of(dialect: str) -> quizzes.Book:
    """The questions of a dialect, by its name.

    Raises
    ------
    InputError
        if it has none
    """
    if dialect not in quizzes.BOOKS:
        raise InputError(f"comprehension: there are no questions on {dialect}; there are on {', '.join(quizzes.BOOKS)}")
    return quizzes.BOOKS[dialect]


def _filled(text: str, filling: dict[str, Any]) -> str:
    """A template with its placeholders filled in; any other brace is itself."""
    return re.sub(r"\{([a-z]+)\}", lambda found: str(filling.get(found[1], found[0])), text)


def _schema(form: str, book: quizzes.Book, words: dict[str, str], labels: list[str]) -> dict[str, Any]:
    forms: dict[str, dict[str, Any]] = {
        "number": {"type": "number"},
        "boolean": {"type": "boolean"},
        "label": {"type": "string", "enum": labels},
        "labels": {"type": "array", "items": {"type": "string"}},
    }
    for own, names in book.one_of.items():
        forms[own] = {"type": "string", "enum": [words[name] for name in names]}
    return {
        "type": "object",
        "properties": {"answer": forms[form]},
        "required": ["answer"],
        "additionalProperties": False,
    }


def every(facts: Any, manner: Manner) -> Iterator[Quiz]:
    """Every question that can be asked about a decision."""
    dialect = dialects.of(facts)
    book = book_of(dialect.name)
    texts, wording = _texts(dialect, manner.language), dialect.wording(manner.language)
    words = book.words(manner, wording, texts)
    labels = list(manner.labels[::-1] if manner.swapped else manner.labels)
    for key, ask in book.table.items():
        table = texts[ask.kind]
        text = table[key] if key in table else table[manner.framing][key]
        form = _filled(texts["form"][ask.form], words)
        schema = json.dumps(_schema(ask.form, book, words, labels), ensure_ascii=False)
        for case in ask.cases(facts, manner):
            name = " ".join([key, *(f"{hole}={value}" for hole, value in case.filling.items())])
            said = f"{texts['form']['intro']} {_filled(text, case.filling)} {form}"
            truth = words[case.truth] if ask.form in book.one_of else case.truth
            yield Quiz(name, ask.kind, said, truth, schema)


def questions(facts: Any, manner: Manner, how_many: int, draw: float) -> list[Quiz]:
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


def messages(facts: Any, manner: Manner, quiz: Quiz) -> tuple[tuple[str, str], ...]:
    """The prompt of a decision, with a question in the place of the request for an action."""
    system, (role, text) = prompts.render(book_of(dialects.of(facts).name).asked(facts), manner)
    return system, (role, "\n".join([*text.split("\n")[:-1], quiz.text]))


# ------------------------------------------------------------------------------------- to answer


def read(told: tuple[tuple[str, str], ...]) -> tuple[Any, Manner, Quiz]:
    """The facts, the manner and the question of a prompt from :func:`messages`.

    Raises
    ------
    NotOurs
        if it is none
    """
    try:
        (_, system), (_, user) = told
        before, _, asked = user.rpartition("\n")
        for facts, manner in _moments(system, before):
            for quiz in every(facts, manner):
                if quiz.text == asked:
                    return facts, manner, quiz
    except (ValueError, KeyError, TypeError, InputError) as error:  # also what has too many messages
        raise reading.NotOurs(str(error)) from None
    raise reading.NotOurs("the last line is neither a request nor a question of these templates")


def _moments(system: str, before: str) -> Iterator[tuple[Any, Manner]]:
    """The facts and the manner of whatever prompts say this before their last line; NotOurs if none does."""
    dialect, told, spoken = reading.beginning(system, before)
    manner, found = Manner(**spoken), False
    for stage in quizzes.BOOKS[dialect.name].stages if dialect.name in quizzes.BOOKS else ():
        facts = dialect.facts(**told | {"stage": stage})
        (_, rules), (_, state) = prompts.render(facts, manner)
        if rules == system and state.rpartition("\n")[0] == before:
            found = True
            yield facts, manner
    if not found:
        raise reading.NotOurs("this is no prompt of these templates: said again, it reads differently")


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
