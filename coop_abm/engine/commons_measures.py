"""What is measured of a commons."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.games.commons import gini

if TYPE_CHECKING:
    from coop_abm.engine.commons import Commons
    from coop_abm.engine.commons_run import CommonsRun

#: Length of the runs of characters by which two texts are compared.
GRAM = 3


def measures(world: CommonsRun) -> dict[str, float]:
    """The measures of a world so far.

    survival   : T_s, rounds until the stock collapsed, that one included; the horizon where it did not
    lasted     : rounds until it collapsed or nobody lived
    sustained  : 1 where the stock did not collapse
    efficiency : all harvests, as a share of horizon x MSY
    gini       : Gini coefficient of what each user took in all
    over_use   : share of harvests above an equal share of what the stock bore; of whole units where those are taken
    norm_similarity : mean over rounds of the mean pairwise similarity of proposals
    alive      : share of the users that live
    punishments : how many there were
    wealth     : mean store of those who live
    gain       : what a user took in all, on average
    stock      : the resource now, as a share of its capacity
    effort     : mean choice of the latest harvest, as an effort or in units
    pressure   : alpha N / r with the users that lived, mean over rounds
    """
    declared, done = world.declared, [record for record in world.records if not math.isnan(record.left)]
    size, living = declared.size, int(world.alive.sum())
    took = np.sum([record.took for record in done], axis=0) if done else np.zeros(size)
    had = sum(int(record.had.sum()) for record in done)
    similar = [record.similarity for record in done if not math.isnan(record.similarity)]
    last = done[-1] if done else None
    return {
        "survival": float(_survived(world)),
        "lasted": float(_lasted(world)),
        "sustained": float(world.collapsed_in is None),
        "efficiency": float(took.sum() / (declared.horizon * declared.stock.yields))
        if declared.stock.growth
        else math.nan,
        "gini": gini(took),
        "over_use": sum(int(record.excess.sum()) for record in done) / had if had else math.nan,
        "norm_similarity": float(np.mean(similar)) if similar else math.nan,
        "alive": living / size,
        "punishments": float(sum(len(record.punished) for record in done)),
        "wealth": float(world.store[world.alive].mean()) if living else math.nan,
        "gain": float(took.mean()),
        "stock": world.stock / declared.stock.capacity,
        "effort": float(last.chosen[last.had].mean()) if last is not None else math.nan,
        "pressure": declared.pressure * had / (len(done) * size) if done else declared.pressure,
    }


def _survived(world: CommonsRun) -> int:
    if world.collapsed_in is not None:
        return world.collapsed_in + 1
    return world.declared.horizon if world.over else world.round


def _lasted(world: CommonsRun) -> int:
    return world.round if world.over and not world.alive.any() else _survived(world)


def similarity(texts: list[str]) -> float:
    """Mean pairwise cosine of texts, as bags of runs of three characters; NaN of fewer than two.

    It compares wordings and knows nothing of meanings: texts of one template are alike but for their number.

    >>> round(similarity(["take little", "take little"]), 6), round(similarity(["abc", "xyz"]), 6)
    (1.0, 0.0)
    """
    if len(texts) < 2:
        return math.nan
    # The squared length of the sum of n unit vectors is n and twice the sum over pairs.
    together: dict[str, float] = {}
    for text in texts:
        for gram, share in _direction(text).items():
            together[gram] = together.get(gram, 0.0) + share
    many = len(texts)
    squared = math.fsum(value * value for value in together.values())
    return min(max((squared - many) / (many * (many - 1)), 0.0), 1.0)


@lru_cache(maxsize=10_000)
def _direction(text: str) -> dict[str, float]:
    """The counts of its runs of characters as a vector of length 1; case and blanks do not count."""
    tidy = f" {' '.join(text.casefold().split())} "
    counts = Counter(tidy[at : at + GRAM] for at in range(max(len(tidy) - GRAM + 1, 1)))
    length = math.sqrt(sum(count * count for count in counts.values()))
    return {gram: count / length for gram, count in counts.items()}


class Scores(NamedTuple):
    """GovSim's scores of one run of the fishery [Piatti2024].

    months     : until the stock collapsed, that month included
    survived   : did it last all months?
    gain       : tons that a user caught, on average
    efficiency : 1 - max(0, T f(0) - all catches) / (T f(0)), f(0) what the stock bore at the start
    equality   : 1 - Gini coefficient of total catches
    over_use   : share of catches above f(t), an equal share of half of the stock in whole tons
    """

    months: int
    survived: bool
    gain: float
    efficiency: float
    equality: float
    over_use: float


def scores(world: Commons, measured: Mapping[str, float]) -> Scores:
    """The scores of a fishery that is over, from its measures."""
    whole = world.horizon * float(int(world.stock.bears(world.stock.capacity)))
    return Scores(
        months=int(measured["survival"]),
        survived=measured["sustained"] == 1.0,
        gain=measured["gain"],
        efficiency=1.0 - max(0.0, whole - measured["gain"] * world.size) / whole,
        equality=1.0 - measured["gini"],
        over_use=measured["over_use"],
    )
