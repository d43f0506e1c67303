"""Replicates on all cores: in parts that are short enough to be interrupted."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from coop_abm.core.kernel import current_engine


def in_parts(
    work: Callable[[int, int], None], runs: int, largest: int, progress: Callable[[int], None] | None = None
) -> None:
    """Call ``work(first, end)`` until replicates 0 ... runs - 1 are done.

    A replicate is its own stream of random numbers, so the parts do not change any result.

    Parameters
    ----------
    largest  : replicates in one call
    progress : called with the number of replicates of a part that is done
    """
    workers = 1 if current_engine() == "plain" else os.cpu_count() or 1
    step = max(1, min(largest, math.ceil(runs / workers)))
    edges = [*range(0, runs, step), runs]
    work(0, 0)  # no replicate at all: compiled once, before threads ask for it
    with ThreadPoolExecutor(workers) as pool:
        parts = [(pool.submit(work, at, to), to - at) for at, to in pairwise(edges)]
        try:
            for part, done in parts:
                part.result()
                if progress:
                    progress(done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
