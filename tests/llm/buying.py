"""A shop for the tests of the journal: it sells replies, and keeps its own count of what it sold.

Run as a program it is a process that buys, to be killed, stopped or starved by a test::

    python tests/llm/buying.py JOURNAL COUNT --calls 200 --batch 20 --concurrency 8
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from coop_abm.core.errors import CallFailed, ModelError
from coop_abm.llm.client import Caps, Client
from coop_abm.llm.messages import Address, Reply, Request
from coop_abm.llm.prices import Price
from coop_abm.llm.retry import Retry


def priced(model: str, endpoint: str) -> Price | None:
    """A dollar per million tokens of a prompt, four per million of an answer."""
    return None if model == "unpriced" else Price(1e-6, 4e-6)


def request(number: int = 0, **changes) -> Request:
    """The request of this number; its address says which."""
    address = Address("scenario", 7, 0, number // 10, 0, "act", number % 10)
    said = (("system", "You play a game."), ("user", f"Round {number}: cooperate or defect? " + "history " * 20))
    plain = Request("shop/clerk", said, '{"type":"object"}', 0.5, None, 50, "", address, 0.25, "templates")
    return plain._replace(**changes)


def requests(count: int, start: int = 0) -> list[Request]:
    return [request(number) for number in range(start, start + count)]


def reply(asked: Request, **changes) -> Reply:
    """What the shop sells for a request: the same every time."""
    text = json.dumps({"action": "action_a", "why": asked.key[:8]})
    plain = Reply(text, "clerk", "stop", 100, 20, "", 0.01, json.dumps({"choices": [{"message": {"content": text}}]}))
    return plain._replace(**changes)


class Shop:
    """Sells replies; `sold` are the keys of all that reached it, in order.

    answer : what it sells, or raises
    count  : file that every request is written to before it is answered, so that it outlives its process
    wait   : seconds until the answer
    """

    def __init__(
        self,
        answer: Callable[[Request], Reply] = reply,
        *,
        count: Path | None = None,
        wait: Callable[[Request], float] = lambda _: 0.0,
    ):
        self.answer, self.wait = answer, wait
        self.sold: list[str] = []
        self.at_once = self.most_at_once = 0
        self._count = None if count is None else os.open(count, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def send(self, asked: Request) -> Reply:
        self.sold.append(asked.key)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self._count is not None:
                os.write(self._count, f"{asked.key}\n".encode())
            await asyncio.sleep(self.wait(asked))
            return self.answer(asked)
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        """There is nothing to close."""


def tries(shop: Shop, *, attempts: int = 3, concurrency: int = 8) -> Retry:
    """The retry loop before the shop; it hardly waits between two tries."""
    return Retry(shop, attempts=attempts, concurrency=concurrency, sleep=lambda seconds: asyncio.sleep(0.001))


def client(path: Path | None, shop: Shop | None = None, *, attempts=3, concurrency=8, **settings) -> Client:
    """A client of the shop."""
    retry = None if shop is None else tries(shop, attempts=attempts, concurrency=concurrency)
    return Client(journal=path, retry=retry, **{"prices": priced, "run": "run"} | settings)


def sometimes(share: float, make: Callable[[], CallFailed], seed: int = 0) -> Callable[[Request], Reply]:
    """An answer that fails for this share of the tries."""
    import random

    dice = random.Random(seed)

    def answer(asked: Request) -> Reply:
        if dice.random() < share:
            raise make()
        return reply(asked)

    return answer


def main() -> int:
    """Buy in batches; print the tally as JSON. Exit code 3 and one line if it had to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("journal", type=Path)
    parser.add_argument("count", type=Path)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--wait", type=float, default=0.01)
    parser.add_argument("--limit", type=int, help="largest file in bytes, once the first reply is under way")
    parser.add_argument("--run", default="run")
    parser.add_argument("--budget", default="")
    parser.add_argument("--most-calls", type=int)
    parser.add_argument("--most-money", type=float)
    parser.add_argument("--fail", type=float, default=0.0)
    given = parser.parse_args()

    def answer(asked: Request) -> Reply:
        if given.limit is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (given.limit, resource.RLIM_INFINITY))
        if given.fail and os.urandom(1)[0] < 256 * given.fail:
            raise CallFailed("server", "the shop is on fire", status=503, again=True)
        return reply(asked)

    shop = Shop(answer, count=given.count, wait=lambda asked: given.wait * (1 + int(asked.key[:2], 16) / 256))
    caps = Caps(calls=given.most_calls, money=given.most_money)
    settings = {"concurrency": given.concurrency, "run": given.run, "budget": given.budget, "caps": caps}
    print("ready", flush=True)
    started = time.monotonic()
    with client(given.journal, shop, attempts=6, **settings) as buyer:
        try:
            for start in range(given.start, given.start + given.calls, given.batch):
                buyer.ask(requests(given.batch, start))
        except ModelError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            return 3
        finally:
            print(json.dumps(buyer.tally._asdict() | {"seconds": time.monotonic() - started}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
