"""One world over time, on either clock, as a series of measures.

A time step is one round on the round clock and one generation (N events) on the event clock; row 0
is the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Protocol

import numpy as np

from coop_abm.core.dice import streams_of
from coop_abm.core.errors import ScenarioError
from coop_abm.core.question import Policy
from coop_abm.engine.demes import renew_group
from coop_abm.engine.events import assign_node, process
from coop_abm.engine.generations import count_alleles, earn
from coop_abm.engine.individuals import (
    begin,
    payoffs_of,
    rows_of,
    snapshot_of,
    start_of,
    strategies_of,
    words,
)
from coop_abm.engine.measures import COUNTED, Snapshot, chosen, observe, observe_counts
from coop_abm.engine.plain import count_holders
from coop_abm.engine.rounds import Play, run, snapshot_of_play
from coop_abm.scenario.scenario import Scenario

#: Events between two looks at the keyboard.
STRETCH = 5_000_000


class Running(Protocol):
    """A world that goes on one time step at a time."""

    def step(self) -> None:
        """One round, or one generation."""
        ...

    def snapshot(self) -> Snapshot:
        """What measures read, now."""
        ...

    def close(self) -> None:
        """Give back what the world took to ask those who decide in it."""
        ...


class RoundWorld:
    """A world on the round clock, with whoever decides in it."""

    def __init__(self, play: Play, policy: Policy):
        self.play, self.policy = play, policy

    def close(self) -> None:
        """Give back what it took to ask those who decide; safe to call twice."""
        closes = getattr(self.policy, "close", None)
        if closes is not None:
            closes()

    @property
    def told(self) -> dict[str, float]:
        """What those who decide have to say of the round that is over, by name; nothing where tables decide."""
        return getattr(self.policy, "told", {})

    def reopen(self) -> None:
        """Open the round anew, after the table was changed from outside: the same dice, other views."""
        self.play.reopen()

    def step(self) -> None:
        """One round."""
        run(self.play, self.policy, self.play.round + 1)

    def advance(self, steps: int) -> np.ndarray:
        """So many rounds: int64 (R, steps, S), how many of the living hold each strategy after each."""
        play = self.play
        if self._reading:
            return play.advance(steps)
        counts = np.zeros((len(play.state.strategy), steps, len(play.repertoire.names)), np.int64)
        for t in range(steps):
            self.step()
            for k in range(len(counts)):
                count_holders(play.state.strategy[k], play.state.alive[k], counts[k, t])
        return counts

    @property
    def _reading(self) -> bool:
        return getattr(self.policy, "reads", None) is self.play.repertoire and self.play.may_advance

    def tells(self, measures: Iterable[str]) -> bool:
        """Do these measures of a single population follow from how many hold each strategy?"""
        told = {"cooperators", "individuals"} | ({"good_standing"} if self.play.answers.innate else set())
        return self._reading and self.play.state.shape[0] == 1 and told >= set(measures)

    def record(self, rounds: int) -> np.ndarray:
        """Go on for a number of rounds without looking: int64 (rounds, S), the heads after each."""
        return self.advance(rounds)[0]

    @property
    def count(self) -> np.ndarray:
        """int64 (S,): how many of the living hold each strategy, in the first population."""
        state, heads = self.play.state, np.zeros(len(self.play.repertoire.names), np.int64)
        count_holders(state.strategy[0], state.alive[0], heads)
        return heads

    @property
    def helper(self) -> np.ndarray:
        """int64 (S,): 1 for strategies that help strangers."""
        return self.play.repertoire.helper

    @property
    def stretch(self) -> int:
        """How many rounds :meth:`record` takes between two looks at the keyboard: a second or so."""
        return max(1, STRETCH // self.play.scenario.size)

    def snapshot(self) -> Snapshot:
        """What measures read, now."""
        return snapshot_of_play(self.play)


class EventWorld:
    """One population on the event clock, a generation at a time.

    In a mixed population individuals are told apart by strategy alone, so they stand in order of it.

    Parameters
    ----------
    seed, replicate : what its stream is opened from; replicate 0 is the world that a seed alone means
    graph : number of the random graph that it lives on; None: the replicate's own

    Attributes
    ----------
    count  : int64 (S,), heads (or alleles) of each strategy; not kept up to date among groups that grow
    second : int64 (N,), the other alleles of diploid individuals; (0,) where all are haploid
    changing : what the kernels change, in the order in which they take it
    within : events of the present generation that were taken one by one (:meth:`event`); the next step takes the rest
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, replicate: int = 0, graph: int | None = None):
        self.scenario = scenario
        self.process = process(scenario, seed, graph=replicate if graph is None else graph)
        self._start = start_of(scenario)
        self.helper = self._start.helper
        self._population, self.stream = begin(self.process, self._start, streams_of([(seed, replicate)])[0])
        self.changing, self.count, self.second = self._population
        self.within = 0

    def close(self) -> None:
        """Nothing to give back: tables decide on this clock."""

    @property
    def strategy(self) -> np.ndarray:
        """int (N,): the strategy of each individual; a column that is changed, or made from what is."""
        return strategies_of(self.process, self.changing[0][None])[0]

    @property
    def payoff(self) -> np.ndarray:
        """float (N,): what each individual can expect of its neighbours."""
        columns = [column[None] for column in self.changing]
        return payoffs_of(self.process, columns, self.strategy[None])[0]

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(indptr, indices, weight): neighbours as compressed rows, written out."""
        return rows_of(self.process)

    def assign(self, row: int, strategy: int) -> None:
        """Give the individual in this row another strategy, by index, and renew what follows from it.

        Raises
        ------
        ScenarioError
            where individuals are told apart by strategy alone, or this process keeps more than strategies
        """
        world, kind = self.process.world, self.process.kind
        if kind == "mixed" or len(self.second):
            raise ScenarioError(
                "strategy: on the event clock an individual of a mixed population, or of two alleles, cannot be "
                "changed; clock = round can change anybody"
            )
        if kind == "graph":
            assign_node(self.process, self.changing, self.count, row, strategy)
            return
        self.strategy[row] = strategy
        if kind == "generations":
            own, second, count, payoff, fitness = self.changing
            count_alleles(own, second, count)
            earn(world, own, second, count, payoff, fitness)
        else:
            own, group, alive, scratch, payoff, fitness = self.changing
            renew_group(int(group[row]), own, group, alive, world, scratch, payoff, fitness)

    def step(self) -> None:
        """One generation: as many events as there is room for individuals, or fewer if all agree.

        Where some of them were taken already, the rest.
        """
        self._happen(self.scenario.size - self.within)
        self.within = 0

    def event(self) -> int:
        """One event alone; a whole generation where all are replaced at once.

        Returns
        -------
        Events of the present generation that are done, 0 if it is over
        """
        alone = self.process.kind != "generations"
        self._happen(1)
        self.within = (self.within + 1) % self.scenario.size if alone else 0
        return self.within

    def _happen(self, events: int) -> None:
        ready = self.process
        self.stream = words(ready.advance(ready.world, *self.changing, events, *self.stream)[-4:])

    def tells(self, measures: Iterable[str]) -> bool:
        """Do these measures follow from how many hold each strategy, so that :meth:`record` is enough?"""
        return self.process.record is not None and len(self.second) == 0 and COUNTED.keys() >= set(measures)

    def record(self, generations: int) -> np.ndarray:
        """Go on for a number of generations without looking: int64 (generations, S), the heads after each.

        Raises
        ------
        ScenarioError
            where individuals are born and die, see :meth:`tells`
        """
        if self.process.record is None:
            raise ScenarioError("record: heads are not counted while groups grow and shrink; take steps")
        series = np.empty((generations, len(self.count)), np.int64)
        begun = int(self.within > 0 and generations > 0)
        if begun:  # the kernel counts whole generations
            self.step()
            series[0] = self.count
        self.stream = words(self.process.record(self.process.world, *self.changing, series[begun:], *self.stream))
        return series

    @property
    def stretch(self) -> int:
        """How many generations :meth:`record` takes between two looks at the keyboard: a second or less."""
        return max(1, STRETCH // self.scenario.size)

    def snapshot(self) -> Snapshot:
        """What measures read, now; expected payoffs, and no acts."""
        return snapshot_of(self.process, self._start, self.rows, [self._population])


def look(world: Running, strategies: tuple[str, ...], measures: Iterable[str]) -> dict[str, float]:
    """One row of these measures and the share of each strategy, now."""
    if isinstance(world, (EventWorld, RoundWorld)) and world.tells(measures):
        columns = observe_counts(world.count[None, :], world.helper, strategies, measures)
        return {name: float(column[0]) for name, column in columns.items()}
    told = world.told if isinstance(world, RoundWorld) else {}
    return observe(world.snapshot(), strategies, measures) | told


def history(
    world: Running,
    strategies: tuple[str, ...],
    steps: int,
    progress: Callable[[int], None] | None = None,
    measures: Iterable[str] | None = None,
) -> Iterator[dict[str, float]]:
    """One row a time step, from the start: the time, each measure, the share of each strategy.

    Several replicates are averaged. `progress` is called with the number of steps done. `measures` are
    names of measures; None for all.

    Raises
    ------
    InputError
        if there is no measure of a name
    """
    named = chosen(measures)
    for t in range(steps + 1):
        yield {"time": float(t)} | look(world, strategies, named)
        if progress:
            progress(t)
        if t < steps:
            world.step()


def series(
    world: Running,
    strategies: tuple[str, ...],
    steps: int,
    progress: Callable[[int], None] | None = None,
    measures: Iterable[str] | None = None,
) -> dict[str, np.ndarray]:
    """The same as columns, float (steps + 1,) each; without looking in between where counts tell it all.

    Raises
    ------
    InputError
        if there is no measure of a name
    """
    named = chosen(measures)
    if not (isinstance(world, (EventWorld, RoundWorld)) and world.tells(named)):
        rows = list(history(world, strategies, steps, progress, named))
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}
    parts, done = [world.count[None, :].copy()], 0
    while done < steps:
        if progress:
            progress(done)
        parts.append(world.record(min(world.stretch, steps - done)))
        done += len(parts[-1])
    if progress:
        progress(steps)
    heads = np.concatenate(parts)
    columns = observe_counts(heads, world.helper, strategies, named)
    return {"time": np.arange(steps + 1.0)} | columns
