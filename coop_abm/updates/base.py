"""What every update rule has: an answer to "who replaces whom?".

A rule is a kernel over *sites* and uniform numbers. A site is an individual on a graph, or, in a
well-mixed population, a whole strategy: such a population is the weighted graph of its strategies,
with ``multiplicity[s]`` members in site s and ``multiplicity[t]`` less oneself as the weight from s
to t. So one rule serves every structure, and O(1) well-mixed populations need no rule of their own.

What site j earns is read through a key, ``payoff[key[j]]``, and so is its fitness. Where payoffs are
kept for each site, ``key[j]`` is j. On graphs whose edges weigh 1 it names the strategy of j and those
around it, and both columns are tables over all that can be (``engine/keys.py``). A rule need not know.

``source(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure)``
    whose strategy i carries on with: its own or a neighbour's. A rule that draws the one who is
    replaced uniformly writes this alone, and has ``replace = someone.using(source=...)``
    ``fitness`` may be measured from any level, because only ratios of it count; ``pressure`` is what
    :meth:`Update.pressure` says, the intensity of selection for most rules
``replace(u, v, w, size, multiplicity, indptr, indices, weight, key, fitness, payoff, pressure)``
    one event: the site whose strategy is replaced, and the site that it is replaced from
``transition(s, t, size, multiplicity, indptr, indices, weight, fitness, payoff, pressure)``
    how likely is it that one event replaces somebody in site s by the strategy of another site t? The same
    event as ``replace``, as a number; mixed populations skip by it what changes nothing. None where a rule
    has no such form; then every event is drawn
``gain(i, size, indptr, indices, weight, key, helping, fitness, payoff, pressure)``
    how much more likely than under neutral drift is it that i, when its turn comes, ends up as a
    cooperator (``helping[key[i]]`` is 1)? This is what measures a fixation probability with little
    noise; None where a rule has no such form

On the event clock on graphs a random number goes a long way: u draws the site, and v is what is left
of it, the fraction of u x size. A rule that needs w as well says so by ``draws = 2``; one that draws no
site by u alone must not read v there.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from coop_abm.core.kernel import Kernel, kernel
from coop_abm.core.part import Part, knob


class Kernels(NamedTuple):
    """The kernels of a rule, as a world needs them; None where the rule has none."""

    replace: Kernel | None
    source: Kernel | None
    gain: Kernel | None
    transition: Kernel | None = None


class Update(Part):
    """An update rule."""

    #: Does everybody revise at once on the round clock? Otherwise `replacements` individuals do, in turn.
    synchronous: ClassVar[bool] = False
    #: Is the whole population replaced at once by offspring of parents drawn from all of it?
    generational: ClassVar[bool] = False
    #: Is the one who is replaced dead (the newcomer starts with a clean record), or does it learn?
    births: ClassVar[bool] = False
    #: Do its kernels read fitness? Otherwise they compare payoffs.
    by_fitness: ClassVar[bool] = True
    #: The weight of oneself among those whose strategy one may take up (1: the closed neighbourhood).
    own_weight: ClassVar[float] = 0.0
    #: Random numbers that one event on a graph takes: 1 for u and v, 2 for w as well.
    draws: ClassVar[int] = 1

    replace: ClassVar[Kernel | None] = None
    source: ClassVar[Kernel | None] = None
    gain: ClassVar[Kernel | None] = None
    transition: ClassVar[Kernel | None] = None

    mutation: float = knob(
        0.0, "mutation", low=0, below=1, step=0.001,
        help="probability that somebody takes up another strategy than it would, drawn uniformly from all others",
    )  # fmt: skip
    mutation_kind: Literal["reproduction", "spontaneous"] = knob(
        "reproduction", "mutants arise",
        help="reproduction: whoever is born or revises mutates; spontaneous: anybody, once a generation or round",
    )  # fmt: skip

    def kernels(self, summed: bool) -> Kernels:
        """The kernels of this rule; `summed` where payoffs are sums over neighbours and not means."""
        return Kernels(self.replace, self.source, self.gain, self.transition)

    @property
    def selection(self) -> float:
        """Intensity of selection: fitness is exp(intensity x payoff); 0 for rules that know none."""
        return float(getattr(self, "intensity", 0.0))

    @property
    def linear(self) -> bool:
        """Is fitness 1 + intensity x payoff, and not exp(intensity x payoff)?"""
        return getattr(self, "fitness", "exponential") == "linear"

    @property
    def meets_itself(self) -> bool:
        """Does everybody play one encounter with itself as well?"""
        return False

    @property
    def adds_up(self) -> bool:
        """Are payoffs added to those of all rounds before? Otherwise those of the last round count."""
        return False

    @property
    def in_order(self) -> bool:
        """Does it matter in which order neighbours are looked at?"""
        return False

    def pressure(self, spread: float) -> float:
        """The number that kernels get as ``pressure``.

        Parameters
        ----------
        spread : the largest difference between two expected payoffs of one encounter, in units of the game
        """
        return self.selection

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray | None:
        """float (N,): weights under which the share of cooperators drifts without bias, summing to 1.

        Parameters
        ----------
        strength : float (N,), weighted degree of each node
        """
        return None


class Selection(Update):
    """A rule by which fitness decides."""

    intensity: float = knob(
        0.1, "intensity of selection", low=0, high=100, step=0.01, live=True,
        help="fitness is exp(intensity x payoff); 0 is neutral drift",
    )  # fmt: skip


class Mapped(Selection):
    """A rule that reads fitness alone, so that it does not matter what makes fitness of payoff."""

    fitness: Literal["exponential", "linear"] = knob(
        "exponential", "fitness map",
        help="exponential: exp(intensity x payoff); linear: 1 + intensity x payoff, which must stay above 0",
    )  # fmt: skip


@kernel
def fitness_at(payoff, intensity, linear):
    """The fitness of one who earns `payoff`: 1 + intensity x payoff where `linear` is 1, else the exponential."""
    if linear == 1:
        return 1.0 + intensity * payoff
    return math.exp(intensity * payoff)


@kernel
def other_than(strategy, u, strategies):
    """One of all `strategies` but this one, drawn by the uniform number u; itself where there is no other."""
    if strategies < 2:
        return np.int64(strategy)
    other = np.int64(u * (strategies - 1))
    return other + 1 if other >= strategy else other


@kernel
def anyone(u, size, multiplicity):
    """The site of an individual drawn uniformly by the uniform number u."""
    if multiplicity.shape[0] == 0:
        return np.int64(u * size)
    total = 0.0
    for i in range(size):
        total += multiplicity[i]
    target = u * total
    passed = 0.0
    chosen = np.int64(-1)
    for i in range(size):
        if multiplicity[i] > 0.0:
            passed += multiplicity[i]
            chosen = np.int64(i)
            if target < passed:
                return chosen
    return chosen


@kernel
def chance_of(i, size, multiplicity):
    """The probability that an individual drawn uniformly is in site i; see :func:`anyone`."""
    if multiplicity.shape[0] == 0:
        return 1.0 / size
    total = 0.0
    for j in range(size):
        total += multiplicity[j]
    return multiplicity[i] / total


#: Rebound to the kernel of an update rule by ``Kernel.using``.
source = anyone


@kernel
def someone(u, v, w, size, multiplicity, indptr, indices, weight, key, fitness, payoff, pressure):
    """The site of a uniformly drawn individual, and the site whose strategy it carries on with."""
    i = anyone(u, size, multiplicity)
    return i, source(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure)
