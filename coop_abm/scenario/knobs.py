"""The flat names of a scenario: one scalar each, spelt the same everywhere.

``kin.relatedness`` in a file and on the command line, ``kin__relatedness`` as a Python keyword and a
Mesa parameter: the same knob. A part is chosen by its kind, ``update = "imitation"``, and keeps the
knobs that the old and the new kind share.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.core.part import Part, kind_of
from coop_abm.scenario.scenario import Scenario

#: A scenario file larger than this is refused unread.
LARGEST_FILE = 1 << 20
_NUMBER = re.compile(r"[+-]?(\d[\d_]*)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+([eE][+-]?\d+)?", re.ASCII)


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
            if _kinds(field):
                yield _knob(path, kind_of(type(value)), field, choices=_kinds(field))
            yield from (knob for knob in knobs(value, f"{path}.") if knob.path != f"{path}.kind")
        elif isinstance(value, tuple):
            for position, entry in enumerate(value):
                if isinstance(entry, Part):
                    yield from knobs(entry, f"{path}.{position}.")
        else:
            yield _knob(path, value, field, choices=_words(field))


def _knob(path: str, value: Any, field: FieldInfo, choices: tuple[str, ...]) -> Knob:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    low, high, below = _bounds(field)
    return Knob(
        path, value, field.title or path, field.description or "", str(extra.get("unit") or ""),
        low, high, below, extra.get("step"), choices, bool(extra.get("live")),  # type: ignore[arg-type]
    )  # fmt: skip


def _bounds(field: FieldInfo) -> tuple[float | None, float | None, float | None]:
    found: dict[str, float] = {}
    for constraint in field.metadata:
        for name in ("ge", "le", "lt"):
            if getattr(constraint, name, None) is not None:
                found[name] = getattr(constraint, name)
    return found.get("ge"), found.get("le"), found.get("lt")


def _words(field: FieldInfo) -> tuple[str, ...]:
    return tuple(map(str, get_args(field.annotation))) if get_origin(field.annotation) is Literal else ()


def _members(field: FieldInfo) -> dict[str, type[Part]]:
    """The kinds of part that a field may hold, by name; empty where it holds no choice of parts."""
    found: dict[str, type[Part]] = {}
    for candidate in _flattened(field.annotation):
        if isinstance(candidate, type) and issubclass(candidate, Part) and "kind" in candidate.model_fields:
            found[candidate.model_fields["kind"].default] = candidate
    return found


def _flattened(annotation: Any) -> Iterator[Any]:
    arguments = get_args(annotation)
    if not arguments or get_origin(annotation) is Literal:
        yield annotation
    for argument in arguments:
        yield from _flattened(argument)


def _kinds(field: FieldInfo) -> tuple[str, ...]:
    return tuple(_members(field))


# ------------------------------------------------------------------------------- changing knobs


def dotted(name: str) -> str:
    """The flat name with dots: ``kin__relatedness`` -> ``kin.relatedness``."""
    return name.replace("__", ".")


def replace(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """The same scenario with some knobs changed.

    Parameters
    ----------
    changes : flat name (dots or double underscores) -> value; a Part or a dict replaces a whole part,
              a bare word chooses its kind

    Raises
    ------
    ScenarioError
        naming the knob and what is permitted
    """
    tree = scenario.model_dump()
    for path, value in sorted(((dotted(n), v) for n, v in changes.items()), key=lambda c: c[0].count(".")):
        _put(tree, path, value)
    return validated(tree)


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *folders, last = path.split(".")
    at: Any = tree
    model: type[BaseModel] | None = Scenario
    for step in folders:
        at, model = _descend(at, model, step, path)
    if not isinstance(at, dict):
        raise _no_such_knob(path)
    if last not in (model.model_fields if model else at):
        raise _no_such_knob(path, _names(model, at))
    old = at.get(last)
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(old, dict) and isinstance(value, str):  # another kind of part: keep what both have
        members = _members(model.model_fields[last]) if model else {}
        kept = members[value].model_fields if value in members else {}
        value = {k: v for k, v in old.items() if k in kept} | {"kind": value}
    at[last] = value


def _descend(at: Any, model: type[BaseModel] | None, step: str, path: str) -> tuple[Any, type[BaseModel] | None]:
    if isinstance(at, (list, tuple)):
        if not step.isdecimal() or int(step) >= len(at):
            raise ScenarioError(f"{quoted(path, 80)}: there are {len(at)} entries, counted from 0")
        return at[int(step)], None
    if not isinstance(at, dict) or step not in at:
        upto = path[: path.index(step) + len(step)]
        raise _no_such_knob(upto, _names(model, at) if isinstance(at, dict) else ())
    below: type[BaseModel] | None = None
    if model is not None:
        field = model.model_fields[step]
        members = _members(field)
        inner = at[step]
        if members and isinstance(inner, dict):
            below = members.get(inner.get("kind", ""))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Part):
            below = field.annotation
    if isinstance(at[step], tuple):
        at[step] = list(at[step])
    return at[step], below


def _names(model: type[BaseModel] | None, at: dict[str, Any]) -> tuple[str, ...]:
    return tuple(model.model_fields) if model else tuple(at)


def _no_such_knob(path: str, near: Iterable[str] = ()) -> ScenarioError:
    head, _, _last = path.rpartition(".")
    permitted = [f"{head}.{name}" if head else name for name in near if name != "kind"]
    close = difflib.get_close_matches(path, [*permitted, *_all_paths()], n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    listed = f"permitted here: {', '.join(permitted)}" if permitted else "`coop-abm knobs` prints all"
    return ScenarioError(f"{quoted(path, 80)[1:-1]}: no such knob; {hint}{listed}")


def _all_paths() -> list[str]:
    return [knob.path for knob in knobs(Scenario())]


# ------------------------------------------------------------------------------- validation, in words


def validated(tree: Mapping[str, Any]) -> Scenario:
    """The scenario that this tree of plain values declares.

    Raises
    ------
    ScenarioError
        one line: the field, what is permitted, what was given
    """
    try:
        return Scenario.model_validate(tree)
    except ValidationError as error:
        raise ScenarioError(_first_sentence(error)) from None
    except RecursionError:
        raise ScenarioError("scenario: nested too deeply") from None


def _first_sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=True)[0]
    path, field, model = _walk(first["loc"])
    kind, given = first["type"], first.get("input")
    if kind == "extra_forbidden":
        return str(_no_such_knob(path, tuple(model.model_fields) if model else ()))
    if kind == "value_error":
        said = str(first["ctx"]["error"])
        return f"{path}: {said}; got {quoted(given)}" if path and "got" not in said else _joined(path, said)
    if kind in ("union_tag_invalid", "union_tag_not_found") and field is not None:
        named = given.get("kind") if isinstance(given, dict) else given
        return f"{path}.kind must be one of {', '.join(_kinds(field))}; got {quoted(named)}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{path or 'scenario'} must be a table of knobs; got {quoted(given)}"
    if field is None:
        return f"{path or 'scenario'}: {first['msg']}; got {quoted(given)}"
    return f"{path} {_permitted(field)}; got {quoted(given)}"


def _joined(path: str, said: str) -> str:
    return f"{path}: {said}" if path else said


def _permitted(field: FieldInfo) -> str:
    """What a field takes, as a sentence."""
    words = _words(field)
    if words:
        return f"must be one of {', '.join(words)}"
    if field.annotation is bool:
        return "must be true or false"
    if field.annotation is str:
        return "must be a text"
    if field.annotation in (int, float):
        noun = "a whole number" if field.annotation is int else "a number"
        low, high, below = _bounds(field)
        if low is not None and high is not None:
            return f"must be {noun} in [{_figure(low)}, {_figure(high)}]"
        if low is not None and below is not None:
            return f"must be {noun} in [{_figure(low)}, {_figure(below)})"
        return f"must be {noun}"
    return "must be a list of tables" if get_origin(field.annotation) is tuple else "is not of the right kind"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"


def _walk(location: tuple[int | str, ...]) -> tuple[str, FieldInfo | None, type[BaseModel] | None]:
    """The flat path, the field and the part of an error's location, without pydantic's union tags."""
    steps: list[str] = []
    field: FieldInfo | None = None
    model: type[BaseModel] | None = Scenario
    members: dict[str, type[Part]] = {}
    for step in location:
        if isinstance(step, str) and step in members and (model is None or step not in model.model_fields):
            model, members = members[step], {}
            continue
        steps.append(quoted(str(step), 40)[1:-1])
        if isinstance(step, int):
            entry = next((c for c in _flattened(field.annotation) if _is_part(c)), None) if field else None
            model, members = entry, {}
            continue
        field = model.model_fields.get(str(step)) if model else None
        members = _members(field) if field else {}
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


# ------------------------------------------------------------------------------- text, files, digest


def parsed(text: str) -> Any:
    """A value as written on a command line: a number, true or false, else the word itself."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text) and len(text) < 40:
        plain = text.replace("_", "")
        return int(plain) if re.fullmatch(r"[+-]?\d+", plain) else float(plain)
    return text


