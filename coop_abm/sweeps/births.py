"""The ways to start a worker on this machine."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

from coop_abm.core.errors import InputError
from coop_abm.sweeps.nursery import Nursery, interrupts_held_back
from coop_abm.sweeps.parcels import WORKER, packed
from coop_abm.sweeps.work import Work
from coop_abm.sweeps.worker import ONE_THREAD, serve


class Child(Protocol):
    """The coordinator's end of a worker.

    line     : tasks go down, answers come up
    sentinel : readable when the worker has died
    """

    line: Connection
    sentinel: Any

    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; waits for it. None if that cannot be known any more."""
        ...

    def kill(self) -> None:
        """Kill it; nothing if it is dead."""
        ...

    def close(self) -> None:
        """Close the pipes of one that was killed."""
        ...


class End(NamedTuple):
    """The exit code of a process that started workers, and what it said."""

    code: int
    said: str


class Birth(Protocol):
    """One way to start workers of some work."""

    def __init__(self, work: Any): ...

    def worker(self) -> Child:
        """Start one more."""
        ...

    def ended(self, child: Child) -> End | None:
        """How the process that started this worker ended; None if it did not, or if that was asked before."""
        ...

    def close(self) -> None:
        """End whatever is left besides the workers."""
        ...


class Nursing:
    """Workers are forked off a process that has imported the model."""

    def __init__(self, work: Work | bytes):
        self._parcel = packed(work)
        self._nursery = Nursery(self._parcel)

    def worker(self) -> Child:
        """Ask the nursery for one."""
        return self._nursery.bear()

    def ended(self, child: Any) -> End | None:
        """How this worker's nursery ended; another takes its place."""
        if child.nursery is not self._nursery:
            return None
        end = End(*self._nursery.cause())
        self._nursery.close()
        self._nursery = Nursery(self._parcel)
        return end

    def close(self) -> None:
        """End the nursery."""
        self._nursery.close()


class _Started:
    """A worker that is a child of this process."""

    def __init__(self, method: str, target: Any, given: tuple, mine: list[_Started]):
        context: Any = multiprocessing.get_context(method)
        self.line, line = context.Pipe()
        life, self._life = context.Pipe(duplex=False)
        with line, life:
            others = tuple(pipe for each in (*mine, self) for pipe in (each.line, each._life))
            given = (*given, line, life, others) if method == "fork" else (*given, line, life)
            self._process = context.Process(target=target, args=given, name=WORKER, daemon=True)
            if method == "spawn" and sys.platform != "win32":
                resource_tracker.ensure_running()  # starting it would let interrupts through again
            with interrupts_held_back():
                self._process.start()
        self.sentinel = self._process.sentinel

    def exit_code(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.join()
        self._process.close()
        self.line.close()
        self._life.close()


class _OfOurs:
    """Workers that are children of this process."""

    def __init__(self) -> None:
        if multiprocessing.current_process().daemon:
            raise InputError("a process of another pool cannot have workers of its own; ask for 1 process here")
        self._alive: list[_Started] = []

    def ended(self, child: Child) -> End | None:
        """This very process started them."""
        return None

    def close(self) -> None:
        """Nothing is left."""


class Spawning(_OfOurs):
    """Workers begin from nothing and import the model."""

    def __init__(self, work: Work | bytes):
        super().__init__()
        self._parcel = packed(work)

    def worker(self) -> Child:
        """Start one, whose numeric packages find one thread each in its environment."""
        with _environment(ONE_THREAD):
            return _Started("spawn", _spawned, (self._parcel,), [])


class Forking(_OfOurs):
    """Workers are copies of this process, with all that it has in memory."""

    def __init__(self, work: Work):
        super().__init__()
        self._work = work

    def worker(self) -> Child:
        """Copy this process."""
        self._alive = [each for each in self._alive if not each.line.closed]
        child = _Started("fork", _forked, (self._work,), self._alive)
        self._alive.append(child)
        return child


def _spawned(parcel: bytes, line: Connection, life: Connection) -> None:
    serve(pickle.loads(parcel), line, life)


def _forked(work: Work, line: Connection, life: Connection, others: tuple[Connection, ...]) -> None:
    for pipe in others:  # while a copy is open, the pipes of the others would not end with the coordinator
        pipe.close()
    os.environ |= ONE_THREAD
    if "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(1)
    serve(work, line, life)


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ |= changes
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
