"""What Home shows, without a browser: cards, tiles, miniatures, and checks that wait for each other."""

import threading
from urllib.parse import urlsplit

import numpy as np
import pytest

from coop_abm.core.errors import TheoryError
from coop_abm.dashboard import cards, links
from coop_abm.dashboard.miniatures import MOMENTS, miniature
from coop_abm.dashboard.pages import home
from coop_abm.dashboard.pages.home import Shown
from coop_abm.dashboard.visit import Visit
from coop_abm.opened import opened
from coop_abm.presets import PRESETS, Outcome
from coop_abm.scenario.library import named

PATIENCE = 60


def test_the_five_rules_stand_in_their_order_each_with_a_world_in_which_it_alone_is_on():
    assert [card.rule for card in cards.CARDS] == ["network", "kin", "direct", "indirect", "group"]
    for card in cards.CARDS:
        assert PRESETS[card.preset].scenario.active == (card.rule,)


def test_the_numbers_of_a_card_are_those_of_its_world():
    said = {card.rule: card.here.replace("<i>", "").replace("</i>", "") for card in cards.CARDS}
    worlds = {card.rule: PRESETS[card.preset].scenario for card in cards.CARDS}
    assert {world.game.benefit / world.game.cost for world in worlds.values()} == {3.0}
    assert said["network"].startswith(f"b/c = 3, k = {worlds['network'].network.graph.neighbours}: defectors")
    assert worlds["kin"].kin.relatedness == 0.5 and "r = 1/2" in said["kin"]
    assert f"w = {worlds['direct'].direct.continuation}" in said["direct"]
    assert f"q = {worlds['indirect'].indirect.visibility}" in said["indirect"]
    group = worlds["group"]
    assert f"n = {group.group.size}, m = {group.size // group.group.size}:" in said["group"]


def test_every_link_of_the_page_opens_the_world_of_its_preset():
    shown = [(card["preset"], card["href"]) for card in cards.cards()]
    shown += [(p["name"], p["href"]) for theme in cards.themes() for p in theme["presets"]]
    assert {name for name, _href in shown} == set(PRESETS)
    for name, href in shown:
        split = urlsplit(href)
        found = links.read(split.query, named("well_mixed"), 0)
        assert (split.path, found) == ("/lab", links.Linked(PRESETS[name].scenario, PRESETS[name].seed, ""))


@pytest.mark.parametrize("card", cards.CARDS, ids=lambda card: card.rule)
def test_a_miniature_is_the_run_of_its_preset_from_start_to_end(card):
    film, preset = miniature(card.preset), PRESETS[card.preset]
    assert film.states.shape == (len(film.states), len(film.drawn.places)) and 2 < len(film.states) <= MOMENTS
    helpers = [k for k, s in enumerate(film.about["strategies"]) if s["helper"]]
    living = film.states != 255
    share = np.array([np.isin(now[here], helpers).mean() for now, here in zip(film.states, living, strict=True)])
    assert share[0] == pytest.approx(0.5, abs=0.01)
    assert abs(share[-1] - preset.check.expected) <= 0.05
    assert film.about["said"].startswith("a recorded run: cooperators go from 50 to ")
    assert [len(b) for b in film.buffers] == [
        8 * len(film.drawn.places),
        8 * len(film.drawn.edges),
        0,
        film.states.size,
    ]


def test_a_miniature_is_recorded_once_for_all_who_look():
    found = []
    threads = [threading.Thread(target=lambda: found.append(miniature("relatives"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == 4 and all(film is found[0] for film in found)


# ------------------------------------------------------------------------------ checks on demand


@pytest.fixture
def shown():
    page = Shown(Visit(opened(None)))
    page.settled = threading.Event()
    page.refresh = lambda: None if page.job.now.working else page.settled.set()
    yield page
    page.close()


def settles(page):
    assert page.settled.wait(PATIENCE)


def test_a_check_is_run_when_asked_for_and_says_ours_against_the_expected(shown):
    shown.on_check("kaleidoscope")
    settles(shown)
    words = "our run agrees: 1.000 against 1.000, seed 1"
    assert shown.checks == {"kaleidoscope": {"state": "done", "agrees": True, "words": words}}


def test_checks_wait_for_each_other_and_nobody_is_checked_twice_at_once(shown, monkeypatch):
    begun, go, asked = threading.Event(), threading.Event(), []

    def slow(preset, seed=None, progress=None):
        asked.append(preset.name)
        begun.set()
        assert go.wait(PATIENCE)
        return Outcome(1.0, preset.name != "cycle", 1)

    monkeypatch.setattr(home, "verify", slow)
    shown.on_check("relatives")
    assert begun.wait(PATIENCE)
    for name in ("cycle", "relatives", "nobody", "cycle"):
        shown.on_check(name)
    assert {n: check["state"] for n, check in shown.checks.items()} == {"relatives": "working", "cycle": "waiting"}
    shown.settled.clear()
    go.set()
    settles(shown)
    assert asked == ["relatives", "cycle"]
    assert {n: check["agrees"] for n, check in shown.checks.items()} == {"relatives": True, "cycle": False}


def test_all_checks_can_be_stopped_and_what_was_found_stays(shown, monkeypatch):
    second, go = threading.Event(), threading.Event()

    def slow(preset, seed=None, progress=None):
        if preset.name != next(iter(PRESETS)):
            second.set()
            assert go.wait(PATIENCE)
            progress(1)
        return Outcome(1.0, True, 1)

    monkeypatch.setattr(home, "verify", slow)
    shown.on_check("all")
    assert second.wait(PATIENCE)
    shown.on_stop()
    go.set()
    assert list(shown.checks) == [next(iter(PRESETS))] and not shown.job.now.working
    monkeypatch.setattr(home, "verify", lambda preset, seed=None, progress=None: Outcome(1.0, True, 1))
    shown.settled.clear()
    shown.on_check("cycle")
    settles(shown)
    assert shown.checks["cycle"]["agrees"]


def test_a_check_that_fails_says_one_sentence_and_the_next_one_runs(shown, monkeypatch):
    def broken(preset, seed=None, progress=None):
        raise TheoryError("nothing is known")

    monkeypatch.setattr(home, "verify", broken)
    shown.on_check("cycle")
    settles(shown)
    assert (shown.job.now.error, shown.checks) == ("nothing is known", {})
    monkeypatch.setattr(home, "verify", lambda preset, seed=None, progress=None: Outcome(1.0, True, 1))
    shown.settled.clear()
    shown.on_check("cycle")
    settles(shown)
    assert shown.checks["cycle"]["agrees"]


def test_only_worlds_of_the_page_are_opened(shown):
    went = []
    shown.visit.go = went.append
    shown.on_go("/transcripts?run=/etc")
    shown.on_go(cards.CARDS and cards.cards()[0]["href"])
    assert went == [cards.cards()[0]["href"]]
