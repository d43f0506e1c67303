"""How large must benefit over cost be? The five rules in closed form.

Every function returns the critical ratio b/c of the donation game: with ``size=None`` the textbook limit
(infinite population, weak selection), otherwise the exact value in a population of that size. The number
is signed. Positive: cooperation is favoured above it. Negative: no benefit helps, and harming others at a
cost (spite) is favoured beyond it. Infinite: never.

Criteria, for M = [[a, b], [c, d]] (Nowak 2006, table 1):
    ESS  a > c            a lone defector does worse than the cooperators around it
    RD   a + b > c + d    a cooperator fixes more often than a defector does, rho_A > rho_B
    AD   a + 2b > c + 2d  a cooperator fixes more often than a neutral mutant, rho_A > 1/N

References
----------
Nowak2006, NowakSasakiTaylorFudenberg2004, TaylorFudenbergSasakiNowak2004
"""

from __future__ import annotations

import math
from typing import NamedTuple

from coop_abm.theory.arguments import matrix, number, one_of, whole

CRITERIA = ("ESS", "RD", "AD")


class MatrixConditions(NamedTuple):
    """Which of the three conditions for cooperation a payoff matrix meets."""

    ess: bool
    risk_dominant: bool
    advantageous: bool


def kin_value(relatedness: float, size: int | None = None) -> float:
    """Kin selection by felt payoff, u_i + r u_j: 1/r, and (N-1-r)/(rN-1-r) in a population of N.

    RD and AD give the same number, because both strategies gain equally from switching.

    References
    ----------
    Nowak2006 (matrix), Hamilton1964, TaylorNowak2007
    """
    r = number("relatedness", relatedness, 0, 1)
    if size is None:
        return _ratio(1, r)
    n = whole("size", size, 2)
    return _ratio(n - 1 - r, r * n - 1 - r)


def kin_meeting(relatedness: float, size: int | None = None) -> float:
    """Kin selection by assortment, own kind met with probability r: 1/r, and (N-1)/(rN-1) at size N.

    Exact at every intensity of selection: the payoff difference does not depend on frequencies.

    References
    ----------
    Hamilton1964, Nowak2006
    """
    r = number("relatedness", relatedness, 0, 1)
    if size is None:
        return _ratio(1, r)
    n = whole("size", size, 2)
    return _ratio(n - 1, r * n - 1)


def kin_descent(relatedness: float, size: int | None = None, family: int = 4) -> float:
    """Kin selection in families of n that meet among themselves and compete with all N: 1/r, (1-K)/(r-K).

    r is the relatedness of two members of a family by pedigree. K = (1 + (n-1) r)/N is how much an
    individual has in common with a population that its family is part of, so (r-K)/(1-K) is relatedness
    as a regression within the population, and the ratio is its inverse. Weak selection, Wright-Fisher.

    References
    ----------
    Hamilton1964, Hamilton1970
    """
    r = number("relatedness", relatedness, 0, 1)
    if size is None:
        return _ratio(1, r)
    n = whole("family", family, 2)
    common = (1 + (n - 1) * r) / whole("size", size, n)
    return _ratio(1 - common, r - common)


def direct(continuation: float, size: int | None = None, criterion: str = "RD") -> float:
    """Tit-for-tat against unconditional defection, another turn with probability w.

    Limits: ESS 1/w, RD (2-w)/w, AD (3-2w)/w. At size N, for w written x:
        ESS (N-1-x)/((N-1)x-1)    RD (N(2-x)-2)/(Nx-2)    AD (N(3-2x)-3+x)/((N+1)x-3)
    RD is exact at every intensity in the well-mixed Moran process, AD in the limit of weak selection.

    References
    ----------
    Nowak2006, NowakSasakiTaylorFudenberg2004
    """
    return _reciprocity(number("continuation", continuation, 0, 1), size, criterion)


def indirect(recognition: float, size: int | None = None, criterion: str = "RD") -> float:
    """A discriminator that knows a defector with probability q: the same formulas as ``direct``, w = q.

    References
    ----------
    Nowak2006, NowakSigmund1998
    """
    return _reciprocity(number("recognition", recognition, 0, 1), size, criterion)


def _reciprocity(x: float, size: int | None, criterion: str) -> float:
    one_of("criterion", criterion, CRITERIA)
    if size is None:
        return _ratio({"ESS": 1, "RD": 2 - x, "AD": 3 - 2 * x}[criterion], x)
    n = whole("size", size, 2)
    if criterion == "ESS":
        return _ratio(n - 1 - x, (n - 1) * x - 1)
    if criterion == "RD":
        return _ratio(n * (2 - x) - 2, n * x - 2)
    return _ratio(n * (3 - 2 * x) - 3 + x, (n + 1) * x - 3)


def death_birth(degree: float, size: int | None = None) -> float:
    """Death-birth updating on a k-regular graph: k, and (N-2)/(N/k-2) on any k-regular graph of N nodes.

    Infinite at N = 2k, negative below; weak selection.

    References
    ----------
    OhtsukiHauertLiebermanNowak2006, TaylorDayWild2007, Chen2013
    """
    k, n = _degree_and_size(degree, size)
    return k if n is None else _ratio(k * (n - 2), n - 2 * k)


def imitation(degree: float, size: int | None = None) -> float:
    """Imitation on a k-regular graph: k + 2, and (N(k+2)-2k-2)/(N-2k-2) on N nodes; weak selection.

    References
    ----------
    OhtsukiHauertLiebermanNowak2006; the finite size is derived in this project and checked by enumeration
    """
    k, n = _degree_and_size(degree, size)
    return k + 2 if n is None else _ratio(n * (k + 2) - 2 * k - 2, n - 2 * k - 2)


