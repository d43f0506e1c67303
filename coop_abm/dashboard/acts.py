"""Who did what in which round: a run played again, with everybody's acts written down.

A run keeps no file of acts and needs none: draws have addresses and replies are in the journal, so the same scenario
and seed are the same run, and playing it again sends nothing. What is kept here is three bytes for an individual and
a round, and the state of the population now and then, from which any one round can be played once more in full.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.core.question import Decision, Question
from coop_abm.core.state import State
from coop_abm.engine.history import EventWorld
from coop_abm.engine.rounds import Play
from coop_abm.policies.means import Means, Noted
from coop_abm.policies.roster import roster
from coop_abm.scenario.minds import Http, Human, Plugin, Team, models_in
from coop_abm.scenario.scenario import Scenario

#: Individuals times rounds that are kept at most, and bytes of states of the population.
MOST_CELLS, MOST_STATES = 8_000_000, 48 << 20
#: A share of cooperative acts is kept in steps of 1 / PARTS; NOTHING: nobody acted, or nobody lived.
PARTS, NOTHING = 200, 255
#: What a cell is marked with; they add up.
MODEL, REPAIRED, FALLBACK, CACHED, SLIPPED = 1, 2, 4, 8, 16


class Wanted(NamedTuple):
    """Which run.

    rounds    : how many, rounds or generations
    replicate : which of its populations, counted under the seed
    graph     : number of the random graph that it lives on
    """

    scenario: Scenario
    seed: int = 0
    rounds: int = 100
    replicate: int = 0
    graph: int = 0

    @property
    def models(self) -> tuple[str, ...]:
        """The language models that are asked in it, each once."""
        return tuple(dict.fromkeys(m.model for entry in self.scenario.players for m in models_in(entry.policy)))

    @property
    def kept(self) -> int:
        """How many of its rounds there is room for."""
        return max(1, min(self.rounds, MOST_CELLS // self.scenario.size))


class Deed(NamedTuple):
    """One decision of one individual, as it was taken.

    stage, turn : what was decided, and when within the round
    row      : place of the decision in its turn
    partner  : whom it concerned
    view     : what was seen, by name: strategy, memory, last, standing, kin, own (see ``core.question.Seen``)
    chance   : the probability to cooperate in the strategy's table
    draw     : the uniform number that it was held against
    meant, done, theirs : 0 cooperate, 1 defect; what was decided, what was done, what the partner did; -1 for words
    payoff   : of this turn, to this individual
    said     : the text, where words were asked for
    """

    stage: str
    turn: int
    row: int
    partner: int
    view: dict[str, int]
    chance: float
    draw: float
    meant: int
    done: int
    theirs: int
    payoff: float
    said: str


class Acts:
    """What everybody did: columns of shape (rounds, N) that fill up round by round.

    share    : uint8, share of cooperative acts in steps of 1 / PARTS; NOTHING without any
    strategy : uint8, index of the strategy held when the round began
    marks    : uint8, MODEL, REPAIRED ...
    done     : how many rounds are filled
    """

    def __init__(self, rounds: int, size: int):
        self.share = np.full((rounds, size), NOTHING, np.uint8)
        self.strategy = np.zeros((rounds, size), np.uint8)
        self.marks = np.zeros((rounds, size), np.uint8)
        self.done = 0
        #: (round, individual) -> keys of the calls that were made for it, in order.
        self.keys: dict[tuple[int, int], list[str]] = {}

    def cooperation(self) -> np.ndarray:
        """float (N,): the mean share of cooperative acts of each individual so far; NaN without any."""
        seen = self.share[: self.done]
        acted = (seen != NOTHING).sum(axis=0)
        total = np.where(seen == NOTHING, 0, seen).sum(axis=0, dtype=np.int64) / PARTS
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(acted > 0, total / acted, np.nan)


class RoundAgain:
    """A run on the round clock, played again or for the first time, a round at a time.

    Parameters
    ----------
    wanted : the run
    means  : how models are reached; ``Means(mode="replay")`` sends nothing. Where it keeps nothing of its own that
             is called with what came of calls, `means.noted` is taken

    Raises
    ------
    InputError
        if somebody decides who cannot be asked again
    """

    def __init__(self, wanted: Wanted, means: Means):
        refuse_the_unrepeatable(wanted.scenario)
        self.wanted = wanted
        self.acts = Acts(wanted.kept, wanted.scenario.size)
        self.means = replace(means, noted=self._note)
        self._play, self._policy = self._world(self.means)
        self.start = self._play.state.strategy[0].astype(np.uint8)
        self._states: list[tuple[int, State]] = []
        size = sum(column.nbytes for column in self._play.state.columns.values())
        self._gap = -(-wanted.kept * size // MOST_STATES) or 1
        self._coop, self._all = np.zeros(wanted.scenario.size, np.int64), np.zeros(wanted.scenario.size, np.int64)
        #: (cooperative acts, all acts) of each round that is filled
        self.counted: list[tuple[int, int]] = []
        self._begun = False
        self._spare: tuple[Play, object] | None = None
        self._looking = threading.Lock()  # one cell is looked up after the other

    def _world(self, means: Means) -> tuple[Play, object]:
        world, seed = self.wanted.scenario, self.wanted.seed
        play = Play(world, seed, first=self.wanted.replicate, graph=self.wanted.graph)
        return play, roster(world, play.repertoire, play.answers, seed=seed, first=play.first, means=means)

    @property
    def policy(self) -> object:
        """Who decides."""
        return self._policy

    @property
    def names(self) -> tuple[str, ...]:
        """The strategies, as results call them."""
        return self._play.repertoire.names

    @property
    def helper(self) -> tuple[int, ...]:
        """Which of them help strangers."""
        return tuple(self._play.repertoire.helper.tolist())

    @property
    def answers(self):
        """Who is whose neighbour, and in which group."""
        return self._play.answers

    def step(self) -> None:
        """One round. Where it raised, it goes on from the very question when it is called again.

        Raises
        ------
        NotRecorded
            where nothing is sent, and the journal has no reply yet
        """
        play, t = self._play, self._play.round
        if not self._begun:
            self._open(t)
        while play.round == t:
            met, question = play.met, play.ask()
            answer = self._policy.decide(question)  # type: ignore[attr-defined]
            play.tell(answer)
            if question.stage == "act":
                self._count(t, question, answer, done_by(met.last, question))
        acted = self._all > 0
        shares = np.round(PARTS * self._coop[acted] / self._all[acted])
        self.acts.share[t, acted] = shares.astype(np.uint8)
        self.counted.append((int(self._coop.sum()), int(self._all.sum())))
        self._begun = False
        self.acts.done = t + 1

    def _open(self, t: int) -> None:
        if t % self._gap == 0:
            self._states.append((t, self._play.state.copy()))
        self.acts.strategy[t] = self._play.state.strategy[0]
        self._coop[:] = self._all[:] = 0
        self._begun = True

    def _count(self, t: int, question: Question, answer: np.ndarray | Decision, done: np.ndarray) -> None:
        meant = answer.action if isinstance(answer, Decision) else answer
        np.add.at(self._coop, question.individual, 1 - done)
        np.add.at(self._all, question.individual, 1)
        self.acts.marks[t, question.individual[done != meant]] |= SLIPPED

    def _note(self, noted: Sequence[Noted]) -> None:
        t = self._play.round
        for each in noted:
            mark = MODEL
            if each.verdict == "repaired":
                mark |= REPAIRED
            elif each.verdict == "refused":
                mark |= FALLBACK if each.again else REPAIRED
            if not each.fresh and self.means.mode == "record":
                mark |= CACHED
            self.acts.marks[t, each.individual] |= mark
            self.acts.keys.setdefault((t, each.individual), []).append(each.key)

    def deeds(self, round_: int, individual: int) -> list[Deed]:
        """Everything that an individual decided in a round that is over, in order.

        The round is played once more from the last state that was kept before it; nothing is sent.
        """
        with self._looking:
            if self._spare is None:
                self._spare = self._world(replace(self.means, mode="replay", noted=None, begins=None, watch=None))
            (play, policy), self._spare = self._spare, None  # one that failed half-way is made anew
            at, state = next(kept for kept in reversed(self._states) if kept[0] <= round_)
            play.state, play.round = state.copy(), at
            play.texts = self._play.texts
            play.words = play.words._replace(texts=play.texts)
            found = []
            while play.round <= round_:
                looked = play.round == round_
                met, question = play.met, play.ask()
                answer = policy.decide(question)  # type: ignore[attr-defined]
                play.tell(answer)
                if looked:
                    found += list(_deeds(play, question, answer, done_by(met.last, question), individual))
            self._spare = play, policy
            return found

    def rest(self) -> None:
        """Nothing more is played: give back what it took to ask. Cells can still be looked up."""
        _close(self._policy)

    def close(self) -> None:
        """Nothing more is looked up either."""
        with self._looking:
            spare, self._spare = self._spare, None
        if spare is not None:
            _close(spare[1])


def _close(policy: object) -> None:
    closes = getattr(policy, "close", None)
    if closes is not None:
        closes()


def done_by(last: np.ndarray, question: Question) -> np.ndarray:
    """int64 (Q,): what each who decided then did, 0 cooperate, 1 defect; by the last outcome of each encounter."""
    return (last[question.replicate, question.row // 2, question.row % 2].astype(np.int64) - 1) // 2


def _deeds(
    play: Play, question: Question, answer: np.ndarray | Decision, done: np.ndarray, individual: int
) -> Iterator[Deed]:
    """The rows of a question that one individual answered."""
    action = answer.action if isinstance(answer, Decision) else answer
    acting = question.stage == "act"
    for q in np.flatnonzero(question.individual == individual).tolist():
        seen = {name: int(column[q]) for name, column in question.view.seen._asdict().items()}
        chance = float(play.repertoire.cooperate[tuple(seen.values())])
        other = q ^ 1  # the two sides of an encounter stand beside each other
        meant, mine, theirs = int(action[q]), int(done[q]), int(done[other])
        yield Deed(
            question.stage, question.turn, int(question.row[q]), int(question.partner[q]), seen, chance,
            float(question.draw[q]), meant if acting else -1, mine if acting else -1, theirs if acting else -1,
            float(play.payoffs[mine, theirs]) if acting else 0.0, "" if acting else question.texts[meant],
        )  # fmt: skip


class GenerationsAgain:
    """A run on the event clock played again: nobody acts in it, so what is written down is the strategy held.

    ``acts.share`` stays empty; ``acts.strategy[t]`` is what each held after generation t + 1.
    """

    def __init__(self, wanted: Wanted):
        self.wanted = wanted
        self._world = EventWorld(wanted.scenario, wanted.seed, replicate=wanted.replicate, graph=wanted.graph)
        self.acts = Acts(wanted.kept, wanted.scenario.size)
        self.start = self._world.snapshot().strategy[0].astype(np.uint8)
        rows = wanted.scenario.repertoire()
        self.names, self.helper = rows.names, tuple(rows.helper.tolist())
        self.answers = wanted.scenario.answers(wanted.seed, wanted.graph)

    def step(self) -> None:
        """One generation."""
        t = self.acts.done
        self._world.step()
        now = self._world.snapshot()
        self.acts.strategy[t] = np.where(now.alive[0] == 1, now.strategy[0], NOTHING)
        self.acts.done = t + 1

    def rest(self) -> None:
        """Nothing to give back."""

    def close(self) -> None:
        """Nothing to give back."""


def again(wanted: Wanted, means: Means) -> RoundAgain | GenerationsAgain:
    """A run, ready to be played again (or on, where `means` buys what is missing)."""
    return RoundAgain(wanted, means) if wanted.scenario.clock == "round" else GenerationsAgain(wanted)


def refuse_the_unrepeatable(scenario: Scenario) -> None:
    """Refuse a world in which somebody decides of whom no record is kept.

    Raises
    ------
    InputError
        naming who it is
    """
    minds = [entry.policy.inner if isinstance(entry.policy, Team) else entry.policy for entry in scenario.players]
    for mind in minds:
        if isinstance(mind, (Human, Http, Plugin)):
            raise InputError(
                f"players.policy: a run in which {mind.title} decided cannot be shown round by round, because what it "
                "answered is kept nowhere; strategy tables, scripts and language models are played again"
            )
