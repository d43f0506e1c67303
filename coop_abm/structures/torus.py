"""The torus: a square lattice without borders."""

from __future__ import annotations

import math
from itertools import count
from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
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
        if self.rows:
            if self.rows < SHORTEST or size % self.rows or size // self.rows < SHORTEST:
                raise GraphError(
                    f"network.graph.rows: must be at least 3 and divide the number of individuals, {size}, "
                    f"into at least 3 columns; got {self.rows}"
                )
            return self.rows, size // self.rows
        rows = _most_square(size)
        if not rows:
            near = next(n for n in count(max(size, SHORTEST**2)) if _most_square(n))
            raise GraphError(
                "network.graph: a torus needs rows x columns individuals, both at least 3; "
                f"got {size}, the next possible number is {near}"
            )
        return rows, size // rows

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have. Raises GraphError as `shape` does."""
        self.shape(size)

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        rows, columns = self.shape(size)
        row, column = np.divmod(np.arange(size), columns)
        # Half of the neighbours of each node; the other half count it among theirs.
        ahead = [(0, 1), (1, 0), (1, 1), (1, -1)][: self.neighbours // 2]
        there = [(row + down) % rows * columns + (column + right) % columns for down, right in ahead]
        return from_edges(size, np.concatenate([np.column_stack([np.arange(size), n]) for n in there]))


def _most_square(size: int) -> int:
    """The number of rows nearest below the square root that divides `size`; 0 if there is none."""
    return next((n for n in range(math.isqrt(max(size, 0)), SHORTEST - 1, -1) if size % n == 0), 0)
