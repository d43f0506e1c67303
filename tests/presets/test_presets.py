"""The presets from papers: declared whole, carried by links, and they show what they say."""

import re

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.dashboard import links
from coop_abm.presets import PRESETS, THEMES, preset, run, verify
from coop_abm.presets.base import Check, Ran, fall, mean_from, symmetry
from coop_abm.presets.words import checked, cited, expected, told
from coop_abm.scenario.bibliography import bibliography
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.library import NAMED, named

EVERY = pytest.mark.parametrize("name", PRESETS)
SEEDS = range(201, 221)  # nobody looked at these when sizes and bounds were chosen


def test_there_are_enough_of_them_and_every_theme_has_some():
    assert len(PRESETS) >= 14
    assert [theme for theme in THEMES if not any(p.theme == theme for p in PRESETS.values())] == []
    assert {p.theme for p in PRESETS.values()} == set(THEMES)


@EVERY
def test_a_preset_is_declared_whole(name):
    one = PRESETS[name]
    assert one.name == name and one.base in NAMED and one.references
    assert set(one.references) <= set(bibliography())
    for sentence in (one.sees, one.claim, one.shows):
        assert re.fullmatch(r"[A-Z].*[.]", sentence) and "  " not in sentence, sentence
    check = one.check
    assert check.low <= check.expected <= check.high and check.source and check.words


@EVERY
def test_a_preset_comes_back_from_its_link(name):
    one = PRESETS[name]
    back = links.read(links.write(one.scenario, one.seed), named("well_mixed"), 0)
    assert back == links.Linked(one.scenario, one.seed, "")


@EVERY
def test_the_run_that_is_shown_shows_what_is_said(name):
    outcome = verify(PRESETS[name])
    assert outcome.agrees, outcome


@EVERY
@pytest.mark.parametrize("seed", [2, 3])
def test_other_seeds_show_it_as_well(name, seed):
    assert verify(PRESETS[name], seed).agrees


@pytest.mark.validate
@EVERY
def test_at_least_19_of_20_seeds_show_it(name):
    outcomes = [verify(PRESETS[name], seed) for seed in SEEDS]
    assert sum(outcome.agrees for outcome in outcomes) >= 19, outcomes


@pytest.mark.parametrize(
    "name", ["neighbours", "relatives", "meet_again", "a_good_name", "groups", "neighbours_helped"]
)
def test_the_worlds_of_the_cards_end_by_generation_200_in_19_of_20_seeds(name):
    one = PRESETS[name]
    assert one.steps <= 200
    assert sum(verify(one, seed).agrees for seed in SEEDS) >= 19


def test_the_two_tori_differ_in_the_benefit_alone():
    poor, rich = PRESETS["neighbours"].scenario, PRESETS["neighbours_helped"].scenario
    assert (poor.game.benefit, rich.game.benefit, poor.game.cost, poor.network.graph.neighbours) == (3, 5, 1, 4)
    assert lab.world(poor, game__benefit=5.0) == rich
    assert PRESETS["neighbours"].seed == PRESETS["neighbours_helped"].seed


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("neighbours", 4.06), ("cycle", 2.04), ("relatives", 2.03), ("meet_again", 1.23), ("a_good_name", 1.51),
     ("full_sibs", 2.01), ("half_sibs", 4.03)],
)  # fmt: skip
def test_the_ratios_in_the_words_are_those_of_theory(name, ratio):
    one = PRESETS[name]
    assert expectation(one.scenario, one.seed).value == pytest.approx(ratio, abs=0.005)
    assert f"{ratio:.2f}" in one.claim


# ------------------------------------------------------------------------------ numbers of a run


def lattice(board):
    """A run that ended with this square lattice."""
    last = run(PRESETS["meet_again"]).last
    return Ran({}, last._replace(strategy=np.asarray(board).reshape(1, -1)))


def test_symmetry_counts_the_places_that_equal_all_their_mirror_images():
    assert symmetry(lattice([[0, 0, 0], [0, 1, 0], [0, 0, 0]])) == 1
    assert symmetry(lattice([[1, 0, 0], [0, 1, 0], [0, 0, 0]])) == pytest.approx(5 / 9)  # the corners are not alike


def test_numbers_of_a_frame():
    ran = Ran({"x": np.array([0.2, 0.9, 0.5, 0.3])}, None)
    assert fall("x")(ran) == pytest.approx(0.6)
    assert mean_from("x", 2)(ran) == pytest.approx(0.4)


def test_a_number_out_of_its_bounds_differs(monkeypatch):
    one = PRESETS["meet_again"]
    wrong = Check("no such outcome", lambda ran: 0.5, 1.0, 0.9, 1.0, "nowhere")
    monkeypatch.setattr("coop_abm.presets.words.verify", lambda p, seed=None: verify(_with(p, wrong), seed))
    agrees, words = checked(one)
    assert not agrees and "differs: 0.500 against 1.000, seed 1" in words
    agrees, words = checked(one, 4)
    assert not agrees and "0 of 4 seeds" in words


def _with(one, check):
    import dataclasses

    return dataclasses.replace(one, check=check)


def test_a_run_can_be_stopped_where_it_is_reported():
    class Enough(Exception):
        pass

    def stop(steps):
        raise Enough

    with pytest.raises(Enough):
        run(PRESETS["stern_judging"], 1, stop)


# ------------------------------------------------------------------------------ words


def test_the_start_of_a_preset_is_told_in_heads():
    assert PRESETS["kaleidoscope"].start == "9,800 allc, 1 alld"
    assert PRESETS["neighbours"].start == "200 reciprocator, 200 alld"


def test_a_preset_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"preset must be one of neighbours, .*; got 'nobody'"):
        preset("nobody")


def test_a_reference_in_short():
    assert cited("NowakMay1992") == "Nowak & May 1992, Nature"
    assert cited("OhtsukiHauertLiebermanNowak2006").startswith("Ohtsuki, Hauert, Lieberman & Nowak 2006, ")


def test_what_is_expected_names_number_source_and_bounds():
    words = expected(PRESETS["spatial_chaos"])
    assert "0.318 (12 ln 2 - 8)" in words and "0.298 to 0.338" in words


@EVERY
def test_the_command_that_is_told_runs_that_very_world(name):
    command = told(PRESETS[name], whole=True).rpartition("coop-abm run ")[2].split()
    knobs = dict(zip(command[1::2], command[2::2], strict=True))
    assert (knobs.pop("--steps"), knobs.pop("--seed")) == (str(PRESETS[name].steps), "1")
    from coop_abm.scenario.knobs import parsed

    changes = {path.removeprefix("--").replace(".", "__"): parsed(value) for path, value in knobs.items()}
    assert lab.world(command[0], **changes) == PRESETS[name].scenario
