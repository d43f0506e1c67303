"""The same few play the same game again and again: what is paid, what is seen, and how those who calculate play."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coop_abm.core.errors import PolicyError, ScenarioError
from coop_abm.engine.repeated_games import (
    Contestant,
    RepeatedGame,
    RuleReader,
    choices_of,
    sights_of,
    spelled,
)
from coop_abm.engine.staged import play
from coop_abm.games import Harmony, PublicGoods
from coop_abm.games.published import PUBLISHED
from coop_abm.scenario.minds import Model, Table
from coop_abm.scenario.wording import declared
from coop_abm.strategies import AllC, AllD, Backward, BestResponse, Grim, Persona, Softmax, TitForTat
from coop_abm.strategies.deliberate import Sight, advantage, chance_of

PD = {level: PUBLISHED["pd"][level] for level in ("mild", "conventional", "harsh")}


def world(*rules, personas=("none", "none"), **knobs):
    seats = tuple(Contestant(strategy=rule, persona=p) for rule, p in zip(rules, personas, strict=False))
    return RepeatedGame(players=seats, **knobs)


def alike(rule, persona="none", **knobs):
    seats = knobs.get("game", PD["conventional"]).seats
    return world(*[rule] * seats, personas=[persona] * seats, **knobs)


def played(declared_, replicates=1, seed=0):
    reader = RuleReader(declared_)
    return [play(declared_.start(seed, k), reader) for k in range(replicates)]


def rate(declared_, replicates=200, name="cooperation"):
    return float(np.mean([match.measures()[name] for match in played(declared_, replicates)]))


# ------------------------------------------------------------------------------------------ what is paid


def test_public_goods_pay_what_their_formula_says():
    table = PublicGoods(members=3, contribution=10.0, factor=2.4).by_helpers()
    np.testing.assert_allclose(table, [[-2.0, 6.0, 14.0], [0.0, 8.0, 16.0]])


@given(factor=st.floats(0.0, 10.0), members=st.integers(2, 8))
def test_a_public_goods_game_is_a_dilemma_where_its_factor_lies_between_1_and_n(factor, members):
    help, refuse = PublicGoods(members=members, factor=factor).by_helpers()
    keeps = (refuse > help + 1e-9).all()
    better_together = help[-1] > refuse[0] + 1e-9
    assert (
        (keeps and better_together) == (1 + 1e-9 < factor < members - 1e-9)
        or abs(factor - 1) < 1e-6
        or (abs(factor - members) < 1e-6)
    )


def test_the_payoffs_of_a_game_of_two_by_the_number_of_helpers_are_its_matrix():
    np.testing.assert_array_equal(PD["conventional"].by_helpers(), [[-10.0, -2.0], [-6.0, 0.0]])


def test_the_published_dilemmas_are_those_of_the_source():
    """FAIRGAME's penalties: both defect 6, both cooperate 2, and 0 and 10; harsh has 8 and 5, mild 8 and 2."""
    told = {level: (-game.payoffs()).tolist() for level, game in PD.items()}
    assert told == {
        "mild": [[2.0, 10.0], [0.0, 8.0]], "conventional": [[2.0, 10.0], [0.0, 6.0]],
        "harsh": [[5.0, 10.0], [0.0, 8.0]],
    }  # fmt: skip
    assert PUBLISHED["stag_hunt"]["conventional"].payoffs().tolist() == [[8.0, 0.0], [6.0, 4.0]]
    assert PUBLISHED["snowdrift"]["conventional"].payoffs().tolist() == [[6.0, 2.0], [10.0, 0.0]]
    assert PUBLISHED["harmony"]["conventional"].payoffs().tolist() == [[10.0, 6.0], [4.0, 2.0]]


@pytest.mark.parametrize("framing", ["native", "reward", "penalty"])
def test_a_frame_changes_no_difference_between_payoffs(framing):
    for levels in PUBLISHED.values():
        for game in levels.values():
            told = alike(TitForTat(), game=game, framing=framing).pays()
            np.testing.assert_allclose(told - told[0, 0], game.by_helpers() - game.by_helpers()[0, 0], atol=1e-12)
            assert framing != "reward" or told.min() == 0
            assert framing != "penalty" or told.max() == 0


