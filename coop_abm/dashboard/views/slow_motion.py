"""Slow motion: one event of the world on show in three beats, and the world goes on from there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import traitlets

from coop_abm.core.errors import CoopError
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.session import Session
from coop_abm.dashboard.slow_motion import account
from coop_abm.dashboard.views.network import Told
from coop_abm.engine.history import EventWorld, RoundWorld, Running
from coop_abm.engine.revisions import Round, take_round
from coop_abm.engine.witness import Event, foresee, parent_of


class SlowMotionView(Told):
    """The close-up. Messages: event(about), nothing(sentence)."""

    template_file = (__file__, "slow_motion.vue")
    shown = traitlets.Bool(False).tag(sync=True)

    def vue_event_do(self, data: dict[str, Any]) -> None:
        """The reader did something: ``{"what": ...}``."""
        self.heard["do"](data)


class SlowMotion:
    """Slow motion in one tab.

    On the event clock an event is foreseen when its first beat begins, and happens with its third. On the round clock
    the whole round happens first, and then those whose strategy changed in it are told one by one.

    Parameters
    ----------
    session : the world of the tab
    refresh : draws the page anew
    picked  : the individual that is looked at, or None: where all are replaced at once, its place is told
    """

    def __init__(self, session: Session, refresh: Callable[[], None], picked: Callable[[], int | None]):
        self._session, self._refresh, self._picked = session, refresh, picked
        self._lock = threading.Lock()
        self._widget: SlowMotionView | None = None
        self.open = False
        self._forget()

    def _forget(self) -> None:
        self._foreseen: tuple[Running, tuple, Event] | None = None
        self._round: tuple[Running, Round, list[int], np.ndarray, int] | None = None

    def element(self, strategies: list[dict[str, Any]]) -> None:
        """The button, or the close-up, on the page."""
        heard = {"ready": self._ready, "do": self._do}
        SlowMotionView.element(strategies=strategies, shown=self.open, heard=heard, layout=None)

    def _ready(self, widget: SlowMotionView) -> None:
        with self._lock:
            self._widget = widget
        if self.open:
            self._session.perform(self._next)

    def _send(self, method: str, *args: Any) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.send({"method": method, "args": list(args)})

    def _do(self, data: dict[str, Any]) -> None:
        what = data.get("what")
        if what == "open":
            self.open = True
            self._session.play(False)
            self._refresh()
            self._session.perform(self._next)
        elif what == "close":
            self.open = False
            self._session.perform(lambda *_world: self._forget())
            self._refresh()
        elif what == "next" and self.open:
            self._session.play(False)
            self._session.perform(self._next)
        elif what == "happen" and self.open:
            self._session.perform(self._happen)

    # ------------------------------------------------------------------------------ in the thread of the world

    def _next(self, running: Running, world: World, now: Frame) -> None:
        now = self._session.frame or now  # an errand just before this one may have moved the world
        try:
            if isinstance(running, RoundWorld):
                self._next_of_round(running, world, now)
            else:
                self._next_event(running, world, now)
        except CoopError as error:
            self._forget()
            self._send("nothing", str(error))

    def _next_event(self, running: Running, world: World, now: Frame) -> None:
        """Foresee the next event; nothing moves."""
        if isinstance(running, EventWorld) and running.process.kind == "generations":
            event = parent_of(running, self._picked() or 0)
        else:
            event = foresee(running)  # type: ignore[arg-type]  # it refuses what it does not know
        assert isinstance(running, EventWorld)
        self._foreseen = running, running.stream, event
        self._send("event", account(event, world, running.strategy, now.time))

    def _next_of_round(self, running: RoundWorld, world: World, now: Frame) -> None:
        """The next individual of the round whose strategy changed; a new round where there is none left."""
        if self._round is None or self._round[0] is not running or self._round[1].number + 1 != running.play.round:
            self._round = None
        if self._round is None or not self._round[2]:
            if now.fixed:
                raise CoopError("only one strategy is left, so nothing more can happen")
            before = running.play.state.strategy[0].copy()
            played = take_round(running)
            self._session.renew(1)
            changed = played.changed() or list(range(min(played.count, 1)))
            self._round = running, played, changed, before, len(changed)
        _running, played, left, before, count = self._round
        event = played.event(left.pop(0))
        about = account(event, world, before, played.number + 1)
        about["title"] += f": {count - len(left)} of {count} that changed" if event.before != event.after else ""
        self._send("event", about)

    def _happen(self, running: Running, world: World, now: Frame) -> None:
        """The event that was foreseen happens; if the world has moved since, its next one is told instead."""
        if isinstance(running, RoundWorld):
            return
        if self._foreseen is None or self._foreseen[0] is not running or not isinstance(running, EventWorld):
            return
        if self._foreseen[1] != running.stream:
            self._next(running, world, now)
            return
        self._foreseen = None
        over = running.event() == 0
        self._session.renew(int(over))
