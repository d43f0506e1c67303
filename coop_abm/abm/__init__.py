"""The Mesa face: a world as a ``mesa.Model``, its individuals as Mesa agents.

>>> from coop_abm.abm import CoopModel
>>> model = CoopModel("network", rng=1, game__benefit=6)
>>> model.run_for(3)
>>> sorted({agent.strategy for agent in model.agents})
['alld', 'reciprocator']
"""

from coop_abm.abm.agent import CoopAgent
from coop_abm.abm.model import CoopModel
from coop_abm.abm.policy import AgentView
from coop_abm.abm.reporters import AGENT_REPORTERS
from coop_abm.abm.staged import StagedModel

__all__ = ["AGENT_REPORTERS", "AgentView", "CoopAgent", "CoopModel", "StagedModel"]
