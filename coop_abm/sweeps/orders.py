"""What a sweep is asked to do: by a command line, by the table ``[sweep]`` of a scenario file, or by both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

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
from coop_abm.sweeps.adaptive import Interval
from coop_abm.sweeps.colours import neutral_level
from coop_abm.sweeps.declared import Sweep
from coop_abm.sweeps.designs import ENTRIES, Design, design_of_table, design_of_texts
from coop_abm.sweeps.table import is_share
from coop_abm.sweeps.work import Work

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


# ------------------------------------------------------------------------------------------- inside


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
        searched(order)
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


def searched(order: Order) -> dict[str, Any]:
    """What find_threshold is told: the axis, its ends, the level."""
    settings = order.settings
    name, given, text = settings.find_threshold.partition("=")
    name = name.strip()
    low, high = _ends(order, name, text if given else "")
    level = settings.level if settings.level >= 0 else neutral_level(order.base, order.measure)
    if level is None:
        raise InputError(
            f"level: must be given, because {quoted(order.measure)} has none that nothing but chance would keep"
        )
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


def interval_of(measure: str) -> Interval:
    """The interval for the mean of a measure: that of shares in [0, 1], or Student's."""
    return bounded if is_share(measure) else mean
