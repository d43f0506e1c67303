"""Where individuals are drawn.

Structures that are built by a rule are drawn by that rule; any other graph by pivot multidimensional
scaling, which is quick at ten thousand nodes. A well-mixed population has no places, so its
individuals are scattered over a disc and no edges are drawn.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from coop_abm.dashboard.controls import OWN_DATA
from coop_abm.mechanisms import Answers
from coop_abm.scenario.scenario import Scenario

#: More edges than this are a grey area, not a drawing.
MOST_EDGES = 40_000
#: Graphs up to this size are spread by springs as well.
SPRINGS = 500
SPRING_STEPS = 60
PIVOTS = 50
#: The short side of a drawing is stretched at most so much to fill the square.
WIDEN = 1.7
#: So many individuals stand in a line of the space-time picture at most.
WIDEST = 400
#: A circle has room for this many individuals; more stand in an annulus.
ROUND_THE_CIRCLE = 400


class Layout(NamedTuple):
    """Places for the individuals of a world.

    places : float32 (P, 2), in [0, 1]; x to the right, y down; two for each diploid individual
    edges  : uint32 (E, 2), pairs of places
    apart  : do shapes stand clear of each other?
    seats  : 0 where place i is individual i; else places for each group, and a place is
             group * seats + rank within the group
    words  : what is drawn, in a few words
    line   : uint32 (W,): the places that a line of the space-time picture holds, from left to right; empty where
             nobody has a place
    line_words : how that line was chosen
    beyond : uint32 (B, 2), pairs of places that are joined by the graph of replacement, where that is another
    arrows : do edges go one way, from the first of a pair to the second?
    """

    places: np.ndarray
    edges: np.ndarray
    apart: bool
    seats: int
    words: str
    line: np.ndarray = np.empty(0, np.uint32)
    line_words: str = ""
    beyond: np.ndarray = np.empty((0, 2), np.uint32)
    arrows: bool = False

    @property
    def about(self) -> dict[str, bool | int]:
        """What `coop.ground` of ``assets/colours.js`` is told beside the buffers."""
        return {"apart": self.apart, "seats": self.seats, "arrows": self.arrows}

    @property
    def buffers(self) -> list[bytes]:
        """The three arrays that it reads."""
        pairs = (pairs.astype("<u4").tobytes() for pairs in (self.edges, self.beyond))
        return [self.places.astype("<f4").tobytes(), *pairs]


def layout(scenario: Scenario, answers: Answers, seed: int) -> Layout:
    """Where the individuals of this world are drawn."""
    network = scenario.network
    drawn = _placed(scenario, answers, seed)
    places, line = _line(scenario, answers, drawn)
    drawn = drawn._replace(line=places, line_words=line)
    if not answers.two_graphs:
        return drawn
    other, kind = answers.replacing(), network.replacement.kind.replace("_", " ")
    second = _ready(drawn.places, _drawn_edges(other, network.replacement, drawn.places), True, 0, kind)
    dashed = "dashed: " if len(second.edges) else ""
    return drawn._replace(
        beyond=second.edges, words=f"{drawn.words}; {dashed}replaced on another graph, {second.words}"
    )


def _line(scenario: Scenario, answers: Answers, drawn: Layout) -> tuple[np.ndarray, str]:
    """Who stands in a line of the space-time picture, and how that was chosen."""
    count, declared = len(drawn.places), scenario.network.graph
    graph = len(answers.indptr) > 0
    if answers.well_mixed and answers.family <= 1:
        return np.empty(0, np.uint32), ""
    lattice = getattr(declared, "shape", None)
    if graph and callable(lattice) and not drawn.seats:
        rows, columns = lattice(answers.size)
        middle = rows // 2
        chosen, words = middle * columns + np.arange(columns), f"the cut along row {middle + 1} of {rows}"
    elif not graph or declared.kind in ("ring", "path", "complete"):
        chosen, words = np.arange(count), "in order of their numbers"
    else:
        chosen, words = np.argsort(drawn.places[:, 0], kind="stable"), "ordered from left to right of the network"
    if len(chosen) > WIDEST:
        words += f", the first {WIDEST} of {len(chosen):,}"
    line = chosen[:WIDEST].astype(np.uint32)
    line.setflags(write=False)
    return line, words


def _placed(scenario: Scenario, answers: Answers, seed: int) -> Layout:
    size = answers.size
    graph = len(answers.indptr) > 0
    if answers.fluid or (answers.groups > 1 and not graph):
        places = clusters(answers.groups, answers.group_size)
        return _ready(places, _NONE, True, answers.group_size, f"{answers.groups} groups; outlined places are free")
    if answers.family > 1:
        return families(size // answers.family, answers.family, scenario.kin.diploid)
    if not graph:
        order = np.random.default_rng(seed).permutation(size)
        return _ready(disc(size)[order], _NONE, True, 0, "everybody may meet everybody")
    edges = edges_of(answers)
    declared = scenario.network.graph
    lattice = getattr(declared, "shape", None)
    grouped = answers.group if answers.groups > 1 else np.zeros(size, np.int64)
    if callable(lattice):
        rows, columns = lattice(size)
        places = grid(rows, columns)
        within = _drawn_edges(answers, declared, places)
        wrapped = ", whose borders join" if len(within) < len(edges) else ""
        return _ready(places, within, True, 0, f"{declared.kind}, {rows} x {columns}{wrapped}")
    if declared.kind in ("ring", "complete"):
        words = declared.kind if answers.groups == 1 else f"{declared.kind} in {answers.groups} groups"
        return _ready(circle(size, grouped), edges, size <= ROUND_THE_CIRCLE, 0, words)
    places = pivots(answers, seed)
    if size <= SPRINGS and len(edges) <= 20 * size:
        places = springs(edges, places)
    reach = np.maximum(np.ptp(places, axis=0), 1e-9)
    places = places * np.minimum(reach.max() / reach, WIDEN)
    words = "your own graph" if declared.kind in OWN_DATA else declared.kind.replace("_", " ")
    arrows = one_way(answers)
    words += "; arrows: where offspring goes" if arrows and len(edges) <= MOST_EDGES else ""
    return _ready(places, edges, False, 0, words)._replace(arrows=arrows)


_NONE = np.empty((0, 2), np.uint32)


def edges_of(answers: Answers) -> np.ndarray:
    """uint32 (E, 2): every edge of the graph once, without loops; arrows as they go, where it is directed."""
    rows = np.repeat(np.arange(answers.size), np.diff(answers.indptr))
    once = rows < answers.indices
    back = rows > answers.indices
    pairs = np.column_stack([rows[once], answers.indices[once]])
    if np.count_nonzero(back) != len(pairs) or one_way(answers):
        there = (once | back) & (answers.weight > 0 if len(answers.weight) else True)
        pairs = np.column_stack([rows, answers.indices])[there]
    return pairs.astype(np.uint32)


def one_way(answers: Answers) -> bool:
    """Does offspring go some edge one way only? Its row of the way back has weight 0."""
    return len(answers.weight) > 0 and not np.all(answers.weight)


def _drawn_edges(answers: Answers, declared: Any, places: np.ndarray) -> np.ndarray:
    """Its edges; of a lattice without those that join its borders, which would cross the whole picture."""
    edges = edges_of(answers)
    if not callable(getattr(declared, "shape", None)) or not len(edges):
        return edges
    long = np.abs(places[edges[:, 0]] - places[edges[:, 1]]).max(axis=1) > 0.5 * np.ptp(places, axis=0).max()
    return edges[~long]


def grid(rows: int, columns: int) -> np.ndarray:
    """float (rows * columns, 2): a lattice, row by row."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.column_stack([column + 0.5, row + 0.5]) / max(rows, columns)


