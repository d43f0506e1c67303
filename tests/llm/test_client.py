"""Asking: order, one model for one run, and what happens when something goes wrong in the middle of a batch."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from coop_abm.core.errors import CallFailed, InputError, JournalError, ModelChanged
from coop_abm.llm import sending, transcript
from coop_abm.llm.budget import Caps
from coop_abm.llm.client import Client
from coop_abm.llm.identity import is_same
from coop_abm.llm.retry import Retry
from tests.llm import buying
from tests.llm.buying import Shop, client, priced, reply, request, requests


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def states(path, run="run"):
    """State of the last try of every call, in order."""
    return [call.state for call in transcript.calls(path, run)]


# ------------------------------------------------------------------------------------------- answers


def test_answers_come_in_the_order_of_the_questions_whatever_comes_first(path):
    asked = requests(40)
    slow_first = Shop(wait=lambda one: 0.02 / (1 + one.address.row))
    with client(path, slow_first) as buyer:
        found = buyer.ask(asked[::-1])
    assert [one.key for one in found] == [one.key for one in asked[::-1]]
    assert [one.reply for one in found] == [reply(one) for one in asked[::-1]]


@pytest.mark.parametrize("mode", ["record", "off"])
def test_equal_questions_of_a_batch_are_asked_once(path, mode):
    shop = Shop()
    with client(path, shop, mode=mode) as buyer:
        found = buyer.ask([request(1), request(2), request(1), request(1, draw=0.9)])
        assert [one.fresh for one in found] == [True, True, False, False] and len(shop.sold) == 2
        assert buyer.tally[:5] == (2, 2, 0, 0, 0)


def test_no_questions_no_answers(path):
    with client(path, Shop()) as buyer:
        assert buyer.ask([]) == []


def test_no_more_go_out_at_once_than_there_are_places(path):
    shop = Shop(wait=lambda one: 0.005)
    with client(path, shop, concurrency=6) as buyer:
        buyer.ask(requests(1, start=100))
        workers = [threading.Thread(target=buyer.ask, args=(requests(20, 200 * place),)) for place in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert shop.most_at_once == 6 and len(shop.sold) == len(set(shop.sold))


def test_off_records_nothing_and_reads_nothing(path):
    shop = Shop()
    for _ in range(2):
        with client(path, shop, mode="off") as buyer:
            buyer.ask(requests(3))
            buyer.note([(request(0).key, "{}")])
    assert len(shop.sold) == 6 and not path.exists()


@pytest.mark.parametrize("settings", [{"mode": "on"}, {"mode": "record"}, {"mode": "off"}])
def test_a_client_that_could_not_work_is_refused(path, settings):
    with pytest.raises(InputError, match="journal-mode"):
        Client(journal=path, retry=None, prices=priced, **settings)


def test_the_tally_counts_tokens_and_money(path):
    with client(path, Shop()) as buyer:
        buyer.ask(requests(5))
        assert buyer.tally == (5, 5, 0, 0, 0, 500, 100, pytest.approx(5 * 180e-6), ("clerk",))


# --------------------------------------------------------------------------------------------- models


@pytest.mark.parametrize(
    ("asked", "returned"),
    [
        ("gpt-5", "gpt-5"), ("openai/gpt-5", "gpt-5"), ("gpt-5", "openai/gpt-5"), ("openai/gpt-5", "gpt-5-2026-03-01"),
        ("anthropic/claude-x", "claude-x-20260301"), ("vertex_ai/claude-x", "claude-x@20260301"),
        ("ollama/qwen3", "qwen3:latest"), ("ollama/qwen3:14b", "qwen3:14b"), ("hosted_vllm/meta/llama", "meta/llama"),
        ("stand-in/tft", "stand-in/tft"),
    ],
)  # fmt: skip
def test_a_prefix_and_a_date_are_the_same_model(asked, returned):
    assert is_same(asked, returned)


@pytest.mark.parametrize(
    ("asked", "returned"),
    [
        ("gpt-5", "gpt-5-mini"), ("gpt-5-mini", "gpt-5"), ("openai/gpt-5", "openai/gpt-5-2026-13-01"),
        ("gpt-5", "GPT-5"),
        ("openai/gpt-5", "azure/gpt-5"), ("gpt-5-2026-03-01", "gpt-5-2026-04-01"), ("gpt-5-2026-03-01", "gpt-5"),
        ("ollama/qwen3:14b", "qwen3:latest"), ("openai/qwen3", "qwen3:latest"), ("m", "x/y/m"), ("m", "m-2026-03-01-x"),
        ("x/y/m", "m"), ("m", "m\n"), ("m", "m-2026-03-01\n"), ("m", ""),
    ],
)  # fmt: skip
def test_anything_else_is_another_model(asked, returned):
    assert not is_same(asked, returned)


def test_the_first_call_goes_out_alone_and_another_model_stops_before_a_second(path):
    shop = Shop(lambda one: reply(one, model="cheaper"))
    with client(path, shop) as buyer:
        with pytest.raises(ModelChanged, match=r"'shop/clerk' was asked and 'cheaper' answered.*--accept-model"):
            buyer.ask(requests(20))
        assert len(shop.sold) == 1 and states(path) == ["done"]  # it is kept, as it was paid
    with client(path, shop) as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(20))
    assert len(shop.sold) == 1
    with client(path, shop, accept_model="cheaper") as buyer:
        assert len(buyer.ask(requests(20))) == 20
    with client(path, shop) as buyer:  # the run's model by now
        buyer.ask(requests(30))
    with client(path, shop, run="other") as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(30))
    assert len(shop.sold) == 30


def test_a_change_of_model_within_a_run_always_stops_it(path):
    ids = ["clerk"] * 10 + ["clerk-2026-03-01"] * 90
    shop = Shop(lambda one: reply(one, model=ids.pop(0)))
    changed = "answered as 'clerk-2026-03-01', and before in this run as 'clerk'"
    with client(path, shop, concurrency=4) as buyer, pytest.raises(ModelChanged, match=changed):
        buyer.ask(requests(60))
    assert 11 <= len(shop.sold) <= 14 and states(path) == ["done"] * len(shop.sold)  # those in flight are recorded
    sold = len(shop.sold)
    with client(path, shop, accept_model="clerk-2026-03-01") as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(60))  # also on resuming, whatever is accepted
    assert len(shop.sold) == sold


def test_a_new_run_that_reads_one_model_and_buys_another_stops(path):
    with client(path, Shop(), run="old") as buyer:
        buyer.ask(requests(5))
    newer = Shop(lambda one: reply(one, model="clerk-2026-03-01"))
    with client(path, newer, run="new") as buyer, pytest.raises(ModelChanged, match="before in this run as 'clerk'"):
        buyer.ask(requests(10))


def test_each_model_of_a_run_is_checked_by_itself(path):
    names = {"shop/clerk": "clerk", "shop/boss": "impostor"}
    shop = Shop(lambda one: reply(one, model=names[one.model]))
    asked = [request(n, model=("shop/clerk", "shop/boss")[n % 2]) for n in range(20)]
    with client(path, shop) as buyer, pytest.raises(ModelChanged, match="'shop/boss' was asked and 'impostor'"):
        buyer.ask(asked)
    assert sum(one.key in shop.sold for one in asked[1::2]) == 1


def test_a_reply_without_an_id_cannot_be_checked_and_is_accepted(path):
    shop = Shop(lambda one: reply(one, model=""))
    with client(path, shop) as buyer:
        assert len(buyer.ask(requests(20))) == 20 and buyer.tally.models == ()
    assert transcript.runs(path)[0].models == {("shop/clerk", ""): ""}
    with client(path, Shop(lambda one: reply(one, model="other"))) as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(40))


def test_a_malformed_first_reply_settles_nothing(path):
    answers = [{"model": "", "finish": "malformed"}, {"model": "impostor"}]
    shop = Shop(lambda one: reply(one, **answers.pop(0)))
    with client(path, shop) as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(20))
    assert len(shop.sold) == 2


# ------------------------------------------------------------------------------- when something goes wrong


def test_one_failing_call_lets_those_in_flight_end_and_is_raised(path):
    bad = request(7).key

    def answer(asked):
        if asked.key == bad:
            raise CallFailed("auth", "the key is not known", status=401)
        return reply(asked)

    shop = Shop(answer, wait=lambda asked: 0.001 if asked.key == bad else 0.05)
    with client(path, shop) as buyer:
        buyer.ask(requests(1, start=50))
        with pytest.raises(CallFailed, match="the key is not known"):
            buyer.ask(requests(60))
        assert buyer.tally[1:4] == (8, 1, 0)
    assert sorted(states(path)) == ["done"] * 8 + ["failed"]
    with client(path, Shop()) as buyer:
        assert len(buyer.ask(requests(60))) == 60 and buyer.tally.replayed == 8


def test_a_call_that_waits_for_its_next_try_is_not_waited_for(path):
    async def asleep(_):
        await asyncio.sleep(3600)

    def answer(asked):
        if asked.address.row == 3:
            raise CallFailed("server", "later", status=503, again=True)
        if asked.address.row == 5:
            raise ZeroDivisionError  # a fault of the transport itself
        return reply(asked)

    shop = Shop(answer, wait=lambda asked: 0.02 if asked.address.row == 5 else 0.001)
    with Client(journal=path, retry=Retry(shop, sleep=asleep), prices=priced, run="run") as buyer:
        with pytest.raises(ZeroDivisionError):
            buyer.ask(requests(8))
        assert buyer.tally[:4] == (8, 6, 1, 1)
    assert states(path) == ["done"] * 3 + ["failed", "done", "unknown", "done", "done"]


def test_the_gravest_failure_is_raised(path):
    def answer(asked):
        if asked.address.row == 2:
            raise CallFailed("auth", "no", status=401)
        return reply(asked, model="impostor" if asked.address.row == 4 else "clerk")

    with client(path, Shop(answer, wait=lambda one: 0.01)) as buyer, pytest.raises(ModelChanged):
        buyer.ask(requests(1))
        buyer.ask(requests(8))


def test_a_call_of_another_client_is_waited_for_and_not_bought_twice(path):
    shop = Shop(wait=lambda one: 0.1)
    with client(path, shop, run="one") as one, client(path, shop, run="two") as two:
        answers = {}
        workers = [
            threading.Thread(target=lambda name=name, who=who: answers.update({name: who.ask(requests(6))}))
            for name, who in (("one", one), ("two", two), ("again", one))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(shop.sold) == 6
        assert answers["one"][0].reply == answers["two"][0].reply
        assert one.tally.done + two.tally.done == 6 and one.tally.replayed + two.tally.replayed == 12


def test_when_the_other_client_fails_the_call_is_taken_over(path):
    def answer(asked):
        raise CallFailed("auth", "no", status=401)

    failing, selling = Shop(answer, wait=lambda one: 0.1), Shop()
    with client(path, failing, run="one") as one, client(path, selling, run="two") as two:

        def fail():
            with pytest.raises(CallFailed):
                one.ask(requests(1))

        worker = threading.Thread(target=fail)
        worker.start()
        while not failing.sold:
            time.sleep(0.001)
        assert two.ask(requests(1))[0].fresh
        worker.join()
    call = next(transcript.calls(path, "two"))
    assert [(one.number, one.state, one.kind) for one in call.tries] == [(0, "failed", "auth"), (1, "done", "")]


def test_what_a_closed_journal_is_asked_is_refused(path):
    buyer = client(path, Shop())
    buyer.close()
    with pytest.raises(JournalError, match="closed"):
        buyer.ask(requests(1))


# ------------------------------------------------------------------------------------------ interrupts


INTERRUPTED = """
import sys, threading
from pathlib import Path
from tests.llm.buying import *

