"""The only retry loop: what it tries again, how long it waits, and how many calls it lets out at once."""

import asyncio
import heapq
import itertools

import pytest

from coop_abm.core.errors import CallFailed
from coop_abm.llm.messages import Address, Reply, Request
from coop_abm.llm.retry import Retry
from coop_abm.llm.transport import Scripted


def request(row=0, model="stand-in/tft"):
    address = Address("d", 1, 0, 0, 0, "act", row)
    return Request(model, (("user", "?"),), "", None, None, 10, "", address)


class Times:
    """A clock that only moves when everybody sleeps; the naps are kept."""

    def __init__(self):
        self.now, self.naps, self._alarms, self._order = 0.0, [], [], itertools.count()

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.naps.append(seconds)
        rung = asyncio.get_running_loop().create_future()
        heapq.heappush(self._alarms, (self.now + seconds, next(self._order), rung))
        await rung

    async def run(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        while not task.done():
            for _ in range(50):  # let everybody go on who can
                await asyncio.sleep(0)
            if self._alarms and not task.done():
                self.now, _, rung = heapq.heappop(self._alarms)
                if not rung.done():
                    rung.set_result(None)
        return task.result()


class Book:
    """What a journal would have noted: (n, "sent" or how it came out)."""

    def __init__(self):
        self.lines = []

    async def attempt(self, n):
        self.lines.append((n, "sent"))

    async def outcome(self, n, result):
        self.lines.append((n, "reply" if isinstance(result, Reply) else result.kind))


def play(*answers, **settings):
    """One call against a script of answers: (reply or failure, its book, the clock, requests sent)."""
    script = iter(answers)

    def answer(_):
        given = next(script)
        if isinstance(given, CallFailed):
            raise given
        return given

    times, book, scripted = Times(), Book(), Scripted(answer)
    retry = Retry(scripted, clock=times.clock, sleep=times.sleep, jitter=lambda: 0.5, **settings)

    async def call():
        try:
            return await retry.send(request(), book.attempt, book.outcome)
        except CallFailed as failed:
            return failed

    return asyncio.run(times.run(call())), book, times, len(scripted.requests)


def failed(kind, status=0, retry_after=None, again=True, sent=True):
    return CallFailed(kind, f"it was {kind}", status=status, retry_after=retry_after, again=again, sent=sent)


def test_a_try_is_announced_before_it_is_sent_and_reported_after_it():
    reply, book, times, sent = play(failed("server", 500), failed("connection"), "yes")
    assert reply.text == "yes" and sent == 3
    assert book.lines == [(0, "server"), (1, "sent"), (1, "connection"), (2, "sent"), (2, "reply")]
    assert times.naps == [0.375, 0.75]  # 0.5 s and 1 s, of which the jitter takes a quarter


@pytest.mark.parametrize("kind", ["quota", "auth", "refused", "content_filter", "redirect", "too_large"])
def test_a_failure_that_cannot_get_better_ends_the_call_at_once(kind):
    end, book, times, sent = play(failed(kind, again=False), "never asked")
    assert (end.kind, sent, times.naps) == (kind, 1, [])
    assert book.lines == [(0, kind)]


def test_after_the_last_try_the_last_failure_is_raised():
    end, book, _, sent = play(*[failed("server", 500)] * 3, failed("timeout"), "never asked", attempts=4)
    assert (end.kind, sent) == ("timeout", 4)
    assert book.lines[-1] == (3, "timeout")


def test_retry_after_is_waited_for():
    reply, _, times, sent = play(failed("rate_limit", 429, retry_after=7.0), "yes")
    assert (reply.text, sent) == ("yes", 2)
    assert times.now == 7.25


def test_a_longer_retry_after_than_we_wait_ends_the_call_and_is_said():
    end, _, times, sent = play(failed("rate_limit", 429, retry_after=3600.0), "never asked")
    assert (sent, times.naps, end.retry_after) == (1, [], 3600.0)
    assert str(end) == "it was rate_limit; the provider asks to wait 3600 s, longer than 60 s"


def test_the_total_time_ends_the_tries():
    end, _, times, sent = play(*[failed("rate_limit", 429, retry_after=40.0)] * 6, total=100.0)
    assert end.kind == "rate_limit" and sent == 3 and times.now < 100


def test_a_try_that_hangs_ends_with_the_total_time():
    class Hanging:
        async def send(self, _):
            await asyncio.sleep(600)

        async def close(self):
            pass

    book = Book()
    with pytest.raises(CallFailed, match=r"no reply within 0.05 s in all") as end:
        asyncio.run(Retry(Hanging(), total=0.05).send(request(), book.attempt, book.outcome))
    assert (end.value.kind, end.value.sent) == ("timeout", True)
    assert book.lines == [(0, "timeout")]


def test_a_cancelled_try_is_not_reported_because_nobody_knows():
    class Hanging(Scripted):
        async def send(self, asked):
            self.requests.append(asked)
            await asyncio.sleep(600)

    async def cancel():
        book, hanging = Book(), Hanging(str)
        retry = Retry(hanging, concurrency=1)
        calls = [asyncio.ensure_future(retry.send(request(n), book.attempt, book.outcome)) for n in range(3)]
        await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        ends = await asyncio.gather(*calls, return_exceptions=True)
        lane = retry.lanes["stand-in/tft", ""]
        return ends, book.lines, len(hanging.requests), lane.running

    ends, lines, sent, running = asyncio.run(cancel())
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert (lines, sent, running) == ([], 1, 0)


class Provider:
    """Answers after `latency`; at most `room` calls at once, the others get 429."""

    def __init__(self, times, latency, room):
        self.times, self.latency, self.room = times, latency, room
        self.here = self.peak = self.sent = 0
        self.counts = []

    async def send(self, asked):
        self.sent += 1
        self.here += 1
        self.peak = max(self.peak, self.here)
        self.counts.append(self.here)
        try:
            if self.here > self.room:
                await self.times.sleep(self.latency)
                raise failed("rate_limit", 429)
            await self.times.sleep(self.latency)
            return Reply("yes", asked.model, "stop", 1, 1, "", 0.0, "")
        finally:
            self.here -= 1

    async def close(self):
        pass


def crowd(calls, room, concurrency, model=lambda n: "stand-in/tft", provider=None, **settings):
    times = Times()
    provider = (provider or Provider)(times, 0.2, room)
    retry = Retry(
        provider, concurrency=concurrency, clock=times.clock, sleep=times.sleep, jitter=lambda: 0.5, **settings
    )
    books = [Book() for _ in range(calls)]

    async def everybody():
        sends = [retry.send(request(n, model(n)), b.attempt, b.outcome) for n, b in enumerate(books)]
        return await asyncio.gather(*sends, return_exceptions=True)

    return asyncio.run(times.run(everybody())), provider, retry, books, times


def test_never_more_calls_are_under_way_than_allowed():
    replies, provider, _, _, _ = crowd(100, room=1000, concurrency=7)
    assert all(reply.text == "yes" for reply in replies)
    assert (provider.peak, provider.sent) == (7, 100)


def test_concurrency_falls_when_the_provider_complains_and_recovers_after():
    replies, provider, retry, _, _ = crowd(600, room=6, concurrency=64, attempts=50)
    assert all(isinstance(reply, Reply) for reply in replies)
    assert provider.peak == 64
    late = provider.counts[len(provider.counts) // 2 :]
    assert max(late) <= 12, "the limit stays about what the provider bears"
    assert provider.sent < 1000, "600 replies; a limit of 64 that stayed would have asked thousands of times"
    lane = retry.lanes["stand-in/tft", ""]
    before = lane.limit
    for _ in range(64 * 64):
        lane.praise()
    assert before < 16 and lane.limit == 64


def test_one_burst_of_complaints_halves_the_limit_once():
    class Burst(Provider):
        async def send(self, asked):
            self.sent += 1
            await self.times.sleep(0.2)
            if self.sent <= 32:
                raise failed("rate_limit", 429)
            return Reply("yes", asked.model, "stop", 1, 1, "", 0.0, "")

    _, _, retry, _, _ = crowd(32, room=0, concurrency=32, provider=Burst, attempts=1)
    assert retry.lanes["stand-in/tft", ""].limit == 16


def test_while_one_call_waits_as_told_no_other_call_to_that_model_is_sent():
    class Closed(Provider):
        at = ()

        async def send(self, asked):
            self.at = (*self.at, (asked.model, self.times.now))
            if self.times.now < 30 and asked.model == "stand-in/busy":
                raise failed("rate_limit", 429, retry_after=30.0 - self.times.now)
            await self.times.sleep(0.2)
            return Reply("yes", asked.model, "stop", 1, 1, "", 0.0, "")

    replies, provider, _, _, _ = crowd(
        40, room=0, concurrency=4, model=lambda n: ("stand-in/busy", "stand-in/free")[n % 2], provider=Closed
    )
    assert all(isinstance(reply, Reply) for reply in replies)
    busy = [now for model, now in provider.at if model == "stand-in/busy"]
    free = [now for model, now in provider.at if model == "stand-in/free"]
    assert [now for now in busy if now < 30] == [0.0], "one asked, and nobody after it before the time was over"
    assert max(free) < 30, "another model is no concern of it"


def test_no_call_that_waits_is_sent_once_the_quota_is_used_up():
    class Spent(Provider):
        async def send(self, asked):
            self.sent += 1
            await self.times.sleep(0.2)
            raise failed("quota", 429, again=False)

    ends, provider, retry, books, _ = crowd(50, room=0, concurrency=3, provider=Spent)
    assert provider.sent == 3, "those that were under way"
    assert {end.kind for end in ends} == {"quota"}
    assert sum(end.sent for end in ends) == 3
    assert all(len(book.lines) == 1 for book in books), "each is settled in the journal"
    assert not retry.lanes["stand-in/tft", ""].running


def test_one_call_with_a_long_retry_after_ends_all_that_wait_for_that_model():
    class Away(Provider):
        async def send(self, asked):
            self.sent += 1
            await self.times.sleep(0.2)
            raise failed("rate_limit", 429, retry_after=3600.0)

    ends, provider, _, _, times = crowd(50, room=0, concurrency=3, provider=Away)
    assert provider.sent == 3 and times.now < 1
    assert all(end.kind == "rate_limit" and "3600 s, longer than 60 s" in str(end) for end in ends)


def test_failures_bring_no_frames_along():
    def answer(_):
        raise failed("auth", 401, again=False)

    book = Book()
    with pytest.raises(CallFailed) as end:
        asyncio.run(Retry(Scripted(answer)).send(request(), book.attempt, book.outcome))
    names = [entry.name for entry in end.traceback]
    assert "answer" not in names and end.value.__context__ is None and end.value.__cause__ is None
