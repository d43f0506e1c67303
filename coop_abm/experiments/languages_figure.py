"""The picture of the factorial: games x languages as a heat map, what personalities do, the course of the dilemma."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coop_abm import figures
from coop_abm.engine.factorial import Cell, Factorial
from coop_abm.experiments.languages_rows import base, both, games_of
from coop_abm.experiments.languages_scores import Incomplete, Scores, Where, by_round, mean
from coop_abm.experiments.published import fairgame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Marks of models, in their order; shapes say the same as colours.
MARKS = ("o", "s", "^", "D", "v", "P")
COLOURS = (figures.COOPERATE, figures.THIRD, figures.FOURTH, figures.DEFECT_RING, "#B3261E", figures.MUTED)
#: The colours of rates.
HEAT = "cividis"
#: Models that find room side by side.
MOST_MODELS = 6
FRAMES = {"reward": "as gains", "penalty": "as losses"}
SHORT = {
    "pd": "PD", "stag_hunt": "stag hunt", "snowdrift": "snowdrift", "harmony": "harmony", "battle_of_the_sexes":
    "battle of\nthe sexes", "public_goods": "public goods",
}  # fmt: skip


def lines_of(factorial: Factorial, model: str) -> list[tuple[str, Where]]:
    """Each combination of game, level, stakes and framing, with its name."""
    found: list[tuple[str, Where]] = []
    least = min(factorial.knowledge)
    for treatment in factorial.games:
        for level, stakes, framing, _game in treatment.worlds():
            values = {"game": treatment.game, "level": level, "stakes": stakes, "framing": framing, "model": model}

            def where(cell: Cell, values: dict = values) -> bool:
                return cell.knowledge == least and all(getattr(cell, key) == value for key, value in values.items())

            name = SHORT.get(treatment.game, treatment.game).replace("\n", " ")
            parts = [name, *([level] if len(treatment.levels) > 1 or level not in ("conventional",) else [])]
            parts += [f"×{stakes:g}"] if len(treatment.stakes) > 1 else []
            parts += [FRAMES[framing]] if framing != "native" else []
            found.append((" ".join(parts), where))
    return found


def figure(factorial: Factorial, scores: Scores) -> Figure:
    """Left the heat map, one block of languages for each model; right personalities, and the dilemma round by round."""
    models = factorial.models[:MOST_MODELS]
    rows = len(lines_of(factorial, models[0]))
    height = max(5.6, 2.2 + 0.36 * rows)
    across = len(models) * max(len(factorial.languages), 3)
    width = 10.5 + 0.42 * across
    with figures.drawing(3, width=width, height=height) as (drawn, (left, middle, right)):
        grid = left.get_gridspec()
        grid.set_width_ratios([0.9 + 0.15 * across, 1.8, 1.8])
        _heat(left, factorial, scores, models)
        _personalities(middle, factorial, scores, models)
        _course(right, factorial, scores, models)
    return drawn


def _rate(scores: Scores, where: Where) -> float:
    games = scores.of(where)
    if isinstance(games, Incomplete) or not games:
        return np.nan
    return mean(games).value


def _heat(axes: Axes, factorial: Factorial, scores: Scores, models: tuple[str, ...]) -> None:
    languages, gap = factorial.languages, 1
    named = lines_of(factorial, models[0])
    across = len(models) * (len(languages) + gap) - gap
    rates = np.full((len(named), across), np.nan)
    for m, model in enumerate(models):
        for row, (_name, where) in enumerate(lines_of(factorial, model)):
            for k, language in enumerate(languages):
                rates[row, m * (len(languages) + gap) + k] = _rate(scores, both(where, language=language))
    axes.imshow(rates, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
    for (row, column), rate in np.ndenumerate(rates):
        if np.isfinite(rate):
            axes.text(
                column, row, f"{100 * rate:.0f}", ha="center", va="center", fontsize=7.5,
                color=ink_on(rate),
            )  # fmt: skip
    places = [m * (len(languages) + gap) + k for m in range(len(models)) for k in range(len(languages))]
    axes.set_xticks(places, list(languages) * len(models), fontsize=9)
    axes.set_yticks(range(len(named)), [name for name, _where in named], fontsize=9)
    for m, model in enumerate(models):
        centre = m * (len(languages) + gap) + (len(languages) - 1) / 2
        axes.text(centre, -0.75, _short(model), ha="center", va="bottom", fontsize=9, color=figures.MUTED)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    pad = 36 + 12 * max(_short(model).count("\n") + 1 for model in models)
    axes.set_title("Cooperation, % of choices", pad=pad)
    axes.annotate(
        f"Repeated games of {factorial.rounds} rounds: {len(scores.played):,} of {len(scores.cells):,} cells", (0, 1),
        (0, pad - 16), xycoords="axes fraction", textcoords="offset points", fontsize=10, color=figures.MUTED,
    )  # fmt: skip


def ink_on(rate: float) -> str:
    """White or dark digits, whichever stands out more from the colour of this rate: by relative luminance."""
    import matplotlib as mpl
    from matplotlib.colors import to_rgb

    ground, dark = (_luminance(colour) for colour in (mpl.colormaps[HEAT](rate)[:3], to_rgb(figures.INK)))
    return "white" if 1.05 / (ground + 0.05) > (ground + 0.05) / (dark + 0.05) else figures.INK


def _luminance(colour: tuple[float, ...]) -> float:
    """Of an sRGB colour: 0 black, 1 white."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def _short(model: str) -> str:
    """A name in short lines, without its provider."""
    kind, _, knobs = model.rpartition("/")[2].partition("?")
    return "\n".join([kind, *(knob.replace("_", " ").replace("=", "\n") for knob in knobs.split("&") if knob)])


