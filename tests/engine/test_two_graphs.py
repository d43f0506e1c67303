"""Worlds of two graphs as the engine runs them: against exact chains, golden, and wherever else a world is used."""

import networkx as nx
import numpy as np
import pytest

import coop_abm
from coop_abm import lab
from coop_abm.abm import CoopModel
from coop_abm.engine import checkpoint
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.events import process
from coop_abm.engine.fixation import fixation
from coop_abm.engine.history import EventWorld
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.structures import Edges
from coop_abm.theory import chain
from tests.parity.worlds import SELECTING, UPDATES

LOCAL = UPDATES[:-1]
ON_TORI = {
    "network.graph": {"kind": "torus", "neighbours": 8},
    "network.replacement": {"kind": "torus", "neighbours": 4},
}
#: Eight individuals who meet on a lollipop and are replaced on a weighted wheel.
MEET, REPLACE = nx.lollipop_graph(5, 3), nx.wheel_graph(8)
for number, edge in enumerate(sorted(REPLACE.edges)):
    REPLACE.edges[edge]["weight"] = 1.0 + number % 3


def small(update, **changes):
    world = on_graph(named("network"), MEET)
    return replace(
        world, {"network.replacement": Edges.of(REPLACE), "update": update, "update.intensity": 0.5} | changes
    )


def tori(update, **changes):
    """Six by six of them, who meet eight neighbours and are replaced by four."""
    rule = {"kind": update}
    if update in SELECTING:
        rule["intensity"] = 1.0
    if update in ("birth_death", "death_birth"):
        rule["replacements"] = 12
    return replace(named("network"), ON_TORI | {"size": 36, "game.benefit": 6.0, "update": rule} | changes)


def exact(world, start=1):
    dense = [nx.to_numpy_array(graph, nodelist=range(8)) for graph in (MEET, REPLACE)]
    return chain.graph_fixation(
        dense[0], world.matrix(world.answers()), update=world.update.kind, intensity=world.update.intensity,
        payoff=world.payoff, start=start, replacement=dense[1],
    )  # fmt: skip


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", chain.UPDATES)
def test_who_takes_over_is_what_the_chain_of_all_states_says(update, payoff):
    world = small(update, payoff=payoff, **{"direct.enabled": True, "direct.continuation": 0.4})
    for invader, rho in enumerate(exact(world, 2)):
        found = fixation(world, invader=invader, heads=2, runs=20_000, seed=5)
        assert abs(found.probability - rho) < 3.9 * found.error, (found.probability, rho, found.error)
        share = (rho * (1 - rho) / found.runs) ** 0.5  # counted winners, also where the estimate was followed
        assert abs(found.counted - rho) < 3.9 * share


def test_following_selection_on_two_graphs_takes_noise_away():
    """Reproductive values are those of the graph of replacement; with those of the other the mean would be off."""
    world = small("death_birth", **{"update.intensity": 0.05})
    found = fixation(world, runs=4000, seed=1)
    counted = (found.counted * (1 - found.counted) / found.runs) ** 0.5
    assert found.error < 0.25 * counted
    assert abs(found.probability - exact(world).cooperators) < 3.9 * found.error


@pytest.mark.validate
@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison", "birth_death"])
def test_the_measured_crossing_on_two_graphs_is_the_exact_one(update):
    """Direct reciprocity makes the ratio finite and positive where the graphs alone do not."""
    world = small(update, **{"direct.enabled": True, "direct.continuation": 0.7, "update.intensity": 0.02})
    dense = [nx.to_numpy_array(graph, nodelist=range(8)) for graph in (MEET, REPLACE)]
    crossed = chain.critical(
        dense[0], lambda b: replace(world, {"game.benefit": b}).matrix(world.answers()), update=update,
        intensity=0.02, replacement=dense[1], start=4,
    )  # fmt: skip
    found = coop_abm.critical_ratio(world, method="crossing", precision=0.005, rng=3)
    assert abs(found.value - crossed) < 3.9 * found.error
    assert expectation(world).value == pytest.approx(crossed, rel=0.02)


@pytest.mark.validate
@pytest.mark.parametrize("update", ["death_birth", "imitation"])
def test_the_crossing_on_two_tori_is_the_closed_form(update):
    """Ohtsuki, Pacheco and Nowak's worlds at N = 100: above h g / l = 8, and h (g + 2) / l = 12, by what N says."""
    world = replace(named("network"), ON_TORI | {"update": update, "update.intensity": 0.02})
    found = coop_abm.critical_ratio(world, method="crossing", precision=0.01, rng=4)
    assert abs(found.value - expectation(world).value) < 3.9 * found.error


