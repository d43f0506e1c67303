"""Who is whose neighbour: one connected, weighted graph in compressed rows, undirected but for one kind.

Node i has the neighbours ``indices[indptr[i]:indptr[i + 1]]``, in ascending order, and the weights
of those edges in the same places. The complete graph is stored as its size alone, so a well-mixed
population of a million costs nothing.

A directed graph has both ends of every arrow in its rows, so that neighbourhood stays mutual, and the weight 0
where nothing goes: the weight that i gives j is how likely offspring of i is to replace j.

Anything else is refused in one line, or repaired and said: every repair is a sentence in `notes`.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import GraphError, quoted


class Graph(NamedTuple):
    """A graph without self-loops and parallel edges.

    size    : number of nodes N
    indptr  : int64 (N + 1,), where the row of each node starts; (0,) for the complete graph
    indices : int32 (2E,), neighbours of each node, ascending; (0,) for the complete graph
    weight  : float64 (2E,), weight of each edge, a pure number > 0, one number seen 2E times where all are 1;
              (0,) for the complete graph
    labels  : the user's names of nodes 0 .. N-1; () where nodes have no names
    notes   : what was changed on the way here, one sentence each
    directed : whether weights differ by direction; then a weight may be 0, one way
    """

    size: int
    indptr: np.ndarray
    indices: np.ndarray
    weight: np.ndarray
    labels: tuple[str | int, ...] = ()
    notes: tuple[str, ...] = ()
    directed: bool = False

    @property
    def complete(self) -> bool:
        """Is this the complete graph, stored as its size alone?"""
        return self.indptr.size == 0

    @property
    def degree(self) -> np.ndarray:
        """Number of neighbours of each node, int64 (N,)."""
        return np.full(self.size, self.size - 1, np.int64) if self.complete else np.diff(self.indptr)

    @property
    def mean_degree(self) -> float:
        """Average number of neighbours."""
        return float(self.size - 1) if self.complete else self.indices.size / self.size

    @property
    def weighted(self) -> bool:
        """Does any edge have a weight other than 1?"""
        return self.weight.strides != (0,) and bool(np.any(self.weight != 1.0))

    @property
    def regular(self) -> int | None:
        """The number of neighbours that all nodes have, or None where it differs."""
        if self.complete:
            return self.size - 1
        degree = self.degree
        return int(degree[0]) if np.all(degree == degree[0]) else None

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(indptr, indices, weight) as the kernels of `neighbours` read them: weight (0,) if all are 1."""
        return self.indptr, self.indices, self.weight if self.weighted else np.empty(0)

    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each edge once: int64 (E,) first < second, and float64 (E,) weight, in ascending order.

        Written out for the complete graph too, N(N-1)/2 of them. Raises GraphError of a directed one: see `arrows`.
        """
        if self.directed:
            raise GraphError("graph: must be undirected here; got a directed one")
        if self.complete:
            first, second = np.triu_indices(self.size, 1)
            return first.astype(np.int64), second.astype(np.int64), np.ones(first.size)
        first = np.repeat(np.arange(self.size, dtype=np.int64), self.degree)
        once = first < self.indices
        return first[once], self.indices[once].astype(np.int64), self.weight[once]

    def arrows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Each arrow of a directed graph once: int64 (A,) from, int64 (A,) to, float64 (A,) weight, ascending."""
        first = np.repeat(np.arange(self.size, dtype=np.int64), self.degree)
        there = self.weight > 0
        return first[there], self.indices[there].astype(np.int64), self.weight[there]

    def weights_matrix(self) -> Any:
        """The matrix of weights, scipy.sparse.csr_array (N, N); row i is where offspring of i goes. Else symmetric."""
        from scipy.sparse import coo_array

        if self.directed:
            parents, places, weight = self.arrows()
            return coo_array((weight, (parents, places)), shape=(self.size, self.size)).tocsr()
        first, second, weight = self.edges()
        rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
        cells = (np.concatenate([weight, weight]), (rows, columns))
        return coo_array(cells, shape=(self.size, self.size)).tocsr()

    def digest(self) -> str:
        """SHA-256 of size, edges and weights, in hexadecimal; labels and notes do not count.

        A complete graph without weights has one digest, stored in either way.
        """
        text = hashlib.sha256(f"graph {self.size}\n".encode())
        if self.complete or (self.regular == self.size - 1 and not self.weighted):
            text.update(b"complete\n")
            return text.hexdigest()
        if self.directed:
            text.update(b"directed\n")
        first, second, weight = self.arrows() if self.directed else self.edges()
        for column, stored in ((first, "<i8"), (second, "<i8"), (weight, "<f8")):
            text.update(np.ascontiguousarray(column, stored).tobytes())
        return text.hexdigest()


class InPieces(GraphError):
    """A graph whose nodes cannot all reach each other; ``largest`` makes the graph of its largest piece."""

    def __init__(self, message: str, largest: Callable[[], Graph]):
        super().__init__(message)
        self.largest = largest


