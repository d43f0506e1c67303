"""Write the exact versions of this environment into pyproject.toml, as constraints.

    uv run python tests/tools/pin.py           # after the tests have passed: pins what they passed with
    uv run python tests/tools/pin.py --print   # prints the pins, one requirement a line

A lock file would name the hosts that packages come from, so the pins stand in ``[tool.uv]
constraint-dependencies`` instead: everything that is installed here, each at its exact version, with a
marker where a package is for one platform.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
#: What belongs to the environment rather than to the project.
APART = {"coop-abm", "pip", "setuptools", "wheel", "uv"}


def installed() -> list[str]:
    """Every installed distribution as ``name==version``, sorted."""
    found = {d.metadata["Name"].lower().replace("_", "-"): d.version for d in distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in APART]


def pinned() -> list[str]:
    """The constraints that stand in pyproject.toml."""
    return tomllib.loads(PROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]


def write() -> None:
    """Replace the constraints in pyproject.toml by what is installed."""
    text = PROJECT.read_text()
    before, _, rest = text.partition("constraint-dependencies = [")
    _, _, after = rest.partition("]")
    listed = "".join(f'    "{pin}",\n' for pin in installed())
    PROJECT.write_text(f"{before}constraint-dependencies = [\n{listed}]{after}")


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        print("\n".join(pinned()))
    else:
        write()
        print(f"{len(pinned())} versions pinned")
