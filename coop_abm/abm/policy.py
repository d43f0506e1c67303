"""Agents that decide for themselves, as a policy."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm.core.errors import PolicyError, quoted
from coop_abm.core.question import Policy, Question

if TYPE_CHECKING:
    from coop_abm.abm.model import CoopModel

#: Words for what is known of a standing, in the order of ``question.View``.
STANDINGS = ("bad", "good", "unknown")
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
        action = self._table.decide(question)
        model = self._model()
        if model is None:
            raise PolicyError("the model of these agents is gone: keep a reference to it")
        names, seen = question.choices.names, question.view
        strategies = model.strategies
        columns = (question.individual, question.partner, *seen, action, question.draw)
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
            action[q] = chosen(agent.decide(view), names, agent)
        return action


def chosen(answer: Any, names: tuple[str, ...], agent: object) -> int:
    """The position of the action that an agent answered with.

    Raises
    ------
    PolicyError
        unless it is the name of an action or its position; truth values are refused, because True
        would be position 1, which is to defect
    """
    if isinstance(answer, str) and answer in names:
        return names.index(answer)
    whole = isinstance(answer, (int, np.integer)) and not isinstance(answer, bool)
    if whole and 0 <= answer < len(names):
        return int(answer)
    permitted = " or ".join(names)
    positions = " or ".join(str(position) for position in range(len(names)))
    raise PolicyError(f"{agent!r} must answer {permitted}, or {positions}; got {quoted(answer)}")
