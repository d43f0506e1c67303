"""Local processes: a run that takes its worker with it costs that run and nothing else."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from coop_abm.core.errors import CallFailed, InputError, OutputError, SweepError
from coop_abm.sweeps.executor import Inline, Loss
from coop_abm.sweeps.parcels import packed
from coop_abm.sweeps.workers import METHODS_HERE, Workers
from tests.sweeps.deeds import Deeds, DiesAtLoading, NeverLoads, done, tasks, values

LINUX = sys.platform == "linux"
#: The default in the ordinary suite, the others when asked for.
FEW_METHODS = [METHODS_HERE[0], *(pytest.param(each, marks=pytest.mark.validate) for each in METHODS_HERE[1:])]
needs_linux = pytest.mark.skipif(not LINUX, reason="looks at /proc")


@pytest.fixture
def pool():
    made = []

    def make(processes=2, **options):
        made.append(Workers(processes, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def children():
    """Processes that this one has started, and theirs; the tracker of multiprocessing lives as long as its process."""
    found, look_at = [], [os.getpid()]
    while look_at:
        pid = look_at.pop()
        for task in Path(f"/proc/{pid}/task").glob("*"):
            each = [int(child) for child in (task / "children").read_text().split()]
            look_at += each
            found += each
    return {pid for pid in found if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()}


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ------------------------------------------------------------------------------- the same everywhere


@pytest.mark.parametrize("method", METHODS_HERE)
def test_outcomes_are_those_of_this_very_process(pool, method):
    work, given = Deeds(), [*tasks(runs=3), *tasks("raise", at=2), *tasks("sys.exit", number=2)]
    assert done(pool(start_method=method), work, given) == done(Inline(), work, given)


def test_a_pool_can_be_started_again_and_closed_twice(pool):
    workers = pool(1)
    assert done(workers, Deeds(), tasks(number=1)) == done(workers, Deeds(b"other"), tasks(number=1))
    workers.close()
    workers.close()


def test_nothing_under_way_is_nothing_to_wait_for(pool):
    workers = pool(1)
    workers.start(Deeds())
    before = time.monotonic()
    assert workers.collect(60) == []
    assert time.monotonic() - before < 30


def test_results_and_parameters_that_fill_every_pipe_do_not_lock_up(pool):
    workers = pool()
    cell_of_5_mb = tasks("behave", number=3, graph="x" * 5_000_000)
    first, second = done(workers, Deeds(b"x" * 5_000_000), [*tasks("large", number=2), *cell_of_5_mb])[:2]
    assert [len(value) for value in values(first + second)] == [50_000_000] * 2


def test_numeric_packages_of_workers_get_one_thread_and_this_process_keeps_its_own(pool, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    for method in METHODS_HERE:
        assert values(done(pool(1, start_method=method), Deeds(), tasks("threads", number=1))[0]) == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.skipif(not LINUX, reason="workers are forked there")
def test_workers_do_not_share_the_global_streams_of_numpy_and_random(pool):
    found = done(pool(2), Deeds(np.zeros(1)), tasks("global draws", number=4))  # numpy is there before they are forked
    drawn = [values(outcomes)[0] for outcomes in found]
    assert [len(set(stream)) for stream in zip(*drawn)] == [4, 4]


def test_what_a_model_prints_is_not_lost_when_its_worker_is_killed(pool, capfd):
    workers = pool(1)
    done(workers, Deeds(), tasks("print", number=2))
    workers.close()
    assert capfd.readouterr().out.splitlines() == ["run 0 says so", "run 1 says so"]


# ------------------------------------------------------------------------------- deaths


@pytest.mark.parametrize("method", FEW_METHODS)
@pytest.mark.parametrize(
    ("deed", "cause"),
    [
        ("kill", "worker died (signal 9)"),
        ("os._exit", "worker died (exit code 3)"),
        ("outgrow", "worker died (signal 9)"),
    ],
)
def test_a_run_that_kills_its_worker_costs_that_run_alone(pool, method, deed, cause):
    found = done(pool(start_method=method), Deeds(), tasks(deed, number=6, at=2))
    assert found[2] == Loss(cause)
    assert [values(found[i]) for i in (0, 1, 3, 4, 5)] == [[0], [1], [3], [4], [5]]


def test_a_poison_run_is_lost_at_every_try_and_the_pool_goes_on(pool):
    workers = pool()
    for _ in range(4):
        assert done(workers, Deeds(), tasks("kill", number=1)) == [Loss("worker died (signal 9)")]
    assert values(done(workers, Deeds(), tasks(number=1))[0]) == [0]


@needs_linux
def test_a_nursery_that_is_killed_is_replaced(pool):
    workers = pool()
    workers.start(Deeds())
    for task in tasks("sleep", number=2):
        workers.submit(task)
    workers.collect(0.1)
    os.kill(workers._birth._nursery._process.pid, signal.SIGKILL)
    over = []
    while len(over) < 2:
        over += workers.collect(1)
    assert {reply.cause for _, reply in over if isinstance(reply, Loss)} <= {
        "worker died (signal 9)", "worker died (with the process that had started it)"
    }  # fmt: skip
    workers.submit(tasks()[0])
    assert values(workers.collect(20)[0][1]) == [0]


def test_a_model_that_runs_out_of_memory_or_interrupts_is_no_death(pool):
    workers = pool(1)
    assert done(workers, Deeds(), tasks("memory", number=1))[0][0].cause.startswith("MemoryError")
    assert done(workers, Deeds(), tasks("interrupt", number=1)) == [Loss("KeyboardInterrupt: ", final=True)]


def test_results_that_cannot_travel_are_a_failure_of_their_run(pool):
    workers = pool(1)
    (found,) = done(workers, Deeds(), tasks("lambda", number=1, runs=2, at=1))
    assert values(found[:1]) == [0]
    assert found[1].cause.startswith("its results cannot be sent between processes")
    (found,) = done(workers, Deeds(), tasks("not read again", number=1))
    assert found.final
    assert found.cause.startswith("its results cannot be read")


def test_workers_that_die_while_idle_are_replaced(pool):
    workers = pool(1)
    ((outcome,),) = done(workers, Deeds(), tasks("pid", number=1))
    os.kill(values([outcome])[0], signal.SIGKILL)
    time.sleep(0.05)
    for task in tasks(number=2):
        workers.submit(task)
    over = []
    while len(over) < 2:
        over += workers.collect(1)
    assert all(isinstance(each, list) or each.cause == "worker died (signal 9)" for _, each in over)


@pytest.mark.parametrize("deed", ["loop", "compute"])
def test_a_run_that_takes_too_long_is_lost_for_good(pool, deed):
    workers = pool(time_limit=0.4)
    found = done(workers, Deeds(), tasks(deed, number=3, at=1))
    assert found[1] == Loss("took longer than 0.4 s", final=True)
    assert [values(found[i]) for i in (0, 2)] == [[0], [2]]
    # One of very many: nobody waits as long as all of them might take.
    assert done(workers, Deeds(), tasks(deed, number=1, runs=2_000, at=1)) == [Loss("took longer than 0.4 s")]


@pytest.mark.parametrize(("deed", "kind"), [("refuse", OutputError), ("no money", CallFailed)])
def test_an_error_that_concerns_all_runs_comes_back_as_itself(pool, deed, kind):
    with pytest.raises(kind) as caught:
        done(pool(1), Deeds(), tasks(deed, number=2))
    assert kind is OutputError or (caught.value.kind, caught.value.status) == ("quota", 402)


# ------------------------------------------------------------------------------- what cannot be


def test_workers_that_never_start_stop_the_sweep_with_the_cause(pool):
    with pytest.raises(SweepError, match=r"^workers cannot start: ModuleNotFoundError: No module named 'not_here'$"):
        done(pool(start_method=METHODS_HERE[0]), NeverLoads(), tasks())


@pytest.mark.parametrize("method", [method for method in METHODS_HERE if method != "fork"])
def test_workers_that_die_before_they_are_ready_are_not_tried_for_ever(pool, method):
    with pytest.raises(SweepError, match=r"^workers cannot start: .*exit code 9"):
        done(pool(start_method=method), DiesAtLoading(), tasks())


def test_work_that_cannot_be_pickled_is_refused_in_one_line():
    class Inside(Deeds):
        pass

    with pytest.raises(InputError, match=r"cannot be sent .* it is defined inside a function"):
        packed(Inside())
    with pytest.raises(InputError, match="it is a lambda"):
        packed(Deeds(lambda: 0))
    with pytest.raises(InputError, match="cannot be sent to other processes: TypeError"):
        packed(Deeds(threading.Lock()))


@pytest.mark.parametrize(
    "options",
    [
        {"processes": 0},
        {"processes": 1.5},
        {"time_limit": 0},
        {"time_limit": -1},
        {"time_limit": "5"},
        {"start_method": "hope"},
    ],
)
def test_bad_numbers_are_refused(options):
    with pytest.raises(InputError, match="must be"):
        Workers(**options)


# ------------------------------------------------------------------------------- nothing is left

SCRIPT = """
import sys
from coop_abm.core.errors import CoopError
from coop_abm.sweeps.workers import Workers
from tests.sweeps.deeds import Deeds, tasks
class Mine(Deeds):
    "A model of the script's own."
{guard}
    try:
        workers = Workers(2, start_method={method!r})
        workers.start(Mine())
        for task in tasks({deed!r}, number=2):
            workers.submit(task)
        print("under way", flush=True)
        print(workers.collect(30), flush=True)
        workers.close()
    except CoopError as error:
        sys.exit(str(error))
