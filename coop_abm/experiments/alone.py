"""An experiment in a process of its own, which is told what to do in one line and says line by line how far it is.

    python -m coop_abm.experiments.alone      {"name": "five-rules", "options": {...}, "folder": "..."} on its input

It answers in lines of JSON: ``{"said": [words, share]}``, ``{"rows": [...]}`` of results so far, and in the end
``{"done": {"rows", "reading", "files", "view"}}`` or ``{"error": one sentence}``. It ends when its input does, so
that it never outlives who asked.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from coop_abm.core.errors import CoopError, InputError, quoted
from coop_abm.experiments import experiment
from coop_abm.experiments.choosing import command
from coop_abm.experiments.paying import bought
from coop_abm.scenario.wording import declared

#: Other work of the machine, such as showing how far this is, goes before.
NICENESS = 5


def tell(out: TextIO, **message: Any) -> None:
    """One line."""
    out.write(json.dumps(message, allow_nan=False) + "\n")
    out.flush()


def measure(order: dict[str, Any], out: TextIO) -> None:
    """Do it, and say how far it is.

    Raises
    ------
    InputError
        in one line, if an option cannot be used
    """
    kind = experiment(order["name"])
    chosen = kind.chosen(declared(kind.options, order["options"]))
    _refuse_to_pay(chosen)
    results = chosen.measure(
        lambda words, share: tell(out, said=[words, share]),
        lambda so_far: tell(out, rows=plain(chosen.table(so_far))),
    )
    tell(out, said=["drawing the figure", 1.0])
    files = chosen.save(results, Path(order["folder"]))
    tell(out, done={
        "rows": plain(chosen.table(results)), "reading": chosen.reading(results), "files": [f.name for f in files],
        "view": plain(chosen.view(results)) if hasattr(chosen, "view") else None,  # type: ignore[attr-defined]
    })  # fmt: skip


def _refuse_to_pay(chosen: Any) -> None:
    """Nobody who could be asked sits here, so nobody is asked who may cost money, whatever a file of options names."""
    for world in getattr(chosen, "worlds", {}).values():
        for model in bought(world):
            raise InputError(
                f"{quoted(model.model)[1:-1]} may cost money, and is not asked from a page: run it with "
                f"{command(chosen.name, chosen.chosen_options)}"
            )


def plain(value: Any) -> Any:
    """Plain values; a number that is none is null."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    return value


def main() -> int:
    """Read the order, do it; the exit code."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_leave_with_the_input, daemon=True).start()
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    try:
        measure(order, sys.stdout)
    except CoopError as error:
        tell(sys.stdout, error=str(error))
        return 2
    return 0


def _leave_with_the_input() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
