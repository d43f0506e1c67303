"""Groups: who belongs together, and what is left of a graph within groups."""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.structures.graph import Graph, compressed_rows


def blocks(size: int, group_size: int) -> np.ndarray:
    """The group of each node, int64 (N,): consecutive blocks of `group_size` nodes.

    >>> blocks(6, 3)
    array([0, 0, 0, 1, 1, 1])

    Raises
    ------
    GraphError
        if `size` is not a multiple of `group_size`
    """
    if group_size < 1 or size % group_size:
        raise GraphError(
            f"group.size: must be at least 1 and divide the number of individuals, {size}; got {group_size}"
        )
    return np.arange(size, dtype=np.int64) // group_size


def within(graph: Graph, group: np.ndarray) -> Graph:
    """The same nodes with only the edges that join members of one group.

    Nodes may be left without neighbours, see `lonely`. A complete graph is written out, group by
    group, unless all its nodes are one group.

    Parameters
    ----------
    graph : the graph
    group : int64 (N,), the group of each node

    Raises
    ------
    GraphError
        if `group` does not name a group for each node
    """
    group = np.asarray(group)
    if group.shape != (graph.size,):
        raise GraphError(f"group: must name a group for each of {graph.size} nodes; got {group.shape}")
    if graph.complete:
        if np.all(group == group[0]):
            return graph
        first, second = _all_pairs(group)
        return compressed_rows(graph.size, first, second, None, graph.labels, graph.notes)
    first, second, weight = graph.edges()
    kept = group[first] == group[second]
    return compressed_rows(graph.size, first[kept], second[kept], weight[kept], graph.labels, graph.notes)


def lonely(graph: Graph) -> int:
    """The number of nodes without neighbours."""
    return 0 if graph.complete else int(np.count_nonzero(graph.degree == 0))


def _all_pairs(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of members of one group, each once: int64 (E,) first < second."""
    order = np.argsort(group, kind="stable").astype(np.int64)
    starts = np.flatnonzero(np.diff(group[order])) + 1
    pairs = []
    for members in np.split(order, starts):
        one, other = np.triu_indices(members.size, 1)
        pairs.append((members[one], members[other]))
    return np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])
