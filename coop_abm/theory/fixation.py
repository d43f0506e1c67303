"""How often does one mutant take over? The well-mixed Moran process, exact at any intensity.

N individuals; fitness exp(intensity * payoff); payoff = mean over the N-1 others (no self-play). Each
step a parent is chosen in proportion to fitness and its copy replaces a uniformly random individual.

References
----------
Moran1958, NowakSasakiTaylorFudenberg2004, TaylorFudenbergSasakiNowak2004
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.theory.arguments import matrix, number, one_of, whole
from coop_abm.theory.roots import crossing


class FixationPair(NamedTuple):
    """Fixation probabilities: of one A among B (cooperators), of one B among A (defectors)."""

    cooperators: float
    defectors: float


def payoffs(M: object, size: int) -> np.ndarray:
    """Mean payoffs of A and of B when j = 1 .. N-1 individuals play A; shape (2, N-1)."""
    (a, b), (c, d) = matrix("M", M, 2)
    n = whole("size", size, 2)
    j = np.arange(1, n)
    return np.array([((j - 1) * a + (n - j) * b) / (n - 1), (j * c + (n - j - 1) * d) / (n - 1)])


def probability(M: object, size: int, intensity: float) -> FixationPair:
    """rho_A and rho_B of the well-mixed Moran process, stable for strong selection and large N.

        rho_A = 1 / (1 + sum_{i=1}^{N-1} prod_{j<=i} f_B(j)/f_A(j)),   rho_B = rho_A prod_j f_B(j)/f_A(j)

    computed in logarithms. Neutral: 1/N each.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    return FixationPair(*(math.exp(log_rho) for log_rho in log_probability(M, size, intensity)))


def log_ratio(M: object, size: int, intensity: float) -> float:
    """ln(rho_A / rho_B) = (beta/2) [(N-2)(a-d) + N(b-c)]: exact at every intensity beta.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    (a, b), (c, d) = matrix("M", M, 2).tolist()
    n = whole("size", size, 2)
    return number("intensity", intensity) / 2 * ((n - 2) * (a - d) + n * (b - c))


def critical(matrix_of: Callable[[float], object], size: int, intensity: float, criterion: str = "RD") -> float:
    """The benefit at which selection turns to A, in a family of games ``matrix_of(benefit)``.

    Criterion RD: rho_A = rho_B (the same at every intensity). AD: rho_A = 1/N (moves with the intensity,
    to first order).

    Raises
    ------
    InputError : intensity not positive, unknown criterion
    TheoryError : no such benefit
    """
    beta = number("intensity", intensity, 1e-12)
    if one_of("criterion", criterion, ("RD", "AD")) == "RD":
        return crossing(lambda benefit: log_ratio(matrix_of(benefit), size, beta))
    n = whole("size", size, 2)
    return crossing(lambda benefit: math.log(n) + log_probability(matrix_of(benefit), n, beta)[0])


def one_third_law(M: object) -> bool:
    """Is A favoured to replace B (weak selection, large N)? When A earns more at a frequency of 1/3.

    a + 2b > c + 2d; for two strict equilibria this says that the unstable point lies below 1/3.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    (a, b), (c, d) = matrix("M", M, 2).tolist()
    return a + 2 * b > c + 2 * d


def log_probability(M: object, size: int, intensity: float) -> tuple[float, float]:
    """ln rho_A and ln rho_B, where the probabilities themselves may be too small for a float; see `probability`."""
    ours, theirs = payoffs(M, size)
    steps = np.concatenate([[0.0], np.cumsum(number("intensity", intensity) * (theirs - ours))])
    top = steps.max()
    log_rho = -top - math.log(np.exp(steps - top).sum())
    return log_rho, log_rho + float(steps[-1])