def test_only_the_dilemma_that_is_published_in_penalties_is_told_as_points_lost():
    said = {
        (g, level): alike(TitForTat(), game=game).said_as for g, ls in PUBLISHED.items() for level, game in ls.items()
    }
    assert {key for key, way in said.items() if way == "penalty"} == {("pd", level) for level in PD}


def test_a_round_pays_each_by_what_the_others_did():
    match = world(AllC(), AllD(), AllD(), game=PublicGoods(members=3, factor=1.5), personas=["none"] * 3).start(0)
    match.tell(np.array([0, 1, 1]))
    assert match.earned[0].tolist() == [-5.0, 5.0, 5.0]
    match.tell(np.array([0, 0, 1]))
    assert match.earned[1].tolist() == [0.0, 0.0, 10.0]


# ------------------------------------------------------------------------------------------ what is seen


def test_players_see_what_was_done_and_nothing_that_they_are_not_told():
    match = world(TitForTat(), AllD(), personas=["cooperative", "selfish"], horizon="unknown").start(3)
    match.tell(np.array([0, 1]))
    view = match.ask().view
    assert view.own.tolist() == [[0], [1]] and view.helpers.tolist() == [[0], [1]]
    assert view.horizon.tolist() == [0, 0] and view.others.tolist() == [[0], [0]]
    assert view.payoff.tolist() == [-10.0, 0.0]
    first, second = sights_of(view)
    assert first.persona == "cooperative" and first.others == () and first.horizon is None
    assert second.own == (1,) and second.helpers == (1,)


def test_what_is_told_of_the_others_is_their_personality_and_how_likely_it_is():
    told = world(TitForTat(), AllD(), personas=["cooperative", "selfish"], knowledge=0.8, horizon="known")
    first, second = sights_of(told.start(3).ask().view)
    assert (first.others, first.knowledge, first.horizon) == (("selfish",), 0.8, 10)
    assert second.others == ("cooperative",)


def test_an_answer_that_is_not_permitted_changes_nothing():
    match = alike(TitForTat()).start(0)
    with pytest.raises(PolicyError, match="row 1: 2 is not among"):
        match.tell(np.array([0, 2]))
    assert match.round == 0 and not match.over


def test_a_run_follows_from_its_seed_and_replicate():
    duel = alike(Softmax())
    one, other = (played(duel, 5, seed=4) for _ in range(2))
    assert [m.measures() for m in one] == [m.measures() for m in other]
    assert len({m.measures()["moves_0"] for m in one}) > 1
    assert played(duel, 5, seed=5)[0].measures() != one[0].measures()


def test_worlds_share_their_draws_with_whoever_plays_in_them_and_with_no_other_world():
    duel = alike(Softmax())
    draws = [world.start(4, 2).ask().draw.tolist() for world in (duel, duel.with_policy("stand-in"))]
    assert draws[0] == draws[1]
    assert alike(Softmax(), language="fr").start(4, 2).ask().draw.tolist() != draws[0]


def test_all_that_was_done_stands_in_the_measures():
    for match in played(alike(Softmax(), persona="none", game=PublicGoods()), 5):
        measures = match.measures()
        moves = np.stack([choices_of(measures[f"moves_{seat}"], 10) for seat in range(3)], axis=1)
        np.testing.assert_array_equal(moves, match.acted)
        assert measures["cooperation"] == pytest.approx((moves == 0).mean())
        assert measures["endgame"] == pytest.approx(measures["last"] - measures["before"])


def test_the_longest_match_fits_into_its_measure():
    match = played(alike(AllC(), rounds=50))[0]
    assert choices_of(match.measures()["moves_0"], 50).sum() == 0


# ------------------------------------------------------------------------------------------ who plays how


def test_automata_play_as_their_tables_say():
    match = played(world(TitForTat(), Grim(), rounds=4))[0]
    assert match.measures()["cooperation"] == 1.0
    match = played(world(TitForTat(), AllD(), rounds=4))[0]
    assert match.acted.T.tolist() == [[0, 1, 1, 1], [1, 1, 1, 1]]


