"""The superstar: mutants that are born in a leaf must pass a chain, and pass it the more surely the fitter they are."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.arrows import from_arrows
from coop_abm.structures.graph import Graph
from coop_abm.structures.limits import few_enough


class Superstar(Part):
    """A hub, petals round it, and one way through each petal: hub, leaf, chain, hub. A directed graph.

    Offspring of the hub (node 0) goes to any leaf, that of a leaf to the first node of its petal's chain, that of
    a node of the chain to the next, that of the last one to the hub. Petal p has the nodes of its chain first,
    in order, then its leaves; what is left over by an equal share of leaves goes to the first petals. With a chain
    of 0 it would be the star.

    With ever more petals of ever more leaves, a mutant of constant fitness r > 1 is lost with a probability near
    1 / (r^4 H), where H grows with the length of the chain; the star loses it with 1 / r^2. The power of r first
    stated, which grew with the chain, was refuted by Díaz and others, and put right by Jamieson-Lane and Hauert.
    Small superstars need not be better than a star.

    References
    ----------
    LiebermanHauertNowak2005, Diaz2013, JamiesonLaneHauert2015
    """

    title: ClassVar[str] = "superstar"
    references: ClassVar[tuple[str, ...]] = ("LiebermanHauertNowak2005", "Diaz2013", "JamiesonLaneHauert2015")
    directed: ClassVar[bool] = True

    kind: Literal["superstar"] = "superstar"
    petals: int = knob(3, "Petals", low=1, step=1, help="ways from the hub through leaves and a chain back to the hub")
    chain: int = knob(2, "Chain", low=1, step=1, help="nodes in a row between the leaves of a petal and the hub")

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have.

        Raises
        ------
        GraphError
            if some petal would have no leaf
        """
        few_enough(self.petals * (self.chain + 1), "network.graph.petals")
        least = 1 + self.petals * (self.chain + 1)
        if size < least:
            raise GraphError(
                f"network.graph.petals: {self.petals} petals with a chain of {self.chain} and a leaf each need at "
                f"least {least} individuals; got {size}"
            )

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used. Raises GraphError as `check` does."""
        self.check(size)
        leaves = size - 1 - self.petals * self.chain
        share = np.full(self.petals, leaves // self.petals) + (np.arange(self.petals) < leaves % self.petals)
        first = 1 + np.concatenate([[0], np.cumsum(share + self.chain)[:-1]])  # of each petal's chain
        link = (first[:, None] + np.arange(self.chain)).ravel()
        leaf = np.setdiff1d(np.arange(1, size), link)
        entry = np.repeat(first, share)
        last = np.arange(1, self.petals * self.chain + 1) % self.chain == 0
        onward = np.where(last, 0, link + 1)
        parents = np.concatenate([np.zeros_like(leaf), leaf, link])
        places = np.concatenate([leaf, entry, onward])
        return from_arrows(size, np.column_stack([parents, places]))
