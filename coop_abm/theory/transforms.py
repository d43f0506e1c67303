"""Each rule as a transformation of the payoff matrix, so that subsets of the rules compose.

Encounter behind the composed matrix: A helps in every turn unless the partner refused it in the previous
turn of this encounter (memory), or a look-up shows a defector (fresh, with probability q per turn and
direction); B never helps. Payoffs are totals per encounter, not means per turn.

Felt payoff, repetition and recognition commute; assortment says whom one meets and comes last.

References
----------
TaylorNowak2007, Nowak2006
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import matrix, number, one_of, whole


def donation(benefit: float, cost: float) -> np.ndarray:
    """The donation game: pay c so that the partner gets b; [[b-c, -c], [b, 0]]."""
    b, c = number("benefit", benefit), number("cost", cost)
    return np.array([[b - c, -c], [b, 0.0]])


def repeat(M: object, continuation: float) -> np.ndarray:
    """Direct reciprocity: after each turn another with probability w, and A answers refusal with refusal.

        [[a/(1-w), b + wd/(1-w)], [c + wd/(1-w), d/(1-w)]]

    Raises
    ------
    InputError : M is not 2 x 2, or continuation is not in [0, 1)

    References
    ----------
    Nowak2006, TaylorNowak2007
    """
    (a, b), (c, d) = matrix("M", M, 2)
    w = number("continuation", continuation, 0, 1, below=True)
    later = w / (1 - w)
    return np.array([[a + later * a, b + later * d], [c + later * d, d + later * d]])


def recognise(M: object, recognition: float) -> np.ndarray:
    """Indirect reciprocity: with probability q, A knows the defector and the encounter is as B with B.

        [[a, (1-q)b + qd], [(1-q)c + qd, d]]

    Raises
    ------
    InputError : M is not 2 x 2, or recognition is not in [0, 1]

    References
    ----------
    Nowak2006, TaylorNowak2007
    """
    (a, b), (c, d) = matrix("M", M, 2)
    q = number("recognition", recognition, 0, 1)
    return np.array([[a, (1 - q) * b + q * d], [(1 - q) * c + q * d, d]])


def feel(M: object, relatedness: float) -> np.ndarray:
    """Kin selection by value: own payoff plus r times the partner's, M + r M^T; any number of strategies.

    References
    ----------
    Hamilton1964, TaylorNowak2007
    """
    payoff = matrix("M", M)
    return payoff + number("relatedness", relatedness, 0, 1) * payoff.T


def assort(M: object, relatedness: float) -> np.ndarray:
    """Kin selection by meeting: own kind with probability r, M[s, t] -> r M[s, s] + (1-r) M[s, t].

    References
    ----------
    Hamilton1964, TaylorNowak2007
    """
    payoff = matrix("M", M)
    r = number("relatedness", relatedness, 0, 1)
    return r * payoff.diagonal()[:, None] + (1 - r) * payoff


def compose(
    M: object, *, continuation: float = 0.0, recognition: float = 0.0, felt: float = 0.0, assorted: float = 0.0
) -> np.ndarray:
    """All rules at once, in the lawful order: repeat, recognise, feel, and assortment last.

    From the donation game without assortment: a = (b-c)(1+r)/(1-w), b' = (1-q)(rb-c), c' = (1-q)(b-rc),
    d = 0. A rule at its neutral value 0 leaves the matrix alone, so M may have any size unless
    continuation or recognition is positive.
    """
    payoff = matrix("M", M)
    if continuation != 0:
        payoff = repeat(payoff, continuation)
    if recognition != 0:
        payoff = recognise(payoff, recognition)
    return assort(feel(payoff, felt), assorted)


def nowak_table(rule: str, benefit: float, cost: float, **setting: float) -> np.ndarray:
    """One row of Nowak's table: the cooperator-defector matrix of a rule, as printed in 2006.

    Parameters
    ----------
    rule    : "kin" (relatedness), "direct" (continuation), "indirect" (recognition), "network" (degree > 2)
              or "group" (size, count)
    setting : the numbers named in brackets

    Raises
    ------
    InputError : unknown rule, or a setting that is missing, foreign or out of range

    References
    ----------
    Nowak2006
    """
    row, wanted = _ROWS[one_of("rule", rule, _ROWS)]
    if set(setting) != set(wanted):
        raise InputError(f"rule {rule} takes {' and '.join(wanted)}; got {', '.join(setting) or 'nothing'}")
    b, c = number("benefit", benefit), number("cost", cost)
    return np.array(row(b, c, **setting), dtype=float)


def _kin(b: float, c: float, relatedness: float) -> list[list[float]]:
    r = number("relatedness", relatedness, 0, 1)
    return [[(b - c) * (1 + r), b * r - c], [b - r * c, 0]]


def _direct(b: float, c: float, continuation: float) -> list[list[float]]:
    w = number("continuation", continuation, 0, 1, below=True)
    return [[(b - c) / (1 - w), -c], [b, 0]]


def _indirect(b: float, c: float, recognition: float) -> list[list[float]]:
    q = number("recognition", recognition, 0, 1)
    return [[b - c, -c * (1 - q)], [b * (1 - q), 0]]


def _network(b: float, c: float, degree: float) -> list[list[float]]:
    k = number("degree", degree, 2)
    if k == 2:
        raise InputError("degree must be above 2: the local competition term H is infinite on a cycle")
    h = ((b - c) * k - 2 * c) / ((k + 1) * (k - 2))
    return [[b - c, h - c], [b - h, 0]]


def _group(b: float, c: float, size: int, count: int) -> list[list[float]]:
    n, m = whole("size", size, 1), whole("count", count, 1)
    return [[(b - c) * (m + n), (b - c) * m - c * n], [b * n, 0]]


_ROWS: dict[str, tuple[Callable[..., list[list[float]]], tuple[str, ...]]] = {
    "kin": (_kin, ("relatedness",)),
    "direct": (_direct, ("continuation",)),
    "indirect": (_indirect, ("recognition",)),
    "network": (_network, ("degree",)),
    "group": (_group, ("size", "count")),
}
