"""Which single edge should be added or removed so that cooperation needs the least benefit?

Every change is answered exactly, by the solver that answers the graph itself, starting from the meeting times
of the unchanged graph. Changes are ranked by 1/(b/c)*, the larger the better for cooperation: it passes
smoothly through infinity (never) into the negative (spite).

Where only some of the changes can be afforded, those with the largest first-order effect on 1/(b/c)* are
taken. It is the derivative by the weight of the edge, times the change of weight; one further system of the
same form, the adjoint, gives it for all pairs of nodes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.ancestry import Progress, ancestry, row_sums
from coop_abm.theory.arguments import sparse_graph, whole
from coop_abm.theory.coalescence import Balance, balance_of
from coop_abm.theory.meeting import LARGEST, meeting_times, root_of, solved

if TYPE_CHECKING:
    import scipy.sparse

PRECISE = 1e-10  # residual beside the right-hand side; about nine digits of a ratio


class Change(NamedTuple):
    """One edge more or one edge less.

    kind : "add" or "remove"
    one, other : the nodes by number, one < other, or by name
    weight : weight of the edge
    value : (b/c)* after the change, signed
    nodes : nodes of the graph after the change: all, or those of the largest piece that is left
    """

    kind: str
    one: int | str
    other: int | str
    weight: float
    value: float
    nodes: int


class Advice(NamedTuple):
    """The best changes of a graph.

    before     : (b/c)* of the graph as it is
    changes    : the best ones, best first
    candidates : how many changes there were
    evaluated  : how many of them were answered exactly
    screening  : how those were chosen, one sentence; empty where all were
    """

    before: float
    changes: tuple[Change, ...]
    candidates: int
    evaluated: int
    screening: str

    def named(self, labels: Sequence[int | str]) -> Advice:
        """The same with nodes by the names of nodes 0 .. N-1."""
        changes = (c._replace(one=labels[int(c.one)], other=labels[int(c.other)]) for c in self.changes)
        return self._replace(changes=tuple(changes))


def advise(
    weights: object,
    *,
    count: int = 5,
    budget: int | None = None,
    update: str = "death_birth",
    payoff: str = "averaged",
    keep_connected: bool = True,
    adds: bool = True,
    removals: bool = True,
    progress: Progress | None = None,
) -> Advice:
    """The ``count`` additions or removals of one edge after which (b/c)* is most favourable to cooperation.

    A new edge gets the mean weight of those that are there (1 in a graph without weights).

    Parameters
    ----------
    weights, update, payoff : as ``coalescence.critical_ratio``
    count  : how many changes to name, at most
    budget : how many changes to answer exactly, at most; None: all
    keep_connected : leave out removals after which the graph falls apart; otherwise they are answered for the
             largest piece that is left
    adds, removals : which changes to consider

    Raises
    ------
    as ``coalescence.critical_ratio``; InputError : count or budget below 1, or nothing to consider
    """
    wanted = whole("count", count, 1)
    if not (adds or removals):
        raise InputError("adds and removals must not both be false: no change is left to consider")
    rows = sparse_graph(weights, LARGEST)
    walks = ancestry(rows, update, payoff)
    times = meeting_times(walks.walk)
    before = balance_of(walks, times)
    one, other, by = _candidates(rows, adds, removals, keep_connected)
    candidates, screening = len(one), ""
    limit = candidates if budget is None else whole("budget", budget, 1)
    if candidates > limit:
        slope = gradient(rows, update, payoff, times, before)
        order = np.argsort(-slope[one, other] * by, kind="stable")[:limit]
        one, other, by = one[order], other[order], by[order]
        screening = f"the {limit:,} of {candidates:,} changes with the largest first-order effect were answered exactly"
    found = []
    for at, (i, j, change) in enumerate(zip(one.tolist(), other.tolist(), by.tolist(), strict=True)):
        value, nodes = _after(rows, i, j, change, update, payoff, times)
        found.append(Change("add" if change > 0 else "remove", i, j, abs(change), value, nodes))
        if progress:
            progress((at + 1) / len(one))
    found.sort(key=lambda change: (-1 / change.value, change.kind, change.one, change.other))
    return Advice(before.ratio, tuple(found[:wanted]), candidates, len(one), screening)


def gradient(rows: scipy.sparse.csr_array, update: str, payoff: str, times: np.ndarray, balance: Balance) -> np.ndarray:
    """d (1/(b/c)*) / d w_ij for every pair of nodes, joined or not; float (N, N), symmetric, zero diagonal.

    At fixed J = 1/(b/c)*, phi = gain - J cost is zero, so d J = d phi / cost. With V the weights of the walk,
    h its row sums, W those of the game, d its row sums, E = S/d, and X = diag(h) P^h,

        phi = <X E W - J X S - diag(h) E W, tau>,

    which depends on the weights directly and through tau; the latter by L^T lambda = d phi / d tau, L tau = 1.
    """
    walks = ancestry(rows, update, payoff)
    walk, reach, scale, inverse = walks.walk, walks.reach, walks.scale, balance.gain / balance.cost
    degree = row_sums(rows)
    each = scale / degree
    dense = rows.toarray()

    def spread(m: np.ndarray) -> np.ndarray:  # X m
        for _ in range(walks.back - 1):
            m = (walk @ m) / reach[:, None]
        return walk @ m

    weigh = (rows @ times).T * each - inverse * times * scale  # d phi / d X
    by_reach = -each * (dense * times).sum(axis=1)
    if walks.back == 1:
        by_walk = weigh
    else:
        onward = walk @ weigh  # V d phi / d X
        by_walk = (walk @ weigh.T).T / reach + onward / reach[:, None]
        by_reach -= np.asarray(walk.multiply(onward).sum(axis=1)).ravel() / reach**2
    competing = spread(times)  # X tau
    by_game = each[:, None] * (competing - reach[:, None] * times)
    if payoff == "averaged":
        by_degree = -(dense * (competing - reach[:, None] * times)).sum(axis=1) / degree**2
    else:
        by_degree = -inverse * competing.diagonal()
    played = each[:, None] * dense
    state = _adjoint(walk, spread(played - inverse * np.diag(scale)) - reach[:, None] * played)
    by_step = (state @ times) / reach[:, None]
    by_reach -= np.asarray(walk.multiply(by_step).sum(axis=1)).ravel() / reach
    total = by_walk + by_game + by_step + (by_reach + by_degree)[:, None]
    total = (total + total.T) / (balance.cost * reach.sum())
    np.fill_diagonal(total, 0)
    return total


def _adjoint(walk: scipy.sparse.csr_array, right: np.ndarray) -> np.ndarray:
    """lambda (N, N), symmetric, with L^T lambda = the symmetric part of ``right`` off the diagonal."""
    root = root_of(walk)
    between = root[:, None] * root
    right = 0.5 * (right + right.T) / between
    np.fill_diagonal(right, 0)
    return between * solved(walk, right, tolerance=PRECISE)


def _candidates(
    rows: scipy.sparse.csr_array, adds: bool, removals: bool, keep_connected: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(one, other, by): pairs of nodes, one < other, and by how much the weight between them may change."""
    import networkx as nx
    from scipy.sparse import triu

    edges = triu(rows, 1, format="coo")
    joined = np.zeros(rows.shape, bool)
    joined[edges.row, edges.col] = True
    one, other = np.nonzero(np.triu(~joined, 1)) if adds else (np.empty(0, np.int64), np.empty(0, np.int64))
    by = np.full(len(one), edges.data.mean())
    if removals:
        fixed = np.zeros(rows.shape, bool)
        if keep_connected:
            for i, j in nx.bridges(nx.from_scipy_sparse_array(rows)):
                fixed[min(i, j), max(i, j)] = True
        free = ~fixed[edges.row, edges.col] & (rows.shape[0] > 2)
        one, other = np.concatenate([one, edges.row[free]]), np.concatenate([other, edges.col[free]])
        by = np.concatenate([by, -edges.data[free]])
    return one, other, by


