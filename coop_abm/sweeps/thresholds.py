"""Where along an axis does the mean of a measure cross a level? Bracketed, narrowed, then measured anew.

As in engine/bench.py the *search* and the *measurement* share no random number. The search knows nothing of theory: a
few coarse places show on which sides of the level the ends are, halving narrows the bracket as long as the sides are
clear, then four places around the root are moved and get more replicates until the slope is known. The measurement is
one block of replicates at four places where nobody has been, their number decided before, and a parabola through them,
because final shares bend.

Cells at different places must draw different numbers (``pairing="independent"``), else the places of the measurement
would share those of the search. The curve is drawn through each replicate's values and the interval taken from how
these curves vary, so it is right for paired cells as well, whose errors go up and down together.

References
----------
Fieller1954
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.engine.bench import SPREAD
from coop_abm.engine.statistics import FEWEST, Z95, Estimate, bounded, planned
from coop_abm.sweeps.adaptive import GROWTH, Ask, Interval, Study
from coop_abm.sweeps.brackets import Search, bracket, narrow, narrow_on_steps
from coop_abm.sweeps.roots import through

#: How much of the way from the level to the nearer of the lowest and the highest mean the four places may cover: what
#: levels off is bent there, and a line would be pulled.
STRAIGHT = 0.6
#: A slope is known when its standard error is this share of it.
STEADY = 0.2
MOST_MOVES = 16


class Place(NamedTuple):
    """What was measured at one value of the axis."""

    at: float
    mean: Estimate
    replicates: int


class Threshold(NamedTuple):
    """Where a measure crosses a level.

    value, error : estimate and standard error; low, high : 95 % interval; NaN where there is no crossing
    how     : "curve" through `places`; "bracket", `low` and `high` being the nearest values on clearly different
              sides; "none"
    rising  : is the measure above the level on the right?
    places  : what it was read from
    runs    : replicates in all, those of the search too
    note    : what else is to be said, in one line; empty if nothing
    """

    value: float
    error: float
    low: float
    high: float
    how: str
    rising: bool
    places: tuple[Place, ...]
    runs: int
    note: str = ""


def find_threshold(
    parameters: Mapping[str, Any],
    axis: str,
    low: float,
    high: float,
    level: float,
    *,
    replicates: int = FEWEST,
    precision: float = 0.01,
    most: int = 10_000,
    step: float | None = None,
    interpolate: bool = False,
    interval: Interval = bounded,
) -> Study[Threshold]:
    """The value of `axis` between `low` and `high` at which the mean of the measure crosses `level`.

    Where it crosses more than once the lowest crossing that the first look shows is found, and the note says so.

    Parameters
    ----------
    replicates : at each place of the first look
    precision  : standard error to reach, as a share of the threshold (at least of a hundredth of the range)
    most       : replicates that one place may have, whatever the error
    step       : only `low`, `low + step`, ... can be asked for, as with a degree; the answer is then a bracket
                 between two of them, unless `interpolate` asks for a curve through them
    interval   : of means: ``bounded`` for measures in [0, 1], ``mean`` for others

    Raises
    ------
    InputError
        if the range is empty, or a number out of its own
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"{axis}: a threshold needs a range, low below high; got {low:g} to {high:g}")
    if not precision > 0 or not 2 <= replicates <= most:
        raise InputError(f"{axis}: a threshold needs a precision above 0, and from 2 to {most:,} replicates at first")
    if step is not None and not 0 < step <= high - low:
        raise InputError(f"{axis}: the step must be above 0 and at most the range; got {step:g}")
    search = Search(parameters, axis, low, high, level, replicates, most, step, interval)
    found = yield from bracket(search)
    if isinstance(found, str):
        nan = math.nan
        return Threshold(nan, nan, nan, nan, "none", False, _places(search, sorted(search.seen)), _runs(search), found)
    below, above, note = found
    if step is not None:
        below, above, unclear = yield from narrow_on_steps(search, below, above)
        if interpolate:
            return (yield from _interpolated(search, [below, *unclear, above], precision, note))
        return _bracketed(search, below, above, note)
    below, above, middle = yield from narrow(search, below, above, precision)
    if middle is None:
        return _bracketed(search, below, above, note)
    return (yield from _measured(search, below, above, middle, precision, note))


# ------------------------------------------------------------------------------------------- inside


def _measured(
    search: Search, below: float, above: float, middle: float, precision: float, note: str
) -> Generator[list[Ask], list[np.ndarray], Threshold]:
    """Settle around the middle, then one block of new replicates."""
    noisy = f"too noisy to be narrowed with {search.most:,} replicates at a place"
    noisy = f"{note}; {noisy}" if note else noisy
    settled = yield from _settle(search, below, above, middle)
    if settled is None:
        return _bracketed(search, below, above, noisy)
    centre, reach, runs, error = settled
    runs = planned(runs, error, search.wanted(precision, centre), runs, search.most)
    places, sign = _around(search, centre, reach), search.side(above)
    root = yield from _block(search, places, 0, runs, sign, 2)
    if root is None:
        return _bracketed(search, below, above, noisy)
    return Threshold(*root, "curve", sign > 0, _places(search, places), _runs(search), note)


