"""A trained classifier of strategies: the alternative to likelihoods, and a check on them.

Players of each strategy are simulated, features of what they did are taken, and a multinomial logistic regression
learns to tell them apart. It needs no likelihood, so it can learn from players that are no automata; but it knows only
partners, lengths and error rates like those that it was trained on. For strategies that look at the last outcome
alone, the likelihood is linear in the features, so little can be gained over it.

References
----------
Cox1958
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.posterior import best_of, credible_set
from coop_abm.theory.samples import dice
from coop_abm.theory.trajectories import Library, evidence, matches, simulate

#: What stands behind the features of :func:`features`, in order; each has two.
SITUATIONS = ("start", "after CC", "after CD", "after DC", "after DD", "partner defected before", "and twice in a row")


class Classified(NamedTuple):
    """What a classifier says of N individuals.

    names     : the S strategies
    posterior : float (N, S), probabilities; equal for strategies that the trajectory cannot tell apart
    best      : bool (N, S), the most probable, with all that are as probable
    """

    names: tuple[str, ...]
    posterior: np.ndarray
    best: np.ndarray

    def named(self, individual: int = 0) -> tuple[str, ...]:
        """The most probable strategy of an individual; several where they are equally probable."""
        return tuple(name for name, is_best in zip(self.names, self.best[individual], strict=True) if is_best)

    def credible(self, level: float = 0.95) -> np.ndarray:
        """bool (N, S): the fewest strategies that together have this probability, and all equal to the last."""
        return credible_set(self.posterior, level)


class Classifier(NamedTuple):
    """A trained classifier: probabilities are proportional to exp(bias + weight . (features - centre) / scale).

    strategies : the library that it tells apart
    centre, scale : float (F,), of the features in training
    weight     : float (F, S)
    bias       : float (S,)
    """

    strategies: Library
    centre: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def classify(self, own: object, other: object, *, individual: object = None) -> Classified:
        """The probability of each strategy, given what individuals and their partners did.

        Strategies that would have done the same in every turn have their mean probability each: where nothing
        tells them apart, what the classifier prefers comes from its training and not from the trajectory.

        Raises
        ------
        InputError : actions that cannot be used
        """
        given = (features(own, other, individual=individual) - self.centre) / self.scale
        found = _softmax(given @ self.weight + self.bias)
        seen = evidence(own, other, self.strategies, individual=individual)
        counts = np.concatenate([seen.cooperated, seen.defected], axis=2)
        alike = (counts[:, :, None, :] == counts[:, None, :, :]).all(axis=3)  # (N, S, S)
        shared = (alike * found[:, None, :]).sum(axis=2) / alike.sum(axis=2)
        return Classified(self.strategies.names, shared, best_of(np.log(np.maximum(shared, 1e-300))))


def features(own: object, other: object, *, individual: object = None) -> np.ndarray:
    """float (N, 14): for each of :data:`SITUATIONS`, the rate of cooperation there, and how much that weighs.

    With c and d the turns there in which they did and did not cooperate: (c + 1/2) / (c + d + 1), which is 1/2 where
    the situation never occurred, and (c - d) / turns.

    Raises
    ------
    InputError : actions that cannot be used
    """
    mine, yours, rows = matches(own, other, individual)
    played = mine >= 0
    before, partner = np.full(mine.shape, -1), np.zeros(mine.shape, bool)
    before[:, 1:] = np.where(played[:, 1:], 2 * mine[:, :-1] + yours[:, :-1], -1)
    partner[:, 1:] = yours[:, :-1] == 1
    ever, twice = np.logical_or.accumulate(partner, axis=1), partner.copy()
    twice[:, 1:] &= partner[:, :-1]
    start = np.zeros(mine.shape, bool)
    start[:, 0] = True
    turns = np.bincount(rows, played.sum(axis=1))
    columns = []
    for there in (start, *(before == outcome for outcome in range(4)), ever & played, twice & played):
        c, d = (np.bincount(rows, (there & (mine == act)).sum(axis=1)) for act in (0, 1))
        columns += [(c + 0.5) / (c + d + 1), (c - d) / turns]
    return np.stack(columns, axis=1)


def train(
    strategies: Library,
    turns: int,
    *,
    error: tuple[float, float] = (0.0, 0.2),
    each: int = 400,
    penalty: float = 1e-4,
    partners: object = None,
    seed: int = 0,
) -> Classifier:
    """A classifier for matches of so many turns.

    Parameters
    ----------
    strategies : the library
    turns      : of each match in training
    error      : error rates in training are uniform between these two
    each       : simulated players of each strategy
    penalty    : of the sum of squared weights, so that no weight grows for ever
    partners   : indices of the strategies that partners play, one of them in each match; all where it is None
    seed       : of the simulated players

    Raises
    ------
    InputError : a number out of range, an unknown partner

    References
    ----------
    Cox1958
    """
    from scipy.optimize import minimize

    own, other, truth = players(strategies, turns, error=error, each=each, partners=partners, seed=seed)
    raw = features(own, other)
    centre, scale = raw.mean(axis=0), raw.std(axis=0)
    scale[scale == 0] = 1.0
    given, kinds = (raw - centre) / scale, len(strategies.names)
    wanted, shape = np.eye(kinds)[truth], (raw.shape[1] + 1, kinds)
    shrink = number("penalty", penalty, 0)
    design = np.hstack([given, np.ones((len(given), 1))])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weight = flat.reshape(shape)
        chance = _softmax(design @ weight)
        missed = -np.log(np.maximum(chance[np.arange(len(truth)), truth], 1e-300)).mean()
        slope = design.T @ (chance - wanted) / len(truth)
        slope[:-1] += 2 * shrink * weight[:-1]
        return float(missed + shrink * np.square(weight[:-1]).sum()), slope.ravel()

    ended = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    found = ended.x.reshape(shape)
    return Classifier(strategies, centre, scale, found[:-1], found[-1])


def players(
    strategies: Library,
    turns: int,
    *,
    error: tuple[float, float],
    each: int,
    partners: object = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulated players: their actions and their partners', int (K, turns), and what they play, int (K,).

    Raises
    ------
    InputError : a number out of range, an unknown partner
    """
    low, high = number("error", error[0], 0, 1), number("error", error[1], 0, 1)
    truth = np.repeat(np.arange(len(strategies.names)), whole("each", each, 1))
    pool = np.arange(len(strategies.names)) if partners is None else np.asarray(partners)
    if pool.ndim != 1 or not len(pool) or not np.isin(pool, np.arange(len(strategies.names))).all():
        raise InputError(f"partners must be strategies 0 to {len(strategies.names) - 1}")
    rng = dice(seed, 9)
    met, rate = rng.choice(pool, len(truth)), rng.uniform(low, high, len(truth))
    own, other = simulate(strategies, truth, met, turns, error=rate, seed=seed)
    return own, other, truth


def _softmax(scores: np.ndarray) -> np.ndarray:
    weight = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
