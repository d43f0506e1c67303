"""The five rules multiply: one number K says whether cooperation is favoured.

    K = sigma * (1+r)/(1-r) * 1/(1-w) * 1/(1-q);   favoured (rho_A > rho_B) iff K (b-c) > b + c

Weak selection, expected totals per encounter, uniformly placed mutant, no mutation. sigma is the
structure: (N-2)/N when well mixed, otherwise (R*+1)/(R*-1) from the structure's own critical ratio R*.
In the well-mixed Moran process with exponential fitness the law is exact at every intensity. Derived in
this project from the two sources below.

Limits of the law: weak selection (the crossing moves with the intensity, see ``equal_gains``); rho_A > rho_B
and not rho_A > 1/N, which sigma does not decide unless both strategies gain equally from switching; expected
payoffs, not sampled ones; kin as felt payoff. Kin by assortment comes last and replaces sigma by
(sigma + p)/(1 - p), which equals the felt factor only at sigma = 1.

References
----------
TaylorNowak2007, Tarnita2009
"""

from __future__ import annotations

import math
from typing import NamedTuple

from coop_abm.core.errors import TheoryError
from coop_abm.theory.arguments import matrix, number, one_of, whole


class Velocities(NamedTuple):
    """How far each rule pushes the threshold: half the logarithm of its factor; they add to the total."""

    structure: float
    kin: float
    direct: float
    indirect: float
    total: float


class Pushes(NamedTuple):
    """How far each of the five rules pushes the threshold, in the order of the questions of a round.

    The pushes add: tanh(total) = c/b*, so cooperation is favoured above b/c = 1/tanh(total) where total > 0.

    finite : what a well-mixed population of this size has against cooperation, (1/2) ln((N-2)/N); negative
    total  : the sum of all six
    """

    network: float
    direct: float
    indirect: float
    kin: float
    group: float
    finite: float
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


def pushes(
    sigma: float,
    *,
    size: int | None = None,
    by: str = "network",
    relatedness: float = 0.0,
    continuation: float = 0.0,
    recognition: float = 0.0,
    assorted: float = 0.0,
) -> Pushes:
    """Each rule's part in the threshold, half the logarithm of its factor of K: five bars that stack up.

    Parameters
    ----------
    sigma : of the structure as a whole; what it is above a well-mixed population of ``size`` is credited to ``by``
    size  : N, None for an infinite population
    by    : which rule made the structure: "network", "group", or "kin" where one lives among family
    assorted : kin by meeting, credited with (sigma + p)/(sigma (1 - p)) as it comes last

    Raises
    ------
    InputError : as ``law``; another word in ``by``
    TheoryError : sigma = 0, where no finite push remains, or a complete rule
    """
    law(sigma, relatedness=relatedness, continuation=continuation, recognition=recognition, assorted=assorted)
    place = one_of("by", by, ("network", "group", "kin"))
    base = well_mixed_sigma(size)
    p = assorted
    parts = {
        "network": 1.0,
        "direct": law(1, continuation=continuation),
        "indirect": law(1, recognition=recognition),
        "kin": law(1, relatedness=relatedness),
        "group": 1.0,
        "finite": base,
    }
    if min(sigma, base) <= 0 or math.inf in (sigma, p, *parts.values()) or p == 1:
        raise TheoryError("a complete rule, or a structure with sigma = 0, has no finite push")
    parts[place] *= sigma / base
    parts["kin"] *= (sigma + p) / (sigma * (1 - p))
    found = {rule: 0.5 * math.log(factor) for rule, factor in parts.items()}
    return Pushes(**found, total=sum(found.values()))


def excess(sigma: float, M: object) -> float:
    """X(M) = sigma (a-d) + (b-c): A is favoured over B in the structure, under weak selection, iff positive.

    Raises
    ------
    InputError : M not 2 x 2, sigma negative

    References
    ----------
    Tarnita2009
    """
    return _excess(sigma, "M", M)


def equal_gains(M: object) -> bool:
    """Do both strategies gain equally from switching, a + d = b + c?

    Then, with payoffs that are averaged (or of individuals with equally many partners), exchanging the
    strategies is the same as turning selection round: rho_B(beta) = rho_A(-beta), so the crossing rho_A = rho_B
    moves in second order of the intensity only, and rho_A > 1/N turns at the same place to first order.
    Otherwise it moves in first order.

    >>> equal_gains([[2, -1], [3, 0]]), equal_gains([[4, -1], [3, 0]])
    (True, False)
    """
    (a, b), (c, d) = matrix("M", M, 2).tolist()
    return abs(a + d - b - c) <= 1e-9 * max(map(abs, (a, b, c, d)))


class Shift(NamedTuple):
    """How far the crossing rho_A = rho_B lies from the law's ratio at a finite intensity.

    order : power of the intensity in the leading correction: 2, 1, or 0 where the law is exact
    size  : the relative shift is at most about this; NaN where selection is too strong to say
    """

    order: int
    size: float


#: Largest shifts seen in exact chains of 11 graphs of 7 or 8 nodes, 4 update rules and 8 subsets of the rules,
#: in units of x^order, x = intensity times the largest payoff; a test holds them.
SECOND_ORDER, FIRST_ORDER, UNEVEN = 0.08, 0.11, 0.46
STRONG = 0.5  # beyond this x nothing is promised


def shift(M: object, intensity: float, *, partners: float = 1.0, even: bool = True) -> Shift:
    """How far does the crossing move on a graph, at this intensity? Its order, and a size as measured.

    Parameters
    ----------
    M        : the game at its critical benefit
    partners : 1 for averaged payoffs, the largest weighted degree for accumulated ones
    even     : are payoffs averaged, or has everybody the same weighted degree? Where not, accumulated payoffs
               favour whoever has many partners, and the crossing moves in first order by much more

    Raises
    ------
    InputError : M not 2 x 2, negative intensity
    """
    payoff = matrix("M", M, 2)
    x = number("intensity", intensity, 0) * number("partners", partners, 0) * float(abs(payoff).max())
    order = 2 if even and equal_gains(payoff) else 1
    worst = SECOND_ORDER if order == 2 else FIRST_ORDER if even else UNEVEN
    return Shift(order, worst * x**order if x <= STRONG else math.nan)


def _excess(sigma: float, name: str, M: object) -> float:
    (a, b), (c, d) = matrix(name, M, 2).tolist()
    return (a - d) * number("sigma", sigma, 0) + (b - c)
