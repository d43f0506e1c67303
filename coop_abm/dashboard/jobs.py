"""Work that takes longer than a reader waits: done beside the page, with progress, and it can be stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from coop_abm.core.errors import CoopError

logger = logging.getLogger(__name__)

#: Seconds between two words on how far it is.
EVERY = 0.2


class Stopped(BaseException):
    """The reader stopped it. Not an Exception, so that work which tolerates errors does not tolerate this."""


class Progress(NamedTuple):
    """Where a job is; a copy.

    state : "waiting", "working", "done", "stopped" or "failed"
    words : what is being done
    share : how much of it is done, in [0, 1]
    left  : seconds that it will take still, by what it took so far; None where nobody knows
    error : one sentence, "" where nothing is wrong
    result : what came of it; None unless done
    """

    state: str = "waiting"
    words: str = ""
    share: float = 0.0
    left: float | None = None
    error: str = ""
    result: Any = None

    @property
    def working(self) -> bool:
        """Is it still under way?"""
        return self.state == "working"


class Job:
    """One piece of work at a time, in a thread of its own.

    Parameters
    ----------
    on_change : called, in the thread of the work, when there is something new to show
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None):
        self.on_change = on_change
        self._lock = threading.Lock()
        self._now = Progress()
        self._number = 0

    @property
    def now(self) -> Progress:
        """Where it is."""
        with self._lock:
            return self._now

    def start(self, work: Callable[[Callable[[str, float], None]], Any]) -> None:
        """Begin; what was under way is stopped. `work` takes a function to report with, (words, share)."""
        with self._lock:
            self._number += 1
            number, self._now = self._number, Progress("working", "starting")
        thread = threading.Thread(target=self._run, args=(work, number), name="coop_abm-job", daemon=True)
        thread.start()
        self.on_change()

    def stop(self) -> None:
        """Stop at the next report."""
        with self._lock:
            self._number += 1
            if self._now.working:
                self._now = self._now._replace(state="stopped", left=None)
        self.on_change()

    close = stop

    def _run(self, work: Callable[[Callable[[str, float], None]], Any], number: int) -> None:
        began = last = time.monotonic()

        def report(words: str, share: float) -> None:
            nonlocal last
            now = time.monotonic()
            with self._lock:
                if self._number != number:
                    raise Stopped
                left = (now - began) * (1 - share) / share if share > 0.02 else None
                self._now = self._now._replace(words=words, share=share, left=left)
            if now - last >= EVERY:
                last = now
                self.on_change()

        try:
            end = Progress("done", "", 1.0, None, "", work(report))
        except Stopped:
            return
        except CoopError as error:
            end = Progress("failed", error=str(error))
        except Exception as error:  # work of the user's own may raise anything; the log has it all
            logger.exception("a job failed")
            end = Progress("failed", error=f"It stopped with an error ({type(error).__name__}); the log says more.")
        with self._lock:
            if self._number != number:
                return
            self._now = end
        self.on_change()
