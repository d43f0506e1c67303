"""The five rules: at which benefit-to-cost ratio does each let cooperation win?

For each rule alone the critical ratio is measured by simulation, without looking at theory, and held
against the exact prediction for this population and against the textbook's limit.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from coop_abm import output
from coop_abm.core.errors import InputError
from coop_abm.engine.crossing import (
    EXTRAPOLATED,
    Measured,
    NoCrossing,
    crossing,
    extrapolated,
)
from coop_abm.engine.drift import DriftRatio, neutral_drift
from coop_abm.experiments.base import Report
from coop_abm.scenario import library
from coop_abm.scenario.expectation import Expectation, expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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

    def __init__(self, *, precision: str = "default", seed: int = 0, graph: Any = None, weight: str | None = "weight"):
        if precision not in PRECISION:
            raise InputError(f"precision must be one of {', '.join(PRECISION)}; got {precision!r}")
        self.precision, self.seed = precision, seed
        self._scenarios = {rule: library.named(rule) for rule in RULES}
        if graph is not None:
            self._scenarios["network"] = on_graph(self._scenarios["network"], graph, weight=weight)

    def scenarios(self) -> dict[str, Scenario]:
        """The worlds that are measured, by name of the rule."""
        return dict(self._scenarios)

    def measure(self, report: Report | None = None) -> list[Row]:
        """Measure all five, in order."""
        rows, before = [], 0.0
        for rule, scenario in self._scenarios.items():
            share = _WORK[rule]
            inner = _part(report, rule, before, share)
            rows.append(self._row(rule, scenario, inner))
            before += share
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

    def figure(self, results: list[Row]) -> Figure:
        """Five panels, one a rule, and a key."""
        from coop_abm import figures

        with figures.drawing(3, 2, width=13.33, height=7.5) as (figure, grid):
            for axes, row in zip(grid.flat, results, strict=False):
                _panel(axes, row)
            _key(grid.flat[-1], self.precision, self.seed)
            figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.08)
            figure.suptitle(
                "Five rules for the evolution of cooperation: measured against exact theory",
                x=0.01, ha="left", fontsize=17, fontweight="bold",
            )  # fmt: skip
        return figure

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


# ------------------------------------------------------------------------------------ the figure

_HEADINGS = {
    "kin": ("Kin selection", "b/c > 1/r"),
    "direct": ("Direct reciprocity", "b/c > (2 − w)/w"),
    "indirect": ("Indirect reciprocity", "b/c > (2 − q)/q"),
    "network": ("Network reciprocity", "b/c > k"),
    "group": ("Group selection", "b/c > 1 + n/m"),
}


def _panel(axes: Axes, row: Row) -> None:
    from coop_abm import figures

    name, inequality = _HEADINGS[row.rule]
    axes.set_title(f"{name}:  {inequality}", pad=46)
    axes.set_xlabel("benefit-to-cost ratio  b/c")
    found, exact, limit = row.measured, row.expected.value, row.expected.limit
    if found is None:
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        words = {"no threshold": f"no threshold\n(critical ratio {exact:.4g})"}.get(
            row.verdict, f"{row.verdict}\n{row.note}"
        )
        axes.text(0.5, 0.5, words, ha="center", va="center", color=figures.MUTED, wrap=True)
        return
    axes.set_ylabel(r"$\rho_C - \rho_D$" if row.rule == "network" else r"$\ln(\rho_C / \rho_D)$")
    for points, shade in zip(found.points, (1.0, 0.65, 0.4), strict=False):
        for point in points:
            wins = point.value > 0
            axes.errorbar(
                point.ratio, point.value, yerr=1.96 * point.error, fmt="o" if wins else "s", markersize=7, alpha=shade,
                color=figures.COOPERATE if wins else figures.DEFECT, capsize=3, elinewidth=1.4,
                markeredgecolor=figures.COOPERATE if wins else figures.DEFECT_RING, ecolor=figures.INK, zorder=4,
            )  # fmt: skip
    x = [point.ratio for points in found.points for point in points] + [v for v in (exact, limit) if 0 < v < 1e3]
    room = 0.08 * (max(x) - min(x))
    low, high = min(x) - room, max(x) + room
    axes.set_xlim(low, high)
    axes.margins(y=0.18)
    for points in found.points:
        x, y = [point.ratio for point in points], [point.value for point in points]
        axes.plot(x, y, color=figures.LIMIT, linewidth=1, zorder=2)
    axes.axhline(0, color=figures.MUTED, linewidth=0.8, zorder=1)
    axes.axvspan(found.low, found.high, color=figures.COOPERATE, alpha=0.18, linewidth=0, zorder=1)
    axes.axvline(exact, color=figures.THEORY, linestyle=(0, (6, 4)), linewidth=1.6, zorder=3)
    if low < limit < high:
        axes.axvline(limit, color=figures.LIMIT, linestyle=(0, (1, 2)), linewidth=1.6, zorder=2)
    numbers = f"measured {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]  exact {exact:.3f}  limit {limit:.3f}"
    above = [
        axes.text(
            0, 1.1, "\n".join(row.condition.rsplit("; ", 1)), transform=axes.transAxes, va="bottom", fontsize=8,
            color=figures.MUTED, parse_math=False,
        ),
        axes.text(0, 1.02, numbers, transform=axes.transAxes, va="bottom", fontsize=9.5, color=figures.INK),
    ]  # fmt: skip
    for text in above:
        text.set_in_layout(False)  # there is room for it, and it must not narrow the panel


def _key(axes: Axes, precision: str, seed: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from coop_abm import figures

    axes.set_axis_off()
    entries = [
        Line2D([], [], marker="o", linestyle="", color=figures.COOPERATE, markersize=8),
        Line2D(
            [], [], marker="s", linestyle="", color=figures.DEFECT, markeredgecolor=figures.DEFECT_RING, markersize=8
        ),
        Patch(facecolor=figures.COOPERATE, alpha=0.18),
        Line2D([], [], color=figures.THEORY, linestyle=(0, (6, 4))),
        Line2D([], [], color=figures.LIMIT, linestyle=(0, (1, 2))),
    ]
    words = [
        "measured: cooperators take over more often",
        "measured: defectors take over more often",
        "measured crossing, 95 % interval",
        "exact theory for this population",
        "textbook limit (infinite, weak, rare)",
    ]
    axes.legend(entries, words, loc="upper left", frameon=False, fontsize=10.5, labelspacing=0.8, borderaxespad=0)
    beside = axes.text(
        0.02, 0.34,
        r"$\rho_C$: chance that cooperators take over from defectors" "\n"
        r"$\rho_D$: chance that defectors take over from cooperators" "\n"
        "Bars: 95 % intervals of the simulation\n"
        f"Donation game, exponential fitness\nPrecision {precision}, seed {seed}",
        transform=axes.transAxes, va="top", fontsize=9.5, color=figures.MUTED, linespacing=1.5,
    )  # fmt: skip
    beside.set_in_layout(False)
