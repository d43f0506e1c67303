"""Graphs: the coalescence solver and the 2^N chain."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import absorption, chain, coalescence, composition, meeting, thresholds, transforms

INF = math.inf


def unweighted(graph):
    return nx.to_numpy_array(graph, weight=None)


def two_stars(leaves, first="hub", second="hub"):
    graph = nx.disjoint_union(nx.star_graph(leaves), nx.star_graph(leaves))
    graph.add_edge({"hub": 0, "leaf": 1}[first], leaves + 1 + {"hub": 0, "leaf": 1}[second])
    return graph


def windmill(blades):
    graph = nx.Graph()
    for blade in range(blades):
        nx.add_cycle(graph, [0, 2 * blade + 1, 2 * blade + 2])
    return graph


def torus(side, moore=False):
    graph = nx.grid_2d_graph(side, side, periodic=True)
    if moore:
        graph.add_edges_from(((x, y), ((x + 1) % side, (y + d) % side)) for x, y in list(graph) for d in (-1, 1))
    return graph


# name: graph, death-birth averaged, death-birth accumulated, imitation averaged (None: not in the table)
TABLE = {
    "cycle 10": (nx.cycle_graph(10), 2.666667, 2.666667, 8.5),
    "cycle 50": (nx.cycle_graph(50), 2.086957, 2.086957, 4.409091),
    "complete 10": (nx.complete_graph(10), -9, -9, -9),
    "star": (nx.star_graph(10), INF, INF, -4.74875),
    "complete bipartite": (nx.complete_bipartite_graph(4, 6), INF, INF, -26.850461),
    "path": (nx.path_graph(10), 2.428624, 2.423793, 8.856421),
    "wheel": (nx.wheel_graph(10), 31.2, 24.842697, -27.082),
    "petersen": (nx.petersen_graph(), 6, 6, 21),
    "cubical": (nx.cubical_graph(), 9, 9, INF),
    "octahedral": (nx.octahedral_graph(), -8, -8, -6.5),
    "icosahedral": (nx.icosahedral_graph(), 25, 25, INF),
    "dodecahedral": (nx.dodecahedral_graph(), 3.857143, 3.857143, 7.666667),
    "desargues": (nx.desargues_graph(), 3.857143, 3.857143, 7.666667),
    "heawood": (nx.heawood_graph(), 4.5, 4.5, 10.333333),
    "frucht": (nx.frucht_graph(), 5, 5, 13),
    "truncated tetrahedron": (nx.truncated_tetrahedron_graph(), 5, 5, 13),
    "torus 6": (torus(6), 4.857143, 4.857143, 7.923077),
    "torus 10": (torus(10), 4.260870, 4.260870, 6.555556),
    "torus 10 Moore": (torus(10, moore=True), 9.333333, 9.333333, 11.975610),
    "grid 6": (nx.grid_2d_graph(6, 6), 3.998619, 4.087326, 7.014469),
    "barbell 5 0": (nx.barbell_graph(5, 0), 24.813340, 22.451172, -70.535),
    "barbell 10 0": (nx.barbell_graph(10, 0), 99.857255, 92.671156, -530.78),
    "barbell 5 3": (nx.barbell_graph(5, 3), 5.852601, 7.262057, 15.271607),
    "ladder": (nx.ladder_graph(10), 3.656530, 3.666664, 7.498466),
    "karate unweighted": (nx.karate_club_graph(), 7.767862, 7.638704, 17.021386),
    "florentine": (nx.florentine_families_graph(), 4.142340, 4.319796, 14.057650),
    "davis": (nx.davis_southern_women_graph(), 9.221189, 9.898147, 15.805448),
    "kite": (nx.krackhardt_kite_graph(), 19.654991, 33.533606, -47.588),
    "lollipop": (nx.lollipop_graph(5, 5), 6.705273, 11.233606, 35.854335),
    "tree": (nx.balanced_tree(2, 4), 2.382756, 2.417932, 6.255294),
    "caveman": (nx.connected_caveman_graph(5, 6), 7.115841, 7.057233, 11.306376),
    "two stars 10": (two_stars(10), 2.674976, 1.617647, None),
    "two stars 100": (two_stars(100), 2.517511, 1.069108, None),
    "two stars hub-leaf": (two_stars(100, "hub", "leaf"), 2.995190, None, None),
    "two stars leaf-leaf": (two_stars(100, "leaf", "leaf"), 2.789868, None, None),
    "windmill": (windmill(100), 8.171233, 4.167336, None),
}
COLUMNS = [("death_birth", "averaged"), ("death_birth", "accumulated"), ("imitation", "averaged")]


def close(value, expected):
    """To the digits printed: six decimals, fewer where the table gives fewer."""
    if math.isinf(expected):
        return value == expected
    digits = len(repr(expected).partition(".")[2]) if expected != int(expected) else 6
    return abs(value - expected) <= 0.6 * 10.0 ** -max(min(digits, 6), 2)


@pytest.mark.parametrize("name", TABLE)
def test_exact_values_of_the_table(name):
    graph, *row = TABLE[name]
    for (update, payoff), expected in zip(COLUMNS, row, strict=True):
        if expected is not None:
            value = coalescence.critical_ratio(unweighted(graph), update=update, payoff=payoff)
            assert close(value, expected), (update, payoff, value, expected)


# These generators may draw differently in another networkx; the edges are part of the model.
RANDOM = {
    "watts strogatz 50": (
        lambda: nx.connected_watts_strogatz_graph(50, 4, 0.1, seed=1),
        4.612430,
        4.635200,
        7.354804,
    ),
    "watts strogatz 100": (
        lambda: nx.connected_watts_strogatz_graph(100, 6, 0.2, seed=42),
        6.712955,
        6.781654,
        9.243671,
    ),
    "barabasi albert 50": (lambda: nx.barabasi_albert_graph(50, 2, seed=1), 4.793888, 5.316661, 8.987280),
    "barabasi albert 100": (lambda: nx.barabasi_albert_graph(100, 3, seed=42), 7.167245, 8.159107, 10.984151),
    "random regular 50": (lambda: nx.random_regular_graph(4, 50, seed=1), 4.571429, 4.571429, 7.25),
    "random regular 100": (lambda: nx.random_regular_graph(3, 100, seed=7), 3.127660, 3.127660, 5.347826),
}


@pytest.mark.skipif(not nx.__version__.startswith("3.7"), reason="the graphs were drawn by networkx 3.7")
@pytest.mark.parametrize("name", RANDOM)
def test_exact_values_of_the_random_graphs(name):
    make, *row = RANDOM[name]
    for (update, payoff), expected in zip(COLUMNS, row, strict=True):
        value = coalescence.critical_ratio(unweighted(make()), update=update, payoff=payoff)
        assert close(value, expected), (update, payoff, value, expected)


def test_weighted_graphs_have_the_values_of_the_table():
    karate = nx.to_numpy_array(nx.karate_club_graph())
    assert coalescence.critical_ratio(karate) == pytest.approx(7.454152, abs=6e-7)
    assert coalescence.critical_ratio(karate, payoff="accumulated") == pytest.approx(7.652810, abs=6e-7)
    assert coalescence.critical_ratio(karate, update="imitation") == pytest.approx(9.8536, abs=6e-5)
    miserables = nx.to_numpy_array(nx.les_miserables_graph())
    assert coalescence.critical_ratio(miserables) == pytest.approx(9.815553, abs=6e-7)
    assert coalescence.critical_ratio(miserables, payoff="accumulated") == pytest.approx(8.161976, abs=6e-7)


@pytest.mark.parametrize(
    ("weight", "expected"), [(1, 2.25), (2, 1.975610), (5, 1.446429), (10, 1.224972), (100, 1.022269)]
)
def test_strong_pair_ties_on_a_cycle_favour_cooperation(weight, expected):
    cycle = unweighted(nx.cycle_graph(20))
    for i in range(0, 20, 2):
        cycle[i, i + 1] = cycle[i + 1, i] = weight
    assert coalescence.critical_ratio(cycle) == pytest.approx(expected, abs=6e-7)
    assert coalescence.critical_ratio(csr_array(cycle)) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(("across", "expected"), [(0.1, -100), (0.01, 103.5125), (0.001, 82.836837)])
def test_two_cliques_with_weak_cross_ties(across, expected):
    weights = np.kron(np.eye(2), np.ones((10, 10)) - across) + across
    np.fill_diagonal(weights, 0)
    assert coalescence.critical_ratio(weights) == pytest.approx(expected, abs=6e-7)


def test_pairwise_comparison_has_its_known_ratios():
    ba = nx.barabasi_albert_graph(50, 2, seed=1)
    assert coalescence.critical_ratio(unweighted(torus(10)), update="pairwise_comparison") == pytest.approx(-99)
    if nx.__version__.startswith("3.7"):
        assert coalescence.critical_ratio(unweighted(ba), update="pairwise_comparison") == pytest.approx(
            -28.359, abs=6e-4
        )
        assert coalescence.critical_ratio(
            unweighted(ba), update="pairwise_comparison", payoff="accumulated"
        ) == pytest.approx(23.374, abs=6e-4)


def test_the_two_solvers_of_the_meeting_times_agree(monkeypatch):
    weights = nx.to_numpy_array(nx.davis_southern_women_graph()) * 1.0
    weights[0, np.flatnonzero(weights[0])[0]] = weights[np.flatnonzero(weights[0])[0], 0] = 3
    rows = csr_array(weights)
    direct = meeting.direct_times(rows)
    assert meeting.meeting_times(rows) == pytest.approx(direct, rel=1e-9)
    monkeypatch.setattr(meeting, "BLOCK", 7)  # several blocks, the last ones smaller
    assert meeting.meeting_times(rows, guess=direct * 1.1) == pytest.approx(direct, rel=1e-9)


def test_islands_of_groups_on_a_graph_follow_their_closed_form():
    n, eps, islands = 3, 0.2, nx.petersen_graph()
    weights = np.kron(np.eye(10), np.ones((n, n)) - np.eye(n)) + eps * np.kron(unweighted(islands), np.ones((n, n)))
    size, h = 10 * n, 3
    kappa = ((n - 1) + eps * n * h) ** 2 / ((n - 1) + eps**2 * n * h)
    assert coalescence.critical_ratio(weights) == pytest.approx((size - 2) / (size / kappa - 2), abs=1e-8)


def test_kinds_say_what_a_ratio_means():
    kinds = [coalescence.kind_of(value) for value in (4.2, -9, math.inf, 3964.0, -5000.0)]
    assert kinds == ["threshold", "spite", "never", "near_singular", "near_singular"]
    house = coalescence.critical_ratio(unweighted(nx.house_graph()))
    assert house == pytest.approx(3964, abs=0.5)
    with pytest.raises(InputError):
        coalescence.kind_of(math.nan)


def broken(change):
    weights = unweighted(nx.cycle_graph(6))
    change(weights)
    return weights


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        (broken(lambda w: w.__setitem__((0, 1), 2)), "symmetric"),
        (broken(lambda w: w.__setitem__((0, 0), 1)), "diagonal"),
        (-unweighted(nx.cycle_graph(6)), "negative"),
        (broken(lambda w: w.__setitem__((0, 1), np.nan)), "finite"),
        (np.kron(np.eye(2), unweighted(nx.complete_graph(3))), "connected"),
        (np.zeros((3, 4)), "square"),
        (unweighted(nx.cycle_graph(3)) * 0, "connected"),
        (np.zeros((1, 1)), "at least 2"),
    ],
)
def test_graphs_outside_the_theory_are_refused(weights, word):
    for call in (
        lambda: coalescence.critical_ratio(weights),
        lambda: chain.graph_fixation(weights, np.eye(2), update="death_birth", intensity=0.1),
    ):
        with pytest.raises(InputError, match=word):
            call()


def weighted_gnp():
    weights = unweighted(nx.gnp_random_graph(7, 0.5, seed=3))
    dice = np.triu(np.random.default_rng(3).integers(1, 5, (7, 7)), 1)
    path = unweighted(nx.path_graph(7))
    return np.maximum(weights, path) * (dice + dice.T)


SMALL = {
    "lollipop": unweighted(nx.lollipop_graph(4, 4)),
    "weighted": weighted_gnp(),
    "path": unweighted(nx.path_graph(5)),
    "wheel": unweighted(nx.wheel_graph(7)),
}


def slope(weights, M, delta=2e-3, **how):
    """First-order effect of selection on rho_A - rho_B: central difference, Richardson-extrapolated."""

    def central(step):
        (a, b), (c, d) = (chain.graph_fixation(weights, M, intensity=s, **how) for s in (step, -step))
        return ((a - b) - (c - d)) / (2 * step)

    return (4 * central(delta / 2) - central(delta)) / 3


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison"])
@pytest.mark.parametrize("name", SMALL)
def test_the_solver_agrees_with_the_enumerated_chain(name, update, payoff):
    weights = SMALL[name]
    gain, loss = (
        slope(weights, M, update=update, payoff=payoff) for M in (transforms.donation(1, 0), transforms.donation(0, 1))
    )
    assert -loss / gain == pytest.approx(coalescence.critical_ratio(weights, update=update, payoff=payoff), rel=1e-6)


@pytest.mark.parametrize("start", [1, 3])
def test_the_predicted_slope_of_the_fixation_probability_is_the_enumerated_one(start):
    weights, M, delta = SMALL["weighted"], transforms.donation(4, 1), 1e-3
    rho = [
        chain.graph_fixation(weights, M, update="death_birth", intensity=s, start=start).cooperators
        for s in (delta, -delta)
    ]
    assert (rho[0] - rho[1]) / (2 * delta) == pytest.approx(coalescence.fixation_slope(weights, 4, 1, start), abs=1e-6)


@pytest.mark.parametrize("name", ["lollipop", "weighted"])
@pytest.mark.parametrize("kin", ["felt", "assorted"])
@pytest.mark.parametrize(("r", "w", "q"), list(itertools.product([0, 0.2], [0, 0.5], [0, 0.4])))
def test_the_law_holds_on_the_enumerated_chain(name, kin, r, w, q):
    weights, setting = SMALL[name], {kin: r, "continuation": w, "recognition": q}
    sigma = composition.sigma_from_ratio(coalescence.critical_ratio(weights))
    m0, m1 = (transforms.compose(transforms.donation(*bc), **setting) for bc in ((0, 1), (1, 0)))
    star = -slope(weights, m0, update="death_birth") / slope(weights, m1, update="death_birth")
    K = composition.law(
        sigma,
        relatedness=r if kin == "felt" else 0,
        assorted=r if kin == "assorted" else 0,
        continuation=w,
        recognition=q,
    )
    assert star == pytest.approx(composition.critical_ratio(K), rel=1e-6)
    assert star == pytest.approx(composition.critical_of_family(sigma, m0, m1), rel=1e-6)


@pytest.mark.parametrize("update", list(chain.UPDATES))
def test_rows_of_the_transition_matrix_are_probabilities(update):
    T = chain.transition_matrix(SMALL["path"], transforms.donation(3, 1), update=update, intensity=0.5)
    assert T.shape == (32, 32)
    assert T.sum(axis=1) == pytest.approx(np.ones(32))
    assert T.toarray().min() >= 0
    assert (T[[0, 31], [0, 31]] == 1).all()


@pytest.mark.parametrize("update", list(chain.UPDATES))
def test_without_selection_a_mutant_fixes_with_probability_one_over_n(update):
    cycle = unweighted(nx.cycle_graph(6))
    assert chain.graph_fixation(cycle, np.eye(2), update=update, intensity=0) == pytest.approx((1 / 6, 1 / 6))


def test_death_birth_averaged_turns_cooperators_into_defectors_when_selection_is_reversed():
    M = transforms.donation(4, 1)
    forward, backward = (
        chain.graph_fixation(SMALL["lollipop"], M, update="death_birth", intensity=s) for s in (0.3, -0.3)
    )
    assert forward.defectors == pytest.approx(backward.cooperators, abs=1e-13)


def test_the_chain_on_a_complete_graph_knows_the_moran_process():
    complete = unweighted(nx.complete_graph(6))
    star = chain.critical(complete, lambda b: transforms.donation(b, 1), update="birth_death", intensity=0.2)
    assert star == pytest.approx(thresholds.birth_death(6))


def test_the_crossing_moves_at_finite_intensity_on_a_lollipop():
    star = chain.critical(
        unweighted(nx.lollipop_graph(5, 5)),
        lambda b: transforms.donation(b, 1),
        update="death_birth",
        intensity=0.1,
    )
    assert star / 6.705273 - 1 == pytest.approx(-0.042, abs=5e-4)


@pytest.mark.parametrize("intensity", [0.0, 0.01, 1.0, 5.0])
def test_chains_solved_by_iteration_have_the_precision_of_elimination(intensity, monkeypatch):
    barbell, how = unweighted(nx.barbell_graph(4, 1)), {"update": "birth_death", "intensity": intensity}
    iterated = chain.graph_fixation(barbell, transforms.donation(3, 1), **how)
    monkeypatch.setattr(absorption, "_iterated", lambda system, right, matter: None)
    assert chain.graph_fixation(barbell, transforms.donation(3, 1), **how) == pytest.approx(iterated, rel=1e-11)


def test_a_chain_of_thirteen_nodes_balances_at_its_threshold():
    star = thresholds.death_birth(2, 13)
    pair = chain.graph_fixation(
        unweighted(nx.cycle_graph(13)), transforms.donation(star, 1), update="death_birth", intensity=0.01
    )
    assert pair.cooperators - pair.defectors == pytest.approx(0, abs=1e-12)


def test_graphs_too_large_to_enumerate_are_refused():
    with pytest.raises(TheoryError, match="at most 14"):
        chain.graph_fixation(unweighted(nx.cycle_graph(15)), np.eye(2), update="death_birth", intensity=0.1)
    with pytest.raises(InputError, match="update"):
        chain.graph_fixation(SMALL["path"], np.eye(2), update="wright_fisher", intensity=0.1)


def test_a_star_never_has_a_threshold_even_at_finite_intensity():
    with pytest.raises(TheoryError):
        chain.critical(
            unweighted(nx.star_graph(4)),
            lambda b: transforms.donation(b, 1),
            update="death_birth",
            intensity=1e-3,
        )
