"""Who will meet whom, and for how many turns: what is known of a run before anybody decides.

Draws have addresses, so partners and numbers of turns follow from the seed, whatever is done. Only where groups
grow and split do they depend on who is alive.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coop_abm.core.dice import AGAIN, happens
from coop_abm.core.kernel import kernel
from coop_abm.engine.encounter import encounters
from coop_abm.engine.playing import open_round
from coop_abm.engine.rounds import Play


@kernel
def count_turns(t, dice, answers, open_, turns):
    """How many turns each encounter of round t has.

    open_ : int8 (R, E); turns : int64 (R, E) written, 0 where there is no encounter
    """
    for k in range(open_.shape[0]):
        for e in range(open_.shape[1]):
            turns[k, e] = open_[k, e]
            if turns[k, e] == 1:
                while happens(answers.continuation, dice, k, AGAIN, t, turns[k, e] - 1, e):
                    turns[k, e] += 1


def meetings(play: Play, rounds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(member, turns) of each of the first rounds: int32 (R, E, 2) and int64 (R, E), as in ``Encounters``.

    Where groups grow and split it is what would be if everybody stayed alive in its first group: numbers of
    turns are still right for whoever meets somebody, partners are not. The world itself is left alone.
    """
    state, met = play.state.copy(), encounters(play.state.shape[0], play.met.weight)
    turns = np.zeros(met.open.shape, np.int64)
    for t in range(rounds):
        open_round(
            t, play.dice, play.answers, play.manners, state.strategy, state.alive, state.group, state.standing, met
        )  # fmt: skip
        count_turns(t, play.dice, play.answers, met.open, turns)
        yield met.member, turns
