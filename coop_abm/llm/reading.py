"""From the messages of a prompt back to its facts, exactly, in any language.

The stand-in server reads prompts this way. It is told nothing else, so what it plays shows that a
prompt carries all that a strategy needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from coop_abm.llm import dialects
from coop_abm.llm.dialect import Dialect
from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import Heard, Paragraph
from coop_abm.llm.prompts import render
from coop_abm.llm.wording import Wording


class NotOurs(ValueError):
    """The messages were not made by these templates."""


def read(messages: Sequence[tuple[str, str]]) -> tuple[Any, Manner]:
    """The facts and the manner that the messages were rendered from; the first line tells dialect and language.

    In the encounter only the payoffs tell which of the two actions is to cooperate (0): the one that is better for the
    partner, at a tie the one that is worse for oneself, then the one listed first. Where a user's payoffs
    say otherwise, the two actions are read in exchanged roles, throughout; if a sentence of the prompt
    names the action that is help, the contradiction is noticed. A repair turn is read as its question.

    Raises
    ------
    NotOurs
        if rendering what was read does not give the messages, to the character
    """
    roles = tuple(role for role, _ in messages)
    if roles not in (("system", "user"), ("system", "user", "assistant", "user")):
        raise NotOurs("a prompt has a system and a user message, and after a repair turn two more")
    if not all(isinstance(text, str) for _, text in messages):
        raise NotOurs("a message of a prompt is one text")
    system, user = messages[0][1], messages[1][1]
    try:
        dialect, words, rules, spoken = _rules(system)
        heard = Heard(user, dict(rules), dict(spoken))
        _hear(dialect.user, heard, words)
        facts, manner = dialect.facts(**heard.facts), Manner(**heard.manner)
        again = render(facts, manner)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotOurs(f"this is no prompt of these templates: {error}") from error
    if again[0][1] != system or again[1][1] != user:
        raise NotOurs("this is no prompt of these templates: said again, it reads differently")
    if len(messages) == 4 and not _repeats(messages[3][1], user, words):
        raise NotOurs("this is no prompt of these templates: the last message does not repeat the question")
    return facts, manner


def beginning(system: str, before: str) -> tuple[Dialect, dict[str, Any], dict[str, Any]]:
    """The dialect of a prompt, and what it says of facts and manner before its last line.

    Raises
    ------
    ValueError
        if its lines are not those of the dialect
    """
    dialect, words, rules, spoken = _rules(system)
    heard = Heard(before, dict(rules), dict(spoken))
    _hear(dialect.user[:-1], heard, words)
    return dialect, heard.facts, heard.manner


def _rules(system: str) -> tuple[Dialect, Wording, dict[str, Any], dict[str, Any]]:
    """Dialect and language of a system message, and what it says; the dictionaries are not to be changed."""
    dialect, words = dialects.opened(system.partition("\n")[0])
    return dialect, words, *_told(dialect, words, system)


@lru_cache(maxsize=4096)
def _told(dialect: Dialect, words: Wording, system: str) -> tuple[dict[str, Any], dict[str, Any]]:
    heard = Heard(system, {}, {})
    _hear(dialect.system, heard, words)
    return heard.facts, heard.manner


def _hear(paragraphs: Sequence[Paragraph], heard: Heard, words: Wording) -> None:
    for paragraph in paragraphs:
        paragraph.hear(heard, words)
    if heard.at != len(heard.lines):
        raise ValueError(f"line {heard.at + 1} is not theirs")


def _repeats(line: str, user: str, words: Wording) -> bool:
    found = words.repair["again"].match(line)
    return found is not None and found["request"] == user.rpartition("\n")[2]
