"""Both transports against a provider with which everything goes wrong: the same fault, the same end."""

import errno
import os
import pickle
import socket
import time

import pytest

from coop_abm.core.errors import CallFailed, ScenarioError
from coop_abm.llm.loop import run
from coop_abm.llm.messages import Reply
from coop_abm.llm.transport import TRANSPORTS, Scripted, open_transport
from tests.llm.calling import DIALECTS, EXPECTED, OF_OPENAI, Failure, Read, ask, request, told
from tests.llm.faulty import BODIES, FAULTS, LONG, STATUSES, Faulty

pytestmark = pytest.mark.usefixtures("no_keys")
BOTH = pytest.mark.parametrize("name", ["slim", "litellm"])


def sweep(name, faults, model="openai/m", v1=True):
    """fault -> (what came of it, how many requests the server saw)."""
    found = {}
    with Faulty(elsewhere="http://127.0.0.1:9") as server:
        asked = request(model, server.base if v1 else server.root)
        patient, hasty = open_transport(name, deadline=60), open_transport(name, deadline=1.0)

        async def ask_all():
            for fault in faults:
                server.fault, before = fault, server.count
                try:
                    result = await (hasty if fault in ("hang", "drip") else patient).send(asked)
                except CallFailed as failed:
                    result = failed
                found[fault] = result, server.count - before
            await patient.close()
            await hasty.close()

        run(ask_all())
    return found


def check(found):
    """Is each fault's end the expected one, after one request?"""
    assert {fault: r for fault, (r, _) in found.items() if told(r) != EXPECTED[fault]} == {}
    assert {fault: count for fault, (_, count) in found.items() if count != 1} == {}


def test_every_fault_of_the_server_has_an_expected_end():
    assert set(EXPECTED) == {"ok", *FAULTS} and len(FAULTS) >= 31


@BOTH
def test_every_fault_ends_in_one_reply_or_one_failure_after_one_request(name, request):
    if name == "litellm":
        request.getfixturevalue("litellm_is_warm")
    found = sweep(name, ("ok", *FAULTS))
    check(found)
    for result, _ in found.values():
        again = pickle.loads(pickle.dumps(result))
        if isinstance(result, CallFailed):
            assert len(str(result)) < 260 and str(result).isprintable()
            assert (str(again), told(again)) == (str(result), told(result))
        else:
            assert again == result
            f"{result.text}{result.raw}{result.reasoning}".encode()  # it can be written to a file


def test_litellm_and_slim_read_the_same_replies_from_the_same_bytes(litellm_is_warm):
    faults = sorted(BODIES.keys() - {"echo_text"})  # which holds the headers, and those differ
    slim, litellm = (sweep(name, faults) for name in ("slim", "litellm"))
    for fault in faults:
        assert slim[fault][0]._replace(latency=0.0) == litellm[fault][0]._replace(latency=0.0), fault


@pytest.mark.parametrize("model", DIALECTS)
def test_other_dialects_of_litellm_meet_the_same_ends_after_one_request(model, litellm_is_warm):
    one_of_each = ("ok", "truncated", "wrong_schema", "empty", "rate_limit_after", "quota", "server", "auth",
                   "redirect", "cut_body", "dropped", "reset", "hang", "endless")  # fmt: skip
    check(sweep("litellm", one_of_each, model, DIALECTS[model]))


@pytest.mark.validate
@pytest.mark.parametrize("model", DIALECTS)
def test_other_dialects_of_litellm_meet_the_same_end_in_every_fault(model, litellm_is_warm):
    check(sweep("litellm", [fault for fault in ("ok", *FAULTS) if fault not in OF_OPENAI], model, DIALECTS[model]))


def test_a_body_that_is_no_completion_is_kept_as_it_came():
    reply, _ = sweep("slim", ["text"])["text"]
    assert reply == Reply("", "", "malformed", None, None, "", reply.latency, "I would rather not answer in JSON.")
    assert reply.latency > 0


def test_reasoning_is_kept_apart():
    reply, _ = sweep("slim", ["reasoned"])["reasoned"]
    assert (reply.text, reply.reasoning) == ('{"action": "action_a"}', "It cooperated, so I do.")


