"""The report on one graph, as lines for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from coop_abm.core.errors import quoted
from coop_abm.experiments.threshold import Row, Threshold
from coop_abm.theory.advice import Advice


def pages(experiment: Threshold, rows: list[Row], advice: Advice | None) -> Iterator[str]:
    """The graph, a table of update rules, each in words, and the advice."""
    facts = experiment.facts()
    yield f"{quoted(experiment.name, 100)[1:-1]}: {facts['nodes']:,} nodes, {facts['edges']:,} edges, one component"
    degrees = f"{facts['degree_lowest']:,} to {facts['degree_highest']:,}, mean {facts['degree_mean']:.4g}"
    weights = f"{facts['weight_lowest']:g} to {facts['weight_highest']:g}" if facts["weighted"] else "none (all 1)"
    yield f"degrees {degrees}; edge weights {weights}"
    for note in facts["notes"]:
        yield f"note: {quoted(note, 300)[1:-1]}"
    yield ""
    yield f"critical benefit-to-cost ratio, {experiment.payoff} payoffs, weak selection"
    yield f"{'update rule':<20} {'exact':>12} {'measured':>12}   {'95 % interval':<25} {'by':<6} {'rule of thumb':>14}"
    for row in rows:
        interval = "" if math.isnan(row.measured) else f"{_figure(row.low)} ... {_figure(row.high)}"
        thumb = "never" if math.isinf(row.thumb) else f"{row.thumb:.4g}"
        off = "" if math.isnan(row.off) else f" ({row.off:+.1%})"
        yield (
            f"{row.update.replace('_', ' '):<20} {_figure(row.exact, 6):>12} {_figure(row.measured):>12}   "
            f"{interval:<25} {row.method:<6} {thumb:>6}{off:>9}"
        ).rstrip()
    yield ""
    for row in rows:
        yield f"{row.update.replace('_', ' ')}: {row.words} ({row.law})"
    if advice is not None:
        yield ""
        yield from _advised(experiment, advice)


def _advised(experiment: Threshold, advice: Advice) -> Iterator[str]:
    rule = experiment.updates[0].replace("_", " ")
    yield f"changes of one edge that help cooperation most ({rule}; now {_figure(advice.before, 6)})"
    for rank, change in enumerate(advice.changes, 1):
        ends = " - ".join(quoted(str(node), 40)[1:-1] for node in (change.one, change.other))
        left = "" if change.nodes == experiment.graph.size else f", {change.nodes} nodes left"
        weight = f", weight {change.weight:g}" if experiment.graph.weighted else ""
        yield f"{rank:>3}  {change.kind:<6}  {ends}{weight}: {_figure(change.value, 6)}{left}"
    if not advice.changes:
        yield "none: no edge can be added, and none removed without cutting the graph"
    yield advice.screening or f"all {advice.candidates:,} changes were answered exactly"


def _figure(value: float, digits: int = 4) -> str:
    """A ratio as text: never where it is infinite, empty where it is not known."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    return f"{value:.{digits}f}" if abs(value) < 1e6 else f"{value:.{digits}g}"
