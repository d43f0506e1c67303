"""Games: who gets what.

To add a game, write one file with a :class:`~coop_abm.games.base.Game` in it and add the class to
the line below.
"""

from coop_abm.core.part import one_of
from coop_abm.games.base import Game
from coop_abm.games.matrix import Donation, Harmony, PrisonersDilemma, Snowdrift, StagHunt

KINDS = (Donation, PrisonersDilemma, Snowdrift, StagHunt, Harmony)

AnyGame = one_of(*KINDS)

__all__ = ["KINDS", "AnyGame", "Game", *(kind.__name__ for kind in KINDS)]
