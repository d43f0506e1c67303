"""Ensembles that count heads: mixed populations by jumps, groups by their head counts.

Both are held to a naive world of dictionaries and lists that reads the same draws, and plain to compiled.
"""

import math

import numpy as np
import pytest

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.kernel import engine
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble

from .reference import Stream
from .worlds import CHAINED, UPDATES, both, difference, world

TWO = [{"share": 0.5, "strategy": "reciprocator"}, {"share": 0.5, "strategy": "alld"}]
MIXED = UPDATES[:-1]


def counted(scenario, start, limit=5000, runs=6, **options):
    """Winner and events of each replicate."""
    ready = process(scenario, 3, **options)
    winner, events = np.zeros(runs, np.int64), np.zeros(runs, np.int64)
    ready.ensemble(ready.world, stream_base(3), 0, np.array(start), limit, winner, events)
    return [("winner", winner), ("events", events)]


@pytest.mark.parametrize("update", MIXED)
@pytest.mark.parametrize(
    ("payoff", "options"),
    [
        ("averaged", {}), ("averaged", {"every_event": True}), ("accumulated", {}),
        pytest.param("accumulated", {"every_event": True}, marks=pytest.mark.validate),
    ],
    ids=["averaged-jumps", "averaged-events", "accumulated-jumps", "accumulated-events"],
)  # fmt: skip
def test_two_strategies_of_a_mixed_population_run_alike_on_both_engines(update, payoff, options):
    scenario = world(("direct",), update, players=TWO, clock="event", payoff=payoff)
    assert not difference(*both(counted, scenario, [5, 7], 400, **options))


@pytest.mark.parametrize("update", MIXED)
def test_three_strategies_run_alike_on_both_engines_event_by_event(update):
    scenario = world(("direct",), update, clock="event")
    assert not difference(*both(counted, scenario, [4, 5, 3], 400, every_event=True))


# ------------------------------------------------------------------------------- naive worlds


def stream(replicate):
    with engine("plain"), np.errstate(over="ignore"):
        return Stream(open_stream(stream_base(3), replicate))


def moves(scenario, heads):
    """{(s, t): how likely one event replaces an s by a t}, from the papers."""
    n, update = sum(heads), scenario.update
    matrix, beta = scenario.matrix(scenario.answers(3)), update.intensity
    payoff = [
        sum((heads[t] - (s == t)) * matrix[s, t] for t in range(len(heads))) / (n - 1) if heads[s] else 0.0
        for s in range(len(heads))
    ]  # fmt: skip
    fit = [math.exp(beta * p) for p in payoff]
    whole = sum(h * f for h, f in zip(heads, fit, strict=True))
    found = {}
    for s, mine in enumerate(heads):
        for t, theirs in enumerate(heads):
            if s != t and mine and theirs:
                found[s, t] = {
                    "birth_death": theirs * fit[t] / whole * mine / (n - 1),
                    "death_birth": mine / n * theirs * fit[t] / (whole - fit[s]),
                    "imitation": mine / n * theirs * fit[t] / whole,
                    "pairwise_comparison": mine / n * theirs / (n - 1) / (1 + math.exp(beta * (payoff[s] - payoff[t]))),
                }[update.kind]
    return found


def paths(scenario, size, j, length):
    """{end: [(chance, expected events) of each path of so many jumps]}, of two strategies from j heads."""
    if length == 0:
        return {j: [(1.0, 0.0)]}
    found = moves(scenario, [j, size - j])
    moving, ends = sum(found.values()), {}
    for pair, way in (((0, 1), -1), ((1, 0), 1)):
        for end, rest in paths(scenario, size, j + way, length - 1).items():
            ends.setdefault(end, []).extend((found[pair] / moving * p, 1 / moving + e) for p, e in rest)
    return ends


@pytest.mark.parametrize("update", CHAINED)
def test_up_to_four_jumps_at_once_are_those_of_a_naive_world(update):
    scenario, size = world(("direct",), update, clock="event", players=TWO), 12
    winner, events = (values for _, values in counted(scenario, [5, 7], runs=10))
    for k in range(len(winner)):
        j, waited, draw = 5, 0.0, stream(k)
        while 0 < j < size:
            ends = paths(scenario, size, j, next(n for n in (4, 2, 1) if n <= min(j, size - j)))
            target = draw()
            for end in sorted(ends):
                chance = sum(p for p, _ in ends[end])
                j, target = end, target - chance
                if target < 0:
                    break
            waited += sum(p * e for p, e in ends[j]) / chance
        assert (winner[k], events[k]) == (0 if j else 1, int(waited + 0.5))


