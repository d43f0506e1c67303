"""The rules as matrix transforms, and the law they multiply to."""

import itertools
import math

import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import composition, fixation, thresholds, transforms

ANY = np.random.default_rng(5).normal(size=(2, 2))


def test_the_composed_donation_game_is_the_matrix_of_the_encounter():
    b, c, r, w, q = 3, 1, 0.3, 0.6, 0.35
    composed = transforms.compose(transforms.donation(b, c), continuation=w, recognition=q, felt=r)
    expected = [[(b - c) * (1 + r) / (1 - w), (1 - q) * (r * b - c)], [(1 - q) * (b - r * c), 0]]
    assert composed == pytest.approx(np.array(expected))
    assert composed.ravel() == pytest.approx([6.5, -0.065, 1.755, 0])


def commutator(first, second):
    return np.abs(first(second(ANY)) - second(first(ANY))).max()


def direct(M):
    return transforms.repeat(M, 0.5)


def indirect(M):
    return transforms.recognise(M, 0.4)


def felt(M):
    return transforms.feel(M, 0.3)


def assorted(M):
    return transforms.assort(M, 0.2)


@pytest.mark.parametrize("pair", list(itertools.combinations([direct, indirect, felt], 2)))
def test_repetition_recognition_and_felt_payoff_commute(pair):
    assert commutator(*pair) < 1e-14


@pytest.mark.parametrize("rule", [direct, indirect, felt])
def test_assortment_commutes_with_none_of_them(rule):
    assert commutator(assorted, rule) > 1e-3


def test_felt_payoff_and_assortment_take_any_number_of_strategies():
    M = np.arange(9.0).reshape(3, 3)
    assert transforms.feel(M, 0.5) == pytest.approx(M + 0.5 * M.T)
    assert transforms.assort(M, 1.0) == pytest.approx(np.repeat(M.diagonal()[:, None], 3, axis=1))
    assert transforms.compose(M) == pytest.approx(M)
    with pytest.raises(InputError):
        transforms.repeat(M, 0.5)


@pytest.mark.parametrize(
    "wrong", [("luck", {}), ("kin", {}), ("kin", {"continuation": 0.5}), ("network", {"degree": 2})]
)
def test_an_unknown_row_of_nowaks_table_is_refused(wrong):
    with pytest.raises(InputError):
        transforms.nowak_table(wrong[0], 2, 1, **wrong[1])


SUBSETS = list(itertools.product([0, 0.2], [0, 0.5], [0, 0.4]))


@pytest.mark.parametrize(("r", "w", "q"), SUBSETS)
def test_the_law_is_exact_at_any_intensity_in_a_well_mixed_population(r, w, q):
    for size, beta in itertools.product((10, 20, 100), (0.01, 1.0)):
        K = composition.law(composition.well_mixed_sigma(size), relatedness=r, continuation=w, recognition=q)
        M = transforms.compose(
            transforms.donation(composition.critical_ratio(K), 1), felt=r, continuation=w, recognition=q
        )
        # Without a rule a negative b of size N-1 makes the payoffs, and so the rounding, large.
        pair = fixation.probability(M, size, beta)
        assert math.log(pair.cooperators / pair.defectors) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(("r", "w", "q"), SUBSETS)
def test_assortment_comes_last_and_has_its_own_factor(r, w, q):
    p, size = 0.3, 30
    K = composition.law(composition.well_mixed_sigma(size), relatedness=r, continuation=w, recognition=q, assorted=p)
    star = fixation.critical(
        lambda b: transforms.compose(transforms.donation(b, 1), felt=r, continuation=w, recognition=q, assorted=p),
        size,
        0.05,
    )
    assert composition.critical_ratio(K) == pytest.approx(star, rel=1e-9)


def test_each_rule_alone_gives_back_its_own_condition():
    one = composition.well_mixed_sigma()
    assert composition.critical_ratio(composition.law(one, relatedness=0.25)) == pytest.approx(4)
    assert composition.critical_ratio(composition.law(one, continuation=0.9)) == pytest.approx(thresholds.direct(0.9))
    assert composition.critical_ratio(composition.law(one, recognition=0.5)) == pytest.approx(3)
    assert composition.critical_ratio(composition.law(composition.regular_death_birth_sigma(4))) == pytest.approx(4)
    for n, m in ((4, 6), (3, 4)):
        assert composition.ratio_from_sigma((2 * m + n - 4) / n) == pytest.approx(thresholds.group_rare_splitting(n, m))
    assert composition.ratio_from_sigma(composition.regular_death_birth_sigma(4, 100)) == pytest.approx(
        thresholds.death_birth(4, 100)
    )


