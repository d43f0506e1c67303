"""Sweeps: against ``mesa.batch_run``, and what they cost by themselves."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.beside import Beside
from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent, Work
from benchmarks.sweep_sides import GENERATIONS

#: Cells of the large sweeps.
CELLS = 10_000


@functools.cache
def beside(cores: int = 1) -> Beside:
    """The process for the sides of rows that are on so many cores; a start for each row would take longer than it."""
    return Beside("benchmarks.sweep_sides")


@functools.cache
def folder() -> Path:
    """Where large stores are kept until all rows are done."""
    place = Path(tempfile.mkdtemp(prefix="coop_abm-sweeps-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def against_mesa(model: str, steps: int, ours: int, mesa: int) -> Callable[[bool], Bout]:
    """One batch through our call and through Mesa's, so many runs each."""

    def prepare(quick: bool) -> Bout:
        process, checked = beside(), 3 if quick else 20
        share = 20 if quick else 1
        if not process.ask("same_rows", model=model, runs=checked, steps=steps):
            raise Disagreement("the rows of the two differ")
        counts = {"ours": max(3, ours // share), "mesa": max(3, mesa // share)}

        def side(who: str) -> Work:
            runs = counts[who]
            return lambda: Spent(runs, process.ask("batch", who=who, model=model, runs=runs, steps=steps))

        return Bout(side("ours"), side("mesa"), f"{checked} rows equal for the same seeds, to the last bit")

    return prepare


def store(quick: bool) -> Bout:
    """What a store adds to a run of a Mesa model."""
    process, runs = beside(), 50 if quick else 4_000

    def turn() -> Spent:
        kept, bare = (process.ask("with_store", runs=runs, steps=1, kept=kept) for kept in (True, False))
        return Spent(runs, kept - bare)

    return Bout(turn, None, f"{runs:,} runs with a new store, less the same without")


def intake(rows: int, runs: int) -> Callable[[bool], Bout]:
    """A coordinator and a store, with runs that take no time."""

    def prepare(quick: bool) -> Bout:
        process, count = beside(), runs // 20 if quick else runs
        size = process.ask("bytes_kept", runs=count, rows=rows) / count

        def turn() -> Spent:
            return Spent(count, process.ask("swept_anew", runs=count, cells=10, rows=rows))

        return Bout(turn, None, f"{count:,} runs of {rows} rows in 10 cells; {size:,.0f} bytes a run")

    return prepare


def keep(rows: int, runs: int) -> Callable[[bool], Bout]:
    """A store that is given outcomes."""

    def prepare(quick: bool) -> Bout:
        process, count = beside(), runs // 10 if quick else runs

        def turn() -> Spent:
            return Spent(count, process.ask("keep", runs=count, rows=rows))

        return Bout(turn, None, f"{count:,} outcomes of {rows} rows, 500 of a cell at a time")

    return prepare


def large(runs: int) -> Path:
    """The store of a finished sweep of so many runs that do nothing, made when it is first asked for."""
    place = folder() / f"{runs}.sqlite"
    if not place.exists():
        held(runs)
    return place


@functools.cache
def held(runs: int) -> float:
    """Bytes that the coordinator of so many runs holds at most, in a process of its own."""
    process = Beside("benchmarks.sweep_sides")
    try:
        return process.ask("swept", store=str(folder() / f"{runs}.sqlite"), runs=runs, cells=_cells(runs))["held"]
    finally:
        process.close()


def _cells(runs: int) -> int:
    return min(CELLS, runs // 10)


def memory(quick: bool) -> Bout:
    """How much more a coordinator holds with a hundred times as many runs."""
    sizes = (1_000, 2_000, 4_000) if quick else (10_000, 100_000, 1_000_000)
    found = [held(runs) for runs in sizes]
    said = ", ".join(f"{runs:,} runs {size / 2**20:.1f} MiB" for runs, size in zip(sizes, found, strict=True))
    return Bout(lambda: Spent(1, max(0.0, found[-1] - found[0]) / 2**20), None, said)


def resume(quick: bool) -> Bout:
    """Going on with a sweep in which nothing is left to do."""
    runs = 4_000 if quick else 1_000_000
    place, process = large(runs), beside()

    def turn() -> Spent:
        return Spent(1, process.ask("swept", store=str(place), runs=runs, cells=_cells(runs))["seconds"])

    return Bout(turn, None, f"{runs:,} runs in {_cells(runs):,} cells are there")


def resume_command(quick: bool) -> Bout:
    """The same by the command, its start included."""
    side, replicates = (5, 4) if quick else (100, 100)
    place, process = folder() / f"kin-{side}.sqlite", beside()
    cells = [f"kin.relatedness=0:0.5:{side}", f"game.benefit=1:8:{side}"]
    runs = process.ask("fill", store=str(place), cells=cells, replicates=replicates)
    command = [
        sys.executable, "-m", "coop_abm.cli", "sweep", "kin", *(word for cell in cells for word in ("--grid", cell)),
        "--replicates", str(replicates), "--steps", "10", "--measures", "cooperators", "--store", str(place),
    ]  # fmt: skip

    def turn() -> Spent:
        before = os.times()
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        after = os.times()
        passed = after.children_user - before.children_user + after.children_system - before.children_system
        if done.returncode or f"{runs:,} were there" not in done.stdout:
            raise Disagreement((done.stderr or done.stdout).strip().splitlines()[-1])
        return Spent(1, passed)

    return Bout(turn, None, f"{runs:,} runs in {side**2:,} cells are there, and the command does none")


def export(kind: str) -> Callable[[bool], Bout]:
    """The rows of a store as a file."""

    def prepare(quick: bool) -> Bout:
        place, process = large(2_000 if quick else 100_000), beside()

        def turn() -> Spent:
            done = process.ask("export", store=str(place), kind=kind)
            return Spent(done["rows"], done["seconds"])

        return Bout(turn, None, "checked, sorted by key, a row for each run")

    return prepare


@functools.cache
def through(kind: str, processes: int, count: int, turns: int) -> dict[str, Any]:
    """How long a start, and so many tasks of one run that does nothing, took in other processes."""
    return beside(2).ask("tasks", kind=kind, processes=processes, count=count, turns=turns)


def task(kind: str, processes: int, count: int, turns: int) -> Callable[[bool], Bout]:
    """Tasks of one run that does nothing."""

    def prepare(quick: bool) -> Bout:
        sent = count // 10 if quick else count
        found = itertools.cycle(through(kind, processes, sent, turns)["each"])
        return Bout(lambda: Spent(sent, next(found)), None, f"{sent:,} tasks, {processes} at work")

    return prepare


def start(kind: str, processes: int, count: int, turns: int) -> Callable[[bool], Bout]:
    """From nothing to an outcome of each other process; measured before the tasks of the row above."""

    def prepare(quick: bool) -> Bout:
        found = through(kind, processes, count // 10 if quick else count, turns)["start"]
        return Bout(lambda: Spent(1, found), None, f"{processes} at work, each has done a task")

    return prepare


US = "us a run"
NONE = Goal("none")

BENCHMARKS = (
    Benchmark(
        name="sweep-world", work=f"10,000 runs of CoopModel, N = 100 on a torus, {GENERATIONS} generations, batch_run",
        against="`mesa.batch_run`", goal=Goal("faster", 20.0), unit=US, per_second=1e6, pairs=3,
        prepare=against_mesa("world", GENERATIONS, 10_000, 100),
    ),
    Benchmark(
        name="sweep-mesa-small", work="a Mesa model of 2 agents and 1 step through batch_run",
        against="`mesa.batch_run`", goal=Goal("within", 1.1), unit=US, per_second=1e6, pairs=15,
        prepare=against_mesa("walk", 1, 800, 800),
    ),
    Benchmark(
        name="sweep-mesa-large", work="a Mesa model of 10 agents and 50 steps through batch_run",
        against="`mesa.batch_run`", goal=Goal("within", 1.1), unit=US, per_second=1e6, pairs=11,
        prepare=against_mesa("walk", 50, 150, 150),
    ),
    Benchmark(
        name="sweep-store", work="what a store adds to a run of the model of 2 agents", against="100 us",
        goal=Goal("below", 100.0), unit=US, per_second=1e6, pairs=5, prepare=store,
    ),
    Benchmark(
        name="sweep-keep", work="a store takes runs of 1 row", against="-", goal=NONE, unit=US,
        per_second=1e6, pairs=5, prepare=keep(1, 50_000),
    ),
    Benchmark(
        name="sweep-keep-series", work="a store takes runs of 100 rows", against="-", goal=NONE, unit=US,
        per_second=1e6, pairs=5, prepare=keep(100, 3_000),
    ),
    Benchmark(
        name="sweep-intake", work="coordinator and store take runs of 1 row", against="-", goal=NONE, unit=US,
        per_second=1e6, pairs=5, prepare=intake(1, 50_000),
    ),
    Benchmark(
        name="sweep-intake-series", work="coordinator and store take runs of 100 rows", against="-", goal=NONE, unit=US,
        per_second=1e6, pairs=5, prepare=intake(100, 3_000),
    ),
    Benchmark(
        name="sweep-memory", work="memory of the coordinator of 1,000,000 runs, beyond that of 10,000",
        against="flat", goal=Goal("below", 10.0), unit="MiB", per_second=1.0, prepare=memory, pairs=1, warm=False,
    ),
    Benchmark(
        name="sweep-resume", work="going on with a finished sweep of 1,000,000 runs in 10,000 cells",
        against="10 s", goal=Goal("below", 10.0), unit="s of CPU", per_second=1.0, prepare=resume, pairs=3,
    ),
    Benchmark(
        name="sweep-resume-command", work="the same by `coop-abm sweep kin`, start included", against="10 s",
        goal=Goal("below", 10.0), unit="s of CPU", per_second=1.0, prepare=resume_command, pairs=1, warm=False,
    ),
    Benchmark(
        name="sweep-export-csv", work="export to CSV", against="-", goal=NONE, unit="us a row", per_second=1e6,
        pairs=3, prepare=export("csv"), warm=False,
    ),
    Benchmark(
        name="sweep-export-parquet", work="export to Parquet", against="-", goal=NONE, unit="us a row",
        per_second=1e6, pairs=3, prepare=export("parquet"), warm=False,
    ),
    Benchmark(
        name="sweep-task-1", work="a task for one worker, there and back", against="-", goal=NONE,
        unit="us a task", per_second=1e6, pairs=5, clock="wall", cores=2, prepare=task("workers", 1, 2_000, 5),
        warm=False,
    ),
    Benchmark(
        name="sweep-task-2", work="a task for one of two workers", against="-", goal=NONE,
        unit="us a task", per_second=1e6, pairs=5, clock="wall", cores=2, prepare=task("workers", 2, 2_000, 5),
        warm=False,
    ),
    Benchmark(
        name="sweep-start", work="start of two workers", against="-", goal=NONE, unit="s", per_second=1.0, pairs=1,
        clock="wall", cores=2, prepare=start("workers", 2, 2_000, 5), warm=False,
    ),
    Benchmark(
        name="sweep-dask", work="a task for a Dask cluster of two processes on this machine", against="-", goal=NONE,
        unit="ms a task", per_second=1e3, pairs=3, clock="wall", cores=2, prepare=task("local", 2, 200, 3), warm=False,
    ),
    Benchmark(
        name="sweep-dask-start", work="start of such a cluster", against="-", goal=NONE, unit="s", per_second=1.0,
        pairs=1, clock="wall", cores=2, prepare=start("local", 2, 200, 3), warm=False,
    ),
)  # fmt: skip
