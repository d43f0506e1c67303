"""Many readers at once: one in a browser, the others on websockets, each with a world of its own."""

from __future__ import annotations

import statistics
import threading
import time

import psutil
from websockets.exceptions import ConnectionClosed

from benchmarks.page_tools import PAGE, TWENTY, WATCHED, Row, browsing, opened, painted_rate, play
from tests.dashboard.serving import Server, Tab, serving


class Client(threading.Thread):
    """A page without a browser: it plays, takes frames, and grants credits for them."""

    def __init__(self, server: Server, query: str):
        super().__init__(daemon=True)
        self.tab, self.frames, self.ending = Tab(server, query, "/lab"), 0, False
        self.size = 0

    def prepare(self) -> None:
        """Until its world is there."""
        tab = self.tab
        self.picture = tab.made("look")
        self.readout = tab.made("levelWords")
        self.transport = tab.made("speedWords")
        for widget in (self.readout, self.transport, self.picture):
            tab.tell(widget, "event_ready", {})

    def run(self) -> None:
        tab = self.tab
        tab.tell(self.transport, "event_do", {"do": "speed", "place": TWENTY})
        tab.tell(self.transport, "event_do", {"do": "play"})
        while not self.ending:
            try:
                got = tab.line.recv(timeout=1)
            except TimeoutError:
                continue
            except ConnectionClosed:
                return
            if isinstance(got, bytes) and (b'"frame"' in got[:4000] or b'"world"' in got[:4000]):
                self.size = len(got)
                self.frames += 1
                tab.tell(self.picture, "event_credit", {})


def crowd() -> list[Row]:
    """Twenty sessions of N = 10,000, one of them in a browser; fifty of N = 1,000."""
    rows = []
    for count, size, goal in ((20, 10_000, 10), (50, 1000, 10)):
        with serving("network") as server, browsing() as browser:
            page, _ = opened(browser, server.url + PAGE.format(size=size))
            clients = [Client(server, PAGE.format(size=size).split("?")[1]) for _ in range(count - 1)]
            for client in clients:
                client.prepare()
            for client in clients:
                client.start()
            play(page, TWENTY)
            time.sleep(3)
            process = psutil.Process(server.process.pid)
            before, used = [c.frames for c in clients], sum(process.cpu_times()[:2])
            seen = painted_rate(page, 2 * WATCHED)
            rates = sorted((c.frames - b) / (2 * WATCHED + 1) for c, b in zip(clients, before, strict=True))
            used = (sum(process.cpu_times()[:2]) - used) / (2 * WATCHED + 1)
            for client in clients:
                client.ending = True
            memory = process.memory_info().rss / 2**20
            figure = f"{rates[0]:.1f} to {rates[-1]:.1f} frames/s each (median {statistics.median(rates):.1f})"
            figure += f", browser {seen:.1f}"
            rows.append(
                Row(
                    f"{count} sessions asking for 20 frames/s, N = {size:,}, {clients[0].size:,} bytes a frame",
                    figure,
                    f">= {goal}",
                )
            )
            rows.append(Row("their server", f"{100 * used:.0f} % of a core, {memory:.0f} MiB"))
    return rows
