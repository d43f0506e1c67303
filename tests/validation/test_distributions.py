"""Whole distributions, not only means: against exact chains, closed forms and a second, slow implementation.

Every case gives the p-value of the right null hypothesis, which must stand, and of a wrong one, slightly off,
which must fall: a test that accepts everything would be of no use. Seeds are fixed. The cases are one family,
so each is tested at 0.01 over their number (Bonferroni).
"""

from __future__ import annotations

import functools
import itertools
import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, starting
from coop_abm.engine.history import EventWorld
from coop_abm.engine.rounds import Play, run
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.structures import ErdosRenyi
from coop_abm.theory.chain import transition_matrix
from tests.parity.reference import Events
from tests.validation.rows import p_value, planted

BINS = 16


def times(world, runs, heads, seed):
    """How many events each run took to fixation; negative where strategy 1 took over."""
    ready = process(world, seed, every_event=True)
    found = ensemble(ready, starting(world, 0, heads), runs, base=stream_base(seed, 60))
    return np.where(found.winner == 0, found.events, -found.events)


def fits(sample, distribution):
    """p-value of a chi-square test: signed times against {winner: P(time = 1, 2, ...)}, in bins of equal weight."""
    from scipy.stats import chisquare

    observed, expected = [], []
    for winner, probability in distribution.items():
        own = sample[sample > 0] if winner == 0 else -sample[sample < 0]
        edges = np.searchsorted(np.cumsum(probability), probability.sum() * np.arange(1, BINS) / BINS)
        edges = np.unique(np.concatenate([[-1], edges, [len(probability) - 1]]))
        reached = np.concatenate([[0.0], np.cumsum(probability)])
        expected += (reached[edges[1:] + 1] - reached[edges[:-1] + 1]).tolist()
        observed += np.histogram(own - 1, bins=np.append(edges[:-1], 10**15) + 0.5)[0].tolist()
    expected = np.array(expected) / np.sum(expected)
    kept = expected > 0
    assert np.array(observed)[~kept].sum() == 0
    return float(chisquare(np.array(observed)[kept], len(sample) * expected[kept]).pvalue)


def absorbed(chain, start, ends, longest):
    """{0: P(strategy 0 fixes at time t), 1: ...} of a Markov chain that starts in a distribution over states."""
    here, found, before = start.copy(), {0: [], 1: []}, [0.0, 0.0]
    for _ in range(longest):
        here = here @ chain
        for winner, end in enumerate(ends):
            found[winner].append(here[end] - before[winner])
            before[winner] = here[end]
    return {winner: np.maximum(flow, 0) for winner, flow in ((w, np.array(f)) for w, f in found.items())}


# ------------------------------------------------------------------------------------ one case each


def moran(selection=1.0):
    """Times to fixation in a mixed population of 12 against the exact ladder (kin r = 0.5, b/c = 4)."""
    world = replace(named("kin"), {"size": 12, "game.benefit": 4.0, "update.intensity": 0.3})
    (a, b), (c, d) = world.matrix(world.answers())
    n, j = 12, np.arange(1, 12)
    ours, theirs = ((j - 1) * a + (n - j) * b) / (n - 1), (j * c + (n - j - 1) * d) / (n - 1)
    f, g = np.exp(0.3 * selection * ours), np.exp(0.3 * selection * theirs)
    up, down = j * f / (j * f + (n - j) * g) * (n - j) / (n - 1), (n - j) * g / (j * f + (n - j) * g) * j / (n - 1)
    chain = np.eye(n + 1)
    chain[j, j + 1], chain[j, j - 1], chain[j, j] = up, down, 1 - up - down
    return fits(times(world, 40_000, 6, 61), absorbed(chain, np.eye(n + 1)[6], (n, 0), 1500))


def wright_fisher(selection=1.0):
    """Times to fixation of Wright-Fisher in a mixed population of 12 against the exact binomial chain."""
    from scipy.stats import binom

    world = replace(named("kin"), {"size": 12, "update": "wright_fisher", "update.intensity": 0.1, "game.benefit": 4.0})
    (a, b), (c, d) = world.matrix(world.answers())
    n, j = 12, np.arange(13)
    f = np.exp(0.1 * selection * ((j - 1) * a + (n - j) * b) / (n - 1))
    g = np.exp(0.1 * selection * (j * c + (n - j - 1) * d) / (n - 1))
    chance = j * f / (j * f + (n - j) * g)
    chain = binom.pmf(np.arange(n + 1)[None, :], n, chance[:, None])
    by_generation = times(world, 40_000, 6, 62) // n
    return fits(by_generation, absorbed(chain, np.eye(n + 1)[6], (n, 0), 300))


WEIGHTED = [(0, 1, 2.0), (1, 2, 1.0), (2, 3, 3.0), (3, 0, 1.0), (3, 4, 0.5), (4, 5, 2.0)]


