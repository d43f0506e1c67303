"""One reader's world: it runs in a thread of its own, and the page sees copies.

A :class:`Session` belongs to one browser tab. Only its worker thread touches the running world; what
leaves the thread is a :class:`~coop_abm.dashboard.frames.Frame`, copied and not to be changed. The
browser grants credits, one for each frame that it has drawn, so a slow browser makes frames fewer and
never late. Play steps only while there is a credit: nothing runs on behind the back of a browser that
went away, and after :data:`PATIENCE` seconds without one Play is off.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard import controls
from coop_abm.dashboard.frames import Frame, World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.engine.history import Running
from coop_abm.engine.measures import frozen
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.expectation import Expectation, expectation, verdict
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

#: More individuals than this are neither drawn nor stepped in time.
LARGEST = 100_000
#: Frames a second at most, and seconds of stepping between two frames at most.
FRAMES, BUDGET = 60.0, 0.03
#: Seconds without a credit after which nobody is looking.
PATIENCE = 20.0
#: Points of the curve that are kept; beyond, every second one goes.
POINTS = 2000
#: Generations a second that Play can be set to; 0 is as many as there are.
SPEEDS = (1, 3, 10, 30, 100, 300, 0)

Maker = Callable[[Scenario, int], Running]


class Status(NamedTuple):
    """Everything else that the page shows; a copy as well.

    error, error_at : one sentence, and the knob that it is about ("" for the whole page)
    doing : what keeps the reader waiting, "" for nothing
    said  : one line on what happened last
    """

    world: World | None
    playing: bool
    speed: int
    error: str
    error_at: str
    doing: str
    said: str
    expected: Expectation | None
    verdict: str


class Session:
    """The world of one browser tab, and everything its buttons do.

    Parameters
    ----------
    scenario, seed : the first world
    fallback  : the scenario that is shown where the first one turns out not to be possible
    make      : starts a world: (scenario, seed) -> an object with step() and snapshot()
    on_frame  : called in the worker thread with (world, frame) when the browser has room for a frame
    on_change : called in the worker thread when the status is another one
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        make: Maker,
        *,
        fallback: Scenario | None = None,
        on_frame: Callable[[World, Frame], None] = lambda world, frame: None,
        on_change: Callable[[], None] = lambda: None,
        patience: float = PATIENCE,
    ):
        self._make, self._on_frame, self._on_change, self._patience = make, on_frame, on_change, patience
        self._fallback = fallback or scenario
        self._wake = threading.Condition()
        # Guarded by the condition: what the reader asked for, and what the page may read.
        self._asked: tuple[Scenario, int, str, str] | None = (scenario, seed, "", "")
        self._wanted, self._wanted_seed = scenario, seed
        self._steps = 0
        self._credits = 0
        self._credited = time.monotonic()
        self._unseen = False
        self._closed = False
        self._frame: Frame | None = None
        self._before: list[tuple[float, ...]] = []
        self._points: list[tuple[float, ...]] = []
        self._stride = 1
        self._status = Status(None, False, 10, "", "", "starting the world", "", None, "")
        # Touched by the worker thread alone.
        self._running: Running | None = None
        self._due, self._stepped = 0.0, 0.0
        self._thread: threading.Thread | None = None
        self._consulting = False

    # ---------------------------------------------------------------------------- what the page reads

    @property
    def status(self) -> Status:
        """Everything but the frame."""
        with self._wake:
            return self._status

    @property
    def frame(self) -> Frame | None:
        """The last frame; None before there is a world."""
        with self._wake:
            return self._frame

    @property
    def points(self) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
        """(this run, the run before): time and the share of each strategy, from the start."""
        with self._wake:
            return list(self._points), list(self._before)

    # ---------------------------------------------------------------------------- what the reader does

    def open(self) -> None:
        """Start the worker thread; until then nothing runs."""
        with self._wake:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="coop_abm-world", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the worker thread; nothing runs after its present step."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def credit(self, frames: int, *, first: bool = False) -> None:
        """The browser has room for more frames; `first`: it has just begun to look."""
        with self._wake:
            self._credits = min(2, frames if first else self._credits + frames)
            self._credited = time.monotonic()
            self._unseen = self._unseen or first
            self._wake.notify_all()

    def advance(self, steps: int) -> None:
        """Run this many time steps."""
        with self._wake:
            self._steps = min(self._steps + steps, 100_000)
            self._say(playing=False)
            self._wake.notify_all()
        self._on_change()

    def play(self, on: bool | None = None) -> None:
        """Play or pause; None turns it round."""
        with self._wake:
            playing = (not self._status.playing) if on is None else on
            self._steps = 0
            self._credited = time.monotonic()
            self._say(playing=playing, said="")
            self._wake.notify_all()
        self._on_change()

    def set_speed(self, speed: int) -> None:
        """Generations a second; 0 is as many as there are."""
        with self._wake:
            if speed in SPEEDS:
                self._say(speed=speed)
            self._wake.notify_all()
        self._on_change()

    def change(self, path: str, value: Any) -> None:
        """Move a control. The world starts again with the same seed; what cannot be had changes nothing."""
        with self._wake:
            scenario, seed = self._wanted, self._wanted_seed
        try:
            changed = replace(scenario, controls.changes(scenario, path, value))
        except InputError as error:
            self.refuse(str(error), path)
            return
        self.restart(changed, seed, "Restarted from the same seed with the change; the grey curve is the run before.",
                     path)  # fmt: skip

    def reset(self) -> None:
        """The same world from the same seed: the same start again."""
        with self._wake:
            scenario, seed = self._wanted, self._wanted_seed
            self._say(playing=False)
        self.restart(scenario, seed, "Back at the start, same seed.")

    def reseed(self, seed: int) -> None:
        """The same world from another seed."""
        with self._wake:
            scenario = self._wanted
        self.restart(scenario, seed, f"A new start, seed {seed}.")

    def restart(self, scenario: Scenario, seed: int, said: str, path: str = "") -> None:
        """Start a world in place of this one; `path` is the control that is to blame if it cannot be."""
        with self._wake:
            self._asked, self._steps = (scenario, seed, said, path), 0
            self._wanted, self._wanted_seed = scenario, seed
            self._say(error="", error_at="", doing="starting the world")
            self._wake.notify_all()
        self._on_change()

    def refuse(self, sentence: str, path: str = "") -> None:
        """Say why something cannot be had; the world goes on as it is."""
        with self._wake:
            self._say(error=sentence, error_at=path)
        self._on_change()

    # ---------------------------------------------------------------------------- the worker thread

    def _say(self, **news: Any) -> None:
        self._status = self._status._replace(**news)

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._something_to_do():
                    self._wake.wait(self._nap())
                if self._closed:
                    return
                asked, self._asked = self._asked, None
            try:
                if asked is not None:
                    self._start(*asked)
                self._step()
                self._show()
            except CoopError as error:
                self._stop(str(error))
            except Exception as error:  # a model of the user's own may raise anything; the log has it all
                if self._closed:  # the tab went away in the middle of a message
                    return
                logger.exception("the world stopped")
                self._stop(
                    f"The model stopped with an error ({type(error).__name__}); the log of the server says more."
                )

    def _something_to_do(self) -> bool:
        if self._asked is not None or self._steps or (self._unseen and self._credits):
            return True
        return self._status.playing and self._nap() == 0.0

    def _nap(self) -> float | None:
        """Seconds until Play has something to do; None while it has nothing."""
        if not self._status.playing:
            return None
        at = self._due if self._credits else self._credited + self._patience
        return max(at - time.monotonic(), 0.0)

    def _stop(self, sentence: str) -> None:
        with self._wake:
            self._steps, world = 0, self._status.world
            if world is not None and self._asked is None:
                self._wanted, self._wanted_seed = world.scenario, world.seed
            self._say(error=sentence, error_at="", playing=False, doing="")
        self._on_change()

    def _start(self, scenario: Scenario, seed: int, said: str, path: str) -> None:
        with self._wake:
            old, last = self._status.world, self._frame
        try:
            if scenario.size > LARGEST:
                raise InputError(f"size: the dashboard shows at most {LARGEST:,} individuals; got {scenario.size:,}")
            running = self._make(scenario, seed)
            drawn = old.layout if old and _same_structure(old, scenario, seed) else None
            drawn = drawn or layout(scenario, scenario.answers(seed), seed)
        except CoopError as error:
            with self._wake:
                if self._asked is None and old is not None:  # the last good world goes on
                    self._wanted, self._wanted_seed = old.scenario, old.seed
                elif self._asked is None and scenario != self._fallback:
                    self._asked = (self._fallback, seed, "", "")
                    self._wanted = self._fallback
                self._say(error=str(error), error_at=path, doing="")
            self._on_change()
            return
        rows = scenario.repertoire()
        mutates = any(k.path.endswith("mutation") and k.value for k in knobs(scenario))
        number = old.number + 1 if old else 1
        world = World(number, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), mutates)
        first = frame(frozen(running.snapshot()), world, 0)
        self._running = running
        with self._wake:
            if old is not None and last is not None and last.time > 0:
                self._before = self._points if old.names == world.names else []
            elif old is not None and old.names != world.names:
                self._before = []
            self._points, self._stride = [(0.0, *first.shares)], 1
            self._frame, self._unseen = first, True
            same = old is not None and old.scenario == scenario and old.seed == seed
            self._say(world=world, doing="", said=said)
            if not same:
                self._say(expected=None, verdict="")
            consult = not same and not self._consulting
            self._consulting = self._consulting or consult
        self._on_change()
        if consult:
            threading.Thread(target=self._consult, name="coop_abm-theory", daemon=True).start()

    def _step(self) -> None:
        """Step until the next frame is due, the steps are done, or the world is fixed."""
        with self._wake:
            world, last, status, steps = self._status.world, self._frame, self._status, self._steps
            began = time.monotonic()
            ready = status.playing and bool(self._credits) and began >= self._due
            gone = status.playing and not self._credits and began - self._credited >= self._patience
        if world is None or last is None or self._running is None or not (steps or ready or gone):
            return
        if gone:
            with self._wake:
                self._say(playing=False, said="Paused: nobody was looking.")
            self._on_change()
            return
        if last.fixed:
            with self._wake:
                self._steps = 0
                self._say(playing=False)
            self._on_change()
            return
        # As many as have fallen due since the last frame, but never a long jump.
        since = min(began - self._stepped, 0.25)
        most = steps or (max(1, round(status.speed * since)) if status.speed else 1_000_000)
        step, now, points = last.time, last, []
        while step - last.time < most and not now.fixed:
            self._running.step()
            step += 1
            now = frame(frozen(self._running.snapshot()), world, step)
            points.append((float(step), *now.shares))
            if time.monotonic() - began > BUDGET:
                break
        done = step - last.time
        with self._wake:
            self._keep(points)
            self._frame, self._unseen = now, True
            self._steps = max(0, self._steps - done) if steps and not now.fixed else 0
            self._stepped = began
            self._due = began + max(1 / FRAMES, 1 / status.speed if status.speed else 0.0)
            stopped = bool(now.fixed) and (status.playing or bool(steps))
            if stopped:
                self._say(playing=False)
        if stopped:
            self._on_change()

    def _keep(self, points: list[tuple[float, ...]]) -> None:
        self._points.extend(p for p in points if p[0] % self._stride == 0)
        while len(self._points) > POINTS:
            self._stride *= 2
            self._points = [p for p in self._points if p[0] % self._stride == 0]

    def _show(self) -> None:
        with self._wake:
            if not (self._unseen and self._credits) or self._frame is None or self._status.world is None:
                return
            self._unseen, self._credits = False, self._credits - 1
            world, now = self._status.world, self._frame
        self._on_frame(world, now)

    def _consult(self) -> None:
        """Ask theory about the present world, until the one it answered for is the present one."""
        while True:
            with self._wake:
                world = self._status.world
            if world is None:
                return
            try:
                found = expectation(world.scenario, world.seed)
                words = verdict(world.scenario, found)
            except Exception as error:  # the world runs without theory; the log has the reason
                logger.exception("theory stopped")
                found, words = None, f"Theory could not be asked ({type(error).__name__})."
            with self._wake:
                present = self._status.world
                current = present is not None and (present.scenario, present.seed) == (world.scenario, world.seed)
                if current:
                    self._say(expected=found, verdict=words)
                if current or self._closed:
                    self._consulting = False
                    break
        self._on_change()


def _same_structure(old: World, scenario: Scenario, seed: int) -> bool:
    """Is everybody in the same place as before?"""
    before = old.scenario
    return (
        old.seed == seed and before.size == scenario.size and before.network == scenario.network
        and before.group == scenario.group and before.clock == scenario.clock
    )  # fmt: skip
