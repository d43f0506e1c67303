"""The experiment: its worlds, what stands beside ours, what is missing, and what a page is told."""

import json
import math

import pytest

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.commons import Commons, Users
from coop_abm.experiments.commons import CommonsExperiment, CommonsOptions
from coop_abm.experiments.commons_cells import ARMS, GOVSIM, PUBLISHED, REFERENCE, RICHNESS
from coop_abm.experiments.runs import Run, Runs
from coop_abm.games.commons import Logistic
from coop_abm.policies.means import Means
from coop_abm.strategies.commons import Altruistic


def small(**options):
    means = Means(transport="slim", journal=options.pop("journal", None))
    told = {"replications": 3, "rounds": 4, "size": 4, "part": "ablation"} | options
    return CommonsExperiment(CommonsOptions(**told), store="", workers=0, means=means)


@pytest.fixture(scope="module")
def ablated():
    study = small()
    return study, study.measure()


def test_the_ablation_crosses_both_switches_three_starts_and_two_worlds():
    cells = small().cells()
    assert len(cells) == 2 * 3 * 4
    switches = {(w.social_learning, w.group_decision) for w in cells.values()}
    assert switches == set(ARMS.values())
    assert {(w.stock.rate, w.horizon, w.size) for w in cells.values()} == {(0.35, 4, 4), (0.2, 4, 4)}


def test_all_parts_have_worlds_and_no_name_twice():
    everything = set(small(part="all").cells())
    parts = [set(small(part=part).cells()) for part in ("ablation", "punishment", "regrowth", "restraint", "fishery")]
    assert everything == set().union(*parts) and len(everything) == sum(map(len, parts)) == 24 + 5 + 5 + 24 + 3


def test_published_numbers_and_the_reference_stand_beside_ours_where_worlds_are_alike():
    study = small(rounds=50, size=10, replications=2)
    name = "rich, selfish: learning only"
    values = {"survival": 20.0, "sustained": 0.0, "norm_similarity": math.nan}
    measures = dict.fromkeys(study.worlds[name].start(0).measures(), 0.5) | values
    runs = Runs(tuple(study.worlds), 2, tuple(Run(name, k, measures, {}) for k in range(2)), {})
    (row,) = study.rows(runs)
    assert (row["survival"], row["published"], row["reference"]) == (20.0, 17.56, 13.7)
    assert row["norm_similarity"] is None
    shorter = small(replications=2)
    (other,) = shorter.rows(runs)
    assert (other["published"], other["reference"]) == (17.56, 13.7) and "ours at 4" in other["differs"]
    assert PUBLISHED["selfish", "vote only"] == 38.21 and len(REFERENCE) == 4


def test_a_row_for_each_world_with_an_interval_within_what_is_possible(ablated):
    study, results = ablated
    rows = study.table(results)
    assert [row["cell"] for row in rows] == list(study.worlds)
    assert all(0 <= row["low"] <= row["survival"] <= row["high"] <= 4 for row in rows)
    assert "Selfish users of a rich resource" in study.reading(results)


def test_what_is_missing_is_listed_and_has_no_numbers(ablated):
    study, results = ablated
    fewer = Runs(results.cells, 3, results.runs[1:], {})
    last = study.table(fewer)[-1]
    assert last["cell"] == results.cells[0] and "2 of 3" in last["note"] and last["survival"] is None
    assert results.cells[0] in study.reading(fewer)


def test_govsims_scores_stand_below_the_fishery():
    study = small(part="fishery", replications=2)
    rows = study.table(study.measure())
    ours = {row["cell"]: row for row in rows[:3]}
    assert ours["fishery: all take f(t)"]["survival"] == 12 and ours["fishery: all take f(t)"]["efficiency"] == 1
    wiped = ours["fishery: all take all"]
    assert (wiped["gain"], wiped["survival"]) == (20, 1) and wiped["efficiency"] == pytest.approx(1 / 6)
    assert [row["published"] for row in rows[3:]] == [line.months for line in GOVSIM]
    assert rows[3]["gini"] == pytest.approx(0.056)


def test_it_says_which_start_does_best_from_scarce_to_rich():
    study = small(part="restraint", replications=2)
    said = study.says(study.measure())
    assert all(f"r = {rate:g}" in said for rate in RICHNESS) and said.count("% alive") == 2 * len(RICHNESS)


