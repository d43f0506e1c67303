"""Many single worlds of one scenario side by side, none of which anybody looks at while they run.

A row of a block is the very world that its (root seed, replicate) gives alone, bit for bit: nothing depends on how many
stand beside it. What a scenario says is read once for all of them, and measures look at all rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from coop_abm.core.dice import dice_of, streams_of
from coop_abm.core.errors import CoopError
from coop_abm.engine.events import Process, process
from coop_abm.engine.individuals import Population, Start, begin, rows_of, snapshot_of, start_of, words
from coop_abm.engine.measures import COUNTED, Snapshot, chosen, frozen, joined, observe_counts, observe_each
from coop_abm.engine.plain import count_all
from coop_abm.engine.rounds import Play, snapshot_of_play
from coop_abm.scenario.scenario import Scenario

#: Individuals times steps between two looks at the keyboard.
STRETCH = 5_000_000

#: Individuals that are measured together, if there are as many to be.
TOGETHER = 20_000

#: A root seed and the number of a replicate.
Source = tuple[int, int]
#: Float (R,) each, by name.
Columns = dict[str, np.ndarray]


def may_share(scenario: Scenario, *, one_graph: bool = False) -> bool:
    """May replicates be rows of one block? Not where somebody else than tables decides, nor where each has a graph.

    one_graph : do all replicates live on one random graph?
    """
    return not scenario.minded and (one_graph or not scenario.on_random_graph)


class Block:
    """Worlds of one scenario, a row each.

    Parameters
    ----------
    sources : root seed and replicate of each row
    graph   : root seed and number of the random graph that all rows live on; None: those of the first row, which
              must then be the only one
    like    : a block of the same scenario, perhaps on another graph, whose reading of the scenario is taken over
    """

    def __init__(
        self,
        scenario: Scenario,
        sources: Sequence[Source],
        *,
        graph: Source | None = None,
        like: Block | None = None,
    ):
        alone = len(sources) == 1
        if not may_share(scenario, one_graph=alone or graph is not None):
            raise CoopError("a block holds worlds in which tables decide, and which live on one graph")
        self.scenario, self.size = scenario, len(sources)
        self.strategies: tuple[str, ...] = scenario.repertoire().names if like is None else like.strategies
        clock = _Rounds if scenario.clock == "round" else _Events
        before: Any = None if like is None else like._clock
        self._clock: _Rounds | _Events = clock(scenario, sources, *(graph or sources[0]), before)

    def advance(self, steps: int) -> None:
        """So many rounds, or generations."""
        stretch = max(1, STRETCH // (self.scenario.size * self._clock.rows_at_once))
        while steps > 0:
            self._clock.advance(min(steps, stretch))
            steps -= stretch

    def observe(self, measures: Iterable[str] | None = None) -> Columns:
        """These measures, all for None, then the share of each strategy by name: float (R,) each, now.

        Raises
        ------
        InputError
            if there is no measure of a name
        """
        named = chosen(measures)
        if self._clock.counted >= set(named):
            return observe_counts(self._clock.heads(), self._clock.helper, self.strategies, named)
        return observe_each(self._clock.snapshot(), self.strategies, named)

    def series(
        self, steps: int, period: int = 1, measures: Iterable[str] | None = None
    ) -> Iterator[tuple[int, Columns]]:
        """(step, what :meth:`observe` gives then) of every `period`-th step from the start; of the last one for -1."""
        named, done, waiting = chosen(measures), 0, []
        for step in [steps] if period == -1 else range(0, steps + 1, period):
            self.advance(step - done)
            done = step
            if self._clock.counted >= set(named):
                yield step, self.observe(named)
                continue
            # Looking at many small moments together takes a tenth of looking at each.
            waiting.append((step, frozen(self._clock.snapshot())))
            if len(waiting) * self.size * self.scenario.size >= TOGETHER:
                yield from self._measured(waiting, named)
                waiting = []
        yield from self._measured(waiting, named)

    def _measured(self, moments: list[tuple[int, Snapshot]], named: tuple[str, ...]) -> Iterator[tuple[int, Columns]]:
        if not moments:
            return
        columns = observe_each(joined([now for _step, now in moments]), self.strategies, named)
        for at, (step, _now) in enumerate(moments):
            rows = slice(at * self.size, (at + 1) * self.size)
            yield step, {name: column[rows] for name, column in columns.items()}


class _Rounds:
    """The round clock: one table of R rows."""

    def __init__(self, scenario: Scenario, sources: Sequence[Source], seed: int, graph: int, _like: _Rounds | None):
        self._play = Play(scenario, seed, replicates=len(sources), chance=dice_of(sources), graph=graph)
        self.rows_at_once, self.helper = len(sources), self._play.repertoire.helper
        self.counted = {"cooperators", "individuals"} | ({"good_standing"} if self._play.answers.innate else set())

    def advance(self, steps: int) -> None:
        self._play.advance(steps)

    def heads(self) -> np.ndarray:
        state = self._play.state
        found = np.empty((len(state.strategy), len(self.helper)), np.int64)
        count_all(state.strategy, state.alive, found)
        return found

    def snapshot(self) -> Snapshot:
        return snapshot_of_play(self._play)


class _Events:
    """The event clock: one process, and a population and a stream for each row."""

    rows_at_once = 1

    def __init__(self, scenario: Scenario, sources: Sequence[Source], seed: int, graph: int, like: _Events | None):
        matrix = None if like is None else like._ready.world.matrix  # which no graph changes
        self._ready: Process = process(scenario, seed, graph=graph, matrix=matrix)
        self._start: Start = start_of(scenario) if like is None else like._start
        self.helper = self._start.helper
        begun = [begin(self._ready, self._start, stream) for stream in streams_of(sources)]
        self._populations: list[Population] = [population for population, _stream in begun]
        self._streams = [stream for _population, stream in begun]
        told = self._ready.record is not None and self._start.second == 0
        self.counted = set(COUNTED) if told else set()
        self._neighbours = rows_of(self._ready)

    def advance(self, steps: int) -> None:
        kernel, world, events = self._ready.advance, self._ready.world, steps * self._start.size
        for row, population in enumerate(self._populations):
            self._streams[row] = words(kernel(world, *population.changing, events, *self._streams[row])[-4:])

    def heads(self) -> np.ndarray:
        return np.stack([population.heads for population in self._populations])

    def snapshot(self) -> Snapshot:
        return snapshot_of(self._ready, self._start, self._neighbours, self._populations)
