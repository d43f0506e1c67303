"""The pages for those who see, point or move otherwise: the list of WCAG 2.2 AA that a program can go through.

axe-core holds what is on each page against the rules it knows. What it cannot know is held here: shapes that stand for
colours, twice the size, 320 pixels, the keyboard alone, nothing that moves by itself, and words for what changes.
"""

import io
from pathlib import Path

import axe_playwright_python
import pytest
from PIL import Image
from playwright.sync_api import expect

from coop_abm.dashboard.pages import PAGES

from .serving import DEADLINE, serving
from .test_canvas import PART, middle
from .test_lab import generation, pixels, reaches

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Something of each page that is there only when the page is.
READY = {
    "home": ".coop-card", "lab": "canvas[aria-label*=percent]", "structure": "[data-show=ratio]",
    "experiments": ".coop h1", "play": "[data-offer]", "transcripts": ".coop h1", "sweeps": "[data-field=name]",
}  # fmt: skip
#: Pages that are read; the others are a picture with controls and may scroll both ways (WCAG 1.4.10).
READING = ("home", "structure", "experiments", "sweeps")


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("network") as running:
        yield running


@pytest.fixture
def page_of(visit, server):
    """A function: (name of a page, options of the browser) -> the page, made."""

    def opened(name, query="", **options):
        page = visit(f"{server.url}{name}?{query}" if query else server.url + name, **options)
        page.wait_for_selector(READY[name])
        return page

    return opened


