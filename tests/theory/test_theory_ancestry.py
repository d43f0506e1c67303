"""Who inherits from whom and who plays with whom may be two graphs: the solver against a chain written for that."""

import itertools
import math
import re

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from coop_abm.core.errors import GraphError, InputError, TheoryError
from coop_abm.theory import coalescence, composition, thresholds

UPDATES = ("death_birth", "imitation", "pairwise_comparison")
PAYOFFS = ("averaged", "accumulated")


def plain(graph):
    return nx.to_numpy_array(graph, weight=None)


def dressed(weights, seed):
    dice = np.triu(np.random.default_rng(seed).integers(1, 5, weights.shape), 1)
    return weights * (dice + dice.T)


GAME = dressed(plain(nx.lollipop_graph(4, 2)), 1)
OTHER = dressed(plain(nx.cycle_graph(6)), 2)
TWO_PIECES = plain(nx.disjoint_union(nx.path_graph(4), nx.path_graph(2)))
PAIRS = {
    "lollipop on a cycle": (GAME, OTHER),
    "cycle on a lollipop": (OTHER, GAME),
    "pairs that never meet otherwise": (TWO_PIECES, GAME),
    "one graph": (GAME, None),
}


def fixation_of_a(game, replacement, M, intensity, update, payoff, start):
    """rho_A by enumeration of all 2^N states, one plain loop a rule: written apart from the package."""
    size = len(game)
    rho = np.zeros(2**size)
    states = list(itertools.product((0, 1), repeat=size))
    number = {state: at for at, state in enumerate(states)}
    move = np.zeros((2**size, 2**size))
    for state in states:
        earned = []
        for i in range(size):
            total = sum(game[i, j] * M[1 - state[i]][1 - state[j]] for j in range(size))
            earned.append(total / game[i].sum() if payoff == "averaged" else total)
        for i in range(size):
            for j in range(size):
                if update == "pairwise_comparison":
                    chance = replacement[i, j] / replacement[i].sum()
                    chance /= 1 + math.exp(-intensity * (earned[j] - earned[i]))
                else:
                    self_weight = 1.0 if update == "imitation" else 0.0
                    rivals = [
                        (replacement[i, k] + self_weight * (i == k)) * math.exp(intensity * earned[k])
                        for k in range(size)
                    ]
                    chance = rivals[j] / sum(rivals)
                after = (*state[:i], state[j], *state[i + 1 :])
                move[number[state], number[after]] += chance / size
    np.fill_diagonal(move, 0)  # staying changes no probability of absorption
    inside = [at for at, state in enumerate(states) if 0 < sum(state) < size]
    leave = move.sum(axis=1)
    system = np.diag(leave[inside]) - move[np.ix_(inside, inside)]
    rho[inside] = np.linalg.solve(system, move[inside, number[(1,) * size]])
    return np.mean([rho[number[state]] for state in states if sum(state) == start])


