"""The exact critical ratio of any weighted graph, from coalescing random walks (weak selection).

Two ancestral lines walk backward until they meet. With P the walk of replacement, G the walk of the game (see
``ancestry``), pi the stationary weights of P and tau_ij the expected time for lines from i and j to meet
(``meeting``), T(M) = sum_ij pi_i M_ij tau_ij,

    cost = T(P^h S) - T(S),   gain = T(P^h S G) - T(S G),   (b/c)* = cost/gain,   sigma = (cost + gain)/(cost - gain),

S = 1 for averaged and diag(degree in the game) for accumulated payoffs; h = 2 for death_birth and imitation (P
includes the node itself with weight 1), h = 1 for pairwise_comparison. From k0 uniformly placed cooperators

    d rho_C / d intensity = (b gain - c cost)/2 * k0 (N - k0)/(N (N - 1))     at neutrality.

Averaged death-birth is t2/(t3 - t1) of Allen2017; the other forms, and those for two graphs, are derived in this
project: a strategy that is selected at one node goes where P leads, its payoff comes from where G leads, and
nowhere else does either enter. They hold against the 2^N chain.

References
----------
Allen2017, OhtsukiNowakPacheco2007
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.ancestry import Ancestry, Progress, ancestry, replacement_weights
from coop_abm.theory.arguments import matrix, number, sparse_graph, whole
from coop_abm.theory.meeting import LARGEST, meeting_times

HOPELESS = 1000.0  # beyond this ratio no simulation can find the crossing
VANISHES = 1e-9  # a difference this small beside its terms is zero


class WalkMoments(NamedTuple):
    """Expected meeting times t_n from the two ends of a stationary n-step walk."""

    t1: float
    t2: float
    t3: float


class Balance(NamedTuple):
    """What weak selection weighs: cooperation is favoured where benefit times gain exceeds cost times cost.

    cost : T(P^h S) - T(S), positive
    gain : T(P^h S G) - T(S G); 0 where no benefit helps, negative where only harming is favoured
    """

    cost: float
    gain: float

    @property
    def ratio(self) -> float:
        """(b/c)*, signed; infinite where the gain vanishes."""
        return math.inf if self.gain == 0 else self.cost / self.gain

    @property
    def sigma(self) -> float:
        """The structure coefficient; 1 where (b/c)* is infinite."""
        return math.inf if self.cost == self.gain else (self.cost + self.gain) / (self.cost - self.gain)


def coalescence_times(weights: object, update: str = "death_birth", *, progress: Progress | None = None) -> np.ndarray:
    """tau (N, N): expected meeting time of the ancestral lines of two nodes, in steps of one line each.

    Raises
    ------
    GraphError : weights negative, not finite, asymmetric, with self-loops or not connected
    InputError : unknown update
    TheoryError : more than 5,000 nodes, or no convergence (extremely unequal weights)

    References
    ----------
    Allen2017
    """
    return meeting_times(replacement_weights(sparse_graph(weights, LARGEST), update), progress=progress)


def balance(
    weights: object,
    *,
    update: str = "death_birth",
    payoff: str = "averaged",
    replacement: object = None,
    progress: Progress | None = None,
) -> Balance:
    """Cost and gain of cooperation on a graph; parameters and errors as ``critical_ratio``."""
    walks = ancestry(weights, update, payoff, replacement, largest=LARGEST)
    return balance_of(walks, meeting_times(walks.walk, progress=progress))


def balance_of(walks: Ancestry, times: np.ndarray) -> Balance:
    """Cost and gain where the meeting times are known; ``times`` stays as it is.

    Two sparse products of N x N, for <pi P^h S G, tau> = <S G, (P^T)^h pi tau>.
    """
    here = (walks.reach / walks.reach.sum())[:, None] * times
    near = _through_game(walks, here)
    for _ in range(walks.back):
        here /= walks.reach[:, None]
        here = walks.walk @ here
    far = _through_game(walks, here)
    gain = 0.0 if abs(far - near) <= VANISHES * (abs(far) + abs(near)) else far - near
    return Balance(float((walks.scale * here.diagonal()).sum()), gain)


def critical_ratio(
    weights: object,
    *,
    update: str = "death_birth",
    payoff: str = "averaged",
    replacement: object = None,
    progress: Progress | None = None,
) -> float:
    """(b/c)* of the donation game on a graph: rho_C > rho_D exactly above it if positive; weak selection.

    Signed: negative means spite (-(N-1) on a complete graph); infinite means never (a star).

    Parameters
    ----------
    weights : array or scipy sparse (N, N), who plays with whom
    update  : "death_birth", "imitation" or "pairwise_comparison"
    payoff  : "averaged" or "accumulated" over neighbours
    replacement : array or scipy sparse (N, N), whose strategy can come to whom, where that is another graph
    progress : called with the share of the work that is done

    Raises
    ------
    as ``coalescence_times``; InputError : unknown payoff; GraphError : graphs that differ in size

    References
    ----------
    Allen2017
    """
    return balance(weights, update=update, payoff=payoff, replacement=replacement, progress=progress).ratio


def sigma(
    weights: object, *, update: str = "death_birth", payoff: str = "averaged", replacement: object = None
) -> float:
    """The structure coefficient ((b/c)* + 1)/((b/c)* - 1): A is favoured over B iff sigma a + b > c + sigma d.

    Well defined where (b/c)* is infinite: 1. Parameters and errors as ``critical_ratio``.

    References
    ----------
    Tarnita2009
    """
    return balance(weights, update=update, payoff=payoff, replacement=replacement).sigma


def kind_of(value: float) -> str:
    """What a critical ratio means: "threshold", "spite", "never" or "near_singular".

    near_singular: finite, but above 1000 in size; the benefit has so little effect that no simulation can
    find the crossing.

    Raises
    ------
    InputError : not a number, or zero
    """
    if math.isnan(value) or value == 0:
        raise InputError(f"value must be a critical ratio, signed and not zero; got {value}")
    if math.isinf(value):
        return "never"
    if abs(value) > HOPELESS:
        return "near_singular"
    return "threshold" if value > 0 else "spite"


def in_words(value: float) -> str:
    """What a critical ratio means, in one sentence.

    >>> in_words(4.2609)
    'cooperation is favoured where the benefit exceeds 4.261 times the cost'
    >>> in_words(-9)
    'never: no benefit is large enough; harming others is favoured where the harm exceeds 9 times the cost'

    Raises
    ------
    as ``kind_of``
    """
    kind, size = kind_of(value), f"{abs(value):.4g}"
    if kind == "never":
        return "never: the benefit has no effect on selection, so no benefit is large enough"
    if kind == "threshold":
        return f"cooperation is favoured where the benefit exceeds {size} times the cost"
    if kind == "spite":
        harm = f"harming others is favoured where the harm exceeds {size} times the cost"
        return f"never: no benefit is large enough; {harm}"
    who = "it" if value > 0 else "no benefit is large enough, and harm"
    return f"nearly never: the benefit has so little effect that {who} would have to exceed {size} times the cost"


def walk_moments(weights: object) -> WalkMoments:
    """t_n = sum_ij pi_i (P^n)_ij tau_ij for n = 1, 2, 3 under death-birth; (b/c)* = t2/(t3 - t1).

    Raises
    ------
    as ``coalescence_times``

    References
    ----------
    Allen2017
    """
    walks = ancestry(weights, "death_birth", "averaged", largest=LARGEST)
    back = (walks.reach / walks.reach.sum())[:, None] * meeting_times(walks.walk)
    moments = []
    for _ in range(3):
        back = walks.walk @ (back / walks.reach[:, None])
        moments.append(float(back.trace()))
    return WalkMoments(*moments)


def fixation_slope(
    weights: object,
    benefit: float,
    cost: float,
    start: int = 1,
    *,
    update: str = "death_birth",
    payoff: str = "averaged",
    replacement: object = None,
) -> float:
    """d rho_C / d intensity at neutrality of the donation game, from ``start`` uniformly placed cooperators.

    Raises
    ------
    as ``critical_ratio``; InputError : start not in 1 .. N-1

    References
    ----------
    Allen2017
    """
    game = [[number("benefit", benefit) - number("cost", cost), -cost], [benefit, 0.0]]
    return matrix_slope(weights, game, start, update=update, payoff=payoff, replacement=replacement)


def matrix_slope(
    weights: object,
    M: object,
    start: int = 1,
    *,
    update: str = "death_birth",
    payoff: str = "averaged",
    replacement: object = None,
) -> float:
    """d rho_A / d intensity at neutrality of a game with equal gains from switching, a - c = b - d.

    An A loses d - b whoever it meets and gives c - d to whom it meets, so it is the donation game of these.
    Other games need the meeting of three lines and have no such formula; their comparison of A with B does:
    see ``sigma``.

    Raises
    ------
    as ``fixation_slope``; TheoryError : gains that are not equal
    """
    (a, b), (c, d) = matrix("M", M, 2)
    if abs(a - b - c + d) > 1e-12 * max(abs(a), abs(b), abs(c), abs(d)):
        raise TheoryError(f"M must have equal gains from switching, a - c = b - d; got {a - c:g} and {b - d:g}")
    weighed = balance(weights, update=update, payoff=payoff, replacement=replacement)
    size = sparse_graph(weights, LARGEST, connected=False).shape[0]
    mutants = whole("start", start, 1, size - 1)
    return 0.5 * ((c - d) * weighed.gain - (d - b) * weighed.cost) * mutants * (size - mutants) / (size * (size - 1))


def _through_game(walks: Ancestry, back: np.ndarray) -> float:
    """<S G, back>: summed over the places where the game has weight."""
    rows = np.repeat(np.arange(walks.size), np.diff(walks.game.indptr))
    return float((walks.scale[rows] * walks.game.data * back[rows, walks.game.indices]).sum())
