"""Sweeps that were started from the page: each a ``coop-abm sweep`` in a process of its own, writing a store.

They belong to the server, not to a tab: a closed tab does not end them, the end of the server does. What was done is
kept, and the same command goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import re
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from coop_abm.core.errors import CoopError, InputError, quoted
from coop_abm.dashboard import links
from coop_abm.scenario.files import dumps
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import declared
from coop_abm.sweeps.declared import Sweep
from coop_abm.sweeps.designs import design_of_texts
from coop_abm.sweeps.orders import asked

#: Cells, and runs in all, that a page may ask for; more is for the command line.
MOST_CELLS, MOST_RUNS = 2_500, 1_000_000
#: Names of stores: no path, no surprise.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
#: Seconds that a sweep has to end by itself.
PATIENCE = 20.0
#: The sweep that shows what sweeps are.
DEMO_WORLD = "kin"
DEMO_GRID = ("kin.relatedness=0.1:0.9:9", "game.benefit=1:8:8")
DEMO = {"replicates": 20, "steps": 60}


class Order(NamedTuple):
    """A sweep as somebody would write it.

    words : of the command, without `coop-abm`
    store : the file
    scenario : a file that has to be written first, its content; "" for none
    """

    words: tuple[str, ...]
    store: Path
    scenario: str = ""

    @property
    def command(self) -> str:
        """To be typed into a shell, in the folder of the server."""
        return shlex.join(["coop-abm", *self.words])


def order(
    folder: Path, name: str, world: Scenario, grid: list[str], settings: dict[str, Any]
) -> Order:  # fmt: skip
    """A new sweep, checked.

    Raises
    ------
    InputError
        in one line that names the field and what is permitted
    """
    name = name.strip().removesuffix(".sqlite")
    if not NAME.fullmatch(name):
        raise InputError(f"name: at most 60 letters, digits, - and _, no folder; got {quoted(name)}")
    store = folder / f"{name}.sqlite"
    if store.exists():
        raise InputError(f"name: there is a file {store.name} already; choose another name, or open it above")
    if not grid:
        raise InputError("first knob: choose what varies")
    cells = len(design_of_texts(grid, []))  # counted before thousands of worlds are checked
    replicates = declared(Sweep, settings).replicates
    if cells > MOST_CELLS or cells * replicates > MOST_RUNS:
        raise InputError(
            f"values: {cells:,} cells of {replicates:,} runs are too many here; a page takes "
            f"{MOST_CELLS:,} cells and {MOST_RUNS:,} runs, the command line any number"
        )
    asked(world, grid=grid, settings=settings)
    first, scenario = _named(world), ""
    if not first:
        place = folder / f"{name}.toml"
        if place.exists():
            raise InputError(f"name: there is a file {place.name} already; choose another name")
        first, scenario = [place.name], dumps(world)
    words = ["sweep", *first]
    for axis in grid:
        words += ["--grid", axis]
    for setting, value in settings.items():
        words += [f"--{setting.replace('_', '-')}", str(value)]
    return Order((*words, "--store", store.name), store, scenario)


def _named(world: Scenario) -> list[str]:
    """The world as words of a command line; empty where only a file can say it."""
    try:
        query = parse_qsl(links.write(world, 0))
    except CoopError:
        return []
    words: list[str] = []
    for name, value in query:
        if name == "scenario":
            words.insert(0, value)
        elif name != "seed":
            words += [f"--{name.replace('__', '.')}", value]
    return words


def demo(folder: Path) -> Order:
    """A small sweep that shows a boundary within seconds."""
    from coop_abm.scenario.library import named

    number = 1
    while (folder / f"demo-{number}.sqlite").exists():
        number += 1
    return order(folder, f"demo-{number}", named(DEMO_WORLD), list(DEMO_GRID), dict(DEMO))


class Launched:
    """One sweep under way, or over."""

    def __init__(self, order: Order, process: subprocess.Popen[str]):
        self.order, self.stopped = order, False
        self._process = process
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._hear, daemon=True)
        self._reader.start()

    def _hear(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._said = [*self._said[-20:], line.strip()]

    @property
    def working(self) -> bool:
        """Is it under way?"""
        return self._process.poll() is None

    @property
    def error(self) -> str:
        """The last line it said, where it failed; "" while all is well."""
        if self.working or self.stopped or self._process.returncode in (0, 1):
            return ""
        self._reader.join(1)
        said = [line for line in self._said if line]
        return said[-1].removeprefix("coop-abm: ") if said else f"it ended with code {self._process.returncode}"

    def stop(self) -> None:
        """Let it keep what is done, and end."""
        self.stopped = self.stopped or self.working
        with contextlib.suppress(OSError):
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Wait until it is over, and make sure that it is."""
        self.stop()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Launcher:
    """The sweeps that this server has started, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[Path, Launched] = {}

    def start(self, order: Order) -> Launched:
        """Begin, or go on.

        Raises
        ------
        InputError
            if another one is under way, or the file cannot be written
        """
        with self._lock:
            busy = next((one for one in self._last.values() if one.working), None)
            if busy is not None:
                raise InputError(f"{busy.order.store.name} is being made; stop it first, or wait")
            if order.scenario and not order.store.exists():
                try:
                    order.store.with_suffix(".toml").write_text(order.scenario, encoding="utf-8", newline="\n")
                except OSError as error:
                    raise InputError(f"name: the scenario cannot be written beside it ({error.strerror})") from None
            process = subprocess.Popen(
                [sys.executable, "-m", "coop_abm.cli", *order.words, "--quiet"], cwd=order.store.parent,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            launched = self._last[order.store] = Launched(order, process)
            return launched

    @property
    def busy(self) -> str:
        """The store that is being made; "" for none."""
        with self._lock:
            return next((one.order.store.name for one in self._last.values() if one.working), "")

    def of(self, store: Path) -> Launched | None:
        """The sweep of this store, if this server started it."""
        with self._lock:
            return self._last.get(store)

    def close(self) -> None:
        """The server ends."""
        with self._lock:
            running = [one for one in self._last.values() if one.working]
        for one in running:
            one.end()


LAUNCHER = Launcher()
atexit.register(LAUNCHER.close)
