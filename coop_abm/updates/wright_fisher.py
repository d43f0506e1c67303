"""Wright-Fisher: the whole population is replaced at once."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.updates.base import Mapped


class WrightFisher(Mapped):
    """Everybody dies, and every place is filled by offspring of a parent drawn from the whole population.

    Parents are drawn with replacement, in proportion to fitness. Where one meets may follow a graph, but
    offspring go anywhere, so a graph alone never helps. With families (``kin.channel = descent``) the
    places of a family are filled by relatives.

    Names: Wright-Fisher process [Ewens2004, ImhofNowak2006].
    """

    title = "Wright-Fisher"
    references = ("ImhofNowak2006", "Ewens2004")
    synchronous = True
    generational = True
    births = True

    kind: Literal["wright_fisher"] = "wright_fisher"

    def reproductive_value(self, strength: np.ndarray) -> np.ndarray:
        return np.full(len(strength), 1.0 / len(strength))
