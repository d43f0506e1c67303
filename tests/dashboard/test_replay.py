"""A run in one file is the run, and the file needs nothing else."""

import base64
import hashlib
import json
import re
import zlib

import numpy as np
import pytest
from playwright.sync_api import expect

from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.dashboard import replay as replays
from coop_abm.dashboard.frames import World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.replay import fingerprint, replay, replay_of
from coop_abm.engine.measures import frozen
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named


def played(scenario, steps, seed=3):
    running = lab.start(scenario, seed)
    rows = scenario.repertoire()
    world = World(
        1, scenario, seed, layout(scenario, scenario.answers(seed), seed), rows.names, tuple(rows.helper.tolist()), True
    )
    frames = [frame(frozen(running.snapshot()), world, 0)]
    for step in range(1, steps + 1):
        running.step()
        frames.append(frame(frozen(running.snapshot()), world, step))
    return world, frames


def read(page):
    """(what is said, places, edges, states) of a file."""
    about = json.loads(re.search(r'id="about">(.*?)</script>', page, re.S)[1])
    body = zlib.decompress(base64.b64decode(re.search(r'id="body">(.*?)</script>', page, re.S)[1]))
    count, edges = about["places"], about["edges"]
    places = np.frombuffer(body, "<u2", 2 * count).reshape(-1, 2) / 65535
    found, at = [], 4 * count
    for many in (edges, about["beyond"]):
        first, over = np.frombuffer(body, "<i4", 2 * many, at).reshape(2, -1)
        found.append(np.column_stack([np.cumsum(first), np.cumsum(first) + over]))
        at += 8 * many
    states = np.frombuffer(body, np.uint8, offset=at).reshape(-1, count).copy()
    for t in range(len(states)):
        if t % about["key"]:
            states[t] ^= states[t - 1]
    return about, places, found, states


WORLDS = [
    named("network"), named("group"), named("families"), named("stern_judging"),
    replace(named("network"), {"network.replacement": "watts_strogatz"}),
    replace(named("network"), {"network.graph": "superstar", "update": "birth_death", "game.benefit": 0.0}),
]  # fmt: skip


@pytest.mark.parametrize("scenario", WORLDS, ids=["network", "group", "families", "rounds", "two_graphs", "arrows"])
def test_what_the_file_holds_is_the_run(scenario):
    world, frames = played(scenario, 60)
    about, places, edges, states = read(replay(world, frames))
    assert (states == [f.state for f in frames]).all()
    assert about["last"] == fingerprint(frames[-1].state) == hashlib.sha256(states[-1].tobytes()).hexdigest()[:16]
    assert about["times"] == list(range(61)) and np.abs(places - world.layout.places).max() < 1e-4
    for read_back, drawn in zip(edges, (world.layout.edges, world.layout.beyond), strict=True):
        assert sorted(map(tuple, read_back)) == sorted(map(tuple, drawn))
    assert about["arrows"] == world.layout.arrows
    assert f"Seed 3, {about['unit']}s 0 to 60" in about["caption"] and "@misc{coop_abm" in about["references"]
    assert about["verdict"].startswith(("b/c = ", "Theory is silent"))


def test_a_thousand_individuals_over_five_hundred_generations_are_less_than_a_megabyte():
    world, frames = played(replace(named("network"), {"size": 1000, "update.intensity": 0}), 500)
    page = replay(world, frames, theory="", references="")
    assert len(page.encode()) < 1_000_000
    assert fingerprint(read(page)[3][-1]) == fingerprint(frames[-1].state)


def test_even_noise_fits():
    world, frames = played(named("network"), 1)
    dice = np.random.default_rng(0)
    noise = [frames[0]._replace(time=t, state=dice.integers(2, size=100).astype(np.uint8)) for t in range(5000)]
    page = replay(world, noise, theory="", references="")
    assert len(page) < 1_000_000 and (read(page)[3] == [f.state for f in noise]).all()


def test_a_run_that_is_too_long_keeps_every_second_picture_and_the_last(monkeypatch):
    world, frames = played(named("network"), 40)
    monkeypatch.setattr(replays, "LARGEST", 41 * 100 - 1)
    about, *_, states = read(replay(world, frames, theory=""))
    assert about["times"] == list(range(0, 41, 2)) and "Every 2 generations one picture" in about["caption"]
    assert (states[-1] == frames[-1].state).all()


def test_nothing_that_somebody_wrote_becomes_part_of_the_page():
    bad = "</script><img src=x onerror=alert(1)>&<b>$title"
    world, frames = played(named("network"), 2)
    world = world._replace(scenario=world.scenario.model_copy(update={"name": bad}))
    page = replay(world, frames, theory=bad, caption=bad, references=bad)
    assert bad not in page and page.count("</script>") == 3 and "<img" not in page
    assert read(page)[0]["caption"] == bad  # and yet it is said as it was written


def test_the_file_names_no_other_file_and_forbids_every_request():
    page = replay_of(named("network"), 1, 3)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy == "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    assert not re.search(r"\b(src|href)=|@import|url\(|fetch\(|XMLHttpRequest|WebSocket", page)
    assert page == replay_of(named("network"), 1, 3)


def test_what_cannot_be_shown_is_refused_in_a_sentence():
    world, frames = played(named("network"), 1)
    with pytest.raises(InputError, match="replay: there is no frame to show"):
        replay(world, [])
    with pytest.raises(InputError, match="every frame must have 100 places"):
        replay(world, [frames[0]._replace(state=frames[0].state[:5])])


def test_the_file_plays_in_a_browser_from_the_disk(visit, picture, tmp_path):
    """At a desk in the light, and on a telephone in the dark; no request but for the file itself."""
    world, frames = played(named("network"), 80)
    (tmp_path / "run.html").write_text(replay(world, frames), encoding="utf-8")
    for dark, width in ((False, 1280), (True, 360)):
        asked = []
        page = visit("about:blank", dark=dark, width=width, height=760)
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto((tmp_path / "run.html").as_uri())
        expect(page.locator("#time")).to_have_text("generation 0")
        assert (
            page.evaluate("Array.from(coop.replay.states[coop.replay.states.length - 1])") == frames[-1].state.tolist()
        )
        page.locator("#scrub").evaluate("e => { e.value = 50; e.dispatchEvent(new Event('input')); }")
        assert page.locator("#time").inner_text() == "generation 50"
        assert page.locator("#share").inner_text() == f"{100 * frames[50].cooperators:.0f} % cooperate"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.classList.contains('coop-dark')") == dark
        picture(page, f"replay_{width}")
        page.click("#play")
        expect(page.locator("#time")).to_have_text(re.compile(r"generation (5[5-9]|[67]\d|80)"))
        if page.locator("#play").inner_text() != "▶ Play":  # it may have come to its end by itself
            page.click("#play")
        expect(page.locator("#play")).to_have_text("▶ Play")
        assert asked == [(tmp_path / "run.html").as_uri()]
