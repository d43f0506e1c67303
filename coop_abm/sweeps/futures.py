"""Any pool with the interface of concurrent.futures: threads, processes, MPI, Ray."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from concurrent.futures import Executor as Pool

from coop_abm.core.errors import CoopError, InputError, SweepError, quoted
from coop_abm.sweeps.executor import Loss
from coop_abm.sweeps.parcels import Parcel
from coop_abm.sweeps.work import Outcome, Task, Work, told
from coop_abm.sweeps.worker import answer, read
from coop_abm.sweeps.workers import usable_cores


class Futures:
    """A pool of the user's, which stays open afterwards.

    Whoever runs the pool decides what becomes of a process that dies. Those of Python are broken by it, so the sweep
    stops; :class:`~coop_abm.sweeps.workers.Workers` go on.

    Parameters
    ----------
    pool  : it may be on other machines, if they have this package and the model
    slots : how many tasks to hand it at once; None for two for each of its workers
    """

    def __init__(self, pool: Pool, slots: int | None = None):
        if slots is not None and (not isinstance(slots, int) or slots < 1):
            raise InputError(f"slots must be a whole number from 1; got {quoted(slots)}")
        known = getattr(pool, "num_workers", None) or getattr(pool, "_max_workers", None)  # of MPI; of Python itself
        self.slots = slots or 2 * (known or usable_cores())
        self._pool = pool
        self._parcel: Parcel | None = None
        self._under_way: dict[Future[bytes], Task] = {}
        self._stopped_by: CoopError | None = None

    def start(self, work: Work) -> None:
        """Remember the work; it travels with the first tasks."""
        self.close()
        self._parcel = Parcel(work)

    def submit(self, task: Task) -> None:
        """Hand a task to the pool.

        Raises
        ------
        SweepError
            if the pool takes none any more
        """
        assert self._parcel is not None
        try:
            self._under_way[self._pool.submit(_perform, self._parcel, task)] = task
        except RuntimeError as error:  # broken, or shut down
            raise _broken(error) from None

    def collect(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        """Tasks that are over, waiting up to so many seconds for the first of them.

        Raises
        ------
        CoopError
            that a run raised and that concerns all runs
        SweepError
            if the pool is broken
        """
        over = []
        if not self._stopped_by:
            for future in wait(self._under_way, timeout, FIRST_COMPLETED).done:
                task = self._under_way.pop(future)
                try:
                    reply = read(task, future.result())
                except (Exception, CancelledError) as error:  # noqa: BLE001 - a pool may raise anything for a lost task
                    self._stopped_by = error if isinstance(error, CoopError) else _broken(error)
                else:
                    over.append((task, reply))
        if self._stopped_by and not over:  # what else came with it has been handed over
            stopped_by, self._stopped_by = self._stopped_by, None
            raise stopped_by
        return over

    def close(self) -> None:
        """Take back what has not begun. The pool is not ours to close, and runs under way come to their end."""
        for future in self._under_way:
            future.cancel()
        self._under_way.clear()
        self._parcel, self._stopped_by = None, None


def _perform(parcel: Parcel, task: Task) -> bytes:
    return answer(parcel.work, task)


def _broken(error: BaseException) -> SweepError:
    why = "a process of it died" if isinstance(error, BrokenExecutor) else told(error)
    return SweepError(f"the pool of this sweep is broken ({why}); what was done is kept: run the same again")
