"""The torus: a square lattice without borders."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.structures import grid
from coop_abm.structures.graph import Graph, regular_rows

# With fewer than 3 rows or columns the neighbour to the left is the neighbour to the right.
SHORTEST = 3


class Torus(Part):
    """A lattice of rows x columns whose opposite borders are joined.

    Node r * columns + c stands in row r and column c. It has 4 neighbours (von Neumann) or 8 (Moore,
    with the diagonals).

    References
    ----------
    NowakMay1992
    """

    title: ClassVar[str] = "torus"
    references: ClassVar[tuple[str, ...]] = ("NowakMay1992",)
    #: Are opposite borders joined?
    joined: ClassVar[bool] = True

    kind: Literal["torus"] = "torus"
    neighbours: Literal[4, 8] = knob(4, "Neighbours", help="4 without the diagonals, 8 with them")
    rows: int = knob(0, "Rows", low=0, step=1, help="rows of the lattice; 0 takes the most square one")

    def shape(self, size: int) -> tuple[int, int]:
        """(rows, columns) of the lattice of `size` nodes.

        Raises
        ------
        GraphError
            if size is not rows x columns with both at least 3
        """
        return grid.shape(size, self.rows, SHORTEST, "torus")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have. Raises GraphError as `shape` does."""
        self.shape(size)

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        here = np.arange(size, dtype=np.int32).reshape(self.shape(size))
        ahead = [(0, 1), (1, 0), (1, 1), (1, -1)][: self.neighbours // 2]
        around = np.empty((size, self.neighbours), np.int32)
        for at, (down, right) in enumerate([*ahead, *((-down, -right) for down, right in ahead)]):
            around[:, at] = np.roll(here, (down, right), (0, 1)).ravel()
        return regular_rows(around)
