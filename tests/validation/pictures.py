"""The figures of the validation page, drawn from rows and exhibits."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from coop_abm import figures, output
from coop_abm.theory import thresholds
from tests.validation.rows import Row

Exhibits = list[dict[str, Any]]
Z95 = 1.959963984540054
#: A slide.
WIDE, HIGH = 13.33, 7.5
GOOD, BAD = figures.COOPERATE, figures.DEFECT


def draw(rows: list[Row], exhibits: Exhibits, place: Path) -> list[Path]:
    """Every figure whose numbers there are, as PNG; the paths written."""
    drawn = {
        "acceptance.png": acceptance(rows),
        "law.png": law(rows, exhibits),
        "fixation.png": fixation(exhibits),
        "convergence.png": convergence(rows),
        "nowak_may.png": nowak_may(exhibits),
    }
    return [output.write(place / name, _png(figure)) for name, figure in drawn.items() if figure is not None]


def packed(cells: np.ndarray) -> dict[str, Any]:
    """A square of zeros and ones as text, for an exhibit."""
    return {"side": len(cells), "bits": base64.b64encode(np.packbits(cells.astype(bool)).tobytes()).decode()}


def unpacked(cells: dict[str, Any]) -> np.ndarray:
    """The square again: bool (side, side)."""
    side = cells["side"]
    bits = np.frombuffer(base64.b64decode(cells["bits"]), np.uint8)
    return np.unpackbits(bits, count=side * side).reshape(side, side).astype(bool)


def _png(figure: Any) -> Callable[[Path], None]:
    return lambda path: figure.savefig(path, format="png", dpi=110, metadata={"Software": None})


def _called(exhibits: Exhibits, name: str) -> Exhibits:
    return [exhibit for exhibit in exhibits if exhibit["name"] == name]


def _title(figure: Any, words: str, below: str) -> None:
    figure.suptitle(words, x=0.012, ha="left", fontsize=17, fontweight="bold")
    figure.text(0.012, 0.012, below, fontsize=10, color=figures.MUTED, ha="left", va="bottom")
    figure.get_layout_engine().set(rect=(0, 0.055, 1, 0.945), w_pad=0.1, h_pad=0.08)


# ------------------------------------------------------------------------------------ every row


def acceptance(rows: list[Row]) -> Any:
    """Measured minus expected, in units of the tolerance, with 95 % intervals."""
    shown = [row for row in rows if row.relation == "=" and row.tolerance > 0 and not row.id.startswith("plant")]
    with figures.drawing(1, 3, width=WIDE, height=HIGH) as (figure, grid):
        share = math.ceil(len(shown) / len(grid))
        for k, axes in enumerate(grid):
            _deviations(axes, shown[k * share : (k + 1) * share], share)
        grid[1].set_ylabel("(measured - expected) / tolerance")
        _title(
            figure, f"{len(shown)} rows against theory: measured minus expected, in units of the tolerance",
            "Filled: simulated, with 95 % interval. Hollow: exact numbers of the package, nothing drawn. "
            "Band: what the row tolerates. Orange squares: outside.",
        )  # fmt: skip
    return figure


def _deviations(axes: Any, rows: list[Row], room: int) -> None:
    axes.axhspan(-1, 1, color=GOOD, alpha=0.09, linewidth=0)
    axes.axhline(0, color=figures.THEORY, linewidth=1, linestyle=(0, (6, 4)))
    for x, row in enumerate(rows):
        away = float(np.clip((row.measured - row.expected) / row.tolerance, -1.9, 1.9))
        style = {"color": GOOD, "marker": "o"} if row.passed else {"color": BAD, "marker": "s"}
        if row.error > 0:
            reach = Z95 * row.error / row.tolerance
            axes.errorbar(x, away, yerr=reach, markersize=4.5, elinewidth=1.1, **style)
        else:
            axes.plot(x, away, markersize=3.6, markerfacecolor="white", markeredgewidth=1, linestyle="", **style)
    at = 0
    for name, members in groupby(rows, key=_family):
        many = len(list(members))
        axes.axvline(at - 0.5, color=figures.GRID, linewidth=0.8, zorder=0)
        axes.text(at + (many - 1) / 2, -2.08, name, fontsize=8, color=figures.MUTED, ha="right", va="top", rotation=35,
                  rotation_mode="anchor")  # fmt: skip
        at += many
    axes.set(xlim=(-0.7, room - 0.3), ylim=(-2, 2), xticks=[], yticks=[-1, 0, 1])


def _family(row: Row) -> str:
    words = row.id.split(".")
    return words[0] if re.fullmatch(r"P\d+", words[0]) else re.sub(r"\d+$", "", " ".join(words[:2]).replace("_", " "))


# ------------------------------------------------------------------------------------ the law

TITLES = {
    "mixed": "Well-mixed, N = 50",
    "torus": "10 x 10 torus, death-birth",
    "groups": "Four groups of three, q = 0.01",
}


def law(rows: list[Row], exhibits: Exhibits) -> Any:
    """Predicted against measured critical ratios; below, what is left in per cent."""
    found = {exhibit["structure"]: exhibit["points"] for exhibit in _called(exhibits, "law")}
    if not found:
        return None
    judged = {row.id: row for row in rows}
    with figures.drawing(3, 2, width=WIDE, height=HIGH) as (figure, grid):
        grid[0, 0].get_gridspec().set_height_ratios([2.6, 1])
        for (upper, lower), structure in zip(grid.T, TITLES, strict=True):
            if structure in found:
                _law_panel(upper, lower, structure, found[structure], judged.get(f"law.{structure}.all"))
        grid[0, 0].set_ylabel("measured (b/c)*")
        grid[1, 0].set_ylabel("difference, %")
        _title(
            figure, "The rules multiply: critical ratios of 24 worlds, predicted and measured",
            "K kin selection (r = 0.2), D direct (w = 0.5), I indirect reciprocity (q = 0.4). "
            "Crossings at intensity x max|M| = 0.15; bars: 95 % intervals; band: 2 %.\nWell-mixed without any rule the "
            "ratio is negative: defectors win at b/c = 20, as predicted.",
        )  # fmt: skip
        figure.get_layout_engine().set(rect=(0, 0.08, 1, 0.92))
    return figure


def _law_panel(upper: Any, lower: Any, structure: str, points: list[dict[str, Any]], together: Row | None) -> None:
    x = np.array([p["expected"] for p in points])
    y = np.array([p["value"] for p in points])
    error = Z95 * np.array([p["error"] for p in points])
    span = (x.min() / 1.25, x.max() * 1.25)
    upper.plot(span, span, color=figures.THEORY, linestyle=(0, (6, 4)), linewidth=1.3, zorder=1)
    upper.errorbar(x, y, yerr=error, color=GOOD, marker="o", linestyle="", markersize=6)
    lower.axhspan(-2, 2, color=GOOD, alpha=0.09, linewidth=0)
    lower.axhline(0, color=figures.THEORY, linestyle=(0, (6, 4)), linewidth=1.3)
    lower.errorbar(x, 100 * (y / x - 1), yerr=100 * error / x, color=GOOD, marker="o", linestyle="", markersize=5)
    for k, point in enumerate(sorted(points, key=lambda p: p["expected"])):
        above = k % 2 == 0
        upper.annotate(
            point["subset"], (point["expected"], point["value"]), xytext=(-8, 7) if above else (8, -7), va="center",
            fontsize=10, textcoords="offset points", ha="right" if above else "left",
        )  # fmt: skip
    words = TITLES[structure]
    if together is not None:
        words += f"\n$\\chi^2$ = {together.measured:.1f}, {together.expected:.0f} subsets, p = {together.p:.2f}"
    upper.set_title(words, fontsize=12, linespacing=1.5)
    upper.set(xscale="log", yscale="log", xlim=span, ylim=span)
    lower.set(xscale="log", xlim=span, ylim=(-4.5, 4.5), xlabel="predicted (b/c)*")
    ticks = [t for t in (1.2, 1.5, 2, 3, 4, 5, 6, 8) if span[0] < t < span[1]]
    for axes, both in ((upper, True), (lower, False)):
        for axis in (axes.xaxis, axes.yaxis) if both else (axes.xaxis,):
            axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
            axis.set_ticks([], minor=True)


# ------------------------------------------------------------------------------------ fixation


def fixation(exhibits: Exhibits) -> Any:
    """Fixation probabilities against b/c: measured points, the exact chain, the line of weak selection."""
    curves = _called(exhibits, "fixation")
    if not curves:
        return None
    with figures.drawing(len(curves), 1, width=WIDE, height=HIGH) as (figure, grid):
        for axes, curve in zip(np.atleast_1d(grid), curves, strict=True):
            _fixation_panel(axes, curve)
        np.atleast_1d(grid)[0].set_ylabel(r"fixation probability x N  ($N\rho$; 1: as a neutral mutant)")
        _title(
            figure, "Fixation probabilities: simulated points on exact curves",
            "Curves: full Markov chain over all 2^10 states. Dashed: first order in selection, from coalescing random "
            "walks, the same for both but for its sign. Bars: 95 % intervals.",
        )  # fmt: skip
    return figure


def _fixation_panel(axes: Any, curve: dict[str, Any]) -> None:
    n, ratio = curve["size"], np.array(curve["ratio"])
    ends = []
    for side, (name, colour, marker) in enumerate(
        ((r"$\rho_C$", figures.COOPERATE, "o"), (r"$\rho_D$", figures.DEFECT, "s"))
    ):
        axes.plot(curve["fine"], n * np.array(curve["exact"][side]), color=colour, zorder=2)
        line = 1 + (1 - 2 * side) * n * np.array(curve["slope"]) * curve["intensity"]
        axes.plot(curve["fine"], line, color=figures.THEORY, linestyle=(0, (6, 4)), linewidth=1.2, zorder=1)
        edge = figures.DEFECT_RING if side else figures.COOPERATE
        axes.errorbar(
            ratio, n * np.array(curve["measured"][side]), yerr=Z95 * n * np.array(curve["error"][side]), color=colour,
            marker=marker, markeredgecolor=edge, ecolor=edge, linestyle="", markersize=6, zorder=3,
        )  # fmt: skip
        ends.append((n * curve["exact"][side][-1], name, colour))
    axes.axvline(curve["critical"], color=figures.LIMIT, linewidth=1.2, linestyle=(0, (1, 2)))
    axes.margins(x=0.02)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    figures.label_ends(axes, curve["fine"][-1], ends, gap=0.03 * (high - low))
    axes.annotate(f"(b/c)* = {curve['critical']:.4g}", (curve["critical"], low), xytext=(5, 6),
                  textcoords="offset points", fontsize=10, color=figures.MUTED)  # fmt: skip
    axes.set_title(f"{curve['words']}, intensity {curve['intensity']:g}", fontsize=12)
    axes.set_xlabel("benefit-to-cost ratio b/c")


# ------------------------------------------------------------------------------------ limits


def convergence(rows: list[Row]) -> Any:
    """Exact ratios of finite populations, as a share above Nowak's limit."""
    sizes = np.unique(np.round(np.logspace(1, 5, 60)).astype(int)) * 2
    curves = {
        "network, k = 4, imitation": (lambda n: thresholds.imitation(4, n), 6.0, figures.COOPERATE, (0, (6, 2))),
        "network, k = 4, death-birth": (lambda n: thresholds.death_birth(4, n), 4.0, figures.COOPERATE, "-"),
        "indirect, q = 0.5, AD": (lambda n: thresholds.indirect(0.5, n, "AD"), 4.0, figures.FOURTH, (0, (6, 2))),
        "indirect, q = 0.5, RD": (lambda n: thresholds.indirect(0.5, n), 3.0, figures.FOURTH, "-"),
        "kin, r = 0.5": (lambda n: thresholds.kin_value(0.5, n), 2.0, figures.DEFECT, "-"),
        "direct, w = 0.9, RD": (lambda n: thresholds.direct(0.9, n), 1.1 / 0.9, figures.THIRD, "-"),
        "groups, n = 10, rare splitting": (
            lambda n: thresholds.group_rare_splitting(10, n // 10), None, figures.DEFECT_RING, (0, (1, 1.5)),
        ),
    }  # fmt: skip
    measured = {
        "P1.crossing": (100, "network, k = 4, death-birth"), "P7": (100, "network, k = 4, imitation"),
        "P10.crossing": (50, "direct, w = 0.9, RD"), "P12.crossing": (50, "indirect, q = 0.5, RD"),
        "kin.value": (50, "kin, r = 0.5"),
    }  # fmt: skip
    with figures.drawing(width=WIDE, height=HIGH) as (figure, axes):
        for name, (ratio, limit, colour, line) in curves.items():
            at = sizes[sizes % 10 == 0] if limit is None else sizes
            at = at[at >= 50] if limit is None else at
            of = [(n, ratio(int(n)) / (limit or thresholds.group(10, int(n) // 10)) - 1) for n in at]
            kept = np.array([(n, share) for n, share in of if 0 < share < 1])
            axes.plot(kept[:, 0], 100 * kept[:, 1], color=colour, linestyle=line, label=name)
        known = {row.id: row for row in rows}
        for name, (n, of) in measured.items():
            if name in known:
                row, (_, limit, colour, _line) = known[name], curves[of]
                away, reach = 100 * (row.measured / limit - 1), 100 * Z95 * row.error / limit
                axes.errorbar(
                    n, away, yerr=reach, color=colour, marker="o", markersize=7, markeredgecolor=figures.INK,
                    ecolor=figures.INK, zorder=4,
                )  # fmt: skip
        axes.plot([], [], color="white", marker="o", markeredgecolor=figures.INK, linestyle="", markersize=7,
                  label="measured, 95 % interval")  # fmt: skip
        axes.axhline(2, color=figures.LIMIT, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.annotate("2 %", (2e5, 2), xytext=(4, 0), textcoords="offset points", va="center", color=figures.MUTED)
        axes.set(xscale="log", yscale="log", xlim=(20, 2.1e5), ylim=(1e-3, 100), xlabel="individuals N",
                 ylabel="exact ratio above the limit, %")  # fmt: skip
        axes.set_yticks([0.001, 0.01, 0.1, 1, 10, 100], ["0.001", "0.01", "0.1", "1", "10", "100"])
        axes.set_xticks([100, 1000, 10_000, 100_000], ["100", "1,000", "10,000", "100,000"])
        axes.legend(frameon=False, fontsize=11, loc="lower left", labelspacing=0.6)
        _title(
            figure, "Nowak's limits are reached, but not at sizes that are simulated",
            "Exact critical ratio of a finite population over its limit (1/r, (2 - w)/w, (2 - q)/q, (3 - 2q)/q, k, "
            "k + 2, 1 + n/m), less one. Simulations are held against the exact value.",
        )  # fmt: skip
    return figure


# ------------------------------------------------------------------------------------ spatial games


def nowak_may(exhibits: Exhibits) -> Any:
    """The share of cooperators over time beside the published constant, the lattice, and the kaleidoscope."""
    from matplotlib.colors import ListedColormap

    found, patterns = _called(exhibits, "nowak_may"), _called(exhibits, "kaleidoscope")
    if not found or not patterns:
        return None
    game = found[0]
    two = ListedColormap([figures.DEFECT, figures.COOPERATE])
    with figures.drawing(3, 1, width=WIDE, height=5.6) as (figure, (series, lattice, pattern)):
        series.plot(game["share"], color=figures.COOPERATE, linewidth=1)
        series.axhline(game["published"], color=figures.INK, linestyle=(0, (6, 4)), linewidth=1.4, zorder=4)
        series.annotate("12 ln 2 - 8 = 0.318, published", (len(game["share"]) - 1, game["published"]), xytext=(0, 8),
                        textcoords="offset points", ha="right", fontsize=10, color=figures.THEORY)  # fmt: skip
        series.set(ylim=(0, 1), xlim=(0, len(game["share"]) - 1), xlabel="round", ylabel="share of cooperators")
        series.set_title("Nowak and May, b = 1.85, 200 x 200", fontsize=12)
        for axes, cells, words in (
            (lattice, unpacked(game["cells"]), f"the lattice after {len(game['share']) - 1} rounds"),
            (pattern, unpacked(patterns[0]["cells"]), f"one defector in 99 x 99, round {patterns[0]['round']}"),
        ):
            axes.imshow(cells, cmap=two, vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            for spine in axes.spines.values():
                spine.set_visible(False)
            axes.set_title(words, fontsize=12)
        _title(
            figure, "Space alone keeps cooperation: the published share, and the kaleidoscope to the last cell",
            "Everybody takes up the best strategy among itself and its eight neighbours; no randomness after the "
            "start. Blue: cooperators, orange: defectors.",
        )  # fmt: skip
    return figure
