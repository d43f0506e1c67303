"""The file under the journal: opened with care, written in whole transactions, and any trouble said in one line.

A file that is no journal is refused before SQLite touches it. A new one appears under its name only when it is
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

from coop_abm.core.errors import JournalError, quoted
from coop_abm.llm.sessions import Lock

#: "CoAB", in the header of the file.
APPLICATION = 0x436F4142
#: Version of the tables.
FORMAT = 1
#: Seconds to wait for another process to finish its transaction.
PATIENCE = 60.0
#: What reading a damaged file can raise: SQLite's own message may hold damaged text.
TROUBLE = (sqlite3.Error, UnicodeDecodeError)

TABLES = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, process INTEGER NOT NULL, started REAL NOT NULL
) STRICT;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, seed TEXT NOT NULL, started REAL NOT NULL
) STRICT;
CREATE TABLE models (
    run INTEGER NOT NULL, asked TEXT NOT NULL, endpoint TEXT NOT NULL, returned TEXT NOT NULL,
    PRIMARY KEY (run, asked, endpoint)
) STRICT, WITHOUT ROWID;
CREATE TABLE budgets (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, money INTEGER NOT NULL, checksum BLOB NOT NULL
) STRICT;
CREATE TABLE texts (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, text ANY NOT NULL) STRICT;
CREATE TABLE terms (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,
    model TEXT NOT NULL, schema ANY NOT NULL, temperature ANY, top_p ANY, max_tokens INTEGER NOT NULL,
    endpoint TEXT NOT NULL, templates TEXT NOT NULL, digest TEXT NOT NULL, seed TEXT NOT NULL
) STRICT;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, owner INTEGER, terms INTEGER NOT NULL, messages TEXT NOT NULL,
    replicate INTEGER NOT NULL, round INTEGER NOT NULL, turn INTEGER NOT NULL, stage TEXT NOT NULL,
    "row" INTEGER NOT NULL, attempt INTEGER NOT NULL, price_input INTEGER NOT NULL, price_output INTEGER NOT NULL
) STRICT;
CREATE INDEX owned ON calls (owner) WHERE owner IS NOT NULL;
CREATE TABLE tries (
    call INTEGER NOT NULL, number INTEGER NOT NULL, session INTEGER NOT NULL, budget INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'sent', 'done', 'failed', 'unknown')),
    kind TEXT NOT NULL, status INTEGER NOT NULL, at REAL NOT NULL, latency REAL,
    calls INTEGER NOT NULL, tokens INTEGER NOT NULL, money INTEGER NOT NULL,
    PRIMARY KEY (call, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE replies (
    call INTEGER PRIMARY KEY, text ANY NOT NULL, model ANY NOT NULL, finish ANY NOT NULL,
    input_tokens INTEGER, output_tokens INTEGER, reasoning ANY NOT NULL, latency REAL NOT NULL, raw ANY NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
CREATE TABLE links (run INTEGER NOT NULL, call INTEGER NOT NULL, reading ANY, PRIMARY KEY (run, call))
STRICT, WITHOUT ROWID;
"""


class Store:
    """One connection to the file, shared by the threads of a process; one transaction at a time.

    Raises
    ------
    JournalError
        one line that names the file and the cause, here and in every method
    """

    def __init__(self, path: Path, *, read_only: bool = False):
        self.path, self.read_only = path, read_only
        self.named = f"journal {quoted(str(path), 200)}"
        self.sessions = path.with_name(f"{path.name}.sessions")
        self.process = os.getpid()
        self._lock = threading.RLock()
        if not read_only and not self._is_there():
            self._make()
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
            if _code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) or (
                log.exists() and log.stat().st_size
            ):
                raise
            return self._connected("immutable=1")

    def _connected(self, how: str) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?{how}"
        base = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            for setting in ("synchronous = FULL", "trusted_schema = OFF", "cell_size_check = ON"):
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
            if _code(error) == sqlite3.SQLITE_NOTADB:
                raise JournalError(f"{self.named} is no journal of coop_abm; it was left as it is") from None
            raise JournalError(
                f"{self.named} cannot be used: {quoted(str(error), 200)[1:-1]}; what it acknowledged is kept"
            ) from None

    def _check_process(self) -> None:
        if os.getpid() != self.process:
            raise JournalError("a journal cannot be used by a forked process: open it again there")

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
            raise JournalError(f"{self.named} is gone ({error.strerror})") from None
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
            raise JournalError(f"{self.named} cannot be reached ({error.strerror})") from None

    def _check_header(self) -> None:
        """Refuse what is no journal, without touching it.

        SQLite must do it: to close a file that we opened ourselves would give up all locks that other connections of
        this process hold on it, and another process could then take the log away from under them.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            raise JournalError(f"{self.named} does not exist: nothing was recorded there yet") from None
        except OSError as error:
            raise JournalError(f"{self.named} cannot be reached ({error.strerror})") from None
        if size < 100:
            raise JournalError(f"{self.named} is cut short, or no journal; it was left as it is: name another file")
        with self.trouble():
            try:
                application, version = self._header("immutable=1")
            except sqlite3.DatabaseError as error:
                # Half folded in when a process was killed, or the disk was full: whole together with its log alone.
                if _code(error) != sqlite3.SQLITE_CORRUPT:
                    raise
                application, version = self._header("mode=ro")
        if application != APPLICATION:
            raise JournalError(f"{self.named} is no journal of coop_abm; it was left as it is: name another file")
        if version != FORMAT:
            raise JournalError(
                f"{self.named} has format {version}, and this version of coop_abm reads format {FORMAT}; "
                "it was left as it is"
            )

    def _header(self, how: str) -> tuple[int, int]:
        with contextlib.closing(self._connected(how)) as base:
            names = ("application_id", "user_version")
            application, version = (base.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
            return application, version

    def _make(self) -> None:
        """Build the file beside its place and move it there; two who begin at once make one."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        lock = Lock(self.sessions / "making.lock")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            until = time.monotonic() + PATIENCE
            while not lock.acquire():
                if time.monotonic() > until:
                    raise JournalError(f"{self.named} is being made by another process")
                time.sleep(0.01)
            if self._is_there():
                return
            beside.unlink(missing_ok=True)
            os.close(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with self.trouble(), contextlib.closing(sqlite3.connect(beside, isolation_level=None)) as base:
                base.executescript(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};\n{TABLES}")
                base.execute("PRAGMA journal_mode = WAL").fetchone()
            os.replace(beside, self.path)
            _keep_name(self.path.parent)
        except OSError as error:
            raise JournalError(f"{self.named} cannot be made ({error.strerror})") from None
        finally:
            lock.release()
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)


def _code(error: Exception) -> int:
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
