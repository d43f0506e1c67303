"""Traits and affinities of a match, as described and as coded."""

from __future__ import annotations

import math

import pytest

from coop_abm.engine.team_traits import TRAITS, affinity_coded, agreement


def moves(text):
    return ["CD".index(letter) for letter in text]


def trait(name, own, other):
    return TRAITS[name](moves(own), moves(other))


@pytest.mark.parametrize(
    ("name", "own", "other", "value"),
    [
        ("nice", "CCC", "DDD", 1.0),
        ("nice", "CDC", "CCC", 0.0),
        ("nice", "CDD", "CDC", 1.0),  # both at once
        ("nice", "DCC", "CDC", 0.0),
        # Defections in rounds 1 and 2 are answerable; the first is forgiven, and nothing is a penalty.
        ("forgiving", "CCD", "DDC", 1 / 3),
        ("forgiving", "CDC", "DCC", 0.0),
        ("forgiving_coded", "CC", "CD", 0.0),  # the last defection counts, though nothing can answer it
        ("retaliatory", "CDC", "DCC", 1.0),
        ("retaliatory", "CCC", "CDC", 0.0),
        ("retaliatory_coded", "CDC", "CDC", 1.0),  # in the same round, by coincidence
        ("retaliatory", "CDC", "CDC", 0.0),
        ("troublemaking", "DDC", "CCD", 2 / 3),
        ("emulative", "CCD", "CDD", 1.0),
        ("emulative", "DCD", "DCC", 0.0),
    ],
)
def test_a_trait_is_what_it_says(name, own, other, value):
    assert trait(name, own, other) == pytest.approx(value)


@pytest.mark.parametrize("name", ["forgiving", "retaliatory", "emulative"])
def test_without_an_occasion_there_is_no_value_and_as_coded_nought(name):
    assert math.isnan(trait(name, "C", "C")) and trait(f"{name}_coded", "C", "C") == 0.0


def test_strategies_agree_with_themselves():
    assert agreement(moves("CDCD"), moves("DCDD")) == {"allc": 2, "alld": 2, "tft": 4, "grim": 3, "wsls": 3}


def test_the_coded_affinity_to_win_stay_lose_shift_follows_its_own_imagined_moves():
    own, other = moves("DDD"), moves("DDD")
    assert affinity_coded(own, other)["wsls"] == pytest.approx(1 / 3)  # imagines C, D, C
    assert agreement(own, other)["wsls"] == 0  # after D against D it would cooperate
