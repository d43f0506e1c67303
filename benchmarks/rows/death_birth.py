"""Death-birth updating on a random regular graph: against C, and against itself behind Mesa's face."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable

import numpy as np

from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, agree, fresh, same
from benchmarks.native import integer, library, pointer
from coop_abm import CoopModel, Scenario
from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import PATIENCE, Ensemble, ensemble, starting
from coop_abm.engine.history import EventWorld
from coop_abm.games import Donation
from coop_abm.mechanisms import Network
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.structures import RandomRegular
from coop_abm.updates import DeathBirth

SEED = 1
BENEFIT, INTENSITY, DEGREE = 6.0, 0.05, 4


def world(size: int) -> Scenario:
    """Donation game on a random 4-regular graph."""
    return Scenario(
        clock="event", size=size, game=Donation(benefit=BENEFIT), update=DeathBirth(intensity=INTENSITY),
        players=(Players(share=0.5, strategy=AllC()), Players(share=0.5, strategy=AllD())),
        network=Network(enabled=True, graph=RandomRegular(degree=DEGREE)),
    )  # fmt: skip


def fitness_table() -> np.ndarray:
    """float (2, k + 1): fitness by strategy (0 defects, 1 cooperates) and number of cooperating neighbours."""
    helped = BENEFIT * np.arange(DEGREE + 1) / DEGREE
    return np.ascontiguousarray(np.exp(INTENSITY * np.array([helped, helped - 1.0])))


def against_twin(size: int, heads: int, runs: int, checked: int) -> Bout:
    """Runs to fixation from `heads` cooperators, ours and in C, event for event the same."""
    scenario = world(size)
    ready, start = process(scenario, SEED), starting(scenario, 0, heads)
    seen, keys, twin = ready.world, ready.world.keys, library("death_birth").ensemble
    if keys.blank.dtype != np.uint8:
        raise Disagreement("keys of this world are not bytes, which the C source reads")

    def run_ours(cell: int, count: int) -> Ensemble:
        return ensemble(ready, start, count, base=stream_base(SEED, cell))

    def run_c(cell: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        winner, events = np.empty(count, np.int64), np.empty(count, np.int64)
        tables = [pointer(column) for column in (keys.holds, keys.idle, keys.fitness)]
        base = ctypes.c_uint64(int(stream_base(SEED, cell)))
        twin(
            integer(size), integer(seen.indptr[0]), pointer(seen.indices), pointer(keys.radix), integer(keys.stride),
            *tables, integer(len(start)), base, integer(0), integer(count), pointer(start), integer(PATIENCE),
            pointer(winner), pointer(events),
        )  # fmt: skip
        return winner, events

    ours, (winner, events) = run_ours(0, checked), run_c(0, checked)
    said = same(f"winners and numbers of updates of {checked:,} runs are", [ours.winner, ours.events], [winner, events])
    turn, again = iter(range(1, 1_000_000)), iter(range(1, 1_000_000))
    return Bout(
        ours=lambda: float(run_ours(next(turn), runs).events.sum()),
        peer=lambda: float(run_c(next(again), runs)[1].sum()),
        agreement=said,
    )


def against_c(size: int, heads: int, runs: int, checked: int) -> Bout:
    """Runs to fixation from `heads` cooperators, ours and in C."""
    scenario = world(size)
    ready, start = process(scenario, SEED), starting(scenario, 0, heads)
    graph = scenario.answers(SEED)
    indptr = np.ascontiguousarray(graph.indptr, np.int64)
    indices = np.ascontiguousarray(graph.indices, np.uint32)
    table, lib = fitness_table(), library("yardstick")

    def run_ours(cell: int, count: int) -> Ensemble:
        return ensemble(ready, start, count, base=stream_base(SEED, cell))

    def run_c(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        won, events = np.empty(count, np.int64), np.empty(count, np.int64)
        given = [DEGREE, size, count, seed, heads]
        status = lib.death_birth(
            pointer(indptr), pointer(indices), pointer(table), *map(integer, given), pointer(won), pointer(events)
        )
        if status:
            raise MemoryError("the C yardstick had no memory")
        return won, events

    ours, (won, events) = run_ours(0, checked), run_c(12345, checked)
    share, in_c = float((ours.winner == 0).mean()), float(won.mean())
    middle = (share + in_c) / 2
    error = math.sqrt(2 * middle * (1 - middle) / checked)
    said = agree("cooperators won in ours and in C", share, in_c, error) + "; "
    spread = math.sqrt((ours.events.var() + events.var()) / checked)
    said += agree("updates to fixation", ours.events.mean(), events.mean(), spread)
    turn = iter(range(1, 1_000_000))
    return Bout(
        ours=lambda: float(run_ours(next(turn), runs).events.sum()),
        peer=lambda: float(run_c(next(turn) << 32, runs)[1].sum()),
        agreement=said,
    )


def raw_kernel(bare: EventWorld, events: int) -> None:
    """So many events in one call of the kernel, nothing recorded."""
    told = bare.process.advance(bare.process.world, *bare.changing, events, *bare.stream)
    bare.stream = tuple(np.uint64(word) for word in told[-4:])


def lasting(scenario: Scenario, steps: int, worlds: int) -> list[int]:
    """Seeds under which both strategies are there for so many generations: afterwards there is nothing to do.

    Raises
    ------
    Disagreement
        if there are hardly any
    """
    found: list[int] = []
    for seed in range(SEED, SEED + 50 * worlds):
        running = EventWorld(scenario, seed)
        raw_kernel(running, steps * scenario.size)
        if 0 < running.strategy.sum() < scenario.size:
            found.append(seed)
        if len(found) == worlds:
            return found
    raise Disagreement(f"populations agree before {steps} generations are over")


def behind_mesa(size: int, steps: int, worlds: int, measures: tuple[str, ...]) -> Bout:
    """The same generations behind Mesa's face, recorded, and as one call of the kernel for each world."""
    scenario = world(size)
    seeds = lasting(scenario, steps, worlds)

    def models() -> list[CoopModel]:
        return [CoopModel(scenario, rng=seed, measures=measures) for seed in seeds]

    def bare() -> list[EventWorld]:
        return [EventWorld(scenario, seed) for seed in seeds]

    def with_mesa(subjects: list[CoopModel]) -> float:
        for model in subjects:
            model.run_for(steps)
        return steps * size * len(subjects)

    def alone(subjects: list[EventWorld]) -> float:
        for running in subjects:
            raw_kernel(running, steps * size)
        return steps * size * len(subjects)

    ours, theirs = models(), bare()
    with_mesa(ours)
    alone(theirs)
    left = [running.strategy for running in theirs]
    said = same(f"strategies after {steps} generations", [model.snapshot().strategy[0] for model in ours], left)
    return Bout(
        ours=fresh(models, with_mesa),
        peer=fresh(bare, alone),
        agreement=f"{said}; recorded each generation: {', '.join(measures)}",
    )