def _block(
    search: Search, places: list[float], used: int, runs: int, sign: int, degree: int
) -> Generator[list[Ask], list[np.ndarray], Estimate | None]:
    """The root of a curve through so many replicates at these places, after those that the search used.

    More are added where the slope is not seen in them, which says nothing of where the root is.
    """
    while True:
        yield from search.look(places, used + runs)
        found = through(places, [search.seen[x][used:] for x in places], search.level, sign, degree)
        if found is not None and math.isfinite(found.root.high - found.root.low):
            return found.root
        if runs >= search.most:
            return None
        runs = min(GROWTH * runs, search.most)


def _settle(
    search: Search, below: float, above: float, centre: float
) -> Generator[list[Ask], list[np.ndarray], tuple[float, float, int, float] | None]:
    """Move, narrow and add replicates until the root lies amid four places and the slope is known.

    Returns
    -------
    centre, reach, replicates and the standard error of the root; None if that cannot be had
    """
    means = [found for found in map(search.mean, search.seen) if math.isfinite(found.value)]
    # The lowest of several means is too low and the highest too high, by a standard error or so.
    lowest, highest = min(m.value + m.error for m in means), max(m.value - m.error for m in means)
    room = max(min(search.level - lowest, highest - search.level), 0.1 * (highest - lowest))
    sign = search.side(above)
    reach, runs = 0.5 * min(centre - below, above - centre), search.replicates
    for _ in range(MOST_MOVES):
        places = _around(search, centre, reach)
        yield from search.look(places, runs)
        values = [search.seen[x][:runs] for x in places]
        line = through(places, values, search.level, sign, 1)
        more = min(GROWTH * runs, search.most)
        if line is None or line.slope <= 2.5 * line.unsure:  # no slope to be seen yet
            if runs == search.most:
                return None
            runs = more
            continue
        root, error = line.root.value, line.root.error
        fitting = max(STRAIGHT * room / line.slope, 30 * search.finest)
        if abs(root - centre) > max(0.5 * reach, 2 * error) or reach > 1.25 * fitting:
            centre = min(max(root, centre - 2 * reach, below), centre + 2 * reach, above)
            reach = min(reach, fitting)
        elif (line.unsure > STEADY * line.slope or error > 0.5 * reach) and runs < search.most:
            runs = more
        else:
            # The slope may be less steep than it looks, by one standard error.
            bent = through(places, values, search.level, sign, 2)
            error = max(error, bent.root.error) if bent and math.isfinite(bent.root.error) else error
            return root, reach, runs, error / (1 - min(line.unsure / line.slope, 0.5))
    return None


def _around(search: Search, centre: float, reach: float) -> list[float]:
    """Four places around the centre where nobody has been, inside the range."""
    reach = min(reach, 0.5 * (search.high - search.low))
    centre = min(max(centre, search.low + reach), search.high - reach)
    places: list[float] = []
    for shift in SPREAD:
        x = search.permitted(centre + reach * shift)
        away = 0.0
        while x in search.seen or x in places:
            away += search.finest
            x = search.permitted(centre + reach * shift + (away if shift < 0 else -away))
        places.append(x)
    return places


def _interpolated(
    search: Search, places: list[float], precision: float, note: str
) -> Generator[list[Ask], list[np.ndarray], Threshold]:
    """A line through the steps of the bracket, with replicates that the search did not use."""
    # Which way it goes is asked before more is seen, in which the sides may be less clear.
    sign, degree = search.side(places[-1]), min(2, len(places) - 1)
    used = max(len(search.seen[x]) for x in places)
    yield from search.look(places, used)
    found = through(places, [search.seen[x] for x in places], search.level, sign, degree)
    wanted = search.wanted(precision, 0.5 * (places[0] + places[-1]))
    error = found.root.error if found else math.inf
    runs = max(FEWEST, planned(used, error, wanted, used, search.most) if math.isfinite(error) else used)
    root = yield from _block(search, places, used, runs, sign, degree)
    if root is None:
        return _bracketed(search, places[0], places[-1], note)
    fresh = {x: values[np.isfinite(values)] for x in places for values in [search.seen[x][used:]]}
    at = tuple(Place(x, search.interval(values), len(values)) for x, values in fresh.items())
    return Threshold(*root, "curve", sign > 0, at, _runs(search), note)


def _bracketed(search: Search, below: float, above: float, note: str) -> Threshold:
    """The answer where nothing is known but the sides."""
    value, error = 0.5 * (below + above), 0.5 * (above - below) / Z95
    rising = search.mean(above).value > search.level
    places = _places(search, [below, above])
    return Threshold(value, error, below, above, "bracket", rising, places, _runs(search), note)


def _places(search: Search, of: list[float]) -> tuple[Place, ...]:
    return tuple(Place(x, search.mean(x), int(np.isfinite(search.seen[x]).sum())) for x in of)


def _runs(search: Search) -> int:
    return sum(map(len, search.seen.values()))
