"""What the players of a repeated game are told, and how it is said to each of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from coop_abm.core.question import Question
from coop_abm.engine.repeated_games import Match, sights_of
from coop_abm.games import BattleOfTheSexes
from coop_abm.llm.dialects.repeated import REPEATED, Turns
from coop_abm.llm.facts import Manner
from coop_abm.policies.telling import dealt_manner
from coop_abm.scenario.minds import Model

#: Purpose of the number by which labels are dealt, see ``core/dice.py``.
_LABELS = 121


class MatchTeller:
    """Tells of one match.

    Labels and their order are counterbalanced over replications and seats: in four replications each player
    sees each of the four ways once, and two players who sit beside each other never see the same.
    """

    dialect = REPEATED.name

    def __init__(self, world: Match):
        self.world = world
        source = np.random.SeedSequence(world.seed, spawn_key=(_LABELS,))
        self.start = int(source.generate_state(1, np.uint32)[0]) + world.replicate
        self.meets = isinstance(world.declared.game, BattleOfTheSexes)

    def manner(self, mind: Model, individual: int) -> Manner:
        """How things are said to this player; where labels are places there are no plain names for them."""
        told = mind.model_copy(update={"labels": "neutral"}) if self.meets else mind
        return dealt_manner(told, (self.start + individual) % 4)

    def facts(self, question: Question, minds: list[Model]) -> Iterator[Turns]:
        """What each player may know."""
        view = question.view
        rows = zip(sights_of(view), view.seat.tolist(), view.payoff.tolist(), strict=True)
        for sight, seat, payoff in rows:
            yield Turns(
                stage=question.stage, pays=sight.pays, seat=seat, round=question.round, meets=self.meets,
                horizon=sight.horizon, own=sight.own, helpers=sight.helpers,
                payoff=None if payoff != payoff else payoff, others=sight.others,
                knowledge=sight.knowledge if sight.others else None,
            )  # fmt: skip

    def fallback(self, kind: str, question: Question, q: int) -> int:
        """The action that a model's fallback names; at random each with probability one half."""
        return {"cooperate": 0, "defect": 1, "random": int(question.draw[q] >= 0.5)}[kind]
