"""The figures of a sweep: which one suits it, and the indices of a sensitivity analysis as bars."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from coop_abm import figures
from coop_abm.core.errors import InputError
from coop_abm.scenario.knobs import dotted
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.boundary import MONEY
from coop_abm.sweeps.captions import WIDE, Setting
from coop_abm.sweeps.phase import phase_diagram
from coop_abm.sweeps.placing import below, lowered
from coop_abm.sweeps.response import response_curve
from coop_abm.sweeps.scales import LABEL, knob_of, titled
from coop_abm.sweeps.table import varying

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["Setting", "figure_for", "phase_diagram", "response_curve", "sobol_bars"]


def figure_for(
    table: pandas.DataFrame, axes: Sequence[str] = (), *, setting: Setting, measure: str = "cooperators",
    kind: Literal["phase", "response"] | None = None, neutral: float | None = None,
) -> Figure:  # fmt: skip
    """The figure that suits a sweep: a response curve of one parameter, a phase diagram of two.

    Parameters
    ----------
    table   : from :func:`~coop_abm.sweeps.table.summary`
    axes    : one or two parameters; by default those that vary, the benefit or the cost upwards in a diagram
    setting : what all cells have in common
    kind    : phase or response, where both would do; a response curve has a line for each value of the second axis
    neutral : level that parts little from much; by default what the measure is at the start

    Raises
    ------
    InputError
        if nothing varies, or more than can be shown
    """
    chosen = list(axes) or sorted(varying(table), key=lambda name: (dotted(name) in MONEY) != (kind == "response"))
    if not 1 <= len(chosen) <= 2:
        raise InputError(f"axes: must be one or two parameters of the sweep; got {', '.join(chosen) or 'none'}")
    if kind == "phase" and len(chosen) == 1:
        raise InputError(f"axes: a phase diagram needs two parameters; got {chosen[0]}")
    if kind == "phase" or (kind is None and len(chosen) == 2):
        return phase_diagram(table, *chosen, setting=setting, measure=measure, neutral=neutral)
    by = chosen[1] if len(chosen) == 2 else None
    return response_curve(table, chosen[0], by=by, setting=setting, measure=measure, neutral=neutral)


def sobol_bars(indices: pandas.DataFrame, *, base: Scenario | None = None, title: str = "", words: str = "") -> Figure:
    """Which parameter matters: its own share of the variance, and with all that it does together with others.

    Parameters
    ----------
    indices : columns name, S1, S1_conf, ST, ST_conf: first and total order with half widths of 95 % intervals
    title, words : above, and in the caption
    """
    rows = indices.sort_values(["ST", "name"], kind="stable")
    called = [titled(str(name), knob_of(base, dotted(str(name)))) for name in rows["name"]]
    labels = ["\n".join(textwrap.wrap(name, LABEL // 2)[:2]) for name in called]
    at = np.arange(len(rows))
    with figures.drawing(width=7.6, height=1.9 + 0.55 * len(rows)) as (figure, axes):
        axes.grid(False, axis="y")
        axes.grid(True, axis="x")
        for column, offset, colour, name in (
            ("ST", -0.19, figures.LIMIT, "total: alone and together with others"),
            ("S1", 0.19, figures.INK, "first order: alone"),
        ):
            look: dict[str, Any] = {"color": colour, "height": 0.34, "zorder": 2, "label": name}
            axes.barh(at + offset, rows[column], **look)
            axes.errorbar(rows[column], at + offset, xerr=rows[f"{column}_conf"], fmt="none", ecolor=figures.MUTED,
                          elinewidth=1.2, capsize=3, zorder=3)  # fmt: skip
        axes.axvline(0, color=figures.MUTED, linewidth=0.8)
        axes.set_yticks(at, labels)
        for label in axes.get_yticklabels():
            label.set_parse_math(False)
        axes.tick_params(axis="y", length=0, labelcolor=figures.INK)
        axes.set(xlabel="share of the variance of the measure", ylim=(-0.6, len(rows) - 0.4))
        axes.set_xlim(min(0.0, axes.get_xlim()[0]), max(1.0, axes.get_xlim()[1]))
        axes.set_title(title or "What the outcome depends on", parse_math=False)
        handles, names = axes.get_legend_handles_labels()
        axes.legend(
            handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(0, 0), frameon=False, ncols=2,
            borderaxespad=0, bbox_transform=axes.transAxes + lowered(axes, below(axes) + 6),
        )  # fmt: skip
        said = "\n".join(textwrap.wrap(f"{words} Bars: 95 % intervals.".strip(), WIDE - 12))
        figure.supxlabel(said, x=0.012, ha="left", fontsize=9, color=figures.MUTED, parse_math=False)
    return figure
