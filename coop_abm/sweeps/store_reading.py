"""Reading a store: every row is held against its checksum, and what should be there against what is."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from coop_abm.core.errors import StoreError, quoted
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.store_rows import (
    CellRow,
    ChunkRow,
    RunRow,
    checksum,
    chunk_checksum,
    chunk_table,
    inline_table,
)
from coop_abm.sweeps.work import Outcome, Table

MISMATCH = "does not match its checksum"
GONE = "is not there"


class Found(NamedTuple):
    """What a store has of one run.

    row : None if it cannot be read
    why : what is wrong with it; empty if nothing is
    """

    replicate: int
    row: RunRow | None
    why: str = ""


class Reader:
    """Reads through one connection.

    tolerant : go on behind what cannot be read; for those who look for damage, or save what can be saved
    """

    def __init__(self, base: sqlite3.Connection, named: str, *, tolerant: bool = False):
        self.base, self.named, self.tolerant = base, named, tolerant
        self._shapes: dict[Any, str] = {}

    # ----------------------------------------------------------------------------------------- the whole

    def meta(self, key: str) -> Any:
        """What the file says of itself; None if it says nothing.

        Raises
        ------
        StoreError
            if that is damaged
        """
        row = self.base.execute("SELECT key, value, checksum FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[2] != checksum(*row[:2]):
            raise self.damaged(f"{key} in meta {MISMATCH}", "name another file")
        return json.loads(row[1])

    def damaged(self, what: str, remedy: str = "") -> StoreError:
        """The error that says what is damaged."""
        remedy = remedy or "'coop-abm store retry' forgets it, and the same sweep does it again"
        return StoreError(f"{self.named} is damaged: {what}; {remedy}")

    # ----------------------------------------------------------------------------------------- cells

    def cell(self, hash: bytes) -> CellRow | None:
        """The cell of this hash, if there is one; an error if it is damaged."""
        row = self.base.execute("SELECT * FROM cells WHERE hash = ?", (hash,)).fetchone()
        if row is not None and not (cell := CellRow(*row)).sound:
            raise self.damaged(f"cell {name_of(cell.hash)} {MISMATCH}")
        return None if row is None else cell

    def cells(self) -> Iterator[CellRow]:
        """All cells by hash, checked, and that none is missing.

        Raises
        ------
        StoreError
            naming the first that is damaged
        """
        there, last = 0, b""
        for cell in self.found_cells():
            if not cell.sound or cell.hash <= last:
                raise self.damaged(f"cell {name_of(cell.hash)} {MISMATCH}")
            there, last = there + 1, cell.hash
            yield cell
        if there != (wanted := self.count()):
            raise self.damaged(f"{wanted - there:,} of {wanted:,} cells are not there")

    def count(self) -> int:
        """How many cells there should be."""
        counts = self.meta("counts")
        return counts["cells"] if counts else 0

    def found_cells(self) -> Iterator[CellRow]:
        """All rows of cells that can be read, in whatever state."""
        seen: set[Any] = set()
        for order in ("", " DESC"):  # what lies behind a page that cannot be read is reached from the other side
            try:
                for row in self.base.execute(f"SELECT * FROM cells ORDER BY hash{order}"):
                    if not order or row[0] not in seen:
                        if self.tolerant:
                            seen.add(row[0])
                        yield CellRow(*row)
                return
            except sqlite3.DatabaseError:
                if not self.tolerant:
                    raise

    # ----------------------------------------------------------------------------------------- runs

    def runs(self, cell: CellRow, before: int | None = None) -> Iterator[Found]:
        """The runs that a sound cell knows of, and any others that lie there, by replicate; `before`: below it."""
        done, failed = cell.spans()
        expected = iter(Spans((first, min(end, before)) for first, end in done.union(failed).ranges)
                        if before is not None else done.union(failed))  # fmt: skip
        rows = self._rows(cell, sys.maxsize if before is None else before)
        awaited = next(expected, None)
        for found in rows:
            while awaited is not None and awaited < found.replicate:
                yield Found(awaited, None, GONE)
                awaited = next(expected, None)
            if awaited != found.replicate:
                yield found._replace(why="is there, and its cell does not know of it")
                continue
            awaited = next(expected, None)
            if not found.why and found.row and (found.row.state == "failed") != (found.replicate in failed):
                found = found._replace(why="is in another state than its cell says")
            yield found
        while awaited is not None:
            yield Found(awaited, None, GONE)
            awaited = next(expected, None)

    def sound_runs(self, cell: CellRow, before: int | None = None) -> Iterator[RunRow]:
        """The runs of a cell.

        Raises
        ------
        StoreError
            naming the first that is damaged or missing
        """
        for found in self.runs(cell, before):
            if found.why:
                raise self.damaged(f"run {found.replicate} of cell {name_of(cell.hash)} {found.why}")
            assert found.row is not None
            yield found.row

    def _rows(self, cell: CellRow, before: int) -> Iterator[Found]:
        """The rows of a cell that lie in the file, in ascending order."""
        last = -1
        try:
            for row in self.base.execute(
                f"{_RUN} WHERE cell = ? AND replicate < ? ORDER BY replicate", (cell.id, before)
            ):
                if type(row[0]) is not int or row[0] <= last:
                    break  # out of order: what is missing is found missing
                last = row[0]
                yield self._checked(cell, row)
            else:
                return
        except sqlite3.DatabaseError:
            if not self.tolerant:
                raise
        if self.tolerant:
            done, failed = cell.spans()
            yield from (self.run(cell, replicate) for replicate in done.union(failed) if replicate > last)

    def run(self, cell: CellRow, replicate: int) -> Found:
        """One run."""
        try:
            row = self.base.execute(f"{_RUN} WHERE cell = ? AND replicate = ?", (cell.id, replicate)).fetchone()
        except sqlite3.DatabaseError:
            if not self.tolerant:
                raise
            return Found(replicate, None, "cannot be read")
        if row is None:
            return Found(replicate, None, GONE)
        return self._checked(cell, row)._replace(replicate=replicate)

    def _checked(self, cell: CellRow, row: tuple) -> Found:
        run = RunRow(row[0], row[1], row[2], self._names(row[3]), *row[4:])
        if run.checksum != checksum(cell.hash, *run[:-1]):
            return Found(run.replicate, run, MISMATCH)
        return Found(run.replicate, run)

    def _names(self, shape: Any) -> str | None:
        if shape is not None and shape not in self._shapes:
            self._shapes = dict(self.base.execute("SELECT id, names FROM shapes"))
        return self._shapes.get(shape)

    # ----------------------------------------------------------------------------------------- rows

    def chunks(self, cell: CellRow, run: RunRow, first: int = 0) -> Iterator[ChunkRow]:
        """The chunks of a run from this one on, checked.

        Raises
        ------
        StoreError
            naming the run, if one is damaged or missing
        """
        if not run.chunks:
            return
        where = f"run {run.replicate} of cell {name_of(cell.hash)}"
        number = first
        for row in self.base.execute(
            "SELECT number, part, shape, data, checksum FROM chunks WHERE cell = ? AND replicate = ? AND number >= ? "
            "ORDER BY number", (cell.id, run.replicate, first),
        ):  # fmt: skip
            chunk = ChunkRow(row[0], row[1], self._names(row[2]) or "", *row[3:])
            if chunk.number != number or not isinstance(chunk.data, bytes) or number >= run.chunks:
                raise self.damaged(f"{where} {MISMATCH} (chunk {number})")
            if chunk.checksum != chunk_checksum(cell.hash, run.replicate, *chunk[:-1]):
                raise self.damaged(f"{where} {MISMATCH} (chunk {number})")
            yield chunk
            number += 1
        if number != run.chunks:
            raise self.damaged(f"{where} has not its {run.chunks:,} chunks")

    def why(self, cell: CellRow, found: Found) -> str:
        """What is wrong with a run, its chunks too; empty if nothing is."""
        if found.why or found.row is None:
            return found.why
        try:
            for _chunk in self.chunks(cell, found.row):
                pass
        except (StoreError, sqlite3.DatabaseError):
            return f"{MISMATCH} (its chunks)"
        return ""

    def tables(self, cell: CellRow, run: RunRow) -> Iterator[tuple[int, Table]]:
        """The rows of a run, a chunk at a time, each with the number of its table."""
        yield from enumerate(inline_table(run))
        yield from ((chunk.part, chunk_table(chunk)) for chunk in self.chunks(cell, run))

    def outcome(self, cell: CellRow, run: RunRow) -> Outcome:
        """The run as it was kept."""
        tables: list[Table] = []
        for part, table in self.tables(cell, run):
            if part == len(tables):
                tables.append(table)
            else:
                tables[part].rows.extend(table.rows)
        return Outcome(run.replicate, json.loads(run.seed), tuple(tables), json.loads(run.cause))

    def last(self, cell: CellRow, run: RunRow) -> Outcome:
        """The run with its last rows alone."""
        tables = [chunk_table(chunk) for chunk in self.chunks(cell, run, run.chunks - 1)] or inline_table(run)
        return Outcome(run.replicate, None, tuple(tables), json.loads(run.cause))


_RUN = "SELECT replicate, state, seed, shape, data, cause, chunks, checksum FROM runs"


def name_of(hash: Any) -> str:
    """A cell, as it is called in messages."""
    return hash.hex()[:16] if isinstance(hash, bytes) else quoted(hash)
