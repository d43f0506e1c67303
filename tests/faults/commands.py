"""The shipped command, started as a user starts it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from coop_abm.llm import transcript

WORLD = """
name = "minds"
size = 12
{head}
players = [
  {{ share = 0.5, policy = "model", strategy = "tft", {mind} }},
  {{ share = 0.5, strategy = "alld" }},
]

[direct]
enabled = true
continuation = 0.3

[indirect]
enabled = true
visibility = 0.5
assessment = "stern_judging"

[update]
kind = "pairwise_comparison"
"""


def scenario(folder: Path, mind: str, head: str = "") -> Path:
    """A scenario file in which half of twelve individuals are decided for by this model."""
    path = folder / "world.toml"
    path.write_text(WORLD.format(mind=mind, head=head), encoding="utf-8")
    return path


def command(path: Path, out: Path, journal: Path, *more: str, steps: int = 6) -> list[str]:
    """The command line of a run."""
    return [
        sys.executable, "-m", "coop_abm.cli", "run", str(path), "--steps", str(steps), "--seed", "3", "--out", str(out),
        "--journal", str(journal), *more,
    ]  # fmt: skip


def ran(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    """The command, run to its end."""
    return subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, timeout=300,
        env={**os.environ, **environment},
    )  # fmt: skip


def stats(address: str) -> dict:
    """The counts of a stand-in, from its own side."""
    with urllib.request.urlopen(address.removesuffix("/v1") + "/stats", timeout=30) as answer:
        return json.load(answer)


def calls(journal: Path, out: Path) -> list[transcript.Call]:
    """The calls of a run that came to its end."""
    told = json.loads((out / "provenance.json").read_text(encoding="utf-8"))["minds"]
    return list(transcript.calls(journal, told["run"]))


def bytes_below(*places: Path) -> dict[str, bytes]:
    """Every file in these places, whatever it is."""
    found = {}
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file():
                found[str(path)] = path.read_bytes()
    return found
