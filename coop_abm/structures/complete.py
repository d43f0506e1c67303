"""The complete graph: a well-mixed population."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part
from coop_abm.structures.graph import Graph


class Complete(Part):
    """Everybody is everybody's neighbour; stored as the size alone.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """

    title: ClassVar[str] = "complete"
    references: ClassVar[tuple[str, ...]] = ("NowakSasakiTaylorFudenberg2004",)

    kind: Literal["complete"] = "complete"

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size < 2
        """
        if size < 2:
            raise GraphError(f"network.graph: a complete graph needs at least 2 individuals; got {size}")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        return Graph(size, np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
