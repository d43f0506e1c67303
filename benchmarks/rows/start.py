"""From nothing to the first result: a fresh process with a warm cache of compiled kernels."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent, Work

OURS = "import coop_abm; coop_abm.run('network', steps=10)"
PEER = "import mesa"


def fresh_process(code: str, clock: str) -> Work:
    """Run this code in a process of its own; the cost is the seconds of CPU, or on the wall, of that process."""

    def turn() -> Spent:
        before, began = os.times(), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
        )
        passed, after = time.perf_counter() - began, os.times()
        if done.returncode:
            raise Disagreement(done.stderr.strip().splitlines()[-1])
        cpu = after.children_user - before.children_user + after.children_system - before.children_system
        return Spent(1, cpu if clock == "cpu" else passed)

    return turn


def first_result(clock: str) -> Bout:
    """Ours, and Mesa's import, in turns; the warm-up fills the cache."""
    return Bout(fresh_process(OURS, clock), fresh_process(PEER, clock), f"ours is `{OURS}`, the yardstick `{PEER}`")


BENCHMARKS = (
    Benchmark(
        name="start-cpu", work="first result in a fresh process, compiled kernels in the cache",
        against="import of Mesa", goal=Goal("within", 1.5), unit="s of CPU", per_second=1.0,
        prepare=lambda quick: first_result("cpu"),
    ),
    Benchmark(
        name="start-wall", work="the same by the clock on the wall",
        against="import of Mesa", goal=Goal("within", 1.5), unit="s", per_second=1.0,
        prepare=lambda quick: first_result("wall"),
    ),
)  # fmt: skip
