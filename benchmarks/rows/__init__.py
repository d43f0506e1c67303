"""The benchmarks, a file for each subject; ``BENCHMARKS`` is the order of the table."""

from benchmarks.harness import Benchmark
from benchmarks.rows import death_birth

BENCHMARKS: tuple[Benchmark, ...] = (*death_birth.BENCHMARKS,)
