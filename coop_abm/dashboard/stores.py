"""What the page Sweeps shows of a store: plain values, read afresh each time, and only as much as is on show."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm.core.errors import CoopError, InputError
from coop_abm.dashboard import links
from coop_abm.experiments.tables import interval, text
from coop_abm.scenario.files import dumps
from coop_abm.scenario.knobs import dotted, replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.captions import Setting, measured
from coop_abm.sweeps.designs import design_of
from coop_abm.sweeps.memory import final
from coop_abm.sweeps.picture import setting_of
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_care import status
from coop_abm.sweeps.table import finals, parameters_of, plain, spelt, summary, varying
from coop_abm.sweeps.work import Cell

if TYPE_CHECKING:
    import pandas

#: Rows of the table, and runs of a cell, on one leaf.
LEAF = 50
#: Names of stores in the folder that are offered at most.
MOST_STORES = 200


class Look(NamedTuple):
    """A store from afar: everything that costs nothing to read.

    name   : of the sweep
    cells, done, failed : how much there is
    asked  : how many runs the sweep was asked for; None where that is found out on the way
    size   : bytes
    setting : what all cells have in common
    measures : columns that can be looked at
    measure : the one that the sweep looks at
    sampled : are its cells points of a sample?
    identity : what the store says of itself
    """

    name: str
    cells: int
    done: int
    failed: int
    asked: int | None
    size: int
    setting: Setting
    measures: tuple[str, ...]
    measure: str
    sampled: bool
    identity: dict[str, Any]


def look(path: Path) -> Look:
    """How far a sweep is.

    Raises
    ------
    StoreError
        in one line, where the file is no store, or is damaged
    """
    with Store(path, read_only=True) as kept:
        found, order = status(kept), kept.remembered() or {}
        settings, setting = order.get("settings", {}), setting_of(found.identity, order)
        columns = _columns(kept, setting, found.identity)
    design = design_of(order["design"]) if "design" in order else None
    counted = design is not None and not settings.get("until_ci") and not settings.get("find_threshold")
    usual = "cooperators" if setting.base is not None else (columns or ("",))[0]
    return Look(
        str(order.get("name") or found.identity.get("kind", "sweep")), found.cells, found.done, found.failed,
        len(design) * int(settings.get("replicates", 0)) if counted and design is not None else None,
        found.size, setting, columns, settings.get("measure") or usual, bool(design and design.ranges), found.identity,
    )  # fmt: skip


def _columns(kept: Store, setting: Setting, identity: Mapping[str, Any]) -> tuple[str, ...]:
    if setting.base is not None:
        shares = (f"share_{name}" for name in setting.base.repertoire().names)
        return (*identity.get("measures", ()), *shares)
    with kept.reader() as reader:
        for cell in reader.cells():
            for number in cell.spans()[0]:
                found = reader.run(cell, number)
                if found.row is not None and not found.why:
                    tables = reader.last(cell, found.row).tables
                    return tuple(dict.fromkeys(name for table in tables for name in table.names if name != "Step"))
    return ()


def cells(path: Path, measure: str) -> pandas.DataFrame:
    """One row a cell, as figures read them.

    Raises
    ------
    StoreError, SweepError, InputError
        in one line
    """
    with Store(path, read_only=True) as kept:
        return summary(finals(kept, kept.cells(), measure), measure)


def stores_in(folder: Path) -> list[str]:
    """Names of the files in a folder that may be stores, the newest first."""
    found = [path for path in folder.glob("*.sqlite") if path.is_file()]
    return [path.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)[:MOST_STORES]]


# ------------------------------------------------------------------------------------ which part is shown


class Choice(NamedTuple):
    """Which cells are on show.

    x, y : parameters along the axes; y is "" for a curve
    at   : the spelt value of every other parameter that varies
    rows : positions of these cells in the table
    """

    x: str
    y: str
    at: dict[str, str]
    rows: list[int]


def chosen(table: pandas.DataFrame, x: str, y: str, at: Mapping[str, str], *, sampled: bool) -> Choice:
    """What the reader chose, made good where it cannot be had; "-" is no second axis."""
    from coop_abm.sweeps.boundary import MONEY

    free = varying(table) or parameters_of(table)[:2]
    by_money = sorted(free, key=lambda name: dotted(name) in MONEY)
    x = x if x in free else next((name for name in by_money if name != y), "")
    y = "" if y == "-" else y if y in free and y != x else next((name for name in reversed(by_money) if name != x), "")
    others = [name for name in free if name not in (x, y)]
    held: dict[str, str] = {}
    if not sampled:
        for name in others:
            values = [spelt(value) for value in table[name]]
            held[name] = at[name] if at.get(name) in values else values[0]
    rows = [
        i for i in range(len(table))
        if all(spelt(table[name].iloc[i]) == value for name, value in held.items())
    ]  # fmt: skip
    return Choice(x, y, held, rows)


def choices(table: pandas.DataFrame, now: Choice) -> list[dict[str, Any]]:
    """Controls for the axes and for what is held: name, title, value and values of each."""
    free = varying(table)
    controls = []
    if len(free) > 1:
        controls.append({"name": "x", "title": "across", "value": now.x, "values": free})
        controls.append({"name": "y", "title": "upwards", "value": now.y or "-", "values": [*free, "-"]})
    for name, value in now.at.items():
        values = list(dict.fromkeys(spelt(v) for v in table[name]))
        controls.append({"name": f"at:{name}", "title": name, "value": value, "values": values})
    return controls


def leaf(table: pandas.DataFrame, measure: str, first: int) -> dict[str, Any]:
    """Some rows of the table of cells, from this one on: head, rows of texts, and where each stands."""
    free = varying(table) or parameters_of(table)
    some = table.iloc[first : first + LEAF]
    rows = [
        {"at": first + i, "cells": [
            *(spelt(row[name]) for name in free), text(_number(row["mean"])), interval_of(row), f"{int(row['runs']):,}",
            f"{int(row['failed']):,}",
        ]}
        for i, (_, row) in enumerate(some.iterrows())
    ]  # fmt: skip
    head = [*free, f"mean {measured(measure)}", "95 % interval", "runs", "failed"]
    return {"head": head, "parameters": len(free), "rows": rows, "first": first, "total": len(table), "leaf": LEAF}


def interval_of(row: Any) -> str:
    """The interval of a row of the table."""
    return interval(_number(row["low"]), _number(row["high"]))


def _number(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None


# ------------------------------------------------------------------------------------ one cell


def one_cell(path: Path, found: Look, parameters: Mapping[str, Any], measure: str, first: int) -> dict[str, Any]:
    """A cell and some of its runs: the value, seed and error of each, and the link that replays it.

    Raises
    ------
    StoreError
        in one line
    """
    given = {name: plain(value) for name, value in parameters.items()}
    with Store(path, read_only=True) as kept:
        cell = _cell(kept, given)
        runs: list[dict[str, Any]] = []
        with kept.reader() as reader:
            row = reader.cell(cell.hash)
            assert row is not None
            done, failed = row.spans()
            numbers = list(_some(done.union(failed), first, LEAF))
            total = len(done) + len(failed)
            for number in numbers:
                run = reader.run(row, number)
                if run.row is None or run.why:
                    runs.append(
                        {"replicate": number, "value": "", "seed": "", "error": run.why, "able": False, "link": ""}
                    )
                    continue
                error = json.loads(run.row.cause) if run.row.cause else ""
                value = "" if error else text(float(final(reader.last(row, run.row), measure)))
                seed = json.loads(run.row.seed)
                able = isinstance(seed, int) and not why_not(found, number)
                link = replay(found, given, seed, number) if able else ""
                runs.append({
                    "replicate": number, "value": value, "seed": str(seed), "error": error, "able": able, "link": link,
                })  # fmt: skip
    return {
        "given": given, "parameters": [{"name": n, "value": spelt(v)} for n, v in given.items()], "runs": runs,
        "first": first, "total": total, "leaf": LEAF, "why": why_not(found), "measure": measured(measure),
    }  # fmt: skip


def _cell(kept: Store, parameters: Mapping[str, Any]) -> Cell:
    wanted = {name: spelt(value) for name, value in parameters.items()}
    for cell in kept.cells():
        if {name: spelt(value) for name, value in cell.parameters.items()} == wanted:
            return cell
    raise InputError("this cell is not in the store any more")


def _some(spans: Any, first: int, count: int) -> list[int]:
    found: list[int] = []
    for position, number in enumerate(spans):
        if position >= first + count:
            break
        if position >= first:
            found.append(number)
    return found


def world_of(found: Look, parameters: Mapping[str, Any]) -> Scenario:
    """The world of a cell.

    Raises
    ------
    InputError
        if the store is of a model of somebody else
    """
    if found.setting.base is None:
        raise InputError("runs of a Mesa model of your own cannot be shown in the Lab")
    return replace(found.setting.base, {dotted(name): value for name, value in parameters.items()})


def replay(found: Look, parameters: Mapping[str, Any], seed: Any, replicate: int) -> str:
    """The query of the Lab that shows this very run; "" where no link can carry its world."""
    try:
        query = links.write(world_of(found, parameters), seed)
    except CoopError:
        return ""
    number = numbered(found, replicate)
    return f"{query}&replicate={number}" if number else query


def numbered(found: Look, replicate: int) -> int:
    """Which replicate of its seed a run is; where seeds were given one by one, each run is replicate 0 of its own."""
    return 0 if "rng" in found.identity else replicate


def why_not(found: Look, replicate: int = 1) -> str:
    """Why runs of this store cannot be opened in the Lab; "" where they can."""
    base = found.setting.base
    if base is None:
        return "Runs of a Mesa model of your own cannot be shown in the Lab."
    if base.minded:
        return "Language models took part, so the Lab cannot run this again; the page Transcripts shows what they said."
    if found.setting.graphs == "one" and base.network.enabled and replicate:
        return "All runs live on one graph (graphs = one); the Lab can show replicate 0 of it alone."
    return ""


def toml(found: Look, parameters: Mapping[str, Any]) -> str:
    """The world of a cell as a scenario file."""
    return dumps(world_of(found, parameters))
