"""The gate by itself: one request for one call, only where it should go, and nobody else's business."""

import asyncio

import httpx
import pytest

from coop_abm.core.errors import CallFailed
from coop_abm.llm.gate import NO_KEY, Call, Gate, current
from coop_abm.llm.verdict import Answer
from coop_abm.llm.wire import Wire
from tests.llm.faulty import Faulty

pytestmark = pytest.mark.usefixtures("no_keys")
BODY = {"model": "m", "messages": []}


def through(server, *posts, provider="openai", draw=None, named=True):
    """Post in the name of one call: (call, what each post led to)."""

    async def go():
        wire = Wire(deadline=30.0, largest=1 << 20, concurrency=4)
        call = Call(wire, provider, draw)
        token = current.set(call if named else None)
        ends = []
        gate = Gate()
        async with httpx.AsyncClient(transport=gate) as client:
            for path, headers in posts:
                try:
                    ends.append((await client.post(f"{server.root}{path}", json=BODY, headers=headers)).status_code)
                except httpx.ReadError as error:
                    ends.append(str(error))
        current.reset(token)
        await wire.close()
        if gate._usual is not None:
            await gate._usual.aclose()
        return call, ends

    return asyncio.run(go())


def test_a_request_is_sent_once_even_if_a_library_tries_again():
    with Faulty() as server:
        call, ends = through(server, *[("/v1/chat/completions", {})] * 3)
        assert (ends, server.count) == ([200, "a request is sent once", "a request is sent once"], 1)
    assert isinstance(call.last, Answer)


def test_a_first_request_for_a_token_leaves_room_for_the_second():
    with Faulty() as server:
        call, ends = through(server, ("/token", {}), ("/v1/chat/completions", {}))
        assert (ends, server.count, call.last_path) == ([200, 200], 2, "/v1/chat/completions")


def test_what_is_sent_in_nobody_s_name_goes_its_usual_way():
    with Faulty() as server:
        call, ends = through(server, *[("/v1/chat/completions", {"authorization": NO_KEY})] * 2, named=False)
        assert (ends, server.count) == ([200, 200], 2)
        assert server.seen[0].key == NO_KEY, "and as it is"
    assert call.last is None


def test_openai_s_key_does_not_go_to_another_provider(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    headers = {"authorization": "Bearer sk-canary-0123456789"}
    with Faulty() as server:
        call, ends = through(server, ("/v1/chat/completions", headers), provider="nebius")
        assert (ends, server.count) == (["no reply"], 0)
        assert isinstance(call.last, CallFailed) and call.last.kind == "auth" and not call.last.sent
        assert through(server, ("/v1/chat/completions", headers), provider="openai")[1] == [200]


def test_the_stand_in_gets_nothing_but_the_question_and_the_draw():
    headers = {"authorization": "Bearer some-key", "openai-organization": "org", "x-api-key": "k", "cookie": "c=1"}
    with Faulty() as server:
        through(server, ("/v1/chat/completions", headers), provider="stand-in", draw=0.5)
    sent = server.seen[0].headers
    assert sent["x-coop-draw"] == "0.5" and not {*headers} & {*sent}


def test_the_dummy_key_stays_here():
    with Faulty() as server:
        through(server, ("/v1/chat/completions", {"authorization": f"Bearer {NO_KEY}"}))
    assert server.seen[0].key == ""
