"""Team tournaments: who meets whom, what each sees, when a match ends, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from coop_abm.core.errors import InputError, PolicyError
from coop_abm.core.question import Decision
from coop_abm.engine.staged import play
from coop_abm.engine.team_record import running_rate
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.strategies import KINDS
from coop_abm.strategies.library import (
    AllC,
    AllD,
    Discriminator,
    OrDiscriminator,
    Reciprocator,
    TitForTat,
    WinStayLoseShift,
)
from coop_abm.strategies.table import BAD, GOOD, UNKNOWN
from coop_abm.strategies.team import (
    Coin,
    Deceiver,
    Handshake,
    Leaver,
    Liar,
    Moment,
    Teammate,
    Truster,
    WalkAway,
    chance,
    standing,
)


def entries(*strategies):
    return tuple(Entry(strategy=strategy) for strategy in strategies)


def world(*strategies, **knobs):
    return TeamTournament(players=entries(*strategies or (TitForTat(),)), **knobs)


def played(declared, seed=0, replicate=0):
    return play(declared.start(seed, replicate), declared.table())


def measures(declared, seed=0, replicate=0):
    return played(declared, seed, replicate).measures()


class Watching:
    """Plays as the tables do, and keeps every question."""

    def __init__(self, declared):
        self.tables, self.asked = declared.table(), []

    def decide(self, question):
        self.asked.append(question)
        return self.tables.decide(question)


# ------------------------------------------------------------------------------------ the agenda


@pytest.mark.parametrize(("condition", "matches"), [("none", 15), ("ri", 15), ("gc", 9), ("sa", 15)])
def test_two_teams_of_three_have_the_published_numbers_of_matches(condition, matches):
    # 15 x 2 x 5 = 150 first moves in ri and sa, 9 x 2 x 5 = 90 in gc, as the published intervals imply.
    assert len(world(condition=condition).agenda()) == matches


def test_pairs_come_in_the_order_of_their_numbers_and_rematches_are_the_list_again():
    listed = [(p.first, p.second) for p in world(teams=2, size=2, rematches=2).agenda()]
    assert listed == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] * 2


def test_a_shuffled_agenda_has_the_same_matches_and_follows_from_the_seed():
    declared = world(order="shuffled", tournaments=2)
    once, again, other = declared.agenda(1), declared.agenda(1), declared.agenda(2)
    assert once == again != other
    listed = [sorted((p.first, p.second) for p in once if p.tournament == t) for t in (0, 1)]
    assert listed[0] == listed[1] == [(p.first, p.second) for p in world().agenda()]


@pytest.mark.parametrize(
    ("condition", "length", "meets", "aim"),
    [("none", 1, "all", "self"), ("ri", 20, "all", "self"), ("gc", 20, "between", "team"), ("sa", 20, "all", "both")],
)
def test_a_condition_says_who_meets_whom_how_long_and_what_for(condition, length, meets, aim):
    declared = world(condition=condition)
    assert (declared.length, declared.meets, declared.aim) == (length, meets, aim)


def test_each_thing_that_a_condition_says_can_be_turned_by_itself():
    declared = world(condition="gc", pairs="all", one_shot="yes", goal="self")
    assert (declared.length, declared.meets, declared.aim, declared.told) == (1, "all", "self", False)


# ----------------------------------------------------------------------------------- how it ends


def test_a_match_has_twenty_rounds_at_most_and_a_player_a_hundred():
    run = played(world())
    assert {bout.ended for bout in run.bouts} == {"rounds"} and {len(b.moves) for b in run.bouts} == {20}
    assert run.used.tolist() == [100] * 6 and run.round == 300


def test_a_match_ends_when_one_of_both_is_out_of_rounds_and_is_skipped_when_one_has_none():
    run = played(world(budget=30))
    assert run.used.max() == 30
    assert [bout.ended for bout in run.bouts[:3]] == ["rounds", "budget", "skipped"]


def test_whoever_leaves_has_played_that_round():
    run = played(world(Leaver(after=1)))
    assert {len(bout.moves) for bout in run.bouts} == {1} and {bout.ended for bout in run.bouts} == {"left"}
    assert run.measures()["left"] == 1.0


def test_one_who_wants_to_leave_is_enough():
    run = played(world(AllC(), WalkAway(), AllD(), teams=1))
    ended = {(b.pairing.first, b.pairing.second): (b.ended, len(b.moves)) for b in run.bouts}
    # A defection is seen after its round, so leaving comes with the next one.
    assert ended == {(0, 1): ("rounds", 20), (0, 2): ("rounds", 20), (1, 2): ("left", 2)}


def test_without_exit_nobody_can_leave():
    declared = world(Leaver(after=1), exit=False)
    asked = declared.start(0).ask()
    assert [name for name, _ in asked.choices.parts] == ["action"]
    assert {len(bout.moves) for bout in played(declared).bouts} == {20}


# --------------------------------------------------------------------------------------- points


def test_payoffs_are_those_of_the_paper_and_stakes_multiply_them():
    assert world().payoffs.tolist() == [[3, -1], [5, 0]]
    assert world(stakes=2.5).payoffs.tolist() == [[7.5, -2.5], [12.5, 0]]


def test_the_leading_team_gets_the_bonus_at_the_end_and_only_where_teams_are_told_of():
    seats = (AllD(), AllD(), AllC(), AllC())
    final = played(world(*seats, teams=2, size=2, condition="gc", rounds=1)).finals[0]
    assert final["scores"] == [10, 10, -2, -2] and final["final"] == [20, 20, -2, -2] and final["leaders"] == [0]
    alone = played(world(*seats, teams=2, size=2, condition="ri", rounds=1)).finals[0]
    assert alone["final"] == alone["scores"] and alone["leaders"] == []


def test_teams_that_lead_together_share_the_bonus():
    final = played(world(condition="gc", rounds=1)).finals[0]
    assert final["leaders"] == [0, 1] and final["final"] == [18] * 6


def test_each_tournament_in_a_row_starts_from_nothing():
    run = played(world(tournaments=3))
    assert len(run.finals) == 3 and run.finals[0] == run.finals[2] and run.round == 900
    assert run.played.tolist() == [300] * 6 and run.used.tolist() == [100] * 6


# ------------------------------------------------------------------------------------- who sees what


def hidden(question):
    view = question.view
    columns = (view.opponent, view.mate, question.partner, view.record, view.fame)
    return all((column == -1).all() for column in columns)


def test_in_the_first_round_nothing_tells_who_the_opponent_is():
    declared = world(Teammate(), history="public", reputation="public", tournaments=2, slips=0.1)
    watching = Watching(declared)
    play(declared.start(0), watching)
    first = [question for question in watching.asked if question.turn == 0]
    assert len(first) == 30 and all(map(hidden, first))
    later = [question for question in watching.asked if question.turn > 0]
    assert not any((question.view.mate == -1).any() for question in later)


def test_a_first_move_cannot_depend_on_the_hidden_team():
    # Signature: whatever a player does, it does the same toward a team-mate and a rival that it cannot tell apart.
    for weight in (0.0, 0.4, 1.0):
        found = measures(world(Teammate(weight=weight)))
        assert found["mu_osc_intra"] == found["mu_osc_inter"]
    many = [measures(world(Coin(p=0.4), rounds=2), r) for r in range(100)]
    gap = np.array([run["mu_osc_intra"] - run["mu_osc_inter"] for run in many])
    assert 0 < abs(gap.mean()) < 4 * gap.std(ddof=1) / len(gap) ** 0.5


def test_mates_can_be_known_from_the_start_while_rivals_are_not():
    declared = world(Teammate(), unknown="rivals")
    watching = Watching(declared)
    play(declared.start(0), watching)
    first = [question for question in watching.asked if question.turn == 0]
    assert {int(q.view.mate[0]) for q in first} == {-1, 1}
    assert measures(declared)["mu_osc_intra"] == 1.0 > measures(declared)["mu_osc_inter"]


def test_where_points_are_ones_own_nobody_is_told_of_teams():
    declared = world(condition="ri", unknown="nobody", scores="all", chat=True, history="team")
    watching = Watching(declared)
    play(declared.start(0), watching)
    for question in watching.asked:
        view = question.view
        assert question.stage == "act" and np.isnan(view.totals).all()
        assert all((column == -1).all() for column in (view.team, view.mate, view.rank, view.members))


def test_scores_of_all_teams_are_told_where_the_knob_says_so():
    for scores, others in (("own", np.isnan), ("all", np.isfinite)):
        asked = world(scores=scores).start(0).ask()
        assert np.isfinite(asked.view.totals[[0, 1], [0, 0]]).all() and others(asked.view.totals[:, 1]).all()


def record(declared, place, seat=0):
    """What the opponent's record is in the second round of a match."""
    watching = Watching(declared)
    run = play(declared.start(0), watching)
    pair = run.agenda[place]
    found = [q for q in watching.asked if q.turn == 1 and q.individual.tolist() == [pair.first, pair.second]]
    return found[-1].view.record[seat].tolist(), found[-1].view.fame[seat].tolist()


