"""Several rules at once: they multiply, and the simulation agrees [TaylorNowak2007, Tarnita2009].

The law K = sigma (1 + r)/(1 - r) / ((1 - w)(1 - q)) predicts the critical ratio of every subset of kin
selection, direct and indirect reciprocity, in a mixed population, on a network and among groups: 24 worlds.
Each is measured where intensity x max|M| = 0.15, and the eight of a structure are judged together as well.
"""

import networkx as nx
import numpy as np
import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import composition
from tests.validation.rows import defectors_win, exact, many_z, ratio

SOURCE = "TaylorNowak2007, Tarnita2009 (product derived here)"
KIN = {"kin.enabled": True, "kin.relatedness": 0.2}
DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
INDIRECT = {"indirect.enabled": True, "indirect.visibility": 0.4}
OFF = {"kin.enabled": False, "direct.enabled": False, "indirect.enabled": False}
SUBSETS = {
    "none": {},
    "K": KIN,
    "D": DIRECT,
    "I": INDIRECT,
    "KD": KIN | DIRECT,
    "KI": KIN | INDIRECT,
    "DI": DIRECT | INDIRECT,
    "KDI": KIN | DIRECT | INDIRECT,
}
STRUCTURES = {
    "mixed": ("well-mixed, N = 50", named("kin")),
    "torus": ("10 x 10 torus, death-birth", named("network")),
    "groups": ("four groups of three, q = 0.01", named("group")),
}
#: Intensity x largest payoff at the predicted ratio: the gate of the law.
PRODUCT = 0.15
#: Replacements that one crossing may take: weak selection among few groups is hard to see.
MOST_EVENTS = 3_000_000_000
#: Chi-square over a structure's subsets: three structures, 1 % in all.
ALPHA = 0.01 / len(STRUCTURES)


def weak(world):
    """The world at the intensity at which the law is held, and the ratio that it predicts there."""
    predicted = expectation(world)
    richest = replace(world, {"game.benefit": predicted.value if predicted.kind == "threshold" else 20.0})
    largest = float(np.abs(richest.matrix(richest.answers())).max())
    gentle = replace(world, {"update.intensity": PRODUCT / largest})
    return gentle, expectation(gentle)


@pytest.mark.validate
@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_law_predicts_every_subset_of_the_rules(structure, holds, exhibit):
    words, base = STRUCTURES[structure]
    points, deviates = [], []
    for position, (subset, rules) in enumerate(SUBSETS.items()):
        world, expected = weak(replace(base, OFF | rules))
        name = {"id": f"law.{structure}.{subset}", "seed": 40 + position, "source": SOURCE}
        claim = f"{words}; {'no other rule' if subset == 'none' else ' and '.join(subset)}"
        if expected.kind != "threshold":  # negative or infinite: nothing to cross
            at_twenty = replace(world, {"game.benefit": 20.0})
            pair = [fixation(at_twenty, invader=i, runs=60_000, seed=40 + position) for i in (0, 1)]
            holds(defectors_win(*pair), claim=f"{claim}: {expected.value:.4g}, so defectors win at b/c = 20", **name)
            continue
        found = crossing(world, seed=40 + position, relative_error=0.006, most_events=MOST_EVENTS)
        holds(ratio(found, expected.value, plus=True), claim=claim, **name)
        points.append({"subset": subset, "expected": expected.value, "value": found.value, "error": found.error})
        deviates.append((found.value - expected.value) / found.error)
    holds(
        many_z(deviates, ALPHA, statistic=f"sum of z squared over {len(deviates)} subsets",
               null="all subsets have the ratio that the law predicts"),
        id=f"law.{structure}.all", claim=f"{words}: all subsets together", source=SOURCE, seed="40 to 47",
    )  # fmt: skip
    exhibit("law", structure=structure, words=words, points=points)


