"""Who replaces whom, at the end of a round."""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core.dice import LEARN, SPLIT, happens, open_stream_at, uniform
from coop_abm.core.kernel import kernel
from coop_abm.engine.encounter import clear_name
from coop_abm.engine.families import breed, summed_up
from coop_abm.engine.groups import grow, take_over

#: Rebound to the kernels of an update rule by ``Kernel.using``.
replace = source = grow


@kernel
def fitness_of(payoff, alive, intensity, fitness):
    """Fitness exp(intensity x payoff), measured from the richest so that it cannot overflow.

    payoff, alive : (N,) of one replicate; fitness : float (N,) written
    """
    best = -math.inf
    for i in range(payoff.shape[0]):
        if alive[i] == 1 and payoff[i] > best:
            best = payoff[i]
    for i in range(payoff.shape[0]):
        fitness[i] = math.exp(intensity * (payoff[i] - best)) if alive[i] == 1 else 0.0


@kernel
def learn_together(t, dice, answers, intensity, pressure, strategy, alive, payoff, group):
    """Everybody revises at once, looking at the strategies of this round; takeovers follow.

    A takeover can follow each revision that takes up another individual's strategy.
    """
    n = answers.size
    fitness = np.empty(n)
    before = np.empty(n, np.int64)
    model = np.empty(n, np.int64)
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        for i in range(n):
            before[i] = strategy[k, i]
        for i in range(n):
            v = uniform(dice, k, LEARN, t, 0, i)
            w = uniform(dice, k, LEARN, t, 1, i)
            model[i] = source(i, v, w, n, answers.indptr, answers.indices, answers.weight, fitness, payoff[k], pressure)
            strategy[k, i] = before[model[i]]
        for i in range(n):
            if model[i] != i:
                overtake(t, 0, i, k, dice, answers, strategy, group)


@kernel
def learn_in_turn(
    t, dice, answers, intensity, pressure, replacements, strategy, alive, payoff, group, standing, opinion
):
    """Some individuals are replaced one after the other, by the payoffs of this round.

    A newcomer carries its parent's fitness for the rest of the round and starts with a good name.
    """
    n = answers.size
    fitness = np.empty(n)
    alone = np.empty(0)
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        for r in range(replacements):
            u = uniform(dice, k, LEARN, t, r, 0)
            v = uniform(dice, k, LEARN, t, r, 1)
            w = uniform(dice, k, LEARN, t, r, 2)
            dead, parent = replace(
                u, v, w, n, alone, answers.indptr, answers.indices, answers.weight, fitness, payoff[k], pressure
            )
            if parent != dead:
                strategy[k, dead] = strategy[k, parent]
                fitness[dead] = fitness[parent]
                clear_name(k, dead, standing, opinion)
                overtake(t, 1 + r, dead, k, dice, answers, strategy, group)


@kernel
def overtake(t, turn, i, k, dice, answers, strategy, group):
    """After the replacement of i: does its group take over another one?"""
    if answers.groups > 1 and happens(answers.split, dice, k, SPLIT, t, 2 * turn, i):
        s0, s1, s2, s3 = open_stream_at(dice, k, SPLIT, t, 2 * turn + 1, i)
        take_over(strategy[k], np.int64(group[k, i]), answers.groups, answers.group_size, s0, s1, s2, s3)


@kernel
def grow_in_turn(t, dice, answers, intensity, replacements, strategy, alive, payoff, group, standing, opinion):
    """Some births, one after the other, in groups that grow and split."""
    fitness = np.empty(answers.size)
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        for r in range(replacements):
            s0, s1, s2, s3 = open_stream_at(dice, k, LEARN, t, r, 0)
            newborn, _home, _other, s0, s1, s2, s3 = grow(
                strategy[k], group[k], alive[k], fitness,
                answers.groups, answers.group_size, answers.split, s0, s1, s2, s3,
            )  # fmt: skip
            if newborn >= 0:
                clear_name(k, newborn, standing, opinion)


@kernel
def reproduce_together(t, dice, answers, intensity, strategy, alive, payoff, standing, opinion):
    """Everybody is replaced at once by offspring of parents drawn from the whole population."""
    n = answers.size
    fitness = np.empty(n)
    reached = np.empty(n)
    parents = np.empty(n, np.int64)
    nothing = np.empty(0, np.int64)
    child = np.empty(n, np.int64)
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        summed_up(fitness, reached)
        for i in range(n):
            parents[i] = strategy[k, i]
        s0, s1, s2, s3 = open_stream_at(dice, k, LEARN, t, 0, 0)
        breed(parents, nothing, reached, answers.family, answers.founders, 0, child, nothing, s0, s1, s2, s3)
        for i in range(n):
            strategy[k, i] = child[i]
            clear_name(k, i, standing, opinion)
