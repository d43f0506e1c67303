"""What the players of a team tournament are told in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from coop_abm.core.question import Question
from coop_abm.engine.team_tournament import Tournament
from coop_abm.engine.team_view import NOT_TOLD, TeamView, played
from coop_abm.llm.dialects.teams import TEAMS, TeamFacts
from coop_abm.llm.facts import Manner
from coop_abm.policies.telling import dealt, dealt_manner
from coop_abm.scenario.minds import Model


class TeamTeller:
    """Says what stands in a view, the rules of the tournament, and nothing else."""

    dialect = TEAMS.name

    def __init__(self, world: Tournament):
        declared = self.declared = world.declared
        codes = dealt(declared.people, world.seed)
        # Who talks must mean the same by a label: there labels are dealt to all alike.
        self.codes = np.full_like(codes, codes[0]) if declared.chat else codes
        (reward, sucker), (temptation, punishment) = declared.payoffs.tolist()
        told = declared.told
        hidden = declared.unknown
        if hidden == "rivals" and not told:  # where nobody knows of teams, everybody is a stranger
            hidden = "everybody"
        self.common = TeamFacts(
            stage="act", payoffs=((reward, sucker), (temptation, punishment)), length=declared.length,
            budget=declared.budget, individual=0, turn=0, used=0, score=0.0, aim=declared.aim, exit=declared.exit,
            meets=declared.meets if told or declared.meets == "all" else None,
            meetings=declared.rematches if declared.rematches > 1 else None,
            tournaments=declared.tournaments if declared.tournaments > 1 else None,
            teams=declared.teams if told else None, size=declared.size if told else None,
            bonus=declared.bonus if told and declared.teams > 1 else None, unknown=hidden,
            slips=declared.slips or None, chat=declared.chat and told, pledges=declared.pledges,
            deception=declared.deception if declared.pledges and declared.deception >= 0 else None,
        )  # fmt: skip

    def manner(self, mind: Model, individual: int) -> Manner:
        """How things are said to this individual; labels are dealt so that they balance."""
        return dealt_manner(mind, int(self.codes[individual]))

    def facts(self, question: Question, minds: list[Model]) -> Iterator[TeamFacts]:
        """The facts of each row."""
        view, texts = question.view, question.texts
        limit = getattr(question.choices, "limit", None)
        for q, who in enumerate(question.individual.tolist()):
            draft, critique = (texts[int(column[q])] or None for column in (view.draft, view.critique))
            memo = int(view.memo[q])
            yield self.common._replace(
                stage=question.stage, individual=who, turn=question.turn, used=int(view.used[q]),
                score=float(view.score[q]), **self._of_teams(view, q),
                partner=_known(view.opponent[q]), mate=_mate(view.mate[q]),
                **self._of_the_past(view, q), history=played(view.outcomes[q].tolist()),
                board=self._board(question, q, who), pledge=_known(view.pledge[q]), heard=_known(view.heard[q]),
                lies=_known(view.lies[q]), memo=texts[memo] if memo else None, draft=draft, critique=critique,
                limit=limit,
            )  # fmt: skip

    def _of_teams(self, view: TeamView, q: int) -> dict[str, Any]:
        if not self.declared.told:
            return {}
        totals = view.totals[q].tolist()
        shown = tuple((team, points) for team, points in enumerate(totals) if points == points)
        return {"team": int(view.team[q]), "rank": int(view.rank[q]), "totals": shown}

    def _of_the_past(self, view: TeamView, q: int) -> dict[str, Any]:
        """What the partner did before; toward the own team means toward oneself where nobody is told of teams."""
        found: dict[str, Any] = {}
        for field, whose in (("record", self.declared.history), ("fame", self.declared.reputation)):
            counts = getattr(view, field)[q].tolist()
            if NOT_TOLD not in counts:
                whom = "own" if whose == "team" and not self.declared.told else whose
                found |= {field: tuple(counts), f"{field}_of": whom}
        return found

    def _board(self, question: Question, q: int, who: int) -> tuple[tuple[int, str], ...]:
        first = who - who % self.declared.size
        numbers = question.view.board[q].tolist()
        return tuple(
            (first + place, question.texts[number])
            for place, number in enumerate(numbers)
            if number and first + place != who
        )

    def fallback(self, kind: str, question: Question, q: int) -> Any:
        """The move that the fallback names, and to stay, as in the released code; at random each with one half."""
        move = {"cooperate": 0, "defect": 1, "random": int(question.draw[q] >= 0.5)}[kind]
        if question.stage == "pledge":
            return move
        return {"action": move, "stay": 1} if self.declared.exit else {"action": move}


def _known(value: Any) -> int | None:
    return None if int(value) == NOT_TOLD else int(value)


def _mate(value: Any) -> bool | None:
    return None if int(value) == NOT_TOLD else bool(value)
