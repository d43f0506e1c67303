"""Square lattices: rows x columns, with borders or without."""

from __future__ import annotations

import math
from itertools import count

import numpy as np

from coop_abm.core.errors import GraphError


def shape(size: int, rows: int, shortest: int, name: str) -> tuple[int, int]:
    """(rows, columns) of a lattice of `size` nodes.

    Parameters
    ----------
    rows     : the number of rows, 0 for the most square lattice
    shortest : the least number of rows and of columns
    name     : what the lattice is called in an error

    Raises
    ------
    GraphError
        if size is not rows x columns with both at least `shortest`
    """
    if rows:
        if rows < shortest or size % rows or size // rows < shortest:
            raise GraphError(
                f"network.graph.rows: must be at least {shortest} and divide the number of individuals, {size}, "
                f"into at least {shortest} columns; got {rows}"
            )
        return rows, size // rows
    rows = _most_square(size, shortest)
    if not rows:
        near = next(n for n in count(max(size, shortest**2)) if _most_square(n, shortest))
        raise GraphError(
            f"network.graph: a {name} needs rows x columns individuals, both at least {shortest}; "
            f"got {size}, the next possible number is {near}"
        )
    return rows, size // rows


def ahead(rows: int, columns: int, neighbours: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row and column of half of the neighbours of each node, int64 (N,), borders not yet looked at.

    Node r * columns + c stands in row r and column c. The other half count it among theirs, so each
    edge of a lattice of 4 or 8 neighbours comes once.
    """
    row, column = np.divmod(np.arange(rows * columns), columns)
    steps = [(0, 1), (1, 0), (1, 1), (1, -1)][: neighbours // 2]
    return [(row + down, column + right) for down, right in steps]


def _most_square(size: int, shortest: int) -> int:
    """The number of rows nearest below the square root that divides `size`; 0 if there is none."""
    return next((n for n in range(math.isqrt(max(size, 0)), shortest - 1, -1) if size % n == 0), 0)
