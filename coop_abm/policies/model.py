"""Language models as players: prompts out, replies in, actions applied in the order of rows.

All decisions of a stage go out in one batch. What comes back is parsed strictly; a reply that is no permitted
answer is asked for once more, again in one batch; then the declared fallback stands in its place, and is counted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coop_abm.core.errors import ModelError, quoted
from coop_abm.core.question import Choices, Options, Question, Texts, Together, Words, dtype_of
from coop_abm.llm import dialects, prompts
from coop_abm.llm.facts import Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.llm.parse import Parsed, Refusal, parse
from coop_abm.policies.means import Noted
from coop_abm.policies.tally import Replies
from coop_abm.policies.teller import Teller
from coop_abm.scenario.minds import Model

if TYPE_CHECKING:
    from coop_abm.llm.client import Recorded
    from coop_abm.policies.means import Line


class Asked(NamedTuple):
    """One decision on its way: what was said, how, and the request that says it."""

    facts: Any
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

    def decide(self, question: Question, minds: list[Model], place: str = "") -> np.ndarray:
        """(Q,): the answer of each row, as the choices of the question say.

        Parameters
        ----------
        minds : the model of each row
        place : the stage that stands in the address of each draw; empty: that of the question

        Raises
        ------
        ModelError
            if a model cannot be asked, or gave no answer and its fallback is to stop
        """
        asked, choices = self._asked(question, minds, place or question.stage), question.choices
        client = self.line.client  # another one after a world was closed and goes on
        answers = client.ask([each.request for each in asked])
        found = [parse(a.reply, each.facts, each.manner) for a, each in zip(answers, asked, strict=True)]
        wrong = [q for q, reading in enumerate(found) if isinstance(reading, Refusal)]
        who = question.individual.tolist()
        readings = [(a.key, _reading(r, "accepted", i, choices)) for a, r, i in zip(answers, found, who, strict=True)]
        noted = [_noted(a, r, i, again=False) for a, r, i in zip(answers, found, who, strict=True)]
        if wrong:
            repairs = [self._repair(asked[q], answers[q], found[q]) for q in wrong]
            seconds = client.ask([each.request for each in repairs])
            for q, again, second in zip(wrong, repairs, seconds, strict=True):
                found[q] = parse(second.reply, again.facts, again.manner)
                readings.append((second.key, _reading(found[q], "repaired", who[q], choices)))
                noted.append(_noted(second, found[q], who[q], again=True))
        self.line.note(client, noted, readings)
        given, asked_again = np.zeros(len(question), dtype_of(choices)), set(wrong)
        for q, (mind, reading) in enumerate(zip(minds, found, strict=True)):
            refused = isinstance(reading, Refusal)
            self.replies.add(mind.model, question.round, repaired=q in asked_again and not refused, fallback=refused)
            if isinstance(reading, Refusal):
                given[q] = self._fallback(mind, reading, question, q)
            else:
                given[q] = answer_of(choices, reading.value, question.texts)
        return given

    def _asked(self, question: Question, minds: list[Model], place: str) -> list[Asked]:
        rows = zip(
            self.teller.facts(question, minds), minds, question.individual.tolist(), question.replicate.tolist(),
            question.row.tolist(), question.draw.tolist(), strict=True,
        )  # fmt: skip
        asked = []
        for facts, mind, individual, replicate, row, draw in rows:
            manner = self.teller.manner(mind, individual)
            address = Address(
                self._digest, self._seed, self._first + replicate, question.round, question.turn, place, row
            )
            asked.append(Asked(facts, manner, _request(mind, facts, manner, address, draw)))
        return asked

    def _repair(self, each: Asked, answer: Recorded, refusal: Parsed | Refusal) -> Asked:
        """The same decision asked once more, with what was wrong about the reply."""
        assert isinstance(refusal, Refusal)
        request = each.request
        dialect = dialects.of(each.facts)
        messages = prompts.repair(request.messages, answer.reply.text, refusal.why, each.manner, dialect)
        return each._replace(request=request._replace(messages=messages, address=request.address._replace(attempt=1)))

    def _fallback(self, mind: Model, refusal: Refusal, question: Question, q: int) -> Any:
        """What is done in the place of a reply that is no answer: silence where nothing but words is asked for."""
        if mind.fallback == "stop":
            raise ModelError(
                f"{quoted(mind.model)[1:-1]}: no permitted answer in round {question.round} for individual "
                f"{question.individual[q]}, asked twice ({quoted(refusal.why, 120)[1:-1]}); players.policy.fallback = "
                "cooperate, defect or random goes on, and what was paid for is kept"
            )
        if isinstance(question.choices, Words):
            return 0
        done = self.teller.fallback(mind.fallback, question, q)
        if isinstance(question.choices, Together):
            return tuple(
                done.get(name, 0) if isinstance(c, Words) else done[name] for name, c in question.choices.parts
            )
        return done


def answer_of(choices: Choices, value: Any, texts: Texts) -> Any:
    """What was read out of a reply, as these choices take it.

    Raises
    ------
    ValueError
        if an answer has other keys than the choices have parts: the form of the dialect does not fit the world
    """
    if isinstance(choices, Together):
        names = [name for name, _ in choices.parts]
        told = value if isinstance(value, dict) else dict(zip(names, [value]))
        if set(told) != set(names):
            raise ValueError(f"an answer must have the keys {', '.join(names)}; its form has {', '.join(told)}")
        return tuple(answer_of(part, told[name], texts) for name, part in choices.parts)
    return texts.number(value) if isinstance(choices, Words) else value


def _request(mind: Model, facts: Any, manner: Manner, address: Address, draw: float) -> Request:
    return Request(
        mind.model, prompts.render(facts, manner), prompts.schema_of(facts, manner), *mind.sampling,
        mind.max_tokens, mind.api_base, address, draw, dialects.of(facts).templates_hash(mind.language),
    )  # fmt: skip


def _noted(answer: Recorded, reading: Parsed | Refusal, individual: int, *, again: bool) -> Noted:
    verdict = "refused" if isinstance(reading, Refusal) else "repaired" if again else "accepted"
    return Noted(answer.key, individual, verdict, again, answer.fresh)


def _reading(reading: Parsed | Refusal, verdict: str, individual: int, choices: Choices) -> str:
    """What came of a reply to this individual's question, for the transcript."""
    told: dict[str, object] = {"individual": individual}
    if isinstance(reading, Refusal):
        return json.dumps({**told, "verdict": "refused", "why": reading.why}, ensure_ascii=False)
    answer = _in_words(choices, reading.value)
    return json.dumps({**told, "verdict": verdict, "answer": answer}, ensure_ascii=False)


def _in_words(choices: Choices, value: Any) -> Any:
    """An answer with the names of options instead of their places."""
    if isinstance(choices, Together) and isinstance(value, dict):
        return {name: _in_words(part, value[name]) for name, part in choices.parts if name in value}
    return choices.names[value] if isinstance(choices, Options) else value