def violations(page):
    """What axe finds against the standard: rule and place, one line each."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE)
    page.wait_for_function("document.getAnimations().length === 0")  # a colour on its way is no colour yet
    found = page.evaluate("(levels) => axe.run(document, { runOnly: levels, iframes: false })", LEVELS)
    assert len(found["passes"]) > 8, "axe looked at next to nothing"
    return [f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found["violations"] for n in v["nodes"]]


#: What can be pressed, or filled in, and is smaller than 24 pixels; words in a sentence are excepted, and so is what
#: has a label that is pressed with it.
SMALL = """() => [...document.querySelectorAll("button, select, input, summary, a, [role=button]")].map((e) => {
  const inline = e.tagName === "A" && getComputedStyle(e).display === "inline";
  const box = (e.closest("label") || e).getBoundingClientRect();
  const seen = box.width > 1 && box.height > 1 && !e.closest(".coop-hidden");
  const small = seen && !inline && (box.width < 23.9 || box.height < 23.9);
  return small ? `${e.outerHTML.slice(0, 90)} ${box.width} x ${box.height}` : "";
}).filter(Boolean)"""
#: Text that is cut off, or runs out of its place or its panel, where nothing scrolls.
CLIPPED = """() => [...document.querySelectorAll(".coop *")].filter((e) => {
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const written = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!written || box.width < 2 || box.height < 2 || e.closest("svg, .coop-hidden, option")) return false;
  const free = (p) => /auto|scroll/.test(getComputedStyle(p).overflowX);
  const scrolls = (p) => p && p !== document.body && (free(p) || scrolls(p.parentElement));
  if (scrolls(e)) return false;
  const panel = e.closest(".coop-panel, .coop-frame");
  const out = panel && box.right > panel.getBoundingClientRect().right + 1;
  return out || (style.display !== "inline" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0);
}).map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 60)}`)"""


def test_every_page_is_on_the_list():
    assert [page.path for page in PAGES] == list(READY)


@pytest.mark.parametrize("name", READY)
def test_a_page_keeps_to_the_standard_in_the_light_and_in_the_dark(page_of, picture, name):
    page = page_of(name)
    assert violations(page) == []
    assert page.evaluate(SMALL) == []
    picture(page, f"held_{name}_light")
    page.click("[data-do=dark]")
    page.mouse.move(2, 300)
    assert violations(page) == []
    picture(page, f"held_{name}_dark")


@pytest.mark.validate
@pytest.mark.parametrize("name", READY)
def test_at_twice_the_size_and_in_a_narrow_window_nothing_is_cut_off(page_of, picture, name):
    """A window of 1280 x 800 that is enlarged twice has 640 x 400 pixels of the page; four times, 320 of width."""
    page = page_of(name, width=640, height=400)
    assert page.evaluate(CLIPPED) == []
    picture(page, f"held_{name}_twice")
    page.set_viewport_size({"width": 400, "height": 800})
    page.wait_for_function("innerWidth === 400")
    assert page.evaluate(CLIPPED) == []
    picture(page, f"held_{name}_400")
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_function("innerWidth === 320")
    if name in READING:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 800})
    page.keyboard.press("Shift+P")
    page.wait_for_selector("html.coop-projector")
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    picture(page, f"held_{name}_projector")


def test_the_lab_keeps_to_the_standard_with_everything_open(page_of, picture):
    page = page_of("lab", "scenario=network&size=36", dark=True)
    page.fill("[data-do=number]", "7")
    page.click("[data-do=look]")
    page.wait_for_selector("[data-do=why]")
    page.click("[data-do=slow]")
    page.wait_for_selector("[data-do=slow-next]")
    assert violations(page) == []
    assert page.evaluate(SMALL) == []
    picture(page, "held_lab_open")
    page.click("[data-do=slow-close]")
    page.click("[data-do=one-close]")
    page.keyboard.press("?")
    page.wait_for_selector(".coop-sheet")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.click("[data-do=compare]")
    page.wait_for_selector(".coop-difference")
    assert violations(page) == []
    assert page.evaluate(SMALL) == []
    picture(page, "held_lab_compare")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_without_colours_cooperators_and_defectors_are_still_two(page_of, dark):
    """By lightness in the middle of a mark, and by its shape: a square is filled where a circle leaves its corner."""
    page = page_of("lab", "scenario=network&size=36&seed=2", dark=dark)
    page.wait_for_function(f"{PART} && {PART}.painting.drawn && {PART}.painting.wanted")
    page.wait_for_function("document.querySelector('.coop-legend svg path')")
    state = page.evaluate(f"Array.from({PART}.painting.wanted)")
    assert {0, 1} == set(state)
    at = [middle(page, place) for place in range(36)]
    reach = 0.78 * page.evaluate(f"{PART}.painting.radius") / page.evaluate("devicePixelRatio")
    grey = Image.open(io.BytesIO(page.screenshot())).convert("L")
    ground = grey.getpixel((round(at[0][0] + at[1][0]) // 2, round(at[0][1] + at[6][1]) // 2))
    inside, corner = {0: [], 1: []}, {0: [], 1: []}
    for kind, (x, y) in zip(state, at, strict=True):
        inside[kind].append(grey.getpixel((round(x), round(y))))
        corner[kind].append(abs(grey.getpixel((round(x + reach), round(y + reach))) - ground))
    assert max(inside[0]) + 30 < min(inside[1]), "as light as each other"
    assert max(corner[0]) < 25 < min(corner[1]), "the same shape"


RING = """() => {
  const style = getComputedStyle(document.activeElement);
  return [style.outlineStyle, parseFloat(style.outlineWidth)];
}"""


def focused(page):
    return page.evaluate(
        "(e => e.dataset.do || e.dataset.path || e.dataset.page || e.ariaLabel || e.tagName)(document.activeElement)"
    )


def test_a_whole_visit_to_the_lab_by_keyboard_alone(page_of):
    """From tab to tab of the frame, a rule on, a number typed, Play, an individual chosen and left, another view."""
    page = page_of("lab", "scenario=network&size=36")
    order = []
    for _ in range(90):
        page.keyboard.press("Tab")
        ring = page.evaluate(RING)
        order.append(focused(page))
        if order[-1] != "BODY":
            assert ring[0] != "none" and ring[1] >= 2, f"no ring round {order[-1]}"
    needed = {"lab", "home", "sweeps", "dark", "projector", "scenario", "kin.enabled", "game.benefit", "size", "play",
              "step", "run", "speed", "reset", "seed", "number", "look", "slow", "keys", "compare"}  # fmt: skip
    assert needed <= set(order), needed - set(order)
    page.focus("[data-path='kin.enabled']")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-path='kin.relatedness']")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function("Number(document.querySelector('.coop-facts b').textContent) > 0")
    page.keyboard.press("r")
    reaches(page, 0)
    page.locator("canvas").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-do=why]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("[data-do=why]")).to_have_count(0, timeout=DEADLINE * 1000)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("2")
    page.wait_for_selector("[data-view=space_time][aria-pressed=true], [aria-pressed=true] >> text=Space-time")


def test_nothing_in_the_lab_moves_before_somebody_says_so(page_of):
    for motion in ("reduce", "no-preference"):
        page = page_of("lab", reduced_motion=motion)
        page.evaluate("document.fonts.ready")
        expect(page.locator("[data-do=play]")).to_contain_text("Play")
        page.wait_for_timeout(300)  # edges take their colours once
        before = pixels(page)
        page.wait_for_timeout(1500)
        assert pixels(page) == before and generation(page) == 0


@pytest.mark.validate
def test_what_changes_is_said_in_words(page_of):
    page = page_of("lab")
    canvas = page.locator("canvas").first
    assert canvas.get_attribute("role") == "img" and "50 percent" in canvas.get_attribute("aria-label")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    reaches(page, 1)
    page.wait_for_function("document.querySelector('canvas').ariaLabel.includes('generation 1')")
    for part in (".coop-headline", ".coop-status"):
        held = page.locator(part).first
        assert held.get_attribute("aria-live") == "polite" or held.get_attribute("role") == "status", part


@pytest.mark.validate
def test_the_console_has_nothing_to_say(page_of):
    page = page_of("lab")
    said = []
    page.on("console", lambda line: said.append(line.text) if line.type in ("warning", "error") else None)
    page.reload()
    page.wait_for_selector(READY["lab"])
    page.click("[data-page=structure]")
    page.wait_for_selector(READY["structure"])
    page.go_back()
    page.wait_for_selector(READY["lab"])
    assert said == []
