"""``python -m benchmarks.dashboard``: how the dashboard draws and carries a class, in a real browser.

Everything runs on this machine: a server of our own process, Chromium without a way out, and clients on websockets
that speak as the page does. Mesa's own page is measured in the same run. Nothing here is asserted; figures of one
run are beside each other, and a machine that is busy with other things says so by its load.

    python -m benchmarks.dashboard --out docs/dashboard/speed.md
    python -m benchmarks.dashboard --only paint --only mesa
    python -m benchmarks.dashboard --only memory            ten minutes
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import description
from benchmarks.page_crowd import crowd
from benchmarks.page_mesa import mesa
from benchmarks.page_parts import edge, scroll
from benchmarks.page_rows import closed, memory, paint, slider, throttled
from benchmarks.page_tools import Row

PARTS: dict[str, Callable[[], list[Row]]] = {
    "paint": paint, "slider": slider, "throttled": throttled, "crowd": crowd, "closed": closed, "scroll": scroll,
    "edge": edge, "mesa": mesa,
    "memory": memory,
}  # fmt: skip
#: What is measured unless something is named: all but what takes ten minutes.
USUAL = [name for name in PARTS if name != "memory"]


def main(words: list[str] | None = None) -> int:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=list(PARTS), help="a part; may be given several times")
    parser.add_argument("--out", type=Path, help="a Markdown file to write")
    asked = parser.parse_args(words)
    lines = ["| what | measured | goal |", "|---|---|---|"]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    for name in asked.only or USUAL:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows = PARTS[name]()
        except Exception as error:  # noqa: BLE001  the other parts are still worth measuring
            rows = [Row(name, f"not measured: {type(error).__name__}: {str(error).splitlines()[0][:160]}")]
        for row in rows:
            lines.append(f"| {row.what} | {row.figure} | {row.goal} |")
            print(lines[-1], flush=True)
    text = "\n".join(
        ["# How fast the dashboard is", "", *description(), f"Load when it began: {load:.1f}.", "", *lines, ""]
    )
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
