"""Who copied whom, over time: where somebody's strategy comes from.

A watched world goes on by the very kernels of the engine and throws the same dice; what is added is a log of
(time, place, parent). Two clocks, one log:

* *rounds*: the learning step is done once more, on a copy of the table in which everybody's strategy is its own
  number. Every draw has an address, so the second time gives the same answer, and the numbers say who copied whom.
* *events*: before each event the rule's kernel is asked what it is about to do; then the engine does it.

The log is a ring, so the memory it takes is bounded, and what is older than it reaches cannot be told.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.errors import CoopError
from coop_abm.core.kernel import kernel
from coop_abm.engine.families import summed_up
from coop_abm.engine.groups import grow, take_over
from coop_abm.engine.history import EventWorld, RoundWorld, Running
from coop_abm.engine.individuals import words
from coop_abm.engine.witness import parents_of
from coop_abm.engine.world import winner_of
from coop_abm.updates.base import someone

#: Replacements that a log keeps.
ROOM = 2_000_000
#: Ids that fit into a column of strategies on the round clock; of more individuals the digits are copied one by one.
DIGIT = 1 << 15

#: What stands behind the events done in a tick, in the order in which things happen: a strategy is given to somebody
#: from outside, the event itself, a group takes another over.
HAND, OWN, GROUP = 0, 1, 2

#: Rebound by ``Kernel.using``: the rule's kernel, and the engine's own loop.
replace = advance = someone


class Log(NamedTuple):
    """The last replacements, as a ring.

    tick   : int64 (M,), when: events (or rounds) done before it times 4, and HAND, OWN or GROUP
    place, parent : int32 (M,), who was replaced, and by whose strategy; -1 where it was given from outside
    turned : int8 (M,), 1 where the strategy of the place changed
    end    : int64 (1,), entries written so far; entry e stands at e % M
    """

    tick: np.ndarray
    place: np.ndarray
    parent: np.ndarray
    turned: np.ndarray
    end: np.ndarray

    @property
    def complete(self) -> bool:
        """Does it still hold everything since it began?"""
        return int(self.end[0]) <= len(self.tick)


def new_log(room: int = ROOM) -> Log:
    """An empty log of so many replacements; memory is taken as it fills."""
    return Log(
        np.zeros(room, np.int64), np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room, np.int8),
        np.zeros(1, np.int64),
    )  # fmt: skip


@kernel
def enter(log, tick, place, parent, turned):
    """Write one replacement."""
    at = log.end[0] % log.tick.shape[0]
    log.tick[at] = tick
    log.place[at] = place
    log.parent[at] = parent
    log.turned[at] = turned
    log.end[0] += 1


@kernel
def enter_all(log, tick, source, turned):
    """Write replacements that happen at once: source (N,) says whose strategy each carries on with, -1 nobody's."""
    for i in range(source.shape[0]):
        if source[i] >= 0 and source[i] != i:
            enter(log, tick, i, source[i], turned[i])


@kernel
def watch_keyed(world, key, count, first, limit, log, s0, s1, s2, s3):
    """Events on a graph with keys, each written before the engine makes it; `first` is the number of the first."""
    none = np.empty(0)
    done = np.int64(0)
    w = 0.0
    while done < limit and winner_of(count, world.size) < 0:
        u, t0, t1, t2, t3 = drawn(s0, s1, s2, s3)
        if world.draws > 1:
            w, t0, t1, t2, t3 = drawn(t0, t1, t2, t3)
        place = u * world.size
        dead, parent = replace(
            u, place - np.int64(place), w, world.size, none, world.indptr, world.indices, none, key,
            world.keys.fitness, world.keys.payoff, world.pressure,
        )  # fmt: skip
        if parent != dead:
            turned = world.keys.holds[key[dead]] != world.keys.holds[key[parent]]
            enter(log, 4 * (first + done) + OWN, dead, parent, 1 if turned else 0)
        _done, _gained, s0, s1, s2, s3 = advance(world, key, count, np.int64(1), s0, s1, s2, s3)
        done += 1
    return done, s0, s1, s2, s3


