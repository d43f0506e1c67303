"""A graph that is being drawn by hand: nodes with places, edges with weights, and every step can be undone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import GraphError, InputError
from coop_abm.structures.graph import Graph, from_edges

#: A graph by hand has at most so many nodes; a larger one is looked at, and its edges can still be changed.
BY_HAND = 400
#: More nodes than this are neither drawn nor changed here.
MOST_NODES = 2000
#: Steps that can be undone.
STEPS = 200


class Drawn(NamedTuple):
    """The graph at one moment.

    places : float32 (N, 2), in [0, 1]
    edges  : ((one, other, weight), ...), one < other, in order
    labels : names of the nodes, () where they are numbers
    """

    places: np.ndarray
    edges: tuple[tuple[int, int, float], ...]
    labels: tuple[str | int, ...] = ()

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.places)

    def graph(self) -> Graph:
        """The graph for theory.

        Raises
        ------
        GraphError
            if it has no edge, or is in pieces (:class:`~coop_abm.structures.graph.InPieces`)
        """
        return from_edges(self.size, self.edges, self.labels)

    def weight(self, one: int, other: int) -> float:
        """Weight of an edge, 0 where there is none."""
        pair = (min(one, other), max(one, other))
        return next((w for i, j, w in self.edges if (i, j) == pair), 0.0)

    def toggled(self, one: int, other: int) -> Drawn:
        """The same with an edge more (of the mean weight), or without it where it is there."""
        pair = (min(one, other), max(one, other))
        kept = tuple(edge for edge in self.edges if edge[:2] != pair)
        if len(kept) == len(self.edges):
            mean = float(np.mean([w for _, _, w in kept])) if kept else 1.0
            kept = tuple(sorted((*kept, (*pair, mean))))
        return self._replace(edges=kept)


def drawn(graph: Graph, places: np.ndarray) -> Drawn:
    """A graph with places for its nodes."""
    edges = tuple(zip(*(column.tolist() for column in graph.edges()), strict=True))
    return Drawn(_placed(places), edges, graph.labels)


class Board:
    """What is on the board, and what was on it before.

    Every change raises InputError, in one sentence, where it cannot be; the graph then stays as it is.
    """

    def __init__(self, start: Drawn):
        self.now = start
        self._before: list[Drawn] = []

    @property
    def can_undo(self) -> bool:
        """Is there a step to take back?"""
        return bool(self._before)

    def undo(self) -> None:
        """Take the last step back."""
        if self._before:
            self.now = self._before.pop()

    def replace(self, after: Drawn) -> None:
        """Put another graph in place of this one."""
        if after.size > MOST_NODES:
            raise InputError(f"nodes: at most {MOST_NODES:,} are drawn on this page; got {after.size:,}")
        self._before = [*self._before, self.now][-STEPS:]
        self.now = after

    def toggle(self, one: int, other: int) -> None:
        """Add an edge, or remove it where it is there."""
        self._check(one)
        self._check(other)
        if one == other:
            raise InputError("edge: a node has no edge to itself")
        self.replace(self.now.toggled(one, other))

    def add(self, x: float, y: float) -> int:
        """A new node at a place; its number."""
        if self.now.size >= BY_HAND:
            raise InputError(f"nodes: at most {BY_HAND} can be drawn by hand; a file can bring {MOST_NODES:,}")
        places = np.concatenate([self.now.places, [[x, y]]])
        labels = (*self.now.labels, _free(self.now.labels, self.now.size)) if self.now.labels else ()
        self.replace(Drawn(_placed(places), self.now.edges, labels))
        return self.now.size - 1

    def remove(self, node: int) -> None:
        """Remove a node and its edges; the nodes after it move up by one number."""
        self._check(node)
        if self.now.size <= 2:
            raise InputError("nodes: a graph keeps at least 2")
        kept = [k for k in range(self.now.size) if k != node]
        number = {k: at for at, k in enumerate(kept)}
        edges = tuple((number[i], number[j], w) for i, j, w in self.now.edges if node not in (i, j))
        labels = tuple(self.now.labels[k] for k in kept) if self.now.labels else ()
        self.replace(Drawn(_placed(self.now.places[kept]), edges, labels))

    def move(self, node: int, x: float, y: float) -> None:
        """Put a node somewhere else."""
        self._check(node)
        places = self.now.places.copy()
        places[node] = x, y
        self.replace(self.now._replace(places=_placed(places)))

    def keep_largest(self) -> None:
        """Keep the largest piece of a graph in pieces."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        ends = np.array([edge[:2] for edge in self.now.edges]).reshape(-1, 2)
        size = self.now.size
        _, piece = connected_components(coo_array((np.ones(len(ends)), ends.T), shape=(size, size)), directed=False)
        kept = np.flatnonzero(piece == np.bincount(piece).argmax())
        if len(kept) < 2:
            raise GraphError("graph: no two nodes are connected; draw an edge first")
        number = {int(k): at for at, k in enumerate(kept)}
        edges = tuple((number[i], number[j], w) for i, j, w in self.now.edges if i in number)
        labels = tuple(self.now.labels[k] for k in kept) if self.now.labels else ()
        self.replace(Drawn(_placed(self.now.places[kept]), edges, labels))

    def _check(self, node: int) -> None:
        if isinstance(node, bool) or not isinstance(node, int) or not 0 <= node < self.now.size:
            raise InputError(f"node must be a number in [0, {self.now.size - 1}]; got {str(node)[:20]}")


def _placed(places: np.ndarray) -> np.ndarray:
    held = np.clip(np.nan_to_num(np.asarray(places, np.float32), nan=0.5), 0, 1)
    held.setflags(write=False)
    return held


def _free(labels: tuple[str | int, ...], size: int) -> str | int:
    """A name that nobody has, of the kind that the others have."""
    taken = set(labels)
    numbers = all(isinstance(label, int) for label in labels)
    candidate: str | int
    for number in range(size, 2 * size + 2):
        candidate = number if numbers else f"new {number}"
        if candidate not in taken:
            return candidate
    raise InputError("labels: no name is free")  # cannot be: there are more candidates than nodes
