"""``coop-abm experiment``: every experiment by its name and options; refusals in one line, nothing spent, code 2."""

from __future__ import annotations

import json

import pytest

from coop_abm import experiments
from coop_abm.cli_sweeps import Stopped
from coop_abm.experiments import EXPERIMENTS, experiment, paying
from coop_abm.sweeps.staged import StagedWork

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


TEAMS = (
    "super_additive", "--out", "out", "--workers", "0", "--replications", "2", "--set", "controls=false",
    "--set", "world.rounds=2", "--policy", "stand-in/tft", "--transport", "slim", "--journal", "j.sqlite",
)  # fmt: skip


def test_models_are_asked_first_what_they_have_understood_and_the_scores_stand_beside_the_results(said, tmp_path):
    end = said(*TEAMS, "--comprehension", "9")
    assert end.code == 0
    assert (
        "comprehension: stand-in/tft: 9 of 9 right, 1.000 [0.701, 1.000]; rules 3/3, state 3/3, history 3/3" in end.out
    )
    rows = (tmp_path / "out" / "comprehension.csv").read_text().splitlines()
    assert rows[0].startswith("model,questions,right,asked,share,low,high")
    assert rows[1] == "stand-in/tft,all,9,9,1.000000,0.700855,1.000000" and len(rows) == 5
    said(*TEAMS[:-6], "--policy", "stand-in/random", *TEAMS[-4:], "--comprehension", "30")
    share = float((tmp_path / "out" / "comprehension.csv").read_text().splitlines()[1].split(",")[4])
    assert share < 0.7  # who answers by chance has not understood


@pytest.mark.parametrize(("words", "named"), [
    (("super_additive", "--comprehension", "5"), "a model or stand-in must decide"),
    (("super_additive", "--policy", "stand-in", "--comprehension", "-1"), "comprehension must be a whole number in"),
    (("languages", "--quick", "--policy", "stand-in", "--comprehension", "5"), "there are no questions on repeated"),
    (("five-rules", "--comprehension", "5"), "is decided by tables and asks nobody"),
])  # fmt: skip
def test_comprehension_that_cannot_be_asked_is_refused_and_nothing_is_written(said, tmp_path, words, named):
    end = (
        said(*words, "--out", "out", "--replications", "2")
        if words[0] != "five-rules"
        else said(*words, "--out", "out")
    )
    assert end.code == 2 and named in end.lines[-1] and not (tmp_path / "out").exists()


def test_options_are_set_by_name_and_the_quick_form_is_a_start(said, tmp_path):
    assert said("pairs", "--out", "out", "--workers", "0", "--quick", "--set", "rounds=2", "--seed", "5").code == 0
    told = json.loads((tmp_path / "out" / "provenance.json").read_text(encoding="utf-8"))
    assert told["options"]["replications"] == 4 and told["options"]["rounds"] == 2 and told["seed"] == 5


def test_what_it_would_cost_is_said_before_there_is_a_budget_and_nothing_is_written(said, tmp_path):
    assert "9 runs to do; nobody is asked who costs money" in said(*HERE, "--plan").out
    told = said(*HERE, "--policy", "openai/gpt-4o-mini", "--plan").out
    assert "9 runs are expected to cost" in told and "in 90 calls; nothing was sent" in told
    assert list(tmp_path.iterdir()) == []


def test_the_plan_of_a_stand_in_says_how_many_calls_and_how_long_and_what_asks_less(said, tmp_path):
    told = said(*HERE, "--policy", "stand-in", "--plan").out
    assert "9 runs to do; nobody is asked who costs money; the stand-in is expected to get 90 calls" in told
    assert "about 1 s at the 190 a second" in told and "--quick (replications=4) least; nothing was sent" in told
    assert list(tmp_path.iterdir()) == []


def test_a_long_run_of_the_stand_in_is_announced_and_a_short_one_is_not(said, monkeypatch):
    asked = (*HERE, "--policy", "stand-in", "--journal", "journal.sqlite")
    monkeypatch.setattr(paying, "LONG", 0.1)
    (note,) = said(*asked).notes
    assert "the stand-in is expected to get 90 calls" in note and "--replications" in note
    assert said(*asked).notes == []  # all is there


