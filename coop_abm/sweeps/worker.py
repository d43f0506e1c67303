"""What a worker does: one task after another, until whoever started it is gone."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import Connection

from coop_abm.core.errors import CoopError, SweepError
from coop_abm.sweeps.executor import Loss
from coop_abm.sweeps.work import STOPPING, Outcome, Task, Work, failed, performed, told

#: Says "I am ready for tasks".
READY = b""
#: For the environment of workers alone: they share the cores already, so whatever computes on threads gets one.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)  # fmt: skip


def serve(work: Work, line: Connection, life: Connection) -> None:
    """Do tasks that come down the line, and send back what :func:`answer` makes of them."""
    ignore_interrupts()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with(life)
    draw_afresh()
    line.send_bytes(READY)
    while True:
        try:
            task = pickle.loads(line.recv_bytes())
        except (EOFError, OSError):
            return
        reply = answer(work, task)
        if sys.stdout:
            sys.stdout.flush()  # a worker is killed in the end, and what its model printed would be lost
        line.send_bytes(reply)


def ignore_interrupts() -> None:
    """An interrupt reaches the coordinator too, and it decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # they were held back until now
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def end_with(life: Connection) -> None:
    """From now on, end this process when the other end of `life` is closed or written to, whatever it is doing.

    The kernel is asked to kill: a thread that waits would not get its turn while compiled code holds the interpreter.
    """
    try:
        import fcntl

        fcntl.fcntl(life.fileno(), fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(life.fileno(), fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(life.fileno(), fcntl.F_SETFL, fcntl.fcntl(life.fileno(), fcntl.F_GETFL) | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):  # elsewhere a thread, which compiled code can keep waiting
        threading.Thread(target=_wait_for_the_end, args=(life,), daemon=True).start()
    else:
        if life.poll():  # it had ended before the kernel was asked
            os._exit(1)


def _wait_for_the_end(life: Connection) -> None:
    life.poll(None)
    os._exit(1)


def draw_afresh() -> None:
    """Give numpy's global stream a state of its own: forked processes would draw the same numbers from it."""
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


def answer(work: Work, task: Task) -> bytes:
    """Do a task: outcomes, a loss, or an error that stops the sweep, pickled.

    A worker lives on after whatever a model raises, even if it asks to end the process.
    """
    reply: list[Outcome] | Loss | Exception
    try:
        reply = performed(work, task)
    except STOPPING as error:
        reply = travelling(error)
    except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt of a model's own is no wish of the user's
        reply = Loss(told(error), final=task.runs == 1)
    try:
        return pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - a model may report anything, and one run of many must not take the others along
        assert isinstance(reply, list)
        return pickle.dumps([_sendable(work, task, outcome) for outcome in reply], pickle.HIGHEST_PROTOCOL)


def read(task: Task, content: bytes) -> list[Outcome] | Loss:
    """What an answer says.

    Raises
    ------
    ModelError, OutputError
        if that is what it is
    """
    try:
        reply = pickle.loads(content)
    except Exception as error:  # noqa: BLE001 - a model may report what can be pickled and not read again
        return Loss(f"its results cannot be read: {told(error)}", final=task.runs == 1)
    if isinstance(reply, CoopError):
        raise reply
    return reply


def _sendable(work: Work, task: Task, outcome: Outcome) -> Outcome:
    try:
        pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - see above
        single = Task(task.cell, outcome.replicate, 1)
        return failed(work, single, f"its results cannot be sent between processes: {told(error)}")
    return outcome


def travelling(error: CoopError) -> CoopError:
    """The error itself if it survives pickling, else one of its kind that does."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - errors of other packages often lose an argument on the way
        return next(kind for kind in (*STOPPING, SweepError) if isinstance(error, kind))(told(error))
