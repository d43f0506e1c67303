"""From a reply to an action or a text, or to the reason why not: strict, pure, never by search.

A reply counts only as a whole: reasoning blocks and one code fence around it are taken off, and what
remains must be exactly one JSON object with exactly the keys that were asked for.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from coop_abm.core.errors import quoted
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.messages import Reply
from coop_abm.llm.paragraphs import TEXT_KEYS
from coop_abm.llm.quoting import LONGEST

#: Most characters of an answer without its reasoning blocks; longer ones are refused unread.
LARGEST = 65_536
#: Most characters that may be written as reasoning inside the answer.
LONGEST_REASONING = 16_000

_SPACE = " \t\r\n"  # of JSON
_OPEN, _CLOSE = "<think>", "</think>"
_BLOCK = re.compile(rf"[{_SPACE}]*{_OPEN}(.*?){_CLOSE}", re.DOTALL)
_FENCE = "```"
# Line breaks and tabs are text; other controls and lone surrogates are not.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Parsed(NamedTuple):
    """An answer that can be used.

    value     : in the stage act 0 to cooperate and 1 to defect; in the other stages the text
    reasoning : all reasoning, from the provider's own field, blocks before the answer and the answer
    """

    value: int | str
    reasoning: str


class Refusal(NamedTuple):
    """An answer that cannot be used, and why, in a few words; text of the reply is shortened and escaped."""

    why: str


class _Refused(ValueError):
    pass


def parse(reply: Reply, facts: Facts, manner: Manner) -> Parsed | Refusal:
    """What a reply decides.

    Nothing is forgiven but what stands around the answer: white space, ``<think>`` blocks before it and one
    code fence. A label counts only as it was given, without case, spaces or look-alikes.
    """
    if reply.finish == "malformed":
        return Refusal("no chat completion")
    thought, answer = parted(reply.text)
    try:
        told = _object(unfenced(answer))
        value, inside = _action(told, manner) if facts.stage == "act" else (_text(told, facts), "")
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


def _object(text: str) -> dict[str, str]:
    """The one flat object of texts that a text is."""
    if not text:
        raise _Refused("no answer")
    if len(text) > LARGEST:
        raise _Refused(f"an answer of more than {LARGEST} characters")
    if not text.startswith("{"):
        raise _Refused("not a JSON object")
    try:
        told = json.loads(text, object_pairs_hook=_flat, parse_int=_Plain, parse_float=_Plain, parse_constant=_Plain)
    except _Refused:
        raise
    except ValueError as error:
        raise _Refused(f"not exactly one JSON object: {str(error).partition(':')[0][:60]}") from None
    except RecursionError:
        raise _Refused("not a flat JSON object") from None
    return told


class _Plain(str):
    """A number or a constant of a reply, kept as it was spelled, so that none is too large to read."""


def _flat(pairs: list[tuple[str, object]]) -> dict[str, str]:
    told: dict[str, str] = {}
    for key, value in pairs:
        if key in told:
            raise _Refused(f"key {quoted(key, 30)} twice")
        if type(value) is not str:
            raise _Refused(f"the value of {quoted(key, 30)} is not a text")
        told[key] = value
    return told


def _exactly(told: dict[str, str], keys: tuple[str, ...]) -> None:
    for key in told:
        if key not in keys:
            raise _Refused(f"unknown key {quoted(key, 30)}")
    for key in keys:
        if key not in told:
            raise _Refused(f"key {quoted(key, 30)} is missing")


def _action(told: dict[str, str], manner: Manner) -> tuple[int, str]:
    _exactly(told, ("reasoning", "action") if manner.reasoning else ("action",))
    if told["action"] not in manner.labels:
        raise _Refused(f"{quoted(told['action'], 30)} is not one of the two actions")
    reasoning = told.get("reasoning", "")
    if len(reasoning) > LONGEST_REASONING:
        raise _Refused(f"reasoning of more than {LONGEST_REASONING} characters")
    return manner.labels.index(told["action"]), reasoning


def _text(told: dict[str, str], facts: Facts) -> str:
    key = TEXT_KEYS[facts.stage]
    _exactly(told, (key,))
    text, limit = told[key], min(LONGEST, LONGEST if facts.limit is None else facts.limit)
    if len(text) > limit:
        raise _Refused(f"{len(text)} characters where at most {limit} are permitted")
    if _UNWRITABLE.search(text):
        raise _Refused("a text with a control character or half a character")
    return text
