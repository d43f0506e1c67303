"""Plain worlds: what two individuals do to each other follows from their strategies alone.

Where encounters last one turn, nothing fails, nobody's name depends on deeds and every strategy is
certain of what it does, a round needs no view, no memory and no dice but those of who meets whom and who
replaces whom. Such a world gives the same bytes as the same world asked turn by turn (``rounds.Play.ask``), because
payoffs are added up in the same order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import MEET, happens, thrown, uniform
from coop_abm.core.kernel import kernel
from coop_abm.engine.encounter import known_by_type, plus
from coop_abm.engine.groups import grow
from coop_abm.mechanisms.base import Answers
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies.table import BAD, GOOD, START, UNKNOWN, Repertoire
from coop_abm.structures.neighbours import random_neighbour

#: Rebound by ``Kernel.using``: how payoffs of a round are earned, and who replaces whom.
earn = learn = grow


#: Sums of more payoffs than these are added up one by one.
MOST_SUMMED = 24


class Plain(NamedTuple):
    """What meeting means in a plain world.

    felt : float (S, S), felt payoff of an encounter of one strategy (row) with another
    act  : int64 (S, S), what the one does to the other: 0 cooperates, 1 defects
    selves, accumulated : 1 if everybody meets itself as well; 1 if payoffs are sums and not means
    kept : 1 if payoffs are added to those of all rounds before
    sums : float (2, D, D) of two strategies on a graph without weights: what i meetings with the first and j with the
           second sum up to, for each of the two, i + j < D; (2, 0, 0) where rounding or weights forbid it
    """

    felt: np.ndarray
    act: np.ndarray
    selves: int
    accumulated: int
    kept: int
    sums: np.ndarray


def plain(scenario: Scenario, answers: Answers, rows: Repertoire) -> Plain | None:
    """What meeting means in this world, None if it is not plain."""
    if answers.fluid or answers.private or not answers.innate or answers.continuation > 0 or any(scenario.failing):
        return None
    if len(answers.indptr) == 0 and scenario.partners == "all":
        return None
    strategies, kin = len(rows.names), int(answers.family > 1)
    act = np.empty((strategies, strategies), np.int64)
    for s in range(strategies):
        for t in range(strategies):
            chance = set()
            for seen, share in ((int(rows.helper[t]), answers.visibility), (UNKNOWN, 1 - answers.visibility)):
                if share > 0:
                    chance.add(float(rows.cooperate[s, 0, START, seen, kin, GOOD if rows.helper[s] else BAD]))
            if chance not in ({0.0}, {1.0}):
                return None
            act[s, t] = 0 if chance == {1.0} else 1
    paid = 0.0 + scenario.game.payoffs()[act, act.T]
    felt, selves = paid + answers.relatedness * paid.T, int(scenario.update.meets_itself)
    sums: list[np.ndarray | None] = [None]
    if strategies == 2 and len(answers.weight) == 0 and scenario.partners == "all":
        most = min(int(np.diff(answers.indptr).max()) + selves, MOST_SUMMED)
        sums = [sums_in_any_order(row[0], row[1], most) for row in felt.tolist()]
    known = np.zeros((2, 0, 0)) if any(table is None for table in sums) else np.array(sums)
    return Plain(felt, act, selves, int(scenario.payoff == "accumulated"), int(scenario.update.adds_up), known)


def sums_in_any_order(first: float, second: float, most: int) -> np.ndarray | None:
    """float (most + 1, most + 1): the sum of i times the first and j times the second number, added one by one.

    None if rounding makes it depend on the order in which they are added.
    """
    sums = np.zeros((most + 1, most + 1))
    ways: dict[tuple[int, int], set[tuple[float, float]]] = {(0, 0): {(0.0, 0.0)}}
    for i in range(most + 1):
        for j in range(most + 1 - i):
            before = [(way, first) for way in ways.get((i - 1, j), ())]
            before += [(way, second) for way in ways.get((i, j - 1), ())]
            if before:
                ways[i, j] = {plus.function(*way, x) for way, x in before}
            found = {total + lost for total, lost in ways[i, j]}
            if len(found) > 1:
                return None
            sums[i, j] = found.pop()
    return sums


@kernel
def earn_from_all(t, dice, answers, plain, strategy, payoff, acts):
    """Everybody meets all neighbours, in their order, and itself among them where `selves` is 1."""
    weighted = answers.weight.shape[0] > 0
    indptr, indices, weight = answers.indptr, answers.indices, answers.weight
    felt, act, sums, selves = plain.felt, plain.act, plain.sums, plain.selves
    for k in range(strategy.shape[0]):
        held = strategy[k]
        helped = 0
        done = 0
        for i in range(answers.size):
            own = np.int64(held[i])
            near = indptr[i + 1] - indptr[i]
            total = float(near + selves)
            if near + selves < sums.shape[1]:
                others = np.int64(0)
                at = indptr[i]
                while (
                    at < indptr[i + 1] and others <= near
                ):  # always so; but it keeps the compiler from gathering by twos
                    others += np.int64(held[np.uint64(indices[at])])
                    at += 1
                helped += near - others * act[own, 1] - (near - others) * act[own, 0]
                others += selves * own
                earned = sums[own, near + selves - others, others]
            else:
                earned = 0.0
                lost = 0.0
                weights = 0.0
                waiting = selves == 1
                for at in range(indptr[i], indptr[i + 1]):
                    j = indices[at]
                    if waiting and j > i:
                        earned, lost = plus(earned, lost, felt[own, own])
                        weights += 1.0
                        waiting = False
                    w = weight[at] if weighted else 1.0
                    earned, lost = plus(earned, lost, w * felt[own, held[j]])
                    weights += w
                    helped += 1 - act[own, held[j]]
                if waiting:
                    earned, lost = plus(earned, lost, felt[own, own])
                    weights += 1.0
                earned += lost
                total = weights
            done += near + 2 * selves
            helped += 2 * selves * (1 - act[own, own])
            if plain.accumulated == 0 and total > 0.0:
                earned = earned / total
            payoff[k, i] = payoff[k, i] + earned if plain.kept == 1 else earned
        acts[k, 0] = helped
        acts[k, 1] = done


@kernel
def earn_from_one(t, dice, answers, plain, strategy, payoff, acts):
    """Everybody seeks one partner, as in :func:`~coop_abm.engine.encounter.seek`, and is paid for that."""
    n = answers.size
    felt, act = plain.felt, plain.act
    fair = dice.address.shape[0] == 0
    for k in range(strategy.shape[0]):
        key0, key1 = dice.keys[k, MEET, 0], dice.keys[k, MEET, 1]
        helped = 0
        done = 0
        for i in range(n):
            own = strategy[k, i]
            u = thrown(key0, key1, t, 0, i) if fair else uniform(dice, k, MEET, t, 0, i)
            j = random_neighbour(i, u, n, answers.indptr, answers.indices, answers.weight)
            if answers.assortment > 0.0 and happens(answers.assortment, dice, k, MEET, t, 1, i):
                j = np.int64(i)
            earned = 0.0
            if j >= 0:
                earned += felt[own, strategy[k, j]]
                helped += 2 - act[own, strategy[k, j]] - act[strategy[k, j], own]
                done += 2
            payoff[k, i] = payoff[k, i] + earned if plain.kept == 1 else earned
        acts[k, 0] = helped
        acts[k, 1] = done


@kernel
def count_holders(strategy, alive, count):
    """How many of the living hold each strategy? int64 (S,) written; strategy, alive : (N,)"""
    for s in range(count.shape[0]):
        count[s] = 0
    for i in range(strategy.shape[0]):
        if alive[i] == 1:
            count[strategy[i]] += 1


@kernel
def count_all(strategy, alive, count):
    """The same in each replicate: int64 (R, S) written; strategy, alive : (R, N)"""
    for k in range(strategy.shape[0]):
        count_holders(strategy[k], alive[k], count[k])


@kernel
def advance_plain(
    t, steps, dice, answers, listed, plain, helper, intensity, pressure, replacements, mutation,
    strategy, alive, payoff, group, standing, opinion, acts, counts,
):  # fmt: skip
    """Rounds t to t + steps - 1 of a plain world.

    listed : the answers as the update rule reads them (``rounds.Play._listed``)
    counts : int64 (R, steps, S) written, holders of each strategy after each round; the others as in ``State``
    """
    for step in range(steps):
        earn(t + step, dice, answers, plain, strategy, payoff, acts)
        learn(
            t + step, dice, listed, intensity, pressure, replacements, mutation,
            strategy, alive, payoff, group, standing, opinion,
        )  # fmt: skip
        for k in range(strategy.shape[0]):
            count_holders(strategy[k], alive[k], counts[k, step])
    known_by_type(alive, strategy, helper, standing)
