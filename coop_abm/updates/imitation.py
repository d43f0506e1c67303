"""Learning: an individual looks around and takes up a strategy, or keeps its own."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.structures.neighbours import degree, edge_weight, neighbour, random_neighbour
from coop_abm.updates.base import Update, anyone
from coop_abm.updates.moran import competition_gain, competitor


@kernel
def source_of_imitation(i, v, w, size, indptr, indices, weight, fitness, payoff, intensity):
    """Whose strategy does i carry on with: its own or a neighbour's, in proportion to fitness?"""
    return competitor(i, v, 1.0, size, indptr, indices, weight, fitness, payoff, intensity)


@kernel
def someone_imitates(u, v, w, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """A uniformly drawn individual keeps its strategy or takes up a neighbour's."""
    learner = anyone(u, size, multiplicity)
    return learner, competitor(learner, v, 1.0, size, indptr, indices, weight, fitness, payoff, intensity)


@kernel
def gain_by_imitation(i, size, indptr, indices, weight, helping, fitness, payoff, intensity):
    """The advantage of cooperators in the closed neighbourhood of i."""
    return competition_gain(i, 1.0, size, indptr, indices, weight, helping, fitness)


@kernel
def copying_probability(mine, theirs, intensity):
    """The Fermi function: how likely is it that who earns `mine` copies who earns `theirs`?"""
    tilt = intensity * (theirs - mine)
    if tilt >= 0.0:
        return 1.0 / (1.0 + math.exp(-tilt))
    small = math.exp(tilt)  # the same, in the form that cannot overflow
    return small / (1.0 + small)


@kernel
def source_of_comparison(i, v, w, size, indptr, indices, weight, fitness, payoff, intensity):
    """Does i copy the neighbour that v draws? It does with the Fermi probability of their payoffs."""
    j = random_neighbour(i, v, size, indptr, indices, weight)
    if j >= 0 and w < copying_probability(payoff[i], payoff[j], intensity):
        return j
    return np.int64(i)


@kernel
def someone_compares(u, v, w, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """A uniformly drawn individual compares itself with a neighbour."""
    learner = anyone(u, size, multiplicity)
    return learner, source_of_comparison(learner, v, w, size, indptr, indices, weight, fitness, payoff, intensity)


@kernel
def gain_by_comparison(i, size, indptr, indices, weight, helping, fitness, payoff, intensity):
    """How much more than by fair coins does i move toward cooperation?"""
    even = 0.0
    moved = 0.0
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        w = edge_weight(i, e, indptr, weight)
        even += w
        tilt = copying_probability(payoff[i], payoff[j], intensity) - 0.5
        moved += w * tilt * (helping[j] - helping[i])
    if even <= 0.0:
        return 0.0
    return moved / even


class Imitation(Update):
    """A random individual keeps its own strategy or copies a neighbour's, in proportion to fitness.

    Names: imitation, IM [OhtsukiHauertLiebermanNowak2006].
    """

    title = "imitation"
    references = ("OhtsukiHauertLiebermanNowak2006",)
    synchronous = True
    own_weight = 1.0
    replace = someone_imitates
    source = source_of_imitation
    gain = gain_by_imitation

    kind: Literal["imitation"] = "imitation"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return (strength + 1.0) / (strength + 1.0).sum()


class PairwiseComparison(Update):
    """A random individual compares itself with a neighbour and copies it by the Fermi function.

    Names: pairwise comparison, Fermi rule [Traulsen2006].
    """

    title = "pairwise comparison"
    references = ("Traulsen2006",)
    synchronous = True
    replace = someone_compares
    source = source_of_comparison
    gain = gain_by_comparison

    kind: Literal["pairwise_comparison"] = "pairwise_comparison"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return strength / strength.sum()
