"""Scale-free networks: hubs carry cooperation.

>>> model = ScaleFree(rng=1, size=200)
>>> model.run_for(10)
>>> 0 <= at_edge_ends(model) <= 1
True
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import also

SCENARIO = named("scale_free")


class ScaleFree(CoopModel):
    """The weak prisoner's dilemma on a network grown by preferential attachment.

    Collected besides the usual measures: `at_edge_ends`, the chance that a random end of a random edge
    is a cooperator, so that everybody counts by degree. Where it exceeds the share of cooperators, the
    hubs cooperate more than the rest.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, at_edge_ends=at_edge_ends), **rest)


def at_edge_ends(model: CoopModel) -> float:
    """Mean cooperation weighted by number of neighbours; NaN where there is no graph."""
    now = model.snapshot()
    indptr, indices, _weight = now.rows
    if len(indices) == 0:
        return float("nan")
    return float(np.average(now.helper[now.strategy[0]], weights=np.diff(indptr)))
