"""One batch on its way: who goes out when, and what is done when something goes wrong.

A few go out at once; the others follow as places become free, each marked as sent in the books before it is. So when
a process is killed, no more tries are in doubt than there are places.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from coop_abm.core.errors import BudgetExhausted, CallFailed, ModelChanged, ModelError
from coop_abm.llm.budget import NOTHING, Cost, with_plain_counts
from coop_abm.llm.identity import Identity
from coop_abm.llm.ledger import Claim, Ledger
from coop_abm.llm.messages import Reply, Request

#: Seconds that replies in flight have after an interrupt.
GRACE = 3.0
#: Seconds between two looks for a place, while others hold them all.
LOOK = 0.005


class Sender(Protocol):
    """What a batch goes out through: `coop_abm.llm.retry.Retry`."""

    concurrency: int

    async def send(
        self,
        request: Request,
        attempt: Callable[[int], Awaitable[None]],
        outcome: Callable[[int, Reply | CallFailed], Awaitable[None]],
    ) -> Reply:
        """The reply; `attempt` is awaited before each further try, `outcome` after each."""


class _Stopped(ModelError):
    """No further try: something else went wrong in the batch."""


class Places:
    """Who may go out now: as many as there are places, and the first call to a model of a run alone.

    Shared by all threads that ask through one client.
    """

    def __init__(self, identity: Identity, most: int):
        self._identity, self._most = identity, most
        self._holders: dict[str, tuple[str, str]] = {}  # key of the request: its model
        self._lock = threading.Lock()

    def take(self, key: str, request: Request) -> bool:
        """Take a place for this request, if it may go out now."""
        model = request.model, request.endpoint
        with self._lock:
            if len(self._holders) >= self._most:
                return False
            if not self._identity.is_known(request) and model in self._holders.values():
                return False
            self._holders[key] = model
            return True

    def leave(self, key: str) -> None:
        """Give the place back, if there is one."""
        with self._lock:
            self._holders.pop(key, None)


class Sending:
    """Buys the claims of one batch.

    After `go`: `replies` by key, all of them recorded; `failures`, the gravest first; `sent`, `failed` tries
    and `cost` for the tally.
    """

    def __init__(self, ledger: Ledger, sender: Sender, identity: Identity, places: Places, claims: list[Claim]):
        self._ledger, self._sender, self._identity, self._places = ledger, sender, identity, places
        self._order = {claim.key: place for place, claim in enumerate(claims)}
        self._waiting: dict[tuple[str, str], deque[Claim]] = {}
        self._first = [claim for claim in claims if claim.sent]
        for claim in claims:
            if not claim.sent:
                self._waiting.setdefault((claim.request.model, claim.request.endpoint), deque()).append(claim)
        self._tasks: dict[asyncio.Task, Claim] = {}
        self._stopping = False
        self._failures: list[tuple[int, int, BaseException]] = []
        self.replies: dict[str, Reply] = {}
        self.sent = self.failed = 0
        self.cost: Cost = NOTHING

    @property
    def failure(self) -> BaseException | None:
        """What to raise: another model before a failed call, that before an empty budget; None if all went well."""
        return min(self._failures, key=lambda failure: failure[:2])[2] if self._failures else None

    async def go(self) -> None:
        """Send all of them, or as many as can be until something fails; what is in flight then is waited for.

        One that may not try again for want of budget keeps nobody else back.

        Cancelled, it sends nothing more, and waits for `GRACE` seconds at most.
        """
        self._ended: asyncio.Queue[asyncio.Task] = asyncio.Queue()
        try:
            self._start(self._first)
            while self._tasks or (any(self._waiting.values()) and not self._stopping):
                if self._tasks:
                    await self._look_after_ended()
                else:  # other threads hold all places
                    await asyncio.sleep(LOOK)
                if not self._stopping:
                    await self._launch()
        except BaseException:  # an interrupt, as a rule
            await self._end_soon()
            raise

    def _start(self, claims: list[Claim]) -> None:
        for claim in claims:
            claim.begin()
            self.sent += 1
            task = asyncio.create_task(self._buy(claim))
            task.add_done_callback(self._ended.put_nowait)
            self._tasks[task] = claim

    async def _buy(self, claim: Claim) -> None:
        async def attempt(_: int) -> None:
            if self._stopping:
                raise _Stopped
            await self._ledger.again(claim)
            if self._stopping:
                raise _Stopped
            claim.begin()
            self.sent += 1

        async def outcome(_: int, result: Reply | CallFailed) -> None:
            if isinstance(result, Reply):
                result = with_plain_counts(result)
            cost = await self._ledger.settle(claim, result)
            self.cost = self.cost.plus(cost)
            if isinstance(result, Reply):
                self.replies[claim.key] = result
                return
            self.failed += 1
            if self._stopping:
                raise _Stopped

        await self._sender.send(claim.request, attempt, outcome)

    async def _look_after_ended(self) -> None:
        """Wait for one to end, and see to all that have."""
        ended = [await self._ended.get()]
        while not self._ended.empty():
            ended.append(self._ended.get_nowait())
        for task in ended:
            claim = self._tasks.pop(task)
            self._places.leave(claim.key)
            if claim.key in self.replies:
                try:
                    self._identity.check(claim.request, self.replies[claim.key])
                except ModelError as error:
                    self._fail(error, claim)
            failed = None if task.cancelled() else task.exception()
            if failed is not None and not isinstance(failed, _Stopped):
                self._fail(failed, claim)

    def _fail(self, error: BaseException, claim: Claim | None = None) -> None:
        gravity = 0 if isinstance(error, ModelChanged) else 2 if isinstance(error, BudgetExhausted) else 1
        self._failures.append((gravity, self._order[claim.key] if claim else 0, error))
        if not isinstance(error, BudgetExhausted):  # what the others may cost is set aside already
            self._stop()

    def _stop(self) -> None:
        """No new sends. Who only waits for its next try has nothing in flight, and need not be waited for."""
        self._stopping = True
        for task, claim in self._tasks.items():
            if not claim.under_way:
                task.cancel()

    async def _launch(self) -> None:
        """Send as many more as there are places for."""
        chosen = []
        for queue in self._waiting.values():
            while queue and self._places.take(queue[0].key, queue[0].request):
                chosen.append(queue.popleft())
        if not chosen:
            return
        try:
            await self._ledger.launch(chosen)
        except ModelError as error:
            self._fail(error)
            return
        self._start(chosen)

    async def _end_soon(self) -> None:
        self._stop()
        try:
            async with asyncio.timeout(GRACE):
                while self._tasks:
                    await self._look_after_ended()
        except (TimeoutError, asyncio.CancelledError):  # time is up, or a second interrupt
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
