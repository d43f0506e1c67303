"""Teams in an iterated prisoner's dilemma that can be left.

>>> model = SuperAdditive(rng=1)
>>> model.run_for(300)
>>> model.observed["mu_c_intra"] > model.observed["mu_c_inter"]
True
"""

from __future__ import annotations

from typing import Any

from coop_abm.abm import StagedModel
from coop_abm.abm.reporters import Reporters
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.strategies.team import Coin, Teammate, WalkAway
from models.reporters import also

SCENARIO = TeamTournament(
    condition="sa", slips=0.05,
    players=(Entry(strategy=Teammate()), Entry(strategy=WalkAway()), Entry(strategy=Coin(p=0.3))),
)  # fmt: skip


class SuperAdditive(StagedModel):
    """Two teams of three who meet everybody, for their team and for themselves.

    Collected besides the usual measures: `lead`, how many points the first team is ahead of the best of the others.
    """

    default = SCENARIO

    def __init__(self, declared: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(declared, model_reporters=also(model_reporters, lead=lead), **rest)


def lead(model: StagedModel) -> float:
    """Points of the first team minus those of the best of the others, in this tournament; NaN of a single team."""
    world: Any = model.staged
    first, *others = world.totals().tolist()
    return first - max(others) if others else float("nan")
