"""One individual: what there is to say of it at one moment, and where its strategy comes from, in words.

Everything here is a function of immutable snapshots, or of a world of its own that runs again beside the one on show.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import CoopError
from coop_abm.dashboard.frames import NOBODY, Frame, World
from coop_abm.dashboard.past import Past
from coop_abm.engine.history import EventWorld, RoundWorld, Running
from coop_abm.engine.lineage import Lineage, Watched, lineage
from coop_abm.engine.measures import Snapshot
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures.neighbours import neighbour

#: Neighbours that are listed, time steps of the strip, links of a lineage that are told.
LISTED, STRIP, TOLD = 24, 120, 60


class Given(NamedTuple):
    """A strategy that the reader gave to an individual: after how many time steps and events, to whom, which."""

    time: int
    within: int
    row: int
    strategy: int


def name_of(scenario: Scenario, row: int) -> str:
    """What an individual is called: its number, and its label where the graph is the user's own."""
    labels = getattr(scenario.network.graph, "labels", ()) if scenario.network.enabled else ()
    return f"{row} ({str(labels[row])[:40]})" if len(labels) > row and str(labels[row]) != str(row) else str(row)


def portrait(world: World, now: Frame, moment: Snapshot, row: int, past: Past) -> dict[str, Any]:
    """Everything that the panel shows of the individual in this row, as plain values.

    Keys: row, name, alive, strategy, second (diploid: the other allele), payoff, standing ("good", "bad", "" where
    there are no names), group, family (-1: none), degree, neighbours (row, strategy, payoff), more (neighbours that are
    not listed), everybody (is everybody a neighbour?), strip (strategies over time), since (time of its first).
    """
    scenario, strategy = world.scenario, moment.strategy[0]
    indptr, indices, _weight = moment.rows
    everybody = len(indptr) == 0
    count = len(strategy) - 1 if everybody else int(indptr[row + 1] - indptr[row])
    near = [] if everybody else [int(neighbour.plain(row, e, indptr, indices)) for e in range(min(count, LISTED))]
    strip, since = _strip(world, row, past)
    named = scenario.indirect.enabled and scenario.clock == "round"
    alive = bool(moment.alive[0][row] == 1)
    return {
        "row": row, "name": name_of(scenario, row), "time": now.time, "alive": alive,
        "strategy": int(strategy[row]) if alive else -1,
        "second": int(moment.second[0][row]) if moment.second.shape[1] else -1,
        "payoff": _rounded(moment.payoff[0][row]),
        "standing": ("good" if moment.standing[0][row] else "bad") if named else "",
        "group": int(moment.group[0][row]) if scenario.group.enabled else -1,
        "family": int(moment.family[row]) if len(moment.family) else -1,
        "degree": count, "everybody": everybody,
        "neighbours": [
            {"row": j, "name": name_of(scenario, j), "strategy": int(strategy[j]),
             "payoff": _rounded(moment.payoff[0][j])} for j in near
        ],
        "more": 0 if everybody else count - len(near), "strip": strip, "since": since,
    }  # fmt: skip


def _rounded(number: float) -> float | None:
    return float(f"{number:.4g}") if math.isfinite(number) else None


def _strip(world: World, row: int, past: Past) -> tuple[list[int], int]:
    """The strategies of an individual over the last time steps, and the time of the first of them."""
    if world.layout.seats:  # whoever stands in a place now stood elsewhere before
        return [], 0
    place = 2 * row if world.scenario.kin.diploid else row
    last = past.last or 0
    # Frames have come from this world alone: it begins a past of its own.
    kept = [found for time in range(max(0, last - STRIP + 1), last + 1) if (found := past.at(time)) is not None]
    states = [-1 if frame.state[place] == NOBODY else int(frame.state[place]) for frame in kept]
    return states, kept[0].time if kept else 0


# ---------------------------------------------------------------------------- where its strategy comes from


class Moment(NamedTuple):
    """What a world on show was like when somebody asked: how far it had run, and who held what."""

    time: int
    within: int
    strategy: np.ndarray


def moment_of(running: Running, now: Frame) -> Moment:
    """The present moment of a running world, copied; to be called in its own thread."""
    within = running.within if isinstance(running, EventWorld) else 0
    return Moment(now.time, within, running.snapshot().strategy[0].copy())


