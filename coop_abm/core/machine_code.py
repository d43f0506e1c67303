"""Machine code kept between processes: compiled by one of them, read by the others.

numba keeps machine code, but two processes that want the same kernel at once both compile it, and a disk that is full
when it comes to writing ends the run that only wanted to be faster the next time.
"""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coop_abm.core.errors import CoopError
from coop_abm.core.locks import Lock

#: Seconds between two looks whether another process has done with a kernel, and after which it is not waited for.
LOOK, PATIENCE = 0.02, 120.0


def cache_folder() -> Path:
    """Where machine code is kept: ``$COOP_ABM_CACHE_DIR``, else the user's cache folder."""
    given = os.environ.get("COOP_ABM_CACHE_DIR")
    if given:
        return Path(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("coop-abm", appauthor=False)) / "kernels"


def keep(dispatcher: Any, folder: Path) -> None:
    """From now on `dispatcher` reads its machine code from `folder`, and writes it there when it had to compile.

    Where that cannot be done only speed is lost: one warning, and the kernel is compiled anew in each process.
    """
    from numba import config

    settings: Any = config
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            dispatcher.enable_caching()
        finally:
            settings.CACHE_DIR = before
    except (OSError, RuntimeError, AttributeError) as error:
        _warn(error)
        return
    compiled_by_one(dispatcher, folder / "compiling")


def compiled_by_one(dispatcher: Any, path: Path) -> None:
    """While one process compiles `dispatcher` the others wait for it, and read what it wrote.

    Parameters
    ----------
    path : of the lock; its owner's end, in whatever way, frees it
    """
    from numba.core.compiler_lock import global_compiler_lock

    alone = dispatcher.compile

    def compile(signature: Any) -> Any:
        # numba's own lock first, always: two threads that take the two in different order wait for ever.
        with global_compiler_lock, _turn(path):
            try:
                return alone(signature)
            except OSError as error:
                dispatcher._cache.disable()
                _warn(error)
                return alone(signature)  # what is compiled already is answered from memory

    dispatcher.compile = compile


@contextlib.contextmanager
def _turn(path: Path) -> Iterator[None]:
    lock, end = Lock(path), time.monotonic() + PATIENCE
    try:
        while not lock.acquire() and time.monotonic() < end:
            time.sleep(LOOK)
    except CoopError:  # no file, or no locks there: then each for itself
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _warn(error: Exception) -> None:
    warnings.warn(f"compiled kernels are not kept: {error}", stacklevel=2)
