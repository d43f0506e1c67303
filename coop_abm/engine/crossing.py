"""Measured critical ratios: where cooperators and defectors are equally good at taking over.

Two criteria. *RD*, the crossing: the benefit at which rho_C = rho_D. *AD*: the benefit at which a single
cooperator takes over as often as by neutral drift, rho_C = 1/N. Both with expected payoffs and exponential fitness,
found by simulation alone: a search that knows nothing of theory finds the place, then a line through four
benefits, measured anew, gives the root and its standard error (``bench.py``).

In a mixed population or among groups C and D are single mutants and the line is through ln(rho_C/rho_D), which is
straight in a Moran process; on a graph both start with half of the nodes and the line is through rho_C - rho_D.
rho_C alone bends, so for AD it is a parabola.

Theory speaks of weak selection, and a crossing moves with the intensity. Where the two strategies gain equally
by switching (a + d = b + c) and payoffs are means, rho_D at one intensity is rho_C at its negative, so the
crossing moves in the square of the intensity. Everywhere else, and for AD, it moves in the intensity itself.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, ScenarioError, TheoryError
from coop_abm.engine.bench import Bench, NoCrossing, Point, Prepare, Report, bracket, curve, measured, settle
from coop_abm.engine.statistics import Z95, ChiSquare, chi_square
from coop_abm.scenario.expectation import payoff_family
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario

__all__ = ["EXTRAPOLATED", "Measured", "NoCrossing", "Point", "Report", "crossing", "extrapolated", "one_over_n",
           "power_of_intensity"]  # fmt: skip

#: Replacements that one measurement may take: half a minute or so.
MOST_EVENTS = 400_000_000
#: Intensities x largest payoff at which a world is measured, to be extrapolated to 0. Beyond 0.15 more than the
#: first power of the intensity would be seen.
EXTRAPOLATED = (0.15, 0.1, 0.05)

Criterion = Literal["RD", "AD"]


class Measured(NamedTuple):
    """A measured critical ratio.

    value, error : estimate and standard error; low, high : 95 % interval
    points : what it was read from, one list for each intensity
    intensities : of selection, one for each list
    runs   : replicates in all
    power  : the power of the intensity in which the value was extrapolated to 0; 0 if it was not
    fit    : how well that line fits; None if there is none
    """

    value: float
    error: float
    low: float
    high: float
    points: tuple[tuple[Point, ...], ...]
    intensities: tuple[float, ...]
    runs: int
    power: int = 0
    fit: ChiSquare | None = None


def crossing(
    scenario: Scenario,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    largest: float = 1000.0,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
    prepare: Prepare | None = None,
) -> Measured:
    """The benefit-to-cost ratio at which rho_C = rho_D, at the scenario's intensity of selection.

    Parameters
    ----------
    relative_error : standard error to reach, as a share of the ratio
    largest   : the search gives up beyond this ratio
    most_events : replacements after which no more are planned, whatever the error; events and not seconds, so
                that a seed gives the same result on any machine
    prepare   : makes the process of a world ready, where it is not that of expected payoffs

    Raises
    ------
    NoCrossing
        if no ratio up to `largest` lets cooperators do as well as defectors
    ScenarioError
        if the world has no benefit and cost, or not two strategies
    """
    return _at_one_intensity(scenario, "RD", seed, relative_error, largest, most_events, report, prepare)


def one_over_n(
    scenario: Scenario,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    largest: float = 1000.0,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
) -> Measured:
    """The ratio at which a single cooperator takes over with probability 1/N, at the scenario's intensity.

    It moves with the intensity, to first order: compare it with the exact value at this intensity.

    Parameters, Raises
    ------------------
    as :func:`crossing`
    """
    return _at_one_intensity(scenario, "AD", seed, relative_error, largest, most_events, report)


def extrapolated(
    scenario: Scenario,
    *,
    seed: int = 0,
    criterion: Criterion = "RD",
    relative_error: float = 0.005,
    largest: float = 1000.0,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
) -> Measured:
    """The critical ratio in the limit of weak selection: three intensities and a line in the right power.

    Intensity x the largest payoff is 0.15, 0.1 and 0.05, whatever the intensity of the scenario.

    Parameters, Raises
    ------------------
    as :func:`crossing`
    """
    _check(scenario, criterion)
    power = power_of_intensity(scenario, seed, criterion)
    rough = _at_one_intensity(
        replace(scenario, {"update.intensity": EXTRAPOLATED[-1] / 5}), criterion,
        seed, 0.04, largest, most_events // 4, report and (lambda words, _share: report(words, 0.0)),
    )  # fmt: skip
    scale = _largest_payoff(scenario, max(abs(rough.value), 1.0), seed)
    x = np.array([product**power for product in EXTRAPOLATED])
    each = relative_error / amplification(x)
    parts, centre = [], rough.value
    for position, product in enumerate(EXTRAPOLATED):
        weak = replace(scenario, {"update.intensity": product / scale})
        cell = (position + 1,)
        part = _refined(
            weak, criterion, seed, cell, centre, each, most_events // 4, _stage(report, position)
        )  # fmt: skip
        parts.append(part)
        centre = part.value
    value, error, fit = to_zero(x, np.array([p.value for p in parts]), np.array([p.error for p in parts]))
    return Measured(
        value, error, value - Z95 * error, value + Z95 * error,
        tuple(part.points[0] for part in parts), tuple(part.intensities[0] for part in parts),
        sum(part.runs for part in parts) + rough.runs, power, fit,
    )  # fmt: skip


def power_of_intensity(scenario: Scenario, seed: int = 0, criterion: Criterion = "RD") -> int:
    """In which power of the intensity does the crossing move? 2 if gains from switching are equal, else 1.

    2 needs payoffs that are means, or a regular structure, on which sums are means; and no groups that shrink,
    where a lone member earns nothing whatever its strategy.
    """
    first, slope = payoff_family(scenario, seed)
    answers = scenario.answers(seed)
    equal = all(math.isclose(m[0, 0] + m[1, 1], m[0, 1] + m[1, 0], abs_tol=1e-9) for m in (first, slope))
    strength = answers.strength()
    means = scenario.payoff == "averaged" or bool(np.allclose(strength, strength[0]))
    return 2 if criterion == "RD" and equal and means and not answers.fluid else 1


def to_zero(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> tuple[float, float, ChiSquare]:
    """A line through measurements, weighted by their errors, at x = 0: value, standard error and fit."""
    weight = 1 / (error * error)
    middle = float((weight * x).sum() / weight.sum())
    spread = float((weight * (x - middle) ** 2).sum())
    slope = float((weight * (x - middle) * y).sum() / spread)
    offset = float((weight * y).sum() / weight.sum())
    value = offset - slope * middle
    variance = 1 / weight.sum() + middle * middle / spread
    return value, math.sqrt(variance), chi_square(y - offset - slope * (x - middle), error, 2)


# ------------------------------------------------------------------------------------------- inside


def _at_one_intensity(
    scenario: Scenario, criterion: Criterion, seed: int, relative_error: float, largest: float, most_events: int,
    report: Report | None, prepare: Prepare | None = None,
) -> Measured:  # fmt: skip
    _check(scenario, criterion)
    search = Bench(scenario, seed, criterion, prepare=prepare)
    centre = bracket(search, largest, report)
    return _refined(scenario, criterion, seed, (), centre, relative_error, most_events, report, search, prepare)


def _refined(
    scenario: Scenario, criterion: Criterion, seed: int, cell: tuple[int, ...], centre: float, relative_error: float,
    most_events: int, report: Report | None, search: Bench | None = None, prepare: Prepare | None = None,
) -> Measured:  # fmt: skip
    """Settle near `centre`, then measure with replicates of their own."""
    search = search or Bench(scenario, seed, criterion, cell)
    place = settle(search, centre, most_events // 3, report)
    if report:
        report(f"measuring near b/c = {place.centre:.4g}", 0.3)
    bench = Bench(scenario, seed, criterion, (*cell, MEASURED), prepare)
    points, through = measured(bench, place, relative_error, search, most_events - search.events)
    root, error = through.root, through.error
    if report:
        report(f"b/c = {root:.4g} ± {error:.2g}", 1.0)
    return Measured(
        root, error, root - Z95 * error, root + Z95 * error, (points,), (scenario.update.intensity,),
        bench.runs + search.runs,
    )  # fmt: skip


#: Sets the streams of a measurement apart from those of its search.
MEASURED = 1_000


def _check(scenario: Scenario, criterion: str) -> None:
    if criterion not in ("RD", "AD"):
        raise InputError(f"criterion must be RD or AD; got {criterion!r}")
    if not scenario.game.has_ratio or scenario.game.cost <= 0:
        raise ScenarioError("game: a critical ratio needs a game with a benefit and a positive cost")
    if scenario.clock == "round":
        raise TheoryError("crossing: fixation is measured one replacement at a time; it needs clock = event")


def amplification(x: np.ndarray) -> float:
    """How much less certain a line of equally certain points is at 0 than each of its points."""
    one = np.ones(len(x))
    return curve(x, one, one).error_at(0.0)


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
