"""Well-known graphs, by name: people who knew each other, and graphs that theory can answer by hand."""

from __future__ import annotations

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures.graph import Graph, from_networkx

#: Name on the command line -> function of networkx, and what it is.
FAMOUS = {
    "karate": ("karate_club_graph", "34 members of a karate club that split; weights count joint activities"),
    "les_miserables": ("les_miserables_graph", "77 characters of the novel; weights count common chapters"),
    "davis_southern_women": ("davis_southern_women_graph", "18 women and the 14 events that they attended"),
    "florentine_families": ("florentine_families_graph", "15 families of Renaissance Florence, joined by marriage"),
    "krackhardt_kite": ("krackhardt_kite_graph", "10 nodes; degree, closeness and betweenness name different ones"),
    "petersen": ("petersen_graph", "10 nodes with three neighbours each"),
    "heawood": ("heawood_graph", "14 nodes with three neighbours each, no cycle below six"),
    "frucht": ("frucht_graph", "12 nodes with three neighbours each and no symmetry at all"),
    "dodecahedral": ("dodecahedral_graph", "20 corners of the dodecahedron"),
    "icosahedral": ("icosahedral_graph", "12 corners of the icosahedron, with five neighbours each"),
}


def famous(name: str, *, weight: str | None = "weight") -> Graph:
    """A well-known graph; ``weight`` names the edge attribute that is the weight, None for no weights.

    Raises
    ------
    GraphError
        if no graph has this name
    """
    import networkx

    if name not in FAMOUS:
        raise GraphError(f"graph: must be one of {', '.join(FAMOUS)}; got {quoted(name)}")
    return from_networkx(getattr(networkx, FAMOUS[name][0])(), weight=weight)
