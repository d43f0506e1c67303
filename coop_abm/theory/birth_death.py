"""The exact critical ratio of any weighted graph under birth-death updating (weak selection).

Under birth-death a node is replaced the more often the fewer ties its neighbours have, so two ancestral lines
do not move at the same pace, and the walks of ``coalescence`` do not apply. Without selection node a is replaced
at the rate r_a = sum_i w_ai/d_i (d the weighted degrees, time in units of N steps), its line going to i with
weight w_ai/d_i, and 1/d_i is the reproductive value of node i. Meeting times solve

    (r_a + r_b) tau_ab = 1 + sum_i (w_ai/d_i) tau_ib + sum_i (w_bi/d_i) tau_ai,   tau_aa = 0,

and with m_ij = w_ij/(d_i d_j), g_ij = w_ij/d_i and S = 1 (averaged) or d (accumulated payoffs)

    (b/c)* = sum_ij m_ij S_i tau_ij / sum_ijl m_ij S_i g_il (tau_jl - tau_il).

Where the game is played on another graph, w and d above are those of replacement, and S and g those of the game:
an offspring goes where replacement leads, and its parent earned where the game led.

Derived in this project; it holds against the 2^N chain. Never positive where the graph of replacement has equal degrees
and payoffs are means.

References
----------
Allen2017, OhtsukiHauertLiebermanNowak2006, OhtsukiPachecoNowak2007
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coop_abm.core.errors import GraphError, TheoryError
from coop_abm.theory.arguments import one_of, sparse_graph

if TYPE_CHECKING:
    import scipy.sparse

LARGEST = 5000  # nodes; a few N x N arrays
TOLERANCE = 1e-12  # of the residual, beside the right-hand side
PATIENCE = 50_000  # iterations
VANISHES = 1e-9  # a denominator this small beside its terms is zero


def critical_ratio(weights: object, *, payoff: str = "averaged", replacement: object = None) -> float:
    """(b/c)* of the donation game under birth-death updating: rho_C = rho_D there; signed, infinite for never.

    Parameters
    ----------
    weights : array or scipy sparse (N, N), who plays with whom
    payoff  : "averaged" or "accumulated" over neighbours
    replacement : the same, whose offspring can replace whom; None: as ``weights``. It must be connected; the game
              then need not be

    Raises
    ------
    GraphError : weights negative, not finite, asymmetric, with self-loops or not connected; graphs that differ in size
    InputError : unknown payoff
    TheoryError : more than 5000 nodes, or no convergence (extremely unequal weights)
    """
    plays = sparse_graph(weights, LARGEST, connected=replacement is None)
    follows = plays if replacement is None else sparse_graph(replacement, LARGEST, name="replacement")
    if follows.shape != plays.shape:
        raise GraphError(f"replacement must have the {plays.shape[0]} nodes of weights; got {follows.shape[0]}")
    one_of("payoff", payoff, ("averaged", "accumulated"))
    degree, partners = (np.asarray(each.sum(axis=1)).ravel() for each in (follows, plays))
    scale = np.ones(len(degree)) if payoff == "averaged" else partners
    times = _times(follows, degree)
    mixing = follows.multiply(1 / degree[:, None]).multiply(1 / degree[None, :]).tocsr()
    meetings, spread = plays.tocoo(), mixing.tocoo()
    i, j = meetings.row, meetings.col
    met = scale[i] * meetings.data / partners[i]
    far = float((met * (mixing @ times)[i, j]).sum())
    near = float((met * np.asarray(mixing.sum(axis=1)).ravel()[i] * times[i, j]).sum())
    cost = float((spread.data * scale[spread.row] * times[spread.row, spread.col]).sum())
    return math.inf if abs(far - near) <= VANISHES * (far + near) else cost / (far - near)


def _times(graph: scipy.sparse.csr_array, degree: np.ndarray) -> np.ndarray:
    """tau, by conjugate gradient: with y_ab = tau_ab/sqrt(d_a d_b) the system is symmetric and positive."""
    root = np.sqrt(degree)
    symmetric = graph.multiply(1 / root[:, None]).multiply(1 / root[None, :]).tocsr()
    pace = graph @ (1 / degree)
    both = pace[:, None] + pace[None, :]
    right = 1 / np.outer(root, root)
    np.fill_diagonal(right, 0)

    def system(y: np.ndarray) -> np.ndarray:
        moved = symmetric @ y
        image = both * y - moved - moved.T
        np.fill_diagonal(image, 0)
        return image

    y = np.zeros_like(right)
    residual = right.copy()
    towards = residual / both
    direction = towards.copy()
    size = float((residual * towards).sum())
    first = size
    for _ in range(PATIENCE):
        if size <= TOLERANCE**2 * first:
            return y * np.outer(root, root)
        image = system(direction)
        along = size / float((direction * image).sum())
        y += along * direction
        residual -= along * image
        towards = residual / both
        before, size = size, float((residual * towards).sum())
        direction = towards + (size / before) * direction
    raise TheoryError("meeting times did not converge: the edge weights are too unequal")
