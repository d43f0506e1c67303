"""Imitate the best on a square lattice, many cells at a time.

With two strategies and payoffs that depend on strategies alone, what a cell earns follows from its own
strategy and the number of its neighbours that hold the second one. So scores are ranks in a table of few
entries, a cell is a byte, and a round is a handful of passes over neighbouring rows that the compiler turns into
instructions on 16 or 32 cells at once. Chance is asked only where neighbours of both strategies earned
the same and most, which is where the rule draws (``updates/imitation.py``); draws have addresses, so asking for
fewer shifts none.

Arrays of cells have a margin of one on each side: (rows + 2, columns + 2). On a torus it repeats the
opposite border, on a lattice with borders it is empty.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import LEARN, uniform
from coop_abm.core.kernel import kernel
from coop_abm.engine.plain import Plain, sums_in_any_order
from coop_abm.mechanisms.base import Answers
from coop_abm.scenario.scenario import Scenario
from coop_abm.updates.imitation import source_of_the_best, source_of_the_first

#: Entries of a table for each kind of cell and own strategy: 0 to 9 others and itself hold strategy 1.
WIDTH = 10


class Board(NamedTuple):
    """A square lattice and what its cells can earn.

    rows, columns : its shape
    moore   : 1 if diagonal cells are neighbours
    joined  : 1 if opposite borders are joined
    base    : uint8 (rows, columns), where the table of a cell begins: cells at borders have fewer neighbours
    earned  : float (entries,), payoff of a cell by base + 10 x own strategy + holders of strategy 1, itself among them
    rank    : uint8 (entries,), the rank of that payoff among all that are possible, from 1; equal payoffs share one
    helps   : int64 (entries,), acts of help of such a cell in a round
    acts    : acts of all cells in a round
    kept    : 1 if payoffs are added to those of all rounds before
    """

    rows: int
    columns: int
    moore: int
    joined: int
    base: np.ndarray
    earned: np.ndarray
    rank: np.ndarray
    helps: np.ndarray
    acts: int
    kept: int


def board(scenario: Scenario, answers: Answers, plain: Plain | None) -> Board | None:
    """The board of this world; None if it is none, or its sums of payoffs depend on the order of neighbours."""
    graph, source = scenario.network.graph, scenario.update.kernels(False).source
    joined = getattr(graph, "joined", None)
    if (
        plain is None
        or joined is None
        or answers.groups > 1
        or answers.two_graphs
        or len(answers.indptr) == 0
        or scenario.update.mutation > 0
    ):
        return None
    if len(plain.felt) != 2 or source not in (source_of_the_best, source_of_the_first) or scenario.partners == "one":
        return None
    if source is source_of_the_best and plain.kept:
        return None
    degrees, kind = np.unique(np.diff(answers.indptr), return_inverse=True)
    most = int(degrees[-1]) + plain.selves
    sums = [found for row in plain.felt.tolist() if (found := sums_in_any_order(row[0], row[1], most)) is not None]
    if len(sums) < 2:
        return None
    earned, helps = np.zeros((len(degrees), 2, WIDTH)), np.zeros((len(degrees), 2, WIDTH), np.int64)
    possible = np.zeros(earned.shape, bool)
    for row, degree in enumerate(degrees.tolist()):
        for own in (0, 1):
            for others in range(degree + 1):  # neighbours that hold strategy 1
                met = [degree - others, others]
                helps[row, own, others + own] = met[0] * (1 - plain.act[own, 0]) + met[1] * (1 - plain.act[own, 1])
                helps[row, own, others + own] += 2 * plain.selves * (1 - plain.act[own, own])
                met[own] += plain.selves
                total = sums[own][met[0], met[1]]
                earned[row, own, others + own] = total if plain.accumulated else total / float(degree + plain.selves)
                possible[row, own, others + own] = True
    rank = np.where(possible, 1 + np.searchsorted(np.unique(earned[possible]), earned), 0)
    rows, columns = graph.shape(scenario.size)
    base = (2 * WIDTH * kind).astype(np.uint8).reshape(rows, columns)
    acts = len(answers.indices) + 2 * plain.selves * scenario.size
    return Board(
        rows, columns, int(graph.neighbours == 8), int(joined), base, earned.ravel(), rank.astype(np.uint8).ravel(),
        helps.ravel(), acts, plain.kept,
    )  # fmt: skip


@kernel
def fill_margin(cell, joined):
    """Repeat the opposite border in the margin of a torus; the margin of a lattice stays empty."""
    rows = cell.shape[0] - 2
    columns = cell.shape[1] - 2
    if joined == 0:
        return
    for r in range(1, rows + 1):
        cell[r, 0] = cell[r, columns]
        cell[r, columns + 1] = cell[r, 1]
    for c in range(columns + 2):
        cell[0, c] = cell[rows, c]
        cell[rows + 1, c] = cell[1, c]


@kernel
def count_around(up, here, down, moore, base, entry):
    """The entry of each cell of a row in the tables of a board.

    up, here, down : uint8 (columns + 2,), three rows of cells; base, entry : uint8 (columns,)
    """
    columns = entry.shape[0]
    if moore == 1:
        for c in range(columns):
            entry[c] = (
                np.int64(up[c]) + np.int64(up[c + 1]) + np.int64(up[c + 2])
                + np.int64(down[c]) + np.int64(down[c + 1]) + np.int64(down[c + 2])
            )  # fmt: skip
    else:
        for c in range(columns):
            entry[c] = np.int64(up[c + 1]) + np.int64(down[c + 1])
    for c in range(columns):
        entry[c] = (
            np.int64(entry[c])
            + np.int64(base[c])
            + np.int64(here[c])
            + 11 * np.int64(here[c + 1])
            + np.int64(here[c + 2])
        )


@kernel
def best_around(up, here, down, moore, best):
    """The highest rank around each cell of a row, its own included: uint8 (columns,) written."""
    columns = best.shape[0]
    for c in range(columns):
        found = here[c + 1]
        found = here[c] if here[c] > found else found
        found = here[c + 2] if here[c + 2] > found else found
        found = up[c + 1] if up[c + 1] > found else found
        found = down[c + 1] if down[c + 1] > found else found
        best[c] = found
    if moore == 1:
        for c in range(columns):
            found = best[c]
            found = up[c] if up[c] > found else found
            found = up[c + 2] if up[c + 2] > found else found
            found = down[c] if down[c] > found else found
            found = down[c + 2] if down[c + 2] > found else found
            best[c] = found


@kernel
def choose(first, second, own, best, other, taken):
    """What each cell of a row does next: 0 or 1, its new strategy; 2 where chance must decide.

    first, second : uint8 (columns + 2,), ranks of the cells of the row that hold strategy 0, strategy 1; else 0
    own    : uint8 (columns + 2,), their strategies
    best, other : uint8 (columns,), the highest rank around each cell among holders of strategy 0, of strategy 1
    taken  : uint8 (columns,) written
    """
    for c in range(taken.shape[0]):
        mine = first[c + 1] | second[c + 1]
        most = other[c] if other[c] > best[c] else best[c]
        better = 1 if other[c] > best[c] else 0
        better = 2 if other[c] == best[c] else better
        taken[c] = own[c + 1] if mine == most else better


@kernel
def draw_among(t, i, k, dice, board, indptr, indices, cell, first, second):
    """The strategy that cell i takes up where neighbours of both strategies earned the same and most."""
    most = 0
    tied = 0
    for at in range(indptr[i], indptr[i + 1]):
        r = indices[at] // board.columns + 1
        c = indices[at] % board.columns + 1
        earned = np.int64(first[r, c]) + np.int64(second[r, c])  # one of the two is 0
        if earned > most:
            most = earned
            tied = 1
        elif earned == most:
            tied += 1
    left = np.int64(uniform(dice, k, LEARN, t, 0, i) * tied)
    chosen = 0
    for at in range(indptr[i], indptr[i + 1]):
        r = indices[at] // board.columns + 1
        c = indices[at] % board.columns + 1
        if np.int64(first[r, c]) + np.int64(second[r, c]) == most:
            if left == 0:
                chosen = np.int64(cell[r, c])
            left -= 1
    return chosen


@kernel
def advance_board(t, steps, dice, board, indptr, indices, strategy, payoff, acts, counts):
    """Rounds t to t + steps - 1 of a population on a board.

    strategy : int (R, N) changed; payoff : float (R, N) and acts : int64 (R, 2) written, of the last round
    counts   : int64 (R, steps, 2) written: holders of each strategy after each round
    """
    rows, columns = board.rows, board.columns
    cell = np.zeros((rows + 2, columns + 2), np.uint8)
    first = np.zeros((rows + 2, columns + 2), np.uint8)
    second = np.zeros((rows + 2, columns + 2), np.uint8)
    entry = np.zeros((rows, columns), np.uint8)
    taken = np.zeros(columns, np.uint8)
    best = np.zeros(columns, np.uint8)
    other = np.zeros(columns, np.uint8)
    after = np.zeros((rows, columns), np.uint8)
    for k in range(strategy.shape[0]):
        for r in range(rows):
            for c in range(columns):
                cell[r + 1, c + 1] = strategy[k, r * columns + c]
        fill_margin(cell, board.joined)
        for step in range(steps):
            for r in range(rows):
                line = entry[r]
                count_around(cell[r], cell[r + 1], cell[r + 2], board.moore, board.base[r], line)
                own = cell[r + 1]
                zeros = first[r + 1]
                ones = second[r + 1]
                for c in range(columns):
                    rank = board.rank[line[c]]
                    zeros[c + 1] = rank if own[c + 1] == 0 else np.uint8(0)
                    ones[c + 1] = rank if own[c + 1] == 1 else np.uint8(0)
            fill_margin(first, board.joined)
            fill_margin(second, board.joined)
            held = 0
            for r in range(rows):
                best_around(first[r], first[r + 1], first[r + 2], board.moore, best)
                best_around(second[r], second[r + 1], second[r + 2], board.moore, other)
                taken = after[r]
                choose(first[r + 1], second[r + 1], cell[r + 1], best, other, taken)
                open_ = 0
                for c in range(columns):
                    held += np.int64(taken[c])
                    open_ += np.int64(taken[c]) // 2
                if open_ > 0:
                    for c in range(columns):
                        if taken[c] == 2:
                            chosen = draw_among(
                                t + step, r * columns + c, k, dice, board, indptr, indices, cell, first, second
                            )
                            taken[c] = chosen
                            held += chosen - 2
            for r in range(rows):
                own = cell[r + 1]
                taken = after[r]
                for c in range(columns):
                    own[c + 1] = taken[c]
            fill_margin(cell, board.joined)
            counts[k, step, 0] = rows * columns - held
            counts[k, step, 1] = held
        read_off(k, board, cell, entry, strategy, acts)
        for r in range(rows):
            for c in range(columns):
                payoff[k, r * columns + c] = board.earned[entry[r, c]]


@kernel
def read_off(k, board, cell, entry, strategy, acts):
    """Write what the table keeps of a board: strategies, and acts of the last round."""
    acts[k, 0] = 0
    acts[k, 1] = board.acts
    for r in range(board.rows):
        for c in range(board.columns):
            strategy[k, r * board.columns + c] = cell[r + 1, c + 1]
            acts[k, 0] += board.helps[entry[r, c]]


@kernel
def pick(score, cell, shift, best, taken):
    """Take up the strategy of the neighbour on one side of each cell of a row, where it has more than the best so far.

    score : float (columns + 2,), cell : uint8 (columns + 2,), the row that the neighbours stand in
    shift : 0 the one to the left, 1 the one in the same column, 2 the one to the right
    best  : float (columns,), taken : uint8 (columns,), changed
    """
    for c in range(best.shape[0]):
        more = score[c + shift] > best[c]
        taken[c] = cell[c + shift] if more else taken[c]
        best[c] = score[c + shift] if more else best[c]


@kernel
def advance_scores(t, steps, dice, board, indptr, indices, strategy, payoff, acts, counts):
    """The same as :func:`advance_board` where the first of those with the highest score is copied, oneself last.

    Nothing is left to chance. Scores are numbers here, because those of all rounds may be added up.
    """
    rows, columns = board.rows, board.columns
    cell = np.zeros((rows + 2, columns + 2), np.uint8)
    score = np.full((rows + 2, columns + 2), -math.inf)
    entry = np.zeros((rows, columns), np.uint8)
    after = np.zeros((rows, columns), np.uint8)
    best = np.zeros(columns)
    for k in range(strategy.shape[0]):
        for r in range(rows):
            for c in range(columns):
                cell[r + 1, c + 1] = strategy[k, r * columns + c]
                score[r + 1, c + 1] = payoff[k, r * columns + c]
        fill_margin(cell, board.joined)
        for step in range(steps):
            for r in range(rows):
                line = entry[r]
                count_around(cell[r], cell[r + 1], cell[r + 2], board.moore, board.base[r], line)
                mine = score[r + 1]
                for c in range(columns):
                    before = mine[c + 1] if board.kept == 1 else 0.0
                    mine[c + 1] = before + board.earned[line[c]]
            fill_margin(score, board.joined)
            held = 0
            for r in range(rows):
                taken = after[r]
                for c in range(columns):
                    best[c] = -math.inf
                for down in range(3):
                    for shift in range(3):
                        if (down + shift) % 2 == 1 or (board.moore == 1 and down != 1):
                            pick(score[r + down], cell[r + down], shift, best, taken)
                pick(score[r + 1], cell[r + 1], 1, best, taken)
                for c in range(columns):
                    held += np.int64(taken[c])
            for r in range(rows):
                own = cell[r + 1]
                taken = after[r]
                for c in range(columns):
                    own[c + 1] = taken[c]
            fill_margin(cell, board.joined)
            counts[k, step, 0] = rows * columns - held
            counts[k, step, 1] = held
        read_off(k, board, cell, entry, strategy, acts)
        for r in range(rows):
            for c in range(columns):
                payoff[k, r * columns + c] = score[r + 1, c + 1]
