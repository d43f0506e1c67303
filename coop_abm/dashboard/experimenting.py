"""An experiment that is measured beside the page, in a process of its own, and what has come of it so far.

The page stays quick while kernels and figures are at work, and Stop stops at once.
"""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.core.errors import CoopError
from coop_abm.dashboard.jobs import Job, Progress
from coop_abm.experiments import experiment
from coop_abm.experiments.choosing import changed, command, free
from coop_abm.scenario.deciders import TABLE
from coop_abm.scenario.wording import declared

logger = logging.getLogger(__name__)

#: Seconds between two looks at whether the reader has stopped it.
LOOK = 0.2
#: Lines of its error output that the log is told where it ends without a word.
LAST = 20


class Results(NamedTuple):
    """What has come of an experiment.

    rows    : of its table, so far
    reading : what they say; "" before the end
    files   : what ``save`` wrote, by name; empty before the end
    view    : plain values for a view of its own; None where it has none
    """

    rows: list[dict[str, Any]] = []
    reading: str = ""
    files: Mapping[str, bytes] = {}
    view: Any = None

    def file(self, ending: str) -> bytes | None:
        """The first file with this ending."""
        return next((content for name, content in self.files.items() if name.endswith(ending)), None)


class Experimenting:
    """One experiment of one tab: its options, its work, its results.

    Parameters
    ----------
    name      : of the experiment
    on_change : called, in some thread, when there is something new to show

    Attributes
    ----------
    options : what is chosen for the next run
    done_with : the options that the results on show were made with; None before
    """

    def __init__(self, name: str, on_change: Callable[[], None] = lambda: None):
        self.kind = experiment(name)
        self.options = self.kind.options()
        self.done_with: Any = None
        self.results = Results()
        self.on_change = on_change
        self.job = Job(lambda: self.on_change())

    @property
    def command(self) -> str:
        """The command line that runs this where the page does not; "" where the page does."""
        return "" if free(self.options) else command(self.kind.name, self.options)

    @property
    def now(self) -> Progress:
        """How far it is."""
        return self.job.now

    def choose(self, path: str, value: Any) -> None:
        """Set an option.

        Raises
        ------
        InputError
            in one line, if it cannot be had
        """
        wanted = changed(self.options, {path: value})
        self.kind.chosen(without_models(wanted))  # what only the experiment itself can refuse
        self.options = wanted

    def quick(self) -> None:
        """Choose the options with which it is over in seconds; the seed stays."""
        seed = {"seed": self.options.seed} if hasattr(self.options, "seed") else {}
        self.options = declared(self.kind.options, dict(self.kind.quick) | seed)

    def run(self) -> None:
        """Begin; results of before go. Not where somebody is to decide who may cost money."""
        options = self.options
        if not free(options):
            return
        self.results, self.done_with = Results(), options
        self.job.start(lambda report: self._measure(options.model_dump(), report))

    def stop(self) -> None:
        """Stop at once; rows that are there stay."""
        self.job.stop()

    close = stop

    # ------------------------------------------------------------------------------------------- inside

    def _measure(self, options: dict[str, Any], report: Callable[[str, float], None]) -> None:
        with tempfile.TemporaryDirectory(prefix="coop_abm-") as folder:
            order = {"name": self.kind.name, "options": options, "folder": folder}
            process = subprocess.Popen(
                [sys.executable, "-m", "coop_abm.experiments.alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, encoding="utf-8",
            )  # fmt: skip
            try:
                self._follow(process, order, Path(folder), report)
            finally:
                process.kill()
                process.wait()
                for pipe in (process.stdin, process.stdout, process.stderr):
                    if pipe is not None:
                        pipe.close()

    def _follow(
        self, process: subprocess.Popen[str], order: dict[str, Any], folder: Path, report: Callable[[str, float], None]
    ) -> None:
        said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        cries: list[str] = []
        threads = [
            threading.Thread(target=_hear, args=(process.stdout, said), daemon=True),
            threading.Thread(target=lambda: cries.extend(process.stderr or ()), daemon=True),
        ]
        for thread in threads:
            thread.start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        words, share = "starting", 0.0
        while True:
            report(words, share)  # where the reader has stopped it, this does not come back
            try:
                message = said.get(timeout=LOOK)
            except queue.Empty:
                continue
            if message is None:
                break
            if "said" in message:
                words, share = message["said"]
            elif "error" in message:
                raise CoopError(message["error"])
            elif "rows" in message:
                self.results = Results(message["rows"])
                self.on_change()
            else:
                done = message["done"]
                files = {name: (folder / name).read_bytes() for name in done["files"]}
                self.results = Results(done["rows"], done["reading"], files, done["view"])
                process.wait()
                for thread in threads:
                    thread.join()
                return
        process.wait()
        threads[1].join(1)
        logger.error("an experiment ended without a result:\n%s", "".join(cries[-LAST:]))
        raise CoopError("The measurement ended before its end; the log says more.")


def without_models(options: Any) -> Any:
    """The same options with tables in the place of whoever may cost money; a policy file is not read by a page."""
    return options if free(options) else options.model_copy(update={"policy": TABLE})


def _hear(lines: Any, said: queue.Queue[dict[str, Any] | None]) -> None:
    """What it says, then None."""
    try:
        for line in lines:
            said.put(json.loads(line))
    except ValueError:  # the pipe was closed, or a line was cut: nothing more is coming
        pass
    finally:
        said.put(None)
