"""What a reader of a graph file has found so far: nodes by name, edges between names."""

from __future__ import annotations

from collections.abc import Sequence

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits
from coop_abm.structures.graph import Graph, from_named


class Collected:
    """Nodes and edges in the order of the file; an edge may come before its nodes.

    place   : name of each node -> its number
    ends    : the two names of each edge
    weights : the weight of each edge as text, None where it states none
    """

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.ends: list[tuple[str, str]] = []
        self.weights: list[str | None] = []

    def node(self, name: str) -> None:
        """One more node. Raises GraphError if it is there already, or too many are."""
        if name in self.place:
            raise GraphError(f"node {quoted(name)} is declared twice")
        self.place[name] = len(self.place)
        limits.checked_count(len(self.place), limits.NODES, "nodes")

    def edge(self, one: str, other: str, weight: str | None = None) -> None:
        """One more edge. Raises GraphError if too many are."""
        self.ends.append((one, other))
        self.weights.append(weight)
        limits.checked_count(len(self.ends), limits.EDGES, "edges")

    def weigh(self, weight: str) -> None:
        """The weight of the last edge. Raises GraphError if it has one already."""
        if self.weights[-1] is not None:
            raise GraphError(f"{self.words(-1)} has two weights")
        self.weights[-1] = weight

    def words(self, row: int) -> str:
        """An edge as errors name it."""
        one, other = self.ends[row]
        return f"edge {quoted(one, 20)} - {quoted(other, 20)}"

    def graph(self, attribute: str | None, *, default: str | None = None, labels: Sequence[str | None] = ()) -> Graph:
        """The graph that was found.

        Parameters
        ----------
        attribute : name of the weight, None for no weights
        default   : weight of the edges that state none
        labels    : what nodes are called beside their names, None for those that are not; used where
                    they tell all nodes apart, and a note says where they do not

        Raises
        ------
        GraphError
            if an edge has an end that is no node, and as `from_named` does
        """
        first: list[int] = []
        second: list[int] = []
        weights: list[float | None] = []
        for row, (ends, text) in enumerate(zip(self.ends, self.weights, strict=True)):
            for column, end in zip((first, second), ends, strict=True):
                if end not in self.place:
                    raise GraphError(f"{self.words(row)}: node {quoted(end)} is not declared")
                column.append(self.place[end])
            text = default if text is None else text
            weights.append(None if text is None else limits.checked_weight(text, self.words(row)))
        names, notes = tuple(self.place), []
        if any(label is not None for label in labels):
            fault = _fault(labels)
            names = names if fault else tuple(str(label) for label in labels)
            notes = [f"labels of nodes {fault}, so their ids are used"] if fault else []
        graph = from_named(names, first, second, weights, attribute)
        return graph._replace(notes=(*notes, *graph.notes))


def _fault(labels: Sequence[str | None]) -> str:
    """Why labels cannot be the names of nodes; empty if they can."""
    if None in labels:
        return "are missing in places"
    if len(set(labels)) < len(labels):
        return "repeat"
    try:
        for label in labels:
            limits.checked_label(str(label), "label")
    except GraphError:
        return "are not all one line of at most 256 characters"
    return ""
