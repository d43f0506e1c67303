"""The leading eight: the norms under which cooperation among discriminators is stable."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.core.part import knob
from coop_abm.norms.base import Norm

#: Where the eight differ: what becomes of a good donor that helps a bad recipient, of a bad donor that
#: helps a bad recipient, and of a bad donor that refuses a bad recipient; 1 good, 0 bad.
OPEN_CASES = ((1, 1, 0), (0, 1, 0), (1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 0, 1), (1, 0, 0), (0, 0, 0))


class LeadingEight(Norm):
    """The norms L1 to L8, which agree on five of eight cases and differ in three.

    Helping somebody good is good, refusing somebody good is bad, and a good individual may refuse
    somebody bad. L3 is simple standing, L6 stern judging, L7 staying, L8 judging. Under L1 and L2 a bad
    individual should help even a bad one (strategy ``or_discriminator``); under the others a plain ``discriminator``
    acts as the norm asks.

    Names: leading eight, L1 (standing), L2 (consistent standing), L3 to L8 [OhtsukiIwasa2004, Hilbe2018].
    """

    title = "leading eight"
    references = ("OhtsukiIwasa2004", "Hilbe2018")
    kind: Literal["leading_eight"] = "leading_eight"
    number: int = knob(6, "number", low=1, high=8, step=1, help="which of the leading eight: 1 is L1, 8 is L8")

    def table(self) -> np.ndarray:
        good_helps_bad, bad_helps_bad, bad_refuses_bad = OPEN_CASES[self.number - 1]
        judged = np.empty((2, 2, 2), np.int64)
        judged[:, 1] = 1, 0  # toward somebody good: help is good, refusal bad
        judged[1, 0] = good_helps_bad, 1
        judged[0, 0] = bad_helps_bad, bad_refuses_bad
        return judged
