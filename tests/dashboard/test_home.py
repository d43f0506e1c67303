"""Home in a real browser: five cards that move and stop, presets that are checked, and the teacher's minute."""

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving

RULES = ["network", "kin", "direct", "indirect", "group"]

HASHES = """() => [...document.querySelectorAll(".coop-mini canvas")].map((c) => {
  const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
  let hash = 0, seen = 0;
  for (let i = 0; i < d.length; i += 4) {
    hash = (hash * 31 + d[i] * 7 + d[i + 1] * 5 + d[i + 2]) | 0;
    if (d[i + 2] - d[i] > 90 || d[i] - d[i + 2] > 120) seen++;
  }
  return [hash, seen];
})"""


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving() as running:
        yield running


@pytest.fixture
def home(visit, server):
    """A function: options of the window -> Home, all of its miniatures drawn."""

    def opened(**options):
        page = visit(server.url, **options)
        page.wait_for_function(
            "document.querySelectorAll(\".coop-mini canvas[aria-label^='a recorded run: cooperators']\").length === 5"
        )
        return page

    return opened


def hashes(page):
    return page.evaluate(HASHES)


def stands_still(page):
    """The pictures, once none of them has changed for a second."""
    before = hashes(page)
    for _ in range(DEADLINE):
        page.wait_for_timeout(1000)
        now = hashes(page)
        if now == before:
            return now
        before = now
    raise AssertionError("the cards never stop")


def test_five_cards_move_stop_by_themselves_and_move_again_under_the_mouse(home, picture):
    page = home()
    start = hashes(page)
    assert [a.get_attribute("data-card") for a in page.locator(".coop-card").all()] == RULES
    page.wait_for_function(f"(start) => ({HASHES})().every((now, k) => now[0] !== start[k][0])", arg=start)
    end = stands_still(page)
    assert all(seen > 2000 for _hash, seen in end)
    picture(page, "home")
    page.hover(".coop-card[data-card=kin]")
    page.wait_for_function(f"(end) => ({HASHES})()[1][0] !== end[1][0]", arg=end)
    assert hashes(page)[3] == end[3]
    assert stands_still(page) == end


def test_who_asked_for_less_motion_sees_none(home):
    page = home(reduced_motion="reduce")
    before = stands_still(page)  # edges take their colours once, a moment after the picture
    assert all(seen > 2000 for _hash, seen in before)
    page.hover(".coop-card[data-card=kin]")
    page.wait_for_timeout(1000)
    assert hashes(page) == before


CLIPPED = """() => [...document.querySelectorAll(".coop-home *")].filter((e) =>
  getComputedStyle(e).display !== "inline" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
).map((e) => e.className + ": " + e.innerText)"""


def test_start_and_cards_are_above_the_fold_and_no_text_is_clipped(home):
    page = home()
    for part in ("[data-do=start]", *(f"[data-card={rule}] .coop-button" for rule in RULES)):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 800 and box["x"] + box["width"] <= 1280, part
    assert page.evaluate(CLIPPED) == []
    page.keyboard.press("Shift+P")
    page.wait_for_selector("html.coop-projector")
    for rule in RULES:
        assert page.locator(f"[data-card={rule}] .coop-formula").bounding_box()["y"] < 500
    assert page.evaluate(CLIPPED) == []


@pytest.mark.parametrize("width", [900, 400])
def test_a_narrow_window_scrolls_one_way_only(home, picture, width):
    page = home(width=width)
    picture(page, f"home_{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CLIPPED) == []


def test_dark_and_projector_are_pictures_of_their_own(home, picture):
    page = home(dark=True)
    picture(page, "home_dark")
    page.click("[data-do=dark]")
    page.click("[data-do=projector]")
    page.wait_for_selector("html.coop-projector:not(.coop-dark)")
    picture(page, "home_projector")
    assert all(seen > 2000 for _hash, seen in hashes(page))


def test_a_preset_tells_what_to_expect_and_is_checked_when_asked(home, picture):
    page = home()
    tile = page.locator("[data-preset=kaleidoscope]")
    tile.locator("summary").click()
    expect(tile.get_by_text("no dice in this world")).to_be_visible()
    assert tile.locator(".coop-tile-found").count() == 0
    page.click("[data-check=kaleidoscope]")
    expect(tile.locator(".coop-tile-found")).to_have_text(
        "✓ our run agrees: 1.000 against 1.000, seed 1", timeout=DEADLINE * 1000
    )
    expect(page.locator(".coop-presets-head [role=status]")).to_have_text("1 of 1 checked runs agree")
    picture(page, "home_checked")
    page.click("[data-page=lab]")
    page.wait_for_selector("canvas[aria-label*='percent cooperate']")
    page.click("[data-page=home]")
    expect(page.locator("[data-preset=kaleidoscope] .coop-tile-found")).to_contain_text("our run agrees")


def ends(page, share):
    """The Lab, its world at its end with this percentage of cooperators."""
    page.wait_for_selector(f"canvas[aria-label^='{share} percent cooperate']")


def test_the_minute_of_a_teacher_by_mouse(home, picture):
    page = home()
    page.click("[data-card=network] .coop-button")
    page.wait_for_selector("canvas[aria-label='50 percent cooperate, generation 0']")
    expect(page.locator("[data-path='game.benefit']").first).to_have_value("3")
    page.fill("[data-do=speed]", "2")
    page.click("[data-do=play]")
    ends(page, 0)
    picture(page, "journey_defectors")
    field = page.locator("input[type=text][data-path='game.benefit']")
    field.fill("5")
    field.press("Enter")
    page.wait_for_selector("canvas[aria-label='50 percent cooperate, generation 0']")
    page.click("[data-do=play]")
    ends(page, 100)
    picture(page, "journey_cooperators")
    page.click("[data-do=reset]")
    page.wait_for_selector("canvas[aria-label='50 percent cooperate, generation 0']")
    page.click("[data-page=home]")  # the card means its own world, not what was made of it
    page.click("[data-card=network] .coop-button")
    expect(field).to_have_value("3")


def reach(page, what, most=150):
    """Press Tab until the focus is where `what` says."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(f"((e) => Boolean({what}))(document.activeElement)"):
            return
    raise AssertionError(f"never reached {what}")


def test_the_minute_of_a_teacher_by_keyboard_alone(home):
    page = home()
    reach(page, "e.dataset.do === 'start'")
    page.keyboard.press("Enter")
    page.wait_for_selector("canvas[aria-label='50 percent cooperate, generation 0']")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    ends(page, 0)
    reach(page, "e.type === 'text' && e.dataset.path === 'game.benefit'")
    page.keyboard.press("Control+a")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.wait_for_selector("canvas[aria-label='50 percent cooperate, generation 0']")
    reach(page, "e.dataset.do === 'speed'")
    page.keyboard.press("End")
    reach(page, "e.dataset.do === 'play'", 300)
    page.keyboard.press("Space")
    ends(page, 100)
