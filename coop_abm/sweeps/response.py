"""The response curve of a sweep: one parameter across, what became of it up, a line for each value of a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm import figures
from coop_abm.scenario.knobs import dotted, replace
from coop_abm.sweeps.boundary import Theory, crossings
from coop_abm.sweeps.captions import Setting, caption, fixed, measured, one_cell_a_place, titled
from coop_abm.sweeps.colours import hues, neutral_level, sequence
from coop_abm.sweeps.scales import Axis, axis, dress
from coop_abm.sweeps.table import is_share, plain, spelt

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: With more points intervals are a band alone, without a bar each.
BARS = 40
#: More lines than these are named at their ends only here and there.
NAMES = 9


def response_curve(
    table: pandas.DataFrame, x: str, *, by: str | None = None, setting: Setting, measure: str = "cooperators",
    neutral: float | None = None,
) -> Figure:  # fmt: skip
    """The mean along one parameter, with 95 % intervals; theory's thresholds as upright lines.

    Parameters
    ----------
    table   : from :func:`~coop_abm.sweeps.table.summary`
    x, by   : parameters: along the axis, and of which each value has a line
    setting : what all cells have in common
    neutral : the level that a grey line marks; by default what the measure is at the start

    Raises
    ------
    InputError
        if there is no such parameter, or others vary as well
    """
    along = axis(table, x, setting.base)
    lines = axis(table, by, setting.base) if by is not None else None
    shown = [x] if by is None else [x, by]
    one_cell_a_place(table, shown)
    world = None if setting.base is None else replace(setting.base, fixed(table))
    whence = "as given"
    if neutral is None:
        neutral, whence = neutral_level(world, measure), "as at the start"
    values = [None] if lines is None else list(lines.values)
    colours: list[Any] = sequence(len(values))
    if world is None or len(values) == 1:
        colours = colours if len(values) > 1 else [figures.INK if world is None else hues(measure, world)[1]]
    with figures.drawing(width=8.6, height=5.4) as (figure, axes):
        ends: list[tuple[float, str, Any]] = []
        thresholds: list[tuple[float, Any]] = []
        for value, colour in zip(values, colours, strict=True):
            part = table if lines is None else table[[spelt(v) == spelt(value) for v in table[by]]]
            part = part[part["runs"] > 0]
            at = along.at[along.places(part[x])]
            if len(part):
                _curve(axes, at, part, along, colour)
                ends.append((float(part["mean"].iloc[-1]) + 1e-9 * len(ends), spelt(value), colour))
        dress(axes, along, "x")
        words = measured(measure)
        axes.set_ylabel(words if words.startswith("mean") else f"mean {words}", parse_math=False)
        if is_share(measure) and table["mean"].max() <= 1:
            axes.set_ylim(-0.02, 1.02)
        level = ""
        if neutral is not None:
            level = f"Grey line: {neutral:.3g}, {whence}."
            axes.axhline(neutral, color=figures.LIMIT, linewidth=1.0, zorder=1, gid="neutral")
        said = "" if setting.base is None else "Theory's threshold is a place only on an axis of numbers."
        if setting.base is not None and along.scale != "words":
            theory = Theory(setting.base, fixed(table), seed=setting.seed, graphs=setting.graphs)
            for value, colour in zip(values, colours, strict=True):
                changes = {} if by is None else {dotted(by): plain(value)}
                found = crossings(theory, along, changes)
                thresholds += [(at, figures.THEORY if by is None else colour) for at in found]
            said = theory.said(bool(thresholds))
            _upright(axes, thresholds, theory.status)
        axes.set_title(titled(measure, setting), parse_math=False, pad=22 if thresholds else 6)
        if lines is not None:
            _name(axes, along, lines, ends)
        figure.supxlabel(
            caption(table, shown, setting, [level, said]), x=0.012, ha="left", fontsize=9, color=figures.MUTED,
            linespacing=1.4, parse_math=False,
        )  # fmt: skip
    return figure


def _curve(axes: Axes, at: np.ndarray, part: pandas.DataFrame, along: Axis, colour: Any) -> None:
    mean, low, high = (part[name].to_numpy(np.float64) for name in ("mean", "low", "high"))
    bars = along.scale == "words" or len(at) <= BARS
    if along.scale != "words":
        known = np.isfinite(low) & np.isfinite(high)
        axes.fill_between(at, low, high, where=known, color=colour, alpha=0.15, linewidth=0, zorder=2, gid="interval")
    axes.plot(at, mean, "o" if along.scale == "words" else "o-" if bars else "-", color=colour, markersize=4, zorder=4)
    if bars:
        reach = np.where(np.isfinite([low, high]), np.abs(np.array([low, high]) - mean), 0.0)
        axes.errorbar(at, mean, yerr=reach, fmt="none", ecolor=colour, elinewidth=1.0, capsize=2, zorder=3)


def _upright(axes: Axes, thresholds: list[tuple[float, Any]], status: str) -> None:
    """Theory's thresholds, and their name above the frame."""
    for at, colour in thresholds:
        axes.axvline(at, color=colour, linestyle=(0, (6, 3)), linewidth=1.5, zorder=2, gid="theory")
    if thresholds:
        places = sorted(at for at, _colour in thresholds)
        middle = places[len(places) // 2]
        share = axes.transAxes.inverted().transform(axes.transData.transform((middle, 0)))[0]
        side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
        words = "theory" + (f", {status}" if status else "")
        words += f": {places[0]:.4g}" if len(places) == 1 else " (dashed)"
        axes.annotate(
            words, (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points", ha=side,
            va="bottom", fontsize=10, color=figures.THEORY, annotation_clip=False, parse_math=False,
        )  # fmt: skip


def _name(axes: Axes, along: Axis, lines: Axis, ends: list[tuple[float, str, Any]]) -> None:
    """The value of each line at its end, and above them of which parameter."""
    from matplotlib.colors import to_hex

    every = -(-len(ends) // NAMES)
    kept = [(height, name, to_hex(colour)) for i, (height, name, colour) in enumerate(ends) if i % every == 0]
    low, high = axes.get_ylim()
    figures.label_ends(axes, float(along.edges[-1]), kept, gap=0.05 * (high - low))
    axes.annotate(
        lines.label, (1, 1), xycoords="axes fraction", xytext=(6, 10), textcoords="offset points", fontsize=10,
        color=figures.MUTED, annotation_clip=False, parse_math=False,
    )  # fmt: skip
