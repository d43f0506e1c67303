"""Measured critical ratios: where cooperators and defectors are equally good at taking over.

The *crossing* is the benefit at which rho_C = rho_D, with expected payoffs and exponential fitness,
found by simulation alone: a search that knows nothing of theory brackets it, then a straight line
through four benefits gives the root and its standard error, and replicates are added until the error
is as small as asked.

In a mixed population or among groups both are single mutants and the line is through
ln(rho_C/rho_D), which is straight in a Moran process; on a graph both start with half of the nodes and
the line is through rho_C - rho_D.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import ScenarioError, TheoryError
from coop_abm.engine.events import FOLLOWED, process
from coop_abm.engine.fixation import Ensemble, Fixation, ensemble, starting, summary
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario

#: z of a two-sided 95 % interval.
Z95 = 1.959963984540054
#: Replacements that one measurement may take: half a minute or so.
MOST_EVENTS = 400_000_000
#: Replacements for the first look at one ratio on a graph.
PILOT = 2_000_000
#: Where the four benefits lie around the bracketed root, as shares of their reach.
SPREAD = (-1.0, -0.35, 0.35, 1.0)
#: Reach of the four benefits, as a share of the root, and the largest ln(rho_C/rho_D) it should give:
#: beyond, the rarer of the two is too rare to be counted.
REACH, STEEPEST = 0.2, 1.0
#: Intensities x largest payoff at which irregular graphs are measured, to be extrapolated to 0.
EXTRAPOLATED = (0.1, 0.07, 0.05)

#: Called with words about what is being done, and how far it is, in [0, 1].
Report = Callable[[str, float], None]


class Point(NamedTuple):
    """One benefit-to-cost ratio at which fixation was measured.

    ratio : benefit / cost; value, error : what the line goes through, and its standard error
    cooperators, defectors : the two fixation probabilities
    """

    ratio: float
    value: float
    error: float
    cooperators: Fixation
    defectors: Fixation


class Measured(NamedTuple):
    """A measured critical ratio.

    value, error : estimate and standard error; low, high : 95 % interval
    points : what it was read from, one list for each intensity
    intensities : of selection, one for each list
    runs   : replicates in all
    """

    value: float
    error: float
    low: float
    high: float
    points: tuple[tuple[Point, ...], ...]
    intensities: tuple[float, ...]
    runs: int


class NoCrossing(TheoryError):
    """No benefit was found at which cooperators do as well as defectors."""


def crossing(
    scenario: Scenario,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    largest: float = 1000.0,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
) -> Measured:
    """The benefit-to-cost ratio at which rho_C = rho_D, at the scenario's intensity of selection.

    Parameters
    ----------
    relative_error : standard error to reach, as a share of the ratio
    largest   : the search gives up beyond this ratio
    most_events : replacements after which it stops, whatever the error; events and not seconds, so
                that a seed gives the same result on any machine

    Raises
    ------
    NoCrossing
        if no ratio up to `largest` lets cooperators do as well as defectors
    ScenarioError
        if the world has no benefit and cost, or not two strategies
    """
    if not scenario.game.has_ratio or scenario.game.cost <= 0:
        raise ScenarioError("game: a critical ratio needs a game with a benefit and a positive cost")
    bench = _Bench(scenario, seed)
    centre, runs = _bracket(bench, largest, report)
    return _refine(bench, centre, runs, relative_error, most_events, report)


def extrapolated(
    scenario: Scenario, *, seed: int = 0, relative_error: float = 0.005, largest: float = 1000.0,
    most_events: int = MOST_EVENTS, report: Report | None = None,
) -> Measured:  # fmt: skip
    """The crossing in the limit of weak selection: three intensities, a line in intensity squared.

    For irregular graphs, where the crossing itself moves with the intensity.
    """
    rough = crossing(
        replace(scenario, {"update.intensity": EXTRAPOLATED[0] / 10}),
        seed=seed, relative_error=0.05, largest=largest, most_events=most_events // 2,
        report=report and (lambda words, _share: report(words, 0.0)),
    )  # fmt: skip
    richest = max(abs(rough.value), 1.0)  # the largest payoff of the donation game is its benefit
    scale = _largest_payoff(scenario, richest, seed)
    parts = []
    for position, product in enumerate(EXTRAPOLATED):
        weak = replace(scenario, {"update.intensity": product / scale})
        bench = _Bench(weak, seed, cell=(position + 1,))
        # The line through three intensities is 1.22 times less certain than each of its points.
        part = _refine(
            bench, rough.value, bench.first_runs, relative_error / 1.25, most_events // 4, _stage(report, position)
        )
        parts.append(part)
    x = np.array([product * product for product in EXTRAPOLATED])
    y, error = np.array([part.value for part in parts]), np.array([part.error for part in parts])
    line = _line(x, y, error)
    value, spread = line.at(0.0), math.sqrt(line.variance_at(0.0))
    return Measured(
        value, spread, value - Z95 * spread, value + Z95 * spread,
        tuple(part.points[0] for part in parts), tuple(part.intensities[0] for part in parts),
        sum(part.runs for part in parts) + rough.runs,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ the workshop


class _Bench:
    """Measures fixation at one ratio after another, keeping all replicates."""

    def __init__(self, scenario: Scenario, seed: int, cell: tuple[int, ...] = ()):
        self.scenario, self.seed, self.cell = scenario, seed, cell
        self.on_graph = process(scenario, seed).kind in FOLLOWED
        self.heads = scenario.size // 2 if self.on_graph else 1
        self.runs = self.events = 0
        # A run from a half start takes about N^2 replacements; a single mutant is soon gone.
        self.first_runs = min(max(PILOT // scenario.size**2, 8), 200) if self.on_graph else 2000
        self._known: dict[float, tuple[list[Ensemble], list[Ensemble]]] = {}

    def measure(self, ratio: float, runs: int) -> Point:
        """The point at this ratio, with at least `runs` replicates for each side."""
        world = replace(self.scenario, {"game.benefit": ratio * self.scenario.game.cost})
        sides = [self._side(world, ratio, invader, runs) for invader in (0, 1)]
        c, d = sides
        if self.on_graph:
            return Point(ratio, c.probability - d.probability, math.hypot(c.error, d.error), c, d)
        floor = 0.5 / runs  # nobody fixed yet: as if half a run had
        p, q = max(c.probability, floor), max(d.probability, floor)
        return Point(ratio, math.log(p / q), math.hypot(c.error / p, d.error / q), c, d)

    def _side(self, world: Scenario, ratio: float, invader: int, runs: int) -> Fixation:
        known = self._known.setdefault(ratio, ([], []))[invader]
        have = sum(len(part.winner) for part in known)
        start = starting(world, invader, self.heads)
        if runs > have:
            bits = (int(word) for word in np.frombuffer(np.float64(ratio).tobytes(), np.uint32))
            base = stream_base(self.seed, *self.cell, invader, *bits)
            ready = process(world, self.seed, record_gains=True)
            known.append(ensemble(ready, start, runs - have, base=base, first=have))
            self.runs += runs - have
            self.events += int(known[-1].events.sum())
        whole = Ensemble(*(np.concatenate(column) for column in zip(*known, strict=True)))
        return summary(whole, invader, start)


def _bracket(bench: _Bench, largest: float, report: Report | None) -> tuple[float, int]:
    """A ratio near the crossing, found by climbing and then halving; replicates used at the end."""
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
            raise NoCrossing(f"no crossing up to b/c = {largest:g}: cooperators never do as well as defectors")
        else:
            below, ratio = ratio, min(ratio * 1.6, largest)
    while above - below > 0.25 * above:
        middle = 0.5 * (below + above)
        if bench.measure(middle, runs).value > 0:
            above = middle
        else:
            below = middle
    return 0.5 * (below + above), runs


def _refine(
    bench: _Bench, centre: float, runs: int, relative_error: float, most_events: int, report: Report | None
) -> Measured:
    """The root of a line through four ratios, replicates added until it is sharp enough."""
    moved, reach = 0, REACH
    while True:
        points = tuple(bench.measure(centre * (1 + reach * shift), runs) for shift in SPREAD)
        line = _line(*(np.array([getattr(p, field) for p in points]) for field in ("ratio", "value", "error")))
        if line.slope <= 0 or abs(line.offset / line.slope) > 0.3 * centre:
            # Not sure where it is yet: more replicates, and follow the line, but not too far.
            if moved >= 12 or bench.events >= most_events:
                raise NoCrossing(f"no clear crossing near b/c = {centre:.4g} after {bench.runs:,} replicates")
            if line.slope > 0 and moved % 2 == 0:
                centre = min(max(line.root, 0.7 * centre), 1.4 * centre)
            else:
                runs *= 2
            moved += 1
            continue
        root = line.root
        error = math.sqrt(line.variance_at(root)) / line.slope
        if report:
            report(f"b/c = {root:.4g} ± {error:.2g}", min(1.0, (relative_error * root / error) ** 2))
        fitting = REACH if bench.on_graph else min(REACH, STEEPEST / (line.slope * root))
        if (abs(root - centre) > 0.4 * reach * centre or fitting < 0.7 * reach) and moved < 12:
            centre, reach, moved = root, min(reach, fitting), moved + 1
            continue
        if error <= relative_error * root or bench.events >= most_events:
            return Measured(
                root, error, root - Z95 * error, root + Z95 * error, (points,),
                (bench.scenario.update.intensity,), bench.runs,
            )  # fmt: skip
        wish = runs * (error / (relative_error * root)) ** 2 * 1.05
        allowed = runs + max(1, int((most_events - bench.events) * bench.runs / bench.events / (2 * len(SPREAD))))
        runs = int(min(max(wish, runs + 1), 8 * runs, allowed))


class _Line(NamedTuple):
    """A straight line y = offset + slope (x - middle), with the variances of what it was drawn through."""

    middle: float
    offset: float
    slope: float
    offset_variance: float
    slope_variance: float
    covariance: float

    @property
    def root(self) -> float:
        return self.middle - self.offset / self.slope

    def at(self, x: float) -> float:
        return self.offset + self.slope * (x - self.middle)

    def variance_at(self, x: float) -> float:
        d = x - self.middle
        return self.offset_variance + self.slope_variance * d * d + 2 * self.covariance * d


def _line(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> _Line:
    """The least-squares line with equal weights.

    Weights from the estimated errors would be more efficient on paper, but a count that came out high
    claims a small error and pulls the line to itself, which shifts the root.
    """
    middle = float(x.mean())
    away = x - middle
    spread = float((away * away).sum())
    variance = error * error
    return _Line(
        middle,
        float(y.mean()),
        float((away * y).sum() / spread),
        float(variance.sum() / len(x) ** 2),
        float((away * away * variance).sum() / spread**2),
        float((away * variance).sum() / (len(x) * spread)),
    )


def _largest_payoff(scenario: Scenario, ratio: float, seed: int) -> float:
    """The largest payoff, in absolute value, that anybody can have at this ratio."""
    world = replace(scenario, {"game.benefit": ratio * scenario.game.cost, "update.intensity": 0.0})
    answers = world.answers(seed)
    partners = 1.0 if scenario.payoff == "averaged" else answers.strength().max()
    return float(np.abs(world.matrix(answers)).max() * partners)


def _stage(report: Report | None, position: int) -> Report | None:
    if report is None:
        return None
    outer = report
    return lambda words, share: outer(
        f"intensity {position + 1} of {len(EXTRAPOLATED)}: {words}", (position + share) / len(EXTRAPOLATED)
    )
