"""Closed-form thresholds against the numbers of the papers and of the project's own enumeration."""

import math

import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.theory import fixation, thresholds, transforms


@pytest.mark.parametrize(
    ("criterion", "size", "w", "expected"),
    [
        ("RD", 20, 0.9, 1.25),
        ("AD", 20, 0.9, 1.37736),
        ("RD", 50, 0.9, 1.23256),
        ("AD", 50, 0.9, 1.34965),
        ("RD", 100, 0.9, 1.22727),
        ("AD", 100, 0.9, 1.34130),
        ("RD", 1000, 0.9, 1.22272),
        ("AD", 1000, 0.9, 1.33411),
        ("RD", 20, 0.5, 3.5),
        ("AD", 20, 0.5, 5.0),
        ("RD", 50, 0.5, 3.17391),
        ("AD", 50, 0.5, 4.33333),
        ("RD", 100, 0.5, 3.08333),
        ("AD", 100, 0.5, 4.15789),
        ("RD", 1000, 0.5, 3.00803),
        ("AD", 1000, 0.5, 4.01508),
    ],
)
def test_direct_and_indirect_reciprocity_share_the_finite_thresholds_of_the_table(criterion, size, w, expected):
    assert thresholds.direct(w, size, criterion) == pytest.approx(expected, abs=6e-6)
    assert thresholds.indirect(w, size, criterion) == thresholds.direct(w, size, criterion)


@pytest.mark.parametrize(("size", "expected"), [(20, 2.11111), (50, 2.04167), (100, 2.02041), (1000, 2.00200)])
def test_kin_by_meeting_has_the_thresholds_of_the_table(size, expected):
    assert thresholds.kin_meeting(0.5, size) == pytest.approx(expected, abs=6e-6)


@pytest.mark.parametrize(("size", "expected"), [(50, 2.06383), (100, 2.03093), (1000, 2.00301)])
def test_kin_by_value_has_the_thresholds_of_the_table(size, expected):
    assert thresholds.kin_value(0.5, size) == pytest.approx(expected, abs=6e-6)


def test_the_limits_are_those_of_nowak_2006():
    assert [thresholds.direct(0.9, criterion=c) for c in ("ESS", "RD", "AD")] == pytest.approx(
        [1 / 0.9, 1.1 / 0.9, 1.2 / 0.9]
    )
    assert [thresholds.indirect(0.5, criterion=c) for c in ("ESS", "RD", "AD")] == pytest.approx([2, 3, 4])
    assert thresholds.kin_value(0.25) == thresholds.kin_meeting(0.25) == 4
    assert thresholds.death_birth(4) == 4
    assert thresholds.imitation(4) == 6
    assert thresholds.birth_death() == math.inf
    assert thresholds.group(4, 6) == pytest.approx(1 + 4 / 6)
    assert thresholds.group_rare_splitting(4, 6) == 2


def test_a_rule_that_is_off_never_helps_an_infinite_population():
    assert thresholds.kin_value(0) == thresholds.direct(0) == thresholds.indirect(0, criterion="AD") == math.inf


@pytest.mark.parametrize(
    ("rule", "degree", "size", "expected"),
    [
        (thresholds.death_birth, 2, 10, 2.666667),
        (thresholds.death_birth, 4, 100, 4.260870),
        (thresholds.death_birth, 9, 10, -9),
        (thresholds.death_birth, 5, 12, 25),
        (thresholds.death_birth, 3, 6, math.inf),
        (thresholds.imitation, 4, 100, 6.555556),
        (thresholds.imitation, 3, 8, math.inf),
        (thresholds.imitation, 9, 10, -9),
    ],
)
def test_regular_graphs_have_the_exact_finite_thresholds(rule, degree, size, expected):
    assert rule(degree, size) == pytest.approx(expected, abs=5e-7)


def test_negative_thresholds_mean_spite_as_in_a_well_mixed_population():
    assert thresholds.birth_death(10) == -9
    assert thresholds.kin_meeting(0, 10) == -9
    assert thresholds.group_rare_splitting(4, 1) == -3


@pytest.mark.parametrize("criterion", ["ESS", "RD", "AD"])
@pytest.mark.parametrize("size", [None, 20])
def test_the_matrix_conditions_change_sign_exactly_at_the_threshold(criterion, size):
    field = {"ESS": "ess", "RD": "risk_dominant", "AD": "advantageous"}[criterion]
    star = thresholds.direct(0.7, size, criterion)
    verdicts = [
        getattr(thresholds.matrix_conditions(transforms.repeat(transforms.donation(b, 1), 0.7), size), field)
        for b in (star * 0.9999, star * 1.0001)
    ]
    assert verdicts == [False, True]


def test_every_row_of_nowaks_table_gives_its_own_thresholds():
    rows = [
        ("kin", {"relatedness": 0.3}, [1 / 0.3] * 3),
        ("network", {"degree": 5}, [5] * 3),
        ("group", {"size": 4, "count": 6}, [1 + 4 / 6] * 3),
        ("direct", {"continuation": 0.6}, [1 / 0.6, 1.4 / 0.6, 1.8 / 0.6]),
        ("indirect", {"recognition": 0.6}, [1 / 0.6, 1.4 / 0.6, 1.8 / 0.6]),
    ]
    for rule, setting, stars in rows:
        for at, star in enumerate(stars):
            below, above = (
                thresholds.matrix_conditions(transforms.nowak_table(rule, b, 1, **setting))[at]
                for b in (star * 0.9999, star * 1.0001)
            )
            assert (below, above) == (False, True), (rule, at)


def test_tit_for_tat_needs_four_individuals_in_ten_rounds_of_the_prisoners_dilemma():
    game = [[30, 0 + 9 * 1], [5 + 9 * 1, 10]]
    assert [n for n in range(2, 12) if thresholds.matrix_conditions(game, n).advantageous] == list(range(4, 12))
    favoured = [n for n in range(2, 8) if fixation.one_third_law([[3 * n, n - 1], [5 + n - 1, n]])]
    assert favoured == [4, 5, 6, 7]


@pytest.mark.parametrize(
    "call",
    [
        lambda: thresholds.kin_value(1.3),
        lambda: thresholds.direct(0.5, 1),
        lambda: thresholds.direct(0.5, 10, "XX"),
        lambda: thresholds.death_birth(10, 10),
        lambda: thresholds.group(0, 2),
        lambda: thresholds.direct(float("nan")),
        lambda: thresholds.matrix_conditions(np.eye(3)),
        lambda: thresholds.kin_value("many"),
    ],
)
def test_arguments_out_of_range_are_refused_in_one_line(call):
    with pytest.raises(InputError) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    assert "must" in str(refusal.value)
