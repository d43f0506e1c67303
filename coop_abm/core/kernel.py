"""Write it for one, run it for many: one source, interpreted or compiled.

``@kernel`` marks a plain loop that a student can read. Called under the *compiled* engine (the
default) the very same lines are compiled by numba; under ``engine("plain")``, or where numba is
not installed, the interpreter runs them. There is no second implementation of a rule to keep
equal, only a compiler to check, and the tests run both.

So that both give the same bytes, kernels keep to a dialect (``tests/parity/test_dialect.py``):
explicit loops, ``math.*`` scalars, no ``**``, no builtin ``sum``, no array reductions, no
arithmetic on integers below 64 bits before ``np.int64(...)``, random words as ``np.uint64``.

A kernel may call other kernels by their global name, and :meth:`Kernel.using` makes the same
kernel with other callees: this is how one ensemble loop runs every update rule.

Compiled code is kept between processes. numba's own cache does not notice a changed callee in
another file, so a kernel is stored under the hash of its bytecode, of everything that it calls, of
the constants they read, and of the versions of numba, numpy, Python and this package.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from coop_abm.core.errors import CoopError, InputError
from coop_abm.core.machine_code import cache_folder, keep

ENGINES = ("compiled", "plain")
#: Bytes of code up to which a kernel is put into those that call it.
SHORT = 1300
#: Names by which a kernel makes arrays.
MAKERS = frozenset(("empty", "zeros", "ones", "full", "arange", "copy"))
_chosen = os.environ.get("COOP_ABM_ENGINE", "compiled")
_making = threading.Lock()


def current_engine() -> str:
    """Which engine runs kernels now: "compiled" or "plain"."""
    if _chosen not in ENGINES:
        raise InputError(f"COOP_ABM_ENGINE must be one of {', '.join(ENGINES)}; got {_chosen!r}")
    return _chosen if _chosen == "plain" or _has_numba() else "plain"


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Run all kernels inside the block by this engine, in the whole process.

    Raises
    ------
    InputError
        if the name is neither "compiled" nor "plain"
    """
    global _chosen
    if name not in ENGINES:
        raise InputError(f"engine must be one of {', '.join(ENGINES)}; got {name!r}")
    before, _chosen = _chosen, name
    try:
        yield
    finally:
        _chosen = before


@functools.cache
def _has_numba() -> bool:
    try:
        import numba  # noqa: F401
    except ImportError:
        warnings.warn("numba is not installed: kernels run in the interpreter, slowly", stacklevel=3)
        return False
    return True


