"""How figures look: one meaning for each colour, everywhere.

Cooperate is blue and defect orange with a dark ring, because orange alone is too faint on white;
theory is dark grey and dashed. Shapes and labels say the same for those who see no colour.
matplotlib is imported on use.
"""

from __future__ import annotations

import functools
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coop_abm import output

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COOPERATE, DEFECT, DEFECT_RING = "#0072B2", "#E69F00", "#8A5A00"
THEORY, LIMIT = "#4A4A4A", "#8C96A0"
THIRD, FOURTH, DARK_RED = "#009E73", "#CC79A7", "#7A0A12"
INK, MUTED, GRID = "#1F2933", "#5B6770", "#E3E6EA"

_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "lines.linewidth": 1.75,
    "figure.facecolor": "white",
    "savefig.dpi": 160,
    "svg.fonttype": "none",
    "svg.hashsalt": "coop_abm",  # the same figure is the same file
}


@functools.cache
def _picture() -> type[Figure]:
    """Figures that a notebook shows by themselves: they belong to no window, so nobody else would."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=_STYLE["savefig.dpi"])
            return buffer.getvalue()

    return Picture


@contextmanager
def drawing(
    columns: int = 1, rows: int = 1, *, width: float = 9.0, height: float = 5.0
) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axes, in the house style, belonging to no window.

    Yields
    ------
    figure, axes : axes is one Axes, or an array of them where there are several
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with matplotlib.rc_context(_STYLE):
        figure = _picture()(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(rows, columns)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write the figure as PNG and SVG; the paths written.

    Raises
    ------
    OutputError
        naming the path that cannot be written
    """
    import matplotlib

    def writer(suffix: str) -> Callable[[Path], None]:
        metadata = {"Date": None} if suffix == "svg" else None
        return lambda beside: figure.savefig(beside, format=suffix, metadata=metadata)

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        return [output.write(folder / f"{name}.{suffix}", writer(suffix)) for suffix in ("png", "svg")]


def strategy_style(helper: bool, order: int) -> dict[str, Any]:
    """Colour and line of the `order`-th strategy among those that help, or do not help, strangers."""
    colours = (COOPERATE, THIRD, FOURTH) if helper else (DEFECT, DEFECT_RING, DARK_RED)
    return {"color": colours[order % 3], "linestyle": ("-", (0, (6, 2)), (0, (1, 1.5)))[order // 3 % 3]}


def label_ends(axes: Axes, x: float, ends: list[tuple[float, str, str]], gap: float = 0.05) -> None:
    """Name curves where they end, instead of in a legend.

    Parameters
    ----------
    ends : height, name and colour of each curve; names are pushed apart to at least `gap` in data units
    """
    ends = sorted(ends)
    heights = [height for height, _name, _colour in ends]
    for k in range(1, len(heights)):
        heights[k] = max(heights[k], heights[k - 1] + gap)
    above = max(ends[-1][0], axes.get_ylim()[1]) if heights else 0.0
    for k in range(len(heights) - 1, -1, -1):  # down again from the top, as far as it takes
        heights[k] = min(heights[k], above)
        above = heights[k] - gap
    for (_height, name, colour), height in zip(ends, heights, strict=True):
        shown = DEFECT_RING if colour == DEFECT else colour  # orange text is too faint on white
        axes.annotate(
            name, (x, height), xytext=(6, 0), textcoords="offset points", va="center", color=shown,
            fontsize=10, annotation_clip=False,
        )  # fmt: skip


def simplex(M: Any, names: tuple[str, str, str], title: str = "", steps: int = 10) -> Figure:
    """The replicator flow of three strategies: streams on the triangle, and where they stand still.

    A filled mark is stable, an open one is not, and a grey one is undecided (a centre, or a line of rest
    points through it). Streams start on a lattice and run until they hardly move.

    Parameters
    ----------
    M : float (3, 3), payoff of row against column; names : of the corners, first at the left, last on top
    steps : of the lattice on which streams start

    References
    ----------
    TaylorJonker1978
    """
    import numpy as np

    from coop_abm.theory import replicator

    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    starts, velocity = replicator.simplex_field(M, steps)
    fastest = np.abs(velocity).max()
    times = np.linspace(0, 3.0 / fastest if fastest > 0 else 1.0, 300)
    with drawing(width=6.4, height=6.0) as (figure, axes):
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.plot(*corners[[0, 1, 2, 0]].T, color=INK, linewidth=1.2, zorder=2)
        for start in starts:
            path = replicator.trajectory(M, start, times) @ corners
            moved = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
            path = path[moved <= 2.2 / steps]
            if moved[-1] > 0.01 and len(path) > 2:
                axes.plot(*path.T, color=LIMIT, linewidth=1.0, zorder=1)
                axes.annotate(
                    "", path[-1], path[-2], arrowprops={"arrowstyle": "-|>", "color": LIMIT, "linewidth": 1.0}, zorder=1
                )
        for point in replicator.rest_points(M):
            face = INK if point.stable else "white" if point.growth > 1e-9 else LIMIT
            axes.scatter(*(point.shares @ corners), s=70, facecolor=face, edgecolor=INK, linewidth=1.4, zorder=3)
        for corner, name, (dx, dy) in zip(corners, names, ((-10, -16), (10, -16), (0, 12)), strict=True):
            axes.annotate(name, corner, xytext=(dx, dy), textcoords="offset points", ha="center", va="center")
        if title:
            axes.set_title(title)
        axes.margins(0.08)
    return figure