def weighted_graph(update, selection=1.0):
    """Times to fixation on six nodes of unequal weights against the chain of all 64 states, three cooperators."""
    graph = nx.Graph()
    graph.add_weighted_edges_from(WEIGHTED)
    world = replace(on_graph(named("network"), graph), {"update": update, "update.intensity": 0.6, "game.benefit": 2.5})
    chain = transition_matrix(
        nx.to_numpy_array(graph), world.matrix(world.answers()), update=update, intensity=0.6 * selection
    ).toarray()
    three = np.array([state.bit_count() == 3 for state in range(64)])
    return fits(times(world, 40_000, 3, 63), absorbed(chain, three / three.sum(), (63, 0), 1500))


def slow_groups(split=0.3):
    """Times to fixation among three groups of three against the naive process of Traulsen and Nowak."""
    from scipy.stats import ks_2samp

    world = replace(named("group"), {"size": 9, "group.split": 0.3, "update.intensity": 0.2, "game.benefit": 3.0,
                                     "players.0.share": 4 / 9, "players.1.share": 5 / 9})  # fmt: skip
    naive = [Events(replace(world, {"group.split": split}), 64, k).run(100_000) for k in range(700)]
    slow = np.array([society.events if society.winner == 0 else -society.events for society in naive])
    return float(ks_2samp(times(world, 40_000, 4, 65), slow).pvalue)


def slow_graph(update="death_birth"):
    """Times to fixation on a wheel against the naive world, which works out every payoff anew."""
    from scipy.stats import ks_2samp

    world = replace(on_graph(named("network"), nx.wheel_graph(8)), {"update.intensity": 0.5, "game.benefit": 3.0})
    naive = [Events(replace(world, {"update": update}), 71, k).run(100_000) for k in range(2000)]
    slow = np.array([society.events if society.winner == 0 else -society.events for society in naive])
    return float(ks_2samp(times(world, 40_000, 4, 67), slow).pvalue)


def everyone_helps(size, replicates, **changes):
    """A round in which all cooperate but for slips: the world after it."""
    world = replace(named("all_five"), {
        "size": size, "kin.enabled": False, "indirect.enabled": False, "network.enabled": False,
        "group.enabled": False, "direct.enabled": False, "game.benefit": 3.0, "update.intensity": 0.0,
        "players": [{"share": 1.0, "strategy": "allc"}],
    } | changes)  # fmt: skip
    play = Play(world, 68, replicates=replicates)
    run(play, TableReader(play.repertoire), 1)
    return play


def turns(continuation=0.7):
    """How many turns encounters last: geometric. Each turn of mutual help pays b - c = 2."""
    from scipy.stats import chisquare, geom

    play = everyone_helps(500, 20, **{"direct.enabled": True, "direct.continuation": 0.7, "payoff": "accumulated"})
    length = np.rint(play.state.payoff.ravel() / 2).astype(int)
    bins = np.arange(1, 20)
    expected = np.append(geom.pmf(bins, 1 - continuation), geom.sf(19, 1 - continuation)) * len(length)
    observed = np.append([(length == k).sum() for k in bins], (length >= 20).sum())
    return float(chisquare(observed, expected).pvalue)


def slips(error=0.05):
    """How many of 200 acts of a round turn round: binomial."""
    from scipy.stats import binom, chisquare

    play = everyone_helps(100, 4000, execution_error=0.05)
    failed = play.acts[:, 1] - play.acts[:, 0]
    assert set(play.acts[:, 1].tolist()) == {200}
    bins = np.arange(5, 17)
    expected = np.concatenate([[binom.cdf(4, 200, error)], binom.pmf(bins, 200, error), [binom.sf(16, 200, error)]])
    observed = [(failed < 5).sum(), *((failed == k).sum() for k in bins), (failed > 16).sum()]
    return float(chisquare(observed, expected * len(failed)).pvalue)


def places(by_degree=False):
    """Where a single cooperator starts on a star: anywhere, the hub as likely as a leaf."""
    from scipy.stats import chisquare

    world = replace(on_graph(named("network"), nx.star_graph(7)), {"players.0.share": 0.125, "players.1.share": 0.875})
    seats = [int(np.flatnonzero(EventWorld(world, 69, replicate=k).strategy == 0)[0]) for k in range(2000)]
    weight = np.array([7.0, 1, 1, 1, 1, 1, 1, 1]) if by_degree else np.ones(8)
    return float(chisquare(np.bincount(seats, minlength=8), 2000 * weight / weight.sum()).pvalue)


