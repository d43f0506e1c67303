"""The form of a new sweep, and how far a sweep is in words."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.dashboard import controls
from coop_abm.dashboard.launching import Order, order
from coop_abm.dashboard.stores import stores_in
from coop_abm.dashboard.watching import Seen
from coop_abm.dashboard.work import duration
from coop_abm.engine.measures import chosen
from coop_abm.scenario.catalogue import Knob, knobs
from coop_abm.scenario.knobs import parsed, replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.captions import measured

#: Points that a knob is offered with, and fields of the form that hold whole numbers.
POINTS = 9
WHOLE = ("replicates", "steps", "seed")
#: Text of a field that is longer than this is none.
LONGEST = 400


def offered(folder: Path) -> list[str]:
    """The stores in the folder of the server, by name."""
    return stores_in(folder)


def form(world: Scenario, folder: Path, empty: bool) -> dict[str, Any]:
    """What the form offers for a world."""
    able = variable(world)
    first = next((knob for knob in able if knob["path"] == "game.benefit"), able[0])
    shares = [f"share_{name}" for name in world.repertoire().names]
    return {
        "world": world.name or "your own", "folder": folder.name or str(folder), "open": empty,
        "unit": "round" if world.clock == "round" else "generation",
        "knobs": list(able),
        "measures": [{"name": m, "title": measured(m)} for m in (*chosen(None), *shares)],
        "usual": {
            "knob1": first["path"], "values1": first["values"], "knob2": "", "values2": "",
            "replicates": "30", "steps": "100", "seed": "0", "measure": "cooperators", "name": "",
        },
    }  # fmt: skip


@functools.lru_cache(maxsize=16)
def variable(world: Scenario) -> tuple[dict[str, str], ...]:
    """The knobs that can vary in this world, each with the values that one would look at first."""
    found = []
    for knob in knobs(world):
        if isinstance(knob.value, bool) or knob.choices:
            values = () if knob.path.startswith("players") else _permitted(knob, world)
            if len(values) > 1:
                found.append({"path": knob.path, "title": knob.title, "values": ",".join(values)})
        elif isinstance(knob.value, int | float):
            found.append({"path": knob.path, "title": knob.title, "values": usual_values(knob, world.size)})
    return tuple(found)


def _permitted(knob: Knob, world: Scenario) -> tuple[str, ...]:
    """The words that this knob may be in this world."""
    words = ("false", "true") if isinstance(knob.value, bool) else knob.choices
    found = []
    for word in words:
        if word in controls.OWN_DATA:
            continue
        try:
            replace(world, {knob.path: parsed(word) if isinstance(knob.value, bool) else word})
        except InputError:  # other knobs of this world do not go with it
            continue
        found.append(word)
    return tuple(found)


def usual_values(knob: Knob, size: int) -> str:
    """Numbers that one would look at first, as they are written on a command line."""
    low, high, _step = controls.slider(knob, size)
    if isinstance(knob.value, int):
        low, high = int(low), int(high)
        points = max((n for n in range(2, POINTS + 1) if (high - low) % (n - 1) == 0), default=2)
        return f"{low}:{high}:{points}" if high > low else str(low)
    return f"{low:g}:{high:g}:{POINTS}"


def order_of(event: dict[str, Any], world: Scenario, folder: Path) -> Order:
    """The sweep that the form asks for.

    Raises
    ------
    InputError
        in one line that names the field
    """
    fields = {name: str(event.get(name, "")).strip() for name in
              ("knob1", "values1", "knob2", "values2", "replicates", "steps", "seed", "measure", "name")}  # fmt: skip
    for name, text in fields.items():
        if len(text) > LONGEST:
            raise InputError(f"{name}: at most {LONGEST} characters")
    if fields["knob1"] == fields["knob2"]:
        raise InputError("and also: must be another knob than the first, or nothing")
    able = {knob.path for knob in knobs(world)}
    grid = []
    for k in (1, 2):
        path, values = fields[f"knob{k}"], fields[f"values{k}"]
        if not path:
            continue
        if path not in able:
            raise InputError(f"what varies: must be a knob of this world; got {quoted(path)}")
        grid.append(f"{path}={values}")
    settings: dict[str, Any] = {"measure": fields["measure"]}
    for name in WHOLE:
        value = parsed(fields[name])
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"{name}: must be a whole number; got {quoted(fields[name])}")
        settings[name] = value
    return order(folder, fields["name"], world, grid, settings)


def progress(seen: Seen, working: bool) -> str:
    """How far the sweep is, in one line; "" where nothing was read yet."""
    look = seen.look
    if look is None:
        return "The sweep is starting." if working else ""
    done = look.done + look.failed
    of = f" of {look.asked:,}" if look.asked and look.asked > done else ""
    parts = [f"{look.name}: {done:,}{of} runs in {look.cells:,} {'cell' if look.cells == 1 else 'cells'}"]
    if look.failed:
        parts.append(f"{look.failed:,} failed")
    if seen.rate > 0 and (working or of):
        parts.append(f"{seen.rate:,.0f} a second")
        if look.asked:
            parts.append(f"about {duration((look.asked - done) / seen.rate)} left")
    elif of and not working:
        parts.append("nothing is being added now")
    if look.setting.steps is not None:
        parts.append(f"{look.setting.steps:,} steps a run, seed {look.setting.seed}")
    parts.append(f"{look.size / 1e6:,.1f} MB")
    return " · ".join(parts)
