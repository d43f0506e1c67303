"""Play: take a seat in a world. Where class mode is on, the teacher's screen stands here instead."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import solara

from coop_abm.core.errors import InputError, quoted
from coop_abm.dashboard import classroom, links
from coop_abm.dashboard.offers import ALONE, can_sit, offered
from coop_abm.dashboard.pages.base import Page
from coop_abm.dashboard.pages.teaching import Teaching
from coop_abm.dashboard.solo import Solo
from coop_abm.dashboard.views.play import PlayView
from coop_abm.dashboard.visit import Visit
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.scenario import Scenario

#: Rounds of a game where nobody says how many.
ROUNDS = 10


@solara.component
def Play(visit: Visit) -> None:
    """Alone, or with a class where class mode is on."""
    if classroom.present is not None and "node=" not in visit.query:
        Teaching(visit, classroom.present)
    else:
        Alone(visit)


@solara.component
def Alone(visit: Visit) -> None:
    """One person's game, which goes on existing while another page is on show."""
    shown = visit.keep("play", lambda: Table(visit))
    solara.use_effect(shown.entered, [])
    solara.use_effect(lambda: shown.follow(visit.query), [visit.query])
    shown.draw()


class Table:
    """What Play shows in one tab."""

    def __init__(self, visit: Visit):
        self.visit = visit
        self.game: Solo | None = None
        self.view: PlayView | None = None
        self.query = self.error = ""
        self.waiting: tuple[Scenario, int, int, int] | None = None  # on the event clock: to be switched
        self._telling = threading.Lock()  # one message after the other
        self.heard: dict[str, Callable[..., None]] = {
            "ready": self.on_ready, "start": self.on_start, "decide": self.on_decide, "leave": self.on_leave,
            "again": self.on_again, "clock": self.on_clock,
        }  # fmt: skip

    def entered(self) -> Callable[[], None]:
        """The page is on show; the function that is returned says that it is not any more."""
        return self.left

    def left(self) -> None:
        """Another page is on show. The world waits for the person anyway."""
        with self._telling:
            self.view = None

    def close(self) -> None:
        """The tab is gone: so is the world."""
        if self.game is not None:
            self.game.close()

    def follow(self, query: str) -> None:
        """The address names a seat: ``/play?node=12&scenario=kin&clock=round&seed=3``.

        Without a scenario it is one in the world of the Lab, as it is: ``/play?node=12``.
        """
        if query == self.query:
            return
        self.query = query
        asked = dict(parse_qsl(query[: links.LONGEST], keep_blank_values=True)) if query else {}
        if "node" not in asked:
            return
        scenario, seed = self._of_the_lab()
        own = {name: asked.pop(name) for name in ("node", "rounds") if name in asked}
        linked = links.read(urlencode(asked), scenario, seed)
        if linked.error:
            self._refuse(linked.error)
            return
        self._sit(linked.scenario, linked.seed, own["node"], own.get("rounds", ROUNDS))

    # ------------------------------------------------------------------------------ from the browser

    def on_ready(self, view: PlayView) -> None:
        """The page has seen nothing yet."""
        with self._telling:
            self.view = view
        self._tell(whole=True)

    def on_start(self, data: dict[str, Any]) -> None:
        """A world was chosen."""
        try:
            if "offer" in data:
                offer, seed = offered(str(data["offer"])[:40], ALONE), secrets.randbelow(1_000_000)
                self._sit(offer.make(seed), seed, 0, offer.rounds)
                return
            name = str(data.get("world", ""))[:80]
            if name:
                if name not in NAMED:
                    raise InputError(f"world must be one of {', '.join(NAMED)}; got {quoted(name)}")
                self._sit(named(name), data.get("seed"), data.get("node"), data.get("rounds"))
            else:
                scenario, _seed = self._of_the_lab()
                self._sit(scenario, data.get("seed"), data.get("node"), data.get("rounds"))
        except InputError as error:
            self._refuse(str(error))

    def on_decide(self, data: dict[str, Any]) -> None:
        """One of the two buttons."""
        key, action = data.get("key"), data.get("action")
        if self.game is not None and isinstance(key, int) and isinstance(action, int):
            self.game.answer(key, action)

    def on_leave(self) -> None:
        """Stand up."""
        if self.game is not None:
            self.game.leave()

    def on_again(self) -> None:
        """Back to the choice."""
        if self.game is not None:
            self.game.close()
        self.game, self.error, self.waiting = None, "", None
        self._tell()

    def on_clock(self) -> None:
        """The world that was asked for, on the round clock."""
        if self.waiting is None:
            return
        scenario, *rest = self.waiting
        try:
            self._sit(replace(scenario, {"clock": "round"}), *rest)
        except InputError as error:
            self._refuse(str(error))

    # ------------------------------------------------------------------------------ the game

    def _of_the_lab(self) -> tuple[Scenario, int]:
        """The world of the Lab of this tab, or what the command line opened."""
        lab = self.visit.kept("lab")
        world = lab.session.status.world if lab is not None else None
        return (world.scenario, world.seed) if world is not None else (self.visit.opened[0], self.visit.opened[1])

    def _sit(self, scenario: Scenario, seed: Any, node: Any, rounds: Any) -> None:
        try:
            where = _whole("seed", seed), _whole("node", node), _whole("rounds", rounds)
            if scenario.clock != "round":
                self.waiting = scenario, *where
            game = Solo(scenario, *where, on_begun=self._tell_whole, on_change=self._tell)
        except InputError as error:
            self._refuse(str(error), clock=scenario.clock != "round")
            return
        if self.game is not None:
            self.game.close()
        self.game, self.error, self.waiting = game, "", None
        self._tell(whole=True)
        game.open()

    def _refuse(self, sentence: str, clock: bool = False) -> None:
        if self.game is not None:
            self.game.close()
        self.game, self.error = None, sentence
        if not clock:
            self.waiting = None
        self._tell()

    def _tell_whole(self) -> None:
        self._tell(whole=True)

    def _tell(self, whole: bool = False) -> None:
        with self._telling:
            view, game = self.view, self.game
            if view is None:
                return
            if game is None:
                about = {"phase": "choose", "error": self.error, "clock": self.waiting is not None}
                view.send({"method": "now", "args": [about]})
                return
            seen = game.seen()
            about = {**seen.about, "labels": [list(label) for label in game.labels]}
            drawn = game.layout
            if drawn is None:
                view.send({"method": "now", "args": [about]})
            elif whole:
                about |= drawn.about
                view.send({"method": "world", "args": [about]}, buffers=[*drawn.buffers, seen.state.tobytes()])
            else:
                view.send({"method": "now", "args": [about]}, buffers=[seen.state.tobytes()])

    def draw(self) -> None:
        """The widget; everything else travels in messages."""
        scenario, seed = self._of_the_lab()
        picked = getattr(self.visit.kept("lab"), "picked", None)
        PlayView.element(
            offers=[{"name": o.name, "title": o.title, "words": o.words} for o in ALONE],
            worlds=[name for name in NAMED if named(name).clock == "round"],
            lab={
                "name": scenario.name or "your own", "seed": seed, "node": picked or 0, "picked": picked is not None,
                "sits": can_sit(scenario),
            },
            heard=self.heard, layout=None,
        )  # fmt: skip


def _whole(name: str, given: Any) -> int:
    """A whole number as it came from the browser.

    Raises
    ------
    InputError
        if it is none
    """
    try:
        if isinstance(given, (int, str)) and not isinstance(given, bool):
            return int(str(given)[:20])
    except ValueError:
        pass
    raise InputError(f"{name} must be a whole number; got {quoted(given)}")


PAGE = Page("play", "Play", Play)
