"""The super-additive experiment: its cells, its table beside the published one, and models in the place of rules."""

from __future__ import annotations

import csv

import pytest

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.experiments.choosing import changed, command
from coop_abm.experiments.super_additive import OFFLINE, Options, SuperAdditive
from coop_abm.experiments.super_additive_numbers import MODELS, excess, published, published_of
from coop_abm.experiments.super_additive_presets import PRESETS
from coop_abm.policies.means import Means
from coop_abm.strategies.team import Coin, Teammate, WalkAway

SMALL = TeamTournament(
    size=2, rounds=3, slips=0.1, planning=4, players=(Entry(strategy=Teammate()), Entry(strategy=WalkAway()))
)


SHORT = TeamTournament(rounds=8, slips=0.05, players=OFFLINE)


def made(store="", **chosen):
    means = Means(transport="slim", journal=None if not store else store.with_suffix(".journal"))
    return SuperAdditive(Options(**chosen), store=store, workers=0, means=means)


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    experiment = made(tmp_path_factory.mktemp("offline") / "runs.sqlite", replications=8, world=SHORT)
    return experiment, experiment.measure()


# -------------------------------------------------------------------------------------- the cells


def test_the_four_conditions_are_the_full_two_by_two_and_two_controls():
    worlds = made().scenarios()
    assert list(worlds) == ["none", "RI", "GC", "SA", "GC, all pairs", "SA, one round"]
    assert [(w.meets, w.length, w.aim) for w in worlds.values()] == [
        ("all", 1, "self"), ("all", 20, "self"), ("between", 20, "team"), ("all", 20, "both"), ("all", 20, "team"),
        ("all", 1, "both"),
    ]  # fmt: skip
    assert list(made(controls=False).scenarios()) == ["none", "RI", "GC", "SA"]


def test_every_knob_of_the_world_can_be_set_and_spelled():
    chosen = changed(Options(), {"world.rounds": 7, "world.players.0.strategy.weight": 0.5, "replications": 9})
    assert chosen.world.rounds == 7 and chosen.world.players[0].strategy.weight == 0.5
    assert command("super_additive", chosen) == (
        "coop-abm experiment super_additive --replications 9 --set world.rounds=7 "
        "--set world.players.0.strategy.weight=0.5"
    )
    with pytest.raises(ScenarioError, match=r"world.rounds must be a whole number in \[1, 1,000\]; got 0"):
        changed(Options(), {"world.rounds": 0})


@pytest.mark.parametrize("policy", ["", "two words", "missing.toml"])
def test_a_policy_that_cannot_be_had_is_refused_before_anything_is_done(policy):
    with pytest.raises(InputError, match=r"^(policy|model|must be)"):
        made(policy=policy)


# -------------------------------------------------------------------------------------- the table


def test_published_values_stand_beside_ours(offline):
    experiment, results = offline
    rows = experiment.table(results)
    sa = next(row for row in rows if row["condition"] == "SA" and row["measure"] == "mu_osc")
    assert [sa[model] for model in MODELS] == ["0.39 [.31, .47]", "0.43 [.35, .51]", "0.65 [.58, .73]"]
    assert sa["low"] < sa["ours"] < sa["high"] and sa["offline"] == sa["ours"]
    assert published()["replications"] == 5 and published_of("Phi-4", "mu_c_coded", "GC") == (0.13, 0.11, 0.16)
    assert all(published_of(model, "mu_c", "none") is None for model in MODELS)


@pytest.mark.parametrize(
    ("model", "mu_c", "mu_osc"), [("Qwen3-14B", 0.09, 0.12), ("Phi-4", 0.22, 0.14), ("Cogito-14B", -0.04, -0.06)]
)
def test_what_was_published_is_super_additive_for_two_of_three_models(model, mu_c, mu_osc):
    assert excess(model, "mu_c") == pytest.approx(mu_c) and excess(model, "mu_osc") == pytest.approx(mu_osc)


def test_rules_that_care_for_their_team_are_super_additive_by_composition(offline):
    experiment, results = offline
    rows = {(row["condition"], row["measure"]): row for row in experiment.table(results)}
    added = rows["SA − max(RI, GC)", "mu_c"]
    assert added["low"] > 0 and added["p"] <= 2**-8
    # The same goal with the same pairs as SA: nothing is left.
    assert rows["SA − GC with all pairs", "mu_c"]["ours"] == 0.0
    assert rows["SA", "mu_c"]["within"] > rows["SA", "mu_c"]["between"] + 0.2
    words = experiment.reading(results)
    assert "nobody meets a team-mate" in words and "say nothing of models" in words
    assert "is found in" in words  # the power of the test


