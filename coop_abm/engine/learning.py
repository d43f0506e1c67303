"""Who replaces whom, at the end of a round.

Four kernels of one form, of which :func:`learner` picks the one of a world: ``(t, dice, answers, intensity, pressure,
replacements, mutation, strategy, alive, payoff, group, standing, opinion)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import LEARN, MUTATE, SPLIT, happens, open_stream_at, thrown, uniform
from coop_abm.core.kernel import Kernel, kernel
from coop_abm.engine.encounter import clear_name
from coop_abm.engine.families import breed, summed_up
from coop_abm.engine.groups import grow, take_over
from coop_abm.mechanisms.base import Answers
from coop_abm.updates.base import Kernels, Update, other_than
from coop_abm.updates.imitation import source_of_the_best, source_of_the_first

#: Rebound to the kernels of an update rule by ``Kernel.using``.
replace = source = grow


class Mutation(NamedTuple):
    """What learners know of mutation.

    chance     : probability that somebody takes up another strategy, drawn uniformly
    in_turn    : 1 if whoever is replaced in turn may mutate at once, 0 if everybody may at the end of the round
    strategies : of the repertoire
    """

    chance: float
    in_turn: int
    strategies: int


def mutation_of(update: Update, strategies: int) -> Mutation:
    """What learners know of the mutation of this rule. Where all revise or are born, all may mutate."""
    in_turn = update.mutation_kind == "reproduction" and not update.synchronous
    return Mutation(update.mutation, int(in_turn), strategies)


@kernel
def mutate(t, turn, i, k, dice, mutation, strategy):
    """Perhaps individual i of replicate k takes up another strategy, drawn uniformly."""
    if happens(mutation.chance, dice, k, MUTATE, t, 2 * turn, i):
        u = uniform(dice, k, MUTATE, t, 2 * turn + 1, i)
        strategy[k, i] = other_than(strategy[k, i], u, mutation.strategies)


@kernel
def mutate_all(t, dice, mutation, strategy, alive):
    """At the end of a round each of the living may mutate."""
    if mutation.chance > 0.0 and mutation.in_turn == 0:
        for k in range(strategy.shape[0]):
            for i in range(strategy.shape[1]):
                if alive[k, i] == 1:
                    mutate(t, 0, i, k, dice, mutation, strategy)


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
def linear_fitness_of(payoff, alive, intensity, fitness):
    """In the place of :func:`fitness_of` where fitness is 1 + intensity x payoff."""
    for i in range(payoff.shape[0]):
        fitness[i] = 1.0 + intensity * payoff[i] if alive[i] == 1 else 0.0


@kernel
def no_fitness(payoff, alive, intensity, fitness):
    """In the place of :func:`fitness_of` where a rule compares payoffs: nothing is written."""


@kernel
def surrounded(i, indptr, indices, before):
    """Do all neighbours of i hold its strategy? On the complete graph nobody asks."""
    if indptr.shape[0] == 0:
        return False
    alike = True
    at = indptr[i]
    while alike and at < indptr[i + 1]:
        alike = before[indices[at]] == before[i]
        at += 1
    return alike


@kernel
def learn_together(t, dice, answers, intensity, pressure, strategy, alive, payoff, group):
    """Everybody revises at once, looking at the strategies of this round; takeovers follow.

    A takeover can follow each revision that takes up another individual's strategy. Where there are no
    groups it does not matter which of several equals is copied, so whoever has no other around it draws nothing.
    """
    n = answers.size
    fitness = np.empty(n)
    before = np.empty(n, np.int64)
    model = np.empty(n, np.int64)
    fair = dice.address.shape[0] == 0
    own = np.arange(n)  # payoffs are kept for each individual
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        for i in range(n):
            before[i] = strategy[k, i]
        key0, key1 = dice.keys[k, LEARN, 0], dice.keys[k, LEARN, 1]
        for i in range(n):
            if answers.groups == 1 and surrounded(i, answers.indptr, answers.indices, before):
                model[i] = i
                continue
            v = thrown(key0, key1, t, 0, i) if fair else uniform(dice, k, LEARN, t, 0, i)
            w = thrown(key0, key1, t, 1, i) if fair else uniform(dice, k, LEARN, t, 1, i)
            model[i] = source(
                i, v, w, n, answers.indptr, answers.indices, answers.weight, own, fitness, payoff[k], pressure
            )
            strategy[k, i] = before[model[i]]
        for i in range(n):
            if model[i] != i:
                overtake(t, 0, i, k, dice, answers, strategy, group)


@kernel
def learn_from_the_best(t, dice, answers, intensity, pressure, strategy, alive, payoff, group):
    """The same as :func:`learn_together` for imitation of the best on a graph without groups, with hardly a draw.

    Chance has a say only where neighbours of different strategies earned the same and most.
    """
    n = answers.size
    indptr, indices = answers.indptr, answers.indices
    nothing = np.empty(0)
    own = np.arange(n)  # payoffs are kept for each individual
    before = np.empty(n, np.int64)
    for k in range(strategy.shape[0]):
        earned = payoff[k]
        for i in range(n):
            before[i] = strategy[k, i]
        for i in range(n):
            best = earned[i]
            held = np.int64(-1)
            mixed = False
            for at in range(indptr[i], indptr[i + 1]):
                j = indices[at]
                if earned[j] > best:
                    best = earned[j]
                    held = before[j]
                    mixed = False
                elif earned[j] == best and held >= 0 and before[j] != held:
                    mixed = True
            if mixed:
                v = uniform(dice, k, LEARN, t, 0, i)
                j = source_of_the_best(i, v, 0.0, n, indptr, indices, answers.weight, own, nothing, earned, pressure)
                held = before[j]
            if held >= 0:
                strategy[k, i] = held


@kernel
def learn_from_the_first(t, dice, answers, intensity, pressure, strategy, alive, payoff, group):
    """The same as :func:`learn_together` where the first of those who earned most is copied, oneself last; no draws."""
    n = answers.size
    indptr, indices = answers.indptr, answers.indices
    before = np.empty(n, np.int16)
    for k in range(strategy.shape[0]):
        earned = payoff[k]
        for i in range(n):
            before[i] = strategy[k, i]
        for i in range(n):
            best = -math.inf
            first = np.uint64(i)
            for at in range(indptr[i], indptr[i + 1]):
                j = np.uint64(indices[at])
                more = earned[j] > best
                first = j if more else first
                best = earned[j] if more else best
            strategy[k, i] = before[i] if earned[i] > best else before[first]


@kernel
def learn_in_turn(
    t, dice, answers, intensity, pressure, replacements, mutation, strategy, alive, payoff, group, standing, opinion
):
    """Some individuals are replaced one after the other, by the payoffs of this round.

    A newcomer carries its parent's fitness for the rest of the round and starts with a good name.
    """
    n = answers.size
    fitness = np.empty(n)
    alone = np.empty(0)
    own = np.arange(n)  # payoffs are kept for each individual
    for k in range(strategy.shape[0]):
        fitness_of(payoff[k], alive[k], intensity, fitness)
        for r in range(replacements):
            u = uniform(dice, k, LEARN, t, r, 0)
            v = uniform(dice, k, LEARN, t, r, 1)
            w = uniform(dice, k, LEARN, t, r, 2)
            dead, parent = replace(
                u, v, w, n, alone, answers.indptr, answers.indices, answers.weight, own, fitness, payoff[k], pressure
            )
            if parent != dead:
                strategy[k, dead] = strategy[k, parent]
                fitness[dead] = fitness[parent]
                clear_name(k, dead, standing, opinion)
            if mutation.in_turn == 1:
                mutate(t, 1 + r, dead, k, dice, mutation, strategy)
            if parent != dead:
                overtake(t, 1 + r, dead, k, dice, answers, strategy, group)
    mutate_all(t, dice, mutation, strategy, alive)


@kernel
def overtake(t, turn, i, k, dice, answers, strategy, group):
    """After the replacement of i: does its group take over another one?"""
    if answers.groups > 1 and happens(answers.split, dice, k, SPLIT, t, 2 * turn, i):
        s0, s1, s2, s3 = open_stream_at(dice, k, SPLIT, t, 2 * turn + 1, i)
        take_over(strategy[k], np.int64(group[k, i]), answers.groups, answers.group_size, s0, s1, s2, s3)


@kernel
def grow_in_turn(
    t, dice, answers, intensity, pressure, replacements, mutation, strategy, alive, payoff, group, standing, opinion
):
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
                if mutation.in_turn == 1:
                    mutate(t, 1 + r, newborn, k, dice, mutation, strategy)
    mutate_all(t, dice, mutation, strategy, alive)


@kernel
def reproduce_together(
    t, dice, answers, intensity, pressure, replacements, mutation, strategy, alive, payoff, group, standing, opinion
):
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
    mutate_all(t, dice, mutation, strategy, alive)


@kernel
def revise_together(
    t, dice, answers, intensity, pressure, replacements, mutation, strategy, alive, payoff, group, standing, opinion
):
    """:func:`learn_together` in the form that all learners have."""
    learn_together(t, dice, answers, intensity, pressure, strategy, alive, payoff, group)
    mutate_all(t, dice, mutation, strategy, alive)


def learner(update: Update, rule: Kernels, answers: Answers) -> Kernel:
    """The kernel that says who replaces whom at the end of a round of this world."""
    mapped = {"fitness_of": linear_fitness_of} if update.linear else {}
    if update.generational or answers.fluid:
        found = reproduce_together if update.generational else grow_in_turn
        return found.using(**mapped) if mapped else found
    if update.synchronous and rule.source is not None:
        if rule.source is source_of_the_best and answers.groups == 1 and len(answers.indptr):
            return revise_together.using(learn_together=learn_from_the_best)
        even = len(answers.weight) == 0 and len(answers.indptr) > 0 and answers.groups == 1
        if rule.source is source_of_the_first and even:
            return revise_together.using(learn_together=learn_from_the_first)
        fitting = mapped if update.by_fitness else {"fitness_of": no_fitness}
        return revise_together.using(learn_together=learn_together.using(source=rule.source, **fitting))
    return learn_in_turn if rule.replace is None else learn_in_turn.using(replace=rule.replace, **mapped)
