"""Group selection by splitting groups: the exact chain of Traulsen and Nowak at any splitting probability.

m groups of at most n members, all full at the start. Each step one individual, chosen from the whole
population in proportion to exp(intensity * payoff), has an offspring like itself; the payoff is the mean
over the other members of its group, 0 for a lone member. With probability 1 - lambda the offspring joins its
parent's group, with probability lambda (migration) another group, chosen at random. A group of n+1 then
either loses a random member (probability 1-q), or splits (q): each member goes to either daughter with
probability 1/2, redrawn if a daughter is empty, and another group, chosen at random, is eliminated.

The critical ratio of rare splitting, and what textbooks make of it (z = lambda/q migrants leave a group
between two of its splits):

    q -> 0, no migration        1 + n/(m-2)                                exact for any n and m
    q -> 0, lambda = z q        [m+n-2 + (n-1)(m-1)y] / [m-2 - (m-1)y],    y = z' / (n + z'), z' = z n/(n+1)
    textbook                    1 + n/m + z                                n and m large, z much below n

At usable sizes the textbook's form is far off:

    n, m       textbook 1 + n/m    exact, q -> 0    exact, q = .01
    2, 3       1.667               3.000            2.908
    3, 4       1.750               2.500            2.394
    4, 6       1.667               2.000            1.913
    10, 100    1.100               1.102            (too many states)

Where the difference comes from: with rare splitting ln(rho_A/rho_B) = beta [(b-c)(m-1) - c(n-1) - b]. In each of
the m-1 steps in which its group takes over the others, a mutant's group is ahead by b - c. In each of the n-1
steps in which the mutant takes over its own group, it is behind by c + b/(n-1), as nobody helps itself and so a
cooperator has one helper less around it than a defector beside it. Collected: b (m-2) > c (m+n-2), and for large
m and n the textbook.

Migration is read here as the offspring that moves, so groups stay full while they wait to split; the paper's
abstract leaves open who moves, and to first order in z it makes no difference.

References
----------
TraulsenNowak2006, TraulsenShoreshNowak2008
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.absorption import expected_sums
from coop_abm.theory.arguments import matrix, number, whole
from coop_abm.theory.composition import Structure
from coop_abm.theory.fixation import FixationPair, probability
from coop_abm.theory.group_steps import steps_between
from coop_abm.theory.roots import crossing

LARGEST = 60_000  # states; listing and solving them takes a minute or two on a busy machine
TINY = 5e-324  # below this a probability is zero, and its logarithm no number


def number_of_states(size: int, count: int) -> int:
    """How many multisets of ``count`` compositions there are, for groups of at most ``size`` members."""
    n, m = whole("size", size, 1), whole("count", count, 1)
    compositions = n * (n + 3) // 2
    return math.comb(compositions + m - 1, m)


class GroupChain:
    """The exact chain for m = ``count`` groups of at most n = ``size`` members.

    Parameters
    ----------
    split     : q, in (0, 1]; a single group takes 0
    migration : lambda, in [0, 1]; a single group takes 0

    Raises
    ------
    InputError : split or migration out of range, size or count not whole
    TheoryError : more than 60,000 states
    """

    def __init__(self, size: int, count: int, split: float, migration: float = 0.0) -> None:
        self.size, self.count = whole("size", size, 1), whole("count", count, 1)
        alone = self.count == 1
        self.split = number("split", split, 0, 0) if alone else number("split", split, 1e-12, 1)
        self.migration = number("migration", migration, 0, 0 if alone else 1)
        if self.size * self.count < 2:
            raise InputError("size times count must be at least 2: one individual cannot be invaded")
        states = number_of_states(size, count)
        if states > LARGEST:
            raise TheoryError(
                f"{count} groups of at most {size} have {states:,} states; "
                f"the exact chain takes at most {LARGEST:,}: simulate, or use rare_splitting"
            )
        self._steps = steps_between(self.size, self.count, self.split, self.migration)

    def fixation(self, M: object, intensity: float) -> FixationPair:
        """rho_A and rho_B of one mutant placed uniformly in a full population.

        Raises
        ------
        InputError : M not a finite 2 x 2 matrix, intensity not finite
        TheoryError : selection so strong that a step has probability zero in floating point
        """
        births = self._births(number("intensity", intensity) * self._payoffs(matrix("M", M, 2)))
        flow = self._flow(births)
        ends = np.stack([self._into(flow, end) for end in (0, 1)], axis=1)
        fixed = self._solve(flow, ends, [self._steps.one_a, self._steps.one_b])
        return FixationPair(float(fixed[self._steps.one_a, 0]), float(fixed[self._steps.one_b, 1]))

    def fixation_derivative(self, M: object) -> FixationPair:
        """d rho_A and d rho_B over d(intensity) at neutrality, exact: solved for, not differenced.

        Raises
        ------
        InputError : M not a finite 2 x 2 matrix
        """
        payoff = self._payoffs(matrix("M", M, 2))
        births, flow, reach = self._neutral
        mean = births @ payoff
        slope = births * (payoff[None, :] - mean[:, None])
        step = self._steps
        push = step.chances * slope[step.rows, step.events] * (reach[step.columns] - reach[step.rows])
        change = self._solve(flow, np.bincount(step.rows, push, step.transient)[:, None], [])[:, 0]
        return FixationPair(float(change[step.one_a]), float(-change[step.one_b]))

    def structure(self) -> Structure:
        """How the groups weigh a game under weak selection: own (a - d) + other (b - c), exact.

        References
        ----------
        Tarnita2009
        """
        units = ([[1, 0], [0, 0]], [[0, 1], [0, 0]])
        pairs = [self.fixation_derivative(unit) for unit in units]
        return Structure(*(pair.cooperators - pair.defectors for pair in pairs))

    def sigma(self) -> float:
        """The structure coefficient, exact: how much a - d weighs against b - c under weak selection.

        References
        ----------
        Tarnita2009
        """
        return self.structure().sigma

    def critical(self, matrix_of: Callable[[float], object], intensity: float) -> float:
        """The benefit at which rho_A = rho_B at this intensity, in a family of games ``matrix_of(benefit)``.

        Raises
        ------
        TheoryError : no such benefit
        """

        def log_ratio(benefit: float) -> float:
            pair = self.fixation(matrix_of(benefit), intensity)
            return math.log(max(pair.cooperators, TINY)) - math.log(max(pair.defectors, TINY))

        return crossing(log_ratio)

    @cached_property
    def _neutral(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Births, flow and the probability to end in all A, without selection."""
        births = self._births(np.zeros(2 * len(self._steps.compositions)))
        flow = self._flow(births)
        reach = self._solve(flow, self._into(flow, 0)[:, None], [])[:, 0]
        return births, flow, np.concatenate([reach, [1.0, 0.0]])

    def _payoffs(self, M: np.ndarray) -> np.ndarray:
        """Payoff of A and of B in each composition, one per kind of birth; shape (2 * compositions,)."""
        (a, b), (c, d) = M
        return np.array(
            [
                (0.0, 0.0) if s == 1 else (((k - 1) * a + (s - k) * b) / (s - 1), (k * c + (s - k - 1) * d) / (s - 1))
                for s, k in self._steps.compositions
            ]
        ).ravel()

    def _births(self, exponent: np.ndarray) -> np.ndarray:
        """In each state, the probability of each kind of birth: (how many could give it) * exp(exponent)."""
        possible = np.where(self._steps.parents > 0, exponent, -np.inf)
        births = self._steps.parents * np.exp(possible - possible.max(axis=1, keepdims=True))
        return births / births.sum(axis=1, keepdims=True)

    def _flow(self, births: np.ndarray) -> np.ndarray:
        """The probability of each step."""
        return self._steps.chances * births[self._steps.rows, self._steps.events]

    def _into(self, flow: np.ndarray, end: int) -> np.ndarray:
        """The probability to step from each transient state into all A (0) or all B (1)."""
        there = self._steps.columns == self._steps.transient + end
        return np.bincount(self._steps.rows, flow * there, self._steps.transient)

    def _solve(self, flow: np.ndarray, income: np.ndarray, matter: list[int]) -> np.ndarray:
        """Expected sums of the columns of ``income`` until one strategy is left, from each transient state."""
        states, rows, columns = self._steps.transient, self._steps.rows, self._steps.columns
        leaves = np.bincount(rows, flow, states)
        if (leaves <= 0).any():
            raise TheoryError("selection is too strong: some steps of the chain have probability zero")
        inside = columns < states
        jump = flow[inside] / leaves[rows[inside]]
        return expected_sums(rows[inside], columns[inside], jump, income / leaves[:, None], matter)