def test_the_torus_column_of_the_simulated_table_is_predicted():
    sigma = composition.sigma_from_ratio(thresholds.death_birth(4, 100))
    predicted = [
        composition.critical_ratio(composition.law(sigma, relatedness=r, continuation=w, recognition=q))
        for r, w, q in SUBSETS
    ]
    expected = [4.26087, 2.18421, 1.89820, 1.45685, 2.40845, 1.65934, 1.52083, 1.28302]
    assert predicted == pytest.approx(expected, abs=6e-6)


def test_velocities_add_to_the_threshold():
    sigma = composition.sigma_from_ratio(4.26087)
    parts = composition.velocities(sigma, relatedness=0.2, continuation=0.5, recognition=0.4)
    assert parts[:4] == pytest.approx(
        [math.atanh(1 / 4.26087), math.atanh(0.2), math.atanh(0.5 / 1.5), math.atanh(0.4 / 1.6)]
    )
    assert parts.total == pytest.approx(sum(parts[:4]))
    K = composition.law(sigma, relatedness=0.2, continuation=0.5, recognition=0.4)
    assert 1 / math.tanh(parts.total) == pytest.approx(composition.critical_ratio(K))


def test_the_critical_benefit_of_a_family_agrees_with_the_law():
    sigma, setting = 1.7, {"felt": 0.2, "continuation": 0.5, "recognition": 0.4}
    m0 = transforms.compose(transforms.donation(0, 1), **setting)
    m1 = transforms.compose(transforms.donation(1, 0), **setting)
    K = composition.law(sigma, relatedness=0.2, continuation=0.5, recognition=0.4)
    assert composition.critical_of_family(sigma, m0, m1) == pytest.approx(composition.critical_ratio(K))
    assert composition.critical_of_family(1, transforms.donation(0, 1), transforms.donation(1, 0)) == math.inf


def test_the_edges_of_sigma_are_answered_or_refused():
    assert composition.sigma_from_ratio(math.inf) == 1
    assert composition.sigma_from_ratio(-9) == pytest.approx(0.8)
    assert composition.ratio_from_sigma(1) == math.inf
    assert composition.critical_ratio(composition.law(1, relatedness=1)) == 1
    with pytest.raises(TheoryError):
        composition.sigma_from_ratio(0.5)
    with pytest.raises(InputError):
        composition.law(1, continuation=1)


def test_the_five_bars_stack_up_to_the_threshold():
    rules = {"relatedness": 0.2, "continuation": 0.5, "recognition": 0.4}
    sigma = composition.sigma_from_ratio(4.26087)
    bars = composition.pushes(sigma, size=100, **rules)
    K = composition.law(sigma, **rules)
    assert 1 / math.tanh(bars.total) == pytest.approx(composition.critical_ratio(K))
    assert (bars.direct, bars.indirect, bars.kin) == pytest.approx([math.atanh(x) for x in (1 / 3, 0.25, 0.2)])
    assert bars.finite == pytest.approx(0.5 * math.log(0.98)) and bars.group == 0
    assert bars.network + bars.finite == pytest.approx(math.atanh(1 / 4.26087))
    assert sum(bars[:6]) == pytest.approx(bars.total)


@pytest.mark.parametrize("by", ["network", "group", "kin"])
def test_a_structure_is_credited_to_the_rule_that_made_it(by):
    bars = composition.pushes(1.7, by=by)
    assert {rule for rule, push in bars._asdict().items() if push} == {by, "total"}
    assert getattr(bars, by) == pytest.approx(0.5 * math.log(1.7))


def test_assortment_is_a_bar_of_kin_that_closes_the_stack():
    bars = composition.pushes(1.7, size=50, relatedness=0.1, assorted=0.3)
    K = composition.law(1.7, relatedness=0.1, assorted=0.3)
    assert 1 / math.tanh(bars.total) == pytest.approx(composition.critical_ratio(K))


def test_a_game_is_favoured_where_its_excess_is_positive():
    star = composition.critical_ratio(composition.law(1.5, continuation=0.5))
    signs = [
        composition.excess(1.5, transforms.repeat(transforms.donation(b, 1), 0.5)) > 0
        for b in (star - 1e-6, star + 1e-6)
    ]
    assert signs == [False, True]


@pytest.mark.parametrize(("rule", "equal"), [(felt, True), (assorted, True), (direct, False), (indirect, False)])
def test_kin_leaves_equal_gains_and_reciprocity_does_not(rule, equal):
    assert composition.equal_gains(rule(transforms.donation(3, 1))) is equal


@pytest.mark.parametrize("setting", [{"relatedness": 1}, {"assorted": 1}, {"size": 2}])
def test_a_complete_rule_has_no_finite_bar(setting):
    with pytest.raises(TheoryError):
        composition.pushes(1.5, **setting)
