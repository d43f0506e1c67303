"""The part of a sweep that lives in the processes of a Dask cluster."""

from __future__ import annotations

import contextlib
import pickle
import sys
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from distributed import WorkerPlugin, get_worker

from coop_abm.core.errors import CoopError, SweepError
from coop_abm.sweeps.executor import Loss
from coop_abm.sweeps.work import Outcome, Task
from coop_abm.sweeps.worker import answer, read, travelling
from coop_abm.sweeps.workers import Workers


class Beside(WorkerPlugin):
    """Every process of a cluster has the work, and does its tasks in a worker beside it for each of its threads."""

    def __init__(self, parcel: bytes, time_limit: float | None):
        self.parcel, self.time_limit = parcel, time_limit

    def setup(self, worker: Any) -> None:
        """Nothing is loaded before the first task, whose error says which package is missing here."""
        self._idle: SimpleQueue[Workers] = SimpleQueue()
        self._over = Event()

    def teardown(self, worker: Any) -> None:
        """End the workers that have nothing to do; the others are ended by the thread that waits for them."""
        self._over.set()
        self._close_idle()

    def _close_idle(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def perform(self, task: Task) -> list[Outcome] | Loss:
        """Do a task in an idle worker, or in a new one."""
        try:
            workers = self._idle.get_nowait()
        except Empty:
            workers = Workers(1, time_limit=self.time_limit, start_method="forkserver")
            workers.start(self.parcel)
        try:
            reply = self._reply(workers, task)
        except BaseException:
            workers.close()
            raise
        self._idle.put(workers)
        if self._over.is_set():  # it ended just now
            self._close_idle()
        return reply

    def _reply(self, workers: Workers, task: Task) -> list[Outcome] | Loss:
        workers.submit(task)
        while not self._over.is_set():
            for _, reply in workers.collect(0.2):
                return reply
        raise SweepError("the sweep has ended")


def perform(name: str, task: Task) -> list[Outcome] | Loss | Exception:
    """What Dask is asked to call: do a task of the sweep of this name. Errors are returned, so Dask logs none."""
    beside: Any = get_worker().plugins[name]
    try:
        if sys.platform == "linux":
            return beside.perform(task)
        if beside.time_limit is not None:
            return SweepError("a time limit on a Dask cluster needs workers that run Linux")
        return read(task, answer(pickle.loads(beside.parcel), task))
    except CoopError as error:
        return travelling(error)
