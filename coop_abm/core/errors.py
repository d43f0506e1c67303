"""Everything that this package raises on purpose, drawn as a tree.

::

    CoopError
    ├── InputError          what the user gave cannot be used; the command line exits with code 2
    │   ├── ScenarioError   a knob, a scenario file, a combination of mechanisms
    │   ├── GraphError      a graph, or a file that should hold one
    │   ├── BatchError      the arguments of batch_run; a ValueError too, because Mesa's batch_run raises those
    │   └── OutputError     a place where results should go and cannot
    ├── TheoryError         theory is silent, or too large to compute exactly; the message says why
    ├── PolicyError         a policy answered with something that is no permitted action
    ├── ModelError          talking to a language model had to stop; what was paid for is kept
    │   ├── CallFailed      one request failed; says whether it may have been paid for, and may be tried again
    │   ├── BudgetExhausted the next calls could cost more than the cap allows; nothing was sent
    │   ├── JournalError    the journal cannot be written or read, is damaged, or holds no such reply (replay)
    │   └── ModelChanged    another model answered than the one that was asked
    ├── StoreError          the file of a sweep cannot be written or read, is in use, or is damaged
    ├── SweepError          a sweep had to stop; what was done is kept
    ├── ReporterError       something that a Mesa model was asked to report could not be computed
    ├── NotAbsorbed         a population did not fix within the declared number of events
    └── MissingExtra        an optional dependency is not installed; names the install line

Every message is one sentence in the user's words: the field first, then what is permitted, then
what was given. Text that came from outside is shortened and escaped by :func:`quoted`, so a
hostile file cannot flood or repaint a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class CoopError(Exception):
    """Base of all errors that coop_abm raises on purpose."""


class InputError(CoopError):
    """What the user gave cannot be used."""


class ScenarioError(InputError):
    """A knob, a scenario file or a combination of mechanisms cannot be used."""


class GraphError(InputError):
    """A graph, or a file that should hold one, cannot be used."""


class BatchError(InputError, ValueError):
    """The arguments of batch_run cannot be used; a ValueError too, because Mesa's batch_run raises those."""


class OutputError(InputError):
    """Results cannot be written where they should go."""


class TheoryError(CoopError):
    """Theory is silent about this question, or its exact answer is too large to compute."""


class PolicyError(CoopError):
    """A policy answered with something that is no permitted action."""


class ModelError(CoopError):
    """Talking to a language model had to stop; what was paid for is kept."""


class CallFailed(ModelError):
    """One request to a language model failed.

    Attributes
    ----------
    kind   : rate_limit, quota, server, timeout, connection, auth, refused, content_filter, redirect or too_large
    status : HTTP status, 0 where there was none
    retry_after : seconds that the provider asks to wait; None if it does not say
    sent   : may the request have reached the provider, and be paid for?
    again  : is it worth trying again?
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        status: int = 0,
        retry_after: float | None = None,
        sent: bool = True,
        again: bool = False,
    ):
        super().__init__(message)
        self.kind, self.status, self.retry_after, self.sent, self.again = kind, status, retry_after, sent, again

    def __reduce__(self) -> tuple:
        return _call_failed, (self.kind, str(self), self.status, self.retry_after, self.sent, self.again)


def _call_failed(kind, message, status, retry_after, sent, again):
    return CallFailed(kind, message, status=status, retry_after=retry_after, sent=sent, again=again)


class BudgetExhausted(ModelError):
    """The next calls could cost more than the cap allows; nothing was sent."""


class JournalError(ModelError):
    """The journal cannot be written or read, is damaged, or holds no such reply under replay."""


class NotRecorded(JournalError):
    """The journal holds no such reply, and replay sends nothing."""


class ModelChanged(ModelError):
    """Another model answered than the one that was asked, or than the one that answered before."""


class StoreError(CoopError):
    """The file of a sweep cannot be written or read, is in use, or is damaged."""


class SweepError(CoopError):
    """A sweep had to stop; what was done is kept.

    Attributes
    ----------
    rows     : of the runs that were done, where they are in memory
    failures : the runs that failed, with why
    """

    def __init__(self, message: str, *, rows: Sequence[Any] = (), failures: Sequence[Any] = ()):
        super().__init__(message)
        self.rows, self.failures = rows, failures


class ReporterError(CoopError):
    """A reporter of a data collector raised."""


class NotAbsorbed(CoopError):
    """A population did not reach fixation within the declared number of events."""


class MissingExtra(CoopError):
    """An optional dependency is not installed."""


def quoted(value: object, limit: int = 60) -> str:
    """Text from outside, safe to print: one line, printable, at most `limit` characters.

    >>> quoted("a\\x1b[31m\\nb")
    "'a\\\\x1b[31m\\\\nb'"
    """
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception as error:  # noqa: BLE001 - a hostile __repr__ must not hide the real message
        text = f"<{type(value).__name__}, unprintable: {type(error).__name__}>"
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
    return f"'{safe}'" if isinstance(value, str) else safe
