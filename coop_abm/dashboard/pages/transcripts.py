"""Transcripts: who did what in which round, and what was said, of any run."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import solara

from coop_abm.core.errors import CoopError, InputError, quoted
from coop_abm.dashboard import tales
from coop_abm.dashboard.acts import NOTHING, PARTS, GenerationsAgain, RoundAgain, Wanted
from coop_abm.dashboard.asking import Money
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.matrix import SORTS, Filter
from coop_abm.dashboard.money import purse_of
from coop_abm.dashboard.pages.base import Page, fresh, use_redraw
from coop_abm.dashboard.reading import Reading, counts
from coop_abm.dashboard.views import transcripts as views
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.library import NAMED
from coop_abm.transcript import transcript

#: Sides of a cell in pixels; bytes of a file that the browser is given at most.
CELLS, LARGEST_FILE = (2, 3, 4, 6, 8, 11, 14, 18, 24, 32), 48 << 20
#: Seed of the demo run: whoever makes it sees the same.
DEMO = 1
#: Characters that are looked for at most.
LONGEST_WORDS = 200


@solara.component
def Transcripts(visit: Visit) -> None:
    """The page of this tab: its runs go on existing while another page is on show."""
    shown = visit.keep("transcripts", lambda: Shown(visit))
    shown.refresh = use_redraw()
    solara.use_effect(shown.entered, [])
    query = solara.use_router().search or ""  # a tab that stays on this page is not drawn anew by its frame
    solara.use_effect(lambda: shown.follow(query), [query])
    shown.draw()


class Shown:
    """What the page of one tab shows, and what its buttons do."""

    def __init__(self, visit: Visit):
        self.visit = visit
        self.refresh: Callable[[], None] = lambda: None
        self.query: str | None = None
        self.purse = purse_of(visit)
        self.reading = Reading(
            visit.opened, self.purse, lab=self._of_lab, on_change=self._again, on_grown=self._grown, on_run=self._about
        )
        self.widgets: dict[str, views.Matrix] = {}
        self.telling = threading.Lock()
        self.epochs = itertools.count(1)
        self.epoch = {"a": 0, "b": 0}
        self.zoom = CELLS.index(14)
        self._fitted: Any = None
        self.pinned: tuple[int, int] | None = None
        self.saving = Job(self._again)
        self.heard = {"ready": self._ready, "want": self._want, "pick": self._pick}
        self._jump = False
        self._told: tuple[Any, dict[str, Any]] | None = None

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        return self._left

    def _left(self) -> None:
        self.refresh = lambda: None
        with self.telling:
            self.widgets.clear()

    def follow(self, query: str) -> None:
        """The address is another one."""
        if query != self.query:
            self.query = query
            self.reading.follow(query)

    def close(self) -> None:
        """The tab is gone."""
        self.saving.stop()
        self.reading.close()

    def _of_lab(self) -> Wanted | None:
        """The world of the Lab as far as it is."""
        session = getattr(self.visit.kept("lab"), "session", None)
        world, now = (session.status.world, session.frame) if session is not None else (None, None)
        return None if world is None or now is None else Wanted(world.scenario, world.seed, max(1, now.time))

    # ------------------------------------------------------------------------------------ to the browser

    def _again(self) -> None:
        self.refresh()

    def _grown(self, side: str, done: int) -> None:
        with self.telling:
            if side in self.widgets:
                self.widgets[side].send({"method": "grew", "args": [done]})

    def _about(self) -> None:
        """Rows, filter or runs are other ones: everything is drawn anew."""
        for side in ("a", "b"):
            self._tell_about(side)

    def _tell_about(self, side: str) -> None:
        here, shown = self.reading.sides.get(side), self.reading.shown(side)
        with self.telling:
            widget = self.widgets.get(side)
            if widget is None or here is None or shown is None:
                return
            if side == "a" and self._fitted is not here.run:
                self._fitted, self.zoom = here.run, fitting(len(shown.order), here.run.wanted.kept)
            self.epoch[side] = next(self.epochs)
            views.send_about(
                widget, here.run, shown, epoch=self.epoch[side], cell=CELLS[self.zoom], jump=self._jump,
                divergence=self._place(shown.order, self.reading.divergence), spoken=self._spoken(side),
            )  # fmt: skip
            widget.send({"method": "choose", "args": [self._place(shown.order, self.reading.at)]})

    @staticmethod
    def _place(order: np.ndarray, at: tuple[int, int] | None) -> dict[str, int] | None:
        """Where a (round, individual) stands."""
        if at is None or not (order == at[1]).any():
            return None
        return {"row": int(np.argmax(order == at[1])), "round": at[0]}

    def _spoken(self, side: str) -> str:
        run = self.reading.sides[side].run
        name, size = self.reading.sides[side].story.title, run.wanted.scenario.size
        return f"{name}: {size:,} individuals, {run.acts.done:,} of {run.wanted.kept:,} {_unit(run)}s"

    def _choose(self, at: tuple[int, int] | None) -> None:
        self.reading.at = at
        for side, widget in list(self.widgets.items()):
            shown = self.reading.shown(side)
            if shown is not None:
                widget.send({"method": "choose", "args": [self._place(shown.order, at)]})
        self._again()

    # ---------------------------------------------------------------------------------- from the browser

    def _ready(self, widget: views.Matrix) -> None:
        with self.telling:
            self.widgets[widget.side] = widget
        self._tell_about(widget.side)

    def _want(self, side: str, data: dict[str, Any]) -> None:
        here, shown = self.reading.sides.get(side), self.reading.shown(side)
        with self.telling:
            if (
                here is not None
                and shown is not None
                and side in self.widgets
                and data.get("epoch") == self.epoch[side]
            ):
                views.send_tiles(self.widgets[side], here.run, shown, self.epoch[side], data.get("tiles"))

    def _pick(self, side: str, data: dict[str, Any]) -> None:
        shown = self.reading.shown(side)
        row, round_ = data.get("row"), data.get("round")
        if shown is not None and type(row) is int and type(round_) is int and 0 <= row < len(shown.order):
            self._choose(self.reading.within(round_, int(shown.order[row])))

    def do(self, event: dict[str, Any]) -> None:
        """A button, a field or a key."""
        act = getattr(self, f"_do_{str(event.get('do', '')).replace('-', '_')}", None)
        if act is None:
            return
        self.reading.error = ""
        try:
            act(event)
        except (InputError, CoopError) as error:
            self.reading.error = str(error)
        self._again()

    def _do_run(self, event: dict[str, Any]) -> None:
        self.reading.open_folder(str(event.get("name", "")))

    def _do_world(self, event: dict[str, Any]) -> None:
        which = str(event.get("world", ""))
        self.reading.play_world(which, str(event.get("seed", ""))[:30], str(event.get("rounds", ""))[:30])

    def _do_demo(self, _event: dict[str, Any]) -> None:
        self.reading.demonstrate(DEMO)

    def _do_stop(self, _event: dict[str, Any]) -> None:
        self.reading.stop()

    def _do_sort(self, event: dict[str, Any]) -> None:
        if event.get("by") in SORTS:
            self.reading.sort = str(event["by"])
            self._about()

    def _do_filter(self, event: dict[str, Any]) -> None:
        asked = event.get("filter")
        asked = asked if isinstance(asked, dict) else {}
        holder = asked.get("holder")
        self.reading.look_for(Filter(
            str(asked.get("did", "")) if asked.get("did") in ("cooperated", "defected", "both") else "",
            str(asked.get("mark", "")) if asked.get("mark") in ("invalid", "fallback", "cached", "model") else "",
            holder if type(holder) is int else -1, str(asked.get("words", ""))[:LONGEST_WORDS],
        ))  # fmt: skip
        self._about()

    def _do_next(self, _event: dict[str, Any]) -> None:
        """The next cell that matches, by round and then by row."""
        shown = self.reading.shown("a")
        if shown is None or shown.found is None or not shown.found.any():
            return
        cells = np.argwhere(shown.found)
        after = self.reading.at or (-1, -1)
        later = np.flatnonzero((cells[:, 0] > after[0]) | ((cells[:, 0] == after[0]) & (cells[:, 1] > after[1])))
        t, who = cells[later[0] if len(later) else 0]
        self._choose((int(t), int(who)))

    def _do_other(self, event: dict[str, Any]) -> None:
        self.reading.compare(str(event.get("name", "")))

    def _do_seed_beside(self, _event: dict[str, Any]) -> None:
        if "a" in self.reading.sides:
            self.reading.compare_seed(self.reading.sides["a"].story.wanted.seed + 1)

    def _do_jump(self, _event: dict[str, Any]) -> None:
        self._choose(self.reading.divergence)

    def _do_zoom(self, event: dict[str, Any]) -> None:
        self.zoom = max(0, min(self.zoom + (1 if event.get("by") == 1 else -1), len(CELLS) - 1))
        self._about()

    def _do_close(self, _event: dict[str, Any]) -> None:
        self._choose(None)

    def _do_walk(self, event: dict[str, Any]) -> None:
        rows, rounds = event.get("rows"), event.get("rounds")
        if rows in (-1, 0, 1) and rounds in (-1, 0, 1):
            self.reading.walk(int(rows), int(rounds))
            self._choose(self.reading.at)

    def _do_go(self, event: dict[str, Any]) -> None:
        if type(event.get("round")) is int and type(event.get("agent")) is int:
            self._choose(self.reading.within(event["round"], event["agent"]))

    def _do_pin(self, _event: dict[str, Any]) -> None:
        self.pinned = None if self.pinned == self.reading.at else self.reading.at

    def _do_not_now(self, _event: dict[str, Any]) -> None:
        self.reading.asking = None

    def _do_save(self, event: dict[str, Any]) -> None:
        side, at, what = self.reading.sides.get("a"), self.reading.at, event.get("what")
        if side is None or (at is None and what != "run"):
            return
        run, story = side.run, side.story

        def lines() -> Iterator[str]:
            if what == "run" and story.said is not None and story.said.journal.is_file():
                return (line + "\n" for line in transcript(story.said, as_json=True))
            if what == "run":
                return plain_lines(run)
            t, who = at or (0, 0)
            cells = [(t, who)] if what == "cell" else [(t, who) for t in range(run.acts.done)]
            return tales.lines_of(story, run, iter(cells))

        name = {
            "run": "run",
            "cell": f"individual-{at[1]}-{at[0]}" if at else "",
            "agent": f"individual-{at[1]}" if at else "",
        }

        def work(report: Callable[[str, float], None]) -> None:
            parts, size = [], 0
            for line in lines():
                report("writing the file", 0.5)
                size += len(line)
                if size > LARGEST_FILE:
                    raise InputError(
                        f"the file would have more than {LARGEST_FILE >> 20} MB: `coop-abm transcript FOLDER --json` "
                        "writes a run of any length"
                    )
                parts.append(line)
            self.visit.give(f"{name}.jsonl", "".join(parts), "application/jsonl")

        self.saving.start(work)

    # ------------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        reading = self.reading
        side, asking = reading.sides.get("a"), reading.asking
        with solara.v.Html(tag="main", class_="coop-transcripts"):
            views.Bar(now=self._bar(), event_do=self.do)
            world = asking or (side.story.wanted if side is not None else None)
            Money(
                self.visit, world.scenario if world else None, world.seed if world else 0,
                world.rounds if world else 1, on_confirm=self._confirmed, beat=fresh(),
            )  # fmt: skip
            if side is None:
                if asking is None and reading.working is None:
                    words = (
                        "No run is on show. Run a world here, or make a demo run: it needs no key and costs nothing."
                    )
                    solara.v.Html(tag="p", class_="coop-panel coop-empty", children=[words])
                return
            self._stage()

    def _stage(self) -> None:
        reading = self.reading
        side, other = reading.sides["a"], reading.sides.get("b")
        cell = self._cell()
        kinds = " ".join(["coop-lectern", *(["two"] if other else []), *(["open"] if cell else [])])
        with solara.v.Html(tag="div", class_=kinds):
            for name, here in (("a", side), ("b", other)):
                if here is not None:
                    views.Matrix.element(
                        side=name, title=here.story.title if other else "", words="", heard=self.heard, layout=None
                    ).key(f"matrix {name}")
            views.Cell(cell=cell, unit=_unit(side.run), base=_base(side.run), event_do=self.do)

    def _confirmed(self) -> None:
        asking = self.reading.asking
        if asking is not None:
            self.reading.play(asking)
        self._again()

    def _cell(self) -> dict[str, Any] | None:
        """The cell that is open, in full; looked up once."""
        reading = self.reading
        side, at = reading.sides.get("a"), reading.at
        if side is None or at is None:
            return None
        other = reading.sides.get("b")
        key = (id(side.run), id(other.run) if other else 0, at, self.pinned, side.run.acts.done if not at else 0)
        if self._told is not None and self._told[0] == key:
            return self._told[1]
        try:
            cell = tales.tale(side.story, side.run, *at)
            if other is not None and at[0] < other.run.acts.done and at[1] < other.run.wanted.scenario.size:
                second = tales.tale(other.story, other.run, *at)
                lines = tales.difference(cell, second)
                cell["difference"], cell["names"] = lines, [side.story.title, other.story.title]
                cell["differs"] = any(line["kind"] != "same" for line in lines)
            cell["link"], cell["pinned"] = reading.address(*at), self.pinned == at
            if self.pinned is not None and self.pinned != at:
                kept = tales.tale(side.story, side.run, *self.pinned)
                title = f"individual {self.pinned[1]}, {_unit(side.run)} {self.pinned[0] + _base(side.run)}"
                cell["pin"] = {"title": title, "did": f"{kept['strategy']} {kept['did']}", "round": self.pinned[0],
                               "agent": self.pinned[1]}  # fmt: skip
        except CoopError as error:
            reading.error = str(error)
            return None
        self._told = key, cell
        return cell

    def _bar(self) -> dict[str, Any]:
        reading = self.reading
        side, job = reading.sides.get("a"), reading.working
        now = job.now if job is not None else self.saving.now if self.saving.now.working else None
        names = reading.names
        left = f", {now.left:.0f} s left" if now is not None and now.left is not None and now.left >= 1 else ""
        state: dict[str, Any] = {
            "title": "", "about": "", "facts": [], "runs": names, "run": "", "worlds": self._worlds(),
            "world": "opened", "seed": str(self.visit.opened.seed), "rounds": "100",
            "error": reading.failure or self.saving.now.error, "note": reading.note,
            "progress": None if now is None else {"words": now.words, "share": now.share, "left": left},
            "found": None, "models": False, "others": [],
            "other": reading.other_name, "divergence": None, "same": False, "seeded": False,
        }  # fmt: skip
        if side is None:
            return state
        story, run = side
        size, told = run.wanted.scenario.size, counts(run)
        held, unit, seed = isinstance(run, GenerationsAgain), _unit(run), story.wanted.seed
        clock = run.wanted.scenario.clock
        job_b = reading.jobs["b"].now
        return state | {
            "title": story.title, "run": story.title if story.title in names else "",
            "about": f"{size:,} individuals, {run.acts.done:,} {unit}s, seed {seed}, {clock} clock",
            "facts": _facts(told), "models": bool(run.wanted.models), "held": held, "unit": unit,
            "base": _base(run),
            "keys": views.strategies(run), "sort": reading.sort, "sorts": list(SORTS.items()),
            "filter": reading.filter._asdict(), "names": [quoted(n)[1:-1].replace("_", " ") for n in run.names],
            "found": reading.found if reading.filter.asks else None, "others": [n for n in names if n != story.title],
            "divergence": list(reading.divergence) if reading.divergence else None,
            "same": "b" in reading.sides and reading.divergence is None and job_b.state == "done",
            "seeded": not self.purse.bought(run.wanted.scenario) and not reading.names,
        }  # fmt: skip

    def _worlds(self) -> list[tuple[str, str]]:
        own = self.visit.opened.scenario.name or "the opened world"
        here = [("lab", "the world of the Lab")] if self._of_lab() is not None else []
        return [*here, ("opened", quoted(own)[1:-1]), *((n, n.replace("_", " ")) for n in NAMED if n != own)]


def fitting(rows: int, rounds: int) -> int:
    """Which of CELLS shows the whole matrix on a usual screen; where none does, cells that can be pressed."""
    whole = [k for k, cell in enumerate(CELLS) if 6 <= cell <= 24 and rounds * cell <= 1100 and rows * cell <= 500]
    return whole[-1] if whole else CELLS.index(14)


def _facts(told: dict[str, int]) -> list[tuple[str, str, str]]:
    """The numbers at the top: what models were asked and how often they gave no answer."""
    if not told["models"]:
        return []
    share = 100 * told["again"] / told["models"]
    many = "wary" if share > 10 else ""
    return [
        ("calls", f"{told['calls']:,}", ""),
        (f"of {told['models']:,} cells had an invalid reply ({share:.1f} %)", f"{told['again']:,}", many),
        ("with a fallback", f"{told['fallbacks']:,}", "wary" if told["fallbacks"] else ""),
    ]  # fmt: skip


def plain_lines(run: RoundAgain | GenerationsAgain) -> Iterator[str]:
    """JSON, one line an individual: the strategy held and the share of cooperative acts, round by round."""
    acts, names = run.acts, run.names
    for i in range(run.wanted.scenario.size):
        held = [names[s] if s < len(names) else None for s in acts.strategy[: acts.done, i].tolist()]
        done = [None if s == NOTHING else s / PARTS for s in acts.share[: acts.done, i].tolist()]
        line = {"individual": i, "strategy": held}
        yield json.dumps(line if isinstance(run, GenerationsAgain) else line | {"cooperated": done}) + "\n"


def _unit(run: RoundAgain | GenerationsAgain) -> str:
    return "generation" if isinstance(run, GenerationsAgain) else "round"


def _base(run: RoundAgain | GenerationsAgain) -> int:
    """The number of the first column: rounds count from 0 as in `coop-abm transcript`, generations end at 1."""
    return int(isinstance(run, GenerationsAgain))


PAGE = Page("transcripts", "Transcripts", Transcripts)
