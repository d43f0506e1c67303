"""A real browser with no road to the internet, no more of them than cores, for every test that asks for it.

Skipped where there is no Chromium, unless COOP_ABM_NEED_BROWSER=1 says that there has to be one. Pictures of pages are
kept in build/pictures (or $COOP_ABM_PICTURES), to be looked at.
"""

import os
import re
import shutil
import tempfile
import urllib.parse
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from .serving import DEADLINE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--no-sandbox",
]  # fmt: skip
PICTURES = Path(os.environ.get("COOP_ABM_PICTURES", Path(__file__).parents[2] / "build" / "pictures"))


def pytest_collection_modifyitems(items):
    """Whatever drives a browser is slow, and Playwright leaves its pipes and its loop to the end of the process."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))


@pytest.fixture(scope="module")
def room_for_a_browser():
    """A browser and its server keep a core busy; more test processes than that wait for each other here."""
    if CHROMIUM is None:
        words = "no chromium: apt-get install chromium"
        if os.environ.get("COOP_ABM_NEED_BROWSER") == "1":
            pytest.fail(words)
        pytest.skip(words)
    places = [
        FileLock(Path(tempfile.gettempdir()) / f"coop_abm_browser_{os.getuid()}_{place}.lock")
        for place in range(min(os.cpu_count() or 1, 4))
    ]
    while True:
        for place in places:
            try:
                with place.acquire(timeout=0.2):
                    yield
                    return
            except Timeout:
                continue


@pytest.fixture(scope="module")
def browser(room_for_a_browser):
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser):
    """A function: address -> page. Nothing else than loopback addresses may be asked, and no script may fail.

    ``visit(url, dark=True, width=1280, height=800)``; pages of one test share nothing but the browser.
    """
    asked, wrong, contexts = [], [], []

    def watched(route):
        host = urllib.parse.urlsplit(route.request.url).hostname or ""
        if re.fullmatch(r"127(\.\d+){3}", host) or route.request.url.startswith(("blob:", "data:", "file:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    def opened(address, *, dark=False, width=1280, height=800, **more):
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        context.set_default_timeout(DEADLINE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.route("**/*", watched)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked == [] and wrong == []


@pytest.fixture
def picture():
    """A function: (page, name) -> a picture of the page is kept under that name, to be looked at."""

    def keep(page, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}.png")

    return keep
