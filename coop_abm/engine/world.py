"""What every process of the event clock has: what its events read, and how a replicate begins and ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.errors import ScenarioError
from coop_abm.core.kernel import kernel
from coop_abm.updates.base import Update

#: Edges that weigh less are refused where fitness is linear: what is left of weight x fitness must keep its digits.
LIGHTEST = 1e-200


class Keys(NamedTuple):
    """What the keys of sites say, on a graph whose edges weigh 1 (see ``keys.py``); all empty elsewhere.

    A key is a whole number: the class of the degree, the own strategy, and how many neighbours hold each
    strategy, in mixed radix. K is the number of keys that there can be.

    blank   : (0,), of the type of a key: uint8 where that is enough, else uint32
    base    : uint32 (N,), the first key of each node's degree; (0,) where all have one degree
    radix   : int64 (S,), what one neighbour of each strategy adds to a key; strategy 0 adds nothing
    stride  : what one step of the own strategy adds
    holds   : int16 (K,), the own strategy
    idle    : int8 (K,), 1 if all neighbours hold the own strategy, so that nothing can change here;
              (0,) where the update rule replaces others than the one it draws
    helping, payoff, fitness : float (K,), 1 for strategy 0; what can be expected of the neighbours
    """

    blank: np.ndarray
    base: np.ndarray
    radix: np.ndarray
    stride: int
    holds: np.ndarray
    idle: np.ndarray
    helping: np.ndarray
    payoff: np.ndarray
    fitness: np.ndarray


class World(NamedTuple):
    """Everything that an event reads and never writes.

    size      : number of sites: nodes, rows of groups, or strategies of a mixed population
    indptr, indices, weight : neighbours of sites, `indices` as uint32; of a mixed population, none. Where
                nodes have keys and one degree, `indptr` is that number alone
    matrix    : float (S, S), expected felt payoff of an encounter, see ``expected_matrix``
    scale     : float (size,), what the sum over neighbours is multiplied with: 1 over weighted
                degree for averaged payoffs, 1 for accumulated ones
    intensity : intensity of selection
    linear    : 1 if fitness is 1 + intensity x payoff, else it is exponential
    value     : float (size,), reproductive values; empty where gains are not recorded
    groups, group_size, split : see ``Answers``
    averaged  : 1 if a payoff is the mean over mates, 0 if their sum (where groups change in size)
    pressure  : what the update rule makes of its knobs, see ``Update.pressure``
    family, founders, pedigree : see ``Answers``
    draws     : random numbers that an event on a graph takes, see ``Update.draws``
    keys      : what the keys of nodes say, where nodes have keys
    mutation, spontaneous : probability that somebody mutates; 1 if anybody may at any time, else whoever is
                born or revises
    replacing_indptr, replacing_indices, replacing_weight : neighbours among whom one is replaced, or finds a model:
                those above, unless the world has two graphs; read where payoffs are kept for each site
    """

    size: int
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    matrix: np.ndarray
    scale: np.ndarray
    intensity: float
    linear: int
    value: np.ndarray
    groups: int
    group_size: int
    split: float
    averaged: int
    pressure: float
    family: int
    founders: int
    pedigree: int
    draws: int
    keys: Keys
    mutation: float
    spontaneous: int
    replacing_indptr: np.ndarray
    replacing_indices: np.ndarray
    replacing_weight: np.ndarray


def check_fitness(update: Update, lowest: float, weight: np.ndarray) -> None:
    """Refuse a linear fitness that is not above 0 for the lowest payoff that somebody can have.

    lowest : in units of the game; those who meet nobody have 0
    weight : of edges, (0,) where all weigh 1
    """
    if not update.linear:
        return
    least = 1.0 + update.selection * min(lowest, 0.0) if update.selection > 0 else 1.0
    if not least > 0:
        bound = f"the lowest payoff is {lowest:g}" if lowest > -np.inf else "payoffs of many turns have no lower bound"
        raise ScenarioError(
            f"update.fitness: linear needs 1 + intensity x payoff above 0, and {bound}; got update.intensity = "
            f"{update.selection:g} (exponential permits any)"
        )
    if len(weight) and weight.min() < LIGHTEST:
        raise ScenarioError(
            f"update.fitness: linear needs edges that weigh {LIGHTEST:g} or more; got {weight.min():g} "
            "(exponential permits any)"
        )


@kernel
def shuffled(counts, strategy, s0, s1, s2, s3):
    """Place `counts` (S,) individuals of each strategy in random order."""
    i = 0
    for s in range(counts.shape[0]):
        for _ in range(counts[s]):
            strategy[i] = s
            i += 1
    for a in range(strategy.shape[0] - 1, 0, -1):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        b = np.int64(u * (a + 1))
        kept = strategy[a]
        strategy[a] = strategy[b]
        strategy[b] = kept
    return s0, s1, s2, s3


@kernel
def seat_all(counts, seats, strategy, s0, s1, s2, s3):
    """Place `counts` (S,) individuals, some on the nodes declared for them, the rest in random order.

    seats : int64 (N,), the strategy declared for a node; -1 where chance decides; (0,) if it always does
    """
    if seats.shape[0] == 0:
        return shuffled(counts, strategy, s0, s1, s2, s3)
    left = counts.copy()
    free = 0
    for i in range(seats.shape[0]):
        if seats[i] >= 0:
            left[seats[i]] -= 1
        else:
            free += 1
    rest = np.empty(free, np.int64)
    s0, s1, s2, s3 = shuffled(left, rest, s0, s1, s2, s3)
    at = 0
    for i in range(seats.shape[0]):
        if seats[i] >= 0:
            strategy[i] = seats[i]
        else:
            strategy[i] = rest[at]
            at += 1
    return s0, s1, s2, s3


@kernel
def winner_of(count, alive):
    """The strategy that everybody holds, -1 while there is more than one."""
    for s in range(count.shape[0]):
        if count[s] == alive:
            return np.int64(s)
    return np.int64(-1)
