"""What does this graph ask of cooperation? A report on one graph: exact ratios, measured ones, the rule of thumb.

The rule of thumb (k, k + 2, never; k the mean degree) is for large regular graphs. What a graph really asks is
computed exactly where it has at most 5,000 nodes, and measured: by neutral drift, which runs the update rule itself,
on graphs of up to 1,000 nodes, and on larger ones by ancestral walks, which sample what the exact solver computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm import output
from coop_abm.core.dice import graph_seed
from coop_abm.core.errors import GraphError, InputError, NotAbsorbed, quoted
from coop_abm.core.part import kind_of as kind_of_part
from coop_abm.engine.drift import neutral_drift
from coop_abm.experiments.base import Report
from coop_abm.lab import check_seed
from coop_abm.ratios import advise
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.wording import declared
from coop_abm.structures import KINDS, Graph, read_graph
from coop_abm.structures.famous import FAMOUS, famous
from coop_abm.structures.files import READERS
from coop_abm.structures.graph import largest_piece
from coop_abm.theory import birth_death, coalescence, remeeting, thresholds
from coop_abm.theory.advice import Advice
from coop_abm.theory.ancestry import BACK_STEPS, PAYOFFS
from coop_abm.theory.arguments import number, one_of, whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Graphs up to this size are measured by neutral drift: a replicate takes about N^2 replacements.
DRIFTED = 1000
#: Replacements, or moves of walks, that one measurement may take: half a minute or so.
MOST_EVENTS, MOST_STEPS = 400_000_000, 4e9
#: Nodes of a generated graph where no size is asked for.
USUAL_SIZE = 100
#: Graphs that are drawn from a kind of our own; "edges" is what a file becomes, and directed ones have no ratio.
DRAWN: dict[str, Any] = {
    kind_of_part(kind): kind for kind in KINDS if kind_of_part(kind) != "edges" and not getattr(kind, "directed", False)
}
#: Update rules of the report, and what a user may ask for.
REPORTED = (*BACK_STEPS, "birth_death")
RULES = (*REPORTED, "all")


class Row(NamedTuple):
    """One update rule on this graph.

    exact    : (b/c)*, signed; NaN where it is not known
    law      : where it comes from, or why it is not known
    thumb    : rule of thumb from the mean degree
    off      : rule of thumb less the best known value, as a share of that; NaN where either is no threshold
    measured, low, high : by simulation, with its 95 % interval; NaN where it was not measured
    method   : "drift", "walks" or ""
    words    : what the best known value means, in one sentence
    """

    update: str
    exact: float
    law: str
    thumb: float
    off: float
    measured: float
    low: float
    high: float
    method: str
    words: str


def found_graph(
    name: str, *, weight: str | None = "weight", seed: int = 0, knobs: dict[str, Any] | None = None,
    largest_component: bool = False,
) -> Graph:  # fmt: skip
    """The graph that somebody means by a word: a file, a well-known graph, or a kind of our own with its knobs.

    Parameters
    ----------
    weight : edge attribute that is the weight, None for no weights
    seed   : draws a random kind, as in ``coop-abm run``
    knobs  : of a kind of our own: size, and what it declares
    largest_component : of a graph in several pieces, take the largest

    Raises
    ------
    GraphError, ScenarioError
        one line
    """
    given = dict(knobs or {})
    try:
        if name in DRAWN:
            size = whole("size", given.pop("size", USUAL_SIZE), 2, 10_000_000)
            return declared(DRAWN[name], given).build(size, graph_seed(seed, 0))
        if given:
            raise InputError(f"{sorted(given)[0]}: only a kind of graph has knobs: {', '.join(DRAWN)}")
        if name in FAMOUS:
            return famous(name, weight=weight)
        if Path(name).suffix.lower() in READERS or Path(name).exists():
            return read_graph(name, weight=weight)
    except GraphError as error:
        piece = largest_piece(error)
        if piece is None:
            raise
        if not largest_component:
            raise GraphError(f"{error}; --largest-component takes that one") from None
        return piece
    raise GraphError(
        f"{quoted(name)} is no graph: give a file ({', '.join(READERS)}), a well-known graph ({', '.join(FAMOUS)}) "
        f"or a kind ({', '.join(DRAWN)})"
    )


@dataclass(frozen=True)
class Threshold:
    """The experiment on one graph.

    name, graph : what it is called, and the graph itself
    update    : an update rule, or "all"
    payoff    : "averaged" or "accumulated"
    precision : standard error that a measurement tries to reach, as a share of the ratio
    measured  : is anything simulated?
    advised   : how many changes of single edges to name; 0 for none
    budget    : how many of them to answer exactly, at most; None for all
    keep_connected : leave out removals after which the graph falls apart
    """

    name: str
    graph: Graph
    update: str = "all"
    payoff: str = "averaged"
    precision: float = 0.01
    measured: bool = True
    advised: int = 0
    budget: int | None = None
    keep_connected: bool = True
    seed: int = 0

    question = "What does this graph ask of cooperation?"

    def __post_init__(self) -> None:
        one_of("update", self.update, RULES)
        one_of("payoff", self.payoff, PAYOFFS)
        number("precision", self.precision, 1e-4, 0.5)
        whole("advise", self.advised, 0, 10_000)
        if self.budget is not None:
            whole("budget", self.budget, 1)
        check_seed(self.seed)
        if self.advised and self.update == "birth_death":
            raise InputError(f"advise: update must be one of {', '.join(BACK_STEPS)}, all; got 'birth_death'")
        if self.advised and self.graph.size > coalescence.LARGEST:
            raise InputError(
                f"advise: needs exact ratios, of at most {coalescence.LARGEST:,} nodes; got {self.graph.size:,}"
            )

    @property
    def updates(self) -> tuple[str, ...]:
        """The update rules that were asked for."""
        return REPORTED if self.update == "all" else (self.update,)

    def facts(self) -> dict[str, Any]:
        """The graph in numbers: nodes, edges, degrees, weights, and what was changed when it was read."""
        degree, graph = self.graph.degree, self.graph
        weight = graph.weight if graph.weighted else np.ones(1)
        return {
            "name": self.name, "nodes": graph.size, "edges": int(degree.sum()) // 2, "components": 1,
            "degree_lowest": int(degree.min()), "degree_mean": graph.mean_degree, "degree_highest": int(degree.max()),
            "weighted": graph.weighted, "weight_lowest": float(weight.min()), "weight_highest": float(weight.max()),
            "digest": graph.digest(), "notes": list(graph.notes),
        }  # fmt: skip

    def measure(self, report: Report | None = None) -> tuple[list[Row], Advice | None]:
        """A row for each update rule, and the advice if it was asked for."""
        parts = len(self.updates) * (1 + self.measured) + bool(self.advised)
        stages = (_stage(report, at, parts) for at in range(parts))
        weights = None if self._closed else self.graph.weights_matrix()
        rows = []
        for update in self.updates:
            exact, law = self._exact(update, weights, next(stages)(f"exact: {_plain(update)}"))
            found: tuple[float, float, float, str] = (math.nan, math.nan, math.nan, "")
            if self.measured:
                found = self._measured(update, next(stages)(f"measuring: {_plain(update)}"))
            rows.append(self._row(update, exact, law, *found))
        if not self.advised:
            return rows, None
        advice = advise(
            self.graph, count=self.advised, budget=self.budget, update=self.updates[0], payoff=self.payoff,
            keep_connected=self.keep_connected, progress=next(stages)("trying changes of single edges"),
        )  # fmt: skip
        return rows, advice

    @property
    def _closed(self) -> bool:
        """Is there a closed form, so that no matrix is needed?"""
        return self.graph.regular is not None and not self.graph.weighted

    def _exact(self, update: str, weights: Any, progress: Callable[[float], None] | None) -> tuple[float, str]:
        degree, size = self.graph.regular, self.graph.size
        if self._closed and degree is not None:
            if update in ("pairwise_comparison", "birth_death"):
                return thresholds.birth_death(size), "closed form: as in a well-mixed population"
            formula = thresholds.death_birth if update == "death_birth" else thresholds.imitation
            return formula(degree, size), "closed form for regular graphs"
        if size > coalescence.LARGEST:
            return math.nan, f"exact walks take at most {coalescence.LARGEST:,} nodes"
        if update == "birth_death":
            return birth_death.critical_ratio(weights, payoff=self.payoff), "meeting times under birth-death updating"
        value = coalescence.critical_ratio(weights, update=update, payoff=self.payoff, progress=progress)
        return value, "coalescing random walks"

    def _measured(self, update: str, progress: Callable[[float], None] | None) -> tuple[float, float, float, str]:
        if self.graph.size <= DRIFTED:
            world = on_graph(named("network").model_copy(update={"name": ""}), self.graph)
            world = replace(world, {"update": update, "payoff": self.payoff})
            try:
                found = neutral_drift(world, seed=self.seed, relative_error=self.precision, most_events=MOST_EVENTS)
                return found.value, found.low, found.high, "drift"
            except NotAbsorbed:  # a long graph, which drift takes too long to cross; the row says "walks"
                pass
        if update == "birth_death":  # its lines do not move at one pace, so walks say nothing of it
            return math.nan, math.nan, math.nan, ""
        walked = remeeting.critical_ratio(
            self.graph.weights_matrix(), update=update, payoff=self.payoff, seed=self.seed,
            relative_error=self.precision, most_steps=MOST_STEPS, progress=progress,
        )  # fmt: skip
        return walked.value, walked.low, walked.high, "walks"

    def _row(self, update: str, exact: float, law: str, value: float, low: float, high: float, method: str) -> Row:
        best = value if math.isnan(exact) else exact
        thumb = rule_of_thumb(update, self.graph.mean_degree)
        off = (thumb - best) / best if math.isfinite(thumb) and math.isfinite(best) and best > 0 else math.nan
        words = "not known" if math.isnan(best) else coalescence.in_words(best)
        return Row(update, exact, law, thumb, off, value, low, high, method, words)

    def tree(self, rows: list[Row], advice: Advice | None) -> dict[str, Any]:
        """Everything as plain values; numbers that are not finite as words."""
        table = [{name: _spoken(value) for name, value in row._asdict().items()} for row in rows]
        found: dict[str, Any] = {"graph": self.facts(), "payoff": self.payoff, "seed": self.seed, "rows": table}
        if advice is not None:
            found["advice"] = {
                **advice._asdict(), "before": _spoken(advice.before), "update": self.updates[0],
                "changes": [{**change._asdict(), "value": _spoken(change.value)} for change in advice.changes],
            }  # fmt: skip
        return found

    def save(self, rows: list[Row], advice: Advice | None, folder: str | Path) -> list[Path]:
        """Write threshold.json, the figure as PNG and SVG, and provenance.json.

        Raises
        ------
        OutputError
            if the folder cannot be written to
        """
        from coop_abm import figures

        place, tree = output.folder(folder), self.tree(rows, advice)
        record = provenance(
            {}, seed=self.seed, graph=tree["graph"], payoff=self.payoff, update=self.update,
            precision=self.precision, measured=self.measured, budget=self.budget,
        )  # fmt: skip
        paths = [
            output.write_json(place / "threshold.json", tree),
            output.write_json(place / "provenance.json", record),
        ]
        return paths + figures.save(self.figure(rows), place, "threshold")

    def figure(self, rows: list[Row]) -> Figure:
        """Degrees of the graph, and what it asks of cooperation beside the rule of thumb."""
        from coop_abm.experiments.threshold_figure import figure

        return figure(self.name, self.graph, rows)


def rule_of_thumb(update: str, degree: float) -> float:
    """k, k + 2 or never, for k neighbours on average: the limit of large regular graphs."""
    return {"death_birth": degree, "imitation": degree + 2}.get(update, math.inf)


def _plain(update: str) -> str:
    return update.replace("_", " ")


def _spoken(value: Any) -> Any:
    """Numbers that JSON has no word for, as words."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    return value


def _stage(
    report: Report | None, at: int, parts: int
) -> Callable[[str], Callable[[float], None] | None]:  # fmt: skip
    """The progress of one part among several."""

    def begin(words: str) -> Callable[[float], None] | None:
        if report is None:
            return None
        report(words, at / parts)
        return lambda share: report(words, (at + share) / parts)

    return begin
