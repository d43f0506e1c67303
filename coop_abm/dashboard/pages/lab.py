"""The Lab: rules at the left, the population in the middle, what it comes to at the right."""

from __future__ import annotations

import bisect
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import solara

from coop_abm.dashboard import links, looks
from coop_abm.dashboard.asking import Money
from coop_abm.dashboard.comparing import Comparing, side
from coop_abm.dashboard.credits import Credits
from coop_abm.dashboard.desk import Desk
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.layouts import Layout
from coop_abm.dashboard.looks import Look
from coop_abm.dashboard.money import purse_of
from coop_abm.dashboard.pages.base import Page, fresh, use_redraw
from coop_abm.dashboard.session import Beside, Session, Status
from coop_abm.dashboard.steering import Steering
from coop_abm.dashboard.views import network as views
from coop_abm.dashboard.views.bench import Readout
from coop_abm.dashboard.views.individual import Individual
from coop_abm.dashboard.views.looking import Looking
from coop_abm.dashboard.views.slow_motion import SlowMotion
from coop_abm.dashboard.visit import Visit
from coop_abm.opened import Opened
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

#: What is told of a picture of who is where, and nothing beside.
PLAIN: dict[str, Any] = {"view": "network", "colour": "strategy", "parts": []}
#: Seconds between two messages to the curve and the buttons during Play: nobody reads numbers at 60 Hz, and each
#: message waits for the line of the browser, in which the next picture stands behind it.
READABLE = 0.1


@solara.component
def Lab(visit: Visit) -> None:
    """The Lab of this tab: its world goes on existing while another page is on show."""
    shown = visit.keep("lab", lambda: Shown(visit))
    shown.refresh = use_redraw()
    solara.use_effect(shown.entered, [])
    query = solara.use_router().search or ""  # a tab that stays on this page is not drawn anew by its frame
    solara.use_effect(lambda: shown.follow(query), [query])
    shown.draw()


