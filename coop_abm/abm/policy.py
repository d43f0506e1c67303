"""Agents that decide for themselves, as a policy."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.errors import PolicyError
from coop_abm.core.question import Options, Policy, Question
from coop_abm.policies.one import STANDINGS, number_of

if TYPE_CHECKING:
    from coop_abm.abm.model import CoopModel

_OUTCOMES = ((0, 0), (0, 1), (1, 0), (1, 1))


class AgentView(NamedTuple):
    """What one agent sees when it must decide.

    round, turn : when, from 0; `turn` counts within the encounter
    partner   : row of the partner, for agents that keep a memory of their own
    strategy  : the strategy that the agent has inherited, by name
    memory    : the state of its automaton, from 0
    last      : what it and what its partner did in the last turn, (own, partner's); None at the start
    standing  : what is known of the partner: "good", "bad" or "unknown"
    kin       : is the partner known as kin?
    own       : the agent's own standing: "good" or "bad"
    inherited : what the inherited strategy says, "cooperate" or "defect"
    draw      : a uniform number in [0, 1) for this decision, the same in every run of one seed; the
                inherited strategy has read it already
    """

    round: int
    turn: int
    partner: int
    strategy: str
    memory: int
    last: tuple[str, str] | None
    standing: str
    kin: bool
    own: str
    inherited: str
    draw: float


class AskAgents:
    """The policy that asks each agent of a model; individuals without an agent follow their strategy.

    Parameters
    ----------
    model : the model, of which only a weak reference is kept
    table : the policy that knows what the inherited strategies say
    """

    def __init__(self, model: CoopModel, table: Policy):
        self._model, self._table = weakref.ref(model), table

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): the position of the action that each agent chose.

        Raises
        ------
        PolicyError
            if an agent answers with something that is no action
        """
        action = np.asarray(self._table.decide(question))
        if not isinstance(question.choices, Options):
            return action
        model = self._model()
        if model is None:
            raise PolicyError("the model of these agents is gone: keep a reference to it")
        names, seen = question.choices.names, question.view
        strategies = model.strategies
        columns = (question.individual, question.partner, *seen.seen, action, question.draw)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for q, (row, partner, strategy, memory, last, standing, kin, own, inherited, draw) in enumerate(rows):
            agent = model.agent_at(row)
            if agent is None:
                continue
            outcome = None
            if last > 0:
                own, other = _OUTCOMES[last - 1]
                outcome = names[own], names[other]
            view = AgentView(
                question.round, question.turn, partner, strategies[strategy], memory, outcome,
                STANDINGS[standing], bool(kin), STANDINGS[own], names[inherited], draw,
            )  # fmt: skip
            action[q] = number_of(agent.decide(view), question, repr(agent))
        return action
