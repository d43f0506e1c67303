"""The user's own graph, as data."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.graph import Graph, from_edges, from_networkx


def _rows(value: Any) -> Any:
    """Scenario files have lists where parts have tuples."""
    return tuple(_rows(item) for item in value) if isinstance(value, list | tuple) else value


class Edges(Part):
    """A given graph, edge by edge, so that a scenario is whole without the file it came from.

    ``Edges.of(graph)`` makes it from a networkx graph, or from one that `read_graph` read.
    """

    title: ClassVar[str] = "edges"
    references: ClassVar[tuple[str, ...]] = ()

    kind: Literal["edges"] = "edges"
    size: int = knob(..., "Nodes", low=2, step=1, help="number of nodes of the graph")
    edges: Annotated[tuple[tuple[int, int, float], ...], BeforeValidator(_rows)] = knob(
        ..., "Edges", help="node, node and weight of each edge; nodes are numbered from 0"
    )
    labels: Annotated[tuple[str | int, ...], BeforeValidator(_rows)] = knob(
        (), "Labels", help="names of the nodes in the order of their numbers"
    )
    source: str = knob("", "Source", help="where the graph came from")
    notes: Annotated[tuple[str, ...], BeforeValidator(_rows)] = knob(
        (), "Notes", help="what was changed when the graph was read"
    )

    @classmethod
    def of(cls, graph: Any, *, weight: str | None = "weight", source: str = "") -> Self:
        """The data of a networkx graph or a `Graph`.

        Parameters
        ----------
        graph  : networkx graph (then `weight` names the edge attribute, None for no weights) or Graph
        source : where it came from, one line

        Raises
        ------
        GraphError
            as `from_networkx`
        """
        found = graph if isinstance(graph, Graph) else from_networkx(graph, weight=weight)
        edges = tuple(zip(*(column.tolist() for column in found.edges()), strict=True))
        return cls(size=found.size, edges=edges, labels=found.labels, source=source, notes=found.notes)

    def check(self, size: int) -> None:
        """Refuse any number of nodes but that of the graph.

        Raises
        ------
        GraphError
            if `size` differs
        """
        if size != self.size:
            raise GraphError(
                f"network.graph: this graph has {self.size} nodes, so {self.size} individuals are needed; got {size}"
            )

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph itself; `seed` is not used.

        Raises
        ------
        GraphError
            as `check` and `from_edges` do
        """
        self.check(size)
        return from_edges(self.size, self.edges, self.labels, notes=self.notes)
