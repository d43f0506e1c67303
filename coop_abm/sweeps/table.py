"""What a sweep found, one row for each cell: the parameters, how many runs, a mean and its interval."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.engine.statistics import bounded, mean
from coop_abm.sweeps.memory import Sink
from coop_abm.sweeps.work import Cell

if TYPE_CHECKING:
    import pandas

#: Columns of a table that are no parameters.
FOUND = ("runs", "failed", "undefined", "mean", "low", "high", "error")
#: Measures that are shares of a whole, beside `share_*`.
SHARES = ("cooperators", "cooperation", "good_standing", "clustering")


class Finals(NamedTuple):
    """The last value of a measure in each run of a cell.

    parameters : what the cell sets, by flat name
    values     : float (runs,), of runs that did not fail; NaN where the measure has no value
    failed     : how many others did
    """

    parameters: Mapping[str, Any]
    values: np.ndarray
    failed: int = 0


def finals(sink: Sink, cells: Iterable[Cell], measure: str) -> Iterator[Finals]:
    """The last values of a measure, cell by cell; of a sweep that goes on, the runs without a gap before them."""
    for cell in cells:
        done, failed = sink.state(cell)
        runs = next(done.union(failed).missing(2**62))[0]
        finished = [replicate for replicate in range(runs) if replicate in done]
        yield Finals(cell.parameters, sink.finals(cell, measure, runs)[finished], runs - len(finished))


def summary(rows: Iterable[Finals | tuple[Mapping[str, Any], np.ndarray]], measure: str) -> pandas.DataFrame:
    """One row for each cell, sorted by parameters.

    The interval is one of 95 %. Shares have Wilson's with the variance that was seen
    (:func:`~coop_abm.engine.statistics.bounded`), everything else has Student's.

    Parameters
    ----------
    rows : parameters, values by replicate and, where some did, how many runs failed; see :func:`finals`

    Returns
    -------
    a column for each parameter, then

    runs, failed, undefined : runs that the mean is of, that failed, and in which the measure has no value
    mean, low, high, error  : estimate, interval and standard error

    Raises
    ------
    InputError
        if a parameter has the name of one of these columns, or two rows have the same parameters
    """
    import pandas

    kept = [Finals(*row) for row in rows]
    names = list(dict.fromkeys(name for row in kept for name in row.parameters))
    taken = next((name for name in names if name in FOUND), None)
    if taken is not None:
        raise InputError(f"parameters: none may be called {', '.join(FOUND)}; got {quoted(taken)}")
    kept.sort(key=lambda row: [in_order(row.parameters.get(name)) for name in names])
    for before, row in itertools.pairwise(kept):
        if before.parameters == row.parameters:
            raise InputError(f"rows: every cell can be there once; got {quoted(dict(row.parameters))} twice")
    numbers = [np.asarray(row.values, np.float64) for row in kept]
    defined = [values[~np.isnan(values)] for values in numbers]
    within = all(len(values) == 0 or (values.min() >= 0 and values.max() <= 1) for values in defined)
    estimate = bounded if is_share(measure) and within else mean
    table: dict[str, list] = {name: [row.parameters.get(name) for row in kept] for name in names}
    table["runs"] = [len(values) for values in defined]
    table["failed"] = [int(row.failed) for row in kept]
    table["undefined"] = [len(a) - len(b) for a, b in zip(numbers, defined, strict=True)]
    found = [estimate(values) for values in defined]
    for column, field in (("mean", "value"), ("low", "low"), ("high", "high"), ("error", "error")):
        table[column] = [getattr(one, field) for one in found]
    return pandas.DataFrame(table)


def is_share(measure: str) -> bool:
    """Is it a measure in [0, 1] by what it means?"""
    return measure in SHARES or measure.startswith("share_")


def parameters_of(table: pandas.DataFrame) -> list[str]:
    """The columns that are parameters."""
    return [str(name) for name in table.columns if name not in FOUND]


def varying(table: pandas.DataFrame) -> list[str]:
    """The parameters that are not the same in all cells."""
    return [name for name in parameters_of(table) if len({spelt(value) for value in table[name]}) > 1]


def plain(value: Any) -> Any:
    """A value of a column as Python's own, because a table of numbers holds numpy's."""
    return value.item() if isinstance(value, np.generic) else value


def spelt(value: Any) -> str:
    """A parameter as a word, the same for equal ones: ``0.3``, ``4``, ``ring``, ``true``."""
    value = plain(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, (int, float)):
        return f"{value:.10g}"
    return quoted(value if isinstance(value, str) else repr(value), 60)[1:-1] if value != "" else "''"


def in_order(value: Any) -> tuple[int, float, str]:
    """Numbers by size, then words by letters."""
    value = plain(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return 0, float(value), ""
    return 1, 0.0, spelt(value)