# ------------------------------------------------------------------------------------------ golden

#: Cooperators after each of eight generations (event clock) or rounds, from seed 11.
GOLDEN = {
    ("birth_death", "event"): [18, 9, 7, 4, 0, 0, 0, 0, 0],
    ("death_birth", "event"): [18, 10, 12, 10, 9, 9, 11, 10, 13],
    ("imitation", "event"): [18, 12, 13, 10, 2, 0, 0, 0, 0],
    ("pairwise_comparison", "event"): [18, 14, 16, 12, 9, 6, 4, 1, 1],
    ("imitate_the_best", "event"): [18, 12, 16, 19, 19, 20, 21, 21, 21],
    ("proportional_imitation", "event"): [18, 16, 16, 17, 16, 14, 13, 11, 11],
    ("birth_death", "round"): [18, 15, 13, 14, 16, 17, 15, 8, 8],
    ("death_birth", "round"): [18, 11, 8, 10, 9, 8, 9, 5, 4],
    ("imitation", "round"): [18, 16, 12, 13, 13, 14, 12, 5, 4],
    ("pairwise_comparison", "round"): [18, 13, 11, 8, 5, 6, 7, 7, 8],
    ("imitate_the_best", "round"): [18, 8, 3, 4, 3, 0, 0, 0, 0],
    ("proportional_imitation", "round"): [18, 16, 13, 13, 11, 9, 7, 8, 4],
}


@pytest.mark.parametrize("clock", ["event", "round"])
@pytest.mark.parametrize("update", LOCAL)
def test_golden_runs_on_two_graphs(update, clock):
    """A change here changes everybody's results; it goes with a line under Results-changing in the change log."""
    run = coop_abm.run(tori(update, clock=clock), steps=8, seed=11)
    assert run.frame["cooperators"].mul(36).round().astype(int).tolist() == GOLDEN[update, clock]


def test_the_second_graph_is_felt():
    two, one = tori("death_birth"), replace(tori("death_birth"), {"network.replacement": "same"})
    frames = [coop_abm.run(world, steps=8, seed=11).frame for world in (two, one)]
    assert not frames[0].equals(frames[1])


# ------------------------------------------------------------------------------------------ everywhere else


def test_the_mesa_face_and_the_command_s_run_are_one():
    model = CoopModel(tori("imitation"), rng=11)
    for _ in range(8):
        model.step()
    run = coop_abm.run(tori("imitation"), steps=8, seed=11)
    assert model.datacollector.get_model_vars_dataframe()["cooperators"].tolist() == run.frame["cooperators"].tolist()


@pytest.mark.parametrize("clock", ["event", "round"])
def test_a_world_goes_on_from_a_checkpoint(clock):
    world = lab.start(tori("death_birth", clock=clock), 3)
    world.step()
    kept = checkpoint.take(world)
    world.step()
    once = checkpoint.take(world)
    other = lab.start(tori("death_birth", clock=clock), 3)
    checkpoint.put_back(other, kept)
    other.step()
    assert checkpoint.equal(checkpoint.take(other), once)


def test_who_is_given_another_strategy_changes_what_those_earn_who_meet_it():
    """A strategy from outside: neighbours of the graph of meeting earn something else, those of replacement do not."""
    world = EventWorld(small("death_birth"), 2)
    before = world.snapshot().payoff[0].copy()
    row = 7  # the end of the lollipop's stick, a node of the wheel's rim
    world.assign(row, 1 - int(world.strategy[row]))
    changed = np.flatnonzero(world.snapshot().payoff[0] != before).tolist()
    assert set(changed) <= {row, *MEET[row]} and set(MEET[row]) <= set(changed)
    assert not set(changed) >= set(REPLACE[row])


def test_payoffs_are_kept_for_each_site_only_where_the_graphs_differ():
    assert process(replace(tori("death_birth"), {"network.replacement": "same"})).keyed
    assert not process(tori("death_birth")).keyed


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", chain.UPDATES)
def test_neutral_drift_on_two_graphs_finds_the_exact_ratio(update, payoff):
    """sigma, which stays finite where the ratio does not."""
    world = small(update, payoff=payoff)
    dense = [nx.to_numpy_array(graph, nodelist=range(8)) for graph in (MEET, REPLACE)]
    drift = neutral_drift(world, runs=4000, seed=2)
    sigma = chain.structure(dense[0], update=update, payoff=payoff, replacement=dense[1]).sigma
    assert abs(drift.sigma.value - sigma) < 3.9 * drift.sigma.error
    assert drift.sigma.error < 0.1 * sigma and abs(drift.check) < 3.9
