"""Commons: what keeps a common resource alive, imitation of the successful or norms that are voted on?

The question of Gupta et al. [Gupta2025]: the two by two of social learning and group decision, with selfish, mixed and
altruistic starts in a rich and a scarce world; how strong punishment must be, how fast the resource must regrow; which
start does best where; and GovSim's fishery [Piatti2024] with its published scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from coop_abm.core.part import knob
from coop_abm.engine.commons import Commons
from coop_abm.experiments.base import Column
from coop_abm.experiments.commons_cells import (
    ARMS,
    GOVSIM,
    LIVING,
    MAKERS,
    PUBLISHED,
    REFERENCE,
    REFERENCE_FINES,
    REFERENCE_RATES,
    RICHNESS,
    Named,
)
from coop_abm.experiments.runs import Runs
from coop_abm.experiments.staged import NOTE, StagedExperiment, StagedOptions
from coop_abm.theory.inference import holm, mean_interval, paired_test

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class CommonsOptions(StagedOptions):
    """What can be chosen."""

    title = "commons"

    part: Literal["all", "ablation", "punishment", "regrowth", "restraint", "fishery"] = knob(
        "all", "part", help="which worlds: the ablation, a sweep, the three starts from scarce to rich, or the fishery"
    )
    rounds: int = knob(
        50, "rounds", low=2, high=1_000, step=10, help="how long a commons lasts at most; not the fishery"
    )
    size: int = knob(10, "users", low=2, high=100, step=1, help="of a commons; the fishery has five")


class CommonsExperiment(StagedExperiment):
    """The worlds of ``commons_cells.py``, held against what was published and against an offline reference."""

    name: ClassVar[str] = "commons"
    question: ClassVar[str] = "What keeps a common resource alive: imitating who does well, or voting on norms?"
    options: ClassVar = CommonsOptions
    quick: ClassVar[Mapping[str, Any]] = {"replications": 4, "part": "ablation"}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("cell", "world", "resource, start, and arm; full: social learning and group decision"),
        Column("survival", "T_s", "rounds until the stock collapses; all rounds where it does not", "ours"),
        Column("low", "low", "of T_s: Student's t over replications, within what is possible", "low"),
        Column("high", "high", "of T_s", "high"),
        Column("published", "published", "T_s, or months, of language models, see the reading", "theory"),
        Column("reference", "reference", "T_s of an independent offline program", "theory"),
        Column("sustained", "survives", "share of runs in which the stock did not collapse"),
        Column("efficiency", "yield", "efficiency: all harvests, as a share of rounds x maximum sustainable yield"),
        Column("over_use", "over-use", "share of harvests above an equal share of what the stock bore"),
        Column("gini", "Gini", "of what users took in all"),
        Column("gain", "harvest", "of a user in all rounds"),
        Column("alive", "alive", "share of users that live at the end"),
        Column("punishments", "punished", "how often in a run"),
        Column("norm_similarity", "similarity", "of proposals: mean pairwise cosine of runs of three characters"),
        Column("pressure", "alpha N / r", "what all take at full effort beside what a small stock grows by"),
        NOTE,
    )

    @property
    def rounds(self) -> int:
        """How long a commons lasts at most."""
        return self._asked.rounds

    @property
    def _asked(self) -> Any:
        return self.chosen_options

    def _named(self) -> dict[str, tuple[Named, Commons]]:
        options = self._asked
        found: dict[str, tuple[Named, Commons]] = {}
        for part, make in MAKERS.items():
            if options.part in ("all", part):
                found |= make(options.size, options.rounds)
        return found

    def cells(self) -> Mapping[str, Any]:
        """The worlds by name."""
        return {name: world for name, (_, world) in self._named().items()}

    @property
    def named(self) -> dict[str, Named]:
        """What each cell is about."""
        return {name: what for name, (what, _) in self._named().items()}

    # ------------------------------------------------------------------------------- the table

    def rows(self, results: Runs) -> list[dict[str, Any]]:
        """One row a world; then GovSim's published scores below ours of the fishery."""
        rows = [self._row(results, name) for name in results.whole]
        if any(self.named[name].part == "fishery" for name in results.whole):
            rows += [_published(line) for line in GOVSIM]
        return rows

    def _row(self, results: Runs, name: str) -> dict[str, Any]:
        what, world = self.named[name], self.worlds[name]
        interval = mean_interval(results.sample(name, "survival"))
        plain = ("sustained", "efficiency", "over_use", "gini", "gain", "alive", "punishments", "norm_similarity")
        row: dict[str, Any] = {"cell": name, "survival": interval.value}
        row |= {"low": max(interval.low, 0.0), "high": min(interval.high, float(world.horizon))}
        row |= {measure: _mean(results.sample(name, measure)) for measure in (*plain, "pressure")}
        if what.part == "fishery":
            row["efficiency"] = min(row["efficiency"], 1.0)
        if what.part == "ablation" and self.as_published:
            row["published"] = PUBLISHED.get((what.start, what.arm))
        row["reference"] = self.reference(what)
        return row

    @property
    def as_published(self) -> bool:
        """Are there as many users and rounds as in what ours is held against?"""
        return self._asked.rounds == 50 and self._asked.size == 10

    def reference(self, what: Named) -> float | None:
        """T_s of the offline reference; None where it has no such world."""
        if not self.as_published:
            return None
        if what.part == "ablation":
            found = REFERENCE.get((what.place, what.start))
            return found[list(ARMS).index(what.arm)][0] if found else None
        return {"punishment": REFERENCE_FINES, "regrowth": REFERENCE_RATES}.get(what.part, {}).get(what.x)

    # ------------------------------------------------------------------------------- the reading

    def says(self, results: Runs) -> str:
        """Which orders hold, by permutation of replications, and what this does not show."""
        said = [*self._of_arms(results), *self._of_sweeps(results), *self._of_starts(results), *self._of_fish(results)]
        said.append(
            "Limits: the preprint's resource, costs and learning rule are not public, so the numbers of our users are "
            "our own and only orders can be compared with its T_s of language models (50 rounds, 10 trials); rules "
            "propose norms from one template, so their similarity measures how near their numbers are, and says "
            "nothing of language models; intervals are Student's t over replications, and have no width where all "
            "runs agree."
        )
        return " ".join(said)

    def _of_arms(self, results: Runs) -> list[str]:
        found = []
        for place in ("rich", "scarce"):
            arms = {arm: f"{place}, selfish: {arm}" for arm in ARMS}
            if not all(name in results.whole for name in arms.values()):
                continue
            runs = {arm: results.sample(name, "survival") for arm, name in arms.items()}
            lesser = [arm for arm in ARMS if arm != "vote only"]
            tested = [paired_test(runs["vote only"], runs[arm], alternative="greater").p for arm in lesser]
            full = [
                paired_test(runs["full"], runs[arm], alternative="greater").p for arm in ("learning only", "neither")
            ]
            p = holm([*tested, *full]).tolist()
            means = ", ".join(f"{arm} {values.mean():.1f}" for arm, values in runs.items())
            found.append(
                f"Selfish users of a {place} resource, T_s: {means}; vote only above full {_p(p[0])}, above learning "
                f"only {_p(p[1])}, above neither {_p(p[2])}; full above learning only {_p(p[3])}, above "
                f"neither {_p(p[4])} (one-sided sign-flip tests of paired replications, Holm)."
            )
        altruistic = [n for n, what in self.named.items() if what.part == "ablation" and what.start == "altruistic"]
        whole = [name for name in altruistic if name in results.whole]
        if whole:
            lowest = min(float(results.sample(name, "sustained").mean()) for name in whole)
            found.append(
                f"From an altruistic start the resource survives in at least {100 * lowest:.0f} % of the runs of each "
                "arm."
            )
        return found

    def _of_sweeps(self, results: Runs) -> list[str]:
        words = {"punishment": "the fine", "regrowth": "regrowth"}
        found = []
        for part, called in words.items():
            names = [name for name, what in self.named.items() if what.part == part and name in results.whole]
            if len(names) > 1:
                ends = [float(results.sample(name, "survival").mean()) for name in (names[0], names[-1])]
                first, last = (self.named[name].x for name in (names[0], names[-1]))
                p = paired_test(
                    results.sample(names[-1], "survival"), results.sample(names[0], "survival"), alternative="greater"
                ).p
                found.append(
                    f"T_s rises with {called}: {ends[0]:.1f} at {first:g}, {ends[1]:.1f} at {last:g} ({_p(p)})."
                )
        return found

    def _of_starts(self, results: Runs) -> list[str]:
        found = []
        for arm in ("full", "neither"):
            told = [words for rate in RICHNESS if (words := self._at(results, arm, rate))]
            if told:
                found.append(f"{arm}: {'; '.join(told)}")
        if not found:
            return []
        return [
            f"Where living costs {LIVING:g} a round, the start whose users harvest most, with its mean in all rounds "
            f"and the share of users alive at the end: {'. '.join(found)}."
        ]

    def _at(self, results: Runs, arm: str, rate: float) -> str:
        """Which start does best in this arm at this regrowth; "" where not all three are there."""
        names = {
            what.start: name for name, what in self.named.items()
            if what.part == "restraint" and (what.arm, what.x) == (arm, rate) and name in results.whole
        }  # fmt: skip
        if len(names) < 3:
            return ""
        gains = {start: results.sample(name, "gain") for start, name in names.items()}
        best = max(gains, key=lambda start: float(gains[start].mean()))
        rivals = [paired_test(gains[best], gains[start], alternative="greater").p for start in gains if start != best]
        living = {start: float(results.sample(name, "alive").mean()) for start, name in names.items()}
        least = min(living, key=living.__getitem__)
        return (
            f"r = {rate:g} {best} ({gains[best].mean():.0f}, {100 * living[best]:.0f} % alive; above each of the "
            f"others {_p(max(rivals))}; fewest live of the {least}, {100 * living[least]:.0f} %)"
        )

    def _of_fish(self, results: Runs) -> list[str]:
        if not any(what.part == "fishery" and name in results.whole for name, what in self.named.items()):
            return []
        return [
            "In GovSim's fishery all who take f(t) fish for twelve months at efficiency 1 and whoever wipes it out in "
            "the first month has 20 tons each and efficiency 1/6; its published scores of language models (five seeds, "
            "with talk) stand below."
        ]

    # ------------------------------------------------------------------------------- pictures

    def view(self, results: Runs) -> dict[str, Any]:
        """One run of each arm of one start in one world, told round by round; {} where there is none."""
        from coop_abm.experiments.commons_view import shown

        return shown(self, results)

    def figure(self, results: Runs) -> Figure:
        """What there is of: T_s by arm, both sweeps, harvests by start, and GovSim's scores."""
        from coop_abm.experiments.commons_figure import drawn

        return drawn(self, results)


def _published(line: Any) -> dict[str, Any]:
    return {
        "cell": f"fishery: {line.model}", "published": line.months,
        "sustained": line.rate / 100, "efficiency": line.efficiency / 100, "gini": 1 - line.equality / 100,
        "over_use": line.over_use / 100,
    }  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if not math.isnan(value) else "no p"