def random_graphs(probability=0.5):
    """Which of the 38 connected graphs of four nodes is drawn, each pair joined with probability 1/2."""
    from scipy.stats import chisquare

    pairs = list(itertools.combinations(range(4), 2))
    likely = {}
    for edges in itertools.chain.from_iterable(itertools.combinations(pairs, k) for k in range(3, 7)):
        graph = nx.Graph(edges)
        if len(graph) == 4 and nx.is_connected(graph):
            likely[edges] = probability ** len(edges) * (1 - probability) ** (6 - len(edges))
    drawn = dict.fromkeys(likely, 0)
    for seed in range(3000):
        sources, targets, _ = ErdosRenyi(probability=0.5).build(4, seed).edges()
        drawn[tuple(sorted((min(i, j), max(i, j)) for i, j in zip(sources, targets, strict=True)))] += 1
    expected = np.array(list(likely.values()))
    assert len(likely) == 38
    return float(chisquare(list(drawn.values()), 3000 * expected / expected.sum()).pvalue)


class Case:
    """A distribution that is tested: the right null, and a wrong one that must be seen."""

    def __init__(self, claim, wrong, source, test, right, off):
        self.claim, self.wrong, self.source, self.test, self.right, self.off = claim, wrong, source, test, right, off


MORAN, CHAIN = "NowakSasakiTaylorFudenberg2004", "Allen2017 (2^N chain)"
CHI = "chi-square over bins of equal weight, winner and time to fixation together"
KS = "Kolmogorov-Smirnov, two samples of signed times to fixation"
CASES = {
    "moran": Case("times to fixation, mixed, birth-death", "selection 7 % stronger", MORAN, f"{CHI}; 40,000 runs",
                  moran, functools.partial(moran, 1.07)),
    "wright_fisher": Case("times to fixation, mixed, Wright-Fisher", "selection 15 % stronger", "Ewens2004",
                          f"{CHI}; 40,000 runs", wright_fisher, functools.partial(wright_fisher, 1.15)),
    **{f"graph.{update}": Case(f"times to fixation, weighted graph, {update.replace('_', ' ')}",
                               "selection 40 % stronger", CHAIN, f"{CHI}; 40,000 runs",
                               functools.partial(weighted_graph, update),
                               functools.partial(weighted_graph, update, 1.4))
       for update in ("birth_death", "death_birth", "imitation", "pairwise_comparison")},
    "slow.groups": Case("times to fixation, groups, against the naive process", "splitting 0.05 instead of 0.3",
                        "TraulsenNowak2006", f"{KS}; 40,000 and 700 runs", slow_groups,
                        functools.partial(slow_groups, 0.05)),
    "slow.graph": Case("times to fixation, wheel, against the naive world", "imitation instead of death-birth",
                       "OhtsukiHauertLiebermanNowak2006", f"{KS}; 40,000 and 2,000 runs", slow_graph,
                       functools.partial(slow_graph, "imitation")),
    "turns": Case("turns of an encounter", "w = 0.72 instead of 0.7", "Nowak2006",
                  "chi-square against the geometric distribution; 10,000 encounters", turns,
                  functools.partial(turns, 0.72)),
    "slips": Case("acts that fail in a round", "5.3 % instead of 5 %", "binomial",
                  "chi-square against the binomial distribution; 4,000 rounds", slips, functools.partial(slips, 0.053)),
    "places": Case("where a mutant starts on a star", "in proportion to degree", "uniform placement",
                   "chi-square over eight nodes; 2,000 starts", places, functools.partial(places, True)),
    "random_graphs": Case("connected random graphs of four nodes", "p = 0.55 instead of 0.5", "ErdosRenyi1959",
                          "chi-square over 38 graphs; 3,000 draws", random_graphs,
                          functools.partial(random_graphs, 0.55)),
}  # fmt: skip
LEVEL = 0.01 / len(CASES)
QUICK = ("moran", "turns", "random_graphs")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.validate) for name in CASES]
)
def test_a_distribution_is_the_exact_one_and_a_wrong_one_is_seen(name, holds):
    case = CASES[name]
    statistic, _, n = case.test.partition("; ")
    words = {"source": case.source, "seed": "fixed in the test"}
    judged = {"statistic": statistic, "n": n, "reason": f"0.01 over {len(CASES)} tests (Bonferroni)"}
    right = p_value(case.right(), LEVEL, null=f"{case.claim}: the exact distribution", **judged)
    holds(right, id=f"D4.{name}", claim=case.claim, **words)
    wrong = p_value(case.off(), LEVEL, null=f"{case.claim}: {case.wrong}", **judged)
    holds(
        planted(wrong, case.wrong), id=f"D4.{name}.wrong", claim=f"{case.claim}; null made wrong: {case.wrong}", **words
    )


def test_the_exact_chains_of_this_file_are_chains():
    chain = np.array([[1.0, 0, 0], [0.25, 0.5, 0.25], [0, 0, 1.0]])
    found = absorbed(chain, np.array([0, 1.0, 0]), (2, 0), 60)
    assert found[0][:3] == pytest.approx([0.25, 0.125, 0.0625])
    assert math.isclose(sum(flow.sum() for flow in found.values()), 1)
