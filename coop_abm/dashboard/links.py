"""A world in a link: ``/?scenario=network&game__benefit=7&seed=3``."""

from __future__ import annotations

import re
import shlex
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.dashboard.setting_up import checked
from coop_abm.lab import MOST_REPLICATES, check_seed, check_whole
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.knobs import dotted, parsed, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.players import spelled
from coop_abm.scenario.scenario import Scenario

#: A link longer than this is not read.
LONGEST = 8000
#: So many things that cannot be had are named; of more it is said how many.
MOST_NAMED = 4


class Linked(NamedTuple):
    """What a link asks for.

    scenario, seed : the world to show
    error : what in it cannot be had, a sentence each; "" if all can
    replicate : number of the replicate under this seed; 0 is the world that a seed alone means
    """

    scenario: Scenario
    seed: int
    error: str
    replicate: int = 0


def read(query: str | None, scenario: Scenario, seed: int, *, choose: bool = True) -> Linked:
    """The world that a query string asks for.

    What cannot be had is left out, so the rest of the link still holds. A scenario is one of the
    library by name; a link never opens a file.

    Parameters
    ----------
    query  : what stands behind the question mark
    scenario, seed : where the link says nothing
    choose : may the link name another scenario?
    """
    try:
        asked = parse_qsl((query or "")[:LONGEST], keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return Linked(scenario, seed, "This link holds more than 200 entries; it was not read.")
    errors: dict[str, str] = {}  # name -> why it cannot be had
    changes: dict[str, Any] = {}
    replicate = 0
    for name, text in asked:
        try:
            if name == "scenario":
                if not choose:
                    raise ScenarioError("scenario: this page shows one model, so a link cannot choose another")
                if text not in NAMED:
                    raise ScenarioError(f"scenario must be one of {', '.join(NAMED)}; got {quoted(text)}")
                scenario = named(text)
            elif name == "seed":
                value = parsed(text)
                check_seed(value)
                seed = value
            elif name == "replicate":
                value = parsed(text)
                check_whole("replicate", value, 0, MOST_REPLICATES)
                replicate = value
            elif name in _SOLARAS:
                continue
            else:
                changes[dotted(name)] = parsed(text)
        except InputError as error:
            errors[name] = str(error)
    scenario, refused = _with(scenario, changes)
    errors |= refused
    places = {dotted(name): place for place, (name, _text) in reversed(list(enumerate(asked)))}
    told = [errors[name] for name in sorted(errors, key=lambda name: places[dotted(name)])]
    return Linked(scenario, seed, _said(told), replicate)


def _with(scenario: Scenario, changes: dict[str, Any]) -> tuple[Scenario, dict[str, str]]:
    """The scenario with all of the changes that can be had, and why the others cannot: path -> sentence.

    What is to blame is taken out and the rest is tried together again: shares, for one, change only together.
    """
    left, refused = dict(changes), dict[str, str]()
    while left:
        try:
            return checked(replace(scenario, left)), refused
        except InputError as error:
            words = str(error)
        where = re.split("[: ]", words, maxsplit=1)[0]
        path = next((p for p in left if p == where), next((p for p in left if p.startswith(f"{where}.")), ""))
        if not path:
            break
        refused[path] = words
        del left[path]
    for path, value in left.items():  # nothing in the sentence says what is to blame
        try:
            scenario = checked(replace(scenario, {path: value}))
        except InputError as error:
            refused[path] = str(error)
    return scenario, refused


def _said(errors: list[str]) -> str:
    """The sentences one after the other, without the lists of all names that would have been known."""
    short = list(dict.fromkeys(words.partition("; permitted here: ")[0] for words in errors))
    more = [f"and {len(short) - MOST_NAMED} more"] if len(short) > MOST_NAMED else []
    return ". ".join([*short[:MOST_NAMED], *more])


#: Entries that Solara's own script reads.
_SOLARAS = frozenset({"kernelid", "modelid", "solara-no-close-beacon"})


def differing(scenario: Scenario) -> dict[str, Any]:
    """The knobs that make this world from the named one: flat name -> value.

    Raises
    ------
    ScenarioError
        if the world belongs to no named scenario, or holds what no knob can carry
    """
    base = named(scenario.name)
    own = "this world holds a graph or players of its own, which no link can carry; save it as TOML"
    if "edges" in (scenario.network.graph.kind, scenario.network.replacement.kind):
        raise ScenarioError(own)
    changes: dict[str, Any] = {}
    if len(scenario.players) != len(base.players):
        changes["players"] = spelled(scenario.players)
    # Kinds come before their own knobs, so both are read against the same kind of part.
    for _ in range(4):
        if None in changes.values():
            break
        reached = replace(base, changes) if changes else base
        before = {knob.path: knob.value for knob in knobs(reached)}
        news = {k.path: k.value for k in knobs(scenario) if k.path in before and before[k.path] != k.value}
        news = {path: value for path, value in news.items() if path not in ("name", "description")}
        if not news:
            break
        changes |= news
    if None in changes.values() or replace(base, changes) != scenario:
        raise ScenarioError(own)
    return changes


def write(scenario: Scenario, seed: int, replicate: int = 0) -> str:
    """The query string of a world: its name in the library, what differs from it, and the seed.

    Raises
    ------
    ScenarioError
        as :func:`differing`
    """
    words = {path.replace(".", "__"): _written(value) for path, value in differing(scenario).items()}
    which = {"replicate": replicate} if replicate else {}
    return urlencode({"scenario": scenario.name, **words, "seed": seed, **which}, safe=":,")


def command(scenario: Scenario, seed: int, steps: int | None = None, replicate: int = 0) -> str:
    """The command line that runs this world; of one that no knobs can make, that of its TOML file.

    >>> command(named("kin"), 3, 100)
    'coop-abm run kin --seed 3 --steps 100'
    """
    try:
        words = [scenario.name, *(w for path, v in differing(scenario).items() for w in (f"--{path}", _written(v)))]
    except ScenarioError:
        words = ["world.toml"]
    length = [] if steps is None else ["--steps", str(steps)]
    which = ["--replicate", str(replicate)] if replicate else []
    return shlex.join(["coop-abm", "run", words[0], "--seed", str(seed), *which, *length, *words[1:]])


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
