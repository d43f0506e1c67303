"""Who is next to whom, as kernels read it.

A structure reaches a kernel as three arrays: ``indptr`` int64 (N+1,), ``indices`` int32 (2E,) and
``weight`` float64 (2E,), the usual compressed rows. Two of them may be empty and then have a
meaning: no ``indptr`` is the complete graph, answered in O(1); no ``weight`` is a graph whose edges
all weigh 1. An ``indptr`` of one number is a graph in which everybody has so many neighbours: that
saves a trip to memory in each event, and 8 bytes a node.

Places are unsigned where they are read most: a signed one may be counted from the end, and asking
whether it is costs a step in every access. Worlds of the event clock hold ``indices`` as uint32.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.kernel import kernel


@kernel
def degree(i, size, indptr):
    """How many neighbours does i have?"""
    if indptr.shape[0] == 0:
        return np.int64(size - 1)
    if indptr.shape[0] == 1:
        return np.int64(indptr[0])
    return indptr[i + 1] - indptr[i]


@kernel
def row_of(i, indptr):
    """Where the neighbours of i start in ``indices``; not of a complete graph."""
    if indptr.shape[0] == 1:
        return i * indptr[0]
    return indptr[i]


@kernel
def neighbour(i, e, indptr, indices):
    """The neighbour number e of i, in ascending order."""
    if indptr.shape[0] == 0:
        return np.int64(e) if e < i else np.int64(e + 1)
    return np.int64(indices[np.uint64(row_of(i, indptr) + e)])


@kernel
def edge_weight(i, e, indptr, weight):
    """The weight of the edge from i to its neighbour number e."""
    if weight.shape[0] == 0:
        return 1.0
    return weight[np.uint64(row_of(i, indptr) + e)]


@kernel
def strength_of(i, size, indptr, weight):
    """The sum of the weights of i's edges."""
    k = degree(i, size, indptr)
    if weight.shape[0] == 0:
        return float(k)
    total = 0.0
    for e in range(k):
        total += edge_weight(i, e, indptr, weight)
    return total


@kernel
def random_neighbour(i, u, size, indptr, indices, weight):
    """A neighbour of i drawn in proportion to edge weight by the uniform number u; -1 if it has none."""
    k = degree(i, size, indptr)
    if k == 0:
        return np.int64(-1)
    if weight.shape[0] == 0:
        return neighbour(i, np.int64(u * k), indptr, indices)
    total = 0.0
    for e in range(k):
        total += edge_weight(i, e, indptr, weight)
    target = u * total
    passed = 0.0
    chosen = np.int64(-1)
    for e in range(k):
        w = edge_weight(i, e, indptr, weight)
        if w > 0.0:
            passed += w
            chosen = neighbour(i, e, indptr, indices)
            if target < passed:
                return chosen
    return chosen


@kernel
def neighbour_share(i, j, size, indptr, indices, weight):
    """The probability that a neighbour of i, drawn in proportion to edge weight, is j."""
    total = 0.0
    ours = 0.0
    for e in range(degree(i, size, indptr)):
        w = edge_weight(i, e, indptr, weight)
        total += w
        if neighbour(i, e, indptr, indices) == j:
            ours += w
    return ours / total if total > 0.0 else 0.0
