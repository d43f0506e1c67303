"""Somebody sits among the tables: the same dice, nothing to see but what the rules show, and a way out."""

import threading

import numpy as np
import pytest
from playwright.sync_api import expect

from coop_abm import lab
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import bets
from coop_abm.dashboard.offers import ALONE, CLASS, can_sit, fitted, offered, playable, strangers
from coop_abm.dashboard.seats import Closed, Seats
from coop_abm.dashboard.solo import HELPED, REFUSED, UNKNOWN, Solo
from coop_abm.engine.rounds import run
from coop_abm.scenario.library import named
from coop_abm.scenario.minds import Human
from coop_abm.scenario.players import Players
from coop_abm.sitting import Sitting

from .serving import DEADLINE, serving


class Recorded:
    """A table whose decisions can be read by whoever wants to decide alike."""

    def __init__(self, table):
        self.table, self.action = table, None

    def decide(self, question):
        self.action = self.table.decide(question)
        return self.action


class Answering:
    """Answers every question of a node at once, by a function of (asked, recorded table)."""

    def __init__(self, scenario, seed, node, choose):
        world = lab.start(scenario, seed)
        self.play, self.node, self.choose = world.play, node, choose
        self.table = Recorded(world.policy)
        self.seats = Seats(self.play, self.table, on_change=self.answer)
        self.seats.sit(node)
        self.asked = []

    def answer(self):
        found = self.seats.asking(self.node)
        if found:
            self.asked.append(found[0])
            assert self.seats.answer(self.node, found[0].key, self.choose(found[0], self.table.action))


def series(play, policy, rounds):
    rows = []
    for _ in range(rounds):
        run(play, policy, play.round + 1)
        rows.append((play.state.strategy.copy(), play.state.payoff.copy()))
    return rows


@pytest.mark.parametrize("name", ["all_five", "stern_judging"])
def test_a_person_who_decides_as_its_table_would_changes_nothing(name):
    scenario = playable(named(name))
    game = Answering(scenario, 5, 12, lambda asked, action: int(action[asked.row]))
    alone = lab.start(scenario, 5)
    for mine, other in zip(series(game.play, game.seats, 6), series(alone.play, alone.policy, 6), strict=True):
        assert np.array_equal(mine[0], other[0]) and np.array_equal(mine[1], other[1])
    assert game.asked


def test_until_the_person_acts_otherwise_the_dice_are_the_same_elsewhere():
    scenario = playable(named("stern_judging"))
    other_way = Answering(scenario, 5, 12, lambda asked, action: 1 - int(action[asked.row]))
    alone = lab.start(scenario, 5)
    before, after = other_way.play, alone.play
    assert np.array_equal(before.state.strategy, after.state.strategy)  # one start
    assert np.array_equal(before.met.member, after.met.member)  # and the same meetings
    run(before, other_way.seats, 3)
    run(after, alone.policy, 3)
    assert not np.array_equal(before.state.payoff, after.state.payoff)


def test_an_answer_that_comes_late_or_makes_no_sense_counts_for_nothing():
    game = Answering(playable(named("all_five")), 1, 0, lambda asked, action: 0)
    run(game.play, game.seats, 2)
    seats = game.seats
    assert not seats.answer(0, game.asked[-1].key, 0)
    assert not seats.answer(0, 10**9, 0) and not seats.answer(3, 1, 0) and not seats.answer(0, 1, 7)


def waiting(scenario, seed=1, node=0, **more):
    """A world that waits for its person, in a thread; (seats, thread, what it ended with)."""
    world, asked, ended = lab.start(scenario, seed), threading.Event(), []
    seats = Seats(world.play, world.policy, **more)
    seats._on_change = lambda: asked.set() if seats.asking(node) else None
    seats.sit(node)

    def work():
        try:
            run(world.play, seats, 1)
        except Closed:
            ended.append("closed")
        else:
            ended.append("over")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert asked.wait(DEADLINE)
    return seats, thread, ended


