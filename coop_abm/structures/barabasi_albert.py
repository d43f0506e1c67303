"""The Barabási-Albert graph: whoever has many neighbours gets more."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of
from coop_abm.structures.graph import Graph, from_edges
from coop_abm.structures.limits import few_enough


class BarabasiAlbert(Part):
    """A graph that grows by preferential attachment, which gives it hubs (a scale-free graph).

    It starts as a star of `links` + 1 nodes; each further node is joined to `links` others, drawn in
    proportion to their number of neighbours. With one link it is a tree.

    References
    ----------
    BarabasiAlbert1999, SantosPacheco2005
    """

    title: ClassVar[str] = "Barabási-Albert"
    references: ClassVar[tuple[str, ...]] = ("BarabasiAlbert1999", "SantosPacheco2005")
    random: ClassVar[bool] = True

    kind: Literal["barabasi_albert"] = "barabasi_albert"
    links: int = knob(2, "Links m", low=1, step=1, help="neighbours that each new individual seeks when it arrives")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if the links are not below the size
        """
        few_enough(size * self.links, "network.graph.links")
        if self.links >= size:
            raise GraphError(f"network.graph.links: must be below the number of individuals, {size}; got {self.links}")

    def build(self, size: int, seed: int) -> Graph:
        """The graph of `size` nodes that `seed` draws. Raises GraphError as `check` does."""
        import networkx

        self.check(size)
        return from_edges(size, edges_of(networkx.barabasi_albert_graph(size, self.links, seed=seed)))
