"""Asking language models: what is recorded is read, what is missing is bought within the caps, and recorded.

The stack, from the outside in: `Client` over the journal and its budgets, over retries, over a transport.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from coop_abm.core.errors import InputError, ModelError, quoted
from coop_abm.llm import loop
from coop_abm.llm.budget import NOTHING, UNCAPPED, Caps, Cost, Rate, money, rate_of
from coop_abm.llm.identity import Identity
from coop_abm.llm.journal import Journal
from coop_abm.llm.ledger import Batch, Ledger, Released
from coop_abm.llm.messages import Reply, Request
from coop_abm.llm.sending import Places, Sender, Sending
from coop_abm.llm.unrecorded import Unrecorded

if TYPE_CHECKING:
    from coop_abm.llm.prices import Price

__all__ = ["MODES", "Caps", "Client", "Recorded", "Tally"]

MODES = ("record", "replay", "off")
#: Seconds between two looks at calls that another process is buying: at first, and at most.
FIRST_LOOK, LONGEST_LOOK = 0.01, 0.25


class Recorded(NamedTuple):
    """A reply, and where it comes from.

    fresh : bought now, not read from the journal
    """

    reply: Reply
    key: str
    fresh: bool


class Tally(NamedTuple):
    """What one client has done so far; tries and replies of other clients are not in it.

    sent    : tries that went out, retries among them
    done, failed : tries that brought a reply, or a failure
    unknown : tries of which nobody knows: given up under way, or left behind by a process that ended
    replayed : replies that were read from the journal
    input_tokens, output_tokens : of the replies that were bought, as far as providers told
    money   : what these tries cost, or may have cost at most
    models  : ids that answered, sorted
    """

    sent: int
    done: int
    failed: int
    unknown: int
    replayed: int
    input_tokens: int
    output_tokens: int
    money: float
    models: tuple[str, ...]


class Client:
    """Asks language models for one run.

    Parameters
    ----------
    journal : its file; None for the default one (`coop_abm.llm.journal.default_path`)
    mode    : ``record`` reads what is there and buys what is missing; ``replay`` only reads; ``off`` only buys
    retry   : what requests go out through (`coop_abm.llm.retry.Retry`); None under replay
    caps    : most that may be spent under the budget, whoever spends it
    budget  : its name; all clients of a journal that give the same name share it. Empty: that of the run
    run     : name under which the calls are kept together; a run that is taken up again has the same name.
              Empty: a name of its own, which nobody else shares
    prices  : price of a model at an endpoint, None if it is not known; without it: the table of `coop_abm.llm.prices`
    accept_model : id that may answer though it is not the one that was asked

    Raises
    ------
    InputError
        if the mode is none of these
    JournalError
        if the journal cannot be used
    """

    def __init__(
        self,
        *,
        journal: Path | None,
        mode: str = "record",
        retry: Sender | None,
        caps: Caps = UNCAPPED,
        budget: str = "",
        run: str = "",
        prices: Callable[[str, str], Price | None] | None = None,
        accept_model: str = "",
    ):
        if mode not in MODES:
            raise InputError(f"journal-mode must be one of {', '.join(MODES)}; got {quoted(mode)}")
        if retry is None and mode != "replay":
            raise InputError(f"journal-mode {mode} needs a transport to buy replies through; only replay needs none")
        self.mode = mode
        self._retry, self._prices = retry, prices
        self._ledger: Ledger
        if mode == "off":
            self._ledger = Unrecorded(budget=budget or run, caps=caps)
        else:
            self._ledger = Journal(journal, read_only=mode == "replay", run=run, budget=budget, caps=caps)
        self._identity = Identity(self._ledger.models(), accept_model, self._ledger.establish)
        self._places = Places(self._identity, retry.concurrency if retry is not None else 0)
        self._rates: dict[tuple[str, str], Rate] = {}
        self._counting = threading.Lock()
        self._sent = self._done = self._failed = self._unknown = self._replayed = 0
        self._input_tokens = self._output_tokens = 0
        self._cost: Cost = NOTHING

    def ask(self, requests: Sequence[Request]) -> list[Recorded]:
        """The replies, in the order of the requests; equal requests are asked once.

        Everything that is returned is recorded. If something goes wrong, calls in flight are waited for and recorded
        before it is raised, so that the same command goes on from there.

        Raises
        ------
        CallFailed
            if a call failed for good
        BudgetExhausted
            if a call did not fit under the caps; those before it were sent and recorded
        ModelChanged
            if another model answered
        JournalError
            if the journal cannot be used; under replay, if it holds no such reply
        ModelError
            if a model has no known price
        """
        keys = [request.key for request in requests]
        left: dict[str, Request] = {}
        for key, request in zip(keys, requests):
            left.setdefault(key, request)
        asked = left
        replies: dict[str, Reply] = {}
        bought: set[str] = set()
        pause = FIRST_LOOK
        while left:
            batch = self._claim(left)
            replies |= batch.found
            fresh = self._go_through(batch, asked)
            replies |= fresh
            bought |= fresh.keys()
            if fresh:
                pause = FIRST_LOOK
            elif batch.refusal is not None:
                # Only now: what the last ones really cost may have left room for more.
                raise batch.refusal
            elif batch.held:
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_LOOK)
            missing = {*batch.left, *batch.held}
            left = {key: request for key, request in left.items() if key in missing}
        self._count(replayed=len(replies) - len(bought))
        recorded = []
        for key in keys:
            recorded.append(Recorded(replies[key], key, key in bought))
            bought.discard(key)  # asked twice: bought once
        return recorded

    def note(self, readings: Sequence[tuple[str, str]]) -> None:
        """Keep what was read out of replies for the transcript: (key, the reading as JSON)."""
        self._ledger.note(dict(readings))

    @property
    def tally(self) -> Tally:
        """What this client has done so far."""
        with self._counting:
            return Tally(
                self._sent, self._done, self._failed, self._unknown + self._ledger.abandoned, self._replayed,
                self._input_tokens, self._output_tokens, money(self._cost.money),
                tuple(sorted(self._identity.seen - {""})),
            )  # fmt: skip

    def close(self) -> None:
        """Write what is left and let go of the journal."""
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _claim(self, left: Mapping[str, Request]) -> Batch:
        taken: list[str] = []

        def ready(key: str, request: Request) -> bool:
            if not self._places.take(key, request):
                return False
            taken.append(key)
            return True

        try:
            return self._ledger.claim(left, self._rate, ready)
        except BaseException:
            for key in taken:  # nothing was claimed after all
                self._places.leave(key)
            raise

    def _go_through(self, batch: Batch, asked: Mapping[str, Request]) -> Mapping[str, Reply]:
        """Check what was found, and send what was claimed; what is returned is recorded.

        Whatever happens, no claim is left open.
        """
        if not batch.claims:
            self._check(batch.found, asked)
            return {}
        assert self._retry is not None
        sending = Sending(self._ledger, self._retry, self._identity, self._places, batch.claims)
        released = Released(0, NOTHING)
        try:
            self._check(batch.found, asked)
            loop.run(sending.go())
            if sending.failure is not None:
                raise sending.failure
            self._ledger.done(batch.claims)
        except BaseException:
            # If the journal fails here as well, its next user finds this session over, and the tries unknown.
            with contextlib.suppress(ModelError):
                released = self._ledger.release(batch.claims)
            raise
        finally:
            for claim in batch.claims:
                self._places.leave(claim.key)
            self._count_bought(sending, released)
        return sending.replies

    def _check(self, found: Mapping[str, Reply], asked: Mapping[str, Request]) -> None:
        """Hold what was found against the model of the run."""
        for key, reply in found.items():
            self._identity.check(asked[key], reply)

    def _rate(self, request: Request) -> Rate:
        model = request.model, request.endpoint
        if model not in self._rates:
            self._rates[model] = rate_of(self._price_of(*model), request.model)
        return self._rates[model]

    def _price_of(self, model: str, endpoint: str) -> Price | None:
        if self._prices is not None:
            return self._prices(model, endpoint)
        from coop_abm.llm.prices import price_of

        return price_of(model, endpoint)

    def _count(self, *, replayed: int) -> None:
        with self._counting:
            self._replayed += replayed

    def _count_bought(self, sending: Sending, released: Released) -> None:
        with self._counting:
            self._sent += sending.sent
            self._done += len(sending.replies)
            self._failed += sending.failed
            self._unknown += released.unknown
            self._cost = self._cost.plus(sending.cost).plus(released.cost)
            self._input_tokens += sum(reply.input_tokens or 0 for reply in sending.replies.values())
            self._output_tokens += sum(reply.output_tokens or 0 for reply in sending.replies.values())
