"""The event clock in generations: the whole population is replaced at once, by expected payoffs.

A generation counts as N events, so that time means the same under every update rule.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.families import born_into_families, breed, summed_up
from coop_abm.engine.world import seat_all, shuffled, winner_of
from coop_abm.structures.neighbours import degree, edge_weight, neighbour
from coop_abm.updates.base import fitness_at


@kernel
def earn(world, strategy, second, count, payoff, fitness):
    """Write what everybody can expect of its neighbours, and the fitness that follows.

    A diploid individual plays either of its alleles in half of its encounters.

    strategy, second : int64 (N,), alleles; `second` is (0,) where all are haploid
    count : int64 (S,), alleles of each kind in the population
    """
    n = strategy.shape[0]
    diploid = second.shape[0] > 0
    everybody = world.indptr.shape[0] == 0
    for i in range(n):
        total = 0.0
        if everybody:
            for t in range(count.shape[0]):  # all are haploid: families are rows of neighbours
                others = count[t] - 1 if strategy[i] == t else count[t]
                total += others * world.matrix[strategy[i], t]
        else:
            for e in range(degree(i, n, world.indptr)):
                j = neighbour(i, e, world.indptr, world.indices)
                met = world.matrix[strategy[i], strategy[j]]
                if diploid:
                    met += world.matrix[strategy[i], second[j]] + world.matrix[second[i], strategy[j]]
                    met = 0.25 * (met + world.matrix[second[i], second[j]])
                total += edge_weight(i, e, world.indptr, world.weight) * met
        payoff[i] = total * world.scale[i]
    best = payoff[0]
    for i in range(n):
        best = max(best, payoff[i])
    level = 0.0 if world.linear == 1 else best  # measured from the richest, so that no exponential overflows
    for i in range(n):
        fitness[i] = fitness_at(payoff[i] - level, world.intensity, world.linear)


@kernel
def count_alleles(strategy, second, count):
    """How many alleles of each kind are there?"""
    for s in range(count.shape[0]):
        count[s] = 0
    for i in range(strategy.shape[0]):
        count[strategy[i]] += 1
    for i in range(second.shape[0]):
        count[second[i]] += 1


@kernel
def gain_of_generation(strategy, second, fitness):
    """Expected share of strategy 0 among the offspring, minus its share among the parents."""
    total = 0.0
    helping = 0.0
    share = 0.0
    for i in range(strategy.shape[0]):
        x = 1.0 if strategy[i] == 0 else 0.0
        if second.shape[0] > 0:
            x = 0.5 * (x + (1.0 if second[i] == 0 else 0.0))
        total += fitness[i]
        helping += fitness[i] * x
        share += x
    return helping / total - share / strategy.shape[0]


@kernel
def settle_in(world, start, seats, strategy, second, count, payoff, fitness, s0, s1, s2, s3):
    """The first generation: `start` (S,) individuals of each strategy, their alleles in random order.

    seats : int64 (N,), the strategy declared for a node; -1 where chance decides
    """
    s0, s1, s2, s3 = seat_all(start, seats, strategy, s0, s1, s2, s3)
    if second.shape[0] > 0:
        s0, s1, s2, s3 = shuffled(start, second, s0, s1, s2, s3)
    if world.family > 1:
        s0, s1, s2, s3 = born_into_families(
            strategy, second, world.family, world.founders, world.pedigree, s0, s1, s2, s3
        )
    count_alleles(strategy, second, count)
    earn(world, strategy, second, count, payoff, fitness)
    return s0, s1, s2, s3


@kernel
def advance_generations(world, strategy, second, count, payoff, fitness, limit, s0, s1, s2, s3):
    """Generations until one strategy is left or `limit` events are done.

    All arrays are changed in place. Returns the events done, the sum of gains and the stream.
    """
    n = strategy.shape[0]
    alleles = n + second.shape[0]
    reached = np.empty(n)
    child = np.empty(n, np.int64)
    child_second = np.empty(second.shape[0], np.int64)
    gained = 0.0
    done = np.int64(0)
    while done < limit and winner_of(count, alleles) < 0:
        if world.value.shape[0] > 0:
            gained += gain_of_generation(strategy, second, fitness)
        summed_up(fitness, reached)
        s0, s1, s2, s3 = breed(
            strategy, second, reached, world.family, world.founders, world.pedigree, child, child_second,
            s0, s1, s2, s3,
        )  # fmt: skip
        for i in range(n):
            strategy[i] = child[i]
        for i in range(second.shape[0]):
            second[i] = child_second[i]
        count_alleles(strategy, second, count)
        earn(world, strategy, second, count, payoff, fitness)
        done += n
    return done, gained, s0, s1, s2, s3


@kernel
def ensemble_generations(world, base, first, start, limit, winner, events, gains):
    """Replicates, each placed at random and run to fixation; see :func:`ensemble_graph`."""
    n = np.int64(0)
    for s in range(start.shape[0]):
        n += start[s]
    strategy = np.empty(n, np.int64)
    second = np.empty(n if world.pedigree > 0 else 0, np.int64)
    count = np.empty(start.shape[0], np.int64)
    payoff = np.empty(n)
    fitness = np.empty(n)
    anywhere = np.full(n, -1)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = settle_in(world, start, anywhere, strategy, second, count, payoff, fitness, s0, s1, s2, s3)
        done, gained, s0, s1, s2, s3 = advance_generations(
            world, strategy, second, count, payoff, fitness, limit, s0, s1, s2, s3
        )
        winner[k] = winner_of(count, n + second.shape[0])
        events[k] = done
        gains[k] = gained
