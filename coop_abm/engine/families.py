"""Who is born of whom where the whole population is replaced at once, into families or one by one.

Both clocks call these kernels; randomness is a stream of xoshiro256++ that the caller opened.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn
from coop_abm.core.kernel import kernel

# Pedigrees, in the order of ``mechanisms.kin.PEDIGREES``.
FOUNDERS, FULL_SIBS, HALF_SIBS, COUSINS = 0, 1, 2, 3


def families(family: int, size: int) -> np.ndarray:
    """int64 (N,): the family of each individual; (0,) where there are none."""
    return np.arange(size) // family if family > 1 else np.empty(0, np.int64)


@kernel
def summed_up(fitness, reached):
    """Write the sums of fitness up to and including each individual, float (N,)."""
    total = 0.0
    for i in range(fitness.shape[0]):
        total += fitness[i]
        reached[i] = total


@kernel
def parent_at(u, reached):
    """The individual at share u of the summed fitness, found by halving."""
    last = reached.shape[0] - 1
    target = u * reached[last]
    low = np.int64(0)
    high = np.int64(last)
    while low < high:
        middle = (low + high) // 2
        if target < reached[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def allele_of(i, strategy, second, s0, s1, s2, s3):
    """One of the two alleles of i, by a fair coin."""
    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
    return (strategy[i] if u < 0.5 else second[i]), s0, s1, s2, s3


@kernel
def breed(strategy, second, reached, family, founders, pedigree, child, child_second, s0, s1, s2, s3):
    """The next generation, family by family; parents are drawn with replacement from the whole population.

    Parameters
    ----------
    strategy, second : int64 (N,), alleles of the parents; `second` is (0,) where all are haploid
    reached  : float (N,), from :func:`summed_up`
    family, founders, pedigree : see ``Answers``; family 1 is everybody for itself
    child, child_second : int64 (N,) written

    References
    ----------
    Hamilton1964, Hamilton1970
    """
    elders = np.empty(founders, np.int64)
    for first in range(0, strategy.shape[0], family):
        mother = np.int64(0)
        father = np.int64(0)
        if pedigree == 0:
            for f in range(founders):
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                elders[f] = parent_at(u, reached)
        else:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            mother = parent_at(u, reached)
            if pedigree != 2:
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                father = parent_at(u, reached)
        for i in range(first, first + family):
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if pedigree == 0:
                child[i] = strategy[elders[np.int64(u * founders)]]
            elif pedigree == 1:
                child[i], s0, s1, s2, s3 = allele_of(mother, strategy, second, s0, s1, s2, s3)
                child_second[i], s0, s1, s2, s3 = allele_of(father, strategy, second, s0, s1, s2, s3)
            elif pedigree == 2:
                child[i], s0, s1, s2, s3 = allele_of(mother, strategy, second, s0, s1, s2, s3)
                father = parent_at(u, reached)
                child_second[i], s0, s1, s2, s3 = allele_of(father, strategy, second, s0, s1, s2, s3)
            else:  # one parent is a child of mother and father, the other comes from elsewhere
                v, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                grandparent = mother if v < 0.5 else father
                child[i], s0, s1, s2, s3 = allele_of(grandparent, strategy, second, s0, s1, s2, s3)
                outsider = parent_at(u, reached)
                child_second[i], s0, s1, s2, s3 = allele_of(outsider, strategy, second, s0, s1, s2, s3)
    return s0, s1, s2, s3


@kernel
def born_into_families(strategy, second, family, founders, pedigree, s0, s1, s2, s3):
    """The first families: those who were placed are their parents, each as likely as any other.

    Placed at random, mates would be strangers for one generation, and relatedness comes too late.
    """
    n = strategy.shape[0]
    reached = np.empty(n)
    child = np.empty(n, np.int64)
    child_second = np.empty(second.shape[0], np.int64)
    for i in range(n):
        reached[i] = i + 1.0
    s0, s1, s2, s3 = breed(strategy, second, reached, family, founders, pedigree, child, child_second, s0, s1, s2, s3)
    for i in range(n):
        strategy[i] = child[i]
    for i in range(second.shape[0]):
        second[i] = child_second[i]
    return s0, s1, s2, s3
