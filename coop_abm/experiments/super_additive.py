"""Super-additive cooperation: do repeated interactions and group competition together do more than either alone?

Teams play an iterated prisoner's dilemma that can be left, under the published conditions RI, GC and SA, the fourth
cell that completes the 2 x 2 (neither), and two controls that take apart what the published conditions change at once.

References
----------
ToniniGalke2025
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from coop_abm import output
from coop_abm.core.part import knob
from coop_abm.engine.staged import play
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.experiments.base import Column
from coop_abm.experiments.runs import Runs
from coop_abm.experiments.staged import NOTE, StagedExperiment, StagedOptions
from coop_abm.experiments.super_additive_numbers import (
    ADDED,
    CONDITIONS,
    CONTROLS,
    LEVEL,
    MEASURES,
    MODELS,
    NO_SHARES,
    PROFILE,
    STATED_EFFECT,
    adjusted,
    contrast,
    excess,
    fewest,
    least,
    published_of,
    rate,
    stated_power,
)  # fmt: skip
from coop_abm.experiments.super_additive_presets import PRESETS, world_of
from coop_abm.experiments.super_additive_view import shown
from coop_abm.scenario.deciders import STANDING_IN, TABLE
from coop_abm.scenario.minds import STAND_IN, Mind, Model, Team
from coop_abm.scenario.wording import declared
from coop_abm.strategies.team import Coin, Teammate, WalkAway, spelled
from coop_abm.theory.inference import SuperAdditivity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Replications of the offline twin that stands beside a run of models.
TWINS = 20
#: Who plays offline (ours): in each team one who cares for it, one who reciprocates and walks away, one at random.
OFFLINE = (
    Entry(strategy=Teammate()), Entry(strategy=WalkAway()), Entry(strategy=Coin(p=0.3))
)  # fmt: skip


class Options(StagedOptions):
    """What can be chosen. Everything of the world can be, as ``world.rounds=10``."""

    preset: Literal["reference", "procurement", "customer_success", "logistics"] = knob(
        "reference", "preset", help="an application with payoffs in its own units; reference: the published one"
    )
    controls: bool = knob(
        True, "controls", help="two more cells: GC with the pairs of SA; SA with matches of one round"
    )
    world: TeamTournament = knob(
        TeamTournament(players=OFFLINE, slips=0.05), "tournament", help="what all conditions share"
    )


class SuperAdditive(StagedExperiment):
    """Measure cooperation of teams under repeated interactions, group competition, both and neither."""

    name: ClassVar[str] = "super_additive"
    question: ClassVar[str] = "Do teams and rematches together make more cooperation than either alone?"
    options: ClassVar[type[Options]] = Options
    quick: ClassVar[dict[str, Any]] = {"replications": 8, "controls": False}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("condition", "condition", "none, RI, GC, SA, controls, and what SA adds to the better of RI and GC"),
        Column(
            "measure",
            "cooperation",
            "mu_c: share of all moves; as coded: mean of the rate so far in a match; mu_osc: in first rounds",
        ),
        Column("ours", "ours", "mean over replications", "ours"),
        Column("low", "low", "", "low"),
        Column("high", "high", "", "high"),
        Column("within", "within teams", "the same of matches between team-mates"),
        Column("between", "between teams", "the same of matches between rivals"),
        Column("offline", "offline", "the same world played by its strategies' tables"),
        *(
            Column(model, model, "published, with the paper's 95 % interval over rounds or events", "theory")
            for model in MODELS
        ),
        Column(
            "p",
            "single p",
            "is SA above each of the others? intersection-union of permutation tests by replication; not raised by "
            "Holm's method, which the reading does",
        ),
        Column("players", "players", "who decides for whom, where seats have policies of their own"),
        NOTE,
    )

    def cells(self) -> dict[str, TeamTournament]:
        """The four conditions of the 2 x 2, and the controls."""
        chosen = self.chosen_options
        world = world_of(chosen.preset, chosen.world)
        found = {name: {"condition": condition} for name, condition in CONDITIONS.items()}
        found |= CONTROLS if chosen.controls else {}
        return {name: declared(TeamTournament, world.model_dump() | knobs) for name, knobs in found.items()}

    # ------------------------------------------------------------------------------- the table

    def rows(self, results: Runs) -> list[dict[str, Any]]:
        """Three rows for each condition, and three for what SA adds."""
        found = [self._row(results, cell, measure) for cell in results.whole for measure in MEASURES]
        found += [row for measure in MEASURES for row in self._added(results, measure)]
        return [row | {"players": self.mixed or None} for row in found]

    def _row(self, results: Runs, cell: str, measure: str) -> dict[str, Any]:
        own = rate(results, cell, measure)
        row = {"condition": cell, "measure": MEASURES[measure], "ours": own.value, "low": own.low, "high": own.high,
               "within": rate(results, cell, f"{measure}_intra").value,
               "between": rate(results, cell, f"{measure}_inter").value,
               "offline": self._offline(cell, measure, own.value)}  # fmt: skip
        for model in MODELS:
            told = published_of(model, measure, cell)
            row[model] = None if told is None else f"{told[0]:.2f} [{_short(told[1])}, {_short(told[2])}]"
        return row

    def _added(self, results: Runs, measure: str) -> list[dict[str, Any]]:
        found = contrast(results, measure, paired=self.paired)
        if found is None:
            return []
        offline = [self._offline(cell, measure, rate(results, cell, measure).value) for cell in ("SA", "RI", "GC")]
        row: dict[str, Any] = {
            "condition": ADDED, "measure": MEASURES[measure], "ours": found.value, "low": found.low,
            "high": found.high, "offline": offline[0] - max(offline[1:]), "p": found.test.p,
        }  # fmt: skip
        rows = [row | {model: f"{excess(model, measure):+.2f}" for model in MODELS}]
        control = self._control(results, measure)
        if control is not None:
            rows.append({
                "condition": "SA − GC with all pairs", "measure": MEASURES[measure], "ours": control.value,
                "low": control.low, "high": control.high, "p": control.test.p,
            })  # fmt: skip
        return rows

    @property
    def paired(self) -> bool:
        """Do replications with the same number share their chance in all cells? Tables and stand-ins do."""
        return all(map(_ruled, self._minds))

    @property
    def _minds(self) -> tuple[Mind, ...]:
        """Who decides for each entry of the players; planners are those who plan."""
        minds = [entry.policy for entry in next(iter(self.worlds.values())).players]
        return tuple(mind.inner if isinstance(mind, Team) else mind for mind in minds)

    @property
    def mixed(self) -> str:
        """Who decides, by the entries of the players, where not all are decided for alike; "" where they are."""
        given = self.chosen_options.world.players
        if all(entry.policy.tabled for entry in given):
            return ""
        usual = "rules" if self.policy == TABLE else "rules through prompts"
        seats: dict[str, list[str]] = {}
        for at, (entry, mind) in enumerate(zip(given, self._minds, strict=True)):
            seats.setdefault(usual if entry.policy.tabled else mind.label(spelled(entry.strategy)), []).append(str(at))
        return "; ".join(f"players {', '.join(places)}: {name}" for name, places in seats.items())

    def _control(self, results: Runs, measure: str) -> SuperAdditivity | None:
        """SA beside GC with the same pairs, where that was played."""
        return contrast(results, measure, "SA", ("GC, all pairs",), paired=self.paired)

    def _offline(self, cell: str, measure: str, ours: float | None) -> Any:
        """The mean of the offline twin; what was measured, where tables were measured."""
        if not self.asks:
            return ours
        if not hasattr(self, "_twins"):
            self._twins = {name: self._twin(world) for name, world in self.worlds.items()}
        return self._twins[cell][measure]

    def _twin(self, world: TeamTournament) -> dict[str, float]:
        tabled = world.by_tables()
        runs = [play(tabled.start(self.seed, r), tabled.table()).measures()
                for r in range(min(self.replications, TWINS))]  # fmt: skip
        return {measure: float(np.mean([run[measure] for run in runs])) for measure in MEASURES}

    # ------------------------------------------------------------------------------- words and files

    def says(self, results: Runs) -> str:
        """What the table says, and what it does not."""
        told = [*self._of_the_preset(), self._verdict(results, "mu_c"), self._verdict(results, "mu_osc")]
        control = self._control(results, "mu_c")
        confounded = "SA and GC differ in more than their goal: in GC nobody meets a team-mate. "
        if control is not None:
            confounded += (
                f"With the pairs of SA, GC reaches {rate(results, 'GC, all pairs', 'mu_c').value:.2f}, so that "
                f"{control.value:+.2f} [{control.low:.2f}, {control.high:.2f}] of what SA has more than GC is left; "
                "compare within with within and between with between. "
            )
        else:
            confounded += "Compare the columns within and between teams before reading the pooled rate. "
        told.append(confounded.strip())
        told.append(
            "The published intervals count rounds and first moves as independent; ours count replications. "
            "Published rates are of three language models with five replications of 2 x 3 players; " + self._played()
        )
        return " ".join(part for part in told if part)

    def _played(self) -> str:
        """Who played, at the end of a sentence."""
        if not self.asks:
            return "ours are of rules, which care for a team because they were written so, and say nothing of models."
        silent = " They are rules, in part played through the prompts of a model, and say nothing of models."
        if self.mixed:
            return f"ours are of different players ({self.mixed})." + (silent if self.paired else "")
        if self.policy == STANDING_IN:
            return "ours are of rules that were played through the prompts of a model, and say nothing of models."
        return f"ours are of {self.policy}."

    def _of_the_preset(self) -> list[str]:
        preset = PRESETS[self.chosen_options.preset]
        if self.chosen_options.preset == "reference":
            return []
        (reward, sucker), (temptation, punishment) = next(iter(self.worlds.values())).payoffs.tolist()
        return [
            f"{preset.title[0].upper()}{preset.title[1:]}: to cooperate is to {preset.cooperate}, to defect to "
            f"{preset.defect}. Both cooperate: {reward:g} each; both defect: {punishment:g} each; one alone "
            f"cooperates: {sucker:g} for it, {temptation:g} for the other ({preset.unit}). These payoffs are stated, "
            "not estimated."
        ]

    def _verdict(self, results: Runs, measure: str) -> str:
        found = contrast(results, measure, paired=self.paired)
        if found is None:
            return ""
        p = adjusted(results, paired=self.paired)[measure]
        what = {"mu_c": "overall cooperation", "mu_osc": "cooperation in first moves"}[measure]
        said = (
            f"SA {'is' if p <= LEVEL else 'is not shown to be'} above both RI and GC in {what}: "
            f"{found.value:+.2f} [{found.low:.2f}, {found.high:.2f}], p = {p:.2g} (intersection-union by "
            f"replication, both measures by Holm's method; the smallest possible here is {least(found):.2g})."
        )
        enough = fewest(paired=self.paired)
        if results.wanted < enough:
            return said + (
                f" With {results.wanted} replications this test can never be positive, whatever the effect; "
                f"{enough} are the fewest."
            )
        chance = stated_power(results, measure, paired=self.paired)
        return said + (
            f" With these replications and their spread an effect of {STATED_EFFECT:g} (the published one of Qwen3) is "
            f"found in {100 * chance:.0f} % (Holm's method included)."
        )

    def figure(self, results: Runs) -> Figure:
        """Ours beside the published rates; within and between teams; which strategies are played."""
        from coop_abm.experiments.super_additive_figure import figure

        return figure(self, results)

    def view(self, results: Runs) -> dict[str, Any]:
        """One tournament of each condition, match by match, for the view that is special to this experiment."""
        return {"runs": [shown(cell, self.story(cell, 0)) for cell in results.whole]}

    def written(self, results: Runs) -> tuple[list[str], list[dict[str, Any]]]:
        """The table with published values and both ends of their intervals as numbers, in columns of their own."""
        names, rows = super().written(results)
        for model in MODELS:
            ends = [model, f"{model}_low", f"{model}_high"]
            names[names.index(model) : names.index(model) + 1] = ends
            for row in rows:
                row.update(zip(ends, _told(model, row), strict=True))
        return names, rows

    def save(self, results: Runs, folder: Path, *, stories: int = 0) -> list[Path]:
        """Beside what all experiments write: super_additive_profiles.csv, traits and strategies of each condition."""
        beside = output.write_text(output.folder(folder) / "super_additive_profiles.csv", _profiles(results))
        return [beside, *super().save(results, folder, stories=stories)]


def _ruled(mind: Mind) -> bool:
    """Is it a rule that decides, by its table or through prompts?"""
    return mind.tabled or (isinstance(mind, Model) and mind.model.startswith(STAND_IN))


def _told(model: str, row: dict[str, Any]) -> tuple[float | None, ...]:
    """What was published beside a row: value and interval, or what SA adds, of which no interval was."""
    if row[model] is None:
        return None, None, None
    measure = next(name for name, called in MEASURES.items() if called == row["measure"])
    if row["condition"] == ADDED:
        return excess(model, measure), None, None
    return published_of(model, measure, row["condition"]) or (None, None, None)


def _short(share: float) -> str:
    """A share below 1 without its leading nought."""
    return f"{share:.2f}".removeprefix("0")


def _profiles(results: Runs) -> str:
    """Condition, measure, mean and interval of traits, affinities and fits; those without a value are left out."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("condition", "measure", "mean", "low", "high"))
    for cell in results.whole:
        for measure in PROFILE:
            found = rate(results, cell, measure, bounded=measure not in NO_SHARES)
            if found.value is not None:
                writer.writerow((cell, measure, *map(output.cell, found)))
    return text.getvalue()
