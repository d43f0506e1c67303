"""What has to be done before a world can be shown: it is made or read, and given places."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from coop_abm import saved
from coop_abm.core.errors import InputError
from coop_abm.dashboard import controls
from coop_abm.dashboard.frames import World
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.strand import Point, Strand
from coop_abm.engine.history import Running
from coop_abm.engine.swapping import Swap, resume
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario

#: More individuals than this are neither drawn nor stepped in time.
LARGEST = 100_000

Maker = Callable[[Scenario, int], Running]


class Other(NamedTuple):
    """The one knob by which a second world differs, and its value there."""

    path: str
    value: str | int | float | bool


class Onward(NamedTuple):
    """What goes on in another world, in which somebody else decides for one individual.

    swap   : the moment, and what was declared
    points : time and the share of each strategy up to it; the other world may have one more
    """

    swap: Swap
    points: list[Point]


class Asked(NamedTuple):
    """A world that the reader wants.

    said : one line on what happened, once it is there
    path : the control that is to blame if it cannot be had, "" for none
    body : the content of a saved state, which then says which world it is
    replicate : number of the replicate under this seed
    onward : a moment of another world, from which this one goes on
    """

    scenario: Scenario
    seed: int
    said: str = ""
    path: str = ""
    body: bytes | None = None
    replicate: int = 0
    onward: Onward | None = None


class Ready(NamedTuple):
    """What came of it: one or two worlds, or a sentence why not.

    strands : the world, and the second one where there is one
    error   : why there is none, or no second one
    path    : the control that the error is about
    """

    asked: Asked
    strands: tuple[Strand, ...]
    error: str = ""
    path: str = ""


def set_up(asked: Asked, make: Maker, old: World | None, other: Other | None, report: Callable[[str], None]) -> Ready:
    """Make what was asked for.

    Parameters
    ----------
    old    : the world before, whose places are used again where nothing moved
    other  : how the second world differs; None where there is none
    report : is told what is being done

    Raises
    ------
    CoopError
        if the world cannot be had
    """
    time, points = 0, list[Point]()
    if asked.body is not None:
        report("reading the file")
        state = saved.opened_state(asked.body, most=LARGEST)
        asked = asked._replace(scenario=state.scenario, seed=state.seed, replicate=state.replicate)
        time, points, running = state.time, state.curve, state.world
        asked = asked._replace(said=f"Opened: {asked.scenario.name or 'a world'}, seed {state.seed}.")
    else:
        checked(asked.scenario)
        report("starting the world")
        running = make(asked.scenario, asked.seed)
        if asked.onward is not None:
            time, points = _go_on(running, asked.onward)
    number = old.number + 1 if old else 1
    world = _world(number, asked.scenario, asked.seed, asked.replicate, old, report)
    first = Strand(world, running, time=time, points=points)
    if other is None or asked.body is not None:
        return Ready(asked, (first,))
    try:
        return Ready(asked, (first, _second(first, other, make, report)))
    except InputError as error:
        return Ready(asked, (first,), f"No second world: {error}", other.path)


def _go_on(running: Running, onward: Onward) -> tuple[int, list[Point]]:
    """(time step, curve so far) of a world that goes on where another one stood."""
    resume(running, onward.swap)
    more = (0.0,) * (len(onward.swap.scenario.inherited) + 1 - len(onward.points[0])) if onward.points else ()
    return onward.swap.kept.numbers["round"], [(*point, *more) for point in onward.points]


def differing(scenario: Scenario, other: Other) -> Scenario:
    """The same world but for one knob.

    Raises
    ------
    InputError
        if it cannot be had, or is the same
    """
    changed = replace(scenario, controls.changes(scenario, other.path, other.value))
    if changed == scenario:
        raise InputError(f"{other.path} is {other.value} in this world already; choose another value")
    return changed


def _second(first: Strand, other: Other, make: Maker, report: Callable[[str], None]) -> Strand:
    scenario, seed = differing(first.world.scenario, other), first.world.seed
    replicate = first.world.replicate
    checked(scenario)
    report("starting the second world")
    running = make(scenario, seed)
    return Strand(_world(first.world.number, scenario, seed, replicate, first.world, report), running)


def checked(scenario: Scenario) -> Scenario:
    """The same, where it can be shown.

    Raises
    ------
    InputError
        if it is too large
    """
    if scenario.size > LARGEST:
        raise InputError(f"size: the dashboard shows at most {LARGEST:,} individuals; got {scenario.size:,}")
    return scenario


def _world(
    number: int, scenario: Scenario, seed: int, replicate: int, old: World | None, report: Callable[[str], None]
) -> World:
    drawn = old.layout if old and _same_structure(old, scenario, seed, replicate) else None
    if drawn is None:
        report(f"placing {scenario.size:,} individuals")
        drawn = layout(scenario, scenario.answers(seed, replicate), seed)
    rows = scenario.repertoire()
    mutates = any(k.path.endswith("mutation") and k.value for k in knobs(scenario))
    return World(number, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), mutates, replicate)


def _same_structure(old: World, scenario: Scenario, seed: int, replicate: int) -> bool:
    """Is everybody in the same place as before?"""
    before = old.scenario
    return (
        (old.seed, old.replicate) == (seed, replicate)
        and before.size == scenario.size and before.network == scenario.network
        and before.group == scenario.group and before.clock == scenario.clock
    )  # fmt: skip
