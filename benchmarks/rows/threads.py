"""Replicates on two threads against one, by the clock on the wall."""

from __future__ import annotations

import os

import numpy as np

from benchmarks.harness import Benchmark, Bout, Goal, same
from benchmarks.rows.death_birth import SEED, world
from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, starting


def two_against_one(size: int, runs: int) -> Bout:
    """The same replicates of death-birth updating, spread over as many threads as there are cores, or over one."""
    scenario = world(size)
    ready, start = process(scenario, SEED), starting(scenario, 0, 1)

    def run(threads: int) -> np.ndarray:
        cores = os.cpu_count
        os.cpu_count = lambda: threads
        try:
            return ensemble(ready, start, runs, base=stream_base(SEED)).events
        finally:
            os.cpu_count = cores

    said = same("the updates that each replicate took on two threads and on one are", run(2), run(1))
    return Bout(lambda: float(run(2).sum()), lambda: float(run(1).sum()), said)


BENCHMARKS = (
    Benchmark(
        name="two-threads", work="replicates of death-birth to fixation, N = 1,000, on two threads",
        against="on one thread", goal=Goal("faster", 1.8), unit="ns per update (wall)", clock="wall", cores=2,
        prepare=lambda quick: two_against_one(100 if quick else 1000, 100 if quick else 3000),
    ),
)  # fmt: skip
