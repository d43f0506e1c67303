"""Payoffs that have been played with language models, by the names of game and level.

The numbers are those of FAIRGAME [Buscemi2025] and of its successors [Huynh2025, Huynh2026]. Their prisoner's
dilemma is told in penalties, so it stands here with negative payoffs; the other games are told in rewards. The one
of level `rewarded`, which is scaled by 0.1, 1 and 10, has the same numbers with the roles that they have as rewards.
"""

from __future__ import annotations

from coop_abm.games.base import Game
from coop_abm.games.matrix import Assurance, BattleOfTheSexes, Harmony, PrisonersDilemma, Snowdrift
from coop_abm.games.public_goods import PublicGoods

PUBLISHED: dict[str, dict[str, Game | PublicGoods]] = {
    "pd": {
        "mild": PrisonersDilemma(temptation=0.0, reward=-2.0, punishment=-8.0, sucker=-10.0),
        "conventional": PrisonersDilemma(temptation=0.0, reward=-2.0, punishment=-6.0, sucker=-10.0),
        "harsh": PrisonersDilemma(temptation=0.0, reward=-5.0, punishment=-8.0, sucker=-10.0),
        "rewarded": PrisonersDilemma(temptation=10.0, reward=6.0, punishment=2.0, sucker=0.0),
    },
    "stag_hunt": {"conventional": Assurance(reward=8.0, temptation=6.0, punishment=4.0, sucker=0.0)},
    "snowdrift": {"conventional": Snowdrift(benefit=10.0, cost=8.0)},
    "harmony": {"conventional": Harmony(reward=10.0, temptation=4.0, punishment=2.0, sucker=6.0)},
    "battle_of_the_sexes": {"conventional": BattleOfTheSexes(favourite=10.0, second=7.0, apart=0.0)},
    # Of the public goods game no factor is published; 1.5 is the one of many experiments with people [Ledyard1995].
    "public_goods": {
        "conventional": PublicGoods(members=3, contribution=10.0, factor=1.5),
        "generous": PublicGoods(members=3, contribution=10.0, factor=2.4),
    },
}
