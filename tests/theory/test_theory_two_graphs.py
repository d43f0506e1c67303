"""One meets on one graph and is replaced on another: the 2^N chain, the solvers and closed forms, held to each other.

The chain of the package is first held to plain loops over single individuals, written here from the rules alone.
"""

import itertools
import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import GraphError, InputError
from coop_abm.theory import birth_death, chain, coalescence, thresholds

PAYOFFS = ("averaged", "accumulated")
WALKED = ("death_birth", "imitation", "pairwise_comparison")


def plain(graph):
    return nx.to_numpy_array(graph, nodelist=sorted(graph), weight=None)


def dressed(weights, seed):
    dice = np.triu(np.random.default_rng(seed).integers(1, 5, weights.shape), 1)
    return weights * (dice + dice.T)


GAME = dressed(plain(nx.lollipop_graph(4, 3)), 1)
OTHER = dressed(plain(nx.wheel_graph(7)), 2)
TWO_PIECES = plain(nx.disjoint_union(nx.path_graph(4), nx.path_graph(3)))
PAIRS = {"lollipop, wheel": (GAME, OTHER), "wheel, lollipop": (OTHER, GAME), "pieces, wheel": (TWO_PIECES, OTHER)}


def flips(game, replacement, M, intensity, update, payoff):
    """{state: [probability that node i changes]}, by looking at one individual after the other."""
    size, found = len(game), {}
    for state in itertools.product((1, 0), repeat=size):  # 1 plays A
        earned = [sum(game[i, j] * M[1 - state[i]][1 - state[j]] for j in range(size)) for i in range(size)]
        if payoff == "averaged":
            earned = [total / game[i].sum() for i, total in enumerate(earned)]
        fit = [math.exp(intensity * x) for x in earned]
        change = [0.0] * size
        for i, j in itertools.product(range(size), repeat=2):  # i is replaced by the strategy of j
            if update == "birth_death":
                chance = fit[j] / sum(fit) * replacement[j, i] / replacement[j].sum()
            elif update == "pairwise_comparison":
                chance = replacement[i, j] / replacement[i].sum() / size
                chance /= 1 + math.exp(-intensity * (earned[j] - earned[i]))
            else:
                own = 1.0 if update == "imitation" else 0.0
                rivals = [(replacement[i, k] + own * (i == k)) * fit[k] for k in range(size)]
                chance = rivals[j] / sum(rivals) / size
            change[i] += chance * (state[i] != state[j])
        found[state] = change
    return found


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", chain.UPDATES)
@pytest.mark.parametrize("name", ["lollipop, wheel", "pieces, wheel"])
def test_the_chain_of_two_graphs_takes_the_steps_that_the_rules_say(name, update, payoff):
    game, replacement = PAIRS[name]
    M = [[2.0, -1.0], [3.0, 0.5]]
    table = chain.flip_probabilities(game, M, update=update, intensity=0.6, payoff=payoff, replacement=replacement)
    for state, expected in flips(game, replacement, M, 0.6, update, payoff).items():
        number = sum(1 << i for i, a in enumerate(state) if a)
        assert table[number] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", chain.UPDATES)
def test_one_graph_given_twice_is_one_graph(update, payoff):
    how = {"update": update, "payoff": payoff}
    M = [[2.0, -1.0], [3.0, 0.5]]
    once = chain.graph_fixation(GAME, M, intensity=0.4, **how)
    assert chain.graph_fixation(GAME, M, intensity=0.4, replacement=GAME.copy(), **how) == once
    assert chain.structure(GAME, replacement=GAME, **how) == chain.structure(GAME, **how)


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", chain.UPDATES)
def test_the_derivative_on_two_graphs_is_that_of_the_chain(update, payoff):
    how, M, step = {"update": update, "payoff": payoff, "replacement": OTHER}, [[3.0, -1.0], [4.0, 0.0]], 1e-4
    up, down = (chain.graph_fixation(GAME, M, intensity=s, start=2, **how).cooperators for s in (step, -step))
    assert chain.fixation_derivative(GAME, M, start=2, **how).cooperators == pytest.approx(
        (up - down) / (2 * step), rel=1e-5
    )


def ratio_of_the_chain(game, replacement, update, payoff):
    """Where rho_A = rho_B to first order in selection, in the donation game, from all 2^N states."""
    how = {"update": update, "payoff": payoff, "replacement": replacement}
    loss, gain = (chain.fixation_derivative(game, M, **how) for M in ([[-1, -1], [0, 0]], [[1, 0], [1, 0]]))
    return -(loss.cooperators - loss.defectors) / (gain.cooperators - gain.defectors)


@pytest.mark.parametrize("payoff", PAYOFFS)
@pytest.mark.parametrize("update", chain.UPDATES)
@pytest.mark.parametrize("name", PAIRS)
def test_the_critical_ratio_by_ancestral_lines_is_that_of_the_chain(name, update, payoff):
    game, replacement = PAIRS[name]
    if update == "birth_death":
        found = birth_death.critical_ratio(game, payoff=payoff, replacement=replacement)
    else:
        found = coalescence.critical_ratio(game, update=update, payoff=payoff, replacement=replacement)
    assert found == pytest.approx(ratio_of_the_chain(game, replacement, update, payoff), rel=1e-8)


def circulant(size, *steps):
    return plain(nx.circulant_graph(size, list(steps)))


