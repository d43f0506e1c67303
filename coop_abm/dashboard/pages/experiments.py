"""Experiments: a question, worlds, a table beside theory, a figure. Each has its page from its declaration."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import solara

from coop_abm.core.errors import InputError
from coop_abm.dashboard import controls
from coop_abm.dashboard.experiment_words import (
    ABOUT,
    MOST_OPEN,
    STILL,
    STILL_OTHERWISE,
    counted,
    link_of,
    plain,
    spoken,
    worlds_listed,
)
from coop_abm.dashboard.experimenting import Experimenting, without_models
from coop_abm.dashboard.living import LivingWorld, can_be_drawn
from coop_abm.dashboard.pages.base import Page, use_redraw
from coop_abm.dashboard.pages.lab import show
from coop_abm.dashboard.views import studies
from coop_abm.dashboard.views.bench import Controls
from coop_abm.dashboard.visit import Visit
from coop_abm.dashboard.work import work_shown
from coop_abm.experiments import EXPERIMENTS, experiment, tables
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.knobs import parsed
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

#: Text from a browser that is longer than this is no option.
LONGEST = 400
#: What stands where the table will be.
COMING = "The rows come in as they are measured."
NOTHING = (
    "Nothing is measured yet. Run begins with the options at the left; the quick form sets those that take less than a "
    "minute on a quiet machine, and says less."
)
ELSEWHERE = (
    "A language model may cost money, so this page asks none. On the command line a budget stands beside it, and what "
    "was done is kept:"
)
#: The options that may be left unset: the number that says so, and what is said of them here.
UNSET = {"budget": (-1, "most that language models may cost; none: this experiment sets no limit")}
#: Views that only one experiment has: its name, and a component whose `view` is what ``view(results)`` gives.
SPECIAL: dict[str, Callable[..., Any]] = {
    "commons": studies.CommonsRuns, "languages": studies.FactorialMap, "super_additive": studies.TeamMatches,
    "tournament": studies.Earnings,
}  # fmt: skip


@solara.component
def Experiments(visit: Visit) -> None:
    """The list, or the experiment that the address names."""
    # Not visit.query: going from one experiment to another this page alone is drawn again.
    router = solara.use_router()
    at_root = visit.opened.experiment if not router.path.strip("/") else ""
    wanted = parse_qs(router.search or "").get("name", [at_root])[0]
    if wanted in EXPERIMENTS:
        Study(visit, wanted).key(wanted)
        return
    error = ""
    if wanted:
        try:
            experiment(wanted)
        except InputError as refusal:
            error = str(refusal)
    studies.Studies(
        studies=[listed(visit, name) for name in EXPERIMENTS], error=error,
        event_go=lambda event: visit.go(f"/experiments?name={event.get('name', '')}"),
    )  # fmt: skip


def listed(visit: Visit, name: str) -> dict[str, Any]:
    """One experiment in the list."""
    kind = experiment(name)
    first = next((line for line in (kind.__doc__ or "").splitlines() if line.strip()), "").strip()
    chosen = kind.chosen(kind.options())
    kept = visit.kept(f"study {name}")
    state = "" if kept is None else kept.work.now.state
    return {
        "name": name, "question": kind.question, "about": ABOUT.get(name) or plain(first),
        "worlds": counted(list(chosen.scenarios()), getattr(chosen, "crossed", {})),
        "state": {"working": "being measured", "done": "measured"}.get(state, ""),
    }  # fmt: skip


@solara.component
def Study(visit: Visit, name: str) -> None:
    """One experiment; its results stay while the reader is on another page."""
    shown = visit.keep(f"study {name}", lambda: Shown(visit, name))
    shown.refresh = use_redraw()
    solara.use_effect(lambda: shown.left, [])
    shown.draw()


class Shown:
    """What the page of one experiment shows."""

    def __init__(self, visit: Visit, name: str):
        self.visit, self.name = visit, name
        self.refresh: Callable[[], None] = lambda: None
        self.work = Experimenting(name, self._changed)
        self.living = LivingWorld()
        self.errors: dict[str, str] = {}
        self.chosen = ""
        self.paper: studies.Paper | None = None
        self._drawn: bytes | None = None
        self._worlds: dict[str, Any] = {}
        self._crossed: Mapping[str, Any] = {}
        self._declare()

    def left(self) -> None:
        """Another page is on show; the measurement goes on."""
        self.refresh = lambda: None
        self.paper = None
        self.living.left()

    def close(self) -> None:
        """The tab is gone."""
        self.work.close()
        self.living.close()

    def _changed(self) -> None:
        self._figure()
        self.refresh()

    def _declare(self) -> None:
        """The worlds of the present options."""
        chosen = self.work.kind.chosen(without_models(self.work.options))
        self._worlds, self._crossed = dict(chosen.scenarios()), getattr(chosen, "crossed", {})

    @property
    def still(self) -> str:
        """Why no world moves, and what is shown instead; "" where one does."""
        moves = any(can_be_drawn(world) for world in self._worlds.values())
        return "" if moves else STILL.get(self.name, STILL_OTHERWISE)

    # ------------------------------------------------------------------------------ from the browser

    def on_paper(self, paper: studies.Paper) -> None:
        """There is room for the figure."""
        self.paper, self._drawn = paper, None
        self._figure()

    def _figure(self) -> None:
        figure, paper = self.work.results.file(".png"), self.paper
        if paper is None or figure is self._drawn:
            return
        self._drawn = figure
        if figure is None:
            paper.send({"method": "nothing", "args": []})
        else:
            paper.send({"method": "picture", "args": []}, buffers=[figure])

    def on_control(self, event: dict[str, Any]) -> None:
        """An option was chosen."""
        path, text = str(event.get("path", ""))[:LONGEST], str(event.get("text", ""))
        self.errors = {}
        try:
            if len(text) > LONGEST:
                raise InputError(f"{path}: at most {LONGEST} characters")
            unset = path in UNSET and text.strip().lower() in ("", "none")
            self.work.choose(path, UNSET[path][0] if unset else parsed(text.strip()))
            self._declare()
        except InputError as error:
            self.errors = {path: str(error)}
        self.refresh()

    def on_quick(self, _event: dict[str, Any]) -> None:
        """The options with which it is over soon."""
        self.errors = {}
        self.work.quick()
        self._declare()
        self.refresh()

    def on_run(self, _event: dict[str, Any]) -> None:
        """Measure."""
        self.chosen = ""
        self.work.run()

    def on_show(self, event: dict[str, Any]) -> None:
        """Another world is to be seen moving."""
        self.chosen = str(event.get("name", ""))
        self.refresh()

    def on_open(self, event: dict[str, Any]) -> None:
        """A world is to be shown in the Lab."""
        world = self._worlds.get(str(event.get("name", "")))
        if not isinstance(world, Scenario):
            return
        if link := link_of(world, self._seed):
            self.visit.go(f"/lab?{link}")
        else:
            show(self.visit, world, self._seed)

    def on_save(self, event: dict[str, Any]) -> None:
        """A file is to be saved."""
        files, what = self.work.results.files, event.get("what")
        name = self.name.replace("-", "_")
        if what == "zip" and files:
            self.visit.give(f"{name}.zip", zipped(files), "application/zip")
            return
        for file, content in files.items():
            if file == what:
                self.visit.give(file, content, KINDS.get(file.rpartition(".")[2], "application/octet-stream"))

    @property
    def _seed(self) -> int:
        return int(getattr(self.work.options, "seed", 0))

    # ------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        work = self.work
        now, results = work.now, work.results
        shown = self._shown_world(now.words if now.working else "")
        self.living.show(self._worlds.get(shown), self._seed)
        with solara.v.Html(tag="div", class_="coop-experiment"):
            with solara.v.Html(tag="header", class_="coop-study-head"):
                solara.v.Html(tag="h1", children=[work.kind.question])
                link = solara.v.Html(tag="a", attributes={"href": "/experiments"}, children=["all experiments"])
                solara.v.use_event(link, "click.prevent", lambda *_: self.visit.go("/experiments"))
            with solara.v.Html(tag="div", class_="coop-study"):
                with solara.v.Html(tag="div"):
                    self._options()
                    if shown:
                        with solara.v.Html(tag="div", class_="coop-panel"):
                            studies.Living.element(
                                words=f"{spoken(shown, self._crossed.get(shown))}: one run", layout=None,
                                heard={"ready": self.living.ready, "credit": self.living.credit},
                            )  # fmt: skip
                    else:
                        with solara.v.Html(tag="div", class_="coop-panel"):
                            said = {"data-do": "still"}
                            solara.v.Html(tag="p", class_="coop-muted", attributes=said, children=[self.still])
                    if self._worlds:
                        with solara.v.Html(tag="div", class_="coop-panel"):
                            studies.Worlds(
                                worlds=worlds_listed(self._worlds, self._seed, shown, self._crossed),
                                many=f"{len(self._worlds):,} worlds" if len(self._worlds) > MOST_OPEN else "",
                                event_show=self.on_show, event_open=self.on_open,
                            )  # fmt: skip
                with solara.v.Html(tag="main"):
                    with solara.v.Html(tag="div", class_="coop-panel"):
                        studies.Outcome(
                            table=tables.shown(work.kind.columns, results.rows), reading=results.reading,
                            stale=self._stale(), files=downloads(results.files), event_save=self.on_save,
                            empty=COMING if now.working else NOTHING,
                            columns=[{"title": c.title, "help": c.help} for c in work.kind.columns if c.help],
                        )  # fmt: skip
                    studies.Paper.element(
                        alt=f"Figure of the results: {work.kind.question} {results.reading}", layout=None,
                        heard={"ready": self.on_paper},
                    )  # fmt: skip
                    if self.name in SPECIAL and results.view:
                        with solara.v.Html(tag="div", class_="coop-panel"):
                            SPECIAL[self.name](view=results.view)

    def _options(self) -> None:
        with solara.v.Html(tag="div", class_="coop-panel"):
            own, inside = option_sections(self.work.options)
            self._controls([own])
            studies.Work(
                work=work_shown(self.work.now) | {
                    "quick": quick_words(self.work.kind), "elsewhere": ELSEWHERE, "command": self.work.command,
                }, run="Run",
                event_run=self.on_run, event_stop=lambda _event: self.work.stop(), event_quick=self.on_quick,
            )  # fmt: skip
            if inside:  # a whole world may be among the options: it waits, closed, below Run
                many = sum(len(section["controls"]) for section in inside)
                with solara.v.Html(tag="details", class_="coop-many"):
                    solara.v.Html(tag="summary", children=[f"{many} more options"])
                    self._controls(inside)

    def _controls(self, sections: list[dict[str, Any]]) -> None:
        Controls(
            sections=sections, errors=self.errors, marks={}, upload="", event_change=self.on_control,
            event_upload=lambda _event: None,
        )  # fmt: skip

    def _stale(self) -> str:
        work = self.work
        if not work.results.rows or work.done_with == work.options or work.now.working:
            return ""
        return "The results below are of other options than those at the left; Run measures them anew."

    def _shown_world(self, words: str) -> str:
        """The world that is being measured, or the one that the reader chose, or the first that can be drawn."""
        able = [name for name, world in self._worlds.items() if can_be_drawn(world)]
        if self.chosen in able:
            return self.chosen
        measured = [name for name in able if words.replace(" ", "_").startswith(name)]
        return (measured or able or [""])[0]


KINDS = {"csv": "text/csv", "png": "image/png", "svg": "image/svg+xml", "json": "application/json"}


def option_controls(options: Any) -> list[dict[str, Any]]:
    """Controls of the options, as the Lab has them for its knobs; a seed is a number without a slider."""
    shown = [controls.control(knob) for knob in knobs(options)]
    shown = [c | {"kind": "text", "unit": ""} if c["path"] == "seed" else c for c in shown]
    return [_or_none(c) if c["path"] in UNSET else c for c in shown]


def _or_none(control: dict[str, Any]) -> dict[str, Any]:
    """The control of an option that may be unset: a field, and no slider up to a billion."""
    unset, words = UNSET[control["path"]]
    none = {"value": "none", "unit": ""} if control["value"] == unset else {}
    return control | {"kind": "text", "help": words} | none


def option_sections(options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The controls of the options themselves, and those of each part among them under the title of that part."""
    every, fields = option_controls(options), type(options).model_fields
    own = [one for one in every if "." not in one["path"]]
    inside: dict[str, list[dict[str, Any]]] = {}
    for one in every:
        head, nested, _ = one["path"].partition(".")
        if nested:
            inside.setdefault(head, []).append(one)
    titled = [
        {"title": str(fields[name].title or name).capitalize(), "controls": held} for name, held in inside.items()
    ]
    return {"title": "Options", "controls": own}, titled


def quick_words(kind: Any) -> str:
    """What the quick form is."""
    return "sets " + ", ".join(f"{name.replace('_', ' ')} to {value}" for name, value in kind.quick.items())


def downloads(files: Any) -> list[dict[str, str]]:
    """What can be saved: each file by its name, and all of them."""
    if not files:
        return []
    every = [{"what": name, "title": name, "help": ""} for name in sorted(files)]
    return [*every, {"what": "zip", "title": "all (zip)", "help": "every file of this measurement"}]


def zipped(files: Any) -> bytes:
    """All files in one, the same bytes for the same files."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name), files[name], zipfile.ZIP_DEFLATED)
    return kept.getvalue()


PAGE = Page("experiments", "Experiments", Experiments)
