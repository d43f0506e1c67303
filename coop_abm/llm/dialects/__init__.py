"""All dialects by name. A new one is one file, and one line: its import, and its name in `add`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.llm.dialect import Dialect
from coop_abm.llm.dialects.commons import COMMONS
from coop_abm.llm.dialects.encounter import ENCOUNTER
from coop_abm.llm.dialects.repeated import REPEATED
from coop_abm.llm.dialects.teams import TEAMS
from coop_abm.llm.wording import Wording

DIALECTS: dict[str, Dialect] = {}
_SPOKEN: dict[type, Dialect] = {}


def add(*dialects: Dialect) -> None:
    """Take up dialects, one's own among them; one that is there already is left as it is.

    Raises
    ------
    InputError
        if another one has the name, or tells of facts of this type
    """
    for dialect in dialects:
        for known, what in ((DIALECTS.get(dialect.name), "name"), (_SPOKEN.get(dialect.facts), "facts")):
            if known is not None and known is not dialect:
                raise InputError(
                    f"{what} of dialect {quoted(dialect.name)} must be its own; {quoted(known.name)} has it"
                )
        DIALECTS[dialect.name] = _SPOKEN[dialect.facts] = dialect


def remove(name: str) -> None:
    """Forget a dialect that was added; nothing if there is none of this name."""
    dialect = DIALECTS.pop(name, None)
    if dialect is not None:
        del _SPOKEN[dialect.facts]


def of(facts: Any) -> Dialect:
    """The dialect that has words for these facts; TypeError if none has."""
    found = _SPOKEN.get(type(facts))
    if found is None:
        raise TypeError(f"no dialect has words for facts of the type {type(facts).__name__}")
    return found


def opened(line: str) -> tuple[Dialect, Wording]:
    """The dialect and the language of a prompt, by its first line; ValueError if it opens in none of them."""
    dialect, language = _openings(tuple(DIALECTS.values())).get(line, (None, ""))
    if dialect is None:
        raise ValueError("it opens in none of their languages")
    return dialect, dialect.wording(language)


@lru_cache(maxsize=8)
def _openings(dialects: tuple[Dialect, ...]) -> dict[str, tuple[Dialect, str]]:
    found: dict[str, tuple[Dialect, str]] = {}
    for dialect in dialects:
        for language in dialect.languages:
            opening = dialect.wording(language).system["opening"].text
            if opening in found:
                raise InputError(f"opening of {dialect.name} in {language} is that of {found[opening][0].name}")
            found[opening] = dialect, language
    return found


add(ENCOUNTER, COMMONS, REPEATED, TEAMS)
