"""Image scoring: plain = compiled, a naive society that reads the same draws, and what is certain."""

import numpy as np
import pytest

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.core.kernel import engine
from coop_abm.engine import image_scoring
from coop_abm.engine.image_scoring import KINDS, STRATEGIES, ScoringSociety, advance_images, images
from coop_abm.scenario.wording import declared

from .reference import Stream
from .worlds import both, difference

SOCIETIES = {
    "public": {},
    "no mutation": {"mutation": 0.0},
    "always mutating": {"mutation": 1.0},
    "few observers": {"observers": 3},
    "only the recipient": {"observers": 0},
    "nothing to gain": {"benefit": 0.0, "cost": 0.0, "endowment": 0.0},
    "rich": {"benefit": 3.0, "cost": 0.7, "endowment": 0.9},
}


def society(**changes):
    return ScoringSociety(**({"size": 12, "interactions": 40, "mutation": 0.1} | changes))


def seen(world, generations=12, **options):
    found = images(world, generations, replicates=2, seed=4, **options)
    return [("cooperation", found.cooperation), ("share", found.share)]


@pytest.mark.parametrize("name", SOCIETIES)
def test_a_society_runs_alike_on_both_engines(name):
    assert not difference(*both(seen, society(**SOCIETIES[name])))


class Naive:
    """A society in dictionaries: what everybody thinks of everybody."""

    def __init__(self, world, replicate):
        self.world, n = world, world.size
        with engine("plain"), np.errstate(over="ignore"):
            self.draw = Stream(open_stream(stream_base(4), replicate))
        self.kinds = [STRATEGIES[int(self.draw() * KINDS)] for _ in range(n)]
        self.order = list(range(n))

    def pair(self):
        place = self.draw() * self.world.size
        donor = int(place)
        return donor, [i for i in range(self.world.size) if i != donor][int((place - donor) * (self.world.size - 1))]

    def watchers(self, donor, recipient):
        """Everybody, or the recipient and a sample of the others, from a shuffle that is stopped in time."""
        n = self.world.size
        if self.world.observers >= n - 2:
            return range(n)
        chosen, at = [], 0
        while len(chosen) < self.world.observers:
            there = at + int(self.draw() * (n - at))
            self.order[at], self.order[there] = self.order[there], self.order[at]
            chosen += [self.order[at]] if self.order[at] not in (donor, recipient) else []
            at += 1
        return [recipient, *chosen]

    def generation(self):
        """Share of help given, and share of each strategy among those who gave it."""
        w, thought, payoff, helped = self.world, {}, [0.0] * self.world.size, 0
        share = [self.kinds.count(k) / w.size for k in STRATEGIES]
        for _ in range(w.interactions):
            donor, recipient = self.pair()
            helps = thought.get((donor, recipient), 0) >= self.kinds[donor]
            helped += helps
            payoff[donor] += w.endowment - w.cost * helps
            payoff[recipient] += w.endowment + w.benefit * helps
            for watcher in self.watchers(donor, recipient):
                before = thought.get((watcher, donor), 0)
                thought[watcher, donor] = min(max(before + (1 if helps else -1), -5), 5)
        self.kinds = [self.offspring(payoff) for _ in range(w.size)]
        return helped / w.interactions, share

    def offspring(self, payoff):
        u, mu = self.draw(), self.world.mutation
        if u < mu:
            return STRATEGIES[int(u / mu * KINDS)]
        weights = payoff if sum(payoff) > 0 else [1.0] * len(payoff)
        target, chosen = (u - mu) / (1 - mu) * sum(weights), None
        for k, weight in sorted(zip(self.kinds, weights, strict=True)):
            if weight > 0:
                chosen = k
                target -= weight
                if target < 0:
                    break
        return chosen


@pytest.mark.parametrize("name", SOCIETIES)
def test_a_society_is_the_naive_society(name):
    world = society(**SOCIETIES[name])
    found = images(world, 12, replicates=2, seed=4)
    for k in range(2):
        naive = Naive(world, k)
        for t in range(12):
            helped, share = naive.generation()
            assert found.cooperation[k, t] == pytest.approx(helped, abs=1e-12), t
            assert found.share[k, t].tolist() == pytest.approx(share, abs=1e-12), t


@pytest.mark.parametrize("mutation", [0.0, 0.1])
def test_when_all_others_watch_everybody_opinions_are_the_public_score(mutation):
    world = society(mutation=mutation, size=9)
    rules = world.rules()
    assert rules.observers == -1 and society(mutation=mutation, size=9, observers=7).rules() == rules
    recorded = []
    for observers in (-1, 7):
        words = [np.uint64(x) for x in open_stream(stream_base(1), 0)]
        strategy, cooperation, share = np.arange(9), np.empty(30), np.empty((30, KINDS))
        advance_images(rules._replace(observers=observers), strategy, np.arange(9), 1, cooperation, share, *words)
        recorded.append([("cooperation", cooperation), ("share", share), ("strategy", strategy)])
    assert not difference(*recorded)


def test_rows_are_means_over_blocks_and_calls_of_any_length_are_one_run(monkeypatch):
    for changes in ({}, {"observers": 3}):
        one = images(society(**changes), 40, seed=2)
        blocks = images(society(**changes), 40, seed=2, every=8)
        monkeypatch.setattr(image_scoring, "LONGEST", 1)
        pieces = images(society(**changes), 40, seed=2)
        monkeypatch.undo()
        assert blocks.generation.tolist() == [0, 8, 16, 24, 32]
        assert blocks.cooperation == pytest.approx(one.cooperation.reshape(1, 5, 8).mean(axis=2))
        assert blocks.share == pytest.approx(one.share.reshape(1, 5, 8, KINDS).mean(axis=2))
        assert np.array_equal(pieces.cooperation, one.cooperation) and np.array_equal(pieces.share, one.share)


@pytest.mark.parametrize(("k", "help_given"), [(-5, 1.0), (-2, 1.0), (0, 1.0), (1, 0.0), (6, 0.0)])
def test_those_of_one_strategy_all_help_or_never_do(k, help_given):
    found = images(society(mutation=0.0), 10, start=np.full(12, k))
    assert (found.cooperation == help_given).all() and (found.mean_k == k).all()


def test_somebody_who_never_interacts_leaves_no_offspring():
    found = images(
        society(mutation=0.0, size=40, interactions=1), 2, replicates=8, seed=3, start=np.arange(40) % 12 - 5
    )
    assert ((found.share[:, 1] > 0).sum(axis=1) <= 2).all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": 2}, "size must be a whole number in [3, 10,000]; got 2"),
        ({"mutation": 1.5}, "mutation must be a number in [0, 1]; got 1.5"),
        ({"observers": -1}, "observers must be a whole number in [0, 10,000]; got -1"),
        ({"cost": 0.2}, "endowment: must be at least the cost, or payoffs are negative; got 0.1"),
    ],
)
def test_an_impossible_society_is_refused_in_one_line(changes, said):
    with pytest.raises(ScenarioError) as refused:
        declared(ScoringSociety, changes)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"generations": 0}, "generations must be a whole number of at least 1"),
        ({"generations": 10, "every": 3}, "every must divide generations; got 3 and 10"),
        ({"generations": 1, "replicates": 0}, "replicates must be"),
        ({"generations": 1, "start": np.full(12, 7)}, "start must hold 12 whole numbers in [-5, 6]"),
    ],
)
def test_an_impossible_run_is_refused_in_one_line(options, said):
    with pytest.raises(InputError) as refused:
        images(society(), **options)
    assert str(refused.value).startswith(said)
