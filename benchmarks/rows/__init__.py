"""The benchmarks, a file for each subject; ``BENCHMARKS`` is the order of the table."""

from benchmarks.harness import Benchmark
from benchmarks.rows import (
    death_birth,
    llm,
    objects,
    spatial,
    start,
    sweeps,
    ten_million,
    threads,
    thresholds,
    tournament,
    well_mixed,
)

BENCHMARKS: tuple[Benchmark, ...] = (
    *death_birth.BENCHMARKS,
    *spatial.BENCHMARKS,
    *well_mixed.BENCHMARKS,
    *tournament.BENCHMARKS,
    *objects.BENCHMARKS,
    *threads.BENCHMARKS,
    *ten_million.BENCHMARKS,
    *thresholds.BENCHMARKS,
    *start.BENCHMARKS,
    *llm.BENCHMARKS,
    *sweeps.BENCHMARKS,
)
