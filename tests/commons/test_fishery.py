"""GovSim's fishery and its scores: what can be said of it exactly."""

import numpy as np
import pytest

from coop_abm.engine.commons import fishery
from coop_abm.engine.commons_measures import scores
from coop_abm.engine.staged import play
from coop_abm.strategies.commons import Grasping, Quota
from tests.commons.worlds import Scripted, efforts, run


def scored(world, replicate=0, **script):
    running = world.start(0, replicate)
    play(running, Scripted(world.table(), **script))
    return scores(world, running.measures())


def test_all_who_take_the_quota_fish_for_twelve_months_at_full_efficiency():
    found = scored(fishery())
    assert found == (12, True, 120.0, 1.0, 1.0, 0.0)


def test_a_wipe_out_in_the_first_month_brings_twenty_tons_each_and_a_sixth_of_the_efficiency():
    found = scored(fishery(), harvest=lambda question: efforts(question, 20))
    assert found.months == 1 and not found.survived
    assert found.gain == 20 and found.equality == 1.0 and found.over_use == 1.0
    assert found.efficiency == pytest.approx(100 / 600)


def test_all_who_ask_for_everything_share_the_stock_by_chance_and_end_it_in_the_first_month():
    found = [scored(fishery((5, Grasping())), replicate) for replicate in range(20)]
    assert {(one.months, one.gain) for one in found} == {(1, 20.0)}
    assert all(0 < 1 - one.equality < 0.3 for one in found)


@pytest.mark.parametrize(("total", "months"), [(95, 12), (96, 1)])
def test_a_catch_that_leaves_less_than_five_ends_it_in_the_month(total, months):
    def fish(question):
        asked = np.full(5, total // 5 if question.round == 0 else 0)
        asked[0] += total % 5 if question.round == 0 else 0
        return efforts(question, asked)

    assert scored(fishery(), harvest=fish).months == months


def test_a_total_catch_above_half_of_the_stock_shrinks_it_and_one_up_to_half_does_not():
    def stocks(each):
        world = fishery(months=3)
        running = world.start(0)
        play(running, Scripted(world.table(), harvest=lambda question: efforts(question, each)))
        return [record.stock for record in running.records]

    assert stocks(10) == [100, 100, 100]
    assert stocks(11) == [100, 90, 70]


def test_the_quota_is_an_equal_share_of_half_of_the_stock_rounded_down_twice():
    running = fishery((1, Grasping()), (4, Quota())).start(0)
    running.stock = 99.0
    running._ask_from("harvest")
    answers = running.declared.table().decide(running.ask())
    assert answers["units"].tolist() == [99, 9, 9, 9, 9]


def test_one_newcomer_who_takes_all_ends_what_four_with_quotas_would_have_kept():
    assert scored(fishery((4, Quota()), (1, Grasping()))).months == 1
    assert run(fishery((4, Quota()), (1, Quota()))).measures()["sustained"] == 1
