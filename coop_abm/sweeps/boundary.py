"""Where theory expects the boundary between cooperation and defection in the plane, or on the axis, of a sweep."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.scales import Axis

#: Steps of a curve and of each side of a plane; on graphs and among groups each is a linear system.
LINE, PLANE, HARD_LINE = 61, 17, 41
#: Above this size a threshold on a graph is asked for only where there are cells.
QUICK = 150
#: Nodes of the random graphs together that a threshold is the mean of; five graphs at most.
NODES, GRAPHS = 600, 5
#: So many points on a line of whole numbers have a mark each.
MARKED = 30
#: Share of an axis by which two lines must differ to be seen as two.
VISIBLE = 0.015
#: The two knobs that a critical ratio can be solved for.
MONEY = ("game.benefit", "game.cost")

Which = Literal["value", "limit"]
WHICH: tuple[Which, ...] = ("value", "limit")


class Curve(NamedTuple):
    """A line in the units of both axes; NaN where it is interrupted."""

    x: np.ndarray
    y: np.ndarray
    marked: bool = False


class Boundary(NamedTuple):
    """What theory says about a figure.

    exact : (b/c)* of these very worlds; None where there is none to draw
    limit : the textbook's, for infinite populations
    said  : one sentence for the caption
    name  : of the line
    """

    exact: Curve | None
    limit: Curve | None
    said: str
    name: str = ""


class Point(NamedTuple):
    """Theory at one place; ``value`` and ``limit`` are critical ratios, ``actual`` the declared b/c."""

    value: float
    limit: float
    benefit: float
    cost: float
    status: str
    reason: str

    def excess(self, which: Which) -> float:
        """Above 0 where cooperation is favoured; continuous where the critical ratio passes through infinity."""
        ratio = getattr(self, which)
        if math.isnan(ratio) or self.cost <= 0:
            return math.nan
        return self.benefit / self.cost / ratio - 1 if ratio else math.inf

    def money(self, knob: str, which: Which) -> float:
        """The benefit, or the cost, at which b/c is critical; NaN where none is."""
        ratio = getattr(self, which)
        if not ratio > 0 or math.isinf(ratio):
            return math.nan
        return ratio * self.cost if knob == "game.benefit" else self.benefit / ratio


class Theory:
    """Critical ratios of one scenario under changes of its knobs.

    On graphs that differ from replicate to replicate it is the harmonic mean over a few, because what selection
    adds on each is nearly linear in 1/(b/c)*.
    """

    def __init__(self, base: Scenario, fixed: Mapping[str, Any], *, seed: int, graphs: Literal["each", "one"]):
        self.base, self.seed, self.graphs = replace(base, fixed), seed, graphs
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.silences: Counter[str] = Counter()
        self.drawn = 1
        self._random: dict[str, bool] = {}
        self._known: dict[str, Point] = {}

    @property
    def hard(self) -> bool:
        """Does each answer take a linear system?"""
        return self.base.network.enabled or self.base.group.enabled

    @property
    def quick(self) -> bool:
        """Is there time to ask at more places than there are cells?"""
        return not self.base.group.enabled and (not self.hard or self.base.size <= QUICK)

    def at(self, changes: Mapping[str, Any]) -> Point:
        """What theory says where these knobs have these values."""
        place = repr(sorted(changes.items()))
        if place not in self._known:
            self._known[place] = self._asked(changes)
        return self._known[place]

    def _asked(self, changes: Mapping[str, Any]) -> Point:
        try:
            world = replace(self.base, changes)
            found = [expectation(world, self.seed)]
            if self.graphs == "each" and self._drawn(world):
                for number in range(1, min(GRAPHS, max(1, NODES // world.size))):
                    found.append(expectation(world, self.seed + number))
                    if math.isclose(found[0].value, found[1].value, rel_tol=1e-9):  # regular graphs are all alike
                        break
        except InputError as refusal:  # there is no such world
            return Point(math.nan, math.nan, math.nan, math.nan, "silent", str(refusal))
        first = found[0]
        (self.silences if first.status == "silent" else self.reasons)[first.reason] += 1
        self.statuses[first.status] += first.status != "silent"
        if len(found) > 2:
            self.drawn = max(self.drawn, len(found))
        benefit, cost = (float(getattr(world.game, name, math.nan)) for name in ("benefit", "cost"))
        value, limit = (_harmonic([getattr(one, name) for one in found]) for name in ("value", "limit"))
        return Point(value, limit, benefit, cost, first.status, first.reason)

    def _drawn(self, world: Scenario) -> bool:
        """Is its graph drawn by chance?"""
        network, size = world.network, world.size
        key = f"{network!r} {size}"
        if network.enabled and key not in self._random:
            one, other = ([network.graph.build(size, seed), network.replaces_on(size, seed)] for seed in (0, 1))
            self._random[key] = not all(
                np.array_equal(a.indices, b.indices) and np.array_equal(a.weight, b.weight)
                for a, b in zip(one, other, strict=True)
                if a is not None and b is not None
            )
        return world.network.enabled and self._random[key]

    @property
    def status(self) -> str:
        """exact, or first order in selection; empty where it is now this, now that."""
        statuses = [status for status, count in self.statuses.items() if count]
        return statuses[0] if len(statuses) == 1 else ""

    def said(self, drawn: bool) -> str:
        """What was found, in one sentence; `drawn`: is any of it in the figure?"""
        if not self.statuses.total():
            reason = self.silences.most_common(1)[0][0] if self.silences else "there is no such world"
            return f"Theory is silent: {reason}."
        status = " or ".join(sorted(status for status, count in self.statuses.items() if count))
        words = f"Theory: {'; '.join(reason for reason, _ in self.reasons.most_common(2))}"
        if "exact" not in self.reasons.most_common(1)[0][0]:
            words += f" ({status.replace('first order', 'to first order in selection')})"
        if self.drawn > 1:
            words += f", mean of {self.drawn} random graphs"
        if self.silences:
            words += f"; silent elsewhere: {self.silences.most_common(1)[0][0]}"
        return f"{words}." if drawn else f"{words}; no threshold lies in this range."


def _harmonic(ratios: list[float]) -> float:
    with np.errstate(divide="ignore"):
        return float(1 / np.mean(1 / np.array(ratios))) if len(ratios) > 1 else ratios[0]


def boundary(theory: Theory, x: Axis, y: Axis) -> Boundary:
    """Where theory expects the boundary in the plane of two parameters."""
    if x.scale == "words" == y.scale:
        return Boundary(None, None, "Theory's threshold is a line only where one axis holds numbers.")
    if x.flat in MONEY or y.flat in MONEY:
        solved = y if y.flat in MONEY and x.flat != "game.benefit" else x
        found = _solved(theory, solved, x if solved is y else y)
    elif "words" in (x.scale, y.scale):
        solved = y if x.scale == "words" else x
        found = _by_word(theory, solved, x if solved is y else y)
    else:
        solved, found = y, _contours(theory, x, y)
    exact, limit = (Curve(a, b, m) if solved is y else Curve(b, a, m) for a, b, m in found)
    seen = _seen(exact, x, y)
    name = "theory: (b/c)*" + (f", {theory.status}" if theory.status else "")
    told = Boundary(exact if seen.any() else None, None, theory.said(bool(seen.any())), name)
    return told._replace(limit=limit) if _differs(exact, limit, x, y) else told


def crossings(theory: Theory, along: Axis, changes: Mapping[str, Any], which: Which = "value") -> list[float]:
    """Where on one axis of numbers cooperation begins, or ceases, to be favoured."""
    if along.flat in MONEY:
        money = theory.at(changes).money(along.flat, which)
        return [money] if along.edges[0] <= money <= along.edges[-1] else []
    values, at = along.fine(_steps(theory, LINE))
    excess = np.array([theory.at({**changes, along.flat: value}).excess(which) for value in values])
    found = []
    for (a, h), (b, k) in itertools.pairwise(zip(at.tolist(), excess.tolist(), strict=True)):
        if math.isfinite(h) and math.isfinite(k) and (h < 0) != (k < 0):
            found.append(a + (b - a) * h / (h - k))
    return found


Line = tuple[np.ndarray, np.ndarray, bool]


def _steps(theory: Theory, wished: int) -> int:
    return 2 if not theory.quick else min(wished, HARD_LINE) if theory.hard else wished


def _solved(theory: Theory, solved: Axis, along: Axis) -> list[Line]:
    """Critical benefits, or costs, along the other axis: the exact ones and the textbook's."""
    values, at = along.fine(_steps(theory, LINE))
    points = [theory.at({along.flat: value}) for value in values]
    furthest = solved.edges[-1] + 10 * (solved.edges[-1] - solved.edges[0])  # a pole is no place to draw to
    lines: list[Line] = []
    for which in WHICH:
        money = np.array([min(point.money(solved.flat, which), furthest) for point in points])
        if along.scale == "words":
            lines.append((*_dashes(at, [[m] for m in money]), False))
        else:
            lines.append((at, money, along.whole and len(at) <= MARKED))
    return lines


