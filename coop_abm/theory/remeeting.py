"""The critical ratio of a graph too large to solve, from random walks that meet; with an interval.

*Remeeting* (one graph, averaged payoffs). Two lines leave node i and are together again after tau_i steps on
average. With P the walk of replacement and pi its stationary weights, the equations of ``meeting`` add up to

    death_birth          cost = sum pi_i tau_i - 2,   gain = sum pi_i p_ii^(2) tau_i - 2
    pairwise_comparison  cost = sum pi_i tau_i - 1,   gain = -1

and sum pi_i^2 tau_i = 1. No difference of large numbers is left, cost and gain share their noise, and the sum
that is known takes more of it away (a control variate). After a first round, walks begin where they matter.

*Three lines* (all else). A node j is drawn by pi_j S_j, i is h steps of P away, l one game away; the three walk
until they have met. cost = E tau_ij, gain = E (tau_il - tau_jl), up to one factor; where i and j meet before l
does, which is usual, the difference is zero without noise.

References
----------
Allen2017, Fieller1954
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import TheoryError
from coop_abm.core.workers import in_parts
from coop_abm.theory.ancestry import Ancestry, Progress, ancestry
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.lines import Steps, fill_aliases, meet_three, remeet

if TYPE_CHECKING:
    import scipy.sparse

Z95 = 1.959963984540054
FIRST = 1000  # walks of the first round
LATER = 1_000_000  # walks of a later round, at most: what is kept of them are a few numbers each
CHUNK_MOVES = 20_000_000  # moves between two looks at the clock and the keyboard
LONGEST = 1_000_000_000  # moves of one walk
EVERYWHERE = 0.1  # share of the walks that begin by pi, wherever the others begin
USEFUL = 0.01  # 1/(b/c)* is found to this times the relative error, at best


class Walked(NamedTuple):
    """A measured critical ratio.

    value : signed; infinite where no walk saw a gain
    error : standard error; infinite with the interval
    low, high : 95 % interval; infinite at both ends where it goes through infinity
    walks, steps : how many walks were made, and all their moves
    """

    value: float
    error: float
    low: float
    high: float
    walks: int
    steps: int


class _Moments(NamedTuple):
    """Means and scatter of what the walks found: cost, gain, and noise whose mean is known to be zero.

    walks : how many; mean : float (3,); scatter : float (3, 3), sum of products of deviations from the mean
    """

    walks: int
    mean: np.ndarray
    scatter: np.ndarray

    def with_those_of(self, found: np.ndarray) -> _Moments:
        """Those of these walks and further ones, float (3, walks)."""
        count, mean = found.shape[1], found.mean(axis=1)
        away, apart = found - mean[:, None], mean - self.mean
        total = self.walks + count
        scatter = self.scatter + away @ away.T + np.outer(apart, apart) * (self.walks * count / total)
        return _Moments(total, self.mean + apart * (count / total), scatter)

    @property
    def slopes(self) -> np.ndarray:
        """Of cost and gain on the noise, float (2,)."""
        return self.scatter[:2, 2] / self.scatter[2, 2] if self.scatter[2, 2] > 0 else np.zeros(2)

    @property
    def estimate(self) -> tuple[np.ndarray, np.ndarray]:
        """Cost and gain without the known noise, float (2,), and the covariance of the two, float (2, 2)."""
        slopes, around = self.slopes, self.scatter[:2, :2]
        around = around - np.outer(slopes, slopes) * self.scatter[2, 2]
        return self.mean[:2] - slopes * self.mean[2], around / (self.walks * max(self.walks - 1, 1))

    @property
    def inverse(self) -> tuple[float, float]:
        """gain/cost = 1/(b/c)*, and its standard error."""
        (cost, gain), spread = self.estimate
        value = float(gain / cost)
        direction = np.array([-value, 1.0])
        return value, math.sqrt(max(float(direction @ spread @ direction), 0.0)) / abs(float(cost))


#: (first walk, how many) -> cost, gain and noise of each, float (3, walks), and its moves, int64 (walks,).
_Walk = Callable[[int, int], tuple[np.ndarray, np.ndarray]]

_NOTHING = _Moments(0, np.zeros(3), np.zeros((3, 3)))


def critical_ratio(
    weights: object,
    *,
    update: str = "death_birth",
    payoff: str = "averaged",
    replacement: object = None,
    seed: int = 0,
    relative_error: float = 0.01,
    most_steps: float = 1e11,
    progress: Progress | None = None,
) -> Walked:
    """(b/c)* of the donation game on a graph of any size, by Monte Carlo; weak selection.

    The result depends on the seed, not on the number of threads. Of ratios beyond 100 in size the inverse is
    found to 0.01 times the relative error, because they differ little from infinity.

    Parameters
    ----------
    weights, update, payoff, replacement : as ``coalescence.critical_ratio``
    relative_error : standard error to reach, beside the value
    most_steps     : moves after which the result is given with the error that it then has; about 10 ns each
    progress       : called with the share of the work that is done

    Raises
    ------
    GraphError, InputError : as ``coalescence.critical_ratio``
    TheoryError : lines that do not meet within 10^9 moves (a very long graph)

    References
    ----------
    Allen2017
    """
    wanted = number("relative_error", relative_error, 1e-6, 1)
    budget = number("most_steps", most_steps, 1)
    base = stream_base(whole("seed", seed, 0))
    walks = ancestry(weights, update, payoff, replacement)
    steps = _steps(walks.walk)
    if not walks.shared or update == "imitation":
        return _measured(_three_lines(walks, steps, base), 0, 0, 10.0 * walks.size, wanted, budget, progress)
    pi = walks.reach / walks.reach.sum()
    returns = _two_step_returns(walks) if walks.back == 2 else np.zeros(walks.size)
    found, moves = _round(_remeeting(steps, pi, returns, pi, walks.back, base), 0, FIRST, 10.0 * walks.size)
    began = _where_it_matters(_NOTHING.with_those_of(found), pi, returns)
    again = _remeeting(steps, pi, returns, began, walks.back, base)
    return _measured(again, FIRST, moves, moves / FIRST, wanted, budget, progress)


def _remeeting(
    steps: Steps, pi: np.ndarray, returns: np.ndarray, began: np.ndarray, back: int, base: np.uint64
) -> _Walk:
    """Two lines leave a node, drawn by the probabilities ``began``, and come together again."""
    cumulative = np.cumsum(began)

    def walk(at: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        node, moves = np.empty(count, np.int64), np.empty(count, np.int64)
        remeet(steps, cumulative, base, at, LONGEST, node, moves)
        time = pi[node] / began[node] * moves
        gain = time * returns[node] - 2 if back == 2 else np.full(count, -1.0)
        return np.stack([time - back, gain, time * pi[node] - 1]), moves

    return walk


def _where_it_matters(pilot: _Moments, pi: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """Where walks should begin, float (N,): where what noise remains comes from, and everywhere a little."""
    (cost, gain), _ = pilot.estimate
    of_cost, of_gain = pilot.slopes
    ratio = cost / gain if gain else 0.0
    weight = pi * np.abs((1 - of_cost * pi) - ratio * (returns - of_gain * pi))
    total = float(weight.sum())
    return pi if total < 1e-9 else (1 - EVERYWHERE) * weight / total + EVERYWHERE * pi


def _three_lines(walks: Ancestry, steps: Steps, base: np.uint64) -> _Walk:
    """Three lines that walk until they have met; cost and gain in units of sum pi S."""
    cumulative = np.cumsum(walks.reach * walks.scale)
    cumulative /= cumulative[-1]
    games = _steps(walks.game)

    def walk(at: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        apart, difference, moves = np.empty(count), np.empty(count), np.empty(count, np.int64)
        meet_three(steps, games, cumulative, walks.back, base, at, LONGEST, apart, difference, moves)
        return np.stack([apart, difference, np.zeros(count)]), moves

    return walk


def _measured(
    walk: _Walk, at: int, spent: int, per_walk: float, wanted: float, budget: float, progress: Progress | None
) -> Walked:
    """Rounds of walks, the first with number ``at``, until the error is small enough or the budget is spent."""
    moments, count, before, after = _NOTHING, FIRST, 0.0, 0.1
    while True:
        found, moves = _round(walk, at + moments.walks, count, per_walk, progress, before, after)
        moments, spent, per_walk = moments.with_those_of(found), spent + moves, moves / count
        value, error = moments.inverse
        lacking = (error / (wanted * max(abs(value), USEFUL))) ** 2
        if lacking <= 1 or spent >= budget:
            return _walked(moments, at + moments.walks, spent)
        wish = moments.walks * (1.05 * lacking - 1) + 1
        affordable = (budget - spent) / max(per_walk, 1.0) + 1
        count = int(min(wish, affordable, LATER, 8 * moments.walks))
        before, after = 1 / lacking, min(1.0, (1 + count / moments.walks) / lacking)


def _round(
    walk: _Walk,
    at: int,
    count: int,
    per_walk: float,
    progress: Progress | None = None,
    before: float = 0.0,
    after: float = 1.0,
) -> tuple[np.ndarray, int]:
    """Walks ``at`` ... ``at + count - 1`` on all cores; what they found, and all their moves.

    Raises
    ------
    TheoryError : lines that do not meet
    """
    found, moves = np.empty((3, count)), np.empty(count, np.int64)
    done = 0

    def work(first: int, end: int) -> None:
        found[:, first:end], moved = walk(at + first, end - first)
        if (moved >= LONGEST).any():
            raise TheoryError(f"lines did not meet within {LONGEST:,} moves: the graph is too long for walks")
        moves[first:end] = moved

    def said(part: int) -> None:
        nonlocal done
        done += part
        if progress:
            progress(before + (after - before) * done / count)

    in_parts(work, count, max(1, int(CHUNK_MOVES / max(per_walk, 1.0))), said)
    return found, int(moves.sum())


def _walked(moments: _Moments, walks: int, spent: int) -> Walked:
    """Value, error and interval (Fieller's: straight in 1/(b/c)*, so it may go through infinity)."""
    value, error = moments.inverse
    low, high = value - Z95 * error, value + Z95 * error
    if low <= 0 <= high:
        unbounded = math.inf if value == 0 else 1 / value
        return Walked(unbounded, math.inf if error else 0.0, -math.inf, math.inf, walks, spent)
    return Walked(1 / value, error / value**2, 1 / high, 1 / low, walks, spent)


def _two_step_returns(walks: Ancestry) -> np.ndarray:
    """p_ii^(2) = sum_j p_ij p_ji, float (N,)."""
    squares = walks.walk.data**2 / walks.reach[walks.walk.indices]
    rows = np.repeat(np.arange(walks.size), np.diff(walks.walk.indptr))
    return np.bincount(rows, squares, minlength=walks.size) / walks.reach


def _steps(weights: scipy.sparse.csr_array) -> Steps:
    """Where a walk can go by these weights; only their sizes beside those of the row count."""
    start = weights.indptr.astype(np.int64)
    there = weights.indices.astype(np.int32)
    length = np.diff(start)
    even = np.maximum.reduceat(weights.data, start[:-1]) == np.minimum.reduceat(weights.data, start[:-1])
    if even.all():
        return Steps(start, there, np.empty(0), np.empty(0, np.int32))
    keep, other = np.empty(len(there)), np.empty(len(there), np.int32)
    small, large = np.empty(length.max(), np.int64), np.empty(length.max(), np.int64)
    fill_aliases(start, there, weights.data, keep, other, small, large)
    return Steps(start, there, keep, other)
