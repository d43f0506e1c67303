"""The lattice: a square grid with borders."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.structures import grid
from coop_abm.structures.graph import Graph, from_edges

SHORTEST = 2  # a single row is a path


class Lattice(Part):
    """A lattice of rows x columns with fixed borders: whoever stands there has fewer neighbours.

    Node r * columns + c stands in row r and column c. Inside it has 4 neighbours (von Neumann) or 8
    (Moore, with the diagonals).

    References
    ----------
    NowakMay1992
    """

    title: ClassVar[str] = "lattice"
    references: ClassVar[tuple[str, ...]] = ("NowakMay1992",)
    #: Are opposite borders joined?
    joined: ClassVar[bool] = False

    kind: Literal["lattice"] = "lattice"
    neighbours: Literal[4, 8] = knob(4, "Neighbours", help="4 without the diagonals, 8 with them; fewer at borders")
    rows: int = knob(0, "Rows", low=0, step=1, help="rows of the lattice; 0 takes the most square one")

    def shape(self, size: int) -> tuple[int, int]:
        """(rows, columns) of the lattice of `size` nodes.

        Raises
        ------
        GraphError
            if size is not rows x columns with both at least 2
        """
        return grid.shape(size, self.rows, SHORTEST, "lattice")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have. Raises GraphError as `shape` does."""
        self.shape(size)

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        rows, columns = self.shape(size)
        pairs = []
        for row, column in grid.ahead(rows, columns, self.neighbours):
            inside = (row < rows) & (column >= 0) & (column < columns)
            pairs.append(np.column_stack([np.flatnonzero(inside), (row * columns + column)[inside]]))
        return from_edges(size, np.concatenate(pairs))
