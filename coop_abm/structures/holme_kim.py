"""The Holme-Kim graph: hubs, and friends of friends who are friends."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of
from coop_abm.structures.graph import Graph, from_edges
from coop_abm.structures.limits import few_enough


class HolmeKim(Part):
    """Preferential attachment where each link after the first closes a triangle with probability `triangles`.

    A new node may draw somebody it is joined to already, so it has at most `links` links of its own.

    Names: Holme-Kim model, powerlaw cluster graph [HolmeKim2002].

    References
    ----------
    HolmeKim2002
    """

    title: ClassVar[str] = "Holme-Kim"
    references: ClassVar[tuple[str, ...]] = ("HolmeKim2002",)
    random: ClassVar[bool] = True

    kind: Literal["holme_kim"] = "holme_kim"
    links: int = knob(2, "Links m", low=1, step=1, help="neighbours that each new individual seeks when it arrives")
    triangles: float = knob(
        0.5, "Triangles", low=0, high=1, step=0.05, help="probability that a link goes to a neighbour of the last one"
    )

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
        drawn = networkx.powerlaw_cluster_graph(size, self.links, self.triangles, seed=seed)
        return from_edges(size, edges_of(drawn))
