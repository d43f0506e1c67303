"""Three applications of team tournaments, each with payoffs in its own units.

The numbers are ours, to show what has to be stated; none was estimated from data. In each one, to cooperate is the
first action and to defect the second, in the words of the trade.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError
from coop_abm.engine.teams import TeamTournament
from coop_abm.experiments.choosing import chosen_of
from coop_abm.games import PrisonersDilemma
from coop_abm.scenario.wording import declared


class Preset(NamedTuple):
    """One application.

    title     : what it is about
    cooperate, defect : what the two actions are there
    unit      : of one point of payoff
    knobs     : of the tournament that differ from the reference
    """

    title: str
    cooperate: str
    defect: str
    unit: str
    knobs: Mapping[str, Any]


def _dilemma(temptation: float, reward: float, punishment: float, sucker: float) -> PrisonersDilemma:
    return PrisonersDilemma(temptation=temptation, reward=reward, punishment=punishment, sucker=sucker)


PRESETS: dict[str, Preset] = {
    "reference": Preset(
        "the published tournament", "action_a", "action_b", "points", {}
    ),
    "procurement": Preset(
        "procurement teams that negotiate with each other and with rotating counterparts, on a calendar of rematches",
        "lay open costs and keep delivery dates", "hold back costs and squeeze the other side",
        "thousand euros of margin in a negotiation round",
        {"game": _dilemma(40.0, 25.0, 4.0, -12.0), "teams": 3, "size": 2, "rematches": 2, "history": "team",
         "budget": 200},
    ),
    "customer_success": Preset(
        "customer-success pods that compete on net revenue retention and pass accounts on to each other",
        "hand over an account with all that is known", "keep the knowledge and take the credit",
        "basis points of net revenue retention in a quarter's hand-over",
        {"game": _dilemma(30.0, 20.0, -5.0, -15.0), "teams": 3, "size": 3, "chat": True, "unknown": "rivals",
         "scores": "all", "budget": 160},
    ),
    "logistics": Preset(
        "depots whose dispatchers share trucks and loading slots",
        "lend a free truck or slot", "book it for oneself in case",
        "truck-hours saved in a slot",
        {"game": _dilemma(3.0, 2.0, 0.0, -1.5), "teams": 2, "size": 4, "history": "public", "slips": 0.05,
         "budget": 140},
    ),
}  # fmt: skip


def world_of(preset: str, world: TeamTournament) -> TeamTournament:
    """The tournament with the knobs of a preset; a knob that was chosen keeps its value, the usual one too.

    Raises
    ------
    InputError
        if the condition was chosen, which the experiment crosses
    """
    chosen = chosen_of(world, TeamTournament())
    if "condition" in chosen:
        raise InputError(
            "world.condition: all conditions are played, each is a row of the table; "
            f"world.pairs, world.goal and world.one_shot change what they say; got '{world.condition}'"
        )
    knobs = {name: value for name, value in PRESETS[preset].knobs.items() if name not in chosen}
    return declared(TeamTournament, world.model_dump() | {
        name: value.model_dump() if isinstance(value, PrisonersDilemma) else value for name, value in knobs.items()
    })  # fmt: skip
