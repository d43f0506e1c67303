"""What every game has: named actions and what they pay."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from coop_abm.core.part import Part

#: Row and column order of every payoff matrix and every action array.
COOPERATE, DEFECT = 0, 1


class Game(Part):
    """A symmetric game of two players and two actions."""

    actions: ClassVar[tuple[str, str]] = ("cooperate", "defect")
    #: How many play one round of it.
    seats: ClassVar[int] = 2

    def payoffs(self) -> np.ndarray:
        """float (2, 2): payoff of one turn to the own action (row) against the partner's (column).

        Action 0 is to cooperate, action 1 to defect.
        """
        raise NotImplementedError

    @property
    def has_ratio(self) -> bool:
        """Does the game have a benefit and a cost, so that a critical ratio can be asked for?"""
        return {"benefit", "cost"} <= type(self).model_fields.keys()

    def by_helpers(self) -> np.ndarray:
        """float (2, seats): payoff of one turn to the own action (row) where so many of the others cooperate."""
        return self.payoffs()[:, ::-1].copy()
