"""What is measured on a factorial of repeated games, by formulas of our own where FAIRGAME's are not known.

A replication is a game. The cells of a factorial share no draw, so replication r of a group of cells, its mean over
these cells, is one independent number, and every interval and test is over such numbers.

===================  ==============================================================================================
cooperation          share of choices that cooperate; of the battle of the sexes, `coordination`: rounds with a meeting
last round           cooperation in the last round less that in the rounds before it
end-game effect      the last round's difference where the horizon is known less that where it is not
language range       largest less smallest mean of a language
inconsistency        standard deviation between languages within a setting: sqrt of the mean over settings of the
                     variance of cell means over languages, less that between games of one cell (s^2 / R); at least 0
internal variability standard deviation between games of one cell, root mean square over cells
===================  ==============================================================================================
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from coop_abm.engine.factorial import Cell
from coop_abm.engine.repeated_games import choices_of
from coop_abm.theory.inference import Interval, Tested, difference_interval, mean_interval
from coop_abm.theory.permutation import permutation_test

#: Random arrangements of a permutation test; its smallest p is 1 / (1 + DRAWS).
DRAWS = 999
Where = Callable[[Cell], bool]


class Played(NamedTuple):
    """The games of one cell.

    cell : which one
    helped : bool (R, T, N), who cooperated in which round of which game
    """

    cell: Cell
    helped: np.ndarray

    @property
    def cooperation(self) -> np.ndarray:
        """float (R,)."""
        return self.helped.mean(axis=(1, 2))

    @property
    def last(self) -> np.ndarray:
        """float (R,): cooperation in the last round less that in the rounds before."""
        return self.helped[:, -1].mean(axis=1) - self.helped[:, :-1].mean(axis=(1, 2))

    @property
    def met(self) -> np.ndarray:
        """float (R,): share of rounds in which exactly one of two cooperates, and they meet."""
        return (self.helped.sum(axis=2) == 1).mean(axis=1)


def decoded(cell: Cell, moves: Sequence[np.ndarray], rounds: int) -> Played:
    """The games of a cell from the measures ``moves_0``, ``moves_1`` ... of its runs, each float (R,)."""
    acted = np.stack([[choices_of(number, rounds) for number in seat] for seat in moves], axis=2)
    return Played(cell, acted == 0)


class Incomplete(NamedTuple):
    """A group of cells of which some are missing: nothing is said of it."""

    missing: int
    cells: int

    @property
    def words(self) -> str:
        """Why there is no number."""
        return f"{self.missing:,} of {self.cells:,} cells are missing"


class Scores:
    """The whole cells of a factorial, and what can be said of groups of them.

    Parameters
    ----------
    cells  : all cells of the factorial
    played : the games of those that are whole
    """

    def __init__(self, cells: Iterable[Cell], played: dict[Cell, Played]):
        self.cells, self.played = tuple(cells), played

    def of(self, where: Where) -> list[Played] | Incomplete:
        """The games of the cells of a group; of a group that is not whole, how much is missing."""
        wanted = [cell for cell in self.cells if where(cell)]
        there = [self.played[cell] for cell in wanted if cell in self.played]
        return there if len(there) == len(wanted) else Incomplete(len(wanted) - len(there), len(wanted))

    def has(self, where: Where) -> bool:
        """Is there such a cell in the factorial?"""
        return any(where(cell) for cell in self.cells)


def replications(games: Sequence[Played], measure: str = "cooperation") -> np.ndarray:
    """float (R,): the mean over cells of each replication."""
    return np.mean([getattr(each, measure) for each in games], axis=0)


def mean(games: Sequence[Played], measure: str = "cooperation") -> Interval:
    """The mean of a group of cells, with Student's interval over replications."""
    return mean_interval(replications(games, measure))


def contrast(
    first: Sequence[Played], second: Sequence[Played], measure: str = "cooperation"
) -> tuple[Interval, Tested | None]:
    """Group less group, with Welch's interval and a permutation test by replication; None of a single replication."""
    one, other = replications(first, measure), replications(second, measure)
    return difference_interval(one, other), permutation_test(one, other, most=0, draws=DRAWS)


def falling(groups: Sequence[Sequence[Played]]) -> Tested:
    """Does cooperation fall from each group to the next? Intersection-union of one-sided permutation tests."""
    rates = [replications(games) for games in groups]
    steps = [_greater(a, b) for a, b in itertools.pairwise(rates)]
    return max(steps, key=lambda step: step.p)._replace(method=f"intersection-union of {len(steps)} steps")


class Inconsistency(NamedTuple):
    """How far languages differ within settings.

    value : standard deviation between languages, less chance
    p     : how often games whose languages are drawn again by lot within their setting differ as much
    reach : its interval; None of fewer than 3 replications
    """

    value: float
    p: float
    reach: Interval | None


