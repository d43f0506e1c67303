"""One question to the stand-in, and what a player of it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError
from coop_abm.llm import comprehension, dialects, reading
from coop_abm.llm.dialect import Dialect, Form
from coop_abm.llm.facts import Manner


class Asked:
    """One question as it came.

    messages : (role, text) pairs, all of them
    draw     : uniform number that decides what is left to chance
    """

    def __init__(self, messages: tuple[tuple[str, str], ...], draw: float | None = None):
        self.messages = messages
        self.draw = chance_of(messages) if draw is None else draw

    @cached_property
    def _read(self) -> tuple[Any, Manner, comprehension.Quiz | None]:
        try:
            return *reading.read(self.messages), None
        except reading.NotOurs:
            return comprehension.read(self.messages)

    @property
    def facts(self) -> Any:
        """What the prompt says.

        Raises
        ------
        NotOurs
            if the templates of this package did not make it
        """
        return self._read[0]

    @property
    def manner(self) -> Manner:
        """How the prompt says it. *Raises* NotOurs, as `facts`."""
        return self._read[1]

    @property
    def quiz(self) -> comprehension.Quiz | None:
        """The comprehension question that stands in the place of a decision, if one does. *Raises* NotOurs."""
        return self._read[2]

    @cached_property
    def dialect(self) -> Dialect:
        """The dialect that the first line opens, even where the rest cannot be read. *Raises* NotOurs."""
        try:
            return dialects.opened(self.messages[0][1].partition("\n")[0])[0]
        except (ValueError, IndexError) as error:
            raise reading.NotOurs(f"this is no prompt of these templates: {error}") from None

    @property
    def form(self) -> Form:
        """What the answer must look like. *Raises* NotOurs, as `facts`."""
        return self.dialect.form(self.facts, self.manner)

    @property
    def repairing(self) -> bool:
        """Was there an answer before that would not do?"""
        return any(role == "assistant" for role, _ in self.messages)


Player = Callable[[Asked], str]


class Unknown(InputError):
    """Nobody plays under this name."""


def chance_of(messages: tuple[tuple[str, str], ...]) -> float:
    """A number in [0, 1) that the text alone decides, for who sends no draw: 53 bits of its SHA-256."""
    text = json.dumps(messages, ensure_ascii=True, separators=(",", ":"))
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 11) * 2.0**-53


class Troupe(NamedTuple):
    """Who can play in one dialect.

    names : of all its players
    cast  : (name, knobs) -> the player with these knobs; InputError if it has no such knobs
    """

    names: tuple[str, ...]
    cast: Callable[[str, dict[str, str]], Player]
