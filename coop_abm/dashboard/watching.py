"""A store as one tab watches it: read again and again in a thread of its own, and only while its page is on show."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coop_abm.core.errors import CoopError
from coop_abm.dashboard import planes, stores

if TYPE_CHECKING:
    import pandas

logger = logging.getLogger(__name__)

#: Seconds between two looks; a look that takes longer is made as seldom as a tenth of the time.
EVERY, PATIENCE = 2.0, 10.0


class Seen(NamedTuple):
    """What the page shows; a copy.

    path    : the store
    look    : how far it is; None where it could not be read
    error   : one sentence
    rate    : runs a second, of late
    measure : the column that is looked at
    plane   : what is drawn; None where there is nothing yet
    choices : axes and values that can be chosen
    leaf    : some rows of the table of cells
    cell    : the cell that was chosen, and some of its runs; empty for none
    saving  : is a file being made?
    """

    path: Path | None = None
    look: stores.Look | None = None
    error: str = ""
    rate: float = 0.0
    measure: str = ""
    plane: dict[str, Any] | None = None
    choices: list[dict[str, Any]] = []
    leaf: dict[str, Any] = {}
    cell: dict[str, Any] = {}
    saving: bool = False


class Watching:
    """Reads one store for one tab.

    Parameters
    ----------
    path      : the store to begin with; None for none
    on_change : called in the reading thread when there is something new to show
    """

    def __init__(self, path: Path | None, on_change: Callable[[], None]):
        self._on_change = on_change
        self._wake = threading.Condition()
        self._seen = Seen(path)
        # What the reader chose, guarded by the condition.
        self._measure, self._x, self._y = "", "", ""
        self._at: dict[str, str] = {}
        self._first = {"leaf": 0, "runs": 0}
        self._row = -1
        self._asked, self._on_show, self._closed = True, False, False
        self._thread: threading.Thread | None = None
        # Touched by the reading thread alone.
        self._known: dict[str, Any] = {}
        self._table: pandas.DataFrame | None = None
        self._tabled: tuple[Any, ...] = ()
        self._read: tuple[Any, ...] = ()
        self._last: tuple[float, int] = (0.0, 0)

    @property
    def seen(self) -> Seen:
        """What there is to show."""
        with self._wake:
            return self._seen

    # ---------------------------------------------------------------------------- what the page does

    def open(self) -> None:
        """The page is on show."""
        with self._wake:
            self._on_show = self._asked = True
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="coop_abm-store", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def rest(self) -> None:
        """Another page is on show."""
        with self._wake:
            self._on_show = False

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    def look_again(self) -> None:
        """Read now."""
        with self._wake:
            self._asked = True
            self._wake.notify_all()

    def pick(self, path: Path) -> None:
        """Another store."""
        with self._wake:
            self._seen = Seen(path)
            self._measure = self._x = self._y = ""
            self._at, self._first, self._row = {}, {"leaf": 0, "runs": 0}, -1
            self._asked = True
            self._wake.notify_all()

    def choose(self, name: str, value: str) -> None:
        """Another measure, axis, or value of what is held."""
        with self._wake:
            if name == "measure":
                self._measure = value
            elif name in ("x", "y"):
                now = {c["name"]: c["value"] for c in self._seen.choices}
                other = "y" if name == "x" else "x"
                if now.get(other) == value:  # the two change places
                    setattr(self, f"_{other}", now.get(name, ""))
                setattr(self, f"_{name}", value)
            elif name.startswith("at:"):
                self._at = {**self._at, name[3:]: value}
        self.look_again()

    def choose_cell(self, row: int) -> None:
        """A cell by its row in the table; -1 for none."""
        with self._wake:
            self._row, self._first["runs"] = row, 0
        self.look_again()

    def turn(self, which: str, first: Any) -> None:
        """Another leaf of the table of cells ("leaf") or of runs ("runs")."""
        if isinstance(first, int) and not isinstance(first, bool) and first >= 0:
            with self._wake:
                self._first[which] = first
            self.look_again()

    def save(self, what: str, give: Callable[[str, bytes], None]) -> None:
        """Make a file with the command that makes it, beside the page, and hand it over."""
        seen = self.seen
        if seen.path is None or seen.saving:
            return
        self._say(saving=True)
        axes = [c["value"] for c in seen.choices if c["name"] in ("x", "y") and c["value"] != "-"]
        threading.Thread(target=self._save, args=(what, give, seen.path, seen.measure, axes), daemon=True).start()

    # ---------------------------------------------------------------------------- the reading thread

    def _say(self, **news: Any) -> None:
        with self._wake:
            self._seen = self._seen._replace(**news)
        self._on_change()

    def _work(self) -> None:
        pause = EVERY
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or (self._asked and self._on_show), pause)
                if self._closed:
                    return
                if not self._on_show:
                    self._wake.wait_for(lambda: self._closed or self._on_show)
                    continue
                self._asked, path = False, self._seen.path
            if path is None:
                continue
            began = time.monotonic()
            try:
                self._look(path)
            except CoopError as error:
                self._unread(path, str(error))
            except Exception as error:  # a store that somebody else made may hold anything; the log has it all
                logger.exception("a store could not be shown")
                self._unread(path, f"It could not be shown ({type(error).__name__}); the log says more.")
            pause = max(EVERY, PATIENCE * (time.monotonic() - began))

    def _unread(self, path: Path, sentence: str) -> None:
        # A sweep that has just been started has no file yet, and no sweep in it for a moment.
        from coop_abm.dashboard.launching import LAUNCHER

        launched = LAUNCHER.of(path)
        young = launched is not None and launched.working and self.seen.look is None
        error = "" if young else sentence
        if error != self.seen.error or young:
            self._say(error=error)

    def _look(self, path: Path) -> None:
        if not path.is_file():
            raise CoopError(f"{path.name} is not there")
        found = stores.look(path)
        with self._wake:
            if self._seen.path != path:
                return
            chose = (self._measure or found.measure, self._x, self._y, dict(self._at), self._row, dict(self._first))
        measure, x, y, at, row, first = chose
        counts = (path, found.done, found.failed, found.cells)
        if (counts, chose) == self._read and self.seen.look is not None:
            if self.seen.rate:
                self._say(rate=0.0)
            return
        rate = self._rate(path, found)
        if not found.cells:
            self._say(look=found, error="", rate=rate, measure=measure)
            return
        if self._tabled != (counts, measure):
            if not self._tabled or self._tabled[0][0] != path:
                self._known = {}  # theory spoke of another world
            self._table, self._tabled = stores.cells(path, measure), (counts, measure)
        table = self._table
        assert table is not None
        now = stores.chosen(table, x, y, at, sampled=found.sampled)
        drawn = planes.plane(table, found, measure, now, self._known)
        cell = self._cell(path, found, table, measure, row, first["runs"])
        leaf = stores.leaf(table, measure, min(first["leaf"], max(0, len(table) - 1)))
        self._read = (counts, chose)
        self._say(
            look=found, error="", rate=rate, measure=measure, plane=drawn, choices=stores.choices(table, now),
            leaf=leaf, cell=cell,
        )  # fmt: skip

    def _rate(self, path: Path, found: stores.Look) -> float:
        now, done = time.monotonic(), found.done + found.failed
        before, there = self._last
        self._last = (now, done)
        same = self.seen.path == path and self.seen.look is not None
        return max(0.0, (done - there) / (now - before)) if same and now > before else 0.0

    def _cell(
        self, path: Path, found: stores.Look, table: pandas.DataFrame, measure: str, row: int, first: int
    ) -> dict[str, Any]:
        if not 0 <= row < len(table):
            return {}
        given: Mapping[str, Any] = {n: table[n].iloc[row] for n in stores.parameters_of(table)}
        cell = stores.one_cell(path, found, given, measure, first)
        world = found.setting.base is not None
        return cell | {"toml": stores.toml(found, {n: stores.plain(v) for n, v in given.items()}) if world else ""}

    # ---------------------------------------------------------------------------- files

    def _save(self, what: str, give: Callable[[str, bytes], None], path: Path, measure: str, axes: list[str]) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="coop_abm-") as folder:
                made = _made(what, path, measure, axes, Path(folder))
                give(made.name, made.read_bytes())
            self._say(saving=False, error="")
        except CoopError as error:
            self._say(saving=False, error=str(error))
        except Exception as error:
            logger.exception("a file could not be made")
            self._say(saving=False, error=f"The file could not be made ({type(error).__name__}); the log says more.")


def _made(what: str, path: Path, measure: str, axes: list[str], folder: Path) -> Path:
    """The file, made by the command of the command line in a process of its own, so that no page waits for it."""
    if what == "csv":
        words = ["store", "export", str(path), "--out", str(folder / path.stem), "--quiet"]
    else:
        words = ["store", "figure", str(path), "--out", str(folder), "--measure", measure]
        words += [word for axis in axes for word in ("--axis", axis)]
    done = subprocess.run(
        [sys.executable, "-m", "coop_abm.cli", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise CoopError(said[-1].removeprefix("coop-abm: ") if said else "the command ended without a word")
    return folder / f"{path.stem}.{what}"
