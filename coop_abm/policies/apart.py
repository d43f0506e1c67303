"""A question taken apart by who decides, and the answers put together in the order of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from coop_abm.core.errors import PolicyError
from coop_abm.core.question import Decision, Policy, Question, dtype_of
from coop_abm.policies.team import planned
from coop_abm.scenario.minds import Mind, Team

#: Asks all minds of one kind at once: the question, the mind of each row, the stage that stands in addresses
#: ("" for that of the question).
Asks = Callable[[Question, list, str], "np.ndarray | Decision"]


class Apart:
    """Everybody who decides in one world, each asked what concerns it.

    askers : by kind of mind, those that are asked in one batch; any other mind is asked by its own policy
    """

    askers: dict[type[Mind], Asks]

    def policy_of(self, mind: Mind) -> Policy:
        """The policy of a mind that no asker takes."""
        raise NotImplementedError

    def place(self, stage: str, under: str, before: int) -> str:
        """The stage that stands in the address of a planner's draw; "" for the stage itself.

        stage : plan, critique or revise
        under : the stage before which it plans
        before : how often it was asked in this stage already, for this plan
        """
        return ""

    def decided(self, question: Question, minds: list[Mind]) -> np.ndarray | Decision:
        """(Q,): the answer of each row, whoever gave it; notes where somebody keeps any.

        Parameters
        ----------
        minds : who decides each row

        Raises
        ------
        PolicyError, ModelError
            if somebody gives no permitted answer, or cannot be asked
        """
        steps: Counter[tuple[str, int]] = Counter()

        def think(thought: Question, inner: list[Mind]) -> np.ndarray:
            asked = [(thought.stage, row) for row in thought.row.tolist()]
            place = self.place(thought.stage, question.stage, steps[asked[0]])
            steps.update(asked)
            return self._apart(thought, inner, place)[0]

        seen, memo = planned(question, minds, think)
        inner = [mind.inner if isinstance(mind, Team) else mind for mind in minds]
        answer, notes = self._apart(seen, inner, "")
        if memo is not None:
            _leave_plans_alone(question, minds, notes)
            notes = memo if notes is None else np.where(memo >= 0, memo, notes)
        return answer if notes is None else Decision(answer, notes)

    def _apart(self, question: Question, minds: list[Mind], place: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Ask each kind of policy what concerns it, and put the answers together in the order of rows."""
        whole, notes = np.zeros(len(question), dtype_of(question.choices)), None
        groups: dict[Mind | type[Mind], list[int]] = {}
        for q, mind in enumerate(minds):
            groups.setdefault(type(mind) if type(mind) in self.askers else mind, []).append(q)
        for key, listed in groups.items():
            rows = np.array(listed)
            some = question.of(rows)
            if isinstance(key, type):
                answer = self.askers[key](some, [minds[q] for q in listed], place)
            else:
                answer = self.policy_of(key).decide(some)
            if isinstance(answer, Decision):
                notes = np.full(len(question), -1, np.int64) if notes is None else notes
                notes[rows] = answer.memo
                answer = answer.action
            whole[rows] = some.choices.validate(answer, len(some))
        return whole, notes


def _leave_plans_alone(question: Question, minds: list[Mind], notes: np.ndarray | None) -> None:
    if notes is None:
        return
    for q in np.flatnonzero(notes >= 0).tolist():
        if isinstance(minds[q], Team):
            raise PolicyError(
                "players.policy.inner: a planner's notes are its plan, so its inner policy must keep a memo of -1; "
                f"got another in round {question.round} for individual {question.individual[q]}"
            )
