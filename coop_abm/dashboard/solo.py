"""One person in one world: what the page Play shows, and the thread that the world runs in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard.frames import NOBODY
from coop_abm.dashboard.layouts import Layout, layout
from coop_abm.dashboard.offers import playable
from coop_abm.dashboard.seats import Closed, Seats
from coop_abm.engine.history import RoundWorld
from coop_abm.engine.measures import Snapshot
from coop_abm.policies.one import OneView
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.seat_words import Told, labels
from coop_abm.sitting import Past, Sitting, earned, mean

logger = logging.getLogger(__name__)

#: The strangers are named after so many rounds, or at the end of a shorter game.
REVEAL = 5
#: Seconds that a round takes which is played without the person.
GLANCE = 0.5
#: Rounds of the strip that are sent.
STRIP = 60
#: Worlds of up to so many individuals are drawn with their numbers.
NUMBERED = 36
#: What a node looks like to the person: nothing is known, it helped you last, it did not.
UNKNOWN, HELPED, REFUSED = 0, 1, 2


class Seen(NamedTuple):
    """What the page shows now; a copy.

    phase : "starting", "asked", "working", "left", "over" or "failed"
    state : uint8 (P,), what each place looks like
    about : everything else, as JSON
    """

    phase: str
    state: np.ndarray
    about: dict[str, Any]


class Solo:
    """A game of one person; it begins with :meth:`open`.

    Parameters
    ----------
    scenario, seed : the world; it starts as it does in the Lab
    node, rounds   : where the person sits, and for how long
    on_begun, on_change : called when there is a world, and when there is something new to see; in any thread

    Raises
    ------
    InputError
        if nobody can sit there
    """

    def __init__(
        self, scenario: Scenario, seed: int, node: int, rounds: int, *,
        on_begun: Callable[[], None] = lambda: None, on_change: Callable[[], None] = lambda: None,
    ):  # fmt: skip
        self.scenario, self.seed, self.node, self.rounds = playable(scenario), seed, node, rounds
        lab.check_whole("node", node, 0, scenario.size - 1)
        lab.check_whole("rounds", rounds, 1, 1000)
        self.on_begun, self.on_change = on_begun, on_change
        self.labels = labels(self.scenario)
        self.layout: Layout | None = None  # until there is a world, which can take seconds
        self._wake = threading.Condition()
        self._closed = False
        self._leaving = False
        self._played: dict[str, Any] | None = None
        self._theory = self._error = ""
        self._known: dict[int, int] = {}  # what others did to the person last
        self._phase = "starting"

    # ------------------------------------------------------------------------------- what the person does

    def open(self) -> None:
        """Begin."""
        threading.Thread(target=self._work, name="coop_abm-play", daemon=True).start()

    def answer(self, key: int, action: int) -> bool:
        """Decide: 0 to cooperate, 1 to defect."""
        return self.layout is not None and self.seats.answer(self.node, key, action)

    def leave(self) -> None:
        """Stand up; the table plays on."""
        with self._wake:
            self._leaving = True
        if self.layout is not None:
            self.seats.leave(self.node)

    def close(self) -> None:
        """Nobody looks any more: the thread ends."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
            begun = self.layout is not None
        if begun:
            self.seats.close()

    # ------------------------------------------------------------------------------- the world's own thread

    def _changed(self) -> None:
        self._phase = "left" if self._leaving else "asked" if self.seats.asking(self.node) else "working"
        self.on_change()

    def _begin(self) -> None:
        """Make the world, and sit down."""
        world = lab.start(self.scenario, self.seed)
        assert isinstance(world, RoundWorld)
        self.play = world.play
        drawn = layout(self.scenario, self.play.answers, self.seed)
        self.seats = Seats(self.play, world.policy, on_change=self._changed)
        self.sitting = Sitting(self.play, self.seats, [self.node])
        self.told = Told(self.scenario, self.play.answers, (self.node,), self.rounds)
        self._first = self.play.state.strategy[0].copy()
        self._places = places_of(world.snapshot(), drawn)
        with self._wake:
            self.layout = drawn
            if self._closed:
                raise Closed
            if not self._leaving:
                self.seats.sit(self.node)

    def _work(self) -> None:
        try:
            self._begin()
            self.on_begun()
            while self.play.round < self.rounds:
                past = self.sitting.round()
                self._look_back(past)
                with self._wake:
                    if self._leaving and self._played is None:
                        self._played = self._account(self.sitting.pasts[:-1])
                    if self._leaving:
                        self._wake.wait_for(lambda: self._closed, GLANCE)
                    if self._closed:
                        return
                self._changed()
            self._played = self._played or self._account(self.sitting.pasts)
            self._theory = theory(self.scenario, self.seed)
            self._phase = "over"
        except Closed:
            return
        except CoopError as error:
            self._phase, self._error = "failed", str(error)
        except Exception as error:  # the page says a sentence, the log has the rest
            logger.exception("a game stopped")
            self._phase = "failed"
            self._error = f"The game stopped with an error ({type(error).__name__}); the log of the server says more."
        self.on_change()

    def _look_back(self, past: Past) -> None:
        others = (turn for turn in past.turns if turn.partner != self.node)
        self._learn({turn.partner: HELPED if turn.other == 0 else REFUSED for turn in others})
        assert self.layout is not None
        self._places = places_of(RoundWorld(self.play, self.seats).snapshot(), self.layout)

    def _learn(self, news: dict[int, int]) -> None:
        self._known = {**self._known, **news}  # never changed in place: the page reads it in a thread of its own

    def _account(self, pasts: list[Past]) -> dict[str, Any]:
        """The account of the rounds that the person played to their end."""
        own = [turn.own for past in pasts for turn in past.turns]
        points = [amount for past in pasts for amount in past.points.values()]
        helped, acts = own.count(0), sum((past.acts for past in pasts), np.zeros(2, np.int64)).tolist()
        others = (acts[0] - helped) / (acts[1] - len(own)) if acts[1] > len(own) else None
        return {
            "left": self._leaving, "rounds": len(pasts), "points": mean(points),
            "others": mean(self.sitting.others_points[: len(pasts)]), "help": helped / len(own) if own else None,
            "others_help": others,
            "earned": [{"name": name, "points": amount} for name, amount in earned(pasts).items()],
        }  # fmt: skip

    # ------------------------------------------------------------------------------- what the page shows

    def seen(self) -> Seen:
        """What the person sees now."""
        about: dict[str, Any] = {
            "phase": self._phase, "error": self._error, "node": self.node, "round": 1, "rounds": self.rounds,
        }  # fmt: skip
        if self.layout is None:
            return Seen(self._phase, np.empty(0, np.uint8), about)
        asked = self.seats.asking(self.node) if not self._leaving else None
        state = np.full(len(self.layout.places), NOBODY, np.uint8)
        if asked is not None and asked[0].view.history:
            _own, other = asked[0].view.history[-1]
            self._learn({asked[0].view.partner: HELPED if other == self.scenario.game.actions[0] else REFUSED})
        known = self._known
        for node, place in enumerate(self._places.tolist()):
            if place >= 0:
                state[place] = known.get(node, UNKNOWN)
        about |= {
            "mine": int(self._places[self.node]), "repeats": self.scenario.direct.enabled,
            "places": self._places.tolist() if len(self._places) <= NUMBERED else [],
            "round": min(self.play.round + 1, self.rounds), "ask": None,
            "strip": self._strip(), "points": round(sum(self.sitting.points[: self._own_rounds()]), 6),
            "strangers": self._strangers(), "summary": self._summary(),
        }  # fmt: skip
        if asked is not None:
            about["ask"] = self._ask(*asked)
        return Seen(self._phase, state, about)

    def _own_rounds(self) -> int:
        return len(self.sitting.pasts) if self._played is None else self._played["rounds"]

    def _ask(self, asked: Any, number: int, many: int) -> dict[str, Any]:
        view = asked.view
        own = view.partner == view.individual
        return {
            "key": asked.key, "number": number, "many": many, "turn": view.turn + 1, "partner": view.partner,
            "place": int(self._places[view.partner]), "facts": self.told.facts(view),
            "who": "a copy of yourself" if own else f"individual {view.partner}", "history": letters(view),
        }  # fmt: skip

    def _strip(self) -> list[dict[str, Any]]:
        """The rounds that are over, as far as the person took part in them."""
        rows = []
        for past in self.sitting.pasts[: self._own_rounds()][-STRIP:]:
            met: dict[int, dict[str, Any]] = {}
            for turn in past.turns:
                seen = met.setdefault(turn.row, {"partner": turn.partner, "turns": [], "failed": 0})
                seen["turns"].append([turn.own, turn.other])
                seen["failed"] += turn.intended != turn.own
            rows.append(
                {"round": past.number + 1, "met": list(met.values()), "points": past.points.get(self.node, 0.0)}
            )
        return rows

    def _strangers(self) -> list[dict[str, Any]]:
        """Who those were whom the person met: what they began with, and what they hold now."""
        if self.play.round < min(REVEAL, self.rounds) and self._played is None:
            return []
        names, now = self.play.repertoire.names, self.play.state.strategy[0]
        deeds: dict[int, list[int]] = {}
        for turn in self.sitting.turns:
            deeds.setdefault(turn.partner, []).append(turn.other)
        words = strategy_words(self.scenario)
        return [
            {"node": node, "name": names[self._first[node]], "words": words.get(names[self._first[node]], ""),
             "helped": done.count(0), "times": len(done),
             "now": names[now[node]] if now[node] != self._first[node] else ""}
            for node, done in sorted(deeds.items()) if node != self.node
        ]  # fmt: skip

    def _summary(self) -> dict[str, Any] | None:
        if self._phase != "over" or self._played is None:
            return None
        return {**self._played, "theory": self._theory}


