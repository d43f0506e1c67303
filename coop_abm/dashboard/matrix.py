"""The matrix of individuals x rounds: which row is whose, what is marked, and the tiles that travel.

Only tiles that are on show travel, so the weight of the page does not depend on the length of a run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.dashboard.acts import (
    CACHED,
    FALLBACK,
    MODEL,
    NOTHING,
    PARTS,
    REPAIRED,
    Acts,
    GenerationsAgain,
    RoundAgain,
)  # fmt: skip

#: Rows and columns of a tile.
TILE = 64
#: Further marks of a cell on the page: it matches the filter; it differs from the other run.
MATCH, OTHER = 32, 64

SORTS = {
    "number": "by number",
    "cooperation": "by share of cooperation",
    "degree": "by number of neighbours",
    "group": "by group or family",
    "strategy": "by strategy at the start",
}


class Filter(NamedTuple):
    """What is looked for; everything that is named must hold.

    did    : "", "cooperated" (in every turn), "defected" (in every turn) or "both"
    mark   : "", "invalid" (asked again or fallback), "fallback", "cached" or "model"
    holder : index of a strategy, -1 for any
    words  : text in prompts or replies
    """

    did: str = ""
    mark: str = ""
    holder: int = -1
    words: str = ""

    @property
    def asks(self) -> bool:
        """Is anything looked for?"""
        return self != Filter()


_MARKS = {"invalid": REPAIRED | FALLBACK, "fallback": FALLBACK, "cached": CACHED, "model": MODEL}


def order(run: RoundAgain | GenerationsAgain, by: str) -> np.ndarray:
    """int64 (N,): who stands in which row."""
    acts, size = run.acts, run.wanted.scenario.size
    if by == "cooperation":
        if isinstance(run, GenerationsAgain):
            helper = np.array([*run.helper, *[0] * (256 - len(run.helper))])
            share = helper[acts.strategy[: acts.done]].mean(axis=0) if acts.done else np.zeros(size)
        else:
            share = np.nan_to_num(acts.cooperation(), nan=-1.0)
        return np.argsort(-share, kind="stable")
    if by == "degree":
        indptr = run.answers.indptr
        degree = np.diff(indptr) if len(indptr) else np.full(size, size - 1)
        return np.argsort(-degree, kind="stable")
    if by == "group":
        family = run.answers.family
        key = np.arange(size) // family if family > 1 else np.asarray(run.answers.group)
        return np.argsort(key, kind="stable")
    if by == "strategy":
        return np.argsort(run.start, kind="stable")
    return np.arange(size)


def matching(acts: Acts, wanted: Filter, said: set[tuple[int, int]] | None) -> np.ndarray:
    """bool (done, N): which cells match.

    Parameters
    ----------
    said : (round, individual) in which the words of the filter stand; None where no words are looked for
    """
    done = acts.done
    share, marks = acts.share[:done], acts.marks[:done]
    found = np.ones(share.shape, bool)
    if wanted.did == "cooperated":
        found &= share == PARTS
    elif wanted.did == "defected":
        found &= share == 0
    elif wanted.did == "both":
        found &= (share > 0) & (share < PARTS)
    if wanted.mark:
        found &= (marks & _MARKS[wanted.mark]) > 0
    if wanted.holder >= 0:
        found &= acts.strategy[:done] == wanted.holder
    if said is not None:
        here = np.zeros(share.shape, bool)
        for t, i in said:
            if t < done:
                here[t, i] = True
        found &= here
    return found


def differing(one: Acts, other: Acts) -> np.ndarray:
    """bool (rounds that both have, individuals that both have): where something else was done or held."""
    rounds, size = min(one.done, other.done), min(one.share.shape[1], other.share.shape[1])
    cut = np.s_[:rounds, :size]
    return (one.share[cut] != other.share[cut]) | (one.strategy[cut] != other.strategy[cut])


def first_divergence(one: Acts, other: Acts) -> tuple[int, int] | None:
    """(round, individual) of the first cell that differs; None where all that both have is the same."""
    found = differing(one, other)
    rows = np.flatnonzero(found.any(axis=1))
    return (int(rows[0]), int(np.flatnonzero(found[rows[0]])[0])) if len(rows) else None


class Shown(NamedTuple):
    """What a matrix shows.

    order : int64 (N,), who stands in which row
    found : bool (rounds, N), what matches the filter; None without one
    other : bool (rounds, N), what differs from the other run; None without one
    """

    order: np.ndarray
    found: np.ndarray | None = None
    other: np.ndarray | None = None


def tile(acts: Acts, shown: Shown, row: int, column: int, *, held: bool) -> tuple[bytes, bytes]:
    """Two bytes a cell of TILE x TILE cells, rows of individuals first: what was done, and how it is marked.

    Parameters
    ----------
    row, column : numbers of the tile, from 0
    held : show the strategy held instead of the share of cooperative acts
    """
    who = shown.order[row * TILE : (row + 1) * TILE]
    rounds = slice(column * TILE, min((column + 1) * TILE, acts.done))
    value = np.full((TILE, TILE), NOTHING, np.uint8)
    marks = np.zeros((TILE, TILE), np.uint8)
    columns = max(0, rounds.stop - rounds.start)
    if columns and len(who):
        value[: len(who), :columns] = (acts.strategy if held else acts.share)[rounds][:, who].T
        marks[: len(who), :columns] = acts.marks[rounds][:, who].T
        for mark, where in ((MATCH, shown.found), (OTHER, shown.other)):
            if where is not None:
                _add(marks, mark, where, who, rounds)
    return value.tobytes(), marks.tobytes()


def _add(marks: np.ndarray, mark: int, where: np.ndarray, who: np.ndarray, rounds: slice) -> None:
    """Add a mark where it belongs; `where` may know fewer rounds or individuals."""
    stop = min(rounds.stop, where.shape[0])
    known = who < where.shape[1]
    if stop > rounds.start:
        some = where[rounds.start : stop][:, np.where(known, who, 0)].T & known[:, None]
        marks[: len(who), : stop - rounds.start] |= (some * mark).astype(np.uint8)
