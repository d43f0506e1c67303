"""Which policy decides for whom."""

from __future__ import annotations

from coop_abm.core.errors import ScenarioError
from coop_abm.core.question import Policy
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies.table import Repertoire

_MAKERS = {"table": TableReader}


def roster(scenario: Scenario, repertoire: Repertoire) -> Policy:
    """The policy that decides for everybody in this scenario.

    Raises
    ------
    ScenarioError
        if a kind of policy is asked for that this version cannot run
    """
    kinds = {entry.policy for entry in scenario.players}
    for kind in sorted(kinds - _MAKERS.keys()):
        raise ScenarioError(f"players.policy must be one of {', '.join(_MAKERS)}; got {kind!r}")
    return _MAKERS["table"](repertoire)
