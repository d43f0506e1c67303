"""Indirect reciprocity: discriminators who know half of the defectors by name.

>>> model = IndirectReciprocity(rng=1)
>>> model.barrier.__round__(4)  # share of cooperators above which they earn more
0.54
"""

from __future__ import annotations

from typing import Any

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import advantage, also, barrier

SCENARIO = named("indirect")

#: Standing that follows from deeds, judged in public, and judged by everybody for itself.
STERN_JUDGING, PRIVATE_OPINIONS = named("stern_judging"), named("private_opinions")


class IndirectReciprocity(CoopModel):
    """Discriminators against unconditional defectors in a well-mixed population.

    Collected besides the usual measures: `advantage`, the payoff of cooperators minus that of defectors.
    It grows with the share of cooperators and changes sign at `barrier`.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, advantage=advantage), **rest)

    @property
    def barrier(self) -> float:
        """The share of cooperators above which they earn more than defectors.

        Raises
        ------
        ValueError
            where standing follows from deeds, because then payoffs depend on more than head counts
        """
        if not self.declared.indirect.assessment.innate:
            raise ValueError("under a norm payoffs depend on standings, so no share of cooperators decides")
        return barrier(self.declared)
