"""The Erdős-Rényi graph: each pair is joined by chance."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import edges_of, first_connected, hardly_connected
from coop_abm.structures.graph import Graph
from coop_abm.structures.limits import few_enough


class ErdosRenyi(Part):
    """A connected graph among those in which each pair is joined with `probability`, independently.

    A node has probability x (N - 1) neighbours on average, a little more after those draws that
    were not connected are thrown away.

    Names: G(n, p), binomial random graph [ErdosRenyi1959, Gilbert1959].

    References
    ----------
    ErdosRenyi1959, Gilbert1959, BatageljBrandes2005
    """

    title: ClassVar[str] = "Erdős-Rényi"
    references: ClassVar[tuple[str, ...]] = ("ErdosRenyi1959", "Gilbert1959", "BatageljBrandes2005")
    random: ClassVar[bool] = True

    kind: Literal["erdos_renyi"] = "erdos_renyi"
    probability: float = knob(
        0.3, "Probability", low=0, high=1, step=0.01, help="probability that two individuals are neighbours"
    )

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if the graph would hardly ever be connected, or have too many edges
        """
        if size < 2:
            raise GraphError(f"network.graph: a random graph needs at least 2 individuals; got {size}")
        if hardly_connected(size, self.probability):
            raise GraphError(
                f"network.graph.probability: too small for {size} individuals to be connected; must be larger; "
                f"got {self.probability:g}"
            )
        few_enough(round(self.probability * size * (size - 1) / 2), "network.graph.probability")

    def build(self, size: int, seed: int) -> Graph:
        """The graph of `size` nodes that `seed` draws, or the first connected one of later draws.

        Raises
        ------
        GraphError
            as `check` does, and if 100 draws give no connected graph
        """
        import networkx

        self.check(size)
        return first_connected(
            size,
            seed,
            lambda drawn: edges_of(networkx.fast_gnp_random_graph(size, self.probability, seed=drawn)),
            f"network.graph.probability: probability {self.probability:g} and {size} individuals; must be larger",
        )
