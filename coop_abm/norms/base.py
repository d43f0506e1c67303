"""What every norm has: a table over who did what to whom."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.part import Part


class Norm(Part):
    """An assessment rule: (standing of the donor, standing of the recipient, action) -> new standing."""

    #: Is standing what an individual is, rather than what it did?
    innate: ClassVar[bool] = False

    def table(self) -> np.ndarray:
        """int64 (2, 2, 2): the donor's new standing.

        Axes: donor's standing, recipient's standing (0 bad, 1 good), action (0 help, 1 refuse).
        """
        raise NotImplementedError


class ByType(Norm):
    """Standing is what the partner is: a helper of strangers is good, anybody else bad.

    This is Nowak's model of indirect reciprocity: with probability q one knows whether the partner
    is a defector, and refusing a defector never hurts one's own name.

    Names: type, q model [Nowak2006].
    """

    title = "by type"
    references = ("Nowak2006",)
    innate = True
    kind: Literal["type"] = "type"

    def table(self) -> np.ndarray:
        unchanged = np.empty((2, 2, 2), np.int64)
        unchanged[0], unchanged[1] = 0, 1
        return unchanged
