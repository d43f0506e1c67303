"""The event clock where strategies mutate.

Loops of their own, so that worlds without mutation throw the dice that they always threw, as fast as ever. They take
what the loops without mutation take and give what those give; but nothing is ever over, so `limit` events are done.

* *reproduction*: in each event the strategy that the one who is replaced, or who revises, would carry on with is
  turned, with probability `mutation`, into another one drawn uniformly. One who keeps its own may mutate as well.
* *spontaneous*: after each event, with probability `mutation`, an individual drawn uniformly takes up another strategy;
  so everybody does at this rate per generation.

Where all are replaced at once both are the same: each of the newborn may mutate.

References
----------
Moran1958, FudenbergImhof2006
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.kernel import Kernel, kernel
from coop_abm.engine.demes import renew_group
from coop_abm.engine.families import breed, summed_up
from coop_abm.engine.generations import count_alleles, earn
from coop_abm.engine.groups import grow, take_over
from coop_abm.engine.mixed import weigh
from coop_abm.engine.nodes import recount, renew
from coop_abm.engine.recording import record_generations, record_graph, record_keyed, record_mixed
from coop_abm.structures.neighbours import degree, neighbour
from coop_abm.updates.base import Kernels, anyone, other_than, someone

#: Rebound to the kernel of an update rule by ``Kernel.using``.
replace = someone


def mutating(kind: str, rule: Kernels, keyed: bool) -> tuple[Kernel, Kernel | None]:
    """The loop of a kind of world, and the one that records head counts, None where they are not kept."""
    if kind == "generations":
        return mutate_generations, record_generations.using(advance_generations=mutate_generations)
    if kind == "groups":
        return mutate_groups, None
    assert rule.replace is not None
    if kind == "mixed":
        bound = mutate_mixed.using(replace=rule.replace)
        return bound, record_mixed.using(advance_mixed=bound)
    if keyed:
        bound = mutate_keyed.using(replace=rule.replace)
        return bound, record_keyed.using(advance_keyed=bound)
    bound = mutate_graph.using(replace=rule.replace)
    return bound, record_graph.using(advance_graph=bound)


@kernel
def mutated(strategy, chance, strategies, s0, s1, s2, s3):
    """This strategy, or with probability `chance` another one; and the stream."""
    strategy = np.int64(strategy)
    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    if u < chance:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        strategy = other_than(strategy, u, strategies)
    return strategy, s0, s1, s2, s3


@kernel
def struck(chance, s0, s1, s2, s3):
    """Does a mutation strike of itself? A uniform number that draws whom, -1 if it does not; and the stream."""
    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    if u >= chance:
        return -1.0, s0, s1, s2, s3
    return drawn(s0, s1, s2, s3)


@kernel
def mutate_mixed(world, count, limit, s0, s1, s2, s3):
    """Events of a mixed population; see :func:`~coop_abm.engine.mixed.advance_mixed`."""
    n_strategies = count.shape[0]
    indptr = np.empty(n_strategies + 1, np.int64)
    indices = np.empty(n_strategies * n_strategies, np.int64)
    for s in range(n_strategies + 1):
        indptr[s] = s * n_strategies
    for e in range(n_strategies * n_strategies):
        indices[e] = e % n_strategies
    strategy = np.arange(n_strategies)
    multiplicity = np.empty(n_strategies)
    weight = np.empty(n_strategies * n_strategies)
    payoff = np.empty(n_strategies)
    fitness = np.empty(n_strategies)
    weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
    for _ in range(limit):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        v, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        dead, parent = replace(
            u, v, w, n_strategies, multiplicity, indptr, indices, weight, strategy, fitness, payoff, world.pressure
        )
        new = np.int64(parent)
        if world.spontaneous == 0:
            new, s0, s1, s2, s3 = mutated(new, world.mutation, n_strategies, s0, s1, s2, s3)
        if new != dead:
            count[dead] -= 1
            count[new] += 1
            weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
        if world.spontaneous == 1:
            u, s0, s1, s2, s3 = struck(world.mutation, s0, s1, s2, s3)
            if u >= 0.0:
                old = anyone(u, n_strategies, multiplicity)
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                new = other_than(old, u, n_strategies)
                count[old] -= 1
                count[new] += 1
                weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
    return limit, s0, s1, s2, s3


@kernel
def turn_keyed(i, new, world, key, count):
    """Give the individual on node i another strategy, and those around it the keys that follow."""
    keys = world.keys
    old = np.int64(keys.holds[key[i]])
    if new == old:
        return
    count[old] -= 1
    count[new] += 1
    key[i] = np.int64(key[i]) + (new - old) * keys.stride
    step = keys.radix[new] - keys.radix[old]
    for e in range(degree(i, world.size, world.indptr)):
        j = neighbour(i, e, world.indptr, world.indices)
        key[j] = np.int64(key[j]) + step


@kernel
def mutate_keyed(world, key, count, limit, s0, s1, s2, s3):
    """Events on a graph whose nodes have keys; see :func:`~coop_abm.engine.keys.advance_keyed`."""
    none = np.empty(0)
    w = 0.0
    strategies = count.shape[0]
    for _ in range(limit):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if world.draws > 1:
            w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        place = u * world.size
        dead, parent = replace(
            u, place - np.int64(place), w, world.size, none, world.indptr, world.indices, none, key,
            world.keys.fitness, world.keys.payoff, world.pressure,
        )  # fmt: skip
        new = np.int64(world.keys.holds[key[parent]])
        if world.spontaneous == 0:
            new, s0, s1, s2, s3 = mutated(new, world.mutation, strategies, s0, s1, s2, s3)
        turn_keyed(dead, new, world, key, count)
        if world.spontaneous == 1:
            u, s0, s1, s2, s3 = struck(world.mutation, s0, s1, s2, s3)
            if u >= 0.0:
                i = np.int64(u * world.size)
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                turn_keyed(i, other_than(np.int64(world.keys.holds[key[i]]), u, strategies), world, key, count)
    return limit, 0.0, s0, s1, s2, s3


@kernel
def turn_node(i, new, world, strategy, count, helping, payoff, fitness):
    """Give the individual on node i another strategy, and renew what follows from it."""
    old = np.int64(strategy[i])
    if new == old:
        return
    strategy[i] = new
    count[old] -= 1
    count[new] += 1
    size, indptr, indices, weight = world.size, world.indptr, world.indices, world.weight
    matrix, scale, intensity, linear = world.matrix, world.scale, world.intensity, world.linear
    renew(i, strategy, size, indptr, indices, weight, matrix, scale, intensity, linear, helping, payoff, fitness)
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        renew(j, strategy, size, indptr, indices, weight, matrix, scale, intensity, linear, helping, payoff, fitness)


@kernel
def mutate_graph(world, strategy, count, key, helping, payoff, fitness, limit, s0, s1, s2, s3):
    """Events on any other graph; see :func:`~coop_abm.engine.nodes.advance_graph`. Takeovers follow mutation."""
    size, group_size = world.size, world.group_size
    alone = np.empty(0)
    w = 0.0
    strategies = count.shape[0]
    for _ in range(limit):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if world.draws > 1:
            w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        place = u * size
        dead, parent = replace(
            u, place - np.int64(place), w, size, alone, world.replacing_indptr, world.replacing_indices,
            world.replacing_weight, key, fitness, payoff, world.pressure,
        )  # fmt: skip
        new = np.int64(strategy[parent])
        if world.spontaneous == 0:
            new, s0, s1, s2, s3 = mutated(new, world.mutation, strategies, s0, s1, s2, s3)
        turn_node(dead, new, world, strategy, count, helping, payoff, fitness)
        if world.split > 0.0 and parent != dead:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if u < world.split:
                home = dead // group_size
                other, s0, s1, s2, s3 = take_over(strategy, home, world.groups, group_size, s0, s1, s2, s3)
                recount(strategy, count)
                for i in range(other * group_size, (other + 1) * group_size):
                    renew(
                        i, strategy, size, world.indptr, world.indices, world.weight, world.matrix, world.scale,
                        world.intensity, world.linear, helping, payoff, fitness,
                    )  # fmt: skip
        if world.spontaneous == 1:
            u, s0, s1, s2, s3 = struck(world.mutation, s0, s1, s2, s3)
            if u >= 0.0:
                i = np.int64(u * size)
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                new = other_than(np.int64(strategy[i]), u, strategies)
                turn_node(i, new, world, strategy, count, helping, payoff, fitness)
    return limit, 0.0, s0, s1, s2, s3


@kernel
def mutate_generations(world, strategy, second, count, payoff, fitness, limit, s0, s1, s2, s3):
    """Generations; see :func:`~coop_abm.engine.generations.advance_generations`. Each allele may mutate."""
    n = strategy.shape[0]
    reached = np.empty(n)
    child = np.empty(n, np.int64)
    child_second = np.empty(second.shape[0], np.int64)
    done = np.int64(0)
    while done < limit:
        summed_up(fitness, reached)
        s0, s1, s2, s3 = breed(
            strategy, second, reached, world.family, world.founders, world.pedigree, child, child_second,
            s0, s1, s2, s3,
        )  # fmt: skip
        for i in range(n):
            strategy[i], s0, s1, s2, s3 = mutated(child[i], world.mutation, count.shape[0], s0, s1, s2, s3)
        for i in range(second.shape[0]):
            second[i], s0, s1, s2, s3 = mutated(child_second[i], world.mutation, count.shape[0], s0, s1, s2, s3)
        count_alleles(strategy, second, count)
        earn(world, strategy, second, count, payoff, fitness)
        done += n
    return done, 0.0, s0, s1, s2, s3


@kernel
def living_at(u, alive):
    """The row of one of the living, drawn by the uniform number u."""
    living = 0
    for i in range(alive.shape[0]):
        living += np.int64(alive[i])
    left = np.int64(u * living)
    chosen = np.int64(0)
    for i in range(alive.shape[0]):
        if alive[i] == 1:
            if left == 0:
                chosen = np.int64(i)
            left -= 1
    return chosen


@kernel
def mutate_groups(world, strategy, group, alive, count, payoff, fitness, limit, s0, s1, s2, s3):
    """Births among groups that grow and split; see :func:`~coop_abm.engine.demes.advance_groups`."""
    strategies = count.shape[0]
    for _ in range(limit):
        newborn, home, other, s0, s1, s2, s3 = grow(
            strategy, group, alive, fitness, world.groups, world.group_size, world.split, s0, s1, s2, s3
        )
        if world.spontaneous == 0 and newborn >= 0:
            strategy[newborn], s0, s1, s2, s3 = mutated(strategy[newborn], world.mutation, strategies, s0, s1, s2, s3)
        renew_group(home, strategy, group, alive, world, count, payoff, fitness)
        if other >= 0:
            renew_group(other, strategy, group, alive, world, count, payoff, fitness)
        if world.spontaneous == 1:
            u, s0, s1, s2, s3 = struck(world.mutation, s0, s1, s2, s3)
            if u >= 0.0:
                i = living_at(u, alive)
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                strategy[i] = other_than(strategy[i], u, strategies)
                renew_group(np.int64(group[i]), strategy, group, alive, world, count, payoff, fitness)
    return limit, s0, s1, s2, s3
