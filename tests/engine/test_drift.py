"""Neutral drift: four sums answer for every game on a structure [Allen2017, Tarnita2009]."""

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError, NotAbsorbed, TheoryError
from coop_abm.engine.drift import drift_sums, neutral_drift
from coop_abm.scenario.expectation import expectation, payoff_family
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import chain

KIN = {"kin.enabled": True, "kin.relatedness": 0.2}
DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
INDIRECT = {"indirect.enabled": True, "indirect.visibility": 0.4}
MEETING = {"kin.enabled": True, "kin.channel": "meeting", "kin.relatedness": 0.2}
UPDATES = ("death_birth", "imitation", "pairwise_comparison", "birth_death")
NETWORK = named("network")


def weighted_path():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, 1.0), (2, 3, 3.0), (3, 0, 1.0), (3, 4, 0.5), (4, 5, 2.0)])
    return graph


def on(graph, **changes):
    return replace(on_graph(NETWORK, graph), changes)


def close(found, expected, sigmas=3.5):
    return abs(found.value - expected) <= sigmas * found.error and found.error < 0.05 * abs(expected)


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("rules", [{}, KIN | DIRECT | INDIRECT, MEETING, DIRECT], ids=["none", "kdi", "meeting", "d"])
def test_the_ratio_on_a_weighted_graph_is_that_of_the_full_chain(update, payoff, rules):
    world = on(weighted_path(), update=update, payoff=payoff, **rules)
    first, slope = payoff_family(world)
    exact = chain.critical(
        nx.to_numpy_array(weighted_path()), lambda b: first + b * slope, update=update, intensity=1e-4, payoff=payoff
    )
    found = neutral_drift(world, seed=1, runs=20_000)
    assert abs(found.value - exact) <= 3.5 * found.error
    assert abs(found.check) < 4
    if exact > 0:
        assert found.error < 0.1 * exact


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", UPDATES)
def test_the_four_sums_are_the_slope_of_fixation_in_every_game(update, payoff):
    """d rho_A / d intensity from three A of six, in a game without symmetry; also what T0 adds is seen."""
    world = on(weighted_path(), update=update, payoff=payoff)
    (a, b), (c, d) = game = np.array([[1.0, -0.7], [2.2, 0.4]])
    rho = [
        chain.graph_fixation(
            nx.to_numpy_array(weighted_path()), game, update=update, intensity=i, payoff=payoff, start=3
        ).cooperators
        for i in (1e-4, -1e-4)
    ]
    t0, t1, t2, t3 = drift_sums(world, 3, 30_000, seed=2).values.T
    slope = d * t0 + (b - d) * t1 + (c - d) * t2 + (a - b - c + d) * t3
    error = slope.std() / len(slope) ** 0.5
    assert abs(slope.mean() - (rho[0] - rho[1]) / 2e-4) < 3.5 * error
    assert error < 0.02


@pytest.mark.parametrize("update", UPDATES)
def test_a_single_mutant_beats_one_in_n_where_the_chain_says(update):
    """Lollipop, direct reciprocity: gains from switching are unequal, so this is not where rho_C = rho_D."""
    world = on(nx.lollipop_graph(3, 3), update=update, **DIRECT)
    first, slope = payoff_family(world)
    dense = nx.to_numpy_array(nx.lollipop_graph(3, 3))

    def excess(benefit):
        rho = [
            chain.graph_fixation(dense, first + benefit * slope, update=update, intensity=i).cooperators
            for i in (1e-4, -1e-4)
        ]
        return rho[0] - rho[1]

    exact = -excess(0.0) / (excess(1.0) - excess(0.0))
    found = neutral_drift(world, seed=3, criterion="AD", runs=40_000)
    assert abs(found.value - exact) <= 3.5 * found.error


@pytest.mark.parametrize("update", [*UPDATES, "wright_fisher"])
def test_a_mixed_population_obeys_the_law_of_composition(update):
    world = replace(named("kin"), {"update": update, "size": 20, **KIN, **DIRECT, **INDIRECT})
    found = neutral_drift(world, seed=4, runs=600)
    assert abs(found.value - expectation(world).value) <= 3.5 * found.error + 1e-9
    if update != "wright_fisher":  # a mixed population has one history of T2/T1, so there is no noise
        assert found.sigma.value == pytest.approx(18 / 20, abs=1e-12)


@pytest.mark.parametrize(("update", "start"), [(update, 1) for update in UPDATES])
def test_the_sums_of_a_mixed_population_are_the_slope_of_its_fixation(update, start):
    world = replace(named("well_mixed"), {"update": update, "size": 6})
    game = np.array([[1.0, -0.7], [2.2, 0.4]])
    dense = nx.to_numpy_array(nx.complete_graph(6))
    rho = [
        chain.graph_fixation(dense, game, update=update, intensity=i, start=start).cooperators for i in (1e-4, -1e-4)
    ]
    t0, t1, t2, t3 = drift_sums(world, start, 40_000, seed=5).values.T
    (a, b), (c, d) = game
    slope = d * t0 + (b - d) * t1 + (c - d) * t2 + (a - b - c + d) * t3
    assert abs(slope.mean() - (rho[0] - rho[1]) / 2e-4) < 3.5 * slope.std() / len(slope) ** 0.5


