"""Work for the tests of executors: runs that behave, and runs that do not."""

import ctypes
import os
import pickle
import random
import signal
import sys
import time

from coop_abm.core.errors import CallFailed, OutputError
from coop_abm.sweeps.work import Cell, Outcome, Table, Task, hash_of


class Deeds:
    """Each run does what the parameter `deed` of its cell says; `at` names the only replicate that does, if not all."""

    identity = {"work": "deeds"}

    def __init__(self, ballast=b""):
        self.ballast = ballast

    def cell(self, parameters):
        return Cell(dict(parameters), hash_of([self.identity, dict(parameters)]))

    def source(self, cell, replicate):
        return 1000 + replicate

    def most_together(self, cell):
        return 10

    def perform(self, task):
        return [self._run(task.cell, task.first + i) for i in range(task.runs)]

    def _run(self, cell, replicate):
        value = replicate
        if cell.parameters.get("at", replicate) == replicate:
            value = DEEDS[cell.parameters.get("deed", "behave")](replicate)
        return Outcome(replicate, self.source(cell, replicate), (Table(("Step", "value"), [(1, value)]),))


def kill_self(_):
    os.kill(os.getpid(), signal.SIGKILL)


def compute_for_ever(_):
    """Hold the interpreter in compiled code, so that no other thread of this process gets a turn."""
    ctypes.PyDLL(None).sleep(600)


def loop_for_ever(_):
    while True:
        pass


def outgrow(_):
    """Ask for more memory than this process may have, and be killed for it as the kernel would."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    try:
        return len(bytearray(2**31))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)


def fail_to_allocate(_):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    return len(bytearray(2**31))


def refuse(_):
    raise OutputError("the journal's folder is full")


def lose_the_model(_):
    raise CallFailed("quota", "no money left", status=402)


def interrupt(_):
    raise KeyboardInterrupt


def print_something(replicate):
    print(f"run {replicate} says so")
    return replicate


def draw_globally(_):
    import numpy as np

    time.sleep(0.1)
    return random.random(), float(np.random.random())  # noqa: NPY002 - that is the point


class _NotReadAgain:
    def __reduce__(self):
        return int, ("no number",)


DEEDS = {
    "behave": lambda replicate: replicate,
    "raise": lambda replicate: 1 // 0,
    "sys.exit": lambda replicate: sys.exit(3),
    "os._exit": lambda replicate: os._exit(3),
    "kill": kill_self,
    "compute": compute_for_ever,
    "loop": loop_for_ever,
    "sleep": lambda replicate: time.sleep(0.2) or replicate,
    "outgrow": outgrow,
    "memory": fail_to_allocate,
    "refuse": refuse,
    "no money": lose_the_model,
    "interrupt": interrupt,
    "lambda": lambda replicate: lambda: 0,
    "large": lambda replicate: "x" * 50_000_000,
    "threads": lambda replicate: os.environ.get("OMP_NUM_THREADS", ""),
    "not read again": lambda replicate: _NotReadAgain(),
    "global draws": draw_globally,
    "pid": lambda replicate: os.getpid(),
    "print": print_something,
}


class NeverLoads(Deeds):
    """Work that no process can read."""

    def __reduce__(self):
        return _cannot_load, ()


def _cannot_load():
    raise ModuleNotFoundError("No module named 'not_here'")


class DiesAtLoading(Deeds):
    """Work whose reading kills the process."""

    def __reduce__(self):
        return _die, ()


def _die():
    os._exit(9)


def done(executor, work, tasks, *, until=30.0):
    """A minimal loop: everything that became of these tasks, in their order."""
    executor.start(work)
    left, over, ends = list(tasks), {}, time.monotonic() + until
    under_way = 0
    while left or under_way:
        while left and under_way < executor.slots:
            executor.submit(left.pop(0))
            under_way += 1
        for task, outcome in executor.collect(1.0):
            over[task.cell.hash, task.first] = outcome
            under_way -= 1
        assert time.monotonic() < ends, "this takes too long"
    return [over[task.cell.hash, task.first] for task in tasks]


def tasks(deed="behave", number=4, runs=1, **parameters):
    """So many tasks of one cell."""
    cell = Deeds().cell({"deed": deed, **parameters})
    return [Task(cell, i * runs, runs) for i in range(number)]


def values(outcomes):
    """The value that each run reports."""
    return [outcome.tables[0].rows[0][1] for outcome in outcomes]


def roundtrip(thing):
    """What another process would get."""
    return pickle.loads(pickle.dumps(thing))