def largest_piece(error: GraphError) -> Graph | None:
    """The largest piece of a graph that was refused because it is in several; None for any other reason.

    Raises
    ------
    GraphError
        if that piece cannot be used either
    """
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, InPieces):
            return found.largest()
        found = found.__cause__
    return None


def from_edges(
    size: int,
    edges: Any,
    labels: Sequence[str | int] = (),
    *,
    notes: Iterable[str] = (),
) -> Graph:
    """The graph of nodes 0 .. size-1 with these edges.

    Parameters
    ----------
    size   : number of nodes, at least 2
    edges  : (E, 2) node numbers, or (E, 3) node numbers and weight; parallel edges are merged, their
             weights added where there are weights
    labels : names of the nodes, all different, or () for none
    notes  : what was changed before

    Raises
    ------
    GraphError
        if the graph is not undirected, connected, free of self-loops and positively weighted
    """
    try:
        table = np.asarray(edges if isinstance(edges, np.ndarray) else list(edges), np.float64)
        size = int(np.int64(operator.index(size)))
    except (TypeError, ValueError, OverflowError) as error:
        raise GraphError("graph: edges must be rows of two node numbers and, if any, a weight") from error
    if table.size == 0:
        table = table.reshape(0, 2)
    if table.ndim != 2 or table.shape[1] not in (2, 3):
        raise GraphError("graph: edges must be rows of two node numbers and, if any, a weight")
    ends = table[:, :2]
    if not np.all((ends >= 0) & (ends < size) & (ends == np.floor(ends))):
        raise GraphError(f"graph: edges must join whole node numbers from 0 to {quoted(size - 1)}")
    pairs = ends.astype(np.int64)
    weight = table[:, 2].copy() if table.shape[1] == 3 else None
    return _compressed(size, pairs[:, 0], pairs[:, 1], weight, tuple(labels), list(notes))


def from_networkx(graph: Any, *, weight: str | None = "weight") -> Graph:
    """The graph of a networkx graph; nodes are numbered in the order in which it lists them.

    Parameters
    ----------
    graph  : networkx Graph or MultiGraph, undirected, connected, without self-loops
    weight : edge attribute that is the weight where any edge has it; None for no weights

    Raises
    ------
    GraphError
        if the graph cannot be used; the message starts with ``graph:``
    """
    import networkx

    if not isinstance(graph, networkx.Graph):
        raise GraphError(f"graph: must be an undirected networkx graph; got {type(graph).__name__}")
    if graph.is_directed():
        raise GraphError("graph: must be undirected; got a directed one (its to_undirected() may serve)")
    place = {node: row for row, node in enumerate(graph)}
    first, second, weights = [], [], []
    for one, other, attributes in graph.edges(data=True):
        first.append(place[one])
        second.append(place[other])
        weights.append(None if weight is None else attributes.get(weight))
    labels = tuple(_label(node) for node in place)
    return from_named(labels, first, second, weights, weight)


def from_named(
    labels: Sequence[str | int],
    first: Sequence[int],
    second: Sequence[int],
    weights: Sequence[Any],
    attribute: str | None,
) -> Graph:
    """The graph whose edges join places in `labels`; `weights` has None where an edge states none.

    Raises
    ------
    GraphError
        as :func:`from_networkx`
    """
    notes: list[str] = []
    values = None
    missing = sum(value is None for value in weights)
    if attribute not in (None, "weight") and missing == len(weights):
        raise GraphError(f"graph: no edge has the weight {quoted(attribute)} that was asked for")
    if missing < len(weights):
        values = np.ones(len(weights))
        for row, value in enumerate(weights):
            if value is not None:
                values[row] = _number(value, labels[first[row]], labels[second[row]])
        word = quoted(attribute)
        notes.append(f"edge weights are used (attribute {word}); weight=None leaves them out")
        if missing:
            notes.append(f"{missing} of {len(weights)} edges had no {word} and were given 1.0")
    ends = np.array(first, np.int64), np.array(second, np.int64)
    return _compressed(len(labels), *ends, values, tuple(labels), notes)


