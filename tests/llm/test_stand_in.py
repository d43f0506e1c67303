"""The stand-in as a server: real requests over HTTP, its faults, its counts, and where it listens."""

from __future__ import annotations

import asyncio
import io
import json
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import aiohttp
import pytest

from coop_abm.core.errors import InputError
from coop_abm.llm import prompts
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.parse import parse
from coop_abm.llm.stand_in import PASSING, StandIn
from coop_abm.llm.stand_in_faults import FAULTS
from coop_abm.llm.stand_in_players import PLAYERS
from coop_abm.llm.stand_in_server import FINGERPRINT, LARGEST
from tests.llm import prompting
from tests.llm.test_stand_in_players import KINDS, MANNER, PLAIN, by_table

LANGUAGES = prompts.LANGUAGES


def body_of(facts: Facts = PLAIN, manner: Manner = MANNER, model: str = "stand-in/tft") -> dict:
    told = [{"role": role, "content": text} for role, text in prompts.render(facts, manner)]
    return {"model": model, "messages": told, "max_tokens": 100, "temperature": 1.0}


def asked(address, *bodies, draw=None, timeout=20.0, base=None):
    """(status, headers, text) of each request, sent one after the other; the error instead where it failed."""

    async def one(session, body):
        headers = {} if draw is None else {"X-Coop-Draw": repr(draw)}
        sent = {"data": io.BytesIO(body)} if isinstance(body, bytes) else {"json": body}
        try:
            async with session.post(address + "/chat/completions", headers=headers, **sent) as response:
                return response.status, response.headers, await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return error

    async def all_of_them():
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout)) as session:
            return [await one(session, body) for body in bodies]

    return asyncio.run(all_of_them())


def seen(address, path, method="get"):
    async def get():
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, address.removesuffix("/v1") + path) as response,
        ):
            return await response.json()

    return asyncio.run(get())


