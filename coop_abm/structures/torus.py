"""The torus: a square lattice without borders."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.structures import grid
from coop_abm.structures.graph import Graph, from_edges

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
        rows, columns = self.shape(size)
        pairs = [
            np.column_stack([np.arange(size), row % rows * columns + column % columns])
            for row, column in grid.ahead(rows, columns, self.neighbours)
        ]
        return from_edges(size, np.concatenate(pairs))

    def around(self, size: int) -> np.ndarray:
        """int64 (size, neighbours): neighbours of each node as one reads, row by row from the upper left."""
        rows, columns = self.shape(size)
        row, column = np.divmod(np.arange(size), columns)
        steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]
        near = [(d, r) for d, r in steps if self.neighbours == 8 or d == 0 or r == 0]
        return np.column_stack([(row + d) % rows * columns + (column + r) % columns for d, r in near])
