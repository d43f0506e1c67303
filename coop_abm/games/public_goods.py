"""The public goods game: a common pot that grows and is shared by all, whoever paid into it."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.part import Part, knob


class PublicGoods(Part):
    """Each of N puts all of c into the pot or nothing; the pot is multiplied by r and shared by all N.

    Whoever pays where k of the others pay gets r c (k + 1) / N - c, whoever does not gets r c k / N. It is a dilemma
    where 1 < r < N: to keep everything is dominant, and all would be better off if all paid. Below 1 nobody should
    pay, above N everybody gains by paying.

    It is no :class:`~coop_abm.games.base.Game`, because those are played by two.

    References
    ----------
    Ledyard1995; Huynh2025 (N = 3, c = 10, all or nothing)
    """

    title = "Public goods"
    references = ("Ledyard1995", "Huynh2025")
    actions: ClassVar[tuple[str, str]] = ("contribute", "keep")

    kind: Literal["public_goods"] = "public_goods"
    members: int = knob(3, "members N", low=2, high=20, step=1, help="who share the pot")
    contribution: float = knob(10.0, "contribution c", low=0.001, high=1e6, step=1, live=True, help="what one pays in")
    factor: float = knob(1.5, "factor r", low=0, high=1e3, step=0.1, live=True, help="by which the pot is multiplied")

    @property
    def seats(self) -> int:
        """How many play one round of it."""
        return self.members

    def by_helpers(self) -> np.ndarray:
        """float (2, N): payoff of one round to the own action (row) where so many of the others pay in."""
        share = self.factor * self.contribution / self.members
        others = np.arange(self.members)
        return np.stack([share * (others + 1) - self.contribution, share * others])
