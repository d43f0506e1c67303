"""A repeated game of FAIRGAME's factorial: two players, ten rounds, personalities, and a known end.

>>> model = RepeatedDilemma(rng=1)
>>> for _ in range(10):
...     model.step()
>>> model.observed["endgame"] < 0, model.running
(True, False)
"""

from __future__ import annotations

from typing import Any

from coop_abm.abm import StagedModel
from coop_abm.abm.reporters import Reporters
from coop_abm.engine.repeated_games import Contestant, RepeatedGame
from coop_abm.strategies import Backward, Persona
from models.reporters import also

SCENARIO = RepeatedGame(
    players=(
        Contestant(strategy=Persona(), persona="cooperative"),
        Contestant(strategy=Backward(), persona="selfish"),
    ),
    horizon="known",
)


class RepeatedDilemma(StagedModel):
    """A cooperative player that makes mistakes, and one that reciprocates until the end is near.

    Collected besides the usual measures: `agreement`, the share of rounds in which all did the same.
    """

    default = SCENARIO

    def __init__(self, declared: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(declared, model_reporters=also(model_reporters, agreement=agreement), **rest)


def agreement(model: StagedModel) -> float:
    """Share of rounds so far in which all players did the same; NaN before the first."""
    world: Any = model.staged
    acted = world.acted[: world.round]
    return float((acted == acted[:, :1]).all(axis=1).mean()) if len(acted) else float("nan")