def test_the_view_tells_one_run_of_each_arm_in_plain_values(ablated):
    study, results = ablated
    told = json.loads(json.dumps(study.view(results), allow_nan=False))
    assert [run["name"] for run in told["runs"]] == [f"rich, selfish: {arm}" for arm in ARMS]
    first = told["runs"][0]
    assert len(first["rounds"]) == 4 and len(first["users"]) == 4
    assert first["rounds"][0]["stock"] == 100 and len(first["rounds"][0]["proposals"]) == 4
    assert first["rounds"][-1]["norm"] in {text for _, text in first["rounds"][-1]["proposals"]} | {
        first["rounds"][-2]["norm"]
    }


def test_it_writes_table_runs_figure_and_provenance(ablated, tmp_path):
    study, results = ablated
    written = {path.name for path in study.save(results, tmp_path)}
    assert written == {"commons.csv", "commons_runs.csv", "commons.png", "commons.svg", "provenance.json"}
    assert (tmp_path / "commons.png").stat().st_size > 20_000


def test_tables_and_the_stand_in_measure_the_same_to_the_last_digit(tmp_path):
    told = {"part": "punishment", "replications": 2, "rounds": 2, "size": 3, "journal": tmp_path / "journal.db"}
    tables, words = (small(policy=policy, **told) for policy in ("table", "stand-in"))
    ours, theirs = tables.measure(), words.measure()
    assert theirs.requests > 0
    for one, other in zip(ours.runs, theirs.runs, strict=True):
        assert repr(one.measures) == repr(other.measures) and one.cell == other.cell


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"part": "weather"}, "part"),
        ({"rounds": 1}, "rounds"),
        ({"size": 1}, "size"),
        ({"replications": 1}, "replications"),
    ],
)
def test_options_that_cannot_be_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        small(**options)


def test_a_model_or_file_that_cannot_be_is_refused_before_anything_runs():
    with pytest.raises((InputError, ScenarioError)):
        small(policy="no such.toml")
    with pytest.raises((InputError, ScenarioError)):
        small(policy="a model with blanks")


def measured(study, cells, per_run):
    """Runs with these measures, one for each replication, where the others are of no account."""
    usual = dict.fromkeys(next(iter(study.worlds.values())).start(0).measures(), 0.5)
    runs = tuple(Run(cell, k, usual | one, {}) for cell in cells for k, one in enumerate(per_run))
    return Runs(tuple(study.worlds), len(per_run), runs, {})


# ------------------------------------------------------------------------------- the fishery of others than rules


@pytest.mark.parametrize("policy", ["stand-in/quota", "openai/gpt-4o"])
def test_the_fishery_of_others_than_our_rules_is_one_crew_that_is_told_no_persona(policy):
    study = small(part="fishery", policy=policy)
    assert list(study.worlds) == [f"fishery: five of {policy}"]
    (world,) = study.worlds.values()
    assert world.size == 5 and {mind.model for mind in world.minds()} == {policy}
    assert {mind.persona for mind in world.minds()} == {""}


def test_a_policy_file_keeps_the_persona_that_it_names_in_the_fishery(tmp_path):
    file = tmp_path / "model.toml"
    file.write_text('kind = "model"\nmodel = "openai/gpt-4o"\npersona = "cautious"\n')
    study = small(part="fishery", policy=str(file))
    ((name, world),) = study.worlds.items()
    assert name == "fishery: five of openai/gpt-4o" and {mind.persona for mind in world.minds()} == {"cautious"}


@pytest.mark.parametrize("policy", ["table", "stand-in"])
def test_rules_by_tables_or_through_prompts_keep_the_three_crews(policy):
    assert list(small(part="fishery", policy=policy).worlds) == [
        "fishery: all take f(t)", "fishery: all take all", "fishery: one takes all",
    ]  # fmt: skip


def test_sentence_and_title_of_the_fishery_follow_who_played(tmp_path):
    rules, other = (small(part="fishery", replications=2, policy=policy, journal=tmp_path / "journal.db")
                    for policy in ("table", "stand-in/quota"))  # fmt: skip
    told = {}
    for study in (rules, other):
        results = study.measure()
        title = study.figure(results).axes[0].get_title("left")
        told[study.policy] = study.reading(results), title, study.table(results)
    assert "all take all" in told["table"][0] and told["table"][1] == "Fishery: rules (blue), published (grey)"
    said, title, rows = told["stand-in/quota"]
    assert "five of stand-in/quota" in said and "all take all" not in said and "stand-in/quota (blue)" in title
    assert (rows[0]["survival"], rows[0]["offline"], rows[0]["efficiency"]) == (12, 12, 1)


