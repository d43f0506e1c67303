"""A rehearsal: the very world with strategies' tables in the place of everybody who costs something to ask.

It counts what language models would be asked, stage by stage, and keeps some of the prompts.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from coop_abm.core.question import Decision, Question, Words
from coop_abm.engine.rounds import Play
from coop_abm.llm import prompts
from coop_abm.policies.rule import TableReader
from coop_abm.policies.scripted import recite
from coop_abm.policies.team import planned
from coop_abm.policies.telling import EncounterTeller
from coop_abm.scenario.minds import Mind, Model, Scripted, Team

#: Prompts that are kept of one model, stage and round.
KEPT = 8
#: What a text that a model writes is taken to be: this share of its limit, in this letter.
SHARE_OF_LIMIT, LETTER = 1 / 3, "x"


class Rehearsal:
    """Decides as the strategies' tables say, and counts what models would have been asked.

    Attributes
    ----------
    asked : (model, stage, round) -> questions
    sizes : (model, stage) -> expected tokens of each prompt that was kept, see :func:`typical`
    """

    def __init__(self, play: Play, teller: EncounterTeller):
        self._table, self._teller = TableReader(play.repertoire), teller
        self._minds = [mind for _strategy, mind in play.scenario.inherited]
        self._seats = {node: e.policy for e in play.scenario.players if e.policy.seated for node in e.nodes}
        self.asked: Counter[tuple[Model, str, int]] = Counter()
        self.sizes: dict[tuple[Model, str], list[float]] = {}

    def decide(self, question: Question) -> Decision:
        """What the tables say; of planners also their plans."""
        minds = [self._minds[strategy] for strategy in question.view.strategy.tolist()]
        minds = [self._seats.get(who, mind) for who, mind in zip(question.individual.tolist(), minds, strict=True)]
        seen, memo = planned(question, minds, self._answer)
        inner = [mind.inner if isinstance(mind, Team) else mind for mind in minds]
        return Decision(self._answer(seen, inner), np.full(len(question), -1) if memo is None else memo)

    def _answer(self, question: Question, minds: list[Mind]) -> np.ndarray:
        modelled = [q for q, mind in enumerate(minds) if isinstance(mind, Model)]
        self._count(question, modelled, minds)
        if isinstance(question.choices, Words):
            text = LETTER * max(1, int(question.choices.limit * SHARE_OF_LIMIT))
            answer = np.zeros(len(question), np.int64)
            answer[modelled] = question.texts.number(text)
            return answer
        answer = self._table.decide(question)
        scripted = [q for q, mind in enumerate(minds) if isinstance(mind, Scripted)]
        if scripted:
            answer[scripted] = recite(question.of(np.array(scripted)), [minds[q] for q in scripted])  # type: ignore[misc]
        return answer

    def _count(self, question: Question, rows: list[int], minds: list[Mind]) -> None:
        kept: dict[Model, list[int]] = {}
        for q in rows:
            mind = minds[q]
            assert isinstance(mind, Model)
            self.asked[mind, question.stage, question.round] += 1
            if question.turn < KEPT and len(listed := kept.setdefault(mind, [])) < KEPT:
                listed.append(q)
        for mind, listed in kept.items():
            some, sizes = question.of(np.array(listed)), self.sizes.setdefault((mind, question.stage), [])
            for facts, who in zip(
                self._teller.facts(some, [mind] * len(listed)), some.individual.tolist(), strict=True
            ):
                manner = self._teller.manner(mind, who)
                said = "".join(text for _role, text in prompts.render(facts, manner))
                sizes.append(typical(said) + typical(prompts.schema_of(facts, manner)))


def typical(text: str) -> float:
    """Tokens that a text is taken to be: one for four ASCII characters, or for three bytes of other scripts.

    >>> typical("a" * 40), typical("你好")
    (10.0, 2.0)
    """
    ascii_ = sum(character < "\x80" for character in text)
    return ascii_ / 4 + (len(text.encode("utf-8", "surrogatepass")) - ascii_) / 3


def rehearse(play: Play, rehearsal: Rehearsal, rounds: int, most: int) -> int:
    """Play until `rounds` rounds are over, or the one in which `most` decisions are reached; how many these were."""
    decisions = 0
    while play.round < rounds and (play.round == 0 or decisions < most):
        now = play.round
        while play.round == now:
            question = play.ask()
            decisions += len(question)
            play.tell(rehearsal.decide(question))
    return play.round
