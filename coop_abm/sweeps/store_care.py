"""Looking after a store: how far it is, what failed, what is damaged, and what should be done again."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.core.errors import StoreError, quoted
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.store import Store, forget, say
from coop_abm.sweeps.store_reading import MISMATCH, Reader, name_of
from coop_abm.sweeps.store_rows import CellRow, cell_row

#: Called with the number of runs that were looked at.
Looked = Callable[[int], None]


class Status(NamedTuple):
    """How far a sweep is. `size` is in bytes, with what was not folded into the file yet."""

    cells: int
    done: int
    failed: int
    size: int
    identity: dict[str, Any]


class Failure(NamedTuple):
    """A run that failed, and why."""

    parameters: dict[str, Any]
    replicate: int
    seed: Any
    cause: str


class Verdict(NamedTuple):
    """What is damaged.

    cells, runs : how many were looked at
    damaged  : (hash of the cell, replicates) of runs that cannot be trusted, or are missing
    bad_cells : how many cells cannot be trusted, or are missing; so is everything in them
    trouble  : damage to the file that no row can be blamed for
    lines    : all of it, in words
    """

    cells: int
    runs: int
    damaged: list[tuple[bytes, Spans]]
    bad_cells: int
    trouble: list[str]
    lines: list[str]

    @property
    def sound(self) -> bool:
        """Is everything as it was kept?"""
        return not self.lines


class Forgotten(NamedTuple):
    """What will be done again: runs that failed, runs that were damaged, cells with all of their runs."""

    failed: int
    damaged: int
    cells: int


def status(store: Store) -> Status:
    """How far the sweep is; cells are checked on the way."""
    identity = store.identity
    with store.reader() as reader:
        cells = done = failed = 0
        for cell in reader.cells():
            one, other = cell.spans()
            cells, done, failed = cells + 1, done + len(one), failed + len(other)
    files = (store.path, Path(f"{store.path}-wal"))
    return Status(cells, done, failed, sum(file.stat().st_size for file in files if file.exists()), identity)


def failures(store: Store, limit: int | None = None) -> Iterator[Failure]:
    """The runs that failed, by cell and replicate."""
    with store.reader() as reader:
        yield from itertools.islice(_failures(reader), limit)


def _failures(reader: Reader) -> Iterator[Failure]:
    for cell in reader.cells():
        for replicate in cell.spans()[1]:
            found = reader.run(cell, replicate)
            if found.why or found.row is None or found.row.state != "failed":
                raise reader.damaged(f"run {replicate} of cell {name_of(cell.hash)} {found.why or 'did not fail'}")
            yield Failure(
                json.loads(cell.parameters), replicate, json.loads(found.row.seed), json.loads(found.row.cause)
            )


def verify(store: Store, progress: Looked | None = None) -> Verdict:
    """Read everything and hold it against its checksums."""
    with store.reader(tolerant=True) as reader:
        return _verified(reader, progress)


def _verified(reader: Reader, progress: Looked | None = None) -> Verdict:
    verdict = Verdict(0, 0, [], 0, [], [])
    damaged, trouble, lines = verdict.damaged, verdict.trouble, verdict.lines
    wanted = _said_of_itself(reader, trouble)
    cells = runs = bad_cells = 0
    known: set[int] = set()
    last = b""
    for cell in reader.found_cells():
        if not cell.sound or cell.id in known:
            bad_cells += 1
            lines.append(f"cell {name_of(cell.hash)} {MISMATCH}")
            continue
        if cell.hash <= last:
            trouble.append("cells are out of order")
        last = cell.hash
        known.add(cell.id)
        cells += 1
        spans = Spans()
        for found in reader.runs(cell):
            runs += 1
            if why := reader.why(cell, found):
                spans.add(found.replicate)
                lines.append(f"run {found.replicate} of cell {name_of(cell.hash)} {_parameters(cell)} {why}")
            if progress and not runs % 1000:
                progress(runs)
        if spans.ranges:
            damaged.append((cell.hash, spans))
    if wanted is not None and (missing := wanted - cells - bad_cells) > 0:
        bad_cells += missing
        lines.append(f"{missing:,} of {wanted:,} cells are not there")
    elif wanted is not None and missing < 0:
        trouble.append(f"there are {-missing:,} cells too many")
    trouble += _structure(reader)
    return verdict._replace(cells=cells, runs=runs, bad_cells=bad_cells, lines=lines + trouble)


def _said_of_itself(reader: Reader, trouble: list[str]) -> int | None:
    """How many cells there should be, if that can be known."""
    try:
        if reader.meta("identity") is None:
            trouble.append("what sweep it holds is not there")
        reader.meta("order")
        return reader.count()
    except (StoreError, sqlite3.DatabaseError) as error:
        trouble.append(quoted(str(error), 300)[1:-1])
        return None


def _structure(reader: Reader) -> list[str]:
    """What SQLite finds wrong with its own pages, and rows that belong to nobody."""
    try:
        told = [row[0] for row in reader.base.execute("PRAGMA quick_check(3)")]
        found = [f"pages: {quoted(line, 200)[1:-1]}" for line in told if line != "ok"]
        for table in ("runs", "chunks"):
            nobody = f"SELECT count(*) FROM {table} WHERE cell NOT IN (SELECT id FROM cells)"
            if number := reader.base.execute(nobody).fetchone()[0]:
                found.append(f"{number:,} rows of {table} belong to no cell")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        found = [f"pages: {quoted(str(error), 200)[1:-1]}"]
    return found


def _parameters(cell: CellRow) -> str:
    return quoted(cell.parameters, 100)[1:-1]


# ------------------------------------------------------------------------------------------- doing again


def retry(store: Store, *, failed: bool = True, damaged: bool = True, progress: Looked | None = None) -> Forgotten:
    """Forget runs that failed and what is damaged, so that the command that made them does them again.

    Raises
    ------
    StoreError
        if the damage cannot be mended within this file; then it is left as it is
    """
    with store.transaction() as base:
        reader = Reader(base, store.named, tolerant=True)
        if reader.meta("identity") is None:
            raise reader.damaged("what sweep it holds is not there", "name another file")
        mended = _mend(base, reader, progress) if damaged else Forgotten(0, 0, 0)
        again = _forget_failed(base, reader) if failed else 0
        store.changed_outside()
    return mended._replace(failed=again)


def _mend(base: sqlite3.Connection, reader: Reader, progress: Looked | None) -> Forgotten:
    verdict = _verified(reader, progress)
    if verdict.sound:
        return Forgotten(0, 0, 0)
    try:
        for hash, spans in verdict.damaged:
            cell = reader.cell(hash)
            assert cell is not None
            _forget(base, cell, spans)
        bad = [cell.hash for cell in reader.found_cells() if not cell.sound]
        base.executemany("DELETE FROM cells WHERE hash = ?", [(hash,) for hash in bad])
        for table in ("runs", "chunks"):
            base.execute(f"DELETE FROM {table} WHERE cell NOT IN (SELECT id FROM cells)")
        _forget_order(base, reader)
        there, highest = base.execute("SELECT count(*), coalesce(max(id), 0) FROM cells").fetchone()
        say(base, "counts", {"cells": there, "next": highest + 1})
        left = _verified(Reader(base, reader.named, tolerant=True)).lines
    except sqlite3.DatabaseError as error:
        left = [str(error)]
    if left:
        raise reader.damaged(quoted(left[0], 300)[1:-1], "'coop-abm store merge' saves what is sound into a new file")
    return Forgotten(0, sum(len(spans) for _hash, spans in verdict.damaged), verdict.bad_cells)


def _forget_order(base: sqlite3.Connection, reader: Reader) -> None:
    """What the sweep was last asked to do is only a note: the next command makes it again."""
    try:
        reader.meta("order")
    except StoreError:
        base.execute("DELETE FROM meta WHERE key = 'order'")


def _forget_failed(base: sqlite3.Connection, reader: Reader) -> int:
    number = 0
    for cell in [cell for cell in reader.cells() if cell.spans()[1].ranges]:
        failed = cell.spans()[1]
        _forget(base, cell, failed)
        number += len(failed)
    return number


def _forget(base: sqlite3.Connection, cell: CellRow, spans: Spans) -> None:
    done, failed = cell.spans()
    for replicate in spans:
        forget(base, cell.id, replicate)
        done.remove(replicate)
        failed.remove(replicate)
    row = cell_row(cell.hash, cell.id, cell.parameters, done, failed)
    base.execute("INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?)", row)
