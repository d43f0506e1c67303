"""Where the tasks of a sweep are done: whatever a user gives becomes an executor."""

from __future__ import annotations

from concurrent.futures import Executor as Pool
from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.executor import Executor, Inline
from coop_abm.sweeps.futures import Futures
from coop_abm.sweeps.workers import Workers, usable_cores


def executor_for(given: Any = None, workers: int | None = 1, time_limit: float | None = None) -> Executor:
    """An executor for what a user gave.

    Parameters
    ----------
    given : None for this machine, a number of processes, an executor of ours, a pool of `concurrent.futures`, a
        Client or Cluster of Dask, "local" for a cluster of Dask on this machine, or the address of a scheduler
    workers : processes on this machine, or of a local cluster; None for as many as there are cores
    time_limit : seconds that one run may take

    Raises
    ------
    InputError
        if it is none of these, or knows no time limit

    >>> type(executor_for()).__name__, executor_for(2).slots
    ('Inline', 2)
    """
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        processes = workers if given is None else given
        if (usable_cores() if processes is None else processes) == 1 and time_limit is None:
            return Inline()  # no process to start, and no limit for which one would be needed
        return Workers(processes, time_limit=time_limit)
    if isinstance(given, str):
        from coop_abm.sweeps.dask import Dask

        return Dask(given, workers=None if given != "local" else workers, time_limit=time_limit)
    if isinstance(given, Pool):
        _refuse_limit(time_limit, "a pool of concurrent.futures")
        return Futures(given)
    if all(hasattr(given, name) for name in ("slots", "start", "submit", "collect", "close")):
        _refuse_limit(time_limit, "an executor that was made before")
        return given
    if any(kind.__module__.startswith("distributed.") for kind in type(given).__mro__):
        from coop_abm.sweeps.dask import Dask

        return Dask(given, time_limit=time_limit)
    raise InputError(
        "executor must be a number of processes, an executor of coop_abm.sweeps, a pool of concurrent.futures, or a "
        f"client, cluster or address of Dask; got {quoted(given)}"
    )


def _refuse_limit(time_limit: float | None, what: str) -> None:
    if time_limit is not None:
        raise InputError(f"a time limit cannot be set for {what}; Workers and Dask know one")