@pytest.mark.parametrize(
    ("history", "of_13", "of_23"),
    [("none", [-1, -1], [-1, -1]), ("own", [0, 0], [0, 0]), ("team", [0, 2], [0, 0]), ("public", [0, 2], [0, 4])],
)
def test_a_match_history_is_ones_own_or_of_the_team_or_public(history, of_13, of_23):
    # Agenda of 2 x 2, two rounds each: 01 02 03 12 13 23. Before 13 individual 1 has met no act of 3, its team two
    # (03); individual 2, whose team is 3's own, knows of four before 23 only if all are public.
    declared = world(AllD(), teams=2, size=2, rounds=2, history=history)
    assert (record(declared, 4)[0], record(declared, 5)[0]) == (of_13, of_23)


@pytest.mark.parametrize(("reputation", "seen"), [("none", [-1, -1]), ("team", [0, 4]), ("public", [0, 6])])
def test_a_reputation_is_of_earlier_tournaments_and_private_to_a_team_or_public(reputation, seen):
    declared = world(AllD(), teams=2, size=2, rounds=2, tournaments=2, reputation=reputation)
    assert record(declared, 4)[1] == seen


# --------------------------------------------------------------------------- rules that read the past

PAYOFFS = ((3.0, -1.0), (5.0, 0.0))


