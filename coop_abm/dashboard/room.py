"""One world and the people in it: who sits where, what each is told, what the teacher sees.

The world runs in a thread of its own from Start to End. A turn is over when everybody who is asked and there has
decided, or its time is up; for those who did not answer the table of their node plays, which is counted. Nobody is
told more than the rules of the world let it know; the teacher sees who has decided, and what when the round is over.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard import bets
from coop_abm.dashboard.frames import NOBODY
from coop_abm.dashboard.layouts import Layout, layout
from coop_abm.dashboard.offers import Offer, fitted, playable
from coop_abm.dashboard.seats import Closed, Seats
from coop_abm.dashboard.solo import HELPED, REFUSED, UNKNOWN, letters, places_of, theory
from coop_abm.engine.history import RoundWorld
from coop_abm.seat_words import Told, Turn, labels
from coop_abm.sitting import Past, Sitting, earned, mean

logger = logging.getLogger(__name__)

#: People in one room at most.
MOST = 60
#: Seconds after which the seat of somebody who went away is free.
ABSENT = 90.0
#: Seconds of a turn that the teacher can choose; 0 is without an end.
PATIENCE = (0, 10, 20, 30, 60)
#: Characters of a name.
NAME = 24


@dataclass
class Person:
    """Somebody who joined.

    secret : what its browser shows to have its seat again
    node   : where it sits; -1 before the world starts
    lines  : how many lines it has open now; gone : since when it has had none
    points, last : felt payoff of each round that it played, and what happened in the last of them
    """

    number: int
    name: str
    secret: str
    node: int = -1
    lines: int = 0
    gone: float = field(default_factory=time.monotonic)
    bet: str = ""
    points: list[float] = field(default_factory=list)
    last: list[Turn] = field(default_factory=list)


class Room:
    """A world that a code opens.

    Parameters
    ----------
    number, code : its name in addresses, and what opens it
    offer, seed  : which world, from which root seed

    Attributes
    ----------
    phase : "gathering", "starting", "running", "paused" or "over"
    """

    def __init__(self, number: int, code: str, offer: Offer, seed: int, *, absent: float = ABSENT):
        self.number, self.code, self.offer, self.seed, self.absent = number, code, offer, seed, absent
        self.phase, self.error, self.patience, self.rounds = "gathering", "", 20, offer.rounds
        self.scenario = playable(offer.make(seed))
        self.people: dict[int, Person] = {}
        self.shares: list[float] = []
        self.layout: Layout | None = None
        self._lock = threading.RLock()
        self._go = threading.Condition(self._lock)
        self._listeners: set[Callable[[], None]] = set()
        self._count = 0
        self._did = np.empty(0, np.int64)
        self._theory = ""

    # ------------------------------------------------------------------------------- those who look

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call this whenever there is something new, in any thread; the function returned ends it."""
        with self._lock:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def changed(self) -> None:
        """Tell all who look."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener()
            except Exception:  # one whose line broke must not keep the others from hearing
                logger.exception("a line of the class broke")
                self._listeners.discard(listener)

    # ------------------------------------------------------------------------------- those who take part

    def join(self, name: str) -> Person | None:
        """A new person, sitting down where the world runs already; None where there is no room."""
        with self._lock:
            self._forget()
            free = self._free() if self.phase != "gathering" else [-1]
            if self.phase == "over" or len(self.people) >= MOST or not free:
                return None
            self._count += 1
            person = Person(self._count, " ".join(name.split())[:NAME] or f"guest {self._count}", secrets.token_hex(16))
            self.people[person.number] = person
            if free != [-1]:
                self._sit(person, free[0])
        self.changed()
        return person

    def known(self, secret: str) -> Person | None:
        """Whose secret this is; compared in constant time."""
        with self._lock:
            self._forget()
            given, found = secret.encode(), None
            for person in self.people.values():
                if hmac.compare_digest(person.secret.encode(), given):
                    found = person
            return found

    def line(self, person: Person, opened: bool) -> None:
        """A line of this person opened, or broke."""
        with self._lock:
            person.lines += 1 if opened else -1
            person.gone = time.monotonic()
            free = self._free() if person.node < 0 else []
            if free:
                self._sit(person, free[0])
            if self.layout is not None and person.node >= 0:
                self.seats.away(person.node, person.lines == 0)
            self._go.notify_all()
        self.changed()

    def leave(self, person: Person) -> None:
        """The person gives its seat back."""
        with self._lock:
            self._drop(person)
        self.changed()

    def _drop(self, person: Person) -> None:
        if self.people.pop(person.number, None) is not None and person.node >= 0 and self.layout is not None:
            self.seats.leave(person.node)
            self.sitting.sit(p.node for p in self.people.values() if p.node >= 0)

    def bet(self, person: Person, bet: str) -> None:
        """What the person expects; before the first round is over."""
        with self._lock:
            if bet in bets.BETS and not self.shares:
                person.bet = bet
        self.changed()

    def answer(self, person: Person, key: int, action: int) -> bool:
        """The person decides."""
        return self.layout is not None and person.node >= 0 and self.seats.answer(person.node, key, action)

    def _forget(self) -> None:
        """Free the seats of those who have been away for long."""
        for person in list(self.people.values()):
            if person.lines == 0 and time.monotonic() - person.gone > self.absent:
                self._drop(person)

    def _free(self) -> list[int]:
        taken = {person.node for person in self.people.values()}
        return [node for node in self._order if node not in taken] if self.layout is not None else []

    def _sit(self, person: Person, node: int) -> None:
        person.node = node
        self.seats.sit(node)
        self.seats.away(node, person.lines == 0)
        self.sitting.sit(p.node for p in self.people.values() if p.node >= 0)

    # ------------------------------------------------------------------------------- what the teacher does

    def choose(self, offer: Offer) -> None:
        """Another world, before it starts; the people and the code stay."""
        with self._lock:
            if self.phase != "gathering":
                raise InputError("world: this one has started; end it to choose another")
            self.offer, self.rounds, self.scenario = offer, offer.rounds, playable(offer.make(self.seed))
        self.changed()

    def set_patience(self, seconds: int) -> None:
        """How long a turn waits; 0 as long as it takes."""
        if seconds not in PATIENCE:
            raise InputError(f"seconds must be one of {', '.join(map(str, PATIENCE))}; got {seconds}")
        with self._lock:
            self.patience = seconds
            if self.layout is not None:
                self.seats.patience = float(seconds) or None
        self.changed()

    def start(self) -> None:
        """Begin, or go on."""
        with self._lock:
            if self.phase == "gathering":
                self.phase = "starting"
                threading.Thread(target=self._work, name="coop_abm-room", daemon=True).start()
            elif self.phase == "paused":
                self.phase = "running"
                self.seats.pause(False)
            self._go.notify_all()
        self.changed()

    def pause(self) -> None:
        """Stop the clock; nobody's table plays meanwhile."""
        with self._lock:
            if self.phase == "running":
                self.phase = "paused"
                self.seats.pause(True)
        self.changed()

    def next(self) -> None:
        """Close this round at once: the tables play for those who have not decided."""
        with self._lock:
            if self.phase in ("running", "paused"):
                self.seats.hurry()
                self._go.notify_all()

    def end(self) -> None:
        """End the world. Its code opens nothing any more."""
        with self._lock:
            begun, self.phase = self.layout is not None, "over"
            if begun:
                self.seats.close()
            self._go.notify_all()
        self.changed()

    # ------------------------------------------------------------------------------- the world's own thread

    def _begin(self) -> None:
        with self._lock:
            people = [p for p in self.people.values() if p.lines]
        self.scenario = fitted(self.scenario, len(people))
        world = lab.start(self.scenario, self.seed)
        assert isinstance(world, RoundWorld)
        self.world, self.play = world, world.play
        drawn = layout(self.scenario, self.play.answers, self.seed)
        self.seats = Seats(self.play, world.policy, on_change=self.changed, patience=float(self.patience) or None)
        self.sitting = Sitting(self.play, self.seats, [])
        self.told = Told(self.scenario, self.play.answers, (), self.rounds)
        self.labels = labels(self.scenario)
        # Neighbours sit together: people meet each other rather than tables.
        self._order = list(range(self.scenario.size))
        self._places = places_of(world.snapshot(), drawn)
        self._did = np.zeros(self.scenario.size, np.int64)
        with self._lock:
            self.layout = drawn
            for person in list(self.people.values()):
                free = self._free()
                if free:
                    self._sit(person, free[0])
            if self.phase == "over":
                raise Closed
            self.phase = "running"
        self.changed()

    def _work(self) -> None:
        try:
            self._begin()
            while self.play.round < self.rounds:
                with self._lock:
                    self._go.wait_for(self._may_go_on)
                    if self.phase == "over":
                        return
                self._look_back(self.sitting.round())
                self.changed()
            self._theory = theory(self.scenario, self.seed)
            with self._lock:
                self.phase = "over"
        except Closed:
            self._theory = theory(self.scenario, self.seed)
        except CoopError as error:
            self.error, self.phase = str(error), "over"
        except Exception as error:  # the class is told a sentence, the log has the rest
            logger.exception("the world of a class stopped")
            self.error = f"The world stopped with an error ({type(error).__name__}); the log of the server says more."
            self.phase = "over"
        self.changed()

    def _look_back(self, past: Past) -> None:
        with self._lock:
            self.seats.hurry(False)
            self.shares.append(float(past.acts[0] / past.acts[1]) if past.acts[1] else float("nan"))
            assert self.layout is not None
            self._places = places_of(self.world.snapshot(), self.layout)
            helped, acts = past.deeds.T
            self._did = np.where(acts == 0, UNKNOWN, np.where(2 * helped >= acts, HELPED, REFUSED))
            for person in self.people.values():
                if person.node in past.points:
                    person.points.append(past.points[person.node])
                    person.last = [turn for turn in past.turns if turn.individual == person.node]
            self._forget()

    def _may_go_on(self) -> bool:
        """A round begins only while somebody is there to play it."""
        return self.phase == "over" or (self.phase == "running" and any(p.lines for p in self.people.values()))

    # ------------------------------------------------------------------------------- what each of them sees

    def phone(self, person: Person) -> dict[str, Any]:
        """What this person is shown: its own, and nobody else's."""
        with self._lock:
            begun = self.layout is not None
            told: dict[str, Any] = {
                "phase": self.phase, "title": self.offer.title, "words": self.offer.words, "name": person.name,
                "round": self._round(), "rounds": self.rounds, "node": person.node,
                "points": sum(person.points), "last": _strip(person), "ask": None, "seconds": None,
                "bets": bets.BETS if not self.shares and self.phase != "over" else {}, "bet": person.bet,
                "said": bets.answer(person.bet, bets.outcome(self._told_shares())) if self.phase == "over" else "",
                "error": self.error,
            }  # fmt: skip
            if not begun or self.phase == "over":
                return told
            told |= {"labels": self.labels, "missed": self.seats.missed.get(person.node, 0)}
            asked = self.seats.asking(person.node) if self.phase != "starting" else None
        if asked is not None:
            question, number, many = asked
            view = question.view
            told["ask"] = {
                "key": question.key, "number": number, "many": many, "turn": view.turn + 1,
                "who": "a copy of yourself" if view.partner == view.individual else f"individual {view.partner}",
                "facts": self.told.facts(view), "history": letters(view),
            }  # fmt: skip
            told["seconds"] = self.seats.seconds
        return told

    def teacher(self) -> tuple[dict[str, Any], np.ndarray]:
        """(everything but what nobody may see before a round is over, what each place looks like)."""
        with self._lock:
            begun = self.layout is not None
            decided, waited = (self.seats.decided, self.seats.waited_for) if begun else (set(), set())
            missed = self.seats.missed if begun else {}
            people = [
                {"name": p.name, "node": p.node, "here": p.lines > 0, "points": sum(p.points),
                 "place": int(self._places[p.node]) if begun and p.node >= 0 else -1,
                 "missed": missed.get(p.node, 0), "decided": p.node in decided, "asked": p.node in waited}
                for p in self.people.values()
            ]  # fmt: skip
            about = {
                "number": self.number, "code": spelled(self.code), "phase": self.phase, "error": self.error,
                "offer": self.offer.name, "title": self.offer.title, "words": self.offer.words,
                "round": self._round(), "rounds": self.rounds, "people": people,
                "patience": self.patience, "times": list(PATIENCE), "seconds": self.seats.seconds if begun else None,
                "shares": [None if share != share else share for share in self.shares], "size": self.scenario.size,
                "tally": {bet: sum(p.bet == bet for p in self.people.values()) for bet in bets.BETS},
                "bets": bets.BETS, "outcome": bets.outcome(self._told_shares()) if self.phase == "over" else "",
                "earned": self._earned() if begun else [], "theory": self._theory,
            }  # fmt: skip
            state = np.full(len(self.layout.places) if self.layout is not None else 0, NOBODY, np.uint8)
            if begun:
                living = np.flatnonzero(self._places >= 0)
                state[self._places[living]] = self._did[living]
        return about, state

    def _round(self) -> int:
        """The round that is on, counted from 1; the last one when it is over."""
        return min(len(self.shares) + (self.phase != "over"), self.rounds)

    def _told_shares(self) -> list[float]:
        return [share for share in self.shares if share == share]

    def _earned(self) -> list[dict[str, Any]]:
        """Mean payoff of a round: of the people, and of each table."""
        people = mean([point for person in self.people.values() for point in person.points])
        rows: list[dict[str, Any]] = [] if people is None else [{"name": "people", "points": people, "people": True}]
        return rows + [{"name": name, "points": amount} for name, amount in earned(self.sitting.pasts).items()]


def spelled(code: str) -> str:
    """A code as it is read out: K7P-3QM."""
    return f"{code[:3]}-{code[3:]}"


def _strip(person: Person) -> list[dict[str, Any]]:
    met: dict[int, dict[str, Any]] = {}
    for turn in person.last:
        met.setdefault(turn.row, {"partner": turn.partner, "turns": []})["turns"].append([turn.own, turn.other])
    return list(met.values())
