"""Image scoring: can help go round among strangers who know of each other only whether they have helped?

The simulations of Nowak and Sigmund [NowakSigmund1998], each beside the same world in which nobody but the
recipient sees what is done: without mutation from a random mix, with mutation in the long run, and with ten
observers of each interaction in populations of 20, 50 and 100.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from coop_abm import output
from coop_abm.core.errors import InputError
from coop_abm.core.part import Part, knob
from coop_abm.engine.image_scoring import LARGEST, STRATEGIES, Images, ScoringSociety, images
from coop_abm.experiments import base
from coop_abm.experiments.base import Column, Report
from coop_abm.scenario.provenance import provenance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: A run is cooperative, or not, where help is given more, or less, often than this.
HIGH, LOW = 0.9, 0.1
#: Sizes and observers of the third simulation; each individual gives ten times a generation on average.
SIZES, FEW, PER_HEAD = (20, 50, 100), 10, 10
#: Runs of each condition; generations of a run without mutation; how many times shorter runs with few observers are.
RUNS, SETTLING, SHORTER = 16, 500, 5
#: Runs without mutation, each of which ends in one strategy.
ENDINGS = 400
#: Rows of a recorded run.
ROWS = 500
COLUMNS = (
    "condition", "size", "interactions", "observers", "mutation", "runs", "generations", "cooperation", "low", "high",
    "cooperative", "refusing", "mean_k", *(f"k{k}" for k in STRATEGIES),
)  # fmt: skip


class Options(Part):
    """What can be chosen."""

    size: int = knob(100, "individuals", low=3, high=LARGEST, step=1, help="in the worlds that all observe")
    interactions: int = knob(125, "interactions", low=1, high=1_000_000, step=1, help="in each generation")
    mutation: float = knob(0.001, "mutation", low=0, high=1, step=0.001, help="an offspring draws any strategy")
    generations: int = knob(
        50_000, "generations", low=1, high=10_000_000, step=2500, help="of each run with mutation, in steps of 2,500"
    )
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="the same seed gives the same table")


class Row(NamedTuple):
    """One condition.

    cooperation, low, high : mean share of help over runs, and its 95 % interval
    cooperative, refusing  : share of blocks of generations in which more than 0.9, less than 0.1, of help is given;
                             without mutation only the last block of each run counts
    share : mean share of each strategy
    """

    condition: str
    society: ScoringSociety
    runs: int
    generations: int
    cooperation: float
    low: float
    high: float
    cooperative: float
    refusing: float
    share: tuple[float, ...]

    @property
    def mean_k(self) -> float:
        """The mean strategy."""
        return float(np.dot(self.share, STRATEGIES))


class Found(NamedTuple):
    """The rows of the table, and one run with mutation as a series."""

    rows: list[Row]
    series: Images


class ImageScoring:
    """Measure cooperation by image scoring, with and without mutation and with few observers.

    Parameters
    ----------
    society     : the world with mutation; the others follow from it
    generations : of each run with mutation, rounded up to a multiple of 2,500; of those with few observers a fifth
    seed        : root seed
    """

    name: ClassVar[str] = "image-scoring"
    question: ClassVar[str] = "Can help go round among strangers who know only who has helped?"
    options: ClassVar[type[Part]] = Options
    quick: ClassVar[Mapping[str, Any]] = {"generations": SHORTER * ROWS}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("condition", "condition", "seen by all, by few, or only by the recipient (unseen)"),
        Column("size", "individuals"),
        Column("interactions", "interactions", "in each generation"),
        Column("observers", "observers", "of each interaction, besides the recipient"),
        Column("mutation", "mutation"),
        Column("runs", "runs"),
        Column("generations", "generations", "of each run"),
        Column("cooperation", "help given", "mean share of interactions in which help is given", "ours"),
        Column("low", "low", "", "low"),
        Column("high", "high", "", "high"),
        Column("cooperative", "mostly help", "share of times at which more than 0.9 of help is given"),
        Column("refusing", "mostly refusal", "share of times at which less than 0.1 of help is given"),
        Column("mean_k", "mean k", "the mean strategy: k at or below 0 helps strangers"),
        *(Column(f"k{k}", f"k = {k}", f"mean share of those who help scores of {k} and above") for k in STRATEGIES),
    )

    def __init__(self, society: ScoringSociety | None = None, *, generations: int = 50_000, seed: int = 0):
        if not 1 <= generations <= 10**9:
            raise InputError(f"generations must lie in [1, 1,000,000,000]; got {generations}")
        self.society, self.seed = society or ScoringSociety(), seed
        self.generations = -(-generations // (SHORTER * ROWS)) * SHORTER * ROWS

    @classmethod
    def chosen(cls, options: Options) -> Self:
        """The experiment with these options."""
        own = {name: getattr(options, name) for name in ("size", "interactions", "mutation")}
        return cls(ScoringSociety(**own), generations=options.generations, seed=options.seed)

    def scenarios(self) -> dict[str, ScoringSociety]:
        """The worlds that are measured, by name of the condition."""
        own, still = self.society, self.society.model_copy(update={"mutation": 0.0})
        found = {"no mutation": still, "with mutation": own}
        found |= {f"{name}, unseen": world.model_copy(update={"observers": 0}) for name, world in found.items()}
        for size in SIZES:
            few = {"size": size, "interactions": PER_HEAD * size, "observers": FEW}
            found[f"{FEW} observers, n = {size}"] = own.model_copy(update=few)
        return found

    def measure(self, report: Report | None = None, found: base.Found | None = None) -> Found:
        """Run every condition."""
        worlds = self.scenarios()
        work = [self._work(name, world) for name, world in worlds.items()]
        rows, series, before = [], None, 0.0
        for cell, (name, world) in enumerate(worlds.items()):
            share = work[cell] / sum(work)
            runs, generations = self._runs(name)
            recorded = images(
                world, generations, replicates=runs, every=generations // ROWS, seed=self.seed, cell=(cell,),
                progress=_part(report, name, before, share),
            )  # fmt: skip
            rows.append(_row(name, world, recorded, generations))
            if name == "with mutation":
                series = Images(recorded.generation, recorded.cooperation[:1], recorded.share[:1])
            before += share
            if found and series is not None:
                found(Found(rows, series))
        assert series is not None
        return Found(rows, series)

    def _runs(self, name: str) -> tuple[int, int]:
        if name.startswith("no mutation"):
            return ENDINGS, SETTLING
        return RUNS, self.generations // SHORTER if "observers" in name else self.generations

    def _work(self, name: str, world: ScoringSociety) -> float:
        runs, generations = self._runs(name)
        watched = world.observers if world.observers < world.size - 2 else 0
        return float(runs * generations * world.interactions * (1 + 0.5 * watched))

    def table(self, results: Found) -> list[dict[str, Any]]:
        """One row a condition."""
        found = []
        for row in results.rows:
            world = row.society
            everybody = world.observers >= world.size - 2
            cells = (
                row.condition, world.size, world.interactions, "all" if everybody else world.observers, world.mutation,
                row.runs, row.generations, row.cooperation, row.low, row.high, row.cooperative, row.refusing,
                row.mean_k, *row.share,
            )  # fmt: skip
            found.append(dict(zip(COLUMNS, cells, strict=True)))
        return found

    def reading(self, results: Found) -> str:
        """What the table says, and what it does not."""
        rows = {row.condition: row for row in results.rows}
        seen, unseen = rows["with mutation"].cooperation, rows["with mutation, unseen"].cooperation
        few = ", ".join(f"{rows[f'{FEW} observers, n = {n}'].cooperation:.2f} among {n}" for n in SIZES)
        return (
            f"With mutation, help is given in {100 * seen:.0f} % of interactions where everybody sees it, and in "
            f"{100 * unseen:.0f} % where only the recipient does. With {FEW} observers of each interaction it is "
            f"{few}. Help comes and goes, so short runs say little: the intervals are over runs of this length. The "
            "paper shows single runs and few numbers; what is compared are its claims, each beside a world in which "
            "nobody watches."
        )

    def figure(self, results: Found) -> Figure:
        """Cooperation and mean strategy over time; distribution of strategies; cooperation by size of population."""
        from coop_abm import figures

        with figures.drawing(2, 2, width=13.33, height=7.5) as (figure, grid):
            rows = {row.condition: row for row in results.rows}
            _series(grid[0, 0], results.series.generation, results.series.cooperation[0], "share of help given")
            grid[0, 0].set(ylim=(-0.03, 1.03), title=f"Help comes and goes (mutation {self.society.mutation:g})")
            _series(grid[1, 0], results.series.generation, results.series.mean_k[0], "mean strategy k")
            grid[1, 0].set(ylim=(-5.4, 6.4), xlabel="generation", title="Who is at or below 0 helps strangers")
            _strategies(grid[0, 1], rows)
            _sizes(grid[1, 1], rows)
            size, pairs = self.society.size, self.society.interactions
            figure.suptitle(
                f"Image scoring: {size} individuals, {pairs} interactions a generation",
                x=0.01, ha="left", fontsize=17, fontweight="bold",
            )  # fmt: skip
        return figure

    def save(self, results: Found, folder: Path) -> list[Path]:
        """Write image_scoring.csv, .png, .svg and provenance.json."""
        from coop_abm import figures

        place = output.folder(folder)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in self.table(results):
            writer.writerow({name: output.cell(value) for name, value in row.items()})
        worlds = {name: world.model_dump(mode="json") for name, world in self.scenarios().items()}
        record = provenance(
            {}, seed=self.seed, experiment=self.name, generations=self.generations, societies=worlds,
            results=self.table(results),
        )  # fmt: skip
        paths = [
            output.write_text(place / "image_scoring.csv", text.getvalue()),
            output.write_json(place / "provenance.json", record),
        ]
        return paths + figures.save(self.figure(results), place, "image_scoring")


def _row(name: str, world: ScoringSociety, recorded: Images, generations: int) -> Row:
    from scipy.stats import t

    settled = world.mutation == 0
    rows = slice(-1, None) if settled else slice(None)
    help_, share = recorded.cooperation[:, rows], recorded.share[:, rows]
    runs = help_.mean(axis=1)
    reach = t.ppf(0.975, len(runs) - 1) * runs.std(ddof=1) / math.sqrt(len(runs))
    mean = float(runs.mean())
    return Row(
        name, world, len(runs), generations, mean, max(mean - reach, 0.0), min(mean + reach, 1.0),
        float((help_ > HIGH).mean()), float((help_ < LOW).mean()), tuple(share.mean(axis=(0, 1)).tolist()),
    )  # fmt: skip


def _part(report: Report | None, name: str, before: float, share: float) -> Any:
    if report is None:
        return None
    outer = report
    return lambda done: outer(name, before + share * done)


# ------------------------------------------------------------------------------------ the figure


def _series(axes: Axes, time: np.ndarray, values: np.ndarray, label: str) -> None:
    from coop_abm import figures

    axes.plot(time, values, color=figures.COOPERATE, linewidth=1.1)
    axes.set(ylabel=label, xlim=(0, time[-1] + (time[1] if len(time) > 1 else 1)))


def _strategies(axes: Axes, rows: dict[str, Row]) -> None:
    """How common each strategy is in the long run, seen and unseen."""
    from matplotlib.patches import Patch

    from coop_abm import figures

    own, unseen = rows["with mutation"], rows["with mutation, unseen"]
    for k, share in zip(STRATEGIES.tolist(), own.share, strict=True):
        helps = k <= 0
        axes.bar(
            k, share, width=0.75, color=figures.COOPERATE if helps else figures.DEFECT,
            edgecolor=figures.COOPERATE if helps else figures.DEFECT_RING, hatch="" if helps else "//",
        )  # fmt: skip
    (line,) = axes.step(STRATEGIES, unseen.share, where="mid", color=figures.INK, linestyle=(0, (4, 2)), linewidth=1.4)
    axes.set(xlabel="strategy k: helps if the score is at least k", ylabel="mean share", xticks=STRATEGIES)
    axes.set_title("Strategies in the long run")
    keys = [
        Patch(facecolor=figures.COOPERATE, label="k ≤ 0: helps strangers"),
        Patch(facecolor=figures.DEFECT, edgecolor=figures.DEFECT_RING, hatch="//", label="k > 0: refuses strangers"),
        line,
    ]
    line.set_label("nobody watches")
    axes.margins(y=0.25)
    axes.legend(handles=keys, loc="upper left", frameon=False, fontsize=9, ncols=3, columnspacing=1.0, handlelength=1.6)


def _sizes(axes: Axes, rows: dict[str, Row]) -> None:
    """Cooperation with few observers, by size of the population, and without mutation."""
    from coop_abm import figures

    shown = [(f"n = {size}\n{FEW} observers", rows[f"{FEW} observers, n = {size}"]) for size in SIZES]
    shown += [("no mutation\nall watch", rows["no mutation"]), ("no mutation\nunseen", rows["no mutation, unseen"])]
    for x, (_, row) in enumerate(shown):
        reach = [[row.cooperation - row.low], [row.high - row.cooperation]]
        axes.errorbar(
            x,
            row.cooperation,
            yerr=reach,
            fmt="o",
            markersize=8,
            color=figures.COOPERATE,
            ecolor=figures.INK,
            capsize=4,
        )
        axes.annotate(
            f"{row.cooperation:.2f}", (x, row.cooperation), xytext=(9, 0), textcoords="offset points", va="center"
        )
    axes.set(ylim=(-0.05, 1.08), xlim=(-0.5, len(shown) - 0.3), ylabel="share of help given")
    axes.set_xticks(range(len(shown)), [words for words, _ in shown], fontsize=9.5)
    axes.set_title("Fewer strangers, more help (95 % intervals over runs)")
