"""A sweep may be of any size: what the coordinator holds does not grow, and going on with one that is done is quick."""

import os
import sys
import time
import tracemalloc
from pathlib import Path
from typing import NamedTuple

import pytest

from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.store import Store
from tests.faults.sweeping import IDLE, command, inline, say, started

#: A world that is looked at and not played, in blocks.
STILL = ("well_mixed", "game.benefit=1:2:{cells}")


def test_what_a_sweep_holds_in_memory_does_not_grow(tmp_path):
    model, grid = STILL
    inline(model, tmp_path / "warm.sqlite", grid=grid.format(cells=10), replicates=10, steps=0)
    peaks = []
    for cells in (10, 100):
        tracemalloc.start()
        swept = inline(model, tmp_path / f"{cells}.sqlite", grid=grid.format(cells=cells), replicates=100, steps=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert swept.progress.done == 100 * cells
    assert peaks[1] < peaks[0] + 5e6, peaks


class Cost(NamedTuple):
    """What a command took: seconds by the clock and of processors, and the most megabytes of the coordinator itself."""

    seconds: float
    processor: float
    peak: float


def cost_of(line):
    """Run it to its end."""
    began, before, most = time.monotonic(), os.times(), 0
    process = started(line)
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        most = max([most, *(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM"))])
        time.sleep(0.05)
    out, err = process.communicate()
    assert process.returncode == 0, (out, err)
    after = os.times()
    spent = sum(after[2:4]) - sum(before[2:4])
    return Cost(time.monotonic() - began, spent, most / 1024)


@pytest.mark.validate
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("name", "model", "grid", "workers"),
    [
        ("worlds in one process", *STILL, 0),
        ("worlds in two", *STILL, 2),
        ("a Mesa model in two", IDLE, "x=1:{cells}:{cells}", 2),
    ],
    ids=["worlds in one process", "worlds in two", "a Mesa model in two"],
)
def test_a_million_runs(name, model, grid, workers, tmp_path, capsys):
    told, steps = {}, int(model == IDLE)
    alone = cost_of(command(model, tmp_path / "s.sqlite", "--workers", str(workers), grid=grid.format(cells=2),
                            replicates=1, steps=steps))  # fmt: skip
    for cells in (100, 1_000, 10_000):
        store = tmp_path / f"{cells}.sqlite"
        line = command(model, store, "--workers", str(workers), grid=grid.format(cells=cells), replicates=100,
                       steps=steps)  # fmt: skip
        cost = cost_of(line)
        told |= {f"{100 * cells} runs": f"{cost.seconds:.0f} s", f"peak at {100 * cells}": f"{cost.peak:.0f} MB"}
    told["us a run of all processors"] = f"{(cost.processor - alone.processor) / cells / 100 * 1e6:.0f}"
    again = cost_of(line)
    told |= {
        "again": f"{again.seconds:.1f} s ({again.processor:.1f} s of a processor)",
        "starting alone": f"{alone.seconds:.1f} s ({alone.processor:.1f} s of processors)",
        "peak again": f"{again.peak:.0f} MB", "bytes a run": f"{store.stat().st_size / cells / 100:.0f}",
    }  # fmt: skip
    with Store(store, read_only=True) as kept:
        assert care.status(kept)[:3] == (cells, 100 * cells, 0)
    say(capsys, f"S10 {name}", told)
