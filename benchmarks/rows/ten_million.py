"""Ten million individuals with four neighbours each: memory, and time against the bare memory accesses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent
from benchmarks.native import integer, library, pointer
from benchmarks.rows.death_birth import raw_kernel
from coop_abm import Scenario
from coop_abm.core.dice import drawn
from coop_abm.core.kernel import kernel
from coop_abm.engine.history import EventWorld
from coop_abm.games import Donation
from coop_abm.mechanisms import Network
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.structures import Torus
from coop_abm.updates import DeathBirth

SIZE, GENERATIONS, SEED = 10_000_000, 10, 1
SMALL = 100_000


def world(size: int) -> Scenario:
    """Death-birth updating on a torus of four neighbours."""
    return Scenario(
        clock="event", size=size, game=Donation(benefit=5.0), update=DeathBirth(intensity=0.05),
        players=(Players(share=0.5, strategy=AllC()), Players(share=0.5, strategy=AllD())),
        network=Network(enabled=True, graph=Torus(neighbours=4)),
    )  # fmt: skip


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    try:
        # Of this program alone: getrusage() also knows what the process held before it became one.
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return held if sys.platform == "darwin" else held * 1024


def live(size: int) -> None:
    """Ten generations of such a world, in a process of its own; prints what they took."""
    running = EventWorld(world(size), SEED)
    for _ in range(GENERATIONS):
        running.step()
    neighbours = running.process.world.indices
    share = float(running.strategy.mean())
    print(json.dumps({"peak": peak(), "indices": neighbours.nbytes, "defectors": share}))


def memory(size: int) -> Bout:
    """Peak memory of a process that lives ten generations, less the indices of neighbours, by node."""
    code = f"from benchmarks.rows.ten_million import live; live({size})"

    def turn() -> Spent:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
        )
        if done.returncode:
            raise Disagreement(done.stderr.strip().splitlines()[-1])
        found = json.loads(done.stdout)
        return Spent(size, found["peak"] - found["indices"])

    return Bout(turn, None, "the whole process counts: interpreter, libraries, compiled code, building the graph")


@kernel
def gather(state, indices, times, s0, s1, s2, s3):
    """Random node, states of its four neighbours, `times` over; see ``yardstick.c``."""
    size = state.shape[0]
    total = np.int64(0)
    for _ in range(times):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        first = np.uint64(4) * np.uint64(u * size)
        for e in range(4):
            total += np.int64(state[np.uint64(indices[first + np.uint64(e)])])
    return total


def against_gather(size: int, events: int, in_c: bool) -> Bout:
    """Updates of such a world, and as many bare memory accesses of one node and its neighbours."""
    running = EventWorld(world(size), SEED)
    indices = np.ascontiguousarray(running.process.world.indices, np.uint32)
    state = np.random.default_rng(SEED).integers(0, 2, size, np.uint8)
    lib = library("yardstick") if in_c else None
    turn = iter(range(1, 1_000_000))

    def run_theirs() -> float:
        seed = next(turn)
        if lib is not None:
            lib.gather(pointer(state), pointer(indices), integer(size), integer(events), integer(seed))
        else:
            gather(state, indices, events, *(np.uint64(seed + word) for word in (1, 2, 3, 4)))
        return events

    def run_ours() -> float:
        raw_kernel(running, events)
        return events

    return Bout(run_ours, run_theirs, f"both read a random node and its four neighbours among {size:,}")


BENCHMARKS = (
    Benchmark(
        name="memory", work="10^7 nodes of degree 4, ten generations: peak memory less the indices of neighbours",
        against="-", goal=Goal("below", 60), unit="bytes a node", per_second=1.0, pairs=1, warm=False,
        prepare=lambda quick: memory(SMALL if quick else SIZE),
    ),
    Benchmark(
        name="gather-c", work="10^7 nodes of degree 4: an update of death-birth",
        against="random gather of a node's neighbours, C", goal=Goal("within", 2), unit="ns", pairs=7,
        prepare=lambda quick: against_gather(SMALL if quick else SIZE, 100_000 if quick else 3_000_000, True),
    ),
    Benchmark(
        name="gather-numba", work="10^7 nodes of degree 4: an update of death-birth",
        against="random gather of a node's neighbours, numba", goal=Goal("within", 2), unit="ns", pairs=7,
        prepare=lambda quick: against_gather(SMALL if quick else SIZE, 100_000 if quick else 3_000_000, False),
    ),
)  # fmt: skip
