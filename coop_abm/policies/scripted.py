"""Players that follow a script: turn by turn, from the front again at its end."""

from __future__ import annotations

import numpy as np

from coop_abm.core.question import Options, Question
from coop_abm.scenario.minds import Scripted


def recite(question: Question, minds: list[Scripted]) -> np.ndarray:
    """int64 (Q,): the move that the script of each row has for the turns that the individual has played.

    An individual that decides several times in one turn goes on through its script, in the order of rows.
    Where words are asked for it says nothing.
    """
    action = np.zeros(len(question), np.int64)
    if not isinstance(question.choices, Options):
        return action
    begun: dict[tuple[int, int], int] = {}
    who = zip(question.replicate.tolist(), question.individual.tolist(), strict=True)
    for q, (each, mind) in enumerate(zip(who, minds, strict=True)):
        turn = begun.get(each, int(question.view.played[q]))
        begun[each] = turn + 1
        action[q] = int(mind.moves[turn % len(mind.moves)] == "D")
    return action
