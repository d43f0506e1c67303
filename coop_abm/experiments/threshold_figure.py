"""The picture of one graph: its degrees, and what it asks of cooperation beside the rule of thumb."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm import figures
from coop_abm.core.errors import quoted
from coop_abm.structures import Graph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Above this degree both axes are logarithmic: a few hubs would leave the rest in one column.
STRAIGHT = 40


def figure(name: str, graph: Graph, rows: list[Any]) -> Figure:
    """Two panels: how many nodes have which degree; exact, measured and rule of thumb for each update rule."""
    with figures.drawing(2, width=12, height=4.8) as (drawn, (left, right)):
        _degrees(left, graph)
        _ratios(right, rows)
        drawn.suptitle(f"{quoted(name, 60)[1:-1]}: N = {graph.size:,}, mean degree {graph.mean_degree:.3g}", x=0.01,
                       ha="left", fontweight="bold", parse_math=False)  # fmt: skip
    return drawn


def _degrees(axes: Axes, graph: Graph) -> None:
    degree = graph.degree
    counts = np.bincount(degree)
    at = np.flatnonzero(counts)
    if at[-1] > STRAIGHT:
        axes.loglog(at, counts[at], "o", color=figures.COOPERATE, markersize=5, alpha=0.8)
        ticks = [head * 10**power for power in range(7) for head in (1, 2, 5) if at[0] <= head * 10**power <= at[-1]]
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
        axes.set_xticks([], minor=True)
    else:
        axes.bar(at, counts[at], width=0.8, color=figures.COOPERATE)
        axes.set_xlim(at[0] - 1, at[-1] + 1)
        axes.locator_params(axis="x", integer=True)
    mean = graph.mean_degree
    axes.axvline(mean, color=figures.LIMIT, linestyle="--")
    axes.annotate(f"mean {mean:.3g}", (mean, 1), xycoords=("data", "axes fraction"), xytext=(5, -4),
                  textcoords="offset points", va="top", color=figures.MUTED, fontsize=10)  # fmt: skip
    axes.set(xlabel="degree (number of neighbours)", ylabel="number of nodes", title="Degrees")


def _ratios(axes: Axes, rows: list[Any]) -> None:
    seen = [v for row in rows for v in (row.exact, row.thumb, row.measured) if math.isfinite(v) and 0 < v <= 1000]
    widest = 1.25 * max(seen, default=10.0)
    labels: dict[str, Any] = {}
    for height, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        if 0 < row.thumb <= widest:
            labels["rule of thumb"] = axes.plot(
                row.thumb, height, "s", markersize=10, markerfacecolor="white", markeredgecolor=figures.LIMIT,
                markeredgewidth=1.8, zorder=2,
            )[0]  # fmt: skip
        if 0 < row.exact <= widest:
            labels["exact"] = axes.plot(row.exact, height, "|", markersize=24, markeredgewidth=2.2,
                                        color=figures.THEORY, zorder=3)[0]  # fmt: skip
        if 0 < row.measured <= widest:
            ends = [[row.measured - max(row.low, 0.0)], [min(row.high, 2 * widest) - row.measured]]
            labels["measured, 95 %"] = axes.errorbar(row.measured, height, xerr=np.abs(ends), fmt="o", markersize=5,
                                                     color=figures.COOPERATE, capsize=4, zorder=4)  # fmt: skip
        axes.annotate(_said(row), (0.015, height), xycoords=("axes fraction", "data"), xytext=(0, 25),
                      textcoords="offset points", fontsize=10, color=figures.INK, va="center")  # fmt: skip
    axes.set(xlim=(0, widest), ylim=(-0.6, len(rows) - 0.35), xlabel="critical benefit-to-cost ratio (b/c)*",
             title="What cooperation asks for")  # fmt: skip
    axes.set_yticks(range(len(rows) - 1, -1, -1), [row.update.replace("_", "\n") for row in rows])
    axes.grid(axis="x")
    if labels:
        axes.legend(labels.values(), labels.keys(), loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3,
                    frameon=False)  # fmt: skip


def _said(row: Any) -> str:
    """The numbers of a row in words."""
    best, how = (row.measured, "measured") if math.isnan(row.exact) else (row.exact, "exact")
    if math.isnan(best):
        return "not known"
    if best < 0 or math.isinf(best):
        return f"never ({how} {best:.4g})" if math.isfinite(best) else f"never ({how}: infinite)"
    if math.isinf(row.thumb):
        return f"{how} {best:.4g}, rule of thumb: never"
    return f"{how} {best:.4g}, rule of thumb {row.thumb:.3g} ({row.off:+.0%})"
