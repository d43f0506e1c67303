"""Kernels of ancestral lines: two or three of them walk on a graph of any size until they have met.

Each walk has a stream of random numbers of its own, so what it does depends on nothing but its number.
Neighbours are drawn in constant time: evenly, or by the alias method where edges have weights.

References
----------
Walker1977
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel


class Steps(NamedTuple):
    """Where a walk can go from each node.

    start : int64 (N + 1,), where the row of each node begins
    there : int32 (E,), the nodes in the row
    keep  : float (E,), probability to stay with a drawn place, else go to ``other``; (0,) if all are alike
    other : int32 (E,), the node that stands in for a drawn place; (0,) if all are alike
    """

    start: np.ndarray
    there: np.ndarray
    keep: np.ndarray
    other: np.ndarray


@kernel
def fill_aliases(start, there, weight, keep, other, small, large):
    """Write ``keep`` and ``other`` of all rows; ``small`` and ``large`` are int64 scratch of the longest row."""
    for i in range(start.shape[0] - 1):
        first, last = start[i], start[i + 1]
        total = 0.0
        for e in range(first, last):
            total += weight[e]
        scale = (last - first) / total
        few, many = np.int64(0), np.int64(0)
        for e in range(first, last):
            keep[e] = weight[e] * scale
            other[e] = there[e]
            if keep[e] < 1.0:
                small[few] = e
                few += 1
            else:
                large[many] = e
                many += 1
        while few > 0 and many > 0:
            few -= 1
            poor, rich = small[few], large[many - 1]
            other[poor] = there[rich]
            keep[rich] = keep[rich] - (1.0 - keep[poor])
            if keep[rich] < 1.0:
                many -= 1
                small[few] = rich
                few += 1


@kernel
def stepped(i, u, steps):
    """The node that a walk at i goes to, for a uniform number u in [0, 1)."""
    first = steps.start[i]
    place = u * (steps.start[i + 1] - first)
    e = np.int64(place)
    if steps.keep.shape[0] > 0 and place - e >= steps.keep[first + e]:
        return np.int64(steps.other[first + e])
    return np.int64(steps.there[first + e])


@kernel
def place_of(u, cumulative):
    """The first node whose cumulative probability exceeds u in [0, 1)."""
    low, high = np.int64(0), np.int64(cumulative.shape[0] - 1)
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > u:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def met(a, b, steps, limit, s0, s1, s2, s3):
    """Moves until two lines at a and b have met, `limit` at most, and the stream after that."""
    moves = np.int64(0)
    while a != b and moves < limit:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        u = 2.0 * u
        moves += 1
        if u < 1.0:
            a = stepped(a, u, steps)
        else:
            b = stepped(b, u - 1.0, steps)
    return moves, s0, s1, s2, s3


@kernel
def remeet(steps, cumulative, base, first, limit, node, moves):
    """Two lines leave one node, drawn by ``cumulative``, and walk until they are together again.

    node  : int64 (walks,), written: where they began
    moves : int64 (walks,), written: steps of either until they met; ``limit`` or more where they did not
    """
    for k in range(node.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        i = place_of(u, cumulative)
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        done, s0, s1, s2, s3 = met(i, stepped(i, u, steps), steps, limit, s0, s1, s2, s3)
        node[k] = i
        moves[k] = done + 1


@kernel
def meet_three(steps, games, cumulative, back, base, first, limit, apart, difference, moves):
    """Three lines: from j, drawn by ``cumulative``, from i that is ``back`` steps away, and from l whom j plays with.

    With three lines left a move takes 2/3 of the time that it takes with two.

    apart      : float (walks,), written: the meeting time of j and i
    difference : float (walks,), written: the meeting time of i and l less that of j and l
    moves      : int64 (walks,), written: moves of all; ``limit`` where they did not all meet
    """
    for k in range(moves.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        j = place_of(u, cumulative)
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        l = stepped(j, u, games)
        i = j
        for _ in range(back):
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            i = stepped(i, u, steps)
        done = np.int64(0)
        while i != j and j != l and i != l and done < limit:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            u = 3.0 * u
            done += 1
            if u < 1.0:
                i = stepped(i, u, steps)
            elif u < 2.0:
                j = stepped(j, u - 1.0, steps)
            else:
                l = stepped(l, u - 2.0, steps)
        together = done / 1.5
        apart[k] = together
        difference[k] = 0.0
        if i == j:
            moves[k] = done  # i and j go on as one: both meet l at the same time
            continue
        rest, s0, s1, s2, s3 = met(i, j, steps, limit - done, s0, s1, s2, s3)
        apart[k] = together + rest
        difference[k] = rest if j == l else -rest
        moves[k] = done + rest
