"""Which edge to add or to remove: held against plain enumeration, one critical ratio at a time."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.theory import advice, ancestry, coalescence, meeting


def plain(graph, weight=None):
    return nx.to_numpy_array(graph, weight=weight)


def weighted_lollipop():
    weights = plain(nx.lollipop_graph(5, 3))
    dice = np.triu(np.random.default_rng(5).integers(1, 4, weights.shape), 1)
    return weights * (dice + dice.T)


def with_weight(weights, i, j, value):
    changed = weights.copy()
    changed[i, j] = changed[j, i] = value
    return changed


def brute_force(weights, **how):
    """Every addition and every removal that keeps the graph in one piece, best first."""
    mean = weights[weights > 0].mean()
    found = []
    for i, j in itertools.combinations(range(len(weights)), 2):
        changed = with_weight(weights, i, j, 0.0 if weights[i, j] else mean)
        if nx.is_connected(nx.from_numpy_array(changed)):
            ratio = coalescence.critical_ratio(changed, **how)
            found.append((-1 / ratio, "remove" if weights[i, j] else "add", i, j, ratio))
    return sorted(found)


def assert_same_ranking(advised, found):
    for change, (_, kind, i, j, ratio) in zip(advised.changes, found, strict=False):
        assert change.value == pytest.approx(ratio, rel=1e-7)
        assert any(row[1:4] == (change.kind, change.one, change.other) and abs(row[4] - change.value) < 1e-6
                   for row in found), (change, kind, i, j)  # fmt: skip


def test_advice_on_karate_is_that_of_brute_force():
    karate = plain(nx.karate_club_graph())
    found = brute_force(karate)
    everything = advice.advise(karate, count=len(found))
    assert everything.before == pytest.approx(7.767862, abs=6e-7)
    assert (everything.candidates, everything.evaluated, everything.screening) == (len(found), len(found), "")
    assert {change.kind for change in everything.changes} == {"add", "remove"}
    assert_same_ranking(everything, found)
    for kind, keywords in (("add", {"removals": False}), ("remove", {"adds": False})):
        best = advice.advise(karate, count=3, **keywords)
        assert_same_ranking(best, [row for row in found if row[1] == kind])
        assert len(best.changes) == 3


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison"])
def test_advice_on_a_weighted_graph_is_that_of_brute_force(update, payoff):
    weights, how = weighted_lollipop(), {"update": update, "payoff": payoff}
    found = brute_force(weights, **how)
    assert_same_ranking(advice.advise(weights, count=99, **how), found)


def test_ratios_are_ranked_through_infinity():
    house = advice.advise(plain(nx.house_graph()), count=99)  # 3964: next to never, so changes lead to either side
    signs = [1 / change.value for change in house.changes]
    assert signs == sorted(signs, reverse=True) and signs[0] == pytest.approx(1 / 6) and signs[-1] < 0
    bipartite = advice.advise(plain(nx.complete_bipartite_graph(3, 4)), count=99)
    assert math.isinf(bipartite.before) and bipartite.changes[0].value > 0 > bipartite.changes[-1].value


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", ["death_birth", "imitation", "pairwise_comparison"])
def test_the_first_order_effect_is_the_derivative(update, payoff):
    weights, how = weighted_lollipop(), {"update": update, "payoff": payoff}
    rows = ancestry.sparse_graph(weights)
    walks = ancestry.ancestry(rows, update, payoff)
    times = meeting.meeting_times(walks.walk)
    slope = advice.gradient(rows, update, payoff, times, coalescence.balance_of(walks, times))
    step = 1e-4
    for i, j in ((0, 1), (2, 4), (0, 6), (3, 7), (5, 7)):
        there = [with_weight(weights, i, j, weights[i, j] + shift) for shift in (step, -step, 0.0)]
        if weights[i, j]:
            up, down = (1 / coalescence.critical_ratio(w, **how) for w in there[:2])
            measured = (up - down) / (2 * step)
        else:  # a weight cannot be negative: one-sided, second order
            base, up = (1 / coalescence.critical_ratio(w, **how) for w in (there[2], there[0]))
            twice = 1 / coalescence.critical_ratio(with_weight(weights, i, j, 2 * step), **how)
            measured = (4 * up - twice - 3 * base) / (2 * step)
        assert slope[i, j] == pytest.approx(measured, rel=2e-4, abs=1e-8)
    assert (slope == slope.T).all()


def test_a_budget_answers_the_most_promising_changes_exactly_and_says_so():
    karate = plain(nx.karate_club_graph())
    best = advice.advise(karate, count=3, removals=False)
    screened = advice.advise(karate, count=3, removals=False, budget=60)
    assert screened.evaluated == 60 and screened.candidates == best.candidates
    assert "60 of 483 changes with the largest first-order effect" in screened.screening
    for change in screened.changes:
        exact = coalescence.critical_ratio(with_weight(karate, change.one, change.other, 1.0))
        assert change.value == pytest.approx(exact, rel=1e-8)
    gained = screened.before - screened.changes[0].value
    assert gained > 0.9 * (best.before - best.changes[0].value)


def test_bridges_stay_unless_the_largest_piece_is_asked_for():
    barbell = plain(nx.barbell_graph(4, 0))
    kept = advice.advise(barbell, count=99, adds=False)
    assert (3, 4) not in [(change.one, change.other) for change in kept.changes]
    cut = advice.advise(barbell, count=99, adds=False, keep_connected=False)
    bridge = next(change for change in cut.changes if (change.one, change.other) == (3, 4))
    assert bridge.nodes == 4 and bridge.value == pytest.approx(-3)
    tree = plain(nx.path_graph(6))
    assert advice.advise(tree, adds=False).changes == ()
    ends = advice.advise(tree, adds=False, keep_connected=False, count=99)
    assert sorted(change.nodes for change in ends.changes) == [3, 4, 4, 5, 5]


def test_progress_ends_at_the_whole():
    seen = []
    advice.advise(plain(nx.cycle_graph(6)), progress=seen.append)
    assert seen[-1] == 1.0 and seen == sorted(seen)


@pytest.mark.parametrize(
    ("keywords", "words"),
    [({"count": 0}, "count"), ({"budget": 0}, "budget"), ({"adds": False, "removals": False}, "both be false"),
     ({"update": "birth_death"}, "update must be one of")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(keywords, words):
    with pytest.raises(InputError, match=words):
        advice.advise(plain(nx.cycle_graph(6)), **keywords)
