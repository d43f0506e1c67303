"""Intervals and tests on replication means: what may be said of two arms, of three, and of many.

One replication gives one number for each arm (:func:`replication_means`). On these numbers:

====================  ============================================================================
mean_interval         one arm: Student's t, or a studentised bootstrap
difference_interval   two arms: Welch's t, or Student's t of paired differences
permutation_test      two arms, exact; ``paired_test`` and ``stratified_test`` beside it
intersection_union    is one arm better than *each* of the others?
super_additivity      by how much is it better than the best of the others?
holm                  several questions at once
factor_effects        two factors and their interaction, by permutation
cluster_bootstrap     observations in at least ten clusters
power                 how often an effect of a stated size would be found
====================  ============================================================================

``docs/inference.md`` says which when, and how each was calibrated.

References
----------
Student1908, Welch1947, Berger1982, Holm1979, PhipsonSmyth2010, CameronGelbachMiller2008
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import one_of
from coop_abm.theory.bootstrap import cluster_bootstrap
from coop_abm.theory.factors import Effects, factor_effects
from coop_abm.theory.permutation import TWO_ARMS, paired_test, permutation_test, stratified_test
from coop_abm.theory.power import Power, power
from coop_abm.theory.samples import ALTERNATIVES, Interval, Tested, arm, level_of, pairs, replication_means

__all__ = [
    "Effects", "Interval", "Power", "SuperAdditivity", "Tested", "cluster_bootstrap", "difference_interval",
    "factor_effects", "holm", "intersection_union", "mean_interval", "paired_test", "permutation_test", "power",
    "replication_means", "stratified_test", "super_additivity",
]  # fmt: skip


class SuperAdditivity(NamedTuple):
    """By how much one arm is above the best of the others.

    value      : mean of the arm - the largest mean of the others
    low, high  : its interval
    level      : how often such intervals hold the truth, at least
    test       : is it above each of the others? One-sided, intersection-union
    over       : the interval of the difference to each of the others, each at `level` alone
    """

    value: float
    low: float
    high: float
    level: float
    test: Tested
    over: tuple[Interval, ...]


def mean_interval(values: object, *, level: float = 0.95, method: str = "t", seed: int = 0) -> Interval:
    """The mean of independent replications, with its interval; infinite where there is only one.

    Assumed: replications are independent; for ``method = "t"`` that their mean is about normal, which few
    replications of a very lopsided measure are not. Where all replications agree the interval has no width; that is
    right only if a rare other outcome is impossible (shares: ``coop_abm.engine.statistics.bounded``).

    Parameters
    ----------
    values : (R,) one number for each replication
    level  : how often such intervals should hold the truth
    method : "t", or "bootstrap" (studentised; at least 10 replications)
    seed   : of the bootstrap

    Raises
    ------
    InputError : values that are not finite, none at all, or a bootstrap of fewer than 10

    References
    ----------
    Student1908, Hall1988

    >>> found = mean_interval([0.2, 0.4, 0.3, 0.5])
    >>> round(found.low, 3), round(found.high, 3)
    (0.145, 0.555)
    """
    one_of("method", method, ("t", "bootstrap"))
    found, wanted = arm("values", values), level_of(level)
    if method == "bootstrap":
        return cluster_bootstrap(found, np.arange(len(found)), level=level, seed=seed)
    value, runs = float(found.mean()), len(found)
    if runs == 1:
        return Interval(value, math.inf, -math.inf, math.inf, wanted, "t, one replication")
    error = float(found.std(ddof=1)) / math.sqrt(runs)
    reach = _t(runs - 1, 1 - (1 - wanted) / 2) * error
    return Interval(value, error, value - reach, value + reach, wanted, f"t, {runs} replications")


def difference_interval(first: object, second: object, *, level: float = 0.95, paired: bool = False) -> Interval:
    """mean(first) - mean(second), with Welch's interval, or Student's of the differences of pairs.

    Assumed: replications (pairs) are independent, means about normal; spreads may differ between the arms.

    Parameters
    ----------
    first, second : (R,), (S,) one number for each replication
    paired        : do replications belong together, one by one? Then R = S

    Raises
    ------
    InputError : values that are not finite, fewer than 2 replications, unequal numbers where paired

    References
    ----------
    Welch1947, Student1908
    """
    wanted = level_of(level)
    value, error, freedom = _difference(first, second, paired)
    reach = _t(freedom, 1 - (1 - wanted) / 2) * error
    return Interval(
        value, error, value - reach, value + reach, wanted, "t of paired differences" if paired else "Welch"
    )


def intersection_union(
    best: object, *others: object, alternative: str = "greater", paired: bool = False, seed: int = 0
) -> Tested:
    """Is one arm above each of the others? The largest of the one-sided p-values.

    Null hypothesis: it is not above at least one of them. Each difference has a permutation test of its own at the
    full level, and all must reject; no correction is due, because the null hypothesis is a union [Berger1982]. It is
    conservative: where the arm beats none of several, all must be mistaken at once.

    Parameters
    ----------
    best, others : (R,) each, one number for each replication; at least one other
    alternative  : "greater", or "less": below each of the others
    paired       : do the replications of all arms belong together, one by one?
    seed         : where arrangements are drawn

    Raises
    ------
    InputError : as ``permutation_test``; nothing to compare with; two-sided

    References
    ----------
    Berger1982
    """
    if not others:
        raise InputError("others must be at least one arm to compare with; got none")
    one_of("alternative", alternative, ALTERNATIVES[1:])
    tests = [TWO_ARMS[paired](best, other, alternative=alternative, seed=seed) for other in others]
    last = max(tests, key=lambda test: test.p)
    smallest = max(test.smallest for test in tests)
    return last._replace(smallest=smallest, method=f"intersection-union of {len(tests)}: {last.method}")


def super_additivity(
    both: object, *alone: object, level: float = 0.95, paired: bool = False, seed: int = 0
) -> SuperAdditivity:
    """By how much two mechanisms together are above the better of each alone: both - max(alone).

    It is the smallest of the differences d_i = both - alone_i. With a = 1 - level, its lower end is the smallest of
    the lower bounds of all d_i, one-sided at a/2: no correction is due, because it fails only where the bound of the
    smallest d_i fails [Berger1982]. Its upper end is the smallest of the upper bounds, one-sided at a/2 shared out
    among all d_i (Bonferroni), because there each may fail. So the interval holds the truth at least as often as
    promised, also where the two alone are equally good; there it is wider than need be. The value itself is a little
    too low then, because the larger of two noisy means is a little too high.

    Parameters
    ----------
    both, alone : (R,) each, one number for each replication of SA and of RI, GC (any number of arms)
    paired      : do the replications of all arms belong together, one by one?
    seed        : of the permutation test, where arrangements are drawn

    Raises
    ------
    InputError : as ``difference_interval`` and ``intersection_union``

    References
    ----------
    Berger1982, Welch1947, ToniniGalke2025
    """
    wanted = level_of(level)
    test = intersection_union(both, *alone, paired=paired, seed=seed)
    tail = (1 - wanted) / 2
    found = [_difference(both, other, paired) for other in alone]
    low = min(value - _t(freedom, 1 - tail) * error for value, error, freedom in found)
    high = min(value + _t(freedom, 1 - tail / len(found)) * error for value, error, freedom in found)
    over = tuple(difference_interval(both, other, level=level, paired=paired) for other in alone)
    value = min(each.value for each in over)
    # Of very unequal errors, the sharper arm can set an upper end below the value.
    return SuperAdditivity(value, low, max(high, value), wanted, test, over)


def holm(p: Sequence[float]) -> np.ndarray:
    """p-values of several questions, raised so that one threshold serves all; in the order given.

    Whatever hangs together with whatever: the probability to reject any true null hypothesis is at most the level.

    Raises
    ------
    InputError : a value outside [0, 1]

    References
    ----------
    Holm1979

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.array(p, dtype=float)
    if given.ndim != 1 or not ((given >= 0) & (given <= 1)).all():
        raise InputError("p must be a row of p-values in [0, 1]")
    order = np.argsort(given, kind="stable")
    raised = np.minimum(1.0, np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1)))
    found = np.empty_like(given)
    found[order] = raised
    return found


def _difference(first: object, second: object, paired: bool) -> tuple[float, float, float]:
    """The difference of two means, its standard error, and the degrees of freedom of that."""
    if paired:
        differences = pairs(first, second)
        runs = len(differences)
        return float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(runs), runs - 1.0
    one, other = arm("first", first, 2), arm("second", second, 2)
    parts = np.array([one.var(ddof=1) / len(one), other.var(ddof=1) / len(other)])
    total = float(parts.sum())
    free = np.array([len(one) - 1, len(other) - 1])
    freedom = total**2 / float((parts**2 / free).sum()) if total > 0 else float(free.sum())
    return float(one.mean() - other.mean()), math.sqrt(total), freedom


def _t(freedom: float, share: float) -> float:
    """Student's t, below which that share of it lies."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, share))
