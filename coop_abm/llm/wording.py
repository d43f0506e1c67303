"""The words of one language: templates from a TOML file, each of which can be filled and read back.

A template is one line. ``{name}`` is a placeholder; every other brace is itself, so the JSON of an
answer stands in a template as it should be written.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "fr", "de", "es", "ar", "zh", "vi")

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
#: Placeholders that hold the label of an action; templates put straight quotes around them.
ACTIONS = ("first", "second", "own", "other", "help", "refuse")
#: Placeholders that hold one of the words for a standing.
STANDINGS = ("good_helps_bad", "bad_helps_bad", "bad_refuses_bad")
#: Placeholders that hold text: a quoted complaint, a request from another template.
TEXTS = ("complaint", "request")

_LABEL = r'[^"\\\n]+'
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?"


class Line:
    """One template: ``fill`` puts values in, ``match`` takes them out."""

    def __init__(self, text: str, standings: tuple[str, str]):
        pieces = _PLACEHOLDER.split(text)
        self.text = text
        self.names: tuple[str, ...] = tuple(pieces[1::2])
        literals = [piece.replace("{", "{{").replace("}", "}}") for piece in pieces[::2]]
        self.fill = "".join(
            literal + (f"{{{name}}}" if name else "") for literal, name in zip(literals, [*self.names, ""])
        ).format
        pattern, known = "", set()
        for literal, name in zip(pieces[::2], [*self.names, ""]):
            pattern += re.escape(literal)
            if name:
                pattern += f"(?P={name})" if name in known else f"(?P<{name}>{_shape(name, standings)})"
                known.add(name)
        self._pattern = re.compile(pattern)

    def match(self, line: str) -> dict[str, str] | None:
        """What stands in the place of each placeholder; None if the line is not of this template."""
        found = self._pattern.fullmatch(line)
        return found.groupdict() if found else None


def _shape(name: str, standings: tuple[str, str]) -> str:
    if name in ACTIONS:
        return _LABEL
    if name in STANDINGS:
        return "|".join(re.escape(word) for word in standings)
    return ".+" if name in TEXTS else _NUMBER


class Wording:
    """All templates of a language.

    system, user, norms, repair : templates by key
    personas, words             : plain text by name
    standings                   : the words for bad and good, at 0 and 1
    """

    def __init__(self, language: str):
        told = tomllib.loads(_bytes(language).decode("utf-8"))
        self.language = language
        self.version: int = told["version"]
        self.words: dict[str, str] = told["words"]
        self.standings = (self.words["bad"], self.words["good"])
        self.personas: dict[str, str] = told["personas"]
        self.named = {text: name for name, text in self.personas.items()}

        def lines(table: str) -> dict[str, Line]:
            return {key: Line(text, self.standings) for key, text in told[table].items()}

        self.system, self.user, self.norms, self.repair = map(lines, ("system", "user", "norms", "repair"))


def _bytes(language: str) -> bytes:
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}; got {language!r:.40}")
    return files("coop_abm.llm").joinpath("templates", f"{language}.toml").read_bytes()


@cache
def wording(language: str) -> Wording:
    """The templates of a language.

    Raises
    ------
    ValueError
        if there is no such language
    """
    return Wording(language)


@cache
def templates_hash(language: str) -> str:
    """SHA-256 of the template file of a language, all 64 hexadecimal digits."""
    return hashlib.sha256(_bytes(language)).hexdigest()


def personas(language: str) -> tuple[str, ...]:
    """Names of the personas that the templates describe; the same in every language."""
    return tuple(wording(language).personas)


def number(value: float) -> str:
    """A number in ASCII digits that reads back to the same number; zero has no sign.

    >>> number(3.0), number(-0.1), number(7), number(1e300)
    ('3', '-0.1', '7', '1e+300')
    """
    exact = float(value)
    if not math.isfinite(exact):
        raise ValueError(f"a number in a prompt must be finite; got {exact}")
    return repr(exact + 0.0).removesuffix(".0")


def whole(value: int) -> str:
    """A whole number in ASCII digits; anything else is refused."""
    if int(value) != value:
        raise ValueError(f"a count in a prompt must be a whole number; got {value!r:.40}")
    return str(int(value))
