"""The figure of the super-additive experiment: rates beside published ones, within and between teams, strategies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coop_abm.experiments.super_additive_numbers import CONDITIONS, MODELS, published_of, rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from coop_abm.experiments.runs import Runs
    from coop_abm.experiments.super_additive import SuperAdditive

#: Published models: marker and how far beside the place of their condition.
_MARKS = {"Qwen3-14B": ("s", 0.14), "Phi-4": ("^", 0.26), "Cogito-14B": ("D", 0.38)}
_FITS = {
    "fit_allc": "always cooperate", "fit_tft": "tit-for-tat", "fit_grim": "grim", "fit_wsls": "win-stay, lose-shift",
    "fit_alld": "always defect",
}  # fmt: skip


def figure(experiment: SuperAdditive, results: Runs) -> Figure:
    """Four panels for a slide."""
    from coop_abm import figures

    with figures.drawing(2, 2, width=13.33, height=7.5) as (drawn, grid):
        _rates(grid[0, 0], experiment, results, "mu_c", "Overall cooperation")
        _rates(grid[0, 1], experiment, results, "mu_osc", "First rounds, opponent unknown")
        _sides(grid[1, 0], results)
        _strategies(grid[1, 1], results)
        world = next(iter(experiment.worlds.values()))
        drawn.set_layout_engine("constrained", h_pad=0.08, w_pad=0.1)
        drawn.suptitle(
            f"Teams and rematches: {world.teams} teams of {world.size}, {results.wanted} replications, "
            f"played by {_played(experiment)}",
            x=0.01, ha="left", fontsize=17, fontweight="bold",
        )  # fmt: skip
    return drawn


def _played(experiment: SuperAdditive) -> str:
    if experiment.mixed:
        return experiment.mixed if len(experiment.mixed) <= 60 else "different players"
    return experiment.policy if experiment.policy != "table" else "rules"


def _rates(axes: Axes, experiment: SuperAdditive, results: Runs, measure: str, title: str) -> None:
    from coop_abm import figures

    shown = [cell for cell in CONDITIONS if cell in results.whole]
    for x, cell in enumerate(shown):
        _point(axes, x - 0.12, rate(results, cell, measure), label="ours" if x == 0 else None)
        for model, (marker, beside) in _MARKS.items():
            told = published_of(model, measure, cell)
            if told is not None:
                reach = [[told[0] - told[1]], [told[2] - told[0]]]
                axes.errorbar(
                    x + beside - 0.06, told[0], yerr=reach, fmt=marker, markersize=6, color=figures.LIMIT,
                    markerfacecolor="white", ecolor=figures.LIMIT, capsize=2, elinewidth=1.1,
                    label=f"{model}, published",  # of equal labels the legend takes the first
                )  # fmt: skip
    axes.set(ylim=(-0.02, 1.12), xlim=(-0.5, len(shown) - 0.3), ylabel="share of cooperation", title=title)
    axes.set_xticks(range(len(shown)), [_words(cell) for cell in shown], fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    order = [labels.index(name) for name in ("ours", *(f"{model}, published" for model in MODELS)) if name in labels]
    legend = axes.legend(
        [handles[at] for at in order], [labels[at] for at in order], loc="upper left", ncols=4, frameon=False,
        fontsize=9, handletextpad=0.3, columnspacing=1.0,
    )  # fmt: skip
    legend.set_in_layout(False)


def _point(axes: Axes, x: float, found: Any, *, filled: bool = True, label: str | None) -> None:
    from coop_abm import figures

    if found.value is None:
        return
    axes.errorbar(
        x, found.value, yerr=[[found.value - found.low], [found.high - found.value]], fmt="o", markersize=8,
        color=figures.COOPERATE, markerfacecolor=figures.COOPERATE if filled else "white", ecolor=figures.INK,
        capsize=4, elinewidth=1.4, label=label, zorder=4,
    )  # fmt: skip


def _sides(axes: Axes, results: Runs) -> None:
    """What is pooled: matches within and between teams, each by itself, controls too."""
    for beside, measure, filled, label in (
        (-0.1, "mu_c_intra", True, "within teams"), (0.1, "mu_c_inter", False, "between teams")
    ):  # fmt: skip
        found = {x: rate(results, cell, measure) for x, cell in enumerate(results.whole)}
        first = next((x for x, each in found.items() if each.value is not None), None)
        for x, each in found.items():
            _point(axes, x + beside, each, filled=filled, label=label if x == first else None)
    axes.set(ylim=(-0.02, 1.15), xlim=(-0.5, len(results.whole) - 0.5), ylabel="share of cooperation")
    axes.set_xticks(range(len(results.whole)), [_words(cell) for cell in results.whole], fontsize=10)
    axes.set_title("Overall cooperation within and between teams")
    if results.whole:
        axes.legend(loc="upper left", ncols=2, frameon=False, fontsize=9)


def _strategies(axes: Axes, results: Runs) -> None:
    """Shares of strategies that fit best what was done."""
    from coop_abm import figures

    colours = (figures.COOPERATE, figures.THIRD, figures.FOURTH, figures.LIMIT, figures.DEFECT)
    hatches = ("", "", "..", "", "//")
    # A single round tells nobody from anybody.
    shown = [cell for cell in results.whole if (rate(results, cell, "length", bounded=False).value or 0) > 1.5]
    for x, cell in enumerate(shown):
        below = 0.0
        for (fit, name), colour, hatch in zip(_FITS.items(), colours, hatches, strict=True):
            share = rate(results, cell, fit).value or 0.0
            axes.bar(
                x, share, bottom=below, width=0.62, color=colour, hatch=hatch, edgecolor="white", linewidth=0.8,
                label=name if x == 0 else None,
            )  # fmt: skip
            below += share
    axes.set(ylim=(0, 1.14), xlim=(-0.5, max(len(shown) - 0.5, 0.5)), ylabel="share of players")
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xticks(range(len(shown)), [_words(cell) for cell in shown], fontsize=10)
    axes.set_title("Strategies that fit what was done")
    if not shown:
        axes.text(
            0.5, 0.5, "matches of one round\ntell no strategies apart", transform=axes.transAxes, ha="center",
            va="center", fontsize=11,
        )  # fmt: skip
        return
    legend = axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, 1.02), ncols=5, frameon=False, fontsize=8.5, handlelength=1.2,
        columnspacing=0.9, handletextpad=0.4,
    )  # fmt: skip
    legend.set_in_layout(False)


def _words(cell: str) -> str:
    """The name of a cell on an axis: what follows a comma on a line of its own."""
    return cell.replace(", ", ",\n")
