"""The interactive view of a sweep: cells, axes and theory's line as plain numbers in shares of the axes.

Colours, intervals and the line are those of the figures of ``coop-abm store figure``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm.dashboard.stores import Choice, Look, interval_of
from coop_abm.experiments.tables import text
from coop_abm.scenario.knobs import replace
from coop_abm.sweeps.boundary import Boundary, Curve, Theory, crossings
from coop_abm.sweeps.captions import fixed, measured, titled
from coop_abm.sweeps.colours import neutral_level, palette
from coop_abm.sweeps.phase import SPARSE, boundary_of, uncertain
from coop_abm.sweeps.scales import Axis, axis
from coop_abm.sweeps.table import is_share, spelt

if TYPE_CHECKING:
    import pandas

#: Labels along an axis at most, and colours of the bar.
TICKS, SHADES = 12, 33
#: Share of an axis that is left around points, because they have a size.
ROOM = 0.03

#: A line of theory that was worked out before, by what it depends on.
Known = dict[str, Any]


def plane(table: pandas.DataFrame, found: Look, measure: str, now: Choice, known: Known) -> dict[str, Any]:
    """What is drawn: a heat map of two parameters, or a curve of one.

    Parameters
    ----------
    table : from :func:`~coop_abm.dashboard.stores.cells`, all of it
    now   : which of its cells, along which axes
    known : what theory said before; written

    Returns
    -------
    plain values; places are shares of the axes, x to the right and y upwards
    """
    part = table.iloc[now.rows]
    base = found.setting.base
    world = None if base is None else replace(base, _held(part, now))
    neutral = neutral_level(world, measure)
    common = {
        "title": titled(measure, found.setting).replace("\n", " "), "neutral": neutral,
        "x": _dressed(across := axis(part, now.x, base)),
        "tips": [_tip(row, now) for _, row in part.iterrows()], "rows": now.rows,
    }  # fmt: skip
    if now.y:
        return common | _cells(part, across, axis(part, now.y, base), found, measure, neutral, now, known, world)
    return common | _curve(part, across, found, measure, neutral, now, known)


def _held(part: pandas.DataFrame, now: Choice) -> dict[str, Any]:
    return {name: value for name, value in fixed(part).items() if name not in (now.x, now.y)}


def _tip(row: Any, now: Choice) -> str:
    places = [f"{name} = {spelt(row[name])}" for name in (now.x, now.y) if name]
    value = "no value yet" if not math.isfinite(row["mean"]) else f"{text(float(row['mean']))}  [{interval_of(row)}]"
    failed = f", {int(row['failed']):,} failed" if row["failed"] else ""
    return "\n".join([*places, value, f"{int(row['runs']):,} runs{failed}"])


def _dressed(along: Axis) -> dict[str, Any]:
    """Label, ticks and ends of cells of an axis."""
    at = along.straight(along.at)
    some = np.unique(np.linspace(0, len(at) - 1, min(len(at), TICKS)).round().astype(int))
    ticks = [[float(at[i]), spelt(along.values[i]).replace("_", " ")] for i in some]
    return {"label": along.label, "ticks": ticks, "edges": _plain(along.straight(along.edges))}


def _cells(
    part: pandas.DataFrame, across: Axis, up: Axis, found: Look, measure: str, neutral: float | None, now: Choice,
    known: Known, world: Any,
) -> dict[str, Any]:  # fmt: skip
    from matplotlib.colors import to_hex

    columns, rows = across.places(part[now.x]), up.places(part[now.y])
    sample = found.sampled or len(set(zip(columns, rows, strict=True))) < SPARSE * len(across.values) * len(up.values)
    means = part["mean"].to_numpy(np.float64)
    shades = palette(means, measure, neutral, world)
    colours = ["" if math.isnan(m) else to_hex(shades.colours(shades.scale(m))) for m in means]
    key = repr((now.x, now.y, sorted(now.at.items()), measure, across.values, up.values, sample))
    if key not in known:
        known[key] = boundary_of(part, across, up, found.setting, measure, sample)
    theory: Boundary = known[key]
    low, high = float(shades.scale.vmin or 0), float(shades.scale.vmax or 1)
    bar = [low + (high - low) * k / (SHADES - 1) for k in range(SHADES)]
    return {
        "kind": "points" if sample else "cells", "y": _dressed(up),
        "cells": [[i, j, colour, bool(unsure)] for i, j, colour, unsure in
                  zip(columns, rows, colours, uncertain(part, neutral), strict=True)],
        "points": _pairs(across.straight(across.at[columns]), up.straight(up.at[rows])) if sample else [],
        "room": ROOM if sample else 0.0, "said": theory.said,
        "bar": {"low": low, "high": high, "colours": [to_hex(shades.colours(shades.scale(v))) for v in bar]},
        "lines": [_line(curve, across, up, name) for curve, name in
                  ((theory.limit, "textbook limit"), (theory.exact, theory.name)) if curve is not None],
    }  # fmt: skip


def _line(curve: Curve, across: Axis, up: Axis, name: str) -> dict[str, Any]:
    return {"name": name, "points": _pairs(across.straight(curve.x), up.straight(curve.y))}


def _curve(
    part: pandas.DataFrame, across: Axis, found: Look, measure: str, neutral: float | None, now: Choice, known: Known
) -> dict[str, Any]:
    mean, low, high = (part[name].to_numpy(np.float64) for name in ("mean", "low", "high"))
    at = across.straight(across.at[across.places(part[now.x])])
    share = is_share(measure) and (not np.isfinite(mean).any() or bool(np.nanmax(mean) <= 1))
    ends = (0.0, 1.0) if share else _ends(np.concatenate([mean, low, high]))
    key = repr((now.x, sorted(now.at.items()), measure, across.values))
    if key not in known:
        known[key] = _upright(part, across, found)
    crossed, said = known[key]
    up = lambda values: (values - ends[0]) / (ends[1] - ends[0])  # noqa: E731
    ticks = np.linspace(*ends, 5)
    return {
        "kind": "curve", "cells": [], "room": ROOM, "said": said,
        "points": _pairs(at, up(mean)), "bars": _pairs(up(low), up(high)),
        "y": {"label": f"mean {measured(measure)}".replace("mean mean", "mean"), "edges": [0.0, 1.0],
              "ticks": [[float(up(t)), f"{t:.3g}"] for t in ticks]},
        "level": None if neutral is None else float(up(neutral)), "bar": None,
        "lines": [{"name": "theory: (b/c)*", "points": [[x, 0.0], [x, 1.0]]} for x in crossed],
    }  # fmt: skip


def _upright(part: pandas.DataFrame, across: Axis, found: Look) -> tuple[list[float], str]:
    """Theory's thresholds as shares of the axis, and what it says."""
    setting = found.setting
    if setting.base is None or across.scale == "words":
        return [], ""
    theory = Theory(setting.base, fixed(part), seed=setting.seed, graphs=setting.graphs)
    crossed = crossings(theory, across, {})
    return _plain(across.straight(np.array(crossed, np.float64))), theory.said(bool(crossed))


def _ends(values: np.ndarray) -> tuple[float, float]:
    seen = values[np.isfinite(values)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    reach = 0.06 * (high - low) or 0.5
    return low - reach, high + reach


def _pairs(x: np.ndarray, y: np.ndarray) -> list[list[float] | None]:
    """Points; None where a line is interrupted."""
    pairs = np.column_stack([x, y]).tolist()
    return [pair if all(map(math.isfinite, pair)) else None for pair in pairs]


def _plain(values: np.ndarray) -> list[float]:
    return [float(v) for v in values]
