"""A sweep that was asked for, from its store to its end: who does it, and what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm.core.errors import InputError
from coop_abm.sweeps.adaptive import Study, until_ci
from coop_abm.sweeps.coordinator import Coordinator, Progress
from coop_abm.sweeps.executor import Inline
from coop_abm.sweeps.orders import Order, interval_of, searched
from coop_abm.sweeps.places import executor_for
from coop_abm.sweeps.shards import shard_of
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.thresholds import find_threshold

if TYPE_CHECKING:
    from coop_abm.engine.statistics import Estimate
    from coop_abm.sweeps.thresholds import Threshold


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
            yield _named(parameters, find_threshold(parameters, **searched(order)))
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
