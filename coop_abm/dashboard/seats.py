"""People among the tables: who sits answers, and for everybody else the strategy of the node decides.

:class:`Seats` is a policy like any other. The world's own thread waits in it until all who are asked have
answered, their time is up, or nobody is there any more; it sleeps while it waits. The world starts and draws
exactly as without anybody on a seat: somebody who decides as its table would changes nothing at all.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.question import Policy, Question
from coop_abm.engine.rounds import Play
from coop_abm.policies.one import OneView, views


class Closed(Exception):
    """Nobody looks any more: the world ends here."""


class Asked(NamedTuple):
    """One decision that somebody has to take.

    key  : names it; an answer under another key is too late
    view : what may be known
    row  : place in the question
    """

    key: int
    view: OneView
    row: int


class Seats:
    """Decides for everybody in one world.

    Parameters
    ----------
    play, table : the world, and the policy of those who do not sit
    on_change : called when somebody is asked, has answered, or is not waited for any more
    patience  : seconds that a turn waits; None waits as long as it takes
    """

    def __init__(
        self, play: Play, table: Policy, *, on_change: Callable[[], None] = lambda: None,
        patience: float | None = None,
    ):  # fmt: skip
        self._table, self._on_change = table, on_change
        self._names = play.repertoire.names, play.scenario.game.actions
        self.patience = patience
        self._wake = threading.Condition()
        self._taken: set[int] = set()
        self._away: set[int] = set()
        self._asked: dict[int, deque[Asked]] = {}
        self._many: dict[int, int] = {}  # how many decisions of this turn each was asked for
        self._answers: dict[int, int] = {}
        self._missed: dict[int, int] = {}
        self._key = 0
        self._until: float | None = None
        self._paused = self._hurried = self._closed = False

    # ------------------------------------------------------------------------------- who is there

    def sit(self, node: int) -> None:
        """Somebody takes this node, and is asked from the next turn on."""
        with self._wake:
            self._taken.add(node)
            self._away.discard(node)

    def leave(self, node: int) -> None:
        """Nobody sits here any more: the table plays on, from this very turn."""
        with self._wake:
            self._taken.discard(node)
            self._away.discard(node)
            self._asked.pop(node, None)
            self._many.pop(node, None)
            self._wake.notify_all()

    def away(self, node: int, gone: bool) -> None:
        """Whoever sits here cannot be seen; it keeps its seat, and nobody waits for it."""
        with self._wake:
            (self._away.add if gone and node in self._taken else self._away.discard)(node)
            self._wake.notify_all()

    def pause(self, on: bool) -> None:
        """Stop the clock of the turn; when it goes on everybody has the whole time again."""
        with self._wake:
            self._paused = on
            self._until = None if self.patience is None else time.monotonic() + self.patience
            self._wake.notify_all()

    def hurry(self, on: bool = True) -> None:
        """Wait for nobody (until this is taken back)."""
        with self._wake:
            self._hurried = on
            self._wake.notify_all()

    def close(self) -> None:
        """End the world: whoever waits in it is told by :class:`Closed`."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()

    # ------------------------------------------------------------------------------- what they decide

    def asking(self, node: int) -> tuple[Asked, int, int] | None:
        """(what this node is asked now, which decision of the turn that is, of how many); None: nothing."""
        with self._wake:
            waiting, many = self._asked.get(node), self._many.get(node, 0)
            return (waiting[0], many - len(waiting) + 1, many) if waiting else None

    def answer(self, node: int, key: int, action: int) -> bool:
        """This node decides: 0 to cooperate, 1 to defect. False where it is not asked, or not under this key."""
        with self._wake:
            waiting = self._asked.get(node)
            if action not in (0, 1) or not waiting or waiting[0].key != key:
                return False
            self._answers[waiting.popleft().row] = action
            self._wake.notify_all()
        self._on_change()
        return True

    @property
    def decided(self) -> set[int]:
        """Nodes that were asked in this turn and have answered everything."""
        with self._wake:
            return {node for node, waiting in self._asked.items() if not waiting}

    @property
    def waited_for(self) -> set[int]:
        """Nodes that the turn waits for."""
        with self._wake:
            return self._late()

    @property
    def missed(self) -> dict[int, int]:
        """How many decisions of each node its table took, because nobody answered in time."""
        with self._wake:
            return dict(self._missed)

    @property
    def seconds(self) -> float | None:
        """Seconds that this turn goes on waiting; None without an end."""
        with self._wake:
            if self._until is None or self._paused:
                return None
            return max(self._until - time.monotonic(), 0.0)

    # ------------------------------------------------------------------------------- the world's own thread

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): one action for each row."""
        action = np.array(self._table.decide(question), np.int64)
        if question.stage != "act":
            return action
        self._pose(question)
        self._on_change()
        with self._wake:
            while self._late() and not self._hurried and not self._closed:
                left = None if self._until is None or self._paused else self._until - time.monotonic()
                if left is not None and left <= 0:
                    break
                self._wake.wait(left)
            if self._closed:
                raise Closed
            for row, chosen in self._answers.items():
                action[row] = chosen
            for node, waiting in self._asked.items():
                if waiting:
                    self._missed[node] = self._missed.get(node, 0) + len(waiting)
            self._asked, self._many, self._answers = {}, {}, {}
        return action

    def _pose(self, question: Question) -> None:
        with self._wake:
            self._until = None if self.patience is None else time.monotonic() + self.patience
            self._asked = {node: deque() for node in self._taken if node in question.individual}
            rows = np.flatnonzero(np.isin(question.individual, list(self._asked)))
            for row, view in zip(rows.tolist(), views(question.of(rows), *self._names), strict=True):
                self._key += 1
                self._asked[view.individual].append(Asked(self._key, view, row))
            self._many = {node: len(waiting) for node, waiting in self._asked.items()}

    def _late(self) -> set[int]:
        return {node for node, waiting in self._asked.items() if waiting and node not in self._away}
