"""How work travels to other processes: pickled once, and refused in one line where they could not read it."""

from __future__ import annotations

import io
import os
import pickle
import sys
from types import FunctionType, ModuleType
from typing import Any
from uuid import uuid4

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.work import Work, told


def packed(work: Work | bytes) -> bytes:
    """The work as bytes that a process on this machine can read; bytes are such work already.

    Raises
    ------
    InputError
        naming what cannot be pickled, or what others cannot import, and why
    """
    if isinstance(work, bytes):
        return work
    buffer = io.BytesIO()
    pickler = _Pickler(buffer)
    try:
        pickler.dump(work)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - anything may be raised by a model that does not want to be pickled
        raise InputError(f"this model cannot be sent to other processes: {told(error)}") from None
    return buffer.getvalue()


class Parcel:
    """Work that is pickled once, and read once in each process, however many tasks it comes with."""

    def __init__(self, work: Work, packed_as: tuple[str, bytes] | None = None):
        self.work, self._packed = work, packed_as

    def __reduce__(self) -> tuple[Any, tuple[str, bytes]]:
        if self._packed is None:
            self._packed = (uuid4().hex, packed(self.work))
        return _parcel, self._packed


_latest: dict[str, Parcel] = {}


def _parcel(name: str, content: bytes) -> Parcel:
    parcel = _latest.get(name)
    if parcel is None:
        parcel = Parcel(pickle.loads(content), (name, content))
        _latest.clear()  # one sweep at a time
        _latest[name] = parcel
    return parcel


class _Pickler(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        """Refuse classes and functions that no other process can import; leave the rest to pickle."""
        if isinstance(thing, type | FunctionType):
            why = _why_not_elsewhere(thing)
            if why:
                raise InputError(f"{quoted(thing.__qualname__)} cannot be sent to other processes: {why}")
        return NotImplemented


def _why_not_elsewhere(thing: type | FunctionType) -> str:
    if "<lambda>" in thing.__qualname__:
        return "it is a lambda; write it as a function at the top of a .py file"
    if "<locals>" in thing.__qualname__:
        return "it is defined inside a function; move it to the top of a .py file"
    if thing.__module__ == "__main__" and not main_file():
        return (
            "it is defined in a notebook or at a prompt, where they cannot import it; move it to a .py file, "
            "or ask for Workers(..., start_method='fork')"
        )
    return ""


def main_file() -> str:
    """The script that this process runs; empty in a notebook or at a prompt."""
    path = getattr(sys.modules["__main__"], "__file__", None) or ""
    return os.path.abspath(path) if os.path.isfile(path) else ""


def surroundings() -> dict[str, Any]:
    """What :func:`unpacked` needs to find in another process what this one has imported: plain values."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return {
        "path": [entry or os.getcwd() for entry in sys.path],
        "argv": list(sys.argv),
        "main_name": spec.name if spec else "",
        "main_file": main_file(),
    }


def unpacked(parcel: bytes, around: dict[str, Any]) -> Work:
    """The work again. The script that was run is imported only if a class of it is needed.

    Raises
    ------
    Exception
        whatever importing the model's modules raises
    """
    return _Unpickler(io.BytesIO(parcel), around).load()


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, around: dict[str, Any]):
        super().__init__(file)
        self._around = around
        self._main: ModuleType | None = None

    def find_class(self, module: str, name: str) -> Any:
        if module == "__main__" and self._main is None:
            self._main = import_main(self._around)
        return super().find_class(module, name)


def import_main(around: dict[str, Any]) -> ModuleType:
    """Run the coordinator's script as a module that is not `__main__`, so that what it guards is left out."""
    import runpy
    from multiprocessing.process import current_process

    sys.argv[:] = around["argv"]
    this: Any = current_process()
    this.name = WORKER
    this._inheriting = True  # the mark by which multiprocessing, and Workers, know that a guard is missing
    try:
        if around["main_name"]:
            names = runpy.run_module(around["main_name"], run_name="__mp_main__", alter_sys=True)
        else:
            names = runpy.run_path(around["main_file"], run_name="__mp_main__")
    finally:
        del this._inheriting
    main = ModuleType("__mp_main__")
    main.__dict__.update(names)
    sys.modules["__main__"] = sys.modules["__mp_main__"] = main
    return main


#: The exit code of a worker that found itself starting a sweep while it imported the coordinator's script.
UNGUARDED = 77
#: Names of processes whose coordinator will tell the user about that, in one line for all of them.
WORKER = "coop_abm worker"
_QUIET = (WORKER, "Dask Worker")


def refuse_unguarded() -> None:
    """End this process if it only exists to import a script for somebody else, and the script starts a sweep again.

    Raises
    ------
    SystemExit
        with :data:`UNGUARDED`, which the coordinator turns into :func:`unguarded`; with words, if this process belongs
        to another pool
    """
    from multiprocessing.process import current_process

    if getattr(current_process(), "_inheriting", False):
        quiet = current_process().name.startswith(_QUIET)
        raise SystemExit(UNGUARDED if quiet else "a sweep starts whenever this script is imported; " + _REMEDY)


_REMEDY = "put the sweep under `if __name__ == '__main__':`, or the model into a file of its own"


def unguarded() -> InputError:
    """What to say about a script that starts a sweep when it is imported."""
    return InputError(
        f"{quoted(os.path.basename(main_file()))} starts a sweep whenever it is imported, and workers must import it "
        f"for the model: {_REMEDY}"
    )
