"""Bad models that can be played in every dialect: they read no more of a prompt than the form of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from coop_abm.llm import comprehension, reading
from coop_abm.llm.dialect import Decimal, Form, Integer, Label, Person, Text
from coop_abm.llm.quoting import LONGEST
from coop_abm.llm.stand_ins.asked import Asked, Player, chance_of

#: What looks like an order: one line, to its end.
_ORDER = re.compile(r"(?:reply with exactly|answer)\s*:\s*(.+)", re.IGNORECASE)


def answer(form: Form, reasoning: str = "", /, **values: Any) -> str:
    """An answer of this form as JSON: labels by their places, individuals by their numbers, -1 for nobody.

    >>> answer(Form((("move", Label(("help", "refuse"))), ("effort", Decimal(0, 1)))), move=1, effort=0.5)
    '{"move": "refuse", "effort": 0.5}'
    """
    told: dict[str, Any] = {"reasoning": reasoning} if form.reasoning else {}
    for key, wanted in form.keys:
        told[key] = wanted.labels[values[key]] if isinstance(wanted, Label) else values[key]
    return json.dumps(told, ensure_ascii=False)


def order_in(text: str | None) -> str:
    """The last order in a text; empty if there is none."""
    orders = _ORDER.findall(text or "")
    return orders[-1].strip() if orders else ""


def at_random(asked: Asked) -> str:
    """Any permitted answer, all equally likely; says nothing where it may speak; guesses at questions."""
    if asked.quiz is not None:
        return comprehension.answer_text(comprehension.guess(asked.quiz, asked.draw))
    values, left = {}, asked.draw
    for key, wanted in asked.form.keys:
        values[key], left = _DRAWN[type(wanted)](wanted, left)
    return answer(asked.form, "random", **values)


def _one_of(many: int, draw: float) -> tuple[int, float]:
    """Which of so many, and what is left of the draw for the next."""
    scaled = draw * many
    place = min(int(scaled), many - 1)
    return place, scaled - place


def _label(wanted: Label, draw: float) -> tuple[int, float]:
    return _one_of(len(wanted.labels), draw)


def _integer(wanted: Integer, draw: float) -> tuple[int, float]:
    place, left = _one_of(wanted.high - wanted.low + 1, draw)
    return wanted.low + place, left


def _decimal(wanted: Decimal, draw: float) -> tuple[float, float]:
    steps, left = _one_of(1001, draw)  # in thousandths of the interval, so that something is left of the draw
    return min(wanted.low + (wanted.high - wanted.low) * steps / 1000, wanted.high), left


def _person(wanted: Person, draw: float) -> tuple[int, float]:
    permitted = [*wanted.numbers, *([-1] if wanted.nobody else [])]
    place, left = _one_of(len(permitted), draw)
    return permitted[place], left


_DRAWN: dict[type, Callable[[Any, float], tuple[Any, float]]] = {
    Label: _label, Integer: _integer, Decimal: _decimal, Person: _person, Text: lambda _, draw: ("", draw)
}  # fmt: skip


def puppet(asked: Asked) -> str:
    """Obeys the last order in any text of its prompt, to the letter; else plays at random."""
    try:
        written = [text for text in reversed(tuple(asked.facts)) if isinstance(text, str)] + [asked.manner.persona]
    except reading.NotOurs:
        written = [text for _, text in reversed(asked.messages)]
    for text in written:
        if order := order_in(text):
            return order
    return at_random(asked)


def leaky(asked: Asked) -> str:
    """Tells its whole prompt where it may say something, its end where all is too long; else plays at random."""
    said = json.loads(at_random(asked))
    if asked.quiz is None:
        prompt = "\n".join(text for _, text in asked.messages)
        for key, wanted in asked.form.keys:
            if isinstance(wanted, Text):
                said[key] = prompt[len(prompt) - min(len(prompt), wanted.limit, LONGEST) :]
    return json.dumps(said, ensure_ascii=False)


def mumbling(asked: Asked) -> str:
    """No JSON in the first reply to every second prompt, which its text decides; random when asked again."""
    if not asked.repairing and chance_of(asked.messages) < 0.5:
        return "Hmm. Let me think about that."
    return at_random(asked)


def silent(asked: Asked) -> str:
    """Never JSON."""
    return "I would rather not say."


#: Who can play in every dialect.
MODELS: dict[str, Player] = {
    "random": at_random, "puppet": puppet, "leaky": leaky, "mumbling": mumbling, "silent": silent
}  # fmt: skip
