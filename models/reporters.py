"""What several models report besides the measures that every model collects."""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm import CoopModel, Scenario
from coop_abm.abm.reporters import Reporters, by_name


def also(given: Reporters, **own: Any) -> dict[str, Any]:
    """A model's own reporters and, with precedence, those that its user gives."""
    return own | by_name(given, "model_reporters")


def advantage(model: CoopModel) -> float:
    """Mean payoff of cooperators minus that of defectors; NaN once one of the two is gone."""
    now = model.snapshot()
    living, helps = now.alive[0] == 1, now.helper[now.strategy[0]] == 1
    ours, theirs = now.payoff[0][living & helps], now.payoff[0][living & ~helps]
    return float(ours.mean() - theirs.mean()) if len(ours) and len(theirs) else float("nan")


def barrier(scenario: Scenario) -> float:
    """The share of cooperators above which they earn more than defectors, in a well-mixed population.

    With payoffs a, b, c, d of the first two strategies and i cooperators among N, they earn the same
    where a (i - 1) + b (N - i) = c i + d (N - i - 1).

    Raises
    ------
    ValueError
        where the difference does not grow with i, so that there is nothing to get over
    """
    (a, b), (c, d) = scenario.matrix(scenario.answers())
    rise = a - b - c + d
    if np.isclose(rise, 0) or rise < 0:
        raise ValueError(f"the advantage of cooperators does not grow with their number; it changes by {rise:g}")
    n = scenario.size
    return float((n * (d - b) + a - d) / rise / n)