@pytest.mark.parametrize(
    ("record", "fame", "seen"),
    [
        (None, None, UNKNOWN), ((0, 0), None, UNKNOWN), ((0, 0), (0, 0), UNKNOWN), ((1, 1), None, GOOD),
        ((1, 2), None, BAD), ((0, 0), (0, 1), BAD), (None, (3, 2), GOOD), ((0, 2), (3, 0), GOOD), ((2, 0), (0, 3), BAD),
    ],
)  # fmt: skip
def test_a_standing_is_the_majority_of_all_acts_that_are_shown(record, fame, seen):
    moment = Moment(PAYOFFS, record=record, fame=fame)
    assert standing(moment) == seen
    assert chance(Discriminator(), moment) == float(seen != BAD)
    # An own standing is told to nobody, so "good partner or bad self" comes to the same here.
    assert chance(OrDiscriminator(), moment) == chance(Discriminator(), moment)


@pytest.mark.parametrize("kind", KINDS)
def test_those_who_do_not_look_at_a_standing_play_as_without(kind):
    plain, shamed = Moment(PAYOFFS, ((0, 0),)), Moment(PAYOFFS, ((0, 0),), record=(0, 9), fame=(0, 9))
    looks = kind in (Discriminator, OrDiscriminator, Reciprocator)
    assert (chance(kind(), plain) != chance(kind(), shamed)) == looks


TRIO = (Discriminator(), AllD(), Coin())


def toward(run, deeds, seats=(0, 3)):
    """Share of cooperation of these seats toward those."""
    moves = [pair[side] for bout in run.bouts for side in (0, 1) for pair in bout.moves
             if (bout.pairing[2 + side] in seats and bout.pairing[3 - side] in deeds)]  # fmt: skip
    return 1 - sum(moves) / len(moves)


def mean(measure, declared, runs=5):
    return np.mean([measure(played(declared, seed=r)) for r in range(runs)])


def test_a_record_that_is_public_makes_defectors_be_met_with_less_cooperation():
    off, own, public, known = (
        world(*TRIO, **knobs)
        for knobs in ({}, {"history": "own"}, {"history": "public"}, {"history": "public", "unknown": "nobody"})
    )

    def refused(run):
        return toward(run, (1, 4))

    assert mean(refused, off) == mean(refused, own) == 1.0  # a pair meets once, so nobody has a record of its own
    # Ten matches with defectors of whom half have no record yet; the blind first round is one of the twenty.
    assert mean(refused, known) == 0.5 < mean(refused, public) == pytest.approx(0.525)
    for measure in ("mu_c", "payoff"):
        rates = [mean(lambda run, m=measure: run.measures()[m], declared) for declared in (off, public)]
        assert rates[0] > rates[1]


