"""How cells and runs are written down in a store: as text in one spelling, each with a checksum of its own.

Values are JSON in ASCII. A checksum is over a row's key and all of its fields, and over a cell's hash and the names of
columns in place of their numbers in this file, so a row can move to another store as it is. Rows of a run that are
few stand in the run's own row; time series and tables of agents are cut into compressed chunks.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.work import Outcome, Table

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE shapes (id INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE cells (
    hash BLOB PRIMARY KEY, id INTEGER NOT NULL, parameters TEXT NOT NULL, done TEXT NOT NULL, failed TEXT NOT NULL,
    checksum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
    cell INTEGER NOT NULL, replicate INTEGER NOT NULL, state TEXT NOT NULL, seed TEXT NOT NULL, shape INTEGER,
    data TEXT, cause TEXT NOT NULL, chunks INTEGER NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (cell, replicate)
) STRICT, WITHOUT ROWID;
CREATE TABLE chunks (
    cell INTEGER NOT NULL, replicate INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL,
    shape INTEGER NOT NULL, data BLOB NOT NULL, checksum BLOB NOT NULL, PRIMARY KEY (cell, replicate, number)
) STRICT, WITHOUT ROWID;
"""

#: A run of one table with at most so many rows stands in one row.
INLINE = 16
#: Rows of a chunk.
CHUNK = 500


class CellRow(NamedTuple):
    """A row of `cells`; `done` and `failed` are ranges of replicates."""

    hash: bytes
    id: int
    parameters: str
    done: str
    failed: str
    checksum: bytes

    @property
    def sound(self) -> bool:
        """Does it match its checksum?"""
        return self.checksum == checksum(*self[:-1])

    def spans(self) -> tuple[Spans, Spans]:
        """Which replicates are done, and which failed."""
        return Spans(json.loads(self.done)), Spans(json.loads(self.failed))


class RunRow(NamedTuple):
    """A row of `runs`, with the names of its columns in place of their number."""

    replicate: int
    state: str
    seed: str
    names: str | None
    data: str | None
    cause: str
    chunks: int
    checksum: bytes


class ChunkRow(NamedTuple):
    """A row of `chunks`: part of the rows of table `part` of a run."""

    number: int
    part: int
    names: str
    data: bytes
    checksum: bytes


class WrittenRun(NamedTuple):
    """A run as it is kept: its row, and its chunks if it has many rows."""

    row: RunRow
    chunks: list[ChunkRow]


def checksum(*fields: bytes | str | int | None) -> bytes:
    """Half of the SHA-256 of these values."""
    return hashlib.sha256(ascii(fields).encode("ascii")).digest()[:16]


def cell_row(hash: bytes, number: int, parameters: str, done: Spans, failed: Spans) -> CellRow:
    """A cell, with its checksum."""
    fields = (hash, number, parameters, text_of(done.ranges), text_of(failed.ranges))
    return CellRow(*fields, checksum(*fields))


def run_row(cell: bytes, outcome: Outcome) -> WrittenRun:
    """An outcome as it is kept.

    Raises
    ------
    InputError
        if a value in it is not plain
    """
    names = data = None
    chunks: list[ChunkRow] = []
    if len(outcome.tables) == 1 and len(outcome.tables[0].rows) <= INLINE:
        names, data = text_of(outcome.tables[0].names), text_of(outcome.tables[0].rows)
    else:
        chunks = list(_chunks(cell, outcome))
    state = "failed" if outcome.cause else "done"
    fields = (outcome.replicate, state, text_of(outcome.seed), names, data, text_of(outcome.cause), len(chunks))
    return WrittenRun(RunRow(*fields, checksum(cell, *fields)), chunks)


def _chunks(cell: bytes, outcome: Outcome) -> Iterator[ChunkRow]:
    number = 0
    for part, table in enumerate(outcome.tables):
        names = text_of(table.names)
        for first in range(0, max(1, len(table.rows)), CHUNK):
            data = zlib.compress(text_of(table.rows[first : first + CHUNK]).encode("ascii"), 4)
            yield ChunkRow(
                number, part, names, data, chunk_checksum(cell, outcome.replicate, number, part, names, data)
            )
            number += 1


def chunk_checksum(cell: bytes, replicate: int, number: int, part: int, names: str | None, data: bytes) -> bytes:
    """The checksum of a chunk."""
    return checksum(cell, replicate, number, part, names, hashlib.sha256(data).digest())


def inline_table(row: RunRow) -> list[Table]:
    """The table that stands in the run's own row, if it does."""
    return [] if row.data is None else [Table(names_of(row.names), rows_of(row.data))]


def chunk_table(chunk: ChunkRow) -> Table:
    """The rows of a chunk."""
    return Table(names_of(chunk.names), rows_of(zlib.decompress(chunk.data)))


def names_of(text: str | None) -> tuple[str, ...]:
    """Names of columns."""
    return tuple(json.loads(text or "[]"))


def rows_of(text: str | bytes) -> list[tuple]:
    """Rows of a table."""
    return [tuple(row) for row in json.loads(text)]


def text_of(value: Any) -> str:
    """A value as JSON in one spelling, which reads back as it was.

    Raises
    ------
    InputError
        if something in it is not plain
    """
    try:
        return _encoder.encode(value)
    except (TypeError, ValueError) as error:
        raise InputError(f"a store keeps numbers, words, true, false, None and lists of them: {error}") from None


def _plain(value: Any) -> Any:
    """What JSON does not know: numbers and arrays of numpy, what seeds are made of, a graph that is a parameter."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "spawn_key"):
        return {"entropy": value.entropy, "spawn_key": list(value.spawn_key)}
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "number_of_edges"):  # the hash of the cell knows which graph; here it is only named
        return f"{type(value).__name__} of {value.number_of_nodes()} nodes and {value.number_of_edges()} edges"
    raise TypeError(f"got {quoted(value)}")


_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain)
