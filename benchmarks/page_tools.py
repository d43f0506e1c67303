"""What measuring a page takes: a server, a browser, frames that are counted."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import psutil

from tests.dashboard.serving import Server

FLAGS = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking", "--no-sandbox"]
#: Seconds of Play that are watched.
WATCHED = 10.0
#: The page of a torus: 2 N edges.
PAGE = "lab?scenario=network&size={size}&update__intensity=0"

#: Every frame that is painted leaves (time of day in ms, generation) behind.
WATCH = """() => {
  const view = document.querySelector(".coop-network").__vue__, paint = view.painting.paint;
  window.painted = [];
  view.painting.paint = function () {
    const before = this.drawn;
    paint.call(this);
    if (this.drawn !== before) window.painted.push([Date.now(), view.at.time]);
  };
}"""

#: A server that says when it sent which generation.
SAYING = """
import sys, threading, time
from coop_abm.dashboard import dashboard, serve, opened
from coop_abm.dashboard.views import network
sent, send_frame = [], network.send_frame
def saying(widget, now, *more, **others):
    sent.append((time.time(), now.time))
    if len(sent) == 20:
        print("sent", *(f"{at:.3f}:{g}" for at, g in sent), flush=True)
        sent.clear()
    return send_frame(widget, now, *more, **others)
network.send_frame = saying
serve(dashboard(opened("network")), port=0, browser=False)
"""


class Row(NamedTuple):
    """One figure of the table, and what it should be."""

    what: str
    figure: str
    goal: str = ""


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Any, address: str) -> tuple[Any, float]:
    """(page, seconds until the population was there)."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(120_000)
    began = time.monotonic()
    page.goto(address)
    page.wait_for_selector("canvas[aria-label*='percent']")
    return page, time.monotonic() - began


#: Where the slider stands: one generation a frame, 20 frames a second, as many generations as there are.
EACH, TWENTY, FASTEST = 0, -2, 10


def play(page: Any, place: int) -> None:
    """Play with the slider at a place."""
    page.evaluate(
        "(place) => document.querySelector('.coop-transport').__vue__.event_do({do: 'speed', place: place})", place
    )
    page.locator("canvas").first.focus()
    page.keyboard.press("Space")


def cpu_of(server: Server, seconds: float) -> float:
    """Share of a core that the server takes."""
    process = psutil.Process(server.process.pid)
    before = sum(process.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(process.cpu_times()[:2]) - before) / seconds


def painted_rate(page: Any, seconds: float = WATCHED) -> float:
    """Frames painted a second."""
    page.evaluate(WATCH)
    time.sleep(1)
    page.evaluate("() => { window.painted = []; }")
    time.sleep(seconds)
    return page.evaluate("() => window.painted.length") / seconds
