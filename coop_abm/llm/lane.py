"""How many calls to one model may be under way: fewer when it complains, more again when it does not.

Additive increase, multiplicative decrease, as TCP does it: every reply adds 1 / limit, so a round
of replies adds one; a complaint halves the limit, once per round trip.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from coop_abm.core.errors import CallFailed

#: "Too many requests", "unavailable" (Ollama with a full queue) and "overloaded" (Anthropic).
COMPLAINTS = frozenset({429, 503, 529})
#: After these every further call would fare the same.
FINAL = frozenset({"quota", "auth"})


class Lane:
    """The calls to one model: a gate with a limit that adapts, and that a provider can close for a while.

    Attributes
    ----------
    limit   : how many calls may be under way, a float in [1, most]
    running : how many are
    """

    def __init__(
        self, most: int, longest_wait: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]
    ):
        self.most, self.longest_wait, self.clock, self.sleep = most, longest_wait, clock, sleep
        self.limit = float(most)
        self.running = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._opens = self._halved = -float("inf")
        self._over: CallFailed | None = None

    async def enter(self, first: bool = False) -> None:
        """Wait for room, and until the provider wants to hear from us again. Every entry needs one `leave`.

        Parameters
        ----------
        first : ahead of all who wait (a call that is tried again must not queue behind a thousand new ones)

        Raises
        ------
        CallFailed
            without anything sent, if an earlier call was told that quota or key will not do, or to
            come back later than we wait; no `leave` then
        """
        await self._room(first)
        try:
            while (wait := self._opens - self.clock()) > 0 or self._over:
                self._refuse(wait)
                await self.sleep(wait)
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """A call is over: the next may come."""
        self.running -= 1
        if not self.running and not self._queue:
            self._over = None  # all who waited have been told; whoever comes later may try anew
        self._let_in()

    def praise(self) -> None:
        """A reply came."""
        self.limit = min(float(self.most), self.limit + 1 / self.limit)

    def complain(self, failure: CallFailed, sent_at: float) -> None:
        """A call that was sent at `sent_at` failed: slow down, close the gate or give up, as it says."""
        if failure.status in COMPLAINTS and sent_at > self._halved:
            self.limit = max(1.0, self.limit / 2)
            self._halved = self.clock()
        if failure.retry_after is not None and failure.again:
            self._opens = max(self._opens, self.clock() + failure.retry_after)
        if failure.kind in FINAL:
            self._over = failure

    def _refuse(self, wait: float) -> None:
        if (over := self._over) is not None:
            raise CallFailed(over.kind, f"not sent, because an earlier call failed: {over}", sent=False)
        if wait > self.longest_wait:
            why = f"not sent, because the provider asks to wait {wait:.0f} s, longer than {self.longest_wait:g} s"
            raise CallFailed("rate_limit", why, retry_after=wait, sent=False, again=True)

    async def _room(self, first: bool) -> None:
        if self.running < int(self.limit) and not self._queue:
            self.running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        (self._queue.appendleft if first else self._queue.append)(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # let in and cancelled in the same moment
                self.leave()
            raise

    def _let_in(self) -> None:
        while self._queue and self.running < int(self.limit):
            turn = self._queue.popleft()
            if not turn.done():  # else its call was cancelled
                self.running += 1
                turn.set_result(None)
