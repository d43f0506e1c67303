"""The report on one graph as an experiment with options of its own: graphs by name, measured and exact ratios."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from coop_abm.core.part import Part, knob
from coop_abm.experiments.base import Column, Found, Report
from coop_abm.experiments.threshold import DRAWN, Row, Threshold, found_graph
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory.advice import Advice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Measured and exact may differ by so much, as a share, or by three standard errors.
TOLERANCE = 0.02


class Options(Part):
    """What can be chosen; other graphs have the page Structure, and ``coop-abm threshold FILE``."""

    graph: Literal[
        "karate", "les_miserables", "davis_southern_women", "florentine_families", "petersen", "dodecahedral",
        "barabasi_albert", "caveman", "random_regular", "ring", "star", "torus", "watts_strogatz", "wheel",
    ] = knob("karate", "graph", help="a well-known network, or a kind of graph that is drawn")  # fmt: skip
    size: int = knob(100, "individuals", low=4, high=1000, step=1, help="of a kind of graph that is drawn")
    update: Literal["all", "death_birth", "imitation", "birth_death", "pairwise_comparison"] = knob(
        "all", "update rule", help="who is copied, and when; all: a row for each"
    )
    payoff: Literal["averaged", "accumulated"] = knob("averaged", "payoff", help="over the neighbours")
    precision: float = knob(
        0.02, "precision", low=0.005, high=0.5, step=0.005, help="standard error to reach, as a share of the ratio"
    )
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="the same seed gives the same table")


class Answer(NamedTuple):
    """The rows of the table, and the advice if it was asked for."""

    rows: list[Row]
    advice: Advice | None


class GraphReport:
    """What one graph asks of cooperation, under each update rule.

    Parameters
    ----------
    options : which graph, which update rules, how sharp
    """

    name: ClassVar[str] = "threshold"
    question: ClassVar[str] = "What does this graph ask of cooperation?"
    options: ClassVar[type[Part]] = Options
    quick: ClassVar[Mapping[str, Any]] = {"graph": "petersen", "precision": 0.05}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("update", "update rule"),
        Column("thumb", "rule of thumb", "k, k + 2 or never, by the mean degree k of large regular graphs", "theory"),
        Column("exact", "exact b/c", "for this very graph, under weak selection", "theory"),
        Column("measured", "measured b/c", "by running the update rule itself", "ours"),
        Column("low", "low", "", "low"),
        Column("high", "high", "", "high"),
        Column("verdict", "verdict", "agrees: within 2 %, or three standard errors, of the exact ratio", "verdict"),
        Column("meaning", "meaning"),
    )

    def __init__(self, options: Options | None = None):
        self.chose = options or Options()
        chose = self.chose
        knobs = {"size": chose.size} if chose.graph in DRAWN else {}
        self._graph = found_graph(chose.graph, seed=chose.seed, knobs=knobs)
        self._inner = Threshold(
            chose.graph, self._graph, chose.update, chose.payoff, chose.precision, seed=chose.seed
        )  # fmt: skip

    @classmethod
    def chosen(cls, options: Options) -> Self:
        """The experiment with these options."""
        return cls(options)

    def scenarios(self) -> dict[str, Scenario]:
        """The worlds that are measured, by update rule."""
        world = on_graph(named("network").model_copy(update={"name": ""}), self._graph)
        return {rule: replace(world, {"update": rule, "payoff": self.chose.payoff}) for rule in self._inner.updates}

    def measure(self, report: Report | None = None, found: Found | None = None) -> Answer:
        """Exact and measured ratios, update rule by update rule."""
        return Answer(*self._inner.measure(report))

    def table(self, results: Answer) -> list[dict[str, Any]]:
        """One row an update rule; numbers that are none are None."""
        rows = []
        for row in results.rows:
            cells = (
                row.update.replace("_", " "), _shown(row.thumb), _shown(row.exact), _shown(row.measured),
                _shown(row.low), _shown(row.high), _verdict(row), row.words,
            )  # fmt: skip
            rows.append(dict(zip((column.name for column in self.columns), cells, strict=True)))
        return rows

    def reading(self, results: Answer) -> str:
        """What the table says, and what it does not."""
        facts = self._inner.facts()
        return (
            f"{self.chose.graph.replace('_', ' ')}: {facts['nodes']:,} nodes, {facts['edges']:,} edges, "
            f"{facts['degree_mean']:.3g} neighbours on average. The rule of thumb is for large regular graphs and "
            "may be far off on others. All ratios are about weak selection: above them a single cooperator takes over "
            "more often than a neutral one would. A ratio below zero means that spite is favoured. They say nothing of "
            "strong selection, or of how one run ends."
        )

    def figure(self, results: Answer) -> Figure:
        """Degrees of the graph, and what it asks of cooperation beside the rule of thumb."""
        return self._inner.figure(results.rows)

    def save(self, results: Answer, folder: Path) -> list[Path]:
        """Write threshold.json, .csv, .png, .svg and provenance.json."""
        import csv
        import io

        from coop_abm import output

        text = io.StringIO()
        writer = csv.DictWriter(text, [column.name for column in self.columns], lineterminator="\n")
        writer.writeheader()
        for row in self.table(results):
            writer.writerow({name: output.cell(value) for name, value in row.items()})
        place = output.folder(folder)
        paths = self._inner.save(results.rows, results.advice, place)
        return [output.write_text(place / "threshold.csv", text.getvalue()), *paths]


def _shown(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return "never" if math.isinf(value) else value


def _verdict(row: Row) -> str:
    if math.isnan(row.exact) or math.isnan(row.measured):
        return "undecided" if math.isfinite(row.exact) or math.isnan(row.exact) else "no threshold"
    error = (row.high - row.low) / (2 * 1.96)
    return "agrees" if abs(row.measured - row.exact) <= max(TOLERANCE * abs(row.exact), 3 * error) else "differs"
