"""Random graphs: drawn again, a stated number of times, until one is connected."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.structures.graph import Graph, from_edges

TRIES = 100  # how many graphs are drawn before a connected one is despaired of
RARE = 1 / 400  # with a smaller chance of being connected a draw is not worth its time


def first_connected(size: int, seed: int, draw: Callable[[int], np.ndarray], complaint: str) -> Graph:
    """The first connected graph among 100 draws; a graph that was not the first one says so in `notes`.

    Parameters
    ----------
    size  : number of nodes
    seed  : seed of the first draw; those of later ones are derived from it, so that neighbouring
            seeds do not end at the same graph
    draw  : seed -> int64 (E, 2), edges without self-loops between nodes 0 .. size-1
    complaint : what is said, after the field, where no draw is connected

    Raises
    ------
    GraphError
        if no draw is connected
    """
    for again in range(TRIES):
        pairs = draw(int(seed) if again == 0 else _derived(seed, again))
        try:
            graph = from_edges(size, pairs)
        except GraphError:  # not connected: the only fault that a draw can have
            continue
        note = f"the random graph was drawn {again + 1} times until it was connected"
        return graph._replace(notes=(note,)) if again else graph
    field, _, words = complaint.partition(": ")
    raise GraphError(f"{field}: no connected graph in {TRIES} draws with {words}")


def hardly_connected(size: int, probability: float) -> bool:
    """Is a graph in which each pair is joined with this probability practically never connected?

    True where one of two bounds says that fewer than about 1 in 400 is: the expected number of
    spanning trees, N^(N-2) p^(N-1), and e^-m for m nodes expected to have no neighbour,
    m = N (1 - p)^(N-1). The second is the limit for large N.

    References
    ----------
    ErdosRenyi1959
    """
    if probability <= 0.0:
        return True
    trees = (size - 2) * math.log(size) + (size - 1) * math.log(probability)
    alone = size * (1.0 - min(probability, 1.0)) ** (size - 1)
    return trees < math.log(RARE) or alone > -math.log(RARE)


def edges_of(graph: Any) -> np.ndarray:
    """The edges of a networkx graph of whole numbers, int64 (E, 2)."""
    return np.array(list(graph.edges), np.int64).reshape(-1, 2)


def _derived(seed: int, again: int) -> int:
    return int(np.random.SeedSequence(int(seed), spawn_key=(again,)).generate_state(1, np.uint32)[0])
