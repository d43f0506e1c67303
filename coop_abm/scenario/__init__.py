"""A world, declared once: knobs, files, digest, named scenarios, what theory expects."""

from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario

__all__ = ["Players", "Scenario"]