"""


def script(folder, *, guard='if __name__ == "__main__":', deed="behave", method=METHODS_HERE[0]):
    path = folder / "study.py"
    path.write_text(SCRIPT.format(guard=guard, deed=deed, method=method))
    return [sys.executable, str(path)]


def surroundings():
    root = str(Path(__file__).parents[2])
    return os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}


@needs_linux
@pytest.mark.parametrize("method", METHODS_HERE)
def test_close_leaves_no_process_and_no_open_pipe(pool, method):
    done(pool(2, start_method=method), Deeds(), tasks(number=1)).clear()  # whatever stays for good is open by now
    before, open_files = children(), len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        workers = pool(2, start_method=method)
        workers.start(Deeds())
        for task in tasks("loop", number=2):
            workers.submit(task)
        patience = time.monotonic() + 20
        while len(children() - before) < 2 + (method == "forkserver"):
            assert time.monotonic() < patience
            workers.collect(0.05)
        workers.close()
        del workers
        gc.collect()
    patience = time.monotonic() + 20
    while left := children() - before:
        assert time.monotonic() < patience, {pid: Path(f"/proc/{pid}/status").read_text() for pid in left}
        time.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) == open_files


@needs_linux
@pytest.mark.parametrize("method", FEW_METHODS)
@pytest.mark.parametrize("ended_by", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.validate)])
@pytest.mark.parametrize("deed", ["compute", pytest.param("loop", marks=pytest.mark.validate)])
def test_workers_end_with_a_coordinator_that_is_killed(tmp_path, method, ended_by, deed):
    coordinator = subprocess.Popen(
        script(tmp_path, deed=deed, method=method), stdout=subprocess.PIPE, env=surroundings(), cwd=tmp_path
    )
    with coordinator, coordinator.stdout as out:
        assert out.readline() == b"under way\n"
        family, patience = set(), time.monotonic() + 20
        while len(family) < (3 if method == "forkserver" else 2) or time.monotonic() < patience - 19:
            family = set(_descendants(coordinator.pid))
            assert time.monotonic() < patience
            time.sleep(0.1)
        os.kill(coordinator.pid, ended_by)
        coordinator.wait()
    patience = time.monotonic() + 10
    while any(alive(pid) for pid in family):
        assert time.monotonic() < patience, "a worker lives on"
        time.sleep(0.02)


INTERRUPTED = """
import os, signal
from coop_abm.sweeps.workers import Workers
from tests.sweeps.deeds import Deeds, done, tasks
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
if __name__ == "__main__":
    workers = Workers(2, start_method={method!r})
    workers.start(Deeds())
    os.killpg(0, signal.SIGINT)
    print(len(done(workers, Deeds(), tasks("sleep", number=4))), heard)
    os.killpg(0, signal.SIGINT)
    workers.close()
