"""The event clock: one replacement at a time, expected payoffs, whole ensembles in one call.

Kinds of world need loops of their own, because what can be skipped differs; the update rule inside
the first two is the same kernel (``Kernel.using``).

* *mixed*: everybody is everybody's neighbour. Sites are strategies, with their head counts as
  multiplicity; a population of any size costs O(S^2) an event. Ensembles skip events that change nothing.
* *graph*: sites are nodes. Payoffs are kept for every node and renewed around a node that changed.
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
from coop_abm.engine.mixed import advance_mixed, ensemble_mixed
from coop_abm.engine.nodes import advance_graph, ensemble_graph
from coop_abm.engine.world import World
from coop_abm.scenario.scenario import Scenario
from coop_abm.updates.base import Kernels

#: exp() of more than this is refused: fitness would leave the range of a float.
LARGEST_EXPONENT = 300.0
#: Kinds of world whose runs can be followed (see ``fixation.py``) and start with half of the population.
FOLLOWED = ("graph", "generations")


class Process(NamedTuple):
    """A scenario made ready for the event clock.

    kind  : "mixed", "graph", "groups" or "generations"
    world : what events read
    ensemble, advance : the kernels, bound to the scenario's update rule
    """

    kind: str
    world: World
    ensemble: Kernel
    advance: Kernel


def process(scenario: Scenario, seed: int = 0, *, record_gains: bool = False, every_event: bool = False) -> Process:
    """The process that a scenario declares on the event clock.

    Parameters
    ----------
    seed : root seed; only random graphs read it
    record_gains : record how much selection favoured cooperators in each event (on graphs)
    every_event : draw those events of a mixed population too that change nothing. Ensembles skip them
        otherwise; then the events that a replicate took are an expectation, see ``jumps.py``

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
    if update.generational:
        kind = "generations"
    size = len(matrix) if kind == "mixed" else answers.size
    if averaged:
        # A node without neighbours in its group earns nothing; any finite scale says so.
        scale = 1.0 / np.where(strength > 0, strength, 1.0)
        largest = np.abs(matrix).max()
    else:
        scale = np.ones(answers.size)
        largest = np.abs(matrix).max() * strength.max()
    if update.selection * largest > LARGEST_EXPONENT:
        raise ScenarioError(
            f"update.intensity x payoff must stay below {LARGEST_EXPONENT:g}, or fitness overflows; "
            f"got {update.selection:g} x {largest:g}"
        )
    rule = update.kernels(not averaged)
    gained = update.generational or rule.gain is not None
    # A takeover moves many nodes at once, which no rule's gain knows of: then runs are counted.
    followed = record_gains and kind in FOLLOWED and answers.groups == 1
    value = update.reproductive_value(strength) if followed else None
    world = World(
        size=size,
        indptr=answers.indptr,
        indices=answers.indices,
        weight=answers.weight,
        matrix=matrix,
        scale=np.ascontiguousarray(scale[:size] if size <= len(scale) else np.full(size, scale[0])),
        intensity=update.selection,
        value=value if value is not None and gained else np.empty(0),
        groups=answers.groups,
        group_size=answers.group_size,
        split=answers.split if answers.groups > 1 else 0.0,
        averaged=int(averaged),
        pressure=update.pressure(scenario.payoff_spread()),
        family=answers.family,
        founders=answers.founders,
        pedigree=answers.pedigree,
    )
    if kind == "generations":
        return Process(kind, world, ensemble_generations, advance_generations)
    if kind == "groups":
        return Process(kind, world, ensemble_colonies, advance_groups)
    if kind == "mixed":
        bound = advance_mixed.using(replace=rule.replace)
        return Process(kind, world, _ensemble_mixed(rule, bound, len(matrix), every_event), bound)
    bound = advance_graph.using(replace=rule.replace, gain=rule.gain or no_gain)
    return Process(kind, world, ensemble_graph.using(advance_graph=bound), bound)


def _ensemble_mixed(rule: Kernels, advance: Kernel, strategies: int, every_event: bool) -> Kernel:
    """The fastest loop that a rule permits: by jumps, from a table of events, or drawing all that happens."""
    if rule.transition is None or (every_event and strategies != 2):
        return ensemble_mixed.using(advance_mixed=advance)
    if strategies != 2:
        return ensemble_jumps.using(transition=rule.transition)
    table = tabulate.using(transition=rule.transition)
    return (ensemble_events if every_event else ensemble_ladder).using(tabulate=table)


@kernel
def no_gain(i, size, indptr, indices, weight, helping, fitness, payoff, intensity):
    """Stands in where a rule has no gain; never asked, because no values are recorded then."""
    return 0.0
