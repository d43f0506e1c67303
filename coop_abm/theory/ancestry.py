"""Two walks on one set of nodes: along one strategies are inherited, along the other games are played.

Weak selection needs both. The *walk* of replacement has weights v_ij: a strategy at i comes from j with
probability p_ij = v_ij/h_i, h_i = sum_j v_ij, so that pi_i = h_i/sum(h) is stationary. Imitation may keep the
node itself, v_ii = 1. The *game* has weights w_ij: i meets j with probability g_ij = w_ij/d_i. Usually both
are one graph; they may differ (OhtsukiNowakPacheco2007), on the same nodes.

References
----------
Allen2017, OhtsukiNowakPacheco2007
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.theory.arguments import one_of, sparse_graph

if TYPE_CHECKING:
    import scipy.sparse

#: How many steps an ancestor is away from the competitor that it is compared with.
BACK_STEPS = {"death_birth": 2, "imitation": 2, "pairwise_comparison": 1}
PAYOFFS = ("averaged", "accumulated")

#: Called with the share of the work that is done, in [0, 1].
Progress = Callable[[float], None]


class Ancestry(NamedTuple):
    """Everything that weak selection needs to know of a structure.

    walk   : csr (N, N), symmetric weights v of replacement
    reach  : float (N,), h, row sums of ``walk``
    game   : csr (N, N), g, rows sum to 1: whom one plays with
    scale  : float (N,), S: 1 for averaged payoffs, the weighted degree in the game for accumulated ones
    back   : h, steps from the place that is free to the competitors and back
    shared : is one graph used for both, and are payoffs averaged, or as if they were?
    """

    walk: scipy.sparse.csr_array
    reach: np.ndarray
    game: scipy.sparse.csr_array
    scale: np.ndarray
    back: int
    shared: bool

    @property
    def size(self) -> int:
        """Number of nodes N."""
        return len(self.reach)


def ancestry(
    weights: object, update: str, payoff: str, replacement: object = None, *, largest: float = math.inf
) -> Ancestry:
    """The two walks of a structure.

    Parameters
    ----------
    weights     : array or scipy sparse (N, N), who plays with whom
    replacement : the same, whose strategy can come to whom; None: as ``weights``. It must be connected, or
                  the ancestral lines never meet; the game then need not be

    Raises
    ------
    GraphError : weights negative, not finite, asymmetric, with self-loops or not connected; graphs that differ in size
    InputError : unknown update or payoff
    TheoryError : more than ``largest`` nodes
    """
    one_of("update", update, BACK_STEPS)
    one_of("payoff", payoff, PAYOFFS)
    plays = sparse_graph(weights, largest, connected=replacement is None)
    follows = plays if replacement is None else sparse_graph(replacement, largest, name="replacement")
    if follows.shape != plays.shape:
        raise GraphError(f"replacement must have the {plays.shape[0]} nodes of weights; got {follows.shape[0]}")
    walk = replacement_weights(follows, update)
    degree = row_sums(plays)
    scale = np.ones(len(degree)) if payoff == "averaged" else degree
    shared = replacement is None and float(np.ptp(scale)) <= 1e-12 * float(scale.max())
    return Ancestry(walk, row_sums(walk), scaled_rows(plays, 1 / degree), scale, BACK_STEPS[update], shared)


def replacement_weights(weights: scipy.sparse.csr_array, update: str) -> scipy.sparse.csr_array:
    """Symmetric weights of the walk that ancestry takes; imitation may keep the node itself."""
    from scipy.sparse import csr_array, eye_array

    one_of("update", update, BACK_STEPS)
    return csr_array(weights + eye_array(weights.shape[0])) if update == "imitation" else weights


def row_sums(weights: scipy.sparse.csr_array) -> np.ndarray:
    """The sum of each row, float (N,)."""
    return np.asarray(weights.sum(axis=1), float).ravel()


def scaled_rows(weights: scipy.sparse.csr_array, factor: np.ndarray) -> scipy.sparse.csr_array:
    """The matrix diag(factor) weights."""
    from scipy.sparse import csr_array

    data = weights.data * np.repeat(factor, np.diff(weights.indptr))
    return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