"""


@needs_linux
@pytest.mark.parametrize("method", FEW_METHODS)
def test_an_interrupt_is_for_the_coordinator_alone(tmp_path, method):
    path = tmp_path / "study.py"
    path.write_text(INTERRUPTED.format(method=method))
    ran = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env=surroundings(),
        start_new_session=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "4 [1]\n")


def _descendants(pid):
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


@pytest.mark.parametrize("method", [m for m in METHODS_HERE if m != "fork"])
def test_a_script_that_guards_its_sweep_may_hold_its_own_model(tmp_path, method):
    ran = subprocess.run(
        script(tmp_path, method=method), capture_output=True, text=True, env=surroundings(), timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Outcome(replicate=" in ran.stdout


@pytest.mark.parametrize("method", [m for m in METHODS_HERE if m != "fork"])
def test_a_script_without_a_guard_is_told_so_in_one_line(tmp_path, method):
    ran = subprocess.run(
        script(tmp_path, guard="if True:", method=method),
        capture_output=True,
        text=True,
        env=surroundings(),
        timeout=60,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("'study.py' starts a sweep whenever it is imported")
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stdout == "under way\n"


@pytest.mark.skipif("fork" not in METHODS_HERE, reason="no fork here")
def test_a_model_of_a_notebook_needs_fork_and_is_told_so(tmp_path):
    for method, said in ((METHODS_HERE[0], "it is defined in a notebook or at a prompt"), ("fork", "")):
        code = Path(script(tmp_path, method=method)[1]).read_text()
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=surroundings(), timeout=60
        )
        assert said in ran.stderr
        assert bool(said) == bool(ran.returncode)
        assert len(ran.stderr.splitlines()) == bool(said)
