"""How well strategies are recognised: simulated players, whose strategy is known, are recognised again.

Rows are what was played, columns what was found. Where several strategies are equally probable none of them is chosen:
each gets an equal part of the player, and the share of such players is told. Accuracy is therefore what somebody would
reach on average who chose by lot, not what a lucky order of names reaches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number, one_of, whole
from coop_abm.theory.classifier import players, train
from coop_abm.theory.posterior import recognise
from coop_abm.theory.samples import dice
from coop_abm.theory.trajectories import Library

METHODS = ("likelihood", "classifier")


class Confusion(NamedTuple):
    """How well strategies are recognised.

    names    : the S strategies
    share    : float (S, S), of the players of each (rows) the part recognised as each (columns); rows sum to 1
    accuracy : the mean of the diagonal: every strategy counts the same
    tied     : float (S,), share of the players of each for whom several strategies are equally probable
    among    : float (S,), share for whom the true strategy is among the most probable
    turns, error, method, each : of the matches and of their recognition; players of each strategy
    """

    names: tuple[str, ...]
    share: np.ndarray
    accuracy: float
    tied: np.ndarray
    among: np.ndarray
    turns: int
    error: float
    method: str
    each: int

    @property
    def recall(self) -> np.ndarray:
        """float (S,): the share of the players of each strategy that is recognised."""
        return np.diag(self.share).copy()


def confusion(truth: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares (S, S), ties (S,) and true ones among the best (S,), from strategies (N,) and the most probable (N, S)."""
    kinds = best.shape[1]
    played = np.eye(kinds)[truth]
    each = played.sum(axis=0)
    part = best / best.sum(axis=1, keepdims=True)
    tied = best.sum(axis=1) > 1
    return played.T @ part / each[:, None], played.T @ tied / each, np.diag(played.T @ best) / each


def judge(
    strategies: Library,
    turns: int,
    error: float,
    *,
    method: str = "likelihood",
    known: bool = False,
    each: int = 200,
    partners: object = None,
    seed: int = 0,
) -> Confusion:
    """Recognise simulated players of each strategy in one match, by likelihood or by a classifier.

    Parameters
    ----------
    strategies : the library, of players and, unless `partners` are named, of their partners
    turns      : of each match
    error      : in [0, 1/2], of players and partners
    method     : "likelihood", or "classifier", trained on other players with the same error rate and partners
    known      : is the likelihood told the error rate? Then nothing can be more accurate on average
    each       : players of each strategy
    partners   : indices of the strategies that partners play; all, equally often, where it is None
    seed       : of the players

    Raises
    ------
    InputError : an unknown method or partner, a number out of range
    """
    if one_of("method", method, METHODS) == "classifier" and known:
        raise InputError("known is for method = 'likelihood': a classifier learns the error rate from its training")
    rate, length = number("error", error, 0, 0.5), whole("turns", turns, 1)
    own, other, truth = players(strategies, length, error=(rate, rate), each=each, partners=partners, seed=seed)
    if method == "likelihood":
        best = recognise(own, other, strategies, error=rate if known else None).best
    else:
        lesson = int(dice(seed, 10).integers(2**32))
        trained = train(strategies, length, error=(rate, rate), partners=partners, seed=lesson)
        best = trained.classify(own, other).best
    share, tied, among = confusion(truth, best)
    accuracy = float(np.diag(share).mean())
    name = f"{method}, error rate known" if known else method
    return Confusion(strategies.names, share, accuracy, tied, among, length, rate, name, each)