def death_birth_on_two(interaction: float, replacement: float, overlap: float, size: int | None = None) -> float:
    """Death-birth where one meets on one regular graph and is replaced on another: h g / l, (N-2)/(N l/(h g) - 2).

    Both have the same N nodes; h and g are their degrees, and every node has l neighbours that are so in both. With
    one graph, h = g = l, it is :func:`death_birth`. The finite form is exact where the two walks commute, G P = P G
    (rings, tori: it does not matter along which graph one goes first), and for others close: 0.05 % on 30 nodes.
    Meeting times tau of ancestral lines on a regular graph obey (P tau + tau P)/2 = tau - 1 + D with D diagonal and N
    on average, so that the cost is N - 2 and the gain N l/(h g) - 2. Infinite at N l = 2 h g, negative below.

    References
    ----------
    OhtsukiPachecoNowak2007, OhtsukiNowakPacheco2007 (limit); Chen2013, Allen2017 (method of the finite form)
    """
    h, g, both, n = _two_degrees(interaction, replacement, overlap, size)
    return _ratio(h * g, both) if n is None else _ratio(h * g * (n - 2), n * both - 2 * h * g)


def imitation_on_two(interaction: float, replacement: float, overlap: float, size: int | None = None) -> float:
    """The same under imitation: h (g+2) / l, and (N(g+2)-2(g+1))/(N l/h - 2(g+1)) on N nodes.

    References
    ----------
    OhtsukiPachecoNowak2007 (limit); Chen2013, Allen2017 (method of the finite form)
    """
    h, g, both, n = _two_degrees(interaction, replacement, overlap, size)
    if n is None:
        return _ratio(h * (g + 2), both)
    return _ratio(h * (n * (g + 2) - 2 * (g + 1)), n * both - 2 * h * (g + 1))


def birth_death(size: int | None = None) -> float:
    """Birth-death updating on a regular graph: never; -(N-1) at size N, as in a well-mixed population.

    References
    ----------
    OhtsukiHauertLiebermanNowak2006
    """
    return math.inf if size is None else -(whole("size", size, 2) - 1.0)


def group(size: int, count: int, migrants: float = 0.0) -> float:
    """Group selection in the textbook limit: 1 + n/m + z for m groups of at most n, both large, rare splitting.

    migrants : z, how many leave a group between two of its splits, much below n

    References
    ----------
    TraulsenNowak2006
    """
    return 1 + whole("size", size, 1) / whole("count", count, 1) + number("migrants", migrants, 0)


def group_rare_splitting(size: int, count: int, migrants: float = 0.0) -> float:
    """Group selection with rare splitting, any n and m: 1 + n/(m-2) without migrants, at every intensity (exp).

    With z migrants between two splits, weak selection:

        [m+n-2 + (n-1)(m-1)y] / [m-2 - (m-1)y],   y = z'/(n + z'),   z' = z n/(n+1) survive their arrival

    References
    ----------
    TraulsenNowak2006, TraulsenShoreshNowak2008; with migrants derived in this project, held against the chain
    """
    n, m = whole("size", size, 1), whole("count", count, 1)
    alive = number("migrants", migrants, 0) * n / (n + 1)
    y = alive / (n + alive)
    return _ratio(m + n - 2 + (n - 1) * (m - 1) * y, m - 2 - (m - 1) * y)


def matrix_conditions(M: object, size: int | None = None) -> MatrixConditions:
    """Which conditions does the matrix [[a, b], [c, d]] meet, in a population of that size?

    At size N, well-mixed, without self-play, weak selection:
        ESS  a(N-2) + b > c(N-1)    RD  (N-2)(a-d) > N(c-b)    AD  a(N-2)+b(2N-1) > c(N+1)+d(2N-4)

    References
    ----------
    Nowak2006, NowakSasakiTaylorFudenberg2004, TaylorFudenbergSasakiNowak2004
    """
    (a, b), (c, d) = matrix("M", M, 2).tolist()
    if size is None:
        return MatrixConditions(a > c, a + b > c + d, a + 2 * b > c + 2 * d)
    n = whole("size", size, 2)
    return MatrixConditions(
        ess=a * (n - 2) + b > c * (n - 1),
        risk_dominant=(n - 2) * (a - d) > n * (c - b),
        advantageous=a * (n - 2) + b * (2 * n - 1) > c * (n + 1) + d * (2 * n - 4),
    )


def _degree_and_size(degree: float, size: int | None) -> tuple[float, int | None]:
    k = number("degree", degree, 1)
    if size is None:
        return k, None
    n = whole("size", size, 2)
    number("degree", degree, 1, n - 1)
    return k, n


def _two_degrees(
    interaction: float, replacement: float, overlap: float, size: int | None
) -> tuple[float, float, float, int | None]:
    h, g = number("interaction", interaction, 1), number("replacement", replacement, 1)
    n = None if size is None else whole("size", size, 2)
    if n is not None:
        number("interaction", h, 1, n - 1)
        number("replacement", g, 1, n - 1)
    return h, g, number("overlap", overlap, 0, min(h, g)), n


def _ratio(numerator: float, denominator: float) -> float:
    # 0.05 * 60 - 3 is not exactly zero in floating point, but it means zero.
    if abs(denominator) < 1e-12 * max(1.0, abs(numerator)):
        return math.inf
    return float(numerator / denominator)
