"""Spatial games of Nowak and May: everybody takes up the best strategy around it.

>>> model = SpatialChaos(KALEIDOSCOPE, rng=1)  # one defector in the middle of cooperators
>>> model.run_for(10)
>>> round(model.observed["cooperators"] * model.declared.size), symmetry(model)
(9548, 1.0)
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import also

SCENARIO, KALEIDOSCOPE = named("nowak_may"), named("kaleidoscope")

#: The share of cooperators that Nowak and May give for a temptation between 1.8 and 2: 0.3178.
PUBLISHED = 12 * math.log(2) - 8


class SpatialChaos(CoopModel):
    """Cooperators and defectors on a square of cells, each playing its eight neighbours and itself.

    Collected besides the usual measures: `symmetry`, the share of cells that equal their image under a
    quarter turn. It stays 1 where one defector starts in the middle, because the rule is symmetric, and
    chance decides only between neighbours that tie, who then are of one strategy.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, symmetry=symmetry), **rest)


def symmetry(model: CoopModel) -> float:
    """Share of cells that equal their image under a quarter turn; NaN unless the cells form a square."""
    strategy = model.snapshot().strategy[0]
    side = math.isqrt(len(strategy))
    if side * side != len(strategy) or model.declared.network.graph.kind not in ("torus", "lattice"):
        return float("nan")
    square = strategy.reshape(side, side)
    return float(np.mean(square == np.rot90(square)))
