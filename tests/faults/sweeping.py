"""``coop-abm sweep`` as a user starts it, the same sweep where nothing can go wrong, and what a store holds."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from coop_abm.core.dice import model_seed
from coop_abm.policies.means import Means
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.export import digest
from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.sweep import Swept, sweep
from tests.faults import patients

PATIENT = f"{patients.__file__}:Patient"
IDLE = f"{patients.__file__}:Idle"
#: A world whose runs are done in blocks.
WORLD = "network"


def command(model: str, store: Path, *more: str, grid: str, replicates: int = 10, steps: int = 1) -> list[str]:
    """The command line of a sweep."""
    return [
        sys.executable, "-m", "coop_abm.cli", "sweep", model, "--grid", grid, "--replicates", str(replicates),
        "--steps", str(steps), "--store", str(store), "--quiet", *more,
    ]  # fmt: skip


def untouched(model: str, store: Path, **what: Any) -> str:
    """The digest of the same sweep, done by this process without anything in its way."""
    inline(model, store, **what)
    return digest_of(store)


def inline(
    model: str, store: Path, *, grid: str, replicates: int = 10, steps: int = 1, every: int = 0, executor: Any = None,
    means: Means | None = None, **knobs: Any,
) -> Swept:  # fmt: skip
    """What the command does, in this process."""
    settings = {"replicates": replicates, "steps": steps, "every": every}
    order = asked(model, grid=[grid], settings=settings, knobs=knobs, means=means)
    return sweep(order, store=store, workers=0, executor=executor)


def ills(**kinds: list[tuple[int, int]]) -> str:
    """What the environment of patients says where each kind of trouble befalls these runs, by x and replicate."""
    return ",".join(f"{kind}@{x}/{model_seed(0, r)}" for kind, runs in kinds.items() for x, r in runs)


def environment(**more: str) -> dict[str, str]:
    """Of a process that a test starts."""
    return {**os.environ, **more}


def started(
    line: list[str], *, env: dict[str, str] | None = None, first: Callable[[], object] | None = None
) -> subprocess.Popen:
    """The command, in a group of its own; `first` is called in its process before it begins."""

    def begins() -> None:
        # What is started in the background of a shell ignores interrupts, and so would whatever it starts.
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if first is not None:
            first()

    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=environment(**(env or {})), preexec_fn=begins,
    )  # fmt: skip


def ended(process: subprocess.Popen, timeout: float = 300) -> subprocess.CompletedProcess:
    """How it ended, and what it said."""
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def ran(line: list[str], *, env: dict[str, str] | None = None, **more) -> subprocess.CompletedProcess:
    """The command, run to its end."""
    return ended(started(line, env=env, **more))


def digest_of(store: Path) -> str:
    """SHA-256 of the rows that an export writes; the store must be sound."""
    with Store(store, read_only=True) as kept:
        verdict = care.verify(kept)
        assert verdict.sound, verdict.lines
        return digest(kept)


def done_in(store: Path) -> set[tuple[int, int]]:
    """The runs of patients that a store holds, by x and seed; the store must be sound."""
    if not store.exists():
        return set()
    with Store(store, read_only=True) as kept:
        verdict = care.verify(kept)
        assert verdict.sound, verdict.lines
        if not verdict.cells:
            return set()
        cells = [(cell, kept.state(cell)[0]) for cell in kept.cells()]
    return {(cell.parameters["x"], model_seed(0, replicate)) for cell, done in cells for replicate in done}


def executions(log: Path) -> list[tuple[int, int]]:
    """The runs that began, one after another, by x and seed."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(x), int(seed)) for x, seed in map(str.split, lines)]


def most_often(runs: list[tuple[int, int]]) -> int:
    """How often the run began that began most often."""
    return max(Counter(runs).values(), default=0)


def wait_until(process: subprocess.Popen, seen, patience: float = 240) -> bool:
    """Wait until something can be seen; False if the process ends before."""
    until = time.monotonic() + patience
    while not seen():
        if process.poll() is not None:
            return False
        assert time.monotonic() < until, "nothing happens"
        time.sleep(0.005)
    return True


def runs_begin(process: subprocess.Popen, log: Path, number: int) -> bool:
    """Wait until so many runs began; False if the process ends before."""
    return wait_until(process, lambda: len(executions(log)) >= number)


def owns(process: subprocess.Popen, store: Path) -> bool:
    """Wait until the command is the one who writes to this store; False if it ends before."""
    lock = store.with_name(f"{store.name}.lock")

    def said() -> str:
        with contextlib.suppress(FileNotFoundError):
            return lock.read_text()
        return ""

    return wait_until(process, lambda: said().startswith(f"process {process.pid} "))


def say(capsys, what: str, counted: dict[str, Any]) -> None:
    """The figure line of a test."""
    words = ", ".join(f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}" for k, v in counted.items())
    with capsys.disabled():
        print(f"\n{what}: {words}")


class Family:
    """The processes below a command; told apart by when they began, because numbers of processes come again."""

    def __init__(self, process: subprocess.Popen):
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            self.members = [parent, *parent.children(recursive=True)]

    def left(self) -> list[psutil.Process]:
        """Those who live."""
        return [one for one in self.members if _lives(one)]

    def outlives(self, seconds: float) -> Iterator[psutil.Process]:
        """Those who live after so many seconds."""
        until = time.monotonic() + seconds
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.01)
        return iter(left)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
