"""Our own C sources, compiled when they are needed: the yardstick of what the machine can do."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import Skipped

# Multiplying and adding at once would round once where Python and numba round twice.
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-std=c11", "-shared", "-fPIC")


def compiler() -> str:
    """The C compiler of this machine.

    Raises
    ------
    Skipped
        if there is none
    """
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return found
    raise Skipped("there is no C compiler (cc, gcc or clang) on this machine")


@functools.cache
def library(name: str) -> ctypes.CDLL:
    """The source ``benchmarks/<name>.c`` as a loaded library.

    Raises
    ------
    Skipped
        if there is no compiler, or it refuses
    """
    source = Path(__file__).parent / f"{name}.c"
    with tempfile.TemporaryDirectory(prefix="coop-abm-") as folder:
        built = Path(folder) / f"{name}.so"
        done = subprocess.run(
            [compiler(), *FLAGS, "-o", str(built), str(source), "-lm"], capture_output=True, text=True
        )
        if done.returncode:
            raise Skipped(f"{source.name} was not compiled: {done.stderr.strip().splitlines()[-1]}")
        return ctypes.CDLL(str(built))  # stays loaded when its file goes


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Where the numbers of an array are."""
    if not array.flags.c_contiguous:
        raise ValueError("C reads contiguous arrays")
    return ctypes.c_void_p(array.ctypes.data)


def integer(value: int) -> ctypes.c_int64:
    """A whole number as C reads it."""
    return ctypes.c_int64(value)
