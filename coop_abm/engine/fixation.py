"""How likely does a strategy take over? Ensembles of the event clock, with confidence intervals.

Two ways to count the same thing. *Counted*: the share of runs that a strategy won. *Followed*: a run's
fixation equals what it started with, plus neutral luck whose mean is zero, plus what selection added
in each event; summing only the last leaves the mean as it is and takes most of the noise away (a
control variate, exact at any intensity). Rules on graphs that know their gain are followed, all
others counted; the winners are always recorded, so the two can be held against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import InputError, NotAbsorbed, ScenarioError
from coop_abm.core.workers import in_parts
from coop_abm.engine.events import FOLLOWED, Process, process
from coop_abm.engine.statistics import FEWEST, Estimate, mean, planned, share
from coop_abm.scenario.expectation import MUTATES
from coop_abm.scenario.scenario import Scenario

#: A single run that has not fixed after so many events is given up, loudly.
PATIENCE = 2_000_000_000
#: Replicates in one call of a kernel: short enough to be interrupted, long enough to be fast.
CHUNK = 2000

#: Events of one call of a kernel on a graph.
LONGEST = 20_000_000

#: Events of the first batch where a precision is asked for, and of all batches together.
FIRST_EVENTS, MOST_EVENTS = 4_000_000, 400_000_000

#: Called with the number of replicates just finished.
Progress = Callable[[int], None]


class Ensemble(NamedTuple):
    """What became of a number of replicates.

    winner : int64 (runs,), the strategy that fixed
    events : int64 (runs,), how many events that took
    gains  : float (runs,), what selection added to the share of strategy 0; NaN where not followed
    """

    winner: np.ndarray
    events: np.ndarray
    gains: np.ndarray


class Fixation(NamedTuple):
    """An estimated fixation probability, and how long fixation took.

    probability, error : estimate and its standard error
    counted : the share of runs won, however the probability was estimated
    runs    : how many
    low, high : 95 % interval of the probability; Wilson's where it was counted
    events  : mean number of events until one strategy is left, whoever wins
    events_won : the same over the runs that the invader won; NaN where it won none
    size    : individuals N; a generation is N events
    """

    probability: float
    error: float
    counted: float
    runs: int
    low: float
    high: float
    events: Estimate
    events_won: Estimate
    size: int

    @property
    def generations(self) -> Estimate:
        """Mean generations until one strategy is left, whoever wins."""
        return Estimate(*(number / self.size for number in self.events))

    @property
    def generations_won(self) -> Estimate:
        """The same over the runs that the invader won."""
        return Estimate(*(number / self.size for number in self.events_won))


def ensemble(
    ready: Process,
    start: np.ndarray,
    runs: int,
    *,
    base: np.uint64,
    first: int = 0,
    patience: int = PATIENCE,
    progress: Progress | None = None,
) -> Ensemble:
    """Run replicates `first` ... `first + runs - 1` to fixation, on all cores.

    Parameters
    ----------
    ready : from :func:`~coop_abm.engine.events.process`
    start : int64 (S,), head counts at the start, placed at random in each replicate
    base  : from :func:`~coop_abm.core.dice.stream_base`

    Raises
    ------
    NotAbsorbed
        if a run is not over after `patience` events
    """
    if ready.ensemble is None:
        raise ScenarioError(MUTATES)
    ensemble = ready.ensemble
    winner, events = np.empty(runs, np.int64), np.empty(runs, np.int64)
    gains = np.full(runs, np.nan)
    start = np.ascontiguousarray(start, np.int64)

    def chunk(at: int, to: int) -> None:
        part = slice(at, to)
        arguments = [ready.world, base, first + at, start, patience, winner[part], events[part]]
        if ready.kind in FOLLOWED:
            arguments.append(gains[part])
        ensemble(*arguments)

    longest = LONGEST // ready.world.size**2 if ready.kind in FOLLOWED else CHUNK  # a run takes about N^2 events
    in_parts(chunk, runs, min(CHUNK, longest), progress)
    if (winner < 0).any():
        raise NotAbsorbed(
            f"{int((winner < 0).sum())} of {runs} runs were not over after {patience:,} events; "
            "weaken selection or make the population smaller"
        )
    if len(ready.world.value) == 0:
        gains[:] = np.nan
    return Ensemble(winner, events, gains)


def starting(scenario: Scenario, invader: int, heads: int) -> np.ndarray:
    """int64 (2,): head counts when `heads` individuals of strategy `invader` face all others.

    Raises
    ------
    ScenarioError
        if strategies mutate, there are not two of them, or groups that never meet
    InputError
        if there is nobody, or nobody else, to start with
    """
    if invader not in (0, 1) or not 1 <= heads < scenario.size:
        raise InputError(f"invader must be 0 or 1 and heads in [1, {scenario.size - 1}]; got {invader} and {heads}")
    if scenario.update.mutation > 0:
        raise ScenarioError(MUTATES)
    if len(scenario.repertoire().names) != 2:
        raise ScenarioError("players: fixation is measured between two strategies; this world has another number")
    if scenario.group.enabled and 0 < scenario.group.size < scenario.size and scenario.group.split == 0:
        raise ScenarioError("group.split must be above 0, or groups stay apart for ever and nothing fixes; got 0")
    start = np.full(2, scenario.size - heads, np.int64)
    start[invader] = heads
    return start


def fixation(
    scenario: Scenario,
    *,
    invader: int = 0,
    heads: int = 1,
    runs: int = 10_000,
    precision: float | None = None,
    of: Literal["probability", "events", "events_won"] = "probability",
    most_events: int = MOST_EVENTS,
    seed: int = 0,
    first: int = 0,
    cell: tuple[int, ...] = (),
    progress: Progress | None = None,
) -> Fixation:
    """The probability that `heads` individuals of strategy `invader`, placed at random, take over.

    Parameters
    ----------
    invader : index into the repertoire: 0 the cooperator, 1 the defector
    runs    : replicates; not read where a precision is asked for
    precision : standard error to reach, as a share of what `of` names. A first batch is run, the number of
              replicates is computed from it once, and they are run; the error reached is reported
    of      : the probability, the mean time of all runs, or of those that the invader won
    most_events : events after which no more replicates are planned
    cell    : numbers that set the streams of this measurement apart from others under one seed
    """
    if runs < 2:
        raise InputError(f"runs must be at least 2, or there is no standard error; got {runs}")
    if of not in ("probability", "events", "events_won"):
        raise InputError(f"of must be probability, events or events_won; got {of!r}")
    if precision is not None and not precision > 0:
        raise InputError(f"precision must be above 0; got {precision:g}")
    start = starting(scenario, invader, heads)
    ready = process(scenario, seed, record_gains=True)
    base = stream_base(seed, invader, *cell)
    if precision is not None:
        runs = _first_batch(scenario, heads)
    result = ensemble(ready, start, runs, base=base, first=first, progress=progress)
    found = summary(result, invader, start)
    if precision is not None:
        total = _total(found, int(result.events.sum()), precision, of, most_events)
        if total > runs:
            more = ensemble(ready, start, total - runs, base=base, first=first + runs, progress=progress)
            whole = Ensemble(*(np.concatenate(columns) for columns in zip(result, more, strict=True)))
            found = summary(whole, invader, start)
    return found


def _first_batch(scenario: Scenario, heads: int) -> int:
    """So many replicates that by neutral drift about 100 would win; fewer where each takes long."""
    neutral = math.ceil(100 * scenario.size / heads)
    return max(FEWEST, min(neutral, FIRST_EVENTS // (heads * scenario.size)))


def _total(found: Fixation, events: int, precision: float, of: str, most_events: int) -> int:
    """How many replicates bring the relative standard error down to `precision`."""
    value, error = found.probability, found.error
    if of != "probability":
        value, error = getattr(found, of)[:2]
    elif value == found.counted:  # nobody may have won yet
        value = (found.counted * found.runs + 0.5) / (found.runs + 1)
    if not value > 0 or not math.isfinite(error):
        value, error = 1.0, 1.0  # nothing seen: as many as are allowed
    return planned(found.runs, error, precision * value, events, most_events)


def summary(result: Ensemble, invader: int, start: np.ndarray) -> Fixation:
    """What replicates say about the probability that `invader` takes over, and about the time."""
    runs, wins = len(result.winner), result.winner == invader
    counted = share(int(wins.sum()), runs)
    times = mean(result.events), mean(result.events[wins]), int(start.sum())
    if np.isnan(result.gains).any():
        return Fixation(counted.value, counted.error, counted.value, runs, counted.low, counted.high, *times)
    luckless, sign = start[invader] / start.sum(), 1 - 2 * invader
    followed = mean(luckless + sign * result.gains)
    return Fixation(followed.value, followed.error, counted.value, runs, followed.low, followed.high, *times)
