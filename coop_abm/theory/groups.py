"""Group selection by splitting groups: the exact chain of Traulsen and Nowak at any splitting probability.

m groups of at most n members, all full at the start. Each step one individual, chosen from the whole
population in proportion to exp(intensity * payoff), puts a copy of itself into its group; the payoff is the
mean over the other members of its group, 0 for a lone member. A group of n+1 then either loses a random
member (probability 1-q), or splits (q): each member goes to either daughter with probability 1/2, redrawn
if a daughter is empty, and another group, chosen at random, is eliminated.

A state is a multiset of m group compositions (size, number of A). Which steps are possible, and how often
given who gives birth, does not depend on the game: that structure is computed once, and each game only
reweights it.

References
----------
TraulsenNowak2006, TraulsenShoreshNowak2008
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations_with_replacement

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.arguments import matrix, number, whole
from coop_abm.theory.fixation import FixationPair, probability
from coop_abm.theory.roots import crossing

LARGEST = 10_000  # states; one game takes about 15 seconds there, and minutes beyond
TINY = 5e-324  # below this a probability is zero, and its logarithm no number


def number_of_states(size: int, count: int) -> int:
    """How many multisets of ``count`` compositions there are, for groups of at most ``size`` members."""
    n, m = whole("size", size, 1), whole("count", count, 1)
    compositions = n * (n + 3) // 2
    return math.comb(compositions + m - 1, m)


class GroupChain:
    """The exact chain for m = ``count`` groups of at most n = ``size`` members, splitting probability q.

    Raises
    ------
    InputError : split not in (0, 1] (a single group takes split = 0), size or count not whole
    TheoryError : more than 10,000 states
    """

    def __init__(self, size: int, count: int, split: float) -> None:
        self.size, self.count = whole("size", size, 1), whole("count", count, 1)
        self.split = number("split", split, 0, 1) if self.count == 1 else number("split", split, 1e-12, 1)
        if self.count == 1:
            number("split", split, 0, 0)
        if self.size * self.count < 2:
            raise InputError("size times count must be at least 2: one individual cannot be invaded")
        states = number_of_states(size, count)
        if states > LARGEST:
            raise TheoryError(
                f"{count} groups of at most {size} have {states} states; "
                f"the exact chain takes at most {LARGEST}: simulate, or use rare_splitting"
            )
        self._compositions = [(s, k) for s in range(1, self.size + 1) for k in range(s + 1)]
        self._type = {composition: t for t, composition in enumerate(self._compositions)}
        self._build()

    def fixation(self, M: object, intensity: float) -> FixationPair:
        """rho_A and rho_B of one mutant placed uniformly in a full population.

        Raises
        ------
        InputError : M not a finite 2 x 2 matrix, intensity not finite
        TheoryError : selection so strong that a step has probability zero in floating point
        """
        from scipy.sparse import csc_array
        from scipy.sparse.linalg import splu

        births = self._births(number("intensity", intensity) * self._payoffs(matrix("M", M, 2)))
        flow = self._chance * births[self._rows, self._events]
        leaves = np.bincount(self._rows, flow, self._transient)
        inside = self._columns < self._transient
        entries = np.concatenate([leaves, -flow[inside]])
        diagonal = np.arange(self._transient)
        system = csc_array(
            (
                entries,
                (np.concatenate([diagonal, self._rows[inside]]), np.concatenate([diagonal, self._columns[inside]])),
            ),
            shape=(self._transient, self._transient),
        )
        ends = np.stack(
            [
                np.bincount(self._rows, flow * (self._columns == self._transient + end), self._transient)
                for end in (0, 1)
            ],
            axis=1,
        )
        # Diagonally dominant: no pivoting is needed, and a symmetric ordering fills in least.
        try:
            fixed = splu(
                system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
            ).solve(ends)
        except RuntimeError:
            raise TheoryError("selection is too strong: some steps of the chain have probability zero") from None
        return FixationPair(float(fixed[self._one_a, 0]), float(fixed[self._one_b, 1]))

    def critical(self, matrix_of: Callable[[float], object], intensity: float) -> float:
        """The benefit at which rho_A = rho_B, in a family of games ``matrix_of(benefit)``.

        Raises
        ------
        TheoryError : no such benefit
        """
        return crossing(lambda benefit: self._log_ratio(matrix_of(benefit), intensity))

    def sigma(self, intensity: float = 1e-3) -> float:
        """The structure coefficient: how much a - d weighs against b - c, by central differences.

        References
        ----------
        Tarnita2009
        """
        beta = number("intensity", intensity, 1e-9)
        own, other = [[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]
        slopes = [self._log_ratio(M, beta) - self._log_ratio(M, -beta) for M in (own, other)]
        return slopes[0] / slopes[1]

    def _log_ratio(self, M: object, intensity: float) -> float:
        pair = self.fixation(M, intensity)
        return math.log(max(pair.cooperators, TINY)) - math.log(max(pair.defectors, TINY))

    def _payoffs(self, M: np.ndarray) -> np.ndarray:
        """Payoff of A and of B in each composition, one per kind of birth; shape (2 * compositions,)."""
        (a, b), (c, d) = M
        return np.array(
            [
                (0.0, 0.0) if s == 1 else (((k - 1) * a + (s - k) * b) / (s - 1), (k * c + (s - k - 1) * d) / (s - 1))
                for s, k in self._compositions
            ]
        ).ravel()

    def _births(self, exponent: np.ndarray) -> np.ndarray:
        """In each state, the probability of each kind of birth: (how many could give it) * exp(exponent)."""
        possible = np.where(self._parents > 0, exponent, -np.inf)
        births = self._parents * np.exp(possible - possible.max(axis=1, keepdims=True))
        return births / births.sum(axis=1, keepdims=True)

    def _build(self) -> None:
        """Number the states, transient ones first; list every step (row, column, birth, chance)."""
        everything = list(combinations_with_replacement(range(len(self._compositions)), self.count))
        only_a = {t for t, (s, k) in enumerate(self._compositions) if k == s}
        only_b = {t for t, (s, k) in enumerate(self._compositions) if k == 0}
        transient = [state for state in everything if not (only_a.issuperset(state) or only_b.issuperset(state))]
        place = {state: row for row, state in enumerate(transient)}
        self._transient = len(transient)
        for state in everything:  # all of A ends in one column, all of B in the next
            place.setdefault(state, self._transient + (0 if only_a.issuperset(state) else 1))

        self._parents = np.zeros((self._transient, 2 * len(self._compositions)))
        outcomes = [self._outcomes(t, kind) for t in range(len(self._compositions)) for kind in (0, 1)]
        rows, columns, events, chances = [], [], [], []
        for row, state in enumerate(transient):
            for t in set(state):
                s, k = self._compositions[t]
                copies = state.count(t)
                others = list(state)
                others.remove(t)
                for kind, members in ((0, k), (1, s - k)):
                    event = 2 * t + kind
                    self._parents[row, event] = copies * members
                    if members:
                        for column, chance in self._steps(others, *outcomes[event], place).items():
                            if column != row:
                                rows.append(row)
                                columns.append(column)
                                events.append(event)
                                chances.append(chance)
        self._rows, self._columns, self._events = (np.array(x, dtype=np.int64) for x in (rows, columns, events))
        self._chance = np.array(chances)
        full = self.size
        self._one_a = place[self._state([(full, 1)] + [(full, 0)] * (self.count - 1))]
        self._one_b = place[self._state([(full, full - 1)] + [(full, full)] * (self.count - 1))]

    def _state(self, compositions: list[tuple[int, int]]) -> tuple[int, ...]:
        return tuple(sorted(self._type[composition] for composition in compositions))

    def _outcomes(self, t: int, kind: int) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
        """After a birth of A (0) or B (1) in composition t: the group as it stays, or its two daughters."""
        s, k = self._compositions[t]
        s, k = s + 1, k + (kind == 0)
        if s <= self.size:
            return {self._type[s, k]: 1.0}, {}
        stays: dict[int, float] = defaultdict(float)
        for lost, members in ((1, k), (0, s - k)):
            if members and self.split < 1:
                stays[self._type[s - 1, k - lost]] += (1 - self.split) * members / s
        splits: dict[tuple[int, int], float] = defaultdict(float)
        if self.split > 0:
            for first, chance in _daughters(s, k):
                second = s - first[0], k - first[1]
                splits[self._type[first], self._type[second]] += self.split * chance
        return stays, splits

    @staticmethod
    def _steps(
        others: list[int],
        stays: dict[int, float],
        splits: dict[tuple[int, int], float],
        place: dict[tuple[int, ...], int],
    ) -> dict[int, float]:
        result: dict[int, float] = defaultdict(float)
        for t, chance in stays.items():
            result[place[tuple(sorted([*others, t]))]] += chance
        if splits:
            for lost in set(others):
                left = list(others)
                left.remove(lost)
                share = others.count(lost) / len(others)
                for pair, chance in splits.items():
                    result[place[tuple(sorted([*left, *pair]))]] += share * chance
        return result


def rare_splitting(M: object, size: int, count: int, intensity: float) -> FixationPair:
    """rho_A and rho_B in the limit q -> 0: take over one group, then the groups compete as wholes.

        rho_A = phi_A(n) (1 - 1/R)/(1 - R^-m),   R = exp(intensity (a - d)),

    phi_A the well-mixed Moran fixation probability in one group of n. Exact at every intensity.

    References
    ----------
    TraulsenNowak2006, TraulsenShoreshNowak2008
    """
    payoff = matrix("M", M, 2)
    n, m = whole("size", size, 1), whole("count", count, 1)
    beta = number("intensity", intensity)
    inside = FixationPair(1.0, 1.0) if n == 1 else probability(payoff, n, beta)
    advantage = 0.0 if n == 1 else beta * float(payoff[0, 0] - payoff[1, 1])
    return FixationPair(inside.cooperators * _moran(advantage, m), inside.defectors * _moran(-advantage, m))


def _moran(advantage: float, count: int) -> float:
    """Fixation probability of one group among ``count``, its log fitness above the others by ``advantage``."""
    steps = -advantage * np.arange(count)
    top = steps.max()
    return math.exp(-top) / float(np.exp(steps - top).sum())


def _daughters(size: int, playing_a: int) -> Iterator[tuple[tuple[int, int], float]]:
    """The first daughter (size, number of A) of a fair split, none empty, with its probability."""
    ways = 2**size - 2
    for ours in range(playing_a + 1):
        for theirs in range(size - playing_a + 1):
            if 0 < ours + theirs < size:
                chance = math.comb(playing_a, ours) * math.comb(size - playing_a, theirs) / ways
                yield (ours + theirs, ours), chance