def inconsistency(games: Sequence[Played], seed: int = 0) -> Inconsistency | None:
    """Between languages, within settings that are otherwise the same; None where there is one language alone."""
    settings: dict[Cell, list[np.ndarray]] = {}
    for each in games:
        settings.setdefault(each.cell._replace(language=""), []).append(each.cooperation)
    rates = np.array(list(settings.values()))  # (settings, languages, replications)
    if rates.ndim != 3 or rates.shape[1] < 2:
        return None
    runs = rates.shape[2]
    between = float(rates.mean(axis=2).var(axis=1, ddof=1).mean())
    chance = float(rates.var(axis=2, ddof=1).mean()) / runs
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=(1,))))
    flat, as_large = rates.reshape(len(rates), -1), 0
    for _ in range(DRAWS):
        again = rng.permuted(flat, axis=1).reshape(rates.shape).mean(axis=2).var(axis=1, ddof=1).mean()
        as_large += bool(again >= between - 1e-12)
    reach = _rooted(rates, lambda some: some.mean(axis=2).var(axis=1, ddof=1) - some.var(axis=2, ddof=1).mean(axis=1)
                    / some.shape[2])  # fmt: skip
    return Inconsistency(math.sqrt(max(0.0, between - chance)), (1 + as_large) / (1 + DRAWS), reach)


def variability(games: Sequence[Played]) -> float:
    """Root mean square over cells of the standard deviation between the games of one cell."""
    return float(np.sqrt(np.mean([each.cooperation.var(ddof=1) for each in games])))


def variability_interval(games: Sequence[Played]) -> Interval | None:
    """Its interval; None of fewer than 3 replications."""
    return _rooted(np.array([each.cooperation for each in games]), lambda some: some.var(axis=-1, ddof=1))


def _rooted(rates: np.ndarray, squares: Callable[[np.ndarray], np.ndarray]) -> Interval | None:
    """The root of a mean square with a jackknife interval: each replication (the last axis) is left out in turn.

    The interval is that of the square, by Student's t of its pseudo-values, and ends at 0.
    """
    runs = rates.shape[-1]
    if runs < 3:
        return None
    whole = float(squares(rates).mean())
    without = np.array([float(squares(np.delete(rates, r, axis=-1)).mean()) for r in range(runs)])
    found = mean_interval(runs * whole - (runs - 1) * without)
    ends = (math.sqrt(max(0.0, end)) for end in (whole, found.low, found.high))
    value, low, high = ends
    return Interval(value, found.error, low, high, found.level, f"jackknife of the square, {runs} replications")


def spread(groups: Sequence[Sequence[Played]]) -> Interval:
    """Largest less smallest mean of several groups, with an interval that holds it at least as often as it says.

    It is the largest difference of any two, so where the intervals of all differences hold (Welch, each raised for
    their number), it lies between the largest of their lower ends and the largest of what they reach. It is wider
    than need be.
    """
    arms = [replications(games) for games in groups]
    pairs = list(itertools.combinations(arms, 2))
    found = [difference_interval(one, other, level=1 - 0.05 / len(pairs)) for one, other in pairs]
    low = max(max(each.low, -each.high, 0.0) for each in found)
    high = max(max(abs(each.low), abs(each.high)) for each in found)
    value = max(abs(each.value) for each in found)
    return Interval(value, math.nan, low, high, 0.95, f"largest of {len(pairs)} differences")


@cache
def stated_power(effect: float, runs: int, between: float, level: float, repeats: int = 200) -> tuple[float, float]:
    """How often a difference of this size is found between two groups, and how often two such steps by `falling`.

    Parameters
    ----------
    runs    : replications
    between : standard deviation of a group between replications, taken as normal
    level   : of each test
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(0, spawn_key=(2,))))
    one = both = 0
    for _ in range(repeats):
        high, middle, low = (step * effect + rng.normal(0.0, between, runs) for step in (2, 1, 0))
        one += permutation_test(high, middle, most=0, draws=DRAWS).p <= level
        both += max(_greater(high, middle).p, _greater(middle, low).p) <= level
    return one / repeats, both / repeats


def _greater(first: np.ndarray, second: np.ndarray) -> Tested:
    return permutation_test(first, second, alternative="greater", most=0, draws=DRAWS)


def by_round(games: Sequence[Played]) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each round, float (T,), and half the width of its 95 % interval over replications."""
    from scipy.special import stdtrit

    rounds = np.mean([each.helped.mean(axis=2) for each in games], axis=0)  # (R, T)
    runs = len(rounds)
    return rounds.mean(axis=0), stdtrit(runs - 1, 0.975) * rounds.std(axis=0, ddof=1) / math.sqrt(runs)


__all__ = [
    "DRAWS", "Incomplete", "Inconsistency", "Played", "Scores", "by_round", "contrast", "decoded", "falling",
    "inconsistency", "mean", "replications", "spread", "stated_power", "variability", "variability_interval",
]  # fmt: skip