def _changed(rows: scipy.sparse.csr_array, i: int, j: int, by: float) -> tuple[scipy.sparse.csr_array, np.ndarray]:
    """The graph after a change, and the nodes that it has: all, or those of the largest piece."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if by > 0:
        after = csr_array(rows + csr_array(([by, by], ([i, j], [j, i])), shape=rows.shape))
        return after, np.arange(rows.shape[0])
    after = rows.copy()
    for here, there in ((i, j), (j, i)):
        row = slice(after.indptr[here], after.indptr[here + 1])
        after.data[row][after.indices[row] == there] = 0.0
    after.eliminate_zeros()
    _, piece = connected_components(after, directed=False)
    left = np.flatnonzero(piece == np.bincount(piece).argmax())
    return (after if len(left) == len(piece) else csr_array(after[left][:, left])), left


def _after(
    rows: scipy.sparse.csr_array, i: int, j: int, by: float, update: str, payoff: str, times: np.ndarray
) -> tuple[float, int]:
    """(b/c)* after a change, and the number of nodes that it holds for."""
    after, left = _changed(rows, i, j, by)
    walks = ancestry(after, update, payoff)
    guess = times if len(left) == len(times) else times[np.ix_(left, left)]
    return balance_of(walks, meeting_times(walks.walk, guess=guess, tolerance=PRECISE)).ratio, len(left)
