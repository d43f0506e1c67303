"""Words in a figure where there is room for them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm import figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

#: Points between a line and its name, and between a name and the frame.
BESIDE, INSIDE = 7.0, 5.0


def name_line(axes: Axes, x: np.ndarray, y: np.ndarray, words: str, avoid: Sequence[np.ndarray] = ()) -> Text | None:
    """Write beside a line what it is: inside the axes, and where it covers least of it and of others.

    Parameters
    ----------
    x, y  : the line in data units; NaN where it is interrupted
    avoid : float (n, 2) each, other lines in data units
    """
    figure = _whole(axes)
    figure.draw_without_rendering()  # places are known once everything else is laid out
    scale = figure.dpi / 72
    frame = axes.get_window_extent()
    line = _dense(axes.transData.transform(np.column_stack([x, y])))
    lines = np.concatenate([line, *(_dense(axes.transData.transform(other)) for other in avoid)])
    within = line[((line >= frame.min) & (line <= frame.max)).all(axis=1)]
    if len(within) == 0:
        return None
    text = axes.annotate(
        words, (0, 0), xytext=(0, 0), textcoords="offset points", fontsize=10, color=figures.THEORY, zorder=6,
        bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}, parse_math=False,
        annotation_clip=False,  # or it would have no extent while it is outside
    )  # fmt: skip
    size = text.get_window_extent()
    width, height = size.width + 6 * scale, size.height + 6 * scale
    best: tuple[float, float, float, float, float] | None = None
    for point in within[:: max(1, len(within) // 60)]:
        for right, up in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            corner = point + BESIDE * scale * np.array([right, up])
            left = corner[0] if right > 0 else corner[0] - width
            bottom = corner[1] if up > 0 else corner[1] - height
            room = min(left - frame.x0, frame.x1 - left - width, bottom - frame.y0, frame.y1 - bottom - height)
            if room < INSIDE * scale:
                continue
            beside = (lines > [left - 3, bottom - 3]) & (lines < [left + width + 3, bottom + height + 3])
            cost = 1000 * int(beside.all(axis=1).sum()) - min(room, 40 * scale)
            if best is None or cost < best[0]:
                best = (cost, float(point[0]), float(point[1]), left + width / 2, bottom + height / 2)
    if best is None:  # no room in so small a frame
        text.remove()
        return None
    _cost, px, py, tx, ty = best
    text.xy = tuple(axes.transData.inverted().transform((px, py)))
    text.set_position(((tx - px) / scale, (ty - py) / scale))
    text.set(ha="center", va="center")
    return text


def _dense(points: np.ndarray) -> np.ndarray:
    """The line as points some five pixels apart, without those that are nowhere."""
    found = [points[:1]]
    for a, b in itertools.pairwise(points):
        if np.isfinite([a, b]).all():
            steps = int(min(2000, np.hypot(*(b - a)) // 5 + 1))
            found.append(a + (b - a) * np.linspace(0, 1, steps + 1)[1:, None])
    dense = np.concatenate(found)
    return dense[np.isfinite(dense).all(axis=1)]


def below(axes: Axes) -> float:
    """How far below the frame the ticks and the label of the horizontal axis reach, in points."""
    figure = _whole(axes)
    figure.draw_without_rendering()
    reach = axes.xaxis.get_tightbbox()
    return 0.0 if reach is None else (axes.get_window_extent().y0 - reach.y0) * 72 / figure.dpi


def lowered(axes: Axes, points: float) -> Any:
    """A transform that goes so far down."""
    from matplotlib.transforms import ScaledTranslation

    return ScaledTranslation(0, -points / 72, _whole(axes).dpi_scale_trans)


def _whole(axes: Axes) -> Figure:
    figure = axes.get_figure(root=True)
    assert figure is not None  # these axes belong to one
    return figure
