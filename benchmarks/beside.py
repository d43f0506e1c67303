"""Work in a process of its own, which stays between turns: ``mesa.batch_run`` changes how its process starts others."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

from benchmarks.harness import Disagreement


class Beside:
    """A process that calls functions of a module of ours, one after the other.

    Parameters
    ----------
    module : where the functions are

    Raises
    ------
    Disagreement
        if a call raises, with the last line of what it raised
    """

    def __init__(self, module: str):
        self._running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.beside", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1],
        )  # fmt: skip
        self.close = weakref.finalize(self, _end, self._running)

    def ask(self, name: str, **given: Any) -> Any:
        """Call a function by its name; plain values go there and come back."""
        assert self._running.stdin and self._running.stdout and self._running.stderr
        try:
            self._running.stdin.write(json.dumps([name, given]) + "\n")
            self._running.stdin.flush()
            answer = self._running.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            said = self._running.stderr.read().strip().splitlines()
            raise Disagreement(f"{name}: {said[-1] if said else 'ended without a word'}")
        return json.loads(answer)


def _end(running: subprocess.Popen[str]) -> None:
    assert running.stdin and running.stdout and running.stderr
    running.stdin.close()
    try:
        running.wait(timeout=10)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    running.stdout.close()
    running.stderr.close()


def main() -> None:
    """Answer until there is nothing more to do."""
    module = importlib.import_module(sys.argv[1])
    for line in sys.stdin:
        name, given = json.loads(line)
        print(json.dumps(getattr(module, name)(**given)), flush=True)


if __name__ == "__main__":
    main()
