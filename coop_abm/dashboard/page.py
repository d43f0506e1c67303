"""The page: rules at the left, the population in the middle, what it comes to at the right."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.dashboard import controls, links
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.session import SPEEDS, Session, Status
from coop_abm.dashboard.views import network as views
from coop_abm.scenario.knobs import parsed
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

STYLE = (Path(__file__).parent / "views" / "style.css").read_text(encoding="utf-8")

#: Text from a browser that is longer than this is no number and no word.
LONGEST = 200


def page(scenario: Scenario | str | Path, model: Any = None, *, seed: int = 0) -> Callable[[], Any]:
    """A Solara component on which a world runs.

    Parameters
    ----------
    scenario : a Scenario, the name of one or a TOML file: the world to begin with
    model    : a Mesa model class called as ``model(scenario, rng=seed)``, with ``step()`` and
               ``snapshot()``; without it the world is ``coop_abm.lab.start(scenario, seed)``
    seed     : root seed of the first world

    Raises
    ------
    InputError
        if the scenario or the seed cannot be used
    """
    lab.check_seed(seed)
    declared = lab.world(scenario)

    def make(wanted: Scenario, from_seed: int) -> Any:
        return lab.start(wanted, from_seed) if model is None else model(wanted, rng=from_seed)

    @solara.component
    def Page() -> None:
        query = solara.use_router().search
        shown = solara.use_memo(lambda: _Shown(declared, seed, make, query, choose=model is None), [])
        _version, set_version = solara.use_state(0)
        shown.refresh = lambda: set_version(shown.next_version())
        solara.use_effect(lambda: shown.opened(), [])
        shown.draw()

    return Page


class _Shown:
    """What one browser tab shows: its session, and the widgets that are told of frames."""

    def __init__(self, scenario: Scenario, seed: int, make: Any, query: str | None, *, choose: bool):
        linked = links.read(query, scenario, seed, choose=choose)
        self.choose = choose
        self.refresh: Callable[[], None] = lambda: None
        self.session = Session(
            linked.scenario, linked.seed, make, fallback=scenario, on_frame=self.on_frame, on_change=self.on_change
        )
        self.link_error = linked.error
        self.picture: views.NetworkView | None = None
        self.readout: views.Readout | None = None
        self.heard = {"ready": self.on_ready, "here": self.on_here, "credit": lambda: self.session.credit(1)}
        self.looking = threading.Lock()  # who is told what, one message after the other
        self.sent_world = 0
        self.sent_time = -1
        self._version = 0

    def next_version(self) -> int:
        """A number that was not there before, so the page is drawn again."""
        self._version += 1
        return self._version

    def opened(self) -> Callable[[], None]:
        """Begin; the function that is returned ends it with the tab."""
        self.session.open()
        return self.session.close

    # ------------------------------------------------------------------------------ from the session

    def on_change(self) -> None:
        """The status is another one."""
        self.refresh()

    def on_frame(self, world: World, now: Frame) -> None:
        """There is room for a frame."""
        with self.looking:
            if self.picture is None or self.readout is None:
                return
            if world.number != self.sent_world:
                views.send_world(self.picture, world, now, unit(world.scenario))
            else:
                views.send_frame(self.picture, now, unit(world.scenario))
            self._tell_readout(self.readout, world, now)
            self.sent_world, self.sent_time = world.number, now.time

    def _tell_readout(self, readout: views.Readout, world: World, now: Frame) -> None:
        points, before = self.session.points
        head = views.headline(now)
        end = [float(now.time), *now.shares]
        if world.number != self.sent_world:
            readout.send({"method": "series", "args": [head, [*points, end], before]})
        else:
            news = [p for p in points[-300:] if self.sent_time < p[0] < now.time]
            readout.send({"method": "points", "args": [head, [*news, end]]})

    # ------------------------------------------------------------------------------ from the browser

    def on_ready(self, widget: views.Told) -> None:
        """A picture or a curve has come into being: it has seen nothing yet."""
        with self.looking:
            if isinstance(widget, views.NetworkView):
                self.picture = widget
            else:
                self.readout = widget
            self.sent_world, self.sent_time = 0, -1
        # Both are needed for a frame, and only the picture answers frames with credits.
        if self.picture is not None and self.readout is not None:
            self.session.credit(2, first=True)

    def on_here(self, event: dict[str, Any]) -> None:
        """The browser is there; what it drew last says whether something was lost on the way."""
        with self.looking:
            lost = (event.get("world"), event.get("time")) != (self.sent_world, self.sent_time)
            if event.get("world") != self.sent_world:
                self.sent_world, self.sent_time = 0, -1
        self.session.credit(2, first=lost)

    def on_control(self, event: dict[str, Any]) -> None:
        """A control was moved."""
        path, text = str(event.get("path", ""))[:LONGEST], str(event.get("text", ""))
        self.link_error = ""
        if len(text) > LONGEST:
            self.session.refuse(f"{path}: at most {LONGEST} characters", path)
            return
        self.session.change(path, parsed(text.strip()))

    def on_choose(self, event: dict[str, Any]) -> None:
        """Another world was chosen."""
        self.link_error = ""
        status = self.session.status
        try:
            chosen = named(str(event.get("name", "")))
        except InputError as error:
            self.session.refuse(str(error))
            return
        self.session.restart(chosen, status.world.seed if status.world else 0, "")

    def on_step(self, event: dict[str, Any]) -> None:
        """Step or Run 100."""
        self.session.advance(100 if event.get("steps") == 100 else 1)

    def on_speed(self, event: dict[str, Any]) -> None:
        """The speed was chosen."""
        speed = event.get("speed")
        if speed in SPEEDS:
            self.session.set_speed(int(speed))

    # ------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        status = self.session.status
        solara.Style(STYLE)
        with solara.v.Html(tag="div", class_="coop"):
            self._heading(status)
            if status.world is None:
                solara.v.Html(tag="p", children=["" if status.error else "Starting the world …"])
            else:
                self._bench(status, status.world)

    def _bench(self, status: Status, world: World) -> None:
        shapes = views.strategies(world)
        with solara.v.Html(tag="div", class_="coop-bench"):
            with solara.v.Html(tag="nav", class_="coop-panel coop-left", attributes={"aria-label": "rules and knobs"}):
                self._controls(status, world)
            with solara.v.Html(tag="main", class_="coop-panel coop-middle"):
                views.NetworkView.element(strategies=shapes, words=world.layout.words, heard=self.heard, layout=None)
                views.Transport(
                    playing=status.playing, speed=status.speed, speeds=list(SPEEDS), doing=status.doing,
                    said=status.said, fixed=fixed(world, self.session.frame),
                    event_play=lambda _event: self.session.play(), event_step=self.on_step,
                    event_speed=self.on_speed, event_reset=lambda _event: self.session.reset(),
                    event_seed=lambda _event: self.session.reseed(secrets.randbelow(1_000_000)),
                )  # fmt: skip
            with solara.v.Html(tag="aside", class_="coop-panel coop-right"):
                views.Readout.element(
                    strategies=shapes, unit=unit(world.scenario), seed=world.seed, verdict=status.verdict,
                    answer=answer(status), heard=self.heard, layout=None,
                )  # fmt: skip

    def _heading(self, status: Status) -> None:
        scenario = status.world.scenario if status.world else None
        known = status.error_at in _paths(scenario) if scenario else False
        error = self.link_error or ("" if known else status.error)
        views.Heading(
            names=list(NAMED) if self.choose else [], name=scenario.name if scenario else "",
            about=_about(scenario) if scenario else "", link=_link(status), error=error,
            event_choose=self.on_choose,
        )  # fmt: skip

    def _controls(self, status: Status, world: World) -> None:
        marks = {}
        expected = status.expected
        if expected is not None and expected.kind == "threshold":
            marks["game.benefit"] = expected.value * world.scenario.game.cost
        views.Controls(
            sections=controls.sections(world.scenario), marks=marks,
            errors={status.error_at: status.error} if status.error and status.error_at else {},
            markWords="above this, theory says, cooperation is favoured", event_change=self.on_control,
        )  # fmt: skip


def unit(scenario: Scenario) -> str:
    """What one time step is called."""
    return "round" if scenario.clock == "round" else "generation"


def fixed(world: World, now: Frame | None) -> str:
    """That nothing more can happen, in a sentence; "" while something can."""
    if now is None or not now.fixed:
        return ""
    name = now.fixed.replace("_", " ")
    return f"Fixed at {unit(world.scenario)} {now.time:,}: only {name} is left, and nothing more can happen."


def answer(status: Status) -> str:
    """Theory in a word or two."""
    world, expected = status.world, status.expected
    if world is None or expected is None:
        return ""
    if expected.kind == "silent":
        return ""
    favoured = expected.kind == "threshold" and world.scenario.game.benefit / world.scenario.game.cost > expected.value
    return "Favoured" if favoured else "Not favoured"


def _paths(scenario: Scenario) -> set[str]:
    shown = controls.sections(scenario)
    return {c["path"] for s in shown for c in s["controls"]} | {s["toggle"]["path"] for s in shown if "toggle" in s}


def _about(scenario: Scenario) -> str:
    """The description without the keys of its references; it is that of the world before it was changed."""
    words, _, _keys = scenario.description.partition(" [")
    words = words if words.endswith(".") or not words else words + "."
    changed = scenario.name in NAMED and scenario != named(scenario.name)
    return f"Changed from: {words}" if words and changed else words


def _link(status: Status) -> str:
    if status.world is None or status.world.scenario.name not in NAMED:
        return ""
    try:
        return links.write(status.world.scenario, status.world.seed)
    except InputError:
        return ""
