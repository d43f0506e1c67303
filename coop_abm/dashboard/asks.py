"""What a graph asks of cooperation, as plain values for a page."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import CoopError
from coop_abm.dashboard.board import Drawn
from coop_abm.structures.graph import Graph, InPieces
from coop_abm.theory import coalescence
from coop_abm.theory.advice import Advice, advise
from coop_abm.theory.influence import Influence, influence

#: Rules with an exact answer on any graph, and what they are called on the page.
UPDATES = {
    "death_birth": "death-birth",
    "imitation": "imitation",
    "pairwise_comparison": "pairwise comparison",
}
#: The rule of thumb for large regular graphs of degree k.
THUMB = {"death_birth": 0.0, "imitation": 2.0}
#: Graphs up to this size are answered after every change; larger ones when asked.
AT_ONCE = 400
#: How many changes of an edge are answered exactly while one draws; all of them when asked.
SCREENED = 48


class Asks(NamedTuple):
    """The answers for one graph.

    about  : the graph that they are about
    update : the rule that values, advice and influence are for
    ratios : (update, (b/c)*, what it means in words) for each rule
    facts  : (name, value) of the graph itself
    influence : of each node; None where it was not asked for
    advice : the best changes of one edge; None where not asked for
    error  : why there is no answer, one sentence; "" where there is one
    pieces : is the reason that the graph is in pieces?
    """

    about: Drawn
    update: str
    ratios: tuple[tuple[str, float, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    influence: Influence | None = None
    advice: Advice | None = None
    error: str = ""
    pieces: bool = False

    @property
    def value(self) -> float:
        """(b/c)* under the chosen rule, signed; NaN where there is no answer."""
        return next((value for update, value, _ in self.ratios if update == self.update), math.nan)


def asked(drawn: Drawn, update: str = "death_birth", *, advice: bool = True) -> Asks:
    """Everything about one graph; what cannot be answered is an error in words."""
    try:
        graph = drawn.graph()
    except CoopError as error:
        pieces = isinstance(error, InPieces)
        words = "The graph is in pieces: ancestral lines never meet, so theory has no answer." if pieces else str(error)
        return Asks(drawn, update, error=words.removeprefix("graph: "), pieces=pieces, facts=_facts(drawn, None))
    try:
        weights = graph.weights_matrix()
        ratios = tuple((rule, value, coalescence.in_words(value)) for rule, value in _ratios(weights))
        found = influence(weights, update=update) if graph.size > 2 else None
        best = advise(weights, update=update, count=6, budget=SCREENED) if advice and graph.size > 2 else None
    except CoopError as error:
        return Asks(drawn, update, error=str(error).removeprefix("graph: "), facts=_facts(drawn, graph))
    return Asks(drawn, update, ratios, _facts(drawn, graph), found, best)


def tried(drawn: Drawn, update: str, one: int, other: int) -> float:
    """(b/c)* with one edge more, or less where it is there; NaN where that has no answer."""
    try:
        return coalescence.critical_ratio(drawn.toggled(one, other).graph().weights_matrix(), update=update)
    except CoopError:
        return math.nan


def _ratios(weights: Any) -> list[tuple[str, float]]:
    return [(update, coalescence.critical_ratio(weights, update=update)) for update in UPDATES]


def _facts(drawn: Drawn, graph: Graph | None) -> tuple[tuple[str, str], ...]:
    size, many = drawn.size, len(drawn.edges)
    facts = [("nodes", f"{size:,}"), ("edges", f"{many:,}")]
    ends = np.array([edge[:2] for edge in drawn.edges], int).ravel()
    degree = np.bincount(ends, minlength=size)
    spread = f"{degree.min():.0f} to {degree.max():.0f}" if np.ptp(degree) else "the same for all"
    facts.append(("mean degree", f"{2 * many / size:.4g} ({spread})"))
    if graph is not None and graph.weighted:
        low, high = min(w for _, _, w in drawn.edges), max(w for _, _, w in drawn.edges)
        facts.append(("weights", f"{low:.3g} to {high:.3g}"))
    return tuple(facts)


def same(one: Drawn, other: Drawn) -> bool:
    """The same graph, wherever its nodes stand."""
    return one is other or (one.size == other.size and one.edges == other.edges and one.labels == other.labels)


def spoken(value: float) -> str:
    """A critical ratio in a word: a number, "never", or "–" where there is none.

    >>> spoken(4.26087), spoken(-9.0), spoken(float("inf")), spoken(float("nan"))
    ('4.261', 'never', 'never', '–')
    """
    if math.isnan(value):
        return "–"
    return f"{value:.4g}" if 0 < value < math.inf else "never"


def sentence(value: float) -> str:
    """The same where a sentence is read.

    >>> sentence(4.26087), sentence(-9.0), sentence(float("nan"))
    ('critical b/c 4.261', 'no benefit is large enough', 'no answer')
    """
    words = spoken(value)
    return {"–": "no answer", "never": "no benefit is large enough"}.get(words, f"critical b/c {words}")


def told(asks: Asks, now: Drawn) -> dict[str, Any]:
    """The answers as plain values for the browser, while `now` is on the board.

    Answers about the graph before stand until the new ones are there, but not its changes: their nodes are others.
    """
    about = asks.about
    labels = about.labels or tuple(range(about.size))
    mean = 2 * len(about.edges) / max(about.size, 1)
    advice = asks.advice if same(about, now) else None
    rows = [{
        "update": update, "title": UPDATES[update], "value": spoken(value), "words": words,
        "thumb": f"{mean + THUMB[update]:.4g}" if update in THUMB else "never", "chosen": update == asks.update,
    } for update, value, words in asks.ratios]  # fmt: skip
    changes = [{
        "kind": c.kind, "one": int(c.one), "other": int(c.other), "value": spoken(c.value),
        "better": _better(c.value, asks.value), "effect": _effect(c.value, asks.value),
        "words": f"{'add' if c.kind == 'add' else 'remove'} {labels[int(c.one)]} – {labels[int(c.other)]}",
    } for c in (advice.changes if advice else ())]  # fmt: skip
    screening = advice.screening if advice else ""
    return {
        "ratios": rows, "facts": [list(pair) for pair in asks.facts], "changes": changes, "screening": screening,
        "error": asks.error, "pieces": asks.pieces,
    }  # fmt: skip


def _better(value: float, before: float) -> bool:
    """Does it ask less of cooperation? Ratios are compared by their inverse, which passes through never."""
    return bool(1 / value > 1 / before + 1e-12) if value and before and not math.isnan(value + before) else False


def _effect(value: float, before: float) -> str:
    if not _better(value, before):
        return "no easier"
    return "easier" if spoken(value) != "never" else "still never, but nearer"


def coloured(asks: Asks, by: str) -> tuple[np.ndarray, str, str]:
    """(values in [0, 1], words for 0, words for 1) to colour nodes by; NaN where a node has none.

    Parameters
    ----------
    by : "neutral" (chance without selection) or "ratio" (the b/c that a cooperator there asks for)
    """
    if asks.influence is None:
        return np.empty(0, np.float32), "", ""
    values = asks.influence.neutral if by == "neutral" else asks.influence.ratio
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), np.nan, np.float32), "", ""
    low, high = float(known.min()), float(known.max())
    told_apart = high - low > 1e-9 * abs(high)
    scaled = (values - low) / (high - low) if told_apart else np.where(np.isfinite(values), 0.5, np.nan)
    figures = (lambda v: f"{100 * v:.3g} %") if by == "neutral" else (lambda v: f"{v:.4g}")
    return scaled.astype(np.float32), figures(low), figures(high)
