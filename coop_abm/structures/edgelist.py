"""Edge lists: one edge per line, two node names and perhaps a weight."""

from __future__ import annotations

import re

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits
from coop_abm.structures.graph import Graph, from_named

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
# What networkx writes behind an edge: {} or {'weight': 2.5}. Matched, never evaluated.
_BRACES = re.compile(r"\s*(?:(['\"])(?P<key>[^'\"{}]{1,256})\1\s*:\s*(?P<number>[^\s'\"{}:,]+)\s*)?\}")


def read_edge_list(text: str, weight: str | None) -> Graph:
    """The graph of an edge list; nodes are numbered in the order in which they first appear.

    Columns are separated by commas, else tabs, else blanks; ``#`` starts a comment. Node names become
    integers where all of them are whole numbers as Python writes them. A line with one name declares
    a node.

    Raises
    ------
    GraphError
        if the list cannot be used; the message names the line
    """
    place: dict[str, int] = {}
    first: list[int] = []
    second: list[int] = []
    weights: list[float | None] = []
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        where = f"line {number}"
        names, value = _columns(line, weight, where)
        ends = [place.setdefault(limits.checked_label(name, where), len(place)) for name in names]
        limits.checked_count(len(place), limits.NODES, "nodes")
        if len(ends) == 2:
            first.append(ends[0])
            second.append(ends[1])
            weights.append(value)
            limits.checked_count(len(first), limits.EDGES, "edges")
    whole = all(_WHOLE.fullmatch(name) for name in place)
    labels = tuple(int(name) for name in place) if whole else tuple(place)
    return from_named(labels, first, second, weights, weight)


def _columns(line: str, weight: str | None, where: str) -> tuple[list[str], float | None]:
    """The one or two node names and the weight of a line."""
    head, brace, tail = line.partition("{")
    columns = _split(head.strip().rstrip(",").rstrip() if brace else line)
    if len(columns) > (2 if brace else 3):
        raise GraphError(f"{where}: must have two node names and at most one weight; got {len(columns)} columns")
    value = columns.pop() if len(columns) == 3 else None
    if brace:
        data = _BRACES.fullmatch(tail)
        if data is None or len(columns) != 2 or (weight and data["key"] not in (None, weight)):
            permitted = quoted(f"{{{weight or 'weight'!r}: number}}")[1:-1]
            raise GraphError(f"{where}: only {{}} or {permitted} may follow; got {quoted(brace + tail)}")
        value = data["number"]
    if weight is None or value is None:
        return columns, None
    return columns, limits.checked_weight(value, where)


def _split(line: str) -> list[str]:
    """The columns of a line, no more than are needed to see that there are too many."""
    for separator in (",", "\t"):
        if separator in line:
            return [column.strip() for column in line.split(separator, 100)]
    return line.split(maxsplit=100)
