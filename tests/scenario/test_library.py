"""The named scenarios: each runs, says what it is, and meets the exact value that theory has for it."""

from __future__ import annotations

import math

import pytest

from coop_abm import lab
from coop_abm.core.errors import ScenarioError
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.library import NAMED, named

EVERY = pytest.mark.parametrize("name", NAMED)

#: From the published formulas for these population sizes, intensities and probabilities.
EXACT = {"kin": 2.063830, "direct": 1.232558, "indirect": 3.173913, "network": 4.260870, "group": 2.386343}
LIMITS = {"kin": 2.0, "direct": 11 / 9, "indirect": 3.0, "network": 4.0, "group": 1.75}


@EVERY
def test_it_runs_two_steps(name):
    frame = lab.run(name, steps=2, seed=1).frame
    shares = frame.filter(like="share_")
    assert frame["time"].tolist() == [0.0, 1.0, 2.0]
    assert shares.sum(axis=1).tolist() == pytest.approx([1.0] * 3)


@EVERY
def test_it_says_what_it_shows_and_from_whom(name):
    described = named(name).description
    assert named(name).name == name
    assert described.endswith(".") and len(described) < 120


@EVERY
def test_it_can_have_its_graph_and_its_groups(name):
    assert named(name).answers(1).size == named(name).size


@pytest.mark.parametrize("name", EXACT)
def test_theory_knows_its_critical_ratio_exactly(name):
    assert expectation(named(name)).value == pytest.approx(EXACT[name], abs=1e-6)


@pytest.mark.parametrize("name", LIMITS)
def test_the_textbook_knows_its_limit(name):
    assert expectation(named(name)).limit == pytest.approx(LIMITS[name], abs=1e-12)


def test_kin_is_the_formula_of_its_docstring():
    n, r = 50, 0.5
    assert expectation(named("kin")).value == pytest.approx((n - 1 - r) / (r * n - 1 - r), abs=1e-12)


def test_in_a_well_mixed_population_no_benefit_is_large_enough():
    found = expectation(named("well_mixed"))
    assert found.value < 0 and found.kind == "spite" and math.isnan(found.limit)


@pytest.mark.parametrize("name", ["", "Kin", "kin ", "../kin", "kin.toml"])
def test_a_name_that_is_not_there_is_answered_with_those_that_are(name):
    with pytest.raises(ScenarioError, match="one of well_mixed, kin, direct, indirect, network, group, all_five"):
        named(name)


@EVERY
def test_each_call_gives_an_equal_world(name):
    assert named(name) == named(name)
