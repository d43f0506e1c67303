"""Direct reciprocity: tit-for-tat among defectors, ten turns on average.

>>> model = DirectReciprocity(rng=1)
>>> model.barrier.__round__(4)  # share of cooperators above which they earn more
0.0778
"""

from __future__ import annotations

from typing import Any

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import advantage, also, barrier

SCENARIO = named("direct")


class DirectReciprocity(CoopModel):
    """Tit-for-tat against unconditional defection in a well-mixed population.

    Collected besides the usual measures: `advantage`, the payoff of cooperators minus that of defectors.
    It grows with the share of cooperators and changes sign at `barrier`.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, advantage=advantage), **rest)

    @property
    def barrier(self) -> float:
        """The share of cooperators above which they earn more than defectors."""
        return barrier(self.declared)
