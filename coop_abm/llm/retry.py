"""The only retry loop: whatever sends is told never to try twice itself.

A try that failed can have been paid for, so each one is announced before it is sent and reported
after it, for the journal.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from coop_abm.core.errors import CallFailed
from coop_abm.llm.lane import Lane
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.transport import Transport

#: Seconds before the second try; doubled for each further one.
FIRST_WAIT = 0.5

#: Of the operating system: waiting takes nothing from the streams that a run is made of.
_UNIFORM = random.SystemRandom().random


class Retry:
    """Sends a request until there is a reply, or no point in going on.

    Parameters
    ----------
    attempts     : most tries of one call
    concurrency  : most calls under way to one model; falls when it complains (see `coop_abm.llm.lane`)
    longest_wait : seconds; a provider that asks for more ends the call
    total        : seconds from the first try of a call to the end of its last
    clock, sleep : seconds that never run backwards, and how to let them pass
    jitter       : uniform numbers in [0, 1), so that calls that failed together do not come back together
    """

    def __init__(
        self,
        transport: Transport,
        *,
        attempts: int = 6,
        concurrency: int = 32,
        longest_wait: float = 60.0,
        total: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = _UNIFORM,
    ):
        self.transport, self.attempts, self.concurrency = transport, attempts, concurrency
        self.longest_wait, self.total = longest_wait, total
        self.clock, self.sleep, self.jitter = clock, sleep, jitter
        self.lanes: dict[tuple[str, str], Lane] = {}

    async def send(
        self,
        request: Request,
        attempt: Callable[[int], Awaitable[None]],
        outcome: Callable[[int, Reply | CallFailed], Awaitable[None]],
    ) -> Reply:
        """The reply to a request.

        Parameters
        ----------
        attempt : awaited with n before the n-th try is sent, from n = 1 on
        outcome : awaited with n and what came of the n-th try, from n = 0 on; not if it was cancelled,
                  for then nobody knows

        Raises
        ------
        CallFailed
            the last failure, if there were `attempts` of them, time ran out, or trying again is no use
        """
        lane = self._lane(request)
        ends = float("inf")
        failure: CallFailed | None = None
        for n in range(self.attempts):
            try:
                await lane.enter(first=n > 0)
            except CallFailed as shut:
                if n == 0:
                    await outcome(0, shut)
                raise (failure or shut).with_traceback(None) from None
            try:
                if failure is not None:
                    if self.clock() >= ends:
                        break
                    await attempt(n)
                sent_at = self.clock()
                ends = min(ends, sent_at + self.total)
                result = await self._once(request, ends - sent_at)
                if isinstance(result, Reply):
                    lane.praise()
                else:
                    lane.complain(result, sent_at)
                await outcome(n, result)
            finally:
                lane.leave()
            if isinstance(result, Reply):
                return result
            failure = self._told(result)
            wait = self._wait(failure, n)
            if not failure.again or n + 1 == self.attempts or self.clock() + wait >= ends:
                break
            await self.sleep(wait)
        assert failure is not None
        raise failure

    async def close(self) -> None:
        """Close the transport's connections."""
        await self.transport.close()

    def _lane(self, request: Request) -> Lane:
        where = request.model, request.endpoint
        if where not in self.lanes:
            self.lanes[where] = Lane(self.concurrency, self.longest_wait, self.clock, self.sleep)
        return self.lanes[where]

    async def _once(self, request: Request, seconds: float) -> Reply | CallFailed:
        """What one try leads to, in at most so many seconds. The failure carries no frames along."""
        try:
            async with asyncio.timeout(seconds):
                return await self.transport.send(request)
        except CallFailed as failed:
            return failed.with_traceback(None)
        except TimeoutError:
            return CallFailed("timeout", f"no reply within {self.total:g} s in all")

    def _told(self, failure: CallFailed) -> CallFailed:
        """The failure; if the provider asks to wait for longer than we do, one that says so and ends the call."""
        if not failure.again or (asked := failure.retry_after or 0.0) <= self.longest_wait:
            return failure
        why = f"{failure}; the provider asks to wait {asked:.0f} s, longer than {self.longest_wait:g} s"
        return CallFailed(failure.kind, why, status=failure.status, retry_after=asked, sent=failure.sent)

    def _wait(self, failure: CallFailed, n: int) -> float:
        """Seconds until the next try."""
        if failure.retry_after is None:
            return min(self.longest_wait, FIRST_WAIT * 2.0**n) * (1 + self.jitter()) / 2
        return failure.retry_after + FIRST_WAIT * self.jitter()