def test_in_a_group_an_automaton_follows_what_at_least_half_of_the_others_did():
    pays = tuple(map(tuple, PublicGoods(members=3).by_helpers().tolist()))
    for helpers, chance in ((2, 1.0), (1, 1.0), (0, 0.0)):
        assert chance_of(TitForTat(), Sight(pays=pays, own=(0,), helpers=(helpers,))) == chance


def test_the_advantage_of_cooperating_is_worked_out_as_by_hand():
    """Conventional dilemma, belief 1/2: -2 against 0 and -10 against -6; the partner gets 8 or 6 more."""
    sight = Sight(pays=((-10.0, -2.0), (-6.0, 0.0)))
    assert advantage(sight, 1.0) == -2.0 and advantage(sight, 0.0) == -4.0
    assert advantage(sight, 0.5, care=1.0) == pytest.approx(-3.0 + (8 + 6) / 2)
    assert advantage(sight, 0.5, loss_aversion=2.0) == pytest.approx(-6.0)
    group = Sight(pays=tuple(map(tuple, PublicGoods(members=3, contribution=10.0, factor=1.5).by_helpers().tolist())))
    assert advantage(group, 0.3) == pytest.approx(-5.0)
    assert advantage(group, 0.3, care=1.0) == pytest.approx(-5.0 + 2 * 5.0)


def test_who_learns_believes_what_it_saw():
    pays = ((-10.0, -2.0), (-6.0, 0.0))
    seen = Sight(pays=pays, own=(0, 0, 0), helpers=(1, 1, 0))
    assert BestResponse(experience=1.0).belief(seen) == pytest.approx((0.5 + 2) / 4)
    assert BestResponse().belief(seen) == 0.5
    told = Sight(pays=pays, others=("selfish",), knowledge=0.8)
    assert BestResponse().belief(told) == pytest.approx(0.1)


# ------------------------------------------------------------------------------------------ signatures, row C


def test_scaling_all_payoffs_leaves_best_responses_as_they_are():
    for levels in PUBLISHED.values():
        for game in levels.values():
            rule = BestResponse(experience=1.0)
            runs = [
                [m.acted.tolist() for m in played(alike(rule, game=game, stakes=stakes), 5)]
                for stakes in (0.1, 1.0, 10.0)
            ]
            assert runs[0] == runs[1] == runs[2]


def test_scaling_all_payoffs_shifts_softmax_players_step_by_step():
    """Higher stakes are a higher precision: cooperation falls in the dilemma and rises in harmony."""
    stakes = (0.1, 0.3, 1.0, 3.0)
    dilemma = [rate(alike(Softmax(), game=PUBLISHED["pd"]["rewarded"], stakes=s)) for s in stakes]
    harmony = [rate(alike(Softmax(), game=PUBLISHED["harmony"]["conventional"], stakes=s)) for s in stakes]
    assert all(a > b + 0.02 for a, b in itertools.pairwise(dilemma))
    assert all(a < b - 0.02 for a, b in itertools.pairwise(harmony))
    exact = 1 / (1 + np.exp(0.3 * 3.0 * np.array(stakes)))
    np.testing.assert_allclose(dilemma, exact, atol=0.025)  # 4,000 choices: 3 standard errors


def test_backward_induction_drops_in_a_known_last_round_alone():
    known, unknown = (alike(Backward(), horizon=horizon) for horizon in ("known", "unknown"))
    assert rate(known, 5, "endgame") == -1.0
    assert rate(unknown, 5, "endgame") == 0.0
    deep = played(alike(Backward(depth=3), horizon="known"))[0]
    assert deep.acted[:, 0].tolist() == [0] * 7 + [1] * 3
    assert rate(alike(Backward(), horizon="known", game=Harmony()), 5, "endgame") == 0.0


