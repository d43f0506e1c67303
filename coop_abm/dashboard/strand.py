"""One world that goes on: where it is, its curve, its last generations, and how it gets back to them."""

from __future__ import annotations

import threading

from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard.frames import Frame, World, frame
from coop_abm.dashboard.past import Past
from coop_abm.engine import checkpoint
from coop_abm.engine.checkpoint import Checkpoint
from coop_abm.engine.history import Running
from coop_abm.engine.measures import Snapshot, frozen

#: Points of the curve that are kept; beyond, every second one goes.
POINTS = 2000
#: Time steps between two checkpoints at first, and the memory in bytes that checkpoints may take.
EVERY, ROOM = 50, 16 << 20

Point = tuple[float, ...]


class Strand:
    """A world and what it has behind it. One thread steps it; others may read.

    Parameters
    ----------
    world, running : what was declared, and what goes on
    time   : time steps done
    points : time and the share of each strategy so far, where it does not begin here

    Attributes
    ----------
    moment : the last frame, and what measures read in it; a pair that is put there at once
    past   : the last frames
    bound  : why it cannot go on from an earlier moment, one sentence; "" if it can
    """

    def __init__(self, world: World, running: Running, *, time: int = 0, points: list[Point] | None = None):
        self.world, self.running, self.past = world, running, Past()
        self._lock = threading.Lock()
        self.moment = self._seen(time)
        self._points, self._stride = list(points or []), 1
        self._keep(self.frame)
        self._marks: list[tuple[int, Checkpoint, bool]] = []
        self._every, self.bound = EVERY, ""
        self._mark(pinned=True)

    @property
    def frame(self) -> Frame:
        """Where it is."""
        return self.moment[0]

    @property
    def points(self) -> list[Point]:
        """Time and the share of each strategy, from the start, and where it is now."""
        with self._lock:
            points = list(self._points)
        now = self.frame
        return points if points and points[-1][0] == now.time else [*points, (float(now.time), *now.shares)]

    @property
    def kept(self) -> dict[str, int]:
        """How much is kept: points, frames, checkpoints, and the bytes of these."""
        rooms = [mark.room for _time, mark, _pinned in self._marks]
        return {"points": len(self._points), "frames": len(self.past), "marks": len(rooms), "bytes": sum(rooms)}

    def step(self) -> Frame:
        """One time step."""
        self.running.step()
        self.moment = self._seen(self.frame.time + 1)
        self._keep(self.frame)
        if not self.bound and self.frame.time % self._every == 0:
            self._mark()
        return self.frame

    def moved(self, steps: int) -> None:
        """Somebody moved the world by hand, by so many time steps or within one: take note of where it is."""
        self.moment = self._seen(self.frame.time + steps)
        if steps:
            self._keep(self.frame)
        if not self.bound:
            self._mark(pinned=True)

    def look_again(self) -> bool:
        """Somebody may have changed the world by hand: take note of it. Is it another one?"""
        moment = self._seen(self.frame.time, keep=False)
        same = moment[0].state.tobytes() == self.frame.state.tobytes() and moment[0].shares == self.frame.shares
        if same:
            return False
        self.moment = moment
        self.past.append(moment[0])
        if not self.bound:
            self._mark(pinned=True)  # going back to what follows must not leave it out
        return True

    def back_to(self, time: int) -> list[Point]:
        """Go on from an earlier moment with the same dice; the points of the curve that are not yet again.

        Raises
        ------
        InputError
            if it cannot, or does not reach back so far
        """
        if self.bound:
            raise InputError(self.bound)
        seen = self.past.at(time)
        mark = next((m for m in reversed(self._marks) if m[0] <= time), None)
        if seen is None or mark is None:
            raise InputError(f"time step {time:,} is too long ago to go on from; {self.past.first or 0:,} is the first")
        checkpoint.put_back(self.running, mark[1])
        for _ in range(time - mark[0]):
            self.running.step()
        moment = self._seen(time, keep=False)
        if moment[0].state.tobytes() != seen.state.tobytes():
            raise CoopError("this world did not come back to where it was; reset it")
        self.moment = moment
        self.past.forget_after(time)
        self._marks = [m for m in self._marks if m[0] <= time]
        with self._lock:
            ahead = [point for point in self._points if point[0] > time]
            self._points = [point for point in self._points if point[0] <= time]
        return ahead

    # --------------------------------------------------------------------------------- what is kept

    def _seen(self, time: int, *, keep: bool = True) -> tuple[Frame, Snapshot]:
        snapshot = frozen(self.running.snapshot())
        seen = frame(snapshot, self.world, time)
        if keep:
            self.past.append(seen)
        return seen, snapshot

    def _keep(self, now: Frame) -> None:
        with self._lock:
            if now.time % self._stride == 0 and (not self._points or self._points[-1][0] < now.time):
                self._points.append((float(now.time), *now.shares))
            while len(self._points) > POINTS:
                self._stride *= 2
                self._points = [point for point in self._points if point[0] % self._stride == 0]

    def _mark(self, *, pinned: bool = False) -> None:
        try:
            mark = checkpoint.take(self.running)
        except CoopError as error:
            self.bound = str(error)
            return
        if mark.room > ROOM:
            self.bound = f"This world is too large to go back in: one checkpoint takes more than {ROOM >> 20} MiB."
            self._marks = []
            return
        time = self.frame.time
        self._marks = [*(m for m in self._marks if m[0] < time), (time, mark, pinned)]
        first = self.past.first or 0
        while len(self._marks) > 1 and self._marks[1][0] <= first:
            del self._marks[0]
        while sum(m[1].room for m in self._marks) > ROOM:
            self._every *= 2
            self._thin()

    def _thin(self) -> None:
        first, *rest = self._marks
        kept = [m for m in rest if m[2] or m[0] % self._every == 0]
        # Where nothing can be spared between, the oldest goes.
        self._marks = [first, *kept] if len(kept) < len(rest) else rest
