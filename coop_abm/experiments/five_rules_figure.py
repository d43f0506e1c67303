"""The figure of the five rules: a panel for each, measured crossing beside theory, and a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from coop_abm.experiments.five_rules import Row

_HEADINGS = {
    "kin": ("Kin selection", "b/c > 1/r"),
    "direct": ("Direct reciprocity", "b/c > (2 − w)/w"),
    "indirect": ("Indirect reciprocity", "b/c > (2 − q)/q"),
    "network": ("Network reciprocity", "b/c > k"),
    "group": ("Group selection", "b/c > 1 + n/m"),
}


def figure(rows: list[Row], precision: str, seed: int) -> Figure:
    """Five panels, one a rule, and a key."""
    from coop_abm import figures

    with figures.drawing(3, 2, width=13.33, height=7.5) as (drawn, grid):
        for axes, row in zip(grid.flat, rows, strict=False):
            _panel(axes, row)
        _key(grid.flat[-1], precision, seed)
        drawn.set_layout_engine("constrained", h_pad=0.1, w_pad=0.08)
        drawn.suptitle(
            "Five rules for the evolution of cooperation: measured against exact theory",
            x=0.01, ha="left", fontsize=17, fontweight="bold",
        )  # fmt: skip
    return drawn


def _panel(axes: Axes, row: Row) -> None:
    from coop_abm import figures

    name, inequality = _HEADINGS[row.rule]
    axes.set_title(f"{name}:  {inequality}", pad=46)
    axes.set_xlabel("benefit-to-cost ratio  b/c")
    found, exact, limit = row.measured, row.expected.value, row.expected.limit
    if found is None:
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        words = {"no threshold": f"no threshold\n(critical ratio {exact:.4g})"}.get(
            row.verdict, f"{row.verdict}\n{row.note}"
        )
        axes.text(0.5, 0.5, words, ha="center", va="center", color=figures.MUTED, wrap=True)
        return
    axes.set_ylabel(r"$\rho_C - \rho_D$" if row.rule == "network" else r"$\ln(\rho_C / \rho_D)$")
    for points, shade in zip(found.points, (1.0, 0.65, 0.4), strict=False):
        for point in points:
            wins = point.value > 0
            axes.errorbar(
                point.ratio, point.value, yerr=1.96 * point.error, fmt="o" if wins else "s", markersize=7, alpha=shade,
                color=figures.COOPERATE if wins else figures.DEFECT, capsize=3, elinewidth=1.4,
                markeredgecolor=figures.COOPERATE if wins else figures.DEFECT_RING, ecolor=figures.INK, zorder=4,
            )  # fmt: skip
    x = [point.ratio for points in found.points for point in points] + [v for v in (exact, limit) if 0 < v < 1e3]
    room = 0.08 * (max(x) - min(x))
    low, high = min(x) - room, max(x) + room
    axes.set_xlim(low, high)
    axes.margins(y=0.18)
    for points in found.points:
        x, y = [point.ratio for point in points], [point.value for point in points]
        axes.plot(x, y, color=figures.LIMIT, linewidth=1, zorder=2)
    axes.axhline(0, color=figures.MUTED, linewidth=0.8, zorder=1)
    axes.axvspan(found.low, found.high, color=figures.COOPERATE, alpha=0.18, linewidth=0, zorder=1)
    axes.axvline(exact, color=figures.THEORY, linestyle=(0, (6, 4)), linewidth=1.6, zorder=3)
    if low < limit < high:
        axes.axvline(limit, color=figures.LIMIT, linestyle=(0, (1, 2)), linewidth=1.6, zorder=2)
    numbers = f"measured {found.value:.3f} [{found.low:.3f}, {found.high:.3f}]  exact {exact:.3f}  limit {limit:.3f}"
    above = [
        axes.text(
            0, 1.1, "\n".join(row.condition.rsplit("; ", 1)), transform=axes.transAxes, va="bottom", fontsize=8,
            color=figures.MUTED, parse_math=False,
        ),
        axes.text(0, 1.02, numbers, transform=axes.transAxes, va="bottom", fontsize=9.5, color=figures.INK),
    ]  # fmt: skip
    for text in above:
        text.set_in_layout(False)  # there is room for it, and it must not narrow the panel


def _key(axes: Axes, precision: str, seed: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from coop_abm import figures

    axes.set_axis_off()
    entries = [
        Line2D([], [], marker="o", linestyle="", color=figures.COOPERATE, markersize=8),
        Line2D(
            [], [], marker="s", linestyle="", color=figures.DEFECT, markeredgecolor=figures.DEFECT_RING, markersize=8
        ),
        Patch(facecolor=figures.COOPERATE, alpha=0.18),
        Line2D([], [], color=figures.THEORY, linestyle=(0, (6, 4))),
        Line2D([], [], color=figures.LIMIT, linestyle=(0, (1, 2))),
    ]
    words = [
        "measured: cooperators take over more often",
        "measured: defectors take over more often",
        "measured crossing, 95 % interval",
        "exact theory for this population",
        "textbook limit (infinite, weak, rare)",
    ]
    axes.legend(entries, words, loc="upper left", frameon=False, fontsize=10.5, labelspacing=0.8, borderaxespad=0)
    beside = axes.text(
        0.02, 0.34,
        r"$\rho_C$: chance that cooperators take over from defectors" "\n"
        r"$\rho_D$: chance that defectors take over from cooperators" "\n"
        "Bars: 95 % intervals of the simulation\n"
        f"Donation game, exponential fitness\nPrecision {precision}, seed {seed}",
        transform=axes.transAxes, va="top", fontsize=9.5, color=figures.MUTED, linespacing=1.5,
    )  # fmt: skip
    beside.set_in_layout(False)
