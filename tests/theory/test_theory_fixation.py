"""The well-mixed Moran process."""

import math

import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import fixation, thresholds, transforms


def test_a_neutral_mutant_fixes_with_probability_one_over_n():
    assert fixation.probability(np.zeros((2, 2)), 17, 0.3) == pytest.approx((1 / 17, 1 / 17))


def test_the_closed_form_log_ratio_is_the_ratio_of_the_probabilities():
    M = np.random.default_rng(1).normal(size=(2, 2))
    for size, beta in ((2, 0.5), (10, 0.01), (30, 1.0)):
        pair = fixation.probability(M, size, beta)
        assert math.log(pair.cooperators / pair.defectors) == pytest.approx(fixation.log_ratio(M, size, beta))


def test_constant_relative_fitness_gives_morans_formula():
    r = math.exp(0.2)
    pair = fixation.probability([[1, 1], [0, 0]], 25, 0.2)
    assert pair.cooperators == pytest.approx((1 - 1 / r) / (1 - r**-25))


def test_strong_selection_in_a_large_population_neither_overflows_nor_becomes_nan():
    pair = fixation.probability(transforms.donation(3, 1), 5000, 10.0)
    assert pair.cooperators == 0 and pair.defectors == pytest.approx(1 - math.exp(-10 * (1 + 3 / 4999)))


@pytest.mark.parametrize(("size", "w"), [(20, 0.5), (50, 0.9)])
def test_the_root_is_the_closed_form_threshold(size, w):
    def tit_for_tat(b):
        return transforms.repeat(transforms.donation(b, 1), w)

    assert fixation.critical(tit_for_tat, size, 0.3) == pytest.approx(thresholds.direct(w, size))
    assert fixation.critical(tit_for_tat, size, 1e-6, "AD") == pytest.approx(thresholds.direct(w, size, "AD"), rel=1e-4)


def test_the_bias_of_the_neutral_criterion_is_first_order_in_the_intensity():
    def tit_for_tat(b):
        return transforms.repeat(transforms.donation(b, 1), 0.9)

    weak = thresholds.direct(0.9, 50, "AD")
    bias = [fixation.critical(tit_for_tat, 50, beta, "AD") / weak - 1 for beta in (0.01, 0.05, 0.1)]
    assert bias == pytest.approx([0.005, 0.029, 0.069], abs=6e-4)


def test_a_game_without_a_critical_benefit_is_refused():
    with pytest.raises(TheoryError):
        fixation.critical(lambda b: transforms.donation(2, 1), 10, 0.1)
    with pytest.raises(InputError):
        fixation.probability([[1, 2], [3, math.inf]], 10, 0.1)
