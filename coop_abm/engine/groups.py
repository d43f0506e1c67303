"""Who replaces whom where groups compete: splitting, and takeover on a network.

Both clocks call these kernels; randomness is a stream of xoshiro256++ that the caller opened.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.kernel import kernel


@kernel
def grow(strategy, group, alive, fitness, groups, group_size, split, s0, s1, s2, s3):
    """One birth of the process of Traulsen and Nowak, and what follows from it.

    A parent is drawn from the whole population in proportion to fitness; its offspring joins its
    group. If the group then exceeds its largest size, with probability 1 - `split` one of its
    members, the newborn included, dies; otherwise the group divides, each member going to either
    daughter with probability 1/2, drawn again if a daughter is empty, and another group drawn at
    random is eliminated to make room.

    Parameters
    ----------
    strategy, group, alive : int (N,) of one replicate, changed in place; N = groups x group_size
    fitness : float (N,); the newborn takes over its parent's

    Returns
    -------
    newborn : where the newborn lives, -1 if it died at once
    home, other : the group that grew; the group that was replaced by a daughter, -1 if none was
    s0, s1, s2, s3 : the stream

    References
    ----------
    TraulsenNowak2006
    """
    n = strategy.shape[0]
    total = 0.0
    for i in range(n):
        if alive[i] == 1:
            total += fitness[i]
    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    target = u * total
    passed = 0.0
    parent = np.int64(-1)
    for i in range(n):
        if alive[i] == 1 and fitness[i] > 0.0:
            passed += fitness[i]
            parent = np.int64(i)
            if target < passed:
                break
    home = np.int64(group[parent])
    members = 0
    for i in range(n):
        if alive[i] == 1 and group[i] == home:
            members += 1
    other = np.int64(-1)
    newborn = np.int64(-1)
    if members < group_size:
        newborn = free_row(alive)
    else:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if u >= split:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            victim = np.int64(u * (members + 1))
            for i in range(n):
                if alive[i] == 1 and group[i] == home:
                    if victim == 0:
                        newborn = np.int64(i)
                    victim -= 1
        else:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            other = np.int64(u * (groups - 1))
            if other >= home:
                other += 1
            parent_strategy = strategy[parent]
            parent_fitness = fitness[parent]
            for i in range(n):
                if alive[i] == 1 and group[i] == other:
                    alive[i] = 0
            newborn = free_row(alive)
            strategy[newborn] = parent_strategy
            fitness[newborn] = parent_fitness
            alive[newborn] = 1
            group[newborn] = home
            leaving = 0
            while leaving == 0 or leaving == members + 1:
                leaving = 0
                for i in range(n):
                    if alive[i] == 1 and (group[i] == home or group[i] == other):
                        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                        if u < 0.5:
                            group[i] = other
                            leaving += 1
                        else:
                            group[i] = home
            return newborn, home, other, s0, s1, s2, s3
    if newborn >= 0:
        strategy[newborn] = strategy[parent]
        fitness[newborn] = fitness[parent]
        alive[newborn] = 1
        group[newborn] = home
    return newborn, home, other, s0, s1, s2, s3


@kernel
def free_row(alive):
    """The first row in which nobody lives; -1 if there is none."""
    for i in range(alive.shape[0]):
        if alive[i] == 0:
            return np.int64(i)
    return np.int64(-1)


@kernel
def take_over(strategy, home, groups, group_size, s0, s1, s2, s3):
    """A group of nodes copies its strategies, in random order, onto another group drawn at random.

    Groups are blocks of `group_size` consecutive nodes.

    Returns
    -------
    other : the group that was taken over
    s0, s1, s2, s3 : the stream
    """
    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    other = np.int64(u * (groups - 1))
    if other >= home:
        other += 1
    order = np.arange(group_size)
    for a in range(group_size - 1, 0, -1):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        b = np.int64(u * (a + 1))
        kept = order[a]
        order[a] = order[b]
        order[b] = kept
    for a in range(group_size):
        strategy[other * group_size + order[a]] = strategy[home * group_size + a]
    return other, s0, s1, s2, s3
