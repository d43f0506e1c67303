"""Rule agents and language models on one graph, who remember partners and know each other's standing.

>>> model = LlmOnAGraph(rng=1)
>>> model.run_for(2)
>>> modelled(model)
0.525
>>> model.close()
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.policies.means import Means
from coop_abm.scenario.files import load
from coop_abm.scenario.minds import models_in
from models.reporters import also

SCENARIO = load(Path(__file__).with_name("scenario.toml"))


class LlmOnAGraph(CoopModel):
    """Tit-for-tat and defectors by the table, and two players that a model decides for, on a small world.

    Collected besides the usual measures: `modelled`, the share of those alive for whom a language model
    decides. Without `means` of your own nothing that was said is kept.
    """

    default = SCENARIO

    def __init__(
        self, scenario: Any = None, *, model_reporters: Reporters = None, means: Means | None = None, **rest: Any
    ):
        super().__init__(
            scenario, model_reporters=also(model_reporters, modelled=modelled),
            means=means or Means(mode="off", transport="slim"), **rest,
        )  # fmt: skip


def modelled(model: CoopModel) -> float:
    """Share of those alive who hold an entry for which a language model decides, or a stand-in in its place."""
    asked = np.array([bool(models_in(mind)) for _strategy, mind in model.declared.inherited])
    now = model.snapshot()
    return float(asked[now.strategy[0][now.alive[0] == 1]].mean())