def circle(size: int, group: np.ndarray) -> np.ndarray:
    """float (N, 2): round a circle in order, with a gap between groups; in an annulus where there are many."""
    gaps = np.cumsum(np.concatenate([[0], np.diff(group) != 0])) if len(group) else np.zeros(size)
    parts = int(gaps[-1]) + 1 if size else 1
    gap = 0.0 if parts == 1 else min(2.0, 0.15 * size / parts)
    angle = 2 * math.pi * (np.arange(size) + gap * gaps) / (size + gap * (parts if parts > 1 else 0)) - math.pi / 2
    layers = math.ceil(size / ROUND_THE_CIRCLE)
    radius = np.full(size, 0.47)
    if layers > 1:  # outwards and inwards again, so that neighbours stay side by side
        there_and_back = np.abs((np.arange(size) + layers - 1) % (2 * layers - 2) - (layers - 1))
        radius = 0.26 + 0.22 * there_and_back / (layers - 1)
    return 0.5 + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]


def disc(size: int) -> np.ndarray:
    """float (N, 2): evenly over a disc, along a spiral of golden angles."""
    k = np.arange(size)
    angle, radius = k * math.pi * (3 - math.sqrt(5)), 0.485 * np.sqrt((k + 0.5) / max(size, 1))
    return 0.5 + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]


def clusters(groups: int, seats: int) -> np.ndarray:
    """float (groups * seats, 2): a ring, or a disc, of seats for each group; the groups on a lattice."""
    columns = math.ceil(math.sqrt(groups))
    rows = math.ceil(groups / columns)
    if seats <= 12:
        angle = 2 * math.pi * np.arange(seats) / seats - math.pi / 2
        inner = np.column_stack([np.cos(angle), np.sin(angle)]) * (0.24 if seats > 1 else 0.0)
    else:
        inner = (disc(seats) - 0.5) * 0.78
    row, column = np.divmod(np.arange(groups), columns)
    # A last row that is not full is centred.
    lacking = np.where(row == rows - 1, columns * rows - groups, 0) / 2
    middle = np.column_stack([column + 0.5 + lacking, row + 0.5 + (columns - rows) / 2])
    return ((middle[:, None, :] + inner[None, :, :]) / columns).reshape(-1, 2)


