"""Between which values of an axis does a measure cross a level? Where sides are unclear, replicates are added."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from coop_abm.engine.statistics import Estimate
from coop_abm.sweeps.adaptive import GROWTH, Ask, Interval

#: Places of the first look.
COARSE = 9
#: A side is clear where the level is so many half-widths of the 95 % interval from its middle: three standard errors.
CLEAR = 1.5
#: Significant digits of a place, and the smallest difference of places that is looked at, as a share of the larger end.
DIGITS, FINEST = 6, 1e-5


class Search:
    """All that was seen so far, by place.

    Parameters
    ----------
    as :func:`~coop_abm.sweeps.thresholds.find_threshold`
    """

    def __init__(
        self, parameters: Mapping[str, Any], axis: str, low: float, high: float, level: float, replicates: int,
        most: int, step: float | None, interval: Interval,
    ):  # fmt: skip
        self.parameters, self.axis, self.low, self.high, self.level = parameters, axis, low, high, level
        self.replicates, self.most, self.step, self.interval = replicates, most, step, interval
        self.finest = FINEST * max(abs(low), abs(high))
        self.seen: dict[float, np.ndarray] = {}

    def look(self, places: Sequence[float], runs: int) -> Generator[list[Ask], list[np.ndarray], None]:
        """Have at least so many replicates at each of these places."""
        asks = [Ask({**self.parameters, self.axis: x}, max(runs, len(self.seen.get(x, ())))) for x in places]
        for x, values in zip(places, (yield asks), strict=True):
            self.seen[x] = values

    def mean(self, x: float) -> Estimate:
        """What was seen at this place."""
        values = self.seen[x]
        return self.interval(values[np.isfinite(values)])

    def side(self, x: float) -> int:
        """1 clearly above the level, -1 clearly below, 0 if it is not clear."""
        found = self.mean(x)
        away = 0.5 * (found.low + found.high) - self.level
        return int(np.sign(away)) if abs(away) > CLEAR * 0.5 * (found.high - found.low) else 0

    def permitted(self, x: float) -> float:
        """The nearest value that can be asked for."""
        if self.step is None:
            return float(f"{min(max(x, self.low), self.high):.{DIGITS}g}")
        last = math.floor((self.high - self.low) / self.step + 1e-9)
        found = self.low + self.step * min(max(round((x - self.low) / self.step), 0), last)
        return found if isinstance(found, int) else float(f"{found:.{2 * DIGITS}g}")

    def wanted(self, precision: float, x: float) -> float:
        """The standard error to reach near x."""
        return max(precision * max(abs(x), 0.01 * (self.high - self.low)), self.finest)


def bracket(search: Search) -> Generator[list[Ask], list[np.ndarray], tuple[float, float, str] | str]:
    """Two neighbouring places on clearly different sides, and a note; or in words why there are none."""
    width = search.high - search.low
    places = sorted({search.permitted(search.low + width * i / (COARSE - 1)) for i in range(COARSE)})
    runs = search.replicates
    yield from search.look(places, runs)
    while len({search.side(x) for x in places} - {0}) < 2 and runs < search.most:
        runs = min(GROWTH * runs, search.most)
        unclear = [x for x in places if search.side(x) == 0]
        if not unclear:
            break
        yield from search.look(unclear, runs)
    clear = [x for x in places if search.side(x)]
    changes = [(a, b) for a, b in itertools.pairwise(clear) if search.side(a) != search.side(b)]
    if changes:
        note = "crosses more than once; this is the lowest crossing" if len(changes) > 1 else ""
        return (*changes[0], note)
    return _why_none(search, places, clear)


def _why_none(search: Search, places: list[float], clear: list[float]) -> str:
    means = {x: search.mean(x).value for x in places if math.isfinite(search.mean(x).value)}
    where = f"no crossing in [{search.low:g}, {search.high:g}]"
    if not means:
        return f"{where}: all runs failed"
    if not clear:
        return f"{where}: the mean cannot be told from {search.level:g} anywhere"
    under = search.side(clear[0]) < 0
    side = f"{'below' if under else 'above'} {search.level:g}"
    if len(clear) < len(places):
        return (
            f"{where}: the mean is clearly {side} at {len(clear)} of {len(places)} places, and nowhere clearly beyond"
        )
    x = (max if under else min)(means, key=lambda x: means[x])
    most = "largest" if under else "smallest"
    return f"{where}: the mean is {side} everywhere, {means[x]:.4g} at {x:g} where it is {most}"


def narrow(
    search: Search, below: float, above: float, precision: float
) -> Generator[list[Ask], list[np.ndarray], tuple[float, float, float | None]]:
    """Halve the bracket as long as sides are clear; the middle where they no longer are, None if that is enough."""
    side = search.side(below)
    while 0.5 * (above - below) > search.wanted(precision, 0.5 * (below + above)):
        middle = search.permitted(0.5 * (below + above))
        if not below < middle < above:
            break
        yield from search.look([middle], search.replicates)
        if not search.side(middle):
            return below, above, middle
        if search.side(middle) == side:
            below = middle
        else:
            above = middle
    return below, above, None


def narrow_on_steps(
    search: Search, below: float, above: float
) -> Generator[list[Ask], list[np.ndarray], tuple[float, float, list[float]]]:
    """Halve until the bracket is one step, or all between is unclear for all the replicates it may have."""
    side, unclear = search.side(below), list[float]()
    while True:
        ends = [(below, unclear[0]), (unclear[-1], above)] if unclear else [(below, above)]
        middles = [(a, search.permitted(0.5 * (a + b)), b) for a, b in ends]
        middle = next((m for a, m, b in middles if a < m < b), None)
        if middle is None:
            return below, above, unclear
        runs = search.replicates
        yield from search.look([middle], runs)
        while not search.side(middle) and runs < search.most:
            runs = min(GROWTH * runs, search.most)
            yield from search.look([middle], runs)
        if search.side(middle) == side:
            below = middle
        elif search.side(middle):
            above = middle
        else:
            unclear.append(middle)
        unclear = sorted(x for x in unclear if below < x < above)
