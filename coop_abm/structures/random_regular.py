"""The random regular graph: everybody has as many neighbours, chosen by chance."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of, first_connected
from coop_abm.structures.graph import Graph
from coop_abm.structures.limits import few_enough


class RandomRegular(Part):
    """A connected graph drawn almost uniformly among those in which each node has `degree` neighbours.

    Above half of the possible degree the graph of non-neighbours is drawn, because pairing free ends
    hardly ever succeeds there; the complement of a uniform draw is uniform.

    References
    ----------
    StegerWormald1999, KimVu2003
    """

    title: ClassVar[str] = "random regular"
    references: ClassVar[tuple[str, ...]] = ("StegerWormald1999", "KimVu2003")
    random: ClassVar[bool] = True

    kind: Literal["random_regular"] = "random_regular"
    degree: int = knob(4, "Neighbours", low=2, step=1, help="neighbours of each individual")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size x degree is odd, or the degree not below the size
        """
        few_enough(size * self.degree // 2, "network.graph.degree")
        if self.degree >= size:
            raise GraphError(
                f"network.graph.degree: must be below the number of individuals, {size}; got {self.degree}"
            )
        if size * self.degree % 2:
            raise GraphError(f"network.graph.degree: size x degree must be even; got {size} x {self.degree}")

    def build(self, size: int, seed: int) -> Graph:
        """The graph of `size` nodes that `seed` draws, or the first connected one of later draws.

        Raises
        ------
        GraphError
            as `check` does, and if 100 draws give no connected graph
        """
        self.check(size)
        return first_connected(
            size,
            seed,
            lambda drawn: self._drawn(size, drawn),
            f"network.graph.degree: {self.degree} neighbours and {size} individuals; must be larger",
        )

    def _drawn(self, size: int, seed: int) -> np.ndarray:
        """One draw, connected or not: int64 (E, 2)."""
        import networkx

        dense = self.degree > (size - 1) // 2
        degree = size - 1 - self.degree if dense else self.degree
        pairs = edges_of(networkx.random_regular_graph(degree, size, seed=seed))
        if not dense:
            return pairs
        free = np.triu(np.ones((size, size), bool), 1)
        free[pairs.min(axis=1), pairs.max(axis=1)] = False
        return np.argwhere(free)
