"""Who does the tasks of a sweep: one face for this process, others on this machine, and clusters."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from coop_abm.sweeps.work import Outcome, Task, Work, performed


class Loss(NamedTuple):
    """A task that came back without outcomes, because whoever did it is gone.

    cause : "worker died (signal 9)", "took longer than 5 s"
    final : is it certain that another try ends the same way? A run that takes too long will do so again
    """

    cause: str
    final: bool = False


class Executor(Protocol):
    """Does tasks somewhere.

    Attributes
    ----------
    slots : how many tasks are under way at most; the coordinator never submits more
    """

    slots: int

    def start(self, work: Work) -> None:
        """Make ready for tasks of this work."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task; returns at once."""
        ...

    def collect(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        """Tasks that are over, waiting up to so many seconds for the first of them.

        Raises
        ------
        CoopError
            what the work raised that concerns all runs (:data:`~coop_abm.sweeps.work.STOPPING`), or because the
            executor itself is lost
        """
        ...

    def close(self) -> None:
        """Stop at once whatever is under way and leave no process behind; safe to call twice."""
        ...


class Inline:
    """This very process, one task at a time."""

    slots = 1

    def __init__(self) -> None:
        self._work: Work | None = None
        self._task: Task | None = None

    def start(self, work: Work) -> None:
        """Remember the work."""
        self._work = work

    def submit(self, task: Task) -> None:
        """Remember the task; it is done when it is collected."""
        self._task = task

    def collect(self, timeout: float) -> list[tuple[Task, list[Outcome] | Loss]]:
        """Do the task."""
        task, self._task = self._task, None
        return [] if task is None or self._work is None else [(task, performed(self._work, task))]

    def close(self) -> None:
        """Nothing runs between calls."""
        self._task = None
