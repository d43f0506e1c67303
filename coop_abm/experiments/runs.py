"""What became of the runs of an experiment: one record for each replication, and which cells are not whole.

A cell counts when every replication that was asked for is there. One of which some are missing is listed with what is
missing, and has no mean: runs that fail or are interrupted are not drawn at random, so whatever is left is no sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.staged import REPLIES
from coop_abm.sweeps.work import Outcome


class Run(NamedTuple):
    """One replication of one cell.

    measures : of the world at its end, by name
    replies  : where language models were asked, how many decisions they took, how many of these had to be asked for
               again, and in how many the fallback stood in for an answer
    """

    cell: str
    replication: int
    measures: Mapping[str, float]
    replies: Mapping[str, int]


class Missing(NamedTuple):
    """A cell that is not whole.

    done, wanted : replications
    cause : why one of them failed, in one line; "" where it was not tried
    """

    cell: str
    done: int
    wanted: int
    cause: str

    @property
    def words(self) -> str:
        """The same as words for a cell of a table."""
        return f"missing: {self.done:,} of {self.wanted:,} runs are there" + (f" ({self.cause})" if self.cause else "")


@dataclass(frozen=True)
class Runs:
    """The runs of an experiment that are there.

    cells  : names of all cells, in order
    wanted : replications of each
    runs   : those that are there, of whole cells and of others, by cell and replication
    causes : cell -> why a run of it failed
    done_now, there : runs that were done by the call that gave this, and those that it found
    requests : that it sent to language models
    stopped : why it ended before its end, in one line; "" if it did not
    store  : the file in which the runs are kept; "" if they are in memory
    """

    cells: tuple[str, ...]
    wanted: int
    runs: tuple[Run, ...]
    causes: Mapping[str, str]
    done_now: int = 0
    there: int = 0
    requests: int = 0
    stopped: str = ""
    store: str = ""

    @cached_property
    def _of(self) -> dict[str, list[Run]]:
        found: dict[str, list[Run]] = {cell: [] for cell in self.cells}
        for run in self.runs:
            found[run.cell].append(run)
        return found

    @cached_property
    def whole(self) -> tuple[str, ...]:
        """The cells of which all replications are there, in order."""
        return tuple(cell for cell in self.cells if len(self._of[cell]) == self.wanted)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        """The other cells."""
        return tuple(
            Missing(cell, len(self._of[cell]), self.wanted, self.causes.get(cell, ""))
            for cell in self.cells
            if len(self._of[cell]) != self.wanted
        )

    def of(self, cell: str) -> list[Run]:
        """The runs of a whole cell, by replication.

        Raises
        ------
        InputError
            if there is no such cell, or it is not whole
        """
        if cell not in self._of:
            raise InputError(f"cell must be one of {', '.join(self.cells)}; got {quoted(cell)}")
        if cell not in self.whole:
            found = next(each for each in self.missing if each.cell == cell)
            raise InputError(f"cell {quoted(cell)[1:-1]}: {found.words}, so nothing can be said of it")
        return self._of[cell]

    def sample(self, cell: str, measure: str) -> np.ndarray:
        """Float (wanted,): a measure of a whole cell, one value for each replication.

        Raises
        ------
        InputError
            if the cell is not whole, or there is no such measure
        """
        runs = self.of(cell)
        if measure not in runs[0].measures:
            raise InputError(f"measure must be among {', '.join(runs[0].measures)}; got {quoted(measure)}")
        return np.array([run.measures[measure] for run in runs])

    @cached_property
    def replies(self) -> dict[str, int]:
        """Of all runs: decisions of language models, those that were asked for again, and fallbacks; empty if none."""
        asked = [run.replies for run in self.runs if run.replies]
        return {name: sum(replies[name] for replies in asked) for name in REPLIES} if asked else {}

    @property
    def fallbacks(self) -> float:
        """Share of fallbacks among the decisions of language models; NaN where none was asked."""
        decisions = self.replies.get("decisions", 0)
        return self.replies["fallbacks"] / decisions if decisions else float("nan")

    def rows(self) -> list[dict[str, Any]]:
        """One plain row for each run: cell, replication, its measures, and of replies what there is."""
        return [{"cell": run.cell, "replication": run.replication, **run.measures, **run.replies} for run in self.runs]


def gathered(sink: Any, cells: Mapping[str, bytes], wanted: int, **more: Any) -> Runs:
    """The runs that a sink holds, of cells by their hash; replications above those that are wanted are left out."""
    runs: list[Run] = []
    causes: dict[str, str] = {}
    for cell, hash in cells.items():
        for outcome in sink.outcomes(hash):
            if outcome.replicate >= wanted:
                continue
            if outcome.cause:
                causes.setdefault(cell, outcome.cause)
            else:
                runs.append(_run(cell, outcome))
    return Runs(tuple(cells), wanted, tuple(runs), causes, **more)


def _run(cell: str, outcome: Outcome) -> Run:
    names, rows = outcome.tables[-1]
    row = dict(zip(names, rows[-1], strict=True))
    del row["Step"]
    replies = {name: int(row.pop(name)) for name in REPLIES if name in row}
    return Run(cell, outcome.replicate, {name: _number(value) for name, value in row.items()}, replies)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
