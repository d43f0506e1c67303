"""Spatial prisoner's dilemma, everybody at once: against Mesa's own example, and on a graph without geometry."""

from __future__ import annotations

import time

import numpy as np
from mesa.examples.advanced.pd_grid.model import PdGrid

from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent, same
from coop_abm import Scenario, lab
from coop_abm.engine.history import RoundWorld
from coop_abm.games import PrisonersDilemma
from coop_abm.mechanisms import Network
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.structures import RandomRegular, Torus
from coop_abm.updates import ImitateTheBest

SEED, STEPS = 1, 20


def moves_of(model: PdGrid) -> np.ndarray:
    """int (rows, columns): 0 where an agent cooperates, 1 where it defects."""
    agents = sorted(model.agents, key=lambda agent: agent.cell.coordinate)
    return np.array([int(agent.move == "D") for agent in agents]).reshape(model.grid.dimensions)


def world(start: np.ndarray, graph: Torus | RandomRegular) -> RoundWorld:
    """The game and the rule of ``pd_grid``; `start` are moves, a node each."""
    scenario = Scenario(
        size=start.size, partners="all", payoff="accumulated", update=ImitateTheBest(ties="first", scores="total"),
        game=PrisonersDilemma(temptation=1.6, reward=1.0, punishment=0.0, sucker=0.0),
        players=tuple(
            Players(strategy=kind, nodes=tuple(np.flatnonzero(start.ravel() == move).tolist()))
            for move, kind in enumerate((AllC(), AllD()))
        ),
        network=Network(enabled=True, graph=graph),
    )  # fmt: skip
    running = lab.start(scenario, SEED)
    assert isinstance(running, RoundWorld)
    return running


def against_pd_grid(side: int, on_torus: bool) -> Bout:
    """Some rounds of ours, cooperators counted in each, and one step of theirs, which counts them as well."""
    theirs = PdGrid(side, side, activation_order="Simultaneous", rng=SEED)
    graph = Torus(neighbours=8, rows=side) if on_torus else RandomRegular(degree=8)
    # All scores are 0 at first, so that in its first step everybody there takes up its neighbour to the upper left.
    ours = world(np.roll(moves_of(theirs), (1, 1), axis=(0, 1)), graph)
    said = "rule and game are the same, the graph is not"
    theirs.step()
    ours.advance(1)
    if on_torus:
        for _ in range(2):
            theirs.step()
            said = same(
                "moves of all agents in Mesa's steps 2 and 3 are", ours.play.state.strategy[0], moves_of(theirs).ravel()
            )
            ours.advance(1)

    def run_ours() -> float:
        counts = ours.advance(STEPS)
        if not counts[0, -1].all():
            raise Disagreement("one strategy is left: there is less to do")
        return STEPS * side * side

    def run_theirs() -> Spent:
        began = time.process_time()
        theirs.step()
        return Spent(side * side, time.process_time() - began)

    run_ours()
    return Bout(run_ours, run_theirs, said)


BENCHMARKS = (
    Benchmark(
        name="pd-grid",
        work="spatial prisoner's dilemma, 500 x 500 torus of 8 neighbours, all imitate the best at once",
        against="Mesa's pd_grid", goal=Goal("faster", 400), unit="ns per individual and round", pairs=5, warm=False,
        prepare=lambda quick: against_pd_grid(50 if quick else 500, True),
    ),
    Benchmark(
        name="pd-any-graph",
        work="the same on a random 8-regular graph of 250,000 nodes",
        against="Mesa's pd_grid on its torus", goal=Goal("faster", 150), unit="ns per individual and round", pairs=5,
        warm=False,
        prepare=lambda quick: against_pd_grid(50 if quick else 500, False),
    ),
)  # fmt: skip
