"""The numbers of the super-additive experiment: rates with intervals, contrasts with tests, published values.

References
----------
ToniniGalke2025
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from coop_abm.experiments.runs import Runs
from coop_abm.theory.inference import SuperAdditivity, holm, mean_interval, power, super_additivity

#: The published conditions by the names of cells, and the two that take the published differences apart.
CONDITIONS = {"none": "none", "RI": "ri", "GC": "gc", "SA": "sa"}
CONTROLS = {
    "GC, all pairs": {"condition": "gc", "pairs": "all"},
    "SA, one round": {"condition": "sa", "one_shot": "yes"},
}
MEASURES = {"mu_c": "mu_c", "mu_c_coded": "mu_c as coded", "mu_osc": "mu_osc"}
MODELS = ("Qwen3-14B", "Phi-4", "Cogito-14B")
#: The effect whose power is told: the smaller of the two published super-additive effects (Qwen3, mu_c).
STATED_EFFECT = 0.09
#: The paper's hypotheses, raised together by Holm's method: the smaller p must be at most this part of the level.
HYPOTHESES, LEVEL = ("mu_c", "mu_osc"), 0.05
PROFILE = (
    "length", "left", "payoff", "payoff_intra", "payoff_inter", "score", "margin", "osc_drift",
    "nice", "forgiving", "retaliatory", "troublemaking", "emulative",
    "forgiving_coded", "retaliatory_coded", "emulative_coded",
    "affinity_allc", "affinity_alld", "affinity_tft", "affinity_grim", "affinity_wsls",
    "fit_allc", "fit_alld", "fit_tft", "fit_grim", "fit_wsls", "fit_noise", "broken", "gain_of_lies",
)  # fmt: skip

#: What of these is no share; all others end at 0 and 1.
NO_SHARES = frozenset(
    ("length", "payoff", "payoff_intra", "payoff_inter", "score", "margin", "osc_drift", "gain_of_lies")
)
#: The row of the table for what SA has more than the better of RI and GC.
ADDED = "SA − max(RI, GC)"


class Rate(NamedTuple):
    """A mean over replications with its 95 % interval; None where a measure has no value in this world."""

    value: float | None
    low: float | None
    high: float | None


@cache
def published() -> dict[str, Any]:
    """The published tables as they stand in the file."""
    path = files("coop_abm").joinpath("experiments", "published", "super_additive.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def published_of(model: str, measure: str, cell: str) -> tuple[float, float, float] | None:
    """Value and interval of a model, where there are any; mu_c stands beside both forms of the measure."""
    found = published()[measure.removesuffix("_coded")][model].get(cell)
    return None if found is None else (found[0], found[1], found[2])


def excess(model: str, measure: str) -> float:
    """SA - max(RI, GC) of published means; an interval of it cannot be had from what was published."""
    values = [published_of(model, measure, cell) for cell in ("SA", "RI", "GC")]
    sa, ri, gc = (each[0] for each in values if each is not None)
    return sa - max(ri, gc)


def rate(results: Runs, cell: str, measure: str, bounded: bool = True) -> Rate:
    """Mean over the replications in which there was something to measure; shares end at 0 and 1."""
    values = results.sample(cell, measure)
    seen = values[np.isfinite(values)]
    if not len(seen):
        return Rate(None, None, None)
    found = mean_interval(seen)
    low, high = (max(found.low, 0.0), min(found.high, 1.0)) if bounded else (found.low, found.high)
    return Rate(found.value, low, high)


def contrast(
    results: Runs, measure: str, both: str = "SA", alone: tuple[str, ...] = ("RI", "GC"), *, paired: bool
) -> SuperAdditivity | None:
    """By how much one cell is above the best of others; None where a cell is not whole.

    paired : do replications with the same number share their chance? Rules draw from the same dice in all cells;
             language models do not
    """
    cells = (both, *alone)
    if not set(cells) <= set(results.whole):
        return None
    first, *others = (results.sample(cell, measure) for cell in cells)
    return super_additivity(first, *others, paired=paired)


def adjusted(results: Runs, *, paired: bool) -> dict[str, float]:
    """p of the paper's two hypotheses (H1: mu_c, H2: mu_osc), raised by Holm's method."""
    found = {measure: contrast(results, measure, paired=paired) for measure in HYPOTHESES}
    told = {measure: each.test.p for measure, each in found.items() if each is not None}
    return dict(zip(told, holm(list(told.values())).tolist(), strict=True)) if told else {}


def least(found: SuperAdditivity) -> float:
    """The smallest p that this design could have given after Holm's method."""
    return min(1.0, len(HYPOTHESES) * found.test.smallest)


@cache
def fewest(*, paired: bool) -> int:
    """Replications of each cell below which no p can be small enough after Holm's method, whatever is seen."""
    return next(n for n in count(2) if len(HYPOTHESES) <= LEVEL * (2**n if paired else math.comb(2 * n, n)))


def stated_power(results: Runs, measure: str, *, paired: bool) -> float:
    """How often this test would find the stated effect, with the replications and the spread of these results.

    It is asked at the part of the level that Holm's method leaves to the smaller p, so that nothing is lent by the
    other hypothesis.
    """
    samples = [results.sample(cell, measure) for cell in ("SA", "RI", "GC")]
    if paired:  # the spread of a difference, shared out between its two arms
        spread = max(float((samples[0] - other).std(ddof=1)) for other in samples[1:]) / 2**0.5
    else:
        spread = max(float(sample.std(ddof=1)) for sample in samples)
    return _power(min(results.wanted, 200), round(spread, 3), paired)


@cache
def _power(replications: int, spread: float, paired: bool) -> float:
    level = LEVEL / len(HYPOTHESES)
    return power(STATED_EFFECT, replications, between=spread, others=2, paired=paired, alpha=level, repeats=200).value
