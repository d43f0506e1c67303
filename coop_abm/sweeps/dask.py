"""A Dask cluster: on this machine, or wherever a scheduler listens.

A run does not happen in Dask's own process but in a worker beside it, as on this machine alone. So a run that takes
its process along, or too long, costs that run: for Dask nothing has died, and nothing else that it had given to the
same process is lost or becomes suspect. What dies of Dask's own Dask does again.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import tempfile
import time
from typing import Any
from uuid import uuid4

from coop_abm.core.errors import CoopError, InputError, MissingExtra, SweepError, quoted
from coop_abm.sweeps.executor import Loss
from coop_abm.sweeps.parcels import main_file, refuse_unguarded
from coop_abm.sweeps.work import Outcome, Task, Work, told
from coop_abm.sweeps.workers import check_limit, usable_cores

#: How long to wait for a scheduler to answer, in seconds.
_PATIENCE = 10.0
#: How often to ask how many threads there are, in seconds.
_REFRESH = 5.0
#: Where a client that we made tells, at length, what is said here in one line.
_LOG = logging.getLogger("distributed.client")


class Dask:
    """Tasks go to a Dask cluster.

    Parameters
    ----------
    cluster    : "local" for processes on this machine, the address of a scheduler ("tcp://..."), or a Client or
        Cluster of distributed, which stays open afterwards
    workers    : how many processes of a local cluster; None for as many as there are cores
    time_limit : seconds that one run may take; of a task of several that takes longer, each is to be tried alone

    Raises
    ------
    MissingExtra
        if distributed is not installed
    """

    def __init__(self, cluster: Any = "local", *, workers: int | None = None, time_limit: float | None = None):
        refuse_unguarded()
        try:
            import distributed
        except ImportError:
            raise MissingExtra("distributed: pip install coop-abm[distributed]") from None
        if isinstance(cluster, str) and cluster != "local" and "://" not in cluster:
            raise InputError(f'dask must be "local" or an address like "tcp://host:8786"; got {quoted(cluster)}')
        if workers is not None and (cluster != "local" or not isinstance(workers, int) or workers < 1):
            raise InputError(f"workers is for a local cluster, and a whole number from 1; got {quoted(workers)}")
        if isinstance(cluster, distributed.Client) and cluster.asynchronous:
            raise InputError("this Dask client is asynchronous; give one that is not, or the address of its scheduler")
        check_limit(time_limit)
        self._given, self._processes, self._limit = cluster, workers or usable_cores(), time_limit
        self.slots = 2 * self._processes if cluster == "local" else 2
        self._client: Any = None
        self._cluster: Any = None
        self._folder = ""
        self._name = ""
        self._log_level: int | None = None
        self._done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._under_way: dict[Any, Task] = {}
        self._stopped_by: CoopError | None = None
        self._asked = 0.0

    def start(self, work: Work) -> None:
        """Connect, and give every process of the cluster the work, those to come as well.

        Raises
        ------
        SweepError
            if nobody answers, or the cluster cannot take the work
        """
        import cloudpickle

        self.close()
        try:
            parcel = cloudpickle.dumps(work)
        except Exception as error:  # noqa: BLE001 - anything may be raised by a model that does not want to be pickled
            raise InputError(f"this model cannot be sent to other processes: {told(error)}") from None
        try:
            self._connect()
            self._name = f"coop_abm-{uuid4().hex}"
            from coop_abm.sweeps.dask_worker import Beside

            self._client.register_plugin(Beside(parcel, self._limit), name=self._name)
        except Exception as error:  # noqa: BLE001 - the errors of all workers of a cluster come through here
            self.close()
            where = quoted(self._given) if isinstance(self._given, str) else "that was given"
            # Its processes import the script that was run, and Dask does not tell how they ended.
            hint = "; does its script start the sweep under `if __name__ == '__main__':`?" if main_file() else ""
            hint = hint if self._given == "local" else ""
            raise SweepError(f"the Dask cluster {where} cannot be used: {told(error)}{hint}") from None
        self._count()

    def submit(self, task: Task) -> None:
        """Hand a task to the scheduler."""
        from coop_abm.sweeps.dask_worker import perform

        future = self._client.submit(perform, self._name, task, pure=False, retries=0)
        self._under_way[future] = task
        future.add_done_callback(self._done.put)

    def collect(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        """Tasks that are over, waiting up to so many seconds for the first of them.

        Raises
        ------
        CoopError
            that a run raised and that concerns all runs
        SweepError
            if the scheduler is gone, or its workers cannot do any task
        """
        over: list[tuple[Task, list[Outcome] | Loss]] = []
        if not self._stopped_by and self._under_way:
            finished = self._finished(timeout)
            for future, reply in zip(finished, self._replies(finished)):
                task = self._under_way.pop(future)
                if isinstance(reply, CoopError):
                    self._stopped_by = self._stopped_by or reply
                else:
                    over.append((task, reply))
            if self._client.status != "running":
                self._stopped_by = self._gone()
            self._count()
        if self._stopped_by and not over:  # what else came with it has been handed over
            stopped_by, self._stopped_by = self._stopped_by, None
            raise stopped_by
        return over

    def close(self) -> None:
        """End what is under way, and whatever was started here; safe to call twice."""
        client, self._client = self._client, None
        cluster, self._cluster = self._cluster, None
        folder, self._folder = self._folder, ""
        under_way, self._under_way = list(self._under_way), {}
        self._done, self._stopped_by, self._asked = queue.SimpleQueue(), None, 0.0
        if client is not None and client.status == "running":
            with contextlib.suppress(Exception):  # a cluster that is going may go while it is told
                client.cancel(under_way, force=True)
                client.unregister_worker_plugin(self._name)
        if client is not None and client is not self._given:
            client.close()
        if cluster is not None:
            cluster.close()
        if self._log_level is not None:
            _LOG.setLevel(self._log_level)
            self._log_level = None
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    # --------------------------------------------------------------------------- the cluster

    def _connect(self) -> None:
        from distributed import Client, LocalCluster

        if isinstance(self._given, Client):
            self._client = self._given
            return
        address = self._given
        if address == "local":
            self._folder = tempfile.mkdtemp(prefix="coop_abm-dask-")
            address = self._cluster = LocalCluster(
                n_workers=self._processes, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its page of figures wants some port
                local_directory=self._folder, silence_logs=logging.CRITICAL,
            )  # fmt: skip
        self._log_level = _LOG.level
        _LOG.setLevel(logging.CRITICAL)
        self._client = Client(address, set_as_default=False, timeout=_PATIENCE)

    def _count(self) -> None:
        if time.monotonic() >= self._asked + _REFRESH and self._client.status == "running":
            self._asked = time.monotonic()
            with contextlib.suppress(OSError):  # a scheduler that is lost is seen by the status
                self.slots = max(2, 2 * sum(self._client.nthreads().values()))

    def _gone(self) -> SweepError:
        return SweepError("the Dask scheduler of this sweep is gone; what was done is kept: run the same again")

    # --------------------------------------------------------------------------- what came back

    def _finished(self, timeout: float) -> list[Any]:
        """Futures that are done, waiting for the first."""
        found: list[Any] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._done.get(timeout=timeout))
            while True:
                found.append(self._done.get_nowait())
        return [future for future in found if future in self._under_way]

    def _replies(self, futures: list[Any]) -> list[list[Outcome] | Loss | CoopError]:
        """What each of them says; results of a batch are fetched together."""
        good = [future for future in futures if future.status == "finished"]
        try:
            fetched = dict(zip(good, self._client.gather(good))) if good else {}
        except Exception as error:  # noqa: BLE001 - whatever is raised when a scheduler goes away
            fetched = dict.fromkeys(good, SweepError(f"{self._gone()} ({told(error)})"))
        return [fetched[future] if future in fetched else self._failed(future) for future in futures]

    def _failed(self, future: Any) -> Loss | CoopError:
        from distributed import KilledWorker

        if future.status != "error":  # cancelled or lost, which is what becomes of all when a scheduler goes
            return self._gone()
        error = future.exception()
        if isinstance(error, KilledWorker):
            # It was done again as often as the cluster allows, so a single run that was lost so often is lost for good.
            deaths = error.allowed_failures + 1
            return Loss(f"worker died ({deaths} times)", final=self._under_way[future].runs == 1 and deaths > 2)
        return error if isinstance(error, CoopError) else SweepError(f"Dask cannot do a task: {told(error)}")
