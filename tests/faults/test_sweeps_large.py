"""A sweep may be of any size: what the coordinator holds does not grow, and going on with one that is done is quick."""

import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.store import Store
from tests.faults.sweeping import IDLE, command, inline, ran, say, started

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


def peak_of(line):
    """Run it to its end: (seconds, most megabytes that the coordinator itself held)."""
    began, most = time.monotonic(), 0
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
    return time.monotonic() - began, most / 1024


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
    told = {}
    for cells in (100, 1_000, 10_000):
        store = tmp_path / f"{cells}.sqlite"
        line = command(
            model, store, "--workers", str(workers), grid=grid.format(cells=cells), replicates=100, steps=0 if not
            model.endswith("Idle") else 1,
        )  # fmt: skip
        seconds, peak = peak_of(line)
        told |= {f"{100 * cells} runs": f"{seconds:.0f} s", f"peak at {100 * cells}": f"{peak:.0f} MB"}
        if cells < 10_000:
            continue
        told["us a run"] = f"{seconds / cells / 100 * 1e6:.0f}"
        again, peak = peak_of(line)
        told |= {"again": f"{again:.1f} s", "of which until a first word": f"{started_in():.1f} s"}
        with Store(store, read_only=True) as kept:
            assert care.status(kept)[:3] == (cells, 100 * cells, 0)
        told["bytes a run"] = f"{store.stat().st_size / cells / 100:.0f}"
    say(capsys, f"S10 {name}", told)


def started_in():
    """Seconds until the command has read a sweep of one run that is done: starting alone."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        line = command(STILL[0], Path(folder) / "s.sqlite", "--workers", "0", grid=STILL[1].format(cells=2),
                       replicates=1, steps=0)  # fmt: skip
        assert ran(line).returncode == 0
        began = time.monotonic()
        assert ran(line).returncode == 0
        return time.monotonic() - began
