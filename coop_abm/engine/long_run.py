"""Where does a world with mutation spend its time? The stationary distribution, in simulation.

Replicates are independent. Each begins far from equilibrium, the even ones with the first strategy alone and the odd
ones with the second alone, is left to itself for a while (the burn-in), and is then looked at once a generation. A
replicate is one number for each head count, its share of time there, so intervals come from replicates and not from
looks, which know of each other. Had the burn-in been too short, even and odd replicates would still differ.

Mutation forgets the start at its own pace: without selection the mean moves towards one half by a share of 2 x mutation
in each generation, so 5 / mutation generations leave e^-10 of the start.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.core.workers import in_parts
from coop_abm.engine.events import Process, process
from coop_abm.engine.fixation import Progress
from coop_abm.engine.individuals import Start, begin, start_of, words
from coop_abm.engine.statistics import FEWEST, Estimate, bounded, mean
from coop_abm.scenario.scenario import Scenario

#: Generations of burn-in, and of looking, in units of 1 / mutation.
BURN_IN, LOOKED_AT = 5, 20
#: Events of one call of a kernel, and generations that are kept in memory at a time.
LONGEST, KEPT = 5_000_000, 65_536


class LongRun(NamedTuple):
    """What replicates saw.

    shares : float (R, N + 1), the share of its looks at which a replicate had 0 .. N individuals of the first
             strategy (alleles, where individuals are diploid)
    burn_in, generations : not looked at, and looked at, in each replicate
    size   : individuals N
    """

    shares: np.ndarray
    burn_in: int
    generations: int
    size: int

    @property
    def held(self) -> np.ndarray:
        """float (N + 1,): the share of time with 0 .. N of the first strategy."""
        return self.shares.mean(axis=0)

    @property
    def frequencies(self) -> np.ndarray:
        """float (R,): the mean share of the first strategy in each replicate."""
        last = self.shares.shape[1] - 1
        return self.shares @ (np.arange(last + 1) / last)

    @property
    def frequency(self) -> Estimate:
        """The mean share of the first strategy, with its 95 % interval."""
        return _interval(self.frequencies)

    @property
    def apart(self) -> Estimate:
        """How much more of it is seen where it was alone at the start: 0 if that is forgotten."""
        seen = self.frequencies
        pairs = len(seen) // 2
        return mean(seen[0 : 2 * pairs : 2] - seen[1 : 2 * pairs : 2])

    def within(self, low: int, high: int) -> Estimate:
        """The share of time with `low` to `high` of the first strategy, both included, with its 95 % interval."""
        return _interval(self.shares[:, low : high + 1].sum(axis=1))


def events_of_a_replicate(scenario: Scenario) -> float:
    """How many events one replicate takes with the burn-in and the length that follow from the rate of mutation."""
    return sum(_lengths(scenario, None, None)) * float(scenario.size)


def long_run(
    scenario: Scenario,
    *,
    replicates: int = 32,
    burn_in: int | None = None,
    generations: int | None = None,
    seed: int = 0,
    first: int = 0,
    progress: Progress | None = None,
) -> LongRun:
    """How often this world has 0 .. N individuals of the first of its two strategies.

    Parameters
    ----------
    replicates : independent populations, at least 2
    burn_in, generations : before the first look, and looks, once a generation; 5 and 20 over the rate of mutation
                 where they are not given
    first      : number of the first replicate; the same numbers give the same replicates
    progress   : called with the number of replicates just finished

    Raises
    ------
    InputError
        if a number is too small
    ScenarioError
        if nobody mutates, there are not two strategies, the clock is that of rounds, or groups change in size
    """
    check_long_run(scenario)
    before, seen = _lengths(scenario, burn_in, generations)
    for name, value, low in (("replicates", replicates, 2), ("burn_in", before, 0), ("generations", seen, 1)):
        if value < low:
            raise InputError(f"{name} must be at least {low}; got {value}")
    ready, base, declared = process(scenario, seed), stream_base(seed), start_of(scenario)
    if ready.record is None:
        raise ScenarioError("group.enabled: must be false, because groups grow and shrink, and so does the population")
    counts = np.zeros((replicates, int(declared.counts.sum()) + declared.second + 1), np.int64)

    def chunk(at: int, to: int) -> None:
        if at == to:  # compiled once, before threads ask for it
            _look(ready, declared, base, first, (1, 0), counts[0])
        for k in range(at, to):
            _look(ready, declared, base, first + k, (before, seen), counts[k])

    in_parts(chunk, replicates, 1, progress)
    return LongRun(counts / seen, before, seen, scenario.size)


def check_long_run(scenario: Scenario) -> None:
    """Refuse a world that has no long run of this kind. Raises ScenarioError."""
    if scenario.clock == "round":
        raise ScenarioError("clock: the long run is measured one replacement at a time, so it must be event; got round")
    if len(scenario.repertoire().names) != 2:
        raise ScenarioError("players: the long run is of two strategies; this world has another number")
    if scenario.update.mutation == 0:
        raise ScenarioError("update.mutation must be above 0, or one strategy takes over for good; got 0")


def _interval(values: np.ndarray) -> Estimate:
    """Student's where many replicates have a share of their own; else the one that knows of what is seldom seen."""
    shares = np.clip(values, 0.0, 1.0)
    if np.count_nonzero((shares > 0) & (shares < 1)) < FEWEST:
        return bounded(shares)
    found = mean(shares)
    return found._replace(low=max(0.0, found.low), high=min(1.0, found.high))


def _lengths(scenario: Scenario, burn_in: int | None, generations: int | None) -> tuple[int, int]:
    rate = scenario.update.mutation
    return (
        math.ceil(BURN_IN / rate) if burn_in is None else burn_in,
        math.ceil(LOOKED_AT / rate) if generations is None else generations,
    )


def _look(
    ready: Process, declared: Start, base: np.uint64, replicate: int, lengths: tuple[int, int], counts: np.ndarray
) -> None:
    """One replicate: its looks, counted by heads of the first strategy."""
    alone = np.zeros_like(declared.counts)
    alone[replicate % 2] = declared.size
    start = declared._replace(counts=alone, seats=np.empty(0, np.int64))
    with np.errstate(over="ignore"):
        opened = open_stream.plain(base, np.uint64(replicate))
    population, stream = begin(ready, start, words(opened))
    assert ready.record is not None  # as long_run has seen
    stretch = max(1, min(KEPT, LONGEST // ready.world.size if ready.kind != "mixed" else LONGEST // declared.size))
    for length, looked in zip(lengths, (False, True), strict=True):
        for done in range(0, length, stretch):
            series = np.empty((min(stretch, length - done), len(alone)), np.int64)
            stream = words(ready.record(ready.world, *population.changing, series, *stream))
            if looked:
                counts += np.bincount(series[:, 0], minlength=len(counts))
