"""A strategy is an automaton row: what to do, given what is seen, and what to remember of it.

An individual sees five things: the state of its own automaton, the last outcome of this encounter,
the standing of its partner, whether the partner is known as kin, and its own standing. What is inherited or copied is
an *index* into the repertoire, the list of all automata of a world.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.part import Part

# The last outcome of this encounter, own action first.
START, CC, CD, DC, DD = 0, 1, 2, 3, 4
# What is known of the partner's standing.
BAD, GOOD, UNKNOWN = 0, 1, 2


class Automaton(NamedTuple):
    """One strategy as tables over Q states of its own; it starts in state 0.

    cooperate  : float (Q, 5, 3, 2, 2), probability to cooperate given state, last outcome (START, CC,
                 CD, DC, DD), standing seen (BAD, GOOD, UNKNOWN), kin (0 not known as kin, 1 kin) and
                 own standing (BAD, GOOD)
    next_state : int (Q, 4), the state after outcome CC, CD, DC, DD
    """

    cooperate: np.ndarray
    next_state: np.ndarray

    @property
    def helps_strangers(self) -> bool:
        """Does it cooperate at first with somebody of whom it knows nothing?

        This is what a strategy *is* in the eyes of Nowak's model of indirect reciprocity.
        """
        return bool(self.cooperate[0, START, UNKNOWN, 0, GOOD] >= 0.5)


class Strategy(Part):
    """A strategy as declared; :meth:`automaton` builds its row for a game."""

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        """The row of this strategy when one turn pays `payoffs`, float (2, 2)."""
        raise NotImplementedError


class Repertoire(NamedTuple):
    """All strategies of a world, stacked; shorter automata are padded with states never reached.

    names      : tuple of S names
    cooperate  : float (S, Q, 5, 3, 2, 2)
    next_state : int64 (S, Q, 4)
    helper     : int64 (S,), 1 for strategies that help strangers
    """

    names: tuple[str, ...]
    cooperate: np.ndarray
    next_state: np.ndarray
    helper: np.ndarray


def memory_one(start: float, cc: float, cd: float, dc: float, dd: float) -> Automaton:
    """The automaton that looks at the last outcome alone: probability to cooperate after each."""
    cooperate = np.empty((1, 5, 3, 2, 2))
    cooperate[0] = np.array([start, cc, cd, dc, dd])[:, None, None, None]
    return Automaton(cooperate, np.zeros((1, 4), np.int64))


def refusing_the_bad(row: Automaton) -> Automaton:
    """The same automaton, except that it never helps a partner seen in bad standing."""
    cooperate = row.cooperate.copy()
    cooperate[:, :, BAD] = 0.0
    return Automaton(cooperate, row.next_state)


def repertoire(names: tuple[str, ...], rows: tuple[Automaton, ...]) -> Repertoire:
    """Stack automata, in order, into one repertoire."""
    states = max(len(row.cooperate) for row in rows)
    cooperate = np.zeros((len(rows), states, 5, 3, 2, 2))
    next_state = np.zeros((len(rows), states, 4), np.int64)
    for s, row in enumerate(rows):
        cooperate[s, : len(row.cooperate)] = row.cooperate
        next_state[s, : len(row.next_state)] = row.next_state
    helper = np.array([int(row.helps_strangers) for row in rows], np.int64)
    return Repertoire(names, cooperate, next_state, helper)
