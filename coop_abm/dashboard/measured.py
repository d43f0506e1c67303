"""What a measurement beside the page says: a number with its interval, and pictures of distributions.

Everything is plain, so that a page, a test or a file can read it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError
from coop_abm.engine.statistics import Estimate
from coop_abm.scenario.scenario import Scenario

#: Populations above this size would keep the reader waiting for minutes.
LARGEST = 3_000

#: Called with (words, share done) now and then; it raises when the reader has had enough.
Report = Callable[[str, float], None]


class Histogram(NamedTuple):
    """A distribution with intervals, and what theory knows of it.

    title : what is counted
    unit  : what the axis says
    tone  : whose colour: "cooperate" or "defect"
    edges : where bars begin and end, one more than bars
    bars  : the share in each bar; low, high its 95 % interval; exact what theory says, () where it does not know
    mean  : where the mean is marked, with its interval; NaN for none
    exact_mean : what theory says of the mean; NaN where it does not know
    note  : a sentence below, "" for none
    """

    title: str
    unit: str
    tone: str
    edges: tuple[float, ...]
    bars: tuple[Estimate, ...]
    exact: tuple[float, ...]
    mean: Estimate
    exact_mean: float
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """What JSON can hold; what is unknown is null."""
        return {
            "title": self.title, "unit": self.unit, "tone": self.tone, "note": self.note, "edges": list(self.edges),
            "bars": [{"value": bar.value, "low": bar.low, "high": bar.high} for bar in self.bars],
            "exact": list(self.exact), "exactMean": _finite(self.exact_mean),
            "mean": None if math.isnan(self.mean.value) else {
                "value": self.mean.value, "low": _finite(self.mean.low), "high": _finite(self.mean.high)
            },
        }  # fmt: skip


class Reading(NamedTuple):
    """What is known so far.

    what   : a name of :data:`~coop_abm.dashboard.measuring.MEASURES`
    noun   : what the value is called
    value, low, high : estimate and 95 % interval
    exact  : what theory knows of it, NaN where nothing
    neutral: for "rho" 1/N, NaN else
    runs, planned : replicates so far, and in all; planned 0 while that is not known
    words  : how it is measured
    more   : further figures in words, each a sentence
    caveats : what it does not say
    pictures : distributions, if any
    """

    what: str
    noun: str
    value: float
    low: float
    high: float
    exact: float
    neutral: float
    runs: int
    planned: int
    words: str
    more: tuple[str, ...]
    caveats: tuple[str, ...]
    pictures: tuple[Histogram, ...] = ()

    def plain(self) -> dict[str, Any]:
        """What JSON can hold; what is infinite or unknown is null."""
        numbers = {k: _finite(getattr(self, k)) for k in ("value", "low", "high", "exact", "neutral")}
        told = {k: list(getattr(self, k)) for k in ("more", "caveats")}
        return self._asdict() | numbers | told | {"pictures": [picture.plain() for picture in self.pictures]}


#: Called with each reading.
Tell = Callable[[Reading], None]


def check_size(scenario: Scenario) -> None:
    """Refuse a population that is too large for a measurement beside the page. Raises InputError."""
    if scenario.size > LARGEST:
        raise InputError(
            f"size: measuring beside the page takes at most {LARGEST:,} individuals; got {scenario.size:,}. "
            "Use coop-abm threshold, or a sweep"
        )


def even_edges(low: int, high: int, most: int) -> Sequence[int]:
    """Whole edges from `low` to `high` or a little above, equally far apart, of at most `most` bars."""
    step = max(1, math.ceil((high - low) / most))
    return range(low, high + step, step)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
