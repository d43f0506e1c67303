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


class Plain(NamedTuple):
    """What meeting means in a plain world.

    felt : float (S, S), felt payoff of an encounter of one strategy (row) with another
    act  : int64 (S, S), what the one does to the other: 0 cooperates, 1 defects
    selves, accumulated : 1 if everybody meets itself as well; 1 if payoffs are sums and not means
    kept : 1 if payoffs are added to those of all rounds before
    """

    felt: np.ndarray
    act: np.ndarray
    selves: int
    accumulated: int
    kept: int


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
    return Plain(
        paid + answers.relatedness * paid.T, act, int(scenario.update.meets_itself),
        int(scenario.payoff == "accumulated"), int(scenario.update.adds_up),
    )  # fmt: skip


@kernel
def earn_from_all(t, dice, answers, plain, strategy, payoff, acts):
    """Everybody meets all neighbours, in their order, and itself among them where `selves` is 1."""
    weighted = answers.weight.shape[0] > 0
    indptr, indices, weight, felt, act = answers.indptr, answers.indices, answers.weight, plain.felt, plain.act
    for k in range(strategy.shape[0]):
        helped = 0
        done = 0
        for i in range(answers.size):
            own = strategy[k, i]
            earned = 0.0
            lost = 0.0
            total = 0.0
            waiting = plain.selves == 1
            for at in range(indptr[i], indptr[i + 1]):
                j = indices[at]
                if waiting and j > i:
                    earned, lost = plus(earned, lost, felt[own, own])
                    total += 1.0
                    waiting = False
                w = weight[at] if weighted else 1.0
                earned, lost = plus(earned, lost, w * felt[own, strategy[k, j]])
                total += w
                helped += 1 - act[own, strategy[k, j]]
            if waiting:
                earned, lost = plus(earned, lost, felt[own, own])
                total += 1.0
            earned += lost
            done += indptr[i + 1] - indptr[i] + 2 * plain.selves
            helped += 2 * plain.selves * (1 - act[own, own])
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
def advance_plain(
    t, steps, dice, answers, plain, helper, intensity, pressure, replacements,
    strategy, alive, payoff, group, standing, opinion, acts, counts,
):  # fmt: skip
    """Rounds t to t + steps - 1 of a plain world.

    counts : int64 (R, steps, S) written, holders of each strategy after each round; the others as in ``State``
    """
    for step in range(steps):
        earn(t + step, dice, answers, plain, strategy, payoff, acts)
        learn(
            t + step, dice, answers, intensity, pressure, replacements,
            strategy, alive, payoff, group, standing, opinion,
        )  # fmt: skip
        for k in range(strategy.shape[0]):
            count_holders(strategy[k], alive[k], counts[k, step])
    known_by_type(alive, strategy, helper, standing)
