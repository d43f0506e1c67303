"""A sweep from its declaration to its end: what was asked for, who does it, what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm import lab
from coop_abm.core.errors import InputError, quoted
from coop_abm.engine.measures import chosen
from coop_abm.engine.statistics import bounded, mean
from coop_abm.policies.means import Means
from coop_abm.scenario.files import load_with_sweep
from coop_abm.scenario.knobs import dotted
from coop_abm.scenario.library import NAMED
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import declared
from coop_abm.sweeps.adaptive import Interval, Study, until_ci
from coop_abm.sweeps.coordinator import Coordinator, Progress
from coop_abm.sweeps.declared import Sweep
from coop_abm.sweeps.designs import ENTRIES, Design, design_of_table, design_of_texts
from coop_abm.sweeps.executor import Inline
from coop_abm.sweeps.places import executor_for
from coop_abm.sweeps.shards import shard_of
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.table import is_share
from coop_abm.sweeps.thresholds import find_threshold
from coop_abm.sweeps.work import Work

if TYPE_CHECKING:
    from coop_abm.engine.statistics import Estimate
    from coop_abm.sweeps.thresholds import Threshold

#: So many cells are checked before the first run; of more, those on the axes.
CHECKED = 10_000


class Order(NamedTuple):
    """What a sweep is asked to do.

    work     : how a run is done
    design   : which parameter sets
    settings : how many runs of each, and what for
    base     : the world that all cells share; None for another Mesa model
    name     : what it is called
    """

    work: Work
    design: Design
    settings: Sweep
    base: Scenario | None
    name: str

    @property
    def measure(self) -> str:
        """The column that studies and figures look at."""
        return self.settings.measure or ("cooperators" if self.base is not None else "")

    def tree(self) -> dict[str, Any]:
        """What a store remembers of it, so that figures need no command line."""
        return {"name": self.name, "design": self.design.tree(), "settings": self.settings.model_dump(mode="json")}


class Found(NamedTuple):
    """What a study of one cell says: an interval that is narrow enough, or a threshold."""

    parameters: dict[str, Any]
    result: Estimate | Threshold


class Swept(NamedTuple):
    """A sweep that is over.

    found : of the studies, in the order of the cells; empty where fixed numbers of runs were done
    """

    order: Order
    store: Path
    progress: Progress
    found: list[Found]

    @property
    def lines(self) -> list[str]:
        """What happened, in words."""
        now = self.progress
        fresh = now.done - now.found
        said = [
            f"{now.done:,} runs in {self.store}: {fresh:,} done now in {now.seconds:,.1f} s"
            + (f" ({fresh / now.seconds:,.0f}/s)" if fresh and now.seconds else "")
            + (f", {now.found:,} were there" if now.found else "")
        ]
        if now.failed:
            said.append(f"{now.failed:,} runs failed; the last one: {now.cause or 'see coop-abm store status'}")
        for parameters, result in self.found:
            said.append(f"{_words(parameters)}{_number(result)}")
        return said

    def tree(self) -> dict[str, Any]:
        """The same as plain values."""
        now = self.progress
        return {
            "store": str(self.store), "runs": now.done, "done_now": now.done - now.found, "failed": now.failed,
            "seconds": round(now.seconds, 3),
            "found": [{"parameters": p, **_plain(r._asdict())} for p, r in self.found],
        }  # fmt: skip


def asked(
    scenario: str | Scenario,
    *,
    graph: Any = None,
    weight: str | None = "weight",
    knobs: Mapping[str, Any] | None = None,
    grid: Iterable[str] | Mapping[str, Any] = (),
    ranges: Iterable[str] | Mapping[str, Any] = (),
    latin: int | None = None,
    sobol: int | None = None,
    saltelli: int | None = None,
    settings: Mapping[str, Any] | None = None,
    means: Means | None = None,
) -> Order:
    """What a command line and the table ``[sweep]`` of a file ask for together; the command line wins.

    Raises
    ------
    InputError
        in one line
    """
    from coop_abm.sweeps.references import is_reference, model_of

    if isinstance(scenario, str) and is_reference(scenario):
        if graph is not None:
            raise InputError("graph: a Mesa model makes its own network; only declared worlds take one")
        order, design = declared(Sweep, settings or {}), {}
    else:
        base, table = _base(scenario)
        said = {name: value for name, value in table.items() if name not in ENTRIES}
        order = declared(Sweep, said | dict(settings or {}))
        design = {name: value for name, value in table.items() if name in ENTRIES}
    kinds = {"latin": latin, "sobol": sobol, "saltelli": saltelli}
    drawn = [kind for kind, points in kinds.items() if points is not None]
    if len(drawn) > 1:
        raise InputError(f"--{drawn[0]} and --{drawn[1]}: there can be one sample")
    if grid or ranges or drawn:
        kind = drawn[0] if drawn else ""
        plan = design_of_texts(list(grid), list(ranges), kind=kind, points=kinds.get(kind) or 0, seed=order.seed)
    else:
        plan = design_of_table(design, seed=order.seed)
    period = order.every or -1
    pairing = "independent" if order.find_threshold else order.pairing  # the standard error of a line assumes it
    common: dict[str, Any] = {"period": period, "seed": order.seed, "pairing": pairing}
    if isinstance(scenario, str) and is_reference(scenario):
        from coop_abm.sweeps.models import ModelWork

        work: Work = ModelWork(
            model_of(scenario), fixed=dict(knobs or {}), max_steps=order.steps, kept=True, **common
        )  # fmt: skip
        return _checked(Order(work, plan, order, None, scenario))
    from coop_abm.sweeps.worlds import WorldWork

    base = lab.world(base, graph=graph, weight=weight, **(knobs or {}))
    named = [name.strip() for name in order.measures.split(",") if name.strip()]
    work = WorldWork(
        base, steps=order.steps, measures=chosen(named) if named else None, graphs=order.graphs, means=means, **common
    )
    return _checked(Order(work, plan, order, base, base.name or "world"))


def sweep(
    order: Order,
    *,
    store: str | Path,
    workers: int | None = None,
    dask: Any = None,
    executor: Any = None,
    shard: str | None = None,
    report: Callable[[Progress], None] | None = None,
) -> Swept:
    """Do what was asked, from where the store stands.

    Parameters
    ----------
    store   : the file that keeps every run
    workers : processes of this machine, 0 for this very one; None for one a core
    dask    : address of a Dask scheduler, a client or a cluster, or "local"
    executor : whatever else does runs, a ``concurrent.futures.Executor`` for instance
    shard   : "2/8": the second of eight parts of the cells

    Raises
    ------
    InputError, StoreError, SweepError
        in one line; what was done is kept
    """
    limit = order.settings.time_limit or None
    if workers == 0 and executor is None and dask is None:
        if limit is not None:
            raise InputError("time_limit: needs processes of their own for the runs; workers must be at least 1")
        doing: Any = Inline()
    else:
        doing = executor_for(executor if executor is not None else dask, workers=workers, time_limit=limit)
    most = order.settings.max_failures
    last: list[Progress] = []

    def heard(now: Progress) -> None:
        last[:] = [now]
        if report is not None:
            report(now)

    with Store(Path(store)) as sink:
        sink.open_for(order.work.identity)
        sink.remember(order.tree())
        cells = list_of(order, shard)
        coordinator = Coordinator(
            order.work, sink, doing, measure=order.measure, report=heard, most_failures=None if most < 0 else most
        )
        results = coordinator.run(_studies(order, cells))
        found = [Found(parameters, result) for parameters, result in results]
    return Swept(order, Path(store), last[0], found)


def list_of(order: Order, shard: str | None = None) -> Iterator[Mapping[str, Any]]:
    """The parameter sets that are to be done, one after another."""
    cells = order.design.parameters()
    if shard is None:
        return cells
    return shard_of(shard).chosen(cells, lambda parameters: order.work.cell(parameters).hash)


def _studies(order: Order, cells: Iterable[Mapping[str, Any]]) -> Iterator[Study[Any] | tuple[Mapping[str, Any], int]]:
    settings = order.settings
    for parameters in cells:
        if settings.find_threshold:
            yield _named(parameters, find_threshold(parameters, **_searched(order)))
        elif settings.until_ci:
            study = until_ci(
                parameters, settings.until_ci, first=settings.replicates, most=settings.most_replicates,
                interval=interval_of(order.measure),
            )  # fmt: skip
            yield _named(parameters, study)
        else:
            yield parameters, settings.replicates


def _named(parameters: Mapping[str, Any], study: Study[Any]) -> Study[tuple[Mapping[str, Any], Any]]:
    """The study, whose result says of which cell it is."""
    return parameters, (yield from study)


# ------------------------------------------------------------------------------------- what was asked


def _base(scenario: str | Scenario) -> tuple[Scenario | str, dict[str, Any]]:
    """The world, and the table ``[sweep]`` that stands beside it in its file."""
    if isinstance(scenario, Scenario) or scenario in NAMED:
        return scenario, {}
    if scenario.endswith(".toml") or Path(scenario).exists():
        return load_with_sweep(scenario)
    return scenario, {}  # lab.world says what there is


def _checked(order: Order) -> Order:
    """Refuse now what would be refused after hours of work."""
    settings = order.settings
    if settings.find_threshold:
        axis = dotted(settings.find_threshold.partition("=")[0].strip())
        if axis in map(dotted, order.design.axes):
            raise InputError(f"find_threshold: {quoted(axis)[1:-1]} is an axis of the sweep as well; name it once")
        if settings.until_ci:
            raise InputError("until_ci and find_threshold: one of them")
        _searched(order)
    if (settings.find_threshold or settings.until_ci) and not order.measure:
        raise InputError("measure: must name a column of the model, the one whose mean is looked at")
    if order.base is not None and settings.measure and not _is_column(order, settings.measure):
        raise InputError(
            f"measure: must be among {', '.join(_columns(order))}; got {quoted(settings.measure)}"
        )  # fmt: skip
    for parameters in _some(order.design):
        order.work.cell(parameters)
    return order


def _some(design: Design) -> Iterator[dict[str, Any]]:
    """All parameter sets if they are few; else every value of each axis, beside the first ones of the others."""
    if len(design) <= CHECKED:
        yield from design.parameters()
        return
    first = design[0]
    for axis in design.grid:
        yield from (first | {axis.name: value} for value in axis.values[:CHECKED])
    for at in range(0, len(design), max(1, len(design) // CHECKED)):
        yield design[at]


def _columns(order: Order) -> tuple[str, ...]:
    assert order.base is not None
    named = [name.strip() for name in order.settings.measures.split(",") if name.strip()]
    return (*chosen(named or None), *(f"share_{name}" for name in order.base.repertoire().names))


def _is_column(order: Order, measure: str) -> bool:
    # Cells may have other strategies than the base.
    return measure in _columns(order) or measure.startswith("share_")


def _searched(order: Order) -> dict[str, Any]:
    """What find_threshold is told: the axis, its ends, the level."""
    settings = order.settings
    name, given, text = settings.find_threshold.partition("=")
    name = name.strip()
    low, high = _ends(order, name, text if given else "")
    level = settings.level
    if level < 0:
        if order.base is None or order.measure != "cooperators":
            raise InputError(f"level: must be given, because only cooperators have one of their own; got none for "
                             f"{quoted(order.measure)}")  # fmt: skip
        level = neutral_level(order.base)
    return {
        "axis": name, "low": low, "high": high, "level": level, "replicates": settings.replicates,
        "precision": settings.precision, "most": max(settings.most_replicates, settings.replicates),
        "step": 1 if isinstance(low, int) and isinstance(high, int) else None, "interval": interval_of(order.measure),
    }  # fmt: skip


def _ends(order: Order, name: str, text: str) -> tuple[float, float]:
    form = f"find_threshold: write {quoted(name)[1:-1]}=LOW:HIGH"
    knob = None if order.base is None else _knob(order.base, name)
    number = knob is not None and isinstance(knob.value, (int, float)) and not isinstance(knob.value, bool)
    if order.base is not None and not number:
        raise InputError(f"find_threshold: must be a number of this world, such as game.benefit; got {quoted(name)}")
    if text:
        from coop_abm.sweeps.axes import drawn_from

        span = drawn_from(name, text, within="find_threshold")
        if span.log or span.whole:
            raise InputError(f"{form}; got {quoted(text)}")
        if knob is not None and isinstance(knob.value, int):
            return int(span.low), int(span.high)
        return float(span.low), float(span.high)
    if knob is None:
        raise InputError(f"{form}; the ends of a parameter of a Mesa model are not known")
    low, high = knob.low, knob.high
    if low is None or high is None or not high - low <= 1000:
        if not knob.value > 0:
            raise InputError(f"{form}; there is no natural end to begin from")
        return float(knob.value) / 10, float(knob.value) * 10
    return low, high


def _knob(base: Scenario, name: str) -> Any:
    """What is known of the knob of this name; None if there is none."""
    from coop_abm.scenario.catalogue import knobs

    return next((knob for knob in knobs(base) if knob.path == dotted(name)), None)


def neutral_level(base: Scenario) -> float:
    """The share of cooperators at the start, which neutral drift keeps on average."""
    counts, helper = base.starting_counts(), base.repertoire().helper
    return float((counts * helper).sum() / counts.sum())


def interval_of(measure: str) -> Interval:
    """The interval for the mean of a measure: that of shares in [0, 1], or Student's."""
    return bounded if is_share(measure) else mean


# --------------------------------------------------------------------------------------------- words


def _words(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) + (": " if parameters else "")


def _number(result: Any) -> str:
    value, low, high = (getattr(result, name, math.nan) for name in ("value", "low", "high"))
    note = getattr(result, "note", "")
    if math.isnan(value):
        return note or "nothing found"
    return f"{value:.6g}  [{low:.6g} ... {high:.6g}]" + (f"  ({note})" if note else "")


def _plain(tree: Any) -> Any:
    """Numbers that are none become null."""
    if isinstance(tree, dict):
        return {name: _plain(value) for name, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_plain(value) for value in tree]
    if isinstance(tree, float) and not math.isfinite(tree):
        return None
    return tree.item() if hasattr(tree, "item") else tree
