"""Commons: what keeps a common resource alive, imitation of the successful or norms that are voted on?

The question of Gupta et al. [Gupta2025]: the two by two of social learning and group decision, with selfish, mixed and
altruistic starts in a rich and a scarce world; how strong punishment must be, how fast the resource must regrow; which
start does best where; and GovSim's fishery [Piatti2024] with its published scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from coop_abm.core.part import Part, knob
from coop_abm.engine.commons import Commons
from coop_abm.engine.commons_measures import scores
from coop_abm.engine.staged import play
from coop_abm.experiments.base import Column
from coop_abm.experiments.commons_cells import (
    ARMS,
    GOVSIM,
    MAKERS,
    PUBLISHED,
    REFERENCE,
    REFERENCE_FINES,
    REFERENCE_RATES,
    REFERENCE_ROUNDS,
    REFERENCE_SIZE,
    Named,
    given,
    overridden,
    refuse,
    strangers,
)
from coop_abm.experiments.runs import Runs
from coop_abm.experiments.staged import NOTE, StagedExperiment, StagedOptions
from coop_abm.scenario.deciders import STANDING_IN, TABLE, mind_of
from coop_abm.scenario.minds import Mind
from coop_abm.theory.inference import mean_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Replications of our own rules that stand beside runs of somebody else.
TWINS = 20
#: The shares of a row that have intervals, with the most that each can be; only GovSim's efficiency ends at 1.
SHARES = {"efficiency": np.inf, "over_use": 1.0, "gini": 1.0, "equality": 1.0, "norm_similarity": 1.0}


def _ends(name: str, title: str) -> tuple[Column, Column]:
    return (
        Column(f"{name}_low", f"{title}, low", "Student's t over replications, within what is possible", "low"),
        Column(f"{name}_high", f"{title}, high", "", "high"),
    )


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
    world: Commons = knob(
        Commons(), "world", help="what is changed here is so in every cell; not what a part varies, nor the fishery"
    )

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, given: Any) -> Any:
        """A network is held against the users that there will be, not against ten."""
        world, size = (given.get("world"), given.get("size")) if isinstance(given, dict) else (None, None)
        usual = Commons()
        told = world.model_dump() if isinstance(world, Part) else world
        if not isinstance(told, dict) or not isinstance(size, int) or not 2 <= size <= 100:
            return given
        if told.get("players") not in (None, usual.model_dump()["players"], list(usual.model_dump()["players"])):
            return given
        return given | {"world": told | {"players": ({"count": size},)}}


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
        Column("reference", "reference", "T_s of an independent offline program of rules, 60 runs a cell", "theory"),
        Column("offline", "our rules", "T_s of our own rules in the same cell, where somebody else played"),
        Column("sustained", "survives", "share of runs in which the stock did not collapse"),
        Column("efficiency", "yield", "efficiency: all harvests, as a share of rounds x maximum sustainable yield"),
        *_ends("efficiency", "yield"),
        Column("over_use", "over-use", "share of harvests above an equal share of what the stock bore"),
        *_ends("over_use", "over-use"),
        Column("gini", "Gini", "of what users took in all"),
        *_ends("gini", "Gini"),
        Column("equality", "equality", "of the fishery: 1 - Gini"),
        *_ends("equality", "equality"),
        Column("gain", "harvest", "of a user in all rounds"),
        Column("alive", "alive", "share of users that live at the end"),
        Column("punishments", "punished", "how often in a run"),
        Column("norm_similarity", "similarity", "of proposals: mean pairwise cosine of runs of three characters"),
        *_ends("norm_similarity", "similarity"),
        Column("pressure", "alpha N / r", "what all take at full effort beside what a small stock grows by"),
        Column("differs", "differs", "in what published and reference differ from ours"),
        NOTE,
    )

    @property
    def rounds(self) -> int:
        """How long a commons lasts at most."""
        return self._asked.rounds

    @property
    def _asked(self) -> Any:
        return self.chosen_options

    @property
    def ruled(self) -> bool:
        """Do our own rules decide, by tables or through prompts?"""
        return self.policy == STANDING_IN or self._mind.tabled

    @property
    def player(self) -> str:
        """Who decides, by the name of the model where there is one."""
        return getattr(self._mind, "model", self.policy)

    @cached_property
    def _mind(self) -> Mind:
        return mind_of(self.policy, "")

    @cached_property
    def given(self) -> dict[str, Any]:
        """The knobs of the world that were given."""
        return given(self._asked.world)

    @property
    def changes(self) -> str:
        """The same in words; "" if there are none."""
        return ", ".join(f"world.{name} = {_told(value)}" for name, value in self.given.items())

    @cached_property
    def _named(self) -> dict[str, tuple[Named, Commons]]:
        options = self._asked
        refuse(self.given, options.world, options.size, options.part)
        found: dict[str, tuple[Named, Commons]] = {}
        for part, make in MAKERS.items():
            if options.part not in ("all", part):
                continue
            if part == "fishery":
                found |= make(options.size, options.rounds) if self.ruled else strangers(self.player)
                continue
            for name, (what, world) in make(options.size, options.rounds).items():
                changed = overridden(world, self.given)
                place = f"r = {changed.stock.growth:g}" if part == "punishment" else what.place
                found[name] = what._replace(place=place), changed
        return found

    def cells(self) -> Mapping[str, Any]:
        """The worlds by name."""
        return {name: world for name, (_, world) in self._named.items()}

    @cached_property
    def named(self) -> dict[str, Named]:
        """What each cell is about."""
        return {name: what for name, (what, _) in self._named.items()}

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
        plain = ("sustained", "gain", "alive", "punishments", "pressure")
        row: dict[str, Any] = {"cell": name, "survival": interval.value}
        row |= {"low": max(interval.low, 0.0), "high": min(interval.high, float(world.horizon))}
        row |= {measure: _mean(results.sample(name, measure)) for measure in plain}
        for measure, most in SHARES.items():
            row |= _share(measure, self.sample(results, name, measure), 1.0 if what.part == "fishery" else most)
        row |= {"published": self.published(what), "reference": self.reference(what), "offline": self.offline(name)}
        return row | {"differs": self._differs(name, row) or None}

    def sample(self, results: Runs, name: str, measure: str) -> np.ndarray:
        """A share, one value for each replication: in the fishery GovSim's score of each run."""
        if self.named[name].part == "fishery" and measure in ("efficiency", "equality", "over_use"):
            return np.array([getattr(scores(self.worlds[name], run.measures), measure) for run in results.of(name)])
        return results.sample(name, measure) if measure != "equality" else np.empty(0)

    def published(self, what: Named) -> float | None:
        """T_s of language models, as it was published; None where there is none."""
        return PUBLISHED.get((what.start, what.arm)) if what.part == "ablation" else None

    def reference(self, what: Named) -> float | None:
        """T_s of the offline reference; None where it has no such world."""
        if what.part == "ablation":
            found = REFERENCE.get((what.place, what.start))
            return found[list(ARMS).index(what.arm)][0] if found else None
        return {"punishment": REFERENCE_FINES, "regrowth": REFERENCE_RATES}.get(what.part, {}).get(what.x)

    @property
    def as_published(self) -> bool:
        """Are there as many users and rounds as in the reference, in worlds that differ at most in starvation?"""
        alike = (self._asked.rounds, self._asked.size) == (REFERENCE_ROUNDS, REFERENCE_SIZE)
        return alike and not set(self.given) - {"starvation"}

    def _differs(self, name: str, row: Mapping[str, Any]) -> str:
        """In what others differ from ours, in words; "" if in nothing that is known."""
        there = [each for each in ("published", "reference") if row[each] is not None]
        world, said = self.worlds[name], []
        if there and world.horizon != REFERENCE_ROUNDS:
            said.append(f"{' and '.join(there)} at {REFERENCE_ROUNDS} rounds, ours at {world.horizon}")
        if "reference" in there:
            if world.size != REFERENCE_SIZE:
                said.append(f"reference of {REFERENCE_SIZE} users, ours of {world.size}")
            if world.starvation:
                said.append("reference: nobody starves")
            others = [one for one in self.given if one != "starvation"]
            said += [f"reference: other {', '.join(others)}"] if others else []
        return "; ".join(said)

    def offline(self, name: str) -> float | None:
        """T_s of our own rules in the same world; None where it was they who played."""
        if self.ruled:
            return None
        if name not in self._twins:
            tabled = self.worlds[name].with_policy(TABLE)
            runs = [play(tabled.start(self.seed, replicate), tabled.table()).measures()["survival"]
                    for replicate in range(min(self.replications, TWINS))]  # fmt: skip
            self._twins[name] = float(np.mean(runs))
        return self._twins[name]

    @cached_property
    def _twins(self) -> dict[str, float]:
        return {}

    def says(self, results: Runs) -> str:
        """Which orders hold, by permutation of replications, and what this does not show."""
        from coop_abm.experiments.commons_words import said

        return said(self, results)

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
        "equality": line.equality / 100, "over_use": line.over_use / 100,
        "differs": "with talk",
    }  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _share(name: str, values: np.ndarray, most: float) -> dict[str, float | None]:
    """A mean with its interval, within what is possible; without one where fewer than two runs have such a share."""
    known = values[np.isfinite(values)]
    if known.size < 2:
        return {name: _mean(values), f"{name}_low": None, f"{name}_high": None}
    found = mean_interval(known)
    return {name: found.value, f"{name}_low": max(found.low, 0.0), f"{name}_high": min(found.high, most)}


def _told(value: Any) -> str:
    """A value of a knob, of a part its kind and knobs."""
    if isinstance(value, Part):
        knobs = value.model_dump()
        kind = knobs.pop("kind", "")
        return f"{kind} ({', '.join(f'{name} {inner}' for name, inner in knobs.items())})" if knobs else kind
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
