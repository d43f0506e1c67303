"""What the Lab says of theory, in sentences short enough to stand under a picture."""

from __future__ import annotations

import math

from coop_abm.dashboard import ticks
from coop_abm.dashboard.measuring import refusals
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.scenario import Scenario


def headline(scenario: Scenario, expected: Expectation | None) -> str:
    """The sentence under the population: b/c, its threshold, and what theory says; "" while it is being asked."""
    if expected is None:
        return ""
    if expected.kind == "silent":
        return "Theory is silent about this world; the panel at the right says why."
    under = f"({_strength(expected)}, {scenario.update.kind.replace('_', '-')})"
    ratio = ticks.ratio(scenario)
    if expected.kind != "threshold":
        return f"b/c = {ratio:.3g}: theory says that no benefit is large enough here {under}."
    above = ratio > expected.value
    return (
        f"b/c = {ratio:.3g} is {'above' if above else 'below'} {expected.value:.3g}: theory says cooperation is "
        f"{'favoured' if above else 'not favoured'} {under}."
    )


def _strength(expected: Expectation) -> str:
    return "weak selection" if expected.status == "first order" else "exact at this intensity"


def caption(scenario: Scenario, expected: Expectation | None) -> str:
    """Theory in the chart, where no line can be drawn truly: a threshold is no share. "" while it is being asked."""
    if expected is None:
        return ""
    if expected.kind == "silent":
        return "theory: silent"
    ratio = ticks.ratio(scenario)
    if expected.kind != "threshold":
        return f"theory: b/c = {ratio:.3g}, no benefit is large enough"
    sign, word = (">", "favoured") if ratio > expected.value else ("<", "not favoured")
    return f"theory: b/c = {ratio:.3g} {sign} {expected.value:.3g}, cooperation {word}"


def way_out(scenario: Scenario, expected: Expectation | None) -> str:
    """What one can do where theory is silent; "" where it is not."""
    if expected is None or expected.kind != "silent":
        return ""
    refused = refusals(scenario)
    if scenario.on_directed_graph and "rho" not in refused:
        return "Measure below how often one cooperator takes over: above 1/N it does so more often than by chance."
    if scenario.network.enabled and scenario.network.graph.kind != "complete":
        return "What this graph asks of cooperation under weak selection, b/c*, is worked out on the page Structure."
    if scenario.clock == "round":
        return "Set the clock to “event” and theory can be asked; or run many seeds and count."
    if "ratio" not in refused:
        return "Measure it below, or run many seeds and count."
    return "Run many seeds and count, in a sweep or with Compare."


def silence(expected: Expectation | None) -> str:
    """Why theory is silent, as a sentence; "" where it is not."""
    if expected is None or expected.kind != "silent" or not expected.reason:
        return ""
    return f"{expected.reason[0].upper()}{expected.reason[1:]}."


def verdict_line(share: float) -> str:
    """What the dashed line in the chart is; it is drawn only where this number is exact."""
    return f"where runs end on average: {100 * share:.0f} %" if math.isfinite(share) else ""
