"""Asking language models: what this package adds to the time of the requests themselves.

The model is the stand-in, in a process of its own, so that nothing but the asking is measured. Fifty individuals
seek a partner each, so a round is a hundred requests, all under way at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coop_abm
from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent, Work
from coop_abm.llm import loop
from coop_abm.llm.messages import Reply, Request
from coop_abm.policies.means import Means

#: Requests a round: fifty individuals seek a partner each, and both sides of an encounter decide.
AGENTS, ROUNDS, LATENCY = 100, 20, 0.2


def world(model: str = "stand-in/tft") -> coop_abm.Scenario:
    """A mixed population in which a language model decides for everybody, a hundred times a round."""
    return coop_abm.Scenario(
        size=AGENTS // 2, players=[{"policy": "model", "model": model, "strategy": "tft"}],  # type: ignore[arg-type]
        update={"kind": "pairwise_comparison"},
    )  # fmt: skip


class Server:
    """The stand-in as the user starts it, in a process of its own."""

    def __init__(self, latency: float):
        command = [sys.executable, "-m", "coop_abm.cli", "stand-in", "--port", "0", "--latency", str(latency)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        self.address = next((word for word in said.split() if word.startswith("http")), "").rstrip(".,;")
        if not self.address:
            self.close()
            raise Disagreement(f"the stand-in did not start: {said!r}")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        if self._process.stdout is not None:
            self._process.stdout.close()


def play(rounds: int, **means: Any) -> coop_abm.Run:
    """A run of the world, asked as these means say."""
    return coop_abm.run(world(), steps=rounds, seed=1, measures=("cooperation",), means=Means(**means))


def timed(act: Callable[[], float], clock: Callable[[], float]) -> Work:
    """The work, with what it cost by this clock."""

    def turn() -> Spent:
        began = clock()
        amount = act()
        return Spent(amount, clock() - began)

    return turn


def recorded(rounds: int, folder: Path, address: str, transport: str) -> float:
    """A run that asks for everything anew; how many decisions that were."""
    journal = Path(tempfile.mkdtemp(dir=folder)) / "journal.sqlite"
    done = play(rounds, journal=journal, transport=transport, stand_in=address, concurrency=AGENTS)
    assert done.minds is not None
    if done.minds.sent != AGENTS * rounds or (done.frame["cooperation"].iloc[1:] != 1).any():
        raise Disagreement(f"{done.minds.sent} requests for {AGENTS * rounds} decisions")
    return AGENTS * rounds


def requests(rounds: int) -> list[list[Request]]:
    """The requests of a run, by round."""
    found: list[list[Request]] = [[] for _ in range(rounds)]
    play(rounds, mode="off", transport=Answering(lambda request: found[request.address.round].append(request)))
    return found


class Answering:
    """A transport that answers at once, always the same, and shows each request to `look`."""

    def __init__(self, look: Callable[[Request], None] = lambda request: None):
        self._look = look

    async def send(self, request: Request) -> Reply:
        self._look(request)
        text = '{"action": "action_a"}'
        return Reply(text, request.model, "stop", 100, 8, "", 0.0, text)

    async def close(self) -> None:
        return None


def bare(rounds: list[list[Request]], address: str) -> float:
    """The same requests in a loop of litellm's own, all of a round at once; how many they were."""
    import litellm

    async def all_rounds() -> None:
        for listed in rounds:
            await asyncio.gather(
                *(
                    litellm.acompletion(
                        model=f"openai/{request.model}", api_base=address, api_key="none", max_retries=0, num_retries=0,
                        messages=[{"role": role, "content": text} for role, text in request.messages],
                        temperature=request.temperature, max_tokens=request.max_tokens,
                        response_format={
                            "type": "json_schema",
                            "json_schema": {"name": "answer", "schema": json.loads(request.schema), "strict": True},
                        },
                    )
                    for request in listed
                )
            )  # fmt: skip

    loop.run(all_rounds())  # one loop for all turns: litellm keeps its connections from one to the next
    return float(sum(map(len, rounds)))


def against_floor(quick: bool) -> Bout:
    """The slim transport against the time that the answers take."""
    rounds = 4 if quick else ROUNDS
    server, folder = Server(LATENCY), Path(tempfile.mkdtemp())
    floor = rounds * LATENCY
    ours = timed(lambda: recorded(rounds, folder, server.address, "slim"), time.perf_counter)
    agreement = f"{AGENTS * rounds} requests; the floor is {rounds} rounds x {LATENCY} s"
    return Bout(ours, lambda: Spent(AGENTS * rounds, floor), agreement, server.close)


