"""How long does it take? Times until one cooperator has taken over, or is gone, measured while the reader looks on.

Bars are laid out after the first part and once more after the first batch, so that one sees them settle. In a mixed
population theory's line is the exact distribution of the times; on a small graph it knows their mean.
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import TheoryError
from coop_abm.dashboard import known
from coop_abm.dashboard.growing import growing
from coop_abm.dashboard.measured import Histogram, Reading, Report, Tell, check_size, even_edges
from coop_abm.engine.events import process
from coop_abm.engine.fixation import Ensemble, starting
from coop_abm.engine.fixation_times import FixationTimes, times_of
from coop_abm.engine.statistics import FEWEST, Estimate, planned, share
from coop_abm.scenario.scenario import Scenario

#: Standard error of the mean time to reach, as a share of it, and events that a measurement may take.
ERROR, MOST_EVENTS = 0.01, 400_000_000
#: Bars of a picture, and the share of times that they hold.
BARS, HELD = 24, 0.98

#: For each of won and lost: (edges in events, what theory says of each bar).
Bars = tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]


def time(scenario: Scenario, seed: int, report: Report, tell: Tell) -> Reading:
    """The mean time until one cooperator has taken over where it does, with the distribution of all times.

    Raises
    ------
    TheoryError, ScenarioError, NotAbsorbed, InputError
        one sentence: why it cannot be measured here
    """
    check_size(scenario)
    if scenario.clock == "round":
        raise TheoryError("Times to fixation are measured one replacement at a time: set the clock to event")
    start, exact = starting(scenario, 0, 1), known.times(scenario, seed)
    ready, base = process(scenario, seed, every_event=True), stream_base(seed, 0)
    batch = max(FEWEST, min(200 * scenario.size, 4_000_000 // scenario.size))

    def plan(found: Ensemble) -> int:
        return _planned(times_of(found, 0, scenario.size), int(found.events.sum()))

    bars, before = None, 0
    for result, total in growing(ready, start, base, batch, plan, report):
        found = times_of(result, 0, scenario.size)
        if bars is None or (total and not before):
            bars = _laid_out(found, exact, scenario.size if scenario.update.generational else 1)
        before = total
        reading = _reading(found, bars, exact, total)
        tell(reading)
    return reading


def _planned(found: FixationTimes, events: int) -> int:
    """How many runs in all bring the error of the mean time to what is wanted; as many as permitted if few won."""
    seen = found.conditional if len(found.won) > 1 else found.unconditional
    return planned(found.runs, seen.error, ERROR * seen.value, events, MOST_EVENTS)


def _laid_out(found: FixationTimes, exact: known.Times | None, quantum: int) -> Bars:
    """Bars of equal width, in whole quanta of events, that hold nearly all times seen so far; and theory's shares."""
    laid = []
    for row, events in enumerate((found.won, found.lost)):
        high = math.ceil(np.quantile(events, HELD) / quantum) if len(events) else 1
        edges = tuple(edge * quantum for edge in even_edges(0, high + 1, BARS))
        ended = None if exact is None else exact.ended_by([max(0, edge - 1) for edge in edges])
        chances = () if ended is None else tuple(np.diff(ended[row]).tolist())
        laid.append((edges, chances))
    return tuple(laid)


def _reading(found: FixationTimes, bars: Bars, exact: known.Times | None, total: int) -> Reading:
    seen, size = found.conditional, found.size
    means = [math.nan] * 3 if exact is None else [events / size for events in exact.means]
    pictures = tuple(
        _picture(words, tone, events, laid, size, mean, expected)
        for words, tone, events, laid, mean, expected in (
            ("where the cooperator took over", "cooperate", found.won, bars[0], seen, means[0]),
            ("where it was lost", "defect", found.lost, bars[1], found.extinction, means[1]),
        )
        if len(events)
    )
    more = (
        _told("where the cooperator was lost it took", found.extinction, means[1]),
        _told("until one strategy was left, whoever won, it took", found.unconditional, means[2]),
    )
    return Reading(
        "time", "generations to fixation", seen.value, seen.low, seen.high, means[0], math.nan, found.runs, total,
        f"one cooperator, placed at random, in each of {found.runs:,} populations; it took over in {len(found.won):,}, "
        "and the value is their mean", more,
        ("A generation is N events. The intervals are 95 %: Student's for means, Wilson's for bars.",
         "It is the time given that the cooperator takes over, which says nothing of how often it does.",
         *((f"Theory: {exact.whence}.",) if exact else ("Theory knows no chain of this world.",)),
         *(("On a graph theory knows the mean times, not their distribution.",) if exact and not exact.rates else ())),
        pictures,
    )  # fmt: skip


def _told(words: str, seen: Estimate, expected: float) -> str:
    if math.isnan(seen.value):
        return f"{words} unknown: it never happened"
    theory = "" if math.isnan(expected) else f"; theory {expected:.4g}"
    return f"{words} {seen.value:.4g} generations ({seen.low:.4g} to {seen.high:.4g}{theory})"


def _picture(
    title: str, tone: str, events: np.ndarray, laid: tuple[tuple[int, ...], tuple[float, ...]], size: int,
    seen: Estimate, expected: float,
) -> Histogram:  # fmt: skip
    edges, chances = laid
    counts = np.histogram(events, np.array(edges) - 0.5)[0]  # bar k holds edge k up to edge k + 1, itself not
    longer = int((events >= edges[-1]).sum())
    note = f"{100 * longer / len(events):.2g} % took longer" if longer else ""
    return Histogram(
        title, "generations", tone, tuple(edge / size for edge in edges),
        tuple(share(int(count), len(events)) for count in counts), chances, seen, expected, note,
    )  # fmt: skip
