"""The columns of exported rows: which there are, what kinds of values they hold, and how a value becomes text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coop_abm.output import guarded
from coop_abm.sweeps.work import Table, canonical

#: What could repaint a terminal or break a line, and what is no UTF-8: control characters, separators of lines,
#: signs that turn the direction of text, halves of characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_HALVES = re.compile("[\ud800-\udfff]")
_EXACT = 2**53
_LARGEST = 2**63


def cell_text(value: Any) -> str:
    """A value as a cell of a CSV file: numbers in full, text that is neither a formula nor a command to a terminal.

    >>> [cell_text(value) for value in (0.1, True, None, "a,b", "=1+1", "\\x1b[31m", [1, None])]
    ['0.1', 'True', '', '"a,b"', "'=1+1", '\\\\x1b[31m', '"[1,null]"']
    """
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return repr(value)
    text = guarded(value if isinstance(value, str) else canonical(value))
    text = _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"') or text != text.strip() else text


class Columns:
    """Columns in the order key, parameters, iteration, the seed, Step, reporters.

    Parameters are in alphabetical order, because the order in which they were given may differ from command to command.
    """

    def __init__(self, seed_name: str):
        self.seed_name = seed_name
        self.names: list[str] = []
        self._parameters: set[str] = set()
        self._shapes: set[tuple[str, ...]] = set()
        self._kinds: dict[tuple[str, str], set[str]] = {}
        self._places: dict[str, int] = {}

    def see_run(self, parameters: dict[str, Any], seed: Any) -> None:
        """Learn from the parameters and the seed of a run."""
        self._parameters.update(parameters)
        for name, value in parameters.items():
            self._kinds.setdefault(("parameter", name), set()).add(_kind(value))
        self._kinds.setdefault(("seed", self.seed_name), set()).add(_kind(seed))

    def see(self, table: Table) -> None:
        """Learn from rows."""
        self._shapes.add(table.names)
        for name, values in zip(table.names, zip(*table.rows), strict=False):
            kinds = self._kinds.setdefault(("value", name), set())
            types = set(map(type, values))
            kinds.update(map(_kind, values) if int in types else (kind.__name__ for kind in types))

    def settle(self) -> None:
        """All rows were seen: name the columns. A parameter that is called as a reporter is gets another name."""
        reported = list(dict.fromkeys(["Step", *(name for shape in sorted(self._shapes) for name in shape)]))
        taken = {"key", "iteration", self.seed_name, *reported}
        self._of_parameter = {name: _free(name, taken) for name in sorted(self._parameters)}
        columns = [("", "key"), *(("parameter", name) for name in self._of_parameter), ("", "iteration"),
                   ("seed", self.seed_name), *(("value", name) for name in reported)]  # fmt: skip
        self.names = [self._of_parameter[name] if kind == "parameter" else name for kind, name in columns]
        self._kind_of = {"key": "string", "iteration": "int64"}
        for (source, name), column in zip(columns, self.names, strict=True):
            if source:
                self._kind_of[column] = _common(self._kinds.get((source, name), set()))
        self._places = {name: place for place, name in enumerate(self.names)}

    def rows(self, start: tuple[str, int, dict[str, Any], Any], table: Table) -> Iterator[list[Any]]:
        """The rows of a table of a run."""
        key, replicate, parameters, seed = start
        row: list[Any] = [None] * len(self.names)
        row[0], row[self._places["iteration"]], row[self._places[self.seed_name]] = key, replicate, seed
        for name, value in parameters.items():
            row[self._places[self._of_parameter[name]]] = value
        places = [self._places[name] for name in table.names]
        for values in table.rows:
            full = row.copy()
            for place, value in zip(places, values, strict=True):
                full[place] = value
            yield full

    def kinds(self) -> list[tuple[str, str]]:
        """Name and Arrow's type of each column."""
        return [(_whole(name), self._kind_of[name]) for name in self.names]

    def typed(self, row: list[Any]) -> list[Any]:
        """A row as Arrow takes it: text as it is, and anything else in a column of text as JSON."""
        return [
            value if value is None or self._kind_of[name] != "string"
            else _whole(value if isinstance(value, str) else canonical(value))
            for name, value in zip(self.names, row, strict=True)
        ]  # fmt: skip


def _kind(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "small" if abs(value) <= _EXACT else "int" if -_LARGEST <= value < _LARGEST else "huge"
    return type(value).__name__


def _common(kinds: set[str]) -> str:
    """Arrow's type for a column in which values of these kinds were seen: one that holds them exactly."""
    kinds = kinds - {"NoneType"}
    if not kinds:
        return "null"
    if kinds == {"bool"}:
        return "bool_"
    if kinds <= {"small", "int"}:
        return "int64"
    if kinds <= {"small", "float"}:
        return "float64"
    return "string"


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"{name} (parameter)"
    return name


def _whole(text: str) -> str:
    """Text that can be UTF-8: half a character is written as its number."""
    return _HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
