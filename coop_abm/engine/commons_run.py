"""A commons that runs: five stages a round, each asked and answered as a batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from coop_abm.core.question import Decision, Question, Someone, Texts, Words
from coop_abm.engine.commons import Commons
from coop_abm.engine.commons_measures import measures, similarity
from coop_abm.engine.commons_record import Record
from coop_abm.engine.commons_rules import PUNISH, STAGES, TAKES, VERDICTS, WATCH, View, harvest_choices
from coop_abm.games.commons import allot, harvest
from coop_abm.structures import Graph

#: Under which the draws of this kind of world stand, and what each is for. Never renumber, only append.
_HERE = 110
_START, _SEAT, _DECIDE, _WATCH, _WHOM, _MODEL, _SHARE, _TIE = range(8)


class CommonsRun:
    """A world that runs; see ``engine/staged.py`` for what it can be asked.

    Draws stand at an address (seed, replicate, purpose, round) and are made for all users, dead or alive; so worlds
    that differ by a knob share every other draw.

    Parameters
    ----------
    declared, seed, replicate : what it is

    Attributes
    ----------
    alive : bool (N,)
    store : float (N,), what each has
    notes : int64 (N,), numbers of texts
    norm  : number of the text of the norm in force; 0 for none
    stock : the resource before the next harvest
    records : of the rounds so far, the one that is open included
    """

    def __init__(self, declared: Commons, seed: int, replicate: int = 0):
        self.declared, self.seed, self.replicate = declared, seed, replicate
        self.round, self.over, self.texts = 0, False, Texts()
        size = declared.size
        self._entries = np.repeat(np.arange(len(declared.players)), [entry.count for entry in declared.players])
        self._units = declared.takes == "units"
        self.alive, self.store = np.ones(size, bool), np.full(size, float(declared.endowment))
        self.stock = float(declared.stock.capacity)
        self.norm = 0
        self.offences = np.zeros(size, np.int64)
        self.notes = np.array([self.texts.number(text) for text in self._first_notes()], np.int64)
        self._gains: deque[np.ndarray] = deque(maxlen=declared.window)
        self._near = self._neighbours()
        self.records: list[Record] = []
        self.collapsed_in: int | None = None
        self._fines, self._paid = np.zeros(size), np.zeros(size)
        self._met: np.ndarray = np.full(size, -1)
        self._open: Question | None = None
        self._settle: dict[str, Callable[[np.ndarray, np.ndarray], None]] = {
            "harvest": self._harvested, "punish": self._punished, "learn": self._learned,
            "propose": self._proposed, "vote": self._voted,
        }  # fmt: skip
        self._ask_from("harvest")

    # ------------------------------------------------------------------------------- the protocol

    def ask(self) -> Question | None:
        """The question that is open; None when it is over."""
        return self._open

    def tell(self, answers: np.ndarray | Decision) -> None:
        """Answer it, one answer for each row; the world goes on to the next question.

        Raises
        ------
        PolicyError
            if an answer is not permitted; the question stays open and nothing has changed
        """
        question = self._open
        if question is None:
            from coop_abm.core.errors import PolicyError

            raise PolicyError("nothing is asked any more: this world is over")
        given, memo = (answers.action, answers.memo) if isinstance(answers, Decision) else (answers, None)
        given = question.choices.validate(given, len(question))
        if memo is not None:
            written = Words(self.declared.limit, self.texts).validate(np.maximum(memo, 0), len(question))
            self.notes[question.individual] = np.where(np.asarray(memo) < 0, self.notes[question.individual], written)
        self._settle[question.stage](question.individual, given)
        if not self.over:
            at = STAGES.index(question.stage) + 1
            self._ask_from(STAGES[at] if at < len(STAGES) else "")

    def measures(self) -> dict[str, float]:
        """The measures so far, see ``commons_measures.py``."""
        return measures(self)

    def story(self) -> dict[str, Any]:
        """All that happened so far, round by round, as plain values."""
        return {
            "users": [entry.strategy.kind for entry in self.declared.each()],
            "units": self._units,
            "capacity": float(self.declared.stock.capacity),
            "lowest": float(self.declared.stock.lowest),
            "stock": self.stock,
            "collapsed_in": self.collapsed_in,
            "rounds": [record.plain(self.texts) for record in self.records],
        }

    # ------------------------------------------------------------------------------- what is asked

    def _ask_from(self, stage: str) -> None:
        """Open the question of this stage, or of the first stage after it at which somebody is asked."""
        declared = self.declared
        there = {"punish": declared.punishment, "learn": declared.social_learning}
        there |= {"propose": declared.group_decision, "vote": declared.group_decision}
        for name in STAGES[STAGES.index(stage) :] if stage else ():
            if there.get(name, True):
                question = self._question(name)
                if question is not None:
                    self._open = question
                    return
        self._close()

    def _close(self) -> None:
        """End the round; begin the next, unless that was the last or nobody lives."""
        self.records[-1].close(self)
        self._gains.append(self.records[-1].gain)
        self.round += 1
        if self.round >= self.declared.horizon or not self.alive.any():
            self._end()
        else:
            self._ask_from("harvest")

    def _end(self) -> None:
        self.over, self._open = True, None

    def _question(self, stage: str) -> Question | None:
        who = np.flatnonzero(self.alive)
        self._met = np.full(self.declared.size, -1)
        if stage == "harvest":
            self.records.append(Record.opened(self))
            choices: Any = harvest_choices(self._units, self.stock, self.declared.punishment)
        elif stage == "punish":
            who, choices = self._watchers(), VERDICTS
        elif stage == "vote":
            choices = Someone(self._may_vote_for(who), nobody=True)
        else:
            choices = Words(self.declared.limit, self.texts)
            if stage == "learn":
                self._met = self._drawn_from(self._pairs(self.declared.learn_from_neighbours), _MODEL)
        if not who.size:
            return None
        draws = self._rng(_DECIDE, STAGES.index(stage)).random(self.declared.size)
        rows = np.full(len(who), self.replicate, np.int64)
        return Question(
            stage, self.round, 0, rows, who, self._met[who], self._view(stage, who), choices, draws[who],
            who.astype(np.int64), self.texts,
        )  # fmt: skip

    def _watchers(self) -> np.ndarray:
        """Who watches somebody in this round; whom each watches stands in `_met`."""
        record, watch = self.records[-1], self._rng(_WATCH).random(self.declared.size)
        self._met = self._drawn_from(self._pairs(self.declared.watch_neighbours), _WHOM)
        return np.flatnonzero(self.alive & (watch < record.watching) & (self._met >= 0))

    def _may_vote_for(self, who: np.ndarray) -> np.ndarray:
        heard = self._pairs(self.declared.hear_neighbours) | np.eye(self.declared.size, dtype=bool)
        return heard[who] & (self.records[-1].proposals >= 0)

    def _pairs(self, near: bool) -> np.ndarray:
        """bool (N, N): which living others each may meet, neighbours or all."""
        pairs = self._near.copy() if near else ~np.eye(self.declared.size, dtype=bool)
        return pairs & self.alive & self.alive[:, None]

    def _drawn_from(self, pairs: np.ndarray, purpose: int) -> np.ndarray:
        """int64 (N,): one of those whom each may meet, by chance; -1 where there is nobody."""
        count = pairs.sum(axis=1)
        place = (self._rng(purpose).random(len(pairs)) * count).astype(np.int64)
        found = np.argmax(np.cumsum(pairs, axis=1) > place[:, None], axis=1)
        return np.where(count > 0, found, -1)

    def _view(self, stage: str, who: np.ndarray) -> View:
        """What the deciders see of the world, of the latest harvest, and of whom they met."""
        declared, size = self.declared, len(who)
        last = self.records[-2 if stage == "harvest" and self.round else -1]
        before = stage == "harvest" and self.round == 0
        numbers = self._latest(last, who, nothing=before)
        numbers |= {"full": _same(declared.stock.capacity, size), "stock": _same(self.stock, size)}
        numbers |= {
            "store": self.store[who],
            "fine": self._sizes()[who] if declared.punishment else _same(np.nan, size),
        }
        others, wholes = self._of_others(stage, who, met := self._met[who])
        numbers |= others
        # As they are seen, with four decimals; all at once, as there are many columns of a few rows.
        told = dict(zip(numbers, np.round(np.stack(list(numbers.values())), 4) + 0.0, strict=True))
        heard = self.records[-1].proposals if stage == "vote" else np.full(declared.size, -1)
        permitted = self._may_vote_for(who) if stage == "vote" else np.zeros((size, declared.size), bool)
        return View(
            strategy=self._entries[who], person=who, people=_whole(self.alive.sum(), size),
            units=_whole(self._units, size), learns=_whole(declared.social_learning, size),
            notes=self.notes[who], **told, **wholes, other=met,
            fined=_whole(-1 if before else np.count_nonzero(last.fines), size),
            norm=_whole(self.norm if declared.group_decision else -1, size),
            proposals=np.where(permitted, heard, -1),
        )  # fmt: skip

    def _latest(self, last: Record, who: np.ndarray, nothing: bool) -> dict[str, np.ndarray]:
        """float (Q,) each: what the latest harvest, and the punishment after it, was to the deciders."""
        names = ("before", "taken", "chosen", "took", "lost", "paid", "usual")
        if nothing:
            return {name: np.full(len(who), np.nan) for name in names}
        size, near = len(who), self._pairs(self.declared.hear_neighbours)
        heard = (near | np.eye(self.declared.size, dtype=bool))[who] & last.alive
        if self._near_is_all(near):
            usual = np.full(size, np.median(last.chosen[last.alive]))
        else:
            usual = np.array([np.median(last.chosen[row]) for row in heard])
        return {
            "before": np.full(size, last.stock),
            "taken": np.full(size, last.took.sum()),
            "chosen": last.chosen[who],
            "took": last.took[who],
            "lost": last.fines[who],
            "paid": last.paid[who],
            "usual": usual,
        }

    def _near_is_all(self, near: np.ndarray) -> bool:
        living = int(self.alive.sum())
        return int(near.sum()) == living * (living - 1)

    def _of_others(self, stage: str, who: np.ndarray, met: np.ndarray) -> tuple[dict, dict]:
        """What the deciders see of whom they met, and what a punishment would do: numbers, and whole numbers."""
        declared, size, record = self.declared, len(who), self.records[-1]
        seen, none = met >= 0, np.full(size, -1, np.int64)
        names = ("other_chosen", "other_took", "costs", "hurts", "outcome", "other_outcome")
        found = dict.fromkeys(names, _same(np.nan, size))
        wholes = {"offences": none, "other_notes": none}
        if stage in ("punish", "learn"):
            found["other_chosen"] = np.where(seen, record.chosen[met], np.nan)
            found["other_took"] = np.where(seen, record.took[met], np.nan)
        if stage == "punish":
            wholes["offences"] = self.offences[met]
            found |= {"costs": _same(declared.punishing_costs, size), "hurts": self._sizes()[met]}
        if stage == "learn":
            gains = np.mean([*self._gains, record.gain][-declared.window :], axis=0)
            found |= {"outcome": gains[who], "other_outcome": np.where(seen, gains[met], np.nan)}
            wholes["other_notes"] = np.where(seen, self.notes[met], -1)
        return found, wholes

    # ------------------------------------------------------------------------------- what is answered

    def _harvested(self, who: np.ndarray, answers: np.ndarray) -> None:
        declared, record = self.declared, self.records[-1]
        record.chosen[who] = answers[TAKES[self._units]]
        record.watching[who] = answers[WATCH] if declared.punishment else 0.0
        wanted = np.where(self.alive, record.chosen, 0.0)
        if self._units:
            record.took[:] = allot(wanted.astype(np.int64), self.stock, self._rng(_SHARE))
        else:
            record.took[:] = harvest(wanted, declared.catchability, self.stock)
        left = max(self.stock - float(record.took.sum()), 0.0)
        self.stock = max(declared.stock.regrown(left), 0.0)
        has = self.store + record.took - declared.consumption
        starved = self.alive & (has < -1e-9) & declared.starvation
        self.store = np.where(self.alive, np.maximum(has, 0.0), 0.0)
        record.gain[:] = np.where(self.alive, record.took - declared.consumption, 0.0)
        record.starved[:] = starved
        self.alive = self.alive & ~starved
        self._fines, self._paid = record.fines, record.paid
        if declared.stock.collapsed(left, self.stock):
            self.collapsed_in = self.round
            record.close(self)
            self.round += 1
            self._end()

    def _punished(self, who: np.ndarray, answers: np.ndarray) -> None:
        record, sizes, met = self.records[-1], self._sizes(), self._met
        for punisher in who[answers == PUNISH].tolist():
            target = int(met[punisher])
            record.fines[target] += sizes[target]
            record.paid[punisher] += self.declared.punishing_costs
            record.punished.append((punisher, target, float(sizes[target])))
            self.offences[target] += 1
        record.gain -= record.fines + record.paid
        # Nobody can lose more than it has.
        self.store = np.maximum(self.store - record.fines - record.paid, 0.0)

    def _sizes(self) -> np.ndarray:
        """float (N,): the next fine of each, larger with each one before."""
        return self.declared.fine * (1.0 + self.declared.escalation * self.offences)

    def _learned(self, who: np.ndarray, answers: np.ndarray) -> None:
        self.notes[who] = np.where(answers > 0, answers, self.notes[who])  # who writes nothing keeps its notes

    def _proposed(self, who: np.ndarray, answers: np.ndarray) -> None:
        record = self.records[-1]
        record.proposals[who] = np.where(answers > 0, answers, -1)  # silence is no proposal
        record.similarity = similarity([self.texts[number] for number in answers.tolist() if number])

    def _voted(self, who: np.ndarray, answers: np.ndarray) -> None:
        record = self.records[-1]
        record.votes[who] = answers
        cast = answers[answers >= 0]
        if not cast.size:
            return
        count = np.bincount(cast, minlength=self.declared.size)
        winners = np.flatnonzero(count == count.max())
        if len(winners) > 1 and self.declared.ties == "keep":
            return
        at = int(self._rng(_TIE).random() * len(winners)) if self.declared.ties == "chance" else 0
        self.norm = int(record.proposals[winners[at]])

    # ------------------------------------------------------------------------------- chance

    def _rng(self, purpose: int, *more: int) -> np.random.Generator:
        address = (self.replicate, _HERE, purpose, self.round, *more)
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=address)))

    def _first_notes(self) -> list[str]:
        each = self.declared.each()
        return [
            entry.strategy.start(self._rng(_START, person)) if entry.noted else "" for person, entry in enumerate(each)
        ]

    def _neighbours(self) -> np.ndarray:
        """bool (N, N): who is whose neighbour. Users sit on the nodes by chance, so entries are not apart."""
        size = self.declared.size
        graph: Graph = self.declared.network.build(size, self.seed)
        if graph.complete:
            return ~np.eye(size, dtype=bool)
        seats = self._rng(_SEAT).permutation(size)
        near = graph.weights_matrix().toarray() > 0
        return near[np.ix_(seats, seats)]


def _same(value: float, size: int) -> np.ndarray:
    return np.full(size, float(value))


def _whole(value: Any, size: int) -> np.ndarray:
    return np.full(size, int(value), np.int64)