def test_a_record_of_ones_own_counts_from_the_second_meeting_on():
    plain, own = (played(world(*TRIO, rematches=2, budget=200, history=history)) for history in ("none", "own"))
    half = len(plain.bouts) // 2
    assert [bout.moves for bout in plain.bouts[:half]] == [bout.moves for bout in own.bouts[:half]]
    assert toward(plain, (1, 4)) == 1.0 > toward(own, (1, 4))


@pytest.mark.parametrize("reputation", ["team", "public"])
def test_a_reputation_follows_defectors_into_later_tournaments(reputation):
    plain, famed = (played(world(*TRIO, tournaments=3, reputation=told)) for told in ("none", reputation))
    third = len(plain.bouts) // 3
    assert [bout.moves for bout in plain.bouts[:third]] == [bout.moves for bout in famed.bouts[:third]]
    assert toward(plain, (1, 4)) == 1.0 > toward(famed, (1, 4)) + 0.5
    assert plain.measures()["mu_c"] > famed.measures()["mu_c"]
    # Defectors earn less by it.
    assert sum(plain.finals[2]["scores"][1::3]) > sum(famed.finals[2]["scores"][1::3])


def test_with_all_knobs_off_discriminators_cooperate_with_everybody():
    story = played(world(*TRIO)).story()
    assert story["matches"] == played(world(AllC(), *TRIO[1:])).story()["matches"]


# ------------------------------------------------------------------------ words and announcements


class Writing(Watching):
    """Writes who it is before each match."""

    def decide(self, question):
        if question.stage != "talk":
            return super().decide(question)
        return np.array([question.texts.number(f"I am {who}") for who in question.individual.tolist()])


def test_team_chat_is_read_by_the_own_team_alone():
    declared = world(chat=True)
    writing = Writing(declared)
    run = play(declared.start(0), writing)
    for question in writing.asked:
        for who, board in zip(question.individual.tolist(), question.view.board.tolist(), strict=True):
            writers = {int(run.texts[number].removeprefix("I am ")) for number in board if number}
            assert writers <= set(np.flatnonzero(run.team == run.team[who]).tolist())
    assert any((question.view.board > 0).all() for question in writing.asked)


def test_chat_shifts_no_draw():
    plain, talking = (played(world(Coin(p=0.5), slips=0.1, chat=chat)) for chat in (False, True))
    assert [bout.moves for bout in plain.bouts] == [bout.moves for bout in talking.bouts]


def test_a_deceiver_lies_as_often_as_it_may_and_is_then_held_to_its_word():
    free, held, none = (
        played(world(Deceiver(), condition="ri", rounds=1, pledges=True, deception=budget)) for budget in (-1, 2, 0)
    )
    assert free.measures()["broken"] == 1.0 and free.measures()["mu_osc"] == 0.0
    assert held.lies.tolist() == [2] * 6 and held.measures()["broken"] == pytest.approx(2 / 5)
    assert none.measures()["broken"] == 0.0 and none.measures()["mu_osc"] == 1.0
    assert sum(map(sum, (bout.bound for bout in held.bouts))) == 18


def test_lies_pay_against_those_who_trust_announcements():
    found = measures(world(Deceiver(), Truster(), teams=1, size=2, rounds=1, pledges=True, one_shot="yes"))
    assert found["gain_of_lies"] == 6.0  # 5 for the lie that was believed, -1 for the word that was kept


def test_a_liar_breaks_its_word_while_lies_are_left_and_is_never_held_to_it():
    budgets = (0, 1, 3, -1)
    runs = [played(world(Liar(), Truster(), TitForTat(), pledges=True, deception=budget)) for budget in budgets]
    lies = [sum(bout.lied[side] for bout in run.bouts for side in (0, 1)) for run in runs]
    assert lies == [0, 2, 6, 10]  # two liars with five matches each
    assert not any(any(bout.bound) for run in runs for bout in run.bouts)
    for measure in ("mu_osc", "mu_c", "payoff"):
        rates = [run.measures()[measure] for run in runs]
        assert rates == sorted(rates, reverse=True) and len(set(rates)) == 4
    assert runs[0].measures()["mu_c"] == 1.0 and runs[1].measures()["broken"] == pytest.approx(2 / 30)


