"""Who is at work on a journal: a lock that the operating system takes back when its process ends.

A process that is killed cannot clean up, so nothing that it wrote may be the mark of its being alive. Each session
holds a lock on a file of its own, of a name that is never used again; whoever can take that lock, or finds no file,
knows that the session is over. The file system must support locks (a network drive may not).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import weakref
from pathlib import Path

from coop_abm.core.errors import JournalError, quoted

_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """An exclusive lock on a file, held until it is released or the process ends, however it ends."""

    def __init__(self, path: Path):
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False if another holds it.

        Raises
        ------
        JournalError
            if the file cannot be made, or cannot be locked
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(f"{quoted(str(self.path), 200)} cannot be made ({error.strerror})") from None
        if not _take(file, self.path):
            os.close(file)
            return False
        self._file = file
        _held.add(self)
        return True

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; `remove`: and the file with it."""
        if self._file is None:
            return
        if remove and sys.platform != "win32":  # before it is given back: no other may find the file unlocked
            self.path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None
        if remove and sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)


def is_held(path: Path) -> bool:
    """Does a living process hold the lock on this file?

    Raises
    ------
    JournalError
        if nobody can tell: whoever may be alive must not be taken for dead
    """
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise JournalError(f"{quoted(str(path), 200)} cannot be opened ({error.strerror})") from None
    try:
        return not _take(file, path, shared=True)
    finally:
        os.close(file)


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
        self._lock = Lock(folder)

    def hold(self) -> None:
        """Take a lock under a new name, which nobody else can have."""
        self.name = new_name()
        self._lock = Lock(lock_of(self.folder, self.name))
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


if sys.platform == "win32":
    import msvcrt

    def _take(file: int, path: Path, *, shared: bool = False) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(file: int, path: Path, *, shared: bool = False) -> bool:
        # Two who only ask must not take each other for the owner, hence the shared lock.
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise JournalError(f"{quoted(str(path), 200)} cannot be locked ({error.strerror})") from None
        return True

    def _forget() -> None:
        """A forked child shares its parent's locks, and would keep them alive after the parent's end."""
        for lock in list(_held):
            if lock._file is not None:
                os.close(lock._file)
                lock._file = None

    os.register_at_fork(after_in_child=_forget)
