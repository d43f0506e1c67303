"""How likely a trajectory is under each strategy, with slips of the hand; and the error rate that fits best.

In a turn in which a strategy means to cooperate with probability v, it cooperates with q = v + e (1 - 2v). With c and d
the numbers of turns in which it did and did not (:class:`~coop_abm.theory.trajectories.Evidence`),

    log L(e) = sum_v  c_v log q_v + d_v log(1 - q_v)

is concave in e. Errors above 1/2 would turn a strategy into its opposite, so e lies in [0, 1/2]; at 1/2 every strategy
is a coin.

References
----------
DalBoFrechette2011
"""

from __future__ import annotations

import numpy as np

#: A strategy that errs in every other turn is none.
LARGEST = 0.5
#: Halvings of an interval of error rates; 2^-55 is the last digit.
_HALVINGS = 55
#: Nodes of the integral over error rates; exact up to 1e-9 for matches of up to some thousand turns.
_NODES = 256


def acts(values: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities to cooperate and to defect, q and 1 - q, each without loss of digits near 0."""
    slope = 1 - 2 * values
    return values + error * slope, (1 - values) - error * slope


def log_likelihood(values: np.ndarray, cooperated: np.ndarray, defected: np.ndarray, error: np.ndarray) -> np.ndarray:
    """log L, (...): counts (..., V) at error rates (...); -inf where something impossible was done."""
    from scipy.special import xlogy

    yes, no = acts(values, np.asarray(error)[..., None])
    return np.asarray((xlogy(cooperated, yes) + xlogy(defected, no)).sum(axis=-1))


def best_error(values: np.ndarray, cooperated: np.ndarray, defected: np.ndarray) -> np.ndarray:
    """The error rate in [0, 1/2] at which each row of counts (..., V) is most likely; 0 where it does not matter."""
    slope = 1 - 2 * values
    low = np.zeros(cooperated.shape[:-1])
    high = np.full(low.shape, LARGEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        yes, no = acts(values, middle[..., None])
        rising = (slope * (cooperated / yes - defected / no)).sum(axis=-1) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    # The ends are never reached by halving.
    found = np.where(high < 1e-15, 0.0, high)
    return np.asarray(np.where(LARGEST - low < 1e-15, LARGEST, found))


def log_evidence(values: np.ndarray, cooperated: np.ndarray, defected: np.ndarray, largest: float) -> np.ndarray:
    """log of the mean likelihood over all error rates in [0, largest], all equally probable; counts (..., V)."""
    from scipy.special import logsumexp

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    errors = largest * (nodes + 1) / 2
    yes, no = acts(values[:, None], errors)
    return np.asarray(logsumexp(cooperated @ np.log(yes) + defected @ np.log(no), b=weights / 2, axis=-1))
