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
from coop_abm.theory import chain, coalescence
from tests.validation.graphs import grown
from tests.validation.rows import defectors_win, exact, many_z, probability, ratio

#: The solver's number against the digits of the table: half of the last digit.
DIGITS = 1e-6


def world(graph, **changes):
    return replace(on_graph(named("network"), graph, weight=None), changes)


def solved(scenario, expected):
    return exact(
        expectation(scenario).value, expected, DIGITS, statistic="coalescing random walks, t2/(t3 - t1)",
        n=f"{scenario.size} nodes",
    )  # fmt: skip


def test_P1_torus_by_crossing_and_by_neutral_drift(holds):
    weak = replace(named("network"), {"update.intensity": 0.05})
    words = {"claim": "death-birth on a 10 x 10 torus, four neighbours", "source": "TaylorDayWild2007, Allen2017"}
    holds(ratio(crossing(weak, seed=1, relative_error=0.006), 4.260870), id="P1.crossing", seed=1, **words)
    holds(ratio(neutral_drift(weak, seed=1, relative_error=0.006), 4.260870, "drift"), id="P1.drift", seed=1, **words)


def test_P2_cycle_by_crossing_and_by_neutral_drift(holds):
    weak = world(nx.cycle_graph(50), update__intensity=0.05)
    words = {"claim": "death-birth on a cycle of 50", "source": "OhtsukiNowak2006"}
    holds(ratio(crossing(weak, seed=2, relative_error=0.008), 2.086957), id="P2.crossing", seed=2, **words)
    holds(ratio(neutral_drift(weak, seed=2, relative_error=0.006), 2.086957, "drift"), id="P2.drift", seed=2, **words)


@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison", "birth_death"])
def test_P3_fixation_on_the_petersen_graph_is_what_the_full_chain_says(update, holds):
    graph = world(nx.petersen_graph(), update=update, update__intensity=0.2, game__benefit=5.0)
    expected = chain.graph_fixation(
        nx.to_numpy_array(nx.petersen_graph()), graph.matrix(graph.answers()), update=update, intensity=0.2
    )
    for invader, rho in enumerate(expected):
        found = fixation(graph, invader=invader, runs=40_000, seed=3)
        name = f"P3.{update}.rho_{'CD'[invader]}"
        words = {"claim": f"{update.replace('_', '-')} on the Petersen graph, b/c = 5, intensity 0.2", "seed": 3}
        holds(probability(found, rho), id=name, source="Allen2017 (2^N chain)", **words)
        holds(probability(found, rho, counted=True), id=f"{name}.counted", source="Allen2017 (2^N chain)", **words)


CURVES = {"petersen": ("Petersen graph", nx.petersen_graph()), "lollipop": ("lollipop graph", nx.lollipop_graph(5, 5))}


@pytest.mark.validate
@pytest.mark.parametrize("name", CURVES)
def test_fixation_probabilities_lie_on_the_exact_curve_at_every_ratio(name, holds, exhibit):
    """Counted winners, single mutants, ten ratios for each side: a chi-square of all deviations."""
    words, graph = CURVES[name]
    dense, beta, runs = nx.to_numpy_array(graph), 0.1, 40_000
    base, critical = world(graph, update__intensity=beta), coalescence.critical_ratio(dense)

    def chained(ratio):
        return chain.graph_fixation(dense, [[ratio - 1, -1], [ratio, 0]], update="death_birth", intensity=beta)

    ratios, fine = np.linspace(1, 2 * critical, 10), np.linspace(1, 2 * critical, 25)
    expected = np.array([chained(ratio) for ratio in ratios]).T
    found = [
        [fixation(replace(base, {"game.benefit": ratio}), invader=invader, runs=runs, seed=35, cell=(k,)).counted
         for k, ratio in enumerate(ratios.tolist())] for invader in (0, 1)
    ]  # fmt: skip
    error = np.sqrt(expected * (1 - expected) / runs)
    holds(
        many_z(((found - expected) / error).ravel().tolist(), 0.005, n=f"{20 * runs:,} runs",
               statistic="sum of z squared over ten ratios and both strategies",
               null="rho_C and rho_D are those of the chain of all 2^10 states"),
        id=f"network.curves.{name}", claim=f"fixation on the {words}, intensity {beta:g}, b/c from 1 to twice critical",
        source="Allen2017 (2^N chain)", seed=35,
    )  # fmt: skip
    exhibit(
        "fixation", structure=name, words=words, size=len(graph), intensity=beta, critical=critical,
        ratio=ratios.tolist(), measured=found, error=error.tolist(), fine=fine.tolist(),
        exact=np.array([chained(ratio) for ratio in fine]).T.tolist(),
        slope=[coalescence.fixation_slope(dense, ratio, 1) for ratio in fine],
    )  # fmt: skip


def test_P3_the_crossing_on_the_petersen_graph(holds):
    found = extrapolated(world(nx.petersen_graph()), seed=3, relative_error=0.008)
    holds(
        ratio(found, 6.0, "extrapolated"), id="P3.crossing", claim="death-birth on the Petersen graph",
        source="Allen2017", seed=3,
    )  # fmt: skip