@BOTH
@pytest.mark.parametrize("fault", ["redirect", "moved"])
def test_a_redirect_is_not_followed(name, fault):
    with Faulty() as other, Faulty(fault, elsewhere=other.root) as server:
        result = ask(name, request("openai/m", server.base))
        assert (told(result).kind, server.count, other.count) == ("redirect", 1, 0)


@BOTH
def test_a_server_that_is_not_there_got_nothing(name):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        result = ask(name, request("openai/m", f"http://127.0.0.1:{taken.getsockname()[1]}/v1"))
        port = taken.getsockname()[1]
    assert told(result) == Failure("connection", sent=False, again=True)
    assert str(result) == f"127.0.0.1:{port} cannot be reached ({os.strerror(errno.ECONNREFUSED)})"


@BOTH
@pytest.mark.parametrize("fault", ["huge", "endless"])
def test_an_answer_without_end_is_given_up_at_the_largest_size(name, fault):
    with Faulty(fault) as server:
        result = ask(name, request("openai/m", server.base), largest=100_000)
        assert told(result) == Failure("too_large")
        assert server.sent < 16 << 20, "what the machine's own buffers hold, and no more"


@pytest.mark.validate
@BOTH
@pytest.mark.parametrize("fault", LONG)
def test_deadline_and_largest_size_hold_within_a_second(name, fault, capsys, litellm_is_warm):
    import resource  # not on Windows

    with Faulty(fault) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        result = ask(name, request("openai/m", server.base), deadline=5.0)
        took = time.monotonic() - started
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        with capsys.disabled():
            print(
                f"\nL5 {name} {fault}: {result.kind} after {took:.2f} s (deadline 5 s), {server.sent / 2**20:.1f} MiB "
                f"sent by the server (largest 4 MiB), {grown:.0f} MiB more memory"
            )
        assert result.kind == ("timeout" if fault in ("hang", "drip") else "too_large")
        assert abs(took - 5.0) < 1 if result.kind == "timeout" else took < 6


@BOTH
def test_an_endpoint_that_is_no_address_is_refused(name):
    result = ask(name, request("openai/m", "no address at all"))
    assert (result.kind, result.sent, result.again) == ("refused", False, False)


def test_a_scripted_transport_answers_as_its_function_says():
    scripted = Scripted(lambda asked: f"{asked.address.row}")
    reply = run(scripted.send(request(row=3)))
    assert (reply.text, reply.finish, reply.model) == ("3", "stop", "openai/m")
    assert [asked.address.row for asked in scripted.requests] == [3]


def test_each_status_of_the_server_is_a_failure():
    assert all(isinstance(EXPECTED[fault], Failure) for fault in STATUSES)
    assert all(isinstance(EXPECTED[fault], Read) for fault in BODIES)


def test_a_transport_is_opened_by_its_name():
    assert [type(open_transport(name)).__name__ for name in TRANSPORTS] == ["LiteLLM", "Slim"]
    with pytest.raises(ScenarioError, match="transport must be one of litellm, slim; got 'pigeon'"):
        open_transport("pigeon")


def test_a_litellm_that_the_gate_does_not_fit_is_said(monkeypatch):
    def old():
        raise TypeError("__init__() got an unexpected keyword argument 'transport'")

    monkeypatch.setattr("coop_abm.llm.transport_litellm._load", old)
    result = ask("litellm", request("openai/m", "http://127.0.0.1:9/v1"))
    assert told(result) == Failure("refused", sent=False)
    assert "the installed litellm does not fit" in str(result) and "litellm>=1.106" in str(result)


def test_a_provider_that_litellm_reaches_past_the_gate_is_named_once(litellm_is_warm, caplog):
    made = open_transport("litellm")

    async def twice():
        await made.send(request("openai/m", "http://127.0.0.1:9/v1"))  # loads litellm, reaches nobody

    with pytest.raises(CallFailed):
        run(twice())
    asked = made._arguments
    made._arguments = lambda given: asked(given) | {"mock_response": "made up by litellm itself"}
    replies = [run(made.send(request("openai/m", "http://127.0.0.1:9/v1"))) for _ in range(2)]
    run(made.close())
    assert [reply.text for reply in replies] == ["made up by litellm itself"] * 2
    assert [record.getMessage() for record in caplog.records if "past the gate" in record.getMessage()] == [
        "litellm reaches openai past the gate: nothing limits size and tries there"
    ]
