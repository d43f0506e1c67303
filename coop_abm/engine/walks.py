"""The critical ratio of a scenario on a graph too large to solve, from random walks that meet.

Walks give R*, the critical ratio of the structure; sigma = (R* + 1)/(R* - 1) takes it to the games that the rules of
the scenario compose, and so do the ends of the interval.

References
----------
Allen2017, Tarnita2009
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from coop_abm.core.errors import TheoryError
from coop_abm.scenario.expectation import MUTATES, payoff_family, weights_of
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory import composition, remeeting
from coop_abm.theory.ancestry import BACK_STEPS


class WalkedRatio(NamedTuple):
    """A critical ratio by walks: signed value, standard error, 95 % interval, and the number of walks."""

    value: float
    error: float
    low: float
    high: float
    runs: int


def walked_ratio(
    scenario: Scenario,
    *,
    seed: int = 0,
    relative_error: float = 0.005,
    progress: Callable[[float], None] | None = None,
) -> WalkedRatio:
    """The critical ratio of a scenario on a graph, in the limit of weak selection.

    Parameters
    ----------
    relative_error : standard error to reach, as a share of the critical ratio of the structure
    progress : called with the share of the work that is done

    Raises
    ------
    TheoryError
        if the population is not on one graph, the update rule has no walks, or the scenario no benefit and cost
    """
    answers, kind = scenario.answers(seed), scenario.update.kind
    if scenario.clock == "round":
        raise TheoryError("walks: on the round clock many can learn at once; they need clock = event")
    if len(answers.indptr) == 0 or answers.groups > 1 or answers.family > 1 or kind not in BACK_STEPS:
        raise TheoryError(
            f"walks: need a graph without groups or families, and an update among {', '.join(BACK_STEPS)}; got {kind}"
        )
    if scenario.update.mutation > 0:
        raise TheoryError(MUTATES)
    first, slope = payoff_family(scenario, seed)
    found = remeeting.critical_ratio(
        weights_of(answers), update=kind, payoff=scenario.payoff,
        replacement=weights_of(answers.replacing()) if answers.two_graphs else None,
        seed=seed, relative_error=relative_error, progress=progress,
    )  # fmt: skip

    def composed(ratio: float) -> float:
        return composition.critical_of_family(composition.sigma_from_ratio(ratio), first, slope)

    value = composed(found.value)
    if math.isinf(found.low) and math.isinf(found.high):
        return WalkedRatio(value, math.inf, -math.inf, math.inf, found.walks)
    ends = sorted(composed(end) for end in (found.low, found.high))
    # The map is smooth over so short an interval, so its steepness is that of a chord.
    steep = (ends[1] - ends[0]) / (found.high - found.low) if found.high > found.low else 0.0
    return WalkedRatio(value, steep * found.error, ends[0], ends[1], found.walks)
