"""The panel of one individual: what the reader does there, and what the page is told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import traitlets

from coop_abm.core.errors import CoopError, ScenarioError
from coop_abm.core.part import kind_of
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.individual import Given, Tracer, may_flip, moment_of, portrait, told
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.session import Session
from coop_abm.dashboard.views.network import Told
from coop_abm.engine.history import Running
from coop_abm.engine.lineage import give
from coop_abm.engine.swapping import refusal as swap_refusal
from coop_abm.scenario.minds import STAND_IN, Model
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import declared as part
from coop_abm.strategies import KINDS

logger = logging.getLogger(__name__)

#: Seconds between two portraits while a world plays.
PACE = 0.15
#: Names that are on offer where a model may be put in a seat: strategies that a server on this machine plays.
STANDING_IN = list(dict.fromkeys([Model().model, *(f"{STAND_IN}{kind_of(kind)}" for kind in KINDS)]))


class IndividualView(Told):
    """The panel. Messages: portrait(about), lineage(told or null, working, share, error)."""

    template_file = (__file__, "individual.vue")
    unit = traitlets.Unicode().tag(sync=True)
    size = traitlets.Int().tag(sync=True)
    row = traitlets.Int(-1).tag(sync=True)
    following = traitlets.Bool(True).tag(sync=True)
    fixed = traitlets.Unicode().tag(sync=True)
    tables = traitlets.Unicode().tag(sync=True)
    models = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def vue_event_do(self, data: dict[str, Any]) -> None:
        """The reader did something: ``{"what": ...}``."""
        self.heard["do"](data)


class Individual:
    """Who is looked at in one tab, and everything that its panel does.

    Parameters
    ----------
    session : the world of the tab
    make    : starts a world anew, to be run beside the one on show
    pick    : looks at another individual, or at none
    refresh : draws the page anew
    """

    def __init__(
        self,
        session: Session,
        make: Callable[[Scenario, int], Running],
        pick: Callable[[int | None], None],
        refresh: Callable[[], None],
        sit: Callable[[int], None] = lambda row: None,
    ):
        self._session, self._pick, self._refresh, self._sit = session, pick, refresh, sit
        self._tracer = Tracer(make)
        self._lock = threading.Lock()
        self._widget: IndividualView | None = None
        self._job = Job(self._tell_job)
        self._given: tuple[Given, ...] = ()
        self._number = 0
        self._sent, self._late = 0.0, False
        self.row: int | None = None
        self.following = True

    def close(self) -> None:
        """The tab is gone."""
        self._job.stop()

    # ------------------------------------------------------------------------------ what the page tells

    def look_at(self, row: int | None) -> None:
        """Look at the individual in this row; None looks at nobody."""
        if row != self.row:
            self._job.stop()
            self._send("lineage", None, False, 0.0, "")
        self.row = row
        self._show()

    def on_frame(self, world: World, now: Frame) -> None:
        """The picture is another one."""
        if world.number != self._number:
            self._number, self._given = world.number, ()
            self._send("lineage", None, False, 0.0, "")
            self._show()
        elif self.following and self.row is not None and not self._late:
            wait = self._sent + PACE - time.monotonic()
            if wait <= 0:
                self._show()
            else:  # the last frame of many must not be the one that is left out
                self._late = True
                threading.Timer(wait, self._show_late).start()

    def _show_late(self) -> None:
        self._late = False
        self._show()

    def element(self, strategies: list[dict[str, Any]], world: World, unit: str) -> None:
        """The panel on the page."""
        IndividualView.element(
            strategies=strategies, unit=unit, size=world.scenario.size, row=-1 if self.row is None else self.row,
            following=self.following, fixed=may_flip(world), tables=swap_refusal(world.scenario), models=STANDING_IN,
            heard={"ready": self._ready, "do": self._do}, layout=None,
        )  # fmt: skip

    def _ready(self, widget: IndividualView) -> None:
        with self._lock:
            self._widget = widget
        self._show()
        self._tell_job()

    def _send(self, method: str, *args: Any) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.send({"method": method, "args": list(args)})

    def _show(self) -> None:
        session, row = self._session, self.row
        world, now = session.status.world, session.frame
        moment = session.moment(now) if now is not None else None
        if world is None or now is None or moment is None or row is None or row >= moment.strategy.shape[1]:
            return
        self._sent = time.monotonic()
        self._send("portrait", portrait(world, now, moment, row, session.past))

    # ------------------------------------------------------------------------------ what the reader does

    def _do(self, data: dict[str, Any]) -> None:
        what, row = data.get("what"), data.get("row")
        world = self._session.status.world
        if what == "look" and type(row) is int and world is not None:
            if not 0 <= row < world.scenario.size:
                self._session.refuse(f"individual: must lie in 0 to {world.scenario.size - 1}; got {row}")
                return
            self._pick(row)
        elif what == "close":
            self._pick(None)
        elif what == "follow":
            self.following = bool(data.get("on"))
            self._refresh()
            self._show()
        elif what == "seat":
            if self.row is not None:
                self._sit(self.row)
        elif what == "swap":
            self._swap(data)
        elif what == "flip":
            self._session.perform(self._flip)
        elif what == "why":
            self._session.perform(self._ask)

    def _swap(self, data: dict[str, Any]) -> None:
        """A language model is to decide for it from here on; what that costs is asked by the page before it does."""
        if self.row is None:
            return
        named = {"model": str(data.get("model", ""))[:300], "api_base": str(data.get("address", ""))[:300]}
        try:
            policy = part(Model, named)
        except ScenarioError as error:
            self._session.refuse(str(error))
            return
        self._session.swap(self.row, policy)

    def _flip(self, running: Running, world: World, now: Frame) -> None:
        """Give it the next strategy; in the thread of the world."""
        now = self._session.frame or now  # an errand just before this one may have moved the world
        row, refused = self.row, may_flip(world, running)
        if row is None or refused:
            self._session.refuse(refused)
            return
        try:
            at = moment_of(running, now)
            other = (int(at.strategy[row]) + 1) % len(world.names)
            give(running, row, other)
        except CoopError as error:
            self._session.refuse(str(error))
            return
        kept = tuple(each for each in self._given if each[:2] <= (at.time, at.within))
        self._given = (*kept, Given(at.time, at.within, row, other))
        self._session.renew()
        self._send("lineage", None, False, 0.0, "")
        self._show()
        held = world.names[other].replace("_", " ")
        self._session.remark(f"Individual {row} holds {held} now. This run is not its seed's own any more.")

    def _ask(self, running: Running, world: World, now: Frame) -> None:
        """Why does it hold what it holds? Copied in the thread of the world, found out beside it."""
        if self.row is None:
            return
        now = self._session.frame or now  # as above
        row, at, given = self.row, moment_of(running, now), self._given

        def found(say: Callable[[str, float], None]) -> dict[str, Any]:
            words = "running the world once more from its seed, with a log"
            return told(self._tracer.trace(world, at, row, given, lambda share: say(words, share)), world, row, at)

        self._job.start(found)

    def _tell_job(self) -> None:
        now = self._job.now
        result = now.result if now.state == "done" and now.result["row"] == self.row else None
        self._send("lineage", result, now.working, now.share, now.error)
