"""Where on a slider cooperation begins to be favoured, and what the textbook's limit says.

The law is K (b - c) > b + c, and each rule is one factor of K, so what any one knob has to be follows from the
others without a search: K without that rule is known, hence the factor that the rule must bring. Among groups that
grow and split theory answers for this very intensity and not by the law, so only benefit and cost have ticks there.
"""

from __future__ import annotations

import math
from typing import Any

from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory.composition import Pushes

#: The knob of a rule whose factor of K has a closed form, and the rule.
KNOBS = {"kin.relatedness": "kin", "direct.continuation": "direct", "indirect.visibility": "indirect"}


def word(scenario: Scenario, expected: Expectation | None) -> str:
    """Is cooperation favoured in this world? YES, NO or silent; "" while theory is still being asked."""
    if expected is None:
        return ""
    if expected.kind == "silent":
        return "silent"
    return "YES" if expected.kind == "threshold" and ratio(scenario) > expected.value else "NO"


def ratio(scenario: Scenario) -> float:
    """b/c; infinite where helping costs nothing, NaN where the game has no such two numbers."""
    game = scenario.game
    if not game.has_ratio:
        return math.nan
    return game.benefit / game.cost if game.cost > 0 else math.inf


def ticks(scenario: Scenario, expected: Expectation | None) -> dict[str, dict[str, Any]]:
    """For each knob with a known threshold: ``exact`` and ``limit`` (None where unknown), ``word`` and ``said``.

    Parameters
    ----------
    expected : what theory says; None while it is being asked
    """
    if expected is None or not scenario.game.has_ratio:
        return {}
    answer = word(scenario, expected)
    if expected.kind == "silent":
        return {"game.benefit": _mark(None, None, answer, "theory is silent about this world")}
    found = {"game.benefit": _of_benefit(scenario, expected, answer)}
    grouped = scenario.group.enabled and expected.status == "exact"  # there the ratio moves with the cost itself
    if expected.kind == "threshold" and not grouped:
        limit = _finite(scenario.game.benefit / expected.limit) if expected.limit > 0 else None
        found["game.cost"] = _mark(scenario.game.benefit / expected.value, limit, answer, "below", lower=True)
    found |= _of_rules(scenario, expected, answer, grouped)
    return found


def _of_benefit(scenario: Scenario, expected: Expectation, answer: str) -> dict[str, Any]:
    cost = scenario.game.cost
    limit = _finite(expected.limit * cost) if expected.limit > 0 else None
    if expected.kind == "threshold":
        return _mark(expected.value * cost, limit, answer, "above")
    return _mark(None, limit, answer, "no benefit is large enough")


def _of_rules(scenario: Scenario, expected: Expectation, answer: str, grouped: bool) -> dict[str, dict[str, Any]]:
    asked, pushes, found = demanded(scenario), expected.pushes, {}
    if asked is None or pushes is None or grouped:
        return {}
    alone = scenario.active
    for path, rule in KNOBS.items():
        if rule not in alone or (rule == "kin" and scenario.kin.channel == "descent"):
            continue
        exact = _solved(scenario, pushes, rule, asked)
        limit = None
        if not math.isnan(expected.limit):  # one rule is on: Nowak's b/c > 1/r, (2-w)/w, (2-q)/q
            limit = 1 / ratio(scenario) if rule == "kin" else 2 / (ratio(scenario) + 1)
        high = {"kin": 1.0, "direct": 0.999, "indirect": 1.0}[rule]
        if exact is None:
            found[path] = _mark(None, _within(limit, high), answer, "no value is large enough")
        elif exact <= 0:
            found[path] = _mark(None, _within(limit, high), answer, "any value is enough")
        else:
            found[path] = _mark(_within(exact, high), _within(limit, high), answer, "above")
    return found


def demanded(scenario: Scenario) -> float | None:
    """(b + c)/(b - c), the K that this benefit and cost ask for; None where no K is large enough."""
    b, c = scenario.game.benefit, scenario.game.cost
    return (b + c) / (b - c) if b > c else None


def _solved(scenario: Scenario, pushes: Pushes, rule: str, asked: float) -> float | None:
    """The value of a rule's knob at which K is what is asked; None where none is, negative where any is."""
    factor = asked / math.exp(2 * (pushes.total - getattr(pushes, rule)))  # that this rule has to bring
    if rule != "kin":
        return 1 - 1 / factor
    if scenario.kin.channel == "value":
        return (factor - 1) / (factor + 1)
    # By meeting, kin comes last: (sigma + p)/(sigma (1 - p)).
    sigma = math.exp(2 * (pushes.network + pushes.group + pushes.finite))
    return sigma * (factor - 1) / (1 + sigma * factor)


def _mark(exact: float | None, limit: float | None, answer: str, said: str, *, lower: bool = False) -> dict[str, Any]:
    return {"exact": exact, "limit": limit, "word": answer, "said": said, "lower": lower}


def _within(value: float | None, high: float) -> float | None:
    return value if value is not None and 0 <= value <= high else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
