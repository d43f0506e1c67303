"""Every scalar knob of a part, read from its declaration: what a control, an option or a table row needs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from coop_abm.core.part import Part, kind_of


class Knob(NamedTuple):
    """One scalar of a scenario, with all that a control, an option or a table row needs.

    path    : flat name with dots
    value   : its value here
    title, help, unit : words
    low, high : permitted interval, None where open
    below   : exclusive upper bound, None where there is none
    step    : natural step of a control, None where there is none
    choices : permitted words, () for numbers and switches
    live    : may change while a world runs
    """

    path: str
    value: Any
    title: str
    help: str
    unit: str
    low: float | None
    high: float | None
    below: float | None
    step: float | None
    choices: tuple[str, ...]
    live: bool


def knobs(part: Part, prefix: str = "") -> Iterator[Knob]:
    """Every scalar knob of a part, depth first, in the order of declaration."""
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        path = f"{prefix}{name}"
        if isinstance(value, Part):
            if kinds_of(field):
                yield _knob(path, kind_of(type(value)), field, choices=kinds_of(field))
            yield from (knob for knob in knobs(value, f"{path}.") if knob.path != f"{path}.kind")
        elif isinstance(value, tuple):
            for position, entry in enumerate(value):
                if isinstance(entry, Part):
                    yield from knobs(entry, f"{path}.{position}.")
        else:
            yield _knob(path, value, field, choices=words_of(field))


def _knob(path: str, value: Any, field: FieldInfo, choices: tuple[str, ...]) -> Knob:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low, high, below = bounds_of(field)
    return Knob(
        path, value, field.title or path, field.description or "", str(extra.get("unit") or ""),
        low, high, below, extra.get("step"), choices, bool(extra.get("live")),  # type: ignore[arg-type]
    )  # fmt: skip


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None, float | None]:
    """Lowest and highest permitted value, and the exclusive upper bound; None where open."""
    found: dict[str, float] = {}
    for constraint in field.metadata:
        for name in ("ge", "le", "lt"):
            if getattr(constraint, name, None) is not None:
                found[name] = getattr(constraint, name)
    return found.get("ge"), found.get("le"), found.get("lt")


def words_of(field: FieldInfo) -> tuple[str, ...]:
    """The words that a field is a choice among, () where it is no such choice."""
    return tuple(map(str, get_args(field.annotation))) if get_origin(field.annotation) is Literal else ()


def members_of(field: FieldInfo) -> dict[str, type[Part]]:
    """The kinds of part that a field may hold, by name; empty where it holds no choice of parts."""
    annotation: Any = field.annotation
    return _members(annotation)


@functools.cache
def _members(annotation: Any) -> dict[str, type[Part]]:
    found: dict[str, type[Part]] = {}
    for candidate in flattened(annotation):
        if isinstance(candidate, type) and issubclass(candidate, Part) and "kind" in candidate.model_fields:
            found[candidate.model_fields["kind"].default] = candidate
    return found


def flattened(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, innermost, in order."""
    arguments = get_args(annotation)
    if not arguments or get_origin(annotation) is Literal:
        yield annotation
    for argument in arguments:
        yield from flattened(argument)


def kinds_of(field: FieldInfo) -> tuple[str, ...]:
    """The names of the kinds of part that a field may hold."""
    return tuple(members_of(field))