@kernel
def watch_graph(
    world, strategy, count, key, helping, payoff, fitness, first, limit, log, own, source, turned, s0, s1, s2, s3
):
    """The same where payoffs are kept for each node; own, source, turned : scratch (N,), own is 0, 1, 2 ..."""
    none = np.empty(0)
    done = np.int64(0)
    w = 0.0
    while done < limit and winner_of(count, world.size) < 0:
        u, t0, t1, t2, t3 = drawn(s0, s1, s2, s3)
        if world.draws > 1:
            w, t0, t1, t2, t3 = drawn(t0, t1, t2, t3)
        place = u * world.size
        dead, parent = replace(
            u, place - np.int64(place), w, world.size, none, world.replacing_indptr, world.replacing_indices,
            world.replacing_weight, key, fitness, payoff, world.pressure,
        )  # fmt: skip
        if parent != dead:
            turns = strategy[dead] != strategy[parent]
            enter(log, 4 * (first + done) + OWN, dead, parent, 1 if turns else 0)
        if world.split > 0.0 and parent != dead:
            u, t0, t1, t2, t3 = drawn(t0, t1, t2, t3)
            if u < world.split:
                for i in range(world.size):
                    source[i] = own[i]
                take_over(source, dead // world.group_size, world.groups, world.group_size, t0, t1, t2, t3)
                for i in range(world.size):
                    ours = strategy[parent] if source[i] == dead else strategy[source[i]]
                    turned[i] = 1 if ours != strategy[i] else 0
                enter_all(log, 4 * (first + done) + GROUP, source, turned)
        _done, _gained, s0, s1, s2, s3 = advance(
            world, strategy, count, key, helping, payoff, fitness, np.int64(1), s0, s1, s2, s3
        )
        done += 1
    return done, s0, s1, s2, s3


def give(world: Running, individual: int, strategy: int) -> None:
    """Give an individual another strategy, by index; the run is its seed's own no more.

    Raises
    ------
    CoopError
        where the world does not permit it
    """
    if isinstance(world, EventWorld):
        world.assign(individual, strategy)
    elif isinstance(world, RoundWorld):
        if world.play._begun:
            raise CoopError("a strategy can be changed between two rounds; this one has begun")
        world.play.state.strategy[0, individual] = strategy
        world.reopen()
    else:
        raise CoopError("a strategy can be changed in worlds of ours; this is another kind of world")


class Watched:
    """A world whose replacements are logged; otherwise the same world.

    Parameters
    ----------
    world : a world on either clock that is to be watched from now on
    room  : replacements that are kept

    Raises
    ------
    CoopError
        where it cannot be told who copied whom
    """

    def __init__(self, world: Running, room: int = ROOM):
        self.world = world
        self.step = self._way(world)
        self.log = new_log(room)
        self.done = 0  # events or rounds since it is watched

    def _way(self, world: Running):
        scenario = getattr(world.play if isinstance(world, RoundWorld) else world, "scenario", None)
        if scenario is not None and scenario.update.mutation > 0:
            raise CoopError("update.mutation: whose strategy somebody carries is told only where nobody mutates")
        if isinstance(world, RoundWorld):
            if world.play.state.shape[0] > 1:
                raise CoopError("replicates: whose strategy somebody carries is told of one population, not of several")
            return self._round
        if not isinstance(world, EventWorld):
            raise CoopError("who copied whom can be told of worlds of ours; this is another kind of world")
        kind = world.process.kind
        if kind == "mixed":
            raise CoopError(
                "clock: on the event clock individuals of one strategy in a mixed population are alike, so who copied "
                "whom is not kept; clock = round tells them apart"
            )
        if len(world.second):
            raise CoopError("kin.pedigree: the two alleles of an individual have two lineages, which are not told")
        return {"graph": self._graph, "groups": self._groups, "generations": self._generation}[kind]

    def give(self, individual: int, strategy: int) -> None:
        """Give an individual another strategy, from outside; see :func:`give`."""
        give(self.world, individual, strategy)
        enter(self.log, 4 * self.done + HAND, individual, -1, 1)

    def _events(self) -> tuple[EventWorld, int]:
        world = self.world
        assert isinstance(world, EventWorld)
        return world, world.scenario.size - world.within

    def event(self) -> None:
        """One event alone, see ``EventWorld.event``."""
        world, _left = self._events()
        if world.process.kind == "generations":
            self.step()
            return
        at = (world.within + 1) % world.scenario.size
        self.step(1)
        world.within = at

    def _graph(self, limit: int | None = None) -> None:
        world, left = self._events()
        ready, size = world.process, world.process.world.size
        rule = world.scenario.update.kernels(world.scenario.payoff != "averaged").replace
        begun = self.done, limit or left, self.log
        if ready.keyed:
            loop = watch_keyed.using(replace=rule, advance=ready.advance)
            told = loop(ready.world, *world.changing, *begun, *world.stream)
        else:
            loop = watch_graph.using(replace=rule, advance=ready.advance)
            scratch = np.arange(size), np.empty(size, np.int64), np.empty(size, np.int8)
            told = loop(ready.world, *world.changing, *begun, *scratch, *world.stream)
        world.stream, world.within = words(told[-4:]), 0
        self.done += limit or left

    def _groups(self, limit: int | None = None) -> None:
        world, left = self._events()
        strategy, group, alive, _count, _payoff, fitness = world.changing
        read = world.process.world
        for _ in range(limit or left):
            name, before = np.arange(len(strategy)), strategy.copy()
            lived = alive.copy()
            newborn, *_rest = grow(
                name, group.copy(), alive.copy(), fitness.copy(), read.groups, read.group_size, read.split,
                *world.stream,
            )  # fmt: skip
            stream = world.stream
            world._happen(1)
            if stream != world.stream and newborn >= 0 and name[newborn] != newborn:
                turned = int(not lived[newborn] or before[newborn] != strategy[newborn])
                enter(self.log, 4 * self.done + OWN, int(newborn), int(name[newborn]), turned)
            self.done += 1
        world.within = 0

    def _generation(self) -> None:
        world, _left = self._events()
        before, stream = world.strategy.copy(), world.stream
        reached = np.empty(len(before))
        summed_up(world.changing[-1], reached)
        world.step()
        if world.stream != stream:
            read = world.process.world
            source = parents_of(len(before), reached, read.family, read.founders, stream)
            enter_all(self.log, 4 * self.done + OWN, source, (world.strategy != before).astype(np.int8))
        self.done += world.scenario.size

    def _round(self) -> None:
        world = self.world
        assert isinstance(world, RoundWorld)
        before = table_before(world)
        world.step()
        source = sources(world, before)
        after = world.play.state.strategy[0]
        enter_all(self.log, 4 * self.done + OWN, source, (after != before.strategy[0]).astype(np.int8))
        self.done += 1


class Before(NamedTuple):
    """The columns of a table that a learning step changes, before it; (1, N) each."""

    strategy: np.ndarray
    alive: np.ndarray
    group: np.ndarray


def table_before(world: RoundWorld) -> Before:
    """What has to be kept of the table to tell after a round who copied whom in it."""
    state = world.play.state
    return Before(state.strategy.copy(), state.alive.copy(), state.group.copy())


def sources(world: RoundWorld, before: Before) -> np.ndarray:
    """Whose strategy each individual carries after the round that is just over: int64 (N,), -1 where nobody lives.

    Raises
    ------
    CoopError
        if the learning step, done once more, does not lead to the table that is there, which was changed from outside
    """
    play = world.play
    state, size = play.state, play.scenario.size
    found = np.zeros(size, np.int64)
    for place in range(2 if size > DIGIT else 1):
        name = (np.arange(size) // DIGIT**place % DIGIT).astype(state.strategy.dtype)[None]
        play.learn(
            play.round - 1, play.dice, play._listed, *play._selection, name, before.alive.copy(), state.payoff.copy(),
            before.group.copy(), state.standing.copy(), state.opinion.copy(),
        )  # fmt: skip
        found += name[0].astype(np.int64) * DIGIT**place
    lives = state.alive[0] == 1
    if not np.array_equal(before.strategy[0][found][lives], state.strategy[0][lives]):
        raise CoopError("the strategies were changed from outside during this round, so who copied whom cannot be told")
    return np.where(lives, found, -1)


# ---------------------------------------------------------------------------- the way back


class Copied(NamedTuple):
    """One link of a lineage: at `time`, `place` took up the strategy of `parent`.

    time   : time steps (rounds, generations) done before it
    event  : its number within the generation, from 0; -1 on the round clock, and where groups take each other over
    parent : -1 where the strategy was given to `place` from outside
    turned : did the strategy of the place change by it?
    """

    time: int
    event: int
    place: int
    parent: int
    turned: bool


class Lineage(NamedTuple):
    """Where the strategy of an individual comes from.

    links   : from the last handing-on back to the first
    founder : the place where it stood first, as far as is known; -1 where it was given to somebody from outside
    since   : the time step from which on everything is known; 0 where `founder` is one of those who began
    """

    links: tuple[Copied, ...]
    founder: int
    since: int


@kernel
def trace(log, place, found):
    """The entries that lead back from `place`: int64 (M,) written; returns how many."""
    room = log.tick.shape[0]
    oldest = max(np.int64(0), log.end[0] - room)
    bound = np.int64(9223372036854775807)
    count = np.int64(0)
    for back in range(log.end[0] - oldest):
        at = (log.end[0] - 1 - back) % room
        if log.place[at] == place and log.tick[at] < bound:
            found[count] = at
            count += 1
            place = np.int64(log.parent[at])
            bound = log.tick[at]
    return count


def lineage(watched: Watched, individual: int) -> Lineage:
    """How the strategy of this individual came to it."""
    log, world = watched.log, watched.world
    rounds = not isinstance(world, EventWorld)
    size = world.scenario.size if isinstance(world, EventWorld) else 1
    found = np.empty(len(log.tick), np.int64)
    count = int(trace(log, individual, found))
    links = []
    for at in found[:count].tolist():
        tick = int(log.tick[at])
        within = -1 if rounds or tick % 4 != OWN else tick // 4 % size
        links.append(Copied(tick // 4 // size, within, int(log.place[at]), int(log.parent[at]), bool(log.turned[at])))
    since = 0 if log.complete else 1 + int(log.tick[int(log.end[0]) % len(log.tick)]) // 4 // size
    return Lineage(tuple(links), links[-1].parent if links else individual, since)
