"""What a reader wants to see of a world, and the numbers behind it: colourings and charts of one moment.

Everything here is a function of copies (:class:`~coop_abm.dashboard.frames.World`,
:class:`~coop_abm.dashboard.frames.Frame`, :class:`~coop_abm.engine.measures.Snapshot`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from coop_abm.dashboard.frames import NOBODY, Frame, World, inhabitants
from coop_abm.engine.measures import MEASURES, Snapshot

#: Bars of the histogram.
BARS = 24
#: Hues that groups and families are told apart by; more of them share hues.
HUES = 64
#: Neighbours that are ringed at most.
MOST_RINGS = 400


class Look(NamedTuple):
    """What is on show: the key of a view, and what individuals are coloured by."""

    view: str = "network"
    colour: str = "strategy"

    @property
    def toned(self) -> str:
        """What the individuals are really coloured by: the payoff map is a view of its own."""
        return "payoff" if self.view == "payoffs" else self.colour if self.view == "network" else "strategy"


class Tones(NamedTuple):
    """A colouring: a byte for each place.

    kind   : "ramp", low to high, or "hues", one for each group
    levels : uint8 (P,)
    key    : what the colours mean: title, and the words at the low and at the high end of a ramp
    """

    kind: str
    levels: np.ndarray
    key: dict[str, str]


def views(world: World) -> list[dict[str, Any]]:
    """The views in the order of their keys 1-6: key, name, whether it makes sense here, and if not why."""
    still = len(world.layout.line) == 0
    return [
        _view("network", "Population"),
        _view("space_time", "Space-time", "everybody may meet everybody: nobody has a place" if still else ""),
        _view("payoffs", "Payoff map"),
        _view("histogram", "Payoffs"),
        _view("plane", "Simplex" if len(world.names) == 3 else "Phase plane"),
        _view("critical", "Critical b/c", "no measurement was made in this world"),
    ]  # fmt: skip


def _view(key: str, name: str, why: str = "") -> dict[str, Any]:
    return {"key": key, "name": name, "enabled": not why, "why": why}


def colourings(world: World) -> list[dict[str, str]]:
    """What individuals of this world can be coloured by; keys and names."""
    scenario = world.scenario
    found = [("strategy", "strategy"), ("payoff", "payoff")]
    if scenario.indirect.enabled:
        found.append(("reputation", "reputation"))
    if scenario.group.enabled:
        found.append(("group", "group"))
    if scenario.kin.enabled and scenario.kin.channel == "descent":
        found.append(("family", "family"))
    return [{"key": key, "name": name} for key, name in found]


def payoffs(now: Snapshot, world: World) -> tuple[np.ndarray, np.ndarray]:
    """(places where somebody lives, float payoff of each): what the histogram and the payoff map show."""
    rows = inhabitants(now, world)
    places = np.flatnonzero(rows >= 0)
    return places, now.payoff[0][rows[places]].astype(np.float64)


def tones(colour: str, now: Snapshot, world: World, bounds: tuple[float, float]) -> Tones | None:
    """The colouring of a moment; None for that by strategy.

    bounds : payoffs at the two ends of the ramp
    """
    rows = inhabitants(now, world)
    inside = rows >= 0
    levels = np.zeros(len(rows), np.uint8)
    if colour == "payoff":
        low, high = bounds
        levels[inside] = scaled(now.payoff[0][rows[inside]], low, high)
        return Tones("ramp", levels, {"title": "payoff", "low": figure(low), "high": figure(high)})
    if colour == "reputation":
        levels[inside] = 255 * (now.standing[0][rows[inside]] > 0)
        return Tones("ramp", levels, {"title": "standing", "low": "bad", "high": "good"})
    if colour in ("group", "family"):
        member = now.group[0] if colour == "group" else now.family
        levels[inside] = member[rows[inside]] % HUES
        many = len(np.unique(member[rows[inside]]))
        shared = f"; {many} share {HUES} hues" if many > HUES else ""
        return Tones("hues", levels, {"title": f"one hue a {colour}{shared}", "low": "", "high": ""})
    return None


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8: 0 at the low end, 255 at the high end, the middle where there is one value only."""
    if high <= low:
        return np.full(len(values), 128, np.uint8)
    return np.round(255 * np.clip((values - low) / (high - low), 0, 1)).astype(np.uint8)


def wider(bounds: tuple[float, float] | None, values: np.ndarray) -> tuple[float, float]:
    """Bounds that hold these payoffs as well, so that an axis never jumps back."""
    if len(values) == 0:
        return bounds or (0.0, 0.0)
    low, high = float(values.min()), float(values.max())
    return (low, high) if bounds is None else (min(bounds[0], low), max(bounds[1], high))


def histogram(now: Snapshot, frame: Frame, world: World, bounds: tuple[float, float]) -> dict[str, Any]:
    """How payoffs are spread within each strategy.

    Returns
    -------
    dict
        low, high : payoffs at the ends of the axis; bars : for each strategy the share of all individuals
        in each of ``BARS`` intervals; means : mean payoff of each strategy, None where nobody holds it
    """
    places, values = payoffs(now, world)
    held, total = frame.state[places], max(len(places), 1)
    low, high = bounds if bounds[1] > bounds[0] else (bounds[0] - 0.5, bounds[0] + 0.5)
    bars, means = [], []
    for strategy in range(len(world.names)):
        own = values[held == strategy]
        bars.append((np.histogram(own, BARS, (low, high))[0] / total).round(6).tolist())
        means.append(float(own.mean()) if len(own) else None)
    return {"low": low, "high": high, "bars": bars, "means": means}


def height(now: Snapshot, world: World) -> tuple[str, float]:
    """(name, value) of what stands on the vertical axis of the phase plane.

    Assortment says nothing in a well-mixed population, so the mean payoff stands there.
    """
    mixed = len(world.layout.line) == 0
    name = "mean_payoff" if mixed else "assortment"
    return name, float(MEASURES[name](now)[0])


def neighbours(row: int, now: Snapshot) -> np.ndarray:
    """int64: rows of the neighbours of an individual; of its family or group mates where there is no graph."""
    indptr, indices = now.rows[0], now.rows[1]
    if len(indptr):
        found = indices[indptr[row] : indptr[row + 1]].astype(np.int64)
    else:
        member = now.family if len(now.family) else now.group[0]
        if (member == member[0]).all():  # everybody is everybody's neighbour
            return np.empty(0, np.int64)
        found = np.flatnonzero((member == member[row]) & (now.alive[0] == 1))
    return found[found != row][:MOST_RINGS]


def label(place: int, frame: Frame, world: World, now: Snapshot | None, names: list[str]) -> str:
    """An individual in a few words: "#512, cooperate, payoff 3.2".

    now   : None where only the picture of the moment is kept: then there are no payoffs to tell
    names : of the strategies, as in the legend
    """
    if not 0 <= place < len(frame.state) or frame.state[place] == NOBODY:
        return ""
    strategy = names[frame.state[place]]
    if now is None:
        return strategy
    row = int(inhabitants(now, world)[place])
    words = [f"#{row}", strategy, f"payoff {figure(float(now.payoff[0][row]))}"]
    if world.scenario.indirect.enabled:
        words.append("in good standing" if now.standing[0][row] > 0 else "in bad standing")
    if world.scenario.group.enabled:
        words.append(f"group {int(now.group[0][row])}")
    if len(now.family):
        words.append(f"family {int(now.family[row])}")
    return ", ".join(words)


def figure(value: float) -> str:
    """A payoff in at most three significant digits, without a tail of zeros."""
    return "–" if math.isnan(value) else f"{value:,.3g}".replace("-", "−")
