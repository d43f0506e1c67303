"""Individuals on the event clock: where they start, and what can be seen of them. One population, or a block of them.

In a mixed population individuals are told apart by strategy alone, so they stand in order of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.engine.demes import fill_groups
from coop_abm.engine.events import Process, columns_of
from coop_abm.engine.families import families
from coop_abm.engine.generations import settle_in
from coop_abm.engine.keys import STRATEGY
from coop_abm.engine.measures import Snapshot
from coop_abm.engine.world import seat_all
from coop_abm.scenario.scenario import Scenario

Stream = tuple[np.uint64, ...]


class Start(NamedTuple):
    """How populations of a scenario start.

    counts : int64 (S,), individuals of each strategy
    seats  : int64 (N,), the strategy declared for a node, -1 where chance decides; (0,) where it always does
    size   : N
    second : how many other alleles there are: N where individuals are diploid, else 0
    helper : int64 (S,), 1 for strategies that help strangers
    """

    counts: np.ndarray
    seats: np.ndarray
    size: int
    second: int
    helper: np.ndarray


class Population(NamedTuple):
    """One population.

    changing : what the kernels change, in the order in which they take it
    heads    : int64 (S,), individuals (or alleles) of each strategy; not kept up to date among groups that grow
    second   : int64 (N,), the other alleles of diploid individuals; (0,) where all are haploid
    """

    changing: tuple[np.ndarray, ...]
    heads: np.ndarray
    second: np.ndarray


def start_of(scenario: Scenario) -> Start:
    """How populations of this scenario start."""
    declared = any(entry.nodes for entry in scenario.players)
    return Start(
        np.ascontiguousarray(scenario.starting_counts()),
        scenario.seats() if declared else np.empty(0, np.int64),
        scenario.size,
        scenario.size if scenario.kin.diploid else 0,
        scenario.repertoire().helper,
    )


def begin(ready: Process, start: Start, stream: Stream) -> tuple[Population, Stream]:
    """A population in which everybody has a place and what follows from it; and the stream after that."""
    world, size, count = ready.world, start.size, start.counts.copy()
    second = np.zeros(start.second, np.int64)
    if ready.kind == "mixed":
        return Population((count,), count, second), stream
    if ready.kind == "generations":
        changing: tuple[np.ndarray, ...] = (
            np.zeros(size, np.int64), second, count, np.zeros(size), np.zeros(size)
        )  # fmt: skip
        return Population(changing, count, second), words(
            settle_in(world, start.counts, start.seats, *changing, *stream)
        )
    strategy = np.zeros(size, np.int64 if ready.kind == "groups" else STRATEGY)
    stream = words(seat_all(start.counts, start.seats, strategy, *stream))
    if ready.kind == "groups":
        group, alive, scratch = np.zeros(size, np.int64), np.ones(size, np.int64), np.zeros_like(count)
        changing = (strategy, group, alive, scratch, np.zeros(size), np.zeros(size))
        fill_groups(world, *changing)
    else:
        changing = columns_of(ready, strategy, count)
    return Population(changing, count, second), stream


def words(stream) -> Stream:
    """The state of a stream as the words that kernels expect; numba hands them out as plain ints."""
    return tuple(np.uint64(word) for word in stream)


# ---------------------------------------------------------------- what can be seen


def strategies_of(ready: Process, first: np.ndarray) -> np.ndarray:
    """int (R, N): the strategy of each individual, from the first of the columns that change, (R, ...)."""
    if ready.kind == "mixed":
        replicates, strategies = first.shape
        return np.repeat(np.tile(np.arange(strategies), replicates), first.ravel()).reshape(replicates, -1)
    return ready.world.keys.holds[first] if ready.keyed else first


def payoffs_of(ready: Process, columns: list[np.ndarray], strategy: np.ndarray) -> np.ndarray:
    """float (R, N): what each individual can expect of its neighbours; `columns` are (R, ...) each."""
    world = ready.world
    if ready.kind == "mixed":
        count = columns[0]
        others = np.maximum(count[:, None, :] - np.eye(count.shape[1], dtype=np.int64), 0)
        expected = (others * world.matrix).sum(axis=2) * world.scale
        return np.take_along_axis(expected, strategy, axis=1)
    return world.keys.payoff[columns[0]] if ready.keyed else columns[-2]


def snapshot_of(
    ready: Process, start: Start, rows: tuple[np.ndarray, np.ndarray, np.ndarray], populations: list[Population]
) -> Snapshot:
    """What measures read of these populations, now; expected payoffs, and no acts.

    rows : (indptr, indices, weight), neighbours as compressed rows, written out (:func:`rows_of`)
    """
    world, size, replicates = ready.world, start.size, len(populations)
    columns = [stacked(column) for column in zip(*(each.changing for each in populations), strict=True)]
    strategy = strategies_of(ready, columns[0])
    if ready.kind == "groups":
        group, alive = columns[1], columns[2]
    else:  # where nobody is born or dies, one number says it of all
        one = np.broadcast_to(np.int64(0), (replicates, size))
        blocks = np.arange(size) // world.group_size
        group = one if world.groups == 1 else np.broadcast_to(blocks, (replicates, size))
        alive = np.broadcast_to(np.int64(1), (replicates, size))
    return Snapshot(
        strategy, alive, payoffs_of(ready, columns, strategy), start.helper[strategy], group, start.helper,
        np.zeros((replicates, 2), np.int64), rows, stacked([each.second for each in populations]),
        families(world.family, size),
    )  # fmt: skip


def stacked(columns) -> np.ndarray:
    """(R, ...) of R arrays; one array is not copied."""
    return columns[0][None] if len(columns) == 1 else np.stack(columns)


def rows_of(ready: Process) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(indptr, indices, weight): neighbours as compressed rows, written out."""
    world, indptr = ready.world, ready.world.indptr
    if len(indptr) == 1:
        indptr = np.arange(0, len(world.indices) + 1, indptr[0], dtype=np.int64)
    return indptr, world.indices.view(np.int32), world.weight
