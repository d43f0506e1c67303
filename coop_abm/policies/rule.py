"""The policy that reads a strategy's table."""

from __future__ import annotations

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.core.question import Question
from coop_abm.strategies.table import Repertoire


@kernel
def read_table(cooperate, strategy, memory, last, standing, kin, own, draw, action):
    """Cooperate (0) with the probability that stands in the table, else defect (1).

    cooperate : float (S, Q, 5, 3, 2, 2); the others (rows,); action : int64 (rows,) written
    """
    for q in range(action.shape[0]):
        chance = cooperate[strategy[q], memory[q], last[q], standing[q], kin[q], own[q]]
        action[q] = 0 if draw[q] < chance else 1


class TableReader:
    """Decides by the strategy that each individual has inherited."""

    def __init__(self, repertoire: Repertoire):
        self.repertoire = repertoire

    @property
    def reads(self) -> Repertoire | None:
        """The tables by which this policy decides, whatever it is asked; None of one that decides otherwise.

        A round that knows them need not ask.
        """
        return self.repertoire if type(self).decide is TableReader.decide else None

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): 0 to cooperate, 1 to defect; where words are asked for, silence."""
        if question.stage != "act":
            return np.zeros(len(question), np.int64)
        action = np.empty(len(question), np.int64)
        read_table(self.repertoire.cooperate, *question.view.seen, question.draw, action)
        return action
