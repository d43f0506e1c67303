"""The spatial prisoner's dilemma that comes with Mesa, move for move.

``mesa.examples.advanced.pd_grid`` in its *Simultaneous* order: a Moore torus; everybody takes up the move of
whoever has the highest score around it, the first of equals in the order of neighbours and itself last; then
all play, and scores add up over all steps. A step of Mesa chooses and then plays, a round of ours plays and
then chooses. So our world starts after the choice of Mesa's first step, in which all scores are 0 and
everybody takes up the move of its first neighbour, the one to the upper left.
"""

import numpy as np
import pytest

from coop_abm.engine.rounds import Play
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace

#: What Mesa's example comes with.
TEMPTATION = 1.6


def mesa_world(width, height, temptation, seed):
    from mesa.examples.advanced.pd_grid.model import PdGrid

    payoffs = PdGrid.payoff | {("D", "C"): temptation}
    return PdGrid(width, height, activation_order="Simultaneous", payoffs=payoffs, rng=seed)


def moves_of(model):
    """int (width, height): 0 where an agent cooperates."""
    agents = sorted(model.agents, key=lambda agent: agent.cell.coordinate)
    return np.array([int(agent.move == "D") for agent in agents]).reshape(model.grid.dimensions)


def scores_of(model):
    agents = sorted(model.agents, key=lambda agent: agent.cell.coordinate)
    return np.array([float(agent.score) for agent in agents]).reshape(model.grid.dimensions)


def our_world(start, temptation):
    """The same world as a scenario; `start` are moves, 0 to cooperate."""
    players = [
        {"strategy": kind, "nodes": np.flatnonzero(start.ravel() == move).tolist()}
        for move, kind in enumerate(("allc", "alld"))
    ]
    game = {"kind": "prisoners_dilemma", "temptation": temptation, "reward": 1.0, "punishment": 0.0, "sucker": 0.0}
    return replace(
        Scenario(),
        {
            "size": start.size, "partners": "all", "payoff": "accumulated", "game": game, "players": players,
            "update": {"kind": "imitate_the_best", "ties": "first", "scores": "total"}, "network.enabled": True,
            "network.graph": {"kind": "torus", "neighbours": 8, "rows": start.shape[0]},
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("shape", "temptation", "seed"), [((50, 50), TEMPTATION, 1), ((50, 50), 1.375, 2), ((24, 37), 1.2, 3)]
)
def test_moves_and_scores_are_those_of_mesa_for_a_hundred_steps(shape, temptation, seed):
    model = mesa_world(*shape, temptation, seed)
    play = Play(our_world(np.roll(moves_of(model), (1, 1), axis=(0, 1)), temptation))
    assert play.board is not None
    shares = set()
    for step in range(100):
        model.step()
        ours = play.state.strategy[0].reshape(shape)
        assert np.array_equal(ours, moves_of(model)), f"step {step + 1}"
        play.advance(1)
        assert np.array_equal(play.state.payoff[0].reshape(shape), scores_of(model)), f"step {step + 1}"
        shares.add(int(ours.sum()))
    assert len(shares) > 10  # something happened


@pytest.mark.parametrize("change", [{"update.ties": "chance"}, {"update.scores": "round"}, {"game.temptation": 1.5}])
def test_any_other_rule_moves_otherwise(change):
    model = mesa_world(40, 40, 1.375, seed=1)
    play = Play(replace(our_world(np.roll(moves_of(model), (1, 1), axis=(0, 1)), 1.375), change))
    model.step()
    for _ in range(5):
        model.step()
        play.advance(1)
    assert not np.array_equal(play.state.strategy[0].reshape(40, 40), moves_of(model))
