"""A human as a player: one question at a time, to whoever can show it and bring back an answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from coop_abm.core.question import Question
from coop_abm.policies.one import OneView, number_of, views

#: Shows what one decider sees and returns its answer: the name of an action, or a text.
Asker = Callable[[OneView], str]


def ask_human(question: Question, asker: Asker, strategies: tuple[str, ...], actions: tuple[str, ...]) -> np.ndarray:
    """int64 (Q,): what the human answers, row by row.

    Raises
    ------
    PolicyError
        if an answer is no permitted action
    """
    answers = [number_of(asker(view), question, "a human") for view in views(question, strategies, actions)]
    return np.array(answers, np.int64)
