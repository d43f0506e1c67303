"""The exact chain of splitting groups."""

import math

import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import absorption, composition, fixation, groups, thresholds, transforms


def donation(benefit):
    return transforms.donation(benefit, 1)


@pytest.mark.parametrize(
    ("size", "count", "split", "expected"),
    [
        (2, 3, 1e-4, 2.99900),
        (2, 3, 1e-3, 2.99008),
        (2, 3, 0.01, 2.90761),
        (2, 3, 0.1, 2.46027),
        (2, 3, 1, 2.14362),
        (3, 4, 1e-4, 2.49882),
        (3, 4, 1e-3, 2.48829),
        (3, 4, 0.01, 2.39434),
        (3, 4, 0.1, 1.97501),
        (3, 4, 1, 1.72587),
    ],
)
def test_finite_splitting_has_the_thresholds_of_the_table(size, count, split, expected):
    assert groups.GroupChain(size, count, split).critical(donation, 1e-3) == pytest.approx(expected, abs=1.1e-5)


@pytest.mark.parametrize(("split", "expected"), [(1e-4, 2.99768), (1e-3, 2.97710), (0.01, 2.80038)])
def test_finite_splitting_of_four_groups_of_four_has_the_thresholds_of_the_table(split, expected):
    assert groups.GroupChain(4, 4, split).critical(donation, 1e-3) == pytest.approx(expected, abs=1.1e-5)


def test_stronger_selection_shifts_the_threshold_slightly():
    assert groups.GroupChain(3, 4, 0.01).critical(donation, 0.4) == pytest.approx(2.38634, abs=1e-5)


def test_one_group_is_the_moran_process():
    chain, M = groups.GroupChain(6, 1, 0), [[1, 0.2], [1.3, 0.4]]
    assert chain.fixation(M, 0.5) == pytest.approx(fixation.probability(M, 6, 0.5))


def test_ever_stronger_selection_has_a_finite_limit():
    chain = groups.GroupChain(3, 3, 0.1)
    assert chain.fixation(donation(3), 1e4) == pytest.approx(chain.fixation(donation(3), 1e2))


def test_groups_of_one_are_neutral_because_nobody_plays():
    assert groups.GroupChain(1, 5, 0.3).fixation(donation(3), 1.0) == pytest.approx((0.2, 0.2))


def test_renaming_the_strategies_exchanges_the_two_probabilities():
    chain, M = groups.GroupChain(2, 3, 0.2), np.random.default_rng(4).normal(size=(2, 2))
    assert chain.fixation(M, 0.3) == pytest.approx(chain.fixation(M[::-1, ::-1], 0.3)[::-1])


def test_the_chain_approaches_the_rare_splitting_formula():
    M = donation(3)
    assert groups.GroupChain(3, 4, 1e-7).fixation(M, 0.4) == pytest.approx(
        groups.rare_splitting(M, 3, 4, 0.4), rel=1e-5
    )


@pytest.mark.parametrize("beta", [0.001, 0.5, 2.0])
def test_the_rare_splitting_threshold_is_the_same_at_every_intensity(beta):
    star = thresholds.group_rare_splitting(4, 6)
    pair = groups.rare_splitting(donation(star), 4, 6, beta)
    assert pair.cooperators == pytest.approx(pair.defectors)
    above = groups.rare_splitting(donation(3), 4, 6, beta)
    assert math.log(above.cooperators / above.defectors) == pytest.approx(beta * (2 * 5 - 3 - 3))


@pytest.mark.parametrize("split", [0.01, 0.1, 1])
def test_sigma_predicts_games_without_equal_gains(split):
    chain = groups.GroupChain(3, 4, split)
    sigma = chain.sigma()
    assert sigma == pytest.approx(composition.sigma_from_ratio(chain.critical(donation, 1e-4)), rel=1e-5)
    assert chain.sigma() == chain.structure().own / chain.structure().other
    K = composition.law(sigma, relatedness=0.2, continuation=0.5, recognition=0.4)
    composed = chain.critical(
        lambda b: transforms.compose(donation(b), felt=0.2, continuation=0.5, recognition=0.4), 1e-4
    )
    assert composed == pytest.approx(composition.critical_ratio(K), rel=1e-4)


def test_many_states_are_solved_by_iteration_alone(monkeypatch):
    monkeypatch.setattr(absorption, "ELIMINATED_UP_TO", 0)
    chain = groups.GroupChain(4, 5, 0.01, 0.001)
    K = chain.sigma()
    assert chain.critical(donation, 1e-4) == pytest.approx(composition.critical_ratio(K), rel=1e-6)
    assert chain.fixation(donation(3), 0.4).defectors < chain.fixation(donation(3), 0.0).defectors


