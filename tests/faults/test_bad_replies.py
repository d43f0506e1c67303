"""Replies that were paid for and are no answer: kept, asked again once, then what the scenario says, and counted."""

import csv
import json
import sys

import pytest

from coop_abm.llm.stand_in import StandIn
from tests.faults.commands import calls, command, ran, scenario


@pytest.mark.validate
def test_a_model_that_never_answers_stops_the_run_and_what_was_paid_is_kept_for_another_fallback(tmp_path):
    journal = tmp_path / "journal.sqlite"
    with StandIn() as server:
        options = ("--transport", "slim", "--stand-in", server.address)
        path = scenario(tmp_path, 'model = "stand-in/silent"')
        stopped = ran(*command(path, tmp_path / "out", journal, *options, steps=2))
        assert stopped.returncode == 1
        assert stopped.stderr.count("\n") == 1 and "no permitted answer in round 0" in stopped.stderr
        paid = server.stats()["requests"]
        assert paid > 0
        shown = ran(sys.executable, "-m", "coop_abm.cli", "transcript", tmp_path / "out")
        assert shown.returncode == 0 and f"{paid:,} calls" in shown.stdout  # of a run that stopped early, too
        path = scenario(tmp_path, 'model = "stand-in/silent", fallback = "defect"')
        going = ran(*command(path, tmp_path / "out", journal, *options, steps=2))
        assert going.returncode == 0, going.stderr
        told = json.loads((tmp_path / "out" / "provenance.json").read_text("utf-8"))["minds"]
        assert told["by_model"]["stand-in/silent"]["share_of_fallbacks"] == 1
        assert told["by_model"]["stand-in/silent"]["stand_in"] is True
        assert server.stats()["requests"] == told["sent"] + paid
        assert told["replayed"] == paid  # nothing that was paid for was bought again
        kept = calls(journal, tmp_path / "out")
        assert len(kept) == server.stats()["requests"]
        assert {call.reply.text for call in kept} == {"I would rather not say."}
        assert {json.loads(call.reading)["verdict"] for call in kept} == {"refused"}
    rows = list(csv.DictReader((tmp_path / "out" / "series.csv").read_text("utf-8").splitlines()))
    assert [float(row["fallbacks"]) for row in rows] == [0, 1, 1]
    assert "(100.0%)" in going.stdout and "no language model" in going.stdout
    assert "fallbacks" in (tmp_path / "out" / "run.svg").read_text("utf-8")


def test_a_model_that_is_right_when_asked_again_is_counted_as_repaired(tmp_path):
    with StandIn() as server:
        path = scenario(tmp_path, 'model = "stand-in/mumbling"')
        done = ran(
            *command(path, tmp_path / "out", tmp_path / "j.sqlite", "--transport", "slim", "--stand-in", server.address)
        )
        assert done.returncode == 0, done.stderr
        requests = server.stats()["requests"]
    told = json.loads((tmp_path / "out" / "provenance.json").read_text("utf-8"))["minds"]["by_model"][
        "stand-in/mumbling"
    ]
    assert told["repaired"] > 0 and told["fallbacks"] == 0
    assert requests == told["decisions"] + told["repaired"]


def test_the_budget_stops_a_run_that_goes_on_with_a_higher_cap(tmp_path):
    journal = tmp_path / "journal.sqlite"
    with StandIn() as server:
        options = ("--transport", "slim", "--stand-in", server.address)
        path = scenario(tmp_path, 'model = "stand-in/tft"')
        stopped = ran(*command(path, tmp_path / "out", journal, *options, "--max-calls", "10", "--quiet"))
        assert stopped.returncode == 1 and stopped.stderr.count("\n") == 1, stopped.stderr
        assert "10" in stopped.stderr
        assert server.stats()["requests"] == 10  # all that the cap allows, and not one more
        whole = ran(*command(path, tmp_path / "out", journal, *options, "--max-calls", "1000"))
        assert whole.returncode == 0, whole.stderr
        seen = server.stats()["requests"]
        assert seen == len(calls(journal, tmp_path / "out"))  # the ten were read, not bought again
        again = ran(*command(path, tmp_path / "again", journal, *options))
        assert again.returncode == 0 and server.stats()["requests"] == seen
    assert (tmp_path / "out" / "series.csv").read_bytes() == (tmp_path / "again" / "series.csv").read_bytes()
