"""A run that is killed goes on: no paid call is unaccounted for, none is bought twice, the result is the same.

``uv run pytest -n0 -s --validate -m validate tests/faults`` kills a hundred times and prints the counts; the ordinary
suite kills a few times.
"""

import os
import random
import signal
import subprocess
import time

import pytest

from coop_abm.llm.stand_in import StandIn
from tests.faults.commands import calls, command, ran, scenario, stats

CONCURRENCY = 8


def killed_and_resumed(folder, kills, seed=0):
    """Kill the command so often, let it end, and return what was counted on both sides."""
    path, luck = scenario(folder, 'model = "stand-in/gtft"'), random.Random(seed)
    with StandIn(latency=0.03) as server:
        options = ("--transport", "slim", "--concurrency", str(CONCURRENCY), "--stand-in", server.address, "--quiet")
        reference = ran(*command(path, folder / "whole", folder / "whole.sqlite", *options, steps=8))
        assert reference.returncode == 0, reference.stderr
        bought = server.stats()["requests"]
        line = command(path, folder / "out", folder / "journal.sqlite", *options, steps=8)
        fired = 0
        while fired < kills:
            before = stats(server.address)["requests"]
            process = subprocess.Popen(
                line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            # Wait for a first new request, so that the kill falls into the buying.
            while process.poll() is None and stats(server.address)["requests"] == before:
                time.sleep(0.005)
            time.sleep(luck.uniform(0, 0.25))
            if process.poll() is not None:  # it was done before it could be killed: begin another journal
                assert process.returncode == 0
                break
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            fired += 1
        ended = ran(*line)
        assert ended.returncode == 0, ended.stderr
        seen = server.stats()["requests"] - bought
    replay = ran(
        *command(path, folder / "again", folder / "journal.sqlite", "--journal-mode", "replay", "--quiet", steps=8)
    )
    assert replay.returncode == 0, replay.stderr
    found = calls(folder / "journal.sqlite", folder / "out")
    tries = [each for call in found for each in call.tries]
    series = [(folder / name / "series.csv").read_bytes() for name in ("whole", "out", "again")]
    parquet = [(folder / name / "series.parquet").read_bytes() for name in ("whole", "out", "again")]
    return {
        "kills": fired, "bought_without_kills": bought, "seen_by_the_server": seen, "calls": len(found),
        "done": sum(each.state == "done" for each in tries), "unknown": sum(each.state == "unknown" for each in tries),
        "other": sum(each.state not in ("done", "unknown") for each in tries),
        "twice": sum(sum(each.state == "done" for each in call.tries) > 1 for call in found),
        "same": len(set(series)) == 1 and len(set(parquet)) == 1,
    }  # fmt: skip


def holds(counted):
    """No paid call unaccounted for; unknown at most what was in flight; nothing bought twice; the same result."""
    assert counted["kills"] > 0, "no kill fired"
    assert counted["same"]
    assert counted["twice"] == 0 and counted["other"] == 0
    assert counted["done"] == counted["calls"] == counted["bought_without_kills"]
    assert counted["unknown"] <= CONCURRENCY * counted["kills"]
    assert counted["seen_by_the_server"] <= counted["done"] + counted["unknown"]


def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    holds(killed_and_resumed(tmp_path, kills=2))


def test_an_interrupted_run_keeps_what_was_under_way_and_goes_on(tmp_path):
    path = scenario(tmp_path, 'model = "stand-in/gtft"')
    with StandIn(latency=0.2) as server:
        options = ("--transport", "slim", "--stand-in", server.address, "--quiet")
        line = command(path, tmp_path / "out", tmp_path / "journal.sqlite", *options, steps=8)
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and stats(server.address)["requests"] < 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _out, said = process.communicate(timeout=60)
        assert process.returncode == 130 and said.strip() == "coop-abm: interrupted"
        ended = ran(*line)
        assert ended.returncode == 0, ended.stderr
        seen = server.stats()["requests"]
    found = calls(tmp_path / "journal.sqlite", tmp_path / "out")
    assert [each.state for call in found for each in call.tries] == ["done"] * seen == ["done"] * len(found)


@pytest.mark.validate
def test_a_hundred_kills_leave_no_paid_call_unaccounted_for(tmp_path, capsys):
    total, games = {}, 0
    while total.get("kills", 0) < 100:
        folder = tmp_path / str(games)
        folder.mkdir()
        counted = killed_and_resumed(folder, kills=100 - total.get("kills", 0), seed=games)
        holds(counted)
        games += 1
        total = {name: total.get(name, 0) + int(value) for name, value in counted.items()}
    with capsys.disabled():
        print(f"\nkill -9 of the command: {games} runs, " + ", ".join(f"{k} {v}" for k, v in total.items()))
