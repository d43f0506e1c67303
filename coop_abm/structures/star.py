"""The star: one hub, and leaves that know only the hub."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part
from coop_abm.structures.graph import Graph, from_edges


class Star(Part):
    """Node 0 is the hub and is joined to all others, the leaves.

    References
    ----------
    LiebermanHauertNowak2005
    """

    title: ClassVar[str] = "star"
    references: ClassVar[tuple[str, ...]] = ("LiebermanHauertNowak2005",)

    kind: Literal["star"] = "star"

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size < 2
        """
        if size < 2:
            raise GraphError(f"network.graph: a star needs at least 2 individuals; got {size}")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        leaves = np.arange(1, size)
        return from_edges(size, np.column_stack([np.zeros_like(leaves), leaves]))
