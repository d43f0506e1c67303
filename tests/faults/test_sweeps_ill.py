"""Runs that raise, never end, or take their process along cost themselves and nothing else."""

import sys
import time

import pytest

from tests.cli.terminal import in_process
from tests.faults.patients import ILLS
from tests.faults.sweeping import (
    PATIENT,
    command,
    digest_of,
    done_in,
    ended,
    ills,
    inline,
    ran,
    say,
    started,
    untouched,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of processes, and signals")

#: What is said of each kind of trouble.
CAUSES = {
    "raise": "ValueError: the well is poisoned\\x1b[31m\\nand more",
    "exit": "SystemExit: 3",
    "loop": "took longer than {limit} s",
    "die": "worker died (exit code 3), 3 times",
    "kill": "worker died (signal 9), 3 times",
    "outgrow": "MemoryError: ",
}


def suffered(monkeypatch, capsys, folder, troubles, sweep, limit):
    """Do a sweep with these troubles, then again in health; return what was counted.

    troubles : for each kind the runs, by x and replicate, to which it happens
    """
    store, bad = folder / "store.sqlite", {run for runs in troubles.values() for run in runs}
    began = time.monotonic()
    end = ran(
        command(PATIENT, store, "--workers", "2", "--time-limit", str(limit), **sweep),
        env={ILLS: ills(**troubles)},
    )  # fmt: skip
    seconds = time.monotonic() - began
    assert (end.returncode, end.stdout, end.stderr) == (1, "", "")
    kept = len(done_in(store))

    shown = in_process(monkeypatch, capsys, "store", "status", str(store), "--failed", "100")
    lines = [line for line in shown.out.splitlines() if line.startswith("failed: ")]
    expected = {
        f"failed: x = {x}, replicate {replicate}, seed {seed_of(replicate)}: {CAUSES[kind].format(limit=limit)}"
        for kind, runs in troubles.items() for x, replicate in runs
    }  # fmt: skip
    assert set(lines) == expected and len(lines) == len(bad) and shown.code == 0
    assert f"{len(bad):,} failed" in shown.out.splitlines()[0]

    again = in_process(monkeypatch, capsys, "store", "retry", str(store), "--quiet")
    assert again.out.startswith(f"forgotten: {len(bad):,} failed runs, 0 damaged runs, 0 damaged cells")
    last = inline(PATIENT, store, **sweep).progress
    assert (last.failed, last.done - last.found) == (0, len(bad))
    equal = digest_of(store) == untouched(PATIENT, folder / "whole.sqlite", **sweep)
    return {"runs": last.done, "ill": len(bad), "kept": kept, "equal_after_retry": int(equal), "seconds": seconds}


def seed_of(replicate):
    """What a replicate of patients is seeded with."""
    return int(ills(none=[(0, replicate)]).rpartition("/")[2])


def holds(counted):
    assert counted["kept"] == counted["runs"] - counted["ill"] and counted["equal_after_retry"]


def test_ill_runs_are_named_and_done_again_and_all_others_are_kept(monkeypatch, capsys, tmp_path):
    troubles = {kind: [(2 * at + 1, at % 5)] for at, kind in enumerate(CAUSES)}
    sweep = {"grid": "x=0:19:20", "replicates": 10}
    holds(suffered(monkeypatch, capsys, tmp_path, troubles, sweep, limit=3))


@pytest.mark.validate
def test_one_run_in_a_hundred_is_ill(monkeypatch, capsys, tmp_path):
    troubles = {kind: [(17 * at % 100, 3 * at % 10) for at in range(first, 10, 5)]
                for first, kind in enumerate(kind for kind in CAUSES if kind != "outgrow")}  # fmt: skip
    counted = suffered(
        monkeypatch, capsys, tmp_path, troubles, {"grid": "x=0:99:100", "replicates": 10}, limit=5
    )  # fmt: skip
    holds(counted)
    say(capsys, "S2 and S3 ill runs, two each that raise, exit, loop, end and kill their process", counted)


@pytest.mark.validate
def test_a_limit_on_memory_from_outside_costs_the_run_that_asks_for_more(monkeypatch, capsys, tmp_path):
    troubles, sweep = {"outgrow": [(3, 1), (5, 0)]}, {"grid": "x=0:9:10", "replicates": 4}
    counted = suffered(monkeypatch, capsys, tmp_path, troubles, sweep, limit=60)
    holds(counted)
    say(capsys, "S2 out of memory", counted)


@pytest.mark.validate
def test_a_sweep_stops_at_too_many_failures_and_keeps_what_was_done(capsys, tmp_path):
    store = tmp_path / "store.sqlite"
    line = command(
        PATIENT, store, "--workers", "2", "--max-failures", "3", grid="x=0:99:100", replicates=1
    )  # fmt: skip
    end = ran(line, env={ILLS: ills(**{"raise": [(x, 0) for x in range(10, 90)]})})
    assert end.returncode == 1 and len(end.stderr.splitlines()) == 1, end.stderr
    assert "more than the 3 that are permitted; the last one: ValueError: the well" in end.stderr
    kept = len(done_in(store))
    assert kept >= 10
    say(capsys, "S3 too many failures", {"kept": kept, "said": end.stderr.strip()})


@pytest.mark.validate
@pytest.mark.parametrize("workers", [0, 2])
def test_a_sweep_of_nothing_but_deaths_ends(capsys, tmp_path, workers):
    """Every run takes its worker along, three times; in one process it takes the sweep along, and the next goes on."""
    store, everyone = tmp_path / "store.sqlite", ills(kill=[(x, 0) for x in range(5)])
    line = command(PATIENT, store, "--workers", str(workers), grid="x=0:4:5", replicates=1)
    process = started(line, env={ILLS: everyone})
    end = ended(process, timeout=300)
    assert end.returncode == (1 if workers else -9)
    assert ran(line).returncode == (1 if workers else 0)  # failed runs are not done again unasked
    say(capsys, f"S2 only deaths, {workers} workers", {"code": end.returncode, "done": len(done_in(store))})
