"""Ours and a yardstick, in one run, in turns, on one core.

Timings on a shared machine drift by more than the differences that matter, so nothing is compared
across runs. A benchmark does the same work in two ways, A B B A A B ..., and what is reported is
the median of the ratios of neighbouring turns, with their quartiles. Both ways run once before the
clock starts, and before that a benchmark checks that they do the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np


class Skipped(Exception):
    """This benchmark cannot run here; the message says why."""


class Disagreement(Exception):
    """Two ways of doing the same work gave different results: their times mean nothing."""


class Spent(NamedTuple):
    """Work that was measured where it was done, for example in another process.

    amount : how many units of work
    cost   : seconds, or whatever the benchmark's unit is made of
    """

    amount: float
    cost: float


#: Does the work once. Returns how many units that was, or what was spent if it looked at a clock itself.
Work = Callable[[], "float | Spent"]


def fresh(make: Callable[[], Any], work: Callable[[Any], float]) -> Work:
    """Work on something that is made anew each time, outside the clock."""

    def turn() -> Spent:
        subject = make()
        began = time.process_time()
        amount = work(subject)
        return Spent(amount, time.process_time() - began)

    return turn


class Bout(NamedTuple):
    """A benchmark made ready.

    ours, peer : the two ways; no peer where the goal is a number of seconds or bytes
    agreement  : what was checked before the clock starts, with its numbers
    close      : called at the end, whatever happened
    """

    ours: Work
    peer: Work | None
    agreement: str
    close: Callable[[], None] = lambda: None


class Goal(NamedTuple):
    """What is to be reached.

    kind : "faster" (the peer's cost over ours, at least `value`), "within" (our cost over the peer's, at
           most `value`), "below" (our cost itself, at most `value`) or "none" (the peer's cost over
           ours, no target)
    """

    kind: Literal["faster", "within", "below", "none"]
    value: float = float("nan")

    def reached(self, figure: float) -> bool | None:
        """Is it? None where there is no target."""
        if self.kind == "none":
            return None
        return figure >= self.value if self.kind == "faster" else figure <= self.value

    def figure(self, ours: float, peer: float) -> float:
        """What is compared with the target, from the costs of one pair of turns."""
        return {"faster": peer / ours, "none": peer / ours, "within": ours / peer, "below": ours}[self.kind]


@dataclass(frozen=True)
class Benchmark:
    """One row of the table.

    name    : by which ``--only`` finds it
    work    : what is done, in one line
    against : the yardstick, in a few words
    goal    : what is to be reached
    unit    : of a cost, for example "ns per update"
    prepare : makes it ready, small where its argument is True; raises `Skipped` or `Disagreement`
    per_second : by what a cost per unit is multiplied to give `unit`
    clock   : "cpu" (of this process, all threads) or "wall"
    cores   : on how many cores this process may run
    pairs   : turns of each side
    warm    : whether both ways run once before the clock starts
    """

    name: str
    work: str
    against: str
    goal: Goal
    unit: str
    prepare: Callable[[bool], Bout]
    per_second: float = 1e9
    clock: Literal["cpu", "wall"] = "cpu"
    cores: int = 1
    pairs: int = 9
    warm: bool = True


class Result(NamedTuple):
    """What was measured.

    ours, peer : median costs in the benchmark's unit; NaN where there is none
    figure, low, high : median and quartiles of what the goal is about
    reached    : whether the median reaches the target; None where there is no target or no figure
    pairs      : turns of each side
    agreement  : what was checked
    trouble    : why there is no figure, or ""
    """

    ours: float
    peer: float
    figure: float
    low: float
    high: float
    reached: bool | None
    pairs: int
    agreement: str
    trouble: str = ""


NOTHING = float("nan")


def without_figures(trouble: str) -> Result:
    """The result of a benchmark that could not be measured."""
    return Result(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, None, 0, "", trouble)


def measure(
    benchmark: Benchmark, *, quick: bool = False, pairs: int | None = None, tell: Callable[[str], None] = lambda _: None
) -> Result:
    """Run one benchmark.

    Parameters
    ----------
    quick : a small version with two turns, to see that it runs; its figures mean little
    pairs : turns of each side; None for the benchmark's own number
    tell  : called with what is going on
    """
    turns = pairs if pairs is not None else min(2, benchmark.pairs) if quick else benchmark.pairs
    if benchmark.cores > cores_here():
        return without_figures(f"skipped: needs {benchmark.cores} cores, and there is {cores_here()}")
    with on_cores(benchmark.cores):
        try:
            tell("preparing")
            bout = benchmark.prepare(quick)
        except Skipped as reason:
            return without_figures(f"skipped: {reason}")
        except Disagreement as reason:
            return without_figures(f"DISAGREES: {reason}")
        try:
            costs = _take_turns(benchmark, bout, turns, tell)
        except Skipped as reason:
            return without_figures(f"skipped: {reason}")
        finally:
            bout.close()
    return _summary(benchmark, bout, np.array(costs) * benchmark.per_second)


def _take_turns(benchmark: Benchmark, bout: Bout, turns: int, tell: Callable[[str], None]) -> list[tuple[float, float]]:
    clock = time.process_time if benchmark.clock == "cpu" else time.perf_counter
    costs = []
    if benchmark.warm:
        tell("warming up")
        _cost(bout.ours, clock)
        if bout.peer:
            _cost(bout.peer, clock)
    for turn in range(turns):
        tell(f"{turn + 1}/{turns}")
        if not bout.peer:
            costs.append((_cost(bout.ours, clock), NOTHING))
        elif turn % 2:  # whoever comes second finds the caches as the other left them
            peer = _cost(bout.peer, clock)
            costs.append((_cost(bout.ours, clock), peer))
        else:
            ours = _cost(bout.ours, clock)
            costs.append((ours, _cost(bout.peer, clock)))
    return costs


def _cost(work: Work, clock: Callable[[], float]) -> float:
    """Cost of one unit of this work."""
    began = clock()
    done = work()
    passed = clock() - began
    if isinstance(done, Spent):
        return done.cost / done.amount
    return passed / done


def _summary(benchmark: Benchmark, bout: Bout, costs: np.ndarray) -> Result:
    figures = np.array([benchmark.goal.figure(ours, peer) for ours, peer in costs])
    low, middle, high = np.quantile(figures, [0.25, 0.5, 0.75])
    ours, peer = np.median(costs, axis=0)
    return Result(
        float(ours), float(peer), float(middle), float(low), float(high), benchmark.goal.reached(float(middle)),
        len(costs), bout.agreement,
    )  # fmt: skip


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keep this process, and those that it starts, on so many cores.

    Ensembles open as many threads as the machine has cores, so that number is told as well.
    """
    asked = os.cpu_count
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if allowed is not None:
        os.sched_setaffinity(0, sorted(allowed)[-min(count, len(allowed)) :])
    os.cpu_count = lambda: count
    try:
        yield
    finally:
        os.cpu_count = asked
        if allowed is not None:
            os.sched_setaffinity(0, allowed)


def cores_here() -> int:
    """On how many cores this process may run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def agree(what: str, ours: float, theirs: float, error: float, limit: float = 4.5) -> str:
    """Say that two numbers are equal within `limit` standard errors of their difference.

    Raises
    ------
    Disagreement
        if they are not
    """
    z = (ours - theirs) / error if error > 0 else 0.0 if ours == theirs else float("inf")
    said = f"{what} {ours:.5g} and {theirs:.5g} (z = {z:+.1f})"
    if not abs(z) <= limit:
        raise Disagreement(said)
    return said


def same(what: str, ours: object, theirs: object) -> str:
    """Say that two things are equal to the last bit.

    Raises
    ------
    Disagreement
        if they are not
    """
    equal = np.array_equal(np.asarray(ours), np.asarray(theirs))
    if not equal:
        raise Disagreement(f"{what} differ")
    return f"{what} equal"
