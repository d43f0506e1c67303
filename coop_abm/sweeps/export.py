"""The rows of a sweep as CSV and Parquet: the same bytes in whatever order, and wherever, its runs were done.

A store is read twice. The first time everything is checked and the kinds of values in each column are found; the second
time rows are written, by run key. Rows stream: memory does not grow with the number of runs.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm import output
from coop_abm._version import __version__
from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.columns import Columns, cell_text
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_care import failures
from coop_abm.sweeps.store_reading import Reader, name_of
from coop_abm.sweeps.store_rows import CellRow, RunRow
from coop_abm.sweeps.work import run_key

#: Rows of a group of a Parquet file.
GROUP = 20_000
#: Cells that are remembered while runs are read by key.
CELLS = 20_000


class Exported(NamedTuple):
    """The files that were written, and how many runs and rows they hold."""

    files: list[Path]
    runs: int
    rows: int
    failed: int


def export(
    store: Store, to: str | Path, *, kinds: tuple[str, ...] = ("csv",), seed_name: str = "",
    progress: Callable[[int], None] | None = None,
) -> Exported:  # fmt: skip
    """Write the rows of all runs that are done to TO.csv or TO.parquet, where they came from to TO.json, and runs that
    failed, if any did, to TO.failures.csv.

    Parameters
    ----------
    to        : the name of the files; an ending .csv or .parquet is left out
    kinds     : csv, parquet or both
    seed_name : what the column of seeds is called; empty: as the identity says, or seed
    progress  : called with the number of runs that were read, of twice their number

    Raises
    ------
    StoreError
        if anything in the store is damaged or missing; then nothing is written
    OutputError
        if the files cannot be written
    """
    for kind in kinds:
        if kind not in _WRITERS:
            raise InputError(f"kind must be csv or parquet; got {quoted(kind)}")
    place = Path(to)
    place = place.with_suffix("") if place.suffix in (".csv", ".parquet") else place
    output.folder(place.parent)
    files = []
    with store.reader() as reader:
        rows = Rows(reader, store.identity, seed_name, progress)
        for kind in kinds:
            named = place.with_name(f"{place.name}.{kind}")
            files.append(output.write(named, functools.partial(_WRITERS[kind], rows)))
        failed = list(failures(store, 1))
        if failed:
            columns = sorted({name for cell in reader.cells() for name in json.loads(cell.parameters)})
            named = place.with_name(f"{place.name}.failures.csv")
            files.append(output.write(named, lambda path: _write_failures(path, store, columns, rows.seed_name)))
    about = {
        "package": {"name": "coop-abm", "version": __version__},
        "libraries": {name: version(name) for name in ("mesa", "numpy", "pyarrow")},
        "identity": rows.identity,
        "cells": rows.cells,
        "runs": rows.runs,
        "rows": rows.count,
        "failed": rows.failed,
        "columns": rows.columns.names,
        "sha256": {file.name: _digest_of(file) for file in files},
    }
    files.append(output.write_text(place.with_name(f"{place.name}.json"), _text(about)))
    return Exported(files, rows.runs, rows.count, rows.failed)


def digest(store: Store, seed_name: str = "") -> str:
    """SHA-256 of the rows as CSV, in hexadecimal."""
    found = hashlib.sha256()
    with store.reader() as reader:
        for line in _csv_lines(Rows(reader, store.identity, seed_name, None)):
            found.update(line)
    return found.hexdigest()


class Rows:
    """All rows of the runs that are done; made by reading everything once.

    Attributes
    ----------
    columns : what they hold
    cells, runs, failed, count : how many there are; `count` of rows
    """

    def __init__(
        self, reader: Reader, identity: dict[str, Any], seed_name: str, progress: Callable[[int], None] | None
    ):
        self.reader, self.identity, self.progress = reader, identity, progress
        self.seed_name = seed_name or str(identity.get("seed_name") or "seed")
        self.columns = Columns(self.seed_name)
        self.cells = self.runs = self.failed = self.count = self._read = 0
        for cell in reader.cells():
            self.cells += 1
            parameters = json.loads(cell.parameters)
            for run in reader.sound_runs(cell):
                if run.state == "failed":
                    self.failed += 1
                    continue
                self.runs += 1
                self._looked()
                self.columns.see_run(parameters, json.loads(run.seed))
                for _part, table in reader.tables(cell, run):
                    self.count += len(table.rows)
                    self.columns.see(table)
        self.columns.settle()

    def __iter__(self) -> Iterator[list[Any]]:
        """Rows by the key of their run, each with a value for every column; None where a run has no such column."""
        for key, cell, parameters, run in self._by_key():
            self._looked()
            start = (key.hex(), run.replicate, parameters, json.loads(run.seed))
            for _part, table in self.reader.tables(cell, run):
                yield from self.columns.rows(start, table)

    def _looked(self) -> None:
        self._read += 1
        if self.progress and not self._read % 1000:
            self.progress(self._read)

    def _by_key(self) -> Iterator[tuple[bytes, CellRow, dict[str, Any], RunRow]]:
        """The runs that are done; SQLite sorts their keys, on the disk where they are many."""
        base = self.reader.base
        base.create_function("run_key", 2, run_key, deterministic=True)
        there = 0
        cell_of = functools.lru_cache(CELLS)(self._cell)
        for hash, replicate, key in base.execute(
            "SELECT cells.hash, replicate, run_key(hash, replicate) AS key FROM cells "
            "JOIN runs ON runs.cell = cells.id WHERE state = 'done' ORDER BY key"
        ):
            cell, parameters = cell_of(hash)
            found = self.reader.run(cell, replicate)
            if found.why or found.row is None:
                raise self.reader.damaged(f"run {replicate} of cell {name_of(hash)} {found.why}")
            there += 1
            yield key, cell, parameters, found.row
        if there != self.runs:
            raise self.reader.damaged(f"{there:,} of {self.runs:,} runs can be found by their key")

    def _cell(self, hash: bytes) -> tuple[CellRow, dict[str, Any]]:
        cell = self.reader.cell(hash)
        if cell is None:
            raise self.reader.damaged(f"cell {name_of(hash)} cannot be found again")
        return cell, json.loads(cell.parameters)


# ---------------------------------------------------------------------------------------------- writers


def _csv_lines(rows: Rows) -> Iterator[bytes]:
    yield _line(rows.columns.names)
    for row in rows:
        yield _line(row)


def _line(values: list[Any]) -> bytes:
    return (",".join(map(cell_text, values)) + "\n").encode("utf-8")


def _write_csv(rows: Rows, path: Path) -> None:
    with path.open("wb", buffering=1 << 20) as file:
        file.writelines(_csv_lines(rows))


def _write_parquet(rows: Rows, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in rows.columns.kinds()])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        group: list[list[Any]] = []
        for row in rows:
            group.append(rows.columns.typed(row))
            if len(group) == GROUP:
                writer.write_batch(_batch(group, schema))
                group = []
        if group:
            writer.write_batch(_batch(group, schema))


def _batch(group: list[list[Any]], schema: Any) -> Any:
    import pyarrow

    arrays = [pyarrow.array(values, field.type) for values, field in zip(zip(*group, strict=True), schema, strict=True)]
    return pyarrow.record_batch(arrays, schema=schema)


_WRITERS: dict[str, Callable[[Rows, Path], None]] = {"csv": _write_csv, "parquet": _write_parquet}


def _write_failures(path: Path, store: Store, names: list[str], seed_name: str) -> None:
    with path.open("wb") as file:
        file.write(_line([*names, "iteration", seed_name, "cause"]))
        for failed in failures(store):
            values = [failed.parameters.get(name) for name in names]
            file.write(_line([*values, failed.replicate, failed.seed, failed.cause]))


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(tree: Any) -> str:
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
