"""Games on lattices and networks with payoffs as they come [NowakMay1992, SantosPacheco2005]."""

import numpy as np
import pytest

from coop_abm.engine.rounds import Play, run
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named


def helpers_after(world, rounds, seed=0):
    """int (rounds + 1,): the number of cooperators, round by round."""
    play = Play(world, seed)
    policy, counts = TableReader(play.repertoire), []
    for t in range(rounds + 1):
        run(play, policy, t)
        counts.append(int((play.state.strategy == 0).sum()))
    return np.array(counts)


@pytest.mark.slow
def test_P19_cooperators_settle_at_the_published_share():
    counts = helpers_after(replace(named("nowak_may"), {"size": 200 * 200}), 600, seed=19)
    assert counts[301:].mean() / 200**2 == pytest.approx(0.3153, abs=0.006)


def test_the_same_spatial_game_without_self_interaction_has_hardly_any_cooperators():
    world = replace(named("nowak_may"), {"size": 3600, "update.self_interaction": False, "game.temptation": 1.9})
    assert helpers_after(world, 200, seed=19)[100:].mean() / 3600 < 0.1


@pytest.mark.parametrize(("low", "high", "selves"), [(1.85, 1.95, True), (1.62, 1.65, False)])
def test_only_the_order_of_payoffs_decides_so_neighbouring_temptations_give_one_history(low, high, selves):
    histories = [
        helpers_after(
            replace(named("nowak_may"), {"size": 2500, "game.temptation": b, "update.self_interaction": selves}), 60, 3
        ).tolist()
        for b in (low, high)
    ]
    assert histories[0] == histories[1]
    assert len(set(histories[0])) > 10


KALEIDOSCOPE = {1: 9792, 2: 9776, 5: 9720, 10: 9548, 20: 8932, 30: 7364, 50: 5000}


def test_P20_the_kaleidoscope_unfolds_to_the_last_cell():
    counts = helpers_after(named("kaleidoscope"), 50)
    assert counts[0] == 9800
    assert {t: int(counts[t]) for t in KALEIDOSCOPE} == KALEIDOSCOPE


def test_P20_the_kaleidoscope_is_symmetric():
    play = Play(named("kaleidoscope"))
    run(play, TableReader(play.repertoire), 40)
    cells = play.state.strategy[0].reshape(99, 99)
    for turned in (cells[::-1], cells[:, ::-1], cells.T):
        assert np.array_equal(cells, turned)


def mean_share(world, graphs, transient, counted):
    shares = [helpers_after(world, transient + counted, seed)[-counted:].mean() / world.size for seed in range(graphs)]
    return float(np.mean(shares))


@pytest.mark.slow
def test_P25_a_scale_free_network_carries_cooperation():
    assert mean_share(named("scale_free"), 6, 1500, 200) == pytest.approx(0.84, abs=0.15)


def test_P25_a_ring_does_not():
    ring = replace(named("scale_free"), {"network.graph": {"kind": "ring", "degree": 4}, "game.temptation": 1.2})
    assert mean_share(ring, 2, 1500, 100) == pytest.approx(0.0, abs=0.01)


def test_P25_without_summed_payoffs_hubs_are_no_help():
    """The control: where payoffs are means, a hub earns no more than anybody else."""
    averaged = replace(named("scale_free"), {"payoff": "averaged"})
    assert mean_share(averaged, 3, 1500, 100) < 0.4
