"""Who hands out the runs of a sweep, and sees to it that none is lost and none is done twice.

A *study* says which cells it wants with how many replicates, is sent what was measured, and may want more
(``adaptive.py``). Studies come as a stream; only those that somebody works on are in memory. A slot of
the executor gets its next task after what it did last was kept, so a crash of everything loses at most one
task for each slot. A task is as many runs as take about a twentieth of a second.

A task whose worker was lost is taken apart, and each of its runs is tried alone; one that loses its worker three
times is kept as failed.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import SweepError
from coop_abm.sweeps.executor import Executor, Loss
from coop_abm.sweeps.memory import Sink
from coop_abm.sweeps.spans import Spans
from coop_abm.sweeps.work import Cell, Outcome, Task, Work, failed

#: Seconds that a task should take.
LENGTH = 0.05
#: How many times a run may lose its worker.
TRIES = 3
#: Seconds between two looks at what is over, and between two reports.
PATIENCE, PAUSE = 0.2, 0.1

#: Wants cells, as (parameters, replicates), and is sent an array of final values for each of them.
Study = Generator[Any, list[np.ndarray], Any]


class Progress(NamedTuple):
    """How far a sweep is.

    done   : runs that are over, failed ones too, of those that were asked for so far
    asked  : runs that were asked for so far
    failed : of `done`
    found  : of `done`, those that were there before
    seconds : since the start
    cause  : why the last one failed
    """

    done: int
    asked: int
    failed: int
    found: int
    seconds: float
    cause: str


class _Client:
    """A study under way: what it wants now, and how many of those cells are open."""

    def __init__(self, number: int, study: Study | None):
        self.number, self.study = number, study
        self.asks: list[tuple[Cell, int]] = []
        self.open = 0
        self.counted: dict[bytes, int] = {}


class Coordinator:
    """Does a sweep.

    Parameters
    ----------
    work, sink, executor : how a run is done, where its outcome goes, and who does it
    measure : the column whose final values studies are sent; not read where they want fixed numbers
    report  : called with :class:`Progress` now and then
    most_failures : the sweep stops when more runs than that have failed
    """

    def __init__(
        self, work: Work, sink: Sink, executor: Executor, *, measure: str = "cooperators",
        report: Callable[[Progress], None] | None = None, most_failures: int | None = None,
    ):  # fmt: skip
        self.work, self.sink, self.executor, self.measure = work, sink, executor, measure
        self.results: list[tuple[int, Any]] = []
        self._report, self._most_failures = report, most_failures
        self._ready: deque[Task] = deque()  # ranges of runs, of any length
        self._alone: deque[Task] = deque()  # single runs that lost their worker
        self._missing: dict[bytes, int] = {}  # runs of an open cell that are not over
        self._waiting: dict[bytes, list[_Client]] = {}  # who waits for an open cell
        self._number, self._under_way, self._started = 0, 0, False
        self._seconds = math.nan  # of one run
        self._longest = 1  # runs of the longest task so far
        self._sent: dict[tuple[bytes, int], float] = {}
        self._began = self._told = time.monotonic()
        self._done = self._asked = self._failed = self._found = 0
        self._cause = ""

    def run(self, studies: Iterable[Study | tuple[Mapping[str, Any], int]]) -> list[Any]:
        """Do all that the studies want; a pair (parameters, replicates) is a study that wants just that.

        Returns
        -------
        what the studies returned, in their order; pairs return nothing

        Raises
        ------
        InputError
            if there is no such cell
        SweepError
            if too many runs failed, or the executor is lost; what was done is kept
        """
        source = iter(studies)
        self.sink.open_for(self.work.identity)
        try:
            while True:
                self._hand_out(source)
                if not self._under_way:
                    break
                self._take(self.executor.collect(PATIENCE))
                self._tell()
        finally:
            if self._started:
                self.executor.close()
        self._tell(last=True)
        return [result for _number, result in sorted(self.results, key=lambda pair: pair[0])]

    # ------------------------------------------------------------------------------------ handing out

    def _hand_out(self, source: Iterator[Any]) -> None:
        while self._under_way < self.executor.slots:
            task = self._next(source)
            if task is None:
                return
            if not self._started:
                self._started = True
                self.executor.start(self.work)
            self._sent[task.cell.hash, task.first] = time.monotonic()
            self._under_way += 1
            self.executor.submit(task)

    def _next(self, source: Iterator[Any]) -> Task | None:
        """The next task; None if there is nothing to do before something under way is over."""
        if self._alone:
            return self._alone.popleft()
        while not self._ready:
            item = next(source, None)
            if item is None:
                return None
            self._number += 1
            self._open(_Client(self._number, None if isinstance(item, tuple) else item), item)
            self._tell()
        whole = self._ready.popleft()
        runs = min(whole.runs, self._length)
        if runs < whole.runs:
            self._ready.appendleft(Task(whole.cell, whole.first + runs, whole.runs - runs))
        return Task(whole.cell, whole.first, runs)

    @property
    def _length(self) -> int:
        """Runs of the next task: as many as take so long, but no leap into the unknown."""
        if math.isnan(self._seconds):
            return 1
        return max(1, min(int(LENGTH / max(self._seconds, 1e-9)), 4 * self._longest))

    def _open(self, client: _Client, item: Any) -> None:
        if client.study is None:
            self._ask(client, [item])
        elif (asks := self._sent_to(client, None)) is not None:
            self._ask(client, asks)
        else:
            return
        self._pursue(client)

    def _pursue(self, client: _Client) -> None:
        """Let a study go on as long as all that it wants is there, then queue what is missing."""
        while not self._queue(client):
            if client.study is None:
                return
            asks = self._sent_to(client, [self.sink.finals(cell, self.measure, runs) for cell, runs in client.asks])
            if asks is None:
                return
            self._ask(client, asks)

    def _sent_to(self, client: _Client, values: list[np.ndarray] | None) -> list[Any] | None:
        """What a study wants next; None if it is over."""
        assert client.study is not None
        try:
            return next(client.study) if values is None else client.study.send(values)
        except StopIteration as end:
            self.results.append((client.number, end.value))
            return None

    def _ask(self, client: _Client, asks: list[tuple[Mapping[str, Any], int]]) -> None:
        client.asks = [(self.work.cell(parameters), runs) for parameters, runs in asks]

    def _queue(self, client: _Client) -> bool:
        """Is anything missing that the study wants? Then it is queued, and the study waits for it."""
        client.open = 0
        for cell, runs in client.asks:
            if cell.hash not in self._missing:  # otherwise it is being done for another: look again afterwards
                done, bad = self.sink.state(cell)
                there = done.union(bad)
                gaps = list(there.missing(runs))
                missing = sum(end - first for first, end in gaps)
                self._count_found(client, cell, runs, missing, bad)
                if not missing:
                    continue
                self._missing[cell.hash] = missing
                self._ready.extend(Task(cell, first, end - first) for first, end in gaps)
            self._waiting.setdefault(cell.hash, []).append(client)
            client.open += 1
        return client.open > 0

    def _count_found(self, client: _Client, cell: Cell, runs: int, missing: int, bad: Spans) -> None:
        before = client.counted.get(cell.hash, 0)
        found = max(0, runs - missing - before)
        self._asked += missing + found
        self._done += found
        self._found += found
        self._failed += sum(1 for replicate in bad if before <= replicate < runs)
        client.counted[cell.hash] = max(runs, before)

    # ------------------------------------------------------------------------------------- taking back

    def _take(self, over: list[tuple[Task, list[Outcome] | Loss]]) -> None:
        """Keep what came back, then let studies go on."""
        kept: list[tuple[Cell, list[Outcome]]] = []
        for task, came in over:
            self._under_way -= 1
            began = self._sent.pop((task.cell.hash, task.first))
            if isinstance(came, Loss):
                kept += self._lost(task, came)
            else:
                self._learn((time.monotonic() - began) / task.runs, task.runs)
                kept.append((task.cell, came))
        if not kept:
            return
        self.sink.keep(kept)
        for cell, outcomes in kept:
            self._count(outcomes)
            self._missing[cell.hash] -= len(outcomes)
            if not self._missing[cell.hash]:
                self._close(cell)
        if self._most_failures is not None and self._failed > self._most_failures:
            raise SweepError(
                f"{self._failed:,} runs failed, more than the {self._most_failures:,} that are permitted; the last "
                f"one: {self._cause}; what was done is kept"
            )

    def _count(self, outcomes: list[Outcome]) -> None:
        self._done += len(outcomes)
        for outcome in outcomes:
            if outcome.cause:
                self._failed += 1
                self._cause = outcome.cause

    def _lost(self, task: Task, loss: Loss) -> list[tuple[Cell, list[Outcome]]]:
        if task.runs > 1:
            self._alone.extend(Task(task.cell, task.first + i, 1) for i in range(task.runs))
            return []
        if not loss.final and task.tries + 1 < TRIES:
            self._alone.append(task._replace(tries=task.tries + 1))
            return []
        tried = "" if loss.final else f", {TRIES} times"
        return [(task.cell, [failed(self.work, task, f"{loss.cause}{tried}")])]

    def _learn(self, seconds: float, runs: int) -> None:
        """A first task compiles kernels, so a lower figure is believed at once and a higher one by halves."""
        self._longest = max(self._longest, runs)
        slower = not math.isnan(self._seconds) and seconds > self._seconds
        self._seconds = (self._seconds + seconds) / 2 if slower else seconds

    def _close(self, cell: Cell) -> None:
        """All that was wanted of a cell is there: let those who waited for it go on."""
        del self._missing[cell.hash]
        for client in self._waiting.pop(cell.hash):
            client.open -= 1
            if not client.open:
                self._pursue(client)

    def _tell(self, last: bool = False) -> None:
        now = time.monotonic()
        if self._report is not None and (last or now - self._told >= PAUSE):
            self._told = now
            self._report(Progress(self._done, self._asked, self._failed, self._found, now - self._began, self._cause))