def test_scores_of_the_fishery_are_of_each_run_with_intervals_over_runs():
    study = small(part="fishery", replications=2)
    name = "fishery: all take f(t)"
    runs = [{"gain": 130.0, "gini": 0.0, "survival": 12.0}, {"gain": 20.0, "gini": 0.2, "survival": 1.0}]
    row = study.rows(measured(study, [name], runs))[0]
    # 650 and 100 tons of 600: 1 and 1/6; the mean of 1.083 and 1/6 would be 0.625
    assert row["efficiency"] == pytest.approx((1 + 1 / 6) / 2)
    assert row["efficiency_low"] == 0 and row["efficiency_high"] == 1
    assert row["equality"] == pytest.approx(0.9) and row["equality_high"] == 1


def test_govsims_equality_stands_in_the_table():
    study = small(part="fishery", replications=2)
    rows = study.table(study.measure())
    assert [row["equality"] for row in rows[3:]] == pytest.approx([line.equality / 100 for line in GOVSIM])
    assert rows[0]["equality"] == 1


# ------------------------------------------------------------------------------- knobs of the world


def test_knobs_of_the_world_override_what_cells_declare(tmp_path):
    from coop_abm.experiments.choosing import changed

    given = {
        "world.starvation": False, "world.ties": "chance", "world.fine": 2.0, "world.network": "ring",
        "world.network.degree": 2, "world.watch_neighbours": False, "world.stock.capacity": 50.0,
    }  # fmt: skip
    told = changed(CommonsOptions(part="ablation", rounds=4, size=6, replications=2), given)
    study = CommonsExperiment(told, store="", workers=0)
    for world in study.worlds.values():
        assert (world.starvation, world.ties, world.fine, world.watch_neighbours) == (False, "chance", 2.0, False)
        assert (world.network.kind, world.network.degree, world.stock.capacity) == ("ring", 2, 50)
    assert {world.stock.rate for world in study.worlds.values()} == {0.35, 0.2}
    results = study.measure()
    assert "world.ties = chance" in study.reading(results)
    study.save(results, tmp_path)
    assert json.loads((tmp_path / "provenance.json").read_text())["options"]["world"]["ties"] == "chance"


def test_the_fishery_is_as_published_whatever_is_given_for_the_world():
    usual, given = small(part="all"), small(part="all", world=Commons(starvation=False, ties="chance"))
    fish = [name for name in usual.worlds if name.startswith("fishery")]
    assert len(fish) == 3 and all(usual.worlds[name] == given.worlds[name] for name in fish)


@pytest.mark.parametrize(
    ("part", "knobs", "said"),
    [
        ("punishment", {"fine": 2.0}, "world.fine: part punishment varies it"),
        ("all", {"fine": 2.0}, "world.fine: part punishment varies it"),
        ("ablation", {"social_learning": False}, "world.social_learning: part ablation varies it"),
        ("regrowth", {"stock": Logistic(rate=0.5)}, "world.stock.rate: part regrowth varies it"),
        ("ablation", {"horizon": 9}, "world.horizon: .* rounds"),
        ("ablation", {"players": (Users(count=7),)}, "world.players: .* size"),
        ("ablation", {"players": (Users(count=10, strategy=Altruistic()),)}, "world.players: .* size"),
        ("fishery", {"ties": "chance"}, "world.ties: .* as published"),
    ],
)
def test_a_given_knob_that_the_part_varies_is_refused_in_one_line(part, knobs, said):
    with pytest.raises(InputError, match=said) as refused:
        small(part=part, world=Commons(**knobs))
    assert "\n" not in str(refused.value)


def test_a_network_is_held_against_the_size_that_is_chosen():
    from coop_abm.experiments.choosing import changed

    given = {"size": 30, "world.network": "ring", "world.network.degree": 20, "part": "punishment"}
    study = CommonsExperiment(changed(CommonsOptions(), given), store="")
    assert {world.size for world in study.worlds.values()} == {30}
    with pytest.raises((InputError, ScenarioError)):
        CommonsExperiment(changed(CommonsOptions(), given | {"size": 4}), store="")


# ------------------------------------------------------------------------------- what stands beside ours


