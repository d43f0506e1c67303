"""The event clock on a graph where payoffs are kept for each node, and renewed around one that changed.

For edges with weights, groups that take each other over, worlds of two graphs and of too many keys (``keys.py``).
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.groups import take_over
from coop_abm.engine.world import shuffled, winner_of
from coop_abm.structures.neighbours import degree, edge_weight, neighbour
from coop_abm.updates.base import fitness_at, someone

#: Rebound to the kernels of an update rule by ``Kernel.using``.
replace = gain = someone


@kernel
def renew(i, strategy, size, indptr, indices, weight, matrix, scale, intensity, linear, helping, payoff, fitness):
    """Write what follows from the strategies around site i: what it can expect of its neighbours."""
    own = strategy[i]
    total = 0.0
    for e in range(degree(i, size, indptr)):
        total += edge_weight(i, e, indptr, weight) * matrix[own, strategy[neighbour(i, e, indptr, indices)]]
    helping[i] = 1.0 if own == 0 else 0.0
    payoff[i] = total * scale[i]
    fitness[i] = fitness_at(payoff[i], intensity, linear)


@kernel
def renew_all(strategy, world, helping, payoff, fitness):
    """Write what follows from the strategies of all sites."""
    for i in range(world.size):
        renew(
            i, strategy, world.size, world.indptr, world.indices, world.weight, world.matrix, world.scale,
            world.intensity, world.linear, helping, payoff, fitness,
        )  # fmt: skip


@kernel
def advance_graph(world, strategy, count, key, helping, payoff, fitness, limit, s0, s1, s2, s3):
    """Events on a graph until one strategy is left or `limit` events are done.

    strategy : int (N,), count : int64 (S,), helping, payoff, fitness : float (N,), all changed in
    place; key : uint32 (N,), the number of each node. Returns the events done, the sum of gains (see
    ``updates/base.py``) and the stream.
    """
    size, intensity, pressure, split = world.size, world.intensity, world.pressure, world.split  # read in every event
    linear = world.linear
    indptr, indices, weight = world.indptr, world.indices, world.weight
    near, others, ties = world.replacing_indptr, world.replacing_indices, world.replacing_weight
    matrix, scale, value, draws = world.matrix, world.scale, world.value, world.draws
    alone = np.empty(0)
    recorded = value.shape[0] > 0
    gained = 0.0
    w = 0.0
    done = np.int64(0)
    left = winner_of(count, size) < 0
    while left and done < limit:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if draws > 1:
            w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        place = u * size
        v = place - np.int64(place)
        dead, parent = replace(u, v, w, size, alone, near, others, ties, key, fitness, payoff, pressure)
        done += 1
        if recorded:
            gained += value[dead] * gain(dead, size, near, others, ties, key, helping, fitness, payoff, pressure)
        old = strategy[dead]
        new = strategy[parent]
        if new != old:
            strategy[dead] = new
            count[old] -= 1
            count[new] += 1
            renew(
                dead,
                strategy,
                size,
                indptr,
                indices,
                weight,
                matrix,
                scale,
                intensity,
                linear,
                helping,
                payoff,
                fitness,
            )
            for e in range(degree(dead, size, indptr)):
                j = neighbour(dead, e, indptr, indices)
                renew(
                    j,
                    strategy,
                    size,
                    indptr,
                    indices,
                    weight,
                    matrix,
                    scale,
                    intensity,
                    linear,
                    helping,
                    payoff,
                    fitness,
                )
            left = count[new] < size
        if split > 0.0 and parent != dead:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if u < split:
                home = dead // world.group_size
                other, s0, s1, s2, s3 = take_over(strategy, home, world.groups, world.group_size, s0, s1, s2, s3)
                recount(strategy, count)
                for i in range(other * world.group_size, (other + 1) * world.group_size):
                    renew(
                        i,
                        strategy,
                        size,
                        indptr,
                        indices,
                        weight,
                        matrix,
                        scale,
                        intensity,
                        linear,
                        helping,
                        payoff,
                        fitness,
                    )
                left = winner_of(count, size) < 0
    return done, gained, s0, s1, s2, s3


@kernel
def recount(strategy, count):
    """How many individuals hold each strategy?"""
    for s in range(count.shape[0]):
        count[s] = 0
    for i in range(strategy.shape[0]):
        count[strategy[i]] += 1


@kernel
def ensemble_graph(world, base, first, start, limit, winner, events, gains):
    """Replicates on a graph, each placed at random and run to fixation.

    start, winner, events : as in :func:`ensemble_mixed`
    gains : float (runs,) written: the sum of gains of each run
    """
    size = world.size
    strategy = np.empty(size, np.int16)
    count = np.empty(start.shape[0], np.int64)
    key = np.empty(size, np.uint32)
    for i in range(size):
        key[i] = i
    helping = np.empty(size)
    payoff = np.empty(size)
    fitness = np.empty(size)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, strategy, s0, s1, s2, s3)
        recount(strategy, count)
        renew_all(strategy, world, helping, payoff, fitness)
        done, gained, s0, s1, s2, s3 = advance_graph(
            world, strategy, count, key, helping, payoff, fitness, limit, s0, s1, s2, s3
        )
        winner[k] = winner_of(count, size)
        events[k] = done
        gains[k] = gained
