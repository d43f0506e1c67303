"""Games: who gets what.

To add a game, write one file with a :class:`~coop_abm.games.base.Game` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.games.base import Game
from coop_abm.games.matrix import (
    Assurance,
    BattleOfTheSexes,
    Donation,
    Harmony,
    PrisonersDilemma,
    Snowdrift,
    StagHunt,
)
from coop_abm.games.public_goods import PublicGoods

KINDS = kinds_in(globals(), Game)

AnyGame = one_of(*KINDS)
#: What can be played again and again by the same few: games of two, and those of more.
AnyStageGame = one_of(*KINDS, PublicGoods)

__all__ = ["KINDS", "AnyGame", "AnyStageGame", "Game", "PublicGoods", *(kind.__name__ for kind in KINDS)]
