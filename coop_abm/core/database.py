"""A file of SQLite: opened with care, written in whole transactions, and any trouble said in one line.

A file of another kind is refused before SQLite touches it. A new one appears under its name only when it is
whole, so a file that is empty or cut short was damaged, never half made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from coop_abm.core.errors import CoopError, quoted
from coop_abm.core.locks import Lock

#: Seconds to wait for another process to finish its transaction.
PATIENCE = 60.0
#: What reading a damaged file can raise: SQLite's own message may hold damaged text.
TROUBLE = (sqlite3.Error, UnicodeDecodeError)


class Database:
    """One connection to the file, shared by the threads of a process; one transaction at a time.

    Parameters
    ----------
    making : the lock under which a new file is made; None if its maker is alone with it already

    Attributes
    ----------
    APPLICATION : the four bytes in the header of the file that say what it is
    FORMAT      : version of the tables
    TABLES      : what makes them
    NOUN        : what such a file is called
    NOTHING     : what it means that there is none
    ERROR       : what is raised, in one line that names the file and the cause, here and in every method
    SYNCHRONOUS : FULL waits for the disk at each commit; under NORMAL a power cut can undo the last ones
    """

    APPLICATION: ClassVar[int]
    FORMAT: ClassVar[int]
    TABLES: ClassVar[str]
    NOUN: ClassVar[str]
    NOTHING: ClassVar[str]
    ERROR: ClassVar[type[CoopError]]
    SYNCHRONOUS: ClassVar[str] = "FULL"

    def __init__(self, path: Path, *, read_only: bool = False, making: Path | None = None):
        self.path, self.read_only = path, read_only
        self.named = f"{self.NOUN} {quoted(str(path), 200)}"
        self.process = os.getpid()
        self._lock = threading.RLock()
        if not read_only and not self._is_there():
            self._make(making)
        self._check_header()
        with self.trouble():
            self.base = self._opened()

    def _opened(self) -> sqlite3.Connection:
        if not self.read_only:
            return self._connected("mode=rw")
        try:
            return self._connected("mode=ro")
        except sqlite3.OperationalError as error:
            # In a folder that cannot be written to. Without a log beside it the file itself is all there is.
            log = Path(f"{self.path}-wal")
            if code_of(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or (
                log.exists() and log.stat().st_size
            ):
                raise
            return self._connected("immutable=1")

    def _connected(self, how: str) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?{how}"
        base = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            for setting in (f"synchronous = {self.SYNCHRONOUS}", "trusted_schema = OFF", "cell_size_check = ON"):
                base.execute(f"PRAGMA {setting}")
            base.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # sees a file that was cut short
        except TROUBLE:
            base.close()
            raise
        return base

    # -------------------------------------------------------------------------------- transactions

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is written within, on the disk, or none of it."""
        self._check_process()
        with self._lock, self.trouble():
            self.base.execute("BEGIN IMMEDIATE")
            try:
                yield self.base
                self.base.execute("COMMIT")
            except BaseException:
                if self.base.in_transaction:  # some errors end it by themselves
                    with contextlib.suppress(sqlite3.Error):
                        self.base.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Reads without a transaction of their own."""
        self._check_process()
        with self._lock, self.trouble():
            yield self.base

    @contextlib.contextmanager
    def trouble(self) -> Iterator[None]:
        """Turns what SQLite complains of into one line."""
        try:
            yield
        except TROUBLE as error:
            if code_of(error) == sqlite3.SQLITE_NOTADB:
                raise self.ERROR(f"{self.named} is no {self.NOUN} of coop_abm; it was left as it is") from None
            raise self.ERROR(
                f"{self.named} cannot be used: {quoted(str(error), 200)[1:-1]}; what it acknowledged is kept"
                f"{self.advice(error)}"
            ) from None

    def advice(self, error: Exception) -> str:
        """What else the line about such trouble should say."""
        return ""

    def _check_process(self) -> None:
        if os.getpid() != self.process:
            raise self.ERROR(f"a {self.NOUN} cannot be used by a forked process: open it again there")

    def room(self) -> int:
        """Bytes that can still be written, as far as the disk, limits on files and on pages tell."""
        with self.reading() as base:
            names = ("max_page_count", "page_count", "freelist_count", "page_size")
            most, pages, free, size = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        try:
            rooms = [shutil.disk_usage(self.path.parent).free, (most - pages + free) * size]
            with contextlib.suppress(ImportError):  # where there is no such limit
                import resource

                limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
                if limit != resource.RLIM_INFINITY:
                    log = Path(f"{self.path}-wal")
                    used = max(self.path.stat().st_size, log.stat().st_size if log.exists() else 0)
                    rooms.append(limit - used)
        except OSError as error:
            raise self.ERROR(f"{self.named} is gone ({error.strerror})") from None
        return max(0, min(rooms))

    def close(self) -> None:
        """Close the connection; the last one folds the log into the file."""
        if os.getpid() == self.process:
            with self._lock, self.trouble():
                self.base.close()

    # ---------------------------------------------------------------------------- opening and making

    def _is_there(self) -> bool:
        try:
            return self.path.exists()
        except OSError as error:
            raise self.ERROR(f"{self.named} cannot be reached ({error.strerror})") from None

    def _check_header(self) -> None:
        """Refuse what is no such file, without touching it.

        SQLite must do it: to close a file that we opened ourselves would give up all locks that other connections of
        this process hold on it, and another process could then take the log away from under them.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            raise self.ERROR(f"{self.named} does not exist: {self.NOTHING}") from None
        except OSError as error:
            raise self.ERROR(f"{self.named} cannot be reached ({error.strerror})") from None
        if size < 100:
            raise self.ERROR(f"{self.named} is cut short, or no {self.NOUN}; it was left as it is: name another file")
        with self.trouble():
            try:
                application, version = self._header("immutable=1")
            except sqlite3.DatabaseError as error:
                # Half folded in when a process was killed, or the disk was full: whole together with its log alone.
                if code_of(error) != sqlite3.SQLITE_CORRUPT:
                    raise
                application, version = self._header("mode=ro")
        if application != self.APPLICATION:
            raise self.ERROR(f"{self.named} is no {self.NOUN} of coop_abm; it was left as it is: name another file")
        if version != self.FORMAT:
            raise self.ERROR(
                f"{self.named} has format {version}, and this version of coop_abm reads format {self.FORMAT}; "
                "it was left as it is"
            )

    def _header(self, how: str) -> tuple[int, int]:
        with contextlib.closing(self._connected(how)) as base:
            names = ("application_id", "user_version")
            application, version = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
            return application, version

    def _make(self, making: Path | None) -> None:
        """Build the file beside its place and move it there; two who begin at once make one."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        lock = Lock(making, self.ERROR) if making else None
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            until = time.monotonic() + PATIENCE
            while lock and not lock.acquire():
                if time.monotonic() > until:
                    raise self.ERROR(f"{self.named} is being made by another process")
                time.sleep(0.01)
            if self._is_there():
                return
            beside.unlink(missing_ok=True)
            os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with self.trouble(), contextlib.closing(sqlite3.connect(beside, isolation_level=None)) as base:
                base.executescript(
                    f"PRAGMA application_id = {self.APPLICATION}; PRAGMA user_version = {self.FORMAT};\n{self.TABLES}"
                )
                base.execute("PRAGMA journal_mode = WAL").fetchone()
            os.replace(beside, self.path)
            _keep_name(self.path.parent)
        except OSError as error:
            raise self.ERROR(f"{self.named} cannot be made ({error.strerror})") from None
        finally:
            if lock:
                lock.release()
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def code_of(error: Exception) -> int:
    """SQLite's primary result code; 0 for what does not come from it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _keep_name(folder: Path) -> None:
    """See to it that a new name outlives a power cut; not every system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
