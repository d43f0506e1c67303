"""The tree: everybody below somebody, and nothing across."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.graph import Graph, from_edges


class Tree(Part):
    """A tree filled level by level: each node but the last few has `branching` nodes below it.

    Node 0 is the root, and node i > 0 hangs below node (i - 1) // branching.

    References
    ----------
    Allen2017
    """

    title: ClassVar[str] = "tree"
    references: ClassVar[tuple[str, ...]] = ("Allen2017",)

    kind: Literal["tree"] = "tree"
    branching: int = knob(2, "Branching", low=1, step=1, help="nodes below each node; 1 is a path")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size < 2, or the branching not below the size
        """
        if size < 2:
            raise GraphError(f"network.graph: a tree needs at least 2 individuals; got {size}")
        if self.branching >= size:
            raise GraphError(
                f"network.graph.branching: must be below the number of individuals, {size}; got {self.branching}"
            )

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        below = np.arange(1, size)
        return from_edges(size, np.column_stack([(below - 1) // self.branching, below]))
