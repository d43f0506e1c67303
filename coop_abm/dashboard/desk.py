"""The desk of one tab's Lab: everything round the picture. Knobs and theory, bets, measurements, what is taken away.

A :class:`Desk` holds what has a memory (bets, a measurement, an export under way) and draws the parts; what they show
is worked out by plain functions of the world (``controls``, ``ticks``, ``law``, ``words``, ``exports``), once a world.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import solara

from coop_abm import lab
from coop_abm.core.errors import InputError, quoted
from coop_abm.dashboard import controls, exports, known, law, links, predictions, ticks, words
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.measuring import Measuring, refusals
from coop_abm.dashboard.predictions import Bets
from coop_abm.dashboard.replay import replay
from coop_abm.dashboard.session import Session, Status
from coop_abm.dashboard.views import bench as views
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.citation import citation
from coop_abm.scenario.files import dumps
from coop_abm.scenario.knobs import parsed, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures import Edges
from coop_abm.structures.files import read_upload

#: Text from a browser that is longer than this is no number and no word.
LONGEST = 200
#: A graph file of more bytes than this is not taken by the page; the command line takes larger ones.
LARGEST_UPLOAD = 4_000_000
#: The named scenarios as the chooser shows them; a name that stands nowhere comes last.
GROUPS = (
    ("one rule at a time", ("network", "kin", "direct", "indirect", "group")),
    ("none of them, all of them", ("well_mixed", "all_five")),
    ("families", ("families",)),
    ("lattices and networks", ("nowak_may", "kaleidoscope", "scale_free")),
    ("reputation", ("image_scoring", "stern_judging", "private_opinions")),
)


class About(NamedTuple):
    """What is worked out once a world: its controls, its link and command, the line in its chart."""

    sections: list[dict[str, Any]]
    link: str
    own: str
    line: float | None


class Desk:
    """Knobs, theory, bets, measurements and exports of one tab.

    Parameters
    ----------
    choose  : may the reader choose another world?
    refresh : draws the page again; from any thread
    """

    def __init__(self, visit: Visit, session: Session, *, choose: bool, refresh: Callable[[], None]):
        self.visit, self.session, self.choose, self.refresh = visit, session, choose, refresh
        self.bets, self.measuring, self.exporting = Bets(), Measuring(refresh), Job(self._exported)
        self._made: tuple[tuple[Scenario, int, int, int], lab.Run] | None = None
        self._about: tuple[int, About] | None = None
        self._wanted = ""
        self.link_error = ""  # what a link asked for in vain, until something else is asked for

    def close(self) -> None:
        """The tab is gone."""
        self.measuring.close()
        self.exporting.close()

    def see(self, world: World, now: Frame) -> None:
        """A frame was sent: it may answer a bet. Called in the thread of the world."""
        if self.bets.see(world, now, self.session.status.expected):
            self.refresh()

    def about(self, world: World) -> About:
        """What is worked out once a world."""
        if self._about is None or self._about[0] != world.number:
            link, own = "", ""
            try:
                link = links.write(world.scenario, world.seed, world.replicate)
            except InputError as error:
                own = f"No link: {error}."
            line = known.final_share(world.scenario, world.seed)
            self._about = (world.number, About(controls.sections(world.scenario), link, own, line))
        return self._about[1]

    # ------------------------------------------------------------------------------ from the browser

    def on_control(self, event: dict[str, Any]) -> None:
        """A control was moved."""
        self.link_error = ""
        path, text = str(event.get("path", ""))[:LONGEST], str(event.get("text", ""))
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
        self.session.restart(chosen, status.world.seed if status.world else 0, "", replicate=0)

    def on_upload(self, event: dict[str, Any]) -> None:
        """A graph file was handed over; the population takes its size."""
        self.link_error = ""
        world = self.session.status.world
        name, data = str(event.get("name", ""))[:LONGEST], str(event.get("data", ""))
        if world is None:
            return
        try:
            changed = on_uploaded(world.scenario, name, data)
        except InputError as error:
            self.session.refuse(str(error), "network.upload")
            return
        said = f"Now on the graph of {quoted(name, 60)[1:-1]}: {changed.size:,} individuals."
        self.session.restart(changed, world.seed, said, "network.upload")

    def on_bet(self, event: dict[str, Any]) -> None:
        """A bet, or that there is none."""
        world = self.session.status.world
        if world is not None:
            self.bets.take(world, self.session.frame, str(event.get("bet", "")))
        self.refresh()

    def on_ask(self, _event: dict[str, Any]) -> None:
        """The key P: ask what will happen."""
        self.bets.ask_again()
        now = self.session.frame
        if now is not None and now.time > 0:
            self.session.reset()
        self.refresh()

    def on_measure(self, event: dict[str, Any]) -> None:
        """Measure something of the world on show."""
        world = self.session.status.world
        if world is not None:
            self.measuring.start(str(event.get("what", "")), world.scenario, world.seed)

    def on_save(self, event: dict[str, Any]) -> None:
        """A file was asked for."""
        world, now, form = self.session.status.world, self.session.frame, str(event.get("form", ""))
        if world is None or now is None:
            return
        scenario, seed = world.scenario, world.seed
        if form == "toml":
            self.visit.give(exports.name_of(scenario, seed, "scenario.toml"), dumps(scenario), "application/toml")
        elif form == "bib":
            name = exports.name_of(scenario, seed, "references.bib")
            self.visit.give(name, citation(scenario, seed), "application/x-bibtex")
        elif form == "html":
            self._hand_out(world, now.time)
        elif form in exports.FORMS:
            self._export(world, now.time, form)

    def _caption(self, world: World, steps: int) -> str:
        expected = self.session.status.expected
        return exports.caption(world.scenario, world.seed, steps, expected, replicate=world.replicate)

    def _hand_out(self, world: World, steps: int) -> None:
        """The frames that are kept, as a page that plays them."""
        self._wanted, frames, (points, _before) = "html", list(self.session.past.frames()), self.session.points
        name = exports.name_of(world.scenario, world.seed, "replay.html")
        told, caption = self.session.status.verdict, self._caption(world, steps)

        def work(report: Callable[[str, float], None]) -> tuple[str, bytes, str]:
            report("writing the replay", 0.5)
            made = replay(world, frames, points=points, theory=told or None, caption=caption)
            return name, made.encode(), "text/html"

        self.exporting.start(work)

    def _export(self, world: World, steps: int, form: str) -> None:
        self._wanted = form
        scenario, seed, replicate = world.scenario, world.seed, world.replicate

        def work(report: Callable[[str, float], None]) -> tuple[str, bytes, str]:
            key = (scenario, seed, steps, replicate)
            if self._made is None or self._made[0] != key:
                self._made = (key, exports.again(scenario, seed, steps, report, replicate=replicate))
            report("drawing", 1.0) if form != "csv" else None
            return exports.file_of(self._made[1], form)

        self.exporting.start(work)

    def _exported(self) -> None:
        now = self.exporting.now
        if now.state == "done" and self._wanted:
            self._wanted = ""
            self.visit.give(*now.result)
        self.refresh()

    # ------------------------------------------------------------------------------ what is drawn

    def draw_heading(self, status: Status) -> None:
        """The world on show, share, keys."""
        world = status.world
        scenario = world.scenario if world else None
        known_at = {"network.upload", *_paths(self.about(world).sections)} if world else set()
        shown = self.link_error or ("" if status.error_at in known_at else status.error)
        with solara.v.Html(tag="div", class_="coop-headrow"):
            views.Heading(
                groups=groups() if self.choose else [], name=scenario.name if scenario else "",
                about=_about(scenario) if scenario else "", link=self.about(world).link if world else "",
                error=shown, event_choose=self.on_choose,
            )  # fmt: skip
            if world is not None:
                self._draw_share(world)
            views.KeySheet()

    def _draw_share(self, world: World) -> None:
        frame, now, about = self.session.frame, self.exporting.now, self.about(world)
        steps = frame.time if frame else 0
        views.Share(
            link=about.link, command=links.command(world.scenario, world.seed, steps, world.replicate),
            caption=self._caption(world, steps),
            file=exports.name_of(world.scenario, world.seed, "")[:-1], own=about.own,
            handout=len(self.session.past) > 1,
            doing=now.words if now.working else "", error=now.error, event_export=self.on_save,
        )  # fmt: skip

    def draw_controls(self, status: Status, world: World) -> None:
        """Five rules and the numbers behind them."""
        graph = world.scenario.network.graph
        upload = f"{graph.source or 'your graph'}: {graph.size:,} nodes" if graph.kind == "edges" else ""
        views.Controls(
            sections=self.about(world).sections, marks=ticks.ticks(world.scenario, status.expected),
            errors={status.error_at: status.error} if status.error and status.error_at else {}, upload=upload,
            event_change=self.on_control, event_upload=self.on_upload,
        )  # fmt: skip

    def draw_headline(self, status: Status, world: World) -> None:
        """The sentence under the population."""
        views.Headline(
            words=words.headline(world.scenario, status.expected), word=ticks.word(world.scenario, status.expected)
        )

    def draw_readout(self, status: Status, world: World, shapes: list, unit: str, heard: dict) -> None:
        """The chart, the bet, theory, measurements."""
        line = self.about(world).line
        with solara.v.Html(tag="div", class_="coop-chartbox"):
            views.Readout.element(
                strategies=shapes, unit=unit, seed=world.seed, theory=words.caption(world.scenario, status.expected),
                level=line, levelWords="" if line is None else words.verdict_line(line),
                caption=_in_short(world), heard=heard, layout=None,
            )  # fmt: skip
            self.draw_bet(status, world)
        self.draw_theory(status, world)
        self.draw_measure(status, world)

    def draw_bet(self, status: Status, world: World) -> None:
        """What will happen?"""
        told = self.bets.told(world)
        views.Predict(
            asks=self.bets.asks(world, self.session.frame, status.playing), bet=self.bets.bet,
            begun=predictions.begun(self.session.frame, status.playing),
            told={} if told is None else {"words": told.words, "right": told.right}, right=self.bets.right,
            made=self.bets.made, event_take=self.on_bet, event_ask=self.on_ask,
        )  # fmt: skip

    def draw_theory(self, status: Status, world: World) -> None:
        """What theory says, and the bars."""
        expected = status.expected
        answer = {"YES": "Favoured", "NO": "Not favoured"}.get(ticks.word(world.scenario, expected), "")
        views.Theory(
            answer=answer, verdict=status.verdict, silence=words.silence(expected),
            wayOut=words.way_out(world.scenario, expected), law=law.bars(world.scenario, expected),
            limits=[] if expected is None else list(expected.limits),
            event_structure=lambda _event: self.visit.go("/structure"),
        )  # fmt: skip

    def draw_measure(self, status: Status, world: World) -> Any:
        """What would it take? The element, which stands where it is drawn, or in the picture's slot."""
        now, reading = self.measuring.job.now, self.measuring.reading
        ratio = ticks.ratio(world.scenario)
        return views.Measure(
            reading={} if reading is None else reading.plain(),
            what=self.measuring.what, state=now.state, words=now.words, share=now.share, left=now.left or 0.0,
            error=now.error, stale=self.measuring.of not in (None, (world.scenario, world.seed)),
            refused=refusals(world.scenario), now=ratio if math.isfinite(ratio) else 0.0, event_start=self.on_measure,
            event_stop=lambda _event: self.measuring.stop(),
        )  # fmt: skip


