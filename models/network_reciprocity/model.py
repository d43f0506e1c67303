"""Network reciprocity: four neighbours on a torus, death-birth updating.

>>> model = NetworkReciprocity(rng=1)
>>> model.expected.value.__round__(4)  # the critical benefit-to-cost ratio of this torus
4.2609
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import also

SCENARIO = named("network")


class NetworkReciprocity(CoopModel):
    """Cooperators and defectors on the nodes of a graph.

    Collected besides the usual measures: `active_edges`, the share of edge weight that joins unlike
    neighbours. Nothing can change except along such an edge, and at 0 the population is fixed.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, active_edges=active_edges), **rest)


def active_edges(model: CoopModel) -> float:
    """Share of edge weight between neighbours of different strategy; NaN where there is no graph."""
    now = model.snapshot()
    indptr, indices, weight = now.rows
    if len(indices) == 0:
        return float("nan")
    own = np.repeat(now.strategy[0], np.diff(indptr))
    return float(np.average(own != now.strategy[0][indices], weights=weight if len(weight) else None))
