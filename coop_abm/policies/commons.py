"""What a language model in a commons is told, and what is done in the place of a reply that is no answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coop_abm.core.errors import ScenarioError
from coop_abm.core.question import Question
from coop_abm.engine.commons_rules import SPARE, TAKES, WATCH, known
from coop_abm.engine.commons_run import CommonsRun
from coop_abm.llm.dialects.commons import COMMONS
from coop_abm.llm.facts import Manner
from coop_abm.scenario.minds import Model
from coop_abm.strategies.commons import Known


class CommonsTeller:
    """Tells users of one commons what they know: what a table reads, and what they need to live."""

    dialect = COMMONS.name

    def __init__(self, world: CommonsRun):
        declared = world.declared
        self._needs = declared.consumption or None
        self._starves = declared.starvation and declared.consumption > 0

    def manner(self, mind: Model, individual: int) -> Manner:
        """How things are said to this user; there are no labels and no points here.

        Raises
        ------
        ScenarioError
            if the model asks for points lost, or for plain labels
        """
        if mind.framing != "reward":
            raise ScenarioError(
                f"policy.framing: must be reward in a commons, which pays no points; got {mind.framing}"
            )
        return Manner(language=mind.language, persona=mind.persona, reasoning=mind.reasoning)

    def facts(self, question: Question, minds: list[Model]) -> Iterator[Known]:
        """What each decider knows, in the order of rows."""
        for one in known(question):
            yield one._replace(needs=self._needs, starves=self._starves)

    def fallback(self, kind: str, question: Question, q: int) -> Any:
        """To cooperate is to take nothing, to defect to take all one can; nobody is punished, and no vote is cast.

        At random, every effort or number of units is equally likely.
        """
        if question.stage == "vote":
            return -1
        if question.stage == "punish":
            return SPARE
        name, choices = question.choices.parts[0]  # type: ignore[union-attr]
        share = {"cooperate": 0.0, "defect": 1.0, "random": float(question.draw[q])}[kind]
        span = choices.high - choices.low  # type: ignore[union-attr]
        chosen = min(int(share * (span + 1)), span) if name == TAKES[True] else share * span
        return {name: chosen, WATCH: 0.0}
