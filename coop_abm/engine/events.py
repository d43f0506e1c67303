"""The event clock: one replacement at a time, expected payoffs, whole ensembles in one call.

Three kinds of world need three loops, because what can be skipped differs; the update rule inside
them is the same kernel (``Kernel.using``).

* *mixed*: everybody is everybody's neighbour. Sites are strategies, with their head counts as
  multiplicity; a population of any size costs O(S^2) an event.
* *graph*: sites are nodes. Payoffs are kept for every node and renewed around a node that changed.
* *groups*: groups that grow, split and go under [TraulsenNowak2006].

A replicate is one xoshiro256++ stream, opened from (seed, cell, replicate), so results do not depend
on how replicates are spread over threads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.errors import ScenarioError
from coop_abm.core.kernel import Kernel, kernel
from coop_abm.engine.groups import grow, take_over
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures.neighbours import degree, edge_weight, neighbour

#: Rebound to the kernels of an update rule by ``Kernel.using``.
replace = gain = grow

#: exp() of more than this is refused: fitness would leave the range of a float.
LARGEST_EXPONENT = 300.0


class World(NamedTuple):
    """Everything that an event reads and never writes.

    size      : number of sites: nodes, rows of groups, or strategies of a mixed population
    indptr, indices, weight : neighbours of sites; of a mixed population, none (made inside)
    matrix    : float (S, S), expected felt payoff of an encounter, see ``expected_matrix``
    scale     : float (size,), what the sum over neighbours is multiplied with: 1 over weighted
                degree for averaged payoffs, 1 for accumulated ones
    intensity : intensity of selection
    value     : float (size,), reproductive values; empty where gains are not recorded
    groups, group_size, split : see ``Answers``
    """

    size: int
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    matrix: np.ndarray
    scale: np.ndarray
    intensity: float
    value: np.ndarray
    groups: int
    group_size: int
    split: float


# --------------------------------------------------------------------------------- payoffs of sites


@kernel
def renew(i, strategy, size, indptr, indices, weight, matrix, scale, intensity, helping, payoff, fitness):
    """Write what follows from the strategies around site i: what it can expect of its neighbours."""
    own = strategy[i]
    total = 0.0
    for e in range(degree(i, size, indptr)):
        total += edge_weight(i, e, indptr, weight) * matrix[own, strategy[neighbour(i, e, indptr, indices)]]
    helping[i] = 1.0 if own == 0 else 0.0
    payoff[i] = total * scale[i]
    fitness[i] = math.exp(intensity * payoff[i])


@kernel
def renew_all(strategy, world, helping, payoff, fitness):
    """Write what follows from the strategies of all sites."""
    for i in range(world.size):
        renew(
            i, strategy, world.size, world.indptr, world.indices, world.weight, world.matrix, world.scale,
            world.intensity, helping, payoff, fitness,
        )  # fmt: skip


@kernel
def shuffled(counts, strategy, s0, s1, s2, s3):
    """Place `counts` (S,) individuals of each strategy in random order."""
    i = 0
    for s in range(counts.shape[0]):
        for _ in range(counts[s]):
            strategy[i] = s
            i += 1
    for a in range(strategy.shape[0] - 1, 0, -1):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        b = np.int64(u * (a + 1))
        kept = strategy[a]
        strategy[a] = strategy[b]
        strategy[b] = kept
    return s0, s1, s2, s3


@kernel
def winner_of(count, alive):
    """The strategy that everybody holds, -1 while there is more than one."""
    for s in range(count.shape[0]):
        if count[s] == alive:
            return np.int64(s)
    return np.int64(-1)


# --------------------------------------------------------------------------------- mixed


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
        fitness[s] = math.exp(world.intensity * payoff[s])


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
            u, v, w, n_strategies, multiplicity, indptr, indices, weight, fitness, payoff, world.intensity
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


# --------------------------------------------------------------------------------- graph


@kernel
def advance_graph(world, strategy, count, helping, payoff, fitness, limit, s0, s1, s2, s3):
    """Events on a graph until one strategy is left or `limit` events are done.

    strategy : int64 (N,), count : int64 (S,), helping, payoff, fitness : float (N,), all changed in
    place. Returns the events done, the sum of gains (see ``updates/base.py``) and the stream.
    """
    size, intensity, split = world.size, world.intensity, world.split  # locals: read in every event
    indptr, indices, weight = world.indptr, world.indices, world.weight
    matrix, scale, value = world.matrix, world.scale, world.value
    alone = np.empty(0)
    recorded = value.shape[0] > 0
    gained = 0.0
    done = np.int64(0)
    left = winner_of(count, size) < 0
    while left and done < limit:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        v, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        w, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        dead, parent = replace(u, v, w, size, alone, indptr, indices, weight, fitness, payoff, intensity)
        done += 1
        if recorded:
            gained += value[dead] * gain(dead, size, indptr, indices, weight, helping, fitness, payoff, intensity)
        old = strategy[dead]
        new = strategy[parent]
        if new != old:
            strategy[dead] = new
            count[old] -= 1
            count[new] += 1
            renew(dead, strategy, size, indptr, indices, weight, matrix, scale, intensity, helping, payoff, fitness)
            for e in range(degree(dead, size, indptr)):
                j = neighbour(dead, e, indptr, indices)
                renew(j, strategy, size, indptr, indices, weight, matrix, scale, intensity, helping, payoff, fitness)
            left = count[new] < size
        if split > 0.0 and parent != dead:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if u < split:
                home = dead // world.group_size
                other, s0, s1, s2, s3 = take_over(
                    strategy, strategy, home, world.groups, world.group_size, s0, s1, s2, s3
                )
                recount(strategy, count)
                for i in range(other * world.group_size, (other + 1) * world.group_size):
                    renew(
                        i, strategy, size, indptr, indices, weight, matrix, scale, intensity, helping, payoff, fitness
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
    strategy = np.empty(size, np.int64)
    count = np.empty(start.shape[0], np.int64)
    helping = np.empty(size)
    payoff = np.empty(size)
    fitness = np.empty(size)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, strategy, s0, s1, s2, s3)
        recount(strategy, count)
        renew_all(strategy, world, helping, payoff, fitness)
        done, gained, s0, s1, s2, s3 = advance_graph(
            world, strategy, count, helping, payoff, fitness, limit, s0, s1, s2, s3
        )
        winner[k] = winner_of(count, size)
        events[k] = done
        gains[k] = gained


# --------------------------------------------------------------------------------- groups


@kernel
def renew_group(g, strategy, group, alive, world, count, payoff, fitness):
    """Write the payoffs of the members of group g: what each can expect of its mates."""
    members = 0
    for s in range(count.shape[0]):
        count[s] = 0
    for i in range(strategy.shape[0]):
        if alive[i] == 1 and group[i] == g:
            count[strategy[i]] += 1
            members += 1
    for i in range(strategy.shape[0]):
        if alive[i] == 1 and group[i] == g:
            total = 0.0
            own = strategy[i]
            for t in range(count.shape[0]):
                mates = count[t] - 1 if t == own else count[t]
                total += mates * world.matrix[own, t]
            if members > 1:
                payoff[i] = total / (members - 1) if world.scale[i] != 1.0 else total
            else:
                payoff[i] = 0.0
            fitness[i] = math.exp(world.intensity * payoff[i])


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


@kernel
def ensemble_groups(world, base, first, start, limit, winner, events):
    """Replicates of a population of groups, each placed at random and run to fixation."""
    size = world.size
    strategy = np.empty(size, np.int64)
    group = np.empty(size, np.int64)
    alive = np.empty(size, np.int64)
    count = np.empty(start.shape[0], np.int64)
    payoff = np.empty(size)
    fitness = np.empty(size)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        s0, s1, s2, s3 = shuffled(start, strategy, s0, s1, s2, s3)
        fill_groups(world, strategy, group, alive, count, payoff, fitness)
        done, s0, s1, s2, s3 = advance_groups(
            world, strategy, group, alive, count, payoff, fitness, limit, s0, s1, s2, s3
        )
        winner[k] = sole_survivor(strategy, alive)
        events[k] = done


# --------------------------------------------------------------------------------- from a scenario


class Process(NamedTuple):
    """A scenario made ready for the event clock.

    kind  : "mixed", "graph" or "groups"
    world : what events read
    ensemble, advance : the kernels, bound to the scenario's update rule
    """

    kind: str
    world: World
    ensemble: Kernel
    advance: Kernel


def process(scenario: Scenario, seed: int = 0, *, record_gains: bool = False) -> Process:
    """The process that a scenario declares on the event clock.

    Parameters
    ----------
    seed : root seed; only random graphs read it
    record_gains : record how much selection favoured cooperators in each event (on graphs)

    Raises
    ------
    ScenarioError
        if payoffs depend on standings that change, or fitness would overflow
    """
    if scenario.indirect.enabled and not scenario.indirect.assessment.innate:
        raise ScenarioError("indirect.assessment must be type on the event clock")
    answers, update = scenario.answers(seed), scenario.update
    matrix = np.ascontiguousarray(scenario.matrix(answers))
    averaged = scenario.payoff == "averaged"
    strength = answers.strength()
    kind = "groups" if answers.fluid else "mixed" if answers.well_mixed else "graph"
    size = len(matrix) if kind == "mixed" else answers.size
    if averaged:
        # A node without neighbours in its group earns nothing; any finite scale says so.
        scale = 1.0 / np.where(strength > 0, strength, 1.0)
        largest = np.abs(matrix).max()
    else:
        scale = np.ones(answers.size)
        largest = np.abs(matrix).max() * strength.max()
    if update.intensity * largest > LARGEST_EXPONENT:
        raise ScenarioError(
            f"update.intensity x payoff must stay below {LARGEST_EXPONENT:g}, or fitness overflows; "
            f"got {update.intensity:g} x {largest:g}"
        )
    # A takeover moves many nodes at once, which no rule's gain knows of: then runs are counted.
    followed = record_gains and kind == "graph" and answers.groups == 1
    value = update.reproductive_value(strength) if followed else None
    world = World(
        size=size,
        indptr=answers.indptr,
        indices=answers.indices,
        weight=answers.weight,
        matrix=matrix,
        scale=np.ascontiguousarray(scale[:size] if size <= len(scale) else np.full(size, scale[0])),
        intensity=update.intensity,
        value=np.empty(0) if value is None or update.gain is None else value,
        groups=answers.groups,
        group_size=answers.group_size,
        split=answers.split if answers.groups > 1 else 0.0,
    )
    if kind == "groups":
        return Process(kind, world, ensemble_groups, advance_groups)
    if kind == "mixed":
        bound = advance_mixed.using(replace=update.replace)
        return Process(kind, world, ensemble_mixed.using(advance_mixed=bound), bound)
    bound = advance_graph.using(replace=update.replace, gain=update.gain or no_gain)
    return Process(kind, world, ensemble_graph.using(advance_graph=bound), bound)


@kernel
def no_gain(i, size, indptr, indices, weight, helping, fitness, payoff, intensity):
    """Stands in where a rule has no gain; never asked, because no values are recorded then."""
    return 0.0