class Shown:
    """What the Lab of one tab shows: its session, and the widgets that are told of frames."""

    def __init__(self, visit: Visit):
        opened, model = visit.opened, visit.model
        self.visit, self.purse = visit, purse_of(visit)
        self.choose = model is None
        self.refresh: Callable[[], None] = lambda: None
        self.query = visit.query
        linked = links.read(self.query, opened.scenario, opened.seed, choose=self.choose)

        def make(wanted: Scenario, from_seed: int) -> Any:
            if model is not None:
                return model(wanted, rng=from_seed)
            return self.purse.start(wanted, from_seed, replicate=self.session.replicate)

        self.session = Session(
            linked.scenario, linked.seed, make, fallback=opened.scenario, on_frame=self.on_frame,
            on_change=self.on_change, replicate=linked.replicate, state=_state(opened) if not self.query else None,
        )  # fmt: skip
        self.comparing = Comparing(self.session, make, lambda: self.refresh())
        self.steering = Steering(visit, self.session, self.comparing.turn)
        self.individual = Individual(
            self.session, make, self.pick, self.on_change, lambda row: visit.go(f"/play?node={row}")
        )
        self.slow_motion = SlowMotion(self.session, self.on_change, lambda: self.picked)
        if linked.replicate:
            self.session.restart(linked.scenario, linked.seed, _numbered(linked.replicate, linked.seed))
        self.sight = Looking(self.session.moment, lambda: self.session.past)
        self.desk = Desk(visit, self.session, choose=self.choose, refresh=lambda: self.refresh())
        self.usual = opened
        self.desk.link_error = linked.error
        self.picture: views.NetworkView | None = None
        self.second: views.NetworkView | None = None  # the picture of the second world
        self.readout: Readout | None = None
        self.credits = Credits(self.session.credit)
        self.heard = {
            "ready": self.on_ready, "here": self.on_here, "credit": lambda: self.credits.drawn("first"),
            "place": self.on_place, "hover": self.on_hover, "look": self.on_look,
        }  # fmt: skip
        self.heard_second = {
            "ready": self.on_second_ready, "here": self.on_second_here, "place": _nothing, "hover": _nothing,
            "look": _nothing, "credit": lambda: self.credits.drawn("second"),
        }  # fmt: skip
        self.looking = threading.Lock()  # who is told what, one message after the other
        self.sent_world = 0
        self.sent_time = -1  # the time step of the picture that was sent last
        self.sent_point = -1.0  # the last point of the curve that was sent
        self.sent_edition = 0
        self.grounds: dict[views.NetworkView, tuple[Layout, tuple[str, ...]]] = {}  # what each picture stands on
        self.told_at = 0.0  # when curve and buttons were told last
        self.picked: int | None = None  # the row of the individual that is looked at

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        self.session.open()
        return self.left

    def left(self) -> None:
        """Another page is on show: nobody sees this world, so it stands still."""
        self.refresh = lambda: None
        self.query = ""  # who comes back by a link means the world of the link, from its start
        with self.looking:
            self.picture = self.readout = self.second = None
            self.grounds = {}
        self.session.play(False)

    def close(self) -> None:
        """The tab is gone."""
        self.comparing.close()
        self.individual.close()
        self.desk.close()
        self.session.close()

    def follow(self, query: str) -> None:
        """The address is another one: show the world that it names."""
        if not query or query == self.query:
            return
        self.query = query
        linked = links.read(query, self.usual.scenario, self.usual.seed, choose=self.choose)
        self.desk.link_error = linked.error
        self.session.play(False)
        self.session.restart(
            linked.scenario, linked.seed, _numbered(linked.replicate, linked.seed), replicate=linked.replicate
        )

    # ------------------------------------------------------------------------------ from the session

    def on_change(self) -> None:
        """The status is another one."""
        self.refresh()

    def on_frame(self, world: World, now: Frame) -> None:
        """There is room for a frame."""
        beside, shown, edition = self.session.beside, self.session.status.shown, self.session.edition
        with self.looking:
            if self.picture is None or self.readout is None:
                return
            points, picked = self.session.points[0], self.picked
            if picked is not None and picked >= world.scenario.size:
                picked = self.picked = None
            more, parts = self.sight.seen(world, now, points, picked)
            second = self.second if beside is not None else None
            self.credits.expect(("first", "second") if second is not None else ("first",))
            fresh = world.number != self.sent_world
            self._send(self.picture, world, now, fresh, more, parts)
            if second is not None and beside is not None:
                self._send(second, beside.world, beside.frame, fresh, PLAIN, [])
            at = time.monotonic()
            # The frame that follows the end of Play tells what was left out here.
            anew = fresh or edition != self.sent_edition
            if anew or at - self.told_at >= READABLE or not self.session.status.playing:
                self.told_at = at
                self._tell_readout(self.readout, world, now, shown, edition)
                if beside is not None:
                    self.comparing.tell(world, now, beside, shown, edition)
                self.steering.tell(unit(world.scenario), now.time if shown is None else shown)
            self.sent_world, self.sent_time, self.sent_edition = world.number, now.time, edition
        if fresh and picked is not None:
            self._tell_chosen()  # whoever is looked at is ringed in the new world as well
        self.individual.on_frame(world, now)
        self.desk.see(world, now)

    def _send(
        self,
        picture: views.NetworkView,
        world: World,
        now: Frame,
        fresh: bool,
        more: dict[str, Any],
        parts: list[bytes],
    ) -> None:
        """A frame; everything where the browser does not know this world yet, but the ground that it has drawn."""
        name = unit(world.scenario)
        if not fresh:
            views.send_frame(picture, now, name, more, parts)
            return
        ground = world.layout, world.names
        before = self.grounds.get(picture)
        placed = before is not None and before[0] is ground[0] and before[1] == ground[1]
        views.send_world(picture, world, now, name, more, parts, placed)
        self.grounds[picture] = ground

    def _tell_readout(self, readout: Readout, world: World, now: Frame, shown: int | None, edition: int) -> None:
        points, before = self.session.points
        head = views.headline(now)
        if (world.number, edition) != (self.sent_world, self.sent_edition):
            readout.send({"method": "series", "args": [head, points, before, shown]})
        else:
            # Every point since the last frame, however many there are: the curve has no gaps.
            news = points[bisect.bisect_right(points, (self.sent_point, 2.0)) :]
            readout.send({"method": "points", "args": [head, news, shown]})
        self.sent_point = points[-1][0]

    # ------------------------------------------------------------------------------ from the browser

    def on_ready(self, widget: views.Told) -> None:
        """A picture or a curve has come into being: it has seen nothing yet."""
        with self.looking:
            if isinstance(widget, views.NetworkView):
                self.picture = widget
            else:
                self.readout = widget
            self._nothing_sent()
        # Both are needed for a frame, and only the picture answers frames with credits.
        if self.picture is not None and self.readout is not None:
            self.session.credit(2, first=True)

    def on_here(self, event: dict[str, Any]) -> None:
        """The browser is there; what it drew last says whether something was lost on the way."""
        with self.looking:
            lost = (event.get("world"), event.get("time")) != (self.sent_world, self.sent_time)
            if event.get("world") != self.sent_world:
                self._nothing_sent()
            if lost:
                self.sight.again()
            self.credits.forget()
        self.session.credit(2, first=lost)

    def on_second_ready(self, widget: views.NetworkView) -> None:
        """The picture of the second world has come into being."""
        with self.looking:
            self.second = widget
            self._nothing_sent()
        self.session.credit(2, first=True)

    def on_second_here(self, event: dict[str, Any]) -> None:
        """The same of the picture of the second world, whose world has the same number."""
        beside = self.session.beside
        if beside is not None and event.get("world") != beside.world.number:
            with self.looking:
                self._nothing_sent()
            self.session.credit(2, first=True)

    def _nothing_sent(self) -> None:
        self.sent_world, self.sent_time, self.sent_point, self.sent_edition = 0, -1, -1.0, 0
        self.grounds = {}
        self.credits.forget()
        self.sight.again()

    def on_place(self, event: dict[str, Any]) -> None:
        """An individual was chosen in the picture, or none any more."""
        place = event.get("place")
        self.pick(self.sight.row(place) if type(place) is int else None)

    def pick(self, row: int | None) -> None:
        """Look at the individual in this row; None looks at nobody."""
        world = self.session.status.world
        known = world is not None and row is not None and 0 <= row < world.scenario.size
        self.picked = row if known else None
        self.individual.look_at(self.picked)
        self._tell_chosen()
        self.refresh()

    def _tell_chosen(self) -> None:
        place, near = self.sight.chosen(self.picked)
        with self.looking:
            if self.picture is not None:
                self.picture.send({"method": "chosen", "args": [place, near]})

    def on_hover(self, event: dict[str, Any]) -> None:
        """The reader points at somebody."""
        place, world = event.get("place"), self.session.status.world
        if type(place) is not int or world is None:
            return
        words = self.sight.label(place, views.short(views.strategies(world)))
        with self.looking:
            if self.picture is not None:
                self.picture.send({"method": "label", "args": [place, words]})

    def on_look(self, event: dict[str, Any]) -> None:
        """Another view, or another colouring, was chosen."""
        world = self.session.status.world
        if world is None:
            return
        self.sight.choose(str(event.get("view", "")), str(event.get("colour", "")), world)
        self.refresh()
        self.session.credit(2, first=True)  # the same moment again, with what this view wants

    # ------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        status = self.session.status
        with solara.v.Html(tag="div", class_="coop-lab"):
            self.desk.draw_heading(status)
            if self.choose and status.world is not None:
                Money(self.visit, status.world.scenario, status.world.seed, on_confirm=self.session.permitted,
                      beat=fresh())  # fmt: skip
            if status.world is None:
                solara.v.Html(tag="p", children=["" if status.error else "Starting the world …"])
            else:
                self._bench(status, status.world)

    def _bench(self, status: Status, world: World) -> None:
        shapes, name = views.strategies(world), unit(world.scenario)
        now, beside = self.session.frame, self.session.beside
        classes = "coop-bench" + (" comparing" if beside else "") + (" stale" if status.stale else "")
        with solara.v.Html(tag="div", class_=classes):
            with solara.v.Html(tag="nav", class_="coop-panel coop-left", attributes={"aria-label": "rules and knobs"}):
                self.desk.draw_controls(status, world._replace(scenario=status.wanted or world.scenario))
            with solara.v.Html(tag="main", class_="coop-panel coop-middle"):
                with solara.v.Html(tag="div", class_="coop-pictures"):
                    self._pictures(status, world, beside)
                self.steering.draw(status, world, name, fixed(world, now))
                self.desk.draw_headline(status, world)
            with solara.v.Html(tag="aside", class_="coop-panel coop-right"):
                if beside is not None:
                    self.comparing.draw(status, world, beside, name, now)
                self.slow_motion.element(shapes)
                self.individual.element(shapes, world, name)
                self.desk.draw_readout(status, world, shapes, name, self.heard)

    def _pictures(self, status: Status, world: World, beside: Beside | None) -> None:
        """The population, and beside it that of the second world: both as they are, or they could not be compared."""
        if beside is not None and self.sight.settled(world) != Look():
            self.sight.choose(*Look(), world)
        many = None if beside is None else 1
        with solara.v.Html(tag="div", class_="coop-picture"):
            if beside is not None:
                solara.v.Html(tag="h3", children=[side("A", status, world)])
            views.NetworkView.element(
                strategies=views.strategies(world), words=world.layout.words, unit=unit(world.scenario),
                views=looks.views(world)[:many], colours=looks.colourings(world)[:many],
                look=self.sight.settled(world)._asdict(),
                line={"words": world.layout.line_words}, heard=self.heard, layout=None,
                slot=None if beside is not None else self.desk.draw_measure(status, world),
            )  # fmt: skip
        if beside is not None:
            with solara.v.Html(tag="div", class_="coop-picture"):
                solara.v.Html(tag="h3", children=[side("B", status, beside.world)])
                views.NetworkView.element(
                    strategies=views.strategies(beside.world), words=beside.world.layout.words,
                    unit=unit(beside.world.scenario), views=looks.views(beside.world)[:1],
                    colours=looks.colourings(beside.world)[:1], look={"view": "network", "colour": "strategy"},
                    line={"words": beside.world.layout.line_words}, heard=self.heard_second, layout=None,
                )  # fmt: skip


