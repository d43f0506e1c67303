"""A Mesa model for ``coop-abm sweep``: it writes down that a run begins, and does to its process what it is told.

What it is told stands in the environment, so that a sweep in which things go wrong is the same sweep as one in which
nothing does: its runs, their keys and their export.
"""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import mesa

#: File in which every run is written down as it begins, by `x` and seed.
LOG = "COOP_ABM_TEST_LOG"
#: How long a run takes, in seconds.
SECONDS = "COOP_ABM_TEST_SECONDS"
#: "kill@3/42,loop@7/42": what happens in the cell x = 3 to the run seeded with 42, and what in x = 7.
ILLS = "COOP_ABM_TEST_ILLS"


class Patient(mesa.Model):
    """Draws a few numbers, one for each step."""

    def __init__(self, x=0, rows=1, rng=None):
        super().__init__(rng=rng)
        if place := os.environ.get(LOG):
            _noted(place, f"{x} {rng}\n")
        self.x, self.rows, self.named = x, rows, f"{x}/{rng}"
        self.datacollector = mesa.DataCollector({"draw": lambda m: m.random.random() + m.x})

    def step(self):
        time.sleep(float(os.environ.get(SECONDS) or 0))
        for ill in filter(None, os.environ.get(ILLS, "").split(",")):
            kind, _at, whom = ill.partition("@")
            if whom == self.named:
                DOES[kind]()
        self.datacollector.collect(self)
        self.running = self.steps < self.rows


def _noted(place, line):
    """On the disk before the run goes on: whoever is killed cannot take it back."""
    file = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)


def _raise():
    raise ValueError("the well is poisoned\x1b[31m\nand more")


def _loop():
    while True:
        pass


def _outgrow():
    """Ask for more memory than this process may have."""
    used, _, _ = Path("/proc/self/statm").read_text().partition(" ")
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(used) * resource.getpagesize() + 2**28, before[1]))
    try:
        bytearray(2**33)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


DOES = {
    "raise": _raise,
    "exit": lambda: sys.exit(3),
    "loop": _loop,
    "die": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "outgrow": _outgrow,
}


class Idle(mesa.Model):
    """Does nothing."""

    def __init__(self, x=0, rng=None):
        super().__init__(rng=rng)
        self.datacollector = mesa.DataCollector({"x": lambda m: x})

    def step(self):
        self.datacollector.collect(self)
        self.running = False
