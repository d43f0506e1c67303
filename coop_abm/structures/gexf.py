"""GEXF, the format of Gephi, read as a stream of elements."""

from __future__ import annotations

import re

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits, markup
from coop_abm.structures.collected import Collected
from coop_abm.structures.graph import Graph

_NUMERIC = ("byte", "short", "integer", "long", "float", "double", "bigdecimal", "biginteger")
_TIMES = {"start", "startopen", "end", "endopen", "timestamp", "timestamps", "intervals", "timeset"}


def read_gexf(text: str, weight: str | None) -> Graph:
    """The graph of a GEXF document; nodes are numbered in the order of the file.

    The weight of an edge is its ``weight`` where that is what is asked for, else the value of its
    attribute of that title. Nodes are named by their labels where these tell them apart, else by
    their ids; names stay text.

    Raises
    ------
    GraphError
        if the document cannot be used: also where it changes in time or nests nodes
    """
    reader = _Reader(weight)
    markup.read(text.encode(), reader)
    if not reader.graphs:
        raise GraphError("must hold one graph; got none")
    return reader.found.graph(weight, default=reader.default, labels=reader.labels)


class _Reader(markup.Listener):
    """What the elements of GEXF mean."""

    root = "gexf"
    # Not what hangs below: the colours and places of .../viz.
    namespace = re.compile(r"https?://(?:www\.)?gexf\.net/[^/]+|http://www\.gephi\.org/gexf")

    def __init__(self, weight: str | None) -> None:
        super().__init__()
        self.weight = weight
        self.found = Collected()
        self.labels: list[str | None] = []
        self.graphs = 0
        self.type = "undirected"  # of edges that do not state theirs
        self.about = ""  # what the open block of attributes is about
        self.keys: set[str] = set()  # of edge attributes, all that are declared
        self.key: str | None = None  # the one of the edge weight
        self.declaring = False
        self.default: str | None = None

    def heard(self, name: str, text: str) -> None:
        self.default = text

    def on_graph(self, attributes: dict[str, str]) -> None:
        self.graphs += 1
        if len(self.path) > 2:
            raise GraphError("nested graphs are not supported; one flat graph is needed")
        if self.graphs > 1:
            raise GraphError("must hold one graph; got several")
        if attributes.get("mode", "static") != "static":
            raise GraphError(f"must be static, not change in time; got mode {quoted(attributes['mode'])}")
        self.type = attributes.get("defaultedgetype", "undirected")

    def on_attributes(self, attributes: dict[str, str]) -> None:
        self.about = attributes.get("class", "")

    def on_attribute(self, attributes: dict[str, str]) -> None:
        self.declaring = False
        if self.about != "edge" or self.path[-2:] != ["attributes", "attribute"]:
            return
        key = attributes.get("id", "")
        self.keys.add(key)
        if self.weight is None or attributes.get("title") != self.weight:
            return
        if self.key is not None:
            raise GraphError(f"the edge attribute {quoted(self.weight)} is declared twice")
        kind = attributes.get("type", "double")
        if kind not in _NUMERIC:
            raise GraphError(f"edge weights must be numbers; {quoted(self.weight)} is declared as {quoted(kind)}")
        self.key = key
        self.declaring = True

    def on_default(self, _attributes: dict[str, str]) -> None:
        if self.declaring and self.path[-2:] == ["attribute", "default"]:
            self.listen()

    def on_node(self, attributes: dict[str, str]) -> None:
        name = limits.checked_label(attributes.get("id", ""), "node")
        if self.path[:-1] != ["gexf", "graph", "nodes"] or "pid" in attributes:
            raise GraphError(f"node {quoted(name)} must stand in the nodes of the graph, not below another node")
        self.timeless(attributes, f"node {quoted(name)}")
        self.found.node(name)
        self.labels.append(attributes.get("label"))

    def on_edge(self, attributes: dict[str, str]) -> None:
        if self.path[:-1] != ["gexf", "graph", "edges"]:
            raise GraphError("edges must stand in the edges of the graph")
        one, other = (limits.checked_label(attributes.get(end, ""), "edge") for end in ("source", "target"))
        kind = attributes.get("type", self.type)
        if kind != "undirected":
            raise GraphError(f"edges must be undirected; {quoted(one, 20)} - {quoted(other, 20)} is {quoted(kind)}")
        self.found.edge(one, other, attributes.get("weight") if self.weight == "weight" else None)
        self.timeless(attributes, self.found.words(-1))

    def on_attvalue(self, attributes: dict[str, str]) -> None:
        if self.path[-3:] != ["edge", "attvalues", "attvalue"]:
            return
        key = attributes.get("for", "")
        if key not in self.keys:
            raise GraphError(f"{self.found.words(-1)}: a value must be for a declared attribute; got {quoted(key)}")
        if key == self.key:
            self.timeless(attributes, self.found.words(-1))
            self.found.weigh(attributes.get("value", ""))

    def on_spells(self, _attributes: dict[str, str]) -> None:
        raise GraphError("must be static, not change in time; it has spells")

    def on_parents(self, _attributes: dict[str, str]) -> None:
        raise GraphError("nodes must not stand below each other; it has parents")

    def timeless(self, attributes: dict[str, str], where: str) -> None:
        """Refuse what holds for a time only."""
        times = sorted(_TIMES & attributes.keys())
        if times:
            raise GraphError(f"{where} must not change in time; it has {quoted(times[0])}")

    opened = {
        "graph": on_graph,
        "attributes": on_attributes,
        "attribute": on_attribute,
        "default": on_default,
        "node": on_node,
        "edge": on_edge,
        "attvalue": on_attvalue,
        "spells": on_spells,
        "parents": on_parents,
    }
