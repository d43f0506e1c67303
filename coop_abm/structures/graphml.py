"""GraphML, read as a stream of elements: no document type, no entities, no tree in memory."""

from __future__ import annotations

import re

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits
from coop_abm.structures.graph import Graph, from_named

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"'>]{1,40})["']""")
_NUMERIC = ("int", "long", "float", "double")


def read_graphml(data: bytes, weight: str | None) -> Graph:
    """The graph of a GraphML document in UTF-8; nodes are numbered in the order of the file.

    Of the data behind edges only a number whose key has ``attr.name`` equal to `weight` is read.
    Node names stay text.

    Raises
    ------
    GraphError
        if the document cannot be used
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, XMLParser

    declared = _DECLARED.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise GraphError(f"must be UTF-8; it declares {quoted(declared[1].decode('latin-1'))}")
    # One tag of many megabytes costs forty times its size before any handler could refuse it.
    for start in range(0, len(data) - limits.STRETCH + 1, limits.STRETCH):
        if data.find(b"<", start, start + limits.STRETCH) < 0:
            raise GraphError(f"must have no tag or text of {limits.STRETCH} bytes and more")
    reader = _Reader(weight)
    parser = XMLParser(target=reader, encoding="utf-8", forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise GraphError("must have no document type (DTD) and no entities") from error
    except ParseError as error:
        raise GraphError(f"is not well-formed XML: {quoted(str(error))[1:-1]}") from error
    return reader.graph()


class _Reader:
    """What the XML parser tells its events to."""

    def __init__(self, weight: str | None) -> None:
        self.weight = weight
        self.path: list[str] = []
        self.graphs = 0
        self.keys: set[str] = set()  # all that are declared
        self.key = ""  # the one of the edge weight
        self.declaring = False
        self.default: str | None = None
        self.listening = 0  # how deep the element stands whose text is wanted
        self.collected: list[str] = []
        self.length = 0
        self.place: dict[str, int] = {}
        self.ends: list[tuple[str, str]] = []
        self.weights: list[str | None] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        space, brace, name = tag.rpartition("}")
        if brace and not space.startswith("{http://graphml.graphdrawing.org/"):
            name = "foreign"
        if not self.path and name != "graphml":
            raise GraphError(f"must be a graphml document; got {quoted(tag)}")
        self.path.append(name)
        if len(self.path) > limits.DEPTH:
            raise GraphError(f"elements must be nested at most {limits.DEPTH} deep")
        for value in attributes.values():
            if len(value) > limits.ATTRIBUTE:
                raise GraphError(f"an attribute must have at most {limits.ATTRIBUTE} characters; got {len(value)}")
        opened = _OPENED.get(name)
        if opened is not None:
            opened(self, attributes)

    def data(self, text: str) -> None:
        if self.listening:
            self.length += len(text)
            if self.length > limits.ATTRIBUTE:
                raise GraphError(f"a value must have at most {limits.ATTRIBUTE} characters")
            self.collected.append(text)

    def end(self, tag: str) -> None:
        if len(self.path) != self.listening:
            self.path.pop()
            return
        name, text, self.listening = self.path.pop(), "".join(self.collected).strip(), 0
        if name == "default":
            self.default = text
        elif self.weights[-1] is not None:
            raise GraphError(f"{self.edge(-1)} has two weights")
        else:
            self.weights[-1] = text

    def close(self) -> None:
        return None

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
        if name in self.place:
            raise GraphError(f"node {quoted(name)} is declared twice")
        self.place[name] = len(self.place)
        limits.checked_count(len(self.place), limits.NODES, "nodes")

    def on_edge(self, attributes: dict[str, str]) -> None:
        if self.path[:-1] != ["graphml", "graph"]:
            raise GraphError("edges must stand in the graph itself")
        ends = [limits.checked_label(attributes.get(end, ""), "edge") for end in ("source", "target")]
        if attributes.get("directed", "false") != "false":
            raise GraphError(f"edges must be undirected; {quoted(ends[0])} - {quoted(ends[1])} is directed")
        self.ends.append((ends[0], ends[1]))
        self.weights.append(None)
        limits.checked_count(len(self.ends), limits.EDGES, "edges")

    def on_hyperedge(self, _attributes: dict[str, str]) -> None:
        raise GraphError("hyperedges are not supported; an edge joins two nodes")

    def on_data(self, attributes: dict[str, str]) -> None:
        key = attributes.get("key", "")
        if key not in self.keys:
            raise GraphError(f"data must name a declared key; got {quoted(key)}")
        if key == self.key and self.path[-2:] == ["edge", "data"]:
            self.listen()

    def listen(self) -> None:
        self.listening, self.collected, self.length = len(self.path), [], 0

    def edge(self, row: int) -> str:
        one, other = self.ends[row]
        return f"edge {quoted(one, 20)} - {quoted(other, 20)}"

    def graph(self) -> Graph:
        """What was read."""
        if not self.graphs:
            raise GraphError("must hold one graph; got none")
        first: list[int] = []
        second: list[int] = []
        weights: list[float | None] = []
        for row, (ends, text) in enumerate(zip(self.ends, self.weights, strict=True)):
            for column, end in zip((first, second), ends, strict=True):
                if end not in self.place:
                    raise GraphError(f"{self.edge(row)}: node {quoted(end)} is not declared")
                column.append(self.place[end])
            text = self.default if text is None else text
            weights.append(None if text is None else limits.checked_weight(text, self.edge(row)))
        return from_named(tuple(self.place), first, second, weights, self.weight)


_OPENED = {
    "key": _Reader.on_key,
    "default": _Reader.on_default,
    "graph": _Reader.on_graph,
    "node": _Reader.on_node,
    "edge": _Reader.on_edge,
    "hyperedge": _Reader.on_hyperedge,
    "data": _Reader.on_data,
}
