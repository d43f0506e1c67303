"""A curve through measured places, and where it may be zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coop_abm.engine.bench import Curve
from coop_abm.engine.statistics import Estimate, quantile


class Through(NamedTuple):
    """A curve through the means of some places: its root, its slope in their middle and how well that is known."""

    root: Estimate
    slope: float
    unsure: float


def through(
    places: Sequence[float], values: Sequence[np.ndarray], level: float, sign: int, degree: int
) -> Through | None:
    """A line (degree 1) or a parabola (2) that goes the way of `sign`; None if two replicates do not have all places.

    It is drawn through the values of each replicate; how these curves vary is how certain their mean is.

    Parameters
    ----------
    values : float (replicates,) for each place; NaN where a replicate failed

    References
    ----------
    Fieller1954
    """
    table = np.column_stack(values)
    table = table[np.isfinite(table).all(axis=1)]
    runs = len(table)
    if runs < 2:
        return None
    middle, reach = float(np.mean(places)), 0.5 * (max(places) - min(places))
    away = (np.asarray(places, float) - middle) / reach
    solver = np.linalg.pinv(away[:, None] ** np.arange(degree + 1))
    each = sign * (table - level) @ solver.T
    mean = Curve(0.0, each.mean(axis=0), np.cov(each, rowvar=False) / runs)
    slope, unsure = mean.slope / reach, math.sqrt(mean.covariance[1, 1]) / reach
    if mean.slope <= 0 or math.isnan(mean.root):
        return Through(Estimate(math.nan, math.inf, -math.inf, math.inf), slope, unsure)
    low, high = _where_it_may_be_zero(mean, quantile(runs - 1))
    root = Estimate(*(middle + reach * x for x in (mean.root, mean.error, low, high)))
    return Through(root._replace(error=reach * mean.error), slope, unsure)


def _where_it_may_be_zero(mean: Curve, t: float) -> tuple[float, float]:
    """All x around the root at which the curve is within t standard errors of 0: Fieller's interval, for any curve."""
    square = np.convolve(mean.coefficients, mean.coefficients)
    for i, row in enumerate(mean.covariance):
        for j, both in enumerate(row):
            square[i + j] -= t * t * both
    ends = np.roots(square[::-1])
    ends = ends[np.abs(ends.imag) < 1e-9 * (1 + np.abs(ends))].real
    low = max(ends[ends <= mean.root], default=-math.inf)
    return float(low), float(min(ends[ends >= mean.root], default=math.inf))
