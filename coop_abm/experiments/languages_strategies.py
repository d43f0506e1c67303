"""Which strategies the trajectories of the dilemma resemble: by likelihood with errors, and by a trained classifier.

The likelihood fit gives each player a probability of each strategy, whatever its error rate; the classifier gives it
one strategy or, at a tie, several [DalBoFrechette2011, Huynh2025]. How often either is right where the truth is known
is their confusion matrix on simulated players, and no other number may be read without it: ten rounds tell little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from coop_abm.engine.factorial import Factorial
from coop_abm.experiments.languages_scores import Played
from coop_abm.games.published import PUBLISHED
from coop_abm.strategies.canon import canon
from coop_abm.theory.inference import Interval, mean_interval, replication_means
from coop_abm.theory.recognition import Confusion, Library, judge, library, recognise, train

#: Strategies that are told apart; in ten rounds more cannot be.
NAMES = ("allc", "alld", "tft", "wsls", "grim", "random")
#: Error rate of simulated players.
ERROR = 0.05
#: Simulated players of each strategy from which the classifier learns.
LESSONS = 400
METHODS = ("likelihood", "classifier")


class Share(NamedTuple):
    """How much of the players one strategy is.

    fitted     : mean over players of its probability, with its interval over replications
    classified : share of players whom the classifier gives to it, likewise; one at a tie counts in equal parts
    """

    strategy: str
    fitted: Interval
    classified: Interval


@cache
def strategies() -> Library:
    """The library of the conventional dilemma."""
    return library(*canon(PUBLISHED["pd"]["conventional"].by_helpers()[:, ::-1], NAMES))


@cache
def _trained(rounds: int, each: int) -> Any:
    return train(strategies(), rounds, error=(0.0, 0.2), each=each)


def confusions(rounds: int) -> tuple[Confusion, ...]:
    """How often each method is right on simulated players of so many rounds, in the order of `METHODS`."""
    return tuple(_judged(rounds, method) for method in METHODS)


@cache
def _judged(rounds: int, method: str) -> Confusion:
    return judge(strategies(), rounds, ERROR, method=method)


def shares(games: Sequence[Played]) -> list[Share]:
    """The shares of all strategies among the players of games of two."""
    acted = np.concatenate([np.where(each.helped, 0, 1) for each in games]).astype(np.int64)  # (games, T, 2)
    runs = np.tile(np.concatenate([np.arange(len(each.helped)) for each in games]), 2)
    own, other = (np.concatenate([acted[:, :, seat], acted[:, :, 1 - seat]]) for seat in (0, 1))
    # Short trajectories are often the same: each kind is fitted once.
    kinds, place = np.unique(np.hstack([own, other]), axis=0, return_inverse=True)
    seen = kinds[:, : own.shape[1]], kinds[:, own.shape[1] :]
    posterior = recognise(*seen, strategies()).posterior[place.ravel()]
    best = _trained(own.shape[1], LESSONS).classify(*seen).best.astype(float)[place.ravel()]
    classified = best / best.sum(axis=1, keepdims=True)
    return [
        Share(name, *(mean_interval(replication_means(found[:, s], runs)) for found in (posterior, classified)))
        for s, name in enumerate(NAMES)
    ]


def rows(factorial: Factorial, model: str, games: Sequence[Played], empty: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Two rows for each strategy, of games of two: by likelihood and by the classifier."""
    if not games or games[0].helped.shape[2] != 2 or factorial.rounds < 2:
        return
    for share in shares(games):
        line = empty | {"game": "pd", "model": model, "score": f"plays {share.strategy}"}
        for score, found in (("", share.fitted), (", classifier", share.classified)):
            ours = {"ours": found.value, "low": found.low, "high": found.high}
            yield line | ours | {"score": line["score"] + score}


def confusion(rounds: int) -> list[dict[str, Any]]:
    """Both confusion matrices in plain values: the share of simulated players of a strategy taken for each."""
    return [
        {
            "method": found.method, "rounds": rounds, "error": found.error, "accuracy": found.accuracy,
            "taken_for": {
                played: dict(zip(found.names, map(float, row), strict=True))
                for played, row in zip(found.names, found.share, strict=True)
            },
        }
        for found in confusions(rounds)
    ]  # fmt: skip
