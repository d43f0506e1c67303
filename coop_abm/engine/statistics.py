"""What a number of independent replicates says: estimates with 95 % intervals, and how many replicates to run.

*Means* have Student's interval, *shares* Wilson's, which is right even where nobody won, and *ratios of
means* Fieller's, which becomes infinite where the denominator may be zero.

*How many replicates?* A first batch is run, the number is computed from it once, and then run; nobody looks
again. Looking after every batch and stopping when the error happens to be small would prefer batches that
claim a small error. The error that was reached is reported, so it can be a little larger than asked.

References
----------
Wilson1927, Fieller1954, Stein1945
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError

#: z of a two-sided 95 % interval.
Z95 = 1.959963984540054
#: How many more replicates are run than a first batch asks for, because its error is itself an estimate.
RESERVE = 1.1
#: Replicates of the smallest first batch: fewer do not know their own spread.
FEWEST = 32


class Estimate(NamedTuple):
    """A number, its standard error and its 95 % interval; NaN where nothing was seen."""

    value: float
    error: float
    low: float
    high: float


class ChiSquare(NamedTuple):
    """How well a curve fits: the sum of squared residuals in standard errors, and the chance of a larger one."""

    value: float
    freedom: int
    probability: float


def certain(value: float) -> Estimate:
    """A number without error."""
    return Estimate(value, 0.0, value, value)


def mean(values: np.ndarray) -> Estimate:
    """The mean of independent replicates, float (runs,); NaN without any, an infinite interval of one."""
    runs = len(values)
    if runs == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    value = float(np.mean(values))
    if runs == 1:
        return Estimate(value, math.inf, -math.inf, math.inf)
    error = float(np.std(values, ddof=1)) / math.sqrt(runs)
    reach = quantile(runs - 1) * error
    return Estimate(value, error, value - reach, value + reach)


def share(successes: int, runs: int) -> Estimate:
    """The share of successes with Wilson's interval; its error counts half a success and half a failure more.

    References
    ----------
    Wilson1927
    """
    if not 0 <= successes <= runs or runs < 1:
        raise InputError(f"successes must be in [0, runs]; got {successes} of {runs}")
    value, z = successes / runs, Z95 * Z95
    smooth = (successes + 0.5) / (runs + 1)
    middle = (successes + 0.5 * z) / (runs + z)
    reach = math.sqrt(z * (value * (1 - value) * runs + 0.25 * z)) / (runs + z)
    low = 0.0 if successes == 0 else middle - reach
    high = 1.0 if successes == runs else middle + reach
    return Estimate(value, math.sqrt(smooth * (1 - smooth) / runs), low, high)


def bounded(values: np.ndarray) -> Estimate:
    """The mean of independent replicates of a share in [0, 1], float (runs,): Wilson's interval with the variance seen.

    Where all values are 0 or 1 it is Wilson's, so it stays within [0, 1] and has a width even if all are equal.

    Raises
    ------
    InputError
        if a value lies outside

    References
    ----------
    Wilson1927
    """
    runs = len(values)
    if runs == 0:
        return Estimate(math.nan, math.nan, math.nan, math.nan)
    if not (values.min() >= 0 and values.max() <= 1):
        raise InputError(f"values of a share must be in [0, 1]; got {values.min():g} to {values.max():g}")
    value, z = float(np.mean(values)), Z95 * Z95
    middle = (runs * value + 0.5 * z) / (runs + z)
    error = math.sqrt(runs * float(np.var(values)) + 0.25 * z) / (runs + z)
    return Estimate(value, error, max(0.0, middle - Z95 * error), min(1.0, middle + Z95 * error))


def ratio(above: np.ndarray, below: np.ndarray) -> Estimate:
    """mean(above)/mean(below) of paired replicates, never the mean of ratios; Fieller's interval.

    References
    ----------
    Fieller1954
    """
    runs = len(above)
    top, bottom = float(np.mean(above)), float(np.mean(below))
    if bottom == 0.0:
        return Estimate(math.inf, math.inf, -math.inf, math.inf)
    value = top / bottom
    covariance = np.cov(above, below) / runs
    spread, tied, narrow = float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])
    error = math.sqrt(max(0.0, spread - 2 * value * tied + value * value * narrow)) / abs(bottom)
    t = quantile(runs - 1)
    # All ratios R for which |top - R bottom| <= t x its standard error: a quadratic in R.
    a = bottom * bottom - t * t * narrow
    b = top * bottom - t * t * tied
    c = top * top - t * t * spread
    if a <= 0.0:
        return Estimate(value, error, -math.inf, math.inf)
    reach = math.sqrt(max(0.0, b * b - a * c))
    return Estimate(value, error, (b - reach) / a, (b + reach) / a)


def quantile(freedom: int) -> float:
    """Student's t of a two-sided 95 % interval."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def chi_square(residuals: np.ndarray, errors: np.ndarray, fitted: int) -> ChiSquare:
    """How well a curve of `fitted` parameters goes through points with these standard errors."""
    from scipy.special import chdtrc

    freedom = len(residuals) - fitted
    value = float(np.square(residuals / errors).sum())
    return ChiSquare(value, freedom, float(chdtrc(freedom, value)) if freedom > 0 else math.nan)


def planned(runs: int, error: float, wanted: float, events: int, most_events: int) -> int:
    """How many replicates in all bring the standard error from `error` down to `wanted`.

    Parameters
    ----------
    runs, events : of the first batch, which has the standard error `error`
    most_events : replacements that all replicates together may take, so that a seed gives the same number
                  of them on any machine
    """
    if wanted <= 0:
        raise InputError(f"precision must be above 0; got {wanted:g}")
    if error <= wanted:
        return runs
    wish = RESERVE * runs * (error / wanted) ** 2
    allowed = most_events / max(1.0, events / runs)
    return max(runs, int(min(wish, allowed)))