def theory(scenario: Scenario, seed: int) -> str:
    """What theory says of a world on the round clock: mostly of the nearest one that it knows."""
    found = expectation(scenario, seed)
    if found.kind != "silent":
        return verdict(scenario, found)
    try:
        nearest = replace(scenario, {"clock": "event"})
        known = expectation(nearest, seed)
    except InputError:
        return verdict(scenario, found)
    if known.kind == "silent":
        return verdict(scenario, found)
    return f"Of the same world with one replacement at a time, over very many runs: {verdict(nearest, known)}"


def letters(view: OneView) -> list[list[int]]:
    """The turns with this partner so far: [own, other], 0 to cooperate and 1 to defect."""
    return [[int(own != "cooperate"), int(other != "cooperate")] for own, other in view.history]


def strategy_words(scenario: Scenario) -> dict[str, str]:
    """What each strategy of a world does, in a sentence, by name."""
    return {
        entry.label: (type(entry.strategy).__doc__ or "").strip().split("\n")[0]
        for entry in scenario.players
    }  # fmt: skip


def places_of(now: Snapshot, drawn: Layout) -> np.ndarray:
    """int64 (N,): the place in which each individual is drawn; -1 where nobody lives."""
    alive = now.alive[0] == 1
    place = np.where(alive, np.arange(len(alive)), -1)
    if drawn.seats:
        living = np.flatnonzero(alive)
        order = living[np.argsort(now.group[0][living], kind="stable")]
        group = now.group[0][order]
        place[order] = group * drawn.seats + np.arange(len(order)) - np.searchsorted(group, group)
    return place