def test_its_files_hold_table_runs_profiles_and_provenance(offline, tmp_path):
    experiment, results = offline
    names = {path.name for path in experiment.save(results, tmp_path, stories=1)}
    assert names == {
        "super_additive.csv", "super_additive_runs.csv", "super_additive_profiles.csv", "super_additive.png",
        "super_additive.svg", "provenance.json", "stories.json",
    }  # fmt: skip
    with (tmp_path / "super_additive_profiles.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = {row["measure"] for row in rows if row["condition"] == "SA"}
    assert {"nice", "retaliatory", "retaliatory_coded", "fit_tft", "affinity_wsls", "left"} <= told


def test_a_second_run_reads_back_what_is_there(tmp_path):
    first = made(tmp_path / "runs.sqlite", replications=2, world=SMALL)
    done = first.measure()
    again = made(tmp_path / "runs.sqlite", replications=2, world=SMALL).measure()
    assert (done.done_now, again.done_now) == (12, 0)
    assert first.table(done) == first.table(again)


def test_its_view_tells_matches_points_and_plans(tmp_path):
    experiment = made(tmp_path / "runs.sqlite", replications=2, world=SMALL, policy="stand-in")
    runs = {run["name"]: run for run in experiment.view(experiment.measure())["runs"]}
    sa = runs["SA"]
    assert len(sa["matches"]) == 6 and sa["teams"] == [0, 0, 1, 1] and sa["told"] and not runs["RI"]["told"]
    assert [match["start"] for match in sa["matches"]][:2] == [0, len(sa["matches"][0]["moves"][0])]
    scores = [sum(points for match in sa["matches"]
                  for who, points in zip(match["players"], match["scores"], strict=True)
                  if sa["teams"][who] == team) for team in (0, 1)]  # fmt: skip
    assert sa["matches"][-1]["totals"] == pytest.approx(scores)
    assert sa["plans"] and all(
        plan.startswith("I play the strategy") and critique for _, _, plan, critique in sa["plans"]
    )


# ----------------------------------------------------------------------------------------- presets


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "reference"])
def test_a_preset_states_its_payoffs_in_its_own_unit(preset):
    experiment = made(preset=preset, replications=2)
    (reward, sucker), (temptation, punishment) = experiment.scenarios()["SA"].payoffs.tolist()
    assert temptation > reward > punishment > sucker
    assert 2 * reward > temptation + sucker  # mutual cooperation is better than taking turns
    words = experiment.reading(experiment.measure())
    assert PRESETS[preset].unit in words and f"{reward:g} each" in words and "not estimated" in words


def test_a_knob_that_was_chosen_stands_before_the_preset():
    worlds = made(preset="logistics", world=TeamTournament(size=5, slips=0.05, players=OFFLINE[:1])).scenarios()
    assert worlds["SA"].size == 5 and worlds["SA"].history == "public"


# --------------------------------------------------------------------------- models in their place


def test_strategies_played_through_prompts_are_the_same_to_the_bit(tmp_path):
    tables = made(replications=2, world=SMALL).measure()
    spoken = made(tmp_path / "spoken.sqlite", replications=2, world=SMALL, policy="stand-in")
    models = spoken.measure()
    assert models.requests > 0 and models.fallbacks == 0
    for cell in tables.cells:
        for rule, model in zip(tables.of(cell), models.of(cell), strict=True):
            assert {k: repr(v) for k, v in rule.measures.items()} == {k: repr(v) for k, v in model.measures.items()}
    assert spoken.measure().requests == 0
    row = spoken.table(models)[0]
    assert row["offline"] == row["ours"]


@pytest.mark.parametrize(
    "language", ["ar", "zh", *(pytest.param(one, marks=pytest.mark.slow) for one in ("fr", "de", "es", "vi"))]
)
def test_everything_that_can_be_on_is_told_in_every_language(language, tmp_path):
    from coop_abm.engine.staged import play
    from coop_abm.llm.stand_in import StandIn
    from coop_abm.policies.staged import close, deciding
    from coop_abm.scenario.minds import Model
    from coop_abm.strategies.library import Discriminator
    from coop_abm.strategies.team import Deceiver, Handshake, Liar, Truster, spelled

    kinds = (Truster(), Deceiver(), Coin(p=0.4), Discriminator(), WalkAway(), Liar(), Handshake(), Handshake())
    knobs = {
        "size": 4, "rounds": 2, "slips": 0.1, "chat": True, "pledges": True, "deception": 1, "history": "team",
        "reputation": "public", "scores": "all", "unknown": "rivals", "tournaments": 2, "one_shot": "no",
    }  # fmt: skip
    ruled = TeamTournament(players=tuple(Entry(strategy=kind) for kind in kinds), **knobs)
    told = ruled.model_copy(update={"players": tuple(
        Entry(strategy=kind, policy=Model(model=f"stand-in/{spelled(kind)}", language=language, framing="penalty"))
        for kind in kinds
    )})  # fmt: skip
    with StandIn() as server:
        world = told.start(3)
        policy = deciding(world, Means(transport="slim", stand_in=server.address))
        play(world, policy)
        close(policy)
    rules = play(ruled.start(3), ruled.table()).story()
    spoken = world.story()
    assert [match["moves"] for match in rules["matches"]] == [match["moves"] for match in spoken["matches"]]
    assert rules["finals"] == spoken["finals"]
    for each in ("announced", "lied", "bound", "left"):
        assert [match[each] for match in rules["matches"]] == [match[each] for match in spoken["matches"]]
    assert any(any(match["said"]) for match in spoken["matches"])
