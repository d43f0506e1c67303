"""Experiments of worlds in stages: runs kept and found again, replies never bought twice, what is missing said."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from coop_abm.core.errors import InputError, JournalError, ScenarioError
from coop_abm.engine.staged import play
from coop_abm.experiments import paying
from coop_abm.experiments.choosing import changed, command
from coop_abm.llm.stand_in import StandIn
from coop_abm.policies.means import Means
from coop_abm.policies.staged_plan import plan, total
from coop_abm.sweeps.store import Store
from tests.experiments.worlds import Pair, PairOptions, Pairs

CELLS = ("tft allc", "tft alld", "tft tft")


def made(folder, *, name="runs.sqlite", means=None, **options):
    """The experiment of the tests, with its store in a folder."""
    return Pairs(PairOptions(**{"replications": 4} | options), store=folder / name, means=means, workers=0)


def read(table):
    return list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))


def reached(folder, **more):
    return Means(journal=folder / "journal.sqlite", transport="slim", **more)


# -------------------------------------------------------------------------------- what is measured


def test_every_replication_is_a_run_of_its_world_under_the_root_seed(tmp_path):
    experiment = made(tmp_path, seed=9)
    results = experiment.measure()
    assert results.whole == CELLS and len(results.runs) == 12 and results.done_now == 12
    for cell, world in experiment.scenarios().items():
        alone = [play(world.start(9, r), world.table()).measures()["score"] for r in range(4)]
        np.testing.assert_array_equal(results.sample(cell, "score"), alone)


def test_a_second_run_reads_everything_back_and_more_replications_are_added_to_it(tmp_path):
    first = made(tmp_path).measure()
    again = made(tmp_path).measure()
    assert (again.done_now, again.there) == (0, 12) and again.runs == first.runs
    more = made(tmp_path, replications=6).measure()
    assert (more.done_now, more.there) == (6, 12)
    fewer = made(tmp_path, replications=2).measure()
    assert fewer.done_now == 0 and all(len(fewer.of(cell)) == 2 for cell in CELLS)


def test_other_options_are_other_runs_in_the_same_file(tmp_path):
    made(tmp_path).measure()
    assert made(tmp_path, slips=0.5).measure().done_now == 12
    assert made(tmp_path, seed=1).measure().done_now == 12
    assert made(tmp_path).measure().done_now == 0


def test_without_a_file_the_runs_stay_in_memory(tmp_path):
    results = Pairs(PairOptions(replications=2), store="", workers=0).measure()
    assert results.whole == CELLS and results.store == ""


def test_worker_processes_give_the_same_runs(tmp_path):
    one = made(tmp_path).measure()
    two = Pairs(PairOptions(replications=4), store=tmp_path / "two.sqlite", workers=2).measure()
    assert two.runs == one.runs


def test_progress_is_words_and_a_share_and_the_table_so_far(tmp_path):
    said, tables = [], []
    made(tmp_path).measure(lambda words, share: said.append((words, share)), lambda r: tables.append(len(r.runs)))
    assert said[-1] == ("12 of 12 runs", 1.0) and tables[-1] == 12


# ------------------------------------------------------------------------------ what is missing


def test_a_cell_with_a_failed_run_is_listed_and_never_averaged(tmp_path):
    experiment = made(tmp_path, fatal=2)
    results = experiment.measure()
    assert results.whole == ("tft allc", "tft tft")
    (missing,) = results.missing
    assert (missing.cell, missing.done, missing.wanted) == ("tft alld", 3, 4)
    with pytest.raises(InputError, match="tft alld: missing: 3 of 4 runs are there"):
        results.sample("tft alld", "score")
    rows = experiment.table(results)
    assert [row["cell"] for row in rows] == ["tft allc", "tft tft", "tft alld"]
    assert rows[-1]["score"] is None and "3 of 4" in rows[-1]["note"] and "cannot be played" in rows[-1]["note"]
    assert "1 of 3 cells lack runs (tft alld)" in experiment.reading(results)


def test_an_interrupted_experiment_says_what_there_is(tmp_path):
    made(tmp_path, replications=2).measure()
    results = made(tmp_path, replications=4).found()  # as after an interrupt: two of four replications are there
    assert results.whole == () and [each.done for each in results.missing] == [2, 2, 2]
    assert "missing: 2 of 4 runs are there" in made(tmp_path).table(results)[0]["note"]


def test_nothing_is_said_of_a_measure_that_there_is_not(tmp_path):
    results = made(tmp_path, replications=2).measure()
    with pytest.raises(InputError, match="measure must be among score, cooperation; got 'joy'"):
        results.sample("tft tft", "joy")
    with pytest.raises(InputError, match="cell must be one of"):
        results.of("tft joss")


# ------------------------------------------------------------------------------- language models


def test_stand_ins_give_the_runs_of_tables_and_a_second_run_sends_nothing(tmp_path):
    tables = made(tmp_path).measure()
    asked = made(tmp_path, policy="stand-in", means=reached(tmp_path))
    results = asked.measure()
    assert [run.measures for run in results.runs] == [run.measures for run in tables.runs]
    assert results.requests == sum(run.replies["decisions"] for run in results.runs) == 12 * 10
    assert results.fallbacks == 0
    assert "0.0 % of the decisions of models" in asked.reading(results)
    again = made(tmp_path, policy="stand-in", means=reached(tmp_path)).measure()
    assert (again.done_now, again.requests) == (0, 0) and again.runs == results.runs


def test_without_its_store_an_experiment_is_replayed_from_the_journal(tmp_path):
    results = made(tmp_path, policy="stand-in", means=reached(tmp_path)).measure()
    replayed = made(tmp_path, name="other.sqlite", policy="stand-in", means=reached(tmp_path, mode="replay")).measure()
    assert (replayed.done_now, replayed.requests) == (12, 0) and replayed.runs == results.runs


def test_a_story_is_read_from_the_journal_and_nothing_is_sent_for_it(tmp_path):
    experiment = made(tmp_path, policy="stand-in", means=reached(tmp_path))
    with pytest.raises(JournalError):
        experiment.story("tft alld", 1)
    experiment.measure()
    plain = made(tmp_path)
    assert experiment.story("tft alld", 1) == plain.story("tft alld", 1)


def test_a_budget_that_ends_in_the_middle_keeps_what_was_done_and_the_same_call_goes_on(tmp_path):
    with StandIn() as server:
        capped = reached(tmp_path, max_calls=45, stand_in=server.address)
        stopped = made(tmp_path, policy="stand-in", means=capped).measure()
        assert "may reach 45" in stopped.stopped and 0 < stopped.done_now <= 4 and stopped.missing
        whole = made(tmp_path, policy="stand-in", means=reached(tmp_path, stand_in=server.address)).measure()
        seen = server.stats()["requests"]
    assert not whole.stopped and whole.whole == CELLS
    assert seen == 120  # each reply was asked for once


def test_a_reply_that_is_no_answer_stops_it_or_is_counted_as_a_fallback(tmp_path):
    told = 'kind = "model"\nmodel = "stand-in/silent"\n'
    (tmp_path / "stop.toml").write_text(told)
    (tmp_path / "go_on.toml").write_text(told + 'fallback = "defect"\n')
    stopped = made(tmp_path, policy=str(tmp_path / "stop.toml"), means=reached(tmp_path)).measure()
    assert "no permitted answer" in stopped.stopped and not stopped.runs
    gone_on = made(tmp_path, policy=str(tmp_path / "go_on.toml"), means=reached(tmp_path))
    results = gone_on.measure()
    assert results.fallbacks == 1 and "100.0 % of the decisions of models" in gone_on.reading(results)


# ------------------------------------------------------------------------- refused before all else


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": "stand-in/angel"}, "policy.model: must be stand-in/ and one of allc"),
        ({"policy": "openai/no-such-model"}, "policy: no price is known for openai/no-such-model; a policy file"),
        ({"policy": "openai/gpt-4o-mini"}, "budget: openai/gpt-4o-mini costs money, so there must be one for 12 runs"),
        (
            {"policy": "openai/gpt-4o-mini", "budget": 0.001},
            "budget: 12 runs .* but 0.001 is the cap; nothing was sent",
        ),
        ({"policy": "no model"}, "must be the name of a model, without blanks"),
        ({"policy": "nowhere.toml"}, "policy: 'nowhere.toml' cannot be read"),
    ],
)
def test_what_cannot_be_had_is_refused_in_one_line_and_nothing_is_written(tmp_path, options, words):
    with pytest.raises(InputError, match=words) as refused:
        made(tmp_path, means=reached(tmp_path), **options).measure()
    assert "\n" not in str(refused.value) and list(tmp_path.iterdir()) == []


def test_what_is_expected_to_fit_but_might_not_is_said_before(tmp_path):
    experiment = made(tmp_path, policy="openai/gpt-4o-mini", budget=0.05, means=reached(tmp_path))
    due = paying.bill(experiment)
    assert due.money.expected < 0.05 < due.money.high and due.runs == 12 and due.calls.high == 2 * 12 * 10
    assert "should that pass the cap it ends there" in experiment.check()
    assert made(tmp_path, policy="openai/gpt-4o-mini", budget=50.0, means=reached(tmp_path)).check() == ""


def rehearsed(monkeypatch):
    """The worlds that are rehearsed with prompts, one after the other."""
    from coop_abm.policies import staged_plan

    seen, plan = [], staged_plan.plan
    monkeypatch.setattr(staged_plan, "plan", lambda world, **more: seen.append(world) or plan(world, **more))
    return seen


@pytest.mark.parametrize("policy", ["openai/gpt-4o-mini", "openai/no-such-model"])
def test_a_missing_budget_or_price_is_refused_without_a_rehearsal(tmp_path, monkeypatch, policy):
    seen = rehearsed(monkeypatch)
    with pytest.raises(InputError, match=r"^(budget|policy): "):
        made(tmp_path, policy=policy, means=reached(tmp_path)).check()
    assert seen == []


def test_of_cells_that_ask_alike_one_is_rehearsed_and_the_bill_is_that_of_all(tmp_path, monkeypatch):
    def cells(experiment):
        return {f"{n} rounds": Pair(rounds=n, slips=0.2, second="allc") for n in (5, 5, 7)} | {
            f"slips {slips}": Pair(rounds=5, slips=slips) for slips in (0.1, 0.2, 0.3, 0.0)
        }  # fmt: skip

    monkeypatch.setattr(Pairs, "cells", cells)
    seen, told = rehearsed(monkeypatch), []
    experiment = made(tmp_path, policy="openai/gpt-4o-mini", budget=5.0, means=reached(tmp_path))
    due = paying.bill(experiment, lambda words, share: told.append((words, share)))
    assert len(seen) == 4  # 5 and 7 rounds against allc; with slips, and without
    assert due.calls.expected == 4 * 2 * (5 + 7 + 4 * 5) and due.calls.high == 2 * due.calls.expected
    assert told[-1][1] == 1.0 and "rehearsed" in told[-1][0]
    each = [total([plan(w, seed=0, replicates=4)]).money for w in experiment.worlds.values()]
    assert due.money.high >= sum(money.high for money in each)
    assert due.money.expected == pytest.approx(sum(money.expected for money in each), rel=0.02)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("model = 3", "must say kind"),
        ("kind = [", "is no TOML file"),
        ('kind = "oracle"', r"policy.kind must be one of table, model.*got 'oracle' \(in "),
        ('kind = "model"\nmodel = "openai/mine"\nlanguage = "la"', "policy.language must be one of en"),
        ('kind = "model"\nmodel = "openai/mine"\nprice = 3', "policy.price: no such knob"),
    ],
)
def test_a_policy_file_that_cannot_be_used_is_refused_in_one_line(tmp_path, text, words):
    (tmp_path / "mind.toml").write_text(text)
    with pytest.raises(ScenarioError, match=words) as refused:
        made(tmp_path, policy=str(tmp_path / "mind.toml"))
    assert "\n" not in str(refused.value)


def test_a_policy_file_says_what_a_model_of_ones_own_costs(tmp_path):
    told = 'kind = "model"\nmodel = "openai/mine"\nprice_input = 0.0\nprice_output = 0.0\nlanguage = "fr"\n'
    (tmp_path / "mine.toml").write_text(told)
    experiment = made(tmp_path, policy=str(tmp_path / "mine.toml"), means=reached(tmp_path))
    assert experiment.check() == ""
    (mind, _other) = experiment.worlds["tft alld"].minds()
    assert (mind.model, mind.language) == ("openai/mine", "fr")


# ------------------------------------------------------------------------------------------ files


def test_it_writes_its_table_its_runs_its_figure_and_where_they_come_from(tmp_path):
    experiment = made(tmp_path, fatal=0)
    results = experiment.measure()
    paths = experiment.save(results, tmp_path / "out", stories=2)
    assert {path.name for path in paths} == {
        "pairs.csv", "pairs_runs.csv", "provenance.json", "stories.json", "pairs.png", "pairs.svg"
    }  # fmt: skip
    rows = read(tmp_path / "out" / "pairs.csv")
    assert [row["score"] == "" for row in rows] == [False, False, True] and "3 of 4" in rows[2]["note"]
    runs = read(tmp_path / "out" / "pairs_runs.csv")
    assert len(runs) == 11 and set(runs[0]) == {"cell", "replication", "score", "cooperation"}
    record = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert record["digest"] == experiment.digest and record["policy"] == "table" and len(record["missing"]) == 1
    assert set(record["worlds"]) == set(CELLS)
    stories = json.loads((tmp_path / "out" / "stories.json").read_text(encoding="utf-8"))
    assert {cell: len(told) for cell, told in stories.items()} == {"tft allc": 2, "tft tft": 2}


def test_a_store_in_the_users_folder_is_named_after_what_is_measured(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    one, more = Pairs(PairOptions(replications=2)), Pairs(PairOptions(replications=3))
    assert one.store == more.store and one.store.name.startswith("pairs-") and tmp_path in one.store.parents
    assert Pairs(PairOptions(slips=0.3)).store != one.store
    one.measure()
    with Store(one.store, read_only=True) as kept:
        assert len(list(kept.cells())) == 3


def test_options_become_the_command_line_that_they_came_from():
    options = changed(PairOptions(), {"policy": "openai/x", "replications": 3, "slips": 0, "budget": 2})
    assert command("pairs", options) == (
        "coop-abm experiment pairs --policy openai/x --budget 2.0 --replications 3 --set slips=0.0"
    )
    with pytest.raises(ScenarioError, match="rounds must be a whole number"):
        changed(PairOptions(), {"rounds": "many"})


def test_whoever_keeps_no_journal_is_refused(tmp_path):
    with pytest.raises(InputError, match="mode must be record or replay"):
        made(tmp_path, policy="stand-in", means=Means(mode="off"))
    made(tmp_path, means=Means(mode="off"))  # tables buy nothing
