"""The flat names of a scenario: one scalar each, spelt the same everywhere.

``kin.relatedness`` in a file and on the command line, ``kin__relatedness`` as a Python keyword and a
Mesa parameter: the same knob. A part is chosen by its kind, ``update = "imitation"``, and keeps the
knobs that the old and the new kind share.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part
from coop_abm.scenario import players
from coop_abm.scenario.catalogue import flattened, members_of
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import declared, no_such_knob

_NUMBER = re.compile(r"[+-]?(\d[\d_]*)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+([eE][+-]?\d+)?", re.ASCII)


def dotted(name: str) -> str:
    """The flat name with dots: ``kin__relatedness`` -> ``kin.relatedness``."""
    return name.replace("__", ".")


def replace[P: Part](scenario: P, changes: Mapping[str, Any]) -> P:
    """The same scenario, or another declared part, with some knobs changed.

    Parameters
    ----------
    changes : flat name (dots or double underscores) -> value; a Part or a dict replaces a whole part,
              a bare word chooses its kind, and ``players`` may be a word like ``allc:0.5,tft:0.25,alld:0.25``

    Raises
    ------
    ScenarioError, GraphError
        naming the knob and what is permitted; or why the graph cannot have this size
    """
    tree, root = scenario.model_dump(), type(scenario)
    for path, value in sorted(((dotted(n), v) for n, v in changes.items()), key=lambda c: c[0].count(".")):
        _put(tree, path, value, root)
    return declared(root, tree)


def _put(tree: dict[str, Any], path: str, value: Any, root: type[Part]) -> None:
    *folders, last = path.split(".")
    at: Any = tree
    model: type[BaseModel] | None = root
    for step in folders:
        at, model = _descend(at, model, step, path, root)
    if not isinstance(at, dict):
        raise no_such_knob(path, root=root)
    if last not in (model.model_fields if model else at):
        raise no_such_knob(path, _names(model, at), root)
    old = at.get(last)
    if root is Scenario and path == "players" and isinstance(value, str):  # one word for who is there, as in a link
        value = players.read(value)
    if isinstance(value, BaseModel):
        value = value.model_dump()
    elif isinstance(value, (dict, list)):
        value = copy.deepcopy(value)  # a deeper knob may be put into it, and it is the user's
    if isinstance(old, dict) and isinstance(value, str):  # another kind of part: keep what both have
        members = members_of(model.model_fields[last]) if model else {}
        kept = members[value].model_fields if value in members else {}
        value = {k: v for k, v in old.items() if k in kept} | {"kind": value}
    at[last] = value


def _descend(
    at: Any, model: type[BaseModel] | None, step: str, path: str, root: type[Part]
) -> tuple[Any, type[BaseModel] | None]:
    if isinstance(at, (list, tuple)):
        if not step.isdecimal() or int(step) >= len(at):
            raise ScenarioError(f"{quoted(path, 80)}: there are {len(at)} entries, counted from 0")
        return at[int(step)], model
    if isinstance(at, dict) and step not in at and model is not None and step in model.model_fields:
        whole = model.model_fields[step].default  # a kind that was chosen just now has the parts of its default
        if isinstance(whole, BaseModel):
            at[step] = whole.model_dump()
    if not isinstance(at, dict) or step not in at:
        upto = path[: path.index(step) + len(step)]
        raise no_such_knob(upto, _names(model, at) if isinstance(at, dict) else (), root)
    below: type[BaseModel] | None = None
    if model is not None:
        field = model.model_fields[step]
        members = members_of(field)
        inner = at[step]
        if members and isinstance(inner, dict):
            below = members.get(inner.get("kind", ""))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Part):
            below = field.annotation
        elif isinstance(inner, (list, tuple)):
            below = next((c for c in flattened(field.annotation) if isinstance(c, type) and issubclass(c, Part)), None)
    if isinstance(at[step], tuple):
        at[step] = list(at[step])
    return at[step], below


def _names(model: type[BaseModel] | None, at: dict[str, Any]) -> tuple[str, ...]:
    return tuple(model.model_fields) if model else tuple(at)


def parsed(text: str) -> Any:
    """A value as written on a command line: a number, true or false, else the word itself."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text) and len(text) < 40:
        plain = text.replace("_", "")
        return int(plain) if re.fullmatch(r"[+-]?\d+", plain) else float(plain)
    return text


def plain(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain values that TOML and JSON can hold."""
    return scenario.model_dump(mode="json")


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
    if scenario.update.mutation == 0:
        del tree["update"]["mutation"], tree["update"]["mutation_kind"]
    if tree["update"].get("fitness") == "exponential":  # what was always so
        del tree["update"]["fitness"]
    if scenario.network.enabled:
        for place in ("graph", "replacement"):
            declared = getattr(scenario.network, place)
            if declared.kind == "edges":
                tree["network"][place] = declared.build(scenario.size, 0).digest()
        if not scenario.network.two_graphs:  # what was always so
            del tree["network"]["replacement"]
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def grid(scenario: Scenario, axes: Mapping[str, Iterable[Any]]) -> Iterator[Scenario]:
    """Every combination of the values along some axes (flat names), the last axis fastest."""
    names = list(axes)
    for values in itertools.product(*(list(axes[name]) for name in names)):
        yield replace(scenario, dict(zip(names, values, strict=True)))
