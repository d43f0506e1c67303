"""One individual, one event: what the page says of them, and what it does to the world on show."""

import re
import threading

import numpy as np
import pytest
from playwright.sync_api import expect

from coop_abm import lab
from coop_abm.core.errors import CoopError
from coop_abm.dashboard.frames import World, frame
from coop_abm.dashboard.individual import Given, Tracer, moment_of, portrait, told
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.past import Past
from coop_abm.dashboard.session import Session
from coop_abm.dashboard.slow_motion import account
from coop_abm.dashboard.views.slow_motion import SlowMotion
from coop_abm.engine.lineage import give
from coop_abm.engine.measures import frozen
from coop_abm.engine.revisions import take_round
from coop_abm.engine.witness import foresee, parent_of
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from tests.parity.worlds import SELECTING

from .serving import DEADLINE, serving


def small(name="network", **changes):
    return replace(named(name), {key.replace("__", "."): value for key, value in changes.items()})


def ruled(kind):
    return {"kind": kind, "intensity": 0.3} if kind in SELECTING else {"kind": kind}


def declared(scenario, seed=0):
    rows = scenario.repertoire()
    drawn = layout(scenario, scenario.answers(seed), seed)
    return World(1, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), False)


def after(scenario, steps, seed=0):
    """(world, running, past) after so many time steps."""
    world, running, past = declared(scenario, seed), lab.start(scenario, seed), Past()
    past.append(frame(frozen(running.snapshot()), world, 0))
    for step in range(steps):
        running.step()
        past.append(frame(frozen(running.snapshot()), world, step + 1))
    return world, running, past


def strategies(running):
    return running.snapshot().strategy[0].copy()


# -------------------------------------------------------------------------------------------------- portraits


@pytest.mark.parametrize("name", ["network", "well_mixed", "all_five", "group", "families", "stern_judging"])
def test_a_portrait_says_what_the_snapshot_holds(name):
    scenario = small(name)
    world, running, past = after(scenario, 4)
    moment = frozen(running.snapshot())
    now = past.at(4)
    for row in (0, 5, scenario.size - 1):
        about = portrait(world, now, moment, row, past)
        assert about["payoff"] == pytest.approx(moment.payoff[0][row], rel=1e-3, abs=1e-12)
        assert about["strategy"] == (moment.strategy[0][row] if moment.alive[0][row] else -1)
        indptr, indices, _weight = moment.rows
        assert about["everybody"] == (len(indptr) == 0)
        if len(indptr):
            near = indices[indptr[row] : indptr[row + 1]].tolist()
            assert [n["row"] for n in about["neighbours"]] == near[:24] and about["degree"] == len(near)
            assert [n["strategy"] for n in about["neighbours"]] == moment.strategy[0][near[:24]].tolist()
        assert (about["standing"] != "") == (name in ("all_five", "stern_judging"))
        assert (about["group"] >= 0) == scenario.group.enabled
        assert (about["family"] >= 0) == (name == "families")
        if name == "network":
            assert len(about["strip"]) == 5 and about["strip"][-1] == about["strategy"]


def test_the_strip_is_the_strategy_over_time():
    world, running, past = after(small(), 12, seed=3)
    twin, seen = lab.start(small(), 3), []
    for step in range(13):
        seen.append(strategies(twin))
        if step < 12:
            twin.step()
    moment = frozen(running.snapshot())
    for row in range(0, 100, 7):
        assert portrait(world, past.at(12), moment, row, past)["strip"] == [int(s[row]) for s in seen]


def test_an_individual_of_ones_own_graph_is_called_by_its_label():
    import networkx as nx

    graph = nx.relabel_nodes(nx.cycle_graph(6), dict(enumerate(["Ada", "Bo", "Cy", "Di", "Ed", "Fay"])))
    world, running, past = after(lab.world("network", graph=graph), 1)
    about = portrait(world, past.at(1), frozen(running.snapshot()), 2, past)
    assert about["name"] == "2 (Cy)" and {n["name"] for n in about["neighbours"]} == {"1 (Bo)", "3 (Di)"}


# -------------------------------------------------------------------------------------------------- lineages


def ask(tracer, world, running, time, row, given=()):
    at = moment_of(running, frame(frozen(running.snapshot()), world, time))
    found = tracer.trace(world, at, row, given, lambda share: None)
    return found, told(found, world, row, at)


@pytest.mark.parametrize("name", ["network", "all_five"])
def test_a_lineage_leads_back_to_a_founder_of_the_same_strategy(name):
    world, running, _past = after(small(name), 8, seed=2)
    founders = strategies(lab.start(small(name), 2))
    tracer, drawn = Tracer(lab.start), 0
    for row in range(0, 100, 11):
        found, story = ask(tracer, world, running, 8, row)
        assert founders[found.founder] == strategies(running)[row]
        assert story["path"][:1] == [row] and story["path"][-1] == (found.founder if found.links else row)
        assert story["title"].startswith(f"Why did {row} ")
        assert any(str(found.founder) in s or not found.links for s in story["sentences"])
        drawn += len(story["path"]) > 1
    assert drawn > 3


