"""Options of an experiment as somebody types them: text becomes what each knob wants, and the other way round."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from coop_abm.core.part import Part
from coop_abm.scenario.deciders import STANDING_IN, TABLE
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import STAND_IN, Model
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
    return _marked(replace(found, of_parts) if of_parts else found, options, tuple(given))


def _marked[P: Part](found: P, before: Part, names: tuple[str, ...]) -> P:
    """The same part, which knows (``model_fields_set``) what was chosen: these names, and whatever was before."""
    heads = {name.partition(".")[0] for name in names}
    parts = {}
    for name in type(found).model_fields:
        new, old = getattr(found, name), getattr(before, name)
        if isinstance(new, Part) and type(new) is type(old) and name not in names:
            within = tuple(each.partition(".")[2] for each in names if each.startswith(f"{name}."))
            parts[name] = _marked(new, old, within)
    return type(found).model_construct(_fields_set=before.model_fields_set | heads, **(dict(found) | parts))


def chosen_of(part: Part, usual: Part) -> set[str]:
    """The knobs of a part that were chosen, also where what was chosen is the usual value.

    Of a part that was read from a record, in which every knob has its value, those that differ from the usual.
    """
    names = set(type(part).model_fields)
    if part.model_fields_set != names:
        return set(part.model_fields_set)
    return {name for name in names if getattr(part, name) != getattr(usual, name)}


def _as_wanted(kind: type[Part], name: str, value: Any) -> Any:
    field = kind.model_fields.get(name)
    wanted = field.annotation if field is not None else None
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if wanted is str and not isinstance(value, str):
        return "" if value is None else str(value)
    return value


def free(options: Part) -> bool:
    """Does nobody decide who may cost money: tables alone, or stand-ins for them?"""
    if getattr(options, "policy", TABLE) not in (TABLE, STANDING_IN):
        return False
    return all(model.model.startswith(STAND_IN) for model in _models(options))


def _models(held: Any) -> Iterator[Model]:
    """Language models that are named anywhere in options, such as those of single seats."""
    if isinstance(held, Model):
        yield held
    elif isinstance(held, Part | list | tuple):
        for inner in [value for _name, value in held] if isinstance(held, Part) else held:
            yield from _models(inner)


def command(name: str, options: Part) -> str:
    """The command line that runs an experiment with these options.

    >>> from coop_abm.experiments.tournament import Options
    >>> command("tournament", Options(turns=50, seed=3))
    'coop-abm experiment tournament --seed 3 --set turns=50'
    """
    words = ["coop-abm", "experiment", name]
    usual = _flat({name: field.default for name, field in type(options).model_fields.items()})
    said = _said(options, type(options)())
    chosen = {
        name: value for name, value in _flat(options.model_dump()).items() if value != usual.get(name) or name in said
    }
    for name in FLAGS:
        if name in chosen:
            words += [f"--{name}", _spelled(chosen.pop(name))]
    for name, value in chosen.items():
        words += ["--set", f"{name}={_spelled(value)}"]
    return shlex.join(words)


def _said(options: Part, usual: Part) -> set[str]:
    """Names with dots of knobs in parts that were chosen, whatever their values: a preset may mean another one."""
    found = set()
    for name, part in options:
        was = getattr(usual, name)
        if isinstance(part, Part) and type(part) is type(was):
            every = part.model_fields_set == set(type(part).model_fields)  # it was read from a record
            fresh = set() if every else part.model_fields_set - was.model_fields_set
            found |= {f"{name}.{inner}" for inner in fresh | _said(part, was)}
    return found


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