def test_following_a_run_is_unbiased_on_a_weighted_graph_at_strong_selection(holds):
    """The control variate is an identity at any intensity, not an approximation for weak selection."""
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (1, 2, 1.0), (2, 3, 3.0), (3, 0, 1.0), (3, 4, 0.5), (4, 5, 2.0)])
    weighted = replace(on_graph(named("network"), graph), {"update.intensity": 0.8, "game.benefit": 2.5})
    matrix = weighted.matrix(weighted.answers())
    expected = chain.graph_fixation(nx.to_numpy_array(graph), matrix, update="death_birth", intensity=0.8, start=3)
    found = fixation(weighted, invader=0, heads=3, runs=60_000, seed=5)
    assert found.error < 0.7 * np.sqrt(0.25 / found.runs)
    holds(
        probability(found, expected.cooperators), id="network.weighted", seed=5, source="Allen2017 (2^N chain)",
        claim="six nodes of unequal weights, half cooperators, intensity 0.8, b/c = 2.5",
    )  # fmt: skip


def test_P4_karate_club_by_crossing_and_by_neutral_drift(holds):
    club = world(nx.karate_club_graph())
    words = {"claim": "death-birth on the karate club, unweighted", "source": "Allen2017, Zachary1977"}
    holds(solved(club, 7.767862), id="P4.exact", **words)
    holds(ratio(neutral_drift(club, seed=4, relative_error=0.006), 7.767862, "drift"), id="P4.drift", seed=4, **words)
    found = extrapolated(club, seed=4, relative_error=0.008)
    holds(ratio(found, 7.767862, "extrapolated"), id="P4.crossing", seed=4, **words)


def test_P4_karate_club_with_its_weights(holds):
    club = on_graph(named("network"), nx.karate_club_graph())
    holds(
        ratio(neutral_drift(club, seed=4, relative_error=0.006), 7.454152, "drift"), id="P4.weighted", seed=4,
        claim="death-birth on the karate club with its weights", source="Allen2017, Zachary1977",
    )  # fmt: skip


def test_P5_a_star_never_favours_cooperation(holds):
    star = world(nx.star_graph(10))
    assert expectation(star).kind == "never"
    assert neutral_drift(star, seed=5).value == float("inf")
    at_twenty = replace(star, {"game.benefit": 20.0, "update.intensity": 0.01})
    pair = [fixation(at_twenty, invader=invader, heads=5, runs=20_000, seed=6) for invader in (0, 1)]
    holds(
        defectors_win(*pair), id="P5.b20", claim="death-birth on a star of ten leaves at b/c = 20: defectors win",
        source="Allen2017", seed=6,
    )  # fmt: skip


def test_P6_the_complete_graph_is_a_well_mixed_population(holds):
    words = {"source": "NowakSasakiTaylorFudenberg2004"}
    holds(solved(world(nx.complete_graph(10)), -9), id="P6.complete", claim="complete graph of ten", **words)
    value = expectation(named("well_mixed")).value
    holds(
        exact(value, -49, DIGITS, statistic="closed form, -(N - 1)", n="50 individuals"), id="P6.mixed",
        claim="a well-mixed population of fifty", **words,
    )  # fmt: skip


def test_P7_imitation_asks_for_two_neighbours_more(holds):
    weak = replace(named("network"), {"update": "imitation", "update.intensity": 0.05})
    holds(
        ratio(crossing(weak, seed=7, relative_error=0.008), 6.555556), id="P7", seed=7,
        claim="imitation on a 10 x 10 torus, four neighbours",
        source="OhtsukiHauertLiebermanNowak2006 (finite size derived here)",
    )  # fmt: skip


@pytest.mark.parametrize("benefit", [3.0, 10.0])
def test_P8_birth_death_never_favours_cooperation_on_a_cycle(benefit, holds):
    cycle = world(nx.cycle_graph(10), update="birth_death", update__intensity=0.05, game__benefit=benefit)
    assert expectation(cycle).value == pytest.approx(-9, abs=1e-3)
    expected = chain.graph_fixation(
        nx.to_numpy_array(nx.cycle_graph(10)), cycle.matrix(cycle.answers()), update="birth_death", intensity=0.05
    )
    assert expected.cooperators < 0.1 < expected.defectors
    for invader, rho in enumerate(expected):
        holds(
            probability(fixation(cycle, invader=invader, runs=40_000, seed=8), rho),
            id=f"P8.b{benefit:g}.rho_{'CD'[invader]}", claim=f"birth-death on a cycle of ten, b/c = {benefit:g}",
            source="OhtsukiHauertLiebermanNowak2006 (2^N chain)", seed=8,
        )  # fmt: skip


def test_P8_the_full_chain_has_its_crossing_at_minus_nine(holds):
    dense = nx.to_numpy_array(nx.cycle_graph(10))
    found = chain.critical(
        dense, lambda b: np.array([[b - 1, -1], [b, 0.0]]), update="birth_death", intensity=1e-3, payoff="averaged"
    )
    holds(
        exact(found, -9, 9e-3, statistic="root of rho_C - rho_D over all 2^10 states at intensity 0.001",
              n="1,024 states", reason="0.1 % for the finite intensity"),
        id="P8.chain", claim="birth-death on a cycle of ten: -(N - 1)", source="OhtsukiHauertLiebermanNowak2006",
    )  # fmt: skip


def test_P9_accumulated_payoffs_on_a_grown_network_move_its_ratio(holds):
    averaged = world(grown())
    summed = replace(averaged, {"payoff": "accumulated"})
    words = {"source": "Allen2017 (accumulated payoffs derived here)"}
    for name, scenario, expected in (("averaged", averaged, 4.793888), ("accumulated", summed, 5.316661)):
        claim = f"death-birth, payoffs {name}, 50 nodes by preferential attachment"
        holds(solved(scenario, expected), id=f"P9.{name}.exact", claim=claim, **words)
        found = neutral_drift(scenario, seed=9, relative_error=0.006)
        holds(ratio(found, expected, "drift"), id=f"P9.{name}.drift", claim=claim, seed=9, **words)