def _to_fixation(heads: str, count: Callable[[int], int], runs: int, twin: bool) -> Benchmark:
    """Against C, from so many cooperators."""

    def prepare(quick: bool) -> Bout:
        size = 100 if quick else 1000
        against = against_twin if twin else against_c
        return against(size, count(size), runs // 20 + 1 if quick else runs, 200 if quick else 4 * runs)

    return Benchmark(
        name=f"death-birth-{heads.replace(' ', '-')}{'' if twin else '-plain'}",
        work=f"death-birth to fixation, random 4-regular graph, N = 1,000, b/c = 6, intensity 0.05, from {heads}",
        against="C, event for event the same" if twin else "C, written on its own",
        goal=Goal("within", 1.25), unit="ns per update", prepare=prepare,
    )  # fmt: skip


BENCHMARKS = (
    _to_fixation("one mutant", lambda size: 1, 1000, True),
    _to_fixation("half", lambda size: size // 2, 40, True),
    _to_fixation("one mutant", lambda size: 1, 1000, False),
    _to_fixation("half", lambda size: size // 2, 40, False),
    Benchmark(
        name="run_for",
        work="the same world from half through CoopModel.run_for, cooperators recorded each generation",
        against="our own kernel, nothing recorded", goal=Goal("within", 1.1), unit="ns per update",
        prepare=lambda quick: behind_mesa(100 if quick else 1000, 10 if quick else 200, 20, ("cooperators",)),
    ),
)  # fmt: skip
