"""Bootstrap intervals by cluster: whole clusters are drawn again, and each draw is judged by its own error.

A bootstrap that draws single decisions again takes rounds of one world for independent, and its intervals are far too
narrow. One that draws clusters but does not studentise is too narrow where there are few. Here the statistic is
t = (mean of the draw - mean) / (error of the draw), whose quantiles take the place of Student's.

References
----------
Hall1988, CameronGelbachMiller2008
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import whole
from coop_abm.theory.samples import FEWEST_CLUSTERS, Interval, clustered, dice, level_of, studentised

#: How often clusters are drawn again.
DRAWS = 4_999


def cluster_bootstrap(
    values: object, clusters: object, *, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Interval of a mean over observations that come in clusters: replications, teams, matches, sessions.

    Assumed: clusters are independent of each other; inside one anything may hang together with anything. The mean
    is that of all observations, so a larger cluster counts for more; where each replication is to count the same,
    take :func:`~coop_abm.theory.samples.replication_means` first. The error is that of a ratio of two sums over
    clusters, with the factor G / (G - 1) for G clusters.

    Parameters
    ----------
    values   : (n,) finite numbers
    clusters : (n,) label of the cluster of each
    level    : how often such intervals should hold the truth
    draws    : how often clusters are drawn again, at least 199
    seed     : of these draws

    Raises
    ------
    InputError : fewer than 10 clusters, lengths that differ, values that are not finite

    References
    ----------
    CameronGelbachMiller2008, Hall1988
    """
    numbers, rows, sizes = clustered(values, clusters)
    count = len(sizes)
    if count < FEWEST_CLUSTERS:
        raise InputError(
            f"clusters must be at least {FEWEST_CLUSTERS} for a bootstrap; got {count}: "
            "take a t interval or a permutation test on replication means"
        )
    wanted, repeats = level_of(level), whole("draws", draws, 199)
    sums = np.bincount(rows, numbers, count)
    value = float(sums.sum() / sizes.sum())
    error = float(_error(sums[None, :], sizes[None, :].astype(float), np.array([value]))[0])
    drawn = dice(seed, 4).integers(0, count, (repeats, count))
    total, weight = sums[drawn], sizes[drawn].astype(float)
    means = total.sum(axis=1) / weight.sum(axis=1)
    difference = means - value
    difference[np.abs(difference) <= 1e-12 * max(1e-300, float(np.abs(numbers).max()))] = 0.0
    t = np.sort(studentised(difference, _error(total, weight, means)))
    # Order statistics, not interpolation: a draw whose clusters all agree has an infinite t.
    tail = (1 - wanted) / 2
    below, above = math.floor(tail * (repeats + 1)), math.ceil((1 - tail) * (repeats + 1))
    small, large = t[max(below, 1) - 1], t[min(above, repeats) - 1]
    low, high = (value, value) if error == 0 else (value - float(large) * error, value - float(small) * error)
    return Interval(value, error, low, high, wanted, f"studentised bootstrap of {count} clusters, {repeats:,} draws")


def _error(sums: np.ndarray, sizes: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Standard error of sum(sums) / sum(sizes), over clusters; rows are samples."""
    count = sums.shape[1]
    rest = sums - mean[:, None] * sizes
    spread = np.square(rest).sum(axis=1)
    spread[spread <= 1e-24 * np.square(sums).sum(axis=1)] = 0.0  # clusters that all agree
    return np.asarray(np.sqrt(count / (count - 1) * spread) / sizes.sum(axis=1))