def test_families_have_a_ratio_of_their_own():
    world = replace(named("families"), {"size": 80, "kin.pedigree": "founders", "kin.founders": 2, **DIRECT})
    assert close(neutral_drift(world, seed=6, runs=800), expectation(world).value)


def test_a_star_never_helps_and_its_sigma_is_one():
    found = neutral_drift(on(nx.star_graph(10)), seed=7, runs=500)
    assert found.value == found.ratio.value == float("inf")
    assert found.sigma.value == pytest.approx(1, abs=1e-9)


def test_a_star_with_repeated_encounters_does_help():
    world = on(nx.star_graph(10), **DIRECT)
    assert close(neutral_drift(world, seed=7, runs=500), expectation(world).value)


def test_as_many_replicates_are_run_as_the_precision_asks_for():
    found = neutral_drift(NETWORK, seed=8, relative_error=0.0015)
    assert 0.001 * found.value < found.error < 0.0016 * found.value
    assert found.low < found.value < found.high
    rough = neutral_drift(NETWORK, seed=8, relative_error=0.0015, most_events=1_000_000)
    assert rough.runs < found.runs


def test_replicates_do_not_depend_on_how_they_are_cut_into_parts():
    whole = drift_sums(NETWORK, 50, 6, seed=9).values
    parts = [drift_sums(NETWORK, 50, 3, seed=9, begin=begin).values for begin in (0, 3)]
    assert np.array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (named("group"), "groups split"),
        (replace(NETWORK, {"group.enabled": True, "group.size": 20, "group.split": 0.01}), "take each other over"),
        (replace(NETWORK, {"update": "imitate_the_best"}), "limit of weak selection"),
        (replace(NETWORK, {"game": "prisoners_dilemma"}), "no benefit and cost"),
        (replace(NETWORK, {"clock": "round"}), "clock = event"),
    ],
    ids=["groups", "takeover", "best", "game", "round"],
)
def test_where_no_form_is_known_one_line_says_so(world, words):
    with pytest.raises(TheoryError, match=words):
        neutral_drift(world)


@pytest.mark.parametrize("wrong", [{"criterion": "ESS"}, {"runs": 1}, {"heads": 0}, {"heads": 100}])
def test_what_cannot_be_measured_is_refused(wrong):
    with pytest.raises(InputError):
        neutral_drift(NETWORK, **wrong)


def test_a_history_that_takes_too_long_is_given_up_loudly():
    with pytest.raises(NotAbsorbed):
        neutral_drift(NETWORK, runs=4, most_events=100)


# ------------------------------------------------------------------- composition.md 5, theory.md 2 (E1)

TABLE = [
    ("torus imitation", named("network"), {"update": "imitation"}, 6.555556),
    ("torus", named("network"), {}, 4.260870),
    ("moore", named("network"), {"network.graph.neighbours": 8}, 9.333333),
    ("ba50 acc", nx.barabasi_albert_graph(50, 2, seed=1), {"payoff": "accumulated"}, 5.316661),
    ("ba50 IM", nx.barabasi_albert_graph(50, 2, seed=1), {"update": "imitation"}, 8.987280),
    ("ba50 IM acc", nx.barabasi_albert_graph(50, 2, seed=1), {"update": "imitation", "payoff": "accumulated"}, 7.8815),
    ("ba50 PC", nx.barabasi_albert_graph(50, 2, seed=1), {"update": "pairwise_comparison"}, -28.359),
    ("ba50 PC acc", nx.barabasi_albert_graph(50, 2, seed=1),
     {"update": "pairwise_comparison", "payoff": "accumulated"}, 23.374),
    ("karate weighted", nx.karate_club_graph(), {}, 7.454152),
    ("karate weighted acc", nx.karate_club_graph(), {"payoff": "accumulated"}, 7.652810),
    ("karate weighted IM", nx.karate_club_graph(), {"update": "imitation"}, 9.8536),
    ("lollipop55 acc", nx.lollipop_graph(5, 5), {"payoff": "accumulated"}, 11.233606),
    ("ba100", nx.barabasi_albert_graph(100, 3, seed=42), {}, 7.167245),
    ("cycle10", nx.cycle_graph(10), {}, 2.666667),
    ("petersen", nx.petersen_graph(), {}, 6.0),
]  # fmt: skip


@pytest.mark.validate
@pytest.mark.parametrize(("graph", "changes", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_ratio_of_a_structure_is_that_of_coalescing_walks(graph, changes, expected):
    world = replace(graph if not isinstance(graph, nx.Graph) else on_graph(NETWORK, graph), changes)
    assert expectation(world).value == pytest.approx(expected, rel=1e-4)
    found = neutral_drift(world, seed=10, relative_error=0.008)
    assert close(found, expected, sigmas=3)
    assert abs(found.check) < 4


@pytest.mark.validate
@pytest.mark.parametrize("update", UPDATES)
def test_composed_rules_on_a_grown_network_are_maps_of_one_structure(update):
    graph = nx.barabasi_albert_graph(60, 3, seed=42)
    world = on(graph, update=update, payoff="accumulated", **KIN, **DIRECT, **INDIRECT)
    found = neutral_drift(world, seed=11, relative_error=0.004)
    assert close(found, expectation(world).value, sigmas=3)
