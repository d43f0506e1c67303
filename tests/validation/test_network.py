"""Network reciprocity under death-birth updating [OhtsukiHauertLiebermanNowak2006, Allen2017]."""

import networkx as nx
import numpy as np
import pytest

from coop_abm.engine.crossing import crossing, extrapolated
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import chain
from tests.validation.measuring import agrees, within


def world(graph, **changes):
    return replace(on_graph(named("network"), graph, weight=None), changes)


def test_P1_torus_by_crossing_and_by_neutral_drift():
    weak = replace(named("network"), {"update.intensity": 0.05})
    assert agrees(crossing(weak, seed=1, relative_error=0.006), 4.260870)
    assert agrees(neutral_drift(weak, seed=1, relative_error=0.006), 4.260870)


def test_P2_cycle_by_crossing_and_by_neutral_drift():
    weak = world(nx.cycle_graph(50), update__intensity=0.05)
    assert agrees(crossing(weak, seed=2, relative_error=0.008), 2.086957)
    assert agrees(neutral_drift(weak, seed=2, relative_error=0.006), 2.086957)


@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison", "birth_death"])
def test_P3_fixation_on_the_petersen_graph_is_what_the_full_chain_says(update):
    graph = world(nx.petersen_graph(), update=update, update__intensity=0.2, game__benefit=5.0)
    expected = chain.graph_fixation(
        nx.to_numpy_array(nx.petersen_graph()), graph.matrix(graph.answers()), update=update, intensity=0.2
    )
    for invader, rho in enumerate(expected):
        found = fixation(graph, invader=invader, runs=40_000, seed=3)
        assert within(found.probability, found.error, rho), invader
        counting_error = np.sqrt(rho * (1 - rho) / found.runs)
        assert within(found.counted, counting_error, rho), invader


def test_P3_the_crossing_on_the_petersen_graph():
    assert agrees(extrapolated(world(nx.petersen_graph()), seed=3, relative_error=0.008), 6.0)


def test_following_a_run_is_unbiased_on_a_weighted_graph_at_strong_selection():
    """The control variate is an identity at any intensity, not an approximation for weak selection."""
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, 1.0), (2, 3, 3.0), (3, 0, 1.0), (3, 4, 0.5), (4, 5, 2.0)])
    weighted = replace(on_graph(named("network"), graph), {"update.intensity": 0.8, "game.benefit": 2.5})
    matrix = weighted.matrix(weighted.answers())
    expected = chain.graph_fixation(nx.to_numpy_array(graph), matrix, update="death_birth", intensity=0.8, start=3)
    found = fixation(weighted, invader=0, heads=3, runs=60_000, seed=5)
    assert found.error < 0.7 * np.sqrt(0.25 / found.runs)
    assert within(found.probability, found.error, expected.cooperators)


def test_P4_karate_club_by_crossing_and_by_neutral_drift():
    club = world(nx.karate_club_graph())
    assert expectation(club).value == pytest.approx(7.767862, abs=1e-6)
    assert agrees(neutral_drift(club, seed=4, relative_error=0.006), 7.767862)
    assert agrees(extrapolated(club, seed=4, relative_error=0.008), 7.767862)


def test_P4_karate_club_with_its_weights():
    club = on_graph(named("network"), nx.karate_club_graph())
    assert agrees(neutral_drift(club, seed=4, relative_error=0.006), 7.454152)


def test_P5_a_star_never_favours_cooperation():
    star = world(nx.star_graph(10))
    assert expectation(star).kind == "never"
    assert neutral_drift(star, seed=5).value == float("inf")
    at_twenty = replace(star, {"game.benefit": 20.0, "update.intensity": 0.01})
    cooperators = fixation(at_twenty, invader=0, heads=5, runs=20_000, seed=6)
    defectors = fixation(at_twenty, invader=1, heads=5, runs=20_000, seed=6)
    assert cooperators.probability < defectors.probability - 3 * (cooperators.error + defectors.error)


def test_P6_the_complete_graph_is_a_well_mixed_population():
    assert expectation(world(nx.complete_graph(10))).value == pytest.approx(-9, abs=1e-6)
    assert expectation(named("well_mixed")).value == pytest.approx(-49, abs=1e-6)


@pytest.mark.parametrize(("update", "expected"), [("imitation", 6.555556)])
def test_P7_imitation_asks_for_two_neighbours_more(update, expected):
    weak = replace(named("network"), {"update": update, "update.intensity": 0.05})
    assert agrees(crossing(weak, seed=7, relative_error=0.008), expected)


@pytest.mark.parametrize("benefit", [3.0, 10.0])
def test_P8_birth_death_never_favours_cooperation_on_a_cycle(benefit):
    cycle = world(nx.cycle_graph(10), update="birth_death", update__intensity=0.05, game__benefit=benefit)
    assert expectation(cycle).value == pytest.approx(-9, abs=1e-3)
    exact = chain.graph_fixation(
        nx.to_numpy_array(nx.cycle_graph(10)), cycle.matrix(cycle.answers()), update="birth_death", intensity=0.05
    )
    assert exact.cooperators < 0.1 < exact.defectors
    for invader, rho in enumerate(exact):
        found = fixation(cycle, invader=invader, runs=40_000, seed=8)
        assert within(found.probability, found.error, rho), invader


def test_P8_the_full_chain_has_its_crossing_at_minus_nine():
    dense = nx.to_numpy_array(nx.cycle_graph(10))
    found = chain.critical(
        dense, lambda b: np.array([[b - 1, -1], [b, 0.0]]), update="birth_death", intensity=1e-3, payoff="averaged"
    )
    assert found == pytest.approx(-9, abs=1e-3)
