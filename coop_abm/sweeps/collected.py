"""What a Mesa model collected in one run, as tables: the rows that Mesa's batch_run would make of it."""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from typing import Any

from coop_abm.core.errors import InputError
from coop_abm.sweeps.work import Table


def tables_of(model: Any, period: int) -> tuple[Table, ...]:
    """Rows of a run in the order in which they were collected; a new table begins where columns change.

    Where something is asked of agents, or of agents of one type, there is a row for each of them, with what was asked
    of the model beside it; otherwise one row. A model that asks nothing but of its agents has rows too (Mesa, which
    reads the steps off what the model reports, returns none).

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
    if len(chosen) == 1:  # of a small model this is a part of the time that is felt
        found = _tables_at(collector, chosen[0])
        if len(found) == 1:
            return (Table(*found[0]),)
    tables: list[Table] = []
    for step in chosen:
        for names, rows in _tables_at(collector, step):
            if tables and tables[-1].names == names:
                tables[-1].rows.extend(rows)
            else:
                tables.append(Table(names, rows))
    return tuple(tables)


def _tables_at(collector: Any, step: float) -> list[tuple[tuple[str, ...], list[tuple]]]:
    """Columns and rows of one step: for all agents, then for each type. A name that comes twice is one column."""
    # What was collected twice at one time is, for Mesa, what was collected last.
    at = bisect.bisect_right(collector._collection_steps, step) - 1
    start = {"Step": step}
    if at >= 0:
        for name, values in collector.model_vars.items():
            start[name] = values[at]
    found = []
    if records := collector._agent_records.get(step):
        found.append(_of_agents(start, collector.agent_reporters, records))
    for agent_type, records in collector._agenttype_records.get(step, {}).items():
        if records:
            found.append(_of_agents(start, collector.agenttype_reporters[agent_type], records))
    return found or [(tuple(start), [tuple(start.values())])]


def _of_agents(
    start: dict[str, Any], reporters: Iterable[str], records: list[tuple]
) -> tuple[tuple[str, ...], list[tuple]]:
    """A row for each record, which is the time, the agent's ID and what was asked of it."""
    names = ("AgentID", *reporters)
    if start.keys().isdisjoint(names):
        first = tuple(start.values())
        return (*start, *names), [first + record[1:] for record in records]
    merged = [start | dict(zip(names, record[1:], strict=False)) for record in records]  # the later value counts
    return tuple(merged[0]), [tuple(row.values()) for row in merged]
