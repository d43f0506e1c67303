"""The states of splitting groups, and every step between them: what ``groups`` solves.

A state is a multiset of m group compositions (size, number of A). Which steps are possible, and how often
given who gives birth, does not depend on the game: that is listed once here, and each game only reweights it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

Groups = tuple[int, ...]  # the compositions of all groups by number, in ascending order


class Steps(NamedTuple):
    """Steps of T transient states; states T and T+1 are all of A and all of B.

    compositions : (size, number of A) of each kind of group
    transient    : T
    parents      : float (T, 2 * compositions), how many could give birth in each way: composition, then A or B
    rows, columns, events, chances : (steps,) from, to, the birth it follows, its probability given that birth;
                   a birth that changes nothing is left out
    one_a, one_b : the states of full groups with one A, and with one B
    """

    compositions: list[tuple[int, int]]
    transient: int
    parents: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    events: np.ndarray
    chances: np.ndarray
    one_a: int
    one_b: int


def steps_between(size: int, count: int, split: float, migration: float) -> Steps:
    """Number the states, transient ones first, and list every step."""
    return _Lister(size, count, split, migration).listed()


class _Lister:
    def __init__(self, size: int, count: int, split: float, migration: float) -> None:
        self.size, self.count, self.split, self.migration = size, count, split, migration
        self.compositions = [(s, k) for s in range(1, size + 1) for k in range(s + 1)]
        self.kind = {composition: t for t, composition in enumerate(self.compositions)}
        everything = list(combinations_with_replacement(range(len(self.compositions)), count))
        only_a = {t for t, (s, k) in enumerate(self.compositions) if k == s}
        only_b = {t for t, (s, k) in enumerate(self.compositions) if k == 0}
        self.transient = [state for state in everything if not (only_a.issuperset(state) or only_b.issuperset(state))]
        self.place = {state: row for row, state in enumerate(self.transient)}
        for state in everything:  # all of A ends in one column, all of B in the next
            self.place.setdefault(state, len(self.transient) + (0 if only_a.issuperset(state) else 1))
        self.joined = [self._after_joining(t, kind) for t in range(len(self.compositions)) for kind in (0, 1)]

    def listed(self) -> Steps:
        parents = np.zeros((len(self.transient), 2 * len(self.compositions)))
        rows: list[int] = []
        columns: list[int] = []
        events: list[int] = []
        chances: list[float] = []
        for row, state in enumerate(self.transient):
            for t in set(state):
                s, k = self.compositions[t]
                copies = state.count(t)
                for kind, members in ((0, k), (1, s - k)):
                    if members:
                        event = 2 * t + kind
                        parents[row, event] = copies * members
                        for column, chance in self._after_birth(state, t, kind).items():
                            if column != row:
                                rows.append(row)
                                columns.append(column)
                                events.append(event)
                                chances.append(chance)
        n, m = self.size, self.count
        return Steps(
            compositions=self.compositions,
            transient=len(self.transient),
            parents=parents,
            rows=np.array(rows, dtype=np.int64),
            columns=np.array(columns, dtype=np.int64),
            events=np.array(events, dtype=np.int64),
            chances=np.array(chances),
            one_a=self._state([(n, 1)] + [(n, 0)] * (m - 1)),
            one_b=self._state([(n, n - 1)] + [(n, n)] * (m - 1)),
        )

    def _state(self, compositions: list[tuple[int, int]]) -> int:
        return self.place[tuple(sorted(self.kind[composition] for composition in compositions))]

    def _after_birth(self, state: Groups, home: int, kind: int) -> dict[int, float]:
        """Where a birth in a group of composition `home` leads, and how likely."""
        result: dict[int, float] = defaultdict(float)
        others = _without(state, home)
        if self.migration < 1:
            self._join(result, 1 - self.migration, others, home, kind)
        if self.migration > 0:
            for host in set(others):
                share = self.migration * others.count(host) / len(others)
                self._join(result, share, _without(state, host), host, kind)
        return result

    def _join(self, result: dict[int, float], share: float, others: list[int], host: int, kind: int) -> None:
        """Add where a newcomer to a group of composition `host` leads, the other groups being `others`."""
        stays, splits = self.joined[2 * host + kind]
        for t, chance in stays.items():
            result[self.place[tuple(sorted([*others, t]))]] += share * chance
        if splits:
            for lost in set(others):
                left = _without(others, lost)
                gone = share * others.count(lost) / len(others)
                for pair, chance in splits.items():
                    result[self.place[tuple(sorted([*left, *pair]))]] += gone * chance

    def _after_joining(self, t: int, kind: int) -> tuple[dict[int, float], dict[tuple[int, int], float]]:
        """When an A (0) or B (1) joins composition t: the group as it stays, or its two daughters."""
        s, k = self.compositions[t]
        s, k = s + 1, k + (kind == 0)
        if s <= self.size:
            return {self.kind[s, k]: 1.0}, {}
        stays: dict[int, float] = defaultdict(float)
        for lost, members in ((1, k), (0, s - k)):
            if members and self.split < 1:
                stays[self.kind[s - 1, k - lost]] += (1 - self.split) * members / s
        splits: dict[tuple[int, int], float] = defaultdict(float)
        if self.split > 0:
            for first, chance in _daughters(s, k):
                second = s - first[0], k - first[1]
                splits[self.kind[first], self.kind[second]] += self.split * chance
        return stays, splits


def _without(state: Groups | list[int], one: int) -> list[int]:
    left = list(state)
    left.remove(one)
    return left


def _daughters(size: int, playing_a: int) -> Iterator[tuple[tuple[int, int], float]]:
    """The first daughter (size, number of A) of a fair split, none empty, with its probability."""
    ways = 2**size - 2
    for ours in range(playing_a + 1):
        for theirs in range(size - playing_a + 1):
            if 0 < ours + theirs < size:
                chance = math.comb(playing_a, ours) * math.comb(size - playing_a, theirs) / ways
                yield (ours + theirs, ours), chance
