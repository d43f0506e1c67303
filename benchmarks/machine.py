"""The machine and the versions, in general terms: no names of hosts, no paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from benchmarks.harness import Skipped, cores_here
from benchmarks.native import compiler

LIBRARIES = ("numpy", "numba", "mesa", "networkx", "scipy")


def description() -> list[str]:
    """Lines that say on what the figures were measured."""
    return [
        f"Machine: {platform.machine()}, {cores_here()} cores, {_memory()}, {_shared()}.",
        f"System: {platform.system()}; Python {platform.python_version()}; {_compiler()}.",
        "Libraries: " + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES) + ".",
    ]


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "memory unknown"
    return f"{round(size / 2**30)} GiB of memory"


def _shared() -> str:
    """Is it a virtual machine, which shares its cores with others?"""
    try:
        virtual = "hypervisor" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "virtual or not is unknown"
    return "a virtual machine, so its cores are shared" if virtual else "not virtual"


def _compiler() -> str:
    try:
        said = subprocess.run([compiler(), "--version"], capture_output=True, text=True).stdout
    except Skipped:
        return "no C compiler"
    words = said.splitlines()[0].split() if said else ["cc", "?"]
    return f"C compiler {words[0]} {words[-1]}"