def _by_word(theory: Theory, solved: Axis, along: Axis) -> list[Line]:
    lines: list[Line] = []
    for which in WHICH:
        heights = [crossings(theory, solved, {along.flat: value}, which) for value in along.values]
        lines.append((*_dashes(along.at, heights), False))
    return lines


def _dashes(at: np.ndarray, heights: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """A stroke as wide as a cell at each height."""
    strokes = [(x - 0.5, x + 0.5, math.nan, h, h, math.nan) for x, hs in zip(at, heights, strict=True) for h in hs]
    columns = np.array(strokes, np.float64).reshape(-1, 6)
    return columns[:, :3].ravel(), columns[:, 3:].ravel()


def _contours(theory: Theory, x: Axis, y: Axis) -> list[Line]:
    """The lines b/c = (b/c)* in a plane that has no axis of its own for the benefit or the cost."""
    import contourpy

    (xs, x_at), (ys, y_at) = (one.fine(2 if theory.hard else PLANE) for one in (x, y))
    points = [[theory.at({x.flat: vx, y.flat: vy}) for vx in xs] for vy in ys]
    lines: list[Line] = []
    for which in WHICH:
        excess = np.array([[point.excess(which) for point in row] for row in points])
        generator = contourpy.contour_generator(x_at, y_at, np.ma.masked_invalid(np.clip(excess, -1e6, 1e6)))
        found: list[Any] = list(generator.lines(0.0))
        pieces = [np.vstack([piece, [[math.nan, math.nan]]]) for piece in found]
        line = np.concatenate(pieces) if pieces else np.empty((0, 2))
        lines.append((line[:, 0], line[:, 1], False))
    return lines


def _seen(curve: Curve, x: Axis, y: Axis) -> np.ndarray:
    """Bool: which of its points lie within the axes."""
    with np.errstate(invalid="ignore"):
        return ((curve.x >= x.edges[0]) & (curve.x <= x.edges[-1])
                & (curve.y >= y.edges[0]) & (curve.y <= y.edges[-1]))  # fmt: skip


def _differs(exact: Curve, limit: Curve, x: Axis, y: Axis) -> bool:
    """Would one see that these are two lines?"""
    seen = _seen(limit, x, y)
    if not seen.any():
        return False
    own = _seen(exact, x, y)
    if not own.any():
        return True
    a, b = (np.column_stack([x.straight(c.x[s]), y.straight(c.y[s])]) for c, s in ((limit, seen), (exact, own)))
    return bool(np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)).min(axis=1).max() > VISIBLE)
