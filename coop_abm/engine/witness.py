"""One replacement in numbers: who is replaced, who competes for the place, what chance said, who won.

:func:`foresee` tells the next event of a world on the event clock without moving it: from the same state, the same
random numbers and the same kernel that the engine is about to use. ``EventWorld.event`` then makes it happen. What
happens in a round is told afterwards (``revisions.py``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.errors import CoopError
from coop_abm.engine.demes import sole_survivor
from coop_abm.engine.families import breed, parent_at, summed_up
from coop_abm.engine.groups import grow, take_over
from coop_abm.engine.history import EventWorld
from coop_abm.engine.individuals import words
from coop_abm.engine.mixed import weigh
from coop_abm.engine.rivals import Sites, drawn_first, telling
from coop_abm.engine.world import winner_of
from coop_abm.structures.neighbours import random_neighbour


class Event(NamedTuple):
    """One replacement.

    rule   : kind of the update rule
    order  : "death" (who dies is drawn first, others compete for the place), "revision" (who revises is drawn first),
             "birth" (who has offspring is drawn first), "group" (the same among groups that grow), "parent" (all are
             replaced at once, and this is one of them)
    mixed  : whether sites are strategies of a mixed population and not individuals
    first  : the site drawn first
    odds   : float (sites,), how likely each was to be drawn first
    rivals : int (m,), sites that compete then; `shares`, float (m,): how likely each is to win, summing to 1
    payoff, fitness : float (m,), of the rivals, as the rule's kernel reads them
    chosen : who won among the rivals
    model, chance : under rules that compare two, whom `first` looked at, and how likely it was to copy it; -1, nan
    dead, parent : whose strategy is replaced, and whose it is replaced with; -1 where nobody's is
    before, after : strategies of `dead`, by index; -1 where nobody lived there
    numbers : the random numbers that decided, in [0, 1), by what they decided
    at, of  : events of this generation (or replacements of this round) before this one, and in all
    aftermath : what happened to groups, in words
    """

    rule: str
    order: str
    mixed: bool
    first: int
    odds: np.ndarray
    rivals: np.ndarray
    shares: np.ndarray
    payoff: np.ndarray
    fitness: np.ndarray
    chosen: int
    model: int
    chance: float
    dead: int
    parent: int
    before: int
    after: int
    numbers: dict[str, float]
    at: int
    of: int
    aftermath: str = ""


def foresee(world: EventWorld) -> Event:
    """The next event of this world, which does not move.

    Raises
    ------
    CoopError
        if all agree, so that nothing can happen, or the whole population is replaced at once (:func:`parent_of`)
    """
    check_events(world)
    kind = world.process.kind
    if kind == "generations":
        raise CoopError(
            "update = wright_fisher: there are no single events, because all are replaced at once; choose an "
            "individual to see its parent"
        )
    return _birth_in_groups(world) if kind == "groups" else _replacement(world)


def check_events(world: object) -> None:
    """Refuse a world of which no event can be told, in a sentence."""
    if not isinstance(world, EventWorld):
        raise CoopError("single events can be told on the event clock of a world of ours, and this is another kind")
    if world.scenario.update.mutation > 0:
        raise CoopError("update.mutation: single events are told only where nobody mutates")
    ready = world.process
    if ready.kind == "groups":
        over = int(sole_survivor.plain(world.changing[0], world.changing[2])) >= 0
    else:
        over = int(winner_of.plain(world.count, int(world.count.sum()))) >= 0
    if over:
        raise CoopError("only one strategy is left, so nothing more can happen")


def sites_of(world: EventWorld) -> Sites:
    """What the update rule reads in the next event."""
    ready, columns, none = world.process, world.changing, np.empty(0)
    read, summed = ready.world, world.scenario.payoff != "averaged"
    if ready.kind == "mixed":
        count = columns[0]
        s = len(count)
        heads, weight, payoff, fitness = np.empty(s), np.empty(s * s), np.empty(s), np.empty(s)
        weigh.plain(count, read, np.arange(s), heads, weight, payoff, fitness)
        indptr, indices = np.arange(s + 1) * s, np.tile(np.arange(s), s)
        return Sites(s, heads, indptr, indices, weight, np.arange(s), fitness, payoff, read.pressure, summed)
    if ready.keyed:
        around, keys = (read.indptr, read.indices, none), read.keys
        return Sites(read.size, none, *around, columns[0], keys.fitness, keys.payoff, read.pressure, summed)
    _strategy, _count, key, _helping, payoff, fitness = columns
    around = (read.replacing_indptr, read.replacing_indices, read.replacing_weight)
    return Sites(read.size, none, *around, key, fitness, payoff, read.pressure, summed)


def _replacement(world: EventWorld) -> Event:
    """The next event of a mixed population, or on a graph."""
    scenario, ready = world.scenario, world.process
    mixed, sites = ready.kind == "mixed", sites_of(world)
    with np.errstate(over="ignore"):  # random words wrap around by design
        u, *stream = drawn.plain(*world.stream)
        v, w = u * sites.size - int(u * sites.size), 0.0
        if mixed:
            v, *stream = drawn.plain(*stream)
        if mixed or ready.world.draws > 1:
            w, *stream = drawn.plain(*stream)
    rule = scenario.update.kernels(sites.summed)
    strategies = np.arange(sites.size) if mixed else world.strategy
    event = replacement(scenario.update.kind, rule.replace, sites, (float(u), float(v), float(w)), strategies)
    event = event._replace(mixed=mixed, at=world.within, of=scenario.size)
    if ready.world.split > 0.0 and event.parent != event.dead and not mixed:
        return event._replace(aftermath=_taken_over(world, event.dead, words(stream)))
    return event


def replacement(kind: str, replace, sites: Sites, numbers: tuple[float, float, float], strategies: np.ndarray) -> Event:
    """The event that a rule makes of these random numbers u, v and w; `strategies` are those of sites."""
    told, (u, v, w) = telling(kind), numbers
    dead, parent = (int(site) for site in replace.plain(u, v, w, *sites.arguments))
    birth = told.order == "birth"
    first, chosen = (parent, dead) if birth else (dead, parent)
    rivals, shares = told.rivals(sites, first)
    model, chance = -1, float("nan")
    said = {"drawn": u, "won": w if birth else v}
    if told.chance is not None:
        model = _compared(sites, first, v)
        chance = told.chance(sites, first, model) if model >= 0 else 0.0
        said = {"drawn": u, "compared": v, "copied": w}
    return Event(
        kind, told.order, False, first, drawn_first(sites, told.order), np.array(rivals), np.array(shares),
        np.array([sites.earned(j) for j in rivals]), np.array([sites.fit(j) for j in rivals]), chosen, model, chance,
        dead, parent, int(strategies[dead]), int(strategies[parent]), said, 0, 1,
    )  # fmt: skip


def _compared(sites: Sites, i: int, v: float) -> int:
    return int(random_neighbour.plain(i, v, sites.size, sites.indptr, sites.indices, sites.weight))


def _taken_over(world: EventWorld, dead: int, stream) -> str:
    """What the group of the one who was replaced does then."""
    read = world.process.world
    with np.errstate(over="ignore"):
        u, *stream = drawn.plain(*stream)
        if u >= read.split:
            return ""
        home = dead // read.group_size
        other, *_stream = take_over.plain(world.strategy.copy(), home, read.groups, read.group_size, *words(stream))
    return f"Then group {home} takes over group {int(other)}, and all of its strategies with it."


def _birth_in_groups(world: EventWorld) -> Event:
    """The next birth among groups that grow, split and go under."""
    strategy, group, alive, _count, payoff, fitness = world.changing
    read, living = world.process.world, alive == 1
    odds = np.where(living, fitness, 0.0)
    odds = odds / odds.sum()
    # The birth itself, on copies in which everybody is called by its row.
    name, home_of, lives = np.arange(len(strategy)), group.copy(), alive.copy()
    with np.errstate(over="ignore"):
        u = float(drawn.plain(*world.stream)[0])
        newborn, home, other, *_stream = grow.plain(
            name, home_of, lives, fitness.copy(), read.groups, read.group_size, read.split, *world.stream
        )
    newborn, home, other = int(newborn), int(home), int(other)
    members = np.flatnonzero(living & (group == home))
    parent = int(name[newborn]) if newborn >= 0 else _first_reached(np.where(living, fitness, 0.0), u)
    full = len(members) >= read.group_size
    joins = newborn >= 0 and not (living[newborn] and group[newborn] == home)
    # Who may have to go: of a full group that does not divide, everybody and the newborn (-1), each as likely.
    rivals = [*members.tolist(), -1] if full and other < 0 else [newborn]
    if other >= 0:
        after = f"Group {home} was full and divides; group {other} goes under to make room."
    elif joins:
        after = f"Group {home} has room, so nobody has to go."
    elif newborn < 0:
        after = f"Group {home} is full; of its members and the newborn the newborn itself has to go."
    else:
        after = f"Group {home} is full; one of its members has to go."
    dead = -1 if joins or newborn < 0 or other >= 0 else newborn
    held = [j if j >= 0 else parent for j in rivals]
    return Event(
        world.scenario.update.kind, "group", False, parent, odds, np.array(rivals),
        np.full(len(rivals), 1 / len(rivals)), payoff[held], fitness[held], newborn, -1, float("nan"), dead, parent,
        int(strategy[dead]) if dead >= 0 else -1, int(strategy[parent]), {"drawn": u}, world.within,
        world.scenario.size, after,
    )  # fmt: skip


def parent_of(world: EventWorld, individual: int) -> Event:
    """Whose offspring takes the place of this individual in the next generation of a Wright-Fisher world.

    Raises
    ------
    CoopError
        where individuals carry two alleles, or the population is not replaced at once
    """
    check_events(world)
    if world.process.kind != "generations":
        raise CoopError("update: only where all are replaced at once has everybody a parent in each generation")
    if len(world.second):
        raise CoopError("kin.pedigree: an individual of two alleles has two parents; founders have one")
    strategy, _second, _count, payoff, fitness = world.changing
    read = world.process.world
    return born(
        world.scenario.update.kind, individual, strategy, payoff, fitness, read.family, read.founders, world.stream
    )


def born(kind, i, strategy, payoff, fitness, family, founders, stream) -> Event:
    """The parent of place i, where all places are filled at once from this stream; see ``families.breed``."""
    n = len(strategy)
    reached = np.empty(n)
    summed_up.plain(fitness, reached)
    parents = parents_of(n, reached, family, founders, stream)
    first = (i // family) * (founders + family)  # a family draws its founders first, then one of them for each member
    with np.errstate(over="ignore"):
        for _ in range(first):
            _u, *stream = drawn.plain(*stream)
        draws = []
        for _ in range(founders + i % family + 1):
            u, *stream = drawn.plain(*stream)
            draws.append(float(u))
    which = int(draws[-1] * founders)
    shares = fitness / reached[-1]
    return Event(
        kind, "parent", False, i, np.full(n, 1 / n), np.arange(n), shares, payoff.copy(), fitness.copy(),
        int(parents[i]), -1, float("nan"), i, int(parents[i]), int(strategy[i]), int(strategy[parents[i]]),
        {"won": draws[which]}, i, n,
    )  # fmt: skip


def parents_of(n: int, reached: np.ndarray, family: int, founders: int, stream) -> np.ndarray:
    """int64 (n,): whose offspring each place is filled with; the kernel that breeds, told everybody's number."""
    child, nothing = np.empty(n, np.int64), np.empty(0, np.int64)
    breed(np.arange(n), nothing, reached, family, founders, 0, child, nothing, *stream)
    return child


def _first_reached(strength: np.ndarray, u: float) -> int:
    reached = np.empty(len(strength))
    summed_up.plain(strength, reached)
    return int(parent_at.plain(u, reached))