def test_a_later_question_goes_on_from_the_earlier_one_and_an_earlier_one_begins_again():
    made = []

    def make(scenario, seed):
        made.append(seed)
        return lab.start(scenario, seed)

    tracer = Tracer(make)
    answers = {}
    for steps in (3, 9, 9, 4):
        world, running, _past = after(small(), steps, seed=1)
        answers[steps] = ask(tracer, world, running, steps, 17)[0]
    assert len(made) == 2
    world, running, _past = after(small(), 9, seed=1)
    assert ask(Tracer(lab.start), world, running, 9, 17)[0] == answers[9]


@pytest.mark.parametrize("name", ["network", "all_five"])
def test_what_the_reader_changed_is_part_of_the_lineage(name):
    scenario = small(name)
    world, running, _past = after(scenario, 3, seed=5)
    given = []
    for time in (3, 5):
        row = 40 + time
        other = (int(strategies(running)[row]) + 1) % len(world.names)
        give(running, row, other)
        given.append(Given(time, 0, row, other))
        running.step()
        running.step()
    tracer = Tracer(lab.start)
    founders = {ask(tracer, world, running, 7, row, tuple(given))[0].founder for row in range(100)}
    assert len(founders) > 5
    give(running, 9, (int(strategies(running)[9]) + 1) % len(world.names))  # and nobody says so
    with pytest.raises(CoopError, match="not its seed's own"):
        ask(tracer, world, running, 7, 3, tuple(given))


def test_single_events_are_traced_too():
    world, running, _past = after(small(), 2, seed=4)
    for _ in range(37):
        running.event()
    found, story = ask(Tracer(lab.start), world, running, 2, 11)
    assert strategies(lab.start(small(), 4))[found.founder] == strategies(running)[11]
    assert "generation" in story["title"]


def test_a_mixed_population_says_why_it_cannot_tell():
    world, running, _past = after(small("well_mixed"), 2)
    with pytest.raises(CoopError, match="are alike"):
        ask(Tracer(lab.start), world, running, 2, 3)


# -------------------------------------------------------------------------------------------------- one event in words


