"""The words of one language: templates from a TOML file, each of which can be filled and read back.

A template is one line. ``{name}`` is a placeholder; every other brace is itself, so the JSON of an
answer stands in a template as it should be written.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

LANGUAGES = ("en", "fr", "de", "es", "ar", "zh", "vi")

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
#: Placeholders that hold the label of an action; templates put straight quotes around them.
ACTIONS = ("first", "second", "third", "fourth", "fifth", "sixth", "own", "other", "help", "refuse")
#: Placeholders that hold one of the words for a standing.
STANDINGS = ("good_helps_bad", "bad_helps_bad", "bad_refuses_bad")
#: Placeholders that hold text: a quoted complaint, a request from another template.
TEXTS = ("complaint", "request")

_LABEL = r'[^"\\\n]+'
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?"


class Line:
    """One template: ``fill`` puts values in, ``match`` takes them out."""

    def __init__(self, text: str, standings: tuple[str, str], shapes: Mapping[str, str] | None = None):
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
                shape = (shapes or {}).get(name) or _shape(name, standings)
                pattern += f"(?P={name})" if name in known else f"(?P<{name}>{shape})"
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
    tables                      : the same and those of every other table of the file, by table and key
    personas, words             : plain text by name
    standings                   : the words for bad and good, at 0 and 1
    """

    def __init__(self, language: str, held: bytes, shapes: tuple[tuple[str, str], ...] = ()):
        told = tomllib.loads(held.decode("utf-8"))
        self.language = language
        self.version: int = told["version"]
        self.words: dict[str, str] = told["words"]
        self.standings = (self.words.get("bad", "bad"), self.words.get("good", "good"))
        self.personas: dict[str, str] = told.get("personas", {})
        self.named = {text: name for name, text in self.personas.items()}
        self.tables: dict[str, dict[str, Line]] = {
            table: {key: Line(text, self.standings, dict(shapes)) for key, text in lines.items()}
            for table, lines in told.items()
            if isinstance(lines, dict) and table not in ("words", "personas")
        }
        self.system, self.user, self.repair = (self.tables[table] for table in ("system", "user", "repair"))
        self.norms = self.tables.get("norms", {})


def _bytes(language: str, prefix: str, languages: tuple[str, ...], folder: Path | None) -> bytes:
    if language not in languages:
        raise ValueError(f"language must be one of {', '.join(languages)}; got {language!r:.40}")
    return templates_in(folder).joinpath(f"{prefix}{language}.toml").read_bytes()


def templates_in(folder: Path | None) -> Traversable:
    """The folder of template files; None for that of this package."""
    return files("coop_abm.llm").joinpath("templates") if folder is None else folder


@cache
def wording(
    language: str,
    prefix: str = "",
    languages: tuple[str, ...] = LANGUAGES,
    shapes: tuple[tuple[str, str], ...] = (),
    folder: Path | None = None,
) -> Wording:
    """The templates of a language: of the encounter, or of the dialect whose template files are named so.

    Raises
    ------
    ValueError
        if there is no such language
    """
    return Wording(language, _bytes(language, prefix, languages, folder), shapes)


@cache
def templates_hash(
    language: str, prefix: str = "", languages: tuple[str, ...] = LANGUAGES, folder: Path | None = None
) -> str:
    """SHA-256 of the template file of a language, all 64 hexadecimal digits."""
    return hashlib.sha256(_bytes(language, prefix, languages, folder)).hexdigest()


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
