"""Fixation in a mixed population by what changes it: the jump chain.

Most events of a mixed population change nothing: one strategy replaces itself, or nobody copies. Whom an
event replaces by whom depends on head counts alone, so what happens next and how long that takes are
known: events that change nothing are skipped, and their expected number is added. Who fixes has exactly
the law of the event chain; the number of events has its mean, not its spread.

Of two strategies the head count of the first is a walk on a ladder, whose probabilities are tabulated once.
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel
from coop_abm.engine.mixed import weigh
from coop_abm.engine.world import winner_of
from coop_abm.updates.moran import transition_after_birth

#: Rebound to the kernel of an update rule by ``Kernel.using``.
transition = transition_after_birth


@kernel
def tabulate(world, size, up, down):
    """How likely does one event move the first of two strategies from j heads to j + 1, and to j - 1?

    up, down : float (size + 1,), written for 0 < j < size
    """
    count = np.empty(2, np.int64)
    indptr = np.empty(3, np.int64)
    indices = np.empty(4, np.int64)
    for s in range(3):
        indptr[s] = 2 * s
    for e in range(4):
        indices[e] = e % 2
    strategy = np.arange(2)
    multiplicity = np.empty(2)
    weight = np.empty(4)
    payoff = np.empty(2)
    fitness = np.empty(2)
    up[0] = up[size] = down[0] = down[size] = 0.0
    for j in range(1, size):
        count[0] = j
        count[1] = size - j
        weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
        up[j] = transition(1, 0, 2, multiplicity, indptr, indices, weight, fitness, payoff, world.pressure)
        down[j] = transition(0, 1, 2, multiplicity, indptr, indices, weight, fitness, payoff, world.pressure)


@kernel
def ensemble_events(world, base, first, start, limit, winner, events):
    """Replicates of two strategies, each to fixation, event by event, from the table.

    Arguments as in :func:`~coop_abm.engine.mixed.ensemble_mixed`.
    """
    size = start[0] + start[1]
    up = np.empty(size + 1)
    down = np.empty(size + 1)
    tabulate(world, size, up, down)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        j = start[0]
        done = np.int64(0)
        while 0 < j < size and done < limit:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            done += 1
            if u < up[j] + down[j]:
                if u < up[j]:
                    j += 1
                else:
                    j -= 1
        winner[k] = 0 if j == size else 1 if j == 0 else -1
        events[k] = done


@kernel
def look_ahead(size, rise, wait, steps, passed, waited):
    """Where a walk on the ladder is after some jumps, and how many events they are expected to take.

    Four jumps are taken at once, or two or one where an end of the ladder, or a rung where nothing can change, is near.

    Parameters
    ----------
    rise, wait : float (size + 1,), chance that a jump goes up; expected events until it happens
    steps  : int64 (size + 1,), written: how many jumps are taken at once from j
    passed : float (size + 1, 4), written: chance of having gone up at most 0, 1, 2, 3 times; 2 where that is certain
    waited : float (size + 1, 5), written: expected events, given that 0 ... 4 of the jumps go up
    """
    chance = np.empty(6)
    events = np.empty(6)
    for j in range(1, size):
        k = 4 if 4 <= j <= size - 4 else 2 if 2 <= j <= size - 2 else 1
        for i in range(max(j - k, 1), min(j + k, size - 1) + 1):
            if not math.isfinite(wait[i]):
                k = 1
        for m in range(6):
            chance[m] = events[m] = 0.0
        chance[0] = 1.0
        for t in range(k):
            for m in range(t + 1, -1, -1):  # from the top, so that what is read is of the jump before
                here = j + 2 * m - t
                stay = chance[m] * (1.0 - rise[here]) if m <= t else 0.0
                come = chance[m - 1] * rise[here - 2] if m > 0 else 0.0
                later = 0.0
                if stay > 0.0:
                    later += (events[m] + chance[m] * wait[here]) * (1.0 - rise[here])
                if come > 0.0:
                    later += (events[m - 1] + chance[m - 1] * wait[here - 2]) * rise[here - 2]
                chance[m] = stay + come
                events[m] = later
        steps[j] = k
        before = 0.0
        for m in range(5):
            waited[j, m] = events[m] / chance[m] if chance[m] > 0.0 else wait[j]
            before += chance[m]
            if m < 4:
                passed[j, m] = before if m < k else 2.0


@kernel
def ensemble_ladder(world, base, first, start, limit, winner, events):
    """Replicates of two strategies, each to fixation, by jumps from the table.

    start  : int64 (2,), head counts at the start
    limit  : expected events after which a replicate is given up
    winner : int64 (runs,) written: who fixed, -1 if nobody did
    events : int64 (runs,) written: expected events of the jumps that were made, rounded; `limit` of a
             replicate in which nothing can change any more
    """
    size = start[0] + start[1]
    rise = np.empty(size + 1)
    wait = np.empty(size + 1)
    tabulate(world, size, rise, wait)
    for j in range(size + 1):
        moving = rise[j] + wait[j]
        rise[j] = rise[j] / moving if moving > 0.0 else 0.0
        wait[j] = 1.0 / moving if moving > 0.0 else math.inf
    steps = np.empty(size + 1, np.int64)
    passed = np.empty((size + 1, 4))
    waited = np.empty((size + 1, 5))
    look_ahead(size, rise, wait, steps, passed, waited)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        j = start[0]
        spent = 0.0
        while 0 < j < size and spent < limit:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            up = 1 if u >= passed[j, 0] else 0
            up += 1 if u >= passed[j, 1] else 0
            up += 1 if u >= passed[j, 2] else 0
            up += 1 if u >= passed[j, 3] else 0
            spent += waited[j, up]
            j += 2 * up - steps[j]
        over = math.isfinite(spent)
        winner[k] = -1 if not over else 0 if j == size else 1 if j == 0 else -1
        events[k] = np.int64(spent + 0.5) if over else limit


@kernel
def ensemble_jumps(world, base, first, start, limit, winner, events):
    """Replicates of any number of strategies, each to fixation, by jumps; as :func:`ensemble_ladder`."""
    n = start.shape[0]
    size = np.int64(0)
    indptr = np.empty(n + 1, np.int64)
    indices = np.empty(n * n, np.int64)
    for s in range(n):
        size += start[s]
        for t in range(n):
            indices[s * n + t] = t
    for s in range(n + 1):
        indptr[s] = s * n
    strategy = np.arange(n)
    multiplicity = np.empty(n)
    weight = np.empty(n * n)
    payoff = np.empty(n)
    fitness = np.empty(n)
    flow = np.empty(n * n)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        count = start.copy()
        waited = 0.0
        while waited < limit and winner_of(count, size) < 0:
            weigh(count, world, strategy, multiplicity, weight, payoff, fitness)
            moving = 0.0
            for s in range(n):
                for t in range(n):
                    chance = 0.0
                    if s != t and count[s] > 0 and count[t] > 0:
                        chance = transition(
                            s, t, n, multiplicity, indptr, indices, weight, fitness, payoff, world.pressure
                        )
                    flow[s * n + t] = chance
                    moving += chance
            if moving <= 0.0:
                waited = math.inf
                break
            waited += 1.0 / moving
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            target = u * moving
            passed = 0.0
            chosen = 0
            for e in range(n * n):
                if flow[e] > 0.0:
                    passed += flow[e]
                    chosen = e
                    if target < passed:
                        break
            count[chosen // n] -= 1
            count[chosen % n] += 1
        over = math.isfinite(waited)
        winner[k] = winner_of(count, size) if over else -1
        events[k] = np.int64(waited + 0.5) if over else limit
