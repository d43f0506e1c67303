"""Kin selection: half of what the partner earns is felt as one's own.

>>> model = KinSelection(rng=1)
>>> model.run_for(10)
>>> f"{advantage(model):.3f} {expected_advantage(model.declared):.3f}"
'0.449 0.449'
"""

from __future__ import annotations

from typing import Any

from coop_abm import CoopModel, Scenario
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import advantage, also

SCENARIO = named("kin")

#: The same rule without any feeling: full sibs live together, and relatedness is measured.
FAMILIES = named("families")


class KinSelection(CoopModel):
    """Hamilton's rule in a well-mixed population.

    Collected besides the usual measures: `advantage`, the felt payoff of cooperators minus that of
    defectors, which does not depend on how many of each there are. It is positive where b/c exceeds the
    exact critical ratio, and so it is Hamilton's rule for a finite population.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, advantage=advantage), **rest)


def expected_advantage(scenario: Scenario) -> float:
    """[N (r b - c) - (1 + r)(b - c)] / (N - 1), where a share r of the partner's payoff is felt."""
    n, r = scenario.size, scenario.kin.relatedness
    b, c = scenario.game.benefit, scenario.game.cost
    return (n * (r * b - c) - (1 + r) * (b - c)) / (n - 1)