@pytest.mark.parametrize(("subset", "expected"), [("D", 1.89820), ("KDI", 1.28302)])
def test_rules_on_a_torus_multiply(subset, expected, holds):
    """A sample of the 24, for every run of the tests."""
    world = replace(named("network"), SUBSETS[subset] | {"update.intensity": 0.15 / (5 * expected)})
    assert expectation(world).value == pytest.approx(expected, abs=1e-5)
    holds(
        ratio(crossing(world, seed=30, relative_error=0.008), expected), id=f"law.sample.{subset}", seed=30,
        claim=f"10 x 10 torus, death-birth; {' and '.join(subset)}", source=SOURCE,
    )  # fmt: skip


def test_three_rules_in_a_mixed_population_are_exact_at_strong_selection(holds):
    world = replace(named("kin"), KIN | DIRECT | INDIRECT | {"size": 20, "update.intensity": 0.2})
    expected = expectation(world)
    assert expected.status == "exact"
    holds(
        ratio(crossing(world, seed=31, relative_error=0.008), expected.value), id="law.strong", source=SOURCE, seed=31,
        claim="well-mixed, N = 20, K and D and I, intensity 0.2: exact at any intensity",
    )  # fmt: skip


def test_kin_selection_among_groups_follows_the_chain_of_both(holds):
    world = replace(named("group"), KIN)
    expected = expectation(world).value
    assert expected < expectation(named("group")).value
    holds(
        ratio(crossing(world, seed=32, relative_error=0.009), expected), id="law.groups.strong", seed=32,
        claim="four groups of three and K, intensity 0.4: the chain at this intensity",
        source="TraulsenNowak2006 (exact chain)",
    )  # fmt: skip


def test_neutral_drift_reads_a_structure_and_not_the_rules_on_it():
    """The same neutral histories answer for every game on the graph: R* is that of the donation game."""
    plain = neutral_drift(named("network"), seed=33, runs=200)
    mixed = neutral_drift(replace(named("network"), KIN | DIRECT), seed=33, runs=200)
    assert plain.ratio == mixed.ratio
    assert plain.value == pytest.approx(plain.ratio.value, rel=1e-12)
    composed = expectation(replace(named("network"), KIN | DIRECT)).value
    assert ratio(mixed, composed, "drift").passed


BIG = {
    "grown": ("1,000 nodes grown with three links", lambda: nx.barabasi_albert_graph(1000, 3, seed=42)),
    "small_world": ("500 nodes, Watts-Strogatz", lambda: nx.connected_watts_strogatz_graph(500, 6, 0.1, seed=5)),
    "regular": ("900 nodes, random regular", lambda: nx.random_regular_graph(4, 900, seed=3)),
}  # fmt: skip


@pytest.mark.validate
@pytest.mark.parametrize("name", BIG)
def test_neutral_drift_on_big_graphs_is_what_the_solver_says(name, holds):
    """One structure, one test: every composed ratio is a map of the same two sums, so eight would be one."""
    claim, made = BIG[name]
    world = on_graph(named("network"), made(), weight=None)
    expected = expectation(world).value  # the installed networkx draws the graph, the solver answers for it
    found = neutral_drift(world, seed=34, relative_error=0.007)
    words = {"source": "Allen2017", "seed": 34}
    holds(ratio(found, expected, "drift"), id=f"law.big.{name}", claim=f"death-birth, {claim}", **words)
    K = composition.law(composition.sigma_from_ratio(expected), relatedness=0.2, continuation=0.5, recognition=0.4)
    composed = expectation(replace(world, KIN | DIRECT | INDIRECT)).value
    holds(
        exact(composed, composition.critical_ratio(K), 1e-9, statistic="critical ratio of the composed matrix on the "
              "graph against the law", n=f"{world.size} nodes"),
        id=f"law.big.{name}.KDI", claim=f"{claim}; K and D and I multiply", source=SOURCE,
    )  # fmt: skip


def test_groups_on_a_network_are_a_process_of_ours_and_theory_is_silent():
    world = replace(named("network"), {"group.enabled": True, "group.size": 20, "group.split": 0.01})
    expected = expectation(world)
    assert expected.kind == "silent"
    assert "no theory is known" in expected.reason
