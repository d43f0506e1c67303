"""Where does selection change its mind? The root of a nearly linear function of the benefit."""

from __future__ import annotations

import math
from collections.abc import Callable

from coop_abm.core.errors import TheoryError

WIDTHS = (1e-3, 1e-2, 0.1, 0.5, 1.0, 3.0, 10.0)


def crossing(value_of: Callable[[float], float], near: tuple[float, float] = (1.5, 3.0)) -> float:
    """The benefit at which ``value_of(benefit)`` is zero.

    Fixation differences are nearly linear in the benefit, so the straight line through the two points
    ``near`` says where to look; the interval around it widens until the sign changes, and Brent's method
    finishes. The root may be negative (spite).

    Raises
    ------
    TheoryError : the function does not change sign anywhere near, or does not depend on the benefit
    """
    from scipy.optimize import brentq

    left, right = near
    low, high = value_of(left), value_of(right)
    if low == 0.0 or high == 0.0:
        return left if low == 0.0 else right
    if low * high > 0.0:
        left, right = _bracket(value_of, left, low, right, high)
    return float(brentq(value_of, left, right, xtol=1e-11, rtol=1e-12))


def _bracket(
    value_of: Callable[[float], float], left: float, low: float, right: float, high: float
) -> tuple[float, float]:
    if low == high:
        raise TheoryError("no critical benefit: selection does not depend on the benefit here")
    guess = right - high * (right - left) / (high - low)
    for width in WIDTHS:
        ends = guess - width * (1 + abs(guess)), guess + width * (1 + abs(guess))
        values = [value_of(end) for end in ends]
        if all(math.isfinite(value) for value in values) and values[0] * values[1] <= 0.0:
            return ends
    raise TheoryError(f"no critical benefit found around {guess:.6g}: selection keeps its sign there")
