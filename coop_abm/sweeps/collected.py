"""What a Mesa model collected in one run, as tables: the rows that Mesa's batch_run would make of it."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from typing import Any

from coop_abm.core.errors import InputError
from coop_abm.sweeps.work import Table


def tables_of(model: Any, period: int) -> tuple[Table, ...]:
    """Rows of a run in the order in which they were collected; a new table begins where columns change.

    Where something is asked of agents, or of agents of one type, there is a row for each of them, with what was asked of
    the model beside it; otherwise one row. A model that asks nothing but of its agents has rows too (Mesa, which reads
    the steps off what the model reports, returns none).

    Parameters
    ----------
    model  : with a `datacollector`
    period : -1 for what was collected last, n for every n-th time that something was collected

    Raises
    ------
    InputError
        if its collector is none of Mesa's
    """
    collector = model.datacollector
    recorded = getattr(collector, "_collection_steps", None)
    if recorded is None:
        raise InputError(f"{type(model).__name__}: its datacollector must be a mesa.DataCollector")
    if not recorded:
        recorded = sorted({*collector._agent_records, *collector._agenttype_records})
    chosen = recorded[-1:] if period == -1 else recorded[::period]
    tables: list[Table] = []
    for step in chosen:
        for names, row in _rows_at(collector, step):
            if not tables or tables[-1].names != names:
                tables.append(Table(names, []))
            tables[-1].rows.append(row)
    return tuple(tables)


def _rows_at(collector: Any, step: float) -> Iterator[tuple[tuple[str, ...], tuple]]:
    """The rows of one step with their columns. A name that comes twice is one column, with the later value."""
    # What was collected twice at one time is, for Mesa, what was collected last.
    at = bisect.bisect_right(collector._collection_steps, step) - 1
    of_model = {name: values[at] for name, values in collector.model_vars.items()} if at >= 0 else {}
    start = {"Step": step, **of_model}
    nobody = True
    for reporters, records in _of_agents(collector, step):
        names = ("Step", *of_model, "AgentID", *reporters)
        twice = len(set(names)) < len(names)
        for record in records:
            nobody = False
            if twice:
                merged = start | dict(zip(("AgentID", *reporters), record[1:], strict=False))
                yield tuple(merged), tuple(merged.values())
            else:
                yield names, (*start.values(), *record[1:])
    if nobody:
        yield tuple(start), tuple(start.values())


def _of_agents(collector: Any, step: float) -> Iterator[tuple[Mapping[str, Any], list[tuple]]]:
    """(reporters, records) of all agents, then of each type; a record is the time, the agent's ID, the values."""
    yield collector.agent_reporters, collector._agent_records.get(step, [])
    for agent_type, records in collector._agenttype_records.get(step, {}).items():
        yield collector.agenttype_reporters[agent_type], records
