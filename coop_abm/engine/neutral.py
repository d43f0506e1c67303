"""Kernels of neutral drift: what weak selection would add, summed along a history in which nobody is selected.

If fitness were 1 + intensity x payoff, an event would change the share of strategy A, weighted by reproductive
value, by intensity x (a covariance between being A and the payoff, in the neighbourhood where the event
happens). With payoff d + (b - d) x + (c - d) y + (a - b - c + d) x y, x being A oneself and y the share of A
that one meets, four sums say all about every game [[a, b], [c, d]]:

    T0 of payoff 1,   T1 of payoff x,   T2 of payoff y,   T3 of payoff x y

(times weighted degree, if payoffs are sums). T0 has mean 0 and is a check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.families import born_into_families, breed
from coop_abm.engine.world import shuffled
from coop_abm.structures.neighbours import degree, edge_weight, neighbour, random_neighbour


class Drift(NamedTuple):
    """What neutral drift on a graph reads.

    size      : number of nodes
    indptr, indices, weight : who can replace, or be copied by, whom, as compressed rows; no weight: all edges weigh 1
    strength  : float (N,), weighted degree
    value     : float (N,), reproductive values
    meets     : float (N,), what turns the weight of A around a node into its y x earning
    earns     : float (N,), what a payoff is multiplied with: 1 for means, weighted degree for sums
    own       : weight of oneself among those whose strategy one may take up
    pairwise  : 1 if one looks at one neighbour and copies it with probability 1/2
    two       : 1 if one meets on another graph; then the rest says who is met, else it is the same again
    """

    size: int
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    strength: np.ndarray
    value: np.ndarray
    meets: np.ndarray
    earns: np.ndarray
    own: float
    pairwise: int
    two: int
    met_indptr: np.ndarray
    met_indices: np.ndarray
    met_weight: np.ndarray
    met_strength: np.ndarray


@kernel
def look_around(size, indptr, indices, weight, is_a, near, around):
    """Write how many neighbours of each node are A, and how much their edges weigh."""
    for i in range(size):
        near[i] = 0
        around[i] = 0.0
        for e in range(degree(i, size, indptr)):
            if is_a[neighbour(i, e, indptr, indices)] == 1:
                near[i] += 1
                around[i] += edge_weight(i, e, indptr, weight)


@kernel
def tell_neighbours(i, step, size, indptr, indices, weight, strength, near, around):
    """Node i is an A more, or less, to its neighbours."""
    for e in range(degree(i, size, indptr)):
        j = neighbour(i, e, indptr, indices)
        near[j] += step
        around[j] += step * edge_weight(i, e, indptr, weight)
        if near[j] == 0:  # so that rounding of weights cannot build up
            around[j] = 0.0
        elif near[j] == degree(j, size, indptr):
            around[j] = strength[j]


@kernel
def turn(i, world, is_a, near, around, close, met):
    """Node i changes its strategy, and its neighbours see it: those of replacement, and those who meet it."""
    step = 1 - 2 * is_a[i]
    is_a[i] += step
    tell_neighbours(i, step, world.size, world.indptr, world.indices, world.weight, world.strength, near, around)
    if world.two == 1:
        tell_neighbours(
            i, step, world.size, world.met_indptr, world.met_indices, world.met_weight, world.met_strength, close, met
        )
    return step


@kernel
def gains_around(j, world, is_a, around, met):
    """What the four payoffs add when node j revises: covariances over those that it may copy.

    Under pairwise comparison the payoff of j itself counts too, and half of all events, in which nobody
    copies, are left out and made up for.
    """
    total = world.strength[j] + world.own
    earning = 0.0
    earning_a = 0.0
    meeting = 0.0
    meeting_a = 0.0
    for e in range(degree(j, world.size, world.indptr)):
        i = neighbour(j, e, world.indptr, world.indices)
        w = edge_weight(j, e, world.indptr, world.weight)
        y = w * met[i] * world.meets[i]
        s = w * world.earns[i]
        meeting += y
        earning += s
        if is_a[i] == 1:
            meeting_a += y
            earning_a += s
    share = around[j] / total
    y = met[j] * world.meets[j]
    s = world.earns[j]
    if world.pairwise == 1:
        half = 0.5 * world.value[j]
        earning /= total
        earning_a /= total
        meeting /= total
        meeting_a /= total
        if is_a[j] == 0:
            return half * (earning_a - share * s), half * earning_a, half * (meeting_a - share * y), half * meeting_a
        other = 1.0 - share
        return (
            half * (other * s - earning + earning_a),
            half * other * s,
            half * (other * y - meeting + meeting_a),
            half * other * y,
        )
    if world.own > 0.0:
        meeting += world.own * y
        earning += world.own * s
        if is_a[j] == 1:
            meeting_a += world.own * y
            earning_a += world.own * s
            share += world.own / total
    factor = world.value[j] / total
    return (
        factor * (earning_a - share * earning),
        factor * earning_a * (1.0 - share),
        factor * (meeting_a - share * meeting),
        factor * meeting_a * (1.0 - share),
    )


@kernel
def drift_by_revision(world, base, first, start, limit, sums, events):
    """Neutral replicates where one node at a time revises: death-birth, imitation, pairwise comparison.

    start : int64 (2,), head counts of A and B at the start, placed at random
    sums  : float (runs, 4) written: T0, T1, T2, T3
    events : int64 (runs,) written; -1 if nobody fixed within `limit` events
    """
    size = world.size
    placed = np.empty(size, np.int64)
    is_a = np.empty(size, np.int64)
    near = np.empty(size, np.int64)
    around = np.empty(size)
    close = np.empty(size if world.two == 1 else 0, np.int64)
    met = np.empty(size) if world.two == 1 else around
    asks_itself = world.own > 0.0 or world.pairwise == 1
    for k in range(events.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, placed, s0, s1, s2, s3)
        for i in range(size):
            is_a[i] = 1 - placed[i]
        look_around(size, world.indptr, world.indices, world.weight, is_a, near, around)
        if world.two == 1:
            look_around(size, world.met_indptr, world.met_indices, world.met_weight, is_a, close, met)
        heads = start[0]
        t0 = 0.0
        t1 = 0.0
        t2 = 0.0
        t3 = 0.0
        done = np.int64(0)
        while 0 < heads < size and done < limit:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            j = np.int64(u * size)
            done += 1
            among = near[j]
            all_of_them = degree(j, size, world.indptr)
            mine = is_a[j]
            if asks_itself:
                if (mine == 1 and among == all_of_them) or (mine == 0 and among == 0):
                    continue
            elif among == 0 or among == all_of_them:  # those who compete are all alike
                if (among == 0) == (mine == 1):
                    heads += turn(j, world, is_a, near, around, close, met)
                continue
            g0, g1, g2, g3 = gains_around(j, world, is_a, around, met)
            t0 += g0
            t1 += g1
            t2 += g2
            t3 += g3
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            new = 1 if u * (world.strength[j] + world.own) < around[j] + world.own * mine else 0
            if new != mine:
                heads += turn(j, world, is_a, near, around, close, met)
        sums[k, 0] = t0
        sums[k, 1] = t1
        sums[k, 2] = t2
        sums[k, 3] = t3
        events[k] = done if heads == 0 or heads == size else -1


@kernel
def drift_by_birth(world, base, first, start, limit, sums, events):
    """The same for birth-death: a parent is drawn, and its offspring replaces a neighbour by edge weight.

    What a parent earns counts by how much its offspring would change the share weighted by reproductive
    value; summed over all parents that is 0, so the mean payoff of the population drops out.
    """
    size = world.size
    placed = np.empty(size, np.int64)
    is_a = np.empty(size, np.int64)
    near = np.empty(size, np.int64)
    around = np.empty(size)
    close = np.empty(size if world.two == 1 else 0, np.int64)
    met = np.empty(size) if world.two == 1 else around
    for k in range(events.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, placed, s0, s1, s2, s3)
        for i in range(size):
            is_a[i] = 1 - placed[i]
        look_around(size, world.indptr, world.indices, world.weight, is_a, near, around)
        if world.two == 1:
            look_around(size, world.met_indptr, world.met_indices, world.met_weight, is_a, close, met)
        heads = start[0]
        for which in range(4):
            sums[k, which] = 0.0
        done = np.int64(0)
        while 0 < heads < size and done < limit:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            parent = np.int64(u * size)
            done += 1
            mine = is_a[parent]
            if near[parent] == (degree(parent, size, world.indptr) if mine == 1 else 0):
                continue
            change = 0.0
            for e in range(degree(parent, size, world.indptr)):
                j = neighbour(parent, e, world.indptr, world.indices)
                if is_a[j] != mine:
                    change += edge_weight(parent, e, world.indptr, world.weight) * world.value[j]
            change /= world.strength[parent]
            earning = world.earns[parent]
            meeting = met[parent] * world.meets[parent]
            if mine == 1:
                sums[k, 1] += change * earning
                sums[k, 3] += change * meeting
            else:
                change = -change
            sums[k, 0] += change * earning
            sums[k, 2] += change * meeting
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            dead = random_neighbour(parent, u, size, world.indptr, world.indices, world.weight)
            if is_a[dead] != mine:
                heads += turn(dead, world, is_a, near, around, close, met)
        events[k] = done if heads == 0 or heads == size else -1


@kernel
def drift_mixed(size, earns, gained, changed, base, first, start, limit, sums, events):
    """Neutral replicates where everybody is everybody's neighbour: a walk of the number of A.

    Events in which that number stays are not drawn, but counted by their mean.

    earns   : what a payoff is multiplied with
    gained  : what an event adds, as a share of the covariance over the population
    changed : the probability that the number changes, as a share of heads x others
    """
    n = float(size)
    for k in range(events.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        heads = start[0]
        t1 = 0.0
        t2 = 0.0
        t3 = 0.0
        done = np.int64(0)
        while 0 < heads < size and done < limit:
            share = heads / n
            factor = gained * earns / (changed * heads * (n - heads)) * share * (1.0 - share)
            of_a = (heads - 1) / (n - 1.0)
            t1 += factor
            t2 += factor * (of_a - heads / (n - 1.0))
            t3 += factor * of_a
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            heads += 1 if u < 0.5 else -1
            done += 1
        sums[k, 0] = 0.0
        sums[k, 1] = t1
        sums[k, 2] = t2
        sums[k, 3] = t3
        events[k] = done if heads == 0 or heads == size else -1


@kernel
def drift_by_generation(size, indptr, indices, weight, meets, earns, family, founders, pedigree,
                        base, first, start, limit, sums, events):  # fmt: skip
    """Neutral replicates where the whole population is replaced at once, into families or one by one.

    A generation counts as N events. Diploid individuals (pedigree > 0) play either allele half of the time.

    meets, earns : float (N,), as in :class:`Drift`
    """
    placed = np.empty(size, np.int64)
    second = np.empty(size if pedigree > 0 else 0, np.int64)
    child = np.empty(size, np.int64)
    child_second = np.empty(second.shape[0], np.int64)
    dose = np.empty(size)
    reached = np.empty(size)
    for i in range(size):
        reached[i] = i + 1.0
    for k in range(events.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, placed, s0, s1, s2, s3)
        if pedigree > 0:
            s0, s1, s2, s3 = shuffled(start, second, s0, s1, s2, s3)
        if family > 1:
            s0, s1, s2, s3 = born_into_families(placed, second, family, founders, pedigree, s0, s1, s2, s3)
        for which in range(4):
            sums[k, which] = 0.0
        done = np.int64(0)
        share = dosed(placed, second, dose)
        while 0.0 < share < 1.0 and done < limit:
            everybody = share * size
            for i in range(size):
                y = everybody - dose[i]
                if indptr.shape[0] > 0:
                    y = 0.0
                    for e in range(degree(i, size, indptr)):
                        y += edge_weight(i, e, indptr, weight) * dose[neighbour(i, e, indptr, indices)]
                apart = (dose[i] - share) / size
                sums[k, 0] += apart * earns[i]
                sums[k, 1] += apart * earns[i] * dose[i]
                sums[k, 2] += apart * y * meets[i]
                sums[k, 3] += apart * y * meets[i] * dose[i]
            s0, s1, s2, s3 = breed(
                placed, second, reached, family, founders, pedigree, child, child_second, s0, s1, s2, s3
            )
            for i in range(size):
                placed[i] = child[i]
            for i in range(second.shape[0]):
                second[i] = child_second[i]
            done += size
            share = dosed(placed, second, dose)
        events[k] = -1 if 0.0 < share < 1.0 else done


@kernel
def dosed(placed, second, dose):
    """Write the share of A among the alleles of each individual; return that of the population."""
    alleles = np.int64(0)
    for i in range(placed.shape[0]):
        alleles += 1 - placed[i]
        dose[i] = 1.0 - placed[i]
        if second.shape[0] > 0:
            alleles += 1 - second[i]
            dose[i] = 0.5 * (dose[i] + 1.0 - second[i])
    return alleles / (placed.shape[0] + second.shape[0])
