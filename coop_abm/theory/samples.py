"""Replications as samples: what a test is given, and what it gives back.

A replication is one run of a whole world. What happens inside one hangs together: rounds follow each other,
individuals meet and copy each other. So a replication is *one* number, its mean, and the number of independent
values of an arm is the number of its replications, however many decisions were taken in each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number, whole

#: Fewer clusters than this know too little of their own spread for a bootstrap [CameronGelbachMiller2008].
FEWEST_CLUSTERS = 10
#: What a test may ask about the first arm beside the second.
ALTERNATIVES = ("two-sided", "greater", "less")
#: Smaller beside the whole spread than this is rounding.
ROUNDING = 1e-12


class Interval(NamedTuple):
    """A number, its standard error and its interval.

    value, error : the estimate and its standard error
    low, high    : the interval; infinite where one replication cannot say
    level        : how often such intervals hold the truth, as promised
    method       : how it was made, in words
    """

    value: float
    error: float
    low: float
    high: float
    level: float
    method: str


class Tested(NamedTuple):
    """What a test found.

    statistic   : what was compared; each test says what it is
    p           : how probable a value at least as extreme is under the null hypothesis
    smallest    : the smallest p that this design could have given; a level below it is never reached
    alternative : two-sided, greater or less
    exact       : were all arrangements counted, or some drawn?
    arrangements : how many there were, or were drawn
    method      : how it was made, in words
    """

    statistic: float
    p: float
    smallest: float
    alternative: str
    exact: bool
    arrangements: int
    method: str


def arm(name: str, values: object, fewest: int = 1) -> np.ndarray:
    """The means of the replications of one arm, float (R,).

    Raises
    ------
    InputError : not one finite number per replication, or fewer than `fewest`
    """
    try:
        found = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, one for each replication") from None
    if found.ndim != 1:
        raise InputError(f"{name} must be one number for each replication; got shape {found.shape}")
    if len(found) < fewest:
        raise InputError(f"{name} must have at least {fewest} replications; got {len(found)}")
    if not np.isfinite(found).all():
        raise InputError(f"{name} must be finite; a replication without a value is to be left out, and said so")
    return found


def pairs(first: object, second: object, fewest: int = 2) -> np.ndarray:
    """The differences of two arms whose replications belong together (a shared seed, say), float (R,).

    Raises
    ------
    InputError : as :func:`arm`, or arms of unequal length
    """
    one, other = arm("first", first, fewest), arm("second", second, fewest)
    if len(one) != len(other):
        raise InputError(f"paired arms must have as many replications each; got {len(one)} and {len(other)}")
    return one - other


def replication_means(values: object, replication: object) -> np.ndarray:
    """One number for each replication: the mean of its values, in the order of the sorted labels.

    Parameters
    ----------
    values      : (n,) finite numbers, one for each observation
    replication : (n,) label of the replication, or other cluster, that each belongs to

    Raises
    ------
    InputError : lengths differ, nothing given, or a value that is not finite

    >>> replication_means([0, 1, 1, 1], ["a", "a", "b", "b"]).tolist()
    [0.5, 1.0]
    """
    numbers, rows, sizes = clustered(values, replication)
    return np.bincount(rows, numbers, len(sizes)) / sizes


def clustered(values: object, clusters: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values float (n,), the cluster of each from 0 on (n,), and the sizes of all clusters (G,).

    Raises
    ------
    InputError : as :func:`replication_means`
    """
    numbers, labels = arm("values", values), np.asarray(clusters)
    if labels.shape != numbers.shape:
        raise InputError(f"clusters must have one label for each of {len(numbers)} values; got shape {labels.shape}")
    rows = np.unique(labels, return_inverse=True)[1]
    return numbers, rows, np.bincount(rows)


def level_of(level: float) -> float:
    """A confidence level.

    Raises
    ------
    InputError : not above 0 and below 1
    """
    found = number("level", level, 0, 1, below=True)
    if found == 0:
        raise InputError("level must be above 0 and below 1; got 0")
    return found


def dice(seed: int, purpose: int = 0) -> np.random.Generator:
    """Random numbers of a seed; each purpose has its own.

    Raises
    ------
    InputError : the seed is not a whole number, at least 0
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(whole("seed", seed, 0), spawn_key=(purpose,))))


def studentised(difference: np.ndarray, error: np.ndarray) -> np.ndarray:
    """difference / error, where an error of 0 makes any difference infinitely large, and none nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(error > 0, difference / error, np.where(difference == 0, 0.0, np.sign(difference) * np.inf))


def extreme(values: np.ndarray, observed: float, alternative: str) -> np.ndarray:
    """Which values are at least as extreme as the observed one; equal ones, up to rounding, are."""
    if alternative == "two-sided":
        values, observed = np.abs(values), abs(observed)
    elif alternative == "less":
        values, observed = -values, -observed
    slack = 0.0 if math.isinf(observed) else 1e-9 * max(1.0, abs(observed))
    return values >= observed - slack
