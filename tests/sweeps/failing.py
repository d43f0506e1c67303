"""Run under failing_writes.c: does a small sweep while the n-th write fails, for one n after another."""

import ctypes
import errno
import json
import shutil
import sys
from pathlib import Path

from coop_abm.core.errors import StoreError
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.store import Store
from tests.sweeps.stores import CELLS, IDENTITY, content, outcome, sweep

RUNS, AT_ONCE = 8, 6


def attempt(path, kept):
    """A sweep that notes what was acknowledged."""
    with Store(path) as store:
        store.open_for(IDENTITY)
        missing = []
        for cell in CELLS[:3]:
            done, failed = store.state(cell)
            missing += [(cell, run) for first, end in done.union(failed).missing(RUNS) for run in range(first, end)]
        for first in range(0, len(missing), AT_ONCE):
            batch = missing[first : first + AT_ONCE]
            store.keep([(cell, [outcome(cell, run)]) for cell, run in batch])
            kept += batch
        # By hand, so that the log is folded into the file while writes may fail.
        with store.reading() as base:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def check(path, kept, good):
    """Everything that was acknowledged is there; with room again the same command gives the same results."""
    if path.exists():
        with Store(path, read_only=True) as store:
            for cell, run in kept:
                done, failed = store.state(cell)
                assert run in done or run in failed, f"run {run} was acknowledged, and is not there"
            assert care.verify(store).sound or not kept
    else:
        assert not kept
    sweep(path, cells=CELLS[:3], runs=RUNS, at_once=AT_ONCE)
    assert content(path) == good


def main(folder, step):
    shim = ctypes.CDLL(None)
    shim.calls_so_far.restype = shim.failures.restype = ctypes.c_long
    sweep(folder / "good", cells=CELLS[:3], runs=RUNS, at_once=AT_ONCE)
    good, place = content(folder / "good"), folder / "x"
    told = {"tried": 0, "refused": 0, "unnoticed": 0, "calls": 0}
    for error, stay in ((errno.ENOSPC, 1), (errno.EIO, 0), (errno.EIO, 1)):
        n = 1
        while True:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            path, kept, said = place / "x.sqlite", [], ""
            shim.fail_at(ctypes.c_long(n), error, stay, str(place).encode())
            try:
                attempt(path, kept)
            except StoreError as refused:
                said = str(refused)
            reached, hits = shim.calls_so_far(), shim.failures()
            shim.fail_at(ctypes.c_long(0), 0, 0, b"")
            if not hits:
                told["calls"] = max(told["calls"], reached)
                break
            assert "\n" not in said and (not said or str(place) in said), said
            told["tried"] += 1
            told["refused" if said else "unnoticed"] += 1
            check(path, kept, good)
            n += step
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
