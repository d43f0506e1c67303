"""What the players of the small world are told, in the words in which an encounter is told."""

from __future__ import annotations

from collections.abc import Iterator

from coop_abm.core.question import Question
from coop_abm.llm.facts import Facts, Manner
from coop_abm.scenario.minds import Model
from tests.experiments.worlds import PAYOFFS, Match

_OUTCOMES = ((0, 0), (0, 1), (1, 0), (1, 1))


class PairTeller:
    """Tells of one match."""

    dialect = "encounter"

    def __init__(self, world: Match):
        self.world = world

    def manner(self, mind: Model, individual: int) -> Manner:
        """How it is said."""
        return Manner(mind.language, mind.framing, swapped=bool(individual), persona=mind.persona)

    def facts(self, question: Question, minds: list[Model]) -> Iterator[Facts]:
        """What each player may know."""
        for partner, history in zip(question.partner.tolist(), question.view.history.tolist(), strict=True):
            yield Facts(
                "act", PAYOFFS, 0, question.round, partner, slips=self.world.declared.slips or None,
                continuation=0.8, history=tuple(_OUTCOMES[outcome - 1] for outcome in history),
            )  # fmt: skip

    def fallback(self, kind: str, question: Question, q: int) -> int:
        """What is done in the place of no answer."""
        return {"cooperate": 0, "defect": 1, "random": int(question.draw[q] >= 0.5)}[kind]