def until(holds, seconds=20.0):
    """Wait for what happens in the server's own thread."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.005)
    assert holds()


@pytest.fixture(scope="module")
def server():
    with StandIn() as running:
        yield running


def refused(answer, status):
    """The error that the server answers with, which has the form of OpenAI's."""
    assert answer[0] == status and answer[1]["Server"] == "coop-abm stand-in"
    error = json.loads(answer[2])["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


# ----------------------------------------------------------------------------------------- what it plays


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_strategy_plays_over_http_as_its_table(server, language):
    for labels, framing, swapped in (("b a", "penalty", True), ("cooperate defect", "reward", False)):
        manner = Manner(language, framing, tuple(labels.split()), swapped, reasoning=swapped)
        facts = PLAIN._replace(history=((0, 0), (0, 1)), standing="bad", own_standing="bad", judged="stern_judging")
        table = by_table(facts, 0.3)
        answers = asked(server.address, *(body_of(facts, manner, f"stand-in/{kind}") for kind in KINDS), draw=0.3)
        texts = [json.loads(text)["choices"][0]["message"]["content"] for _, _, text in answers]
        played = [parse(prompting.answered(text), facts, manner).value for text in texts]
        assert dict(zip(KINDS, played, strict=True)) == table


def test_an_answer_is_a_chat_completion_that_says_what_gave_it(server):
    [(status, headers, text)] = asked(server.address, body_of())
    told = json.loads(text)
    assert status == 200 and headers["Server"] == "coop-abm stand-in" and headers["Content-Type"] == "application/json"
    assert told["system_fingerprint"] == FINGERPRINT and "not a language model" in FINGERPRINT
    assert told["object"] == "chat.completion" and told["model"] == "stand-in/tft"
    [choice] = told["choices"]
    assert choice["finish_reason"] == "stop" and choice["message"]["role"] == "assistant"


def test_tokens_are_one_for_every_four_characters_begun(server):
    sent = body_of()
    [(_, _, text)] = asked(server.address, sent)
    told = json.loads(text)
    read = sum(math.ceil(len(message["content"]) / 4) for message in sent["messages"])
    written = math.ceil(len(told["choices"][0]["message"]["content"]) / 4)
    assert told["usage"] == {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def test_equal_questions_have_equal_answers_and_a_draw_in_the_header_decides(server):
    one, other = asked(server.address, *[body_of(model="stand-in/random")] * 2)
    assert one[2] == other[2]
    for draw, label in ((0.0, "action_a"), (0.49999, "action_a"), (0.5, "action_b"), (1 - 2**-53, "action_b")):
        [(_, _, text)] = asked(server.address, body_of(model="stand-in/random"), draw=draw)
        assert json.loads(json.loads(text)["choices"][0]["message"]["content"]) == {"action": label}


def test_a_strategy_that_is_given_plays_under_any_name():
    with StandIn(strategy="alld") as server:
        [(status, _, text)] = asked(server.address, body_of(model="gpt-something"))
        told = json.loads(text)
        assert status == 200 and told["model"] == "gpt-something"
        assert json.loads(told["choices"][0]["message"]["content"]) == {"action": "action_b"}


def test_the_list_of_models_names_everybody_who_can_play(server):
    told = seen(server.address, "/v1/models")
    assert [model["id"] for model in told["data"]] == [f"stand-in/{name}" for name in PLAYERS]
    assert {model["owned_by"] for model in told["data"]} == {FINGERPRINT}


# ----------------------------------------------------------------------------------- what it refuses


def test_an_unknown_model_is_not_found_and_the_error_names_the_permitted(server):
    [answer] = asked(server.address, body_of(model="stand-in/nobody"))
    error = refused(answer, 404)
    assert error["code"] == "model_not_found" and error["param"] == "model"
    assert "one of allc, " in error["message"] and "got 'stand-in/nobody'" in error["message"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "What is the capital of France?"}],
        [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": "Choose."}],
        [*body_of()["messages"][:1], {"role": "user", "content": body_of()["messages"][1]["content"] + "\nNow."}],
        [*body_of()["messages"], {"role": "assistant", "content": "x"}, {"role": "user", "content": "again"}],
    ],
    ids=["alone", "a pair", "a line more", "another repair"],
)
def test_a_prompt_that_is_not_ours_is_a_bad_request(server, messages):
    [answer] = asked(server.address, {"model": "stand-in/tft", "messages": messages})
    error = refused(answer, 400)
    assert error["code"] == "foreign_prompt" and error["message"].startswith("messages must be a prompt that coop_abm")


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        (b"", "the request must be JSON"),
        (b"\xff", "the request must be JSON"),
        (b"[]", "model must be given"),
        (b'{"model": 3}', "model must be given"),
        (b'{"model": "stand-in/tft"}', "messages must be"),
        (b'{"model": "stand-in/tft", "messages": []}', "messages must be"),
        (b'{"model": "stand-in/tft", "messages": [{"role": "user", "content": null}]}', "messages must be"),
        (json.dumps(body_of() | {"stream": True}).encode(), "stream and n"),
        (json.dumps(body_of() | {"n": 2}).encode(), "stream and n"),
        (json.dumps(body_of(model="stand-in/gtft?generosity=7")).encode(), "model: gtft.generosity"),
        (b"[" * 100_000, "the request must be JSON"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_request_that_makes_no_sense_is_a_bad_request_that_says_why(server, body, begins):
    [answer] = asked(server.address, body)
    assert refused(answer, 400)["message"].startswith(begins)


@pytest.mark.parametrize("draw", [-0.1, 1.0, math.nan, math.inf])
def test_a_draw_outside_its_range_is_a_bad_request(server, draw):
    [answer] = asked(server.address, body_of(), draw=draw)
    assert refused(answer, 400)["message"].startswith("X-Coop-Draw must lie in [0, 1)")


def test_a_request_that_is_too_large_is_refused_and_counted(server):
    before = server.stats()["by_outcome"].get("refused", 0)
    [answer] = asked(server.address, b" " * (LARGEST + 1))
    assert answer[0] == 413 and server.stats()["by_outcome"]["refused"] == before + 1


# ------------------------------------------------------------------------------------------- faults


def spoilt(fault, **conduct):
    """What one request meets where this fault always happens, and the counts afterwards."""
    with StandIn(fault_rate=1.0, faults=(fault,), pause=0.0, retry_after=7, **conduct) as server:
        [answer] = asked(server.address, body_of(), timeout=1.0 if fault == "hang" else 20.0)
        until(lambda: server.stats()["by_outcome"] == {fault: 1})
        assert server.stats()["requests"] == 1 and server.stats()["in_flight"] == 0
    return answer


def test_too_many_requests_says_when_to_come_back():
    answer = spoilt("rate_limit")
    assert refused(answer, 429)["code"] == "rate_limit_exceeded" and answer[1]["Retry-After"] == "7"


@pytest.mark.parametrize(("fault", "status"), [("server_error", 500), ("overloaded", 503)])
def test_a_server_error_has_its_status(fault, status):
    assert "fault on demand" in refused(spoilt(fault), status)["message"]


def test_cut_json_is_half_of_an_answer():
    status, _, text = spoilt("cut_json")
    assert status == 200 and text.startswith('{"id"')
    with pytest.raises(ValueError):
        json.loads(text)


def test_text_and_nothing_come_instead_of_json():
    assert (spoilt("text")[0], spoilt("text")[2]) == (200, "a fault on demand: this is no JSON")
    assert (spoilt("empty")[0], spoilt("empty")[2]) == (200, "")


def test_usage_can_be_missing_and_the_model_another():
    assert "usage" not in json.loads(spoilt("no_usage")[2])
    assert json.loads(spoilt("wrong_model")[2])["model"] == "somebody-else"


def test_a_dropped_connection_and_a_hanging_one_give_no_answer():
    assert isinstance(spoilt("dropped"), aiohttp.ClientConnectionError)
    assert isinstance(spoilt("hang"), TimeoutError)


def test_a_drip_brings_the_whole_answer_byte_by_byte():
    with StandIn() as server:
        [usual] = asked(server.address, body_of())
    assert spoilt("drip")[2] == usual[2]


def test_every_fault_can_be_asked_for_and_no_other():
    assert set(PASSING) <= set(FAULTS)
    tried = {"rate_limit", "server_error", "overloaded", "cut_json", "text", "empty", "no_usage", "wrong_model"}
    assert set(FAULTS) == tried | {"dropped", "hang", "drip"}


def met(order, **conduct):
    """What became of each of 60 prompts that are sent at once, in this order; and the counts."""

    async def one(session, address, partner):
        async with session.post(address, json=body_of(PLAIN._replace(partner=partner))) as response:
            return partner, response.status

    async def all_of_them(address):
        async with aiohttp.ClientSession() as session:
            return dict(await asyncio.gather(*(one(session, address, partner) for partner in order)))

    with StandIn(fault_rate=0.4, faults=("server_error", "overloaded"), **conduct) as server:
        return asyncio.run(all_of_them(server.address + "/chat/completions")), server.stats()["by_outcome"]


def test_the_seed_decides_who_meets_which_fault_whatever_the_order():
    found, counts = met(range(60), seed=5)
    again, _ = met(reversed(range(60)), seed=5, latency=0.01, jitter=0.01)
    other, _ = met(range(60), seed=6)
    assert found == again != other
    outcome = {200: "answered", 500: "server_error", 503: "overloaded"}
    assert counts == Counter(outcome[status] for status in found.values())
    assert 10 <= 60 - counts["answered"] <= 38  # four standard errors about 24


def test_a_request_that_is_tried_again_has_a_new_chance():
    with StandIn(fault_rate=0.5, faults=("server_error",)) as server:
        statuses = [answer[0] for answer in asked(server.address, *[body_of()] * 40)]
    assert 7 <= statuses.count(500) <= 33  # four standard errors about 20


# ------------------------------------------------------------------------------------------- counts


def test_requests_are_counted_by_outcome_and_by_model_and_can_be_forgotten():
    with StandIn() as server:
        asked(server.address, body_of(), body_of(model="stand-in/allc"), body_of(), body_of(model="nobody"))
        told = seen(server.address, "/stats")
        assert told == server.stats() and told["server"] == FINGERPRINT
        assert told["requests"] == 4 and told["by_outcome"] == {"answered": 3, "refused": 1}
        assert told["by_model"] == {"stand-in/tft": 2, "stand-in/allc": 1}
        assert told["in_flight"] == 0 and told["most_in_flight"] == 1
        assert seen(server.address, "/stats/reset", "post")["requests"] == server.stats()["requests"] == 0


def test_requests_in_flight_are_counted_and_who_hangs_up_is_gone():
    async def ask(session, address):
        async with session.post(address + "/chat/completions", json=body_of()):
            pass

    async def hang_up(server):
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            sent = [asyncio.create_task(ask(session, server.address)) for _ in range(30)]
            while server.stats()["in_flight"] < 30:
                await asyncio.sleep(0.005)
            for task in sent:
                task.cancel()
            await asyncio.gather(*sent, return_exceptions=True)

    with StandIn(latency=60.0) as server:
        asyncio.run(asyncio.wait_for(hang_up(server), 20.0))
        until(lambda: server.stats()["in_flight"] == 0)
        assert server.stats()["most_in_flight"] == 30 and server.stats()["by_outcome"] == {"gone": 30}


# ------------------------------------------------------------------------------------ starting, stopping


def test_it_listens_on_this_machine_alone(server):
    port = int(server.address.split(":")[2].split("/")[0])
    assert server.address == f"http://127.0.0.1:{port}/v1"
    if sys.platform == "linux":  # where every address of 127/8 is this machine, and one of another interface
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_port_that_is_taken_is_refused_in_a_sentence(server):
    port = int(server.address.split(":")[2].split("/")[0])
    with pytest.raises(InputError, match=rf"^port must be free on 127\.0\.0\.1; {port} is not: "):
        StandIn(port=port).start()


def test_it_can_stop_while_somebody_waits_and_leaves_no_thread():
    before = set(threading.enumerate())
    server = StandIn(latency=60.0)
    assert server.start() == server.start()
    answers: list = []
    waiting = threading.Thread(target=lambda: answers.extend(asked(server.address, body_of())))
    waiting.start()
    until(lambda: server.stats()["in_flight"] == 1)
    server.stop()
    server.stop()
    waiting.join()
    assert isinstance(answers[0], aiohttp.ClientError) and set(threading.enumerate()) <= before
    assert server.stats()["by_outcome"] == {"gone": 1}


@pytest.mark.parametrize(
    ("conduct", "message"),
    [
        ({"port": -1}, "port must lie in"),
        ({"port": 65536}, "port must lie in"),
        ({"latency": -1.0}, "latency must be at least 0"),
        ({"latency": math.nan}, "latency must be at least 0"),
        ({"jitter": math.inf}, "jitter must be at least 0"),
        ({"fault_rate": 1.1}, "fault_rate must lie in"),
        ({"faults": ("earthquake",)}, "faults must be among rate_limit, .*; got 'earthquake'"),
        ({"strategy": "nobody"}, "strategy must be stand-in/ and one of .*tft.*; got 'nobody'"),
        ({"strategy": "gtft?generosity=7"}, "strategy: gtft.generosity: "),
    ],
    ids=str,
)
def test_a_conduct_that_makes_no_sense_is_refused_in_a_sentence(conduct, message):
    with pytest.raises(InputError, match=f"^{message}"):
        StandIn(**conduct)


def test_importing_it_loads_no_server():
    code = (
        "import sys, coop_abm.llm.stand_in; print(sorted({'aiohttp', 'litellm', 'numba', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_the_command_serves_until_it_is_interrupted_and_prints_its_counts():
    code = "import coop_abm.llm.stand_in as s; s.serve(lambda line: print(line, flush=True), strategy='tft')"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        address = next(word.rstrip(";") for word in first.split() if word.startswith("http://127.0.0.1:"))
        assert "not a language model" in first
        assert asked(address, body_of(model="any"))[0][0] == 200
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0 and rest.splitlines()[0] == "1 requests, at most 1 at once"
    assert "  outcome 'answered': 1" in rest and "  model 'any': 1" in rest
