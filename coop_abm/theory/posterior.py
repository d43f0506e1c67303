"""The probability of each strategy of a library, given a trajectory; read without choosing where nothing tells.

References
----------
DalBoFrechette2011, ToniniGalke2025
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number
from coop_abm.theory.likelihood import LARGEST, best_error, log_evidence, log_likelihood
from coop_abm.theory.trajectories import Evidence, Library, evidence

#: Logarithms of probabilities that differ by less are equal.
EQUAL = 1e-9


class Recognition(NamedTuple):
    """What is known of the strategies of N individuals.

    names          : the S strategies of the library
    posterior      : float (N, S), probability of each, given that one of them was played
    best           : bool (N, S), the most probable, with all that are as probable
    error          : float (N, S), the error rate at which each fits best, in [0, 1/2]
    log_likelihood : float (N, S), at that error rate
    affinity       : float (N, S), share of turns in which each would have done the same
    turns          : int (N,)
    """

    names: tuple[str, ...]
    posterior: np.ndarray
    best: np.ndarray
    error: np.ndarray
    log_likelihood: np.ndarray
    affinity: np.ndarray
    turns: np.ndarray

    def named(self, individual: int = 0) -> tuple[str, ...]:
        """The most probable strategy of an individual; several where they are equally probable."""
        return tuple(name for name, is_best in zip(self.names, self.best[individual], strict=True) if is_best)

    def credible(self, level: float = 0.95) -> np.ndarray:
        """bool (N, S): the fewest strategies that together have this probability, and all equal to the last.

        Raises
        ------
        InputError : a level outside [0, 1]
        """
        return credible_set(self.posterior, level)

    def decided(self, at_least: float = 0.8) -> tuple[str, ...]:
        """For each individual the one strategy that is at least so probable; "" where there is none.

        Raises
        ------
        InputError : a level not above 1/2, of which two could be
        """
        if number("at_least", at_least, LARGEST, 1) == LARGEST:
            raise InputError("at_least must be above 0.5; got 0.5")
        top = self.posterior.argmax(axis=1)
        sure = self.posterior[np.arange(len(top)), top] >= at_least
        return tuple(self.names[s] if yes else "" for s, yes in zip(top, sure, strict=True))


def recognise(
    own: object,
    other: object,
    strategies: Library,
    *,
    individual: object = None,
    error: float | None = None,
    largest_error: float = 0.25,
    prior: object = None,
) -> Recognition:
    """The probability of each strategy of a library, given what individuals and their partners did.

    Without an error rate, all up to `largest_error` are taken for equally probable beforehand, so a strategy that
    needs many slips to explain what was done pays for them, and "random" can win. Were all up to 1/2 permitted,
    every strategy could pass for a coin.

    Parameters
    ----------
    own, other : int (T,) or (K, T), actions of the individual and its partner: 0 cooperate, 1 defect, -1 from where
                 the match was over
    strategies : :func:`library`
    individual : (K,) who played each match; the matches of one individual count together, in the order of the
                 sorted labels. Each match a different one where it is None
    error      : in [0, 1/2], the probability that an intended action is flipped, where it is known
    largest_error : in (0, 1/2], the largest that it can be, where it is not
    prior      : (S,) probabilities of the strategies beforehand; equal where it is None

    Raises
    ------
    InputError : actions, a prior or an error rate that cannot be used; or, where the error rate is given as 0,
                 trajectories that no strategy could have left

    References
    ----------
    DalBoFrechette2011
    """
    seen = evidence(own, other, strategies, individual=individual)
    counts = seen.values, seen.cooperated, seen.defected
    fit = best_error(*counts)
    if error is None:
        told = log_evidence(*counts, number("largest_error", largest_error, 1e-6, LARGEST))
    else:
        rate = number("error", error, 0, LARGEST)
        told = log_likelihood(*counts, np.full(fit.shape, rate))
    told = told + np.log(_prior(prior, len(strategies.names)))
    top = told.max(axis=1, keepdims=True)
    if not np.isfinite(top).all():
        raise InputError(f"error must be above {error:g} for these trajectories: no strategy could have left them")
    weight = np.exp(told - top)
    posterior = weight / weight.sum(axis=1, keepdims=True)
    alike = np.asarray(affinity(seen))
    return Recognition(seen.names, posterior, best_of(told), fit, log_likelihood(*counts, fit), alike, seen.turns)


def affinity(seen: Evidence) -> np.ndarray:
    """float (N, S): the share of turns in which a strategy, in the same place, would have done the same.

    Of a strategy that throws dice it is the expected share. The measure of ToniniGalke2025; it is no probability, and
    strategies that cooperate in the same turns have it in common.

    References
    ----------
    ToniniGalke2025
    """
    equal = (seen.cooperated * seen.values + seen.defected * (1 - seen.values)).sum(axis=2)
    return np.asarray(equal / seen.turns[:, None])


def _prior(prior: object, strategies: int) -> np.ndarray:
    if prior is None:
        return np.full(strategies, 1 / strategies)
    found = np.array(prior, dtype=float)
    if found.shape != (strategies,) or not (found > 0).all() or abs(found.sum() - 1) > 1e-9:
        raise InputError(f"prior must be {strategies} probabilities above 0 that sum to 1")
    return found


def best_of(logarithms: np.ndarray) -> np.ndarray:
    """bool (N, S): the largest of each row, and all that equal it."""
    return np.asarray(logarithms >= logarithms.max(axis=1, keepdims=True) - EQUAL)


def credible_set(posterior: np.ndarray, level: float) -> np.ndarray:
    """bool (N, S): the fewest strategies of each row that together have this probability, and all equal to the last.

    Raises
    ------
    InputError : a level outside [0, 1]
    """
    wanted = number("level", level, 0, 1)
    falling = -np.sort(-posterior, axis=1)
    needed = np.argmax(falling.cumsum(axis=1) >= wanted - EQUAL, axis=1)
    last = np.take_along_axis(falling, needed[:, None], axis=1)
    return np.asarray(posterior >= last * (1 - EQUAL))