def load(path: str | Path) -> Scenario:
    """Read a scenario from a TOML file.

    A graph in it, ``network.graph = {kind = "file", path = "karate.graphml"}``, is read at once and
    becomes part of the scenario; its path is relative to the scenario file and stays in its folder.

    Raises
    ------
    ScenarioError, GraphError
        one line: the file, the field, what is permitted
    """
    file = Path(path)
    shown = quoted(file.name, 80)[1:-1]
    try:
        if not file.is_file():
            raise ScenarioError(f"{shown}: no such file" if not file.exists() else f"{shown}: not a regular file")
        if file.stat().st_size > LARGEST_FILE:
            raise ScenarioError(f"{shown}: a scenario file must not exceed {LARGEST_FILE >> 20} MiB")
        text = file.read_bytes().decode("utf-8-sig")
        tree = tomllib.loads(text)
    except ScenarioError:
        raise
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{shown}: must be UTF-8 text; byte {error.start} is not") from None
    except RecursionError:
        raise ScenarioError(f"{shown}: nested too deeply") from None
    except OSError as error:
        raise ScenarioError(f"{shown}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # TOMLDecodeError, and numbers too long for int()
        raise ScenarioError(f"{shown}: not valid TOML: {quoted(str(error), 120)[1:-1]}") from None
    try:
        return validated(_with_graph(tree, file.parent))
    except InputError as error:
        raise type(error)(f"{shown}: {error}") from None


def _with_graph(tree: dict[str, Any], folder: Path) -> dict[str, Any]:
    network = tree.get("network")
    graph = network.get("graph") if isinstance(network, dict) else None
    if not isinstance(graph, dict) or graph.get("kind") != "file":
        return tree
    unknown = graph.keys() - {"kind", "path", "weight"}
    if unknown:
        raise _no_such_knob(f"network.graph.{sorted(unknown)[0]}", ("path", "weight"))
    named = graph.get("path")
    if not isinstance(named, str) or not named:
        raise ScenarioError("network.graph.path must be the name of a file beside the scenario")
    try:
        inside = (folder / named).resolve().is_relative_to(folder.resolve()) and not Path(named).is_absolute()
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        raise ScenarioError(f"network.graph.path must lie in the folder of the scenario file; got {quoted(named)}")
    weight = graph.get("weight", "weight")
    if not isinstance(weight, str):
        raise ScenarioError(f"network.graph.weight must be the name of an edge attribute; got {quoted(weight)}")
    return with_graph(tree, folder / named, weight=weight or None)


def with_graph(tree: Mapping[str, Any], graph: Any, *, weight: str | None = "weight") -> dict[str, Any]:
    """A tree of plain values with the user's own graph put in: a path, an ``nx.Graph`` or a Graph."""
    from coop_abm.structures import Edges
    from coop_abm.structures.files import read_graph

    source = ""
    if isinstance(graph, (str, Path)):
        source = Path(graph).name
        graph = read_graph(graph, weight=weight)
    edges = Edges.of(graph, weight=weight, source=source)
    network = {**tree.get("network", {}), "enabled": True, "graph": edges}
    changed = {**tree, "network": network}
    declared = tree.get("size", edges.size)
    if declared != edges.size:
        raise ScenarioError(
            f"size must be {edges.size}, the nodes of {source or 'the graph'}, or be left out; got {quoted(declared)}"
        )
    return changed | {"size": edges.size}


def on_graph(scenario: Scenario, graph: Any, *, weight: str | None = "weight") -> Scenario:
    """The same scenario on the user's own graph, its size taken from the graph."""
    tree = scenario.model_dump()
    tree.pop("size")
    return validated(with_graph(tree, graph, weight=weight))


def plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain values that TOML and JSON can hold."""
    return scenario.model_dump(mode="json")


def dumps(scenario: Scenario) -> str:
    """The scenario as TOML text; :func:`load` of it gives the same scenario."""
    import tomli_w

    return tomli_w.dumps(plain(scenario))


def digest(scenario: Scenario) -> str:
    """SHA-256 of everything that can change a result.

    Names, descriptions and the knobs of rules that are off are left out, and so are labels of nodes;
    seeds, run lengths and outputs are no part of a scenario in the first place.
    """
    tree = plain(scenario)
    del tree["name"], tree["description"]
    for rule, mechanism in scenario.mechanisms.items():
        if not mechanism.enabled:
            tree[rule] = False
    if scenario.network.enabled and scenario.network.graph.kind == "edges":
        tree["network"]["graph"] = scenario.network.graph.build(scenario.size, 0).digest()
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def grid(scenario: Scenario, axes: Mapping[str, Iterable[Any]]) -> Iterator[Scenario]:
    """Every combination of the values along some axes (flat names), the last axis fastest."""
    names = list(axes)
    for values in itertools.product(*(list(axes[name]) for name in names)):
        yield replace(scenario, dict(zip(names, values, strict=True)))
