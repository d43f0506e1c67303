"""Validation in the user's words: one line that names the field, what is permitted and what was given."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part
from coop_abm.scenario.catalogue import bounds_of, flattened, kinds_of, knobs, members_of, words_of
from coop_abm.scenario.scenario import Scenario


def validated(tree: Mapping[str, Any]) -> Scenario:
    """The scenario that this tree of plain values declares.

    Raises
    ------
    ScenarioError
        one line: the field, what is permitted, what was given
    """
    return declared(Scenario, tree)


def declared[P: Part](part: type[P], values: Mapping[str, Any]) -> P:
    """The part that these plain values declare.

    Raises
    ------
    ScenarioError
        one line: the knob, what is permitted, what was given
    """
    try:
        return part.model_validate(dict(values))
    except ValidationError as error:
        raise ScenarioError(_first_sentence(error, part)) from None
    except RecursionError:
        raise ScenarioError("scenario: nested too deeply") from None


def _first_sentence(error: ValidationError, root: type[BaseModel] = Scenario) -> str:
    first = error.errors(include_url=False, include_context=True)[0]
    path, field, model = _walk(first["loc"], root)
    kind, given = first["type"], first.get("input")
    if kind == "extra_forbidden":
        return str(no_such_knob(path, tuple(model.model_fields) if model else (), root))
    if kind == "value_error":
        said = str(first["ctx"]["error"])
        return f"{path}: {said}; got {quoted(given)}" if path and "got" not in said else _joined(path, said)
    if kind in ("union_tag_invalid", "union_tag_not_found") and field is not None:
        named = given.get("kind") if isinstance(given, dict) else given
        return f"{path}.kind must be one of {', '.join(kinds_of(field))}; got {quoted(named)}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{path or 'scenario'} must be a table of knobs; got {quoted(given)}"
    if field is None:
        return f"{path or 'scenario'}: {first['msg']}; got {quoted(given)}"
    return f"{path} {_permitted(field)}; got {quoted(given)}"


def _joined(path: str, said: str) -> str:
    return f"{path}: {said}" if path else said


def _permitted(field: FieldInfo) -> str:
    """What a field takes, as a sentence."""
    words = words_of(field)
    if words:
        return f"must be one of {', '.join(words)}"
    if field.annotation is bool:
        return "must be true or false"
    if field.annotation is str:
        return "must be a text"
    if field.annotation in (int, float):
        noun = "a whole number" if field.annotation is int else "a number"
        low, high, below = bounds_of(field)
        if low is not None and high is not None:
            return f"must be {noun} in [{_figure(low)}, {_figure(high)}]"
        if low is not None and below is not None:
            return f"must be {noun} in [{_figure(low)}, {_figure(below)})"
        return f"must be {noun}"
    if get_origin(field.annotation) is tuple:
        return "must be a list of tables" if any(map(_is_part, flattened(field.annotation))) else "must be a list"
    return "is not of the right kind"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"


def _walk(
    location: tuple[int | str, ...], root: type[BaseModel] = Scenario
) -> tuple[str, FieldInfo | None, type[BaseModel] | None]:
    """The flat path, the field and the part of an error's location, without pydantic's union tags."""
    steps: list[str] = []
    field: FieldInfo | None = None
    model: type[BaseModel] | None = root
    members: dict[str, type[Part]] = {}
    for step in location:
        if isinstance(step, str) and step in members and (model is None or step not in model.model_fields):
            model, members = members[step], {}
            continue
        steps.append(quoted(str(step), 40)[1:-1])
        if isinstance(step, int):
            entry = next((c for c in flattened(field.annotation) if _is_part(c)), None) if field else None
            model, members = entry, {}
            continue
        field = model.model_fields.get(str(step)) if model else None
        members = members_of(field) if field else {}
        held = field.annotation if field else None
        if held is not None and not members and get_origin(held) is tuple:
            model = None
        elif not members and _is_part(held):
            model = held  # type: ignore[assignment]
        elif len(members) == 1:
            model = next(iter(members.values()))
        elif field is not None:
            model = None if members else model
    return ".".join(steps), field, model


def _is_part(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Part)


def no_such_knob(path: str, near: Iterable[str] = (), root: type[BaseModel] = Scenario) -> ScenarioError:
    """The error for a name that leads nowhere; `near` are the names permitted in its place in a part of this kind."""
    head, _, _last = path.rpartition(".")
    permitted = [f"{head}.{name}" if head else name for name in near if name != "kind"]
    close = difflib.get_close_matches(path, [*permitted, *_all_paths(root)], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    listed = f"permitted here: {', '.join(permitted)}" if permitted else "`coop-abm knobs` prints all"
    if not permitted and root is not Scenario:
        listed = f"permitted are {', '.join(root.model_fields)}"
    return ScenarioError(f"{quoted(path, 80)[1:-1]}: no such knob; {hint}{listed}")


def _all_paths(root: type[BaseModel]) -> list[str]:
    """The knobs of a part as it is by itself; none of one that is not whole without values."""
    try:
        part = root()
    except ValidationError:
        return []
    return [knob.path for knob in knobs(part)] if isinstance(part, Part) else []
