"""Named observables: functions of the state of a world.

A measure takes a :class:`Snapshot` and gives one number for each replicate, float (R,). Series,
data collectors and figures name measures; adding one is adding a function to the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Snapshot(NamedTuple):
    """What measures read.

    strategy, alive, payoff, standing, group : columns of the table, (R, N)
    helper  : int64 (S,), 1 for strategies of the repertoire that help strangers
    acts    : int64 (R, 2), actions of the last round: cooperative, all
    rows    : (indptr, indices, weight), neighbours as compressed rows (see ``structures/neighbours.py``)
    second  : int (R, N), the other allele of diploid individuals; (R, 0) where all are haploid
    family  : int64 (N,), the family of each individual; (0,) where there are none
    """

    strategy: np.ndarray
    alive: np.ndarray
    payoff: np.ndarray
    standing: np.ndarray
    group: np.ndarray
    helper: np.ndarray
    acts: np.ndarray
    rows: tuple[np.ndarray, np.ndarray, np.ndarray]
    second: np.ndarray
    family: np.ndarray


Measure = Callable[[Snapshot], np.ndarray]


def cooperators(now: Snapshot) -> np.ndarray:
    """Share of individuals, or of their alleles, whose strategy helps strangers."""
    mean = _mean(now, now.helper[now.strategy])
    return 0.5 * (mean + _mean(now, now.helper[now.second])) if now.second.shape[1] else mean


def cooperation(now: Snapshot) -> np.ndarray:
    """Share of cooperative acts among all acts of the last round; NaN where nobody acted."""
    done = now.acts[:, 1]
    return np.where(done > 0, now.acts[:, 0] / np.maximum(done, 1), np.nan)


def mean_payoff(now: Snapshot) -> np.ndarray:
    """Mean felt payoff of the living, in units of the game's payoff."""
    return _mean(now, now.payoff)


def good_standing(now: Snapshot) -> np.ndarray:
    """Share of the living who are in good standing."""
    return _mean(now, now.standing)


def individuals(now: Snapshot) -> np.ndarray:
    """Number of the living."""
    return now.alive.sum(axis=1).astype(np.float64)


def groups(now: Snapshot) -> np.ndarray:
    """Number of groups in which somebody lives."""
    return np.array([len(np.unique(g[a == 1])) for g, a in zip(now.group, now.alive, strict=True)], np.float64)


#: Every measure by name, in the order of columns.
MEASURES: dict[str, Measure] = {
    measure.__name__: measure for measure in (cooperators, cooperation, mean_payoff, good_standing, individuals, groups)
}


def shares(now: Snapshot, strategies: int) -> np.ndarray:
    """float (R, S): share of the living, or of their alleles, that hold each strategy."""
    held = [now.strategy, now.second] if now.second.shape[1] else [now.strategy]
    return np.mean([[_mean(now, column == s) for s in range(strategies)] for column in held], axis=0).T


def _mean(now: Snapshot, values: np.ndarray) -> np.ndarray:
    living = now.alive == 1
    return np.where(living, values, 0).sum(axis=1) / np.maximum(living.sum(axis=1), 1)