@pytest.mark.parametrize(
    "update", ["death_birth", "birth_death", "imitation", "pairwise_comparison", "proportional_imitation",
               "imitate_the_best"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["network", "well_mixed"])
def test_three_beats_tell_every_rule(update, name):
    scenario = small(name, update=ruled(update))
    world, running, _past = after(scenario, 1, seed=6)
    for _ in range(30):
        event = foresee(running)
        about = account(event, world, running.strategy, 1)
        shares = sum(r["share"] for r in about["rivals"]) + about["others"]["share"]
        assert shares == pytest.approx(1) and sum(r["chosen"] for r in about["rivals"]) == 1
        assert len(about["beats"]) == 3 and all(re.fullmatch(r"[A-Z].*[.]", words) for words in about["beats"])
        assert about["title"] == f"event {event.at + 1} of {scenario.size} in generation 2"
        assert about["places"] == {} or about["places"]["focus"] == event.first
        assert (name == "well_mixed") == (about["places"] == {})
        turns = about["beats"][2].endswith("still does.")
        assert turns == (event.before == event.after)
        running.event()


@pytest.mark.parametrize("update", ["death_birth", "birth_death", "imitation"])
def test_of_two_graphs_it_is_said_whose_neighbours_compete(update):
    scenario = small("network", update=ruled(update), **{"network.replacement": {"kind": "ring", "degree": 2}})
    world, running, _past = after(scenario, 1, seed=6)
    about = account(foresee(running), world, running.strategy, 1)
    near = {row["row"] for row in about["rivals"]}
    assert near == {(about["places"]["focus"] + d) % 100 for d in ((-1, 1) if update != "imitation" else (-1, 0, 1))}
    assert "on the graph of replacement" in about["beats"][1]


def test_groups_generations_and_rounds_are_told_too():
    world, running, _past = after(small("group"), 1)
    beats = set()
    for _ in range(40):
        try:
            beats.add(account(foresee(running), world, running.strategy, 1)["beats"][1][:12])
        except CoopError:
            break
        running.event()
    assert beats
    scenario = small("network", update=ruled("wright_fisher"))
    world, running, _past = after(scenario, 1)
    about = account(parent_of(running, 9), world, running.strategy, 1)
    assert len(about["rivals"]) <= 13 and about["others"]["count"] == 100 - len(about["rivals"])
    world, running, _past = after(small("all_five"), 1)
    before = strategies(running)
    played = take_round(running)
    about = account(played.event(3), world, before, 2)
    assert about["title"] == "individual 3 in round 2" and len(about["beats"]) == 3


# -------------------------------------------------------------------------------------------------- in a session


class Page:
    """Stands in for the widget: keeps what it is sent."""

    def __init__(self):
        self.heard, self.came = [], threading.Condition()

    def send(self, message):
        with self.came:
            self.heard.append(message)
            self.came.notify_all()

    def wait(self, count):
        with self.came:
            assert self.came.wait_for(lambda: len(self.heard) >= count, DEADLINE), self.heard
            return self.heard[count - 1]


def done(session):
    """Wait until every errand before this one was run."""
    over = threading.Event()
    session.perform(lambda *_world: over.set())
    assert over.wait(DEADLINE)


def test_events_in_slow_motion_and_a_step_are_a_generation_of_the_very_same_world():
    scenario = small()
    session = Session(scenario, 8, lab.start)
    session.open()
    page, slow = Page(), SlowMotion(session, lambda: None, lambda: None)
    while session.frame is None:
        done(session)
    slow._ready(page)
    slow._do({"what": "open"})
    for event in range(1, 38):
        message = page.wait(event)
        assert message["method"] == "event" and message["args"][0]["title"].startswith(f"event {event} of 100 in gen")
        slow._do({"what": "happen"})
        slow._do({"what": "next"})
    slow._do({"what": "close"})
    done(session)
    assert session.frame.time == 0
    session.advance(1)
    while session.frame.time < 1:
        done(session)
    straight = lab.start(scenario, 8)
    straight.step()
    held = []
    session.perform(lambda running, world, now: held.append((strategies(running), running.stream)))
    done(session)
    session.close()
    assert np.array_equal(held[0][0], straight.strategy) and held[0][1] == straight.stream
    assert np.array_equal(session.frame.state, straight.strategy)


def test_the_hundredth_event_ends_the_generation_and_the_clock_says_so():
    session = Session(small(), 3, lab.start)
    session.open()
    page, slow = Page(), SlowMotion(session, lambda: None, lambda: None)
    while session.frame is None:
        done(session)
    slow._ready(page)
    slow._do({"what": "open"})
    for event in range(1, 101):
        page.wait(event)
        slow._do({"what": "happen"})
        slow._do({"what": "next"})
    assert page.wait(101)["args"][0]["title"] == "event 1 of 100 in generation 2"
    done(session)
    session.close()
    assert session.frame.time == 1 and session.past.last == 1
    straight = lab.start(small(), 3)
    straight.step()
    assert np.array_equal(session.frame.state, straight.strategy)


def test_a_world_that_went_on_is_not_made_to_do_the_old_event():
    session = Session(small(), 3, lab.start)
    session.open()
    page, slow = Page(), SlowMotion(session, lambda: None, lambda: None)
    while session.frame is None:
        done(session)
    slow._ready(page)
    slow._do({"what": "open"})
    page.wait(1)
    session.advance(1)
    while session.frame.time < 1:
        done(session)
    slow._do({"what": "happen"})
    assert page.wait(2)["args"][0]["title"] == "event 1 of 100 in generation 2"
    done(session)
    session.close()
    assert session.frame.time == 1


# -------------------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


def test_slow_motion_and_an_individual_in_the_browser(visit, server, picture):
    page = visit(f"{server.url}?seed=7")
    page.wait_for_selector("canvas[aria-label*='percent']")
    page.keyboard.press("m")
    said = page.locator("[data-said]")
    expect(said).to_contain_text("Who dies?")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Who competes")
    shares = [float(text.rstrip(" %").lstrip("< ")) for text in page.locator(".coop-slow-share").all_text_contents()]
    assert len(shares) == 4 and sum(shares) == pytest.approx(100, abs=3)
    page.wait_for_selector("canvas.coop-marks")
    picture(page, "slow-motion")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Who wins?")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".coop-slow h2")).to_have_text("event 2 of 100 in generation 1")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-do=slow]")
    page.wait_for_selector("canvas.coop-marks", state="detached")
    page.fill("[data-do=number]", "44")
    page.click("[data-do=look]")
    expect(page.locator(".coop-one h2")).to_have_text("Individual 44")
    page.click("[data-near='45']")
    expect(page.locator(".coop-one h2")).to_have_text("Individual 45")
    before = page.locator(".coop-one-facts dd").first.inner_text()
    for step in range(1, 9):
        page.click("[data-do=step]")
        expect(page.locator(".coop-facts b").first).to_have_text(str(step))
    page.click("[data-do=why]")
    expect(page.locator("[data-story] h3")).to_contain_text("at generation 8?", timeout=DEADLINE * 1000)
    if page.locator("[data-do=path]").count():
        page.click("[data-do=path]")
        page.wait_for_selector("canvas.coop-marks")
    picture(page, "individual")
    held = page.locator(".coop-one-facts dd").first.inner_text()
    page.click("[data-do=flip]")
    expect(page.locator(".coop-status")).to_contain_text("not its seed's own any more")
    expect(page.locator(".coop-one-facts dd").first).not_to_have_text(held)
    page.click("[data-do=one-close]")
    page.wait_for_selector("[data-do=number]")
    assert before
