"""The event clock among groups that grow, split and go under, individual by individual [TraulsenNowak2006].

For one population that is looked at; ensembles count heads instead (``colonies.py``).
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.engine.groups import grow
from coop_abm.updates.base import fitness_at


@kernel
def renew_group(g, strategy, group, alive, world, count, payoff, fitness):
    """Write the payoffs of the members of group g: what each can expect of its mates."""
    members = 0
    rows = np.empty(world.group_size, np.int64)
    for s in range(count.shape[0]):
        count[s] = 0
    for i in range(strategy.shape[0]):
        if alive[i] == 1 and group[i] == g:
            count[strategy[i]] += 1
            rows[members] = i
            members += 1
    for m in range(members):
        i = rows[m]
        total = 0.0
        own = strategy[i]
        for t in range(count.shape[0]):
            mates = count[t] - 1 if t == own else count[t]
            total += mates * world.matrix[own, t]
        if members > 1:
            payoff[i] = total / (members - 1) if world.averaged == 1 else total
        else:
            payoff[i] = 0.0
        fitness[i] = fitness_at(payoff[i], world.intensity, world.linear)


@kernel
def fill_groups(world, strategy, group, alive, count, payoff, fitness):
    """All groups full, their members in blocks; strategies are already placed."""
    for i in range(strategy.shape[0]):
        alive[i] = 1
        group[i] = i // world.group_size
    for g in range(world.groups):
        renew_group(g, strategy, group, alive, world, count, payoff, fitness)


@kernel
def sole_survivor(strategy, alive):
    """The strategy of everybody alive, -1 while there is more than one."""
    found = np.int64(-1)
    for i in range(strategy.shape[0]):
        if alive[i] == 1:
            if found < 0:
                found = np.int64(strategy[i])
            elif strategy[i] != found:
                return np.int64(-1)
    return found


@kernel
def advance_groups(world, strategy, group, alive, count, payoff, fitness, limit, s0, s1, s2, s3):
    """Births in groups that grow and split, until one strategy is left or `limit` births are done."""
    done = np.int64(0)
    while done < limit and sole_survivor(strategy, alive) < 0:
        _newborn, home, other, s0, s1, s2, s3 = grow(
            strategy, group, alive, fitness, world.groups, world.group_size, world.split, s0, s1, s2, s3
        )
        renew_group(home, strategy, group, alive, world, count, payoff, fitness)
        if other >= 0:
            renew_group(other, strategy, group, alive, world, count, payoff, fitness)
        done += 1
    return done, s0, s1, s2, s3
