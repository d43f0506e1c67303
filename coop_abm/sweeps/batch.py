"""``batch_run``: the call that users of Mesa know, for any Mesa model and any declared world."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, cast

import networkx

from coop_abm import lab
from coop_abm.core.errors import BatchError, InputError, SweepError, quoted
from coop_abm.core.part import Part
from coop_abm.policies.means import Means
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.coordinator import Coordinator
from coop_abm.sweeps.executor import Inline
from coop_abm.sweeps.memory import Memory
from coop_abm.sweeps.models import ModelWork, Pairing, is_ours, is_plain_world
from coop_abm.sweeps.places import executor_for
from coop_abm.sweeps.references import is_reference, model_of
from coop_abm.sweeps.work import Cell, Outcome, Task, Work, together
from coop_abm.sweeps.worlds import WorldWork

if TYPE_CHECKING:
    import mesa


class Failure(NamedTuple):
    """A run that failed.

    run, iteration : its RunId, and which replicate it was
    parameters, seed : what it was made with
    cause : why, in one line
    """

    run: int
    iteration: int
    parameters: dict[str, Any]
    seed: Any
    cause: str


def batch_run(
    model_cls: type[mesa.Model] | Scenario | str | Path,
    parameters: Mapping[str, Any | Iterable[Any]],
    number_processes: int | None = 1,
    iterations: int | None = None,
    data_collection_period: int = -1,
    max_steps: int = 1000,
    display_progress: bool = True,
    rng: Any = None,
    *,
    replicates: int | None = None,
    seed: int = 0,
    pairing: Pairing = "paired",
    graphs: Literal["each", "one"] = "each",
    measures: Iterable[str] | None = None,
    store: Any = None,
    executor: Any = None,
    means: Means | None = None,
    time_limit: float | None = None,
) -> list[dict[str, Any]]:
    """Run a model with every combination of parameters, several times each.

    The arguments up to `rng` are those of ``mesa.batch_run``, in its order and with its meaning, and the rows have
    its keys, sorted by RunId. What differs: runs that have no seed of their own can be repeated, a run that raises or
    whose worker dies takes no other with it, and how this process starts others is left alone.

    Parameters
    ----------
    model_cls  : a Mesa model class or words that name one (``package.module:Class``, ``file.py:Class``); a Scenario,
                 the name of one or a TOML file
    parameters : a value, or the values, of each. A word, a graph and a Scenario are single values
    number_processes : processes of this machine; None for as many as it has processors
    iterations, replicates : runs of each combination, 1 unless given
    data_collection_period : -1 for the last row of each run, n for every n-th
    max_steps  : when a run is over at the latest, in steps of the model (rounds or generations of a world)
    display_progress : show a bar
    rng        : a seed for each run of a combination, or one for a single run; it reaches the model as it is
    seed       : root seed of all runs, where there is no `rng`
    pairing    : paired: run i of all combinations draws the same numbers; independent: its own
    graphs     : each run lives on its own random graph, or all on one (worlds only)
    measures   : names of what to keep of a world; None keeps all
    store      : a file that keeps what was done; the same call again goes on where it stopped
    executor   : who does the runs, in the place of `number_processes`: a pool of ``concurrent.futures``, a client,
                 cluster or address of Dask, or an executor of ``coop_abm.sweeps``
    means      : how language models are reached (worlds only)
    time_limit : seconds that a run may take

    Raises
    ------
    BatchError, InputError
        in one line, before any run, if the arguments cannot be used
    SweepError
        after all others are done, if runs failed; its `rows` and `failures` say what there is

    Examples
    --------
    >>> rows = batch_run("kin", {"kin__relatedness": [0.1, 0.4]}, max_steps=5, replicates=2, display_progress=False)
    >>> [(row["RunId"], row["iteration"], row["kin__relatedness"]) for row in rows]
    [(0, 0, 0.1), (1, 0, 0.4), (2, 1, 0.1), (3, 1, 0.4)]
    """
    axes = axes_of(parameters)
    seeds, runs = _runs(iterations, rng, replicates)
    model = model_of(model_cls) if isinstance(model_cls, str) and is_reference(model_cls) else model_cls
    options: dict[str, Any] = {"period": data_collection_period, "seed": seed, "rng": seeds, "pairing": pairing}
    ours: dict[str, Any] = {"graphs": graphs, "measures": measures, "means": means}
    shown: dict[str, Any] = {}
    if isinstance(model, type) and not (is_plain_world(model) and _knobs_only(axes)):
        chosen = _of_ours(model, **ours)
        extra = {name: chosen.pop(name) for name in ("means",) if name in chosen}  # changes no result
        models = ModelWork(
            model, fixed=chosen, max_steps=max_steps, kept=store is not None, extra=extra, **options
        )  # fmt: skip
        work, name = cast(Work, models), models.seed_name
    else:
        base, shown = _declared(model, axes)
        work, name = WorldWork(base, steps=max_steps, **ours, **options), "rng"
    varied = {axis: values for axis, values in axes.items() if axis not in shown}
    given = [dict(zip(varied, values, strict=True)) for values in itertools.product(*varied.values())]
    order = {axis: shown.get(axis) for axis in axes}
    batch = _Batch(work, name, [{**order, **each} for each in given], [work.cell(each) for each in given], runs)
    if number_processes is not None:
        lab.check_whole("number_processes", number_processes, 1, 10_000)
    who = executor_for(executor, number_processes, time_limit)
    with _bar(batch.total, display_progress) as report:
        if isinstance(work, ModelWork) and type(who) is Inline and store is None:
            rows, failures = batch.one_by_one(report)
        else:
            with _sink(store) as sink:
                Coordinator(work, sink, who, report=report).run((cell.parameters, runs) for cell in batch.cells)
                rows, failures = batch.kept_in(sink)
    if failures:
        raise _failed(work, rows, failures, batch.total)
    return rows


def axes_of(parameters: Mapping[str, Any | Iterable[Any]]) -> dict[str, list[Any]]:
    """The values of each parameter: those of an iterable, or the one that is given.

    A word is one value, as for Mesa. So are a graph, a Scenario and a part of one, over whose insides Mesa would go.

    Raises
    ------
    BatchError
        if there are no values
    """
    if not isinstance(parameters, Mapping):
        raise BatchError(f"parameters must be a mapping of names to values; got {quoted(parameters)}")
    axes: dict[str, list[Any]] = {}
    for name, values in parameters.items():
        single = isinstance(values, (str, networkx.Graph, Part))
        try:
            found = [values] if single else list(iter(values))
        except TypeError:
            found = [values]
        if not found:
            raise BatchError(f"parameters: {quoted(name)} must have at least one value; got {quoted(values)}")
        axes[name] = found
    return axes


def _runs(iterations: int | None, rng: Any, replicates: int | None) -> tuple[list[Any] | None, int]:
    """The seeds that were given, if any, and how many runs of each combination there are."""
    given = {"iterations": iterations, "rng": rng, "replicates": replicates}
    both = [name for name, value in given.items() if value is not None]
    if len(both) > 1:
        raise BatchError(f"{both[0]} and {both[1]} both say how many runs there are; give one of them")
    if rng is not None:
        seeds = list(rng) if isinstance(rng, Iterable) else [rng]
        return seeds, len(seeds)
    name = both[0] if both else "replicates"
    runs = given[name] if both else 1
    lab.check_whole(name, runs, 0, 10**12)
    return None, runs


# ------------------------------------------------------------------------------------- which work


def _knobs_only(axes: Mapping[str, list[Any]]) -> bool:
    """Is all that is given of a world its knobs, or the same for all runs?"""
    special = {"scenario", "graph"}
    ours = {"rng", "agent_class", "model_reporters", "agent_reporters", "measures", "means", "replicate"}
    return not (ours & axes.keys()) and all(len(axes[name]) == 1 for name in special & axes.keys())


def _declared(model: Any, axes: Mapping[str, list[Any]]) -> tuple[Scenario, dict[str, Any]]:
    """The world whose knobs change, and the parameters that are part of its declaration."""
    shown = {name: axes[name][0] for name in ("scenario", "graph") if isinstance(model, type) and name in axes}
    base = shown.get("scenario") or getattr(model, "default", model)
    if not isinstance(base, (Scenario, str, Path)):
        raise BatchError(
            f"model_cls must be a Mesa model class, a Scenario, the name of one or a TOML file; got {quoted(model)}"
        )
    return lab.world(base, graph=shown.get("graph")), shown


def _of_ours(model: type, graphs: str, measures: Any, means: Any) -> dict[str, Any]:
    """Keywords for a model that is a world of ours; of others there is nothing to choose."""
    chosen = {"measures": measures, "means": means}
    if graphs != "each":
        raise InputError(f"graphs: only declared worlds can live on one graph; {model.__name__} draws its own")
    for name, value in chosen.items():
        if value is not None and not is_ours(model):
            raise InputError(f"{name}: only worlds of coop_abm have them; {model.__name__} is another Mesa model")
    return {name: value for name, value in chosen.items() if value is not None}


# ------------------------------------------------------------------------------------- the doing


@contextmanager
def _sink(store: Any) -> Iterator[Any]:
    if store is None:
        yield Memory()
        return
    from coop_abm.sweeps.store import Store

    if not isinstance(store, (str, Path)):
        yield store
        return
    with Store(store) as opened:
        yield opened


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Callable[[_Far], None] | None]:
    if not shown:
        yield None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total) as bar:

        def report(progress: _Far) -> None:
            if progress.failed:
                bar.set_postfix(failed=progress.failed, refresh=False)
            if progress.done > bar.n:
                bar.update(progress.done - bar.n)

        yield report
        bar.update(total - bar.n)  # combinations that were given twice are done once


class _Far(Protocol):
    """How far a batch is."""

    @property
    def done(self) -> int: ...

    @property
    def failed(self) -> int: ...


class _Done(NamedTuple):
    done: int
    failed: int


class _Batch:
    """The combinations of a batch, and the rows of its runs.

    Parameters
    ----------
    seed_name : what the seed is called in a row
    parameters, cells : of each combination, what its rows show and how its runs are done
    runs      : of each combination; all have their first before any has its second
    """

    def __init__(self, work: Work, seed_name: str, parameters: list[dict[str, Any]], cells: list[Cell], runs: int):
        self.work, self._seed_name, self._parameters, self.cells, self._runs = work, seed_name, parameters, cells, runs
        self.total = len(cells) * runs
        self._failures: list[Failure] = []

    def one_by_one(self, report: Callable[[_Far], None] | None) -> tuple[list[dict[str, Any]], list[Failure]]:
        """Do the runs here and now, in the order of their RunId, as Mesa does.

        Nothing can be lost on the way, and handing out tasks takes as long as a run of a small model.
        """
        rows: list[dict[str, Any]] = []
        each = itertools.product(range(self._runs), enumerate(self.cells))
        for run, (replicate, (place, cell)) in enumerate(each):
            rows += self._rows(run, place, together(self.work, Task(cell, replicate, 1))[0])
            if report is not None:
                report(_Done(run + 1, len(self._failures)))
        return rows, self._failures

    def kept_in(self, sink: Any) -> tuple[list[dict[str, Any]], list[Failure]]:
        """The rows of runs that are done, by RunId, and those that failed."""
        by_run: list[list[dict[str, Any]]] = [[] for _run in range(self.total)]
        for place, cell in enumerate(self.cells):
            for outcome in sink.outcomes(cell.hash):
                if outcome.replicate < self._runs:  # a store may hold more than is asked for now
                    run = outcome.replicate * len(self.cells) + place
                    by_run[run] = self._rows(run, place, outcome)
        return [row for rows in by_run for row in rows], sorted(self._failures, key=lambda failure: failure.run)

    def _rows(self, run: int, place: int, outcome: Outcome) -> list[dict[str, Any]]:
        """The rows of a run; none if it failed, which is noted."""
        parameters, iteration = self._parameters[place], outcome.replicate
        if outcome.cause:
            self._failures.append(Failure(run, iteration, parameters, outcome.seed, outcome.cause))
            return []
        start = {"RunId": run, "iteration": iteration, "Step": None, **parameters, self._seed_name: outcome.seed}
        return [start | dict(zip(names, row)) for names, rows in outcome.tables for row in rows]


def _failed(work: Work, rows: list[dict[str, Any]], failures: list[Failure], total: int) -> Exception:
    first = failures[0]
    if isinstance(work, ModelWork) and not rows and first.cause == work.uncollected:
        return InputError(first.cause)
    return SweepError(
        f"{len(failures):,} of {total:,} runs failed; the first is RunId {first.run}, "
        f"parameters {quoted(first.parameters, 200)}, seeded with {quoted(first.seed)}: {first.cause}",
        rows=rows,
        failures=failures,
    )
