"""Worlds to compare: the 2^5 subsets of the rules, and everything that can be seen of one that runs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.kernel import engine
from coop_abm.engine.demes import fill_groups
from coop_abm.engine.events import FOLLOWED, Process, columns_of, process
from coop_abm.engine.generations import settle_in
from coop_abm.engine.keys import STRATEGY
from coop_abm.engine.rounds import Play
from coop_abm.engine.world import shuffled
from coop_abm.policies.rule import TableReader
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace

RULES = ("kin", "direct", "indirect", "network", "group")
#: Rules of which the exact chain of all states is known.
CHAINED = ("birth_death", "death_birth", "imitation", "pairwise_comparison")
UPDATES = (*CHAINED, "imitate_the_best", "proportional_imitation", "wright_fisher")
#: Rules that know an intensity of selection.
SELECTING = (*CHAINED, "wright_fisher")
STRUCTURES: dict[str, dict[str, Any]] = {
    "ring": {"kind": "ring", "degree": 4},
    "torus": {"kind": "torus", "neighbours": 4},
    "random_regular": {"kind": "random_regular", "degree": 4},
    "complete": {"kind": "complete"},
}
#: What each rule says when it is on. Nothing is neutral and nothing is certain.
KNOBS: dict[str, dict[str, Any]] = {
    "kin": {"kin.relatedness": 0.3},
    "direct": {"direct.continuation": 0.5},
    "indirect": {"indirect.visibility": 0.6},
    "network": {},
    "group": {"group.size": 4, "group.split": 0.4},
}
PLAYERS = [
    {"share": 0.4, "strategy": {"kind": "reciprocator"}},
    {"share": 0.3, "strategy": {"kind": "alld"}},
    {"share": 0.3, "strategy": {"kind": "gtft", "generosity": 0.3}},
]


def subsets(names: tuple[str, ...] = RULES) -> list[tuple[str, ...]]:
    """All subsets of the rules, the empty one first."""
    return [chosen for length in range(len(names) + 1) for chosen in itertools.combinations(names, length)]


def world(on: tuple[str, ...] = (), update: str = "birth_death", structure: str = "ring", **changes: Any) -> Scenario:
    """Twelve individuals under these rules."""
    rule: dict[str, Any] = {"kind": update, "intensity": 0.3} if update in SELECTING else {"kind": update}
    if update in ("birth_death", "death_birth"):
        rule["replacements"] = 5
    declared: dict[str, Any] = {"size": 12, "players": PLAYERS, "update": rule, "network.graph": STRUCTURES[structure]}
    for name in on:
        declared |= KNOBS[name] | {f"{name}.enabled": True}
    return replace(Scenario(), declared | changes)


def refused(on: tuple[str, ...], update: str, structure: str) -> bool:
    """Groups that grow and split are a process with births; groups on a graph are no business of everybody."""
    on_a_graph = "network" in on and structure != "complete"
    return "group" in on and (update == "wright_fisher" or (not on_a_graph and update != "birth_death"))


def cells(update: str, structure: str) -> list[tuple[str, ...]]:
    """The subsets in which this structure can matter, less those that are refused.

    Worlds without a network are listed once, under the complete graph.
    """
    return [
        on for on in subsets()
        if ("network" in on or structure == "complete") and not refused(on, update, structure)
    ]  # fmt: skip


# ------------------------------------------------------------------------------- what can be seen

Seen = list[tuple[str, np.ndarray]]


def seen_of(play: Play) -> Seen:
    """Every column, every encounter and every row of the question that is open."""
    when = f"round {play.round} turn {play.ask().turn}"
    found = {**play.state.columns, **play.met._asdict()}
    found |= {f"view.{name}": values for name, values in play.ask().view._asdict().items()}
    found |= {name: getattr(play.ask(), name) for name in ("replicate", "individual", "partner", "draw")}
    return [(f"{when}: {name}", np.array(values)) for name, values in found.items()]


def watched(play: Play, rounds: int, policy: Any = None) -> Seen:
    """Let the world run; all that can be seen of it after every turn."""
    policy = policy or TableReader(play.repertoire)
    seen = seen_of(play)
    while play.round < rounds:
        play.tell(policy.decide(play.ask()))
        seen += seen_of(play)
    return seen


def rounds_of(scenario: Scenario, rounds: int = 3, **options: Any) -> Seen:
    """A world on the round clock: every column after every turn."""
    return watched(Play(scenario, 7, **{"replicates": 2} | options), rounds)


def events_of(scenario: Scenario, steps: int = 25, limit: int = 500, keyed: bool = True) -> Seen:
    """A world on the event clock: ensembles, and every column after each of its first events."""
    ready = process(scenario, 7, record_gains=True, keyed=keyed)
    start, base = scenario.starting_counts(), stream_base(7)
    winner, events, gains = np.zeros(3, np.int64), np.zeros(3, np.int64), np.zeros(3)
    written = (winner, events, gains) if ready.kind in FOLLOWED else (winner, events)
    ready.ensemble(ready.world, base, 0, start, limit, *written)
    seen = [("ensemble: winner", winner), ("ensemble: events", events), ("ensemble: gains", gains)]
    stream, changing = begun(ready, scenario, _words(open_stream(base, 0)))
    for step in range(steps):
        answer = ready.advance(ready.world, *changing, 1, *stream)
        stream = _words(answer[-4:])
        seen.append((f"event {step}: answer and stream", np.array([float(x) for x in answer])))
        seen += [(f"event {step}: column {c}", values.copy()) for c, values in enumerate(changing)]
    if ready.record is not None:
        series = np.zeros((3, len(start)), np.int64)
        stream = _words(ready.record(ready.world, *changing, series, *stream))
        seen += [("series", series), ("stream after the series", np.array(stream))]
    return seen


def begun(ready: Process, scenario: Scenario, stream: Any) -> tuple[tuple[np.uint64, ...], tuple[np.ndarray, ...]]:
    """The stream after placement, and the columns that kernels change, as a replicate of an ensemble has them."""
    start, size = scenario.starting_counts(), scenario.size
    count, payoff, fitness = start.copy(), np.zeros(size), np.zeros(size)
    if ready.kind == "mixed":  # nobody is placed; the shuffle stands for a stream that has been used
        return _words(shuffled(start, np.zeros(size, np.int64), *stream)), (count,)
    if ready.kind == "generations":
        changing = (np.zeros(size, np.int64), np.zeros(size * scenario.kin.diploid, np.int64), count, payoff, fitness)
        return _words(settle_in(ready.world, start, scenario.seats(), *changing, *stream)), changing
    if ready.kind == "groups":
        strategy, group, alive = (np.zeros(size, np.int64) for _ in range(3))
        stream = _words(shuffled(start, strategy, *stream))
        fill_groups(ready.world, strategy, group, alive, count, payoff, fitness)
        return stream, (strategy, group, alive, count, payoff, fitness)
    strategy = np.zeros(size, STRATEGY)
    stream = _words(shuffled(start, strategy, *stream))
    return stream, columns_of(ready, strategy, count)


def _words(stream: Any) -> tuple[np.uint64, ...]:
    return tuple(np.uint64(word) for word in stream)


def both(view: Any, *arguments: Any, **options: Any) -> tuple[Seen, Seen]:
    """The same view of the same world, interpreted and compiled."""
    with engine("plain"):
        interpreted = view(*arguments, **options)
    with engine("compiled"):
        return interpreted, view(*arguments, **options)


def difference(one: Seen, other: Seen) -> str:
    """Where two worlds part, to the bit; empty where they never do."""
    for (where, a), (there, b) in zip(one, other, strict=False):
        if where != there:
            return f"{where} here, {there} there"
        if a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes():
            return f"{where}: {a.tolist()} and {b.tolist()}"
    return "" if len(one) == len(other) else f"{len(one)} and {len(other)} things were seen"
