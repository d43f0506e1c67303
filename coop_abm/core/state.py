"""One table, many windows: the population as columns of shape (R, N), replicates x individuals.

A column declares its type, its neutral value and who owns it. An agent is a window on a row, a data
collector a window on the columns, a replicate of a sweep one more row; nothing is stored twice, so
nothing has to be kept in step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Column(NamedTuple):
    """One column of the table.

    name    : what it is called
    dtype   : the smallest type that fits
    neutral : its value before anything happened
    owner   : the part of the model that writes it
    title   : what it says, in words
    """

    name: str
    dtype: type
    neutral: float
    owner: str
    title: str


COLUMNS = (
    Column("strategy", np.int16, 0, "players", "index into the repertoire"),
    Column("alive", np.int8, 1, "group", "1 while somebody lives in this row"),
    Column("payoff", np.float64, 0.0, "encounter", "felt payoff of the last round, in units of the game"),
    Column("standing", np.int8, 1, "indirect", "public standing: 0 bad, 1 good"),
    Column("group", np.int32, 0, "group", "which group the individual belongs to"),
)

#: Columns of pairs, (R, N, N): of the first individual about the second.
PAIR_COLUMNS = (Column("opinion", np.int8, 1, "indirect", "private opinion: 0 bad, 1 good"),)

#: Columns of a world in which somebody decides who is no strategy table; (R, 0) in any other.
MIND_COLUMNS = (
    Column("memo", np.int32, 0, "policies", "number of one's own notes in the table of texts; 0 none"),
    Column("played", np.int32, 0, "policies", "turns that the individual has played"),
)


class State:
    """The table: one array of shape (R, N) for each column, reached by its name.

    >>> state = State.neutral(2, 3)
    >>> state.standing.tolist()
    [[1, 1, 1], [1, 1, 1]]
    """

    def __init__(self, columns: dict[str, np.ndarray]):
        self.columns = columns

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["columns"][name]
        except KeyError:
            raise AttributeError(f"the table has no column {name!r}") from None

    @classmethod
    def neutral(cls, replicates: int, size: int, *, pairs: bool = False, minds: bool = False) -> State:
        """A table of R replicates of N individuals in which nothing has happened yet.

        With `pairs` the columns of pairs, (R, N, N), have room, otherwise they are (R, 0, 0); with `minds` those
        of notes, (R, N), otherwise (R, 0).
        """
        columns: dict[str, np.ndarray] = {c.name: np.full((replicates, size), c.neutral, c.dtype) for c in COLUMNS}
        square = (replicates, size, size) if pairs else (replicates, 0, 0)
        columns |= {c.name: np.full(square, c.neutral, c.dtype) for c in PAIR_COLUMNS}
        noted = (replicates, size if minds else 0)
        return cls(columns | {c.name: np.full(noted, c.neutral, c.dtype) for c in MIND_COLUMNS})

    def branch(self, copies: int) -> State:
        """Every replicate `copies` times in a row, to go on in different ways."""
        return State({name: np.repeat(values, copies, axis=0) for name, values in self.columns.items()})

    def copy(self) -> State:
        """A table that shares nothing with this one."""
        return self.branch(1)

    @property
    def shape(self) -> tuple[int, int]:
        """(R, N)."""
        return self.columns["strategy"].shape  # type: ignore[return-value]
