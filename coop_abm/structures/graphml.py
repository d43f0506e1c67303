"""GraphML, read as a stream of elements."""

from __future__ import annotations

import re

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits, markup
from coop_abm.structures.collected import Collected
from coop_abm.structures.graph import Graph

_NUMERIC = ("int", "long", "float", "double")


def read_graphml(text: str, weight: str | None) -> Graph:
    """The graph of a GraphML document; nodes are numbered in the order of the file.

    Of the data behind edges only a number whose key has ``attr.name`` equal to `weight` is read.
    Node names stay text.

    Raises
    ------
    GraphError
        if the document cannot be used
    """
    reader = _Reader(weight)
    markup.read(text.encode(), reader)
    if not reader.graphs:
        raise GraphError("must hold one graph; got none")
    return reader.found.graph(weight, default=reader.default)


class _Reader(markup.Listener):
    """What the elements of GraphML mean."""

    root = "graphml"
    namespace = re.compile(r"http://graphml\.graphdrawing\.org/.*", re.DOTALL)

    def __init__(self, weight: str | None) -> None:
        super().__init__()
        self.weight = weight
        self.found = Collected()
        self.graphs = 0
        self.keys: set[str] = set()  # all that are declared
        self.key = ""  # the one of the edge weight
        self.declaring = False
        self.default: str | None = None

    def heard(self, name: str, text: str) -> None:
        if name == "default":
            self.default = text
        else:
            self.found.weigh(text)

    def on_key(self, attributes: dict[str, str]) -> None:
        self.declaring = False
        self.keys.add(attributes.get("id", ""))
        about = attributes.get("for", "all") in ("edge", "all")
        if self.weight is None or not about or attributes.get("attr.name") != self.weight:
            return
        if self.graphs:
            raise GraphError("keys must be declared before the graph")
        if self.key:
            raise GraphError(f"the edge attribute {quoted(self.weight)} is declared twice")
        kind = attributes.get("attr.type", "double")
        if kind not in _NUMERIC:
            raise GraphError(f"edge weights must be numbers; {quoted(self.weight)} is declared as {quoted(kind)}")
        self.key = limits.checked_label(attributes.get("id", ""), "key")
        self.declaring = True

    def on_default(self, _attributes: dict[str, str]) -> None:
        if self.declaring and self.path[-2:] == ["key", "default"]:
            self.listen()

    def on_graph(self, attributes: dict[str, str]) -> None:
        self.graphs += 1
        if len(self.path) > 2:
            raise GraphError("nested graphs are not supported; one flat graph is needed")
        if self.graphs > 1:
            raise GraphError("must hold one graph; got several")
        if attributes.get("edgedefault") != "undirected":
            given = attributes.get("edgedefault", "no edgedefault")
            raise GraphError(f"must be undirected (edgedefault 'undirected'); got {quoted(given)}")

    def on_node(self, attributes: dict[str, str]) -> None:
        name = limits.checked_label(attributes.get("id", ""), "node")
        if self.path[:-1] != ["graphml", "graph"]:
            raise GraphError(f"node {quoted(name)} must stand in the graph itself")
        self.found.node(name)

    def on_edge(self, attributes: dict[str, str]) -> None:
        if self.path[:-1] != ["graphml", "graph"]:
            raise GraphError("edges must stand in the graph itself")
        one, other = (limits.checked_label(attributes.get(end, ""), "edge") for end in ("source", "target"))
        if attributes.get("directed", "false") != "false":
            raise GraphError(f"edges must be undirected; {quoted(one)} - {quoted(other)} is directed")
        self.found.edge(one, other)

    def on_hyperedge(self, _attributes: dict[str, str]) -> None:
        raise GraphError("hyperedges are not supported; an edge joins two nodes")

    def on_data(self, attributes: dict[str, str]) -> None:
        key = attributes.get("key", "")
        if key not in self.keys:
            raise GraphError(f"data must name a declared key; got {quoted(key)}")
        if key == self.key and self.path[-2:] == ["edge", "data"]:
            self.listen()

    opened = {
        "key": on_key,
        "default": on_default,
        "graph": on_graph,
        "node": on_node,
        "edge": on_edge,
        "hyperedge": on_hyperedge,
        "data": on_data,
    }
