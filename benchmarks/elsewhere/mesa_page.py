"""A page of Mesa's own, for comparison: the same lattice of imitating players, drawn by SolaraViz and matplotlib.

Run by `benchmarks.dashboard` as ``solara run benchmarks/elsewhere/mesa_page.py``; N comes from $MESA_PAGE_N.
"""

import os

import mesa
import networkx
from mesa.discrete_space import CellAgent, Network
from mesa.visualization import SolaraViz, SpaceRenderer, make_plot_component
from mesa.visualization.components import AgentPortrayalStyle

SIDE = round(int(os.environ.get("MESA_PAGE_N", "1000")) ** 0.5)


class Player(CellAgent):
    """Cooperates or not; copies its best neighbour."""

    def __init__(self, model, cell):
        super().__init__(model)
        self.cell, self.cooperates, self.payoff = cell, model.random.random() < 0.5, 0.0

    def play(self):
        """Payoff from all neighbours."""
        self.payoff = sum(5.0 * other.cooperates - self.cooperates for other in self.cell.neighborhood.agents)

    def learn(self):
        """The strategy of the best around."""
        self.coming = max((*self.cell.neighborhood.agents, self), key=lambda player: player.payoff).cooperates

    def adopt(self):
        """Take it up."""
        self.cooperates = self.coming


class Lattice(mesa.Model):
    """Players on a torus."""

    def __init__(self, rng=None):
        super().__init__(rng=rng)
        graph = networkx.convert_node_labels_to_integers(networkx.grid_2d_graph(SIDE, SIDE, periodic=True))
        places = {node: (node % SIDE, node // SIDE) for node in graph}
        self.grid = Network(graph, capacity=1, random=self.random, layout=places)
        for cell in self.grid.all_cells:
            Player(self, cell)
        self.datacollector = mesa.DataCollector(
            {"cooperators": lambda m: sum(a.cooperates for a in m.agents) / len(m.agents)}
        )
        self.datacollector.collect(self)

    def step(self):
        """One round."""
        for do in ("play", "learn", "adopt"):
            self.agents.do(do)
        self.datacollector.collect(self)


def share(model):
    """Of cooperators."""
    return sum(agent.cooperates for agent in model.agents) / len(model.agents)


def portrayal(player):
    """Blue cooperates, orange does not."""
    return AgentPortrayalStyle(color="#0072B2" if player.cooperates else "#E69F00", size=20)


model = Lattice(rng=1)
page = SolaraViz(
    model, SpaceRenderer(model, backend="matplotlib").setup_agents(portrayal),
    components=[make_plot_component("cooperators")], play_interval=1, name="lattice",
)  # fmt: skip
page  # noqa: B018  Solara shows what it finds under this name
