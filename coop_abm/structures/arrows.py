"""Directed graphs: offspring goes along arrows, and nothing comes back by the same way."""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.structures.graph import Graph


def from_arrows(size: int, arrows: np.ndarray) -> Graph:
    """The directed graph of these arrows, each of weight 1.

    Parameters
    ----------
    size   : number of nodes, at least 2
    arrows : int (A, 2), whose offspring goes where; each arrow once, nodes 0 .. size-1

    Raises
    ------
    GraphError
        if the graph has a self-loop, or some node cannot be reached from another along arrows
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    parents, places = np.asarray(arrows, np.int64).T
    if (parents == places).any():
        raise GraphError("graph: must have no self-loops")
    ones = np.ones(len(parents))
    there = coo_array((ones, (parents, places)), shape=(size, size)).tocsr()
    if connected_components(there, directed=True, connection="strong", return_labels=False) > 1:
        raise GraphError("graph: every node must be reached from every other along arrows")
    # Both ends of each arrow, so that who has a neighbour also is one; 0 the way that nothing goes.
    pair, at = np.unique(np.concatenate([parents * size + places, places * size + parents]), return_index=True)
    rows, columns = np.divmod(pair, size)
    indptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=indptr[1:])
    weight = (at < len(parents)).astype(np.float64)  # the first of equals is the arrow itself
    return Graph(size, indptr, columns.astype(np.int32), weight, directed=True)
