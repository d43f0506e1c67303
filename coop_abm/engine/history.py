"""One world over time, on either clock, as a series of measures.

A time step is one round on the round clock and one generation (N events) on the event clock; row 0
is the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.errors import ScenarioError
from coop_abm.core.kernel import engine
from coop_abm.core.question import Policy
from coop_abm.engine.demes import fill_groups, renew_group
from coop_abm.engine.events import process
from coop_abm.engine.generations import count_alleles, earn, settle_in
from coop_abm.engine.measures import Snapshot, observe
from coop_abm.engine.nodes import recount, renew, renew_all
from coop_abm.engine.plain import count_holders
from coop_abm.engine.rounds import Play, run
from coop_abm.engine.world import seat_all
from coop_abm.scenario.scenario import Scenario


class Running(Protocol):
    """A world that goes on one time step at a time."""

    def step(self) -> None:
        """One round, or one generation."""
        ...

    def snapshot(self) -> Snapshot:
        """What measures read, now."""
        ...


class RoundWorld:
    """A world on the round clock, with whoever decides in it."""

    def __init__(self, play: Play, policy: Policy):
        self.play, self.policy = play, policy

    def reopen(self) -> None:
        """Open the round anew, after the table was changed from outside: the same dice, other views."""
        self.play.reopen()

    def step(self) -> None:
        """One round."""
        run(self.play, self.policy, self.play.round + 1)

    def advance(self, steps: int) -> np.ndarray:
        """So many rounds: int64 (R, steps, S), how many of the living hold each strategy after each."""
        play = self.play
        if getattr(self.policy, "reads", None) is play.repertoire and play.may_advance:
            return play.advance(steps)
        counts = np.zeros((len(play.state.strategy), steps, len(play.repertoire.names)), np.int64)
        for t in range(steps):
            self.step()
            for k in range(len(counts)):
                count_holders(play.state.strategy[k], play.state.alive[k], counts[k, t])
        return counts

    def snapshot(self) -> Snapshot:
        """What measures read, now."""
        state = self.play.state
        return Snapshot(
            state.strategy, state.alive, state.payoff, state.standing, state.group,
            self.play.repertoire.helper, self.play.acts, self.play.answers.rows,
            np.empty((len(state.strategy), 0), np.int64), families(self.play.answers.family, state.strategy.shape[1]),
        )  # fmt: skip


class EventWorld:
    """One population on the event clock, a generation at a time.

    In a mixed population individuals are told apart by strategy alone, so they stand in order of it.
    """

    def __init__(self, scenario: Scenario, seed: int = 0, *, replicate: int = 0):
        self.scenario = scenario
        self.process = process(scenario, seed)
        self.helper = scenario.repertoire().helper
        start = np.ascontiguousarray(scenario.starting_counts())
        size = scenario.size
        self.strategy, self.count = np.zeros(size, np.int64), start.copy()
        self.helping, self.payoff, self.fitness = np.zeros(size), np.zeros(size), np.zeros(size)
        self.group, self.alive = np.zeros(size, np.int64), np.ones(size, np.int64)
        self.second = np.zeros(size if scenario.kin.diploid else 0, np.int64)
        with engine("plain"), np.errstate(over="ignore"):
            self.stream = open_stream(stream_base(seed), replicate)
        self._fill(start)

    def _fill(self, start: np.ndarray) -> None:
        world = self.process.world
        if self.process.kind == "mixed":
            return
        seats = self.scenario.seats()
        if self.process.kind == "generations":
            table = (self.strategy, self.second, self.count, self.payoff, self.fitness)
            self.stream = _words(settle_in(world, start, seats, *table, *self.stream))
            return
        self.stream = _words(seat_all(start, seats, self.strategy, *self.stream))
        recount(self.strategy, self.count)
        if self.process.kind == "groups":
            scratch = np.zeros_like(self.count)
            fill_groups(world, self.strategy, self.group, self.alive, scratch, self.payoff, self.fitness)
            return
        renew_all(self.strategy, world, self.helping, self.payoff, self.fitness)
        self.group[:] = np.arange(world.size) // world.group_size

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
        before, self.strategy[row] = int(self.strategy[row]), strategy
        if kind == "generations":
            count_alleles(self.strategy, self.second, self.count)
            earn(world, self.strategy, self.second, self.count, self.payoff, self.fitness)
            return
        if kind == "groups":
            scratch = np.zeros_like(self.count)
            home = int(self.group[row])
            renew_group(home, self.strategy, self.group, self.alive, world, scratch, self.payoff, self.fitness)
            return
        self.count[before] -= 1
        self.count[strategy] += 1
        for site in (row, *world.indices[world.indptr[row] : world.indptr[row + 1]].tolist()):
            renew(
                site, self.strategy, world.size, world.indptr, world.indices, world.weight, world.matrix,
                world.scale, world.intensity, self.helping, self.payoff, self.fitness,
            )  # fmt: skip

    def step(self) -> None:
        """One generation: as many events as there is room for individuals, or fewer if all agree."""
        ready, limit = self.process, self.scenario.size
        if ready.kind == "mixed":
            _done, *stream = ready.advance(ready.world, self.count, limit, *self.stream)
        elif ready.kind == "graph":
            _done, _gained, *stream = ready.advance(
                ready.world, self.strategy, self.count, self.helping, self.payoff, self.fitness, limit, *self.stream
            )
        elif ready.kind == "generations":
            _done, _gained, *stream = ready.advance(
                ready.world, self.strategy, self.second, self.count, self.payoff, self.fitness, limit, *self.stream
            )
        else:
            scratch = np.zeros_like(self.count)
            _done, *stream = ready.advance(
                ready.world, self.strategy, self.group, self.alive, scratch, self.payoff, self.fitness,
                limit, *self.stream,
            )  # fmt: skip
        self.stream = _words(stream)

    def snapshot(self) -> Snapshot:
        """What measures read, now; expected payoffs, and no acts."""
        strategy, payoff, world = self.strategy, self.payoff, self.process.world
        if self.process.kind == "mixed":
            strategy = np.repeat(np.arange(len(self.count)), self.count)
            others = np.maximum(self.count - np.eye(len(self.count), dtype=np.int64), 0)
            payoff = ((others * self.process.world.matrix).sum(axis=1) * self.process.world.scale)[strategy]
        return Snapshot(
            strategy[None, :], self.alive[None, :], payoff[None, :], self.helper[strategy][None, :],
            self.group[None, :], self.helper, np.zeros((1, 2), np.int64), (world.indptr, world.indices, world.weight),
            self.second[None, :], families(world.family, len(strategy)),
        )  # fmt: skip


def families(family: int, size: int) -> np.ndarray:
    """int64 (N,): the family of each individual; (0,) where there are none."""
    return np.arange(size) // family if family > 1 else np.empty(0, np.int64)


def _words(stream) -> tuple[np.uint64, ...]:
    """The state of a stream as the words that kernels expect; numba hands them out as plain ints."""
    return tuple(np.uint64(word) for word in stream)


def history(
    world: Running, strategies: tuple[str, ...], steps: int, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, float]]:
    """One row a time step, from the start: the time, each measure, the share of each strategy.

    Several replicates are averaged. `progress` is called with the number of steps done.
    """
    for t in range(steps + 1):
        yield {"time": float(t)} | observe(world.snapshot(), strategies)
        if progress:
            progress(t)
        if t < steps:
            world.step()
