"""Which replicates of a cell are there: whole numbers as a few ranges, because there may be a million."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator


class Spans:
    """A set of whole numbers, at least 0, kept as ranges that do not touch.

    >>> spans = Spans([(0, 5)])
    >>> spans.add(5), spans.add(9), list(spans.missing(11))
    (None, None, [(6, 9), (10, 11)])
    >>> spans.ranges, len(spans)
    ([(0, 6), (9, 10)], 7)
    """

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()):
        self.ranges: list[tuple[int, int]] = []
        for first, end in ranges:
            self.add(first, end)

    def add(self, first: int, end: int | None = None) -> None:
        """Put in `first`, or all of `first` ... `end - 1`."""
        end = first + 1 if end is None else end
        if end <= first:
            return
        at = bisect.bisect_left(self.ranges, first, key=lambda r: r[1])
        upto = at
        while upto < len(self.ranges) and self.ranges[upto][0] <= end:
            first, end = min(first, self.ranges[upto][0]), max(end, self.ranges[upto][1])
            upto += 1
        self.ranges[at:upto] = [(first, end)]

    def remove(self, number: int) -> None:
        """Take out one number; nothing if it is not there."""
        for at, (first, end) in enumerate(self.ranges):
            if first <= number < end:
                self.ranges[at : at + 1] = [r for r in ((first, number), (number + 1, end)) if r[0] < r[1]]
                return

    def missing(self, end: int) -> Iterator[tuple[int, int]]:
        """The ranges of 0 ... `end - 1` that are not there."""
        at = 0
        for first, last in self.ranges:
            if at >= end:
                return
            if first > at:
                yield at, min(first, end)
            at = last
        if at < end:
            yield at, end

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_right(self.ranges, number, key=lambda r: r[1])
        return at < len(self.ranges) and self.ranges[at][0] <= number

    def __len__(self) -> int:
        return sum(end - first for first, end in self.ranges)

    def __iter__(self) -> Iterator[int]:
        return (number for first, end in self.ranges for number in range(first, end))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spans) and self.ranges == other.ranges

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Spans({self.ranges})"

    def union(self, other: Spans) -> Spans:
        """Whatever is in one of them."""
        return Spans([*self.ranges, *other.ranges])
