"""Who competes in one replacement, and how likely each is to win: the update rules of ``updates/`` as numbers.

A rule's kernel draws; here the probabilities behind the draw are written out, from the very fitness that the kernel
reads, so that one event can be shown to somebody. Every list sums to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import CoopError
from coop_abm.structures.neighbours import degree, edge_weight, neighbour, strength_of
from coop_abm.updates.imitation import copying_probability
from coop_abm.updates.moran import FAINT


class Sites(NamedTuple):
    """What the kernel of an update rule reads, see ``updates/base.py``.

    size : number of sites: individuals, or strategies of a mixed population
    multiplicity : float (size,), heads of each strategy of a mixed population; empty elsewhere
    indptr, indices, weight : neighbours of sites
    key, fitness, payoff : site j has fitness[key[j]] and earns payoff[key[j]]
    pressure : see ``Update.pressure``
    summed : whether payoffs are sums over neighbours, and not means
    """

    size: int
    multiplicity: np.ndarray
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    key: np.ndarray
    fitness: np.ndarray
    payoff: np.ndarray
    pressure: float
    summed: bool

    @property
    def arguments(self) -> tuple:
        """What a kernel takes after its random numbers."""
        return (
            self.size, self.multiplicity, self.indptr, self.indices, self.weight, self.key, self.fitness, self.payoff,
            self.pressure,
        )  # fmt: skip

    def earned(self, i: int) -> float:
        """The payoff of site i."""
        return float(self.payoff[self.key[i]])

    def fit(self, i: int) -> float:
        """The fitness of site i, as the kernel reads it."""
        return float(self.fitness[self.key[i]])

    def around(self, i: int) -> list[tuple[int, float]]:
        """The neighbours of site i, in the order of the kernel, with the weights of the edges to them."""
        count = int(degree.plain(i, self.size, self.indptr))
        sites = [int(neighbour.plain(i, e, self.indptr, self.indices)) for e in range(count)]
        return [(j, float(edge_weight.plain(i, e, self.indptr, self.weight))) for e, j in enumerate(sites)]


#: Sites that compete, and the probability of each; the one who is replaced may be among them.
Rivals = tuple[list[int], list[float]]


def competing(sites: Sites, i: int, own: float) -> Rivals:
    """Neighbours compete for site i in proportion to edge weight x fitness, i itself with weight `own`."""
    entries = ([(i, own)] if own > 0.0 else []) + sites.around(i)
    strengths = [w * sites.fit(j) for j, w in entries]
    if sum(strengths) < FAINT:  # as the kernel does: measured from the best of them
        level = max((sites.earned(j) for j, _w in entries), default=0.0)
        strengths = [w * math.exp(sites.pressure * (sites.earned(j) - level)) for j, w in entries]
    return _shared(i, [j for j, _w in entries], strengths)


def comparing(sites: Sites, i: int, chance: Callable[[int, int], float]) -> Rivals:
    """Site i meets a neighbour by edge weight and copies it with a probability; else it keeps its own strategy."""
    around = sites.around(i)
    total = sum(w for _j, w in around)
    if total <= 0.0:
        return [i], [1.0]
    copied = [w / total * chance(i, j) for j, w in around]
    return _shared(i, [i, *(j for j, _w in around)], [max(0.0, 1.0 - math.fsum(copied)), *copied])


def after_death(sites: Sites, i: int) -> Rivals:
    """Death-birth: the neighbours alone."""
    return competing(sites, i, 0.0)


def by_imitation(sites: Sites, i: int) -> Rivals:
    """Imitation: the neighbours and the one who looks around."""
    return competing(sites, i, 1.0)


def by_comparison(sites: Sites, i: int) -> Rivals:
    """Pairwise comparison: the Fermi function of two payoffs."""
    return comparing(sites, i, lambda a, b: copying(sites, a, b))


def in_proportion(sites: Sites, i: int) -> Rivals:
    """Proportional imitation: as much more as the neighbour earned."""
    return comparing(sites, i, lambda a, b: proportion(sites, a, b))


def among_the_best(sites: Sites, i: int) -> Rivals:
    """Imitation of the best: oneself unless a neighbour earned more; those who earned most share."""
    entries = [(j, 1.0) for j, w in sites.around(i) if w > 0.0]
    best = max([sites.earned(j) for j, _w in entries], default=-math.inf)
    ahead = best > sites.earned(i)
    strengths = [1.0 if ahead and sites.earned(j) == best else 0.0 for j, _w in entries]
    return _shared(i, [i, *(j for j, _w in entries)], [0.0 if ahead else 1.0, *strengths])


def the_first(sites: Sites, i: int) -> Rivals:
    """The first of the neighbours that earned most; oneself comes last."""
    entries = [j for j, w in sites.around(i) if w > 0.0]
    best = max([sites.earned(j) for j in entries], default=-math.inf)
    chosen = i if sites.earned(i) > best else next(j for j in entries if sites.earned(j) == best)
    return _shared(i, [i, *entries], [float(j == chosen) for j in [i, *entries]])


def after_birth(sites: Sites, parent: int) -> Rivals:
    """Birth-death: whom the offspring of this parent replaces, by edge weight alone."""
    around = sites.around(parent)
    return _shared(parent, [j for j, _w in around], [w for _j, w in around])


def copying(sites: Sites, i: int, j: int) -> float:
    """The probability that i copies j once it compares itself with it: the Fermi function."""
    return float(copying_probability.plain(sites.earned(i), sites.earned(j), sites.pressure))


def proportion(sites: Sites, i: int, j: int) -> float:
    """The same under proportional imitation."""
    most = 1.0
    if sites.summed:
        most = max(float(strength_of.plain(k, sites.size, sites.indptr, sites.weight)) for k in (i, j))
    return min(max(sites.pressure * (sites.earned(j) - sites.earned(i)) / most, 0.0), 1.0) if most > 0 else 0.0


def _shared(i: int, sites: list[int], strengths: list[float]) -> Rivals:
    """Strengths as probabilities; a site that stands there twice (a strategy that meets its own) once."""
    total = math.fsum(strengths)
    if not sites or total <= 0.0:
        return [i], [1.0]
    merged: dict[int, float] = {}
    for site, strength in zip(sites, strengths, strict=True):
        merged[site] = merged.get(site, 0.0) + strength / total
    return list(merged), list(merged.values())


class Telling(NamedTuple):
    """How one kind of update rule is told.

    order  : who is drawn first: "death" (who dies), "revision" (who revises) or "birth" (who has offspring)
    rivals : (sites, the one drawn first) -> who competes then
    chance : (sites, i, j) -> how likely i copies j once it compares itself with it; None where all compete at once
    """

    order: str
    rivals: Callable[[Sites, int], Rivals]
    chance: Callable[[Sites, int, int], float] | None = None


TELLINGS = {
    "death_birth": Telling("death", after_death),
    "birth_death": Telling("birth", after_birth),
    "imitation": Telling("revision", by_imitation),
    "pairwise_comparison": Telling("revision", by_comparison, copying),
    "proportional_imitation": Telling("revision", in_proportion, proportion),
    "imitate_the_best": Telling("revision", among_the_best),
}


def telling(kind: str) -> Telling:
    """How the update rule of this name is told.

    Raises
    ------
    CoopError
        if nobody has said who competes under it
    """
    if kind not in TELLINGS:
        raise CoopError(f"update = {kind}: one event cannot be told, because nobody has said who competes by it")
    return TELLINGS[kind]


def drawn_first(sites: Sites, order: str) -> np.ndarray:
    """float (size,): how likely each site is the one that an event draws first."""
    heads = sites.multiplicity if len(sites.multiplicity) else np.ones(sites.size)
    strength = heads * np.array([sites.fit(i) for i in range(sites.size)]) if order == "birth" else heads
    return strength / strength.sum()
