"""The wheel: a cycle around a hub."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part
from coop_abm.structures.graph import Graph, from_edges

SMALLEST = 4  # three on the rim; with fewer there is no cycle


class Wheel(Part):
    """Node 0 is the hub and is joined to all others, which form a cycle, the rim.

    Everybody on the rim is two steps from everybody else, so the critical ratio is far above the mean
    number of neighbours.

    References
    ----------
    Allen2017
    """

    title: ClassVar[str] = "wheel"
    references: ClassVar[tuple[str, ...]] = ("Allen2017",)

    kind: Literal["wheel"] = "wheel"

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size < 4
        """
        if size < SMALLEST:
            raise GraphError(f"network.graph: a wheel needs at least {SMALLEST} individuals; got {size}")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        rim = np.arange(1, size)
        spokes = np.column_stack([np.zeros_like(rim), rim])
        return from_edges(size, np.concatenate([spokes, np.column_stack([rim, np.roll(rim, -1)])]))
