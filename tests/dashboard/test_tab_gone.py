"""Nothing runs on behind a tab that is closed."""

import time

from .serving import DEADLINE, Tab, serving

COUNTING = """
from pathlib import Path
from coop_abm import lab
from coop_abm.dashboard import page, serve

class Model:
    def __init__(self, scenario, rng):
        self.inner, self.steps = lab.start(scenario, rng), 0
        self.snapshot = self.inner.snapshot

    def step(self):
        self.inner.step()
        self.steps += 1
        Path("steps").write_text(str(self.steps))

scenario = lab.world("network", size=400, update__intensity=0.0)
serve(page(scenario, model=Model), port=0, browser=False)
"""


def test_no_step_is_taken_after_the_tab_is_closed(tmp_path):
    with serving(code=COUNTING, folder=tmp_path) as server:
        tab = Tab(server)
        picture, readout, buttons = tab.made("look"), tab.made("levelWords"), tab.made("speedWords")
        tab.tell(picture, "event_ready", {})
        tab.tell(readout, "event_ready", {})
        tab.tell(buttons, "event_do", {"do": "play"})
        count, end = 0, time.monotonic() + DEADLINE
        while count < 20:  # it runs as long as frames are drawn
            tab.tell(picture, "event_credit", {})
            tab.listen(0.05)
            text = (tmp_path / "steps").read_text() if (tmp_path / "steps").exists() else ""
            count = int(text or count)
            assert time.monotonic() < end, server.log
        tab.close()
        before = None
        while (now := (tmp_path / "steps").read_text()) != before:  # what was granted already is still drawn
            before = now
            time.sleep(1)
            assert time.monotonic() < end, "it goes on and on"
        time.sleep(2)
        assert (tmp_path / "steps").read_text() == before
        assert "Traceback" not in server.log
