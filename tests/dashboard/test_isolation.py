"""Many readers at once: each has its own world, byte for byte, and takes its memory along when it goes."""

import contextlib
import json
import re
import threading
import time

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

import coop_abm
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

from .serving import DEADLINE, Tab, serving

STEPS = 15


class Reader(Tab):
    """A tab of the Lab that draws nothing, and remembers the curve that it was told."""

    def __init__(self, server, query):
        super().__init__(server, query, "/lab")
        self.curve, self.picture, self.readout = {}, None, None
        # A tab that does not listen holds its session up, so each has somebody who does.
        self.ear = threading.Thread(target=self.listen, daemon=True)
        self.ear.start()
        self.picture, self.readout = self.made("look"), self.made("levelWords")
        self.transport = self.made("speedWords")
        self.tell(self.readout, "event_ready", {})
        self.tell(self.picture, "event_ready", {})
        self.waits(lambda: 0 in self.curve, "nothing drawn")

    def listen(self):
        with contextlib.suppress(ConnectionClosed):
            for frame in self.line:
                self.frames.append(frame)
                self.take(frame)

    def take(self, frame):
        """Points go to the curve, and each frame of the picture is answered with a credit."""
        if isinstance(frame, bytes):
            self.tell(self.picture, "event_credit", {})
            return
        content = json.loads(frame)["content"]
        sent = (content.get("data") or {}).get("content") or {}
        if content.get("comm_id") == self.readout and sent.get("method") in ("series", "points"):
            self.curve |= {row[0]: row[1] for row in sent["args"][1]}

    def waits(self, so, what):
        end = time.monotonic() + DEADLINE
        while not so():
            assert time.monotonic() < end and self.ear.is_alive(), (what, sorted(self.curve))
            time.sleep(0.01)

    def until(self, words):
        self.waits(lambda: any(words in f for f in self.frames[:] if isinstance(f, str)), f"never heard {words!r}")
        return self.heard

    def step(self):
        self.tell(self.transport, "event_do", {"do": "step", "steps": 1})

    def reaches(self, steps):
        """The share of the first strategy at each time, once the last of them is there."""
        self.waits(lambda: steps in self.curve, f"never at {steps}")
        return np.array([self.curve[t] for t in range(steps + 1)])

    def close(self):
        super().close()
        self.ear.join(DEADLINE)


@pytest.mark.parametrize("readers", [10, pytest.param(50, marks=pytest.mark.validate)])
def test_each_of_many_tabs_gets_the_bytes_of_the_command_line_for_its_seed(readers):
    scenario = replace(named("network"), {"update.intensity": 0.01})
    query = "scenario=network&update__intensity=0.01"
    with serving("network") as server, contextlib.ExitStack() as opened:
        tabs = [Reader(server, f"{query}&seed={seed}") for seed in range(readers)]
        for tab in tabs:
            opened.callback(tab.close)
        for _ in range(STEPS):  # one step here, one step there
            for tab in tabs:
                tab.step()
        runs = [coop_abm.run(scenario, steps=STEPS, seed=seed).frame for seed in range(readers)]
        for seed, (tab, run) in enumerate(zip(tabs, runs, strict=True)):
            expected = run["share_reciprocator"].to_numpy(float)
            fixed = np.flatnonzero(np.isin(expected, (0, 1)))  # a page stops there, and the rest says the same
            last = int(fixed[0]) if fixed.size else STEPS
            assert tab.reaches(last).tobytes() == expected[: last + 1].tobytes(), f"seed {seed}"
    assert len({run["share_reciprocator"].to_numpy().tobytes() for run in runs}) == readers  # seeds are seeds


#: The server says now and then how many sessions and worlds there are, and how much memory the process has.
TELLING = """
import gc, threading, time
import psutil
from solara.server import kernel_context
from coop_abm.dashboard import offline, page, serve
offline.SETTINGS["SOLARA_KERNEL_CULL_TIMEOUT"] = "0.5s"
def tell():
    while True:
        gc.collect()
        worlds = sum(t.name == "coop_abm-world" for t in threading.enumerate())
        print(f"sessions {len(kernel_context.contexts)} worlds {worlds} bytes {psutil.Process().memory_info().rss}.")
        time.sleep(0.5)
threading.Thread(target=tell, daemon=True).start()
serve(page("network"), port=0, browser=False)
"""


def empty(server):
    """The memory of a server, in bytes, once nobody is there any more and no world runs."""
    end, seen = time.monotonic() + DEADLINE, len(server.lines)
    while time.monotonic() < end:
        found = re.findall(r"sessions (\d+) worlds (\d+) bytes (\d+)\.", "".join(server.lines[seen:]))
        if len(found) > 1 and found[-1][:2] == ("0", "0"):
            return int(found[-1][2])
        time.sleep(0.1)
    raise AssertionError("".join(server.lines[-5:]))


@pytest.mark.parametrize("sessions", [20, pytest.param(1000, marks=pytest.mark.validate)])
def test_sessions_that_are_over_leave_no_world_and_no_memory_behind(sessions):
    with serving(code=TELLING, PYTHONUNBUFFERED="1") as server:
        kept = []
        for _half in range(2):
            for first in range(0, sessions // 2, 5):
                tabs = [Reader(server, f"scenario=network&seed={first + k}") for k in range(5)]
                for tab in tabs:
                    tab.step()
                for tab in tabs:
                    tab.reaches(1)
                    tab.close()
            kept.append(empty(server))
        assert kept[1] <= 1.1 * kept[0], kept


@pytest.mark.validate
def test_a_full_house_says_so_and_whoever_leaves_makes_room():
    with serving(code=TELLING, PYTHONUNBUFFERED="1") as server:
        tabs = [Reader(server, f"seed={seed}") for seed in range(60)]
        status, _headers, body = server.ask("/")
        assert status == 503 and "Too many sessions" in body and server.handshake() == 503
        for tab in tabs:
            tab.close()
        empty(server)
        assert server.ask("/")[0] == 200
