"""Ask, decide, tell: what a round asks of whoever decides, and what may be answered.

A :class:`Question` is a batch: one row for each individual that must decide now. A table of
strategies, a language model, a trained policy and a human differ only in how they answer it.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from coop_abm.core.errors import PolicyError


class Options(NamedTuple):
    """A choice among named actions; an answer is the position of a name."""

    names: tuple[str, ...]

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as int64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if there is not one whole number in [0, len(names)) for each row; nothing is clipped
        """
        given = np.asarray(actions)
        if given.shape != (rows,) or given.dtype.kind not in "iu":
            raise PolicyError(f"a policy must return {rows} whole numbers; got {given.dtype} of shape {given.shape}")
        if rows and (given.min() < 0 or given.max() >= len(self.names)):
            wrong = int(np.argmax((given < 0) | (given >= len(self.names))))
            permitted = ", ".join(f"{n} {name}" for n, name in enumerate(self.names))
            raise PolicyError(f"row {wrong}: {given[wrong]} is not among {permitted}")
        return given.astype(np.int64)


class View(NamedTuple):
    """What each of Q deciders sees, as arrays int64 (Q,).

    strategy : its own index into the repertoire
    memory   : the state of its own automaton
    last     : last outcome of this encounter: 0 start, 1 CC, 2 CD, 3 DC, 4 DD, own action first
    standing : of the partner: 0 bad, 1 good, 2 unknown
    kin      : 1 if the partner is known as kin
    own      : its own standing: 0 bad, 1 good
    """

    strategy: np.ndarray
    memory: np.ndarray
    last: np.ndarray
    standing: np.ndarray
    kin: np.ndarray
    own: np.ndarray


class Question(NamedTuple):
    """A batch of Q decisions of one stage.

    stage      : what is decided: "act"
    round, turn : when, from 0
    replicate, individual, partner : int64 (Q,), who decides, facing whom
    view       : what each sees
    choices    : what may be answered
    draw       : float (Q,), the uniform number of each decider's own chance
    """

    stage: str
    round: int
    turn: int
    replicate: np.ndarray
    individual: np.ndarray
    partner: np.ndarray
    view: View
    choices: Options
    draw: np.ndarray

    def __len__(self) -> int:  # rows, not fields
        return len(self.individual)


class Policy(Protocol):
    """Whoever decides. A policy is stateless: it returns one action for each row of the question."""

    def decide(self, question: Question) -> np.ndarray:
        """int (Q,): the position of the chosen action for each row."""
        ...
