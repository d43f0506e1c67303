"""Sweeps: how far a store is, its cells as a plane, the runs of each cell, and new ones from here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara

from coop_abm.core.errors import CoopError
from coop_abm.dashboard import forms
from coop_abm.dashboard.launching import LAUNCHER, demo
from coop_abm.dashboard.pages.base import Page, use_redraw
from coop_abm.dashboard.pages.lab import show
from coop_abm.dashboard.stores import numbered, world_of
from coop_abm.dashboard.views import sweeps as views
from coop_abm.dashboard.visit import Visit
from coop_abm.dashboard.watching import Seen, Watching
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.captions import measured

#: What can be downloaded.
FILES = (
    {"what": "csv", "title": "runs (CSV)", "help": "every run, as coop-abm store export writes them"},
    {"what": "cells.csv", "title": "cells (CSV)", "help": "the numbers of the figure, one row a cell"},
    {"what": "png", "title": "figure (PNG)", "help": "as coop-abm store figure draws it"},
    {"what": "svg", "title": "figure (SVG)", "help": "as coop-abm store figure draws it"},
)
NOTHING = (
    "No store is open. A sweep runs many parameter sets many times, and keeps every run in one file. Start one below, "
    "make a small demo sweep (half a minute or less), or begin with: coop-abm dashboard STORE.sqlite"
)


@solara.component
def Sweeps(visit: Visit) -> None:
    """The store of this tab."""
    shown = visit.keep("sweeps", lambda: Shown(visit))
    shown.refresh = use_redraw()
    solara.use_effect(shown.entered, [])
    shown.draw()


class Shown:
    """What the page of one tab shows."""

    def __init__(self, visit: Visit):
        self.visit = visit
        self.folder = Path.cwd()
        self.refresh: Callable[[], None] = lambda: None
        self.watching = Watching(visit.opened.store, self._changed)
        self.plane: views.Plane | None = None
        self.form_error = ""
        self._sent: Any = None
        self.heard = {"ready": self.on_plane, "cell": self.on_cell}

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        self.watching.open()
        return self.left

    def left(self) -> None:
        """Another page is on show: nothing is read."""
        self.refresh = lambda: None
        self.plane = None
        self.watching.rest()

    def close(self) -> None:
        """The tab is gone; sweeps that were started go on."""
        self.watching.close()

    def _changed(self) -> None:
        self._send()
        self.refresh()

    # ------------------------------------------------------------------------------ from the browser

    def on_plane(self, plane: views.Plane) -> None:
        """There is room for the plane."""
        self.plane, self._sent = plane, None
        self._send()

    def _send(self) -> None:
        plane, drawn = self.plane, self.watching.seen.plane
        if plane is not None and drawn is not None and drawn is not self._sent:
            self._sent = drawn
            plane.send({"method": "plane", "args": [drawn]})

    def on_cell(self, event: dict[str, Any]) -> None:
        """A cell was chosen."""
        row = event.get("row")
        if isinstance(row, int) and not isinstance(row, bool):
            self.watching.choose_cell(row)

    def on_pick(self, event: dict[str, Any]) -> None:
        """Another store of the folder; only names that are on offer are opened."""
        name = event.get("name")
        if name in forms.offered(self.folder):
            self.watching.pick(self.folder / str(name))

    def on_choose(self, event: dict[str, Any]) -> None:
        """Another measure, axis or value."""
        self.watching.choose(str(event.get("name", ""))[:200], str(event.get("value", ""))[:200])

    def on_leaf(self, event: dict[str, Any]) -> None:
        """Another leaf of the table."""
        self.watching.turn("leaf", event.get("first"))

    def on_runs(self, event: dict[str, Any]) -> None:
        """Another leaf of the runs."""
        self.watching.turn("runs", event.get("first"))

    def on_open(self, event: dict[str, Any]) -> None:
        """Replay a run, if it is one of those on show."""
        seen = self.watching.seen
        runs = (run for run in seen.cell.get("runs", ()) if run["able"])
        run = next((run for run in runs if run["replicate"] == event.get("replicate")), None)
        if run is None or seen.look is None:
            return
        if run["link"]:
            self.visit.go(f"/lab?{run['link']}")
        else:  # a world of the user's own
            world = world_of(seen.look, seen.cell["given"])
            show(self.visit, world, int(run["seed"]), replicate=numbered(seen.look, run["replicate"]))

    def on_toml(self, _event: dict[str, Any]) -> None:
        """The world of the cell as a file."""
        text = self.watching.seen.cell.get("toml", "")
        if text:
            self.visit.give("cell.toml", text, "application/toml")

    def on_save(self, event: dict[str, Any]) -> None:
        """Make a file and let the browser save it."""
        what = event.get("what")
        if any(file["what"] == what for file in FILES):
            self.watching.save(str(what), self.visit.give)

    def on_stop(self, _event: dict[str, Any]) -> None:
        """Stop the sweep that this server runs."""
        launched = LAUNCHER.of(self.watching.seen.path) if self.watching.seen.path else None
        if launched is not None:
            launched.stop()
            self.watching.look_again()

    def on_resume(self, _event: dict[str, Any]) -> None:
        """Go on with a sweep that this server has started."""
        launched = LAUNCHER.of(self.watching.seen.path) if self.watching.seen.path else None
        if launched is not None:
            self._start(lambda: launched.order)

    def on_start(self, event: dict[str, Any]) -> None:
        """A new sweep."""
        self._start(lambda: forms.order_of(event, self._world(), self.folder))

    def on_demo(self, _event: dict[str, Any]) -> None:
        """A sweep that takes seconds."""
        self._start(lambda: demo(self.folder))

    def _start(self, make: Callable[[], Any]) -> None:
        self.form_error = ""
        try:
            order = make()
            LAUNCHER.start(order)
            self.watching.pick(order.store)
        except CoopError as error:
            self.form_error = str(error)
        self.refresh()

    def _world(self) -> Scenario:
        """The world in the Lab of this tab."""
        lab = self.visit.kept("lab")
        world = lab.session.status.world if lab is not None else None
        return world.scenario if world is not None else self.visit.opened.scenario

    # ------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        seen = self.watching.seen
        with solara.v.Html(tag="main", class_="coop-sweeps"):
            with solara.v.Html(tag="div", class_="coop-panel"):
                if seen.path is None:
                    solara.v.Html(tag="h1", children=["Sweeps"])
                    solara.v.Html(tag="p", class_="coop-none", children=[NOTHING])
                views.StoreBar(
                    store=self._store(seen), names=forms.offered(self.folder), choices=seen.choices,
                    measures=[{"name": m, "title": measured(m)} for m in (seen.look.measures if seen.look else ())],
                    measure=seen.measure, event_pick=self.on_pick, event_choose=self.on_choose,
                    event_save=self.on_save, event_stop=self.on_stop, event_resume=self.on_resume,
                )  # fmt: skip
            if seen.plane is not None:
                self._found(seen)
            busy = LAUNCHER.busy
            views.NewSweep(
                form=forms.form(self._world(), self.folder, seen.path is None),
                error=self.form_error,
                busy=f"{busy} is being made; one sweep at a time." if busy else "",
                command="",
                event_start=self.on_start,
                event_demo=self.on_demo,
            ).key("new sweep")  # the same one, whatever turns up above it

    def _found(self, seen: Seen) -> None:
        with solara.v.Html(tag="div", class_="coop-found two" if seen.cell else "coop-found"):
            with solara.v.Html(tag="div", class_="coop-panel"):
                views.Plane.element(said=seen.plane["said"] if seen.plane else "", heard=self.heard, layout=None)
            if seen.cell:
                with solara.v.Html(tag="div", class_="coop-panel"):
                    views.OneCell(
                        cell=seen.cell, event_leaf=self.on_runs, event_open=self.on_open, event_toml=self.on_toml,
                        event_shut=lambda _event: self.watching.choose_cell(-1),
                    )  # fmt: skip
        with solara.v.Html(tag="div", class_="coop-panel"):
            views.Cells(leaf=seen.leaf, event_leaf=self.on_leaf, event_cell=self.on_cell)

    def _store(self, seen: Seen) -> dict[str, Any]:
        launched = LAUNCHER.of(seen.path) if seen.path else None
        working = launched is not None and launched.working
        look = seen.look
        done = (look.done + look.failed) if look else 0
        share = min(1.0, done / look.asked) if look and look.asked else None
        return {
            "file": seen.path.name if seen.path else "", "error": seen.error, "words": forms.progress(seen, working),
            "share": share if share is not None and (working or share < 1) else None,
            "stoppable": working, "saving": seen.saving, "files": list(FILES) if seen.plane else [],
            "resumable": launched is not None and not working and share is not None and share < 1,
            "command": launched.order.command if launched else "", "trouble": launched.error if launched else "",
        }  # fmt: skip


PAGE = Page("sweeps", "Sweeps", Sweeps)
