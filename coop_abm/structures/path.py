"""The path: individuals in a line."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part
from coop_abm.structures.graph import Graph, from_edges


class Path(Part):
    """A line: each node is joined to the one before and the one after it.

    Names: path, line [BroomRychtar2008].

    References
    ----------
    BroomRychtar2008
    """

    title: ClassVar[str] = "path"
    references: ClassVar[tuple[str, ...]] = ("BroomRychtar2008",)

    kind: Literal["path"] = "path"

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size < 2
        """
        if size < 2:
            raise GraphError(f"network.graph: a path needs at least 2 individuals; got {size}")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        here = np.arange(size - 1)
        return from_edges(size, np.column_stack([here, here + 1]))