def families(count: int, members: int, diploid: bool) -> Layout:
    """Families apart from each other; of diploid individuals both alleles, side by side."""
    places = clusters(count, members)
    words = f"{count:,} families of {members}"
    if diploid:
        first = places[:members]
        apart = np.hypot(*(first[:, None] - first[None, :]).transpose(2, 0, 1))
        beside = np.array([0.22 * apart[apart > 0].min(), 0.0])
        places = np.stack([places - beside, places + beside], axis=1).reshape(-1, 2)
        words += "; two marks side by side are one individual's alleles"
    return _ready(places, _NONE, True, 0, words)


def pivots(answers: Answers, seed: int) -> np.ndarray:
    """float (N, 2): pivot multidimensional scaling of the distances in the graph.

    References
    ----------
    Brandes & Pich (2007), Eigensolver methods for progressive multidimensional scaling of large data,
    Graph Drawing 2006, 42-53.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    size = answers.size
    ones = np.ones(len(answers.indices))
    graph = csr_array((ones, answers.indices, answers.indptr), shape=(size, size))
    dice = np.random.default_rng(seed)
    chosen = dice.permutation(size)[: min(PIVOTS, size)]
    away = dijkstra(graph, directed=False, indices=chosen, unweighted=True).T
    reached = np.isfinite(away)
    away = np.where(reached, away, away[reached].max() + 2)  # other components stand beside
    squared = away**2
    centred = -0.5 * (squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean())
    values, vectors = np.linalg.eigh(centred.T @ centred)
    places = centred @ vectors[:, np.argsort(values)[::-1][:2]]
    if places.shape[1] < 2:
        places = np.column_stack([places, np.zeros(size)])
    if away.max() <= 3 * math.log(max(size, 2)) and size > SPRINGS:
        # Everybody is near everybody, so distances say little: thin the crowd in the middle.
        middle = places - places.mean(axis=0)
        radius = np.hypot(*middle.T)
        rank = np.argsort(np.argsort(radius, kind="stable"), kind="stable")
        places = middle / np.maximum(radius, 1e-12)[:, None] * np.sqrt((rank + 0.5) / size)[:, None]
    spread = np.ptp(places, axis=0).max() or 1.0
    return places + dice.normal(scale=0.004 * spread, size=places.shape)  # equals stand beside each other


def springs(edges: np.ndarray, start: np.ndarray) -> np.ndarray:
    """float (N, 2): the same places after connected nodes pulled and all nodes pushed.

    References
    ----------
    Fruchterman & Reingold (1991), Graph drawing by force-directed placement, Software: Practice and
    Experience 21, 1129-1164.
    """
    size = len(start)
    places = (start - start.mean(axis=0)) / (np.ptp(start, axis=0).max() or 1.0)
    ideal = 1 / math.sqrt(max(size, 1))
    ends = edges.T.astype(np.int64)
    for heat in np.linspace(0.1, 0.001, SPRING_STEPS):
        # The push between i and j is ideal^2 / distance; summed over j it is a product of matrices.
        length = (places**2).sum(axis=1)
        squared = np.maximum(length[:, None] + length[None, :] - 2 * places @ places.T, 1e-6)
        push = ideal**2 / squared
        np.fill_diagonal(push, 0.0)
        moved = places * push.sum(axis=1)[:, None] - push @ places
        across = places[ends[1]] - places[ends[0]]
        pull = across * (np.hypot(*across.T) / ideal)[:, None]
        for k in (0, 1):
            moved[:, k] += np.bincount(ends[0], pull[:, k], size) - np.bincount(ends[1], pull[:, k], size)
        far = np.maximum(np.hypot(*moved.T), 1e-9)
        places = places + moved * (np.minimum(far, heat) / far)[:, None]
    return places


def _ready(places: np.ndarray, edges: np.ndarray, apart: bool, seats: int, words: str) -> Layout:
    """The layout, scaled into the square and not to be changed any more."""
    low, high = places.min(axis=0), places.max(axis=0)
    scale = max(float((high - low).max()), 1e-9)
    within = (0.5 + (places - (low + high) / 2) / scale).astype(np.float32)
    within = np.clip(np.nan_to_num(within, nan=0.5), 0, 1)
    kept = edges if len(edges) <= MOST_EDGES else _NONE
    hidden = "" if len(kept) == len(edges) else f" ({len(edges):,} edges, not drawn)"
    for array in (within, kept):
        array.setflags(write=False)
    return Layout(within, kept, apart, seats, words + hidden)
