"""A sweep that is killed, or asked to stop, goes on: nothing that was kept is lost or done again, the export is equal.

``uv run pytest -n0 -s --validate -m validate tests/faults`` kills hundreds of times and prints the counts; the ordinary
suite does so a few times.
"""

import os
import random
import signal
import sys
import time

import pytest

from tests.faults.patients import LOG, SECONDS
from tests.faults.sweeping import (
    PATIENT,
    WORLD,
    Family,
    command,
    digest_of,
    done_in,
    ended,
    executions,
    inline,
    most_often,
    owns,
    ran,
    runs_begin,
    say,
    started,
    untouched,
    wait_until,
)  # fmt: skip

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="groups of processes, and /proc")

#: Runs take as long as a task may, so a task is one run, and what is in flight is one run for each worker.
LENGTH = 0.06


def killed_and_resumed(folder, kills, workers, cells=10, replicates=30, seed=0):
    """Kill the group so often, let it end, and return what was counted."""
    folder.mkdir(exist_ok=True)
    sweep = {"grid": f"x=0:{cells - 1}:{cells}", "replicates": replicates}
    reference = untouched(PATIENT, folder / "whole.sqlite", **sweep)
    store, log, luck = folder / "store.sqlite", folder / "log", random.Random(seed)
    line = command(PATIENT, store, "--workers", str(workers), **sweep)
    env = {LOG: str(log), SECONDS: str(LENGTH)}
    at_once, runs = max(workers, 1), cells * replicates
    fired = again = refused = 0
    while fired < kills:
        began, had = len(executions(log)), done_in(store)
        process = started(line, env=env)
        if runs_begin(process, log, began + 1):
            time.sleep(luck.uniform(0, 2 * runs * LENGTH / at_once / 12))  # a dozen kills to a sweep
        if process.poll() is not None:  # it was done before it could be killed
            end = ended(process)
            assert end.returncode == 0, end.stderr
            break
        os.killpg(process.pid, signal.SIGKILL)
        ended(process)
        fired += 1
        again += len(had & set(executions(log)[began:]))
        refused += not (had <= done_in(store))  # which also holds everything against its checksums
    began, had = len(executions(log)), done_in(store)
    last = ran(line, env=env)
    assert last.returncode == 0, last.stderr
    again += len(had & set(executions(log)[began:]))
    begun = executions(log)
    assert len(set(begun)) == runs == len(done_in(store))
    return {
        "sweeps": 1, "kills": fired, "runs": runs, "executions": len(begun), "bound": runs + at_once * fired,
        "most_of_one_run": most_often(begun), "finished_done_again": again, "lost": refused,
        "equal": int(digest_of(store) == reference),
    }  # fmt: skip


def holds(counted):
    assert counted["kills"] > 0, "no kill fired"
    assert counted["equal"] == counted["sweeps"]
    assert counted["finished_done_again"] == counted["lost"] == 0
    assert counted["executions"] <= counted["bound"]


@pytest.mark.validate
def test_a_hundred_kills_lose_nothing_and_do_nothing_twice(tmp_path, capsys):
    total = {}
    for number, workers in enumerate((0, 1, 2, 4) * 4):
        kills = min(14, 100 - total.get("kills", 0))
        if not kills:
            break
        counted = killed_and_resumed(tmp_path / str(number), kills, workers, seed=number)
        holds(counted)
        most = max(total.get("most_of_one_run", 0), counted["most_of_one_run"])
        total = {name: total.get(name, 0) + value for name, value in counted.items()} | {"most_of_one_run": most}
    assert total["kills"] == 100
    say(capsys, "S1 kill -9 of a sweep", total)


@pytest.mark.validate
def test_worlds_in_blocks_are_the_same_after_kills(tmp_path, capsys):
    sweep = {"grid": "game.benefit=2:8:7", "replicates": 400, "steps": 40}
    reference, luck = untouched(WORLD, tmp_path / "whole.sqlite", **sweep), random.Random(5)
    total = {"sweeps": 0, "kills": 0, "equal": 0}
    while total["kills"] < 24:
        store = tmp_path / f"{total['sweeps']}.sqlite"
        line = command(WORLD, store, "--workers", str((0, 2, 4)[total["sweeps"] % 3]), **sweep)
        for _ in range(8):
            process = started(line)
            if wait_until(process, store.exists):
                time.sleep(luck.uniform(0, 12))
            if over := process.poll() is not None:
                assert process.returncode == 0
            else:
                os.killpg(process.pid, signal.SIGKILL)
                total["kills"] += 1
            ended(process)
            if over:
                break
        assert ran(line).returncode == 0
        total["sweeps"] += 1
        total["equal"] += digest_of(store) == reference
    assert total["equal"] == total["sweeps"]
    say(capsys, "S1 worlds in blocks", total)