@pytest.mark.parametrize("update", CHAINED)
@pytest.mark.parametrize("start", [[4, 5, 3]])
def test_jumps_are_those_of_a_naive_world(update, start):
    scenario = world(("direct",), update, clock="event")
    winner, events = (values for _, values in counted(scenario, start))
    for k in range(len(winner)):
        heads, waited, draw = list(start), 0.0, stream(k)
        while max(heads) < 12:
            found = moves(scenario, heads)
            moving = sum(found.values())
            waited += 1 / moving
            target, chosen = draw() * moving, None
            for pair in sorted(found):
                chosen = pair
                target -= found[pair]
                if target < 0:
                    break
            heads[chosen[0]] -= 1
            heads[chosen[1]] += 1
        assert (winner[k], events[k]) == (heads.index(12), int(waited + 0.5))


def test_what_can_no_longer_change_is_given_up_at_the_limit():
    draw = world((), "imitate_the_best", players=TWO, clock="event", game={"kind": "donation", "benefit": 3.0})
    tied = process(draw, 3)
    still = tied._replace(world=tied.world._replace(matrix=np.zeros((2, 2))))
    winner, events = np.zeros(2, np.int64), np.zeros(2, np.int64)
    still.ensemble(still.world, stream_base(3), 0, np.array([5, 7]), 900, winner, events)
    assert winner.tolist() == [-1, -1] and events.tolist() == [900, 900]


class Colonies:
    """Groups as lists of strategies, in order of strategy; draws as the ensemble takes them."""

    def __init__(self, scenario, start, replicate):
        self.s, self.draw, n = scenario, stream(replicate), scenario.group.size
        self.matrix = scenario.matrix(scenario.answers(3))
        everybody = self.draw.shuffle([s for s, heads in enumerate(start) for _ in range(heads)])
        self.groups = [sorted(everybody[g : g + n]) for g in range(0, len(everybody), n)]
        self.events = 0

    def fitness(self, group):
        found = []
        for at, own in enumerate(group):
            earned = [self.matrix[own, mate] for i, mate in enumerate(group) if i != at]
            payoff = sum(earned) / (len(earned) if self.s.payoff == "averaged" else 1) if earned else 0.0
            found.append(math.exp(self.s.update.intensity * payoff))
        return found

    @property
    def winner(self):
        left = {s for group in self.groups for s in group}
        return left.pop() if len(left) == 1 else -1

    def birth(self):
        self.events += 1
        u, v = self.draw(), self.draw()
        target = u * sum(sum(self.fitness(group)) for group in self.groups)
        home, parent = None, None
        for group in self.groups:
            for strategy, f in zip(group, self.fitness(group), strict=True):
                if target >= 0:
                    home, parent = group, strategy
                target -= f
        n, split = self.s.group.size, self.s.group.split
        home.append(parent)
        if len(home) <= n:
            home.sort()
        elif v >= split:
            home.pop(int((v - split) / (1 - split) * (n + 1)))
            home.sort()
        else:
            others = [group for group in self.groups if group is not home]
            other = others[int(self.draw() * len(others))]
            home.sort()
            while True:
                leave = [self.draw() < 0.5 for _ in home]
                if any(leave) and not all(leave):
                    break
            other[:] = [s for s, left in zip(home, leave, strict=True) if left]
            home[:] = [s for s, left in zip(home, leave, strict=True) if not left]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"payoff": "accumulated"},
        {"group.split": 1.0, "group.size": 3},
        {"group.split": 0.5, "group.size": 1},
        {"players": TWO, "update.intensity": 2.0},
    ],
)
def test_heads_of_groups_are_those_of_a_naive_world(changes):
    scenario = world(("kin", "direct", "group"), clock="event", **changes)
    start = scenario.starting_counts()
    winner, events = (values for _, values in counted(scenario, start, limit=300, runs=8))
    for k in range(8):
        naive = Colonies(scenario, start, k)
        while naive.winner < 0 and naive.events < 300:
            naive.birth()
        assert (winner[k], events[k]) == (naive.winner, naive.events)
    assert len(set(events.tolist())) > 2
    assert not difference(*both(counted, scenario, start, limit=300))


def test_replicates_of_heads_do_not_depend_on_how_they_are_dealt_out():
    mixed = world((), "pairwise_comparison", players=TWO, clock="event")
    for scenario in (mixed, world(("group",), players=TWO, clock="event")):
        ready = process(scenario, 1)
        whole = ensemble(ready, np.array([3, 9]), 9, base=stream_base(1))
        parts = [ensemble(ready, np.array([3, 9]), 3, base=stream_base(1), first=k) for k in (0, 3, 6)]
        assert whole.winner.tolist() == [w for part in parts for w in part.winner]
        assert whole.events.tolist() == [e for part in parts for e in part.events]
