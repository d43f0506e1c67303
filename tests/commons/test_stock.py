"""The resource and how it is shared out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop_abm.games.commons import Doubling, Logistic, allot, gini, harvest


def test_the_maximum_sustainable_yield_of_logistic_regrowth_is_a_quarter_of_r_times_k():
    stock = Logistic(rate=0.4, capacity=200)
    left = np.linspace(0, 200, 20_001)
    assert stock.yields == pytest.approx(max(stock.regrown(x) - x for x in left), rel=1e-6) == 20.0


def test_taking_the_maximum_sustainable_yield_of_half_the_capacity_keeps_it_there():
    stock = Logistic(rate=0.3)
    assert stock.regrown(50.0) - stock.yields == pytest.approx(50.0)


@given(st.floats(0.05, 1.0), st.floats(0.0, 100.0))
def test_a_stock_never_grows_beyond_its_capacity_up_to_r_of_one_and_never_shrinks_by_itself(rate, left):
    assert left <= Logistic(rate=rate).regrown(left) <= 100.0 + 1e-9


@pytest.mark.parametrize("rate", [0.1, 0.35, 0.8])
def test_the_share_that_a_stock_bears_can_be_taken_for_ever_and_gives_the_maximum_yield(rate):
    stock, now = Logistic(rate=rate), 100.0
    for _ in range(2_000):
        taken = stock.bears(now)
        now = stock.regrown(now - taken)
    assert not stock.collapsed(now, now)
    assert taken == pytest.approx(stock.yields)
    assert now - taken == pytest.approx(stock.capacity / 2)


def test_a_doubling_stock_is_whole_again_after_half_of_it_was_taken():
    stock = Doubling()
    assert stock.regrown(100 - stock.bears(100)) == 100 and stock.regrown(80) == 100
    assert stock.collapsed(4.0, 8.0) and not stock.collapsed(5.0, 10.0)


def test_efforts_take_shares_of_the_stock_and_never_more_than_there_is():
    assert harvest(np.array([1.0, 0.5, 0.0]), 0.04, 50.0).tolist() == [2.0, 1.0, 0.0]
    crowd = harvest(np.ones(40), 0.04, 100.0)
    assert crowd.sum() == pytest.approx(100.0) and np.ptp(crowd) == 0


def test_units_are_given_out_by_chance_where_more_are_asked_for_than_there_are():
    given_out = np.array([allot(np.full(5, 100), 100.0, np.random.default_rng(k)) for k in range(400)])
    assert (given_out.sum(axis=1) == 100).all() and given_out.min() >= 0
    assert abs(given_out[:, 0].mean() - 20) < 3 * given_out[:, 0].std() / 20
    assert given_out[:, 0].std() > 1


def test_the_gini_coefficient_of_one_who_has_all_is_one_less_a_share():
    assert gini(np.array([0.0, 0.0, 0.0, 8.0])) == pytest.approx(0.75)
    assert gini(np.zeros(3)) == 0 and np.isnan(gini(np.array([])))
    assert gini(np.array([1.0, 3.0])) == pytest.approx(0.25)
