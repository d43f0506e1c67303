"""When is a birth-death chain absorbed? The distribution of fixation times, beside their means in ``fixation.py``.

The chain on 0 .. N is carried forward by powers of its matrix, which have no negative entry, so nothing cancels;
a time of any length is a sum of powers of two.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.arguments import whole

LARGEST = 400  # individuals; powers of a matrix of so many rows take tenths of a second


def ended_by(up: object, down: object, times: Sequence[int], start: int = 1) -> np.ndarray:
    """Probability that the chain has ended in N, and in 0, after so many steps; float (2, T).

    Parameters
    ----------
    up, down : T+(j) and T-(j) for j = 1 .. N-1, see :func:`~coop_abm.theory.fixation.steps`
    times    : whole numbers of steps, ascending
    start    : where it starts, 1 .. N-1

    Raises
    ------
    InputError : times not ascending, start out of range
    TheoryError : N above 400
    """
    rise, fall = np.array(up, dtype=float), np.array(down, dtype=float)
    n = len(rise) + 1
    first = whole("start", start, 1, n - 1)
    if n > LARGEST:
        raise TheoryError(f"up and down must be of at most {LARGEST} individuals; got {n:,}")
    gaps = np.diff([0, *times])
    if (gaps < 0).any():
        raise InputError("times must be ascending whole numbers from 0")
    chain = np.zeros((n + 1, n + 1))
    inside = np.arange(1, n)
    chain[0, 0] = chain[n, n] = 1.0
    chain[inside, inside + 1], chain[inside, inside - 1], chain[inside, inside] = rise, fall, 1 - rise - fall
    powers = [chain]
    for _ in range(int(max(gaps, default=0)).bit_length() - 1):
        powers.append(powers[-1] @ powers[-1])
    here = np.eye(n + 1)[first]
    ended = np.empty((2, len(gaps)))
    for t, gap in enumerate(gaps.tolist()):
        for k in range(int(gap).bit_length()):
            if int(gap) >> k & 1:
                here = here @ powers[k]
        ended[:, t] = here[n], here[0]
    return ended
