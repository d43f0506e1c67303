"""The workshop in which a crossing is found: fixation at one ratio after another, and lines through them.

A crossing is found in two steps that share no random number. The *search* looks where it is and how noisy it is,
and keeps adding replicates and moving until it knows. The *measurement* is one block of new replicates at four
ratios; where they lie and how many they are was decided before it began, so no looking can bias it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import TheoryError
from coop_abm.engine.events import FOLLOWED, Process, process
from coop_abm.engine.fixation import Ensemble, Fixation, ensemble, starting, summary
from coop_abm.engine.statistics import FEWEST, RESERVE, planned
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario

#: Replacements for the first look at one ratio on a graph.
PILOT = 2_000_000
#: Where the four ratios lie around the root, as shares of their reach.
SPREAD = (-1.0, -0.35, 0.35, 1.0)
#: Reach of the four ratios, as a share of the root, and the largest logarithm it should give: beyond, the rarer
#: of two outcomes is too rare to be counted.
REACH = 0.2
STEEPEST = {1: 1.0, 2: 0.5}
#: The largest rho_C - rho_D that the reach should give on a graph: it levels off toward 1, and a line through what
#: bends pulls the root to the middle of the four ratios (by 2 % where all rules were on and it came to 0.9).
STRAIGHT = 0.4
#: rho_C alone bends where rho_C - rho_D does not: a parabola instead of a line, and then more replicates inside.
EMPHASIS = {1: (1.0, 1.0, 1.0, 1.0), 2: (0.4, 1.6, 1.6, 0.4)}
#: A search ends when the standard error of the slope is this share of the slope.
STEADY = 0.2
#: Below this count the bias of a logarithm has no simple form.
FEW = 8
#: How often a search may move or double before it gives up.
MOST_MOVES = 14

#: Called with words about what is being done, and how far it is, in [0, 1].
Report = Callable[[str, float], None]
#: Makes a world ready for its events, from its scenario and the root seed.
Prepare = Callable[[Scenario, int], Process]


class NoCrossing(TheoryError):
    """No benefit was found at which cooperators do as well as asked."""


class Point(NamedTuple):
    """One benefit-to-cost ratio at which fixation was measured.

    ratio : benefit / cost; value, error : what the line goes through, and its standard error
    cooperators, defectors : the two fixation probabilities; no defectors where rho_C alone is asked for
    """

    ratio: float
    value: float
    error: float
    cooperators: Fixation
    defectors: Fixation | None


class Curve(NamedTuple):
    """A line or a parabola in x - middle: coefficients, lowest power first, and their covariance."""

    middle: float
    coefficients: np.ndarray
    covariance: np.ndarray

    @property
    def slope(self) -> float:
        """How steep it is in the middle."""
        return float(self.coefficients[1])

    @property
    def root(self) -> float:
        """Where it is 0, the place nearest to the middle; NaN where it never is."""
        offset, slope = self.coefficients[:2]
        bend = self.coefficients[2] if len(self.coefficients) > 2 else 0.0
        inside = slope * slope - 4 * offset * bend
        return float(self.middle - 2 * offset / (slope + math.sqrt(inside))) if inside >= 0 else math.nan

    def error_at(self, x: float) -> float:
        """Its standard error at x."""
        powers = (x - self.middle) ** np.arange(len(self.coefficients))
        return math.sqrt(powers @ self.covariance @ powers)

    @property
    def error(self) -> float:
        """The standard error of the root."""
        away = self.root - self.middle
        slope = sum(k * c * away ** (k - 1) for k, c in enumerate(self.coefficients) if k)
        return float(self.error_at(self.root) / abs(slope))


def curve(x: np.ndarray, y: np.ndarray, error: np.ndarray, degree: int = 1, weight: np.ndarray | None = None) -> Curve:
    """The least-squares line (degree 1) or parabola (2) through points with these standard errors.

    Weights are given or equal. Weights from the estimated errors would be more efficient on paper, but a count
    that came out high claims a small error and pulls the line to itself, which shifts the root.
    """
    middle = float(x.mean())
    powers = (x - middle)[:, None] ** np.arange(degree + 1)
    heavy = powers if weight is None else powers * weight[:, None]
    solver = np.linalg.solve(heavy.T @ powers, heavy.T)
    return Curve(middle, solver @ y, (solver * error**2) @ solver.T)


class Bench:
    """Measures fixation at one ratio after another, keeping all replicates.

    Parameters
    ----------
    criterion : "RD" for rho_C against rho_D, "AD" for rho_C against 1/N
    cell : numbers that set the streams of this bench apart from others under one seed
    prepare : makes the process of a world ready; by default that of expected payoffs. What another process
        does is taken to bend
    """

    def __init__(
        self, scenario: Scenario, seed: int, criterion: str, cell: tuple[int, ...] = (), prepare: Prepare | None = None
    ):
        self.scenario, self.seed, self.criterion, self.cell = scenario, seed, criterion, cell
        self.prepare = prepare or (lambda world, seed: process(world, seed, record_gains=True))
        self.on_graph = self.prepare(scenario, seed).kind in FOLLOWED
        self.degree = 2 if criterion == "AD" or prepare else 1
        halves = self.on_graph and criterion == "RD"
        self.heads = scenario.size // 2 if halves else 1
        self.steepest = STRAIGHT if halves else math.inf if self.on_graph else STEEPEST[self.degree]
        self.runs = self.events = 0
        # A run from a half start takes about N^2 replacements; a single mutant is soon gone.
        self.first_runs = min(max(PILOT // scenario.size**2, 8), 200) if halves else 2000
        self._known: dict[float, tuple[list[Ensemble], list[Ensemble]]] = {}

    def measure(self, ratio: float, runs: int) -> Point:
        """The point at this ratio, with at least `runs` replicates for each side."""
        world = replace(self.scenario, {"game.benefit": ratio * self.scenario.game.cost})
        c = self._side(world, ratio, 0, runs)
        floor = 0.5 / runs  # nobody fixed yet: as if half a run had
        p, n = max(c.probability, floor), self.scenario.size
        if self.criterion == "AD":
            if self.on_graph:
                return Point(ratio, n * c.probability - 1, n * c.error, c, None)
            return Point(ratio, math.log(n) + _logarithm(p, runs), c.error / p, c, None)
        d = self._side(world, ratio, 1, runs)
        if self.on_graph:
            return Point(ratio, c.probability - d.probability, math.hypot(c.error, d.error), c, d)
        q = max(d.probability, floor)
        return Point(ratio, _logarithm(p, runs) - _logarithm(q, runs), math.hypot(c.error / p, d.error / q), c, d)

    def curve_at(
        self, centre: float, reach: float, runs: int, degree: int = 1, emphasis: tuple[float, ...] = EMPHASIS[1]
    ) -> tuple[tuple[Point, ...], Curve]:
        """Four points around `centre`, each with `runs` x its emphasis replicates, and the curve through them."""
        points = tuple(
            self.measure(centre * (1 + reach * shift), max(2, round(runs * share)))
            for shift, share in zip(SPREAD, emphasis, strict=True)
        )
        x, y, error = (np.array([getattr(p, field) for p in points]) for field in ("ratio", "value", "error"))
        return points, curve(x, y, error, degree, np.array(emphasis))

    def _side(self, world: Scenario, ratio: float, invader: int, runs: int) -> Fixation:
        known = self._known.setdefault(ratio, ([], []))[invader]
        have = sum(len(part.winner) for part in known)
        start = starting(world, invader, self.heads)
        if runs > have:
            bits = (int(word) for word in np.frombuffer(np.float64(ratio).tobytes(), np.uint32))
            base = stream_base(self.seed, *self.cell, invader, *bits)
            ready = self.prepare(world, self.seed)
            known.append(ensemble(ready, start, runs - have, base=base, first=have))
            self.runs += runs - have
            self.events += int(known[-1].events.sum())
        whole = Ensemble(*(np.concatenate(column) for column in zip(*known, strict=True)))
        return summary(whole, invader, start)


class Place(NamedTuple):
    """Where a search ended: the middle and reach of four ratios, replicates at each, and their standard error."""

    centre: float
    reach: float
    runs: int
    error: float


def bracket(bench: Bench, largest: float, report: Report | None) -> float:
    """A ratio near the crossing, found by climbing and then halving.

    Raises
    ------
    NoCrossing
        if there is none up to `largest`
    """
    runs = bench.first_runs
    below, above = 1.0, None
    ratio = 1.5
    while above is None:
        if report:
            report(f"searching near b/c = {ratio:.3g}", 0.0)
        point = bench.measure(ratio, runs)
        if point.value > 0:
            above = ratio
        elif ratio >= largest:
            raise NoCrossing(f"no crossing up to b/c = {largest:g}: cooperators never do as well as {_other(bench)}")
        else:
            below, ratio = ratio, min(ratio * 1.6, largest)
    while above - below > 0.25 * above:
        middle = 0.5 * (below + above)
        if bench.measure(middle, runs).value > 0:
            above = middle
        else:
            below = middle
    return 0.5 * (below + above)


def settle(bench: Bench, centre: float, most_events: int, report: Report | None) -> Place:
    """Move and add replicates until the root lies in the middle of four ratios and the slope is known.

    Raises
    ------
    NoCrossing
        if no line with a clear root is found
    """
    runs, reach, moves = bench.first_runs, REACH, 0
    while True:
        _points, through = bench.curve_at(centre, reach, runs)
        slope, unsure = through.slope, math.sqrt(through.covariance[1, 1])
        clear = slope > 0 and abs(through.root - through.middle) <= 0.3 * centre
        spent = bench.events >= most_events
        if moves >= MOST_MOVES or (spent and not clear):
            raise NoCrossing(f"no clear crossing near b/c = {centre:.4g} after {bench.runs:,} replicates")
        moves += 1
        if not clear:  # not sure where it is yet: more replicates, and follow the line, but not too far
            if slope > 0 and moves % 2 == 1:
                centre = min(max(through.root, 0.7 * centre), 1.4 * centre)
            else:
                runs *= 2
            continue
        root, error = through.root, through.error
        if report:
            report(f"searching: b/c = {root:.4g} ± {error:.2g}", 0.1)
        fitting = min(REACH, bench.steepest / (slope * root))
        if (abs(root - centre) > max(0.4 * reach * centre, 2 * error) or fitting < 0.7 * reach) and not spent:
            centre, reach = root, min(reach, fitting)
        elif unsure > STEADY * slope and not spent:
            runs *= 2 if unsure < 2 * STEADY * slope else 4
        else:
            # The slope may be less steep than it looks, by one standard error.
            return Place(root, reach, runs, error / (1 - min(unsure / slope, 0.5)))


def measured(
    bench: Bench, place: Place, relative_error: float, search: Bench, most_events: int
) -> tuple[tuple[Point, ...], Curve]:
    """One block of new replicates, as many as the search says are needed, and nobody looks in between.

    Raises
    ------
    NoCrossing
        if the curve does not rise: the replacements allowed were too few
    """
    degree, emphasis = bench.degree, EMPHASIS[bench.degree]
    wanted = relative_error * place.centre * _uncertainty(1, EMPHASIS[1]) / _uncertainty(degree, emphasis)
    sides = len(SPREAD) * (1 if bench.criterion == "AD" else 2)
    events = max(1, int(search.events / search.runs * place.runs * sides))
    runs = planned(place.runs, place.error, wanted, events, max(most_events, events))
    if place.error < wanted:  # the search was sharper than asked
        runs = max(FEWEST, math.ceil(RESERVE * place.runs * (place.error / wanted) ** 2))
    points, through = bench.curve_at(place.centre, place.reach, runs, degree, emphasis)
    if through.slope <= 0 or math.isnan(through.root):
        raise NoCrossing(f"no clear crossing near b/c = {place.centre:.4g} after {bench.runs:,} replicates")
    return points, through


def _uncertainty(degree: int, emphasis: tuple[float, ...]) -> float:
    """The standard error in the middle of a curve through four points whose errors would be 1 if all were alike."""
    x, share = np.array(SPREAD), np.array(emphasis)
    return curve(x, x, 1 / np.sqrt(share), degree, share).error_at(0.0)


def _logarithm(p: float, runs: int) -> float:
    """ln of a counted probability, less the bias that taking the logarithm of a count has."""
    return math.log(p) + (0.5 * (1 - p) / (p * runs) if p * runs >= FEW else 0.0)


def _other(bench: Bench) -> str:
    return "one in N" if bench.criterion == "AD" else "defectors"
