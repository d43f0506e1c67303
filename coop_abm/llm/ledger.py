"""What a client needs of the one who keeps its books: a journal, or in mode off the memory of the process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from coop_abm.core.errors import BudgetExhausted, CallFailed
from coop_abm.llm.budget import Cost, Rate
from coop_abm.llm.messages import Reply, Request


class Claim:
    """One call that this client alone is going to buy.

    call, number : which try of which call it is, in the books
    rate, reserved : price of its tokens, and the worst case that is set aside for the present try
    sent : may the first try go out without being written down as sent before? It is already
    gone : number of the last try that really went out, -1 before the first
    under_way : may the present try be with the provider now?
    """

    __slots__ = ("begun", "call", "gone", "key", "number", "rate", "request", "reserved", "sent", "under_way")

    def __init__(self, request: Request, key: str, call: int, number: int, rate: Rate, reserved: Cost, sent: bool):
        self.request, self.key, self.call, self.number = request, key, call, number
        self.rate, self.reserved, self.sent = rate, reserved, sent
        self.gone, self.under_way, self.begun = -1, False, 0.0

    def begin(self) -> None:
        """The present try goes out now."""
        self.gone, self.under_way, self.begun = self.number, True, time.monotonic()


class Batch(NamedTuple):
    """What became of the requests of a batch.

    found   : replies that are recorded, by key
    claims  : those that this client is to send, in order
    held    : keys that another client is buying at this moment
    left    : keys that did not fit into the budget, and were not claimed
    refusal : why not; None if all fit
    """

    found: dict[str, Reply]
    claims: list[Claim]
    held: list[str]
    left: list[str]
    refusal: BudgetExhausted | None


class Released(NamedTuple):
    """Tries that were given up without knowing what came of them, and what they keep holding."""

    unknown: int
    cost: Cost


class Ledger(Protocol):
    """The books. Whatever is written is on the disk when the method returns, or the awaited thing is done.

    abandoned : tries that were found open though nobody is at work on them any more
    """

    abandoned: int

    def claim(
        self, asked: Mapping[str, Request], rate: Callable[[Request], Rate], ready: Callable[[str, Request], bool]
    ) -> Batch:
        """Look all up and claim what is missing, as far as the budget goes; `ready`: may this one go out at once?"""

    async def launch(self, claims: list[Claim]) -> None:
        """These are sent next; the caller begins each of them then."""

    async def again(self, claim: Claim) -> None:
        """One more try of this one is sent next; sets its worst case aside anew, or raises BudgetExhausted.

        The caller begins it then.
        """

    async def settle(self, claim: Claim, result: Reply | CallFailed) -> Cost:
        """Record what came of a try; returns what it holds now."""

    def release(self, claims: list[Claim]) -> Released:
        """Give up what is not done: never sent, failed, or nobody knows."""

    def done(self, claims: list[Claim]) -> None:
        """All of these have been settled with a reply."""

    def models(self) -> dict[tuple[str, str], str]:
        """The models of the run: (as asked, endpoint) -> id that the provider gave."""

    def establish(self, asked: str, endpoint: str, returned: str) -> None:
        """Record the model of the run."""

    def note(self, readings: Mapping[str, str]) -> None:
        """What was read out of replies, by key."""

    def close(self) -> None:
        """Write what is left and let go."""
