"""The Lab in a browser: going back, a second world, a saved state, what is said while one waits."""

import re

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def tab(visit, server):
    """A function: query -> the page, its picture drawn."""

    def opened(query="", **more):
        page = visit(f"{server.url}?{query}" if query else server.url, **more)
        page.wait_for_selector("canvas[aria-label*='percent']")
        return page

    return opened


PIXELS = """(which) => {
  const c = document.querySelectorAll(".coop-picture")[which].querySelector("canvas");
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let hash = 0;
  for (let i = 0; i < d.length; i += 4) hash = (hash * 31 + d[i] * 7 + d[i + 1] * 5 + d[i + 2]) | 0;
  return hash;
}"""


def pixels(page, which=0):
    return page.evaluate(PIXELS, which)


def do(page, name):
    page.click(f"[data-do={name}]")


def stands_at(page, words):
    expect(page.locator(".coop-scrub output")).to_have_text(re.compile(words), timeout=DEADLINE * 1000)


def becomes(page, which, hash):
    page.wait_for_function(f"([which, hash]) => ({PIXELS})(which) === hash", arg=[which, hash])


NEUTRAL = "scenario=network&update__intensity=0&seed=2"


def test_the_way_back_shows_what_was_and_the_same_happens_again(tab, picture):
    page = tab(NEUTRAL)
    pictures = []
    for generation in (1, 2, 3, 4):
        do(page, "step")
        stands_at(page, f"generation {generation}$")
        page.wait_for_function("(t) => document.querySelector('.coop-facts b').innerText === t", arg=str(generation))
        page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
        pictures.append(pixels(page))
    assert len(set(pictures)) == 4
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".coop-status")).to_contain_text("The picture shows generation 2 of 4.")
    becomes(page, 0, pictures[1])
    expect(page.locator(".coop-here")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".coop-status")).to_contain_text("The picture shows generation 3 of 4.")
    page.fill("[data-do=scrub]", "1")
    expect(page.locator(".coop-status")).to_contain_text("The picture shows generation 1 of 4.")
    becomes(page, 0, pictures[0])
    picture(page, "lab_gone_back")
    do(page, "go-on")
    expect(page.locator(".coop-status")).to_contain_text("Gone back.")
    stands_at(page, "generation 1$")
    for generation in (2, 3, 4):
        page.keyboard.press("ArrowRight")
        stands_at(page, f"generation {generation}$")
    becomes(page, 0, pictures[3])


def test_two_worlds_stand_side_by_side_one_knob_apart(tab, picture):
    page = tab("scenario=network&size=400&seed=3")  # too many to agree within a hundred generations
    expect(page.locator("[data-say=headline]")).to_contain_text("b/c = 5 is above")  # theory says where the line is
    page.keyboard.press("b")
    page.wait_for_selector(".coop-compare")
    page.wait_for_selector(".coop-picture:nth-child(2) canvas[aria-label*=percent]")
    assert page.locator(".coop-picture h3").all_inner_texts() == ["A: benefit b 5", "B: benefit b 2.4"]
    boxes = [page.locator(".coop-picture").nth(k).locator("canvas").first.bounding_box() for k in (0, 1)]
    assert boxes[0]["width"] == boxes[1]["width"] and boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    for box in (*boxes, page.locator(".coop-compare .coop-curve").bounding_box()):
        assert box["y"] >= 0 and box["y"] + box["height"] <= 800 and box["x"] + box["width"] <= 1280
    becomes(page, 1, pixels(page, 0))  # the same start
    page.evaluate("window.still = document.querySelector('.coop-compare .coop-line-b').getAttribute('d')")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".coop-compare")).to_contain_text("first difference was in generation", timeout=DEADLINE * 1000)
    page.wait_for_function("document.querySelector('.coop-compare .coop-line-b').getAttribute('d') !== window.still")
    page.wait_for_function(f"() => ({PIXELS})(0) !== ({PIXELS})(1)")
    expect(page.locator(".coop-compare")).to_contain_text("the pairing holds only until then")
    page.click("[data-do=pairs]")
    expect(page.locator(".coop-pairs")).to_contain_text("20 pairs at generation", timeout=DEADLINE * 1000)
    assert re.search(r"95 % interval [+-]\d+\.\d to [+-]\d+\.\d", page.locator(".coop-pairs").inner_text())
    picture(page, "lab_compare")
    page.fill("[data-do=other]", "5")
    page.press("[data-do=other]", "Enter")
    expect(page.locator(".coop-compare .coop-error")).to_contain_text("in this world already")
    page.fill("[data-do=other]", "2")
    page.press("[data-do=other]", "Enter")
    expect(page.locator(".coop-picture h3").nth(1)).to_have_text("B: benefit b 2")
    do(page, "compare")
    expect(page.locator(".coop-picture")).to_have_count(1)


def test_a_saved_state_is_opened_again(tab, tmp_path):
    page = tab(NEUTRAL)
    for generation in (1, 2, 3):
        do(page, "step")
        stands_at(page, f"generation {generation}$")
    with page.expect_download() as told:
        do(page, "save")
    assert told.value.suggested_filename == "network-seed2-at3.coop"
    told.value.save_as(tmp_path / "state.coop")
    page.wait_for_function("document.querySelector('.coop-facts b').innerText === '3'")
    seen = pixels(page)
    other = tab("scenario=kin")
    other.set_input_files("[data-do=file]", tmp_path / "state.coop")
    expect(other.locator(".coop-status")).to_contain_text("Opened: network, seed 2.", timeout=DEADLINE * 1000)
    becomes(other, 0, seen)
    stands_at(other, "generation 3$")
    (tmp_path / "no.coop").write_bytes(b"PK but no state")
    other.set_input_files("[data-do=file]", tmp_path / "no.coop")
    expect(other.locator("[role=alert]")).to_contain_text("no saved state", timeout=DEADLINE * 1000)
    (tmp_path / "large.coop").write_bytes(b"\0" * ((8 << 20) + 1))
    other.set_input_files("[data-do=file]", tmp_path / "large.coop")
    expect(other.locator(".coop-status")).to_contain_text("a browser may hand over 8")


def test_changes_can_wait_and_are_called_stale(tab):
    page = tab("scenario=network")
    page.click("[data-do=live]")
    field = page.locator("[data-path='game.benefit']")
    field.fill("2")
    field.press("Enter")
    expect(page.locator(".coop-stale")).to_have_text("stale")
    expect(page.locator(".coop-bench.stale")).to_have_count(1)
    expect(field).to_have_value("2")
    do(page, "reset")
    expect(page.locator(".coop-stale")).to_have_count(0)
    page.wait_for_selector("a[href*='game__benefit=2']")


def test_while_the_line_is_broken_a_sentence_says_so_and_the_picture_stays(tab):
    page = tab("scenario=network")
    seen = pixels(page)
    page.context.set_offline(True)
    page.evaluate("solara.debug.dropConnection()")
    expect(page.locator(".coop-lost")).to_contain_text("Connection lost, reconnecting", timeout=DEADLINE * 1000)
    assert pixels(page) == seen


def test_on_a_narrow_page_the_picture_comes_first_and_the_rules_below(tab, picture):
    page = tab("scenario=network", width=820)
    boxes = [page.locator(part).first.bounding_box() for part in ("canvas", ".coop-right", ".coop-left")]
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    picture(page, "lab_narrow")
