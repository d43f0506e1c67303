"""Somebody else decides for one individual of a running world, from here on; everything else stays as it was.

The world that goes on is declared anew, with one entry of `players` more: the individual on its node, with the strategy
that it held and the new policy. Its dice have the same addresses, so whoever decides as the table would changes
nothing at all. What it passes on is strategy and policy together, as everywhere.

>>> from coop_abm import lab
>>> from coop_abm.scenario.minds import Model
>>> world = lab.start(lab.world("kin", clock="round"), 1)
>>> world.step()
>>> swap = swapped(world, 3, Model(model="stand-in/alld"))
>>> other = lab.start(swap.scenario, 1)
>>> resume(other, swap)
>>> other.play.round, other.play.repertoire.names
(1, ('reciprocator', 'alld', 'stand-in/alld'))
>>> other.close()
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine import checkpoint
from coop_abm.engine.checkpoint import Checkpoint
from coop_abm.engine.history import RoundWorld
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Mind
from coop_abm.scenario.players import Players, seated_on
from coop_abm.scenario.scenario import Scenario


class Swap(NamedTuple):
    """A running world in which somebody else is to decide for one individual.

    scenario : the world, declared with the new policy on that node
    kept     : the moment; the individual holds the new entry's index already
    """

    scenario: Scenario
    kept: Checkpoint


def refusal(scenario: Scenario) -> str:
    """Why nobody else can decide in this world from here on, in a sentence; "" if somebody can."""
    if scenario.clock != "round":
        return "On the event clock nobody is asked; with clock = round anybody can decide."
    if checkpoint.refusal(scenario):
        return (
            "Somebody else than a strategy table decides in this world already, and what it remembers cannot be moved; "
            "give the individual that strategy instead."
        )
    return ""


def swapped(world: Any, individual: int, policy: Mind) -> Swap:
    """What is to go on in place of this world, which is between two rounds and stays as it is.

    Parameters
    ----------
    world      : a single population on the round clock, decided for by strategy tables or scripts
    individual : for whom, an index below N
    policy     : who decides for it from now on

    Raises
    ------
    InputError
        if nobody else can decide in this world, or nobody lives there
    CoopError
        if a round has begun
    """
    if not isinstance(world, RoundWorld):
        raise ScenarioError("On the event clock nobody is asked; with clock = round anybody can decide.")
    scenario, state = world.play.scenario, world.play.state
    wrong = refusal(scenario)
    if wrong:
        raise InputError(wrong)
    if not 0 <= individual < scenario.size or not state.alive[0, individual]:
        raise InputError(f"individual: nobody lives in {individual}")
    kept = checkpoint.take(world)
    strategy, _mind = scenario.inherited[int(state.strategy[0, individual])]
    players = seated_on(scenario.players, individual, Players(nodes=(individual,), strategy=strategy, policy=policy))
    declared = replace(scenario, {"players": tuple(entry.model_dump() for entry in players)})
    index = {pair: k for k, pair in enumerate(declared.inherited)}
    number = np.array([index[pair] for pair in scenario.inherited], np.int16)
    held = number[kept.arrays["strategy"]]
    held[0, individual] = index[strategy, policy]
    return Swap(declared, kept._replace(arrays=kept.arrays | {"strategy": held}))


def resume(world: Any, swap: Swap) -> None:
    """Let a world that was started from the scenario of the swap go on from its moment.

    Raises
    ------
    InputError
        if it is another world
    """
    checkpoint.take_over(world, swap.kept)
