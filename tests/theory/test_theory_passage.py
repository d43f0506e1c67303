"""When birth-death chains end: against means that are known in closed form, and against a chain by hand."""

import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import fixation, passage

GAME = np.random.default_rng(21).normal(size=(2, 2))


@pytest.mark.parametrize("start", [1, 5])
def test_the_distribution_has_the_probability_and_the_means_of_the_chain(start):
    up, down = fixation.steps(GAME, 9, 0.4, "birth_death")
    every = np.arange(6000)
    won, lost = passage.ended_by(up, down, every.tolist(), start)
    reach, times = fixation.chain_probability(up, down)[start], fixation.chain_times(up, down, start)
    assert (won[-1], lost[-1]) == pytest.approx((reach, 1 - reach))
    assert ((won[-1] - won) / won[-1]).sum() == pytest.approx(times.fixes)  # sum of P(T > t)
    assert ((lost[-1] - lost) / lost[-1]).sum() == pytest.approx(times.lost)


def test_two_individuals_end_by_tossing_until_something_happens():
    won, lost = passage.ended_by([0.3], [0.1], [0, 1, 2, 10])
    left = 0.6 ** np.array([0, 1, 2, 10])
    assert won == pytest.approx(0.75 * (1 - left)) and lost == pytest.approx(0.25 * (1 - left))


def test_a_mutant_cannot_take_over_in_fewer_steps_than_there_are_others():
    won, _lost = passage.ended_by(*fixation.steps(GAME, 12, 0.1), [10, 11])
    assert won[0] == 0 and won[1] > 0


def test_times_can_be_long():
    up, down = fixation.steps([[2, 1], [3, 0]], 40, 2.0)  # coexistence
    mean = fixation.chain_times(up, down).either
    won, lost = passage.ended_by(up, down, [int(mean), int(50 * mean)])
    assert 0.3 < won[0] + lost[0] < 1 and won[1] + lost[1] == pytest.approx(1)


def test_what_has_no_answer_is_refused():
    with pytest.raises(InputError, match="ascending"):
        passage.ended_by([0.3], [0.1], [4, 2])
    with pytest.raises(InputError, match="start"):
        passage.ended_by([0.3], [0.1], [4], start=2)
    with pytest.raises(TheoryError, match="400"):
        passage.ended_by(*fixation.steps(GAME, 500, 0.1), [4])