class Tracer:
    """Runs a world once more from its seed, beside the one on show, and logs who copied whom.

    The world on show is not slowed down by a log that nobody asks for. The second run is kept, so that the next
    question goes on from where the last one ended.
    """

    def __init__(self, make: Callable[[Scenario, int], Running]):
        self._make = make
        self._lock = threading.Lock()
        self._of: tuple[Scenario, int] | None = None
        self._watched: Watched | None = None
        self._at = (0, 0)
        self._given: tuple[Given, ...] = ()

    def trace(
        self, world: World, at: Moment, row: int, given: tuple[Given, ...], progress: Callable[[float], None]
    ) -> Lineage:
        """Where the strategy of an individual came from at this moment.

        Raises
        ------
        CoopError
            where it cannot be told
        """
        if world.scenario.minded:
            raise CoopError("who copied whom is told of worlds of strategy tables: others would have to be asked again")
        until = at.time, at.within
        given = tuple(each for each in given if each[:2] <= until)
        with self._lock:
            watched = self._ready(world, until, given)
            for each in given[len(self._given) :]:
                self._run(watched, each[:2], at.time, progress)
                watched.give(each.row, each.strategy)
                self._given = (*self._given, each)
            self._run(watched, until, at.time, progress)
            if not np.array_equal(watched.world.snapshot().strategy[0], at.strategy):
                self._watched = None
                raise CoopError(
                    "this run is not its seed's own any more (it was changed or taken back), so who copied whom cannot "
                    "be found by running it again; Reset begins anew"
                )
            return lineage(watched, row)

    def _ready(self, world: World, until: tuple[int, int], given: tuple[Given, ...]) -> Watched:
        """The second run, not past this moment, to which nothing was done that the first one does not know."""
        of, done = (world.scenario, world.seed), len(self._given)
        behind = self._at <= until and given[:done] == self._given
        if self._watched is None or self._of != of or not behind or any(each[:2] < self._at for each in given[done:]):
            self._watched = Watched(self._make(*of))
            self._of, self._at, self._given = of, (0, 0), ()
        return self._watched

    def _run(self, watched: Watched, until: tuple[int, int], end: int, progress: Callable[[float], None]) -> None:
        while self._at[0] < until[0]:
            watched.step()
            self._at = (self._at[0] + 1, 0)
            progress(self._at[0] / max(end, 1))
        while self._at[1] < until[1]:
            watched.event()
            self._at = (self._at[0], self._at[1] + 1)


def told(found: Lineage, world: World, row: int, at: Moment) -> dict[str, Any]:
    """A lineage in sentences, and as a path of places: ``title``, ``sentences``, ``links``, ``path``, ``drawn``."""
    scenario = world.scenario
    unit = "round" if scenario.clock == "round" else "generation"
    who = lambda i: "somebody" if i < 0 else f"individual {name_of(scenario, i)}"  # noqa: E731
    held = world.names[int(at.strategy[row])].replace("_", " ")
    does = "cooperate" if world.helper[int(at.strategy[row])] else "defect"
    count, links = len(found.links), found.links
    sentences = []
    turned = next((link for link in links if link.place == row and link.turned), None)
    if not links:
        sentences.append(f"It held {held} from the start and took up nobody else's strategy.")
    elif turned is None or turned.parent < 0:
        last = links[0]
        given = last.parent < 0
        sentences.append(
            f"You gave it {held} in {unit} {last.time}." if given else
            f"In {unit} {last.time + 1} it took up the strategy of {who(last.parent)}, which was {held} as well."
        )  # fmt: skip
    else:
        sentences.append(f"It took up {held} in {unit} {turned.time + 1}, from {who(turned.parent)}.")
    if count > 1 or (links and found.founder < 0):
        times = "once" if count == 1 else f"{count:,} times"
        sentences.append(f"On its way to it the strategy was handed on {times}.")
    if found.since:
        sentences.append(f"Before {unit} {found.since} nothing is known: the log keeps the last replacements only.")
    elif found.founder < 0:
        sentences.append("It goes back to the individual to whom you gave it.")
    elif links:
        sentences.append(f"It goes back to {who(found.founder)}, one of those who began with {held}.")
    path = [row]
    for link in links:
        if link.parent >= 0 and link.parent != path[-1]:
            path.append(link.parent)
    drawn = not world.layout.seats and not scenario.kin.diploid
    return {
        "row": row, "title": f"Why did {name_of(scenario, row)} {does} at {unit} {at.time}?", "sentences": sentences,
        "links": [
            {"words": f"{unit} {link.time + 1}: {link.place} copied {link.parent}" if link.parent >= 0
             else f"{unit} {link.time}: you gave it to {link.place}", "turned": link.turned}
            for link in links[:TOLD]
        ],
        "more": max(0, count - TOLD), "path": path[:4000] if drawn else [],
        "why_not": "" if drawn else "Individuals move from place to place here, so the path is not drawn.",
    }  # fmt: skip


def may_flip(world: World, running: Running | None = None) -> str:
    """Why an individual of this world cannot be given another strategy, "" if it can."""
    scenario = world.scenario
    if len(world.names) < 2:
        return "There is only one strategy in this world."
    if scenario.kin.diploid:
        return "An individual of two alleles cannot be given one strategy."
    mixed = not (scenario.network.enabled or scenario.group.enabled or scenario.update.generational)
    if scenario.clock == "event" and mixed:
        return "In a mixed population on the event clock individuals of one strategy are alike."
    if running is not None and not isinstance(running, EventWorld | RoundWorld):
        return "Only individuals of worlds of coop_abm can be given another strategy."
    return ""
