"""How long does the critical ratio of a big irregular graph take?"""

from __future__ import annotations

import math

from benchmarks.harness import Benchmark, Bout, Goal, agree
from coop_abm.structures import BarabasiAlbert
from coop_abm.theory import remeeting
from coop_abm.theory.coalescence import critical_ratio

SEED, PRECISION = 1, 0.01


def scale_free(size: int):
    """Weights of a scale-free graph."""
    return BarabasiAlbert(links=2).build(size, SEED).weights_matrix()


def exactly(size: int) -> Bout:
    """By solving for all meeting times, checked against walks."""
    weights = scale_free(size)
    value = critical_ratio(weights)
    walked = remeeting.critical_ratio(weights, seed=SEED, relative_error=PRECISION)
    said = agree("exact value and walks", value, walked.value, walked.error)
    return Bout(lambda: 1.0 if math.isfinite(critical_ratio(weights)) else math.nan, None, said)


def by_walks(size: int, small: int) -> Bout:
    """By walks, checked against the exact value of a smaller graph."""
    little = scale_free(small)
    walked = remeeting.critical_ratio(little, seed=SEED, relative_error=PRECISION)
    said = agree(f"walks and exact value at N = {small:,}", walked.value, critical_ratio(little), walked.error)
    weights = scale_free(size)
    turn = iter(range(1, 1_000_000))

    def run() -> float:
        found = remeeting.critical_ratio(weights, seed=next(turn), relative_error=PRECISION)
        return 1.0 if found.error <= 1.1 * PRECISION * abs(found.value) else math.nan

    return Bout(run, None, said)


BENCHMARKS = (
    Benchmark(
        name="threshold-exact", work="exact (b/c)* of a scale-free graph, N = 1,000, on two cores",
        against="-", goal=Goal("below", 10), unit="s", per_second=1.0, clock="wall", cores=2, pairs=3,
        prepare=lambda quick: exactly(100 if quick else 1000),
    ),
    Benchmark(
        name="threshold-walks", work="(b/c)* of a scale-free graph, N = 100,000, to 1 % by walks, on two cores",
        against="-", goal=Goal("below", 600), unit="s", per_second=1.0, clock="wall", cores=2, pairs=1, warm=False,
        prepare=lambda quick: by_walks(1000 if quick else 100_000, 200 if quick else 1000),
    ),
)  # fmt: skip
