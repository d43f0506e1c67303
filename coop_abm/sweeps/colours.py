"""Which colour a mean has: what cooperates is blue and what defects orange only where that is what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm import figures
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.table import is_share

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize

#: What is neither above nor below.
NEUTRAL = "#F6F5F2"
#: A scale reaches so far from the neutral level; the first that holds all means.
REACHES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 1.0)


class Palette(NamedTuple):
    """How means become colours."""

    colours: Colormap
    scale: Normalize


def neutral_level(base: Scenario | None, measure: str) -> float | None:
    """What the measure would stay at on average if nothing were selected: its value at the start; None if unknown."""
    if base is None:
        return None
    counts, rows = base.starting_counts(), base.repertoire()
    if measure in ("cooperators", "cooperation"):
        return float(counts @ rows.helper / counts.sum())
    name = measure.removeprefix("share_")
    if measure.startswith("share_") and name in rows.names:
        return float(counts[rows.names.index(name)] / counts.sum())
    return None


def palette(means: np.ndarray, measure: str, neutral: float | None, base: Scenario | None) -> Palette:
    """Two hues around the neutral level, or one sequence of colours where there is none."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap, Normalize, TwoSlopeNorm

    seen = means[np.isfinite(means)]
    low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    if neutral is None:
        if is_share(measure) and low >= 0 and high <= 1 and high - low > 0.3:
            low, high = 0.0, 1.0
        spread = high - low or abs(low) or 1.0
        return Palette(colormaps["cividis"], Normalize(low, high if high > low else low + spread))
    reach = max(high - neutral, neutral - low)
    share = is_share(measure)
    reach = next((r for r in REACHES if reach <= r), 1.0) if share else 10 ** math.ceil(math.log10(reach or 1.0))
    bottom, top = round(neutral - reach, 6), round(neutral + reach, 6)  # as the ticks of the bar are
    if share:
        bottom, top = max(0.0, bottom), min(1.0, top)
    below, above = hues(measure, base)
    if bottom >= neutral:
        return Palette(LinearSegmentedColormap.from_list("above", [NEUTRAL, above], 257), Normalize(neutral, top))
    if top <= neutral:
        return Palette(LinearSegmentedColormap.from_list("below", [below, NEUTRAL], 257), Normalize(bottom, neutral))
    both = LinearSegmentedColormap.from_list("around", [below, NEUTRAL, above], 257)  # the middle is one of them
    return Palette(both, TwoSlopeNorm(neutral, bottom, top))


def hues(measure: str, base: Scenario | None) -> tuple[str, str]:
    """The colours of little and of much."""
    helper = _helps(measure, base)
    if helper is None:
        return figures.FOURTH, figures.THIRD
    return (figures.DEFECT, figures.COOPERATE) if helper else (figures.COOPERATE, figures.DEFECT)


def _helps(measure: str, base: Scenario | None) -> bool | None:
    """Does more of it mean more cooperation (True), less (False), or neither?"""
    if base is None:
        return None
    if measure in ("cooperators", "cooperation"):
        return True
    rows, name = base.repertoire(), measure.removeprefix("share_")
    return bool(rows.helper[rows.names.index(name)]) if name in rows.names else None


def sequence(number: int) -> list[Any]:
    """So many colours in order, dark to light, all dark enough for a line on white."""
    from matplotlib import colormaps

    return [figures.COOPERATE] if number == 1 else [colormaps["viridis"](v) for v in np.linspace(0.0, 0.8, number)]
