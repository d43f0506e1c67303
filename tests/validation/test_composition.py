"""Several rules at once: they multiply, and the simulation agrees [TaylorNowak2007, Tarnita2009]."""

import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.drift import neutral_drift
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from tests.validation.measuring import agrees

KIN = {"kin.enabled": True, "kin.relatedness": 0.2}
DIRECT = {"direct.enabled": True, "direct.continuation": 0.5}
INDIRECT = {"indirect.enabled": True, "indirect.visibility": 0.4}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [(KIN, 2.40845), (DIRECT, 1.89820), (INDIRECT, 2.18421), (KIN | DIRECT | INDIRECT, 1.28302)],
    ids=["kin", "direct", "indirect", "all three"],
)
def test_rules_on_a_torus_multiply(rules, expected):
    world = replace(named("network"), rules | {"update.intensity": 0.15 / (5 * expected)})
    assert expectation(world).value == pytest.approx(expected, abs=1e-5)
    assert agrees(crossing(world, seed=30, relative_error=0.008), expected)


def test_three_rules_in_a_mixed_population_are_exact_at_strong_selection():
    world = replace(named("kin"), KIN | DIRECT | INDIRECT | {"size": 20, "update.intensity": 0.2})
    expected = expectation(world)
    assert expected.status == "exact"
    assert agrees(crossing(world, seed=31, relative_error=0.008), expected.value)


def test_kin_selection_among_groups_follows_the_chain_of_both():
    world = replace(named("group"), KIN)
    expected = expectation(world).value
    assert expected < expectation(named("group")).value
    assert agrees(crossing(world, seed=32, relative_error=0.009), expected)


def test_neutral_drift_reads_a_structure_and_not_the_rules_on_it():
    """The same neutral histories answer for every game on the graph: R* is that of the donation game."""
    plain = neutral_drift(named("network"), seed=33, runs=200)
    mixed = neutral_drift(replace(named("network"), KIN | DIRECT), seed=33, runs=200)
    assert plain.value == plain.ratio.value == mixed.ratio.value
    assert agrees(mixed, expectation(replace(named("network"), KIN | DIRECT)).value)


def test_groups_on_a_network_are_a_process_of_ours_and_theory_is_silent():
    world = replace(named("network"), {"group.enabled": True, "group.size": 20, "group.split": 0.01})
    expected = expectation(world)
    assert expected.kind == "silent"
    assert "no theory is known" in expected.reason
