"""How often a test would find an effect of a stated size: by playing the study many times.

References
----------
Cohen1988, Wilson1927
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.theory.arguments import number, whole
from coop_abm.theory.permutation import TWO_ARMS
from coop_abm.theory.samples import dice

#: Up to so many arrangements are counted in each study that is played, and so many drawn otherwise.
_MOST, _DRAWS = 13_000, 999


class Power(NamedTuple):
    """The share of studies that found the effect.

    value, low, high : the share, with Wilson's 95 % interval of the simulation
    effect           : the difference of the arms that was there
    replications     : of each arm
    alpha            : the level of the test
    repeats          : studies that were played
    """

    value: float
    low: float
    high: float
    effect: float
    replications: int
    alpha: float
    repeats: int


def power(
    effect: float,
    replications: int,
    *,
    between: float,
    within: float = 0.0,
    decisions: int = 1,
    others: int = 1,
    alternative: str = "greater",
    paired: bool = False,
    alpha: float = 0.05,
    repeats: int = 1_000,
    seed: int = 0,
) -> Power:
    """How often the permutation test by replication finds that one arm is above the others by `effect`.

    Replications are normal: their true means have the spread `between`, and each is measured by the mean of so
    many decisions of spread `within` around it. More decisions help with the second alone; more replications
    with both. With an effect of 0 this is the share of false alarms.

    Parameters
    ----------
    effect       : the difference of means, in units of the measure
    replications : of each arm, at least 2
    between      : standard deviation of the means of replications, >= 0
    within       : standard deviation of one decision inside a replication, >= 0
    decisions    : independent decisions in each replication
    others       : arms that must all be beaten: 1, or more by ``intersection_union``; they are alike
    alternative  : "greater", or with one other arm also "two-sided" or "less"
    paired       : are the tests those of paired replications?
    alpha        : the level
    repeats      : studies to play
    seed         : of these studies

    Raises
    ------
    InputError : a number out of range, or an unknown word

    References
    ----------
    Cohen1988, PhipsonSmyth2010
    """
    shift, runs = number("effect", effect), whole("replications", replications, 2, 10_000)
    spread = math.hypot(
        number("between", between, 0), number("within", within, 0) / math.sqrt(whole("decisions", decisions, 1))
    )
    rivals, played = whole("others", others, 1, 100), whole("repeats", repeats, 1)
    threshold, rng = number("alpha", alpha, 0, 1), dice(seed, 6)
    found = 0
    for study in range(played):
        arms = rng.normal(0.0, spread, (1 + rivals, runs))
        arms[0] += shift
        found += all(
            TWO_ARMS[paired](arms[0], other, alternative=alternative, most=_MOST, draws=_DRAWS, seed=study).p
            <= threshold
            for other in arms[1:]
        )
    low, high = _wilson(found, played)
    return Power(found / played, low, high, shift, runs, threshold, played)


def _wilson(found: int, of: int) -> tuple[float, float]:
    z = 1.959963984540054
    share = found / of
    middle = (found + z * z / 2) / (of + z * z)
    reach = z * math.sqrt(share * (1 - share) * of + z * z / 4) / (of + z * z)
    return float(np.clip(middle - reach, 0, 1)), float(np.clip(middle + reach, 0, 1))