#: (interaction, replacement, h, g, l)
REGULAR = {
    "h 4, g 2, l 2": (circulant(10, 1, 2), circulant(10, 1), 4, 2, 2),
    "h 2, g 4, l 2": (circulant(11, 1), circulant(11, 1, 2), 2, 4, 2),
    "h 4, g 4, l 2": (circulant(10, 1, 2), circulant(10, 2, 3), 4, 4, 2),
    "h 2, g 2, l 0": (circulant(9, 2), circulant(9, 1), 2, 2, 0),
}
CLOSED = {"death_birth": thresholds.death_birth_on_two, "imitation": thresholds.imitation_on_two}


@pytest.mark.parametrize("update", CLOSED)
@pytest.mark.parametrize("name", REGULAR)
def test_the_closed_form_of_regular_graphs_is_exact_at_every_size(name, update):
    game, replacement, h, g, both = REGULAR[name]
    exact = coalescence.critical_ratio(game, update=update, replacement=replacement)
    assert CLOSED[update](h, g, both, len(game)) == pytest.approx(exact, rel=1e-9)
    assert ratio_of_the_chain(game, replacement, update, "averaged") == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("update", CLOSED)
def test_the_closed_form_is_close_where_the_walks_do_not_commute(update):
    """Two graphs of three perfect matchings each, two of them in both."""
    matchings = _matchings(nx.random_regular_graph(5, 30, seed=4))
    game, replacement = nx.Graph(), nx.Graph()
    game.add_nodes_from(range(30))
    replacement.add_nodes_from(range(30))
    game.add_edges_from(itertools.chain(*matchings[:3]))
    replacement.add_edges_from(itertools.chain(*matchings[1:4]))
    game, replacement = plain(game), plain(replacement)
    assert set(game.sum(axis=1)) == set(replacement.sum(axis=1)) == {3.0}
    exact = coalescence.critical_ratio(game, update=update, replacement=replacement)
    assert np.abs(game @ replacement - replacement @ game).max() > 0
    assert CLOSED[update](3, 3, 2, 30) != pytest.approx(exact, rel=1e-5)
    assert CLOSED[update](3, 3, 2, 30) == pytest.approx(exact, rel=1e-3)


def _matchings(graph):
    """Edges of a regular graph, taken away one perfect matching after the other."""
    found = []
    while graph.number_of_edges():
        found.append(nx.max_weight_matching(graph))
        graph.remove_edges_from(found[-1])
    return found


@pytest.mark.parametrize(("update", "limit"), [("death_birth", 4 * 8 / 4), ("imitation", 8 * (4 + 2) / 4)])
def test_the_rule_of_ohtsuki_pacheco_and_nowak_is_the_limit_of_large_populations(update, limit):
    """b/c > hg/l under death-birth: meeting 8 neighbours on a torus, replaced by 4 of them."""
    assert CLOSED[update](8, 4, 4) == limit
    far = []
    for side in (8, 16, 24):
        moore, neumann = (plain(_torus(side, diagonal)) for diagonal in (True, False))
        far.append(coalescence.critical_ratio(moore, update=update, replacement=neumann) / limit - 1)
    assert far[0] > far[1] > far[2] > 0
    assert far[2] == pytest.approx(far[1] * (16 / 24) ** 2, rel=0.15)  # falls as 1/N
    assert CLOSED[update](8, 4, 4, 10**9) == pytest.approx(limit, rel=1e-7)


def _torus(side, diagonal):
    graph = nx.grid_2d_graph(side, side, periodic=True)
    if diagonal:
        graph.add_edges_from(
            ((r, c), ((r + 1) % side, (c + d) % side)) for r in range(side) for c in range(side) for d in (1, -1)
        )
    return nx.convert_node_labels_to_integers(graph, ordering="sorted")


@pytest.mark.parametrize("update", ["pairwise_comparison", "birth_death"])
def test_where_replacement_is_regular_no_meeting_helps_without_local_competition(update):
    game, replacement = GAME, circulant(7, 1, 2)
    solve = (
        birth_death.critical_ratio(game, replacement=replacement)
        if update == "birth_death"
        else coalescence.critical_ratio(game, update=update, replacement=replacement)
    )
    assert solve == pytest.approx(-6) == pytest.approx(ratio_of_the_chain(game, replacement, update, "averaged"))


@pytest.mark.parametrize("formula", CLOSED.values())
def test_two_graphs_without_a_common_edge_never_help(formula):
    assert formula(4, 4, 0) == math.inf
    assert formula(4, 4, 0, 100) < 0
    with pytest.raises(InputError, match="overlap"):
        formula(4, 3, 4)
    with pytest.raises(InputError, match="interaction"):
        formula(12, 3, 2, 10)


def test_one_graph_is_the_special_case_of_the_closed_forms():
    assert thresholds.death_birth_on_two(4, 4, 4, 50) == pytest.approx(thresholds.death_birth(4, 50))
    assert thresholds.imitation_on_two(4, 4, 4, 50) == pytest.approx(thresholds.imitation(4, 50))


@pytest.mark.parametrize(
    "solve",
    [
        lambda w, v: chain.graph_fixation(w, np.eye(2), update="death_birth", intensity=0.1, replacement=v),
        lambda w, v: birth_death.critical_ratio(w, replacement=v),
    ],
)
def test_two_graphs_need_the_same_nodes_and_a_connected_replacement(solve):
    with pytest.raises(GraphError, match="the 7 nodes of weights; got 6"):
        solve(GAME, circulant(6, 1))
    with pytest.raises(GraphError, match="replacement must describe a connected graph"):
        solve(GAME, TWO_PIECES)
