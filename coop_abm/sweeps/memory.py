"""Where the outcomes of a sweep go: this process, or a store (``store.py``) behind the same face."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from coop_abm.core.errors import SweepError, quoted
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.work import Cell, Outcome


class Sink(Protocol):
    """Keeps outcomes, and knows which are there."""

    def open_for(self, identity: Mapping[str, Any]) -> None:
        """Begin, or go on with, a sweep of this identity."""
        ...

    def state(self, cell: Cell) -> tuple[Spans, Spans]:
        """Which replicates of a cell are done, and which failed."""
        ...

    def keep(self, batch: Sequence[tuple[Cell, Sequence[Outcome]]]) -> None:
        """Keep outcomes: all of them when this returns, or none if it raises."""
        ...

    def finals(self, cell: Cell, name: str, runs: int) -> np.ndarray:
        """Float (runs,): the last value of a column in each replicate; NaN where a run failed."""
        ...


class Memory:
    """Outcomes in the memory of this process."""

    def __init__(self) -> None:
        self._cells: dict[bytes, dict[int, Outcome]] = {}

    def open_for(self, identity: Mapping[str, Any]) -> None:
        """Nothing to compare: what is in memory belongs to one sweep."""

    def state(self, cell: Cell) -> tuple[Spans, Spans]:
        """Which replicates of a cell are done, and which failed."""
        done, failed = Spans(), Spans()
        for replicate, outcome in self._cells.get(cell.hash, {}).items():
            (failed if outcome.cause else done).add(replicate)
        return done, failed

    def keep(self, batch: Sequence[tuple[Cell, Sequence[Outcome]]]) -> None:
        """Keep outcomes."""
        for cell, outcomes in batch:
            self._cells.setdefault(cell.hash, {}).update((outcome.replicate, outcome) for outcome in outcomes)

    def outcomes(self, cell: bytes) -> Iterator[Outcome]:
        """The outcomes of a cell, by replicate."""
        kept = self._cells.get(cell, {})
        return (kept[replicate] for replicate in sorted(kept))

    def finals(self, cell: Cell, name: str, runs: int) -> np.ndarray:
        """Float (runs,): the last value of a column in each replicate; NaN where a run failed."""
        kept = self._cells.get(cell.hash, {})
        return np.array([final(kept[replicate], name) for replicate in range(runs)])


def final(outcome: Outcome, name: str) -> float:
    """The last value of a column in one run; NaN if it failed.

    Raises
    ------
    SweepError
        if there is no such column, or no number in it
    """
    if outcome.cause:
        return float("nan")
    for table in reversed(outcome.tables):
        if name in table.names and table.rows:
            value = table.rows[-1][table.names.index(name)]
            if isinstance(value, (int, float, np.number)) and value is not None:
                return float(value)
            raise SweepError(f"measure: {name} must be a number in every run; got {quoted(value)}")
    columns = dict.fromkeys(column for table in outcome.tables for column in table.names if column != "Step")
    raise SweepError(f"measure: must be among {', '.join(columns) or 'nothing, as nothing was collected'}; "
                     f"got {quoted(name)}")  # fmt: skip
