"""Where does a world with mutation spend its time? Its stationary distribution, measured while the reader looks on."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.dashboard import known
from coop_abm.dashboard.measured import Histogram, Reading, Report, Tell, check_size, even_edges
from coop_abm.engine.long_run import LongRun, check_long_run, events_of_a_replicate, long_run
from coop_abm.engine.statistics import FEWEST, Estimate, planned
from coop_abm.scenario.scenario import Scenario

#: Standard error of the mean share of cooperators to reach, and events that a measurement may take.
ERROR, MOST_EVENTS = 0.005, 400_000_000
#: What follows the first batch comes in so many parts.
BATCHES = 20
#: Bars of a picture: head counts are put together where there are more.
BARS = 51
#: Even and odd replicates that differ by more standard errors than this have not forgotten where they began.
APART = 4.0


def stationary(scenario: Scenario, seed: int, report: Report, tell: Tell) -> Reading:
    """The share of time with each number of cooperators, by independent populations.

    Raises
    ------
    TheoryError, ScenarioError, InputError
        one sentence: why it cannot be measured here
    """
    check_size(scenario)
    if scenario.clock == "round":
        raise TheoryError("The long run is measured one replacement at a time: set the clock to event")
    check_long_run(scenario)
    each = events_of_a_replicate(scenario)
    if each * FEWEST > MOST_EVENTS:
        least = FEWEST * each * scenario.update.mutation / MOST_EVENTS
        raise InputError(
            f"update.mutation: a population of {scenario.size:,} needs at least {least:.2g} to be measured beside the "
            f"page, or it takes too long; got {scenario.update.mutation:g}"
        )
    exact, whence = known.long_run(scenario, seed)

    def more(begin: int, replicates: int) -> LongRun:
        return long_run(
            scenario, replicates=replicates, seed=seed, first=begin,
            progress=lambda _done: report(f"{begin:,} populations so far", begin / total if total else 0.0),
        )  # fmt: skip

    total = 0
    report("the first batch", 0.0)
    found = more(0, FEWEST)
    # Even, so that each part has as many populations of one start as of the other.
    total = planned(FEWEST, found.frequency.error, ERROR, int(FEWEST * each), MOST_EVENTS) // 2 * 2
    part = max(2, math.ceil(total / BATCHES / 2) * 2)
    while (begin := len(found.shares)) < total:
        tell(_reading(found, exact, whence, total))
        news = more(begin, min(part, total - begin))
        found = found._replace(shares=np.concatenate([found.shares, news.shares]))
        report(f"{len(found.shares):,} populations", len(found.shares) / total)
    return _reading(found, exact, whence, total)


def _reading(found: LongRun, exact: np.ndarray | None, whence: str, total: int) -> Reading:
    last, seen, apart = found.shares.shape[1] - 1, found.frequency, found.apart
    expected = math.nan if exact is None else float(exact @ np.arange(last + 1) / last)
    none, everybody = found.within(0, 0), found.within(last, last)
    remembers = abs(apart.value) > APART * apart.error
    return Reading(
        "stationary", "mean share of cooperators", seen.value, seen.low, seen.high, expected, math.nan,
        len(found.shares), total,
        f"{len(found.shares):,} independent populations, each left alone for {found.burn_in:,} generations and then "
        f"looked at in {found.generations:,}",
        (f"all cooperate in {_percent(everybody)} of the time", f"nobody does in {_percent(none)}",
         *(("The populations still differ by what they began with, so this is not the long run yet",)
           if remembers else ())),
        (f"Half began with cooperators alone, half with defectors alone; they now differ by {apart.value:.2g} ± "
         f"{apart.error:.2g} in the share of cooperators.",
         "It holds at this rate of mutation and this intensity. The intervals are 95 %, from populations, which do "
         "not know of each other.",
         f"Theory: {whence}." if exact is not None else f"Theory draws no line: {whence}."),
        (_picture(found, exact, expected),),
    )  # fmt: skip


def _percent(share: Estimate) -> str:
    low, value, high = (f"{100 * number:.4g}" for number in (share.low, share.value, share.high))
    return f"{value} % ({low} to {high})"


def _picture(found: LongRun, exact: np.ndarray | None, expected: float) -> Histogram:
    last = found.shares.shape[1] - 1
    edges = tuple(even_edges(0, last + 1, BARS))  # a bar holds the numbers from its edge to before the next
    seen = found.frequency
    chances = () if exact is None else tuple(float(exact[a:b].sum()) for a, b in pairwise(edges))
    return Histogram(
        "share of time with so many cooperators", "cooperators", "cooperate", tuple(edge - 0.5 for edge in edges),
        tuple(found.within(a, b - 1) for a, b in pairwise(edges)), chances,
        Estimate(*(number * last for number in seen)), expected * last,
        "" if edges[1] == 1 else f"each bar holds {edges[1]} numbers",
    )  # fmt: skip
