"""Critical ratios from neutral drift: no benefit, no intensity, no search.

To first order in selection the advantage of strategy A in the game [[a, b], [c, d]] is linear in four sums over
neutral histories (``neutral.py``), so one ensemble answers for every game on a structure:

    d rho_A           = d T0 + (b - d) T1 + (c - d) T2 + (a - b - c + d) T3
    d (rho_A - rho_B) = X = (a - d)(T1 + T2) + (b - c)(T1 - T2)

For the games M0 + (b/c) M1 of a scenario, whatever rules it composes, rho_A = rho_B at -X(M0)/X(M1). The
donation game gives T1/T2, the critical ratio R* of the structure itself, and sigma is (T1 + T2)/(T1 - T2), which
stays well conditioned where R* is large. It tests structure and drift; only a crossing tests selection.

References
----------
Allen2017, Tarnita2009
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import InputError, NotAbsorbed, TheoryError
from coop_abm.core.workers import in_parts
from coop_abm.engine import neutral
from coop_abm.engine.fixation import Progress, starting
from coop_abm.engine.statistics import FEWEST, Estimate, mean, planned, ratio
from coop_abm.mechanisms import Answers
from coop_abm.scenario.expectation import payoff_family
from coop_abm.scenario.scenario import Scenario

#: Replacements that one measurement may take: half a minute or so.
MOST_EVENTS = 400_000_000
#: Replacements of the first batch, and of one call of a kernel.
PILOT, PART = 4_000_000, 20_000_000
#: A mean this small beside what it is made of is zero: nobody is helped by being a helper, as on a star.
VANISHES = 1e-9
#: Update rules whose covariances are known.
KNOWN = ("birth_death", "death_birth", "imitation", "pairwise_comparison", "wright_fisher")


class Sums(NamedTuple):
    """T0, T1, T2, T3 of each neutral replicate, float (runs, 4), and the replacements that they took, in all."""

    values: np.ndarray
    events: int


class DriftRatio(NamedTuple):
    """A critical benefit-to-cost ratio by neutral drift.

    value, error, low, high : the ratio of this scenario, signed; standard error and 95 % interval
    ratio  : R* of the structure alone, for the donation game
    sigma  : structure coefficient
    check  : mean of T0, in standard errors: beyond 4, something is wrong; 0 where T0 is 0 in every history
    runs, events : replicates, and the replacements that they took
    """

    value: float
    error: float
    low: float
    high: float
    ratio: Estimate
    sigma: Estimate
    check: float
    runs: int
    events: int


def neutral_drift(
    scenario: Scenario,
    *,
    seed: int = 0,
    criterion: Literal["RD", "AD"] = "RD",
    relative_error: float = 0.005,
    heads: int | None = None,
    runs: int | None = None,
    most_events: int = MOST_EVENTS,
    progress: Progress | None = None,
) -> DriftRatio:
    """The critical ratio of a scenario in the limit of weak selection, whatever rules it composes.

    Parameters
    ----------
    criterion : "RD": rho_A = rho_B; "AD": rho_A = 1/N of a single mutant
    relative_error : standard error to reach, as a share of the ratio
    heads     : how many A each replicate starts with; by default half of the population, or 1 for "AD"
    runs      : replicates; by default as many as the error asks for
    most_events : replacements after which no more replicates are planned

    Raises
    ------
    TheoryError
        if the structure or the update rule has no such form, or the scenario no benefit and cost
    NotAbsorbed
        if a single replicate takes more than `most_events`
    """
    if criterion not in ("RD", "AD"):
        raise InputError(f"criterion must be RD or AD; got {criterion!r}")
    if runs is not None and runs < 2:
        raise InputError(f"runs must be at least 2, or there is no standard error; got {runs}")
    first, slope = payoff_family(scenario, seed)
    if heads is None:
        heads = scenario.size // 2 if criterion == "RD" else 1

    def estimate(sums: Sums) -> Estimate:
        return _root(_advantage(sums, first, criterion), _advantage(sums, slope, criterion))

    batch = runs or max(FEWEST, min(PILOT // scenario.size**2 if heads > 1 else 2000, 2000))
    sums = drift_sums(scenario, heads, batch, seed=seed, most_events=most_events, progress=progress)
    found = estimate(sums)
    if runs is None and math.isfinite(found.value):
        wanted = relative_error * abs(found.value)
        total = planned(batch, found.error, wanted, sums.events, most_events)
        if total > batch:
            more = drift_sums(
                scenario, heads, total - batch, seed=seed, begin=batch, most_events=most_events, progress=progress
            )
            sums = Sums(np.concatenate([sums.values, more.values]), sums.events + more.events)
    return drift_ratio(scenario, sums, seed=seed, criterion=criterion)


def drift_ratio(scenario: Scenario, sums: Sums, *, seed: int = 0, criterion: Literal["RD", "AD"] = "RD") -> DriftRatio:
    """What sums over neutral replicates say of a scenario's critical ratio; so one can look while they come in.

    Raises
    ------
    TheoryError
        if the scenario has no benefit and cost
    """
    first, slope = payoff_family(scenario, seed)
    found = _root(_advantage(sums, first, criterion), _advantage(sums, slope, criterion))
    t0, t1, t2, _t3 = sums.values.T
    return DriftRatio(
        *found, _root(-t1, t2), ratio(t1 + t2, t1 - t2), _in_errors(mean(t0), t1), len(t0), sums.events
    )  # fmt: skip


def drift_sums(
    scenario: Scenario,
    heads: int,
    runs: int,
    *,
    seed: int = 0,
    begin: int = 0,
    most_events: int = MOST_EVENTS,
    progress: Progress | None = None,
) -> Sums:
    """T0 ... T3 of neutral replicates `begin` ... `begin + runs - 1`.

    Raises
    ------
    as :func:`neutral_drift`
    """
    start, base = starting(scenario, 0, heads), stream_base(seed, 7)
    answers = scenario.answers(seed)
    call = _process(scenario, answers)
    values, events = np.empty((runs, 4)), np.empty(runs, np.int64)

    def work(at: int, to: int) -> None:
        call(base, begin + at, start, most_events, values[at:to], events[at:to])

    in_parts(work, runs, PART // scenario.size**2 if heads > 1 else 2000, progress)
    if (events < 0).any():
        raise NotAbsorbed(
            f"{int((events < 0).sum())} of {runs} neutral runs were not over after {most_events:,} events; "
            "make the population smaller"
        )
    return Sums(values, int(events.sum()))


def _process(scenario: Scenario, answers: Answers) -> Callable[..., Any]:
    """The kernel of the neutral process that a scenario declares, with everything that it reads."""
    kind, size = scenario.update.kind, answers.size
    if scenario.clock == "round":
        raise TheoryError("neutral drift: on the round clock many can learn at once; it needs clock = event")
    if answers.groups > 1:
        raise TheoryError("neutral drift: its form is not known where groups split or take each other over")
    if kind not in KNOWN:
        raise TheoryError(f"neutral drift: {kind} has no limit of weak selection; it needs one of {', '.join(KNOWN)}")
    summed, strength = scenario.payoff == "accumulated", answers.strength()
    meets = np.ones(size) if summed else 1.0 / np.where(strength > 0, strength, 1.0)
    earns = strength if summed else np.ones(size)
    if scenario.update.generational:
        born = (size, *answers.rows, meets, earns, answers.family, answers.founders, answers.pedigree)
        return lambda *rest: neutral.drift_by_generation(*born, *rest)
    if answers.well_mixed:
        n = float(size)
        # What an event adds to the share of A, per covariance over the population, and how often it changes it.
        gained, changed = {
            "death_birth": ((n - 2) / (n - 1) ** 2, 2 / (n * (n - 1))),
            "imitation": (1 / n, 2 / n**2),
            "pairwise_comparison": (1 / (2 * (n - 1)), 1 / (n * (n - 1))),
            "birth_death": (1 / (n - 1), 2 / (n * (n - 1))),
        }[kind]
        return lambda *rest: neutral.drift_mixed(size, earns[0], gained, changed, *rest)
    replacing, reach = answers.replacing(), answers.replacing().strength()
    value = scenario.update.reproductive_value(reach)
    if value is None:
        value = (1 / reach) / (1 / reach).sum()  # birth-death: who is replaced more often matters less
    own = float(scenario.update.own_weight)
    world = neutral.Drift(
        size, *replacing.rows, reach, value, meets, earns, own, int(kind == "pairwise_comparison"),
        int(answers.two_graphs), *answers.rows, strength,
    )  # fmt: skip
    run = neutral.drift_by_birth if kind == "birth_death" else neutral.drift_by_revision
    return lambda *rest: run(world, *rest)


def _advantage(sums: Sums, game: np.ndarray, criterion: str) -> np.ndarray:
    """float (runs,): what weak selection adds to rho_A - rho_B, or to rho_A, in this game."""
    (a, b), (c, d) = game.tolist()
    t0, t1, t2, t3 = sums.values.T
    if criterion == "RD":
        return (a - d) * (t1 + t2) + (b - c) * (t1 - t2)
    return d * t0 + (b - d) * t1 + (c - d) * t2 + (a - b - c + d) * t3


def _root(rest: np.ndarray, slope: np.ndarray) -> Estimate:
    """-mean(rest)/mean(slope); infinite, without error, where the benefit changes nothing."""
    if abs(slope.mean()) <= VANISHES * (np.abs(rest).mean() + np.abs(slope).mean()):
        return Estimate(math.inf, 0.0, math.inf, math.inf)
    return ratio(-rest, slope)


def _in_errors(found: Estimate, beside: np.ndarray) -> float:
    """A mean in standard errors; 0 where it is nothing but rounding."""
    return 0.0 if found.error <= VANISHES * np.abs(beside).mean() else found.value / found.error
