"""One reader's world: it runs in a thread of its own, and the page sees copies.

A :class:`Session` belongs to one browser tab. Only its worker thread touches the running world; what
leaves the thread is a :class:`~coop_abm.dashboard.frames.Frame`, copied and not to be changed. The
browser grants credits, one for each frame that it has drawn, so a slow browser makes frames fewer and
never late.

A second world can stand beside the first, one knob apart, with the same seed: both are stepped in turn by the
one thread, so they are always at the same time step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from coop_abm import saved
from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard import controls
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.past import Past
from coop_abm.dashboard.setting_up import LARGEST, Asked, Onward, Other, differing
from coop_abm.dashboard.status import Beside, Status
from coop_abm.dashboard.strand import Point
from coop_abm.dashboard.worker import Errand, Worker
from coop_abm.engine import checkpoint
from coop_abm.engine.history import Running
from coop_abm.engine.measures import Snapshot
from coop_abm.engine.swapping import swapped
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Mind, spelled_out
from coop_abm.scenario.scenario import Scenario

__all__ = ["LARGEST", "Beside", "Other", "Session", "Status"]

#: Time steps that can be asked for at once.
MOST_STEPS = 100_000


class Session(Worker):
    """The world of one browser tab, and everything its buttons do.

    Parameters
    ----------
    scenario, seed : the first world
    fallback  : the scenario that is shown where the first one turns out not to be possible
    make      : starts a world: (scenario, seed) -> an object with step() and snapshot()
    on_frame  : called in the worker thread with (world, frame) when the browser has room for a frame
    on_change : called in the worker thread when the status is another one
    state     : the content of a saved state to begin with
    """

    # ---------------------------------------------------------------------------- what the page reads

    @property
    def status(self) -> Status:
        """Everything but the frame."""
        with self._wake:
            return self._status

    @property
    def frame(self) -> Frame | None:
        """The last frame of the world; None before there is one."""
        strands = self._strands
        return strands[0].frame if strands else None

    def moment(self, now: Frame) -> Snapshot | None:
        """What measures read at the moment of this frame, a copy; None unless it is the last frame of the world."""
        strands = self._strands
        kept = strands[0].moment if strands else None
        return kept[1] if kept is not None and kept[0] is now else None

    @property
    def points(self) -> tuple[list[Point], list[Point]]:
        """(this run, the run before): time and the share of each strategy, from the start."""
        strands = self._strands
        return strands[0].points if strands else [], list(self._before)

    @property
    def edition(self) -> int:
        """Another number whenever points of the curve are not those of before with more behind them."""
        return self._edition

    @property
    def past(self) -> Past:
        """The last frames of the present world."""
        strands = self._strands
        return strands[0].past if strands else Past()

    @property
    def beside(self) -> Beside | None:
        """The second world as it is shown; None where there is none."""
        strands, shown = self._strands, self._status.shown
        if len(strands) < 2:
            return None
        other = strands[1]
        now = other.frame if shown is None else other.past.at(min(shown, other.frame.time))
        return Beside(other.world, now or other.frame, other.points)

    @property
    def pace(self) -> tuple[float, float]:
        """What Play comes to: (time steps a frame, frames a second), counted over the last seconds."""
        return self._pace.now()

    @property
    def moved(self) -> Other | None:
        """The last knob that was moved and its value before; None before any was."""
        with self._wake:
            return self._moved

    # ---------------------------------------------------------------------------- what the reader does

    def advance(self, steps: int) -> None:
        """Run this many time steps."""
        with self._wake:
            self._steps = min(self._steps + steps, MOST_STEPS)
            self._say(playing=False, shown=None)
            self._wake.notify_all()
        self._on_change()

    def perform(self, errand: Errand) -> None:
        """Do this with the running world, in its own thread, between two steps.

        `errand` takes the world, what was declared of it, and its last frame; what it wants to keep it has to copy.
        Where it changed who holds which strategy, the changed world is shown.
        """
        with self._wake:
            self._errands.append(errand)
            self._wake.notify_all()

    def renew(self, steps: int = 0) -> None:
        """An errand moved the world by so many time steps, or within one: look at it anew. For errands alone."""
        if not self._strands:
            return
        first = self._strands[0]
        before = first.frame.fixed
        first.moved(steps)
        with self._wake:
            self._unseen = True
        if bool(first.frame.fixed) != bool(before):
            self._on_change()

    def remark(self, sentence: str) -> None:
        """Say what happened, in the line below the picture."""
        with self._wake:
            self._say(said=sentence)
        self._on_change()

    def play(self, on: bool | None = None) -> None:
        """Play or pause; None turns it round."""
        with self._wake:
            playing = (not self._status.playing) if on is None else on
            self._steps = 0
            self._credited = time.monotonic()
            self._unseen = self._unseen or not playing  # curve and buttons lag behind the picture during Play
            self._say(playing=playing, said="", shown=None if playing else self._status.shown)
            self._wake.notify_all()
        self._on_change()

    def set_speed(self, speed: float, *, each: int = 0) -> None:
        """Generations a second, 0 for as many as there are; or so many in each frame."""
        with self._wake:
            if 0 <= speed <= 1e6 and 0 <= each <= MOST_STEPS:
                self._say(speed=speed, each=each)
                self._due = 0.0
            self._wake.notify_all()
        self._on_change()

    def change(self, path: str, value: Any) -> None:
        """Move a control. The world starts again with the same seed; what cannot be had changes nothing."""
        with self._wake:
            scenario, seed, live = self._wanted, self._wanted_seed, self._status.live
        try:
            changed = replace(scenario, controls.changes(scenario, path, value))
        except InputError as error:
            self.refuse(str(error), path)
            return
        before = next((knob.value for knob in knobs(scenario) if knob.path == path), None)
        with self._wake:
            if isinstance(before, str | int | float | bool) and before != value:
                self._moved = Other(path, before)
            if not live:
                self._wanted = changed
                world = self._status.world
                stale = world is None or world.scenario != changed
                self._say(error="", error_at="", wanted=changed, stale=stale)
        if live:
            self.restart(
                changed, seed, "Restarted from the same seed with the change; the grey curve is the run before.", path
            )
        else:
            self._on_change()

    def apply_live(self, on: bool) -> None:
        """Does a change start the world anew at once, or with the next Reset?"""
        with self._wake:
            self._say(live=on)
            stale = self._status.stale
        if on and stale:
            self.reset()
        else:
            self._on_change()

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
        self.restart(scenario, seed, f"A new start, seed {seed}.", replicate=0)

    @property
    def replicate(self) -> int:
        """Which replicate under its seed is shown; a link from a sweep may ask for another one than 0."""
        with self._wake:
            return self._replicate

    def restart(
        self, scenario: Scenario, seed: int, said: str, path: str = "", *, replicate: int | None = None
    ) -> None:
        """Start a world in place of this one; `path` is the control that is to blame if it cannot be.

        `replicate` None: the same replicate as before.
        """
        with self._wake:
            self._replicate = self._replicate if replicate is None else replicate
            replicate = self._replicate
            self._swapped = None
        self._ask(Asked(scenario, seed, said, path, replicate=replicate))

    def open_state(self, body: bytes) -> None:
        """Go on with the world of a saved state, the content of a file."""
        with self._wake:
            scenario, seed = self._wanted, self._wanted_seed
            self._say(playing=False, other=None)
            self._swapped = None
        self._ask(Asked(scenario, seed, body=body))

    def swap(self, row: int, policy: Mind) -> None:
        """Let somebody else decide for this individual from here on; everything else stays as it is.

        What it costs is asked before anything is sent, as in any world that asks language models.
        """
        strands, compared = self._strands, self.status.other is not None

        def take(running: Running, world: World, now: Frame) -> None:
            now = self.frame or now  # an errand just before this one may have moved the world
            try:
                if compared:
                    raise InputError(
                        "Two worlds stand side by side; somebody else can decide in one that stands alone."
                    )
                swap = swapped(running, row, policy)
            except CoopError as error:
                self.refuse(str(error))
                return
            said = (
                f"From here on {spelled_out(policy.label(''))} decides for individual {row}; everything else is as it "
                "was. Reset begins with it there."
            )
            onward = Onward(swap, strands[0].points)
            asked = Asked(swap.scenario, world.seed, said, replicate=world.replicate, onward=onward)
            with self._wake:
                self._say(playing=False, shown=None)
                self._swapped = asked
            self._ask(asked, wait=False)

        self.perform(take)

    def permitted(self) -> None:
        """Models may be asked now, or a cap is another one: the world begins again, from where it had begun."""
        with self._wake:
            asked, world = self._swapped, self._status.world
        if asked is not None and world is not None and world.scenario == asked.scenario:
            self._ask(asked)
        else:
            self.reset()

    def save_state(self, give: Callable[[World, int, bytes], None]) -> None:
        """Hand out the world, its time step and the content of a file that goes on with it."""
        strands = self._strands

        def save(running: Running, world: World, now: Frame) -> None:
            curve = strands[0].points
            body = saved.pack(checkpoint.take(running), world.scenario, world.seed, time=now.time, curve=curve,
                replicate=world.replicate)  # fmt: skip
            give(world, now.time, body)

        self.perform(save)

    def cancel(self) -> None:
        """Do not wait for what is being set up; the world on show goes on."""
        with self._wake:
            world = self._status.world
            if world is None or not (self._setting_up or self._asked):
                return
            self._setting_up, self._asked, self._ready = 0, None, None
            self._wanted, self._wanted_seed = world.scenario, world.seed
            self._say(doing="", said="Cancelled; the world before goes on.", wanted=world.scenario)
            self._wake.notify_all()
        self._on_change()

    def compare(self, other: Other | None) -> None:
        """Show a second world beside this one, which differs in one knob; None shows one world again."""
        with self._wake:
            scenario, seed = self._wanted, self._wanted_seed
        try:
            if other is not None:
                differing(scenario, other)
                if checkpoint.refusal(scenario):
                    raise InputError("Two worlds are shown only where strategy tables decide.")
        except InputError as error:
            self.refuse(str(error), other.path if other else "")
            return
        with self._wake:
            self._say(other=other, playing=False)
        said = "Two worlds from the same seed, one knob apart." if other else ""
        self.restart(scenario, seed, said, other.path if other else "")

    def look_back(self, to: int | None) -> None:
        """Show an earlier moment while the world stands still; None shows the present."""
        with self._wake:
            strands = self._strands
            if not strands:
                return
            last = max(strand.frame.time for strand in strands)
            first = strands[0].past.first or 0
            shown = None if to is None or max(to, first) >= last else max(to, first)
            self._steps = 0
            self._say(playing=False, shown=shown)
            self._unseen = True
            self._wake.notify_all()
        self._on_change()

    def earlier(self) -> None:
        """Look one time step further back."""
        strands, shown = self._strands, self.status.shown
        if strands:
            self.look_back((max(strand.frame.time for strand in strands) if shown is None else shown) - 1)

    def later(self) -> None:
        """Look one time step less far back; at the present, step the world."""
        shown = self.status.shown
        if shown is None:
            self.advance(1)
        else:
            self.look_back(shown + 1)

    def go_on(self) -> None:
        """Go on from the moment that is looked back at: with the same dice, so the same will happen again."""
        with self._wake:
            if self._status.shown is not None:
                self._return = self._status.shown
                self._say(doing="going back")
            self._wake.notify_all()
        self._on_change()

    def refuse(self, sentence: str, path: str = "") -> None:
        """Say why something cannot be had; the world goes on as it is."""
        with self._wake:
            self._say(error=sentence, error_at=path)
        self._on_change()
