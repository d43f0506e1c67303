"""Structure: what a graph asks of cooperation, exactly, and which edge would ask for less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import solara

from coop_abm.dashboard import asks, controls
from coop_abm.dashboard.drawings import Drawings
from coop_abm.dashboard.pages.base import Page, use_redraw
from coop_abm.dashboard.views import structure as views
from coop_abm.dashboard.views.bench import Controls
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.catalogue import knobs
from coop_abm.structures.famous import FAMOUS

#: What nodes can be coloured by.
COLOURS = {"neutral": "chance of taking over without selection", "ratio": "b/c that helps a first cooperator there"}


_LABEL = {"aria-label": "graph and question"}


@solara.component
def Structure(visit: Visit) -> None:
    """The page; the graph stays on the board while another page is on show."""
    shown = visit.keep("structure", lambda: Shown(visit))
    shown.refresh = use_redraw()
    solara.use_effect(shown.entered, [])
    shown.draw()


class Shown:
    """What the Structure page of one tab shows."""

    def __init__(self, visit: Visit):
        self.visit = visit
        self.refresh: Callable[[], None] = lambda: None
        self.drawings = Drawings(self._changed, self._tried)
        self.picture: views.DrawingView | None = None
        self.by = ""

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        self.drawings.begin()

        def left() -> None:
            self.refresh, self.picture = (lambda: None), None

        return left

    def close(self) -> None:
        """The tab is gone."""
        self.drawings.close()

    # ---------------------------------------------------------------------- from the drawings and the browser

    def _changed(self) -> None:
        self._send()
        self.refresh()

    def _tried(self, one: int, other: int, value: float) -> None:
        if self.picture is not None:
            now = self.drawings.board.now
            words = [asks.spoken(value), asks.spoken(self.drawings.answer.value)]
            self.picture.send({"method": "tried", "args": [one, other, now.weight(one, other) > 0, *words]})

    def on_ready(self, widget: views.DrawingView) -> None:
        """The browser has made the picture."""
        self.picture = widget
        self._send()

    def _send(self) -> None:
        if self.picture is None:
            return
        now, answer = self.drawings.board.now, self.drawings.answer
        values, low, high = asks.coloured(answer, self.by) if self.by else (np.empty(0, np.float32), "", "")
        if len(values) != now.size:  # the answer is about the graph before
            values, low, high = np.empty(0, np.float32), "", ""
        about = {
            "labels": [str(label)[:40] for label in now.labels], "low": low, "high": high,
            "words": COLOURS.get(self.by, ""),
            "said": f"a graph of {now.size} nodes and {len(now.edges)} edges; {asks.sentence(answer.value)}",
        }  # fmt: skip
        ends = np.array([edge[:2] for edge in now.edges], "<u4").reshape(-1, 2)
        buffers = [now.places.astype("<f4").tobytes(), ends.tobytes(), values.astype("<f4").tobytes()]
        self.picture.send({"method": "graph", "args": [about]}, buffers=buffers)

    def on_give(self, event: dict[str, Any]) -> None:
        """Something of this graph was asked for."""
        what = event.get("what")
        if what == "lab":
            self.drawings.to_lab(self.visit)
            return
        name, kind, content = self.drawings.file(str(what))
        if content:
            self.visit.give(name, content, kind)

    def on_by(self, event: dict[str, Any]) -> None:
        """Nodes are to be coloured otherwise."""
        self.by = str(event.get("by")) if event.get("by") in COLOURS else ""
        self._changed()

    def on_ghost(self, change: dict[str, Any]) -> None:
        """The pointer rests on a change, or has left it."""
        if self.picture is not None:
            known = {name: change[name] for name in ("kind", "one", "other") if name in change}
            self.picture.send({"method": "ghost", "args": [known if len(known) == 3 else None]})

    # ------------------------------------------------------------------------------------------ what is drawn

    def draw(self) -> None:
        """The page as it is now."""
        drawings = self.drawings
        with solara.v.Html(tag="div", class_="coop-bench"):
            with solara.v.Html(tag="nav", class_="coop-panel coop-left", attributes=_LABEL):
                views.GraphSource(
                    kinds=drawings.kinds, kind=drawings.kind, famous=list(FAMOUS), error=drawings.error,
                    said=drawings.said, canUndo=drawings.board.can_undo, updates=list(map(list, asks.UPDATES.items())),
                    update=drawings.update, by=self.by, editable=drawings.by_hand, event_take=drawings.take,
                    event_change=drawings.change, event_update=drawings.choose, event_by=self.on_by,
                    event_give=self.on_give, event_upload=drawings.upload,
                )  # fmt: skip
                self._knobs()
            with solara.v.Html(tag="main", class_="coop-panel coop-middle"):
                views.DrawingView.element(
                    editable=drawings.by_hand, layout=None,
                    heard={"ready": self.on_ready, "change": drawings.change, "try": drawings.try_edge},
                )  # fmt: skip
            with solara.v.Html(tag="aside", class_="coop-panel coop-right"):
                self._answers()

    def _knobs(self) -> None:
        scenario = self.drawings.source
        if scenario is None:
            return
        own = [k for k in knobs(scenario) if k.path == "size" or k.path.startswith("network.graph.")]
        Controls(
            sections=[{"title": "Size and shape", "controls": [controls.control(knob, scenario) for knob in own]}],
            errors=self.drawings.errors, marks={}, upload="", event_change=self.drawings.turn,
            event_upload=self.drawings.upload,
        )  # fmt: skip

    def _answers(self) -> None:
        drawings = self.drawings
        job = drawings.job.now
        doing = drawings.doing or (job.words if job.working else "")
        left = f"{job.left:.0f} s left" if job.working and job.left is not None else ""
        views.AsksView(
            told=asks.told(drawings.answer, drawings.board.now), doing=doing, share=job.share if job.working else 0.0,
            left=left, value=asks.spoken(drawings.answer.value), title=asks.UPDATES[drawings.update],
            allPairs=drawings.can_try_all, event_apply=drawings.apply, event_more=drawings.try_all,
            event_stop=lambda _event: drawings.job.stop(), event_largest=drawings.keep_largest,
            event_ghost=self.on_ghost,
        )  # fmt: skip


PAGE = Page("structure", "Structure", Structure)
