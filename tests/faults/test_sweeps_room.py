"""No room for the store: one line, nothing that was kept is lost, and the same command goes on when there is room."""

import os
import resource
import subprocess
import sys

import pytest

from tests.faults.patients import LOG
from tests.faults.sweeping import PATIENT, command, digest_of, done_in, executions, inline, ran, say, untouched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits on files, and tmpfs")

#: Each run has two hundred rows, so that a store of a hundred runs does not fit.
LARGE = {"grid": "x=0:9:10", "replicates": 10, "steps": 200}
EVERY = ("--every", "1", "--rows", "200")


def full(store, log, workers=2, **more):
    """Do the sweep where there is too little room: how many runs are there, of how many that began."""
    end = ran(command(PATIENT, store, "--workers", str(workers), *EVERY, **LARGE), env={LOG: str(log)}, **more)
    assert end.returncode == 1 and end.stdout == "", end
    assert len(end.stderr.splitlines()) == 1 and end.stderr.startswith(f"coop-abm: store '{store}' cannot be used: ")
    assert "what it acknowledged is kept" in end.stderr and "free some space" in end.stderr, end.stderr
    return len(done_in(store)), len(executions(log)), end.stderr.strip()


def test_a_store_that_may_not_grow_keeps_what_it_has_and_goes_on(tmp_path):
    store, log = tmp_path / "store.sqlite", tmp_path / "log"
    most = 250_000
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # noqa: E731
    kept, began, _said = full(store, log, workers=0, first=limit)
    assert 0 < kept < 100 and kept >= began - 10  # a task holds runs of one cell
    had, before = done_in(store), len(executions(log))
    whole = untouched(PATIENT, tmp_path / "whole.sqlite", every=1, **LARGE, rows=200)
    inline(PATIENT, store, every=1, **LARGE, rows=200)
    assert not had & set(executions(log)[before:])
    assert digest_of(store) == whole


@pytest.mark.validate
def test_a_disk_that_is_full_keeps_what_it_has_and_goes_on(tmp_path, capsys):
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        store, log, total = place / "store.sqlite", tmp_path / "log", {"full": 0, "goes_on": 0}
        filler = place / "filler"
        for free in (200_000, 350_000, 500_000):
            filler.write_bytes(b"\0" * max(0, 1_000_000 - free - _used(place)))
            had = done_in(store)
            _kept, _began, said = full(store, log)
            assert had <= done_in(store)
            total["full"] += 1
            total["goes_on"] += len(done_in(store)) > len(had)
            filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=50m", place], check=True)
        assert ran(command(PATIENT, store, "--workers", "2", *EVERY, **LARGE)).returncode == 0
        equal = digest_of(store) == untouched(PATIENT, tmp_path / "whole.sqlite", every=1, **LARGE, rows=200)
        # An export to a disk without room: nothing but one line.
        subprocess.run(["mount", "-o", "remount,size=2m", place], check=False)
        filler.write_bytes(b"\0" * max(0, 1_990_000 - _used(place)))
        end = ran([sys.executable, "-m", "coop_abm.cli", "store", "export", str(store), "--out", str(place / "rows")])
        assert end.returncode in (1, 2) and len(end.stderr.splitlines()) == 1, end
        assert not [file for file in os.listdir(place) if "rows" in file]
        assert equal
        say(capsys, "S5 a full disk", total | {"equal": int(equal), "store": said, "export": end.stderr.strip()})
    finally:
        subprocess.run(["umount", place], check=False)


def _used(place):
    stat = os.statvfs(place)
    return (stat.f_blocks - stat.f_bfree) * stat.f_frsize
