"""Commits in groups: what arrives within a few milliseconds goes to the disk together.

A commit waits for the disk; a hundred replies that come at once must not wait a hundred times. Who adds something
waits until it is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from coop_abm.core.errors import BudgetExhausted, JournalError, ModelError

#: Seconds between the first of a group and its commit, for others to join.
LINGER = 0.004
#: Most that are committed together, so that a commit stays short.
LARGEST_GROUP = 1000

#: What is written: given what `together` gives it, returns what the one who waits is told, or raises
#: BudgetExhausted before it wrote anything.
Work = Callable[[Any], Any]
_Item = tuple[Work, asyncio.Future | None, threading.Event | None]


class Writer:
    """A thread that commits.

    together : carries out a list of works in one transaction and returns their results, once they are committed
    """

    def __init__(self, together: Callable[[list[Work]], list[Any]]):
        self._together = together
        self._queue: queue.SimpleQueue[_Item | None]
        self._queue = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._over = False  # the thread takes nothing more

    async def write(self, work: Work) -> Any:
        """What the work returns, once it is committed.

        Raises
        ------
        BudgetExhausted
            if the work did; the rest of its group is committed all the same
        JournalError
            if the group could not be committed
        """
        self._start()
        written: asyncio.Future = asyncio.get_running_loop().create_future()
        self._queue.put((work, written, None))
        if self._over:
            self._refuse()
        return await written

    def flush(self) -> None:
        """Wait until all that was added before is committed, or has failed."""
        if self._thread is not None and self._thread.is_alive():
            passed = threading.Event()
            self._queue.put((lambda _: None, None, passed))
            if self._over:
                self._refuse()
            passed.wait()

    def close(self) -> None:
        """Commit what is left and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, name="coop_abm journal", daemon=True)
                self._thread.start()

    def _live(self) -> None:
        going_on = True
        try:
            while going_on:
                group = [self._queue.get()]
                if group[0] is not None and group[0][1] is not None:
                    time.sleep(LINGER)
                while len(group) < LARGEST_GROUP and group[-1] is not None:
                    try:
                        group.append(self._queue.get_nowait())
                    except queue.Empty:
                        break
                going_on = group[-1] is not None
                self._commit([item for item in group if item is not None])
                group.clear()  # nothing of it is kept while waiting for the next
        finally:  # also if a work raised what it must not: nobody may wait for ever
            self._over = True
            self._refuse()

    def _refuse(self) -> None:
        """Tell those that came too late."""
        with contextlib.suppress(queue.Empty):
            while True:
                if (item := self._queue.get_nowait()) is not None:
                    _answer([item], [_over()])

    def _commit(self, group: list[_Item]) -> None:
        results: list[Any] = [_over()] * len(group)
        try:
            results = self._together([work for work, _, _ in group])
        except ModelError as error:
            results = [error] * len(group)
        finally:
            _answer(group, results)


def carried_out(works: list[Work], given: Any) -> list[Any]:
    """The results of works; where one is refused by the budget, the refusal."""
    results = []
    for work in works:
        try:
            results.append(work(given))
        except BudgetExhausted as refusal:
            results.append(refusal)
    return results


def _over() -> JournalError:
    return JournalError("the journal takes no more: it was closed, or its writer failed")


def _answer(group: list[_Item], results: list[Any]) -> None:
    """Tell everyone in a group, each in the thread of its own loop."""
    answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future, Any]]] = {}
    for (_, written, passed), result in zip(group, results):
        if written is not None:
            answers.setdefault(written.get_loop(), []).append((written, result))
        if passed is not None:
            passed.set()
    for loop, told in answers.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell, told)


def _tell(answers: list[tuple[asyncio.Future, Any]]) -> None:
    for written, result in answers:
        if written.done():  # whoever waited was cancelled
            continue
        if isinstance(result, Exception):
            written.set_exception(result)
        else:
            written.set_result(result)
