"""The event clock on a graph whose edges weigh 1: all there is to know of a node is one whole number.

What a node earns depends on its degree, its own strategy and how many of its neighbours hold each
strategy. That is its key, and payoff and fitness are tables over keys, made once. A change adds one
constant to the key of each neighbour: no payoff is summed up and no exponential is taken in an event,
and a node takes 1 byte where there are at most 256 keys, else 4.

Where edges have weights, groups take each other over, or the tables would be too large, payoffs are
kept for each node instead (``nodes.py``).
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.nodes import recount
from coop_abm.engine.world import Keys, shuffled, winner_of
from coop_abm.structures.neighbours import degree, neighbour, row_of
from coop_abm.updates.base import fitness_at, someone

#: Tables of more keys than this would not stay in the processor's cache.
MOST_KEYS = 1 << 18
#: The type of the strategy of an individual, as in the table of the round clock.
STRATEGY = np.int16

#: Nodes from which on it pays to look ahead, and how many events that is.
WIDE, AHEAD = 50_000, 64

#: Rebound to the kernels of an update rule by ``Kernel.using``.
replace = gain = someone


def no_keys() -> Keys:
    """The keys of a world whose sites have none."""
    nothing, whole = np.empty(0), np.empty(0, np.int64)
    few = np.empty(0, STRATEGY), np.empty(0, np.int8)
    return Keys(np.empty(0, np.uint8), np.empty(0, np.uint32), whole, 0, *few, nothing, nothing, nothing)


def count_keys(degrees: np.ndarray, strategies: int) -> int:
    """How many keys there can be, where nodes have these different degrees."""
    return len(degrees) * strategies * (int(degrees.max()) + 1) ** (strategies - 1)


def keys_of(
    degree_of: np.ndarray, degrees: np.ndarray, matrix: np.ndarray, intensity: float, averaged: bool, local: bool,
    linear: bool = False,
) -> Keys:  # fmt: skip
    """What keys say.

    Parameters
    ----------
    degree_of : int (N,), the degree of each node
    degrees   : the different ones, ascending
    matrix    : float (S, S), expected felt payoff of an encounter
    averaged  : whether payoffs are means over neighbours, and not sums
    local     : whether the update rule replaces the one it draws, by a neighbour or not at all
    linear    : whether fitness is 1 + intensity x payoff, and not exponential
    """
    strategies, digits = len(matrix), int(degrees.max()) + 1
    stride = digits ** (strategies - 1)
    code = np.arange(stride)
    heads = np.empty((strategies, stride), np.int64)  # neighbours of each strategy, by code
    for s in range(1, strategies):
        heads[s] = code // digits ** (s - 1) % digits
    others = heads[1:].sum(axis=0)
    table = np.zeros((len(degrees), strategies, stride))
    idle = np.zeros(table.shape, np.int8)
    for c, k in enumerate(degrees.tolist()):
        heads[0] = k - others
        for s in range(strategies):
            total = np.zeros(stride)
            for t in range(strategies):  # in this order, so that the sum is the same everywhere
                total += matrix[s, t] * heads[t]
            table[c, s] = np.where(heads[0] >= 0, total / k if averaged and k else total, 0.0)
            idle[c, s] = heads[s] == k
    payoff = table.ravel()
    holds = np.tile(np.repeat(np.arange(strategies), stride), len(degrees)).astype(STRATEGY)
    base = np.searchsorted(degrees, degree_of) * (strategies * stride) if len(degrees) > 1 else np.empty(0)
    return Keys(
        # Two types and not three, because the kernels are compiled for each.
        blank=np.empty(0, np.uint8 if len(holds) <= 256 else np.uint32),
        base=base.astype(np.uint32),
        radix=np.array([0, *(digits ** (s - 1) for s in range(1, strategies))], np.int64),
        stride=stride,
        holds=holds,
        idle=idle.ravel() if local else np.empty(0, np.int8),
        helping=(holds == 0).astype(np.float64),
        payoff=payoff,
        fitness=np.array([fitness_at.plain(x, intensity, int(linear)) for x in payoff.tolist()]),
    )


@kernel
def name_all(strategy, world, key):
    """Write the key of every node, from the strategies of all."""
    keys = world.keys
    for i in range(world.size):
        code = np.int64(strategy[i]) * keys.stride
        if keys.base.shape[0] > 0:
            code += np.int64(keys.base[i])
        for e in range(degree(i, world.size, world.indptr)):
            code += keys.radix[strategy[neighbour(i, e, world.indptr, world.indices)]]
        key[i] = code


@kernel
def happen(u, w, none, world, key, count):
    """One event: its gain, and the strategy that spread, -1 if nothing changed.

    none : float (0,), made by the caller, so that the compiler sees that it is empty
    """
    indptr, indices, keys = world.indptr, world.indices, world.keys
    place = u * world.size
    i = np.int64(place)
    if keys.idle.shape[0] > 0 and keys.idle[key[i]] == 1:
        return 0.0, np.int64(-1)
    dead, parent = replace(
        u, place - i, w, world.size, none, indptr, indices, none, key, keys.fitness, keys.payoff, world.pressure
    )
    gained = 0.0
    if world.value.shape[0] > 0:
        gained = world.value[dead] * gain(
            dead, world.size, indptr, indices, none, key, keys.helping, keys.fitness, keys.payoff, world.pressure
        )
    old = np.int64(keys.holds[key[dead]])
    new = np.int64(keys.holds[key[parent]])
    if new == old:
        return gained, np.int64(-1)
    count[old] -= 1
    count[new] += 1
    key[dead] = np.int64(key[dead]) + (new - old) * keys.stride
    step = keys.radix[new] - keys.radix[old]
    start = row_of(dead, indptr)
    for e in range(start, start + degree(dead, world.size, indptr)):
        j = indices[np.uint64(e)]
        key[j] = np.int64(key[j]) + step
    return gained, new


@kernel
def advance_keyed(world, key, count, limit, s0, s1, s2, s3):
    """Events on a graph until one strategy is left or `limit` events are done.

    key : uint (N,), count : int64 (S,), changed in place. Returns the events done, the sum of gains (see
    ``updates/base.py``) and the stream.
    """
    none = np.empty(0)
    total = 0.0
    w = 0.0
    done = np.int64(0)
    left = winner_of(count, world.size) < 0
    while left and done < limit:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if world.draws > 1:
            w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        gained, new = happen(u, w, none, world, key, count)
        total += gained
        done += 1
        if new >= 0:
            left = count[new] < world.size
    return done, total, s0, s1, s2, s3


@kernel
def advance_wide(world, key, count, limit, s0, s1, s2, s3):
    """The same on a graph that is too large for the processor's cache, and with the same result.

    Waiting for memory takes most of the time there. The nodes of a number of events are drawn ahead, and
    they and their neighbours are read once, so that many reads are under way together.
    """
    none = np.empty(0)
    us = np.empty(AHEAD)
    ws = np.zeros(AHEAD)
    kept = np.zeros(1, np.int64)  # written, or the compiler would leave the reading out
    seen = np.int64(0)
    total = 0.0
    done = np.int64(0)
    left = winner_of(count, world.size) < 0
    while left and done < limit:
        before = s0, s1, s2, s3
        many = min(np.int64(AHEAD), limit - done)
        for b in range(many):
            us[b], s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if world.draws > 1:
                ws[b], s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            i = np.int64(us[b] * world.size)
            start = row_of(i, world.indptr)
            seen += np.int64(key[i])
            if start < world.indices.shape[0]:
                seen += np.int64(world.indices[np.uint64(start)])
        for b in range(many):
            i = np.int64(us[b] * world.size)
            start = row_of(i, world.indptr)
            for e in range(start, start + degree(i, world.size, world.indptr)):
                seen += np.int64(key[world.indices[np.uint64(e)]])
        kept[0] = seen
        b = np.int64(0)
        while left and b < many:
            gained, new = happen(us[b], ws[b], none, world, key, count)
            total += gained
            b += 1
            if new >= 0:
                left = count[new] < world.size
        done += b
        if b < many:  # all agree before the numbers are used up: give the others back
            s0, s1, s2, s3 = before
            for _ in range(b * world.draws):
                _u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    return done, total, s0, s1, s2, s3


@kernel
def ensemble_keyed(world, base, first, start, limit, winner, events, gains):
    """Replicates on a graph, each placed at random and run to fixation.

    start, winner, events : as in :func:`~coop_abm.engine.mixed.ensemble_mixed`
    gains : float (runs,) written: the sum of gains of each run
    """
    strategy = np.empty(world.size, world.keys.holds.dtype)
    count = np.empty(start.shape[0], np.int64)
    key = np.empty(world.size, world.keys.blank.dtype)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, strategy, s0, s1, s2, s3)
        recount(strategy, count)
        name_all(strategy, world, key)
        done, gained, s0, s1, s2, s3 = advance_keyed(world, key, count, limit, s0, s1, s2, s3)
        winner[k] = winner_of(count, world.size)
        events[k] = done
        gains[k] = gained
