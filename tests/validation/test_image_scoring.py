"""Image scoring of Nowak and Sigmund [NowakSigmund1998], each claim beside a world without information.

The paper gives no numbers that could be recomputed, so claims are of direction, and each is tested against a
null. Exact: where nothing is to be gained strategies drift as in the Wright-Fisher process.
"""

import itertools
import math

import numpy as np
import pytest

from coop_abm.engine.image_scoring import STRATEGIES, ScoringSociety, images
from tests.validation import rows as judge
from tests.validation.rows import below, estimate

SOURCE = {"source": "NowakSigmund1998"}
HELPING = STRATEGIES <= 0


def endings(runs=400, **changes):
    """(share of help, final shares of strategies) of runs without mutation from random mixes."""
    found = images(ScoringSociety(mutation=0.0, **changes), 500, replicates=runs, every=50, seed=11)
    return found.cooperation[:, -1], found.share[:, -1]


def test_without_gain_strategies_drift_as_in_the_wright_fisher_process(holds):
    """The chance that two individuals differ falls by 1 - 1/N a generation; 20,000 runs, |z| <= 3.5."""
    world = ScoringSociety(size=10, interactions=3, benefit=0.0, cost=0.0, endowment=0.0, mutation=0.0)
    found = images(world, 9, replicates=20_000, seed=1, start=np.repeat([-5, 6], 5))
    differ = 1 - (found.share[:, -1] ** 2).sum(axis=1)
    expected = 0.5 * (1 - 1 / 10) ** 8
    holds(
        estimate(differ.mean(), differ.std(ddof=1) / math.sqrt(len(differ)), expected, sigmas=3.5, n="20,000 runs",
                 statistic="chance that two individuals differ after eight generations",
                 null="it falls by 1 - 1/N a generation"),
        id="image.drift", claim="image scoring without gain: strategies drift", seed=1, source="Ewens2004",
    )  # fmt: skip
    fixed = images(world, 400, replicates=4000, every=100, seed=2, start=np.repeat([-5, 6], [3, 7])).share[:, -1, 0]
    assert set(fixed.tolist()) == {0.0, 1.0}
    assert abs(fixed.mean() - 0.3) <= 3.5 * math.sqrt(0.3 * 0.7 / 4000)


@pytest.mark.parametrize(("interactions", "at_least"), [(125, 0.25), (300, 0.8)])
def test_from_a_random_mix_cooperation_is_established_by_those_who_help_strangers(interactions, at_least, holds):
    help_given, share = endings(interactions=interactions)
    cooperative = help_given > 0.9
    assert cooperative.mean() > at_least
    holds(
        below(0.02 - cooperative.mean(), math.sqrt(cooperative.var() / len(cooperative)), 0.0, n="400 runs",
              statistic="0.02 less the share of runs in which more than nine acts in ten help",
              null="no more often than 2 %, the bound for a world in which nobody watches"),
        id=f"image.established.{interactions}", seed=11, **SOURCE,
        claim=f"image scoring, {interactions} encounters a generation, from a random mix: cooperation is established",
    )  # fmt: skip
    assert (share[cooperative][:, HELPING].sum(axis=1) > 0.99).all()
    assert ((help_given < 0.1) | cooperative).mean() > 0.95


@pytest.mark.parametrize("interactions", [125, 300])
def test_where_nobody_watches_cooperation_is_never_established(interactions, holds):
    help_given, share = endings(interactions=interactions, observers=0)
    holds(
        judge.share((help_given > 0.9).mean(), 0.0, 0.02, n="400 runs", reason="2 %; with information 25 % or more",
                    statistic="share of runs in which more than nine acts in ten help"),
        id=f"control.image.{interactions}", seed=11, **SOURCE,
        claim=f"image scoring, {interactions} encounters a generation, nobody watches: cooperation is not established",
    )  # fmt: skip
    assert share[:, ~HELPING].sum(axis=1).mean() > 0.97