def test_cooperation_falls_from_mild_over_conventional_to_harsh():
    """Expected: the logistic function of -0.3 times 2, 3 and 3.5."""
    rates = [rate(alike(Softmax(), game=PD[level]), 1000) for level in ("mild", "conventional", "harsh")]
    np.testing.assert_allclose(rates, 1 / (1 + np.exp(0.3 * np.array([2.0, 3.0, 3.5]))), atol=0.011)
    assert rates[0] > rates[1] + 0.03 and rates[1] > rates[2] + 0.01


def test_who_learns_that_others_defect_finds_the_conventional_dilemma_harder_than_the_harsh_one():
    """The order of the two turns where less than 2/5 are expected to cooperate: 4 - 2p against 2 + 3p."""
    sights = {level: Sight(pays=tuple(map(tuple, game.by_helpers().tolist()))) for level, game in PD.items()}
    for belief, harder in ((0.5, "harsh"), (0.41, "harsh"), (0.39, "conventional")):
        assert min(("conventional", "harsh"), key=lambda level: advantage(sights[level], belief)) == harder


@pytest.mark.parametrize("game", ["pd", "stag_hunt", "snowdrift"])
def test_personality_is_the_largest_effect(game):
    """Cooperative pairs help more than mixed ones and those more than selfish ones, by more than levels or horizons."""
    by_pair = []
    for pair in (("cooperative", "cooperative"), ("cooperative", "selfish"), ("selfish", "selfish")):
        by_pair.append(rate(world(Persona(), Persona(), personas=pair, game=PUBLISHED[game]["conventional"])))
    assert by_pair[0] > by_pair[1] + 0.1 and by_pair[1] > by_pair[2] + 0.1
    horizons = [rate(alike(Persona(), game=PUBLISHED[game]["conventional"], horizon=h)) for h in ("known", "unknown")]
    assert abs(horizons[0] - horizons[1]) < 0.1 < by_pair[0] - by_pair[2]


def test_losses_that_weigh_more_make_the_frame_matter_and_nothing_else_does():
    plain = [rate(alike(Softmax(), framing=framing)) for framing in ("reward", "penalty")]
    averse = [rate(alike(Softmax(loss_aversion=2.25), framing=framing)) for framing in ("reward", "penalty")]
    assert abs(plain[0] - plain[1]) < 0.03  # 4,000 choices each: 3 standard errors of the difference
    assert averse[0] > averse[1] + 0.1


# ------------------------------------------------------------------------------------------ who decides


def test_how_a_model_is_told_things_is_what_the_world_says():
    said = world(
        TitForTat(), AllC(), personas=["selfish", "none"], language="vi", horizon="known", rounds=7
    ).with_policy("stand-in")
    first, second = said.minds()
    assert isinstance(first, Model) and first.model == "stand-in/tft"
    assert (first.language, first.framing, first.horizon, first.persona) == ("vi", "penalty", 7, "selfish")
    assert second.persona == "" and second.model == "stand-in/allc"
    assert all(mind == Table() for mind in said.with_policy("table").minds())
    assert {mind.model for mind in said.with_policy("openai/some-model").minds()} == {"openai/some-model"}


def test_a_rule_is_spelled_with_the_knobs_that_are_not_as_usual():
    assert spelled(Persona(cooperative=2.0, precision=1.0)) == "persona?precision=1.0&cooperative=2.0"


def test_the_number_of_questions_is_bounded_exactly():
    duel = alike(TitForTat(), game=PublicGoods(), rounds=4)
    match, asked = duel.start(0), 0
    while (question := match.ask()) is not None:
        asked += len(question)
        match.tell(RuleReader(duel).decide(question))
    assert duel.most_questions() == {"act": asked}


def test_what_cannot_be_played_is_refused_in_one_line():
    with pytest.raises(ScenarioError, match=r"^players: Public goods is played by 3; got 2$"):
        declared(RepeatedGame, {"game": {"kind": "public_goods"}})
    with pytest.raises(ScenarioError, match=r"^rounds must be a whole number in \[1, 50\]; got 51$"):
        declared(RepeatedGame, {"rounds": 51})
    with pytest.raises(ScenarioError, match=r"^language must be one of en, fr, de, es, ar, zh, vi; got 'xx'$"):
        declared(RepeatedGame, {"language": "xx"})
