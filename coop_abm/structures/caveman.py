"""The connected caveman graph: cliques on a circle."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of
from coop_abm.structures.graph import Graph, from_edges
from coop_abm.structures.limits import few_enough


class Caveman(Part):
    """Cliques of `clique` nodes, the caves; one edge of each is turned to the next cave on a circle.

    Cave j holds the nodes j * clique to (j + 1) * clique - 1.

    References
    ----------
    Watts1999
    """

    title: ClassVar[str] = "connected caveman"
    references: ClassVar[tuple[str, ...]] = ("Watts1999",)

    kind: Literal["caveman"] = "caveman"
    # Of two nodes the only edge would be turned away, and the caves fall apart.
    clique: int = knob(4, "Clique", low=3, step=1, help="individuals in each cave, all of them neighbours")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if size is not at least two cliques
        """
        if size % self.clique or size < 2 * self.clique:
            raise GraphError(
                f"network.graph.clique: must divide the number of individuals, {size}, into at least 2 cliques; "
                f"got {self.clique}"
            )
        few_enough(size * (self.clique - 1) // 2, "network.graph.clique")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        import networkx

        self.check(size)
        return from_edges(size, edges_of(networkx.connected_caveman_graph(size // self.clique, self.clique)))
