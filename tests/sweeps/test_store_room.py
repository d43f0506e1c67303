"""When the disk is full or broken, what was acknowledged is there, and the same command goes on (S5, S8)."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coop_abm.core.errors import StoreError
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.store import Store
from tests.sweeps.stores import CELLS, IDENTITY, content, outcome, sweep

HERE = Path(__file__).parent
#: Of each cell.
RUNS = 40
posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")


def until_full(path, pages):
    """Keep runs until no more pages may be had; returns what was acknowledged and what was said."""
    kept = []
    with Store(path) as store:
        store.open_for(IDENTITY)
        store.base.execute(f"PRAGMA max_page_count = {pages}")
        try:
            for cell in CELLS:
                for first in range(0, RUNS, 4):
                    store.keep([(cell, [outcome(cell, run) for run in range(first, first + 4)])])
                    kept.append((cell, range(first, first + 4)))
        except StoreError as error:
            assert "\n" not in str(error) and str(path) in str(error) and "free some space" in str(error)
            assert "full" in str(error) and " bytes; the disk has " in str(error)
            for cell, runs in kept:  # what is there can be read at once
                done, failed = store.state(cell)
                assert all(run in done or run in failed for run in runs)
            return kept, True
    return kept, False


def out_of_pages(tmp_path, step):
    sweep(tmp_path / "good", runs=RUNS)
    good = content(tmp_path / "good")
    pages = (tmp_path / "good").stat().st_size // 4096
    refused = 0
    for most in range(12, pages + 2, step):
        path = tmp_path / f"x{most}"
        kept, full = until_full(path, most)
        refused += full
        with Store(path, read_only=True) as store:
            assert care.verify(store).sound
            assert sum(care.status(store)[1:3]) == 4 * len(kept)
        sweep(path, runs=RUNS)  # with room again
        assert content(path) == good
    return refused, pages


def test_a_store_that_has_run_out_of_pages_says_so_and_goes_on_with_more(tmp_path):
    refused, pages = out_of_pages(tmp_path, 7)
    assert 2 < refused <= pages


@pytest.mark.validate
def test_a_store_may_run_out_of_room_at_any_page(tmp_path):
    refused, pages = out_of_pages(tmp_path, 1)
    print(f"S5 for the store: refused at {refused} of {pages} limits on pages, acknowledged and unreadable 0")
    assert refused > pages / 2


_LIMITED = """
import resource, sys
from coop_abm.core.errors import StoreError
from tests.sweeps.stores import sweep
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    sweep(sys.argv[1])
except StoreError as error:
    print(error, end="")
    sys.exit(3)
"""


@posix
def test_a_limit_on_the_size_of_files_is_said_and_what_was_kept_is_there(tmp_path):
    path = tmp_path / "x"
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path), "120000"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 3 and done.stderr == "" and "\n" not in done.stdout
    assert str(path) in done.stdout and "free some space" in done.stdout
    with Store(path, read_only=True) as store:
        assert care.verify(store).sound and care.status(store).done > 0
    sweep(path)
    sweep(tmp_path / "good")
    assert content(path) == content(tmp_path / "good")


@posix
@pytest.mark.skipif(os.name == "posix" and os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_refused_for_writing_alone(tmp_path):
    sweep(tmp_path / "in" / "x")
    (tmp_path / "in").chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be made"):
            Store(tmp_path / "in" / "x")
        assert content(tmp_path / "in" / "x")
    finally:
        (tmp_path / "in").chmod(0o700)


def failing(tmp_path, step):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    shim = tmp_path / "failing_writes.so"
    source = HERE / "failing_writes.c"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", str(source), "-o", str(shim), "-ldl"], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.sweeps.failing", str(tmp_path), str(step)], capture_output=True, text=True,
        cwd=HERE.parents[1], env={**os.environ, "LD_PRELOAD": str(shim)}, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_when_a_write_fails_nothing_that_was_acknowledged_is_lost(tmp_path):
    told = failing(tmp_path, 23)
    assert told["tried"] > 5 and told["refused"] > 2


@pytest.mark.validate
def test_any_write_may_fail(tmp_path):
    told = failing(tmp_path, 1)
    print(f"S8 for the store, the n-th write, fsync or truncation fails with ENOSPC or EIO: {told}, lost 0")
    assert told["tried"] > 100
