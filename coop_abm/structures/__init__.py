"""Structures: who can meet and copy whom.

A kind of graph is a declared part: ``build(size, seed)`` gives its :class:`Graph`, ``check(size)``
refuses a size that it cannot have, ``random = True`` says that the graph depends on the seed, and
``directed = True`` that offspring goes one way. A new kind is one file beside these, and its import here.
The user's own graph comes in as a networkx graph or a file, and goes on as :class:`Edges`.
"""

from coop_abm.core.part import Part, kinds_in, one_of
from coop_abm.structures.barabasi_albert import BarabasiAlbert
from coop_abm.structures.caveman import Caveman
from coop_abm.structures.complete import Complete
from coop_abm.structures.edges import Edges
from coop_abm.structures.erdos_renyi import ErdosRenyi
from coop_abm.structures.files import read_graph
from coop_abm.structures.graph import Graph, from_edges, from_networkx
from coop_abm.structures.holme_kim import HolmeKim
from coop_abm.structures.lattice import Lattice
from coop_abm.structures.partition import blocks, lonely, within
from coop_abm.structures.path import Path
from coop_abm.structures.random_geometric import RandomGeometric
from coop_abm.structures.random_regular import RandomRegular
from coop_abm.structures.ring import Ring
from coop_abm.structures.star import Star
from coop_abm.structures.superstar import Superstar
from coop_abm.structures.torus import Torus
from coop_abm.structures.tree import Tree
from coop_abm.structures.watts_strogatz import WattsStrogatz
from coop_abm.structures.wheel import Wheel

KINDS = kinds_in(globals(), Part)

#: The type of a field that holds any of them.
Structure = one_of(*KINDS)

__all__ = [
    "KINDS",
    "Graph",
    "Structure",
    "blocks",
    "from_edges",
    "from_networkx",
    "lonely",
    "read_graph",
    "within",
    *(kind.__name__ for kind in KINDS),
]
