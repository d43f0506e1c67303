"""Image scoring: whoever helps has a good name, whoever refuses a bad one.

>>> model = ImageScoring(rng=1)
>>> model.run_for(50)
>>> model.observed["cooperation"], model.observed["cooperators"]
(1.0, 1.0)
"""

from __future__ import annotations

from typing import Any

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import also

SCENARIO = named("image_scoring")


class ImageScoring(CoopModel):
    """Discriminators, unconditional helpers and defectors who know each other's last deed.

    Collected besides the usual measures: `disgraced`, the share of discriminators in bad standing. They lose
    their name by refusing somebody who had lost it.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, disgraced=disgraced), **rest)


def disgraced(model: CoopModel) -> float:
    """Share of those who hold the first strategy of the scenario and are in bad standing; NaN if nobody holds it."""
    now = model.snapshot()
    theirs = now.standing[0][(now.strategy[0] == 0) & (now.alive[0] == 1)]
    return float((theirs == 0).mean()) if len(theirs) else float("nan")
