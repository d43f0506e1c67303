"""A process that has imported the model and forks a worker whenever one is asked for, so that a new one costs little.

It has a single thread and does nothing but fork, so workers start from a clean state, unlike forks of the
coordinator. A worker that dies is reported with its exit code. When the coordinator is gone, so is everybody here.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.spawn import get_executable
from typing import Any

from coop_abm.sweeps.parcels import UNGUARDED, surroundings, unpacked
from coop_abm.sweeps.work import told
from coop_abm.sweeps.worker import ONE_THREAD, end_with, ignore_interrupts, serve

_EXIT = struct.Struct("q")
_CODE = (
    "import pickle, sys; given = pickle.load(sys.stdin.buffer); sys.path[:] = given['path']; "
    "from coop_abm.sweeps.nursery import nurse; nurse(given)"
)


class Nursery:
    """The coordinator's end.

    control : readable when the nursery has ended; :meth:`cause` says why
    """

    def __init__(self, parcel: bytes):
        self.control, there = socket.socketpair()
        life, self._life = Pipe(duplex=False)
        given = surroundings() | {"parcel": parcel, "control": there.fileno(), "life": life.fileno()}
        command = [get_executable(), *subprocess._args_from_interpreter_flags(), "-c", _CODE]  # type: ignore[attr-defined]
        with there, life, interrupts_held_back():
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, pass_fds=(there.fileno(), life.fileno()), env=os.environ | ONE_THREAD
            )
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as stdin:  # it has ended already: see cause()
            stdin.write(pickle.dumps(given))

    def bear(self) -> Forked:
        """Ask for a worker; of a nursery that has ended it is dead at once."""
        return Forked(self)

    def cause(self) -> tuple[int, str]:
        """The exit code of a nursery that ended, and what it said."""
        said = b""
        with contextlib.suppress(ConnectionResetError):  # it had not read all requests
            while more := self.control.recv(65536):
                said += more
        return self._process.wait(), said.decode(errors="replace")

    def close(self) -> None:
        """End it with all its workers, and wait until they are gone."""
        with contextlib.suppress(OSError):  # it has ended already
            self.control.shutdown(socket.SHUT_RDWR)  # reaches it even if another fork holds a copy of this end
        self.control.close()
        try:
            self._process.wait(1)  # it reaps its workers
        except subprocess.TimeoutExpired:  # busy importing, so there are none
            self._process.kill()
            self._process.wait()
        self._life.close()


class Forked:
    """The coordinator's end of one worker: `line` for tasks and answers, `sentinel` readable when it has died."""

    def __init__(self, nursery: Nursery):
        self.nursery = nursery
        self.line, line = Pipe()
        life, self._life = Pipe(duplex=False)
        self.sentinel, status = Pipe(duplex=False)
        with line, life, status, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(nursery.control, [b"w"], [line.fileno(), life.fileno(), status.fileno()])

    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None if its nursery ended as well."""
        try:
            return _EXIT.unpack(self.sentinel.recv_bytes())[0]
        except (EOFError, OSError):
            return None

    def kill(self) -> None:
        """Kill it. A word on the pipe that it lives by reaches that very process, whatever became of its number."""
        with contextlib.suppress(OSError):
            self._life.send_bytes(b"x")

    def close(self) -> None:
        """Close the pipes."""
        for pipe in (self.line, self._life, self.sentinel):
            pipe.close()


@contextlib.contextmanager
def interrupts_held_back() -> Iterator[None]:
    """A process that is started meanwhile cannot be interrupted before it has said that it does not want to be."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


# ------------------------------------------------------------------------------- the nursery's end


def nurse(given: dict[str, Any]) -> None:
    """Load the work, then fork a worker for each request, until the coordinator hangs up."""
    ignore_interrupts()
    life = Connection(given["life"], writable=False)
    end_with(life)
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    with socket.socket(fileno=given["control"]) as control:
        os.set_inheritable(control.fileno(), False)
        os.set_inheritable(life.fileno(), False)
        try:
            work = unpacked(given["parcel"], given)
        except SystemExit as error:
            if error.code != UNGUARDED:
                control.sendall(b"importing the script of this sweep ended the process")
            sys.exit(UNGUARDED if error.code == UNGUARDED else 1)
        except Exception as error:  # noqa: BLE001 - importing a model may raise anything; the coordinator is told
            control.sendall(told(error).encode())
            sys.exit(1)
        _fork_on_request(work, control)


def _fork_on_request(work: Any, control: socket.socket) -> None:
    children: dict[int, Connection] = {}
    gc.collect()
    gc.freeze()  # looking for garbage among what was imported would give each worker a copy of it
    wake, woken = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # without a handler the file below would not be written to
    signal.set_wakeup_fd(woken)
    while True:
        ready = wait([control, wake])
        if wake in ready:
            os.read(wake, 65536)
            _report_deaths(children)
        if control in ready:
            _, fds, *_ = socket.recv_fds(control, 1, 3)
            if not fds:
                break
            line, life = Connection(fds[0]), Connection(fds[1], writable=False)
            status = Connection(fds[2], readable=False)
            child = _forked()
            if child == 0:
                control.close()
                for pipe in (status, *children.values()):
                    pipe.close()
                for fd in (wake, woken):
                    os.close(fd)
                _live(work, line, life)
            line.close()
            life.close()
            if child < 0:
                status.send_bytes(_EXIT.pack(-child))
                status.close()
            else:
                children[child] = status
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)


def _forked() -> int:
    """Fork: 0 in the child, its number in the parent, a negative number if there may be no more processes."""
    try:
        return os.fork()
    except OSError as error:
        return -(error.errno or 1)


def _live(work: Any, line: Connection, life: Connection) -> None:
    """Be a worker; never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pipe in (line, life):
            os.set_inheritable(pipe.fileno(), False)  # programs that the model starts must not hold them open
        serve(work, line, life)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, this process must not go on as a second nursery
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _report_deaths(children: dict[int, Connection]) -> None:
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        with children.pop(child) as pipe, contextlib.suppress(BrokenPipeError):
            pipe.send_bytes(_EXIT.pack(os.waitstatus_to_exitcode(status)))
