"""The experiment: its worlds, what stands beside ours, what is missing, and what a page is told."""

import json
import math

import pytest

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.experiments.commons import CommonsExperiment, CommonsOptions
from coop_abm.experiments.commons_cells import ARMS, GOVSIM, PUBLISHED, REFERENCE, RICHNESS
from coop_abm.experiments.runs import Runs
from coop_abm.policies.means import Means


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
    from coop_abm.experiments.runs import Run

    runs = Runs(tuple(study.worlds), 2, tuple(Run(name, k, measures, {}) for k in range(2)), {})
    (row,) = study.rows(runs)
    assert (row["survival"], row["published"], row["reference"]) == (20.0, 17.56, 13.7)
    assert row["norm_similarity"] is None
    shorter = small(replications=2)
    (other,) = shorter.rows(runs)
    assert other["reference"] is None and "published" not in other
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
