"""The five rules: at which benefit-to-cost ratio does each let cooperation win?

For each rule alone the critical ratio is measured by simulation, without looking at theory, and held
against the exact prediction for this population and against the textbook's limit.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from coop_abm import output
from coop_abm.core.errors import InputError
from coop_abm.core.part import Part, knob
from coop_abm.engine.crossing import (
    EXTRAPOLATED,
    Measured,
    NoCrossing,
    crossing,
    extrapolated,
)
from coop_abm.engine.drift import DriftRatio, neutral_drift
from coop_abm.experiments.base import Column, Found, Report
from coop_abm.scenario import library
from coop_abm.scenario.expectation import Expectation, expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RULES = ("kin", "direct", "indirect", "network", "group")
COLUMNS = ("rule", "condition", "exact", "limit", "measured", "low", "high", "verdict")

#: Standard error to reach, as a share of the measured ratio.
PRECISION = {"low": 0.009, "default": 0.006, "high": 0.002}
#: How far a measurement may lie from theory, and how sharp it must be, as a share of the exact ratio.
TOLERANCE = 0.02
#: On a regular graph the crossing is taken as it is up to this intensity x ratio.
STRONGEST = 0.5
#: Larger graphs are not measured: one run takes about N^2 replacements.
LARGEST_MEASURED = 1500

#: Shares of the whole work, for the progress bar.
_WORK = {"kin": 0.15, "direct": 0.1, "indirect": 0.2, "network": 0.2, "group": 0.35}


class Options(Part):
    """What can be chosen."""

    precision: Literal["low", "default", "high"] = knob(
        "default", "precision", help="how sharp each measurement is; low takes seconds, high many minutes"
    )
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="the same seed gives the same table")


class Row(NamedTuple):
    """One rule.

    rule, condition : its name; the process, channel and update it was measured under
    expected : what theory says
    measured : the crossing, None where there is none or it cannot be measured
    drift    : the ratio by neutral drift (network only)
    verdict  : "no threshold", "undecided", "agrees" or "differs"
    note     : what else should be said
    """

    rule: str
    condition: str
    expected: Expectation
    measured: Measured | None
    drift: DriftRatio | None
    verdict: str
    note: str


class FiveRules:
    """Measure the critical benefit-to-cost ratio of each of the five rules.

    Parameters
    ----------
    precision : "low", "default" or "high"
    seed      : root seed
    graph     : the user's own graph for the network rule, an ``nx.Graph`` or a file
    weight    : edge attribute that holds weights; None ignores them
    """

    name: ClassVar[str] = "five-rules"
    question: ClassVar[str] = "At which benefit-to-cost ratio does each of Nowak's five rules let cooperation win?"
    options: ClassVar[type[Part]] = Options
    quick: ClassVar[Mapping[str, Any]] = {"precision": "low"}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("rule", "rule"),
        Column("condition", "measured under", "process, population, update rule and intensity of selection"),
        Column("exact", "exact b/c", "what theory says of this very population", "theory"),
        Column("limit", "textbook", "the same in the limit: infinite population, weak selection", "theory"),
        Column("measured", "measured b/c", "where cooperators begin to win, by simulation alone", "ours"),
        Column("low", "low", "", "low"),
        Column("high", "high", "", "high"),
        Column("verdict", "verdict", "agrees: within 2 %, or three standard errors, of exact theory", "verdict"),
    )

    def __init__(self, *, precision: str = "default", seed: int = 0, graph: Any = None, weight: str | None = "weight"):
        if precision not in PRECISION:
            raise InputError(f"precision must be one of {', '.join(PRECISION)}; got {precision!r}")
        self.precision, self.seed = precision, seed
        self._scenarios = {rule: library.named(rule) for rule in RULES}
        if graph is not None:
            self._scenarios["network"] = on_graph(self._scenarios["network"], graph, weight=weight)

    @classmethod
    def chosen(cls, options: Options) -> Self:
        """The experiment with these options."""
        return cls(precision=options.precision, seed=options.seed)

    def scenarios(self) -> dict[str, Scenario]:
        """The worlds that are measured, by name of the rule."""
        return dict(self._scenarios)

    def measure(self, report: Report | None = None, found: Found | None = None) -> list[Row]:
        """Measure all five, in order."""
        rows, before = [], 0.0
        for rule, scenario in self._scenarios.items():
            share = _WORK[rule]
            inner = _part(report, rule, before, share)
            rows.append(self._row(rule, scenario, inner))
            before += share
            if found:
                found(rows)
            if report:
                report(f"{rule}: {rows[-1].verdict}", before)
        return rows

    def _row(self, rule: str, scenario: Scenario, report: Report | None) -> Row:
        expected = expectation(scenario, self.seed)
        measured, drift, note = None, None, ""
        if expected.kind in ("threshold", "near_singular", "silent"):
            if scenario.size > LARGEST_MEASURED and rule == "network":
                note = f"graphs of more than {LARGEST_MEASURED:,} nodes are not measured here"
            else:
                measured, drift, note = self._measured(rule, scenario, expected, report)
        if expected.kind == "silent":
            note = "; ".join(part for part in (f"theory is silent: {expected.reason}", note) if part)
        under = condition(scenario)
        if measured is not None and len(measured.intensities) > 1:
            products = ", ".join(f"{product:g}" for product in EXTRAPOLATED)
            under = under.replace(
                f"intensity {scenario.update.intensity:g}", f"intensity x max|u| = {products}, extrapolated to 0"
            )
        return Row(rule, under, expected, measured, drift, _verdict(expected, measured), note)

    def _measured(
        self, rule: str, scenario: Scenario, expected: Expectation, report: Report | None
    ) -> tuple[Measured | None, DriftRatio | None, str]:
        error, drift = PRECISION[self.precision], None
        weak_enough = scenario.update.intensity * abs(expected.value) <= STRONGEST
        try:
            if rule == "network":
                drift = neutral_drift(scenario, seed=self.seed, relative_error=error)
                if not (_regular(scenario, self.seed) and weak_enough):
                    return extrapolated(scenario, seed=self.seed, relative_error=error, report=report), drift, ""
            return crossing(scenario, seed=self.seed, relative_error=error, report=report), drift, ""
        except NoCrossing as nothing:
            return None, drift, str(nothing)

    def table(self, results: list[Row]) -> list[dict[str, Any]]:
        """One row a rule; numbers are floats, empty cells are None."""
        rows = []
        for row in results:
            found = row.measured
            cells = (
                row.rule, row.condition, _number(row.expected.value), _number(row.expected.limit),
                found and found.value, found and found.low, found and found.high, row.verdict,
            )  # fmt: skip
            rows.append(dict(zip(COLUMNS, cells, strict=True)))
        return rows

    def reading(self, results: list[Row]) -> str:
        """What the table says, and what it does not."""
        agreed = sum(row.verdict == "agrees" for row in results)
        return (
            f"Measured and exact critical ratios agree for {agreed} of {len(results)} rules. The ratio is where "
            "cooperators take over from defectors as often as defectors do from cooperators, under weak selection. It "
            "holds for these populations and update rules; the textbook's inequality is its limit for infinite ones. "
            "It says nothing about how a single run ends, nor about rules that act together."
        )

    def figure(self, results: list[Row]) -> Figure:
        """Five panels, one a rule, and a key."""
        from coop_abm.experiments.five_rules_figure import figure

        return figure(results, self.precision, self.seed)

    def save(self, results: list[Row], folder: Path) -> list[Path]:
        """Write five_rules.csv, .png, .svg and provenance.json."""
        from coop_abm import figures

        place = output.folder(folder)
        paths = [
            output.write_text(place / "five_rules.csv", _csv(self.table(results))),
            output.write_json(place / "provenance.json", self.provenance(results)),
        ]
        return paths + figures.save(self.figure(results), place, "five_rules")

    def provenance(self, results: list[Row]) -> dict[str, Any]:
        """Everything needed to make the table again, and what it was read from."""
        details = {}
        for row in results:
            found, drift = row.measured, row.drift
            details[row.rule] = {
                "condition": row.condition,
                "expected": row.expected._asdict(),
                "verdict": row.verdict,
                "note": row.note,
                "measured": found and _estimate(found),
                "neutral_drift": drift and _estimate(drift),
                "points": found
                and [
                    {
                        "intensity": intensity, "ratio": point.ratio, "value": point.value, "error": point.error,
                        "rho_cooperators": point.cooperators._asdict(),
                        "rho_defectors": point.defectors and point.defectors._asdict(),
                    }
                    for intensity, points in zip(found.intensities, found.points, strict=True)
                    for point in points
                ],
            }  # fmt: skip
        return provenance(
            self._scenarios, seed=self.seed, experiment=self.name, precision=self.precision, results=details
        )


def condition(scenario: Scenario) -> str:
    """Process, size, channel and update rule, in a few words."""
    parts = [f"{scenario.update.kind}, intensity {scenario.update.intensity:g}"]
    if scenario.kin.enabled:
        parts.append(f"channel {scenario.kin.channel}, r = {scenario.kin.relatedness:g}")
    if scenario.direct.enabled:
        parts.append(f"tit-for-tat, w = {scenario.direct.continuation:g}")
    if scenario.indirect.enabled:
        parts.append(f"assessment {scenario.indirect.assessment.kind}, q = {scenario.indirect.visibility:g}")
    if scenario.group.enabled:
        n = scenario.group.size
        parts.append(f"groups n = {n}, m = {scenario.size // n}, q_split = {scenario.group.split:g}")
    elif scenario.network.enabled:
        parts.append(f"{_graph_words(scenario)}, N = {scenario.size}")
    else:
        parts.append(f"well-mixed, N = {scenario.size}")
    return "; ".join(reversed(parts))


def _graph_words(scenario: Scenario) -> str:
    graph = scenario.network.graph
    if graph.kind == "torus":
        rows, columns = graph.shape(scenario.size)
        return f"{rows}x{columns} torus, {graph.neighbours} neighbours"
    if graph.kind == "edges":
        weighted = any(edge[2] != 1 for edge in graph.edges)
        return f"{graph.source or 'own graph'}, {'weighted' if weighted else 'unweighted'}"
    return graph.kind


def _regular(scenario: Scenario, seed: int) -> bool:
    answers = scenario.answers(seed)
    return len(answers.weight) == 0 and len(set(answers.strength().tolist())) == 1


def _verdict(expected: Expectation, measured: Measured | None) -> str:
    exact = expected.value
    if expected.kind in ("spite", "never"):
        return "no threshold"
    if measured is None or math.isnan(exact) or (measured.high - measured.low) / 2 > TOLERANCE * exact:
        return "undecided"
    return "agrees" if abs(measured.value - exact) <= max(TOLERANCE * exact, 3 * measured.error) else "differs"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: output.cell(value) for name, value in row.items()})
    return text.getvalue()


def _estimate(found: Measured | DriftRatio) -> dict[str, float]:
    return {name: getattr(found, name) for name in ("value", "error", "low", "high", "runs")}


def _part(report: Report | None, rule: str, before: float, share: float) -> Report | None:
    if report is None:
        return None
    outer = report
    return lambda words, done: outer(f"{rule}: {words}", before + share * done)
