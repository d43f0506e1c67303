"""Which node of a graph is a good place for the first cooperator? Weak selection, any graph.

A mutant that starts on node i takes over with probability pi_i (its reproductive value) under neutral drift, and
under weak selection of intensity d with pi_i + (d/2)(b gain_i - c cost_i). With D the change that selection makes to
the frequency weighted by pi, as a quadratic form in who cooperates, and d^i_jk = 1 where exactly one of j, k is i,

    slope_i = 1/2 sum_j q_j Z_ji - 1/4 <C, L^-1 d^i>

L is the operator of the meeting times (L tau = 1 off the diagonal), C the form D in its pairs of nodes, q what it
has in single nodes (zero where payoffs are averaged) and Z the fundamental matrix of the walk. L is self-adjoint
for the weights pi_j pi_k, so L^-1 is applied to C once, instead of to each d^i. The mean over all i is the slope of
``coalescence.fixation_slope``.

References
----------
Allen2017, McAvoyAllen2021
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import TheoryError
from coop_abm.theory.ancestry import Ancestry, Progress, ancestry, row_sums, scaled_rows
from coop_abm.theory.meeting import LARGEST, root_of, solved

#: Smaller beside what it is the difference of than this is nothing.
VANISHES = 1e-11


class Influence(NamedTuple):
    """What a first cooperator can expect on each node.

    neutral : float (N,), pi_i: how likely a mutant takes over without selection; they sum to 1
    gain, cost : float (N,): d rho_C / d intensity = (b gain - c cost)/2 for a cooperator that starts there
    """

    neutral: np.ndarray
    gain: np.ndarray
    cost: np.ndarray

    def slope(self, benefit: float, cost: float) -> np.ndarray:
        """float (N,): d rho_C / d intensity at neutrality, from one cooperator on each node."""
        return 0.5 * (benefit * self.gain - cost * self.cost)

    @property
    def ratio(self) -> np.ndarray:
        """float (N,): the b/c above which selection helps a cooperator that starts there; NaN where none does."""
        helped = self.gain > VANISHES * np.abs(self.cost)
        return np.where(helped, self.cost / np.where(helped, self.gain, 1.0), np.nan)


def influence(
    weights: object, *, update: str = "death_birth", payoff: str = "averaged", progress: Progress | None = None
) -> Influence:
    """What a first cooperator can expect on each node of a graph; parameters as ``coalescence.critical_ratio``.

    Raises
    ------
    GraphError : weights negative, not finite, asymmetric, with self-loops or not connected
    InputError : unknown update or payoff
    TheoryError : more than 5,000 nodes, fewer than 3, or no convergence (extremely unequal weights)
    """
    walks = ancestry(weights, update, payoff, largest=LARGEST)
    if walks.size < 3:
        raise TheoryError(f"influence is told apart on at least 3 nodes; got {walks.size}")
    pi = walks.reach / walks.reach.sum()
    back = _steps_back(walks, pi)  # pi_j (P^h)_jk S_k
    game = walks.game.toarray()
    played = (pi * walks.scale)[:, None] * game
    gain, cost = _of_pairs(walks, pi, back @ game - played), _of_pairs(walks, pi, back)
    single = pi * walks.scale - back.sum(axis=1)
    if np.abs(single).max() > VANISHES * float(walks.scale.max()):
        alone = _of_singles(walks, pi, single)
        gain, cost = gain + alone, cost + alone
    return Influence(pi, gain, cost)


def _steps_back(walks: Ancestry, pi: np.ndarray) -> np.ndarray:
    """float (N, N): pi_j (P^h)_jk S_k, where h steps lead from a node to those that it competes with."""
    step = scaled_rows(walks.walk, 1 / row_sums(walks.walk))
    reached = step.toarray()
    for _ in range(walks.back - 1):
        reached = step @ reached
    return pi[:, None] * reached * walks.scale


def _of_pairs(walks: Ancestry, pi: np.ndarray, form: np.ndarray) -> np.ndarray:
    """float (N,): 1/2 <form, L^-1 d^i>, for one cost or gain."""
    root = root_of(walks.walk)
    right = 0.5 * (form + form.T) / (root[:, None] * root)
    np.fill_diagonal(right, 0)
    if not np.abs(right).max() > 0:
        return np.zeros(walks.size)
    times = solved(walks.walk, right) / (root[:, None] * root)
    return pi * (times @ pi)


def _of_singles(walks: Ancestry, pi: np.ndarray, single: np.ndarray) -> np.ndarray:
    """float (N,): sum_j q_j Z_ji, Z the fundamental matrix of the walk."""
    size = walks.size
    step = scaled_rows(walks.walk, 1 / row_sums(walks.walk)).toarray()
    inside = np.eye(size) - step + pi
    return np.linalg.solve(inside.T, single) - single.sum() * pi
