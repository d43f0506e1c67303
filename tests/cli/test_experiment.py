"""``coop-abm experiment``: every experiment by its name and options; refusals in one line, nothing spent, code 2."""

from __future__ import annotations

import json

import pytest

from coop_abm import experiments
from coop_abm.experiments import EXPERIMENTS, experiment

from .terminal import assert_refused, in_process, results


@pytest.fixture
def said(monkeypatch, capsys, tmp_path):
    """Run the command where the experiment of the tests is one of the registry; its results go to `out`."""
    monkeypatch.setitem(experiments.EXPERIMENTS, "pairs", "tests.experiments.worlds:Pairs")
    monkeypatch.chdir(tmp_path)
    return lambda *words: in_process(monkeypatch, capsys, "experiment", *words)


HERE = ("pairs", "--out", "out", "--workers", "0", "--replications", "3")


def test_without_a_name_all_are_listed_with_their_questions(said):
    end = said()
    assert end.code == 0
    for name in EXPERIMENTS:
        assert f"{name} " in end.out and experiment(name).question in end.out


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_prints_its_options(said, name):
    end = said(name, "--options")
    assert end.code == 0
    for option in experiment(name).options.model_fields:
        assert f"{option} = " in end.out or f"{option}." in end.out  # a part is printed knob by knob


def test_it_prints_the_table_with_published_numbers_the_reading_and_the_paths(said, tmp_path):
    end = said(*HERE)
    assert end.code == 0 and end.lines == []
    for word in ("What does tit for tat earn?", "match", "score", "published", "tft alld", "earns what it earns in 3",
                 "pairs.csv", "9 runs done now, 0 were there"):  # fmt: skip
        assert word in end.out, word
    assert results(tmp_path / "out") == [
        "pairs.csv", "pairs.png", "pairs.sqlite", "pairs.svg", "pairs_runs.csv", "provenance.json"
    ]  # fmt: skip


def test_a_second_run_reads_back_and_sends_nothing(said, tmp_path):
    asked = (*HERE, "--policy", "stand-in", "--journal", "journal.sqlite")
    assert "9 runs done now, 0 were there; 90 requests sent" in said(*asked).out
    assert "0 runs to do, 9 were there; 0 requests sent" in said(*asked).out
    (tmp_path / "out" / "pairs.sqlite").unlink()
    assert "9 runs done now, 0 were there; 0 requests sent" in said(*asked).out


def test_options_are_set_by_name_and_the_quick_form_is_a_start(said, tmp_path):
    assert said("pairs", "--out", "out", "--workers", "0", "--quick", "--set", "rounds=2", "--seed", "5").code == 0
    told = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert told["options"]["replications"] == 4 and told["options"]["rounds"] == 2 and told["seed"] == 5


def test_what_it_would_cost_is_said_before_there_is_a_budget_and_nothing_is_written(said, tmp_path):
    assert "9 runs to do; nobody is asked who costs money" in said(*HERE, "--plan").out
    told = said(*HERE, "--policy", "openai/gpt-4o-mini", "--plan").out
    assert "9 runs are expected to cost" in told and "in 90 calls; nothing was sent" in told
    assert list(tmp_path.iterdir()) == []


def test_stories_are_written_where_they_are_asked_for(said, tmp_path):
    assert said(*HERE, "--stories", "1").code == 0
    told = json.loads((tmp_path / "out" / "stories.json").read_text(encoding="utf-8"))
    assert [len(stories) for stories in told.values()] == [1, 1, 1]


def test_other_experiments_run_as_well(said, tmp_path):
    end = said("tournament", "--set", "strategies=tft, alld", "--set", "turns=20", "--out", "out", "--seed", "2")
    assert end.code == 0 and "score" in end.out and "tournament.csv" in end.out


def test_missing_cells_are_in_the_table_and_the_code_says_so(said):
    end = said(*HERE, "--set", "fatal=1")
    assert end.code == 1 and "missing: 2 of 3 runs are there" in end.out and "1 of 3 cells lack runs" in end.out
    assert "store retry" in end.lines[0]


REFUSED = {
    "an unknown experiment": (("pears",), ["experiment must be one of ", "five-rules", "got 'pears'"]),
    "an unknown option": (("pairs", "--set", "slip=1"), ["slip: no such knob; did you mean slips?"]),
    "no value": (("pairs", "--set", "slips"), ["set: must be NAME=VALUE; got 'slips'"]),
    "twice": (("pairs", "--set", "seed=1", "--seed", "1"), ["seed: given twice"]),
    "out of range": (("pairs", "--replications", "1"), ["replications must be a whole number in [2, 100,000]; got 1"]),
    "a policy where none is asked for": (
        ("tournament", "--policy", "table"), ["policy: tournament has no such option; its options are strategies"],
    ),
    "a stand-in that there is not": (("pairs", "--policy", "stand-in/angel"), ["must be stand-in/ and one of"]),
    "a model that nobody knows": (("pairs", "--policy", "openai/none-such"), ["no price is known for openai/none-su"]),
    "a model without a budget": (("pairs", "--policy", "openai/gpt-4o-mini"), ["budget: 60 runs are expected to cost"]),
    "a factorial over the budget": (
        ("pairs", "--policy", "openai/gpt-4o-mini", "--budget", "0.001"), ["0.001 is the cap; nothing was sent"],
    ),
    "a file that is not there": (("pairs", "--policy", "mind.toml"), ["policy: 'mind.toml' cannot be read"]),
    "a mode that there is not": (("pairs", "--journal-mode", "guess"), ["mode must be one of record, replay, off"]),
    "stories of tables": (("tournament", "--stories", "2"), ["stories, plan, journal: tournament"]),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_had_is_refused_in_one_line_and_nothing_is_written(said, tmp_path, words):
    given, expected = words
    assert_refused(said(*given, *(("--out", "out") if len(given) > 1 else ())), *expected)
    assert list(tmp_path.iterdir()) == []
