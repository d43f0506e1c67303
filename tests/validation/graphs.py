"""Graphs whose expected numbers depend on each edge, stored, because generators change between versions."""

import networkx as nx

#: ``networkx.barabasi_albert_graph(50, 2, seed=1)`` of networkx 3.7.
_GROWN = """
0-1 0-2 0-3 0-4 0-7 0-10 0-13 0-14 0-17 0-20 0-35 0-37 0-38 1-3 1-22 1-25 1-26 1-28 2-6 2-49 3-4 3-5 3-6 3-8 3-9
3-10 3-11 3-12 3-15 3-18 3-21 3-24 3-32 3-33 3-44 4-5 4-8 4-16 4-45 5-7 5-11 5-12 5-13 5-22 5-26 5-27 5-41 5-46
6-9 6-19 6-20 7-25 7-38 7-39 8-16 8-18 8-29 8-30 8-40 8-41 10-14 11-32 11-44 12-15 12-23 12-28 12-31 12-48 13-17
15-30 16-21 16-49 17-19 17-36 19-23 20-33 20-43 20-47 21-45 22-24 24-29 25-27 25-34 25-39 25-42 25-43 25-47 27-36
28-31 28-37 32-35 32-42 33-34 33-48 34-40 39-46
"""


def grown() -> nx.Graph:
    """50 nodes by preferential attachment, two links each."""
    graph = nx.empty_graph(50)
    graph.add_edges_from(tuple(map(int, edge.split("-"))) for edge in _GROWN.split())
    return graph


def two_stars(leaves: int = 10) -> nx.Graph:
    """Two stars whose hubs know each other."""
    graph = nx.disjoint_union(nx.star_graph(leaves), nx.star_graph(leaves))
    graph.add_edge(0, leaves + 1)
    return graph


def islands(demes: int, size: int, migration: float) -> nx.Graph:
    """A ring of demes: edges of weight 1 inside, of weight `migration` to everybody in the two next demes."""
    graph = nx.Graph()
    for g in range(demes):
        for a in range(size):
            for b in range(size):
                if a < b:
                    graph.add_edge(g * size + a, g * size + b, weight=1.0)
                graph.add_edge(g * size + a, (g + 1) % demes * size + b, weight=migration)
    return graph
