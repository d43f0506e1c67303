"""Intervals and tests on replication means: right by hand and by brute force on small samples."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from coop_abm.core.errors import InputError
from coop_abm.theory import inference, permutation
from coop_abm.theory.samples import dice

SA, RI, GC = [0.81, 0.78, 0.90, 0.84, 0.86], [0.31, 0.42, 0.25, 0.38, 0.30], [0.55, 0.49, 0.61, 0.52, 0.58]


def brute_force(one, other, alternative, statistic):
    """p over all ways to label, written out."""
    values = np.concatenate([one, other])

    def compared(chosen):
        a, b = values[list(chosen)], np.delete(values, list(chosen))
        difference = a.mean() - b.mean()
        if statistic == "mean":
            return difference
        return difference / math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))

    every = np.array([compared(c) for c in itertools.combinations(range(len(values)), len(one))])
    seen = every[0]
    if alternative == "two-sided":
        return np.mean(np.abs(every) >= abs(seen) - 1e-9)
    return np.mean(every >= seen - 1e-9) if alternative == "greater" else np.mean(every <= seen + 1e-9)


# --------------------------------------------------------------------------------------- intervals


def test_a_t_interval_is_that_of_scipy():
    found = inference.mean_interval(SA, level=0.9)
    told = stats.ttest_1samp(SA, 0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((told.low, told.high))
    assert found.value == pytest.approx(np.mean(SA)) and found.error == pytest.approx(stats.sem(SA))


def test_one_replication_says_nothing_of_its_spread():
    found = inference.mean_interval([0.5])
    assert (found.value, found.low, found.high) == (0.5, -math.inf, math.inf)


def test_the_interval_of_a_difference_is_that_of_welch_and_of_pairs():
    told = stats.ttest_ind(SA, RI[:4], equal_var=False).confidence_interval(0.95)
    found = inference.difference_interval(SA, RI[:4])
    assert (found.low, found.high) == pytest.approx((told.low, told.high))
    told = stats.ttest_rel(SA, RI).confidence_interval(0.95)
    found = inference.difference_interval(SA, RI, paired=True)
    assert (found.low, found.high) == pytest.approx((told.low, told.high))


def test_arms_without_spread_have_a_difference_without_width():
    found = inference.difference_interval([1, 1, 1], [0, 0])
    assert (found.low, found.value, found.high) == (1, 1, 1)


def test_a_replication_counts_once_however_long_it_is():
    assert inference.replication_means([1, 0, 0, 0, 0, 0, 0, 1], [7, 3, 3, 3, 3, 3, 3, 3]).tolist() == [1 / 7, 1.0]


def test_a_bootstrap_of_clusters_is_wider_than_one_that_takes_rounds_for_replications():
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(12), 50)
    values = rng.normal(size=12)[clusters] + rng.normal(size=600)
    right = inference.cluster_bootstrap(values, clusters, seed=1)
    naive = inference.cluster_bootstrap(values, np.arange(600), seed=1)
    assert right.high - right.low > 4 * (naive.high - naive.low)
    assert right.value == pytest.approx(values.mean()) == pytest.approx(naive.value)
    assert right.error == pytest.approx(stats.sem(inference.replication_means(values, clusters)))


def test_a_bootstrap_is_a_function_of_its_seed_and_close_to_t_for_normal_means():
    values = np.random.default_rng(5).normal(size=40)
    found = [inference.mean_interval(values, method="bootstrap", seed=seed) for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]
    t = inference.mean_interval(values)
    assert (found[0].low, found[0].high) == pytest.approx((t.low, t.high), abs=0.06)


def test_clusters_that_all_agree_have_no_width():
    found = inference.cluster_bootstrap([0.1] * 30, np.repeat(np.arange(10), 3))
    assert (found.low, found.high) == (found.value, found.value) == (pytest.approx(0.1), pytest.approx(0.1))


# ------------------------------------------------------------------------------------ permutations


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("statistic", ["welch", "mean"])
def test_all_arrangements_are_counted_as_by_brute_force(alternative, statistic):
    one, other = [0.3, 0.9, 0.55, 0.7], [0.2, 0.5, 0.4, 0.35, 0.6]
    found = inference.permutation_test(one, other, alternative=alternative, statistic=statistic)
    assert found.exact and found.arrangements == 126
    assert found.p == pytest.approx(brute_force(one, other, alternative, statistic))


def test_ties_count_as_extreme_even_where_sums_are_rounded():
    one, other = [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]
    assert inference.permutation_test(one, other).p == 1
    one, other = [0.1 + 0.2, 0.7, 0.7], [0.3, 0.7, 0.7]  # 0.1 + 0.2 is not 0.3
    assert inference.permutation_test(one, other, statistic="mean", alternative="greater").p == 0.8
    assert inference.permutation_test([5.0] * 3, [5.0] * 4).p == 1


def test_arms_that_are_apart_and_without_spread_have_the_smallest_p():
    found = inference.permutation_test([1] * 5, [0] * 5, alternative="greater")
    assert found.p == found.smallest == 1 / 252 and found.statistic == math.inf
    assert inference.permutation_test([0] * 5, [1] * 5, alternative="greater").p == 1


def test_three_replications_an_arm_cannot_reach_five_percent_on_both_sides():
    found = inference.permutation_test([10, 11, 12], [0, 1, 2])
    assert found.p == found.smallest == 0.1


def test_drawn_arrangements_agree_with_all_of_them_and_are_never_zero():
    one, other = np.random.default_rng(8).normal(0.9, 1, 9), np.random.default_rng(9).normal(0, 1, 9)
    every = inference.permutation_test(one, other)
    some = inference.permutation_test(one, other, most=0, seed=4)
    assert every.exact and not some.exact
    assert some.p == pytest.approx(every.p, abs=4 * math.sqrt(every.p / 9_999))
    assert some == inference.permutation_test(one, other, most=0, seed=4)
    apart = inference.permutation_test(one + 100, other, most=0, draws=99)
    assert apart.p >= apart.smallest == 0.01


def test_signs_of_pairs_are_flipped_as_by_brute_force():
    differences = np.array([0.3, -0.1, 0.4, 0.2, 0.05])
    every = np.array([differences @ signs for signs in itertools.product([1, -1], repeat=5)])
    for alternative, expected in [
        ("greater", np.mean(every >= every[0] - 1e-9)),
        ("two-sided", np.mean(np.abs(every) >= every[0] - 1e-9)),
    ]:
        found = inference.paired_test(differences + 7, [7] * 5, alternative=alternative)
        assert found.p == pytest.approx(expected) and found.arrangements == 32
    drawn = inference.paired_test(differences, [0] * 5, most=0)
    assert drawn.p == pytest.approx(np.mean(np.abs(every) >= every[0] - 1e-9), abs=0.02)


def test_pairs_find_what_arms_that_share_a_seed_hide_in_their_spread():
    level = np.array([0.1, 0.9, 0.4, 0.7, 0.2, 0.5, 0.8])
    assert inference.permutation_test(level + 0.05, level).p > 0.5
    assert inference.paired_test(level + 0.05, level).p == 2 / 128


def test_strata_are_permuted_inside_as_by_brute_force():
    one, other = np.array([1.0, 2.5, 7.0, 9.5]), np.array([0.5, 1.5, 6.0, 8.0, 8.5])
    mine, yours = ["en", "en", "fr", "fr"], ["en", "en", "fr", "fr", "fr"]
    found = inference.stratified_test(one, other, mine, yours, alternative="greater")

    def of(a, b):
        return (a.mean() - b.mean()) * len(a) * len(b) / (len(a) + len(b))

    en, fr = np.array([1.0, 2.5, 0.5, 1.5]), np.array([7.0, 9.5, 6.0, 8.0, 8.5])
    every = np.array([
        of(en[list(e)], np.delete(en, e)) + of(fr[list(f)], np.delete(fr, f))
        for e in itertools.combinations(range(4), 2) for f in itertools.combinations(range(5), 2)
    ])  # fmt: skip
    assert found.exact and found.arrangements == 60
    assert found.p == pytest.approx(np.mean(every >= every[0] - 1e-9))
    drawn = inference.stratified_test(one, other, mine, yours, alternative="greater", most=0)
    assert drawn.p == pytest.approx(found.p, abs=0.02)


def test_strata_find_a_difference_that_their_own_differences_hide():
    one, other = [1.2, 1.3, 9.2, 9.3, 5.2, 5.3], [1.0, 1.1, 9.0, 9.1, 5.0, 5.1]
    strata = ["en", "en", "fr", "fr", "zh", "zh"]
    assert inference.permutation_test(one, other).p > 0.5
    assert inference.stratified_test(one, other, strata, strata).p == pytest.approx(2 / 6**3)


# ------------------------------------------------------------------------ several arms and questions


def test_better_than_each_is_as_probable_as_the_worse_of_the_two_comparisons():
    both = inference.intersection_union(SA, RI, GC)
    single = [inference.permutation_test(SA, other, alternative="greater").p for other in (RI, GC)]
    assert both.p == max(single) == 1 / 252
    assert inference.intersection_union(SA, RI, SA).p > 0.4, "beating one of two is not enough"
    assert inference.intersection_union(RI, SA, GC, alternative="less").p == 1 / 252


def test_super_additivity_is_over_the_better_of_the_two():
    found = inference.super_additivity(SA, RI, GC)
    assert found.value == pytest.approx(np.mean(SA) - np.mean(GC))
    assert found.test.p == 1 / 252 and len(found.over) == 2
    gc = found.over[1]
    assert found.low == pytest.approx(gc.low), "far above the other: the bound is that of this difference"
    assert found.high > gc.high, "the upper end pays for having chosen"
    assert inference.super_additivity(RI, SA, GC).high < 0
    alone = inference.super_additivity(SA, GC)
    assert (alone.low, alone.high) == pytest.approx((gc.low, gc.high))


def test_holm_raises_in_order_and_never_above_one():
    assert inference.holm([0.5, 0.01, 0.03, 0.02]).tolist() == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert inference.holm([0.9, 0.8]).tolist() == [1.0, 1.0]
    assert inference.holm([]).tolist() == []


# ------------------------------------------------------------------------------------ two factors


def crossed(levels=(3, 4), each=4, seed=2):
    rng = np.random.default_rng(seed)
    one, other = (axis.ravel() for axis in np.indices((*levels, each))[:2])
    return rng.normal(size=one.size), one, other


def test_the_f_of_a_balanced_table_is_that_of_the_books():
    values, one, other = crossed()
    cells = values.reshape(3, 4, 4)
    grand, rows, columns, means = cells.mean(), cells.mean((1, 2)), cells.mean((0, 2)), cells.mean(2)
    of_rows, of_columns = 16 * np.square(rows - grand).sum(), 12 * np.square(columns - grand).sum()
    within = np.square(cells - means[:, :, None]).sum()
    both = 4 * np.square(means - rows[:, None] - columns + grand).sum()
    found = inference.factor_effects(values, one, other, draws=99)
    assert found.together.statistic == pytest.approx(both / 6 / (within / 36))
    assert found.first.statistic == pytest.approx(of_rows / 2 / ((both + within) / 42))
    assert found.second.statistic == pytest.approx(of_columns / 3 / ((both + within) / 42))
    total = np.square(cells - grand).sum()
    assert found.share == pytest.approx(np.array([of_rows, of_columns, both, within]) / total)


def test_each_effect_is_found_where_it_is_and_only_there():
    values, one, other = crossed()
    names = np.array(["en", "fr", "zh"])[one]
    added = inference.factor_effects(values + 2.0 * one, names, other)
    assert added.first.p < 0.001 and added.second.p > 0.05 and added.together.p > 0.05
    mixed = inference.factor_effects(values + 4.0 * (one == 0) * (other == 0), names, other)
    assert mixed.together.p < 0.01


# ------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: inference.mean_interval([]), "values must have at least 1 replications"),
        (lambda: inference.mean_interval([0.1, math.nan]), "values must be finite"),
        (lambda: inference.mean_interval([[0.1]]), "values must be one number for each replication"),
        (lambda: inference.mean_interval(["a"]), "values must be numbers"),
        (lambda: inference.mean_interval(SA, level=1), "level"),
        (lambda: inference.mean_interval(SA, level=0), "level"),
        (lambda: inference.mean_interval(SA, method="normal"), "method must be one of t, bootstrap"),
        (lambda: inference.mean_interval(SA, method="bootstrap"), "clusters must be at least 10"),
        (lambda: inference.difference_interval(SA, [1]), "second must have at least 2"),
        (lambda: inference.difference_interval(SA, RI[:3], paired=True), "paired arms"),
        (lambda: inference.permutation_test(SA, RI, alternative="above"), "alternative must be one of"),
        (lambda: inference.permutation_test(SA, RI, statistic="median"), "statistic must be one of"),
        (lambda: inference.permutation_test(SA, RI, most=0, draws=0), "draws"),
        (lambda: inference.permutation_test(SA, RI, most=0, seed=-1), "seed"),
        (lambda: inference.stratified_test(SA, RI, [1] * 5, [1] * 4), "strata"),
        (lambda: inference.stratified_test(SA, RI, [1] * 5, [1] * 4 + [2]), "stratum 2 lacks one"),
        (lambda: inference.intersection_union(SA), "others"),
        (lambda: inference.intersection_union(SA, RI, alternative="two-sided"), "alternative"),
        (lambda: inference.holm([0.5, 1.2]), "p must be"),
        (lambda: inference.cluster_bootstrap(np.arange(90.0), np.arange(90) // 10), "clusters must be at least 10"),
        (lambda: inference.cluster_bootstrap([1.0] * 12, [1, 2]), "clusters must have one label"),
        (lambda: inference.factor_effects([1, 2, 3, 4], [0, 0, 1, 1], [0, 1, 0, 1]), "two replications"),
        (lambda: inference.factor_effects([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 0, 1]), "1 are empty"),
        (lambda: inference.factor_effects([1, 2, 3], [0, 0, 0], [0, 1, 1]), "first must have at least 2 levels"),
        (lambda: inference.power(0.1, 1, between=1), "replications"),
        (lambda: inference.power(0.1, 5, between=-1), "between"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_by_name(call, field):
    with pytest.raises(InputError, match=field) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_choices_are_kept_and_cannot_be_written_over():
    with pytest.raises(ValueError, match="read-only"):
        permutation._choices(4, 2)[0, 0] = 9
    assert dice(1).random() != dice(1, 1).random()