def test_the_structure_coefficient_at_three_by_four_is_known():
    assert groups.GroupChain(3, 4, 0.01).sigma() == pytest.approx(2.43437, abs=2e-5)


@pytest.mark.parametrize(("size", "count"), [(2, 3), (3, 4), (2, 6)])
@pytest.mark.parametrize("z", [0.0, 0.2, 1.0])
def test_the_chain_with_migration_approaches_the_rare_splitting_formulas(size, count, z):
    M, rare = donation(3), 1e-7
    chain = groups.GroupChain(size, count, rare, z * rare)
    assert chain.fixation(M, 0.4) == pytest.approx(groups.rare_splitting(M, size, count, 0.4, z), rel=1e-5)
    ratio = composition.ratio_from_sigma(chain.sigma())
    assert ratio == pytest.approx(thresholds.group_rare_splitting(size, count, z), rel=1e-5)


def test_migration_raises_the_threshold_by_about_the_number_of_migrants_of_a_large_population():
    for z in (0.05, 0.5):
        exact = thresholds.group_rare_splitting(400, 10_000, z)
        assert exact == pytest.approx(thresholds.group(400, 10_000, z), rel=0.005)
        assert thresholds.group(400, 10_000, z) - thresholds.group(400, 10_000) == pytest.approx(z)


def test_with_migration_at_a_finite_rate_the_threshold_moves_from_its_own_value():
    """Off the limit of rare splitting, migrants cost about as much as at it."""
    still, moving = (composition.ratio_from_sigma(groups.GroupChain(3, 4, 0.01, f).sigma()) for f in (0.0, 0.002))
    expected = thresholds.group_rare_splitting(3, 4, 0.2) - thresholds.group_rare_splitting(3, 4)
    assert still == pytest.approx(2.394340, abs=1e-6)
    assert moving - still == pytest.approx(expected, rel=0.15)


def test_offspring_that_always_migrate_are_a_population_without_groups_that_help():
    assert composition.ratio_from_sigma(groups.GroupChain(3, 4, 0.01, 1.0).sigma()) < 0


def wins(size, count, split, migration, runs, seed):
    """Share of neutral runs in which one A takes over, on the process as the docstring words it."""
    dice, won = np.random.default_rng(seed), 0
    for _ in range(runs):
        now = [[0] * size for _ in range(count)]
        now[0][0] = 1
        while 0 < sum(map(sum, now)) < sum(map(len, now)):
            parent = int(dice.integers(sum(map(len, now))))
            home = next(g for g in range(count) if parent < sum(map(len, now[: g + 1])))
            offspring = now[home][parent - sum(map(len, now[:home]))]
            if dice.random() < migration:
                home = int(dice.choice([g for g in range(count) if g != home]))
            now[home].append(offspring)
            if len(now[home]) <= size:
                continue
            if dice.random() >= split:
                now[home].pop(int(dice.integers(size + 1)))
                continue
            side = np.zeros(size + 1, int)
            while side.sum() in (0, size + 1):
                side = dice.integers(0, 2, size + 1)
            lost = int(dice.choice([g for g in range(count) if g != home]))
            whole = now[home]
            now[home], now[lost] = ([x for x, to in zip(whole, side, strict=True) if to == d] for d in (0, 1))
        won += sum(map(sum, now)) > 0
    return won / runs


@pytest.mark.parametrize(("split", "migration"), [(0.3, 0.0), (0.3, 0.4)])
def test_without_selection_runs_of_the_process_take_over_as_often_as_the_chain_says(split, migration):
    chain, runs = groups.GroupChain(3, 2, split, migration), 4000
    rho = chain.fixation(donation(3), 0.0).cooperators
    share = wins(3, 2, split, migration, runs, seed=11)
    assert abs(share - rho) < 4 * math.sqrt(rho * (1 - rho) / runs)


def test_states_are_counted_before_they_are_built():
    assert [groups.number_of_states(*nm) for nm in ((2, 3), (3, 4), (4, 4))] == [35, 495, 2380]
    with pytest.raises(TheoryError, match="states"):
        groups.GroupChain(4, 8, 0.01)


@pytest.mark.parametrize(
    "wrong", [(3, 4, 0), (3, 4, 1.5), (3, 1, 0.5), (1, 1, 0), (2.5, 3, 0.1), (3, 1, 0, 0.1), (3, 4, 0.1, 1.1)]
)
def test_impossible_groups_are_refused(wrong):
    with pytest.raises(InputError):
        groups.GroupChain(*wrong)
