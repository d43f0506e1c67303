"""Options of an experiment as somebody types them: text becomes what each knob wants, and the other way round."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from coop_abm.core.part import Part
from coop_abm.scenario.deciders import STANDING_IN, TABLE
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.wording import declared

#: Options that have a flag of their own on the command line.
FLAGS = ("policy", "budget", "replications", "seed")


def changed[P: Part](options: P, changes: Mapping[str, Any]) -> P:
    """The same options with some of them changed; whole numbers serve for numbers, and numbers for words.

    Raises
    ------
    ScenarioError
        in one line: the option, what is permitted, what was given
    """
    given = {name: _as_wanted(type(options), name, value) for name, value in changes.items()}
    own = {name: value for name, value in given.items() if "." not in name}
    of_parts = {name: value for name, value in given.items() if "." in name}
    found = declared(type(options), options.model_dump() | own)
    return replace(found, of_parts) if of_parts else found


def _as_wanted(kind: type[Part], name: str, value: Any) -> Any:
    field = kind.model_fields.get(name)
    wanted = field.annotation if field is not None else None
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is str and not isinstance(value, str):
        return "" if value is None else str(value)
    return value


def free(options: Part) -> bool:
    """Does nobody decide who may cost money: tables alone, or the stand-in for them?"""
    return getattr(options, "policy", TABLE) in (TABLE, STANDING_IN)


def command(name: str, options: Part) -> str:
    """The command line that runs an experiment with these options.

    >>> from coop_abm.experiments.tournament import Options
    >>> command("tournament", Options(turns=50, seed=3))
    'coop-abm experiment tournament --seed 3 --set turns=50'
    """
    words = ["coop-abm", "experiment", name]
    usual = _flat({name: field.default for name, field in type(options).model_fields.items()})
    chosen = {name: value for name, value in _flat(options.model_dump()).items() if value != usual.get(name)}
    for name in FLAGS:
        if name in chosen:
            words += [f"--{name}", _spelled(chosen.pop(name))]
    for name, value in chosen.items():
        words += ["--set", f"{name}={_spelled(value)}"]
    return shlex.join(words)


def _flat(tree: Any, path: str = "") -> dict[str, Any]:
    """Scalars by their names with dots, of parts in parts too.

    >>> _flat({"a": 1, "b": {"c": ({"d": 2},)}})
    {'a': 1, 'b.c.0.d': 2}
    """
    if isinstance(tree, Part):
        tree = tree.model_dump()
    if isinstance(tree, list | tuple):
        tree = dict(enumerate(tree))
    if not isinstance(tree, dict):
        return {path: tree}
    return {name: value for key, inner in tree.items()
            for name, value in _flat(inner, f"{path}.{key}" if path else str(key)).items()}  # fmt: skip


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
