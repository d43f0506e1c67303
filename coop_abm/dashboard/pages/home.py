"""Home: five rules that move, and the presets from papers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import solara

from coop_abm.dashboard import cards
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.miniatures import miniature
from coop_abm.dashboard.pages.base import Page, use_redraw
from coop_abm.dashboard.views.home import Home as View
from coop_abm.dashboard.visit import Visit
from coop_abm.presets import PRESETS, verify
from coop_abm.presets.words import found

logger = logging.getLogger(__name__)


@solara.component
def Home(visit: Visit) -> None:
    """Home of this tab; what was checked stays while another page is on show."""
    shown = visit.keep("home", lambda: Shown(visit))
    shown.refresh = use_redraw()
    solara.use_effect(lambda: shown.left, [])
    shown.draw()


class Shown:
    """What Home of one tab shows: the checks that were asked for, and what they found."""

    def __init__(self, visit: Visit):
        self.visit = visit
        self.refresh: Callable[[], None] = lambda: None
        self.job = Job(lambda: self.refresh())
        self.checks: dict[str, dict[str, Any]] = {}
        self._queue: list[str] = []
        self._turn, self._busy = 0, False  # which job works the queue off, if one does
        self._guard = threading.Lock()
        self.cards, self.themes = cards.cards(), cards.themes()
        self._places = {card["href"] for card in self.cards} | {p["href"] for t in self.themes for p in t["presets"]}
        self.heard = {"ready": self.on_ready, "go": self.on_go, "check": self.on_check, "stop": self.on_stop}

    def left(self) -> None:
        """Another page is on show; checks go on, and are there when the reader is back."""
        self.refresh = lambda: None

    def close(self) -> None:
        """The tab is gone."""
        self.refresh = lambda: None
        self.job.close()

    # ------------------------------------------------------------------------------ from the browser

    def on_ready(self, widget: View) -> None:
        """The browser has made the page: send what the cards play, as soon as it is recorded."""
        threading.Thread(target=self._send, args=(widget,), name="coop_abm-miniatures", daemon=True).start()

    def _send(self, widget: View) -> None:
        for card in cards.CARDS:
            if self.visit.ended:
                return
            try:
                film = miniature(card.preset)
                widget.send({"method": "miniature", "args": [card.rule, film.about]}, buffers=film.buffers)
            except Exception:  # a card without a picture is still a card; the log has the reason
                logger.exception("no miniature of %s", card.preset)

    def on_go(self, href: str) -> None:
        """Open a world that this page offers."""
        if href in self._places:
            self.visit.go(href)

    def on_check(self, name: str) -> None:
        """Check a preset, or all for "all"; those that wait already wait once."""
        with self._guard:
            wanted = [n for n in (PRESETS if name == "all" else [name]) if n in PRESETS and n not in self._queue]
            self._queue += wanted
            self.checks = self.checks | {n: {"state": "waiting", "words": "waits"} for n in wanted}
            begins, self._busy = bool(wanted) and not self._busy, self._busy or bool(wanted)
            self._turn += begins
            turn = self._turn
        if begins:
            self.job.start(lambda report: self._work(report, turn))
        else:
            self.refresh()

    def on_stop(self) -> None:
        """No more checks; what was found stays."""
        with self._guard:
            self._queue, self._busy = [], False
            self.checks = {name: check for name, check in self.checks.items() if check["state"] == "done"}
        self.job.stop()

    # ------------------------------------------------------------------------------ beside the page

    def _work(self, report: Callable[[str, float], None], turn: int) -> int:
        done = 0
        try:
            while (name := self._next(turn)) is not None:
                outcome = self._checked(name, report, done)
                done += 1
                with self._guard:
                    if turn == self._turn and name in self._queue:
                        self._queue.remove(name)
                        self.checks = self.checks | {name: outcome}
        except Exception:
            with self._guard:
                if turn == self._turn:
                    self._queue, self._busy = [], False
                    self.checks = {n: check for n, check in self.checks.items() if check["state"] == "done"}
            raise
        return done

    def _next(self, turn: int) -> str | None:
        """The next in the queue of this job; None, and the job is over, where there is none."""
        with self._guard:
            if turn != self._turn or not self._queue:
                self._busy = self._busy and turn != self._turn
                return None
            self.checks = self.checks | {self._queue[0]: {"state": "working", "words": "runs"}}
            return self._queue[0]

    def _checked(self, name: str, report: Callable[[str, float], None], done: int) -> dict[str, Any]:
        preset = PRESETS[name]

        def step(steps: int) -> None:
            report(
                f"checking {preset.title}", (done + min(steps / preset.steps, 0.99)) / (done + len(self._queue) or 1)
            )

        outcome = verify(preset, progress=step)
        return {"state": "done", "agrees": outcome.agrees, "words": found(preset, outcome)}

    def draw(self) -> None:
        """The page as it is now."""
        now = self.job.now
        agreeing = [check["agrees"] for check in self.checks.values() if check["state"] == "done"]
        said = f"{sum(agreeing)} of {len(agreeing)} checked runs agree" if agreeing else ""
        View.element(
            cards=self.cards, themes=self.themes, checks=self.checks, working=now.working,
            said=now.error or said, heard=self.heard, layout=None,
        )  # fmt: skip


PAGE = Page("home", "Home", Home)
