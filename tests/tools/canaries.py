"""Golden digests of what every named scenario gives: what changes them changes everybody's results.

    uv run python -m tests.tools.canaries                       # says which are not as they were
    uv run python -m tests.tools.canaries "a line of CHANGELOG.md"  # writes them anew

They are written anew only with a line under *Results-changing* of the present version in CHANGELOG.md that no earlier
change of theirs gave as its reason; if the present version is released, it has to become another one first.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from coop_abm._version import __version__
from coop_abm.scenario.library import NAMED
from coop_abm.sweeps.export import export
from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.sweep import sweep

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "sweeps" / "canaries.json"
SEEDS = (0, 20_061_208)


def digest(name: str, seed: int) -> str:
    """SHA-256 of the exported rows of a small sweep, without keys, which name the version."""
    settings = {"replicates": 2, "steps": 3, "every": 1, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "store.sqlite"
        sweep(asked(name, settings=settings), store=place, workers=0)
        with Store(place, read_only=True) as kept:
            export(kept, place.with_suffix(""))
        header, *rows = place.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("key,"), header
    lines = [header.partition(",")[2], *sorted(row.partition(",")[2] for row in rows)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def digests() -> dict[str, str]:
    """Of all named scenarios, for each seed."""
    return {f"{name} {seed}": digest(name, seed) for name in NAMED for seed in SEEDS}


def golden() -> dict[str, Any]:
    """What was written last: the version and the reasons so far, the last one being the reason of these digests."""
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def announced(version: str) -> tuple[bool, set[str]]:
    """Is this version of CHANGELOG.md unreleased, and what does it list as Results-changing, in single lines?"""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}(.*?)$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        return False, set()
    changing = re.search(r"^### Results-changing$(.*?)(?=^### |\Z)", found[2], re.MULTILINE | re.DOTALL)
    items = re.split(r"^- ", changing[1], flags=re.MULTILINE)[1:] if changing else []
    return "unreleased" in found[1], {" ".join(item.split()) for item in items}


def write(reason: str) -> None:
    """Write the digests of today, for this reason."""
    before = golden() if GOLDEN.exists() else {"reasons": []}
    unreleased, reasons = announced(__version__)
    if not unreleased:
        sys.exit(f"version {__version__} is released: results may change with another one only")
    if reason not in reasons or reason in before["reasons"]:
        sys.exit(f"CHANGELOG.md lists no such new line under Results-changing of {__version__}: {reason}")
    tree = {"version": __version__, "reasons": [*before["reasons"], reason], "sha256": digests()}
    GOLDEN.write_text(json.dumps(tree, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        write(" ".join(sys.argv[1].split()))
    else:
        then = golden()["sha256"]
        print("\n".join(name for name, found in digests().items() if then.get(name) != found) or "all as they were")
