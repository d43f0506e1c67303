"""One event loop in a thread of its own, for everything that waits for the network.

A notebook and the dashboard already run a loop in the thread that calls us, and a loop cannot be entered twice.
So coroutines go to a loop that lives as long as the process; connections stay open between two batches.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import Coroutine
from typing import Any

#: Seconds that an interrupted coroutine has for putting its things away.
FAREWELL = 5.0

_lock = threading.Lock()
_home: _Home | None = None
#: Loops of a parent process. Closing one would also take the parent's sockets out of their shared
#: epoll, so they are only kept from being collected.
_inherited: list[_Home] = []


class _Home:
    """A loop and the daemon thread that it runs in."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.leaving = False
        self.thread = threading.Thread(target=self._live, name="coop_abm loop", daemon=True)
        self.thread.start()

    def _live(self) -> None:
        ended = False
        while not ended:
            # A task that raises one of these ends with it, and its caller hears of it; the loop goes on.
            with contextlib.suppress(KeyboardInterrupt, SystemExit):
                self.loop.run_forever()
                ended = True
        self.loop.run_until_complete(_put_away())
        self.loop.close()

    def stop(self) -> None:
        self.leaving = True
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(FAREWELL)


async def _put_away() -> None:
    """End whatever still runs in this loop."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What the coroutine returns or raises; waits for it, from any thread but the loop's own.

    An interrupt (Ctrl-C) of the waiting thread cancels the coroutine, waits for its end, at most
    `FAREWELL` seconds, and is raised again.

    Raises
    ------
    RuntimeError
        if called by a coroutine that itself runs in this loop: it would wait for itself
    """
    home = _at_home()
    if threading.current_thread() is home.thread:
        coroutine.close()
        raise RuntimeError("run() waits, so a coroutine of this loop cannot call it; await instead")
    ended = threading.Event()
    tasks: list[asyncio.Task] = []

    def start() -> None:
        task = home.loop.create_task(coroutine)
        # A daemon thread that still waits when the process ends is not woken, only to complain.
        task.add_done_callback(lambda _: None if home.leaving else ended.set())
        tasks.append(task)

    def cancel() -> None:  # runs after start, as both go through the loop's queue
        if tasks:
            tasks[0].cancel()
        else:  # interrupted before it could begin
            coroutine.close()
            ended.set()

    try:
        home.loop.call_soon_threadsafe(start)
        while not ended.wait(0.5):  # in pieces: on Windows a wait without end cannot be interrupted
            pass
    except BaseException:
        home.loop.call_soon_threadsafe(cancel)
        ended.wait(FAREWELL)
        if tasks and tasks[0].done() and not tasks[0].cancelled():
            tasks[0].exception()  # looked at, so that nobody reports it as lost
        raise
    return tasks[0].result()


def _at_home() -> _Home:
    global _home
    with _lock:
        if _home is None:
            _home = _Home()
        return _home


def _leave() -> None:
    """End the loop with the process, so that it is not collected while it runs."""
    if _home is not None:
        _home.stop()


def _move_out() -> None:
    """A forked child has no such thread: it makes its own on first use."""
    global _home, _lock
    _lock = threading.Lock()  # the parent may have held it
    if _home is not None:
        _inherited.append(_home)
        _home = None


atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_move_out)