def slope(*how, step=2e-3):
    """d rho_A / d intensity at neutrality, by Richardson-extrapolated central differences."""
    game, replacement, M, update, payoff, start = how

    def central(width):
        up, down = (fixation_of_a(game, replacement, M, s, update, payoff, start) for s in (width, -width))
        return (up - down) / (2 * width)

    return (4 * central(step / 2) - central(step)) / 3


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("name", PAIRS)
def test_the_slope_on_two_graphs_is_the_enumerated_one(name, update, payoff):
    game, replacement = PAIRS[name]
    on = game if replacement is None else replacement
    how = {"update": update, "payoff": payoff, "replacement": replacement}
    for benefit, cost, start in ((1, 0, 1), (0, 1, 1), (5, 1, 3)):
        M = [[benefit - cost, -cost], [benefit, 0]]
        predicted = coalescence.fixation_slope(game, benefit, cost, start, **how)
        assert predicted == pytest.approx(slope(game, on, M, update, payoff, start), rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("update", UPDATES)
def test_any_game_with_equal_gains_has_the_enumerated_slope(update):
    M = [[3.0, 0.5], [3.5, 1.0]]
    predicted = coalescence.matrix_slope(GAME, M, 2, update=update, payoff="accumulated", replacement=OTHER)
    assert predicted == pytest.approx(slope(GAME, OTHER, M, update, "accumulated", 2), rel=2e-6)


def test_a_game_with_unequal_gains_has_no_such_slope():
    with pytest.raises(TheoryError, match="equal gains"):
        coalescence.matrix_slope(GAME, [[3, 0], [5, 1]])


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", UPDATES)
def test_the_structure_coefficient_places_a_coordination_game_on_two_graphs(update, payoff):
    how = {"update": update, "payoff": payoff}
    sigma = coalescence.sigma(GAME, replacement=OTHER, **how)
    M = [[1.0, 0.0], [2.0, 0.0]]
    M[1][1] = (sigma * M[0][0] + M[0][1] - M[1][0]) / sigma  # where A and B are favoured alike
    turned = [M[1][::-1], M[0][::-1]]
    gap = slope(GAME, OTHER, M, update, payoff, 1) - slope(GAME, OTHER, turned, update, payoff, 1)
    assert gap == pytest.approx(0, abs=1e-6 * abs(slope(GAME, OTHER, M, update, payoff, 1)) + 1e-9)


def test_the_same_graph_given_twice_changes_nothing():
    for update, payoff in itertools.product(UPDATES, PAYOFFS):
        once = coalescence.critical_ratio(GAME, update=update, payoff=payoff)
        twice = coalescence.critical_ratio(csr_array(GAME), update=update, payoff=payoff, replacement=GAME)
        assert twice == pytest.approx(once, rel=1e-12)


def test_sigma_is_one_where_the_ratio_is_infinite():
    star = plain(nx.star_graph(6))
    assert math.isinf(coalescence.critical_ratio(star))
    assert coalescence.sigma(star) == 1.0


@pytest.mark.parametrize("graph", [nx.cycle_graph(12), nx.complete_graph(7), nx.petersen_graph()])
def test_sigma_is_that_of_the_ratio(graph):
    ratio = coalescence.critical_ratio(plain(graph))
    assert coalescence.sigma(plain(graph)) == pytest.approx(composition.sigma_from_ratio(ratio))


def test_rare_edges_stay_sparse_and_give_the_closed_form():
    size = 600
    ring = nx.to_scipy_sparse_array(nx.random_regular_graph(4, size, seed=1), weight=None, dtype=float)
    seen = []
    assert coalescence.critical_ratio(ring, progress=seen.append) == pytest.approx(thresholds.death_birth(4, size))
    assert len(seen) > 5 and seen[-1] > 0.8 and all(0 <= share <= 1 for share in seen)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (4.2, "cooperation is favoured where the benefit exceeds 4.2 times the cost"),
        (-9, "never: no benefit is large enough; harming others is favoured where the harm exceeds 9 times the cost"),
        (math.inf, "never: the benefit has no effect on selection"),
        (3964.0, "nearly never: the benefit has so little effect that it would have to exceed 3964 times the cost"),
        (-3964.0, "nearly never: .* no benefit is large enough, and harm would have to exceed 3964 times the cost"),
    ],
)
def test_a_ratio_is_said_in_words(value, words):
    assert re.match(words, coalescence.in_words(value))


@pytest.mark.parametrize(
    ("game", "replacement", "words"),
    [
        (GAME, plain(nx.cycle_graph(5)), "replacement must have the 6 nodes of weights; got 5"),
        (GAME, TWO_PIECES, "replacement must describe a connected graph"),
        (GAME, -OTHER, "replacement must be finite and not negative"),
        (plain(nx.empty_graph(6)), OTHER, "weights must give every node a neighbour"),
    ],
)
def test_graphs_that_do_not_fit_each_other_are_refused(game, replacement, words):
    with pytest.raises(GraphError, match=words):
        coalescence.critical_ratio(game, replacement=replacement)


def test_what_is_no_rule_payoff_or_size_is_refused():
    with pytest.raises(InputError, match="update must be one of"):
        coalescence.critical_ratio(GAME, update="birth_death")
    with pytest.raises(InputError, match="payoff must be one of"):
        coalescence.critical_ratio(GAME, payoff="total")
    with pytest.raises(TheoryError, match="at most 5,000 nodes"):
        coalescence.critical_ratio(csr_array((6000, 6000)))
    with pytest.raises(InputError, match="start"):
        coalescence.fixation_slope(GAME, 3, 1, 6)
