"""The same sweep on a Dask cluster, parts of which are killed: the same export."""

import json
import logging
import os
import signal
import sys
import time

import pytest

from tests.faults.patients import LOG, SECONDS
from tests.faults.sweeping import (
    PATIENT,
    command,
    digest_of,
    ended,
    executions,
    most_often,
    ran,
    runs_begin,
    say,
    started,
    untouched,
    wait_until,
)  # fmt: skip

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.validate,
    pytest.mark.skipif(sys.platform != "linux", reason="runs are kept apart from Dask's processes on Linux"),
]

SWEEP = {"grid": "x=0:9:10", "replicates": 20}


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    monkeypatch.setenv(LOG, str(tmp_path / "log"))  # the runs happen in processes of the cluster
    monkeypatch.setenv(SECONDS, "0.1")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}, local_directory=str(tmp_path / "dask"),
        silence_logs=logging.CRITICAL,
    ) as cluster:  # fmt: skip
        yield cluster


def test_a_dask_worker_that_is_killed_costs_nothing(cluster, tmp_path, capsys, monkeypatch):
    store, log = tmp_path / "dask.sqlite", tmp_path / "log"
    with distributed.Client(cluster, set_as_default=False) as client:
        processes = list(client.run(os.getpid).values())
    process = started(command(PATIENT, store, "--dask", cluster.scheduler_address, **SWEEP))
    assert runs_begin(process, log, 20)
    os.kill(processes[0], signal.SIGKILL)
    end = ended(process)
    assert end.returncode == 0, end.stderr
    begun = executions(log)
    local, whole = tmp_path / "local.sqlite", tmp_path / "whole.sqlite"
    assert ran(command(PATIENT, local, "--workers", "2", **SWEEP), env={LOG: "", SECONDS: "0"}).returncode == 0
    alone = tmp_path / "alone.sqlite"
    end = ran(command(PATIENT, alone, "--dask", "local", "--workers", "2", **SWEEP), env={LOG: "", SECONDS: "0"})
    assert end.returncode == 0, end.stderr
    monkeypatch.setenv(LOG, "")
    monkeypatch.setenv(SECONDS, "")
    found = [digest_of(store), digest_of(local), digest_of(alone), untouched(PATIENT, whole, **SWEEP)]
    say(capsys, "S11 a Dask worker is killed", {
        "equal": found.count(found[-1]), "of": len(found), "runs": len(set(begun)), "executions": len(begun),
        "most_of_one_run": most_often(begun),
    })  # fmt: skip
    assert len(set(found)) == 1 and len(set(begun)) == 200
    assert len(begun) <= 200 + 4  # what the process that was killed had been given


def test_a_scheduler_that_is_gone_is_one_line_and_the_sweep_goes_on_elsewhere(tmp_path, capsys):
    store, log = tmp_path / "dask.sqlite", tmp_path / "log"
    env = {LOG: str(log), SECONDS: "0.1"}
    address = tmp_path / "scheduler.json"
    scheduler = started(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard", "--scheduler-file", str(address)]
    )  # fmt: skip
    worker = started(
        [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(address), "--nthreads", "1",
         "--no-nanny", "--local-directory", str(tmp_path / "dask"), "--no-dashboard"], env=env,
    )  # fmt: skip
    try:
        assert wait_until(scheduler, lambda: address.exists() and address.stat().st_size > 0)
        where = json.loads(address.read_text())["address"]
        process = started(command(PATIENT, store, "--dask", where, **SWEEP))
        assert runs_begin(process, log, 20)
        os.killpg(scheduler.pid, signal.SIGKILL)
        began = time.monotonic()
        end = ended(process)
        seconds = time.monotonic() - began
    finally:
        for each in (scheduler, worker):
            if each.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
            each.communicate()
    assert end.returncode == 1 and len(end.stderr.splitlines()) == 1, end.stderr
    assert "scheduler of this sweep is gone" in end.stderr
    assert ran(command(PATIENT, store, "--workers", "2", **SWEEP)).returncode == 0
    equal = digest_of(store) == untouched(PATIENT, tmp_path / "whole.sqlite", **SWEEP)
    say(capsys, "S11 a scheduler is killed", {"told_after_s": seconds, "equal": int(equal)})
    assert equal
