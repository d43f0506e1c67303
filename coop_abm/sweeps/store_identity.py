"""In what two sweeps differ, said in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coop_abm.core.errors import quoted
from coop_abm.sweeps.work import canonical

_NONE = object()


def difference(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The first field that differs, with both values; empty if none does.

    >>> difference({"world": {"size": 10}, "seed": 1}, {"world": {"size": 12}, "seed": 1})
    'world.size is 10 there and 12 here'
    """
    old, new = dict(_leaves(there)), dict(_leaves(here))
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name, _NONE), new.get(name, _NONE)
        if one is _NONE or other is _NONE or canonical(one) != canonical(other):
            return f"{quoted(name)[1:-1]} is {_said(one)} there and {_said(other)} here"
    return ""


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _said(value: Any) -> str:
    return "not set" if value is _NONE else quoted(value, 100)
