"""The event clock: one replacement at a time, expected payoffs, whole ensembles in one call.

Kinds of world need loops of their own, because what can be skipped differs; the update rule inside
the first two is the same kernel (``Kernel.using``).

* *mixed*: everybody is everybody's neighbour. Sites are strategies, with their head counts as
  multiplicity; a population of any size costs O(S^2) an event. Ensembles skip events that change nothing.
* *graph*: sites are nodes. What a node earns is read from a table by its key (``keys.py``), or kept for
  every node and renewed around one that changed (``nodes.py``).
* *groups*: groups that grow, split and go under [TraulsenNowak2006]; ensembles count heads in each.
* *generations*: the whole population is replaced at once, into families or one by one.

A replicate is one xoshiro256++ stream, opened from (seed, cell, replicate), so results do not depend
on how replicates are spread over threads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import ScenarioError
from coop_abm.core.kernel import Kernel, kernel
from coop_abm.engine.colonies import ensemble_colonies
from coop_abm.engine.demes import advance_groups
from coop_abm.engine.generations import advance_generations, ensemble_generations
from coop_abm.engine.jumps import ensemble_events, ensemble_jumps, ensemble_ladder, tabulate
from coop_abm.engine.keys import (
    MOST_KEYS,
    WIDE,
    advance_keyed,
    advance_wide,
    count_keys,
    ensemble_keyed,
    happen,
    keys_of,
    name_all,
    no_keys,
)
from coop_abm.engine.mixed import advance_mixed, ensemble_mixed
from coop_abm.engine.mutating import mutating
from coop_abm.engine.nodes import advance_graph, ensemble_graph, recount, renew, renew_all
from coop_abm.engine.recording import record_generations, record_graph, record_keyed, record_mixed
from coop_abm.engine.world import World, check_fitness
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures.neighbours import degree, row_of
from coop_abm.updates.base import Kernels

#: exp() of more than this is refused: fitness would leave the range of a float.
LARGEST_EXPONENT = 300.0
#: Kinds of world whose runs can be followed (see ``fixation.py``) and start with half of the population.
FOLLOWED = ("graph", "generations")


class Process(NamedTuple):
    """A scenario made ready for the event clock.

    kind  : "mixed", "graph", "groups" or "generations"
    world : what events read
    ensemble, advance : the kernels, bound to the scenario's update rule; no ensemble where strategies mutate, because
        none of them fixes then
    record : advances a number of generations and writes the heads of each strategy after each of them
        (``recording.py``); None where individuals are born and die
    keyed : whether nodes have keys
    """

    kind: str
    world: World
    ensemble: Kernel | None
    advance: Kernel
    record: Kernel | None
    keyed: bool = False


def process(
    scenario: Scenario,
    seed: int = 0,
    *,
    graph: int = 0,
    record_gains: bool = False,
    matrix: np.ndarray | None = None,
    every_event: bool = False,
    keyed: bool = True,
) -> Process:
    """The process that a scenario declares on the event clock.

    Parameters
    ----------
    seed, graph : root seed and number of the graph, where it is random
    record_gains : record how much selection favoured cooperators in each event (on graphs)
    every_event : draw those events of a mixed population too that change nothing. Ensembles skip them
        otherwise; then the events that a replicate took are an expectation, see ``jumps.py``
    matrix : float (S, S), expected felt payoffs to use instead of those that the scenario declares
    keyed : whether nodes of a graph may have keys; without, payoffs are kept for each node

    Raises
    ------
    ScenarioError
        if payoffs depend on standings that change, or fitness would overflow or not be positive
    """
    if scenario.indirect.enabled and not scenario.indirect.assessment.innate:
        raise ScenarioError("indirect.assessment must be type on the event clock")
    answers, update = scenario.answers(seed, graph), scenario.update
    replacing = answers.replacing()
    matrix = np.ascontiguousarray(scenario.matrix(answers) if matrix is None else matrix, np.float64)
    averaged = scenario.payoff == "averaged"
    strength = answers.strength()
    kind = "groups" if answers.fluid else "mixed" if answers.well_mixed else "graph"
    if update.generational:
        kind = "generations"
    size = len(matrix) if kind == "mixed" else answers.size
    largest = np.abs(matrix).max() * (1.0 if averaged else strength.max())
    if update.selection * largest > LARGEST_EXPONENT:
        raise ScenarioError(
            f"update.intensity x payoff must stay below {LARGEST_EXPONENT:g}, or fitness overflows; "
            f"got {update.selection:g} x {largest:g}"
        )
    # A weight of 0 is the way back along an arrow, which nothing takes.
    there = replacing.weight[replacing.weight > 0]
    check_fitness(update, float(matrix.min()) * (1.0 if averaged else float(strength.max())), there)
    rule = update.kernels(not averaged)
    gained = update.generational or rule.gain is not None
    # A takeover moves many nodes at once, which no rule's gain knows of: then runs are counted.
    followed = record_gains and kind in FOLLOWED and answers.groups == 1
    value = update.reproductive_value(replacing.strength()) if followed else None
    keys, indptr = no_keys(), answers.indptr
    # A key says what one earns and whom one may copy at once, so it is for worlds of one graph.
    evenly = len(answers.weight) == 0 and not answers.two_graphs
    if kind == "graph" and keyed and evenly and (answers.groups == 1 or answers.split == 0):
        degree_of = np.diff(answers.indptr)
        least = degree_of.min()
        degrees = np.unique(degree_of) if degree_of.max() > least else np.array([least])
        if count_keys(degrees, len(matrix)) <= MOST_KEYS:
            local = rule.source is not None
            keys = keys_of(degree_of, degrees, matrix, update.selection, averaged, local, update.linear)
            if len(degrees) == 1:
                indptr = degrees  # all have one number of neighbours, so rows need not be looked up
    # In place, because a million nodes are many. A node without neighbours in its group earns nothing; any
    # finite scale says so.
    scale = strength
    scale[strength == 0] = 1.0
    np.divide(1.0, scale, out=scale) if averaged else scale.fill(1.0)
    indices = _unsigned(answers.indices)
    world = World(
        size=size,
        indptr=indptr,
        indices=indices,
        weight=answers.weight,
        matrix=matrix,
        scale=np.ascontiguousarray(scale[:size] if size <= len(scale) else np.full(size, scale[0])),
        intensity=update.selection,
        linear=int(update.linear),
        value=value if value is not None and gained else np.empty(0),
        groups=answers.groups,
        group_size=answers.group_size,
        split=answers.split if answers.groups > 1 else 0.0,
        averaged=int(averaged),
        pressure=update.pressure(scenario.payoff_spread()),
        family=answers.family,
        founders=answers.founders,
        pedigree=answers.pedigree,
        draws=update.draws,
        keys=keys,
        mutation=update.mutation,
        spontaneous=int(update.mutation_kind == "spontaneous"),
        replacing_indptr=replacing.indptr if answers.two_graphs else indptr,
        replacing_indices=_unsigned(replacing.indices) if answers.two_graphs else indices,
        replacing_weight=replacing.weight,
    )
    if update.mutation > 0:
        advance, record = mutating(kind, rule, keyed=len(keys.holds) > 0)
        return Process(kind, world, None, advance, record, keyed=len(keys.holds) > 0)
    if kind == "generations":
        return Process(kind, world, ensemble_generations, advance_generations, record_generations)
    if kind == "groups":
        return Process(kind, world, ensemble_colonies, advance_groups, None)
    if kind == "mixed":
        bound = advance_mixed.using(replace=rule.replace)
        record = record_mixed.using(advance_mixed=bound)
        return Process(kind, world, _ensemble_mixed(rule, bound, len(matrix), every_event), bound, record)
    # What is not recorded is not compiled either.
    gain = rule.gain if rule.gain is not None and len(world.value) else no_gain
    if len(keys.holds):
        advance = advance_wide if world.size >= WIDE and rule.source is not None else advance_keyed
        bound = advance.using(happen=happen.using(replace=rule.replace, gain=gain))
        record = record_keyed.using(advance_keyed=bound)
        return Process(kind, world, ensemble_keyed.using(advance_keyed=bound), bound, record, keyed=True)
    bound = advance_graph.using(replace=rule.replace, gain=gain)
    record = record_graph.using(advance_graph=bound)
    return Process(kind, world, ensemble_graph.using(advance_graph=bound), bound, record)


def _unsigned(indices: np.ndarray) -> np.ndarray:
    """Neighbours as uint32; the same memory where they are int32."""
    return indices.astype(np.int32, copy=False).view(np.uint32)


def columns_of(ready: Process, strategy: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, ...]:
    """What the kernels of a graph change, where individuals of these strategies sit on its nodes.

    strategy : int16 (N,); count : int64 (S,), written
    """
    size, world = len(strategy), ready.world
    recount(strategy, count)
    if ready.keyed:
        key = np.empty(size, world.keys.blank.dtype)
        name_all(strategy, world, key)
        return key, count
    helping, payoff, fitness = np.empty(size), np.empty(size), np.empty(size)
    renew_all(strategy, world, helping, payoff, fitness)
    return strategy, count, np.arange(size, dtype=np.uint32), helping, payoff, fitness


def assign_node(ready: Process, columns: tuple[np.ndarray, ...], count: np.ndarray, row: int, strategy: int) -> None:
    """Give the individual on one node another strategy, and renew what follows from it."""
    world = ready.world
    start = int(row_of.plain(row, world.indptr))
    near = world.indices[start : start + int(degree.plain(row, world.size, world.indptr))].tolist()
    if ready.keyed:
        key, keys = columns[0], world.keys
        before = int(keys.holds[key[row]])
        key[row] = int(key[row]) + (strategy - before) * keys.stride
        step = int(keys.radix[strategy] - keys.radix[before])
        for j in near:
            key[j] = int(key[j]) + step
    else:
        held, _count, _key, helping, payoff, fitness = columns
        before, held[row] = int(held[row]), strategy
        for site in (row, *near):
            renew(
                site, held, world.size, world.indptr, world.indices, world.weight, world.matrix,
                world.scale, world.intensity, world.linear, helping, payoff, fitness,
            )  # fmt: skip
    count[before] -= 1
    count[strategy] += 1


def _ensemble_mixed(rule: Kernels, advance: Kernel, strategies: int, every_event: bool) -> Kernel:
    """The fastest loop that a rule permits: by jumps, from a table of events, or drawing all that happens."""
    if rule.transition is None or (every_event and strategies != 2):
        return ensemble_mixed.using(advance_mixed=advance)
    if strategies != 2:
        return ensemble_jumps.using(transition=rule.transition)
    table = tabulate.using(transition=rule.transition)
    return (ensemble_events if every_event else ensemble_ladder).using(tabulate=table)


@kernel
def no_gain(i, size, indptr, indices, weight, key, helping, fitness, payoff, pressure):
    """Stands in where gains are not recorded."""
    return 0.0