def _nothing(_event: dict[str, Any]) -> None:
    """The second picture is looked at, not worked with."""


def _state(opened: Opened) -> bytes | None:
    """The saved state that the command line named; it was looked at before the server started."""
    return opened.state.read_bytes() if opened.state is not None else None


def unit(scenario: Scenario) -> str:
    """What one time step is called."""
    return "round" if scenario.clock == "round" else "generation"


def fixed(world: World, now: Frame | None) -> str:
    """That nothing more can happen, in a sentence; "" while something can."""
    if now is None or not now.fixed:
        return ""
    name = now.fixed.replace("_", " ")
    return f"Fixed at {unit(world.scenario)} {now.time:,}: only {name} is left, and nothing more can happen."


def _numbered(replicate: int, seed: int) -> str:
    """Which run of a sweep this is; "" where a seed alone says it."""
    return f"Replicate {replicate:,} of seed {seed}, as a sweep runs it." if replicate else ""


def show(visit: Visit, scenario: Scenario, seed: int = 0, *, replicate: int = 0) -> None:
    """Show this world in the Lab of a tab, and go there."""
    shown = visit.keep("lab", lambda: Shown(visit))
    shown.session.play(False)
    shown.session.restart(scenario, seed, _numbered(replicate, seed), replicate=replicate)
    visit.go("/lab")


PAGE = Page("lab", "Lab", Lab)