@pytest.mark.parametrize(
    ("does", "end"),
    [("close", "closed"), ("leave", "over"), ("hurry", "over"), ("away", "over")],
)  # fmt: skip
def test_a_waiting_world_is_told_when_nobody_will_answer(does, end):
    seats, thread, ended = waiting(strangers(2))
    {"close": seats.close, "leave": lambda: seats.leave(0), "hurry": seats.hurry,
     "away": lambda: seats.away(0, True)}[does]()  # fmt: skip
    thread.join(DEADLINE)
    assert ended == [end]


def test_when_time_is_up_the_table_plays_and_it_is_counted():
    seats, thread, ended = waiting(strangers(2), patience=0.01)
    thread.join(DEADLINE)
    assert ended == ["over"] and seats.missed[0] >= 5


def test_a_paused_world_goes_on_waiting():
    seats, thread, ended = waiting(strangers(2), patience=30.0)
    seats.pause(True)
    assert seats.seconds is None
    seats.pause(False)
    assert 0 < seats.seconds <= 30
    seats.close()
    thread.join(DEADLINE)
    assert ended == ["closed"]


# ------------------------------------------------------------------------------- one person's game


def played(game, choose=lambda ask: 0):
    """A game to its end; what was seen at each question."""
    changed, seen = threading.Event(), []
    game.on_begun = game.on_change = changed.set
    game.open()
    while game.seen().phase not in ("over", "failed"):
        assert changed.wait(DEADLINE)
        changed.clear()
        now = game.seen()
        if now.about.get("ask"):
            seen.append(now)
            game.answer(now.about["ask"]["key"], choose(now.about["ask"]))
    return seen, game.seen()


def test_strangers_are_named_when_the_game_is_over_and_not_before():
    seen, end = played(Solo(strangers(3), 1, 0, 1))
    for now in seen:
        assert now.about["strangers"] == [] and now.about["summary"] is None
        assert not any(word in str(now.about) for word in ("tft", "alld", "allc", "grim", "wsls", "tit"))
    assert {s["name"] for s in end.about["strangers"]} == {"tft", "alld", "allc", "grim", "wsls"}
    defector = next(s for s in end.about["strangers"] if s["name"] == "alld")
    assert defector["helped"] == 0 and defector["words"] == "Always defects."
    summary = end.about["summary"]
    assert summary["help"] == 1.0 and summary["theory"].startswith("Theory is silent")
    assert {e["name"] for e in summary["earned"]} == {"tft", "alld", "allc", "grim", "wsls"}


def test_what_others_did_is_seen_only_by_whom_they_met():
    seen, end = played(Solo(offered("ring", ALONE).make(0), 4, 7, 3), choose=lambda ask: ask["number"] % 2)
    assert set(seen[0].state.tolist()) == {UNKNOWN}
    known = np.flatnonzero(end.state != UNKNOWN)
    assert known.tolist() == [6, 8] and set(end.state[known]) <= {HELPED, REFUSED}
    partners = [met["partner"] for row in end.about["strip"] for met in row["met"]]
    assert sorted(partners) == [6, 6, 6, 8, 8, 8]


def test_strangers_of_a_long_game_are_named_after_five_rounds():
    seen, _end = played(Solo(offered("ring", ALONE).make(0), 4, 7, 7))
    named_in = {now.about["round"] for now in seen if now.about["strangers"]}
    assert named_in == {6, 7}


def test_who_leaves_is_told_of_the_rounds_that_were_played_and_the_table_plays_on():
    game = Solo(offered("ring", ALONE).make(0), 4, 7, 4)

    def choose(ask):
        if game.play.round == 2:
            game.leave()
        return 0

    _seen, end = played(game, choose)
    assert end.phase == "over" and game.play.round == 4
    assert end.about["summary"]["left"] and end.about["summary"]["rounds"] == 2
    assert len(end.about["strip"]) == 2


def test_a_closed_game_ends_its_thread():
    game, asked = Solo(strangers(1), 1, 0, 1), threading.Event()
    game.on_change = lambda: asked.set() if game.seen().about["ask"] else None
    game.open()
    assert asked.wait(DEADLINE)
    thread = next(t for t in threading.enumerate() if t.name == "coop_abm-play")
    game.close()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_the_account_counts_what_everybody_did():
    world = lab.start(playable(named("all_five")), 2)
    past = Sitting(world.play, world.policy, [3]).round()
    assert past.deeds[:, 0].sum() == past.acts[0] and past.deeds[:, 1].sum() == past.acts[1]


