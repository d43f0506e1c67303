"""What somebody who reads more than a table can see: turns so far, words, notes.

A strategy table reads six numbers. A language model, a human or the user's own policy may want the
whole encounter, what the partner said, and what it wrote down for itself. All of that is kept here
and in the columns of :data:`~coop_abm.core.state.MIND_COLUMNS`; none of it changes what a table does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.question import Seen, View
from coop_abm.core.state import State
from coop_abm.engine.encounter import Encounters
from coop_abm.scenario.scenario import Scenario

#: Added to standings while newcomers are looked for; standings are 0 and 1.
_MARK = 2


class Encountered:
    """The encounters of the open round as those who take part remember them.

    turns : int8 (Q, turns so far) of those who decide next, in the order of rows, coded as in ``Encounters.last``
    said  : int64 (R, E, 2), number of what each side said last; (R, 0, 2) in a world where nobody talks
    fresh : bool (R, N), whoever has no round behind it yet
    before : memo and played as they were when the round opened
    """

    def __init__(self) -> None:
        self.turns = np.zeros((0, 0), np.int8)
        self.said = np.zeros((0, 0, 2), np.int64)
        self.fresh = np.zeros((0, 0), np.bool_)
        self.before: tuple[np.ndarray, ...] = ()

    def begin(self, met: Encounters, state: State, *, first_round: bool, talking: bool) -> None:
        """A new round: nothing was done, nothing was said."""
        self.turns = np.zeros((2 * int(met.open.sum()), 0), np.int8)
        self.said = np.zeros((*met.open.shape, 2) if talking else (len(met.open), 0, 2), np.int64)
        # Where nobody keeps notes nothing tells newcomers from others after the first round.
        self.fresh = state.played == 0 if state.played.shape[1] else np.full(state.shape, first_round)
        self.before = state.memo.copy(), state.played.copy()

    def undo(self, state: State) -> None:
        """The round is to be opened anew: nobody has played in it, or written anything down."""
        state.memo[:], state.played[:] = self.before

    def remember(self, met: Encounters, asked: np.ndarray) -> None:
        """One more turn was played by those who were asked; whose encounter is over is not asked again."""
        k, e, side = asked.T
        going = met.open[k, e] == 1
        self.turns = np.hstack([self.turns, met.last[k, e, side][:, None]])[going]

    def hear(self, asked: np.ndarray, words: np.ndarray) -> None:
        """Everybody who was asked has said something to its partner; int64 (Q, 3) and (Q,)."""
        self.said[asked[:, 0], asked[:, 1], asked[:, 2]] = words

    def branch(self, copies: int, asked: np.ndarray) -> Encountered:
        """The same, each replicate `copies` times in a row."""
        other = Encountered()
        ends = np.cumsum(np.bincount(asked[:, 0], minlength=len(self.said)))[:-1]
        other.turns = np.concatenate([np.tile(rows, (copies, 1)) for rows in np.split(self.turns, ends)])
        other.said, other.fresh = np.repeat(self.said, copies, axis=0), np.repeat(self.fresh, copies, axis=0)
        other.before = tuple(np.repeat(column, copies, axis=0) for column in self.before)
        return other

    def view(self, asked: np.ndarray, seen: Seen, individual: np.ndarray, state: State) -> View:
        """What each of Q deciders sees; `asked` is int64 (Q, 3), replicate, encounter and side."""
        k, e, side = asked.T
        nothing = np.zeros(len(asked), np.int64)
        said, memo, played = nothing, nothing, nothing
        if self.said.shape[1]:
            said = self.said[k, e, 1 - side]
        if state.memo.shape[1]:
            memo = state.memo[k, individual].astype(np.int64)
            played = state.played[k, individual].astype(np.int64)
        payoff = np.where(self.fresh[k, individual], np.nan, state.payoff[k, individual])
        group = state.group[k, individual].astype(np.int64)
        return View(
            *seen, self.turns.copy(), payoff, group, members(state)[k, group], said, memo, played, nothing, nothing
        )


def members(state: State) -> np.ndarray:
    """int64 (R, groups): how many live in each group."""
    replicates, groups = len(state.group), int(state.group.max(initial=0)) + 1
    places = state.group.astype(np.int64) + groups * np.arange(replicates)[:, None]
    return np.bincount(places[state.alive == 1], minlength=replicates * groups).reshape(replicates, groups)


class Deciders(NamedTuple):
    """Who decides for whom.

    of_strategy : int64 (S,), the number of the policy that goes with each strategy of the repertoire
    seated      : bool (N,), where the same policy decides whatever is inherited
    """

    of_strategy: np.ndarray
    seated: np.ndarray


def deciders(scenario: Scenario) -> Deciders:
    """Who decides for whom in this world."""
    minds = [mind for _strategy, mind in scenario.inherited]
    seated = np.zeros(scenario.size, bool)
    seated[[node for entry in scenario.players if entry.policy.seated for node in entry.nodes]] = True
    return Deciders(np.array([minds.index(mind) for mind in minds], np.int64), seated)


def mark(state: State) -> np.ndarray:
    """Before a replacement: mark every standing, so that :func:`forget` can tell who is new.

    Returns
    -------
    int (R, N) : the strategies before it
    """
    state.standing[:] += _MARK
    return state.strategy.copy()


def forget(state: State, before: np.ndarray, deciders: Deciders) -> None:
    """After a replacement: whoever is new has no notes and has played no turn.

    A newcomer is given a good name (``encounter.clear_name``), which takes its mark away; so the kernels
    that replace somebody need not know of notes. Whoever took up another policy has no notes either: they
    were another's, who may have written what the new one cannot read.
    """
    new = state.standing < _MARK
    state.standing[~new] -= _MARK
    another = deciders.of_strategy[state.strategy] != deciders.of_strategy[before]
    state.memo[new | (another & ~deciders.seated)] = 0
    state.played[new] = 0


def note(state: State, asked: np.ndarray, individual: np.ndarray, memo: np.ndarray | None, *, acted: bool) -> None:
    """Keep what deciders wrote down (int (Q,), -1 keeps the old), and count the turns that they played.

    Of several decisions of one individual the last one, in the order of rows, is what it remembers.
    """
    k = asked[:, 0]
    if memo is not None:
        for q in np.flatnonzero(memo >= 0).tolist():
            state.memo[k[q], individual[q]] = memo[q]
    if acted:
        np.add.at(state.played, (k, individual), 1)