def _line(model: str) -> str:
    """The same in one line."""
    return _short(model).replace("\n", " ")


def _personalities(axes: Axes, factorial: Factorial, scores: Scores, models: tuple[str, ...]) -> None:
    """All cooperative against all selfish, in each game; a hollow diamond is what was published."""
    games = games_of(factorial)
    seen: dict[str, object] = {}
    for at, game in enumerate(games):
        for m, model in enumerate(models):
            height = at + 0.6 * ((m + 0.5) / len(models) - 0.5)
            ends = []
            for persona in factorial.personas:
                group = scores.of(_pure(base(factorial, game, model), persona))
                if not isinstance(group, Incomplete) and group:
                    ends.append((persona, mean(group)))
            if len(ends) > 1:
                axes.plot([found.value for _p, found in ends], [height] * len(ends), color=figures.GRID, zorder=1)
            for persona, found in ends:
                colour = {"cooperative": figures.COOPERATE, "selfish": figures.DEFECT}.get(persona, figures.LIMIT)
                axes.errorbar(
                    found.value, height, xerr=[[found.value - found.low], [found.high - found.value]], fmt=MARKS[m],
                    color=colour, markeredgecolor=figures.DEFECT_RING if persona == "selfish" else colour, markersize=6,
                    capsize=2, zorder=3,
                )  # fmt: skip
                seen.setdefault(f"all {persona}", colour)
        for pair, ring in (("cooperative+cooperative", figures.COOPERATE), ("selfish+selfish", figures.DEFECT_RING)):
            published = fairgame.of(game, pair)
            if published is not None:
                axes.plot(
                    published, at + 0.42, "D", markerfacecolor="white", markeredgecolor=ring, markersize=6, zorder=3,
                    clip_on=False,
                )  # fmt: skip
    axes.set_yticks(range(len(games)), [SHORT.get(game, game) for game in games])
    axes.set_ylim(len(games) - 0.4, -0.6)
    axes.set(xlim=(-0.02, 1.02), xlabel="share of choices that cooperate", title="Personalities")
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    _legend(axes, [*((name, "o", colour) for name, colour in seen.items()), ("published", "D", "white")], models)


def _legend(axes: Axes, entries: list, models: tuple[str, ...]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=mark, markerfacecolor=colour, markersize=6, label=name,
               markeredgecolor=figures.DEFECT_RING if colour == figures.DEFECT else figures.MUTED)
        for name, mark, colour in entries
    ]  # fmt: skip
    if len(models) > 1:
        handles += [
            Line2D([], [], linestyle="", marker=mark, color=figures.MUTED, markersize=6, label=_line(model))
            for mark, model in zip(MARKS, models, strict=False)
        ]  # fmt: skip
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, fontsize=8.5)


def _pure(where: Where, persona: str) -> Where:
    return lambda cell: where(cell) and set(cell.personas) == {persona}


def _course(axes: Axes, factorial: Factorial, scores: Scores, models: tuple[str, ...]) -> None:
    """The dilemma round by round: known end solid, unknown dashed; the published means in grey."""
    game = "pd" if "pd" in games_of(factorial) else games_of(factorial)[0]
    rounds = np.arange(1, factorial.rounds + 1)
    for m, model in enumerate(models):
        for horizon, style in (("known", "-"), ("unknown", (0, (4, 2)))):
            group = scores.of(both(base(factorial, game, model), horizon=horizon))
            if isinstance(group, Incomplete) or not group:
                continue
            rates, reach = by_round(group)
            axes.fill_between(rounds, rates - reach, rates + reach, color=COLOURS[m], alpha=0.15, linewidth=0)
            axes.plot(rounds, rates, color=COLOURS[m], linestyle=style, marker=MARKS[m], markersize=4)
    if game == "pd" and factorial.rounds == len(fairgame.BY_ROUND["known"]):
        for horizon, style in (("known", "-"), ("unknown", (0, (4, 2)))):
            axes.plot(rounds, fairgame.BY_ROUND[horizon], color=figures.LIMIT, linestyle=style, linewidth=1.2, zorder=1)
    axes.set(ylim=(-0.02, 1.02), xlabel="round", title=f"{SHORT.get(game, game)}, round by round")
    axes.set_xticks(rounds[:: max(1, len(rounds) // 10)])
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=COLOURS[m], marker=MARKS[m], markersize=4, label=_line(model))
        for m, model in enumerate(models)
    ]
    handles += [
        Line2D([], [], color=figures.MUTED, label="known end"),
        Line2D([], [], color=figures.MUTED, linestyle=(0, (4, 2)), label="unknown end"),
    ]
    if game == "pd":
        handles.append(Line2D([], [], color=figures.LIMIT, linewidth=1.2, label="published"))
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False, fontsize=8.5)
