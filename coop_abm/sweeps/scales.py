"""The axes of a figure of a sweep: where values stand, where cells end, and what is written beside them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.scenario.catalogue import Knob, knobs
from coop_abm.scenario.knobs import dotted
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.table import in_order, plain, spelt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: So many values at most have a tick each; more are left to round numbers.
TICKS = 9
#: Columns of a tick's label that is a word, and of an axis's.
WORD, LABEL = 14, 48


class Axis(NamedTuple):
    """One axis.

    name   : the parameter, as the table calls it
    label  : what it is called in words
    values : each value once, in order
    at     : float (n,), where they stand
    edges  : float (n + 1,), where cells end: half way between values
    scale  : how they are placed: numbers evenly or by their logarithm, words one after the other
    whole  : can it only be a whole number?
    """

    name: str
    label: str
    values: tuple[Any, ...]
    at: np.ndarray
    edges: np.ndarray
    scale: Literal["linear", "log", "words"]
    whole: bool

    @property
    def flat(self) -> str:
        """The flat name of the knob."""
        return dotted(self.name)

    def place(self, value: Any) -> int:
        """Which of the values it is."""
        return self._places[spelt(value)]

    @property
    def _places(self) -> dict[str, int]:
        return {spelt(value): i for i, value in enumerate(self.values)}

    def places(self, column: Iterable[Any]) -> list[int]:
        """Which of the values each one is."""
        known = self._places
        return [known[spelt(value)] for value in column]

    def straight(self, at: np.ndarray) -> np.ndarray:
        """Positions as shares of the axis: 0 at its beginning, 1 at its end, whatever its scale."""
        with np.errstate(invalid="ignore", divide="ignore"):
            at, ends = (np.log(v) if self.scale == "log" else np.asarray(v) for v in (at, self.edges[[0, -1]]))
        return (at - ends[0]) / (ends[1] - ends[0])

    def fine(self, steps: int) -> tuple[list[Any], np.ndarray]:
        """Values along the axis at which a curve is drawn, and where they stand."""
        if self.scale == "words":
            return list(self.values), self.at
        first, last = float(self.edges[0]), float(self.edges[-1])
        if self.whole and last - first <= 4 * steps:
            numbers = list(range(int(min(self.values)), int(max(self.values)) + 1))
            return numbers, np.array(numbers, np.float64)
        space = np.geomspace if self.scale == "log" else np.linspace
        at = space(first, last, steps)
        if steps < len(self.at):
            at = np.unique(np.concatenate([at, self.at]))
        if self.whole:
            at = np.unique(np.round(at))
        return [int(v) if self.whole else float(v) for v in at], at


def axis(table: Any, name: str, base: Scenario | None) -> Axis:
    """The axis of a parameter.

    Parameters
    ----------
    table : from :func:`~coop_abm.sweeps.table.summary`
    base  : the scenario that the parameters change; None for a model of somebody else

    Raises
    ------
    InputError
        if the table has no such parameter
    """
    if name not in table.columns:
        raise InputError(f"axes: must be parameters of the sweep; got {quoted(name)}")
    distinct = {spelt(value): plain(value) for value in table[name]}
    values = tuple(sorted(distinct.values(), key=in_order))
    knob = knob_of(base, dotted(name))
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) and np.isfinite(v) for v in values):
        at = np.arange(len(values), dtype=np.float64)
        return Axis(name, titled(name, knob), values, at, np.arange(len(values) + 1) - 0.5, "words", False)
    at = np.array(values, np.float64)
    whole = isinstance(knob.value, int) if knob else all(isinstance(v, int) for v in values)
    scale: Literal["linear", "log"] = "log" if _by_factors(at) else "linear"
    return Axis(name, titled(name, knob), values, at, _edges(at, scale), scale, whole)


def knob_of(base: Scenario | None, path: str) -> Knob | None:
    """The declaration of a knob; None where the scenario has none of this name."""
    return None if base is None else next((knob for knob in knobs(base) if knob.path == path), None)


def titled(name: str, knob: Knob | None) -> str:
    """What a parameter is called in words, in at most two lines."""
    text = quoted(name.replace("\n", " "), 2 * LABEL)[1:-1]
    if knob is not None and knob.title:
        text = f"{knob.title} [{knob.unit}]" if knob.unit else knob.title
    return "\n".join(textwrap.wrap(text, LABEL)[:2])


def _by_factors(at: np.ndarray) -> bool:
    """Do values grow by factors rather than by steps?"""
    if len(at) < 3 or at[0] <= 0 or at[-1] < 8 * at[0]:
        return False
    steps, factors = np.diff(at), np.diff(np.log(at))
    return bool(factors.std() / factors.mean() < 0.5 * steps.std() / steps.mean())


def _edges(at: np.ndarray, scale: str) -> np.ndarray:
    x = np.log(at) if scale == "log" else at
    if len(x) == 1:
        reach = 0.5 * abs(x[0]) or 0.5
        return np.array([x[0] - reach, x[0] + reach])
    middle = (x[1:] + x[:-1]) / 2
    edges = np.concatenate([[x[0] - (middle[0] - x[0])], middle, [x[-1] + (x[-1] - middle[-1])]])
    return np.exp(edges) if scale == "log" else edges


def dress(axes: Axes, along: Axis, which: Literal["x", "y"], room: float = 0.0) -> None:
    """Scale, limits, ticks and label of one axis of a drawing; `room`: share of it that is left at either end."""
    from matplotlib.ticker import MaxNLocator, NullFormatter

    one = axes.xaxis if which == "x" else axes.yaxis
    if along.scale == "log":
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    low, high = along.edges[[0, -1]]
    reach = (high / low) ** room if along.scale == "log" else room * (high - low)
    ends = (low / reach, high * reach) if along.scale == "log" else (low - reach, high + reach)
    (axes.set_xlim if which == "x" else axes.set_ylim)(*ends)
    (axes.set_xlabel if which == "x" else axes.set_ylabel)(along.label, parse_math=False)
    if along.scale == "words":
        shown = ["\n".join(textwrap.wrap(spelt(v).replace("_", " "), WORD)[:3]) for v in along.values]
        one.set_ticks(along.at.tolist(), shown)
        for label in one.get_ticklabels():
            label.set_parse_math(False)
            if which == "x" and len(shown) > 6:
                label.set(rotation=35, ha="right", rotation_mode="anchor")
    elif len(along.at) <= TICKS and _apart(along):
        one.set_ticks(along.at.tolist(), [f"{v:.4g}" for v in along.at])
        one.set_minor_formatter(NullFormatter())
    elif along.scale == "log":
        one.set_major_formatter(lambda value, _position: f"{value:g}")
        one.set_minor_formatter(NullFormatter())
    elif along.whole:
        one.set_major_locator(MaxNLocator(integer=True))


def _apart(along: Axis) -> bool:
    """Are the values so far apart that their ticks' labels do not touch?"""
    return len(along.at) < 2 or float(np.diff(along.straight(along.at)).min()) > 0.06
