"""A Dask cluster does what this very process does, whoever of it dies. One cluster serves all tests."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coop_abm.core.errors import CallFailed, InputError, SweepError
from coop_abm.sweeps.dask import Dask
from coop_abm.sweeps.executor import Inline, Loss
from tests.sweeps.deeds import Deeds, NeverLoads, done, tasks, values

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are kept apart from Dask's processes on Linux")


@pytest.fixture(scope="module")
def local():
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), before])
    executor = Dask("local", workers=2)
    executor.start(Deeds())
    yield executor
    executor.close()
    os.environ["PYTHONPATH"] = before


@pytest.fixture
def client(local):
    with distributed.Client(local._cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def made(client):
    executors = []

    def make(cluster=client, **options):
        executors.append(Dask(cluster, **options))
        return executors[-1]

    yield make
    for executor in executors:
        executor.close()


def test_outcomes_are_those_of_this_very_process(local, made):
    work, given = Deeds(), [*tasks(runs=3), *tasks("raise", at=2), *tasks("sys.exit", number=2)]
    expected = done(Inline(), work, given)
    for cluster in (local._cluster, local._cluster.scheduler_address):
        assert done(made(cluster), work, given) == expected


def test_two_tasks_wait_for_each_thread(made):
    executor = made()
    executor.start(Deeds())
    assert executor.slots == 4


def test_a_run_that_kills_its_process_costs_that_run_alone(made):
    found = done(made(), Deeds(), tasks("kill", number=8, at=3))
    assert found.pop(3) == Loss("worker died (signal 9)")
    assert [values(outcomes) for outcomes in found] == [[i] for i in (0, 1, 2, 4, 5, 6, 7)]


def test_a_run_that_takes_too_long_is_lost_for_good(made):
    found = done(made(time_limit=0.5), Deeds(), tasks("compute", number=3, at=1))
    assert found.pop(1) == Loss("took longer than 0.5 s", final=True)
    assert [values(outcomes) for outcomes in found] == [[0], [2]]


def test_errors_that_concern_all_runs_come_back_as_themselves(made):
    with pytest.raises(CallFailed) as caught:
        done(made(), Deeds(), tasks("no money", number=3))
    assert caught.value.status == 402
    with pytest.raises(SweepError, match="No module named 'not_here'"):
        done(made(), NeverLoads(), tasks())


def test_what_no_other_module_knows_travels_by_value(made):
    class Inside(Deeds):
        pass

    assert values(done(made(), Inside(lambda: 0), tasks(number=1))[0]) == [0]


def test_a_process_of_dask_that_dies_costs_nothing(made, client):
    work, given = Deeds(), tasks("sleep", number=20)
    executor = made()
    executor.start(work)
    processes = client.run(os.getpid)
    left, over, under_way, killed = list(given), {}, 0, False
    while left or under_way:
        while left and under_way < executor.slots:
            executor.submit(left.pop(0))
            under_way += 1
        for task, outcomes in executor.collect(1):
            over[task.first] = outcomes
            under_way -= 1
        if len(over) >= 4 and not killed:
            os.kill(next(iter(processes.values())), signal.SIGKILL)
            killed = True
    assert [values(over[i]) for i in range(20)] == [[i] for i in range(20)]
    client.wait_for_workers(2, timeout=30)


def test_closing_ends_the_workers_beside_dask(made, client):
    executor = made()
    executor.start(Deeds())
    for task in tasks("loop", number=2):
        executor.submit(task)
    beside, patience = set(), time.monotonic() + 20
    while len(beside) < 4:  # a nursery and a worker for each of two
        assert time.monotonic() < patience
        executor.collect(0.1)
        beside = _below(client)
    executor.close()
    while _below(client):
        assert time.monotonic() < patience
        time.sleep(0.05)


def _below(client):
    """Processes that those of Dask have started."""
    return {pid for each in client.run(_descendants).values() for pid in each}


def _descendants():
    import psutil

    return [child.pid for child in psutil.Process().children(recursive=True) if not _tracker(child)]


def _tracker(process):
    """Is this a process that multiprocessing keeps as long as its parent lives?"""
    import psutil

    try:
        return "resource_tracker" in "".join(process.cmdline())
    except psutil.Error:
        return False


def test_a_scheduler_that_goes_away_stops_the_sweep():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", host="127.0.0.1",
        dashboard_address=None, scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}, silence_logs=logging.CRITICAL,
    ) as cluster:  # fmt: skip
        executor = Dask(cluster)
        executor.start(Deeds())
        executor.submit(tasks("loop")[0])
        executor.collect(0.2)
        cluster.close()
        with pytest.raises(SweepError, match="scheduler of this sweep is gone; what was done is kept"):
            while True:
                executor.collect(1)
        executor.close()


def test_nobody_there_is_one_line(monkeypatch):
    monkeypatch.setattr("coop_abm.sweeps.dask._PATIENCE", 0.5)
    with pytest.raises(SweepError, match=r"'tcp://127.0.0.1:9'.* cannot be used") as caught:
        Dask("tcp://127.0.0.1:9").start(Deeds())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"cluster": "fast"}, {"workers": 0}, {"cluster": "tcp://a:1", "workers": 2}])
def test_bad_options_are_refused(options):
    with pytest.raises(InputError):
        Dask(**options)


def ran(folder, guard):
    script = folder / "study.py"
    script.write_text(SCRIPT.format(guard=guard))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, env=environment)


@pytest.mark.validate
def test_a_script_may_hold_its_own_model(tmp_path):
    script = ran(tmp_path, 'if __name__ == "__main__":')
    assert (script.stdout, script.stderr) == ("done\n", "")


@pytest.mark.validate
def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = ran(tmp_path, "if True:")
    assert script.stderr.count("Traceback") == 1  # of the script's own, which does not catch the error
    assert "start the sweep under `if __name__ == '__main__':`?" in script.stderr.splitlines()[-1]


SCRIPT = """
from coop_abm.sweeps.dask import Dask
from tests.sweeps.deeds import Deeds, tasks, values
class Mine(Deeds):
    pass
{guard}
    executor = Dask("local", workers=1)
    executor.start(Mine())
    executor.submit(tasks()[0])
    while not (over := executor.collect(1)):
        pass
    executor.close()
    print("done")
"""