def test_the_transcript_of_an_experiment_lists_its_cells_and_shows_a_run(said, monkeypatch, capsys):
    def transcript(*words):
        return in_process(monkeypatch, capsys, "transcript", "out", *words)

    assert said(*HERE, "--policy", "stand-in", "--journal", "journal.sqlite").code == 0
    end = transcript()
    assert end.code == 0 and end.out.count(": 30 calls, run ") == 3 and "--cell NAME" in end.out
    one = transcript("--cell", "tft alld", "--replication", "2")
    assert one.code == 0 and "10 calls (10 done)" in one.out and one.out.count("replicate 2") == 10
    assert "user " in one.out and "reply " in one.out and "read as    'defect'" in one.out
    named = next(line for line in end.out.splitlines() if line.startswith("tft alld")).partition(", run ")[2]
    assert transcript("--run", named, "--replication", "2").out == one.out
    assert_refused(transcript("--cell", "tft joss"), "cell must be one of tft allc, tft alld, tft tft; got 'tft joss'")
    assert_refused(transcript("--run", "nobody"), "run must be one of", "got 'nobody'")
    assert_refused(transcript("--replication", "0"), "cell: --cell NAME or --run NAME must say which")


def test_the_transcript_of_tables_says_that_nobody_was_asked(said, monkeypatch, capsys):
    assert said(*HERE).code == 0
    end = in_process(monkeypatch, capsys, "transcript", "out")
    assert_refused(end, "run: no language model was asked in 'out'")


def test_what_was_said_before_a_budget_ended_it_can_be_read(said, monkeypatch, capsys, tmp_path):
    (tmp_path / "mute.toml").write_text('kind = "model"\nmodel = "stand-in/silent"\n')
    assert said(*HERE, "--policy", "mute.toml", "--journal", "journal.sqlite").code == 1
    end = in_process(monkeypatch, capsys, "transcript", "out", "--cell", "tft allc")
    assert end.code == 0 and "no permitted answer" in end.out


def test_an_experiment_of_before_is_told_how_its_runs_get_names(said, monkeypatch, capsys, tmp_path):
    assert said(*HERE, "--policy", "stand-in", "--journal", "journal.sqlite").code == 0
    place = tmp_path / "out" / "provenance.json"
    tree = json.loads(place.read_text(encoding="utf-8"))
    del tree["runs"]
    place.write_text(json.dumps(tree), encoding="utf-8")
    assert_refused(in_process(monkeypatch, capsys, "transcript", "out"), "the same command of the experiment, again")


def test_an_interrupted_run_says_what_it_did_and_what_was_there(said, monkeypatch, tmp_path):
    assert said(*HERE[:-1], "2").code == 0
    ran = StagedWork.perform

    def perform(work, task):
        if task.cell.parameters["cell"] == "tft tft":
            raise Stopped(2)
        return ran(work, task)

    monkeypatch.setattr(StagedWork, "perform", perform)
    end = said(*HERE)
    assert end.code == 130 and "2 runs done now, 6 were there" in end.out
    (tmp_path / "out" / "pairs.sqlite").unlink()
    assert "6 runs done now, 0 were there" in said(*HERE).out


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
    "a model without a budget": (("pairs", "--policy", "openai/gpt-4o-mini"), ["so there must be one for 60 runs"]),
    "a factorial over the budget": (
        ("pairs", "--policy", "openai/gpt-4o-mini", "--budget", "0.001"), ["0.001 is the cap; nothing was sent"],
    ),
    "a file that is not there": (("pairs", "--policy", "mind.toml"), ["policy: 'mind.toml' cannot be read"]),
    "a mode that there is not": (("pairs", "--journal-mode", "guess"), ["mode must be one of record, replay, off"]),
    "stories of tables": (("tournament", "--stories", "2"), ["stories, plan, comprehension, journal: tournament"]),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_had_is_refused_in_one_line_and_nothing_is_written(said, tmp_path, words):
    given, expected = words
    assert_refused(said(*given, *(("--out", "out") if len(given) > 1 else ())), *expected)
    assert list(tmp_path.iterdir()) == []
