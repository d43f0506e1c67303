"""From a prompt through a transport over HTTP to an action: the stand-in plays as the tables do, faults or none."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from coop_abm.core.errors import CallFailed
from coop_abm.llm import comprehension, prompts
from coop_abm.llm.comprehension import Answer
from coop_abm.llm.facts import Manner
from coop_abm.llm.loop import run
from coop_abm.llm.messages import Address, Request
from coop_abm.llm.parse import parse
from coop_abm.llm.retry import Retry
from coop_abm.llm.slim import Slim
from coop_abm.llm.stand_in import PASSING, StandIn
from tests.llm.test_stand_in_players import KINDS, PLAIN, by_table

MANNER = Manner()


@pytest.fixture(scope="module")
def server():
    with StandIn() as running:
        yield running


def request(model, messages, draw=0.5, schema="", row=0):
    address = Address("digest", 1, 0, 0, 0, "act", row)
    return Request(f"stand-in/{model}", messages, schema, None, None, 200, "", address, draw)


def sent(server, requests, *, deadline=20.0):
    """The reply or the failure of each request, all sent at once by the slim transport."""

    async def send():
        slim = Slim(stand_in=server.address, deadline=deadline)
        try:
            return await asyncio.gather(*map(slim.send, requests), return_exceptions=True)
        finally:
            await slim.close()

    return run(send())


def decisions(count=60):
    """(kind, facts, manner, draw) of many decisions of all strategies."""
    dice = random.Random(7)
    for row in range(count):
        history = tuple((dice.randrange(2), dice.randrange(2)) for _ in range(dice.randrange(4)))
        facts = PLAIN._replace(
            round=row, history=history, standing=dice.choice(["good", "bad", "unknown", None]),
            own_standing=dice.choice(["good", "bad", None]), kin=dice.choice([True, False, None]),
        )  # fmt: skip
        manner = Manner(
            dice.choice(prompts.LANGUAGES), dice.choice(["reward", "penalty"]), swapped=dice.random() < 0.5,
            reasoning=dice.random() < 0.5,
        )  # fmt: skip
        yield list(KINDS)[row % len(KINDS)], facts, manner, dice.random()


def asked(decided):
    return [
        request(kind, prompts.render(facts, manner), draw, prompts.schema_of(facts, manner), row)
        for row, (kind, facts, manner, draw) in enumerate(decided)
    ]


def test_every_strategy_plays_as_its_table_through_the_transport(server):
    decided = list(decisions())
    replies = sent(server, asked(decided))
    played = [parse(reply, facts, manner).value for reply, (_, facts, manner, _) in zip(replies, decided, strict=True)]
    assert played == [by_table(facts, draw)[kind] for kind, facts, _, draw in decided]
    assert set(played) == {0, 1}


def test_faults_that_pass_change_no_decision_and_every_try_is_counted_on_both_sides():
    decided, tries = list(decisions(120)), Counter()

    async def announced(_n):
        tries["announced"] += 1

    async def ended(_n, result):
        tries[result.kind if isinstance(result, CallFailed) else "answered"] += 1

    async def at_once(_seconds):
        await asyncio.sleep(0)

    async def send(server):
        slim = Slim(stand_in=server.address)
        retry = Retry(slim, attempts=30, sleep=at_once)
        try:
            return await asyncio.gather(*(retry.send(one, announced, ended) for one in asked(decided)))
        finally:
            await slim.close()

    with StandIn(fault_rate=0.3, seed=11, retry_after=0.0) as server:
        replies = run(send(server))
        counted = server.stats()
    played = [parse(reply, facts, manner).value for reply, (_, facts, manner, _) in zip(replies, decided, strict=True)]
    assert played == [by_table(facts, draw)[kind] for kind, facts, _, draw in decided]
    assert all(counted["by_outcome"].get(fault, 0) > 0 for fault in PASSING)  # they truly fired
    assert counted["by_outcome"]["answered"] == tries["answered"] == 120
    assert counted["requests"] == 120 + tries["announced"]
    assert counted["by_outcome"]["rate_limit"] == tries["rate_limit"]
    assert counted["by_outcome"]["server_error"] + counted["by_outcome"]["overloaded"] == tries["server"]
    assert counted["by_outcome"]["dropped"] == tries["connection"]


@pytest.mark.parametrize("fault", ["cut_json", "text", "empty"])
def test_what_is_no_chat_completion_is_a_reply_that_was_paid_for(fault):
    with StandIn(fault_rate=1.0, faults=(fault,)) as server:
        [reply] = sent(server, [request("tft", prompts.render(PLAIN, MANNER))])
        assert reply.finish == "malformed" and server.stats()["by_outcome"] == {fault: 1}


def test_usage_that_is_missing_is_not_known_and_another_model_is_seen():
    for fault, model in (("no_usage", "tft"), ("wrong_model", "somebody-else")):
        with StandIn(fault_rate=1.0, faults=(fault,)) as server:
            [reply] = sent(server, [request("tft", prompts.render(PLAIN, MANNER))])
            assert reply.model == model and (reply.input_tokens is None) == (fault == "no_usage")
            assert parse(reply, PLAIN, MANNER).value in (0, 1)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_what_takes_too_long_ends_at_the_deadline(fault):
    with StandIn(fault_rate=1.0, faults=(fault,), pause=10.0) as server:
        [failure] = sent(server, [request("tft", prompts.render(PLAIN, MANNER))], deadline=1.0)
        assert isinstance(failure, CallFailed) and failure.kind == "timeout" and failure.sent


@pytest.mark.parametrize(
    ("model", "messages", "said"),
    [
        ("nobody", prompts.render(PLAIN, MANNER), "model must be stand-in/ and one of allc, "),
        ("tft", (("user", "What is the capital of France?"),), "a prompt that coop_abm made"),
        ("gtft?generosity=9", prompts.render(PLAIN, MANNER), "gtft.generosity"),
    ],
    ids=["model", "prompt", "knob"],
)
def test_what_the_stand_in_cannot_play_fails_at_once_and_says_why(server, model, messages, said):
    [failure] = sent(server, [request(model, messages)])
    assert isinstance(failure, CallFailed) and not failure.again and said in str(failure)


@pytest.mark.parametrize("language", prompts.LANGUAGES)
def test_the_comprehension_gate_opens_for_who_reads_and_not_for_who_guesses(server, language):
    facts, manner = PLAIN._replace(standing="good", judged="stern_judging", continuation=0.9), Manner(language)
    quizzes = comprehension.questions(facts, manner, 30, 0.5)
    found = {}
    for model in ("wsls", "random", "silent"):
        asked_ = [request(model, comprehension.messages(facts, manner, quiz), schema=quiz.schema) for quiz in quizzes]
        replies = sent(server, asked_)
        found[model] = comprehension.score(Answer(q, reply.text) for q, reply in zip(quizzes, replies, strict=True))
    assert found["wsls"].overall.share == 1.0 and found["silent"].malformed == len(quizzes)
    assert found["random"].overall.high < found["wsls"].overall.low
