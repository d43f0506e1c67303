"""The stand-in: a local server that speaks as a provider of language models does, and plays strategies.

It is a real HTTP server with the interface of OpenAI's chat completions, for demonstrations and tests
without a key. It reads the prompt that this package wrote, and answers as a strategy would; it is no
language model and says so in every answer (see ``stand_in_server``). It listens on this machine alone.

==========================  ==================================================================
POST /v1/chat/completions   one whole answer; `model` names who plays: ``stand-in/tft``
GET /v1/models              who can play
GET /stats                  how many requests came, and what became of them
POST /stats/reset           counts from now on
==========================  ==================================================================

A caller may send the header ``X-Coop-Draw`` with a uniform number in [0, 1): the player cooperates if it
lies below its probability to cooperate. Without it, the number is a hash of the messages. Tokens are
counted as one for every four characters begun.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

from coop_abm.core.errors import InputError, quoted

HOST = "127.0.0.1"
#: Faults that pass when one tries again, served where none are named.
PASSING = ("rate_limit", "server_error", "overloaded", "dropped")


class StandIn:
    """A stand-in server in a thread of its own, with an event loop of its own.

    >>> with StandIn(strategy="tft") as server:
    ...     server.stats()["requests"]
    0

    Parameters
    ----------
    port        : where to listen on 127.0.0.1; 0 takes a free one
    strategy    : what every model plays; empty: each what its name says
    latency     : seconds before each answer, plus or minus up to `jitter`
    fault_rate  : probability that an answer goes wrong
    faults      : in which ways, names of ``stand_in_faults.FAULTS``; empty: those that pass
    seed        : of jitter and faults, which depend on the request and how often it came, not on the order of arrival
    retry_after : seconds that a refusal for too many requests asks to wait
    pause       : seconds between two bytes of a drip

    Raises
    ------
    InputError
        if one of these is out of range or names nobody
    """

    def __init__(
        self,
        *,
        port: int = 0,
        strategy: str = "",
        latency: float = 0.0,
        jitter: float = 0.0,
        fault_rate: float = 0.0,
        faults: Iterable[str] = (),
        seed: int = 0,
        retry_after: float = 1.0,
        pause: float = 0.05,
    ):
        from coop_abm.llm.stand_in_faults import FAULTS
        from coop_abm.llm.stand_in_players import Unknown, player
        from coop_abm.llm.stand_in_server import Conduct, Desk

        faults = tuple(faults) or PASSING
        _refuse_unless(0 <= port <= 65535, "port must lie in [0, 65535]", port)
        _refuse_unless(0 <= fault_rate <= 1, "fault_rate must lie in [0, 1]", fault_rate)
        for name, value in {"latency": latency, "jitter": jitter, "retry_after": retry_after, "pause": pause}.items():
            _refuse_unless(0 <= value < float("inf"), f"{name} must be at least 0 seconds", value)
        for fault in faults:
            _refuse_unless(fault in FAULTS, f"faults must be among {', '.join(FAULTS)}", fault)
        if strategy:
            try:
                player(strategy)
            except Unknown as error:
                raise InputError(f"strategy {error}") from None
            except InputError as error:
                raise InputError(f"strategy: {error}") from None
        self._port = port
        self._desk = Desk(Conduct(strategy, latency, jitter, fault_rate, faults, retry_after, pause, seed))
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self.address = ""

    def start(self) -> str:
        """Listen, and return the base address, ``http://127.0.0.1:PORT/v1``; a second call changes nothing.

        Raises
        ------
        InputError
            if the port cannot be had
        """
        if self._thread is not None:
            return self.address
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # no delay, see asyncio
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((HOST, self._port))
        except OSError as error:
            listening.close()
            raise InputError(f"port must be free on {HOST}; {self._port} is not: {error.strerror}") from None
        self.address = f"http://{HOST}:{listening.getsockname()[1]}/v1"
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._attend(listening, ready)), name="coop-abm stand-in", daemon=True
        )
        self._thread.start()
        ready.wait()
        return self.address

    async def _attend(self, listening: socket.socket, ready: threading.Event) -> None:
        from aiohttp import web

        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        # Whoever hangs up ends what was done for it; nobody is waited for at the end (0 would be to wait for ever).
        runner = web.AppRunner(
            self._desk.application(), access_log=None, handler_cancellation=True, shutdown_timeout=0.01
        )
        try:
            await runner.setup()
            await web.SockSite(runner, listening, backlog=1024).start()
            ready.set()
            await self._over.wait()
        finally:
            ready.set()
            await runner.cleanup()

    def stop(self) -> None:
        """Hang up on everybody and end the thread; a second call changes nothing."""
        thread, self._thread = self._thread, None
        if thread is not None:
            assert self._loop is not None and self._over is not None
            self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    def stats(self) -> dict[str, Any]:
        """What came and what became of it: requests, by_outcome, by_model, in_flight, most_in_flight."""
        return self._desk.tally.as_json()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def _refuse_unless(holds: bool, demand: str, given: object) -> None:
    if not holds:
        raise InputError(f"{demand}; got {quoted(given)}")


def serve(say: Callable[[str], None], **conduct: Any) -> dict[str, Any]:
    """Run a stand-in until Ctrl-C, for the command line; returns its counts.

    say     : prints a line
    conduct : what :class:`StandIn` takes

    Raises
    ------
    InputError
        as :class:`StandIn` and :meth:`StandIn.start`
    """
    server = StandIn(**conduct)
    say(f"the stand-in, which is not a language model, listens at {server.start()}; Ctrl-C ends it")
    try:
        while True:
            threading.Event().wait(3600)
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
    for line in summary(server.stats()):
        say(line)
    return server.stats()


def summary(stats: dict[str, Any]) -> list[str]:
    """The counts of :meth:`StandIn.stats` as lines to read."""
    lines = [f"{stats['requests']} requests, at most {stats['most_in_flight']} at once"]
    for title, counts in (("outcome", stats["by_outcome"]), ("model", stats["by_model"])):
        lines += [f"  {title} {quoted(name)}: {count}" for name, count in sorted(counts.items())]
    return lines
