"""The ring: individuals on a circle."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.graph import Graph, regular_rows
from coop_abm.structures.limits import few_enough


class Ring(Part):
    """A circle where each node is joined to the nearest degree / 2 nodes on each side.

    With degree 2 this is the cycle.

    References
    ----------
    OhtsukiNowak2006
    """

    title: ClassVar[str] = "ring"
    references: ClassVar[tuple[str, ...]] = ("OhtsukiNowak2006",)

    kind: Literal["ring"] = "ring"
    degree: int = knob(2, "Neighbours", low=2, step=2, help="neighbours of each individual, half of them on each side")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if the degree is odd, or not below the size
        """
        if self.degree % 2:
            raise GraphError(f"network.graph.degree: must be even for a ring; got {self.degree}")
        few_enough(size * self.degree // 2, "network.graph.degree")
        if self.degree >= size:
            raise GraphError(
                f"network.graph.degree: must be below the number of individuals, {size}; got {self.degree}"
            )

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        around = np.empty((size, self.degree), np.int32)
        for step in range(1, self.degree // 2 + 1):
            around[:, 2 * step - 2] = np.roll(np.arange(size, dtype=np.int32), step)
            around[:, 2 * step - 1] = np.roll(np.arange(size, dtype=np.int32), -step)
        return regular_rows(around)
