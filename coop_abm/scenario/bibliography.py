"""The papers behind the parts: ``references.bib``, read and put into words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from coop_abm.core.errors import ScenarioError, quoted

_HEAD = re.compile(r"@(\w+)\{([^,\s{}]+),")
_FIELD = re.compile(r"(\w+)\s*=\s*(?=\{)")
# {\'e}, \'e, {\v{c}}, \v{c}: an accent over a letter.
_ACCENT = re.compile(r"\{?\\(['`^\"~]|[Hcv](?=\{))\{?([A-Za-z])\}{0,2}")
_OVER = {
    "'": "ACUTE ACCENT", "`": "GRAVE ACCENT", "^": "CIRCUMFLEX ACCENT", '"': "DIAERESIS", "~": "TILDE",
    "H": "DOUBLE ACUTE ACCENT", "c": "CEDILLA", "v": "CARON",
}  # fmt: skip


class Entry(NamedTuple):
    """One entry of a bibliography.

    kind   : article, book, ...
    fields : what it states, as TeX
    text   : the whole entry as it stands
    """

    key: str
    kind: str
    fields: dict[str, str]
    text: str


class Reference(NamedTuple):
    """An entry in plain words; "" where it states nothing.

    authors : surnames and initials
    source  : the journal, proceedings or publisher
    place   : volume and pages
    link    : where it can be found
    """

    authors: str
    year: str
    title: str
    source: str
    place: str
    link: str


@cache
def bibliography() -> dict[str, Entry]:
    """Every entry of ``references.bib`` by its key."""
    text = files("coop_abm").joinpath("references.bib").read_text(encoding="utf-8")
    return {entry.key: entry for entry in entries(text)}


def entries(text: str) -> Iterator[Entry]:
    """The entries of a BibTeX text whose values stand in braces.

    >>> [entry.fields for entry in entries("@book{Key, title = {On {X}}, year = {1984}}")]
    [{'title': 'On {X}', 'year': '1984'}]

    Raises
    ------
    ScenarioError
        if a brace is not closed
    """
    for head in _HEAD.finditer(text):
        end = _closing(text, head.start(2) - 1, head[2])
        body, fields, at = text[head.end() : end], {}, 0
        while (name := _FIELD.search(body, at)) is not None:
            at = _closing(body, name.end(), head[2])
            fields[name[1].lower()] = " ".join(body[name.end() + 1 : at].split())
        yield Entry(head[2], head[1].lower(), fields, text[head.start() : end + 1])


def entry(key: str) -> Entry:
    """The entry of a key.

    Raises
    ------
    ScenarioError
        if ``references.bib`` has none
    """
    if key not in bibliography():
        raise ScenarioError(f"references: must be keys of references.bib; got {quoted(key)}")
    return bibliography()[key]


def reference(of: Entry) -> Reference:
    """The entry in plain words, as a list of references needs it."""
    stated = {name: plain(value) for name, value in of.fields.items()}
    volume, pages, doi = (stated.get(name, "") for name in ("volume", "pages", "doi"))
    *others, last = (_short(name) for name in re.split(r"\s+and\s+", stated.get("author", "")))
    return Reference(
        f"{', '.join(others)} & {last}" if others else last,
        stated.get("year", ""),
        stated.get("title", ""),
        stated.get("journal") or stated.get("booktitle") or stated.get("publisher", ""),
        ", ".join(filter(None, (volume, pages))),
        f"https://doi.org/{doi}" if doi else stated.get("url", ""),
    )


def plain(tex: str) -> str:
    """TeX as it is printed: accents over their letters, dashes, quotes, no braces.

    >>> plain(r"Erd{\\H{o}}s, P. \\& R{\\'e}nyi: {I}, 1--2")
    'Erdős, P. & Rényi: I, 1–2'
    """
    text = _ACCENT.sub(_accented, tex)
    for written, printed in (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”"), ("`", "‘"), ("'", "’"), ("~", " ")):
        text = text.replace(written, printed)
    return re.sub(r"\\(?=[&%$#_{}])|(?<!\\)[{}]", "", text)


def _accented(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", found[2] + unicodedata.lookup(f"COMBINING {_OVER[found[1]]}"))


def _short(name: str) -> str:
    """``Nowak, Martin A.`` -> ``Nowak, M. A.``; a name without a comma stays."""
    surname, comma, given = name.partition(",")
    initials = " ".join("-".join(f"{part[0]}." for part in word.split("-") if part) for word in given.split())
    return f"{surname}, {initials}" if comma and initials else surname


def _closing(text: str, start: int, key: str) -> int:
    """Where the brace that opens at `start` is closed; BibTeX counts a brace behind a backslash as well."""
    depth = 0
    for brace in re.finditer(r"[{}]", text[start:]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return start + brace.start()
    raise ScenarioError(f"references.bib: the braces of {quoted(key)} are not closed")
