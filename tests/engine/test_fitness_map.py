"""Linear fitness: each rule against probabilities written down from its definition, and where it is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import ScenarioError
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, fixation, starting
from coop_abm.engine.history import EventWorld
from coop_abm.engine.rounds import Play
from coop_abm.scenario import Scenario
from coop_abm.scenario.expectation import expectation, weights_of
from coop_abm.scenario.knobs import digest, replace
from coop_abm.theory.coalescence import critical_ratio

RULES = ("birth_death", "death_birth", "imitation", "wright_fisher")
BETA, RUNS = 0.8, 20_000
DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
PLAYERS = [{"share": 0.5, "strategy": "allc"}, {"share": 0.5, "strategy": "alld"}]


def world(update, size, fitness="linear", **changes):
    declared = {
        "clock": "event", "game": "stag_hunt", "players": PLAYERS,
        "update": {"kind": update, "intensity": BETA, "fitness": fitness},
    }  # fmt: skip
    return replace(Scenario(size=size), declared | changes)


def fitnesses(size):
    """1 + intensity x payoff of stag hunters and hare hunters in a mixed population, for j = 0 ... N stag hunters."""
    j = np.arange(size + 1)
    return j, 1 + BETA * 4.0 * (j - 1) / (size - 1), np.full(size + 1, 1 + BETA * 3.0)


def ladder(update, size):
    """Probabilities that one event takes j = 0 ... N stag hunters up, and down."""
    j, f, g = fitnesses(size)
    k = size - j
    whole = j * f + k * g
    if update == "birth_death":
        return j * f / whole * k / (size - 1), k * g / whole * j / (size - 1)
    if update == "death_birth":
        return k / size * j * f / (whole - g), j / size * k * g / (whole - f)
    return k / size * j * f / whole, j / size * k * g / whole


@pytest.mark.parametrize("update", RULES[:3])
def test_who_takes_over_is_what_the_ladder_of_linear_fitness_says(update):
    up, down = (rates[1:-1] for rates in ladder(update, 16))
    steps = np.r_[1.0, np.cumprod(down / up)]
    expected = steps[:11].sum() / steps.sum()
    scenario = world(update, 16)
    for every in (False, True):
        ready = process(scenario, every_event=every)
        won = (ensemble(ready, starting(scenario, 0, 11), RUNS, base=stream_base(5)).winner == 0).mean()
        assert abs(won - expected) <= 3.5 * math.sqrt(expected * (1 - expected) / RUNS)
    other = world(update, 16, "exponential")
    won = (ensemble(process(other), starting(other, 0, 11), RUNS, base=stream_base(5)).winner == 0).mean()
    assert abs(won - expected) > 10 * math.sqrt(expected * (1 - expected) / RUNS)


@pytest.mark.parametrize("update", RULES)
def test_one_round_of_linear_fitness_moves_as_many_as_its_definition_says(update):
    scenario = world(update, 16, clock="round", partners="all")
    replicates = 20_000
    after = Play(scenario, 3, replicates=replicates).advance(1)[:, 0, 0]
    j, f, g = fitnesses(16)
    share = (j * f / (j * f + (16 - j) * g))[8]
    if update in ("birth_death", "death_birth"):
        up, down = (rates[8] for rates in ladder(update, 16))
        expected = 8 + up - down
    else:
        expected = 16 * share
    assert abs(after.mean() - expected) <= 3.5 * after.std(ddof=1) / math.sqrt(replicates)


def test_a_generation_of_linear_fitness_has_the_parents_that_its_definition_says():
    scenario = world("wright_fisher", 16)
    after = np.array([EventWorld(scenario, 3, replicate=r).record(1)[0, 0] for r in range(4000)])
    j, f, g = fitnesses(16)
    expected = 16 * (j * f / (j * f + (16 - j) * g))[8]
    assert abs(after.mean() - expected) <= 3.5 * after.std(ddof=1) / math.sqrt(len(after))


def taken_over(weights, matrix):
    """The probability that one A at a random node takes over under death-birth with linear fitness, from all states."""
    n = len(weights)
    step = weights / weights.sum(axis=1, keepdims=True)
    system, end = np.eye(1 << n), np.zeros(1 << n)
    end[-1] = 1.0
    for state in range(1, (1 << n) - 1):
        a = np.array([state >> i & 1 for i in range(n)])
        held = np.where(a == 1, 0, 1)
        payoff = np.array([step[i] @ matrix[held[i], held] for i in range(n)])
        for i in range(n):
            strength = weights[i] * (1 + BETA * payoff)
            flips = (strength * (a != a[i])).sum() / strength.sum() / n
            system[state, state ^ (1 << i)] -= flips
            system[state, state] += flips - 1 / n
    return np.linalg.solve(system, end)[[1 << i for i in range(n)]].mean()


def test_on_a_graph_the_exact_chain_of_linear_fitness_is_met_with_keys_and_without(monkeypatch):
    scenario = world("death_birth", 6, **{"network.enabled": True, "network.graph": "wheel"})
    answers = scenario.answers()
    expected = taken_over(weights_of(answers).toarray(), scenario.matrix(answers))
    assert process(scenario).keyed
    one = fixation(scenario, runs=RUNS, seed=2)
    assert abs(one.counted - expected) <= 3.5 * math.sqrt(expected * (1 - expected) / RUNS)
    assert abs(one.probability - expected) <= 3.5 * one.error
    monkeypatch.setattr("coop_abm.engine.events.MOST_KEYS", 0)
    assert not process(scenario).keyed
    other = fixation(scenario, runs=RUNS, seed=2)
    assert abs(other.counted - expected) <= 3.5 * math.sqrt(expected * (1 - expected) / RUNS)


def test_fitness_that_could_be_negative_is_refused_in_one_sentence():
    dilemma = {"game": "donation", "game.benefit": 3.0, "game.cost": 1.0}
    for changes in ({"clock": "event"}, {"clock": "round"}, {"clock": "round", "partners": "all"}):
        begin = process if changes["clock"] == "event" else Play
        begin(world("imitation", 10, **dilemma, **changes, **{"update.intensity": 0.9}))
        with pytest.raises(ScenarioError, match=r"^update\.fitness: linear needs .*-1; got update\.intensity = 1 "):
            begin(world("imitation", 10, **dilemma, **changes, **{"update.intensity": 1.0}))
    summed = {"payoff": "accumulated", "partners": "all"}
    for changes in ({"clock": "event"}, {"clock": "round"}):
        begin = process if changes["clock"] == "event" else Play
        with pytest.raises(ScenarioError, match="the lowest payoff is -9"):
            begin(world("imitation", 10, **dilemma, **changes, **summed, **{"update.intensity": 0.2}))
    with pytest.raises(ScenarioError, match="no lower bound"):
        Play(world("imitation", 10, **dilemma, clock="round", **{**DIRECT, "update.intensity": 0.01}))
    process(world("imitation", 10, **dilemma, **{**DIRECT, "update.intensity": 0.01}))


def test_theory_says_the_same_to_first_order_and_does_not_say_how_far_it_moves():
    graph = {"game": "donation", "network.enabled": True, "network.graph": "torus", "update.intensity": 0.01}
    linear, exponential = (expectation(world("death_birth", 16, map_, **graph)) for map_ in ("linear", "exponential"))
    assert linear.value == exponential.value == pytest.approx(critical_ratio(torus()))
    assert "linear" in linear.limits[-1] and "linear" not in exponential.limits[-1]
    mixed = expectation(world("birth_death", 16, game="donation"))
    assert mixed.status == "first order"


def torus():
    scenario = world("death_birth", 16, **{"network.enabled": True, "network.graph": "torus"})
    return weights_of(scenario.answers())


def test_the_exponential_map_is_the_world_that_was_and_the_linear_one_another():
    assert digest(world("imitation", 10, "exponential")) != digest(world("imitation", 10))
    assert replace(Scenario(), {"update.fitness": "exponential"}) == Scenario()
