"""From a reply to an action or a text, or to the reason why not: strict, pure, never by search.

A reply counts only as a whole: reasoning blocks and one code fence around it are taken off, and what
remains must be exactly one JSON object with exactly the keys that were asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from coop_abm.core.errors import quoted
from coop_abm.llm import dialects
from coop_abm.llm.dialect import Decimal, Form, Integer, Key, Label, Person, Text
from coop_abm.llm.facts import Manner
from coop_abm.llm.messages import Reply
from coop_abm.llm.quoting import LONGEST

#: Most characters of an answer without its reasoning blocks; longer ones are refused unread.
LARGEST = 65_536
#: Most characters that may be written as reasoning inside the answer, and digits of a whole number.
LONGEST_REASONING, LONGEST_NUMBER = 16_000, 20

_SPACE = " \t\r\n"  # of JSON
_OPEN, _CLOSE = "<think>", "</think>"
_BLOCK = re.compile(rf"[{_SPACE}]*{_OPEN}(.*?){_CLOSE}", re.DOTALL)
_FENCE = "```"
# Line breaks and tabs are text; other controls and lone surrogates are not.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Parsed(NamedTuple):
    """An answer that can be used.

    value     : of an answer with one key what stands there: the place of a label (in the encounter 0 to cooperate
                and 1 to defect), a number, the number of an individual (-1 for nobody) or a text; of an answer with
                several keys a dict of them
    reasoning : all reasoning, from the provider's own field, blocks before the answer and the answer
    """

    value: int | float | str | dict[str, int | float | str]
    reasoning: str


class Refusal(NamedTuple):
    """An answer that cannot be used, and why, in a few words; text of the reply is shortened and escaped."""

    why: str


class _Refused(ValueError):
    pass


def parse(reply: Reply, facts: Any, manner: Manner) -> Parsed | Refusal:
    """What a reply decides, by the form that the dialect of these facts asks for.

    Nothing is forgiven but what stands around the answer: white space, ``<think>`` blocks before it and one
    code fence. A label counts only as it was given, without case, spaces or look-alikes. A number counts only as
    a JSON number, finite and within its bounds; it is never clipped or rounded.
    """
    return parse_as(dialects.of(facts).form(facts, manner), reply)


def parse_as(form: Form, reply: Reply) -> Parsed | Refusal:
    """What a reply decides that should have this form."""
    if reply.finish == "malformed":
        return Refusal("no chat completion")
    thought, answer = parted(reply.text)
    try:
        value, inside = _answer(_object(unfenced(answer), form), form)
    except _Refused as refused:
        return Refusal(str(refused) if reply.finish != "length" else f"{refused} (cut off at the limit of tokens)")
    parts = (part.strip(_SPACE) for part in (reply.reasoning, *thought, inside))
    reasoning = "\n".join(part for part in parts if part)
    return Parsed(value, reasoning.encode("utf-8", "backslashreplace").decode("utf-8"))


def parted(text: str) -> tuple[list[str], str]:
    """Reasoning blocks that stand before the answer, and the answer.

    A block may lack its beginning, which some servers put into the prompt; one without end leaves no answer.
    """
    text = text.strip(_SPACE)
    thought: list[str] = []
    place = 0
    if not text.startswith((_OPEN, "{", _FENCE)) and _CLOSE in text:
        place = text.index(_CLOSE) + len(_CLOSE)
        thought.append(text[: place - len(_CLOSE)])
    while block := _BLOCK.match(text, place):
        thought.append(block[1])
        place = block.end()
    rest = text[place:].strip(_SPACE)
    if rest.startswith(_OPEN):
        return [*thought, rest.removeprefix(_OPEN)], ""
    return thought, rest


def unfenced(text: str) -> str:
    """The inside of one code fence around the whole text; the text itself if there is none.

    Raises
    ------
    ValueError
        if there is a fence that is not around the whole
    """
    if not text.startswith(_FENCE):
        return text
    head, _, body = text.partition("\n")
    if head.rstrip(_SPACE) not in (_FENCE, _FENCE + "json") or not body.endswith(_FENCE):
        raise _Refused("a code fence that is not around one JSON object")
    return body.removesuffix(_FENCE).strip(_SPACE)


class _Spelled(str):
    """A number of a reply, kept as it was spelled, so that none is too large to read."""


class _Whole(_Spelled):
    """A number without point and exponent."""


class _Constant(_Spelled):
    """NaN or Infinity, which are no JSON."""


_Told = dict[str, str | None]


def _object(text: str, form: Form) -> _Told:
    """The one flat object of texts, and of numbers where the form asks for numbers, that a text is."""
    if not text:
        raise _Refused("no answer")
    if len(text) > LARGEST:
        raise _Refused(f"an answer of more than {LARGEST} characters")
    if not text.startswith("{"):
        raise _Refused("not a JSON object")
    asked = dict(form.keys)

    def flat(pairs: list[tuple[str, object]]) -> _Told:
        return _flat(pairs, asked)

    try:
        told = json.loads(
            text, object_pairs_hook=flat, parse_int=_Whole, parse_float=_Spelled, parse_constant=_Constant
        )
    except _Refused:
        raise
    except ValueError as error:
        raise _Refused(f"not exactly one JSON object: {str(error).partition(':')[0][:60]}") from None
    except RecursionError:
        raise _Refused("not a flat JSON object") from None
    return told


def _flat(pairs: list[tuple[str, object]], asked: dict[str, Key]) -> _Told:
    told: _Told = {}
    for key, value in pairs:
        if key in told:
            raise _Refused(f"key {quoted(key, 30)} twice")
        if isinstance(asked.get(key), _NUMBERS):
            if not (isinstance(value, _Spelled) or (value is None and isinstance(asked[key], Person))):
                raise _Refused(f"the value of {quoted(key, 30)} is not a number")
        elif type(value) is not str:
            raise _Refused(f"the value of {quoted(key, 30)} is not a text")
        told[key] = value
    return told


def _answer(told: _Told, form: Form) -> tuple[Any, str]:
    """What stands under the keys of the form, and the reasoning."""
    keys = [*(("reasoning",) if form.reasoning else ()), *(key for key, _ in form.keys)]
    for key in told:
        if key not in keys:
            raise _Refused(f"unknown key {quoted(key, 30)}")
    for key in keys:
        if key not in told:
            raise _Refused(f"key {quoted(key, 30)} is missing")
    values = {key: _READ[type(wanted)](told[key], wanted, key) for key, wanted in form.keys}
    reasoning = told.get("reasoning") or "" if form.reasoning else ""
    if len(reasoning) > LONGEST_REASONING:
        raise _Refused(f"reasoning of more than {LONGEST_REASONING} characters")
    return (next(iter(values.values())) if len(values) == 1 else values), reasoning


def _label(said: str, wanted: Label, key: str) -> int:
    if said not in wanted.labels:
        raise _Refused(f"{quoted(said, 30)} is not one of {wanted.called}")
    return wanted.labels.index(said)


def _whole(said: str, key: str) -> int:
    if not isinstance(said, _Whole):
        raise _Refused(f"the value of {quoted(key, 30)} is not a whole number")
    if len(said) > LONGEST_NUMBER:
        raise _Refused(f"a number of {len(said)} digits")
    return int(said)


def _integer(said: str, wanted: Integer, key: str) -> int:
    number = _whole(said, key)
    if not wanted.low <= number <= wanted.high:
        raise _Refused(f"the value of {quoted(key, 30)} must lie in [{wanted.low}, {wanted.high}]; got {number}")
    return number


def _decimal(said: str, wanted: Decimal, key: str) -> float:
    number = math.nan if isinstance(said, _Constant) else float(said)
    if not math.isfinite(number):
        raise _Refused(f"the value of {quoted(key, 30)} is not a finite number")
    if not wanted.low <= number <= wanted.high:
        bounds = f"[{wanted.low:g}, {wanted.high:g}]"
        raise _Refused(f"the value of {quoted(key, 30)} must lie in {bounds}; got {quoted(said, 30)[1:-1]}")
    return number + 0.0  # no negative zero


def _person(said: str | None, wanted: Person, key: str) -> int:
    number = -1 if said is None else _whole(said, key)
    if number in wanted.numbers or (number == -1 and wanted.nobody):
        return number
    if number == -1:
        raise _Refused(f"the value of {quoted(key, 30)} must be the number of somebody")
    raise _Refused(f"the value of {quoted(key, 30)}: {number} may not be chosen")


def _text(said: str, wanted: Text, key: str) -> str:
    limit = min(LONGEST, wanted.limit)
    if len(said) > limit:
        raise _Refused(f"{len(said)} characters where at most {limit} are permitted")
    if _UNWRITABLE.search(said):
        raise _Refused("a text with a control character or half a character")
    return said


_NUMBERS = (Integer, Decimal, Person)
_READ: dict[type, Callable[[Any, Any, str], Any]] = {
    Label: _label, Integer: _integer, Decimal: _decimal, Person: _person, Text: _text
}  # fmt: skip
