"""The exact critical ratio of any weighted graph, from coalescing random walks (weak selection).

Two ancestral lines walk backward until they meet. With P the walk of replacement, G the walk of the game,
pi the stationary weights of P and tau_ij the expected time for lines from i and j to meet,

    tau_ii = 0,   tau_ij = 1 + (1/2) sum_k (p_ik tau_jk + p_jk tau_ik),   T(M) = sum_ij pi_i M_ij tau_ij,

    (b/c)* = [T(P^h S) - T(S)] / [T(P^h S G) - T(S G)],

S = 1 for averaged and diag(degree) for accumulated payoffs; h = 2 for death_birth and imitation (P includes
the node itself with weight 1), h = 1 for pairwise_comparison. Averaged death-birth is t2/(t3 - t1) of
Allen2017; the other forms are derived in this project and hold against the 2^N chain.

References
----------
Allen2017
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.arguments import graph, number, one_of, whole

LARGEST = 3000  # nodes; the times take a few N x N arrays
DENSE_UP_TO = 28  # nodes; N^2 unknowns in one dense system
HOPELESS = 1000.0  # beyond this ratio no simulation can find the crossing
VANISHES = 1e-9  # a denominator this small beside its terms is zero
BACK_STEPS = {"death_birth": 2, "imitation": 2, "pairwise_comparison": 1}


class WalkMoments(NamedTuple):
    """Expected meeting times t_n from the two ends of a stationary n-step walk."""

    t1: float
    t2: float
    t3: float


def coalescence_times(weights: object, update: str = "death_birth") -> np.ndarray:
    """tau (N, N): expected meeting time of the ancestral lines of two nodes, in steps of one line each.

    Raises
    ------
    GraphError : weights negative, not finite, asymmetric, with self-loops or not connected
    InputError : unknown update
    TheoryError : more than 3000 nodes, or no convergence (extremely unequal weights)

    References
    ----------
    Allen2017
    """
    return _times(_replacement(graph(weights, LARGEST), update))


def critical_ratio(weights: object, *, update: str = "death_birth", payoff: str = "averaged") -> float:
    """(b/c)* of the donation game on a graph: rho_C > rho_D exactly above it if positive; weak selection.

    Signed: negative means spite (-(N-1) on a complete graph); infinite means never (a star).

    Parameters
    ----------
    weights : array or scipy sparse (N, N)
    update  : "death_birth", "imitation" or "pairwise_comparison"
    payoff  : "averaged" or "accumulated" over neighbours

    Raises
    ------
    as ``coalescence_times``; InputError : unknown payoff

    References
    ----------
    Allen2017
    """
    dense = graph(weights, LARGEST)
    one_of("payoff", payoff, ("averaged", "accumulated"))
    walk_weights = _replacement(dense, update)
    reach = walk_weights.sum(axis=1)
    degree = dense.sum(axis=1)
    scale = np.ones(len(dense)) if payoff == "averaged" else degree
    game = scale[:, None] * dense / degree[:, None]
    here = (reach / reach.sum())[:, None] * _times(walk_weights)
    back = here
    for _ in range(BACK_STEPS[update]):  # <pi P^h S G, tau> = <S G, (P^T)^h pi tau>
        back = walk_weights @ (back / reach[:, None])
    cost = float((scale * back.diagonal()).sum())
    far, near = float((game * back).sum()), float((game * here).sum())
    return math.inf if abs(far - near) <= VANISHES * (abs(far) + abs(near)) else cost / (far - near)


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


def walk_moments(weights: object) -> WalkMoments:
    """t_n = sum_ij pi_i (P^n)_ij tau_ij for n = 1, 2, 3 under death-birth; (b/c)* = t2/(t3 - t1).

    Raises
    ------
    as ``coalescence_times``

    References
    ----------
    Allen2017
    """
    dense = graph(weights, LARGEST)
    degree = dense.sum(axis=1)
    back = (degree / degree.sum())[:, None] * _times(dense)
    moments = []
    for _ in range(3):
        back = dense @ (back / degree[:, None])
        moments.append(float(back.trace()))
    return WalkMoments(*moments)


def fixation_slope(weights: object, benefit: float, cost: float, start: int = 1) -> float:
    """d rho_C / d intensity at neutrality, averaged donation game under death-birth.

        [b (t3 - t1) - c t2] / (2N) * k0 (N - k0)/(N - 1),   k0 = ``start`` uniformly placed cooperators

    Raises
    ------
    as ``coalescence_times``; InputError : start not in 1 .. N-1

    References
    ----------
    Allen2017
    """
    size = graph(weights, LARGEST).shape[0]
    mutants = whole("start", start, 1, size - 1)
    t1, t2, t3 = walk_moments(weights)
    slope = (number("benefit", benefit) * (t3 - t1) - number("cost", cost) * t2) / (2 * size)
    return slope * mutants * (size - mutants) / (size - 1)


def _replacement(dense: np.ndarray, update: str) -> np.ndarray:
    """Symmetric weights of the walk that ancestry takes; imitation may keep the node itself."""
    one_of("update", update, BACK_STEPS)
    return dense + np.eye(len(dense)) if update == "imitation" else dense


def _times(weights: np.ndarray) -> np.ndarray:
    return _direct_times(weights) if len(weights) <= DENSE_UP_TO else _conjugate_gradient_times(weights)


def _direct_times(weights: np.ndarray) -> np.ndarray:
    size = len(weights)
    step = weights / weights.sum(axis=1, keepdims=True)
    one = np.eye(size)
    system = np.eye(size * size) - 0.5 * (np.kron(step, one) + np.kron(one, step))
    apart = ~np.eye(size, dtype=bool).ravel()
    times = np.zeros(size * size)
    times[apart] = np.linalg.solve(system[np.ix_(apart, apart)], np.ones(apart.sum()))
    return times.reshape(size, size)


def _conjugate_gradient_times(weights: np.ndarray, tolerance: float = 1e-12, limit: int = 50_000) -> np.ndarray:
    """The same system made symmetric by sqrt(pi_i pi_j); O(N E) per iteration.

    Raises
    ------
    TheoryError : no convergence (a graph with extremely unequal weights)
    """
    from scipy.sparse import csr_array

    degree = weights.sum(axis=1)
    root = np.sqrt(degree / degree.sum())
    symmetric = csr_array(weights / np.sqrt(np.outer(degree, degree)))

    def system(x: np.ndarray) -> np.ndarray:
        walked = symmetric @ x
        result = x - 0.5 * (walked + walked.T)
        np.fill_diagonal(result, 0)
        return result

    residual = np.outer(root, root)
    np.fill_diagonal(residual, 0)
    x, direction = np.zeros_like(residual), residual.copy()
    size = first = (residual * residual).sum()
    for _ in range(limit):
        image = system(direction)
        along = size / (direction * image).sum()
        x += along * direction
        residual -= along * image
        before, size = size, (residual * residual).sum()
        if size < tolerance**2 * first:
            return x / np.outer(root, root)
        direction = residual + (size / before) * direction
    raise TheoryError("coalescence times did not converge: the edge weights are too unequal")
