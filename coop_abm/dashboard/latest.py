"""Answers to questions that come faster than they can be answered: only the newest one counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Latest[Asked]:
    """One thread that answers the last question put to it, and forgets those in between.

    Parameters
    ----------
    answer : called in the thread with the newest question; whatever it raises goes to the log
    """

    def __init__(self, answer: Callable[[Asked], None]):
        self._answer = answer
        self._wake = threading.Condition()
        self._question: list[Asked] = []
        self._closed = self._running = False

    def ask(self, question: Asked) -> None:
        """Put a question in place of the one that waits."""
        with self._wake:
            if self._closed:
                return
            self._question = [question]
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="coop_abm-latest", daemon=True).start()

    def close(self) -> None:
        """Answer nothing any more."""
        with self._wake:
            self._closed, self._question = True, []

    def _work(self) -> None:
        while True:
            with self._wake:
                if not self._question:
                    self._running = False
                    return
                question = self._question.pop()
            try:
                self._answer(question)
            except Exception:  # the page goes on; the next question may be answered
                logger.exception("an answer failed")
