"""The event clock in a mixed population, where everybody is everybody's neighbour.

Sites are strategies, with their head counts as multiplicity: a population of any size costs O(S^2) an event.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.groups import grow
from coop_abm.engine.world import winner_of
from coop_abm.updates.base import fitness_at

#: Rebound to the kernel of an update rule by ``Kernel.using``.
replace = grow


@kernel
def weigh(count, world, strategy, multiplicity, weight, payoff, fitness):
    """The weighted graph of strategies: from s to t weighs what s can meet of t."""
    n_strategies = count.shape[0]
    for s in range(n_strategies):
        multiplicity[s] = count[s]
        total = 0.0
        for t in range(n_strategies):
            others = count[t] - 1 if s == t else count[t]
            weight[s * n_strategies + t] = others if others > 0 else 0.0
            total += weight[s * n_strategies + t] * world.matrix[s, t]
        payoff[s] = total * world.scale[s]
        fitness[s] = fitness_at(payoff[s], world.intensity, world.linear)


@kernel
def advance_mixed(world, count, limit, s0, s1, s2, s3):
    """Events of a mixed population until one strategy is left or `limit` events are done.

    count : int64 (S,), head counts, changed in place. Returns the events done and the stream.
    """
    n_strategies = count.shape[0]
    size = 0
    indptr = np.empty(n_strategies + 1, np.int64)
    indices = np.empty(n_strategies * n_strategies, np.int64)
    for s in range(n_strategies):
        size += count[s]
        for t in range(n_strategies):
            indices[s * n_strategies + t] = t
    for s in range(n_strategies + 1):
        indptr[s] = s * n_strategies
    strategy = np.arange(n_strategies)
    multiplicity = np.empty(n_strategies)
    weight = np.empty(n_strategies * n_strategies)
    payoff = np.empty(n_strategies)
    fitness = np.empty(n_strategies)
    weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
    done = np.int64(0)
    while done < limit and winner_of(count, size) < 0:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        v, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        dead, parent = replace(
            u, v, w, n_strategies, multiplicity, indptr, indices, weight, strategy, fitness, payoff, world.pressure
        )
        done += 1
        if parent != dead:
            count[dead] -= 1
            count[parent] += 1
            weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
    return done, s0, s1, s2, s3


@kernel
def ensemble_mixed(world, base, first, start, limit, winner, events):
    """Replicates of a mixed population, each to fixation.

    start  : int64 (S,), head counts at the start
    winner : int64 (runs,) written: who fixed, -1 if nobody did within `limit` events
    events : int64 (runs,) written
    """
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        count = start.copy()
        done, s0, s1, s2, s3 = advance_mixed(world, count, limit, s0, s1, s2, s3)
        size = np.int64(0)
        for s in range(count.shape[0]):
            size += count[s]
        winner[k] = winner_of(count, size)
        events[k] = done
