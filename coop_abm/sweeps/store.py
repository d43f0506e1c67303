"""The file of a sweep: what is kept in it is there when it is asked for, or its loss is said.

One process writes and holds a lock beside the file, which ends with it; any number may read. Which runs are there is
kept for each cell, in the transaction that keeps the runs, so that going on with a sweep reads cells and not runs.
Commits do not wait for the disk: a process that is killed loses nothing that was kept, and a power cut at most the
last commits, whose runs are done again.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from coop_abm.core.database import Database, code_of
from coop_abm.core.errors import StoreError, SweepError, quoted
from coop_abm.core.locks import Lock
from coop_abm.sweeps.memory import final
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.store_identity import difference
from coop_abm.sweeps.store_reading import Reader, name_of
from coop_abm.sweeps.store_rows import TABLES, RunRow, WrittenRun, cell_row, checksum, run_row, text_of
from coop_abm.sweeps.work import Cell, Outcome


class Store(Database):
    """Outcomes of one sweep in one file; a sink of the coordinator (``memory.py``).

    Parameters
    ----------
    path      : the file; made if it is missing, unless it is only read
    read_only : needs no lock and writes nothing

    Raises
    ------
    StoreError
        in one line that names the file, here and in every method: it cannot be used, it is in use by another
        process, or it is damaged
    """

    APPLICATION = 0x436F4153  # "CoAS"
    FORMAT = 1
    TABLES = TABLES
    NOUN = "store"
    NOTHING = "no sweep was kept there yet"
    ERROR = StoreError
    SYNCHRONOUS = "NORMAL"

    def __init__(self, path: str | Path, *, read_only: bool = False):
        place = _place(path)
        self._owner = Lock(place.with_name(f"{place.name}.lock"), StoreError)
        if not read_only:
            _own(self._owner, place)
        try:
            super().__init__(place, read_only=read_only)
            # All that is written is ASCII; what a damaged file holds instead must reach its checksum.
            self.base.text_factory = lambda raw: raw.decode("latin-1")
        except BaseException:
            self._owner.release(remove=True)
            raise
        self._counts: dict[str, int] | None = None
        self._shapes: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write."""
        try:
            super().close()
        finally:
            self._owner.release(remove=True)

    @contextlib.contextmanager
    def reader(self, *, tolerant: bool = False) -> Iterator[Reader]:
        """Everything that is read within is of one moment, whatever is written meanwhile."""
        with self.reading() as base:
            beginning = self.read_only and not base.in_transaction  # whoever writes is the only one who does
            if beginning:
                base.execute("BEGIN")
            try:
                yield Reader(base, self.named, tolerant=tolerant)
            finally:
                if beginning and base.in_transaction:
                    base.execute("ROLLBACK")

    # ------------------------------------------------------------------------------------ the sweep

    def open_for(self, identity: Mapping[str, Any]) -> None:
        """Begin, or go on with, the sweep of this identity.

        Raises
        ------
        StoreError
            if the file holds another sweep, naming the first field that differs; if a cell of it is damaged
        """
        wanted = json.loads(text_of(identity))
        with self.transaction() as base:
            reader = Reader(base, self.named)
            there = reader.meta("identity")
            if there is None:
                if base.execute("SELECT count(*) FROM cells").fetchone()[0]:
                    raise reader.damaged("what sweep it holds is not there", "name another file")
                say(base, "identity", wanted)
                say(base, "counts", {"cells": 0, "next": 1})
            elif differs := difference(there, wanted):
                raise StoreError(f"{self.named} holds another sweep: {differs}; name another file")
            for _cell in reader.cells():  # damage is said now rather than when the results are wanted
                pass

    @property
    def identity(self) -> dict[str, Any]:
        """Of the sweep that is kept here."""
        with self.reader() as reader:
            found = reader.meta("identity")
        if found is None:
            raise StoreError(f"{self.named} holds no sweep yet")
        return found

    def remember(self, tree: Mapping[str, Any]) -> None:
        """Note what the sweep was last asked to do, for whoever makes figures of it; changes no result."""
        with self.transaction() as base:
            say(base, "order", tree)

    def remembered(self) -> dict[str, Any] | None:
        """What was noted last; None if nothing was."""
        with self.reader() as reader:
            return reader.meta("order")

    def state(self, cell: Cell) -> tuple[Spans, Spans]:
        """Which replicates of a cell are done, and which failed."""
        with self.reading() as base:
            row = Reader(base, self.named).cell(cell.hash)
        return (Spans(), Spans()) if row is None else row.spans()

    # ------------------------------------------------------------------------------------ keeping

    def keep(self, batch: Sequence[tuple[Cell, Sequence[Outcome]]]) -> None:
        """Keep outcomes: all of them when this returns, or none if it raises.

        A finished run is never overwritten; a failed one is, by whatever comes later.

        Raises
        ------
        InputError
            if a value is not plain
        """
        written = [(cell, [run_row(cell.hash, outcome) for outcome in outcomes]) for cell, outcomes in batch]
        self.put((cell.hash, text_of(cell.parameters), runs) for cell, runs in written)

    def put(self, batch: Iterable[tuple[bytes, str, Sequence[WrittenRun]]]) -> None:
        """Keep runs that are written down already, in one transaction."""
        try:
            with self.transaction() as base:
                reader = Reader(base, self.named)
                counts = self._counts or reader.meta("counts")
                if counts is None:
                    raise StoreError(f"{self.named} holds no sweep yet")
                before, counts = counts, dict(counts)
                for hash, parameters, runs in batch:
                    self._put_cell(base, reader, counts, (hash, parameters), runs)
                if counts != before:
                    say(base, "counts", counts)
            self._counts = counts
        except BaseException:
            self.changed_outside()  # and undone
            raise

    def _put_cell(
        self, base: sqlite3.Connection, reader: Reader, counts: dict[str, int], cell: tuple[bytes, str],
        runs: Sequence[WrittenRun],
    ) -> None:  # fmt: skip
        hash, parameters = cell
        row = reader.cell(hash)
        if row is None:
            number, done, failed = counts["next"], Spans(), Spans()
            counts["cells"], counts["next"] = counts["cells"] + 1, number + 1
        else:
            number, parameters, (done, failed) = row.id, row.parameters, row.spans()
        fresh: dict[int, WrittenRun] = {}
        for written in runs:
            replicate, state = written.row.replicate, written.row.state
            if replicate in done:
                continue
            if replicate in failed and replicate not in fresh:
                forget(base, number, replicate)
            failed.remove(replicate)
            (done if state == "done" else failed).add(replicate)
            fresh[replicate] = written
        rows = [self._numbered(base, number, run) for run, _pieces in fresh.values()]
        chunks = [
            (number, run.replicate, c.number, c.part, self._shape(base, c.names), c.data, c.checksum)
            for run, pieces in fresh.values() for c in pieces
        ]  # fmt: skip
        base.executemany("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        base.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)", chunks)
        base.execute("INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?)",
                     cell_row(hash, number, parameters, done, failed))  # fmt: skip

    def _numbered(self, base: sqlite3.Connection, cell: int, run: RunRow) -> tuple:
        shape = None if run.names is None else self._shape(base, run.names)
        return cell, run.replicate, run.state, run.seed, shape, run.data, run.cause, run.chunks, run.checksum

    def _shape(self, base: sqlite3.Connection, names: str) -> int:
        """The number of these names of columns."""
        if names not in self._shapes:
            base.execute("INSERT OR IGNORE INTO shapes (names) VALUES (?)", (names,))
            self._shapes[names] = base.execute("SELECT id FROM shapes WHERE names = ?", (names,)).fetchone()[0]
        return self._shapes[names]

    def changed_outside(self) -> None:
        """Something was written past :meth:`put`: what is remembered of the file may be wrong."""
        self._counts, self._shapes = None, {}

    # ------------------------------------------------------------------------------------ reading

    def cells(self) -> Iterator[Cell]:
        """The cells of the sweep, by hash."""
        with self.reader() as reader:
            for row in reader.cells():
                yield Cell(json.loads(row.parameters), row.hash)

    def outcomes(self, cell: bytes) -> Iterator[Outcome]:
        """The outcomes of the cell of this hash, by replicate."""
        with self.reader() as reader:
            if row := reader.cell(cell):
                for run in reader.sound_runs(row):
                    yield reader.outcome(row, run)

    def finals(self, cell: Cell, name: str, runs: int) -> np.ndarray:
        """Float (runs,): the last value of a column in each replicate; NaN where a run failed.

        Raises
        ------
        SweepError
            if there is no such column, or no number in it
        """
        values = np.full(runs, np.nan)
        with self.reader() as reader:
            row, there = reader.cell(cell.hash), 0
            if row is not None:
                for run in reader.sound_runs(row, before=runs):
                    try:
                        values[run.replicate] = final(reader.last(row, run), name)
                    except SweepError:  # the column may stand in an earlier table
                        values[run.replicate] = final(reader.outcome(row, run), name)
                    there += 1
        if there != runs:
            raise StoreError(f"{self.named} has {there:,} of the first {runs:,} runs of cell {name_of(cell.hash)}")
        return values

    def advice(self, error: Exception) -> str:
        """What may help where there is no room."""
        if code_of(error) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return ""
        with contextlib.suppress(OSError):
            used, free = self.path.stat().st_size, shutil.disk_usage(self.path.parent).free
            return f" ({used:,} bytes; the disk has {free:,} more): free some space and run the same command again"
        return ""


def say(base: sqlite3.Connection, key: str, value: Any) -> None:
    """What the file says of itself."""
    text = text_of(value)
    base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, text, checksum(key, text)))


def forget(base: sqlite3.Connection, cell: int, replicate: int) -> None:
    """Take the rows of a run away."""
    base.execute("DELETE FROM runs WHERE cell = ? AND replicate = ?", (cell, replicate))
    base.execute("DELETE FROM chunks WHERE cell = ? AND replicate = ?", (cell, replicate))


def _place(path: str | Path) -> Path:
    """The file, by the one name that all who mean it give its lock."""
    try:
        place = Path(path).expanduser().resolve()
        place.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreError(f"store {quoted(str(path), 200)} cannot be a file here ({error})") from None
    return place


def _own(lock: Lock, place: Path) -> None:
    if not lock.acquire(f"process {os.getpid()} on {platform.node()}"):
        try:
            owner = lock.path.read_text(encoding="ascii", errors="replace")
        except OSError:  # it has just gone
            owner = ""
        raise StoreError(
            f"store {quoted(str(place), 200)} is in use by {quoted(owner, 100)[1:-1] or 'another process'}"
        )