def test_in_what_ours_differs_from_reference_and_published_stands_in_the_table():
    name = "rich, selfish: learning only"
    rows = {}
    for told in ({}, {"world": Commons(starvation=False)}, {"rounds": 20}, {"size": 4, "world": Commons(fine=2.0)}):
        study = small(**({"rounds": 50, "size": 10} | told))
        rows[str(sorted(told))] = study.rows(measured(study, [name], [{"survival": 20.0}] * 3))[0]
    assert {(row["published"], row["reference"]) for row in rows.values()} == {(17.56, 13.7)}
    usual, fed, shorter, smaller = (row["differs"] for row in rows.values())
    assert usual == "reference: nobody starves" and fed is None
    assert "published and reference at 50 rounds, ours at 20" in shorter
    assert "reference of 10 users, ours of 4" in smaller and "reference: other fine" in smaller


def test_the_reading_says_whether_reference_and_ours_starve():
    name = "rich, selfish: learning only"
    said = {}
    for starves in (True, False):
        study = small(world=Commons(starvation=starves))
        said[starves] = study.says(measured(study, [name], [{}] * 3))
    assert "--set world.starvation=false" in said[True] and "--set world.starvation" not in said[False]


def test_shares_have_intervals_over_replications_within_what_is_possible():
    study = small()
    name = "rich, selfish: full"
    runs = [{"efficiency": e, "gini": g, "over_use": o, "norm_similarity": s}
            for e, g, o, s in ((0.1, 0.0, 1.0, math.nan), (0.9, 0.1, 0.2, math.nan), (1.4, 0.3, 0.9, 0.5))]  # fmt: skip
    (row,) = study.rows(measured(study, [name], runs))
    assert (row["efficiency"], row["efficiency_low"]) == (pytest.approx(0.8), 0) and row["efficiency_high"] > 1
    assert (row["gini_low"], row["over_use_high"]) == (0, 1) and 0.1333 < row["gini_high"] < 1
    assert (row["norm_similarity"], row["norm_similarity_low"]) == (0.5, None)
    assert set(row) <= {column.name for column in study.columns}


def test_our_own_rules_stand_beside_whoever_else_plays():
    rules = small(part="punishment", rounds=3, size=3, replications=2)
    other = small(part="punishment", rounds=3, size=3, replications=2, policy="openai/gpt-4o")
    ours = {row["cell"]: row["survival"] for row in rules.rows(rules.measure())}
    rows = other.rows(measured(other, other.worlds, [{}] * 2))
    assert {row["cell"]: row["offline"] for row in rows} == ours
    assert all(row.get("offline") is None for row in rules.rows(rules.measure()))


# ------------------------------------------------------------------------------- what is said of it


@pytest.mark.parametrize(
    ("policy", "said", "unsaid"),
    [
        ("table", "propose norms from one template", "through the prompts"),
        ("stand-in", "through the prompts of a model", "no language model,"),
        ("stand-in/selfish", "stand-in/selfish, which is no language model", "one template"),
        ("openai/gpt-4o", "ours are of openai/gpt-4o", "one template"),
    ],
)
def test_the_limits_are_of_who_played(policy, said, unsaid):
    study = small(policy=policy)
    told = study.says(measured(study, ["rich, selfish: full"], [{}] * 3))
    assert said in told and unsaid not in told
    assert ("says nothing of language models" in told) == (policy in ("table", "stand-in"))
    assert ("persona by start" in told) == (policy == "openai/gpt-4o")


def test_the_limits_of_the_fishery_alone_are_those_of_govsims_setting():
    study = small(part="fishery", policy="openai/gpt-4o")
    told = study.says(measured(study, study.worlds, [{"survival": 6.0}, {"survival": 12.0}]))
    assert "talk before they fish" in told and "persona by start" not in told and "preprint" not in told
    assert "five of openai/gpt-4o, 9 months" in told


def test_the_power_at_a_stated_effect_is_told_at_the_level_that_holm_asks_for():
    study = small(rounds=50, size=10)
    cells = [f"rich, selfish: {arm}" for arm in ARMS]
    few = study.says(measured(study, cells, [{"survival": 20.0}, {"survival": 24.0}, {"survival": 28.0}]))
    assert "a difference of 20.7 rounds" in few and "0.05 / 5 = 0.01" in few
    assert "in 0 %" in few and "smallest p of 3 replications is 0.12" in few
    study = small(rounds=50, size=10, replications=12)
    many = study.says(measured(study, cells, [{"survival": 20.0 + k} for k in range(12)]))
    assert "in 100 % (rich)" in many


def test_no_legend_lies_on_what_is_drawn(ablated):
    study, results = ablated
    figure = study.figure(results)
    figure.canvas.draw()
    for axes in figure.axes:
        legend = axes.get_legend()
        assert legend is None or not legend.get_window_extent().overlaps(axes.get_window_extent())