class Kernel:
    """A function that runs interpreted or compiled, together with everything that it calls."""

    def __init__(self, function: Callable[..., Any], callees: dict[str, Kernel] | None = None):
        functools.update_wrapper(self, function)
        self.function = function
        self._given = dict(callees or {})
        self._variants: dict[tuple[tuple[str, int], ...], Kernel] = {}

    def __repr__(self) -> str:
        return f"<kernel {self.function.__module__}.{self.function.__qualname__}>"

    def __call__(self, *arguments: Any) -> Any:
        if current_engine() == "plain":
            with np.errstate(over="ignore"):  # random words wrap around by design
                return self.plain(*arguments)
        return self.stored(*arguments)

    def using(self, **callees: Kernel) -> Kernel:
        """The same kernel, calling these kernels under the given global names."""
        key = tuple(sorted((name, id(callee)) for name, callee in callees.items()))
        if key not in self._variants:
            self._variants[key] = Kernel(self.function, {**self._given, **callees})
        return self._variants[key]

    @functools.cached_property
    def callees(self) -> dict[str, Kernel]:
        """The kernels that this one calls, by global name."""
        found = {}
        for name in self.function.__code__.co_names:
            value = self._given.get(name, self.function.__globals__.get(name))
            if isinstance(value, Kernel):
                found[name] = value
        return found

    @functools.cached_property
    def allocates(self) -> bool:
        """Does this kernel make arrays, itself or in one that it calls?"""
        own = not MAKERS.isdisjoint(self.function.__code__.co_names)
        return own or any(callee.allocates for callee in self.callees.values())

    @property
    def options(self) -> dict[str, bool]:
        """What makes calls of short kernels cheap; without both an event on a graph takes three times as long.

        A short kernel is put into its callers, and one that makes no arrays does not count references
        to those that it reads.
        """
        return {"forceinline": len(self.function.__code__.co_code) < SHORT, "_nrt": self.allocates}

    def _rebound(self, callees: dict[str, Any]) -> types.FunctionType:
        function = self.function
        scope = {**function.__globals__, **callees}
        copy = types.FunctionType(
            function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
        )
        copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
        return copy

    @functools.cached_property
    def plain(self) -> types.FunctionType:
        """The function as written, calling the plain versions of its callees."""
        return self._rebound({name: callee.plain for name, callee in self.callees.items()})

    def _dispatcher(self, **more: bool) -> Any:
        import numba

        if self.function.__closure__:  # it would not be part of the hash under which the code is kept
            raise CoopError(f"kernel {self.function.__qualname__}: pass what it reads as arguments, not by closure")
        function = self._rebound({name: callee.called for name, callee in self.callees.items()})
        # numba names machine code by qualified name and a count within the process. Variants made by
        # `using` share a name, so that code kept by one process could answer for another's.
        function.__name__ = function.__qualname__ = f"{function.__name__}_{self.digest[:16]}"
        compiler: Any = numba.njit  # its annotations do not know of all its options
        return compiler(nogil=True, error_model="numpy", fastmath=False, **self.options, **more)(function)

    @functools.cached_property
    def compiled(self) -> Any:
        """The numba dispatcher that Python calls."""
        return self._dispatcher()

    @functools.cached_property
    def called(self) -> Any:
        """The dispatcher that other kernels call.

        It has no entry for Python or C: on a cold cache those take a quarter of the time to compile.
        """
        return self._dispatcher(no_cpython_wrapper=True, no_cfunc_wrapper=True)

    @functools.cached_property
    def stored(self) -> Any:
        """The dispatcher, its machine code kept in the user's cache between processes."""
        with _making:  # threads that ask at the same time get the same one
            if "stored" not in self.__dict__:
                keep(self.compiled, cache_folder() / self.digest[:40])
                self.__dict__["stored"] = self.compiled
            return self.__dict__["stored"]

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the code, constants and callees, and of the versions that compile them.

        The code that is loaded counts, not the file: a file that is edited while a process runs must
        not lend its hash to the machine code of what it was before.
        """
        code = self.function.__code__
        seen = hashlib.sha256(_versions().encode())
        seen.update(code.co_code)
        seen.update(repr(self.options).encode())
        seen.update(repr((code.co_consts, code.co_names, code.co_varnames, self.function.__qualname__)).encode())
        for name in sorted(code.co_names):
            if name in self.callees:
                seen.update(f"{name}->{self.callees[name].digest}".encode())
                continue
            value = self.function.__globals__.get(name)
            if isinstance(value, np.ndarray):
                seen.update(f"{name}={value.dtype}{value.shape}".encode() + value.tobytes())
            elif isinstance(value, (bool, int, float, str, tuple, np.generic)):
                seen.update(f"{name}={value!r}".encode())
        return seen.hexdigest()


def kernel(function: Callable[..., Any]) -> Kernel:
    """Mark a plain loop as a kernel (decorator)."""
    return Kernel(function)


@functools.cache
def _versions() -> str:
    import numba

    from coop_abm._version import __version__

    # Bounds checks are compiled in, so a checked build must not be mistaken for an unchecked one.
    checked = bool(getattr(numba.config, "BOUNDSCHECK", 0))
    return f"{numba.__version__} {np.__version__} {sys.version} {__version__} {checked}"
