"""A small world that moves while an experiment is measured: one real run, then another, a frame for each credit."""

from __future__ import annotations

import logging
import threading
from typing import Any

from coop_abm import lab
from coop_abm.core.errors import CoopError
from coop_abm.dashboard.frames import Frame, World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.views.network import strategies
from coop_abm.engine.measures import frozen
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

#: Seconds between two steps, and before a world that is fixed makes way for the next seed.
STEP, REST = 0.12, 1.5
#: Larger worlds take too long for a picture beside the work.
LARGEST = 2500


def can_be_drawn(world: Any) -> bool:
    """Is it a world of the Lab, and small enough?"""
    return isinstance(world, Scenario) and world.size <= LARGEST and not world.minded


class LivingWorld:
    """Runs one world at a time in a thread of its own, and only while the browser draws it."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._wanted: tuple[Scenario, int] | None = None
        self._widget: Any = None
        self._credits = 0
        self._fresh = self._closed = False
        self._thread: threading.Thread | None = None

    def show(self, scenario: Scenario | None, seed: int) -> None:
        """From now on this world; None for none."""
        with self._wake:
            wanted = None if scenario is None else (scenario, seed)
            if wanted != self._wanted:
                self._wanted, self._fresh = wanted, True
            self._wake.notify_all()

    def ready(self, widget: Any) -> None:
        """A widget of the browser has come into being, or has lost its way: it is told everything."""
        with self._wake:
            self._widget, self._fresh, self._credits = widget, True, 1
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="coop_abm-living", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def credit(self) -> None:
        """The browser has room for a frame."""
        with self._wake:
            self._credits = 1
            self._wake.notify_all()

    def left(self) -> None:
        """Nobody looks."""
        with self._wake:
            self._widget = None

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed, self._widget = True, None
            self._wake.notify_all()

    def _work(self) -> None:
        number = 0
        running: Any = None
        world: World | None = None
        now: Frame | None = None
        while True:
            with self._wake:
                while not self._closed and not (self._credits and self._widget and self._wanted):
                    self._wake.wait()
                if self._closed:
                    return
                fresh, self._fresh, self._credits = self._fresh, False, 0
                assert self._wanted is not None
                (scenario, seed), widget = self._wanted, self._widget
            try:
                if fresh or running is None or now is None or world is None or now.fixed:
                    number = 0 if fresh else number + 1
                    running, world = begun(scenario, seed + number)
                    now = frame(frozen(running.snapshot()), world, 0)
                    send_world(widget, world, now)
                else:
                    running.step()
                    now = frame(frozen(running.snapshot()), world, now.time + 1)
                    widget.send({"method": "frame", "args": [words(world, now)]}, buffers=[now.state.tobytes()])
            except CoopError as error:
                logger.info("no picture of %s: %s", scenario.name, error)
                self.show(None, seed)
                continue
            except Exception:  # the tab went away in the middle of a message, or the log has what happened
                if not self._closed:
                    logger.exception("the small world stopped")
                self.show(None, seed)
                continue
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._fresh, REST if now.fixed else STEP)


def begun(scenario: Scenario, seed: int) -> tuple[Any, World]:
    """A world at its start, and where it is drawn."""
    running = lab.start(scenario, seed)
    drawn = layout(scenario, scenario.answers(seed), seed)
    rows = scenario.repertoire()
    return running, World(1, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), False)


def words(world: World, now: Frame) -> str:
    """Where it is."""
    unit = "round" if world.scenario.clock == "round" else "generation"
    said = f"{unit} {now.time:,}, {100 * now.cooperators:.0f} % cooperate"
    return f"{said}: fixed" if now.fixed else said


def send_world(widget: Any, world: World, now: Frame) -> None:
    """Everything that is drawn: places, edges, who looks how, and who is where."""
    drawn = world.layout
    about = {**drawn.about, "strategies": strategies(world), "said": words(world, now)}
    widget.send({"method": "world", "args": [about]}, buffers=[*drawn.buffers, now.state.tobytes()])