def _compressed(
    size: int,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray | None,
    labels: tuple[str | int, ...],
    notes: list[str],
) -> Graph:
    """Check, merge parallel edges, and compress; the one door through which graphs are made."""
    if size < 2:
        raise GraphError(f"graph: must have at least 2 nodes; got {quoted(size)}")
    if labels and len(labels) != size:
        raise GraphError(f"graph: must have one label for each of {size} nodes; got {len(labels)}")
    if len(set(labels)) != len(labels):
        raise GraphError("graph: labels of nodes must differ from each other")
    loops = first[first == second]
    if loops.size:
        found = np.unique(loops)
        raise GraphError(f"graph: must have no self-loops; got {loops.size}, at {_listed(labels, found)}")
    if weight is not None:
        bad = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))
        if bad.size:
            ends = _listed(labels, [first[bad[0]], second[bad[0]]])
            raise GraphError(f"graph: edge weights must be positive and finite; got {weight[bad[0]]!s} between {ends}")
    present = np.unique(np.concatenate([first, second]))
    piece = _components(size, first, second)
    pieces = np.bincount(piece)
    whole = int(pieces.argmax())

    def largest() -> Graph:
        """The graph of the largest piece alone, its nodes in the same order."""
        kept = np.flatnonzero(piece == whole)
        place, inside = np.zeros(size, np.int64), piece[first] == whole
        place[kept] = np.arange(len(kept))
        named = tuple(labels[node] for node in kept) if labels else ()
        note = f"the largest of {np.count_nonzero(pieces)} pieces was taken: {len(kept)} of {size} nodes"
        ends = place[first[inside]], place[second[inside]]
        return _compressed(len(kept), *ends, None if weight is None else weight[inside], named, [*notes, note])

    if present.size < size:
        absent = np.setdiff1d(np.arange(min(size, present.size + 3)), present)
        raise InPieces(
            f"graph: every node must have a neighbour; {size - present.size} of {size} have none: "
            f"{_listed(labels, absent, size - present.size)}",
            largest,
        )
    if np.count_nonzero(pieces) > 1:
        raise InPieces(
            f"graph: must be connected; got {np.count_nonzero(pieces)} components, "
            f"the largest with {pieces.max()} of {size} nodes",
            largest,
        )

    low, high = np.minimum(first, second), np.maximum(first, second)
    pair, at, where = np.unique(low * size + high, return_index=True, return_inverse=True)
    if pair.size < first.size:
        done = "counted once" if weight is None else "merged, weights added"
        notes = [*notes, f"parallel edges {done}: {first.size - pair.size}"]
    low, high = low[at], high[at]
    merged = None
    if weight is not None:
        merged = np.bincount(where, weight)
        with np.errstate(over="ignore"):
            total = float(merged.sum())
        if not math.isfinite(2.0 * total):
            raise GraphError("graph: edge weights are too large to be added up")
    return compressed_rows(size, low, high, merged, labels, tuple(notes))


def compressed_rows(
    size: int,
    first: np.ndarray,
    second: np.ndarray,
    weight: np.ndarray | None,
    labels: tuple[str | int, ...] = (),
    notes: tuple[str, ...] = (),
) -> Graph:
    """Sorted compressed rows of edges that are already known to be sound, each given once; no weight: all are 1."""
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((columns, rows))
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=indptr[1:])
    both = all_one(rows.size) if weight is None else np.concatenate([weight, weight])[order]
    return Graph(size, indptr, columns[order].astype(np.int32), both, labels, notes)


def regular_rows(neighbours: np.ndarray) -> Graph:
    """The graph of nodes with equally many neighbours, already known to be sound.

    neighbours : int32 (N, k), those of each node, in any order; sorted in place
    """
    size, degree = neighbours.shape
    neighbours.sort(axis=1)
    indptr = np.arange(0, size * degree + 1, degree, dtype=np.int64)
    return Graph(size, indptr, neighbours.reshape(-1), all_one(size * degree))


def shared(size: int, one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
    """int64 (N,): how many neighbours each node has that are so in both of two graphs, given as compressed rows."""
    first, second = (np.repeat(np.arange(size), np.diff(rows[0])) * size + rows[1] for rows in (one, other))
    both = np.intersect1d(first, second, assume_unique=True)
    return np.bincount(both // size, minlength=size)


def all_one(count: int) -> np.ndarray:
    """float64 (count,): the weight 1, as often as asked and stored once; read-only."""
    return np.broadcast_to(np.float64(1.0), (count,))


def _components(size: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The smallest node of the component of each node, int64 (N,): hook to it, then shorten paths."""
    root = np.arange(size)
    while True:
        one, other = root[first], root[second]
        if np.array_equal(one, other):
            return root
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(root, shorter := root[root]):
            root = shorter


def _number(value: Any, one: str | int, other: str | int) -> float:
    """An edge weight as a float."""
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass
    raise GraphError(
        f"graph: edge weights must be positive and finite numbers; got {quoted(value, 30)} "
        f"between {quoted(one, 20)} and {quoted(other, 20)}"
    )


def _label(node: Any) -> str | int:
    """A node of networkx, any hashable, as a label."""
    if isinstance(node, bool) or not isinstance(node, int | np.integer | str):
        return str(node)
    return node if isinstance(node, str) else int(node)


def _listed(labels: Sequence[str | int], nodes: Iterable[Any], count: int | None = None) -> str:
    """The names of up to three nodes, with an ellipsis where there are more."""
    nodes = list(nodes)
    names = [quoted(labels[node] if labels else int(node), 20) for node in nodes[:3]]
    return ", ".join(names) + (", …" if (count or len(nodes)) > 3 else "")
