"""The super-additive experiment: what may be chosen, what the verdict may say, and what its files hold."""

from __future__ import annotations

import csv
import json
import warnings

import pytest

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.experiments import super_additive_numbers as numbers
from coop_abm.experiments.choosing import changed, command, free
from coop_abm.experiments.super_additive import OFFLINE, Options, SuperAdditive
from coop_abm.experiments.super_additive_presets import PRESETS
from coop_abm.policies.means import Means
from coop_abm.strategies.team import Teammate, WalkAway

SMALL = TeamTournament(
    size=2, rounds=3, slips=0.1, planning=4, players=(Entry(strategy=Teammate()), Entry(strategy=WalkAway()))
)
SHORT = TeamTournament(rounds=6, slips=0.05, players=OFFLINE)


def of(chosen, store=""):
    means = Means(transport="slim", journal=store.with_suffix(".journal") if store else None)
    return SuperAdditive(chosen, store=store, workers=0, means=means)


def made(**chosen):
    return of(Options(**chosen))


# ------------------------------------------------------------------------------------ the verdict


@pytest.mark.parametrize(("pairs", "least"), [(5, "0.062"), (6, "0.031")])
def test_p_its_least_value_and_its_power_are_those_after_holm(pairs, least):
    # Five pairs: p is 1/32 at best, and 2/32 after Holm, so no verdict of this test could be positive.
    experiment = made(replications=pairs, world=SHORT, controls=False)
    words = experiment.reading(results := experiment.measure())
    assert numbers.adjusted(results, paired=True)["mu_c"] == 2 * 2**-pairs
    assert f"p = {least} (" in words and f"the smallest possible here is {least})" in words
    never = "With 5 replications this test can never be positive, whatever the effect; 6 are the fewest."
    assert (never in words) == (pairs == 5) and ("is found in" in words) == (pairs == 6)
    assert ("SA is above both RI and GC in overall cooperation" in words) == (pairs == 6)


def test_the_fewest_replications_are_those_whose_least_p_survives_holm():
    # 2/64 and 2/70 are small enough; 2/32 and 2/20 are not.
    assert [numbers.fewest(paired=paired) for paired in (True, False)] == [6, 4]
    assert [numbers._power(count, 0.001, True) for count in (5, 6)] == [0.0, 1.0]
    assert [numbers._power(count, 0.001, False) for count in (3, 4)] == [0.0, 1.0]


# ---------------------------------------------------------------------------- seats of their own


def test_a_seat_with_a_policy_of_its_own_keeps_it_and_is_asked_and_told_of(tmp_path):
    own = {"world.players.0.policy": "model", "world.players.0.policy.model": "stand-in/alld"}
    chosen = changed(Options(replications=2, world=SMALL), own)
    experiment = of(chosen, tmp_path / "mixed.sqlite")
    team = experiment.worlds["SA"].players[0].policy
    assert (team.kind, team.every, team.inner.model) == ("team", 4, "stand-in/alld")
    assert experiment.worlds["SA"].players[1].policy.tabled
    results, tables = experiment.measure(), made(replications=2, world=SMALL)
    ruled = tables.measure()
    assert results.requests > 0
    for row, plain in zip(experiment.table(results)[3:12], tables.table(ruled)[3:12], strict=True):
        assert row["offline"] == plain["ours"]  # the offline twin is of rules alone
        assert row["ours"] < plain["ours"] or (row["condition"], row["measure"]) != ("SA", "mu_c")
        assert row["players"] == "players 0: stand-in/alld; players 1: rules" and plain["players"] is None
    words = experiment.reading(results)
    assert "different players (players 0: stand-in/alld; players 1: rules)" in words and experiment.paired
    experiment.save(results, tmp_path)
    record = json.loads((tmp_path / "provenance.json").read_text())
    assert record["worlds"]["SA"]["world"]["players"][0]["policy"]["inner"]["model"] == "stand-in/alld"
    # The same seat among others that are played through prompts as well.
    spoken = of(changed(chosen, {"policy": "stand-in"}))
    assert [mind.inner.model for mind in spoken.worlds["SA"].minds()] == ["stand-in/alld", "stand-in/walk_away"] * 2
    assert [run.measures["mu_c"] for run in spoken.measure().runs] == [run.measures["mu_c"] for run in results.runs]


def test_a_model_for_everybody_is_refused_where_a_seat_has_a_policy_of_its_own():
    own = {"world.players.1.policy": "model", "world.players.1.policy.model": "stand-in/alld"}
    said = r"players.1.policy: this seat has a policy of its own, which 'openai/some' for everybody would replace"
    with pytest.raises(ScenarioError, match=said):
        of(changed(Options(policy="openai/some"), own))


def test_models_of_single_seats_cost_money_and_their_replications_are_no_pairs():
    own = {"world.players.1.policy": "model", "world.players.1.policy.model": "openai/gpt-4o-mini"}
    chosen = changed(Options(replications=2, world=SMALL), own)
    experiment = SuperAdditive(chosen, store="")
    assert not free(chosen) and free(Options(policy="stand-in")) and not experiment.paired
    assert "openai/gpt-4o-mini" in experiment.mixed
    with pytest.raises(InputError, match=r"budget: .*there must be"):
        experiment.check()


