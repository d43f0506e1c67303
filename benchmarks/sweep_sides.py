"""What rows about sweeps time, done in a process of its own (``beside.py``): each returns plain numbers."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.sweep_models import Nothing, Walk
from coop_abm.sweeps.coordinator import Coordinator, Progress
from coop_abm.sweeps.executor import Executor, Inline
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.work import Cell, Outcome, Task

#: The small world: 100 individuals on a torus with four neighbours, death-birth updating, 100 generations.
WORLD: dict[str, Any] = {"scenario": "network", "size": 100}
GENERATIONS = 100


def _batch(who: str, model: str, runs: int, steps: int, **more: Any) -> list[dict[str, Any]]:
    """Rows of one batch, ours or Mesa's."""
    import mesa

    from coop_abm import CoopModel, batch_run

    call: Callable[..., list[dict[str, Any]]] = batch_run if who == "ours" else mesa.batch_run
    kind, parameters = (CoopModel, WORLD) if model == "world" else (Walk, {"walkers": 2 if steps == 1 else 10})
    return call(
        kind, parameters, number_processes=1, max_steps=steps, display_progress=False, rng=list(range(runs)), **more
    )


def batch(who: str, model: str, runs: int, steps: int) -> float:
    """Seconds of CPU."""
    began = time.process_time()
    rows = _batch(who, model, runs, steps)
    passed = time.process_time() - began
    assert len(rows) == runs
    return passed


def same_rows(model: str, runs: int, steps: int) -> bool:
    """Do both give the same rows, in the same order and with the same keys, for the same seeds?"""
    return json.dumps(_batch("ours", model, runs, steps)) == json.dumps(_batch("mesa", model, runs, steps))


def with_store(runs: int, steps: int, kept: bool) -> float:
    """Seconds of CPU of a batch, with a store or without."""
    with tempfile.TemporaryDirectory() as folder:
        store = {"store": Path(folder) / "kept.sqlite"} if kept else {}
        began = time.process_time()
        _batch("ours", "walk", runs, steps, **store)
        return time.process_time() - began


# ------------------------------------------------------------------------------------- runs that do nothing


def swept(store: str, runs: int, cells: int, rows: int = 1) -> dict[str, float]:
    """Do a sweep of runs that do nothing, from where its store stands: seconds of CPU, and bytes held at most."""
    import psutil

    process, held = psutil.Process(), [0]

    def look(_now: Progress) -> None:
        held.append(process.memory_info().rss)

    began = time.process_time()
    with Store(store) as sink:
        Coordinator(Nothing(rows), sink, Inline(), report=look).run(({"x": x}, runs // cells) for x in range(cells))
    return {"seconds": time.process_time() - began, "held": float(max(held))}


def swept_anew(runs: int, cells: int, rows: int) -> float:
    """Seconds of CPU of a sweep whose runs do nothing, in a new store."""
    with tempfile.TemporaryDirectory() as folder:
        return swept(f"{folder}/store.sqlite", runs, cells, rows)["seconds"]


def keep(runs: int, rows: int, together: int = 500) -> float:
    """Seconds of CPU that a store takes for outcomes that it is given, so many of a cell together."""
    work = Nothing(rows)
    batches = [
        (cell := work.cell({"x": at // 10_000}), work.perform(Task(cell, at % 10_000, together)))
        for at in range(0, runs, together)
    ]
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/store.sqlite") as sink:
        sink.open_for(work.identity)
        began = time.process_time()
        for each in batches:
            sink.keep([each])
        return time.process_time() - began


def bytes_kept(runs: int, rows: int) -> float:
    """How large the store of so many runs is."""
    with tempfile.TemporaryDirectory() as folder:
        swept(f"{folder}/store.sqlite", runs, 10, rows)
        return float(sum(file.stat().st_size for file in Path(folder).iterdir()))


def export(store: str, kind: str) -> dict[str, float]:
    """Seconds of CPU of an export, and how many rows it wrote."""
    from coop_abm.sweeps.export import export as write

    with tempfile.TemporaryDirectory() as folder, Store(store, read_only=True) as kept:
        began = time.process_time()
        written = write(kept, f"{folder}/out", kinds=(kind,))
        return {"seconds": time.process_time() - began, "rows": float(written.rows)}


def fill(store: str, cells: list[str], replicates: int) -> int:
    """A store in which a sweep of ``kin`` is complete: what its runs gave is made up, so that it takes seconds."""
    from coop_abm.sweeps.orders import asked
    from coop_abm.sweeps.work import Table

    order = asked("kin", grid=cells, settings={"replicates": replicates, "steps": 10, "measures": "cooperators"})
    names, count = ("Step", "cooperators", "share_allc", "share_alld"), 0
    batch: list[tuple[Cell, list[Outcome]]] = []
    with Store(store) as sink:
        sink.open_for(order.work.identity)
        sink.remember(order.tree())
        for parameters in order.design.parameters():
            outcomes = [Outcome(r, 0, (Table(names, [(10.0, 0.5, 0.5, 0.5)]),)) for r in range(replicates)]
            batch.append((order.work.cell(parameters), outcomes))
            count += replicates
            if len(batch) == 100:
                sink.keep(batch)
                batch.clear()
        sink.keep(batch)
    return count


# ------------------------------------------------------------------------------------- other processes


def tasks(kind: str, processes: int, count: int, turns: int) -> dict[str, Any]:
    """Seconds on the wall until an executor that was made this moment has done a task in each process, and, several
    times, from the first of so many tasks of one run that does nothing to the last."""
    began, each = time.perf_counter(), []
    with _started(kind, processes) as (executor, cell):
        start = time.perf_counter() - began
        for turn in range(turns):
            began = time.perf_counter()
            _through(executor, cell, turn * count, count)
            each.append(time.perf_counter() - began)
    return {"start": start, "each": each}


class _started:
    """An executor that has done a task in each process."""

    def __init__(self, kind: str, processes: int):
        from coop_abm.sweeps.places import executor_for

        if kind == "workers":
            from coop_abm.sweeps.workers import Workers

            self._executor: Executor = Workers(processes)
        else:
            self._executor = executor_for(kind, workers=processes)

    def __enter__(self) -> tuple[Executor, Cell]:
        work = Nothing()
        cell = work.cell({"x": 1})
        try:
            self._executor.start(work)
            _through(self._executor, cell, 0, 2 * self._executor.slots)
        except BaseException:
            self._executor.close()
            raise
        return self._executor, cell

    def __exit__(self, *_exception: object) -> None:
        self._executor.close()


def _through(executor: Executor, cell: Cell, first: int, count: int) -> None:
    """Send so many tasks of one run, with each slot given its next as soon as its last came back."""
    sent = done = 0
    while done < count:
        while sent < count and sent - done < executor.slots:
            executor.submit(Task(cell, first + sent, 1))
            sent += 1
        done += len(executor.collect(1.0))
