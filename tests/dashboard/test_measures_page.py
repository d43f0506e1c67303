"""Each measurement beside the page, in a real browser: a button, a number with its interval, a picture."""

import re

import pytest
from playwright.sync_api import expect

from .serving import DEADLINE, serving

SOON = DEADLINE * 1000
SMALL = "scenario=kin&size=10&game__benefit=4&seed=3"


@pytest.fixture(scope="module")
def server(room_for_a_browser):
    with serving("kin") as running:
        yield running


def pressed(page, what, noun):
    """The panel, once this measurement has come to its end; the one before stands there until the server answers."""
    page.click(f"[data-do=measure-{what}]")
    expect(page.locator("[data-say=reading]")).to_contain_text(noun, timeout=SOON)
    expect(page.locator("[data-do=measure-stop]")).to_have_count(0, timeout=SOON)
    panel = page.locator(".coop-measure")
    expect(panel.locator(".coop-error")).to_have_count(0)
    low, high = map(float, re.findall(r"[\d.]+", page.locator("[data-say=reading] span").inner_text())[-2:])
    value = float(page.locator("[data-say=reading] b").inner_text())
    assert low <= value <= high
    return panel


@pytest.mark.slow
def test_every_measure_has_a_button_and_draws_a_picture(visit, server, picture):
    page = visit(f"{server.url}lab?{SMALL}")
    page.wait_for_selector("canvas[aria-label*='percent']")
    expect(page.locator("[data-do^=measure-]")).to_have_count(4)
    for what, noun in (("ratio", "critical b/c"), ("rho", "ρ_C")):
        panel = pressed(page, what, noun)
        expect(panel.locator(".coop-known.exact")).to_have_count(1)
        expect(panel.locator(".coop-histogram")).to_have_count(0)

    panel = pressed(page, "time", "generations to fixation")
    drawn = panel.locator("[data-picture=time]")
    expect(drawn).to_have_count(2)
    for k, tone in enumerate(("cooperate", "defect")):
        bars = drawn.nth(k).locator(f"rect.coop-count.{tone}")
        heights = [float(bars.nth(b).get_attribute("height")) for b in range(bars.count())]
        assert len(heights) >= 10 and max(heights) > 60 and min(heights) >= 0
        expect(drawn.nth(k).locator("path.coop-expected, path.coop-mean")).to_have_count(2)
        expect(drawn.nth(k)).to_contain_text("theory")
    panel.scroll_into_view_if_needed()
    picture(page, "lab_measure_time")

    page.click("[data-do=measure-stationary]")
    expect(panel.locator(".coop-error")).to_contain_text("update.mutation must be above 0", timeout=SOON)
    page.goto(f"{server.url}lab?{SMALL}&update__mutation=0.05")
    page.wait_for_selector("canvas[aria-label*='percent']")
    panel = pressed(page, "stationary", "mean share of cooperators")
    drawn = panel.locator("[data-picture=stationary]")
    expect(drawn.locator("rect.coop-count.cooperate")).to_have_count(11)
    expect(drawn.locator(".coop-whisker")).to_have_count(11)
    expect(drawn.locator("path.coop-expected")).to_have_count(1)
    expect(drawn.locator("svg")).to_have_attribute("aria-label", re.compile(r"11 bars.*theory"))
    panel.scroll_into_view_if_needed()
    picture(page, "lab_measure_stationary")
    expect(page.locator("[data-do=measure-time]")).to_be_disabled()
    expect(panel.locator("p.coop-muted", has_text="where strategies mutate")).to_contain_text("it must be 0")