# ------------------------------------------------------------------------------- what was chosen


@pytest.mark.parametrize(
    ("preset", "name", "value"),
    [("procurement", "teams", 2), ("logistics", "history", "none"), ("customer_success", "chat", False)],
)
def test_a_knob_that_was_given_its_default_stands_before_the_preset_too(preset, name, value):
    assert value == TeamTournament.model_fields[name].default != PRESETS[preset].knobs[name]
    first = changed(Options(), {f"world.{name}": value})
    for chosen in (
        changed(Options(), {"preset": preset, f"world.{name}": value}),
        changed(changed(first, {"preset": preset}), {"seed": 3}),  # one after the other, as on a page
        Options(preset=preset, world=TeamTournament(players=OFFLINE, **{name: value})),
    ):
        worlds = of(chosen).worlds
        assert {getattr(world, name) for world in worlds.values()} == {value}
        assert worlds["SA"].game == PRESETS[preset].knobs.get("game")
        assert f"--set world.{name}={str(value).lower()}" in command("super_additive", chosen)
    untouched = of(changed(Options(), {"preset": preset})).worlds["SA"]
    assert getattr(untouched, name) == PRESETS[preset].knobs[name]
    # Options that were read from a record say all values and not who chose them: a default then counts as not chosen.
    again = Options.model_validate(Options(preset=preset).model_dump())
    assert getattr(of(again).worlds["SA"], name) == PRESETS[preset].knobs[name]


@pytest.mark.parametrize("condition", ["gc", "sa"])
def test_the_condition_is_crossed_and_cannot_be_given(condition):
    said = rf"^world.condition: .* world.pairs, world.goal and world.one_shot .*; got '{condition}'$"
    with pytest.raises(InputError, match=said):
        of(changed(Options(), {"world.condition": condition}))
    with pytest.raises(InputError, match=said):
        made(world=TeamTournament(condition=condition))


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"deception": 1}, "deception: there are no announcements to break; needs pledges; got 1"),
        ({"deception": 0}, "needs pledges; got 0"),
        ({"reputation": "public"}, "reputation: there is no earlier tournament; needs tournaments of at least 2"),
        ({"reputation": "team", "tournaments": 1}, "needs tournaments of at least 2; got 'team' and 1"),
    ],
)
def test_a_knob_with_nothing_to_act_on_is_refused(knobs, said):
    with pytest.raises(ScenarioError, match=rf"^world: .*{said}"):
        changed(Options(), {f"world.{name}": value for name, value in knobs.items()})
    met = {"world.pledges": True, "world.tournaments": 2}
    assert changed(Options(), {f"world.{name}": value for name, value in knobs.items()} | met)


# ------------------------------------------------------------------------------------- the files


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    experiment = made(replications=3, world=SHORT.model_copy(update={"pledges": True}), controls=False)
    experiment.save(results := experiment.measure(), folder)
    return experiment, results, folder


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_published_numbers_are_numbers_in_the_file_and_text_on_the_screen(saved):
    experiment, results, folder = saved
    rows = {(row["condition"], row["measure"]): row for row in read(folder / "super_additive.csv")}
    told = [rows["SA", "mu_osc"][f"Qwen3-14B{end}"] for end in ("", "_low", "_high")]
    assert told == ["0.390000", "0.310000", "0.470000"]
    added = rows["SA − max(RI, GC)", "mu_c"]
    assert (added["Qwen3-14B"], added["Cogito-14B"], added["Phi-4_low"]) == ("0.090000", "-0.040000", "")
    assert rows["none", "mu_c"]["Phi-4"] == ""
    words = {"condition", "measure", "players", "note"}
    assert all(float(row[name]) < 2 for row in rows.values() for name in row if name not in words and row[name])
    shown = next(row for row in experiment.table(results) if row["condition"].startswith("SA −"))
    assert shown["Qwen3-14B"] == "+0.09"


def test_shares_in_the_profiles_end_at_0_and_1_and_payoffs_do_not(saved):
    rows = read(saved[2] / "super_additive_profiles.csv")
    free = {"length", "payoff", "payoff_intra", "payoff_inter", "score", "margin", "osc_drift", "gain_of_lies"}
    bounded = [row for row in rows if row["measure"] not in free]
    assert {row["measure"] for row in rows} - {row["measure"] for row in bounded} == free
    assert all(0 <= float(row["low"]) <= float(row["mean"]) <= float(row["high"]) <= 1 for row in bounded)
    assert any(float(row["low"]) < 0 for row in rows) and any(float(row["high"]) > 1 for row in rows)


def test_matches_of_one_round_have_a_figure_without_an_empty_legend():
    experiment = made(replications=2, world=SHORT.model_copy(update={"rounds": 1, "budget": 1}), controls=False)
    results = experiment.measure()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = experiment.figure(results)
    empty = drawn.axes[3]
    assert empty.get_legend() is None and "tell no strategies apart" in empty.texts[0].get_text()
    assert all(axes.get_legend() is not None for axes in drawn.axes[:3])
