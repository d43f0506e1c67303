"""Games: who gets what.

To add a game, write one file with a :class:`~coop_abm.games.base.Game` in it and import
the class here: one file, one line.
"""

from coop_abm.core.part import kinds_in, one_of
from coop_abm.games.base import Game
from coop_abm.games.matrix import Donation, Harmony, PrisonersDilemma, Snowdrift, StagHunt

KINDS = kinds_in(globals(), Game)

AnyGame = one_of(*KINDS)

__all__ = ["KINDS", "AnyGame", "Game", *(kind.__name__ for kind in KINDS)]