def test_a_budget_of_lies_is_per_tournament():
    run = played(world(Liar(), AllC(), pledges=True, deception=2, tournaments=2, size=2))
    lies = [sum(sum(b.lied) for b in run.bouts if b.pairing.tournament == t) for t in (0, 1)]
    assert lies == [4, 4]


def test_a_liar_without_announcements_plays_what_it_plays():
    liar, honest = (played(world(kind, Coin())).story() for kind in (Liar(plays="wsls"), WinStayLoseShift()))
    assert liar["matches"] == honest["matches"]


def test_a_word_in_the_team_chat_raises_cooperation_within_teams_alone():
    seats = (Handshake(), Handshake(), AllD())
    silent, chatting = (measures(world(*seats, chat=chat)) for chat in (False, True))
    assert chatting["mu_c_intra"] > silent["mu_c_intra"] == 0.0
    assert chatting["mu_c_inter"] == silent["mu_c_inter"] == 0.0
    # Who says nothing is no friend: defectors of the own team are refused as well.
    assert toward(played(world(*seats, chat=True, unknown="nobody")), (2, 5), (0, 1, 3, 4)) == 0.0
    # Nobody can tell a mate in the blind first round; where mates are known it begins there.
    assert chatting["mu_osc_intra"] == 0.0 < measures(world(*seats, chat=True, unknown="rivals"))["mu_osc_intra"]
    alone = measures(world(*seats, condition="ri", chat=True))
    assert alone["mu_c"] == 0.0  # nobody is told of teams, so there is nobody to write to


# ------------------------------------------------------------------------------------- signatures


def test_the_coded_rate_weighs_early_moves_more():
    early = [0] + [1] * 19
    assert round(running_rate(early), 2) == 0.18 and np.mean([move == 0 for move in early]) == 0.05
    assert running_rate(early) == pytest.approx(sum(1 / t for t in range(1, 21)) / 20)


@pytest.mark.parametrize("helped", range(21))
def test_the_coded_rate_is_at_least_the_mean_of_early_cooperators(helped):
    moves = [0] * helped + [1] * (20 - helped)
    assert running_rate(moves) >= helped / 20


def test_team_mates_cooperate_more_in_sa_than_in_gc_by_composition_alone():
    mates = entries(Teammate(weight=1.0))
    sa, gc, ri = (measures(TeamTournament(condition=c, players=mates)) for c in ("sa", "gc", "ri"))
    assert sa["mu_c"] > gc["mu_c"] and sa["mu_c"] > ri["mu_c"]
    # The same goal with the same pairs as sa: nothing of the difference is left.
    control = measures(TeamTournament(condition="gc", pairs="all", players=mates))
    assert control["mu_c"] == sa["mu_c"] and sa["mu_c_inter"] == pytest.approx(gc["mu_c"], abs=0.06)


def test_team_mates_cooperate_within_their_team_and_not_across():
    found = measures(world(Teammate(weight=0.8)))
    assert found["mu_c_intra"] > 0.9 and found["mu_c_inter"] < 0.1
    assert found["mu_c_coded_intra"] > found["mu_c_coded_inter"]


def test_early_leavers_lower_the_overall_rate_and_not_the_first_moves():
    # Cooperators who leave take their rounds with them; matches among defectors go on.
    def found(after):
        return measures(world(Leaver(after=after), Leaver(after=after), AllD(), condition="ri"))

    stay, leave = found(20), found(1)
    assert leave["mu_osc"] == stay["mu_osc"] == pytest.approx(2 / 3) and leave["mu_c"] < stay["mu_c"] - 0.05


def test_repeated_interactions_of_tit_for_tat_depend_on_exit():
    rates = [
        measures(world(WalkAway(), WalkAway(), AllD(), condition="ri", exit=exit))["mu_c"] for exit in (False, True)
    ]
    # Walking away ends the rounds of mutual defection with the defectors.
    assert rates[1] > rates[0] + 0.2
    after = [measures(world(Leaver(after=n), AllD(), condition="ri", size=2))["mu_c"] for n in (1, 5, 20)]
    assert after == sorted(after)


