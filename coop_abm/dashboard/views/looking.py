"""What the picture of a tab is told beside who is where: only what the view on show needs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from coop_abm.dashboard import looks
from coop_abm.dashboard.frames import Frame, World, inhabitants
from coop_abm.dashboard.looks import Look
from coop_abm.dashboard.past import Past
from coop_abm.engine.measures import Snapshot

#: Lines of the space-time picture that are sent at once at most, and points of a path.
MOST_LINES, MOST_POINTS = 1000, 600

Parts = tuple[dict[str, Any], list[bytes]]


class Looking:
    """What one tab looks at, and what has to be remembered for it from frame to frame.

    Parameters
    ----------
    moment : the snapshot of a frame, None where it is not kept any more
    past   : the frames that are kept of the present world
    """

    def __init__(self, moment: Callable[[Frame], Snapshot | None], past: Callable[[], Past]):
        self._moment, self._past = moment, past
        self._lock = threading.Lock()
        self.look = Look()
        self.last: tuple[World, Frame] | None = None
        self._forget(0)

    def _forget(self, number: int) -> None:
        self._number = number
        self._bounds: tuple[float, float] | None = None
        self._path: deque[tuple[float, float]] = deque(maxlen=MOST_POINTS)
        self._since = 0
        self._drawn = -1

    def choose(self, view: str, colour: str, world: World) -> None:
        """Look at this view, in these colours, from now on; what this world does not have is left alone."""
        with self._lock:
            known = {v["key"] for v in looks.views(world) if v["enabled"] or v["key"] == "critical"}
            colours = {c["key"] for c in looks.colourings(world)}
            view = view if view in known else self.look.view
            colour = colour if colour in colours else self.look.colour
            self.look = Look(view, colour)
            self._path.clear()
            self._drawn = -1

    def again(self) -> None:
        """The browser may have lost what it was sent: tell all of it with the next frame."""
        with self._lock:
            self._drawn = -1

    def settled(self, world: World) -> Look:
        """What is on show in this world: where it lacks the chosen view or colouring, the first of all."""
        known = {v["key"] for v in looks.views(world) if v["enabled"] or v["key"] == "critical"}
        colours = {c["key"] for c in looks.colourings(world)}
        with self._lock:
            view, colour = self.look
            self.look = Look(view if view in known else "network", colour if colour in colours else "strategy")
            return self.look

    def seen(self, world: World, now: Frame, points: list[tuple[float, ...]], picked: int | None) -> Parts:
        """(what is told, further buffers) of a frame that is about to be sent."""
        look, moment = self.settled(world), self._moment(now)
        with self._lock:
            if world.number != self._number:
                self._forget(world.number)
            self.last = (world, now)
            told: dict[str, Any] = {"view": look.view, "colour": look.colour, "parts": []}
            buffers: list[bytes] = []
            if look.view in ("payoffs", "histogram") or look.toned == "payoff":
                if moment is not None:
                    self._bounds = looks.wider(self._bounds, looks.payoffs(moment, world)[1])
                else:
                    told["lacking"] = "payoffs of the past are not kept"
            bounds = self._bounds or (0.0, 0.0)
            tones = looks.tones(look.toned, moment, world, bounds) if moment is not None else None
            if moment is None and look.toned != "strategy":
                told["lacking"] = f"{look.toned} in the past is not kept"
            if tones is not None:
                told["tones"] = {"kind": tones.kind, **tones.key}
                told["parts"].append("tones")
                buffers.append(tones.levels.tobytes())
            if look.view == "histogram" and moment is not None:
                told["chart"] = looks.histogram(moment, now, world, bounds)
            if look.view == "plane":
                self._plane(told, world, now, moment, points)
            if look.view == "space_time":
                told["times"], lines = self._lines(world, now)
                told["parts"].append("lines")
                buffers.append(lines.tobytes())
            if picked is not None and moment is not None and world.layout.seats:
                told["chosen"] = self._places(picked, moment, world)[0]
            return told, buffers

    def chosen(self, row: int | None) -> tuple[int, list[int]]:
        """(place of this individual, places of its neighbours) in the frame on show; -1 where there is none."""
        with self._lock:
            if self.last is None or row is None:
                return -1, []
            world, now = self.last
            moment = self._moment(now)
            return (-1, []) if moment is None else self._places(row, moment, world)

    def row(self, place: int) -> int | None:
        """The individual that lives in a place of the frame on show."""
        with self._lock:
            moment = self._moment(self.last[1]) if self.last else None
            if self.last is None or moment is None or not 0 <= place < len(self.last[1].state):
                return None
            found = int(inhabitants(moment, self.last[0])[place])
            return found if found >= 0 else None

    def label(self, place: int, names: list[str]) -> str:
        """The individual in this place of the frame on show, in words."""
        with self._lock:
            if self.last is None:
                return ""
            world, now = self.last
            return looks.label(place, now, world, self._moment(now), names)

    @staticmethod
    def _places(row: int, moment: Snapshot, world: World) -> tuple[int, list[int]]:
        rows = inhabitants(moment, world)
        home = np.full(moment.strategy.shape[1], -1)
        places = np.flatnonzero(rows >= 0)
        home[rows[places][::-1]] = places[::-1]  # of two alleles the first
        if not 0 <= row < len(home) or home[row] < 0:
            return -1, []
        near = home[looks.neighbours(row, moment)]
        return int(home[row]), near[near >= 0].tolist()

    def _plane(
        self, told: dict[str, Any], world: World, now: Frame, moment: Snapshot | None, points: list[tuple[float, ...]]
    ) -> None:
        if len(world.names) == 3:
            kept = [p[1:] for p in points if p[0] <= now.time]
            every = max(1, len(kept) // MOST_POINTS)
            told["chart"] = {"points": [*kept[::every], now.shares]}
            return
        if moment is None:
            told["lacking"] = "the plane is not kept of the past"
            return
        name, value = looks.height(moment, world)
        if not self._path:
            self._since = now.time
        if value == value:  # nan where everybody is alike
            self._path.append((now.cooperators, value))
        told["chart"] = {"path": list(self._path), "height": name.replace("_", " "), "since": self._since}

    def _lines(self, world: World, now: Frame) -> tuple[list[int], np.ndarray]:
        """Every generation since the last one that was sent, as far as it is kept."""
        line, past = world.layout.line, self._past()
        again = self._drawn < 0 or now.time < self._drawn
        begin = max(0, now.time - MOST_LINES) if again else max(self._drawn, now.time - MOST_LINES)
        found = [f for t in range(begin, now.time) if (f := past.at(t)) is not None]
        found = [f for f in found if len(f.state) == len(now.state)]
        self._drawn = now.time
        frames = [*found, now]
        return [f.time for f in frames], np.array([f.state[line] for f in frames], np.uint8)
