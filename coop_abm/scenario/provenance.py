"""Where a result came from: enough to make it again."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from coop_abm._version import __version__
from coop_abm.core.kernel import current_engine
from coop_abm.scenario.knobs import digest, plain
from coop_abm.scenario.scenario import Scenario

_LIBRARIES = ("numpy", "scipy", "numba", "networkx", "pandas", "pydantic", "mesa", "matplotlib")


def provenance(scenarios: dict[str, Scenario], *, seed: int, **details: Any) -> dict[str, Any]:
    """A record that names the package, the libraries, the scenarios, their digests and the seed.

    It holds no user name and no host name, and no path but that of the journal, where language models were
    asked. `details` are added as they are.
    """
    return {
        "package": {"name": "coop-abm", "version": __version__},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "engine": current_engine(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
        "seed": seed,
        "scenarios": {
            name: {"digest": digest(scenario), "scenario": plain(scenario)} for name, scenario in scenarios.items()
        },
        **details,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