shop = Shop(count=Path(sys.argv[2]), wait=lambda one: float(sys.argv[3]))
buyer = client(Path(sys.argv[1]), shop, concurrency=5)
try:
    buyer.ask(requests(1, start=900))
    print("ready", flush=True)
    buyer.ask(requests(50))
except KeyboardInterrupt:
    print(buyer.tally, threading.active_count(), flush=True)
    buyer.close()
    sys.exit(130)
"""


def interrupted(path, wait, after, *, twice=False):
    """Ctrl-C in the middle of a batch; returns (requests that were sent, what the process said)."""
    count = path.with_name("count")
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(path), str(count), str(wait)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(buying.__file__).parents[2],
    )
    process.stdout.readline()
    until = time.monotonic() + 30
    while len(count.read_text().split()) < 1 + after:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    if twice:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    return len(count.read_text().split()), said


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_sends_nothing_more_and_records_what_is_in_flight(path):
    sent, said = interrupted(path, 0.2, after=5)
    assert sent == 6 and states(path) == ["done"] * 6 and "unknown=0" in said
    with client(path, Shop()) as buyer:
        assert len(buyer.ask(requests(50))) == 50 and buyer.tally.replayed == 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_second_interrupt_does_not_wait_and_what_was_in_flight_is_unknown(path):
    sent, said = interrupted(path, 1.5, after=5, twice=True)
    assert sent == 6 and "unknown=5" in said
    assert sorted(states(path)) == ["done"] + ["unknown"] * 5


def test_the_grace_after_an_interrupt_has_an_end(path, monkeypatch):
    monkeypatch.setattr(sending, "GRACE", 0.05)
    shop = Shop(wait=lambda one: 60.0 if one.address.row else 0.0)

    class Interrupted(Exception):
        pass

    async def go_and_cancel(coroutine):
        task = asyncio.ensure_future(coroutine)
        while len(shop.sold) < 6:
            await asyncio.sleep(0.005)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            raise Interrupted from None

    from coop_abm.llm import loop

    run = loop.run
    monkeypatch.setattr(loop, "run", lambda coroutine: run(go_and_cancel(coroutine)))
    with client(path, shop) as buyer:
        with pytest.raises(Interrupted):
            buyer.ask(requests(6))
        assert buyer.tally[:4] == (6, 1, 0, 5)


def test_an_interrupt_before_anything_went_out_leaves_nothing_behind(path, monkeypatch):
    from coop_abm.llm import loop

    def interrupted(coroutine):
        coroutine.close()
        raise KeyboardInterrupt

    shop = Shop()
    with client(path, shop, caps=Caps(calls=5)) as buyer:
        with monkeypatch.context() as patched:
            patched.setattr(loop, "run", interrupted)
            with pytest.raises(KeyboardInterrupt):
                buyer.ask(requests(5))
        assert buyer.tally.unknown == 0 and shop.sold == [] and states(path) == []
        assert len(buyer.ask(requests(5))) == 5  # nothing is set aside any more
    assert transcript.accounts(path)[0].calls == 5


# -------------------------------------------------------------------------------------------- memory


@pytest.mark.validate
@pytest.mark.parametrize("mode", ["record", "off"])
def test_memory_stays_flat_over_ten_thousand_calls(path, mode):
    shop, sizes = Shop(), []
    with client(path, shop, mode=mode, concurrency=100) as buyer:
        tracemalloc.start()
        try:
            for batch in range(100):
                found = buyer.ask(requests(100, 100 * batch))
                buyer.note([(one.key, '{"action": 0}') for one in found])
                if batch in (9, 99):
                    del found
                    shop.sold.clear()
                    gc.collect()
                    sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    print(f"memory after 1,000 and 10,000 calls, mode {mode}: {sizes[0] / 1e6:.2f} and {sizes[1] / 1e6:.2f} MB")
    assert sizes[1] < sizes[0] + 500_000  # what one batch under way takes, more or less


@pytest.mark.validate
def test_what_a_call_costs_us(path):
    fresh, batches = 3000, [requests(100, 100 * batch) for batch in range(30)]
    with client(path, Shop(), concurrency=100) as buyer:
        buyer.ask(requests(1, start=10**6))
        began, wall = time.process_time(), time.perf_counter()
        for asked in batches:
            buyer.ask(asked)
        took, wall = time.process_time() - began, time.perf_counter() - wall
    size = os.path.getsize(path)
    with client(path, mode="replay") as reader:
        began = time.process_time()
        for asked in batches:
            reader.ask(asked)
        read = time.process_time() - began
    print(
        f"a fresh call: {1e3 * took / fresh:.3f} ms CPU ({1e3 * wall / fresh:.3f} ms wall), {size / fresh:.0f} bytes;"
    )
    print(f"a batch of 100 read under replay: {1e3 * read / len(batches):.2f} ms CPU")
