"""The phase diagram of a sweep: two parameters, colour for what became of it, theory's threshold across it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm import figures
from coop_abm.scenario.knobs import replace
from coop_abm.sweeps.boundary import Boundary, Curve, Theory, boundary
from coop_abm.sweeps.captions import Setting, caption, fixed, measured, one_cell_a_place, titled
from coop_abm.sweeps.colours import Palette, neutral_level, palette
from coop_abm.sweeps.placing import below, lowered, name_line
from coop_abm.sweeps.scales import Axis, axis, dress
from coop_abm.sweeps.table import is_share, varying

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Up to so many cells have white lines between them; a larger number would be all lines.
FEW_CELLS = 500
#: A table that fills less of its grid is a sample: its cells are drawn as points.
SPARSE = 0.5
#: Share of an axis that is left around points, because they have a size.
POINT = 0.025


def phase_diagram(
    table: pandas.DataFrame, x: str, y: str, *, setting: Setting, measure: str = "cooperators",
    neutral: float | None = None,
) -> Figure:  # fmt: skip
    """Two parameters of a sweep as a plane of cells.

    Colour is the mean of the measure at the end; cells whose 95 % interval holds the neutral level are hatched;
    theory's threshold for these very worlds is drawn across. Of samples (Latin hypercube, Sobol) each cell is a point.

    Parameters
    ----------
    table   : from :func:`~coop_abm.sweeps.table.summary`
    x, y    : parameters
    setting : what all cells have in common
    neutral : the level between the two colours; by default what the measure is at the start

    Raises
    ------
    InputError
        if there is no such parameter, or others vary as well
    """
    across, up = axis(table, x, setting.base), axis(table, y, setting.base)
    columns, rows = across.places(table[x]), up.places(table[y])
    sample = len(set(zip(columns, rows, strict=True))) < SPARSE * len(across.values) * len(up.values)
    if not sample:
        one_cell_a_place(table, [x, y])
    world = None if setting.base is None else replace(setting.base, fixed(table))
    if neutral is None:
        neutral = neutral_level(world, measure)
    shades = palette(table["mean"].to_numpy(np.float64), measure, neutral, world)
    unsure = uncertain(table, neutral)
    expected = boundary_of(table, across, up, setting, measure, sample)
    handles: dict[str, Any] = {}
    with figures.drawing(width=8.4, height=6.6) as (figure, axes):
        axes.grid(False)
        axes.spines[["top", "right"]].set_visible(True)
        dress(axes, across, "x", room=POINT if sample else 0.0)
        dress(axes, up, "y", room=POINT if sample else 0.0)
        if sample:
            drawn = _points(axes, across.at[columns], up.at[rows], table, unsure, shades, handles)
        else:
            drawn = _cells(axes, across, up, columns, rows, table, unsure, shades, handles)
        _bar(figure, axes, drawn, measure, neutral)
        axes.set_title(titled(measure, setting), parse_math=False)
        figure.supxlabel(
            caption(table, [x, y], setting, [expected.said]), x=0.012, ha="left", fontsize=9, color=figures.MUTED,
            linespacing=1.4, parse_math=False,
        )  # fmt: skip
        if "uncertain" in handles:
            handles[f"95 % interval holds {neutral:.3g}"] = handles.pop("uncertain")
        _lines(axes, expected, handles)
    return figure


def uncertain(table: pandas.DataFrame, neutral: float | None) -> np.ndarray:
    """Bool for each cell: does the interval hold the neutral level?"""
    if neutral is None:
        return np.zeros(len(table), bool)
    return ((table["low"] <= neutral) & (neutral <= table["high"])).to_numpy()


def boundary_of(
    table: pandas.DataFrame, across: Axis, up: Axis, setting: Setting, measure: str, sample: bool
) -> Boundary:
    """What theory says about the plane of these two axes; `sample`: are its cells points of a sample?"""
    if setting.base is None:
        return Boundary(None, None, "")
    if not _about_cooperation(measure):
        return Boundary(None, None, "Theory speaks of who takes over, not of this measure.")
    more = [name for name in varying(table) if name not in (across.name, up.name)]
    if sample and more:
        return Boundary(None, None, f"No threshold is drawn, because {', '.join(more[:3])} vary as well.")
    theory = Theory(setting.base, fixed(table), seed=setting.seed, graphs=setting.graphs)
    return boundary(theory, across, up)


def _about_cooperation(measure: str) -> bool:
    return measure in ("cooperators", "cooperation") or measure.startswith("share_")


def _cells(
    axes: Axes, across: Axis, up: Axis, columns: list[int], rows: list[int], table: pandas.DataFrame,
    unsure: np.ndarray, shades: Palette, handles: dict[str, Any],
) -> Any:  # fmt: skip
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    means = np.full((len(up.values), len(across.values)), np.nan)
    means[rows, columns] = table["mean"]
    few = means.size <= FEW_CELLS
    mesh = axes.pcolormesh(
        across.edges, up.edges, np.ma.masked_invalid(means), cmap=shades.colours, norm=shades.scale,
        edgecolors="white" if few else "face", linewidth=0.5 if few else 0.1, zorder=1, rasterized=means.size > 20_000,
    )  # fmt: skip
    left, right, low, high = across.edges[:-1], across.edges[1:], up.edges[:-1], up.edges[1:]
    boxes = [
        [(left[i], low[j]), (right[i], low[j]), (right[i], high[j]), (left[i], high[j])]
        for i, j, doubtful in zip(columns, rows, unsure, strict=True) if doubtful
    ]  # fmt: skip
    if boxes:
        look: dict[str, Any] = {"facecolor": "none", "edgecolor": figures.LIMIT, "linewidth": 0, "hatch": HATCH}
        axes.add_collection(PolyCollection(boxes, zorder=2, gid="uncertain", **look), autolim=False)
        handles["uncertain"] = Patch(**look | {"linewidth": 0.8})
    empty = np.argwhere(np.isnan(means))
    if len(empty):
        at = _middle(across)[empty[:, 1]], _middle(up)[empty[:, 0]]
        handles["no data"] = axes.plot(*at, "x", color=figures.LIMIT, markersize=5, zorder=2, gid="no data")[0]
    return mesh


HATCH = "////"


def _middle(along: Axis) -> np.ndarray:
    """The middle of each cell, as the eye sees it."""
    a, b = along.edges[:-1], along.edges[1:]
    return np.sqrt(a * b) if along.scale == "log" else (a + b) / 2


def _points(
    axes: Axes, x: np.ndarray, y: np.ndarray, table: pandas.DataFrame, unsure: np.ndarray, shades: Palette,
    handles: dict[str, Any],
) -> Any:  # fmt: skip
    means = table["mean"].to_numpy(np.float64)
    seen = np.isfinite(means)
    area = float(np.clip(40_000 / max(len(means), 1), 12, 120))
    look: dict[str, Any] = {"s": area, "cmap": shades.colours, "norm": shades.scale, "linewidth": 0.6}
    sure = axes.scatter(x[seen], y[seen], c=means[seen], edgecolor=figures.MUTED, zorder=2, **look)
    if not seen.all():
        handles["no data"] = axes.plot(x[~seen], y[~seen], "x", color=figures.LIMIT, markersize=5, gid="no data")[0]
    if unsure.any():
        handles["uncertain"] = axes.scatter(
            x[unsure], y[unsure], s=area, facecolor="none", edgecolor=figures.MUTED, linewidth=0, hatch=HATCH * 2,
            zorder=3, gid="uncertain",
        )  # fmt: skip
    return sure


def _bar(figure: Figure, axes: Axes, drawn: Any, measure: str, neutral: float | None) -> None:
    bar = figure.colorbar(drawn, ax=axes, fraction=0.06, pad=0.02, aspect=28)
    bar.outline.set_visible(False)  # type: ignore[operator]
    words = f"mean {measured(measure)} at the end" if not measured(measure).startswith("mean") else measured(measure)
    bar.set_label(words, color=figures.INK, parse_math=False)
    bar.ax.grid(False)
    if neutral is not None:
        low, high = drawn.norm.vmin, drawn.norm.vmax
        if is_share(measure):
            quarters = np.unique(np.round([low, (low + neutral) / 2, neutral, (high + neutral) / 2, high], 6))
            bar.set_ticks(quarters.tolist(), labels=[f"{tick:.3g}" for tick in quarters])
        bar.ax.axhline(neutral, color=figures.INK, linewidth=1.2)


def _lines(axes: Axes, expected: Boundary, handles: dict[str, Any]) -> None:
    """Theory across the cells, the legend under them, and the name of the line where there is room."""
    if expected.limit is not None:
        handles["textbook limit (N without bound, weak selection)"] = _line(axes, expected.limit, ":", 1.6, "limit")
    if expected.exact is not None:
        _line(axes, expected.exact, (0, (6, 3)), 2.2, "theory")
    if handles:
        axes.legend(
            list(handles.values()), list(handles), loc="upper left", bbox_to_anchor=(0, 0), frameon=False, ncols=3,
            borderaxespad=0, borderpad=0, handlelength=1.8, columnspacing=1.6, fontsize=9.5,
            bbox_transform=axes.transAxes + lowered(axes, below(axes) + 6),
        )  # fmt: skip
    if expected.exact is not None:
        others = [np.column_stack([expected.limit.x, expected.limit.y])] if expected.limit is not None else []
        name_line(axes, expected.exact.x, expected.exact.y, expected.name, others)


def _line(axes: Axes, curve: Curve, style: Any, width: float, name: str) -> Any:
    from matplotlib.patheffects import Normal, Stroke

    halo = [Stroke(linewidth=width + 2.4, foreground="white", alpha=0.85), Normal()]
    if curve.marked and name == "theory":
        axes.plot(curve.x, curve.y, "o", color=figures.THEORY, markersize=5, markeredgecolor="white", zorder=4)
    return axes.plot(
        curve.x, curve.y, linestyle=style, linewidth=width, color=figures.THEORY, path_effects=halo, zorder=3, gid=name,
        label="_",
    )[0]  # fmt: skip
