"""Experiments whose cells are worlds that are played in stages: runs that are kept, found again and never bought twice.

What is measured is a replication: a row of the world's measures at its end. All runs go through the store of sweeps
(``sweeps/``), so an experiment that was killed goes on where it stopped, and one that is over is read back; replies of
language models go through the journal, so a run that is done again asks for nothing again.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from coop_abm import output
from coop_abm.core.errors import InputError, ModelError, SweepError
from coop_abm.core.part import Part, knob
from coop_abm.experiments import paying
from coop_abm.experiments.base import Column, Found, Report
from coop_abm.experiments.runs import Missing, Runs, gathered
from coop_abm.policies.means import Means
from coop_abm.policies.staged import close, deciding
from coop_abm.scenario.deciders import STANDING_IN, TABLE, mind_of
from coop_abm.scenario.minds import STAND_IN, Mind, models_in
from coop_abm.scenario.provenance import provenance
from coop_abm.sweeps.coordinator import Coordinator, Progress
from coop_abm.sweeps.memory import Memory
from coop_abm.sweeps.places import executor_for
from coop_abm.sweeps.staged import StagedWork, digest_of
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.work import hash_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from coop_abm.engine.staged import StagedWorld
    from coop_abm.llm.comprehension import Scores

#: The last column of every table: what is missing of a cell.
NOTE = Column("note", "note", "what is missing of a row, which then has no numbers")


#: Cells that are named in a paragraph; the table lists all.
MOST_NAMED = 12


class StagedOptions(Part):
    """What can be chosen of every such experiment; a subclass adds its own."""

    policy: str = knob(
        TABLE, "policy", help="table: rules; stand-in: the same rules through prompts; a model; or a .toml file"
    )
    replications: int = knob(20, "replications", low=2, high=100_000, step=1, help="runs of each cell")
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="the same seed gives the same runs")
    budget: float = knob(
        -1.0, "budget", low=-1, high=1e9, unit="US dollars", help="most that language models may cost; -1: none is set"
    )


class StagedExperiment:
    """The part that such experiments share. A subclass says `cells`, `rows`, `says` and `figure`.

    Parameters
    ----------
    options : what is chosen
    store   : file that keeps every run; None for one in the user's data folder, "" for memory alone
    means   : how language models are reached; its journal keeps every reply. The budget of the options is its cap
    workers : processes of this machine; None for as many as there are cores, 0 or 1 for this one

    Raises
    ------
    InputError
        in one line, if the policy, a model or a cell cannot be had; nothing is sent
    """

    name: ClassVar[str]
    question: ClassVar[str]
    options: ClassVar[type[Part]] = StagedOptions
    quick: ClassVar[Mapping[str, Any]] = {"replications": 4}
    columns: ClassVar[tuple[Column, ...]]

    def __init__(
        self,
        options: Any = None,
        *,
        store: str | Path | None = None,
        means: Means | None = None,
        workers: int | None = None,
    ):
        self.chosen_options = cast(Any, self.options() if options is None else options)
        self.seed, self.replications = self.chosen_options.seed, self.chosen_options.replications
        self.policy, self.budget = self.chosen_options.policy, self.chosen_options.budget
        mind_of(self.policy, "")  # a file that cannot be read is refused before anything else
        self.worlds: dict[str, Any] = {name: w.with_policy(self.policy) for name, w in self.cells().items()}
        self._store, self._workers, self._checked = store, workers, False
        # litellm takes seconds to load, and a stand-in speaks what all servers speak.
        usual = Means(transport="slim" if self.policy == STANDING_IN else "litellm")
        self._given = usual if means is None else means
        if self._given.mode == "off" and self.asks:
            raise InputError("mode must be record or replay, so that an experiment buys nothing twice; got 'off'")

    @cached_property
    def means(self) -> Means:
        """How language models are reached: what was given, with a budget of this experiment and its cap."""
        named = self._given.budget or f"experiment {self.name} {self.digest[:12]}"
        cap = self._given.max_cost if self.budget < 0 else self.budget
        return dataclasses.replace(self._given, budget=named, max_cost=cap)

    def understanding(self, questions: int, folder: Path | None = None) -> dict[str, Scores]:
        """How well each model has understood the first cell in which one decides, by its name; within the budget.

        Parameters
        ----------
        folder : where comprehension.csv is written; None for nowhere

        Raises
        ------
        InputError
            if no model decides anywhere, or there are no questions on these worlds
        ModelError
            if a model cannot be asked
        """
        from coop_abm.policies.understanding import understanding_staged

        asking = (world for world in self.worlds.values() if any(models_in(mind) for mind in world.minds()))
        world = next(asking, None)
        if world is None:
            raise InputError("comprehension: a model or stand-in must decide for somebody; --policy names one")
        scores = understanding_staged(world, questions=questions, seed=self.seed, means=self.means)
        rows: list[dict[str, Any]] = [
            {"model": model, "questions": kind} | part._asdict()
            for model, found in scores.items()
            for kind, part in ({"all": found.overall} | found.by_kind).items()
        ]
        if folder is not None:
            output.write_text(output.folder(folder) / "comprehension.csv", _csv(_names(rows), rows))
        return scores

    @cached_property
    def work(self) -> StagedWork:
        """How a run is done."""
        return StagedWork(self.worlds, seed=self.seed, called=self.name, means=self.means)

    @cached_property
    def hashes(self) -> dict[str, bytes]:
        """The hash of each cell, under which its runs are kept."""
        return {name: self.work.cell({"cell": name}).hash for name in self.worlds}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that is measured, in hexadecimal; the number of replications is no part of it."""
        worlds = {name: digest_of(world) for name, world in self.worlds.items()}
        return hash_of({"experiment": self.name, "seed": self.seed, "worlds": worlds}).hex()

    @classmethod
    def chosen(cls, options: Any) -> Self:
        """The experiment with these options."""
        return cls(options)

    # ------------------------------------------------------------------ what a subclass says

    def cells(self) -> Mapping[str, StagedWorld]:
        """The worlds that are measured, by name; everybody may be declared as decided for by tables."""
        raise NotImplementedError

    def rows(self, results: Runs) -> list[dict[str, Any]]:
        """The table of the cells that are whole (``results.whole``), as named cells in the order of columns."""
        raise NotImplementedError

    def says(self, results: Runs) -> str:
        """What the table says, and what it does not, in a paragraph."""
        raise NotImplementedError

    def figure(self, results: Runs) -> Figure:
        """The results as a picture for a slide."""
        raise NotImplementedError

    # ------------------------------------------------------------------ what all share

    @property
    def store(self) -> Path | None:
        """The file in which runs are kept; None where they stay in memory."""
        if self._store is None:
            import platformdirs

            folder = Path(platformdirs.user_data_dir("coop_abm", appauthor=False)) / "experiments"
            return folder / f"{self.name}-{self.digest[:12]}.sqlite"
        return Path(self._store) if str(self._store) else None

    def scenarios(self) -> dict[str, Any]:
        """The worlds that are measured, by name."""
        return self.worlds

    def shape(self, cell: str) -> Hashable:
        """What cells have in common that ask alike, but for how often: of these one is rehearsed with its prompts.

        All knobs of the world but its names, and of its numbers only whether they are above 0, 0 or below it.
        """
        world = self.worlds[cell]
        return type(world), tuple(world.most_questions().items()), _outline(world.model_dump(mode="json"))

    def check(self, report: Report | None = None) -> str:
        """Refuse now what would be refused when the first run begins, or when the first model is asked.

        Parameters
        ----------
        report : is told how far the rehearsal is, which takes a while where a model costs money and there is a budget

        Returns
        -------
        a note where the budget may end it before its end; "" otherwise

        Raises
        ------
        InputError
            in one line: nobody stands in under this name, no price is known, there is no cap, or what the runs that
            are missing are expected to cost is above it; nothing was sent
        """
        note = "" if self.means.mode == "replay" else paying.check(self, report)
        seen: set[tuple[type, frozenset[Mind]]] = set()
        for world in self.worlds.values():
            asked = type(world), frozenset(mind for mind in world.minds() if not mind.tabled)
            if asked[1] and asked not in seen:
                seen.add(asked)
                try:
                    close(deciding(world.start(self.seed), self.means))
                except InputError as error:
                    raise InputError(str(error).removeprefix("players.")) from None
        self._checked = True
        return note

    def missing_runs(self) -> dict[str, int]:
        """How many runs of each cell are not there yet."""
        file = self.store
        if file is None or not file.is_file():
            return dict.fromkeys(self.worlds, self.replications)
        with Store(file, read_only=True) as kept:
            wanted = {name: self.work.cell({"cell": name}) for name in self.worlds}
            return {
                name: sum(end - first for first, end in kept.state(cell)[0].missing(self.replications))
                for name, cell in wanted.items()
            }

    def measure(self, report: Report | None = None, found: Found | None = None) -> Runs:
        """Do the runs that are not there yet; all runs that are there.

        A language model that cannot be asked any more, or whose budget is exhausted, ends it before its end: what was
        done is kept, ``stopped`` says why, and the same call goes on.

        Raises
        ------
        InputError, StoreError
            in one line; what was done is kept
        """
        if not self._checked:
            self.check(report)
        before = paying.spent(self.means).calls
        with self._sink() as sink, self._standing_in() as work:
            heard = _Heard(self, sink, report, found)
            coordinator = Coordinator(work, sink, executor_for(None, workers=self._processes), report=heard)
            stopped = ""
            try:
                coordinator.run([({"cell": name}, self.replications) for name in self.worlds])
            except (ModelError, SweepError) as error:
                stopped = str(error)
            sent = paying.spent(self.means).calls - before
            return self._gathered(sink, done_now=heard.fresh, there=heard.there, requests=sent, stopped=stopped)

    def found(self) -> Runs:
        """The runs that are there; none is done."""
        with self._sink() as sink:
            sink.open_for(self.work.identity)
            results = self._gathered(sink)
        return dataclasses.replace(results, there=len(results.runs))

    def story(self, cell: str, replication: int = 0) -> dict[str, Any]:
        """All that happened in one run, as plain values: it is played again, its replies read from the journal.

        Raises
        ------
        InputError
            if there is no such cell
        JournalError
            if a reply is not in the journal; nothing is sent
        """
        self.work.cell({"cell": cell})
        return self.work.run(cell, replication, dataclasses.replace(self.means, mode="replay"))[0].story()

    def table(self, results: Runs) -> list[dict[str, Any]]:
        """The rows of whole cells, then a row for each cell that is missing, with what there is of it."""
        rows = [dict.fromkeys((c.name for c in self.columns), None) | row for row in self.rows(results)]
        return rows + [self._absent(each) for each in results.missing]

    def written(self, results: Runs) -> tuple[list[str], list[dict[str, Any]]]:
        """Names of columns and rows as the file of the table has them."""
        return [column.name for column in self.columns], self.table(results)

    def _absent(self, missing: Missing) -> dict[str, Any]:
        empty: dict[str, Any] = dict.fromkeys((column.name for column in self.columns), None)
        return empty | {self.columns[0].name: missing.cell, "note": missing.words}

    def reading(self, results: Runs) -> str:
        """What the table says, what it does not, and what is missing."""
        said = [self.says(results)] if results.whole else []
        if results.missing:
            names = ", ".join(each.cell for each in results.missing[:MOST_NAMED])
            names += ", ..." if len(results.missing) > MOST_NAMED else ""
            said.append(
                f"Not in the numbers: {len(results.missing):,} of {len(results.cells):,} cells lack runs ({names}); "
                "a cell counts when all of its replications are there."
            )
        if results.fallbacks == results.fallbacks:  # language models were asked
            said.append(f"In {100 * results.fallbacks:.1f} % of the decisions of models the fallback stood in.")
        return " ".join(said)

    def save(self, results: Runs, folder: Path, *, stories: int = 0) -> list[Path]:
        """Write the table, all runs, the figure and provenance.json; the paths written.

        Parameters
        ----------
        stories : of how many replications of each whole cell the story is written as well, into stories.json
        """
        from coop_abm import figures

        place, named = output.folder(folder), self.name.replace("-", "_")
        record = provenance(
            {}, seed=self.seed, experiment=self.name, digest=self.digest, policy=self.policy,
            options=self.chosen_options.model_dump(mode="json"), journal=self.means.kept if self.asks else "",
            runs=self.spoken,
            worlds={n: {"digest": digest_of(w), "world": w.model_dump(mode="json")} for n, w in self.worlds.items()},
            missing=[each._asdict() for each in results.missing], replies=results.replies, results=self.table(results),
            reading=self.reading(results),
        )  # fmt: skip
        paths = [
            output.write_text(place / f"{named}.csv", _csv(*self.written(results))),
            output.write_text(place / f"{named}_runs.csv", _csv(_names(results.rows()), results.rows())),
            output.write_json(place / "provenance.json", record),
        ]
        if stories:
            told = {cell: [self.story(cell, r) for r in range(min(stories, results.wanted))] for cell in results.whole}
            paths.append(output.write_json(place / "stories.json", told))
        if results.whole:
            paths += figures.save(self.figure(results), place, named)
        return paths

    # ------------------------------------------------------------------ inside

    @property
    def asks(self) -> bool:
        """Is anybody but a table asked?"""
        return any(not mind.tabled for world in self.worlds.values() for mind in world.minds())

    @property
    def spoken(self) -> dict[str, str]:
        """The name of each cell in which models are asked, under which the journal keeps what was said in its runs."""
        asking = {n: w for n, w in self.worlds.items() if any(models_in(mind) for mind in w.minds())}
        if not asking:
            return {}
        from coop_abm.policies.cast import run_name  # with all that knows language models

        return {name: run_name(world, self.seed) for name, world in asking.items()}

    @contextmanager
    def _standing_in(self) -> Iterator[StagedWork]:
        """The work, with one stand-in for all runs where each would start its own."""
        models = {model.model for world in self.worlds.values() for mind in world.minds() for model in models_in(mind)}
        means = self.means
        wanted = any(model.startswith(STAND_IN) for model in models) and isinstance(means.transport, str)
        if not wanted or means.stand_in or means.mode == "replay" or not any(self.missing_runs().values()):
            yield self.work
            return
        from coop_abm.llm.stand_in import StandIn

        with StandIn() as server:
            yield self.work.through(dataclasses.replace(means, stand_in=server.address))

    @property
    def _processes(self) -> int | None:
        return 1 if self._workers == 0 else self._workers

    @contextmanager
    def _sink(self) -> Iterator[Any]:
        file = self.store
        if file is None:
            yield Memory()
            return
        output.folder(file.parent)
        with Store(file) as kept:
            yield kept

    def _gathered(self, sink: Any, **more: Any) -> Runs:
        return gathered(sink, self.hashes, self.replications, store=str(self.store or ""), **more)


