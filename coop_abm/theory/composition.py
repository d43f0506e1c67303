"""The five rules multiply: one number K says whether cooperation is favoured.

    K = sigma * (1+r)/(1-r) * 1/(1-w) * 1/(1-q);   favoured (rho_A > rho_B) iff K (b-c) > b + c

Weak selection, expected totals per encounter, uniformly placed mutant, no mutation. sigma is the
structure: (N-2)/N when well mixed, otherwise (R*+1)/(R*-1) from the structure's own critical ratio R*.
In the well-mixed Moran process with exponential fitness the law is exact at every intensity. Derived in
this project from the two sources below.

References
----------
TaylorNowak2007, Tarnita2009
"""

from __future__ import annotations

import math
from typing import NamedTuple

from coop_abm.core.errors import TheoryError
from coop_abm.theory.arguments import matrix, number, whole


class Velocities(NamedTuple):
    """How far each rule pushes the threshold: half the logarithm of its factor; they add to the total."""

    structure: float
    kin: float
    direct: float
    indirect: float
    total: float


class Structure(NamedTuple):
    """How a structure weighs a game in the limit of weak selection [Tarnita2009].

        d(rho_A - rho_B)/d(intensity) = own (a - d) + other (b - c)

    own, other : the two weights; sigma = own / other, which says which side is favoured because other > 0
    """

    own: float
    other: float

    @property
    def sigma(self) -> float:
        """The structure coefficient."""
        return self.own / self.other


def sigma_from_ratio(ratio: float) -> float:
    """The structure coefficient of a structure whose own critical ratio is R*: (R*+1)/(R*-1).

    A structure that never helps (R* infinite) has sigma = 1; a negative R* gives sigma < 1.

    Raises
    ------
    TheoryError : |R*| < 1, where the ratio does not tell which side is favoured
    """
    if math.isinf(ratio):
        return 1.0
    r = number("ratio", ratio)
    if abs(r) < 1:
        raise TheoryError(f"a critical ratio between -1 and 1 does not determine sigma; got {r:g}")
    return math.inf if r == 1 else (r + 1) / (r - 1)


def ratio_from_sigma(sigma: float) -> float:
    """The critical ratio of a structure alone, R* = (sigma+1)/(sigma-1); infinite at sigma = 1."""
    return critical_ratio(sigma)


def well_mixed_sigma(size: int | None = None) -> float:
    """sigma = (N-2)/N of a well-mixed population, 1 in the infinite limit.

    References
    ----------
    Tarnita2009, NowakSasakiTaylorFudenberg2004
    """
    return 1.0 if size is None else 1 - 2 / whole("size", size, 2)


def regular_death_birth_sigma(degree: float, size: int | None = None) -> float:
    """sigma = (N(k+1)-4k)/(N(k-1)) of death-birth updating on a k-regular graph; (k+1)/(k-1) in the limit.

    References
    ----------
    Tarnita2009, TaylorDayWild2007
    """
    k = number("degree", degree, 1)
    if k == 1:
        raise TheoryError("degree 1 has no finite sigma: a pair that only meets itself")
    if size is None:
        return (k + 1) / (k - 1)
    n = whole("size", size, 2)
    number("degree", degree, 1, n - 1)
    return (n * (k + 1) - 4 * k) / (n * (k - 1))


def law(
    sigma: float,
    *,
    relatedness: float = 0.0,
    continuation: float = 0.0,
    recognition: float = 0.0,
    assorted: float = 0.0,
) -> float:
    """K, the product of all rules.

    Kin by assortment p comes last and replaces sigma by (sigma + p)/(1 - p).

    Raises
    ------
    InputError : relatedness, recognition or assorted outside [0, 1]; continuation outside [0, 1); sigma < 0
    TheoryError : 0/0, where all strategies do equally well
    """
    s = sigma if sigma == math.inf else number("sigma", sigma, 0)
    r, p = number("relatedness", relatedness, 0, 1), number("assorted", assorted, 0, 1)
    w = number("continuation", continuation, 0, 1, below=True)
    q = number("recognition", recognition, 0, 1)
    above, below = (s + p) * (1 + r), (1 - p) * (1 - r) * (1 - w) * (1 - q)
    if below == 0:
        if above == 0:
            raise TheoryError("sigma = 0 with a complete rule leaves nothing to select: K is 0/0")
        return math.inf
    return above / below


def critical_ratio(K: float) -> float:
    """(b/c)* = (K+1)/(K-1), signed.

    K > 1: cooperation is favoured above this positive ratio. K = 1: never (infinite). K < 1: never for any
    positive benefit; the negative number says how large a harm b < 0, done at cost c, must be for spite to
    be favoured.
    """
    if K == math.inf:
        return 1.0
    k = number("K", K, 0)
    return math.inf if abs(k - 1) < 1e-14 else (k + 1) / (k - 1)


def critical_of_family(sigma: float, m0: object, m1: object) -> float:
    """The critical benefit of the games M0 + benefit * M1 in a structure: -X(M0)/X(M1).

    X(M) = (a-d) sigma + (b-c). Infinite when the benefit does not matter, X(M1) = 0. Composed games with
    linear transforms are such families.

    References
    ----------
    Tarnita2009
    """
    rest, slope = (_excess(sigma, name, M) for name, M in (("m0", m0), ("m1", m1)))
    return math.inf if slope == 0 else -rest / slope


def velocities(
    sigma: float, *, relatedness: float = 0.0, continuation: float = 0.0, recognition: float = 0.0
) -> Velocities:
    """The rules as velocities that add: artanh(c/b*) = artanh(1/R*) + artanh(r) + artanh(w/(2-w)) + ...

    Each part is half the logarithm of its factor of K, and tanh(total) = c/b*.

    Raises
    ------
    InputError : as ``law``
    """
    alone = (
        law(sigma),
        law(1, relatedness=relatedness),
        law(1, continuation=continuation),
        law(1, recognition=recognition),
    )
    parts = [0.5 * math.log(factor) if factor > 0 else -math.inf for factor in alone]
    if math.inf in parts and -math.inf in parts:
        raise TheoryError("sigma = 0 with a complete rule leaves nothing to select: the sum is undefined")
    return Velocities(parts[0], parts[1], parts[2], parts[3], total=sum(parts))


def _excess(sigma: float, name: str, M: object) -> float:
    (a, b), (c, d) = matrix(name, M, 2).tolist()
    return (a - d) * number("sigma", sigma, 0) + (b - c)
