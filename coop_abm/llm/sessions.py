"""Who is at work on a journal: each session holds a lock on a file of its own, of a name that is never used again."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from coop_abm.core.errors import JournalError, quoted
from coop_abm.core.locks import Lock


class Session:
    """One opened journal of one process.

    folder : where the locks of that journal lie
    name   : never used twice; empty until it is held
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.name = ""
        self.process = os.getpid()
        self.number = 0  # of its row in the journal, once it is held
        self._lock = Lock(folder, JournalError)

    def hold(self) -> None:
        """Take a lock under a new name, which nobody else can have."""
        self.name = new_name()
        self._lock = Lock(lock_of(self.folder, self.name), JournalError)
        if not self._lock.acquire():
            raise JournalError(f"{quoted(str(self._lock.path), 200)} is locked by another process")

    def end(self) -> None:
        """Give the lock back."""
        self.number = 0
        self._lock.release(remove=True)


def new_name() -> str:
    """A name that nobody ever had."""
    return f"{os.getpid()}-{secrets.token_hex(8)}"


def lock_of(folder: Path, name: str) -> Path:
    """The file whose lock says that the session of this name is alive."""
    return folder / f"{name}.lock"
