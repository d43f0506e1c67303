"""Ensembles that grow while the reader looks on: a first batch says how many runs there will be; then they come."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from coop_abm.dashboard.measured import Report
from coop_abm.engine.events import Process
from coop_abm.engine.fixation import Ensemble, ensemble
from coop_abm.engine.statistics import FEWEST

#: The first batch comes in so many parts, what follows in so many.
PARTS, BATCHES = 8, 40


def growing(
    ready: Process, start: np.ndarray, base: np.uint64, batch: int, plan: Callable[[Ensemble], int], report: Report
) -> Iterator[tuple[Ensemble, int]]:
    """What is there so far, part by part, and how many runs there will be: 0 until the first batch is there.

    Parameters
    ----------
    ready, start, base : as for :func:`coop_abm.engine.fixation.ensemble`
    batch  : runs of the first batch
    plan   : the first batch -> how many runs there will be; asked once, so that nothing seen later decides when to stop
    report : called with words and the share that is done; it raises when the reader has had enough

    Yields
    ------
    (all runs so far, runs in all)
    """
    total, part = 0, max(FEWEST, math.ceil(batch / PARTS))

    def more(first: int, runs: int) -> Ensemble:
        return ensemble(
            ready, start, runs, base=base, first=first,
            progress=lambda _done: report(f"{first:,} runs so far", first / total if total else 0.0),
        )  # fmt: skip

    report("the first batch", 0.0)
    found = more(0, min(part, batch))
    while (first := len(found.winner)) < (total or batch):
        yield found, total
        news = more(first, min((total or batch) - first, part))
        found = Ensemble(*(np.concatenate(columns) for columns in zip(found, news, strict=True)))
        if not total and len(found.winner) >= batch:
            total = plan(found)
            part = max(part, math.ceil(total / BATCHES))
        report(f"{len(found.winner):,} runs", len(found.winner) / total if total else 0.0)
    yield found, total or batch
