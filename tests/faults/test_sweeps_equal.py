"""A sweep has one result: whoever did it, on how many threads, in which order, in how many goes, by which clock."""

import ast
import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

import coop_abm.sweeps
from coop_abm.sweeps.workers import METHODS_HERE, Workers
from tests.faults.sweeping import (
    PATIENT,
    command,
    digest_of,
    ended,
    inline,
    ran,
    say,
    started,
    untouched,
    wait_until,
)  # fmt: skip

JUMPING = os.pathsep.join([str(Path(__file__).parent / "jumping"), os.environ.get("PYTHONPATH", "")])


def test_sweeps_ask_no_clock_that_may_be_set():
    """Only what counts on from the start of the machine is read: a wall clock may jump."""
    asked = set()
    for path in Path(coop_abm.sweeps.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time":
                asked.add((node.attr, path.name))
            if isinstance(node, ast.ImportFrom) and node.module == "time":
                asked |= {(name.name, path.name) for name in node.names}
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [name.name for name in node.names] + [getattr(node, "module", None)]
                assert "datetime" not in names, path
    assert {name for name, _file in asked} <= {"monotonic", "perf_counter", "sleep"}, asked


def test_hashes_threads_order_workers_and_a_jumping_clock_change_nothing(tmp_path):
    sweep = {"replicates": 30, "steps": 10}
    line = command("network", tmp_path / "a.sqlite", "--workers", "2", grid="game.benefit=8,5,2", **sweep)
    end = ran(line, env=UNUSUAL)
    assert end.returncode == 0, end.stderr
    assert digest_of(tmp_path / "a.sqlite") == untouched("network", tmp_path / "b.sqlite", grid="game.benefit=2:8:3",
                                                         **sweep)  # fmt: skip


#: An environment that nobody has in mind.
UNUSUAL = {
    "PYTHONHASHSEED": "7", "NUMBA_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2",
    "PYTHONPATH": JUMPING, "TZ": "Pacific/Kiritimati",
}  # fmt: skip


@pytest.mark.validate
@pytest.mark.skipif(sys.platform != "linux", reason="start methods, and signals to groups")
@pytest.mark.parametrize(
    ("model", "axis", "steps"),
    [("network", "game.benefit=2:8:4", 20), ("all_five", "game.benefit=2:8:4", 20), (PATIENT, "x=2:8:4", 1)],
    ids=["network", "all_five", "a Mesa model"],
)
def test_all_roads_lead_to_the_same_bytes(model, axis, steps, tmp_path, capsys):
    sweep = {"grid": axis, "replicates": 40, "steps": steps}
    backwards = sweep | {"grid": axis.partition("=")[0] + "=8,6,4,2"}
    whole = untouched(model, tmp_path / "whole.sqlite", **sweep)
    roads: dict[str, str] = {}

    def done(name, *more, sweep=sweep, **env):
        store = tmp_path / f"{name}.sqlite"
        end = ran(command(model, store, *more, **sweep), env=env)
        assert end.returncode == 0, (name, end.stderr)
        return store

    for workers in ("0", "1", "2", "4"):
        roads[f"{workers} workers"] = digest_of(done(f"w{workers}", "--workers", workers))
    for seed in ("0", "1", "random"):
        roads[f"hash seed {seed}"] = digest_of(done(f"h{seed}", "--workers", "2", PYTHONHASHSEED=seed))
    for threads in ("1", "2"):
        names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        roads[f"{threads} threads"] = digest_of(done(f"t{threads}", "--workers", "0", **dict.fromkeys(names, threads)))
    roads["jumping clock"] = digest_of(done("clock", "--workers", "2", PYTHONPATH=JUMPING))
    roads["backwards"] = digest_of(done("back", "--workers", "2", sweep=backwards))
    for method in METHODS_HERE:
        inline(model, tmp_path / f"{method}.sqlite", executor=Workers(2, start_method=method), **sweep)
        roads[method] = digest_of(tmp_path / f"{method}.sqlite")
    done("half", "--workers", "2", sweep=sweep | {"replicates": 13})
    roads["in two goes"] = digest_of(done("half", "--workers", "0"))
    shards = [done(f"shard{part}", "--workers", "2", "--shard", f"{part}/2") for part in (1, 2)]
    merged = tmp_path / "merged.sqlite"
    end = ran([sys.executable, "-m", "coop_abm.cli", "store", "merge", str(merged), *map(str, shards), "--quiet"])
    assert end.returncode == 0, end.stderr
    roads["two shards merged"] = digest_of(merged)
    equal = sum(found == whole for found in roads.values())
    say(capsys, f"D1 {model.rpartition('/')[2]}", {"equal": equal, "tried": len(roads)})
    assert equal == len(roads), sorted(name for name, found in roads.items() if found != whole)


@pytest.mark.validate
@pytest.mark.skipif(sys.platform != "linux", reason="signals to groups")
def test_runs_that_are_added_until_an_interval_is_narrow_are_the_same_after_kills(tmp_path, capsys):
    sweep = {"grid": "game.benefit=2:8:7", "replicates": 50, "steps": 40}
    options = ("--until-ci", "0.03", "--most-replicates", "4000")
    assert ran(command("network", tmp_path / "whole.sqlite", "--workers", "0", *options, **sweep)).returncode == 0
    whole, luck, total = digest_of(tmp_path / "whole.sqlite"), random.Random(2), {"kills": 0, "equal": 0, "tried": 0}
    for workers in (0, 2, 4):
        store = tmp_path / f"{workers}.sqlite"
        line = command("network", store, "--workers", str(workers), *options, **sweep)
        for _ in range(3):
            process = started(line)
            if wait_until(process, store.exists):
                time.sleep(luck.uniform(0, 10))
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                total["kills"] += 1
            ended(process)
        assert ran(line).returncode == 0
        total["tried"] += 1
        total["equal"] += digest_of(store) == whole
    assert total["equal"] == total["tried"] and total["kills"] > 0
    say(capsys, "D1 until an interval is narrow, killed", total)
