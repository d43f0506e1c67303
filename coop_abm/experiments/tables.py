"""Tables of an experiment as pages and terminals show them: plain cells, intervals in one column, marked verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from coop_abm.experiments.base import Column

#: The mark before a verdict; the word says the same.
MARKS = {"agrees": "✓", "differs": "✗"}


def shown(columns: Iterable[Column], rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """A table in plain values: ``head`` (title, help, role, figure) and ``rows`` of cells (text, mark).

    The two ends of the interval of what was measured become one column beside it; those of any other number (NAME_low
    and NAME_high) stand in its cell.
    """
    given, columns = list(rows), list(columns)
    known = {column.name for column in columns}
    low, high = (next((c.name for c in columns if c.role == role), "") for role in ("low", "high"))
    head: list[dict[str, Any]] = []
    names: list[str] = []
    for column in columns:
        if column.role in ("low", "high"):
            continue
        names.append(column.name)
        numbers = [row.get(column.name) for row in given]
        figure = bool(numbers) and all(n is None or _is_number(n) for n in numbers)
        head.append({"title": column.title, "help": column.help, "role": column.role, "figure": figure})
        if column.role == "ours" and low and high:
            names.append("")
            head.append({"title": "95 % interval", "help": "", "role": "interval", "figure": True})
    roles = [entry["role"] for entry in head]
    cells = [
        [
            {"text": interval(row.get(low), row.get(high)) if not name else _with_ends(row, name, known),
             "mark": MARKS.get(str(row.get(name)), "–") if role == "verdict" else ""}
            for name, role in zip(names, roles, strict=True)
        ]
        for row in given
    ]  # fmt: skip
    return {"head": head, "rows": cells}


def _with_ends(row: Mapping[str, Any], name: str, known: set[str]) -> str:
    ends = interval(row.get(f"{name}_low"), row.get(f"{name}_high")) if f"{name}_low" in known else ""
    return f"{text(row.get(name))} ({ends})" if ends else text(row.get(name))


def text(value: Any) -> str:
    """A cell in words.

    >>> [text(v) for v in (None, True, 1234, 2.07651, "kin")]
    ['', 'yes', '1,234', '2.077', 'kin']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def interval(low: Any, high: Any) -> str:
    """Two ends in one cell.

    >>> interval(2.0522, 2.1008)
    '2.052 … 2.101'
    """
    return f"{text(low)} … {text(high)}" if low is not None and high is not None else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