# ------------------------------------------------------------------------------------------ asked to stop

#: How a sweep is asked to stop, and the code with which it then ends; none where nobody is left to say one.
WAYS = {
    "interrupt": (signal.SIGINT, "group", 130),
    "end": (signal.SIGTERM, "coordinator", 143),
    "hang up": (signal.SIGHUP, "group", 129),
    "interrupt twice": (signal.SIGINT, "group", 130),
    "kill the coordinator": (signal.SIGKILL, "coordinator", -9),
}


def stopped(process, way, pause=0.0):
    """Stop a sweep: (how it ended, seconds until then, processes that live 2 s later)."""
    number, whom, _code = WAYS[way]
    family, began = Family(process), time.monotonic()
    send = os.killpg if whom == "group" else os.kill
    send(process.pid, number)
    if way == "interrupt twice":
        time.sleep(pause)
        if process.poll() is None:
            send(process.pid, number)
    said = ended(process)
    return said, time.monotonic() - began, list(family.outlives(2.0))


def test_a_sweep_that_is_killed_and_then_interrupted_goes_on_where_it_was(tmp_path):
    sweep = {"grid": "x=0:3:4", "replicates": 10}
    store, log = tmp_path / "store.sqlite", tmp_path / "log"
    line, env = command(PATIENT, store, "--workers", "2", **sweep), {LOG: str(log), SECONDS: "0.2"}
    process = started(line, env=env)
    assert runs_begin(process, log, 7)
    _said, _seconds, left = stopped(process, "kill the coordinator")
    assert left == []
    had, began = done_in(store), len(executions(log))
    assert len(had) >= began - 4  # two were under way, and two more perhaps not kept yet
    process = started(line, env=env)
    assert runs_begin(process, log, began + 7)
    said, _seconds, left = stopped(process, "interrupt")
    assert (said.returncode, said.stdout, left) == (130, "", [])
    assert said.stderr == f"coop-abm: stopped; what was done is in {store}, and the same command goes on\n"
    assert had < done_in(store) and not had & set(executions(log)[began:])
    inline(PATIENT, store, **sweep)
    assert digest_of(store) == untouched(PATIENT, tmp_path / "whole.sqlite", **sweep)


@pytest.mark.validate
def test_a_sweep_can_be_stopped_in_any_way_at_any_time(tmp_path, capsys):
    sweep = {"grid": "x=0:9:10", "replicates": 30}
    reference, luck = untouched(PATIENT, tmp_path / "whole.sqlite", **sweep), random.Random(9)
    total = {"stops": 0, "codes_as_promised": 0, "orphans_after_2_s": 0, "slowest_s": 0.0, "sweeps": 0, "equal": 0}
    while total["stops"] < 50:
        store, log = tmp_path / f"{total['sweeps']}.sqlite", tmp_path / f"{total['sweeps']}.log"
        workers = (2, 0, 4)[total["sweeps"] % 3]
        line = command(PATIENT, store, "--workers", str(workers), **sweep)
        env = {LOG: str(log), SECONDS: str(LENGTH)}
        kills = 0
        for way in list(WAYS) * 2:
            process = started(line, env=env)
            # From the moment on at which the sweep owns its store; before, it has nothing to lose or to say.
            if owns(process, store):
                time.sleep(luck.choice((luck.uniform(0, 1), luck.uniform(0, 3))))
            if process.poll() is not None:
                assert ended(process).returncode == 0
                break
            said, seconds, left = stopped(process, way, pause=luck.uniform(0, 0.05))
            if said.returncode == 0:  # it was done at that very moment
                break
            kills += 1
            assert said.returncode == WAYS[way][2], (way, said.stderr)
            assert "Traceback" not in said.stderr and len(said.stderr.splitlines()) <= 1, said.stderr
            total["codes_as_promised"] += 1
            total["orphans_after_2_s"] += len(left)
            total["slowest_s"] = max(total["slowest_s"], seconds)
        assert kills > 0, "no stop was heeded"
        assert ran(line, env=env).returncode == 0
        # Runs that were over but not yet collected are lost with those under way.
        assert len(executions(log)) <= 300 + 2 * max(workers, 1) * kills
        total["stops"] += kills
        total["sweeps"] += 1
        total["equal"] += digest_of(store) == reference
    assert total["equal"] == total["sweeps"] and total["orphans_after_2_s"] == 0
    say(capsys, "S4 stopping a sweep", total)
