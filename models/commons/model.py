"""The commons: users of one stock who harvest, watch and punish, learn from others, and agree on norms.

>>> model = Commons(rng=1)
>>> for _ in range(10):
...     model.step()
>>> model.observed["alive"], model.observed["punishments"] > 0
(1.0, True)
"""

from __future__ import annotations

from typing import Any

from coop_abm.abm import StagedModel
from coop_abm.abm.reporters import Reporters
from coop_abm.engine.commons import commons
from coop_abm.strategies.commons import ceiling
from models.reporters import also

SCENARIO = commons("mixed", "rich")


class Commons(StagedModel):
    """Ten users, half of them selfish, of a rich stock.

    Collected besides the usual measures: `permitted`, the effort that the norm in force permits.
    """

    default = SCENARIO

    def __init__(self, declared: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(declared, model_reporters=also(model_reporters, permitted=permitted), **rest)


def permitted(model: StagedModel) -> float:
    """The largest effort, or number of units, that the norm in force names; NaN if it names none."""
    world: Any = model.staged
    found = ceiling(world.texts[world.norm], world.declared.takes == "units")
    return float("nan") if found is None else found