def test_the_discriminator_of_zero_wins_more_often_than_those_who_help_anybody(holds):
    help_given, share = endings()
    wins = np.bincount(share[help_given > 0.9].argmax(axis=1), minlength=len(STRATEGIES))
    zero, anybody = int(wins[STRATEGIES == 0][0]), int(wins[STRATEGIES == -5][0])
    assert zero > 2 * anybody
    holds(
        below(anybody - zero, math.sqrt(anybody + zero), 0.0, n=f"{anybody + zero} runs won by either",
              statistic="runs won by k = -5 less runs won by k = 0", null="k = 0 wins no more often than k = -5"),
        id="image.discriminators", claim="image scoring: the discriminator k = 0 wins most often", seed=11, **SOURCE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cycles():
    return images(ScoringSociety(interactions=300), 100_000, replicates=4, every=20, seed=5)


def turns(help_given):
    """Rows where cooperation was last high before it fell, and where it is first high after it rose."""
    falls, rises, state, last = [], [], "", 0
    for t, x in enumerate(help_given):
        if x > 0.9:
            rises += [t] if state == "low" else []
            state, last = "high", t
        elif x < 0.1:
            falls += [last] if state == "high" else []
            state = "low"
    return falls, rises


@pytest.mark.validate
def test_with_mutation_cooperation_comes_and_goes_without_end(cycles):
    high, low = cycles.cooperation > 0.9, cycles.cooperation < 0.1
    assert high.mean() > 0.4 and low.mean() > 0.1
    for run in cycles.cooperation:
        falls, rises = turns(run)
        assert len(falls) >= 4 and len(rises) >= 4
        half = len(run) // 2
        assert any(t >= half for t in falls) and any(t >= half for t in rises)


@pytest.mark.validate
def test_discriminators_raise_cooperation_and_helpers_of_anybody_let_it_fall(cycles, holds):
    """Mean k among those who help strangers, when cooperation rises and just before it falls: z >= 4."""
    ends = [[], []]
    for run, share in zip(cycles.cooperation, cycles.share, strict=True):
        for end, rows in zip(ends, turns(run), strict=True):
            ours = share[rows][:, HELPING]
            end += (ours @ STRATEGIES[HELPING] / ours.sum(axis=1)).tolist()
    falling, rising = (np.array(end) for end in ends)
    error = math.sqrt(sum(x.var(ddof=1) / len(x) for x in (falling, rising)))
    holds(
        below(falling.mean() - rising.mean(), error, 0.0, n=f"{len(rising)} rises and {len(falling)} falls",
              statistic="mean k among helpers before a fall less mean k at a rise", null="they are the same"),
        id="image.cycles", claim="image scoring with mutation: discriminators raise cooperation, others let it fall",
        seed=5, **SOURCE,
    )  # fmt: skip


@pytest.mark.validate
def test_with_mutation_and_nobody_watching_cooperation_never_rises():
    found = images(ScoringSociety(interactions=300, observers=0), 40_000, replicates=4, every=20, seed=6)
    assert found.cooperation[:, 10:].max() < 0.5
    assert found.cooperation[:, 10:].mean() < 0.01


@pytest.mark.validate
def test_with_ten_observers_smaller_populations_cooperate_more(holds):
    """n = 20, 50, 100, ten interactions a head; 24 runs each, differences of means: z >= 3."""
    means = []
    for size in (20, 50, 100):
        world = ScoringSociety(size=size, interactions=10 * size, observers=10)
        runs = images(world, 8000, replicates=24, every=100, seed=7).cooperation[:, 10:].mean(axis=1)
        means.append((runs.mean(), runs.var(ddof=1) / len(runs)))
    for (more, noise), (less, other) in itertools.pairwise(means):
        assert more - less >= 3 * math.sqrt(noise + other)
    (more, noise), (less, other) = means[0], means[-1]
    holds(
        below(less - more, math.sqrt(noise + other), 0.0, n="24 runs each",
              statistic="cooperation among 100 less cooperation among 20", null="size does not matter"),
        id="image.observers", claim="image scoring with ten observers: smaller populations cooperate more", seed=7,
        **SOURCE,
    )  # fmt: skip