def rare_splitting(M: object, size: int, count: int, intensity: float, migrants: float = 0.0) -> FixationPair:
    """rho_A and rho_B in the limit q -> 0: take over one group, then the groups compete as wholes.

        rho_A = phi_A(n) (1 - 1/Q)/(1 - Q^-m),   Q = exp(intensity (a - d)) (1 + z' phi_A)/(1 + z' phi_B),

    phi the well-mixed Moran fixation probability in one group of n; z' = z n/(n+1) of the z = ``migrants``
    that leave a group between two splits survive their arrival. Exact at every intensity.

    References
    ----------
    TraulsenNowak2006, TraulsenShoreshNowak2008; with migrants derived in this project, held against the chain
    """
    payoff = matrix("M", M, 2)
    n, m = whole("size", size, 1), whole("count", count, 1)
    beta, z = number("intensity", intensity), number("migrants", migrants, 0) * n / (n + 1)
    inside = FixationPair(1.0, 1.0) if n == 1 else probability(payoff, n, beta)
    advantage = 0.0 if n == 1 else beta * float(payoff[0, 0] - payoff[1, 1])
    advantage += math.log1p(z * inside.cooperators) - math.log1p(z * inside.defectors)
    return FixationPair(inside.cooperators * _moran(advantage, m), inside.defectors * _moran(-advantage, m))


def _moran(advantage: float, count: int) -> float:
    """Fixation probability of one group among ``count``, its log fitness above the others by ``advantage``."""
    steps = -advantage * np.arange(count)
    top = steps.max()
    return math.exp(-top) / float(np.exp(steps - top).sum())