def on_uploaded(scenario: Scenario, name: str, data: str) -> Scenario:
    """The same scenario on the graph of a file that the browser read.

    Parameters
    ----------
    name : of the file; its suffix says how it is written
    data : its bytes in base 64

    Raises
    ------
    InputError
        one sentence: the file, and why it cannot be used
    """
    if len(data) > LARGEST_UPLOAD * 4 / 3 + 4:
        raise InputError(f"{quoted(name, 80)[1:-1]}: must have at most {LARGEST_UPLOAD:,} bytes here")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{quoted(name, 80)[1:-1]}: did not arrive whole") from None
    graph = Edges.of(read_upload(name, content), source=quoted(name, 80)[1:-1])
    return replace(scenario, {"network.enabled": True, "network.graph": graph, "size": graph.size})


def groups() -> list[dict[str, Any]]:
    """The named scenarios for the chooser, every one of them once."""
    found = [{"title": title, "names": [n for n in names if n in NAMED]} for title, names in GROUPS]
    grouped = {name for group in found for name in group["names"]}
    rest = [name for name in NAMED if name not in grouped]
    return [group for group in [*found, {"title": "more", "names": rest}] if group["names"]]


def _paths(sections: list[dict[str, Any]]) -> set[str]:
    return {c["path"] for s in sections for c in s["controls"]} | {
        s["toggle"]["path"] for s in sections if "toggle" in s
    }


def _about(scenario: Scenario) -> str:
    """The description without the keys of its references; it is that of the world before it was changed."""
    told, _, _keys = scenario.description.partition(" [")
    told = told if told.endswith(".") or not told else told + "."
    changed = scenario.name in NAMED and scenario != named(scenario.name)
    return f"Changed from: {told}" if told and changed else told


def _in_short(world: World) -> str:
    """The parameters of the run on show, below its chart."""
    scenario = world.scenario
    game = ", ".join(f"{name} {value:g}" for name, value in scenario.game if isinstance(value, int | float))
    update = scenario.update.kind.replace("_", "-")
    strength = f", intensity {scenario.update.selection:g}" if hasattr(scenario.update, "intensity") else ""
    return f"N = {scenario.size:,}; {game}; {update}{strength}"
