"""The strategies of a team tournament as a policy."""

from __future__ import annotations

from typing import Any

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
        self.mates, self.size = declared.mates_met, declared.size

    def decide(self, question: Question) -> np.ndarray:
        """A move and whether to stay; an announced move; or words to the own team, mostly none. Nothing for plans."""
        if question.stage not in ("talk", "pledge", "act"):
            return np.zeros(len(question), np.int64)
        moments = [self.moment(question, q) for q in range(len(question))]
        mine = [self.strategies[who] for who in question.individual.tolist()]
        if question.stage == "talk":
            texts = [strategies.writes(*each) or "" for each in zip(mine, moments, strict=True)]
            return np.array([question.texts.number(text) for text in texts], np.int64)
        if question.stage == "pledge":
            return np.array([strategies.announces(*each) for each in zip(mine, moments, strict=True)], np.int64)
        answers = question.choices.empty(len(question))  # type: ignore[union-attr]
        chances = np.array([strategies.chance(*each) for each in zip(mine, moments, strict=True)])
        answers["action"] = np.where(question.draw < chances, strategies.COOPERATE, strategies.DEFECT)
        if "stay" in (answers.dtype.names or ()):
            answers["stay"] = [int(strategies.stays(*each)) for each in zip(mine, moments, strict=True)]
        return answers

    def moment(self, question: Question, q: int) -> Moment:
        """What the strategy in row q is told: the same as a stand-in reads in a prompt."""
        view: TeamView = question.view
        mate, opponent = _known(view.mate[q]), int(view.opponent[q])
        # A team's members have numbers that follow each other, so places on its board are those within the team.
        written = view.board[q].tolist()[opponent % self.size] if mate else 0
        return Moment(
            self.payoffs, played(view.outcomes[q].tolist()), None if mate is None else bool(mate), self.mates,
            heard=_known(view.heard[q]), record=_acts(view.record[q]), fame=_acts(view.fame[q]),
            pledge=_known(view.pledge[q]), lies=_known(view.lies[q]), said=question.texts[written] or None,
        )  # fmt: skip


def _known(value: Any) -> int | None:
    return None if int(value) == NOT_TOLD else int(value)


def _acts(counts: np.ndarray) -> tuple[int, int] | None:
    helped, refused = counts.tolist()
    return None if NOT_TOLD in (helped, refused) else (helped, refused)
