"""Language models as players: prompts out, replies in, actions applied in the order of rows.

All decisions of a stage go out in one batch. What comes back is parsed strictly; a reply that is no permitted
answer is asked for once more, again in one batch; then the declared fallback stands in its place, and is counted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.errors import ModelError, quoted
from coop_abm.core.question import Options, Question
from coop_abm.llm import prompts
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.llm.parse import Parsed, Refusal, parse
from coop_abm.policies.tally import Replies
from coop_abm.policies.telling import Teller
from coop_abm.scenario.minds import Model

if TYPE_CHECKING:
    from coop_abm.llm.client import Recorded
    from coop_abm.policies.means import Line


class Asked(NamedTuple):
    """One decision on its way: what was said, how, and the request that says it."""

    facts: Facts
    manner: Manner
    request: Request


class ModelPlayers:
    """Decides for everybody whose policy is a language model.

    Parameters
    ----------
    teller : what may be said in this world
    line   : the way to the models
    digest, seed, first : what stands in the address of each draw: the world, the root seed, the number of
             the first replicate
    """

    def __init__(self, teller: Teller, line: Line, digest: str, seed: int, first: int):
        self.teller, self.line, self.replies = teller, line, Replies()
        self._digest, self._seed, self._first = digest, seed, first

    def decide(self, question: Question, minds: list[Model]) -> np.ndarray:
        """int64 (Q,): the action of each row, or the number of its text.

        Parameters
        ----------
        minds : the model of each row

        Raises
        ------
        ModelError
            if a model cannot be asked, or gave no answer and its fallback is to stop
        """
        asked = self._asked(question, minds)
        client = self.line.client  # another one after a world was closed and goes on
        answers = client.ask([each.request for each in asked])
        found = [parse(a.reply, each.facts, each.manner) for a, each in zip(answers, asked, strict=True)]
        wrong = [q for q, reading in enumerate(found) if isinstance(reading, Refusal)]
        who = question.individual.tolist()
        readings = [(a.key, _reading(r, "accepted", i)) for a, r, i in zip(answers, found, who, strict=True)]
        if wrong:
            repairs = [self._repair(asked[q], answers[q], found[q]) for q in wrong]
            seconds = client.ask([each.request for each in repairs])
            for q, again, second in zip(wrong, repairs, seconds, strict=True):
                found[q] = parse(second.reply, again.facts, again.manner)
                readings.append((second.key, _reading(found[q], "repaired", who[q])))
        client.note(readings)
        action, asked_again = np.empty(len(question), np.int64), set(wrong)
        for q, (mind, reading) in enumerate(zip(minds, found, strict=True)):
            refused = isinstance(reading, Refusal)
            self.replies.add(mind.model, question.round, repaired=q in asked_again and not refused, fallback=refused)
            if isinstance(reading, Refusal):
                action[q] = self._fallback(mind, reading, question, q)
            else:
                action[q] = reading.value if isinstance(reading.value, int) else question.texts.number(reading.value)
        return action

    def _asked(self, question: Question, minds: list[Model]) -> list[Asked]:
        rows = zip(
            self.teller.facts(question, minds), minds, question.individual.tolist(), question.replicate.tolist(),
            question.row.tolist(), question.draw.tolist(), strict=True,
        )  # fmt: skip
        asked = []
        for facts, mind, individual, replicate, row, draw in rows:
            manner = self.teller.manner(mind, individual)
            address = Address(
                self._digest, self._seed, self._first + replicate, question.round, question.turn, question.stage, row
            )
            asked.append(Asked(facts, manner, _request(mind, facts, manner, address, draw)))
        return asked

    def _repair(self, each: Asked, answer: Recorded, refusal: Parsed | Refusal) -> Asked:
        """The same decision asked once more, with what was wrong about the reply."""
        assert isinstance(refusal, Refusal)
        request = each.request
        messages = prompts.repair(request.messages, answer.reply.text, refusal.why, each.manner)
        return each._replace(request=request._replace(messages=messages, address=request.address._replace(attempt=1)))

    def _fallback(self, mind: Model, refusal: Refusal, question: Question, q: int) -> int:
        """What is done in the place of a reply that is no answer: an action, or silence where words are asked for."""
        if mind.fallback == "stop":
            raise ModelError(
                f"{quoted(mind.model)[1:-1]}: no permitted answer in round {question.round} for individual "
                f"{question.individual[q]}, asked twice ({quoted(refusal.why, 120)[1:-1]}); players.policy.fallback = "
                "cooperate, defect or random goes on, and what was paid for is kept"
            )
        if not isinstance(question.choices, Options):
            return 0
        return {"cooperate": 0, "defect": 1, "random": int(question.draw[q] >= 0.5)}[mind.fallback]


def _request(mind: Model, facts: Facts, manner: Manner, address: Address, draw: float) -> Request:
    return Request(
        mind.model, prompts.render(facts, manner), prompts.schema_of(facts, manner), *mind.sampling,
        mind.max_tokens, mind.api_base, address, draw, prompts.templates_hash(mind.language),
    )  # fmt: skip


def _reading(reading: Parsed | Refusal, verdict: str, individual: int) -> str:
    """What came of a reply to this individual's question, for the transcript."""
    told: dict[str, object] = {"individual": individual}
    if isinstance(reading, Refusal):
        return json.dumps({**told, "verdict": "refused", "why": reading.why}, ensure_ascii=False)
    value = ("cooperate", "defect")[reading.value] if isinstance(reading.value, int) else reading.value
    return json.dumps({**told, "verdict": verdict, "answer": value}, ensure_ascii=False)
