"""A lock that the operating system takes back when its process ends, however it ends.

A process that is killed cannot clean up, so nothing that it wrote may be the mark of its being alive. Whoever can take
a lock, or finds no file, knows that its owner is gone. The file system must support locks (a network drive may not).
"""

from __future__ import annotations

import contextlib
import os
import sys
import weakref
from pathlib import Path

from coop_abm.core.errors import CoopError, quoted

_held: weakref.WeakSet[Lock] = weakref.WeakSet()


class Lock:
    """An exclusive lock on a file, held until it is released or the process ends.

    Parameters
    ----------
    error : what is raised if the file cannot be made, or cannot be locked
    """

    def __init__(self, path: Path, error: type[CoopError] = CoopError):
        self.path, self.error = path, error
        self._file: int | None = None

    def acquire(self, text: str = "") -> bool:
        """Take the lock; False if another holds it. `text` is then what the file says, for others to read."""
        while True:
            try:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise self.error(f"{quoted(str(self.path), 200)} cannot be made ({error.strerror})") from None
            if not _take(file, self.path, self.error):
                os.close(file)
                return False
            if _is_at(file, self.path):
                break
            os.close(file)  # whoever held it took the file away before we had the lock: ours is on nothing
        self._file = file
        _held.add(self)
        if text:
            self._say(file, text)
        return True

    def _say(self, file: int, text: str) -> None:
        try:
            os.ftruncate(file, 0)
            os.write(file, text.encode("ascii", "backslashreplace"))
        except OSError as error:
            self.release(remove=True)
            raise self.error(f"{quoted(str(self.path), 200)} cannot be written ({error.strerror})") from None

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


def is_held(path: Path, error: type[CoopError] = CoopError) -> bool:
    """Does a living process hold the lock on this file?

    Raises
    ------
    error
        if nobody can tell: whoever may be alive must not be taken for dead
    """
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    except OSError as trouble:
        raise error(f"{quoted(str(path), 200)} cannot be opened ({trouble.strerror})") from None
    try:
        return not _take(file, path, error, shared=True)
    finally:
        os.close(file)


if sys.platform == "win32":
    import msvcrt

    #: Locks there forbid reading, so they lie behind whatever the file says.
    _BEHIND = 1 << 30

    def _take(file: int, path: Path, error: type[CoopError], *, shared: bool = False) -> bool:
        try:
            os.lseek(file, _BEHIND, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        except OSError:
            return False
        return True

    def _is_at(file: int, path: Path) -> bool:
        return True  # an open file cannot be taken away there

else:
    import fcntl

    def _take(file: int, path: Path, error: type[CoopError], *, shared: bool = False) -> bool:
        # Two who only ask must not take each other for the owner, hence the shared lock.
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as trouble:
            raise error(f"{quoted(str(path), 200)} cannot be locked ({trouble.strerror})") from None
        return True

    def _is_at(file: int, path: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(file), path.stat())
        except FileNotFoundError:
            return False

    def _forget() -> None:
        """A forked child shares its parent's locks, and would keep them alive after the parent's end."""
        for lock in list(_held):
            if lock._file is not None:
                os.close(lock._file)
                lock._file = None

    os.register_at_fork(after_in_child=_forget)
