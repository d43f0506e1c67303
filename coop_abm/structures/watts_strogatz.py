"""The Watts-Strogatz graph: a small world between a ring and a random graph."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of, first_connected
from coop_abm.structures.graph import Graph
from coop_abm.structures.limits import few_enough


class WattsStrogatz(Part):
    """A connected ring of `degree` neighbours whose edges are rewired, each with probability `rewiring`.

    A rewired edge keeps one of its ends and gets another drawn uniformly. The mean number of
    neighbours stays `degree`.

    References
    ----------
    WattsStrogatz1998
    """

    title: ClassVar[str] = "Watts-Strogatz"
    references: ClassVar[tuple[str, ...]] = ("WattsStrogatz1998",)
    random: ClassVar[bool] = True

    kind: Literal["watts_strogatz"] = "watts_strogatz"
    degree: int = knob(4, "Neighbours", low=2, step=2, help="neighbours on the ring, half of them on each side")
    rewiring: float = knob(0.1, "Rewiring", low=0, high=1, step=0.01, help="probability that an edge is rewired")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if the degree is odd, or not below the size
        """
        if self.degree % 2:
            raise GraphError(f"network.graph.degree: must be even for a ring that is rewired; got {self.degree}")
        few_enough(size * self.degree // 2, "network.graph.degree")
        if self.degree >= size:
            raise GraphError(
                f"network.graph.degree: must be below the number of individuals, {size}; got {self.degree}"
            )

    def build(self, size: int, seed: int) -> Graph:
        """The graph of `size` nodes that `seed` draws, or the first connected one of later draws.

        Raises
        ------
        GraphError
            as `check` does, and if 100 draws give no connected graph
        """
        import networkx

        self.check(size)
        return first_connected(
            size,
            seed,
            lambda drawn: edges_of(networkx.watts_strogatz_graph(size, self.degree, self.rewiring, seed=drawn)),
            f"network.graph.degree: {self.degree} neighbours, rewiring {self.rewiring:g} and {size} individuals; "
            "must be larger, or network.graph.rewiring smaller",
        )
