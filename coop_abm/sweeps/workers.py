"""Processes on this machine: a run that takes its worker with it costs that run and nothing else."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections import deque
from multiprocessing.connection import Connection, wait
from typing import Any

from coop_abm.core.errors import CoopError, InputError, SweepError, quoted
from coop_abm.sweeps.births import Birth, End, Forking, Nursing, Spawning
from coop_abm.sweeps.executor import Loss
from coop_abm.sweeps.parcels import UNGUARDED, refuse_unguarded, unguarded
from coop_abm.sweeps.work import Outcome, Task, Work
from coop_abm.sweeps.worker import READY, read

METHODS: dict[str, type[Birth]] = {"forkserver": Nursing, "spawn": Spawning, "fork": Forking}
#: Forking is not safe with the libraries of macOS, but may be asked for; Windows knows no other than spawn.
METHODS_HERE = {"linux": ("forkserver", "spawn", "fork"), "win32": ("spawn",)}.get(sys.platform, ("spawn", "fork"))
#: So many starts in a row may fail before the sweep stops.
STARTS = 3


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_limit(time_limit: float | None) -> None:
    """Refuse a time limit that is none."""
    if time_limit is not None and not (isinstance(time_limit, int | float) and time_limit > 0):
        raise InputError(f"the time limit must be a number of seconds above 0; got {quoted(time_limit)}")


class _Worker:
    """A process, and the task that it is doing."""

    def __init__(self, process: Any):
        self.process = process
        self.ready = False
        self.task: Task | None = None
        self.deadline = float("inf")


class Workers:
    """Local processes, each with a line of its own to the coordinator.

    Parameters
    ----------
    processes    : how many; None for as many as there are cores
    time_limit   : seconds that one run may take; of a task of several that takes longer, each is to be tried alone
    start_method : "forkserver" forks workers off a process that has imported the model and does nothing else (the
        default on Linux); "spawn" starts each from nothing (the default elsewhere); "fork" copies the coordinator, so
        the model may be defined in a notebook, but threads of the coordinator may leave locks behind
    """

    def __init__(
        self, processes: int | None = None, *, time_limit: float | None = None, start_method: str | None = None
    ):
        refuse_unguarded()
        if processes is not None and (not isinstance(processes, int) or processes < 1):
            raise InputError(f"the number of processes must be a whole number from 1; got {quoted(processes)}")
        check_limit(time_limit)
        start_method = start_method or ("forkserver" if sys.platform == "linux" else "spawn")
        if start_method not in METHODS_HERE:
            raise InputError(f"start_method must be {' or '.join(METHODS_HERE)} here; got {quoted(start_method)}")
        self.slots = usable_cores() if processes is None else processes
        self._limit, self._method = time_limit, METHODS[start_method]
        self._birth: Birth | None = None
        self._workers: list[_Worker] = []
        self._queue: deque[Task] = deque()
        self._failed_starts = 0
        self._stopped_by: CoopError | None = None

    def start(self, work: Work | bytes) -> None:
        """Start as many workers as there are slots; they load the work, or what was made of it by
        :func:`~coop_abm.sweeps.parcels.packed`, while this process goes on.

        Raises
        ------
        InputError
            if the work cannot be sent to other processes
        """
        self.close()
        self._birth = self._method(work)
        while len(self._workers) < self.slots:
            self._workers.append(self._new())

    def submit(self, task: Task) -> None:
        """Take a task; returns at once."""
        self._queue.append(task)
        self._hand_out()

    def collect(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        """Tasks that are over, waiting up to so many seconds for the first of them.

        Raises
        ------
        ModelError, OutputError
            that a run raised and that concerns all runs
        SweepError
            if workers do not start
        """
        ends = time.monotonic() + timeout
        over: list[tuple[Task, list[Outcome] | Loss]] = []
        while not over and not self._stopped_by:
            self._hand_out()
            if not self._queue and not any(worker.task for worker in self._workers):
                break
            until = min(ends, *(worker.deadline for worker in self._workers))
            over = self._heard(max(0.0, until - time.monotonic()))
            if time.monotonic() >= ends:
                break
        if self._stopped_by and not over:  # what else came with it has been handed over
            stopped_by, self._stopped_by = self._stopped_by, None
            raise stopped_by
        return over

    def close(self) -> None:
        """Kill all workers and wait until they are gone; safe to call twice."""
        workers, self._workers = self._workers, []
        birth, self._birth = self._birth, None
        self._queue.clear()
        self._stopped_by, self._failed_starts = None, 0
        for worker in workers:
            worker.process.kill()
        if birth:
            birth.close()
        for worker in workers:
            worker.process.close()

    # --------------------------------------------------------------------------- one round of listening

    def _heard(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        ends = [end for worker in self._workers for end in (worker.process.line, worker.process.sentinel)]
        ready = set(wait(ends, timeout))
        now = time.monotonic()
        over: list[tuple[Task, list[Outcome] | Loss]] = []
        for worker in list(self._workers):
            process, task = worker.process, worker.task
            dead = process.sentinel in ready
            if not dead and process.line not in ready and worker.deadline > now:
                continue
            heard = _word_of(process.line)  # before its death is looked at: it may have answered and then died
            if heard is None:
                late = not dead and process.line not in ready
                loss = self._lost(worker, f"took longer than {self._limit:g} s" if late else "")
                if task:
                    over.append((task, loss))
            elif heard == READY:
                worker.ready, self._failed_starts = True, 0
            elif task:
                worker.task, worker.deadline = None, float("inf")
                try:
                    over.append((task, read(task, heard)))
                except CoopError as error:
                    self._stopped_by = self._stopped_by or error
        return over

    def _hand_out(self) -> None:
        for worker in list(self._workers):
            if not self._queue:
                return
            if worker.ready and not worker.task:
                task = self._queue[0]
                try:
                    worker.process.line.send_bytes(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
                except OSError:  # it died while it had nothing to do
                    self._lost(worker, "")
                    continue
                worker.task = self._queue.popleft()
                if self._limit:
                    worker.deadline = time.monotonic() + self._limit

    # --------------------------------------------------------------------------- births and deaths

    def _new(self) -> _Worker:
        assert self._birth is not None
        try:
            return _Worker(self._birth.worker())
        except OSError as error:
            raise SweepError(f"cannot start {self.slots} workers: {error.strerror or error}") from None

    def _lost(self, worker: _Worker, cause: str) -> Loss:
        """Put another worker in the place of one that died, or took too long if there is a cause."""
        assert self._birth is not None
        worker.process.kill()
        code = worker.process.exit_code()
        worker.process.close()
        self._workers.remove(worker)
        loss = Loss(cause or died(code), final=bool(cause) and worker.task is not None and worker.task.runs == 1)
        end = End(code, "") if code is not None else self._birth.ended(worker.process)
        if end and not worker.ready:
            self._failed_starts += 1
            if end.code == UNGUARDED:
                self.close()
                raise unguarded()
            if end.said or self._failed_starts >= STARTS:
                self.close()
                raise SweepError(f"workers cannot start: {end.said or died(end.code)}")
        self._workers.append(self._new())
        return loss


def _word_of(line: Connection) -> bytes | None:
    """The next message on a line; None if there is none and, after a death, never will be."""
    try:
        return line.recv_bytes() if line.poll() else None
    except (EOFError, OSError):
        return None


def died(code: int | None) -> str:
    """How a worker ended, in words."""
    if code is None:
        return "worker died (with the process that had started it)"
    return f"worker died (signal {-code})" if code < 0 else f"worker died (exit code {code})"
