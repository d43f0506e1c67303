"""GML: keys and values in square brackets, read token by token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import name2codepoint
from typing import NamedTuple

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits
from coop_abm.structures.collected import Collected
from coop_abm.structures.graph import Graph

# Possessive, so that no text makes it go back; a number ends where a blank, a bracket or the text does.
_TOKEN = re.compile(
    r"""(?P<blank>\s++|\#[^\n]*+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*+)
    |(?P<number>[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]++)?+(?=[\s\[\]#]|\Z)|[+-](?:INF|NAN)\b)
    |(?P<text>"[^"]*+")
    |(?P<open>\[)
    |(?P<close>\])""",
    re.VERBOSE,
)
_ENTITY = re.compile(r"&(?:#(?P<decimal>[0-9]{1,7})|#[xX](?P<hex>[0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z0-9]{1,10}));")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NOT_FINITE = ("NAN", "INF")  # numbers that are spelt as words
_NODE, _EDGE = ["graph", "node"], ["graph", "edge"]


def read_gml(text: str, weight: str | None) -> Graph:
    """The graph of a GML document; nodes are numbered in the order of the file.

    Where ``weight`` is asked for and no edge has it, ``value`` is read in its place, the word of many
    collections. Nodes are named by their labels where these tell them apart, else by their ids;
    names stay text.

    Raises
    ------
    GraphError
        if the document cannot be used; where it is not GML the message names the line
    """
    reader = _Reader(weight)
    for token in _tokens(text):
        try:
            reader.take(token)
        except GraphError as error:
            raise GraphError(f"line {_line(text, token.at)}: {error}") from None
    return reader.graph()


class _Token(NamedTuple):
    kind: str
    text: str
    at: int


def _tokens(text: str) -> Iterator[_Token]:
    """Keys, values and brackets; the last token has the kind "end"."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            rest = "a text is not closed" if text[at] == '"' else f"is not GML: {quoted(text[at : at + 40], 20)}"
            raise GraphError(f"line {_line(text, at)}: {rest}")
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match[0], at)
        at = match.end()
    yield _Token("end", "", at)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


class _Reader:
    """What keys and values mean."""

    def __init__(self, weight: str | None) -> None:
        self.weight = weight
        #: Which keys hold the weight: the second is used where no edge has the first.
        self.names = ("weight", "value") if weight == "weight" else (weight,) if weight else ()
        self.path: list[str] = []  # keys of the open lists
        self.key: str | None = None  # the one that waits for its value
        self.record: dict[str, _Token] = {}  # what is known of the open node or edge
        self.found = Collected()
        self.labels: list[str | None] = []
        self.weights: dict[str, list[str | None]] = {name: [] for name in self.names}
        self.graphs = 0

    def take(self, token: _Token) -> None:
        """The next token."""
        if self.key is not None:
            self.value(self.key, token)
            self.key = None
        elif token.kind == "word":
            self.key = limits.checked_label(token.text, "key")
        elif token.kind == "close" and self.path:
            self.close()
        elif token.kind == "end":
            if self.path:
                raise GraphError(f"the list {quoted(self.path[-1])} is not closed")
        else:
            raise GraphError(f"must have a key here; got {quoted(token.text)}")

    def value(self, key: str, token: _Token) -> None:
        """The value of a key: a list that opens, a number or a text."""
        number = token.kind == "number" or (token.kind == "word" and token.text in _NOT_FINITE)
        if token.kind == "open":
            self.open(key)
        elif not number and token.kind != "text":
            what = "the end" if token.kind == "end" else quoted(token.text)
            raise GraphError(f"the value of {quoted(key)} must be a number, a text or a list; got {what}")
        elif self.path == ["graph"] and key == "directed" and token.text != "0":
            raise GraphError(f"must be undirected (directed 0); got directed {quoted(token.text)[1:-1]}")
        elif self.path in (_NODE, _EDGE) and key in self.wanted():
            if key in self.record:
                raise GraphError(f"one {self.path[1]} has two values of {quoted(key)}")
            self.record[key] = token

    def wanted(self) -> tuple[str, ...]:
        """The keys that are read of the open node or edge."""
        return ("id", "label") if self.path == _NODE else ("source", "target", *self.names)

    def open(self, key: str) -> None:
        """A list opens."""
        if self.path in (_NODE, _EDGE) and key in self.wanted():
            raise GraphError(f"the value of {quoted(key)} must be a number or a text; got a list")
        if key == "graph":
            self.graphs += 1
            if self.path:
                raise GraphError("nested graphs are not supported; one flat graph is needed")
            if self.graphs > 1:
                raise GraphError("must hold one graph; got several")
        self.path.append(key)
        if len(self.path) > limits.DEPTH:
            raise GraphError(f"lists must be nested at most {limits.DEPTH} deep")
        self.record = {} if self.path in (_NODE, _EDGE) else self.record

    def close(self) -> None:
        """A list closes."""
        if self.path == _NODE:
            self.found.node(_name(self.record, "id", "node"))
            label = self.record.get("label")
            self.labels.append(None if label is None else _plain(label))
        elif self.path == _EDGE:
            self.found.edge(_name(self.record, "source", "edge"), _name(self.record, "target", "edge"))
            for name, column in self.weights.items():
                given = self.record.get(name)
                column.append(None if given is None else _plain(given))
        self.path.pop()

    def graph(self) -> Graph:
        """What was read."""
        if not self.graphs:
            raise GraphError("must hold one graph; got none")
        used = next((n for n in self.names if any(text is not None for text in self.weights[n])), self.weight)
        if used in self.weights:
            self.found.weights = self.weights[used]
        return self.found.graph(used, labels=self.labels)


def _name(record: dict[str, _Token], key: str, where: str) -> str:
    """The name of a node under a key of a record: whole numbers in one spelling, or a text."""
    token = record.get(key)
    if token is None:
        raise GraphError(f"one {where} has no {quoted(key)}")
    if token.kind == "text":
        return limits.checked_label(_plain(token), where)
    if not _WHOLE.fullmatch(token.text):
        raise GraphError(f"{quoted(key)} must be a whole number of at most 18 digits, or a text; "
                         f"got {quoted(token.text)}")  # fmt: skip
    return str(int(token.text))


def _plain(token: _Token) -> str:
    """A number as it stands; a text without its quotes, its character references resolved."""
    return _ENTITY.sub(_character, token.text[1:-1]) if token.kind == "text" else token.text


def _character(entity: re.Match[str]) -> str:
    """What a reference stands for; one that stands for no character stays as it is written."""
    if entity["name"]:
        code = name2codepoint.get(entity["name"], -1)
    else:
        code = int(entity["decimal"]) if entity["decimal"] else int(entity["hex"], 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else entity[0]
