"""Fixation among groups that grow, split and go under, counted by heads [TraulsenNowak2006].

The process of :func:`~coop_abm.engine.groups.grow`, for ensembles. Members of one group that hold one
strategy are interchangeable, so a group is its head counts; what its members can expect, and the groups'
total fitness, are renewed only where heads changed.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.world import shuffled, winner_of
from coop_abm.updates.base import fitness_at


@kernel
def value_group(g, heads, members, world, fitness, total):
    """Write the fitness of the strategies of group g, and of the group as a whole.

    heads : int64 (groups, S); members : int64 (groups,); fitness : float (groups, S); total : float (groups,)
    """
    n_strategies = heads.shape[1]
    total[g] = 0.0
    for s in range(n_strategies):
        fitness[g, s] = 0.0
        if heads[g, s] > 0:
            payoff = 0.0
            if members[g] > 1:
                for t in range(n_strategies):
                    mates = heads[g, t] - 1 if t == s else heads[g, t]
                    payoff += mates * world.matrix[s, t]
                if world.averaged == 1:
                    payoff = payoff / (members[g] - 1)
            fitness[g, s] = heads[g, s] * fitness_at(payoff, world.intensity, world.linear)
            total[g] += fitness[g, s]


@kernel
def pile(total, passed, g):
    """Write how much fitness the groups up to each have, from group g on."""
    before = passed[g - 1] if g > 0 else 0.0
    for h in range(g, total.shape[0]):
        before += total[h]
        passed[h] = before


@kernel
def divide(home, other, heads, members, s0, s1, s2, s3):
    """Members of `home` stay or go to `other` by fair coins, drawn again if a daughter is empty."""
    n_strategies = heads.shape[1]
    before = members[home]
    members[other] = 0
    while members[other] == 0 or members[other] == before:
        members[other] = 0
        for s in range(n_strategies):
            both = heads[home, s]
            leaving = np.int64(0)
            for _ in range(both):
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                if u < 0.5:
                    leaving += 1
            heads[other, s] = leaving
            members[other] += leaving
    for s in range(n_strategies):
        heads[home, s] -= heads[other, s]
    members[home] = before - members[other]
    return s0, s1, s2, s3


@kernel
def advance_colonies(world, heads, members, count, fitness, total, passed, limit, s0, s1, s2, s3):
    """Births, until one strategy is left or `limit` births are done.

    heads, members, fitness, total : see :func:`value_group`, changed in place
    count  : int64 (S,), heads of each strategy in all groups
    passed : float (groups,), total fitness of the groups up to each

    Returns
    -------
    done : births
    s0, s1, s2, s3 : the stream
    """
    n_strategies = count.shape[0]
    groups = members.shape[0]
    alive = np.int64(0)
    for g in range(groups):
        alive += members[g]
    done = np.int64(0)
    if winner_of(count, alive) >= 0:
        return done, s0, s1, s2, s3
    while done < limit:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        v, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        done += 1
        target = u * passed[groups - 1]
        home = np.int64(0)
        for g in range(groups - 1):
            if target >= passed[g]:
                home += 1
        if home > 0:
            target -= passed[home - 1]
        parent = np.int64(-1)
        for s in range(n_strategies):
            if heads[home, s] > 0 and (parent < 0 or target >= 0.0):
                parent = np.int64(s)
                target -= fitness[home, s]
        if members[home] < world.group_size:
            members[home] += 1
            alive += 1
        elif v >= world.split:
            # What is left of v says who of the members and the newborn dies; the newborn is the last.
            place = np.int64((v - world.split) / (1.0 - world.split) * (members[home] + 1))
            victim = parent
            for s in range(n_strategies):
                if 0 <= place < heads[home, s]:
                    victim = np.int64(s)
                place -= heads[home, s]
            if victim == parent:
                continue
            heads[home, victim] -= 1
            count[victim] -= 1
        else:
            w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            other = np.int64(w * (groups - 1))
            if other >= home:
                other += 1
            for s in range(n_strategies):
                count[s] -= heads[other, s]
            heads[home, parent] += 1
            count[parent] += 1
            alive += 1 - members[other]
            members[home] += 1
            s0, s1, s2, s3 = divide(home, other, heads, members, s0, s1, s2, s3)
            value_group(home, heads, members, world, fitness, total)
            value_group(other, heads, members, world, fitness, total)
            pile(total, passed, min(home, other))
            if count[parent] == alive:
                break
            continue
        heads[home, parent] += 1
        count[parent] += 1
        value_group(home, heads, members, world, fitness, total)
        pile(total, passed, home)
        if count[parent] == alive:
            break
    return done, s0, s1, s2, s3


@kernel
def ensemble_colonies(world, base, first, start, limit, winner, events):
    """Replicates of a population of groups, all full, each placed at random and run to fixation.

    Arguments as in :func:`~coop_abm.engine.mixed.ensemble_mixed`.
    """
    n_strategies = start.shape[0]
    strategy = np.empty(world.size, np.int64)
    heads = np.empty((world.groups, n_strategies), np.int64)
    members = np.empty(world.groups, np.int64)
    fitness = np.empty((world.groups, n_strategies))
    total = np.empty(world.groups)
    passed = np.empty(world.groups)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, strategy, s0, s1, s2, s3)
        count = start.copy()
        for g in range(world.groups):
            members[g] = world.group_size
            for s in range(n_strategies):
                heads[g, s] = 0
            for i in range(g * world.group_size, (g + 1) * world.group_size):
                heads[g, strategy[i]] += 1
            value_group(g, heads, members, world, fitness, total)
        pile(total, passed, 0)
        done, s0, s1, s2, s3 = advance_colonies(
            world, heads, members, count, fitness, total, passed, limit, s0, s1, s2, s3
        )
        alive = np.int64(0)
        for g in range(world.groups):
            alive += members[g]
        winner[k] = winner_of(count, alive)
        events[k] = done
