"""How a population divides among strategies: the strategy frequency estimation method (SFEM).

Each of N individuals plays one strategy of a library throughout, with errors of one common rate e. Shares phi and e
are those under which all trajectories together are most likely,

    log L = sum_n log sum_s phi_s L_n(s, e),

found by expectation and maximisation (EM). Given e this is concave in phi, so shares have no false maxima; several
first values of e are tried. e is 1 / (1 + exp(1 / gamma)) of the paper.

References
----------
DalBoFrechette2011, DempsterLairdRubin1977
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.likelihood import acts, best_error, log_likelihood
from coop_abm.theory.samples import FEWEST_CLUSTERS, dice
from coop_abm.theory.trajectories import Evidence

#: First error rates; the best of the ends counts.
_FIRST = (0.02, 0.1, 0.3)
#: EM ends where a step gains less than this in log L per individual, or after so many steps.
_GAIN, _STEPS = 1e-10, 20_000
#: How far EM may be from its end where a share could still grow.
_SLACK = 1e-3
#: Numbers of replicates x individuals x strategies that are in memory at a time.
_AT_A_TIME = 2_000_000
#: An error rate of exactly 0 would forbid for ever what later turns out to have happened.
_LEAST = 1e-12


class StrategyShares(NamedTuple):
    """Shares of the strategies in a population.

    names       : the S strategies
    share       : float (S,), sums to 1; strategies that no trajectory tells apart have equal parts of what they share
    share_error : float (S,), standard errors by bootstrap; NaN where none was asked for
    low, high   : float (S,), the interval by bootstrap, by percentiles
    error       : the common error rate
    error_error : its standard error
    log_likelihood : of all trajectories, at the maximum
    responsible : float (N, S), the posterior of each individual
    together    : groups of names that no trajectory here tells apart; only the sum of their shares means anything
    unique      : is there one way only to share out among these groups?
    individuals, clusters : how many there were
    """

    names: tuple[str, ...]
    share: np.ndarray
    share_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: float
    error_error: float
    log_likelihood: float
    responsible: np.ndarray
    together: tuple[tuple[str, ...], ...]
    unique: bool
    individuals: int
    clusters: int


class _Fit(NamedTuple):
    """B fits side by side: shares (B, S), error rates (B,), log L (B,)."""

    share: np.ndarray
    error: np.ndarray
    log_likelihood: np.ndarray


def strategy_shares(
    seen: Evidence, *, clusters: object = None, level: float = 0.95, draws: int = 499, seed: int = 0
) -> StrategyShares:
    """Shares of strategies among individuals, with standard errors that respect clusters.

    Parameters
    ----------
    seen     : ``trajectories.evidence`` of all individuals
    clusters : (N,) label of the cluster of each, its replication: those are drawn again. Each individual is its own
               where it is None, which is right only if individuals did not meet each other
    level    : of the intervals
    draws    : bootstrap samples, at least 99; 0 for shares without errors
    seed     : of these draws

    Raises
    ------
    InputError : fewer than 10 clusters with draws above 0; a number out of range

    References
    ----------
    DalBoFrechette2011, CameronGelbachMiller2008
    """
    individuals = len(seen.cooperated)
    rows = np.arange(individuals) if clusters is None else np.asarray(clusters)
    if rows.shape != (individuals,):
        raise InputError(f"clusters must have one label for each of {individuals} individuals; got shape {rows.shape}")
    rows = np.unique(rows, return_inverse=True)[1]
    count, wanted = int(rows.max()) + 1, whole("draws", draws, 0)
    tail = (1 - number("level", level, 0, 1, below=True)) / 2
    if wanted:
        whole("draws", draws, 99)
        if count < FEWEST_CLUSTERS:
            raise InputError(
                f"clusters must be at least {FEWEST_CLUSTERS} for errors; got {count}: draws = 0 gives shares without"
            )
    first = _fit(seen, np.ones((len(_FIRST), individuals)), _even(seen, len(_FIRST)), np.array(_FIRST))
    best = int(first.log_likelihood.argmax())
    share, rate = first.share[best], float(first.error[best])
    nothing = np.full(len(seen.names), math.nan)
    spread, low, high, rate_spread = nothing, nothing, nothing, math.nan
    if wanted:
        again = _again(seen, rows, share, rate, wanted, seed)
        spread, rate_spread = again.share.std(axis=0, ddof=1), float(again.error.std(ddof=1))
        low, high = np.quantile(again.share, [tail, 1 - tail], axis=0)
    posterior, _ = _responsible(seen, share[None], np.array([rate]))
    groups = _together(seen)
    named = tuple(tuple(seen.names[s] for s in group) for group in groups if len(group) > 1)
    return StrategyShares(
        seen.names, share, spread, low, high, 0.0 if rate <= 2 * _LEAST else rate, rate_spread,
        float(first.log_likelihood[best]), posterior[0], named,
        _unique(seen, groups, share, rate), individuals, count,
    )  # fmt: skip


def _again(seen: Evidence, rows: np.ndarray, share: np.ndarray, rate: float, draws: int, seed: int) -> _Fit:
    """Fits of populations whose clusters are drawn again."""
    count, individuals, strategies = rows.max() + 1, len(rows), len(share)
    rng = dice(seed, 8)
    # A share of 0 would stay 0, so each begins a little inside.
    begin, size = 0.9 * share + 0.1 / strategies, max(1, _AT_A_TIME // (individuals * strategies))
    parts = []
    for at in range(0, draws, size):
        here = min(size, draws - at)
        weight = rng.multinomial(count, np.full(count, 1 / count), here).astype(float)[:, rows]
        parts.append(_fit(seen, weight, np.tile(begin, (here, 1)), np.full(here, max(rate, _FIRST[0]))))
    return _Fit(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _even(seen: Evidence, fits: int) -> np.ndarray:
    return np.full((fits, len(seen.names)), 1 / len(seen.names))


def _fit(seen: Evidence, weight: np.ndarray, share: np.ndarray, rate: np.ndarray) -> _Fit:
    """EM from these shares (B, S) and error rates (B,); individuals count with these weights (B, N)."""
    reached = np.full(len(rate), -math.inf)
    total = weight.sum(axis=1)
    for _ in range(_STEPS):
        posterior, each = _responsible(seen, share, rate)
        now = (weight * each).sum(axis=1)
        mine = weight[:, :, None] * posterior
        share = mine.sum(axis=1) / total[:, None]
        told = mine.reshape(len(rate), -1) @ np.stack([seen.cooperated, seen.defected]).reshape(2, -1, len(seen.values))
        rate = np.maximum(best_error(seen.values, told[0], told[1]), _LEAST)
        if (now - reached <= _GAIN * total).all():
            break
        reached = now
    return _Fit(share, rate, now)


def _responsible(seen: Evidence, share: np.ndarray, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors (B, N, S), and log of the likelihood of each individual (B, N)."""
    yes, no = acts(seen.values[:, None], rate)
    told = seen.cooperated @ np.log(yes) + seen.defected @ np.log(no)  # (N, S, B)
    with np.errstate(divide="ignore"):
        told = np.moveaxis(told, 2, 0) + np.log(share)[:, None, :]
    top = told.max(axis=2, keepdims=True)
    weight = np.exp(told - top)
    whole_weight = weight.sum(axis=2, keepdims=True)
    return weight / whole_weight, (top + np.log(whole_weight))[:, :, 0]


def _together(seen: Evidence) -> list[list[int]]:
    """Strategies that have the same counts in every individual, group by group."""
    counts = np.concatenate([seen.cooperated, seen.defected], axis=2).transpose(1, 0, 2).reshape(len(seen.names), -1)
    group = np.unique(counts, axis=0, return_inverse=True)[1].ravel()
    return sorted(np.flatnonzero(group == g).tolist() for g in range(group.max() + 1))


def _unique(seen: Evidence, groups: list[list[int]], share: np.ndarray, rate: float) -> bool:
    """Is there one way only to share out among the groups?

    All maxima give every individual the same likelihood, so a strategy whose share could not grow without loss at
    one has none at all of them. Among the others the shares are unique if their likelihoods are linearly independent.
    """
    from scipy.special import logsumexp

    told = log_likelihood(seen.values, seen.cooperated, seen.defected, np.full(seen.cooperated.shape[:2], rate))
    ratio = np.exp(told - logsumexp(told, b=share, axis=1, keepdims=True))
    heads = [group[0] for group in groups if ratio[:, group[0]].mean() > 1 - _SLACK]
    return bool(np.linalg.matrix_rank(ratio[:, heads], tol=1e-9) == len(heads))
