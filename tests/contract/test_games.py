"""What every game promises: two named actions, a finite 2 x 2 matrix, the order that its name claims."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop_abm.core.errors import ScenarioError
from coop_abm.games import (
    Assurance,
    BattleOfTheSexes,
    Donation,
    Harmony,
    PrisonersDilemma,
    Snowdrift,
    StagHunt,
)
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace

from .families import made, members

payoff = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize("kind", members("games"))
def test_payoffs_are_four_finite_numbers(kind):
    matrix = made(kind).payoffs()
    assert matrix.shape == (2, 2) and matrix.dtype == np.float64 and np.isfinite(matrix).all()


@pytest.mark.parametrize("kind", members("games"))
def test_two_actions_have_names_of_their_own(kind):
    assert len(set(kind.actions)) == 2 and all(kind.actions)


@pytest.mark.parametrize("kind", members("games"))
def test_payoffs_cannot_be_changed_through_the_matrix_that_was_handed_out(kind):
    game = made(kind)
    game.payoffs()[:] = 99.0
    assert not (game.payoffs() == 99.0).any()


@pytest.mark.parametrize("kind", members("games"))
def test_only_a_game_of_benefit_and_cost_has_a_ratio(kind):
    assert made(kind).has_ratio == ({"benefit", "cost"} <= set(kind.model_fields))


def test_the_donation_game_pays_what_its_definition_says():
    assert Donation(benefit=7.0, cost=2.0).payoffs().tolist() == [[5.0, -2.0], [7.0, 0.0]]


def test_snowdrift_shares_the_cost_of_two_who_shovel():
    assert Snowdrift(benefit=7.0, cost=2.0).payoffs().tolist() == [[6.0, 5.0], [7.0, 0.0]]


def test_a_hare_is_worth_the_same_whatever_the_partner_hunts():
    assert StagHunt(stag=5.0, hare=2.0, alone=-1.0).payoffs().tolist() == [[5.0, -1.0], [2.0, 2.0]]


@given(reward=payoff, sucker=payoff, temptation=payoff, punishment=payoff)
def test_a_prisoners_dilemma_keeps_its_order_or_is_refused(reward, sucker, temptation, punishment):
    knobs = {"reward": reward, "sucker": sucker, "temptation": temptation, "punishment": punishment}
    if temptation > reward > punishment >= sucker:
        assert PrisonersDilemma(**knobs).payoffs().tolist() == [[reward, sucker], [temptation, punishment]]
    else:
        with pytest.raises(ValueError, match="must keep temptation > reward > punishment >= sucker"):
            PrisonersDilemma(**knobs)


@given(reward=payoff, sucker=payoff, temptation=payoff, punishment=payoff)
def test_harmony_keeps_its_order_or_is_refused(reward, sucker, temptation, punishment):
    knobs = {"reward": reward, "sucker": sucker, "temptation": temptation, "punishment": punishment}
    if reward > temptation and sucker > punishment:
        assert Harmony(**knobs).payoffs().tolist() == [[reward, sucker], [temptation, punishment]]
    else:
        with pytest.raises(ValueError, match="must keep reward > temptation and sucker > punishment"):
            Harmony(**knobs)


@given(stag=payoff, hare=payoff, alone=payoff)
def test_a_stag_hunt_keeps_its_order_or_is_refused(stag, hare, alone):
    if stag > hare > alone:
        assert StagHunt(stag=stag, hare=hare, alone=alone).payoffs().tolist() == [[stag, alone], [hare, hare]]
    else:
        with pytest.raises(ValueError, match="must keep stag > hare > alone"):
            StagHunt(stag=stag, hare=hare, alone=alone)


def test_a_game_out_of_order_is_refused_in_the_words_of_a_scenario():
    with pytest.raises(ScenarioError, match=r"^game: must keep stag > hare > alone; got "):
        replace(Scenario(game=StagHunt()), {"game.hare": 9.0})


@given(reward=payoff, sucker=payoff, temptation=payoff, punishment=payoff)
def test_an_assurance_game_keeps_its_order_or_is_refused(reward, sucker, temptation, punishment):
    knobs = {"reward": reward, "sucker": sucker, "temptation": temptation, "punishment": punishment}
    if reward > temptation >= punishment > sucker:
        assert Assurance(**knobs).payoffs().tolist() == [[reward, sucker], [temptation, punishment]]
    else:
        with pytest.raises(ValueError, match="must keep reward > temptation >= punishment > sucker"):
            Assurance(**knobs)


def test_in_the_battle_of_the_sexes_two_meet_where_one_of_them_gives_way():
    assert BattleOfTheSexes(favourite=10.0, second=7.0, apart=0.0).payoffs().tolist() == [[0.0, 7.0], [10.0, 0.0]]
    with pytest.raises(ValueError, match="must keep favourite > second > apart"):
        BattleOfTheSexes(second=3.0)


@pytest.mark.parametrize("kind", members("games"))
def test_payoffs_by_helpers_are_the_matrix_with_its_columns_turned(kind):
    game = made(kind)
    assert game.seats == 2
    np.testing.assert_array_equal(game.by_helpers(), game.payoffs()[:, ::-1])
