"""Permutation tests by replication: what chance alone would have made of the same numbers.

Where the null hypothesis holds, the labels of the arms are as good as drawn by lot. So the test draws them again, in
every possible way where there are few, and counts how often the difference is as large as the one seen. Nothing is
assumed of how values are distributed; what is drawn again are whole replications, never decisions inside one.

Few replications have few arrangements: three against three are 20, and no one-sided p is below .05. ``Tested.smallest``
says so. p is never 0: where arrangements are drawn, the observed one counts as one of them.

References
----------
PhipsonSmyth2010, Janssen1997, ChungRomano2013
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain, combinations

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import one_of, whole
from coop_abm.theory.samples import ALTERNATIVES, ROUNDING, Tested, arm, dice, extreme, pairs, studentised

#: Up to so many arrangements are all counted: ten replications against ten are 184,756.
ALL = 200_000
#: Otherwise so many are drawn, and the observed one is added.
DRAWS = 9_999
#: Arrangements that are in memory at a time.
_CHUNK = 20_000

#: What is compared: the difference of the means, or that in its standard errors.
STATISTICS = ("welch", "mean")


def permutation_test(
    first: object,
    second: object,
    *,
    alternative: str = "two-sided",
    statistic: str = "welch",
    most: int = ALL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Tested:
    """Do two arms of independent replications differ?

    Null hypothesis: replications of both arms are drawn from one distribution. Then p <= a has at most the
    probability a, for any number of replications. With ``statistic = "welch"``, the difference in its standard
    errors, this is also true for many replications where means alone are equal and spreads are not.

    Parameters
    ----------
    first, second : (R,), (S,)   one number for each replication, at least 2 each
    alternative   : "two-sided", "greater" (first > second) or "less"
    statistic     : "welch" or "mean"
    most          : up to so many arrangements are all counted
    draws         : how many are drawn otherwise; p is then (1 + as extreme) / (1 + draws)
    seed          : of these draws

    Raises
    ------
    InputError : values that are not finite, fewer than 2 replications, or an unknown word

    References
    ----------
    PhipsonSmyth2010, Janssen1997, ChungRomano2013

    >>> permutation_test([4, 5, 6, 7], [0, 1, 2, 3], alternative="greater").p == 1 / 70
    True
    """
    one, other = arm("first", first, 2), arm("second", second, 2)
    one_of("alternative", alternative, ALTERNATIVES)
    one_of("statistic", statistic, STATISTICS)
    values = np.concatenate([one, other])
    values = values - values.mean()  # sums of squares lose no digits to a common level
    observed = float(_difference(values, np.arange(len(one))[None, :], statistic)[0])

    def compared(chosen: np.ndarray) -> np.ndarray:
        return _difference(values, chosen, statistic)

    number_of = math.comb(len(values), len(one))
    if number_of <= whole("most", most, 0):
        batches = _chunks(_choices(len(values), len(one)))
        return _counted(observed, map(compared, batches), alternative, number_of, f"permutation, {statistic}")
    rng = dice(seed, 1)
    drawn = (rng.permuted(np.tile(np.arange(len(values)), (size, 1)), axis=1)[:, : len(one)] for size in _sizes(draws))
    return _drawn(observed, map(compared, drawn), alternative, draws, number_of, f"permutation, {statistic}")


def paired_test(
    first: object,
    second: object,
    *,
    alternative: str = "two-sided",
    most: int = ALL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Tested:
    """Do two arms differ whose replications belong together in pairs?

    Null hypothesis: the difference of a pair is as likely as its negative. The signs of the differences are drawn
    again; the statistic is their mean, which orders the arrangements as Student's t does.

    Parameters
    ----------
    first, second : (R,) each, pair by pair; the others as :func:`permutation_test`

    Raises
    ------
    InputError : arms of unequal length, values that are not finite, fewer than 2 pairs, or an unknown word

    References
    ----------
    PhipsonSmyth2010

    >>> paired_test([1, 2, 3, 4], [0, 0, 0, 0]).p
    0.125
    """
    differences = pairs(first, second)
    one_of("alternative", alternative, ALTERNATIVES)
    observed = float(differences.mean())

    def compared(signs: np.ndarray) -> np.ndarray:
        return signs @ differences / len(differences)

    number_of = 2 ** len(differences)
    if number_of <= whole("most", most, 0):
        bits = np.arange(number_of)[:, None] >> np.arange(len(differences)) & 1
        return _counted(observed, map(compared, _chunks(1.0 - 2.0 * bits)), alternative, number_of, "sign flips, mean")
    rng = dice(seed, 2)
    drawn = (rng.integers(0, 2, (size, len(differences))) * 2.0 - 1.0 for size in _sizes(draws))
    return _drawn(observed, map(compared, drawn), alternative, draws, number_of, "sign flips, mean")


def stratified_test(
    first: object,
    second: object,
    first_stratum: object,
    second_stratum: object,
    *,
    alternative: str = "two-sided",
    draws: int = DRAWS,
    most: int = ALL,
    seed: int = 0,
) -> Tested:
    """Do two arms differ inside strata: languages, models, games, that differ among themselves?

    Null hypothesis: inside each stratum, replications of both arms are drawn from one distribution. Labels change
    places inside a stratum only. The statistic is the mean of the differences, stratum by stratum, with weights
    n m / (n + m) of the n and m replications there.

    Parameters
    ----------
    first_stratum, second_stratum : (R,), (S,)   the stratum of each replication; the others as
                                    :func:`permutation_test`

    Raises
    ------
    InputError : as :func:`permutation_test`, or a stratum that lacks one of the arms

    References
    ----------
    PhipsonSmyth2010
    """
    one, other = arm("first", first, 1), arm("second", second, 1)
    one_of("alternative", alternative, ALTERNATIVES)
    parts = _strata(one, other, np.asarray(first_stratum), np.asarray(second_stratum))
    weights = np.array([n * (len(values) - n) / len(values) for values, n in parts])
    weights /= weights.sum()

    def inside(part: tuple[np.ndarray, int], chosen: np.ndarray) -> np.ndarray:
        return _difference(part[0], chosen, "mean")

    observed = float(sum(w * inside(p, np.arange(p[1])[None, :])[0] for p, w in zip(parts, weights, strict=True)))
    number_of = math.prod(math.comb(len(values), n) for values, n in parts)
    if number_of <= whole("most", most, 0):
        total = np.zeros(1)
        for part, weight in zip(parts, weights, strict=True):
            each = inside(part, _choices(len(part[0]), part[1]))
            total = (total[:, None] + weight * each).ravel()
        return _counted(observed, iter([total]), alternative, number_of, "permutation inside strata")
    rng = dice(seed, 3)

    def drawing(size: int) -> np.ndarray:
        orders = [rng.permuted(np.tile(np.arange(len(v)), (size, 1)), axis=1)[:, :n] for v, n in parts]
        return np.asarray(sum(w * inside(p, order) for p, order, w in zip(parts, orders, weights, strict=True)))

    return _drawn(observed, map(drawing, _sizes(draws)), alternative, draws, number_of, "permutation inside strata")


def _strata(one: np.ndarray, other: np.ndarray, first: np.ndarray, second: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """For each stratum its values, those of the first arm in front, and how many those are."""
    if first.shape != one.shape or second.shape != other.shape:
        raise InputError("strata must be one label for each replication of each arm")
    found = []
    for name in np.unique(np.concatenate([first, second])):
        mine, yours = one[first == name], other[second == name]
        if not len(mine) or not len(yours):
            raise InputError(f"strata must have replications of both arms each; stratum {name!s} lacks one")
        found.append((np.concatenate([mine, yours]), len(mine)))
    return found


def _difference(values: np.ndarray, chosen: np.ndarray, statistic: str) -> np.ndarray:
    """mean of the chosen minus mean of the others, (P,), for index sets (P, R); "welch" in standard errors."""
    n, m = chosen.shape[1], len(values) - chosen.shape[1]
    inside = values[chosen]
    total = inside.sum(axis=1)
    rest = values.sum() - total
    difference = total / n - rest / m
    spread = float(values @ values)
    difference[np.abs(difference) <= ROUNDING * math.sqrt(spread)] = 0.0
    if statistic == "mean":
        return difference
    squares = np.square(inside).sum(axis=1)
    within = np.stack([squares - total**2 / n, spread - squares - rest**2 / m])
    within[within <= ROUNDING * spread] = 0.0  # an arm whose values are all equal
    return studentised(difference, np.sqrt(within[0] / ((n - 1) * n) + within[1] / ((m - 1) * m)))


@lru_cache(maxsize=8)
def _choices(size: int, chosen: int) -> np.ndarray:
    """All ways to choose, int (ways, chosen)."""
    ways = math.comb(size, chosen)
    flat = chain.from_iterable(combinations(range(size), chosen))
    found = np.fromiter(flat, np.int64, ways * chosen).reshape(ways, chosen)
    found.setflags(write=False)
    return found


def _chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[at : at + _CHUNK] for at in range(0, len(rows), _CHUNK))


def _sizes(draws: int) -> Iterator[int]:
    wanted = whole("draws", draws, 1)
    return (min(_CHUNK, wanted - at) for at in range(0, wanted, _CHUNK))


def _counted(observed: float, batches: Iterator[np.ndarray], alternative: str, number_of: int, method: str) -> Tested:
    """The test over all arrangements: the share of those as extreme, and what the best of them would have had."""
    values = np.concatenate(list(batches))
    p = float(extreme(values, observed, alternative).mean())
    most = {"two-sided": np.abs(values).max(), "greater": values.max(), "less": values.min()}[alternative]
    smallest = float(extreme(values, float(most), alternative).mean())
    return Tested(observed, p, smallest, alternative, True, number_of, f"{method}, all {number_of:,} arrangements")


def _drawn(
    observed: float, batches: Iterator[np.ndarray], alternative: str, draws: int, number_of: int, method: str
) -> Tested:
    """The test over arrangements that are drawn, with the observed one among them [PhipsonSmyth2010]."""
    hits = sum(int(extreme(values, observed, alternative).sum()) for values in batches)
    p, least = (1 + hits) / (1 + draws), 1 / (1 + draws)
    return Tested(observed, p, least, alternative, False, draws, f"{method}, {draws:,} of {number_of:.3g} arrangements")


#: Of two arms, whether their replications belong together or not.
TWO_ARMS: dict[bool, Callable[..., Tested]] = {False: permutation_test, True: paired_test}
