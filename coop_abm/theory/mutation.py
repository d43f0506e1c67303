"""Mutation and selection in the well-mixed Moran process: what is seen in the long run.

*Rare mutations*: the population is uniform nearly always, and jumps from one strategy to another by
the fixation of single mutants [FudenbergImhof2006]. *Any mutation rate*: for two strategies the number
of individuals of the first is a birth-death chain, whose stationary distribution is a product.

References
----------
FudenbergImhof2006, Moran1958
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import TheoryError
from coop_abm.theory import fixation
from coop_abm.theory.arguments import matrix, number, whole


def rare(M: object, size: int, intensity: float) -> np.ndarray:
    """Share of time that each strategy has the population to itself, in the limit of rare mutations.

    A mutant is any other strategy with equal chance, and takes over with its fixation probability.

    Parameters
    ----------
    M : float (S, S); size : N; intensity : of selection, fitness is exp(intensity x mean payoff)

    Returns
    -------
    float (S,), sums to 1

    References
    ----------
    FudenbergImhof2006
    """
    payoff = matrix("M", M)
    count = len(payoff)
    log_rate = np.full((count, count), -np.inf)  # from s to t
    for s in range(count):
        for t in range(count):
            if s != t:
                pair = payoff[np.ix_([t, s], [t, s])]
                log_rate[s, t] = fixation.log_probability(pair, size, intensity)[0]
    # Only ratios count, so the fastest jump is given rate 1; slower than any float is never.
    rate = np.exp(log_rate - log_rate.max()) if count > 1 else np.zeros((1, 1))
    return _stationary(rate)


def _stationary(rate: np.ndarray) -> np.ndarray:
    """The stationary distribution of jumps with these rates, without subtraction (Grassmann, Taksar, Heyman)."""
    jump = rate.copy()
    np.fill_diagonal(jump, 0.0)
    count = len(jump)
    for k in range(count - 1, 0, -1):
        leaving = jump[k, :k].sum()
        if leaving <= 0:
            raise TheoryError("selection is so strong that some strategy is never left: lower the intensity")
        jump[:k, k] /= leaving
        jump[:k, :k] += np.outer(jump[:k, k], jump[k, :k])
    held = np.zeros(count)
    held[0] = 1.0
    for k in range(1, count):
        held[k] = held[:k] @ jump[:k, k]
    return held / held.sum()


def stationary(M: object, size: int, intensity: float, mutation: float) -> np.ndarray:
    """Share of time that j = 0 .. N individuals play the first of two strategies; float (N + 1,).

    Each step a parent is drawn by fitness and its offspring, which with probability `mutation` has the
    other strategy, replaces a random individual.

    Raises
    ------
    InputError : M not 2 x 2, mutation not in (0, 1]

    References
    ----------
    Moran1958
    """
    n = whole("size", size, 2)
    u = number("mutation", mutation, 1e-300, 1)
    beta = number("intensity", intensity)
    ours = np.zeros(n + 1)
    theirs = np.zeros(n + 1)
    ours[1:n], theirs[1:n] = fixation.payoffs(M, n)
    j = np.arange(n + 1)
    # Share of the offspring that the first strategy has, in a form that cannot overflow.
    tilt = beta * (ours - theirs)
    strong = j * np.exp(np.minimum(tilt, 0.0))
    share = strong / (strong + (n - j) * np.exp(np.minimum(-tilt, 0.0)))
    born = share * (1 - u) + (1 - share) * u
    with np.errstate(divide="ignore"):
        up = np.log(born[:n]) + np.log((n - j[:n]) / n)
        down = np.log1p(-born[1:]) + np.log(j[1:] / n)
    steps = np.concatenate([[0.0], np.cumsum(up - down)])
    held = np.exp(steps - steps.max())
    return held / held.sum()
