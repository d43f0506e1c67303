"""What a sweep is made of: cells, tasks, and what became of runs. Plain values, which travel between processes.

A *cell* is one parameter set with everything else that can change a result; a *run* is one replicate of a
cell; a *task* is a few runs of one cell that a worker does in one go. The key of a run is a hash of the cell's hash and
the replicate's number: never a position, a worker or a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from coop_abm.core.errors import CoopError, InputError, ModelError, OutputError, quoted


class Cell(NamedTuple):
    """One parameter set.

    parameters : what it sets, by flat name, as it was given
    hash       : SHA-256 of everything that can change a result of it, but the replicate
    """

    parameters: Mapping[str, Any]
    hash: bytes


class Task(NamedTuple):
    """Runs `first` ... `first + runs - 1` of one cell.

    tries : how often a worker was lost while it did this task
    """

    cell: Cell
    first: int
    runs: int
    tries: int = 0


class Table(NamedTuple):
    """Rows of a run that have the same columns.

    names : of the columns; the first is Step
    rows  : a tuple of values for each row
    """

    names: tuple[str, ...]
    rows: list[tuple]


class Outcome(NamedTuple):
    """What became of one run.

    replicate : its number
    seed   : the root seed, or the one that was given for it; a whole number or what the user put in `rng`
    tables : its rows, in the order in which they were collected; the last row of the last table is its final one
    cause  : why it failed, in one line; empty if it did not
    """

    replicate: int
    seed: Any
    tables: tuple[Table, ...] = ()
    cause: str = ""


class Work(Protocol):
    """How to do the runs of a sweep. It is pickled once for each worker.

    Attributes
    ----------
    identity : plain values, everything that cells have in common and that can change a result; a store holds runs of
        one identity
    """

    identity: dict[str, Any]

    def cell(self, parameters: Mapping[str, Any]) -> Cell:
        """The cell of these parameters.

        Raises
        ------
        InputError
            naming the parameter that cannot be used
        """
        ...

    def source(self, cell: Cell, replicate: int) -> Any:
        """What this run is seeded with."""
        ...

    def most_together(self, cell: Cell) -> int:
        """How many runs of this cell `perform` takes at once; 1 where they are not done faster together."""
        ...

    def perform(self, task: Task) -> list[Outcome]:
        """Do the runs, at most `most_together` of them; whatever the model raises is raised."""
        ...


#: What is no fault of one run: it stops the sweep, and nothing that was done is lost.
STOPPING = (ModelError, OutputError)


def performed(work: Work, task: Task) -> list[Outcome]:
    """Do the runs of a task. One that raises, or wants to end the process, is an outcome; the others are done.

    Raises
    ------
    ModelError, OutputError
        which concern all runs to come
    """
    most, end = max(1, work.most_together(task.cell)), task.first + task.runs
    parts = (Task(task.cell, at, min(most, end - at)) for at in range(task.first, end, most))
    return [outcome for part in parts for outcome in together(work, part)]


def together(work: Work, task: Task) -> list[Outcome]:
    """Do the runs of a task that is no longer than `most_together`, as :func:`performed` does."""
    try:
        return work.perform(task)
    except STOPPING:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a run may raise anything, and is kept as failed
        if task.runs == 1:
            return [failed(work, task, told(error))]
    singles = (Task(task.cell, task.first + i, 1) for i in range(task.runs))
    return [outcome for single in singles for outcome in together(work, single)]


def failed(work: Work, task: Task, cause: str) -> Outcome:
    """The outcome of a single run that could not be done."""
    return Outcome(task.first, work.source(task.cell, task.first), (), cause)


def told(error: BaseException) -> str:
    """An error in one line that is safe to print and to keep."""
    if isinstance(error, CoopError):
        return quoted(str(error), 400)[1:-1]
    return quoted(f"{type(error).__name__}: {error}", 400)[1:-1]


def run_key(cell: bytes, replicate: int) -> bytes:
    """The key of a run: SHA-256 of the cell's hash and the number of the replicate."""
    return hashlib.sha256(cell + replicate.to_bytes(8, "big")).digest()


def canonical(tree: Any) -> str:
    """Plain values as JSON in one spelling: sorted names, no blanks, floats that read back as they were.

    Raises
    ------
    InputError
        if something in it is no plain value
    """
    try:
        return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=True)
    except (TypeError, ValueError) as error:
        raise InputError(f"only numbers, words, true, false and lists of them can be kept ({error})") from None


def hash_of(tree: Any) -> bytes:
    """SHA-256 of plain values."""
    return hashlib.sha256(canonical(tree).encode()).digest()
