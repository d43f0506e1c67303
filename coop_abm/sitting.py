"""A world in which somebody sits: it goes on round by round, and an account is kept of who did what and got what.

The terminal, the page and the class share it; they differ in how an answer is brought.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from coop_abm.core.question import Decision, Policy, Question
from coop_abm.engine.rounds import Play
from coop_abm.policies.report import MindsReport
from coop_abm.seat_words import PlayedGame, Turn


class Past(NamedTuple):
    """A round that is over.

    number : counted from 0
    turns  : what those on the seats did and met
    points : felt payoff of each seat that somebody lives on
    acts   : int64 (2,), actions of everybody: cooperative, all
    deeds  : int64 (N, 2), the same of each individual
    earned : mean felt payoff of the others, by the strategy that they held in that round
    """

    number: int
    turns: list[Turn]
    points: dict[int, float]
    acts: np.ndarray
    deeds: np.ndarray
    earned: dict[str, float]


class Sitting:
    """The account of a world on the round clock.

    Parameters
    ----------
    play   : one population
    policy : decides for everybody; it asks those who sit
    seats  : nodes of which an account is kept; None: those that the scenario gives to humans

    Attributes
    ----------
    pasts  : the rounds that are over, oldest first
    """

    def __init__(self, play: Play, policy: Policy, seats: Iterable[int] | None = None):
        self.play, self.policy, self.scenario = play, policy, play.scenario
        if seats is None:
            seats = [node for entry in self.scenario.players if entry.policy.seated for node in entry.nodes]
        self.sit(seats)
        self.pasts: list[Past] = []
        self.points: list[float] = []
        self.others_points: list[float] = []
        self.start = self._shares()

    def sit(self, seats: Iterable[int]) -> None:
        """From now on the account is of these nodes."""
        self.seats = tuple(sorted(seats))
        self.others = np.ones(self.scenario.size, bool)
        self.others[list(self.seats)] = False

    def round(self) -> Past:
        """Go on to the end of this round."""
        play, state, number = self.play, self.play.state, self.play.round
        alive, held = state.alive[0] == 1, state.strategy[0].copy()
        turns: list[Turn] = []
        deeds = np.zeros((self.scenario.size, 2), np.int64)
        while play.round == number:
            question = play.ask()
            answer, met = self.policy.decide(question), play.met
            play.tell(answer)
            if question.stage == "act":
                intended = answer.action if isinstance(answer, Decision) else answer
                own = (met.last[0].astype(np.int64).ravel()[question.row] - 1) // 2
                np.add.at(deeds[:, 0], question.individual, own == 0)
                np.add.at(deeds[:, 1], question.individual, 1)
                turns += self._seen(question, intended, met.last[0])
        mine = {node: float(state.payoff[0, node]) for node in self.seats if alive[node]}
        self.points += mine.values()
        if (alive & self.others).any():
            self.others_points.append(float(state.payoff[0, alive & self.others].mean()))
        past = Past(number, turns, mine, play.acts[0].copy(), deeds, self._by_strategy(alive & self.others, held))
        self.pasts.append(past)
        return past

    def _by_strategy(self, who: np.ndarray, held: np.ndarray) -> dict[str, float]:
        payoff = self.play.state.payoff[0]
        named = enumerate(self.play.repertoire.names)
        return {name: float(payoff[who & (held == s)].mean()) for s, name in named if (who & (held == s)).any()}

    def _seen(self, question: Question, intended: np.ndarray, last: np.ndarray) -> list[Turn]:
        """The turns of the seats; last is int8 (E, 2), what happened as each side sees it."""
        turns = []
        for q in np.flatnonzero(np.isin(question.individual, self.seats)).tolist():
            encounter, side = divmod(int(question.row[q]), 2)
            own, other = divmod(int(last[encounter, side]) - 1, 2)
            turns.append(
                Turn(
                    question.round, question.turn, int(question.individual[q]), int(question.partner[q]),
                    int(question.row[q]), int(intended[q]), own, other,
                )
            )  # fmt: skip
        return turns

    def _shares(self) -> list[float]:
        """Share of each strategy among the others."""
        state = self.play.state
        held = state.strategy[0][(state.alive[0] == 1) & self.others]
        return [float((held == s).mean()) if len(held) else 0.0 for s in range(len(self.play.repertoire.names))]

    @property
    def turns(self) -> list[Turn]:
        """Everything that the seats did in rounds that are over."""
        return [turn for past in self.pasts for turn in past.turns]

    def summed_up(self, seed: int, left: str, minds: MindsReport) -> PlayedGame:
        """The account of the rounds that were played to their end."""
        turns = self.turns
        helped = sum(turn.own == 0 for turn in turns)
        cooperative = sum(int(past.acts[0]) for past in self.pasts)
        all_acts = sum(int(past.acts[1]) for past in self.pasts)
        shares = zip(self.play.repertoire.names, self.start, self._shares(), strict=True)
        return PlayedGame(
            self.scenario, seed, len(self.pasts), left, self.seats, tuple(turns), mean(self.points),
            mean(self.others_points), _share(helped, len(turns)), _share(cooperative - helped, all_acts - len(turns)),
            {name: (before, now) for name, before, now in shares}, minds,
        )  # fmt: skip


def earned(pasts: Iterable[Past]) -> dict[str, float]:
    """Mean felt payoff of a round of the others, by strategy, over the rounds in which somebody held it."""
    listed: dict[str, list[float]] = {}
    for past in pasts:
        for name, amount in past.earned.items():
            listed.setdefault(name, []).append(amount)
    return {name: sum(amounts) / len(amounts) for name, amounts in listed.items()}


def mean(numbers: list[float]) -> float | None:
    """The mean, None of nothing."""
    return sum(numbers) / len(numbers) if numbers else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
