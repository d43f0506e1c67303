"""The five rules, each an answer to one question of the round (read ``base.py`` first)."""

from coop_abm.mechanisms.base import Answers, Mechanism, expected_matrix, neutral
from coop_abm.mechanisms.direct import Direct
from coop_abm.mechanisms.group import Group
from coop_abm.mechanisms.indirect import Indirect
from coop_abm.mechanisms.kin import Kin
from coop_abm.mechanisms.network import Network

#: In the order in which they answer: groups read the network.
RULES = {"kin": Kin, "direct": Direct, "indirect": Indirect, "network": Network, "group": Group}

__all__ = [
    "RULES", "Answers", "Direct", "Group", "Indirect", "Kin", "Mechanism", "Network", "expected_matrix", "neutral",
]  # fmt: skip
