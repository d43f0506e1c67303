"""What each individual did at the end of a round, told after it: whom it looked at, what chance said, what it did.

Every draw of the round clock has an address, so what the engine drew is drawn again here, and the rule's own kernel
says what follows from it. What is told is held against the table that the engine left.
"""

from __future__ import annotations

import functools

import numpy as np

from coop_abm.core.dice import LEARN, open_stream_at, uniform
from coop_abm.core.errors import CoopError
from coop_abm.engine.history import RoundWorld
from coop_abm.engine.learning import fitness_of, learn_in_turn, linear_fitness_of, no_fitness
from coop_abm.engine.lineage import Before, sources, table_before
from coop_abm.engine.rivals import Sites, the_first
from coop_abm.engine.rounds import Play
from coop_abm.engine.witness import Event, born, replacement
from coop_abm.updates.imitation import source_of_the_first


def take_round(world: RoundWorld) -> Round:
    """Let this world play one round, and be ready to tell what happened at its end.

    Raises
    ------
    CoopError
        where replicates stand side by side
    """
    if not isinstance(world, RoundWorld):
        raise CoopError("a round can be told on the round clock of a world of ours; this is another kind of world")
    if world.play.state.shape[0] > 1:
        raise CoopError("replicates: a round is told of one population, not of several")
    if world.play.scenario.update.mutation > 0:
        raise CoopError("update.mutation: what somebody did in a round is told only where nobody mutates")
    before = table_before(world)
    world.step()
    return Round(world, before)


class Round:
    """The round that is just over.

    Attributes
    ----------
    number  : rounds that were done before it
    source  : int64 (N,), whose strategy each individual carries now; -1 where nobody lives
    in_turn : did some individuals revise in turn? Otherwise all did at once
    count   : events that can be told: N where all revise at once, else the replacements of a round
    """

    def __init__(self, world: RoundWorld, before: Before):
        play: Play = world.play
        self.number = play.round - 1
        self.source = sources(world, before)
        self._play, self._before = play, before.strategy[0]
        self._after = play.state.strategy[0].copy()
        self._payoff = play.state.payoff[0].copy()
        self._alive = before.alive[0]
        update, answers = play.scenario.update, play.answers
        self._fluid, self._generational = bool(answers.fluid), update.generational
        self.in_turn = play.learn.function is learn_in_turn.function
        self.count = int(getattr(update, "replacements", 0)) if self.in_turn else play.scenario.size

    def of(self, individual: int) -> Event:
        """What this individual did, or what was done to it.

        Raises
        ------
        CoopError
            if nothing was, or it cannot be told
        """
        if not self.in_turn:
            return self.event(individual)
        for r, (dead, _parent) in enumerate(self._turns):
            if dead == individual:
                return self.event(r)
        raise CoopError(f"individual {individual} was not replaced in round {self.number + 1}")

    def event(self, r: int) -> Event:
        """Replacement r of this round, or what individual r did where all revise at once."""
        if not 0 <= r < self.count:
            raise CoopError(f"event: must lie in 0 to {self.count - 1}; got {r}")
        if self._fluid:
            raise CoopError("group.split: single births among groups that grow are told on the event clock")
        if self._generational:
            return self._born(r)
        if self.in_turn:
            return self._turn(r)
        return self._revision(r)

    def changed(self) -> list[int]:
        """The events by which a strategy changed, in order."""
        if self.in_turn:
            strategy, found = self._before.copy(), []
            for r, (dead, parent) in enumerate(self._turns):
                if strategy[dead] != strategy[parent]:
                    found.append(r)
                strategy[dead] = strategy[parent]
            return found
        return np.flatnonzero((self._before != self._after) & (self.source >= 0)).tolist()

    # ------------------------------------------------------------------------------------------- three ways

    def _sites(self, fitness: np.ndarray) -> Sites:
        play = self._play
        answers, scenario = play._listed, play.scenario
        summed = scenario.payoff == "accumulated" and scenario.partners == "all"
        return Sites(
            scenario.size, np.empty(0), answers.indptr, answers.indices, answers.weight, np.arange(scenario.size),
            fitness, self._payoff, play.pressure, summed,
        )  # fmt: skip

    def _fitness(self) -> np.ndarray:
        fitness = np.ones(len(self._payoff))
        update = self._play.scenario.update
        mapped = linear_fitness_of if update.linear else fitness_of
        reads = mapped if update.by_fitness else no_fitness
        reads.plain(self._payoff, self._alive, update.selection, fitness)
        return fitness

    def _draw(self, turn: int, row: int) -> float:
        with np.errstate(over="ignore"):
            return float(uniform.plain(self._play.dice, 0, LEARN, self.number, turn, row))

    def _revision(self, i: int) -> Event:
        """What i did, where all revise at once by the strategies and payoffs of the round."""
        play, sites = self._play, self._sites(self._fitness())
        v, w = self._draw(0, i), self._draw(1, i)
        rule = play.scenario.update.kernels(sites.summed)
        j = int(rule.source.plain(i, v, w, *_for_source(sites)))
        event = replacement(
            play.scenario.update.kind, _Known(i, j), sites, ((i + 0.5) / sites.size, v, w), self._before
        )
        if rule.source is source_of_the_first:
            rivals, shares = the_first(sites, i)
            event = event._replace(rivals=np.array(rivals), shares=np.array(shares))
        numbers = {name: number for name, number in event.numbers.items() if name != "drawn"}
        aftermath = ""
        if self._after[i] != event.after:
            aftermath = "Then another group took over this one, and its strategies with it."
        return event._replace(order="revision", at=i, of=self.count, numbers=numbers, aftermath=aftermath)

    @functools.cached_property
    def _turns(self) -> list[tuple[int, int]]:
        """(dead, parent) of each replacement in turn."""
        fitness = self._fitness()
        sites = self._sites(fitness)
        replace = self._play.scenario.update.kernels(sites.summed).replace
        assert replace is not None
        told = []
        for r in range(self.count):
            dead, parent = (int(site) for site in replace.plain(*self._draws(r), *sites.arguments))
            fitness[dead] = fitness[parent]
            told.append((dead, parent))
        return told

    def _draws(self, r: int) -> tuple[float, float, float]:
        return self._draw(r, 0), self._draw(r, 1), self._draw(r, 2)

    def _turn(self, r: int) -> Event:
        """Replacement r, after those before it: a newcomer carries its parent's fitness for the rest of the round."""
        fitness, strategy = self._fitness(), self._before.copy()
        update = self._play.scenario.update
        sites = self._sites(fitness)
        rule = update.kernels(sites.summed)
        for dead, parent in self._turns[:r]:
            strategy[dead], fitness[dead] = strategy[parent], fitness[parent]
        told = replacement(update.kind, rule.replace, sites, self._draws(r), strategy)
        return told._replace(at=r, of=self.count)

    def _born(self, i: int) -> Event:
        play = self._play
        answers = play.answers
        with np.errstate(over="ignore"):
            stream = open_stream_at.plain(play.dice, 0, LEARN, self.number, 0, 0)
        return born(
            play.scenario.update.kind, i, self._before, self._payoff, self._fitness(), answers.family,
            answers.founders, stream,
        )  # fmt: skip


class _Known:
    """In the place of a rule's kernel, where it was asked already."""

    def __init__(self, dead: int, parent: int):
        self._event = dead, parent

    def plain(self, *_read: object) -> tuple[int, int]:
        """What it said."""
        return self._event


def _for_source(sites: Sites) -> tuple:
    """What the source of a rule takes after i, v and w: everything but the heads of strategies."""
    size, _heads, *rest = sites.arguments
    return size, *rest
