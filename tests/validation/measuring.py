"""How a measurement is held against theory in this folder.

A row passes if |measured - expected| <= max(2 % of expected, 3 standard errors) and the standard
error is at most 1 % of expected (``theory.md``, acceptance table). Seeds are fixed, so a test cannot
fail by chance once it passed; the tolerance says what a new seed or a new platform may do.
"""

from coop_abm.engine.crossing import Measured
from coop_abm.engine.drift import DriftRatio


def agrees(measured: Measured | DriftRatio, expected: float) -> bool:
    assert measured.error <= 0.01 * expected, f"standard error {measured.error:.4f} is too large to judge"
    return abs(measured.value - expected) <= max(0.02 * expected, 3 * measured.error)


def within(estimate: float, error: float, expected: float, sigmas: float = 3.0) -> bool:
    return abs(estimate - expected) <= sigmas * error
