"""Books for mode off: nothing is recorded and nothing read; caps hold within this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from coop_abm.core.errors import CallFailed
from coop_abm.llm.budget import NOTHING, UNCAPPED, Caps, Cost, Limits, Rate, cost_of, worst_case
from coop_abm.llm.ledger import Batch, Claim, Released
from coop_abm.llm.messages import Reply, Request

#: What each named budget of this process holds.
_held: dict[str, Cost] = {}
_lock = threading.Lock()


class Unrecorded:
    """The ledger of a client without a journal.

    budget : name; clients of one process share it. Empty: this client's own
    """

    abandoned = 0

    def __init__(self, *, budget: str = "", caps: Caps = UNCAPPED):
        self._name = budget or f"client {id(self)}"
        self._limits = Limits(caps, budget)
        if not budget:
            with _lock:
                _held.pop(self._name, None)

    def claim(
        self, asked: Mapping[str, Request], rate: Callable[[Request], Rate], ready: Callable[[str, Request], bool]
    ) -> Batch:
        """Set aside as much as fits; nothing is ever found."""
        claims: list[Claim] = []
        refusal = None
        rates = [rate(request) for request in asked.values()]
        for number, ((key, request), price) in enumerate(zip(asked.items(), rates)):
            worst = worst_case(request, price)
            if (refusal := self._reserve(worst)) is not None:
                break
            claims.append(Claim(request, key, number, 0, price, worst, ready(key, request)))
        return Batch({}, claims, [], list(asked)[len(claims) :], refusal)

    def _reserve(self, worst: Cost):
        with _lock:
            refusal = self._limits.refusal(_held.get(self._name, NOTHING), worst)
            if refusal is None:
                _held[self._name] = _held.get(self._name, NOTHING).plus(worst)
            return refusal

    async def launch(self, claims: list[Claim]) -> None:
        """Nothing is kept of them."""

    async def again(self, claim: Claim) -> None:
        """One more try; sets its worst case aside anew, or raises BudgetExhausted."""
        if (refusal := self._reserve(claim.reserved)) is not None:
            raise refusal
        claim.number += 1

    async def settle(self, claim: Claim, result: Reply | CallFailed) -> Cost:
        """What the try costs after all."""
        cost = cost_of(result, claim.rate, claim.reserved)
        self._move(claim.reserved, cost)
        claim.under_way = False
        return cost

    def _move(self, before: Cost, after: Cost) -> None:
        with _lock:
            _held[self._name] = _held[self._name].less(before).plus(after)

    def release(self, claims: list[Claim]) -> Released:
        """Give up what is not done; what may be in flight keeps its worst case."""
        unknown, cost = 0, NOTHING
        for claim in claims:
            if claim.under_way:
                unknown, cost = unknown + 1, cost.plus(claim.reserved)
                claim.under_way = False
            elif claim.gone < claim.number:  # set aside, and never sent
                self._move(claim.reserved, NOTHING)
                claim.number = claim.gone
        return Released(unknown, cost)

    def done(self, claims: list[Claim]) -> None:
        """Nothing is kept of them."""

    def models(self) -> dict[tuple[str, str], str]:
        """None yet."""
        return {}

    def establish(self, asked: str, endpoint: str, returned: str) -> None:
        """The client remembers by itself."""

    def note(self, readings: Mapping[str, str]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Forget a budget that was this client's own."""
        if self._name.startswith("client "):
            with _lock:
                _held.pop(self._name, None)
