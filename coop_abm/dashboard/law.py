"""The law of composition as bars: how much each rule multiplies K, against what b/c asks.

    K = sigma (1+r)/(1-r) 1/(1-w) 1/(1-q);   cooperation is favoured iff K > (b+c)/(b-c)

Lengths are logarithms, so what multiplies in the law stacks on the page.
"""

from __future__ import annotations

import math
from typing import Any

from coop_abm.dashboard.ticks import demanded
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.scenario import Scenario

#: The rules in the order of the page, and after them what a finite population has against cooperation.
ORDER = ("network", "kin", "direct", "indirect", "group", "finite")
#: What a factor is made of, in letters.
FORMULAE = {
    "network": "graph",
    "kin": "(1+r)/(1−r)",
    "direct": "1/(1−w)",
    "indirect": "1/(1−q)",
    "group": "groups",
    "finite": "(N−2)/N",
}
#: A factor that is nearer to 1 than this is none.
NOTHING = 1e-9


def bars(scenario: Scenario, expected: Expectation | None) -> dict[str, Any]:
    """The bars of a world as plain values.

    ``rows``   : rule, title, formula, factor, and from where to where its bar reaches (ln of K)
    ``total``  : K, ``asked``: (b+c)/(b-c) or None where no K is large enough
    ``reason`` : why there are no bars; "" where there are
    """
    nothing: dict[str, Any] = {"rows": [], "total": None, "asked": None}
    if expected is None:
        return nothing | {"reason": ""}
    if expected.kind == "silent":
        return nothing | {"reason": "no bars: theory is silent about this world"}
    pushes = expected.pushes
    if pushes is None:
        return nothing | {"reason": "no bars: " + _why(scenario)}
    rows, at = [], 0.0
    # What stands against cooperation comes first, so that the rules have to make up for it before the eye.
    for rule in sorted(ORDER, key=lambda r: (getattr(pushes, r) >= 0, ORDER.index(r))):
        log = 2 * getattr(pushes, rule)
        if abs(log) < NOTHING and rule not in scenario.active:
            continue
        rows.append({
            "rule": rule, "title": _title(rule, scenario), "formula": _formula(rule, scenario),
            "factor": math.exp(log), "from": at, "to": at + log,
        })  # fmt: skip
        at += log
    weak = scenario.group.enabled and expected.status == "exact"
    return {
        "rows": rows, "total": math.exp(at), "asked": demanded(scenario), "reason": "",
        "note": "bars are those of weak selection; the verdict above holds at this intensity" if weak else "",
    }  # fmt: skip


def _title(rule: str, scenario: Scenario) -> str:
    if rule == "finite":
        return f"N = {scenario.size:,}"
    return {"direct": "direct", "indirect": "indirect"}.get(rule, rule)


def _formula(rule: str, scenario: Scenario) -> str:
    if rule == "kin" and scenario.kin.channel != "value":
        return "families" if scenario.kin.channel == "descent" else "(σ+p)/σ(1−p)"
    return FORMULAE[rule]


def _why(scenario: Scenario) -> str:
    if scenario.game.kind != "donation":
        return f"the law is for the donation game, and this is {scenario.game.kind.replace('_', ' ')}"
    if scenario.execution_error > 0:
        return "with errors the factors of the rules are no longer those of the law"
    return "with these strategies the factors of the rules are not those of the law (reciprocators against defectors)"
