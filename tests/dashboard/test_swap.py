"""A language model takes over one individual of the world on show: from there on, and only when the reader says so."""

import time

import numpy as np
import pytest
from playwright.sync_api import expect

from coop_abm import lab
from coop_abm.dashboard.money import Purse
from coop_abm.dashboard.session import Other, Session
from coop_abm.llm import transcript
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.scenario.minds import Model
from tests.llm.faulty import Faulty

from .serving import DEADLINE, serving

ROW, SEED, BEFORE = 11, 5, 4


def small(**changes):
    return replace(named("kin"), {"clock": "round", "size": 20, **changes})


def until(so):
    end = time.monotonic() + DEADLINE
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def purse(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nothing")
    return Purse(journal=tmp_path / "journal.sqlite")


@pytest.fixture
def session(purse):
    """A world that has gone on for a few rounds."""
    made = Session(small(), SEED, purse.start)
    made.open()
    stepped(made, BEFORE)
    yield made
    made.close()
    purse.close()


def stepped(session, steps):
    until(lambda: session.frame is not None)
    at = session.frame.time + steps
    session.advance(steps)
    until(lambda: session.frame.time >= at or session.status.error)


def swap(session, model, row=ROW):
    session.swap(row, model)
    until(lambda: session.status.error or (session.status.world.scenario.minded and not session.status.doing))


def test_the_world_goes_on_where_it_was_with_one_who_is_asked(session, purse):
    before, points = session.frame, session.points[0]
    swap(session, Model(model="stand-in/alld"))
    assert not session.status.error and session.frame.time == before.time == BEFORE
    differ = np.flatnonzero(np.asarray(session.frame.state) != np.asarray(before.state))
    assert len(differ) == 1 and session.status.world.names[-1] == "stand-in/alld"
    assert [point[:-1] for point in session.points[0][:-1]] == points[:-1]
    assert {len(point) for point in session.points[0]} == {len(points[0]) + 1}
    assert session.points[0][-1][-1] == 0.0 or session.points[0][-1][0] == BEFORE
    assert "stand-in/alld (a strategy played by a server, no language model) decides for individual 11" in (
        session.status.said
    )
    stepped(session, 1)
    assert not session.status.error and session.frame.time == BEFORE + 1
    (run,) = transcript.runs(purse.journal)
    asked = list(transcript.calls(purse.journal, run.name))
    assert 0 < len(asked) < 20 and {call.request.address.round for call in asked} == {BEFORE}


def test_as_its_table_would_is_the_world_without_it(session):
    """Stand-ins of what everybody holds: pictures with the new strategy painted as the old one are those of before."""
    held = session.status.world.names[int(session.frame.state[ROW])]
    swap(session, Model(model=f"stand-in/{held}"))
    stepped(session, 3)
    twin = lab.start(small(), SEED)
    for _ in range(BEFORE + 3):
        twin.step()
    number = [twin.play.repertoire.names.index(name.removeprefix("stand-in/")) for name in session.status.world.names]
    assert (np.array(number)[np.asarray(session.frame.state)] == twin.snapshot().strategy[0]).all()


def test_nothing_is_sent_before_the_reader_said_so_and_then_it_goes_on_from_there(session, purse):
    with Faulty() as server:
        mind = Model(
            model="openai/some-model", api_base=server.base, price_input=1.0, price_output=1.0, fallback="random"
        )
        swap(session, mind)
        stepped(session, 1)
        assert "openai/some-model would be asked now" in session.status.error
        assert server.count == 0 and session.frame.time == BEFORE
        purse.confirm(session.status.world.scenario, 1, 50)
        session.permitted()
        until(lambda: not session.status.error and not session.status.doing)
        assert session.frame.time == BEFORE
        stepped(session, 1)
        assert not session.status.error and session.frame.time == BEFORE + 1
        assert 0 < server.count == purse.spent.calls <= 50
        session.reset()
        until(lambda: session.frame.time == 0)
        assert session.status.world.scenario.players[-1].nodes == (ROW,)


def test_what_cannot_be_is_a_sentence_and_the_world_goes_on(session):
    world = session.status.world
    swap(session, Model(model="stand-in/nobody"))
    assert "stand-in" in session.status.error and "nobody" in session.status.error
    assert session.status.world == world and session.status.wanted == world.scenario
    session.compare(Other("kin.relatedness", 0.1))
    until(lambda: session.beside is not None and not session.status.doing)
    session.swap(ROW, Model(model="stand-in/tft"))
    until(lambda: session.status.error)
    assert "Two worlds stand side by side" in session.status.error
    session.compare(None)
    until(lambda: session.beside is None and not session.status.doing)
    stepped(session, 1)
    swap(session, Model(model="stand-in/tft"))
    session.swap(3, Model(model="stand-in/alld"))
    until(lambda: session.status.error)
    assert "decides in this world already" in session.status.error


# -------------------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("kin") as running:
        yield running


def test_a_model_is_put_into_a_world_that_runs_by_its_panel(visit, server, picture):
    page = visit(f"{server.url}?seed=7&clock=round&size=36")
    page.wait_for_selector("canvas[aria-label*='percent']")
    for step in (1, 2, 3):
        page.click("[data-do=step]")
        expect(page.locator(".coop-facts b").first).to_have_text(str(step))
    page.fill("[data-do=number]", "8")
    page.click("[data-do=look]")
    expect(page.locator(".coop-one h2")).to_have_text("Individual 8")
    page.click("[data-do=swap-open]")
    page.fill("[data-do=model]", "no such model")
    page.click("[data-do=swap]")
    expect(page.locator(".coop")).to_contain_text("must be the name of a model, without blanks; got 'no such model'")
    page.fill("[data-do=model]", "stand-in/alld")
    picture(page, "model_takes_over")
    page.click("[data-do=swap]")
    expect(page.locator(".coop-status")).to_contain_text("decides for individual 8", timeout=DEADLINE * 1000)
    expect(page.locator(".coop-facts b").first).to_have_text("3")
    expect(page.locator(".coop-one-facts dd").first).to_contain_text("stand-in/alld")
    expect(page.locator("[data-do=swap-open]")).to_be_disabled()
    page.click("[data-do=step]")
    expect(page.locator(".coop-facts b").first).to_have_text("4", timeout=DEADLINE * 1000)
    picture(page, "model_took_over")


def test_on_the_event_clock_the_button_says_why_not(visit, server):
    page = visit(f"{server.url}?seed=7")
    page.wait_for_selector("canvas[aria-label*='percent']")
    page.fill("[data-do=number]", "8")
    page.click("[data-do=look]")
    button = page.locator("[data-do=swap-open]")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute(
        "title", "On the event clock nobody is asked; with clock = round anybody can decide."
    )