def against_bare(quick: bool) -> Bout:
    """The litellm transport against litellm in a bare loop."""
    rounds = 2 if quick else ROUNDS
    server, folder, same = Server(LATENCY), Path(tempfile.mkdtemp()), requests(rounds)
    ours = timed(lambda: recorded(rounds, folder, server.address, "litellm"), time.perf_counter)
    peer = timed(lambda: bare(same, server.address), time.perf_counter)
    return Bout(ours, peer, f"the same {AGENTS * rounds} requests", server.close)


def overhead(quick: bool) -> Bout:
    """Prompt, journal, budget and parsing, around answers that cost nothing."""
    rounds, folder = (2 if quick else ROUNDS), Path(tempfile.mkdtemp())
    same = Answering()

    def ours() -> float:
        play(rounds, journal=Path(tempfile.mkdtemp(dir=folder)) / "journal.sqlite", transport=same, concurrency=AGENTS)
        return AGENTS * rounds

    return Bout(timed(ours, time.process_time), None, f"{AGENTS * rounds} decisions, all recorded")


def memory(quick: bool) -> Bout:
    """How much more memory a process holds after ten thousand calls than after two thousand."""
    early, late = (4, 8) if quick else (20, 100)
    code = (
        "import tempfile, pathlib, psutil, gc\n"
        "from benchmarks.rows.llm import Answering, play\n"
        "def held(rounds):\n"
        "    journal = pathlib.Path(tempfile.mkdtemp()) / 'journal.sqlite'\n"
        "    play(rounds, journal=journal, transport=Answering(), concurrency=100)\n"
        "    gc.collect()\n"
        "    return psutil.Process().memory_info().rss\n"
        f"held({early}); first = held({early}); print(held({late}) - first)\n"
    )

    def ours() -> Spent:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2],
            env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
        if done.returncode:
            raise Disagreement(done.stderr.strip().splitlines()[-1])
        return Spent((late - early) * AGENTS, max(0.0, float(done.stdout)))

    return Bout(ours, None, f"{late * AGENTS:,} decisions against {early * AGENTS:,}, a journal each")


def replayed(transport: str) -> Callable[[bool], Bout]:
    """A run that is read from the journal against the run that recorded it."""

    def prepare(quick: bool) -> Bout:
        rounds = 2 if quick else ROUNDS
        server, folder = Server(0.0), Path(tempfile.mkdtemp())
        journal = folder / "kept.sqlite"
        first = play(rounds, journal=journal, transport="slim", stand_in=server.address, concurrency=AGENTS)

        def ours() -> float:
            again = play(rounds, journal=journal, mode="replay")
            if not again.frame.equals(first.frame) or again.minds is None or again.minds.sent:
                raise Disagreement("a replayed run differs from the recorded one")
            return AGENTS * rounds

        peer = timed(lambda: recorded(rounds, folder, server.address, transport), time.perf_counter)
        return Bout(timed(ours, time.perf_counter), peer, "the same series, nothing sent", server.close)

    return prepare


BENCHMARKS = (
    Benchmark(
        name="llm-slim", work="100 requests x 20 rounds, 200 ms an answer, slim transport, recorded",
        against="rounds x latency", goal=Goal("within", 1.5), unit="ms a decision", per_second=1e3,
        prepare=against_floor, clock="wall", cores=2, pairs=3,
    ),
    Benchmark(
        name="llm-litellm", work="the same through litellm",
        against="the same requests in a bare loop of `litellm.acompletion`", goal=Goal("within", 1.25),
        unit="ms a decision", per_second=1e3, prepare=against_bare, clock="wall", cores=2, pairs=3,
    ),
    Benchmark(
        name="llm-overhead", work="prompt, journal, budget, parsing of one call",
        against="1 ms of CPU", goal=Goal("below", 1.0), unit="ms of CPU a call", per_second=1e3, prepare=overhead,
        pairs=5,
    ),
    Benchmark(
        name="llm-memory", work="memory held after 10,000 calls, beyond that after 2,000",
        against="flat", goal=Goal("below", 200.0), unit="bytes a call", per_second=1.0, prepare=memory, pairs=3,
        warm=False, cores=2,
    ),
    Benchmark(
        name="llm-replay-litellm", work="a run read from the journal",
        against="the same run recorded through litellm, 0 ms an answer", goal=Goal("faster", 20.0),
        unit="ms a decision", per_second=1e3, prepare=replayed("litellm"), clock="wall", cores=2, pairs=3,
    ),
    Benchmark(
        name="llm-replay-slim", work="a run read from the journal",
        against="the same run recorded through the slim transport, 0 ms an answer", goal=Goal("faster", 3.0),
        unit="ms a decision", per_second=1e3, prepare=replayed("slim"), clock="wall", cores=2, pairs=5,
    ),
)  # fmt: skip