class _Heard:
    """Progress of the runs as words and a share, and the table so far where something was added to it."""

    def __init__(self, experiment: StagedExperiment, sink: Any, report: Report | None, found: Found | None):
        self._experiment, self._sink, self._report, self._found = experiment, sink, report, found
        self._total = experiment.replications * len(experiment.worlds)
        self._shown = 0
        self.fresh = self.there = 0

    def __call__(self, now: Progress) -> None:
        self.fresh, self.there = now.done - now.found, now.found
        if self._report is not None:
            failed = f", {now.failed:,} failed" if now.failed else ""
            self._report(f"{now.done:,} of {self._total:,} runs{failed}", now.done / max(self._total, 1))
        # Reading all runs takes time, so a twentieth of them must be new.
        if self._found is not None and now.done - self._shown >= max(1, self._total // 20):
            self._shown = now.done
            self._found(self._experiment._gathered(self._sink))


def _outline(value: Any) -> Hashable:
    """Plain values with no more of a number than its sign."""
    if isinstance(value, dict):
        return tuple((key, _outline(each)) for key, each in value.items() if key not in ("name", "title"))
    if isinstance(value, list):
        return tuple(_outline(each) for each in value)
    return value if value is None or isinstance(value, str | bool) else (value > 0) - (value < 0)


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row)) or ["cell", "replication"]


def _csv(names: list[str], rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: output.cell(value) for name, value in row.items()})
    return text.getvalue()
