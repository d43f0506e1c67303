"""The random geometric graph: neighbours are those who live near."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part, knob
from coop_abm.structures.drawing import first_connected, hardly_connected
from coop_abm.structures.graph import Graph
from coop_abm.structures.limits import few_enough


class RandomGeometric(Part):
    """A connected graph of points dropped on the unit square; those within `radius` are neighbours.

    Without borders a node would have pi x radius^2 x (N - 1) neighbours on average.

    References
    ----------
    Gilbert1961
    """

    title: ClassVar[str] = "random geometric"
    references: ClassVar[tuple[str, ...]] = ("Gilbert1961",)
    random: ClassVar[bool] = True

    kind: Literal["random_geometric"] = "random_geometric"
    radius: float = knob(
        0.5,
        "Radius",
        low=0,
        high=1.5,
        step=0.01,
        help="how far neighbours live apart at most",
        unit="sides of the square",
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
        near = min(math.pi * self.radius**2, 1.0)  # at most: near a border fewer are
        if hardly_connected(size, near):
            raise GraphError(
                f"network.graph.radius: too small for {size} individuals to be connected; must be larger; "
                f"got {self.radius:g}"
            )
        few_enough(round(near * size * (size - 1) / 2), "network.graph.radius")

    def build(self, size: int, seed: int) -> Graph:
        """The graph of `size` nodes that `seed` draws, or the first connected one of later draws.

        Raises
        ------
        GraphError
            as `check` does, and if 100 draws give no connected graph
        """
        self.check(size)
        return first_connected(
            size,
            seed,
            lambda drawn: self._drawn(size, drawn),
            f"network.graph.radius: radius {self.radius:g} and {size} individuals; must be larger",
        )

    def _drawn(self, size: int, seed: int) -> np.ndarray:
        """One draw, connected or not: int64 (E, 2)."""
        from scipy.spatial import KDTree

        places = np.random.default_rng(seed).random((size, 2))
        return KDTree(places).query_pairs(self.radius, output_type="ndarray")
