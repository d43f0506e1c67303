"""What the page sees of a world: copies that nothing changes any more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.dashboard.layouts import Layout
from coop_abm.engine.measures import MEASURES, Snapshot, shares
from coop_abm.scenario.scenario import Scenario

#: Nobody lives in this place.
NOBODY = 255


class Frame(NamedTuple):
    """One moment of a world, copied.

    time   : time steps done
    state  : uint8 (P,), read-only: the strategy in each place of the layout, NOBODY where there is none
    cooperators : share of individuals that help strangers
    shares : share of each strategy of the repertoire
    fixed  : name of the only strategy left, "" while there are several
    """

    time: int
    state: np.ndarray
    cooperators: float
    shares: tuple[float, ...]
    fixed: str


class World(NamedTuple):
    """What stays the same while a world runs.

    number : counts the worlds of a session
    scenario, seed, layout : what was declared, and where it is drawn
    names, helper : the strategies, and which of them help strangers
    mutates : can a strategy that died out come back?
    replicate : number of the replicate under this seed; 0 is the world that a seed alone means
    """

    number: int
    scenario: Scenario
    seed: int
    layout: Layout
    names: tuple[str, ...]
    helper: tuple[int, ...]
    mutates: bool
    replicate: int = 0


def inhabitants(now: Snapshot, world: World) -> np.ndarray:
    """int64 (P,): the row of the individual in each place of the layout, -1 where nobody lives."""
    alive, seats, size = now.alive[0] == 1, world.layout.seats, len(world.layout.places)
    if seats:
        living = np.flatnonzero(alive)
        order = living[np.argsort(now.group[0][living], kind="stable")]
        group, rows = now.group[0][order], np.full(size, -1)
        rows[group * seats + np.arange(len(order)) - np.searchsorted(group, group)] = order
        return rows
    own = np.where(alive, np.arange(len(alive)), -1)
    return np.repeat(own, 2) if now.second.shape[1] else own


def frame(now: Snapshot, world: World, step: int) -> Frame:
    """What the page shows of a snapshot of one replicate."""
    rows = inhabitants(now, world)
    held = np.column_stack([now.strategy[0], now.second[0]]).ravel() if now.second.shape[1] else now.strategy[0][rows]
    state = np.where(rows >= 0, held, NOBODY).astype(np.uint8)
    state.setflags(write=False)
    part = shares(now, len(world.names))[0]
    sole = np.flatnonzero(part == 1.0)
    fixed = world.names[sole[0]] if len(sole) and len(world.names) > 1 and not world.mutates else ""
    return Frame(step, state, float(MEASURES["cooperators"](now)[0]), tuple(part.tolist()), fixed)