# ------------------------------------------------------------------------------- worlds on offer


@pytest.mark.parametrize("offer", {o.name: o for o in ALONE + CLASS}.values(), ids=lambda o: o.name)
def test_every_world_on_offer_can_be_played(offer):
    world = lab.start(playable(offer.make(1)), 1)
    world.step()
    if offer.name != "strangers":
        assert fitted(offer.make(1), 33).size >= 33
        assert fitted(offer.make(1), 3) == offer.make(1)


@pytest.mark.parametrize(
    ("scenario", "said"),
    [(lambda: named("kin"), "clock: must be round"),
     (lambda: named("all_five").model_copy(update={"talk": "first"}), "talk: must be never"),
     (lambda: named("all_five").model_copy(update={"size": 20_000}), "size must be at most 10,000")],
)  # fmt: skip
def test_a_world_that_nobody_can_sit_in_is_refused_in_a_sentence(scenario, said):
    with pytest.raises(ScenarioError, match=said):
        playable(scenario())


def test_only_a_world_that_can_be_sat_in_is_chosen_beforehand():
    assert not can_sit(named("network")) and can_sit(named("all_five"))
    assert not can_sit(named("all_five").model_copy(update={"talk": "first"}))


def test_a_seat_that_the_scenario_keeps_for_a_human_gets_a_table_to_come_back_to():
    declared = named("all_five").model_copy(update={"players": (Players(), Players(nodes=(3,), policy=Human()))})
    assert all(entry.policy.tabled for entry in playable(declared).players)


def test_a_node_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="node must be"):
        Solo(strangers(0), 0, 6, 1)


def test_each_bet_has_an_answer_of_its_own_to_each_outcome():
    said = {bets.answer(bet, happened) for bet in bets.BETS for happened in bets.BETS}
    assert len(said) == 9 and "" not in said
    assert [bets.outcome(shares) for shares in ([0, 0.9, 0.8, 0.7], [0.5], [1, 1, 1, 0, 0.1, 0.2], [])] == [
        "most", "some", "few", ""]  # fmt: skip


# ------------------------------------------------------------------------------- in the browser


@pytest.fixture(scope="module")
def server():
    with serving("network") as running:
        yield running


def test_a_person_plays_by_keyboard_to_the_end_and_learns_who_the_strangers_were(server, visit, picture):
    page = visit(server.url + "play")
    page.wait_for_selector("[data-do=world]")
    picture(page, "play_choose")
    assert page.input_value("[data-do=world]") == "all_five"  # the Lab's is on the event clock: nobody sits there
    page.click("[data-offer=strangers]")
    page.wait_for_selector("[data-act='0']:enabled")
    for turn in range(400):
        if page.locator("[data-part=summary]").count():
            break
        page.keyboard.press("1" if turn % 3 else "ArrowRight")
        page.wait_for_selector("[data-act='0']:enabled, [data-part=summary]")
        if turn == 8:
            picture(page, "play_asked")
    expect(page.locator("[data-part=strangers] tr")).to_have_count(5)
    assert "alld" in page.inner_text("[data-part=summary]")
    assert "you" in page.inner_text("[data-part=summary] tr.mine")
    picture(page, "play_over")
    page.click("[data-do=again]")
    page.wait_for_selector("[data-offer=strangers]")


def test_a_seat_in_a_world_on_the_event_clock_is_a_sentence_and_a_button(server, visit, picture):
    page = visit(server.url + "play?node=12&scenario=kin&seed=3", dark=True, width=900)
    page.wait_for_selector("[role=alert]")
    assert "clock: must be round" in page.inner_text("[role=alert]")
    page.click("[data-do=clock]")
    page.wait_for_selector("[data-act='1']:enabled")
    page.click("[data-act='1']")
    page.wait_for_function("document.querySelector('.coop-round h1').innerText.startsWith('Round')")
    picture(page, "play_dark")
    page.click("[data-do=leave]")
    page.wait_for_selector("[data-part=summary]")
    assert "You left" in page.inner_text("[data-part=summary]")
