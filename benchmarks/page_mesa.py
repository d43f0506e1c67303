"""Mesa's own page, measured in the same way."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Error

from benchmarks.page_tools import WATCHED, Row, browsing

#: What Mesa's page wants, in the versions that are installed here; it imports altair, which this package does not.
WANTED = ("mesa", "solara[assets]", "ipyvue", "ipyvuetify", "matplotlib", "networkx")


def mesa() -> list[Row]:
    """Mesa's SolaraViz: a torus of the same size, matplotlib, Play at its shortest interval."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(installed(Path(folder)))


def installed(folder: Path) -> Path:
    """An environment with Mesa's page in it, because Solara finds its files beside its interpreter; the command."""
    uv = shutil.which("uv") or "uv"
    exact = [f"{name}=={importlib.metadata.version(name.partition('[')[0])}" for name in WANTED]
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "altair", *exact], check=True)
    return folder / "bin" / "solara"


def _measured(solara: Path) -> list[Row]:
    rows = []
    for size in (64, 1024):
        environment = {**os.environ, "MESA_PAGE_N": str(size), "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false"}
        script = Path(__file__).parent / "elsewhere" / "mesa_page.py"
        asked = ["--port", "8899", "--no-open", "--production", "--host", "127.0.0.1"]
        command = [str(solara), "run", str(script), *asked]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with browsing() as browser:
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.set_default_timeout(120_000)
                began = time.monotonic()
                while True:
                    try:
                        page.goto("http://127.0.0.1:8899/")
                        break
                    except Error:
                        if time.monotonic() - began > 90 or process.poll() is not None:
                            raise
                        time.sleep(0.5)
                began = time.monotonic()
                page.wait_for_selector("img[src^='data:image'], svg image, .solara-image img, img[src^='blob:']")
                first = time.monotonic() - began
                page.evaluate("""() => {
                  window.seen = 0;
                  let last = "";
                  const look = () => {
                    const shown = [...document.querySelectorAll("img")];
                    const now = shown.map((i) => i.src.length + i.src.slice(-200)).join();
                    if (now !== last) { last = now; window.seen++; }
                    requestAnimationFrame(look);
                  };
                  look();
                }""")
                page.locator("button", has_text="▶").first.click()
                time.sleep(3)
                before = page.evaluate("window.seen")
                cpu = psutil.Process(process.pid)
                used = sum(cpu.cpu_times()[:2])
                time.sleep(WATCHED)
                rate = (page.evaluate("window.seen") - before) / WATCHED
                used = (sum(cpu.cpu_times()[:2]) - used) / WATCHED
            rows.append(
                Row(
                    f"Mesa's SolaraViz, N = {size:,}: painted",
                    f"{rate:.1f} frames/s at {100 * used:.0f} % of a core; first picture {first:.1f} s",
                )
            )
        finally:
            process.kill()
            process.wait(30)
    return rows
