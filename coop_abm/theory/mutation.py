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
from coop_abm.theory.arguments import matrix, number, one_of, whole

#: Under spontaneous mutation one event can move two individuals, so the chain is solved as a matrix.
LARGEST_OF_TWO_STEPS = 1_000


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


def long_run(
    M: object, size: int, intensity: float, mutation: float, *, update: str = "birth_death", kind: str = "reproduction"
) -> np.ndarray:
    """Share of time that j = 0 .. N individuals play the first of two strategies, by any update rule; float (N + 1,).

    The well-mixed population is the complete graph: whoever is replaced or looked at is another individual. Kinds of
    mutation: under *reproduction* whatever strategy an update would leave behind is turned into the other with
    probability `mutation`, also where somebody keeps its own; under *spontaneous*, after each update, somebody drawn
    uniformly takes up the other strategy with this probability. ``stationary`` is imitation under reproduction.

    Parameters
    ----------
    M : float (2, 2); size : N; intensity : of selection, fitness is exp(intensity x mean payoff)
    update : "birth_death", "death_birth", "imitation" or "pairwise_comparison"

    Raises
    ------
    InputError : M not 2 x 2, mutation not in (0, 1], unknown update or kind
    TheoryError : more than 1,000 individuals under spontaneous mutation, whose chain moves by two

    References
    ----------
    Moran1958
    """
    n, u = whole("size", size, 2), number("mutation", mutation, 1e-300, 1)
    one_of("kind", kind, ("reproduction", "spontaneous"))
    up, down = np.zeros(n + 1), np.zeros(n + 1)
    up[1:n], down[1:n] = fixation.steps(M, n, intensity, update)
    j = np.arange(n + 1)
    if kind == "reproduction":
        replaced = _replaced(up, update)  # probability that this is one of the first strategy
        rise = (1 - u) * up + u * (1 - replaced - up)
        fall = (1 - u) * down + u * (replaced - down)
        with np.errstate(divide="ignore"):
            steps = np.concatenate([[0.0], np.cumsum(np.log(rise[:n]) - np.log(fall[1:]))])
        held = np.exp(steps - steps.max())
        return held / held.sum()
    if n > LARGEST_OF_TWO_STEPS:
        raise TheoryError(f"size: spontaneous mutation is solved up to {LARGEST_OF_TWO_STEPS:,} individuals; got {n:,}")
    event = np.diag(1 - up - down) + np.diag(up[:n], 1) + np.diag(down[1:], -1)
    struck = np.diag(np.full(n + 1, 1 - u)) + u * (np.diag((n - j[:n]) / n, 1) + np.diag(j[1:] / n, -1))
    return _stationary(event @ struck)


def _replaced(up: np.ndarray, update: str) -> np.ndarray:
    """Probability that the one who is replaced, or who revises, plays the first strategy; float (N + 1,)."""
    n = len(up) - 1
    j = np.arange(n + 1)
    if update != "birth_death":
        return j / n
    parent = np.zeros(n + 1)  # plays the first strategy; its offspring replaces one of the n - 1 others
    parent[n] = 1.0
    parent[1:n] = up[1:n] * (n - 1) / (n - j[1:n])
    return (j - parent) / (n - 1)
