"""Strategies are recognised from what was done, and only as far as that tells them apart."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import beta, betainc

from coop_abm.core.errors import InputError
from coop_abm.strategies.canon import CANON, canon
from coop_abm.theory import recognition
from coop_abm.theory.likelihood import best_error, log_evidence, log_likelihood
from coop_abm.theory.posterior import credible_set

PD = [[3, 0], [5, 1]]
C, D = 0, 1
ALL = recognition.library(*canon(PD))
FIVE = recognition.library(*canon(PD, ("allc", "alld", "tft", "wsls", "grim")))
NINE = recognition.library(*canon(PD, tuple(CANON)))


def chance(strategies, s, own, other, error):
    """The probability of these own actions, turn by turn: a plain automaton beside the counting."""
    state, last, product = 0, 0, 1.0
    for mine, yours in zip(own, other, strict=True):
        v = strategies.cooperate[s, state, last]
        q = v * (1 - error) + (1 - v) * error
        product *= q if mine == C else 1 - q
        last = 1 + 2 * mine + yours
        state = strategies.next_state[s, state, last - 1]
    return product


def players(strategies, counts, turns, error=0.05, seed=1):
    """Individuals of each strategy in these numbers, each in one match with somebody drawn from the library."""
    own = np.repeat(np.arange(len(counts)), counts)
    met = np.random.default_rng(seed).integers(0, len(strategies.names), len(own))
    return (*recognition.simulate(strategies, own, met, turns, error=error, seed=seed), own)


# --------------------------------------------------------------------------------------- likelihoods


@pytest.mark.parametrize("error", [0.0, 0.1, 0.5])
def test_the_likelihood_of_every_short_match_is_that_of_the_automaton(error):
    every = np.array(list(itertools.product([C, D], repeat=4)))
    own, other = (rows.reshape(-1, 4) for rows in (np.repeat(every, 16, axis=0), np.tile(every, (16, 1))))
    seen = recognition.evidence(own, other, NINE)
    counts = seen.values, seen.cooperated, seen.defected
    found = np.exp(log_likelihood(*counts, np.full(seen.cooperated.shape[:2], error)))
    for s in range(len(NINE.names)):
        told = [chance(NINE, s, mine, yours, error) for mine, yours in zip(own, other, strict=True)]
        assert found[:, s] == pytest.approx(told), NINE.names[s]
    sums = found.reshape(16, 16, -1).sum(axis=0)
    assert sums == pytest.approx(np.ones_like(sums)), "whatever the partner does, something is done"


def test_the_best_error_rate_is_the_share_of_slips_and_at_most_one_half():
    own, other = [C, C, D, C, D, D, C, C], [C, C, C, C, C, C, C, C]
    found = recognition.recognise(own, other, FIVE)
    assert found.error[0].tolist() == pytest.approx([3 / 8, 1 / 2, 3 / 8, 1 / 2, 3 / 8])
    assert found.affinity[0].tolist() == pytest.approx([5 / 8, 3 / 8, 5 / 8, 4 / 8, 5 / 8])
    assert recognition.recognise([C] * 8, other, FIVE).error[0, 0] == 0


def test_the_best_error_rate_of_a_strategy_with_dice_is_where_the_likelihood_is_largest():
    rng = np.random.default_rng(4)
    values = np.array([0.0, 0.2, 0.5, 1.0])
    cooperated, defected = rng.integers(0, 9, (2, 30, 1, 4))
    found = best_error(values, cooperated, defected)
    errors = np.linspace(1e-9, 0.5, 4001)
    every = np.stack([log_likelihood(values, cooperated, defected, np.full((30, 1), e)) for e in errors])
    assert found[:, 0] == pytest.approx(errors[every.argmax(axis=0)][:, 0], abs=2e-4)


@pytest.mark.parametrize(("slips", "turns", "most"), [(0, 5, 0.5), (3, 20, 0.25), (40, 100, 0.25), (2, 2_000, 0.5)])
def test_the_mean_over_all_error_rates_is_an_incomplete_beta_function(slips, turns, most):
    counts = [np.array([[[kept, 0.0]]]) for kept in (slips, turns - slips)]
    found = log_evidence(np.array([0.0, 1.0]), *counts, most)[0, 0]
    a, b = slips + 1, turns - slips + 1
    assert found == pytest.approx(math.log(betainc(a, b, most) * beta(a, b) / most), rel=1e-9)


def test_posteriors_are_those_of_bayes_by_hand():
    own, other = [C, D, C], [D, C, C]
    prior = [0.1, 0.2, 0.3, 0.25, 0.15]
    found = recognition.recognise(own, other, FIVE, error=0.1, prior=prior).posterior[0]
    told = np.array([p * chance(FIVE, s, own, other, 0.1) for s, p in enumerate(prior)])
    assert found == pytest.approx(told / told.sum())


def test_matches_of_one_individual_count_together_and_each_begins_anew():
    own, other = [[C, D, D], [C, C, -1], [D, D, D]], [[D, D, D], [C, C, -1], [C, C, C]]
    found = recognition.recognise(own, other, FIVE, individual=["a", "a", "b"], error=0.1)
    told = np.array([chance(FIVE, s, own[0], other[0], 0.1) * chance(FIVE, s, [C, C], [C, C], 0.1) for s in range(5)])
    assert found.posterior[0] == pytest.approx(told / told.sum())
    assert found.turns.tolist() == [5, 3] and found.named(1) == ("alld",)


# ------------------------------------------------------------------------------ what cannot be told apart


def test_against_a_partner_that_always_cooperates_all_nice_strategies_are_told_as_one():
    found = recognition.recognise([C] * 20, [C] * 20, FIVE)
    assert found.named() == ("allc", "tft", "wsls", "grim")
    assert found.posterior[0, [0, 2, 3, 4]] == pytest.approx(np.full(4, 0.25), abs=1e-3)
    assert found.decided() == ("",)
    assert found.credible()[0].tolist() == [True, False, True, True, True]


def test_one_defection_tells_them_apart():
    other = [C, C, D, C, C, C, D, D, C, C]
    own = [C, C, C, D, C, C, C, D, D, C]  # what the partner did last
    assert recognition.recognise(own, other, FIVE).named() == ("tft",)
    assert recognition.recognise(own, other, FIVE, error=0.01).decided(0.9) == ("tft",)


def test_a_coin_is_a_coin_and_no_strategy_with_many_errors():
    rng = np.random.default_rng(7)
    own, other = rng.integers(0, 2, (2, 200))
    found = recognition.recognise(own, other, ALL)
    assert found.named() == ("random",)
    assert (found.error[0, :-1] > 0.3).all()


def test_generous_tit_for_tat_without_generosity_is_tit_for_tat():
    greedy = recognition.library(*canon([[1, 0], [5, 0.9]], ("tft", "gtft", "alld")))
    own, other, _truth = players(greedy, [5, 0, 0], 30)
    found = recognition.recognise(own, other, greedy)
    assert all(found.named(i) == ("tft", "gtft") for i in range(5))


def test_a_set_is_the_smallest_that_is_probable_enough_and_cuts_no_tie():
    posterior = np.array([[0.5, 0.25, 0.25, 0.0], [0.97, 0.01, 0.01, 0.01]])
    assert credible_set(posterior, 0.6).tolist() == [[True, True, True, False], [True, False, False, False]]
    assert credible_set(posterior, 0.5).tolist()[0] == [True, False, False, False]


# ------------------------------------------------------------------------------------------- shares


def test_shares_and_error_rate_of_a_population_are_recovered():
    counts = np.array([60, 90, 120, 0, 30])
    own, other, _truth = players(FIVE, counts, 40, error=0.08)
    found = recognition.strategy_shares(recognition.evidence(own, other, FIVE), draws=199, seed=1)
    truth = counts / counts.sum()
    assert found.share.sum() == pytest.approx(1) and found.unique and not found.together
    assert (np.abs(found.share - truth) <= 4 * found.share_error + 0.005).all(), (found.share, found.share_error)
    assert ((found.low <= truth + 1e-3) & (truth <= found.high)).all()
    assert abs(found.error - 0.08) < 4 * found.error_error and 0 < found.error_error < 0.01
    assert found.share_error[2] == pytest.approx(math.sqrt(0.4 * 0.6 / 300), rel=0.4)


def test_the_shares_are_the_most_likely_ones():
    own, other, _truth = players(FIVE, [4, 6, 5, 3, 2], 5, error=0.15, seed=3)
    seen = recognition.evidence(own, other, FIVE)
    found = recognition.strategy_shares(seen, draws=0)

    def likelihood(share, error):
        each = np.exp(log_likelihood(seen.values, seen.cooperated, seen.defected, np.full((20, 5), error)))
        return np.log(each @ share).sum()

    best = likelihood(found.share, found.error)
    assert found.log_likelihood == pytest.approx(best, abs=1e-6)
    rng = np.random.default_rng(0)
    for step in (0.5, 0.1, 0.01):
        for _ in range(200):
            share = (1 - step) * found.share + step * rng.dirichlet(np.ones(5))
            error = np.clip(found.error + step * rng.normal() / 4, 1e-6, 0.5)
            assert likelihood(share, error) <= best + 1e-6
    assert found.responsible == pytest.approx(
        recognition.recognise(own, other, FIVE, error=found.error, prior=np.maximum(found.share, 1e-300)
                              / np.maximum(found.share, 1e-300).sum()).posterior, abs=1e-6)  # fmt: skip


def test_strategies_that_no_trajectory_tells_apart_share_what_they_have_together():
    own, other = np.zeros((2, 12, 10), int)
    found = recognition.strategy_shares(recognition.evidence(own, other, FIVE), draws=99)
    assert found.together == (("allc", "tft", "wsls", "grim"),)
    assert found.share == pytest.approx([1 / 4, 0, 1 / 4, 1 / 4, 1 / 4], abs=1e-4)
    assert found.error == 0.0 and found.unique


def test_shares_that_differ_by_slips_alone_which_nobody_made_are_not_unique():
    own, other = np.zeros((2, 12, 10), int)
    own[9:] = D  # always: win-stay, lose-shift would have gone on defecting too, had its first defection been a slip
    found = recognition.strategy_shares(recognition.evidence(own, other, FIVE), draws=0)
    assert found.together == (("allc", "tft", "grim"),) and not found.unique
    assert found.share[1] == pytest.approx(1 / 4, abs=1e-4) and found.error == 0.0


def test_more_strategies_than_the_data_can_hold_are_not_unique():
    own, other, _truth = players(NINE, [1] * 9, 3, error=0.0, seed=5)
    found = recognition.strategy_shares(recognition.evidence(own[:2], other[:2], NINE), draws=0)
    assert not found.unique and np.isnan(found.share_error).all()


def test_clusters_that_hang_together_have_wider_errors():
    kinds = np.repeat(np.arange(12) % 2, 10)  # twelve replications; in each all play the same
    own, other = recognition.simulate(FIVE, kinds, np.full(120, 2), 20, error=0.05, seed=2)
    seen = recognition.evidence(own, other, FIVE)
    together = recognition.strategy_shares(seen, clusters=np.repeat(np.arange(12), 10), draws=199)
    alone = recognition.strategy_shares(seen, draws=199)
    assert together.clusters == 12 and together.share == pytest.approx(alone.share)
    assert together.share_error[1] > 2 * alone.share_error[1]


# --------------------------------------------------------------------------- classifier and confusion


def test_features_are_rates_with_half_a_turn_of_each_kind_more():
    own, other = [C, C, D, D, C], [C, D, D, C, C]
    found = recognition_features(own, other)
    assert found["start"] == (0.75, 1 / 5)
    assert found["after CC"] == (0.75, 1 / 5)  # turn 2
    assert found["after CD"] == (0.25, -1 / 5)  # turn 3
    assert found["after DD"] == (0.25, -1 / 5)  # turn 4
    assert found["after DC"] == (0.75, 1 / 5)  # turn 5
    assert found["partner defected before"] == (1.5 / 4, -1 / 5)  # turns 3, 4, 5
    assert found["and twice in a row"] == (0.25, -1 / 5)  # turn 4
    assert recognition_features([C], [C])["after DD"] == (0.5, 0)


def recognition_features(own, other):
    from coop_abm.theory.classifier import SITUATIONS, features

    found = features(own, other)[0]
    return {name: (float(found[2 * i]), float(found[2 * i + 1])) for i, name in enumerate(SITUATIONS)}


@pytest.fixture(scope="module")
def trained():
    return recognition.train(FIVE, 20, error=(0.0, 0.1), each=200, seed=3)


def test_a_classifier_recognises_what_it_was_trained_for(trained):
    own, other, truth = players(FIVE, [40] * 5, 20, error=0.05, seed=11)
    found = trained.classify(own, other)
    hits = found.best[np.arange(200), truth] / found.best.sum(axis=1)
    assert hits.mean() > 0.75
    assert found.posterior.sum(axis=1) == pytest.approx(np.ones(200))


def test_a_classifier_is_a_function_of_its_seed(trained):
    again = recognition.train(FIVE, 20, error=(0.0, 0.1), each=200, seed=3)
    assert (again.weight == trained.weight).all()
    other = recognition.train(FIVE, 20, error=(0.0, 0.1), each=200, seed=4)
    assert (other.weight != trained.weight).any()


def test_a_classifier_prefers_nothing_where_nothing_tells(trained):
    found = trained.classify([C] * 20, [C] * 20)
    assert found.named() == ("allc", "tft", "wsls", "grim")
    assert np.ptp(found.posterior[0, [0, 2, 3, 4]]) == 0
    assert found.credible(0.9).sum() == 4


@pytest.mark.parametrize("method", ["likelihood", "classifier"])
def test_long_matches_with_some_errors_are_recognised(method):
    found = recognition.judge(FIVE, 100, 0.1, method=method, each=60, seed=2)
    assert found.accuracy > 0.93 and found.recall.min() > 0.85, found.share.round(2)
    assert found.share.sum(axis=1) == pytest.approx(np.ones(5))


@pytest.mark.parametrize("turns", [10, 40])
def test_nothing_recognises_better_than_a_likelihood_that_knows_the_error_rate(turns):
    known, unknown, learnt = (recognition.judge(ALL, turns, 0.05, each=150, **how).accuracy
                              for how in ({"known": True}, {}, {"method": "classifier"}))  # fmt: skip
    assert known > max(unknown, learnt) - 0.02, (known, unknown, learnt)  # two errors of what is common to them


def test_longer_matches_are_recognised_better():
    found = [recognition.judge(FIVE, turns, 0.05, each=100).accuracy for turns in (3, 10, 50)]
    assert found == sorted(found) and found[2] - found[0] > 0.2


def test_without_errors_what_is_never_told_apart_is_a_tie_and_no_error():
    nice = [FIVE.names.index(name) for name in ("allc", "tft", "wsls", "grim")]
    found = recognition.judge(FIVE, 20, 0.0, partners=[0], each=20)
    assert found.tied[nice].tolist() == [1, 1, 1, 1] and found.among.tolist() == [1] * 5
    assert found.recall[nice].tolist() == [0.25] * 4 and found.accuracy == pytest.approx((4 * 0.25 + 1) / 5)


@pytest.mark.validate
@pytest.mark.parametrize("error", [0.02, 0.1, 0.2])
def test_posteriors_are_calibrated(error):
    """Of all strategies that are given 70 to 80 %, about three quarters are true; so in every tenth."""
    turns, each = 15, 3_000
    found, hits = [], []
    own, other, truth = players(ALL, [each] * len(ALL.names), turns, error=error, seed=21)
    told = recognition.recognise(own, other, ALL, error=error)
    found, hits = told.posterior.ravel(), (truth[:, None] == np.arange(len(ALL.names))).ravel()
    for low in np.arange(0, 1, 0.1):
        there = (found >= low) & (found < low + 0.1)
        spread = math.sqrt(max(1.0, (found[there] * (1 - found[there])).sum()))
        assert abs(hits[there].sum() - found[there].sum()) < 4 * spread, (error, low, there.sum())


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: recognition.recognise([0, 2], [0, 0], FIVE), "own must be actions"),
        (lambda: recognition.recognise([0, 1], [0, 0, 0], FIVE), "own and other must be of one shape"),
        (lambda: recognition.recognise([0, -1], [0, 0], FIVE), "over at the same turn"),
        (lambda: recognition.recognise([-1, -1], [-1, -1], FIVE), "at least one turn"),
        (lambda: recognition.recognise([0, -1, 0], [0, -1, 0], FIVE), "without a gap"),
        (lambda: recognition.recognise([0], [0], FIVE, individual=[1, 2]), "individual must be one label"),
        (lambda: recognition.recognise([0], [0], FIVE, error=0.6), "error"),
        (lambda: recognition.recognise([0], [0], FIVE, largest_error=0), "largest_error"),
        (lambda: recognition.recognise([0, 1], [0, 0], FIVE, error=0), "no strategy could have left them"),
        (lambda: recognition.recognise([0], [0], FIVE, prior=[0.5, 0.5]), "prior must be 5 probabilities"),
        (lambda: recognition.recognise([0], [0], FIVE).decided(0.5), "at_least must be above 0.5"),
        (lambda: recognition.recognise([0], [0], FIVE).credible(1.5), "level"),
        (lambda: recognition.library(["a"], np.ones((2, 1, 5)), np.zeros((2, 1, 4), int)), "names must be 2"),
        (lambda: recognition.library(["a"], np.ones((1, 1, 4)), np.zeros((1, 1, 4), int)), "cooperate must have shape"),
        (lambda: recognition.library(["a"], np.full((1, 1, 5), 2), np.zeros((1, 1, 4), int)), "probabilities"),
        (lambda: recognition.library(["a"], np.ones((1, 1, 5)), np.ones((1, 1, 4), int)), "states 0 to 0"),
        (lambda: recognition.library(["a"], np.ones((1, 1, 5)), np.zeros((1, 1, 4))), "next_state must be whole"),
        (lambda: recognition.simulate(FIVE, [5], [0], 3), "strategies 0 to 4"),
        (lambda: recognition.simulate(FIVE, [0], [0], 3, error=1.2), "error"),
        (lambda: recognition.judge(FIVE, 10, 0.1, method="guess"), "method must be one of likelihood, classifier"),
        (lambda: recognition.judge(FIVE, 10, 0.1, partners=[7]), "partners must be strategies"),
        (lambda: recognition.strategy_shares(recognition.evidence([[0]] * 9, [[0]] * 9, FIVE)), "at least 10"),
        (lambda: recognition.strategy_shares(recognition.evidence([[0]] * 20, [[0]] * 20, FIVE), draws=5), "draws"),
        (lambda: recognition.strategy_shares(recognition.evidence([0], [0], FIVE), clusters=[1, 2]), "clusters"),
        (lambda: canon(PD, ("tft", "tit")), "names must be of allc"),
        (lambda: canon([1, 2]), "payoffs must be 2 x 2"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(call, field):
    with pytest.raises(InputError, match=field) as caught:
        call()
    assert "\n" not in str(caught.value)
