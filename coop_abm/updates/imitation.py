"""Learning: an individual looks around and takes up a strategy, or keeps its own."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.core.part import knob
from coop_abm.structures.neighbours import (
    degree,
    edge_weight,
    neighbour,
    neighbour_share,
    random_neighbour,
    strength_of,
)
from coop_abm.updates.base import Kernels, Mapped, Selection, Update, chance_of, someone
from coop_abm.updates.moran import FAINT, competition_gain, competitor, share_won


@kernel
def source_of_imitation(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Whose strategy does i carry on with: its own or a neighbour's, in proportion to fitness?"""
    return competitor(i, v, 1.0, size, indptr, indices, weight, key, fitness, payoff, pressure)


@kernel
def transition_by_imitation(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """Somebody in s looks around and takes up t."""
    return chance_of(s, size, multiplicity) * share_won(s, t, 1.0, size, indptr, indices, weight, fitness)


@kernel
def gain_by_imitation(i, size, indptr, indices, weight, key, helping, fitness, payoff, pressure):
    """The advantage of cooperators in the closed neighbourhood of i."""
    return competition_gain(i, 1.0, size, indptr, indices, weight, key, helping, fitness)


@kernel
def copying_probability(mine, theirs, intensity):
    """The Fermi function: how likely is it that who earns `mine` copies who earns `theirs`?"""
    tilt = intensity * (theirs - mine)
    if tilt >= 0.0:
        return 1.0 / (1.0 + math.exp(-tilt))
    small = math.exp(tilt)  # the same, in the form that cannot overflow
    return small / (1.0 + small)


@kernel
def source_of_comparison(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Does i copy the neighbour that v draws? It does with the Fermi probability of their payoffs."""
    j = random_neighbour(i, v, size, indptr, indices, weight)
    if j < 0:
        return np.int64(i)
    mine = fitness[key[i]]
    theirs = fitness[key[j]]
    if mine + theirs < FAINT:
        copied = w < copying_probability(payoff[key[i]], payoff[key[j]], pressure)
    else:  # exp(theirs) / (exp(mine) + exp(theirs)) is the Fermi function
        copied = w * (mine + theirs) < theirs
    return j if copied else np.int64(i)


@kernel
def transition_by_comparison(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """Somebody in s meets t and copies it."""
    met = chance_of(s, size, multiplicity) * neighbour_share(s, t, size, indptr, indices, weight)
    return met * copying_probability(payoff[s], payoff[t], intensity)


@kernel
def gain_by_comparison(i, size, indptr, indices, weight, key, helping, fitness, payoff, pressure):
    """How much more than by fair coins does i move toward cooperation?"""
    even = 0.0
    moved = 0.0
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        w = edge_weight(i, e, indptr, weight)
        even += w
        tilt = 0.5 * (fitness[key[j]] - fitness[key[i]]) / (fitness[key[j]] + fitness[key[i]])
        moved += w * tilt * (helping[key[j]] - helping[key[i]])
    if even <= 0.0:
        return 0.0
    return moved / even


class Imitation(Mapped):
    """A random individual keeps its own strategy or copies a neighbour's, in proportion to fitness.

    Names: imitation, IM [OhtsukiHauertLiebermanNowak2006].
    """

    title = "imitation"
    references = ("OhtsukiHauertLiebermanNowak2006",)
    synchronous = True
    own_weight = 1.0
    replace = someone.using(source=source_of_imitation)
    source = source_of_imitation
    gain = gain_by_imitation
    transition = transition_by_imitation

    kind: Literal["imitation"] = "imitation"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return (strength + 1.0) / (strength + 1.0).sum()


class PairwiseComparison(Selection):
    """A random individual compares itself with a neighbour and copies it by the Fermi function.

    Names: pairwise comparison, Fermi rule [Traulsen2006].
    """

    title = "pairwise comparison"
    references = ("Traulsen2006",)
    draws = 2
    synchronous = True
    replace = someone.using(source=source_of_comparison)
    source = source_of_comparison
    gain = gain_by_comparison
    transition = transition_by_comparison

    kind: Literal["pairwise_comparison"] = "pairwise_comparison"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return strength / strength.sum()


@kernel
def source_of_the_best(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Who earned most around i? A tie with i itself keeps i's strategy; v draws among tied neighbours."""
    best = payoff[key[i]]
    tied = 0
    for e in range(degree(i, size, indptr)):
        if edge_weight(i, e, indptr, weight) > 0.0:
            earned = payoff[key[neighbour(i, e, indptr, indices)]]
            if earned > best:
                best = earned
                tied = 1
            elif tied > 0 and earned == best:
                tied += 1
    left = np.int64(v * tied)
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        if tied > 0 and payoff[key[j]] == best and edge_weight(i, e, indptr, weight) > 0.0:
            if left == 0:
                return np.int64(j)
            left -= 1
    return np.int64(i)


@kernel
def source_of_the_first(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Who is the first neighbour, in the order of the list, that earned most? i itself comes last."""
    best = -math.inf
    chosen = np.int64(i)
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        if edge_weight(i, e, indptr, weight) > 0.0 and payoff[key[j]] > best:
            best = payoff[key[j]]
            chosen = np.int64(j)
    if payoff[key[i]] > best:
        return np.int64(i)
    return chosen


@kernel
def transition_to_the_best(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, pressure):
    """Somebody in s finds that t earned more than s and as much as anybody around; chance decides among equals."""
    best = payoff[s]
    for e in range(degree(s, size, indptr)):
        if edge_weight(s, e, indptr, weight) > 0.0:
            best = max(best, payoff[neighbour(s, e, indptr, indices)])
    tied = 0
    ours = 0
    for e in range(degree(s, size, indptr)):
        j = neighbour(s, e, indptr, indices)
        if edge_weight(s, e, indptr, weight) > 0.0 and payoff[j] == best and best > payoff[s]:
            tied += 1
            if j == t:
                ours += 1
    if ours == 0:
        return 0.0
    return chance_of(s, size, multiplicity) * ours / tied


@kernel
def source_in_proportion(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Does i copy the neighbour that v draws? In proportion to how much more that one earned on average."""
    j = random_neighbour(i, v, size, indptr, indices, weight)
    if j >= 0 and w < pressure * (payoff[key[j]] - payoff[key[i]]):
        return j
    return np.int64(i)


@kernel
def source_in_proportion_of_sums(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """The same for payoffs summed over neighbours: the largest difference grows with the larger degree."""
    j = random_neighbour(i, v, size, indptr, indices, weight)
    if j >= 0:
        most = max(strength_of(i, size, indptr, weight), strength_of(j, size, indptr, weight))
        if w * most < pressure * (payoff[key[j]] - payoff[key[i]]):
            return j
    return np.int64(i)


@kernel
def transition_in_proportion(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, pressure):
    """Somebody in s meets t and copies it, in proportion to how much more t earned on average."""
    met = chance_of(s, size, multiplicity) * neighbour_share(s, t, size, indptr, indices, weight)
    return met * min(max(pressure * (payoff[t] - payoff[s]), 0.0), 1.0)


@kernel
def transition_in_proportion_of_sums(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, pressure):
    """The same for payoffs summed over neighbours."""
    most = max(strength_of(s, size, indptr, weight), strength_of(t, size, indptr, weight))
    if most <= 0.0:
        return 0.0
    met = chance_of(s, size, multiplicity) * neighbour_share(s, t, size, indptr, indices, weight)
    return met * min(max(pressure * (payoff[t] - payoff[s]) / most, 0.0), 1.0)


class ImitateTheBest(Update):
    """An individual takes up the strategy of whoever earned most among itself and its neighbours.

    It keeps its own if nobody earned more; among neighbours that earned the same chance decides. There is
    no noise and no intensity of selection. With `self_interaction` everybody also plays one encounter
    with itself, as in the spatial games of Nowak and May.

    With `ties` first no chance is left: of all that earned most the first neighbour is copied, row by row from the
    upper left on a lattice and by number elsewhere, and oneself comes last. With `scores` total payoffs are added
    up from the first round on. Both together are the rule of Mesa's example ``pd_grid``.

    Names: imitate the best, unconditional imitation, best takes over [NowakMay1992].
    """

    title = "imitate the best"
    references = ("NowakMay1992",)
    synchronous = True
    by_fitness = False
    replace = someone.using(source=source_of_the_best)
    source = source_of_the_best
    transition = transition_to_the_best

    kind: Literal["imitate_the_best"] = "imitate_the_best"
    self_interaction: bool = knob(
        False, "self-interaction", help="everybody also plays once with itself (round clock, partners = all)"
    )
    ties: Literal["chance", "first"] = knob(
        "chance", "ties", help="who is copied of those that earned the same: oneself, else one by chance; or the first"
    )
    scores: Literal["round", "total"] = knob(
        "round", "scores", help="what is compared: payoffs of the last round, or of all rounds so far (round clock)"
    )

    def kernels(self, summed: bool) -> Kernels:
        return Kernels(
            self.replace, source_of_the_first if self.ties == "first" else self.source, None, self.transition
        )

    @property
    def meets_itself(self) -> bool:
        return self.self_interaction

    @property
    def adds_up(self) -> bool:
        return self.scores == "total"

    @property
    def in_order(self) -> bool:
        return self.ties == "first"


class ProportionalImitation(Update):
    """An individual copies a random neighbour with a chance in proportion to how much more that one earned.

    The chance is (P_j - P_i) / (k D), where D is the largest difference that two payoffs of an encounter
    can have and k the larger of the two degrees (1 where payoffs are means), and 0 if j earned no more.

    Names: proportional imitation, replicator rule, finite-population analogue of the replicator equation
    [SantosPacheco2005].
    """

    title = "proportional imitation"
    references = ("SantosPacheco2005",)
    draws = 2
    synchronous = True
    by_fitness = False
    replace = someone.using(source=source_in_proportion)
    source = source_in_proportion
    transition = transition_in_proportion

    kind: Literal["proportional_imitation"] = "proportional_imitation"

    def kernels(self, summed: bool) -> Kernels:
        if summed:
            replace = someone.using(source=source_in_proportion_of_sums)
            return Kernels(replace, source_in_proportion_of_sums, None, transition_in_proportion_of_sums)
        return Kernels(self.replace, self.source, None, self.transition)

    def pressure(self, spread: float) -> float:
        return 1.0 / spread if spread > 0 else 0.0
