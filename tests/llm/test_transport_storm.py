"""Many calls through the retry loop, to a provider with which much goes wrong."""

import asyncio

import pytest

from coop_abm.core.errors import CallFailed
from coop_abm.llm.loop import run
from coop_abm.llm.messages import Reply
from coop_abm.llm.retry import Retry
from coop_abm.llm.slim import Slim
from coop_abm.llm.transport import open_transport
from tests.llm.calling import EXPECTED, request, told
from tests.llm.faulty import LONG, Faulty, mix

pytestmark = pytest.mark.usefixtures("no_keys")
BOTH = pytest.mark.parametrize("name", ["slim", "litellm"])


class Ledger:
    """Counts as a journal would: tries announced, and how each came out."""

    def __init__(self):
        self.sent = self.done = self.failed = 0

    async def attempt(self, n):
        self.sent += 1

    async def outcome(self, n, result):
        if isinstance(result, Reply):
            self.done += 1
        else:
            self.failed += result.sent


def storm(name, calls, share, seed, **settings):
    """Many calls at once, some of which go wrong: (server, ledger, ends, the retry layer)."""
    passing = [f for f in EXPECTED if f not in (*LONG, "rate_limit_long", "rate_limit_date")]
    final = {"quota", "quota_400", "quota_402", "quota_403", "auth", "forbidden"}  # which end all others at once
    ledger = Ledger()
    with Faulty(mix(seed, share, [f for f in passing if f not in final])) as server:
        made = open_transport(name, deadline=60)
        retry = Retry(made, attempts=8, concurrency=32, jitter=lambda: 0.02, **settings)

        async def one(row):
            ledger.sent += 1  # the first try is committed with its batch
            try:
                return await retry.send(request("openai/m", server.base, row=row), ledger.attempt, ledger.outcome)
            except CallFailed as failed:
                return failed

        async def everybody():
            try:
                return await asyncio.gather(*(one(row) for row in range(calls)))
            finally:
                await retry.close()

        return server, ledger, run(everybody()), retry


def check_storm(server, ledger, ends, calls):
    assert len(ends) == calls and all(isinstance(end, Reply | CallFailed) for end in ends)
    assert server.count == ledger.sent == ledger.done + ledger.failed
    assert ledger.done == sum(isinstance(end, Reply) for end in ends)
    assert {end.kind for end in ends if isinstance(end, CallFailed)} <= {"refused", "content_filter", "redirect"}


@BOTH
def test_in_a_random_mix_of_faults_every_call_ends_and_every_request_is_counted(name, monkeypatch):
    monkeypatch.setattr("coop_abm.llm.retry.FIRST_WAIT", 0.02)
    check_storm(*storm(name, 300, 0.2, seed=1)[:3], 300)


@pytest.mark.validate
@BOTH
def test_five_thousand_calls_in_a_random_mix_of_faults(name, monkeypatch, capsys):
    monkeypatch.setattr("coop_abm.llm.retry.FIRST_WAIT", 0.05)
    server, ledger, ends, _ = storm(name, 5000, 0.2, seed=2)
    check_storm(server, ledger, ends, 5000)
    kinds = sorted({told(end).finish if isinstance(end, Reply) else end.kind for end in ends})
    with capsys.disabled():
        print(
            f"\nL1 {name}: 5000 calls, {server.count} requests at the server, {ledger.sent} tries counted, "
            f"{ledger.done} done, {ledger.failed} failed tries, {sum(isinstance(e, CallFailed) for e in ends)} calls "
            f"failed, 0 unknown; ends: {', '.join(kinds)}"
        )


def test_a_burst_of_refusals_is_survived_with_fewer_calls_at_once():
    limits = []

    def burst(number):
        limits.append(retry.lanes[asked.model, asked.endpoint].limit)
        return "unavailable" if number < 60 else "rate_limit_after" if number < 90 else "ok"

    with Faulty(burst) as server:
        asked = request("openai/m", server.base)
        retry = Retry(Slim(), attempts=20, concurrency=32, jitter=lambda: 0.02)
        ledger = Ledger()

        async def everybody():
            sends = [retry.send(asked, ledger.attempt, ledger.outcome) for _ in range(64)]
            ends = await asyncio.gather(*sends)
            await retry.close()
            return ends

        assert all(isinstance(end, Reply) for end in run(everybody()))
    assert limits[0] == 32 and min(limits) <= 4 and retry.lanes[asked.model, asked.endpoint].limit > min(limits)
    assert server.count == 64 + ledger.sent


@BOTH
@pytest.mark.parametrize("fault", ["quota", "auth", "rate_limit_long"])
def test_a_final_failure_costs_one_request(name, fault):
    with Faulty(fault) as server:
        made = Retry(open_transport(name))
        ledger = Ledger()

        async def once():
            with pytest.raises(CallFailed) as end:
                await made.send(request("openai/m", server.base), ledger.attempt, ledger.outcome)
            await made.close()
            return end.value

        end = run(once())
        assert (server.count, ledger.sent, ledger.failed) == (1, 0, 1)
    assert end.kind == fault.removesuffix("_long")


def test_a_call_can_be_cancelled_and_the_connection_goes_with_it():
    async def cancel(server, made):
        call = asyncio.ensure_future(made.send(request("openai/m", server.base)))
        while not server.count:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await made.close()

    for name in ("slim", "litellm"):
        with Faulty("hang") as server:
            run(cancel(server, open_transport(name)))
