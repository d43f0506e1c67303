"""Group selection: four groups of at most three that grow and split.

>>> model = GroupSelection(rng=1)
>>> model.run_for(5)
>>> model.observed["groups"], pure_groups(model) <= 4
(4.0, True)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm import CoopModel
from coop_abm.abm.reporters import Reporters
from coop_abm.scenario.library import named
from models.reporters import also

SCENARIO = named("group")


class GroupSelection(CoopModel):
    """The process of Traulsen and Nowak: defectors win inside groups, groups of cooperators grow faster.

    Collected besides the usual measures: `pure_groups`, the number of groups without a defector. Where
    splitting is rare every group is soon of one kind, and groups of cooperators compete with groups
    of defectors.
    """

    default = SCENARIO

    def __init__(self, scenario: Any = None, *, model_reporters: Reporters = None, **rest: Any):
        super().__init__(scenario, model_reporters=also(model_reporters, pure_groups=pure_groups), **rest)


def pure_groups(model: CoopModel) -> int:
    """Number of groups in which somebody lives and everybody cooperates."""
    now = model.snapshot()
    living, helps = now.alive[0] == 1, now.helper[now.strategy[0]] == 1
    return len(np.setdiff1d(now.group[0][living & helps], now.group[0][living & ~helps]))
