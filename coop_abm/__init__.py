"""coop_abm: the laboratory for the evolution of cooperation.

Nowak's five rules, each switchable, any subset, on any networkx graph, measured against exact theory.

>>> import coop_abm
>>> run = coop_abm.run("kin", steps=5, seed=1)
>>> run.verdict[:60]
'b/c = 3 is above 2.064: theory says cooperation is favoured '

Everything here is reached on first use, so importing the package is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from coop_abm._version import __version__

if TYPE_CHECKING:
    from coop_abm.abm import CoopAgent, CoopModel, StagedModel
    from coop_abm.core.errors import CoopError
    from coop_abm.engine.rounds import Play
    from coop_abm.experiments.tournament import tournament
    from coop_abm.lab import Run, run, world
    from coop_abm.policies.means import Means
    from coop_abm.ratios import CriticalRatio, advise, critical_ratio, fixation, fixation_times, long_run
    from coop_abm.scenario.card import card
    from coop_abm.scenario.citation import citation, cited
    from coop_abm.scenario.expectation import Expectation, expectation
    from coop_abm.scenario.scenario import Scenario
    from coop_abm.sweeps.batch import batch_run

_HOMES = {
    "CoopAgent": "coop_abm.abm",
    "CoopError": "coop_abm.core.errors",
    "CoopModel": "coop_abm.abm",
    "CriticalRatio": "coop_abm.ratios",
    "Expectation": "coop_abm.scenario.expectation",
    "Means": "coop_abm.policies.means",
    "Play": "coop_abm.engine.rounds",
    "Run": "coop_abm.lab",
    "Scenario": "coop_abm.scenario.scenario",
    "StagedModel": "coop_abm.abm",
    "advise": "coop_abm.ratios",
    "batch_run": "coop_abm.sweeps.batch",
    "card": "coop_abm.scenario.card",
    "citation": "coop_abm.scenario.citation",
    "cited": "coop_abm.scenario.citation",
    "critical_ratio": "coop_abm.ratios",
    "expectation": "coop_abm.scenario.expectation",
    "fixation": "coop_abm.ratios",
    "fixation_times": "coop_abm.ratios",
    "long_run": "coop_abm.ratios",
    "run": "coop_abm.lab",
    "tournament": "coop_abm.experiments.tournament",
    "world": "coop_abm.lab",
}

__all__ = [
    "CoopAgent", "CoopError", "CoopModel", "CriticalRatio", "Expectation", "Means", "Play", "Run", "Scenario",
    "StagedModel", "__version__", "advise", "batch_run", "card", "citation", "cited", "critical_ratio", "expectation",
    "fixation", "fixation_times", "long_run", "run", "tournament", "world",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'coop_abm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
