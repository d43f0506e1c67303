"""What is kept of the matches of a team tournament, and the measures of it.

The published overall rate of cooperation comes in two forms. *As described* it is the frequency of cooperation, over
all moves. *As coded* it is the mean, over players and rounds, of the rate of cooperation in the match **so far**, so
that early moves weigh more: one cooperation and nineteen defections are 0.05 in the first and 0.18 in the second.

References
----------
ToniniGalke2025, FontanaPierriAiello2024
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coop_abm.engine.team_traits import TRAITS, WOULD, affinity_coded, agreement
from coop_abm.engine.teams import Pairing

COOPERATE, DEFECT = 0, 1
LEFT, OUT_OF_ROUNDS, FULL = "left", "budget", "rounds"


def running_rate(moves: list[int]) -> float:
    """Mean over rounds of the rate of cooperation so far.

    >>> round(running_rate([0] + [1] * 19), 2), running_rate([0, 0])
    (0.18, 1.0)
    """
    if not moves:
        return math.nan
    helped = np.cumsum(np.asarray(moves) == COOPERATE)
    return float((helped / np.arange(1, len(moves) + 1)).mean())


@dataclass
class Bout:
    """One match.

    pairing : who and when
    mates   : are they of one team?
    moves   : each round as (first's, second's), as carried out
    chosen  : the same, as chosen
    stays   : who wanted to stay, each round
    pledges : announced first moves, -1 where none was
    said    : numbers of the texts that each wrote to its team before; 0 none
    lied    : did the chosen first move differ from the announced one?
    bound   : was the first move set to what was announced, because the deception budget was spent?
    ended   : left, budget, rounds; empty while it goes on, and where it was never played "skipped"
    scores  : points of each in this match
    """

    pairing: Pairing
    mates: bool
    moves: list[tuple[int, int]] = field(default_factory=list)
    chosen: list[tuple[int, int]] = field(default_factory=list)
    stays: list[tuple[int, int]] = field(default_factory=list)
    pledges: list[int] = field(default_factory=lambda: [-1, -1])
    said: list[int] = field(default_factory=lambda: [0, 0])
    lied: list[bool] = field(default_factory=lambda: [False, False])
    bound: list[bool] = field(default_factory=lambda: [False, False])
    ended: str = ""
    scores: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def of(self, side: int) -> tuple[list[int], list[int]]:
        """The moves of the first (0) or second (1) player, and of its opponent."""
        return [pair[side] for pair in self.moves], [pair[1 - side] for pair in self.moves]


class Tally:
    """Sums over moves and matches, kept up as they come, so that measures cost the same at any time."""

    def __init__(self, people: int):
        # Rows: rivals (0), team-mates (1). Columns: moves, cooperation, running rates, payoff.
        self.moves = np.zeros((2, 4))
        # Columns: first moves, cooperation in them; in the earlier and in the later half of the agenda.
        self.firsts = np.zeros((2, 2, 2))
        self.matches, self.left, self.rounds = 0, 0, 0
        self.traits: dict[str, list[float]] = {name: [0.0, 0] for name in TRAITS}
        self.affinity = dict.fromkeys(WOULD, 0.0)
        #: int (N, K): rounds in which each player did what each strategy would have done, and (N,) its rounds.
        self.agreed, self.played = np.zeros((people, len(WOULD)), np.int64), np.zeros(people, np.int64)
        self.pledged, self.lied, self.bound = 0, 0, 0
        # Rows: kept, broke the announcement. Columns: points, rounds.
        self.word = np.zeros((2, 2))
        self._helped = [0, 0]

    def add_round(self, bout: Bout, payoffs: tuple[float, float], late: bool) -> None:
        """Count the last round of a match."""
        kind, first = int(bout.mates), len(bout.moves) == 1
        if first:
            self._helped = [0, 0]
        for side, move in enumerate(bout.moves[-1]):
            helped = int(move == COOPERATE)
            self._helped[side] += helped
            self.moves[kind] += 1, helped, self._helped[side] / len(bout.moves), payoffs[side]
            if first:
                self.firsts[kind, int(late)] += 1, helped
        self.rounds += 1

    def add_match(self, bout: Bout) -> None:
        """Count a match that is over."""
        self.matches += 1
        self.left += bout.ended == LEFT
        for side, who in enumerate((bout.pairing.first, bout.pairing.second)):
            own, other = bout.of(side)
            for name, trait in TRAITS.items():
                value = trait(own, other)
                if not math.isnan(value):
                    self.traits[name][0] += value
                    self.traits[name][1] += 1
            for name, share in affinity_coded(own, other).items():
                self.affinity[name] += share
            self.agreed[who] += list(agreement(own, other).values())
            self.played[who] += len(own)
            if bout.pledges[side] >= 0:
                self.pledged += 1
                self.lied += bout.lied[side]
                self.bound += bout.bound[side]
                self.word[int(bout.lied[side])] += bout.scores[side], len(own)

    def measures(self) -> dict[str, float]:
        """All of it by name; NaN where there is nothing to measure."""
        found: dict[str, float] = {}
        rows: dict[str, Any] = {"": slice(None), "_intra": [1], "_inter": [0]}
        for ending, some in rows.items():
            moves, helped, running, points = self.moves[some].sum(axis=0)
            firsts, welcome = self.firsts[some].sum(axis=(0, 1))
            found |= {
                f"mu_c{ending}": _ratio(helped, moves), f"mu_c_coded{ending}": _ratio(running, moves),
                f"mu_osc{ending}": _ratio(welcome, firsts), f"payoff{ending}": _ratio(points, moves),
            }  # fmt: skip
        early, late = self.firsts.sum(axis=0)
        found["osc_drift"] = _ratio(late[1], late[0]) - _ratio(early[1], early[0])
        found |= {"matches": float(self.matches), "length": _ratio(self.rounds, self.matches),
                  "left": _ratio(self.left, self.matches)}  # fmt: skip
        found |= {name: _ratio(total, count) for name, (total, count) in self.traits.items()}
        found |= {f"affinity_{name}": _ratio(total, 2 * self.matches) for name, total in self.affinity.items()}
        found["broken"] = _ratio(self.lied, self.pledged)
        kept, broke = (_ratio(*row) for row in self.word)
        found["gain_of_lies"] = broke - kept
        return found


def _ratio(some: float, whole: float) -> float:
    return float(some) / float(whole) if whole else math.nan
