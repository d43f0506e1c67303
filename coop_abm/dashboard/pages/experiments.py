"""Experiments: a question, worlds, a table beside theory, a figure. Each has its page from its declaration."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import solara

from coop_abm.core.errors import InputError
from coop_abm.dashboard import controls, links
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
from coop_abm.scenario.library import NAMED
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
#: What each experiment does, for the list; another one is told by the first line of its docstring.
ABOUT = {
    "commons": "Users of one stock take from it, watch each other and agree on norms; how long the stock lasts is held "
    "against published results.",
    "five-rules": "Measures the critical benefit-to-cost ratio of each of the five rules, and holds it against theory.",
    "image-scoring": "Measures how much strangers help who know each other by repute, with and without mutation, and "
    "with few observers.",
    "languages": "Crosses games, languages, personalities and horizons, and holds what players do against what was "
    "published.",
    "super_additive": "Measures cooperation of teams that meet again, that compete as groups, both and neither.",
    "threshold": "Works out what one graph asks of cooperation under each update rule, and measures it.",
    "tournament": "A round robin: every strategy plays every other, and the ranking is held against exact expectation.",
}
#: Why no world moves on the page of an experiment, and what it shows instead.
STILL = {
    "commons": "No world moves here, because users of a commons share one stock and have no places; after a run its "
    "rounds are shown: stock, harvests, punishments and norms.",
    "languages": "No world moves here, because each game has only a few players; after a run a map of cooperation by "
    "game and language is shown, with the games behind each square.",
    "super_additive": "No world moves here, because teams play match after match and have no places; after a run the "
    "matches are shown move by move.",
    "tournament": "No world moves here, because everybody plays everybody; after a run it is shown who earned how much "
    "from whom.",
}
STILL_OTHERWISE = (
    "No world moves here, because these are not worlds that the Lab can draw; after a run the table and the figure "
    "are shown."
)
#: Worlds of a factorial that are listed, those that are named in the list of experiments, and more than which are
#: listed only when asked for.
MOST_LISTED, MOST_NAMED, MOST_OPEN = 40, 3, 5
#: Names of worlds that are short for something.
SHORT = {
    r"^none$": "neither", r"\bRI\b": "repeated interactions (RI)", r"\bGC\b": "group competition (GC)",
    r"\bSA\b": "both (SA)", r": full$": ": imitating and voting", r": learning only$": ": imitating only",
    r": vote only$": ": voting only",
}  # fmt: skip
TONGUES = {
    "en": "English", "fr": "French", "de": "German", "es": "Spanish", "ar": "Arabic", "zh": "Chinese",
    "vi": "Vietnamese",
}  # fmt: skip
#: The options that may be left unset: the number that says so, and what is said of them here.
UNSET = {"budget": (-1, "most that language models may cost; none: this experiment sets no limit")}
#: Knobs that are told of one world.
MOST_TOLD = 8
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


def counted(names: list[str], crossed: Mapping[str, Any]) -> str:
    """How many worlds there are, and some of them; "" of none."""
    if not names:
        return ""
    few = names[:: -(-len(names) // MOST_NAMED)] if len(names) > MOST_OPEN else names
    said = "; ".join(spoken(name, crossed.get(name)) for name in few)
    return f"{len(names):,} world{'s' * (len(names) != 1)}{', such as' * (len(few) < len(names))}: {said}."


def plain(words: str) -> str:
    """Words of a docstring without their markup.

    >>> plain("Parameters of :func:`~coop_abm.run`, see ``run.py``.")
    'Parameters of coop_abm.run, see run.py.'
    """
    return re.sub(r":[a-z]+:`~?([^`]+)`|`+([^`]+)`+", lambda found: found[1] or found[2], words)


def spoken(name: str, cell: Any = None) -> str:
    """The name of a world in words.

    cell : of a factorial, what it is a combination of: :class:`~coop_abm.engine.factorial.Cell`
    """
    if cell is None:
        for short, long in SHORT.items():
            name = re.sub(short, long, name)
        return name.replace("_", " ")
    rule, _, knobs_of = cell.model.partition("?")
    known = {0: "not told of each other", 1: "told of each other"}
    words = [
        "prisoner's dilemma" if cell.game == "pd" else cell.game.replace("_", " "), f"{cell.level} payoffs",
        f"times {cell.stakes:g}" * (cell.stakes != 1), f"told as {cell.framing}" * (cell.framing != "native"),
        TONGUES.get(cell.language, cell.language), " and ".join(cell.personas),
        known.get(cell.knowledge, f"told of each other with probability {cell.knowledge:g}"), f"{cell.horizon} end",
        rule + f" ({knobs_of.replace('&', ', ').replace('=', ' ')})" * bool(knobs_of),
    ]  # fmt: skip
    return ", ".join(word for word in words if word).replace("_", " ")


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


def link_of(world: Any, seed: int) -> str:
    """The link of a world; "" where no link can carry it."""
    if not isinstance(world, Scenario) or world.name not in NAMED:
        return ""
    try:
        return links.write(world, seed)
    except InputError:
        return ""


def worlds_listed(
    worlds: Mapping[str, Any], seed: int, shown: str, crossed: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The worlds of an experiment as a list; of a large factorial the first, and how many more there are."""
    names, cells = list(worlds), crossed or {}
    listed = [
        described(name, worlds[name], seed, name == shown) | {"title": spoken(name, cells.get(name))}
        for name in names[:MOST_LISTED]
    ]
    if more := names[MOST_LISTED:]:
        rest = {"about": "", "link": "", "able": False, "drawn": False, "shown": False}
        listed.append({"name": f"and {len(more):,} more", "title": f"and {len(more):,} more", **rest})
    return listed


def described(name: str, world: Any, seed: int, shown: bool) -> dict[str, Any]:
    """One world in the list."""
    about, _, _keys = str(getattr(world, "description", "")).partition(" [")
    if not isinstance(world, Scenario) and not about:
        about = ", ".join(f"{knob.title} {tables.text(knob.value)}" for knob in _telling(world)).replace("_", " ")
    return {
        "name": name,
        "about": about,
        "link": link_of(world, seed),
        "able": isinstance(world, Scenario),
        "drawn": can_be_drawn(world),
        "shown": shown,
    }


def _telling(world: Any) -> list[Any]:
    """The knobs that say what a world is: all of a few, otherwise those that are not as usual."""
    found = [knob for knob in knobs(world) if not knob.path.endswith("kind")]
    if len(found) <= MOST_TOLD:
        return found
    usual = {knob.path: knob.value for knob in knobs(type(world)())}
    return [knob for knob in found if usual.get(knob.path) != knob.value][:MOST_TOLD]


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
