"""Birth and death: the two orders of the Moran process on a graph.

On a graph the order decides everything: death-birth lets cooperators win if b/c > k, birth-death
never does [OhtsukiHauertLiebermanNowak2006].
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.core.part import knob
from coop_abm.structures.neighbours import degree, edge_weight, neighbour, neighbour_share, random_neighbour
from coop_abm.updates.base import Mapped, chance_of, someone

#: Below this sum of fitness, what is left of it has lost its digits.
FAINT = 1e-280


@kernel
def competitor(i, v, own, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Who wins the competition for site i?

    Neighbours compete in proportion to edge weight x fitness, and i itself with weight `own`. Fitness
    may be measured from any level; where all of it around i is vanishing, it is measured anew from the
    best of them. Returns i where nobody can win.
    """
    k = degree(i, size, indptr)
    if k == 0:
        return np.int64(i)
    mine = own * fitness[key[i]] if own > 0.0 else 0.0
    total = mine
    for e in range(k):
        total += edge_weight(i, e, indptr, weight) * fitness[key[neighbour(i, e, indptr, indices)]]
    if total < FAINT:
        return competitor_of_the_faint(i, v, own, size, indptr, indices, weight, key, payoff, pressure)
    target = v * total
    passed = mine
    if own > 0.0 and target < passed:
        return np.int64(i)
    chosen = 0  # how many are passed is counted without a branch, which nobody could predict
    for e in range(k - 1):
        passed += edge_weight(i, e, indptr, weight) * fitness[key[neighbour(i, e, indptr, indices)]]
        chosen += 1 if target >= passed else 0
    return neighbour(i, chosen, indptr, indices)


@kernel
def competitor_of_the_faint(i, v, own, size, indptr, indices, weight, key, payoff, pressure):
    """The same where all fitness around i is vanishing: it is measured from the best of them."""
    k = degree(i, size, indptr)
    level = payoff[key[i]] if own > 0.0 else -math.inf
    for e in range(k):
        level = max(level, payoff[key[neighbour(i, e, indptr, indices)]])
    mine = own * math.exp(pressure * (payoff[key[i]] - level)) if own > 0.0 else 0.0
    total = mine
    for e in range(k):
        earned = payoff[key[neighbour(i, e, indptr, indices)]]
        total += edge_weight(i, e, indptr, weight) * math.exp(pressure * (earned - level))
    target = v * total
    passed = mine
    chosen = np.int64(i)
    if target < passed:
        return chosen
    for e in range(k):
        j = neighbour(i, e, indptr, indices)
        strength = edge_weight(i, e, indptr, weight) * math.exp(pressure * (payoff[key[j]] - level))
        if strength > 0.0:
            passed += strength
            chosen = np.int64(j)
            if target < passed:
                return chosen
    return chosen


@kernel
def competition_gain(i, own, size, indptr, indices, weight, key, helping, fitness):
    """Probability that a cooperator wins site i, minus the same if fitness did not matter."""
    strong = own * fitness[key[i]]
    strong_helping = strong * helping[key[i]]
    even = own
    even_helping = own * helping[key[i]]
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        w = edge_weight(i, e, indptr, weight)
        strong += w * fitness[key[j]]
        strong_helping += w * fitness[key[j]] * helping[key[j]]
        even += w
        even_helping += w * helping[key[j]]
    if strong <= 0.0 or even <= 0.0:
        return 0.0
    return strong_helping / strong - even_helping / even


@kernel
def share_won(i, j, own, size, indptr, indices, weight, fitness):
    """The probability that neighbour j wins the competition for site i; see :func:`competitor`."""
    total = own * fitness[i]
    ours = 0.0
    for e in range(degree(i, size, indptr)):
        rival = neighbour(i, e, indptr, indices)
        strength = edge_weight(i, e, indptr, weight) * fitness[rival]
        total += strength
        if rival == j:
            ours += strength
    return ours / total if total > 0.0 else 0.0


@kernel
def source_after_death(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """Whose offspring fills the empty site i? Its neighbours compete for it."""
    return competitor(i, v, 0.0, size, indptr, indices, weight, key, fitness, payoff, pressure)


@kernel
def transition_after_death(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """Somebody in s dies, and t wins the place."""
    return chance_of(s, size, multiplicity) * share_won(s, t, 0.0, size, indptr, indices, weight, fitness)


@kernel
def gain_after_death(i, size, indptr, indices, weight, key, helping, fitness, payoff, pressure):
    """The advantage of cooperators in the competition for site i."""
    return competition_gain(i, 0.0, size, indptr, indices, weight, key, helping, fitness)


@kernel
def birth_then_death(u, v, w, size, multiplicity, indptr, indices, weight, key, fitness, payoff, pressure):
    """A parent drawn in proportion to fitness; its offspring replaces a neighbour, by edge weight."""
    total = 0.0
    for i in range(size):
        total += fitness[key[i]] if multiplicity.shape[0] == 0 else multiplicity[i] * fitness[key[i]]
    target = u * total
    passed = 0.0
    parent = np.int64(0)
    for i in range(size):
        strength = fitness[key[i]] if multiplicity.shape[0] == 0 else multiplicity[i] * fitness[key[i]]
        if strength > 0.0:
            passed += strength
            parent = np.int64(i)
            if target < passed:
                break
    dead = random_neighbour(parent, w, size, indptr, indices, weight)
    if dead < 0:
        dead = parent
    return dead, parent


@kernel
def transition_after_birth(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, intensity):
    """The parent is in t, and its offspring goes to s."""
    total = 0.0
    for i in range(size):
        total += fitness[i] if multiplicity.shape[0] == 0 else multiplicity[i] * fitness[i]
    ours = fitness[t] if multiplicity.shape[0] == 0 else multiplicity[t] * fitness[t]
    return ours / total * neighbour_share(t, s, size, indptr, indices, weight)


class _Moran(Mapped):
    births = True

    replacements: int = knob(
        1, "replacements per round", low=1, high=1_000_000, step=1,
        help="how many individuals are replaced, in turn, at the end of a round (round clock only)",
    )  # fmt: skip


class DeathBirth(_Moran):
    """A random individual dies and its neighbours compete for the empty site in proportion to fitness.

    Payoffs count the game with the one who dies, who is no candidate itself.

    Names: death-birth, DB, voter-like updating [OhtsukiHauertLiebermanNowak2006].
    """

    title = "death-birth"
    references = ("OhtsukiHauertLiebermanNowak2006", "Allen2017")
    replace = someone.using(source=source_after_death)
    source = source_after_death
    gain = gain_after_death
    transition = transition_after_death

    kind: Literal["death_birth"] = "death_birth"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return strength / strength.sum()


class BirthDeath(_Moran):
    """An individual reproduces in proportion to fitness and its offspring replaces a neighbour.

    Names: birth-death, BD, Moran process [Moran1958, NowakSasakiTaylorFudenberg2004].
    """

    title = "birth-death"
    references = ("Moran1958", "NowakSasakiTaylorFudenberg2004")
    draws = 2
    replace = birth_then_death
    transition = transition_after_birth

    kind: Literal["birth_death"] = "birth_death"
