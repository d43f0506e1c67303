"""The commons experiment as a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from coop_abm.experiments.commons_cells import ARMS, GOVSIM, RATES
from coop_abm.experiments.commons_view import chosen
from coop_abm.theory.inference import mean_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from coop_abm.experiments.commons import CommonsExperiment
    from coop_abm.experiments.runs import Runs

Panel = Callable[["CommonsExperiment", "Runs", "Axes"], None]


def drawn(study: CommonsExperiment, results: Runs) -> Figure:
    """A panel for each part that is there."""
    from coop_abm import figures

    there = {study.named[name].part for name in results.whole}
    panels: list[Panel] = []
    if "ablation" in there:
        panels += [_ablation("rich"), _ablation("scarce"), _stocks]
    panels += [panel for part, panel in _OTHERS.items() if part.partition(",")[0] in there]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    with figures.drawing(columns, rows, width=1.5 + 5.0 * columns, height=4.4 * rows) as (figure, axes):
        flat = np.atleast_1d(axes).ravel()
        for panel, at in zip(panels, flat, strict=False):
            panel(study, results, at)
        for at in flat[len(panels) :]:
            at.set_axis_off()
    return figure


def _colours() -> dict[str, str]:
    from coop_abm import figures

    return {"selfish": figures.DEFECT, "mixed": figures.THIRD, "altruistic": figures.COOPERATE}


_MARKS = {"selfish": "o", "mixed": "s", "altruistic": "^"}
_PLACES = {"selfish": -0.2, "mixed": 0.0, "altruistic": 0.2}


def _of(study: CommonsExperiment, results: Runs, name: str, measure: str) -> tuple[float, list[list[float]]]:
    """The mean over replications, and how far its interval reaches below and above, within what is possible."""
    values = results.sample(name, measure)
    found = mean_interval(values)
    most = float(study.worlds[name].horizon) if measure == "survival" else np.inf
    return found.value, [[found.value - max(found.low, 0.0)], [min(found.high, most) - found.value]]


def _points(axes: Axes, x: float, value: float, reach: list[list[float]], start: str, label: str = "") -> None:
    from coop_abm import figures

    axes.errorbar(
        x, value, yerr=reach, fmt=_MARKS[start], color=_colours()[start], markersize=7, capsize=3,
        ecolor=figures.INK, elinewidth=1, markeredgecolor=figures.INK, markeredgewidth=0.6, label=label or None,
    )  # fmt: skip


def _legend(axes: Axes) -> None:
    """Below what is drawn: with few replications an interval may reach from the bottom to the top of a panel."""
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.18), ncols=3, frameon=False, fontsize=8.5)


def _called(study: CommonsExperiment) -> str:
    """What the reference is called: nobody starves in it."""
    starving = any(world.starvation for world in study.worlds.values())
    return "reference, without starvation" if starving else "offline reference"


def _ablation(place: str) -> Panel:
    def draw(study: CommonsExperiment, results: Runs, axes: Axes) -> None:
        from coop_abm import figures

        told: set[str] = set()
        for name in results.whole:
            what = study.named[name]
            if what.part != "ablation" or what.place != place:
                continue
            x = list(ARMS).index(what.arm) + _PLACES[what.start]
            _points(
                axes, x, *_of(study, results, name, "survival"), what.start, "" if what.start in told else what.start
            )
            told.add(what.start)
            others = ((study.reference(what), "D"), (study.published(what), "x"))
            for value, mark in others:
                if value is not None and study.as_published:
                    words = {"D": _called(study), "x": "published, resource not stated"}[mark]
                    axes.plot(
                        x + 0.1, value, mark, color=figures.THEORY, markersize=6, fillstyle="none",
                        label=None if words in told else words,
                    )  # fmt: skip
                    told.add(words)
        axes.set_xticks(range(len(ARMS)), [arm.replace(" only", "\nonly") for arm in ARMS])
        top = study.rounds
        axes.set(ylim=(0, top * 1.06), ylabel="T_s, rounds until collapse", title=f"Ablation, {place} resource")
        _legend(axes)

    return draw


def _stocks(study: CommonsExperiment, results: Runs, axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    from coop_abm import figures

    colours = (figures.COOPERATE, figures.DEFECT, figures.THIRD, figures.FOURTH)
    names = chosen(study, results)
    what = study.named[names[0]]
    for name, colour, line in zip(names, colours, ("-", "--", "-.", ":"), strict=False):
        story = study.story(name)
        stock = [one["stock"] for one in story["rounds"]] + [story["stock"]]
        axes.plot(range(len(stock)), stock, line, color=colour, label=study.named[name].arm)
    axes.axhline(story["lowest"], color=figures.THEORY, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate("collapse", (0, story["lowest"]), xytext=(2, 3), textcoords="offset points", fontsize=8.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(ylim=(0, None), xlabel="round", ylabel="stock", title=f"One run each: {what.place}, {what.start}")
    _legend(axes)


def _sweep(part: str, called: str, label: str) -> Panel:
    def title(study: CommonsExperiment, names: list[str]) -> str:
        return f"{called}, {study.named[names[0]].place}" if part == "punishment" else called

    def draw(study: CommonsExperiment, results: Runs, axes: Axes) -> None:
        from coop_abm import figures

        names = [name for name in results.whole if study.named[name].part == part]
        xs = [study.named[name].x for name in names]
        found = [_of(study, results, name, "survival") for name in names]
        axes.plot(xs, [value for value, _ in found], color=figures.DEFECT, linewidth=1.2)
        for at, (x, (value, reach)) in enumerate(zip(xs, found, strict=True)):
            _points(axes, x, value, reach, "selfish", "" if at else "ours, 95 %")
        reference: list[Any] = [study.reference(study.named[name]) for name in names]
        if study.as_published and all(value is not None for value in reference):
            axes.plot(xs, reference, "D", color=figures.THEORY, fillstyle="none", label=_called(study))
        top = study.rounds
        axes.set(ylim=(0, top * 1.06), xlabel=label, ylabel="T_s, rounds until collapse", title=title(study, names))
        _legend(axes)

    return draw


def _starts(arm: str, title: str) -> Panel:
    def draw(study: CommonsExperiment, results: Runs, axes: Axes) -> None:
        from coop_abm import figures

        inks = {"selfish": figures.DEFECT_RING, "mixed": "#00714F", "altruistic": figures.COOPERATE}
        for start, colour in _colours().items():
            names = [
                name for name in results.whole
                if study.named[name].part == "restraint" and study.named[name][2:4] == (start, arm)
            ]  # fmt: skip
            found = [_of(study, results, name, "gain") for name in names]
            xs = [study.named[name].x for name in names]
            axes.plot(xs, [value for value, _ in found], color=colour, linewidth=1.2)
            for at, (x, (value, reach), name) in enumerate(zip(xs, found, names, strict=True)):
                _points(axes, x, value, reach, start, "" if at else start)
                alive = results.sample(name, "alive").mean()
                if alive < 0.9 and x > xs[0]:  # at the left end the three lie too close; the table has the numbers
                    down = start == "altruistic"
                    axes.annotate(
                        f"{100 * alive:.0f} % live", (x, value), xytext=(7, -11 if down else 5),
                        textcoords="offset points", fontsize=8, color=inks[start],
                    )  # fmt: skip
        axes.set(xlabel="regrowth r", ylabel="harvest of a user, all rounds", title=title, ylim=(0, None))
        _legend(axes)

    return draw


def _fishery(study: CommonsExperiment, results: Runs, axes: Axes) -> None:
    from coop_abm import figures

    names = [name for name in results.whole if study.named[name].part == "fishery"]
    rows: list[tuple[str, float, float, Any]] = [
        (study.named[n].start, float(results.sample(n, "survival").mean()), 0.0, figures.COOPERATE) for n in names
    ]
    rows += [(line.model, line.months, 0.0, figures.LIMIT) for line in GOVSIM]
    heights = np.arange(len(rows))
    axes.barh(heights, [months for _, months, _, _ in rows], color=[colour for *_, colour in rows], height=0.66)
    for height, (_, months, _, _) in zip(heights, rows, strict=True):
        axes.annotate(
            f"{months:g}", (months, height), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_yticks(heights, [words for words, *_ in rows], fontsize=8.5)
    axes.invert_yaxis()
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    who = "rules" if study.ruled else study.player if len(study.player) <= 28 else f"{study.player[:27]}…"
    axes.set(xlim=(0, 13.5), xlabel="months until collapse", title=f"Fishery: {who} (blue), published (grey)")


_OTHERS: dict[str, Panel] = {
    "punishment": _sweep("punishment", "Punishment", "fine gamma"),
    "regrowth": _sweep("regrowth", "Regrowth", f"regrowth r, {RATES[0]:g} to {RATES[-1]:g}"),
    "restraint": _starts("full", "Starts, full system"),
    "restraint, bare": _starts("neither", "Starts, neither learning nor votes"),
    "fishery": _fishery,
}