def test_a_team_mate_cooperates_within_once_its_weight_makes_it_dominant():
    # With payoffs 3, -1, 5, 0: 3 + 3w >= 5 - w from w = 1/2, where 5w - 1 > 0 as well.
    assert [measures(world(Teammate(weight=w), unknown="nobody"))["mu_c_intra"] for w in (0.1, 0.51)] == [0.0, 1.0]


# -------------------------------------------------------------------------- it is a staged world


def test_a_run_follows_from_seed_and_replicate():
    declared = world(Coin(p=0.5), slips=0.1)
    once, again = played(declared, 3, 1).story(), played(declared, 3, 1).story()
    assert once == again
    assert once != played(declared, 3, 2).story() and once != played(declared, 4, 1).story()


def test_an_answer_that_is_not_permitted_changes_nothing():
    run = world().start(0)
    asked = run.ask()
    wrong = asked.choices.empty(2)
    wrong["action"] = 2
    with pytest.raises(PolicyError, match="action: row 0: 2 is not among 0 cooperate, 1 defect"):
        run.tell(wrong)
    assert run.ask() is asked and run.round == 0


def test_notes_are_kept_and_shown_again():
    run = world().start(0)
    asked = run.ask()
    number = asked.texts.number('{"plan": "reciprocate", "critique": "", "made": 0}')
    run.tell(Decision(asked.choices.empty(2), np.array([number, -1])))
    assert run.memo.tolist()[:2] == [number, 0] and run.story()["notes"][0]["plan"] == "reciprocate"


def test_nothing_is_asked_when_it_is_over():
    run = played(world(condition="none"))
    assert run.over and run.ask() is None and run.round == 15
    with pytest.raises(InputError, match="the tournament is over"):
        run.tell(np.zeros(2))


def test_the_bound_of_questions_holds_whatever_is_played():
    declared = world(Coin(p=0.5), chat=True, pledges=True, budget=35, tournaments=2, rematches=2)
    watching = Watching(declared)
    play(declared.start(0), watching)
    counts = {stage: 2 * sum(q.stage == stage for q in watching.asked) for stage in ("act", "talk", "pledge")}
    most = declared.most_questions()
    assert set(counts) == set(most) and all(counts[stage] <= most[stage] for stage in most)
    assert world().most_questions() == {"act": 600}


def test_players_are_declared_for_all_for_each_member_or_for_each_seat():
    by_member = world(AllC(), AllD(), size=2, teams=2).entries()
    assert [entry.strategy.kind for entry in by_member] == ["allc", "alld", "allc", "alld"]
    by_seat = world(AllC(), AllD(), AllD(), AllC(), size=2, teams=2).entries()
    assert [entry.strategy.kind for entry in by_seat] == ["allc", "alld", "alld", "allc"]
    fewer = world(AllC(), AllD(), size=3, teams=2).entries()
    assert [entry.strategy.kind for entry in fewer] == ["allc", "alld", "allc"] * 2
    more = world(AllC(), AllD(), TitForTat(), size=2, teams=3).entries()
    assert [entry.strategy.kind for entry in more] == ["allc", "alld", "tft"] * 2


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"players": ()}, "must have 1 to 6 entries"),
        ({"players": entries(*[AllC()] * 7)}, "must have 1 to 6 entries"),
        ({"condition": "gc", "teams": 1}, "nobody meets anybody between teams"),
        ({"pairs": "within", "size": 1}, "nobody meets anybody within teams"),
        ({"teams": 1, "size": 1}, "at least two individuals"),
        ({"teams": 20, "size": 20}, "at most 200 individuals"),
        ({"tournaments": 100, "rematches": 100}, "at most 20,000 matches"),
        ({"condition": "rivalry"}, "Input should be 'none', 'ri', 'gc' or 'sa'"),
        ({"rounds": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_played_is_refused(knobs, said):
    with pytest.raises(ValidationError, match=said):
        TeamTournament(**knobs)


@pytest.mark.parametrize(("seed", "replicate"), [(-1, 0), (0, -1), (1.5, 0), (True, 0)])
def test_a_seed_that_is_none_is_refused(seed, replicate):
    with pytest.raises(InputError, match="must be a whole number"):
        world().start(seed, replicate)
