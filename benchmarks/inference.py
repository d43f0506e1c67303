"""``python -m benchmarks.inference``: do the tests reject as often as they say, and the intervals hold the truth?

Worlds without any effect are played many times. A replication has a rate of cooperation of its own, drawn from a beta
distribution, and its decisions are drawn by that rate; so decisions of one replication hang together, with an
intraclass correlation of 1/11. Every test sees the same kind of data.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.pages import replace
from coop_abm.theory import inference

PAGE = Path(__file__).parent.parent / "docs" / "inference.md"
LEVEL = 0.05
#: Studies that are played for each row, and the seed of all.
REPEATS, SEED = 1_000, 1
#: Decisions in a replication, and the two numbers of the beta distribution of its rate: mean .5, spread .15.
DECISIONS, BETA = 40, 5.0
#: What a simple test must do, what a conservative one may do, and what an interval must do, in shares of studies.
SIMPLE, CONSERVATIVE = (0.03, 0.07), (0.0, 0.07)
COVERS, COVERS_MORE = (0.93, 0.97), (0.93, 1.0)


class Row(NamedTuple):
    """One test or interval, and how it did.

    what   : its name
    data   : arms and replications, and what is true of them
    asked  : the share of studies that it may reject, or must cover
    found  : the share that it did
    """

    what: str
    data: str
    asked: tuple[float, float]
    found: float

    @property
    def kept(self) -> bool:
        return self.asked[0] <= self.found <= self.asked[1]


def studies(rng: np.random.Generator, repeats: int, arms: int, runs: int) -> np.ndarray:
    """How many of its decisions are to cooperate, in each replication; int (repeats, arms, runs)."""
    return rng.binomial(DECISIONS, rng.beta(BETA, BETA, (repeats, arms, runs)))


def naive(first: np.ndarray, second: np.ndarray) -> float:
    """p of the test of two shares that takes every decision for independent: what not to do."""
    n, m = len(first) * DECISIONS, len(second) * DECISIONS
    pooled = (first.sum() + second.sum()) / (n + m)
    z = (first.sum() / n - second.sum() / m) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return math.erfc(abs(z) / math.sqrt(2))


def _welch(a: np.ndarray, b: np.ndarray) -> bool:
    found = inference.difference_interval(a, b)
    return not found.low <= 0 <= found.high


def _rejects(test: Callable[..., inference.Tested], **options: object) -> Callable[..., bool]:
    return lambda *arms: test(*arms, **options).p <= LEVEL


def _stratified(a: np.ndarray, b: np.ndarray) -> bool:
    strata = np.arange(len(a)) % 2
    return inference.stratified_test(a + strata, b + strata, strata, strata).p <= LEVEL


def _holm(*arms: np.ndarray) -> bool:
    """Does any of the three comparisons with the first arm reject, after the correction?"""
    p = [inference.permutation_test(arms[0], other).p for other in arms[1:]]
    return bool((inference.holm(p) <= LEVEL).any())


def _any(*arms: np.ndarray) -> bool:
    """The same without any correction."""
    return any(inference.permutation_test(arms[0], other).p <= LEVEL for other in arms[1:])


def _beaten(*arms: np.ndarray) -> bool:
    """The last arm is far below, so that one comparison of the intersection-union is won for certain."""
    return inference.intersection_union(*arms[:-1], arms[-1] - 1).p <= LEVEL


#: name, data, what is asked, arms, replications of each, does it reject?
Question = tuple[str, str, tuple[float, float], int, int, Callable[..., bool]]
TESTS: tuple[Question, ...] = (
    ("permutation test, Welch", "6 against 6", SIMPLE, 2, 6, _rejects(inference.permutation_test)),
    ("permutation test, mean", "6 against 6", SIMPLE, 2, 6, _rejects(inference.permutation_test, statistic="mean")),
    ("permutation test, one-sided", "10 against 10, 999 drawn", SIMPLE, 2, 10,
     _rejects(inference.permutation_test, alternative="greater", most=0, draws=999)),
    ("permutation test, discrete", "4 against 4: p is 1/35, 2/35 ...", CONSERVATIVE, 2, 4,
     _rejects(inference.permutation_test)),
    ("paired test", "10 pairs", SIMPLE, 2, 10, _rejects(inference.paired_test)),
    ("stratified test", "8 against 8 in 2 strata", SIMPLE, 2, 8, _stratified),
    ("Welch interval without 0", "8 against 8", SIMPLE, 2, 8, _welch),
    ("intersection-union", "6 each; all three alike", CONSERVATIVE, 3, 6, _rejects(inference.intersection_union)),
    ("intersection-union", "6 each; as good as one, above the other", CONSERVATIVE, 3, 6, _beaten),
    ("Holm, three comparisons", "6 each; all four alike", CONSERVATIVE, 4, 6, _holm),
)  # fmt: skip
#: What must be caught: it rejects far more often than 7 %.
PLANTED: tuple[Question, ...] = (
    ("*not to do*: test of two shares, decision by decision", "6 against 6", SIMPLE, 2, 6,
     lambda *arms: naive(*arms) <= LEVEL),
    ("*not to do*: three comparisons without correction", "6 each; all four alike", CONSERVATIVE, 4, 6, _any),
)  # fmt: skip


def rejections(question: Question, repeats: int = REPEATS, seed: int = SEED) -> Row:
    """How often a test rejects where nothing is to be found."""
    what, data, asked, arms, runs, rejects = question
    counts = studies(np.random.default_rng(seed), repeats, arms, runs)
    values = counts if "decision by decision" in what else counts / DECISIONS
    return Row(what, data, asked, float(np.mean([rejects(*study) for study in values])))


def factors(repeats: int = REPEATS, seed: int = SEED) -> Iterator[Row]:
    """How often each of the three tests of two factors rejects; 2 x 3 cells of 4 replications, effects of neither."""
    counts = studies(np.random.default_rng(seed), repeats, 6, 4) / DECISIONS
    one, other = np.repeat([0, 0, 0, 1, 1, 1], 4), np.repeat([0, 1, 2, 0, 1, 2], 4)
    hits = np.zeros(3)
    for study in counts:
        found = inference.factor_effects(study.ravel(), one, other, draws=199)
        hits += [test.p <= LEVEL for test in found[:3]]
    for name, share in zip(("first factor", "second factor", "interaction"), hits / repeats, strict=True):
        yield Row(f"permutation F, {name}", "2 x 3 cells of 4", SIMPLE, float(share))


def coverage(repeats: int = REPEATS, seed: int = SEED) -> Iterator[Row]:
    """How often each interval holds the truth."""
    counts = studies(np.random.default_rng(seed), repeats, 3, 12)
    rates = counts / DECISIONS
    held = {
        "t interval of a mean": [_holds(inference.mean_interval(a[0]), 0.5) for a in rates],
        "Welch interval of a difference": [_holds(inference.difference_interval(a[0], a[1]), 0) for a in rates],
        "t interval of paired differences": [
            _holds(inference.difference_interval(a[0], a[1], paired=True), 0) for a in rates
        ],
        "studentised bootstrap of replication means": [
            _holds(inference.cluster_bootstrap(a[0], np.arange(12), draws=999), 0.5) for a in rates
        ],
    }
    for what, found in held.items():
        yield Row(what, "12 replications", COVERS, float(np.mean(found)))
    labels = np.repeat(np.arange(12), DECISIONS)
    decisions = [np.concatenate([np.arange(DECISIONS) < n for n in a[0]]).astype(float) for a in counts]
    found = [_holds(inference.cluster_bootstrap(d, labels, draws=999), 0.5) for d in decisions]
    yield Row("cluster bootstrap of decisions", "12 clusters of 40", COVERS, float(np.mean(found)))
    for data, lower in (("6 each; RI and GC alike", 0.0), ("6 each; RI far below GC", 1.0)):
        alone = rates[:, :, :6] - np.array([0, lower, 0])[:, None]
        found = [_holds(inference.super_additivity(*a), 0) for a in alone]
        yield Row("SA - max(RI, GC)", data, COVERS_MORE, float(np.mean(found)))


def _holds(interval: inference.Interval | inference.SuperAdditivity, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def powers(repeats: int = REPEATS, seed: int = SEED) -> Iterator[inference.Power]:
    """How often SA above RI and GC is found, at effects of one and two spreads, by replications of each arm."""
    for effect in (0.15, 0.3):
        for runs in (4, 5, 6, 8):
            yield inference.power(effect, runs, between=0.15, within=0.5, decisions=DECISIONS, others=2,
                                  repeats=repeats, seed=seed)  # fmt: skip


def rows(repeats: int = REPEATS, seed: int = SEED) -> Iterator[Row]:
    """All rows, one after the other."""
    for question in (*TESTS, *PLANTED):
        yield rejections(question, repeats, seed)
    yield from factors(repeats, seed)
    yield from coverage(repeats, seed)


def lines(repeats: int = REPEATS, seed: int = SEED) -> Iterator[str]:
    """The tables as Markdown."""
    yield f"{repeats:,} studies each, seed {seed}; the sampling error of 5 % is {math.sqrt(0.0475 / repeats):.1%}."
    yield from ("", "| test or interval | data | asked | found |", "|---|---|---|---|")
    for row in rows(repeats, seed):
        asked = f"{row.asked[0]:.0%} to {row.asked[1]:.0%}" if row.asked[0] else f"at most {row.asked[1]:.0%}"
        verb = "holds the truth" if row.asked[0] > 0.5 else "rejects"
        yield f"| {row.what} | {row.data} | {verb} {asked} | {row.found:.1%}{'' if row.kept else ' **outside**'} |"
    yield from (
        "",
        "| effect | replications an arm | power of SA > RI and SA > GC | 95 % interval |",
        "|---|---|---|---|",
    )
    for found in powers(repeats, seed):
        yield f"| {found.effect:g} | {found.replications} | {found.value:.1%} | {found.low:.1%} to {found.high:.1%} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; with ``--out`` also write them into a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description="How are tests calibrated?")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="studies for each row (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of all studies (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"page whose table is replaced, {PAGE.name} here")
    given = parser.parse_args(arguments)
    if given.repeats < 1 or given.seed < 0:
        parser.error("--repeats must be at least 1, --seed at least 0")
    text = []
    for line in lines(given.repeats, given.seed):
        print(line, flush=True)
        text.append(line)
    if given.out:
        replace(given.out, "calibration", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
