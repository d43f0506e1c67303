"""Mutation and selection against chains that are written out in full."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import chain, fixation, mutation, transforms

GAME = transforms.donation(3, 1)


def full_chain(M, size, intensity, rate):
    """Transition matrix of the number of the first strategy, cell by cell from the words of the docstring."""
    step = np.zeros((size + 1, size + 1))
    for j in range(size + 1):
        fit = [0.0, 0.0]
        for s, own in enumerate((j, size - j)):
            if own:
                mates = (j - (s == 0), size - j - (s == 1))
                fit[s] = own * math.exp(intensity * sum(m * M[s][t] for t, m in enumerate(mates)) / (size - 1))
        first = fit[0] / sum(fit)
        born = first * (1 - rate) + (1 - first) * rate
        if j < size:
            step[j, j + 1] = born * (size - j) / size
        if j > 0:
            step[j, j - 1] = (1 - born) * j / size
        step[j, j] = 1 - step[j].sum()
    return step


@pytest.mark.parametrize(("intensity", "rate"), [(0.0, 0.01), (0.3, 0.05), (1.5, 0.3), (0.2, 1.0)])
def test_the_stationary_distribution_is_that_of_the_full_chain(intensity, rate):
    held = mutation.stationary(GAME, 12, intensity, rate)
    assert held.sum() == pytest.approx(1)
    assert held @ full_chain(GAME.tolist(), 12, intensity, rate) == pytest.approx(held, abs=1e-12)


def test_with_rare_mutations_both_ways_of_counting_agree():
    held = mutation.stationary(GAME, 10, 0.2, 1e-9)
    assert held[[10, 0]] == pytest.approx(mutation.rare(GAME, 10, 0.2), rel=1e-6)


def test_of_two_strategies_the_odds_are_those_of_fixation():
    x, y = mutation.rare(GAME, 30, 0.1)
    assert math.log(x / y) == pytest.approx(fixation.log_ratio(GAME, 30, 0.1), rel=1e-12)


def test_without_selection_all_strategies_are_seen_equally_often():
    M = np.random.default_rng(1).normal(size=(5, 5))
    assert mutation.rare(M, 20, 0.0) == pytest.approx(np.full(5, 0.2))


def test_three_strategies_are_those_of_the_embedded_chain():
    M = np.random.default_rng(2).normal(size=(3, 3))
    jump = np.zeros((3, 3))
    for s in range(3):
        for t in range(3):
            if s != t:
                jump[s, t] = fixation.probability(M[np.ix_([t, s], [t, s])], 15, 0.4).cooperators / 2
        jump[s, s] = 1 - jump[s].sum()
    held = mutation.rare(M, 15, 0.4)
    assert held @ jump == pytest.approx(held, abs=1e-14)


def test_defectors_are_seen_nearly_always_where_nothing_helps_cooperators():
    assert mutation.rare(GAME, 100, 1.0)[0] < 1e-20


@pytest.mark.parametrize("rate", [0, -0.1, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(rate):
    with pytest.raises(InputError):
        mutation.stationary(GAME, 10, 0.1, rate)


def test_selection_beyond_any_float_is_said():
    with pytest.raises(TheoryError, match="lower the intensity"):
        mutation.rare(np.diag([0.0, 0.0, 900.0]) + 1.0, 200, 10.0)


def node_chain(weights, M, beta, rate, update):
    """Transition matrix over all states of a graph, event by event from the words of the docstring."""
    n = len(weights)
    states = list(itertools.product((0, 1), repeat=n))
    place = {state: row for row, state in enumerate(states)}
    T = np.zeros((len(states), len(states)))
    step = weights / weights.sum(axis=1, keepdims=True)
    for row, state in enumerate(states):
        fit = [math.exp(beta * sum(step[i, j] * M[1 - state[i]][1 - state[j]] for j in range(n))) for i in range(n)]
        for i, j in itertools.product(range(n), range(n)):
            if update == "death_birth":
                chance = weights[i, j] * fit[j] / sum(weights[i, k] * fit[k] for k in range(n)) / n
                dead, parent = i, j
            else:
                chance, dead, parent = fit[i] / sum(fit) * step[i, j], j, i
            for strategy, share in ((state[parent], 1 - rate), (1 - state[parent], rate)):
                after = (*state[:dead], strategy, *state[dead + 1 :])
                T[row, place[after]] += chance * share
    return states, T


@pytest.mark.parametrize("update", ["death_birth", "birth_death"])
@pytest.mark.parametrize("rate", [0.02, 0.4])
def test_on_a_graph_the_long_run_is_that_of_the_chain_written_out(update, rate):
    weights = nx.to_numpy_array(nx.lollipop_graph(3, 2))
    weights[0, 1] = weights[1, 0] = 3
    held = chain.abundance(weights, GAME, update=update, intensity=0.4, mutation=rate)
    states, T = node_chain(weights, GAME.tolist(), 0.4, rate, update)
    system = np.vstack([T.T - np.eye(len(T)), np.ones(len(T))])
    time = np.linalg.lstsq(system, np.append(np.zeros(len(T)), 1.0), rcond=None)[0]
    assert held == pytest.approx([sum(t for s, t in zip(states, time) if sum(s) == j) for j in range(6)], abs=1e-10)


@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison"])
def test_on_a_graph_rare_mutants_are_seen_in_the_ratio_of_their_fixation(update):
    weights = nx.to_numpy_array(nx.lollipop_graph(4, 3))
    held = chain.abundance(weights, GAME, update=update, intensity=0.2, mutation=1e-8)
    pair = chain.graph_fixation(weights, GAME, update=update, intensity=0.2)
    assert held[7] / held[0] == pytest.approx(pair.cooperators / pair.defectors, rel=1e-5)
    assert held[[0, 7]].sum() == pytest.approx(1, abs=1e-5)


def test_complete_mutation_leaves_nothing_to_select():
    held = chain.abundance(nx.to_numpy_array(nx.cycle_graph(6)), GAME, update="imitation", intensity=3.0, mutation=0.5)
    assert held == pytest.approx([math.comb(6, j) / 64 for j in range(7)])


@pytest.mark.parametrize("update", fixation.UPDATES)
@pytest.mark.parametrize("rate", [0.02, 0.4])
def test_a_mixed_population_is_the_enumerated_complete_graph(update, rate):
    everybody = np.ones((6, 6)) - np.eye(6)
    held = mutation.long_run(GAME, 6, 0.7, rate, update=update)
    assert held == pytest.approx(chain.abundance(everybody, GAME, update=update, intensity=0.7, mutation=rate))


@pytest.mark.parametrize(("intensity", "rate"), [(0.0, 0.01), (0.3, 0.05), (1.5, 0.3), (0.2, 1.0)])
def test_imitation_is_the_process_of_offspring_that_may_replace_their_parent(intensity, rate):
    held = mutation.long_run(GAME, 12, intensity, rate, update="imitation")
    assert held == pytest.approx(mutation.stationary(GAME, 12, intensity, rate))


@pytest.mark.parametrize("update", fixation.UPDATES)
def test_spontaneous_mutants_by_hand(update):
    """Two individuals: 0, 1 or 2 of the first strategy. An update makes them equal with a known chance."""
    rate = 0.3
    up, down = (float(x[0]) for x in fixation.steps(GAME, 2, 0.7, update))
    event = np.array([[1, 0, 0], [down, 1 - up - down, up], [0, 0, 1]])
    struck = np.array([[1 - rate, rate, 0], [rate / 2, 1 - rate, rate / 2], [0, rate, 1 - rate]])
    held = mutation.long_run(GAME, 2, 0.7, rate, update=update, kind="spontaneous")
    assert held @ event @ struck == pytest.approx(held, abs=1e-14) and held.sum() == pytest.approx(1)


def test_a_long_run_that_is_none_is_refused():
    with pytest.raises(InputError, match="kind"):
        mutation.long_run(GAME, 10, 0.1, 0.1, kind="cosmic")
    with pytest.raises(InputError, match="update"):
        mutation.long_run(GAME, 10, 0.1, 0.1, update="wright_fisher")
    with pytest.raises(TheoryError, match="1,000"):
        mutation.long_run(GAME, 2_000, 0.1, 0.1, kind="spontaneous")
