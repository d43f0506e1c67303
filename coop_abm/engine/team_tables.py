"""The strategies of a team tournament as a policy."""

from __future__ import annotations

import numpy as np

from coop_abm.core.part import Part
from coop_abm.core.question import Question
from coop_abm.engine.team_view import NOT_TOLD, TeamView, played
from coop_abm.engine.teams import TeamTournament
from coop_abm.strategies import team as strategies
from coop_abm.strategies.team import Moment


class TeamTables:
    """Decides by the strategy of each seat. It reads the view and the draw of a question, and the declared rules."""

    def __init__(self, declared: TeamTournament):
        (reward, sucker), (temptation, punishment) = declared.payoffs.tolist()
        self.payoffs = ((reward, sucker), (temptation, punishment))
        self.strategies: tuple[Part, ...] = tuple(entry.strategy for entry in declared.entries())
        self.mates = declared.mates_met

    def decide(self, question: Question) -> np.ndarray:
        """A move and whether to stay; an announced move; or nothing, where words are asked for."""
        if question.stage not in ("act", "pledge"):
            return np.zeros(len(question), np.int64)
        moments = [self._moment(question.view, q) for q in range(len(question))]
        mine = [self.strategies[who] for who in question.individual.tolist()]
        if question.stage == "pledge":
            return np.array([strategies.announces(*each) for each in zip(mine, moments, strict=True)], np.int64)
        answers = question.choices.empty(len(question))  # type: ignore[union-attr]
        chances = np.array([strategies.chance(*each) for each in zip(mine, moments, strict=True)])
        answers["action"] = np.where(question.draw < chances, strategies.COOPERATE, strategies.DEFECT)
        if "stay" in (answers.dtype.names or ()):
            answers["stay"] = [int(strategies.stays(*each)) for each in zip(mine, moments, strict=True)]
        return answers

    def _moment(self, view: TeamView, q: int) -> Moment:
        mate, heard = int(view.mate[q]), int(view.heard[q])
        return Moment(
            self.payoffs, played(view.outcomes[q].tolist()), None if mate == NOT_TOLD else bool(mate), self.mates,
            None if heard == NOT_TOLD else heard,
        )  # fmt: skip
