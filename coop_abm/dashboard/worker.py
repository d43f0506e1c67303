"""The thread of one reader's world: it sets worlds up, steps them, and hands out frames while there is room.

Frames go out only against credits. Play steps only while there is one: nothing runs on behind the back of a browser
that went away, and after :data:`PATIENCE` seconds without one Play is off.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from coop_abm.core.errors import CoopError
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.pace import Pace, Speed
from coop_abm.dashboard.setting_up import Asked, Maker, Other, Ready, set_up
from coop_abm.dashboard.status import Status
from coop_abm.dashboard.strand import Point, Strand
from coop_abm.engine.history import Running
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

STARTING = "starting the world"

#: Seconds of stepping between two frames at most.
BUDGET = 0.015
#: Seconds without a credit after which nobody is looking.
PATIENCE = 20.0
#: Seconds for which whoever asks for a world waits: what is there by then is painted before controls are drawn anew.
AT_ONCE = 0.1

Errand = Callable[[Running, World, Frame], None]


class Worker:
    """What goes on behind a session, see :class:`~coop_abm.dashboard.session.Session`."""

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
        state: bytes | None = None,
        replicate: int = 0,
    ):
        self._make, self._on_frame, self._on_change, self._patience = make, on_frame, on_change, patience
        self._fallback = fallback or scenario
        self._wake = threading.Condition()
        # Guarded by the condition: what the reader asked for, and what the page may read.
        self._asked: Asked | None = Asked(scenario, seed, body=state, replicate=replicate)
        self._setting_up = 0  # the number of what is being set up; 0 for nothing
        self._set_ups = 0
        self._asks = self._settled = self._waiting = 0  # worlds asked for, those that came of it, who waits for one
        self._ready: Ready | None = None
        self._wanted, self._wanted_seed, self._replicate = scenario, seed, replicate
        self._moved: Other | None = None  # the last knob that was moved, and its value before
        self._swapped: Asked | None = None  # the world on show, where somebody else decides for one in it
        self._steps = 0
        self._return: int | None = None
        self._errands: list[Errand] = []
        self._credits = 0
        self._credited = time.monotonic()
        self._unseen = False
        self._closed = False
        self._strands: tuple[Strand, ...] = ()
        self._before: list[Point] = []
        self._edition = 0
        self._status = Status(None, False, 10, "", "", STARTING, "", None, "", wanted=scenario)
        # Touched by the worker thread alone.
        self._due, self._stepped = 0.0, 0.0
        self._pace, self._uncounted = Pace(), 0
        self._thread: threading.Thread | None = None
        self._consulting = False

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

    def _ask(self, asked: Asked, *, wait: bool = True) -> None:
        with self._wake:
            self._asked, self._steps = asked, 0
            self._wanted, self._wanted_seed = asked.scenario, asked.seed
            self._say(error="", error_at="", doing=STARTING, wanted=asked.scenario, stale=False)
            self._asks += 1
            mine = self._asks
            self._wake.notify_all()
            if wait and self._thread is not None:
                # Drawing the page takes longer than making most worlds; done first, it would hold up the picture.
                self._waiting += 1
                self._wake.wait_for(lambda: self._settled >= mine or self._closed, AT_ONCE)
                self._waiting -= 1
        self._on_change()

    def _say(self, **news: Any) -> None:
        self._status = self._status._replace(**news)

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._closed and not self._something_to_do():
                    self._wake.wait(self._nap())
                if self._closed:
                    break
                ready, self._ready = self._ready, None
            try:
                if ready is not None:
                    self._install(ready)
                self._set_up()
                if not self._setting_up:
                    self._go_back()
                    self._run_errands()
                    self._step()
                self._show()
            except CoopError as error:
                self._stop(str(error))
            except Exception as error:  # a model of the user's own may raise anything; the log has it all
                if self._closed:  # the tab went away in the middle of a message
                    break
                logger.exception("the world stopped")
                self._stop(
                    f"The model stopped with an error ({type(error).__name__}); the log of the server says more."
                )
        for strand in self._strands:
            _end(strand.running)

    def _something_to_do(self) -> bool:
        if self._ready is not None or (self._unseen and self._credits and self._strands):
            return True
        if self._setting_up:
            return False
        if self._asked is not None or self._steps or self._return is not None or (self._errands and self._strands):
            return True
        return self._status.playing and self._nap() == 0.0

    def _nap(self) -> float | None:
        """Seconds until Play has something to do; None while it has nothing."""
        if not self._status.playing or self._setting_up:
            return None
        at = self._due if self._credits else self._credited + self._patience
        return max(at - time.monotonic(), 0.0)

    def _run_errands(self) -> None:
        if not self._strands:
            return  # they wait for the first world, which may just have been made
        with self._wake:
            errands, self._errands = self._errands, []
        first = self._strands[0]
        for errand in errands:
            errand(first.running, first.world, first.frame)  # an errand may have made another frame for the next
        if errands and first.look_again():
            self._part()
            with self._wake:
                self._unseen = True

    def _go_back(self) -> None:
        with self._wake:
            to, self._return = self._return, None
        if to is None:
            return
        try:
            ahead = [strand.back_to(to) if to < strand.frame.time else [] for strand in self._strands]
        finally:
            with self._wake:
                self._say(doing="", shown=None)
        with self._wake:
            self._before = [*self._strands[0].points, *ahead[0]] if ahead else []
            self._edition, self._unseen, parted = self._edition + 1, True, self._status.parted
            self._say(
                said="Gone back. With the same dice the same will happen again; the grey curve is what was seen.",
                parted=parted if parted is not None and parted <= to else None,
            )
        self._on_change()

    def _stop(self, sentence: str) -> None:
        with self._wake:
            self._steps, world = 0, self._status.world
            if world is not None and self._asked is None and not self._status.stale:
                self._wanted, self._wanted_seed = world.scenario, world.seed
            self._say(error=sentence, error_at="", playing=False, doing="", wanted=self._wanted)
        self._on_change()

    # ---------------------------------------------------------------------------- setting up

    def _set_up(self) -> None:
        """Begin with what was asked for, in a thread beside, so that it can be cancelled."""
        with self._wake:
            asked = self._asked
            if asked is None or self._setting_up:
                return
            self._asked = None
            self._set_ups += 1
            self._setting_up = number = self._set_ups
            old, other = self._status.world, self._status.other
        thread = threading.Thread(
            target=self._prepare, args=(number, asked, old, other), name="coop_abm-set-up", daemon=True
        )
        thread.start()

    def _prepare(self, number: int, asked: Asked, old: World | None, other: Other | None) -> None:
        def report(words: str) -> None:
            with self._wake:
                news = self._setting_up == number and words != self._status.doing
                if news:
                    self._say(doing=words)
            if news:
                self._on_change()

        try:
            ready = set_up(asked, self._make, old, other, report)
        except CoopError as error:
            ready = Ready(asked, (), str(error), asked.path)
        except Exception as error:  # a model of the user's own may raise anything; the log has it all
            logger.exception("the world could not be started")
            said = f"The model stopped with an error ({type(error).__name__}); the log of the server says more."
            ready = Ready(asked, (), said)
        with self._wake:
            current = self._setting_up == number and not self._closed
            if current:
                self._ready, self._setting_up = ready, 0
                self._wake.notify_all()
        if not current:
            for strand in ready.strands:
                _end(strand.running)

    def _install(self, ready: Ready) -> None:
        if not ready.strands:
            self._keep_the_old(ready)
            return
        asked, first, gone = ready.asked, ready.strands[0], self._strands
        world = first.world
        with self._wake:
            old, last = self._status.world, gone[0].frame if gone else None
            if old is not None and last is not None and last.time > 0:
                self._before = gone[0].points if old.names == world.names else []
            elif old is not None and old.names != world.names:
                self._before = []
            self._strands, self._unseen, self._return = ready.strands, True, None
            self._edition += 1
            if asked.body is not None:
                self._wanted, self._wanted_seed, self._before = world.scenario, world.seed, []
                self._replicate = world.replicate
            same = old is not None and old[1:3] + old[-1:] == world[1:3] + world[-1:]
            self._say(
                world=world, doing="" if self._asked is None else self._status.doing, said=asked.said, shown=None,
                parted=None, bound=first.bound, wanted=self._wanted, stale=False,
                other=self._status.other if len(ready.strands) > 1 else None,
            )  # fmt: skip
            if ready.error:
                self._say(error=ready.error, error_at=ready.path)
            if not same:
                self._say(expected=None, verdict="")
            consult = not same and not self._consulting
            self._consulting = self._consulting or consult
        self._part()
        for strand in gone:
            _end(strand.running)
        if old is not None and old.names == world.names:  # the page knows how to draw it
            self._show(asked_for=True)
        self._settle()
        if consult:
            threading.Thread(target=self._consult, name="coop_abm-theory", daemon=True).start()

    def _keep_the_old(self, ready: Ready) -> None:
        """What was asked for cannot be had: the last good world goes on."""
        with self._wake:
            old = self._status.world
            if self._asked is None and old is not None:
                self._wanted, self._wanted_seed = old.scenario, old.seed
            elif self._asked is None and ready.asked != Asked(
                self._fallback, ready.asked.seed, replicate=ready.asked.replicate
            ):
                self._asked = Asked(self._fallback, ready.asked.seed, replicate=ready.asked.replicate)
                self._wanted = self._fallback
            self._say(error=ready.error, error_at=ready.path, doing="", wanted=self._wanted)
        self._settle()

    def _settle(self) -> None:
        """What was asked for has come to something; whoever waits for it tells the page."""
        with self._wake:
            self._settled = self._asks if self._asked is None else self._asks - 1
            waited = self._waiting > 0
            self._wake.notify_all()
        if not waited:
            self._on_change()

    # ---------------------------------------------------------------------------- stepping

    def _step(self) -> None:
        """Step until the next frame is due, the steps are done, or the world is fixed."""
        with self._wake:
            strands, status, steps = self._strands, self._status, self._steps
            began = time.monotonic()
            ready = status.playing and bool(self._credits) and began >= self._due
            gone = status.playing and not self._credits and began - self._credited >= self._patience
        if not strands or self._asked is not None or not (steps or ready or gone):
            return
        if gone:
            with self._wake:
                self._say(playing=False, said="Paused: nobody was looking.")
            self._on_change()
            return
        # As many as have fallen due since the last frame, but never a long jump.
        speed = Speed(status.speed, status.each)
        most, done = steps or speed.due(min(began - self._stepped, 0.25)), 0
        going = [strand for strand in strands if not strand.frame.fixed]
        while going and done < most:
            for strand in going:
                strand.step()
            done += 1
            self._part()
            going = [strand for strand in going if not strand.frame.fixed]
            if time.monotonic() - began > BUDGET:
                break
        with self._wake:
            self._unseen = self._unseen or done > 0
            self._uncounted += done
            self._steps = max(0, self._steps - done) if steps and going else 0
            self._stepped, self._due = began, began + speed.apart
            stopped = not going and (self._status.playing or bool(steps))
            if stopped:
                self._say(playing=False)
            told = stopped or strands[0].bound != self._status.bound
            self._say(bound=strands[0].bound)
        if told:
            self._on_change()

    def _part(self) -> None:
        """Note the first time step at which two worlds that are drawn alike differ."""
        if len(self._strands) < 2 or self._status.parted is not None:
            return
        one, other = (strand.frame for strand in self._strands)
        if one.state.tobytes() != other.state.tobytes():
            with self._wake:
                self._say(parted=max(one.time, other.time))
            self._on_change()

    def _show(self, *, asked_for: bool = False) -> None:
        with self._wake:
            # Room for frames may be behind the message that asks for a world; one frame more is no crowd.
            room = self._credits or (asked_for and self._waiting and time.monotonic() - self._credited < 1)
            if not (self._unseen and room) or not self._strands or self._status.world is None:
                return
            self._unseen, self._credits = False, self._credits - 1
            first, shown = self._strands[0], self._status.shown
            steps, self._uncounted = self._uncounted, 0
            if self._status.playing:
                self._pace.count(time.monotonic(), steps)
        now = first.frame if shown is None else first.past.at(min(shown, first.frame.time))
        self._on_frame(first.world, now or first.frame)

    def _consult(self) -> None:
        """Ask theory about the present world, until the one it answered for is the present one."""
        while True:
            with self._wake:
                world = self._status.world
            if world is None:
                return
            try:
                found = expectation(world.scenario, world.seed, graph=world.replicate)
                words = verdict(world.scenario, found)
            except Exception as error:  # the world runs without theory; the log has the reason
                logger.exception("theory stopped")
                found, words = None, f"Theory could not be asked ({type(error).__name__})."
            with self._wake:
                present = self._status.world
                current = present is not None and present[1:3] + present[-1:] == world[1:3] + world[-1:]
                if current:
                    self._say(expected=found, verdict=words)
                if current or self._closed:
                    self._consulting = False
                    break
        self._on_change()


def _end(running: Any) -> None:
    """Give back what a world took, where it took anything; a model of the user's own need not know how."""
    closes = getattr(running, "close", None)
    if closes is not None:
        closes()
