"""What one reader sees: frames a second, the first picture, how late it is, what the server needs."""

from __future__ import annotations

import statistics
import time

import psutil

from benchmarks.page_tools import (
    EACH,
    FASTEST,
    PAGE,
    SAYING,
    TWENTY,
    WATCH,
    WATCHED,
    Row,
    browsing,
    cpu_of,
    opened,
    painted_rate,
    play,
)
from tests.dashboard.serving import serving


def paint() -> list[Row]:
    """Frames a second, the first picture, and what the server needs at 20 frames a second."""
    rows = []
    with serving("network") as server, browsing() as browser:
        opened(browser, server.url)[0].close()  # what is read or compiled once
        for size, goal, first in ((1000, 50, 3), (10_000, 30, 5)):
            waits = []
            for _ in range(3):
                page, waited = opened(browser, server.url + PAGE.format(size=size))
                waits.append(waited)
                if len(waits) < 3:
                    page.close()
            rows.append(Row(f"first picture, N = {size:,}", f"{statistics.median(waits):.2f} s", f"< {first} s"))
            play(page, EACH)
            rows.append(
                Row(
                    f"painted, N = {size:,}, {2 * size:,} edges, one generation a frame",
                    f"{painted_rate(page):.1f} frames/s",
                    f">= {goal}",
                )
            )
            page.keyboard.press("Space")
            play(page, TWENTY)
            time.sleep(1)
            rows.append(
                Row(
                    f"server at 20 frames/s, N = {size:,}",
                    f"{100 * cpu_of(server, WATCHED):.0f} % of a core",
                    "<= 30 %",
                )
            )
            page.close()
    return rows


def slider() -> list[Row]:
    """From the end of a drag to the first picture of the new world, while it plays at N = 10,000."""
    with serving("network") as server, browsing() as browser:
        page, _ = opened(browser, server.url + PAGE.format(size=10_000))
        play(page, EACH)
        time.sleep(2)
        waits = [
            page.evaluate(
                """(value) => new Promise((done) => {
                  const view = document.querySelector(".coop-network").__vue__, before = view.at.about.number;
                  const input = document.querySelector("input[data-path='game.benefit']");
                  const began = performance.now();
                  input.value = value;
                  input.dispatchEvent(new Event("input", { bubbles: true }));
                  input.dispatchEvent(new Event("change", { bubbles: true }));
                  const look = () => {
                    if (view.at.about.number === before) requestAnimationFrame(look);
                    else done(performance.now() - began);
                  };
                  look();
                })""",
                str(4 + k / 10),
            )
            for k in range(1, 16)
        ]
    figure = f"{statistics.median(waits):.0f} ms (median), {max(waits):.0f} ms at most"
    return [Row("a control moved, until the new world is painted, N = 10,000 in play", figure, "< 100 ms")]


def throttled() -> list[Row]:
    """How old the picture is in a browser that is slowed 12 times, and whether Pause shows the right generation."""
    with serving(code=SAYING) as server, browsing() as browser:
        page, _ = opened(browser, server.url + PAGE.format(size=10_000))
        play(page, EACH)
        page.evaluate(WATCH)
        line = page.context.new_cdp_session(page)
        line.send("Emulation.setCPUThrottlingRate", {"rate": 12})
        time.sleep(20)
        painted = page.evaluate("() => window.painted")
        sent = {int(g): float(at) for words in server.lines if words.startswith("sent ")
                for at, g in (pair.split(":") for pair in words.split()[1:])}  # fmt: skip
        late = [at / 1000 - sent[g] for at, g in painted[len(painted) // 3 :] if g in sent]
        gap = (
            statistics.median(
                b[0] - a[0]
                for a, b in zip(painted[len(painted) // 3 :], painted[len(painted) // 3 + 1 :], strict=False)
            )
            / 1000
        )
    allowed, middle = 2.5 * gap + 0.3, statistics.median(late)
    return [
        Row("browser slowed 12 times, N = 10,000: frames painted", f"{1 / gap:.1f} frames/s"),
        Row("how old its picture is", f"{max(late):.2f} s at most, {middle:.2f} s (median)", f"< {allowed:.2f} s"),
    ]  # fmt: skip


def memory() -> list[Row]:
    """Ten minutes of Play at the fastest speed."""
    with serving("network") as server, browsing() as browser:
        page, _ = opened(browser, server.url + PAGE.format(size=1000))
        play(page, FASTEST)
        process, sizes = psutil.Process(server.process.pid), []
        for _ in range(60):
            time.sleep(10)
            sizes.append(process.memory_info().rss / 2**20)
    late = sizes[len(sizes) // 4 :]
    slope = statistics.linear_regression(range(len(late)), late).slope * 6
    return [
        Row(
            "memory of the server over 10 min of Play, N = 1,000",
            f"{late[0]:.0f} to {late[-1]:.0f} MiB, {slope:+.2f} MiB/min",
            "< 1 MiB/min",
        )
    ]


def closed() -> list[Row]:
    """How long a world goes on after its tab was closed."""
    with serving("network") as server, browsing() as browser:
        page, _ = opened(browser, server.url + PAGE.format(size=10_000))
        play(page, FASTEST)
        busy = cpu_of(server, 3)
        page.close()
        began = time.monotonic()
        while cpu_of(server, 1) > 0.05 and time.monotonic() - began < 60:
            pass
        waited = time.monotonic() - began
    return [
        Row(
            "stepping after a closed tab stops within",
            f"{waited:.0f} s (it took {100 * busy:.0f} % of a core)",
            "<= 30 s",
        )
    ]
