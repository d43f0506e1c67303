"""Image scoring: help goes to those who have helped others, generation by generation [NowakSigmund1998].

In each generation pairs of a donor and a recipient are drawn. A donor of strategy k helps if and only if the
recipient's score is at least k; helping raises the donor's score by one, refusing lowers it. Payoffs become
offspring, all scores start from 0 again, and now and then an offspring has a strategy of its own.

Kernels count scores and strategies from 0: score index = score + 5, strategy index = k + 5, so that the rule
stays "score >= k". Members of one strategy are interchangeable when they breed, so payoffs are summed by
strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from pydantic import model_validator

from coop_abm.core.dice import drawn, open_stream, stream_base
from coop_abm.core.errors import InputError
from coop_abm.core.kernel import engine, kernel
from coop_abm.core.part import Part, knob
from coop_abm.core.workers import in_parts

#: Scores lie in [-5, 5]; strategies k from -5 (always helps) to 6 (never does).
LOWEST, HIGHEST = -5, 5
STRATEGIES = np.arange(LOWEST, HIGHEST + 2)
KINDS = len(STRATEGIES)
#: Everybody starts at 0.
START = np.int64(-LOWEST)
TOP = np.int64(HIGHEST - LOWEST)
#: A donor's score in the eyes of somebody, and the generation in which it was seen, are one number.
STAMP = np.int64(16)

#: Individuals at most, so observers at most too.
LARGEST = 10_000
#: Interactions of one call of a kernel: a fraction of a second.
LONGEST = 10_000_000


class ScoringSociety(Part):
    """A population whose members know each other by image score.

    References
    ----------
    NowakSigmund1998
    """

    title = "image scoring"
    references = ("NowakSigmund1998",)

    size: int = knob(100, "individuals", low=3, high=LARGEST, step=1)
    interactions: int = knob(125, "interactions per generation", low=1, high=10_000_000, step=1)
    benefit: float = knob(1.0, "benefit b", low=0, high=1e6, step=0.1, help="what a recipient gets")
    cost: float = knob(0.1, "cost c", low=0, high=1e6, step=0.01, help="what helping costs")
    endowment: float = knob(
        0.1, "endowment", low=0, high=1e6, step=0.01,
        help="added to both payoffs in each interaction, so that none is negative",
    )  # fmt: skip
    mutation: float = knob(0.001, "mutation", low=0, high=1, step=0.001, help="an offspring draws any strategy")
    observers: int = knob(
        LARGEST, "observers", low=0, high=LARGEST, step=1,
        help="how many outsiders, drawn at random, see an interaction besides the recipient; all if there are fewer",
    )  # fmt: skip

    @model_validator(mode="after")
    def _possible(self) -> ScoringSociety:
        if self.endowment < self.cost:
            raise ValueError(f"endowment: must be at least the cost, or payoffs are negative; got {self.endowment:g}")
        return self

    def rules(self) -> Rules:
        """The numbers that kernels read."""
        return Rules(
            self.size, self.interactions, float(self.benefit), float(self.cost), float(self.endowment),
            float(self.mutation), -1 if self.observers >= self.size - 2 else self.observers,
        )  # fmt: skip


class Rules(NamedTuple):
    """What the kernels of a society read; `observers` is -1 where everybody sees everything."""

    size: int
    interactions: int
    benefit: float
    cost: float
    endowment: float
    mutation: float
    observers: int


class Images(NamedTuple):
    """What was recorded of a society, in blocks of generations.

    generation  : int64 (T,), the first generation of each block
    cooperation : float (R, T), share of interactions in which help was given
    share       : float (R, T, 12), share of each strategy, in the order of `STRATEGIES`
    """

    generation: np.ndarray
    cooperation: np.ndarray
    share: np.ndarray

    @property
    def mean_k(self) -> np.ndarray:
        """float (R, T): the mean strategy."""
        return self.share @ STRATEGIES


@kernel
def meet_in_public(rules, strategy, score, earned, s0, s1, s2, s3):
    """The interactions of one generation in which everybody knows all scores.

    score  : int64 (N,), written
    earned : float (12,), payoffs summed by strategy, written

    Returns
    -------
    helped : how many donors helped
    s0, s1, s2, s3 : the stream
    """
    n = rules.size
    for i in range(n):
        score[i] = START
    for s in range(earned.shape[0]):
        earned[s] = 0.0
    helped = np.int64(0)
    for _ in range(rules.interactions):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        # One number draws both: its whole part the donor, what is left of it the recipient.
        place = u * n
        donor = np.int64(place)
        recipient = np.int64((place - donor) * (n - 1))
        if recipient >= donor:
            recipient += 1
        k = strategy[donor]
        gives = score[recipient] >= k
        earned[k] += rules.endowment - rules.cost if gives else rules.endowment
        earned[strategy[recipient]] += rules.endowment + rules.benefit if gives else rules.endowment
        moved = score[donor] + 1 if gives else score[donor] - 1
        score[donor] = min(max(moved, 0), TOP)
        helped += 1 if gives else 0
    return helped, s0, s1, s2, s3


@kernel
def meet_in_private(rules, generation, strategy, image, order, earned, s0, s1, s2, s3):
    """The interactions of one generation of which each is seen by the recipient and by some others.

    image : int64 (N x N,), what i thinks of j at i N + j, with the stamp of the generation it is of; a stamp of
            before means that nothing is known of j, which counts as a score of 0
    order : int64 (N,), any order of all, changed: its front is a random sample
    earned, and what is returned : see :func:`meet_in_public`
    """
    n = rules.size
    stamp = STAMP * (generation + 1)
    for s in range(earned.shape[0]):
        earned[s] = 0.0
    helped = np.int64(0)
    for _ in range(rules.interactions):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        place = u * n
        donor = np.int64(place)
        recipient = np.int64((place - donor) * (n - 1))
        if recipient >= donor:
            recipient += 1
        k = strategy[donor]
        seen = image[donor * n + recipient] - stamp
        gives = (seen if seen >= 0 else START) >= k
        earned[k] += rules.endowment - rules.cost if gives else rules.endowment
        earned[strategy[recipient]] += rules.endowment + rules.benefit if gives else rules.endowment
        helped += 1 if gives else 0
        left = rules.observers
        at = 0
        watcher = recipient
        while True:
            seen = image[watcher * n + donor] - stamp
            if seen < 0:
                seen = START
            moved = seen + 1 if gives else seen - 1
            image[watcher * n + donor] = stamp + min(max(moved, 0), TOP)
            if left == 0:
                break
            left -= 1
            watcher = donor
            while watcher in (donor, recipient):
                there = np.int64(at)
                if rules.observers < n - 2:
                    u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                    there += np.int64(u * (n - at))
                watcher = order[there]
                order[there] = order[at]
                order[at] = watcher
                at += 1
    return helped, s0, s1, s2, s3


@kernel
def breed(rules, strategy, count, earned, s0, s1, s2, s3):
    """Offspring in proportion to payoff, whoever earns nothing leaving none; where nobody earned, by heads.

    strategy : int64 (N,), written; count : int64 (12,), heads of each strategy, written
    """
    kinds = count.shape[0]
    passed = np.empty(kinds)
    before = 0.0
    for s in range(kinds):
        before += earned[s]
        passed[s] = before
    if before <= 0.0:
        for s in range(kinds):
            before += count[s]
            passed[s] = before
    last = 0
    for s in range(kinds):
        if passed[s] < before:
            last = s + 1
        count[s] = 0
    faithful = 1.0 - rules.mutation
    for i in range(strategy.shape[0]):
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        chosen = np.int64(0)
        if u < rules.mutation:
            chosen = np.int64(u / rules.mutation * kinds)
        else:
            target = (u - rules.mutation) / faithful * before
            for s in range(kinds - 1):
                if target >= passed[s]:
                    chosen += 1
            chosen = min(chosen, np.int64(last))
        strategy[i] = chosen
        count[chosen] += 1
    return s0, s1, s2, s3


@kernel
def advance_images(rules, strategy, order, every, cooperation, share, s0, s1, s2, s3):
    """Generations of one society, `every` of them to a row of what is recorded.

    Parameters
    ----------
    strategy, order : int64 (N,), changed in place; see :func:`meet_in_private`
    cooperation : float (T,), share : float (T, 12), written
    """
    kinds = share.shape[1]
    size = rules.size
    public = rules.observers < 0
    count = np.zeros(kinds, np.int64)
    for i in range(size):
        count[strategy[i]] += 1
    earned = np.empty(kinds)
    score = np.empty(size, np.int64)
    image = np.zeros(0 if public else size * size, np.int64)
    heads = np.empty(kinds, np.int64)
    for row in range(cooperation.shape[0]):
        helped = np.int64(0)
        for s in range(kinds):
            heads[s] = 0
        for t in range(every):
            for s in range(kinds):
                heads[s] += count[s]
            if public:
                gave, s0, s1, s2, s3 = meet_in_public(rules, strategy, score, earned, s0, s1, s2, s3)
            else:
                gave, s0, s1, s2, s3 = meet_in_private(
                    rules, row * every + t, strategy, image, order, earned, s0, s1, s2, s3
                )
            helped += gave
            s0, s1, s2, s3 = breed(rules, strategy, count, earned, s0, s1, s2, s3)
        cooperation[row] = helped / (rules.interactions * every)
        for s in range(kinds):
            share[row, s] = heads[s] / (size * every)
    return s0, s1, s2, s3


def images(
    society: ScoringSociety,
    generations: int,
    *,
    replicates: int = 1,
    every: int = 1,
    seed: int = 0,
    cell: tuple[int, ...] = (),
    start: np.ndarray | None = None,
    progress: Callable[[float], None] | None = None,
) -> Images:
    """Let replicates of a society live for so many generations, on all cores.

    Parameters
    ----------
    every : generations averaged into one row; it must divide `generations`
    cell  : numbers that set the streams of this measurement apart from others under one seed
    start : int (N,), the strategy k of each individual at the start; drawn uniformly from all if left out
    progress : called with the share of the work that is done

    Raises
    ------
    InputError
        if a number is not a positive whole number, `every` does not divide, or `start` is no list of strategies
    """
    for name, value in (("generations", generations), ("replicates", replicates), ("every", every)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1; got {value!r}")
    if generations % every:
        raise InputError(f"every must divide generations; got {every} and {generations}")
    rules, rows = society.rules(), generations // every
    strategy = np.empty((replicates, rules.size), np.int64)
    streams = [_settled(rules, strategy[k], stream_base(seed, *cell), k) for k in range(replicates)]
    if start is not None:
        strategy[:] = _checked(start, rules.size)
    order = np.tile(np.arange(rules.size), (replicates, 1))
    cooperation, share = np.empty((replicates, rows)), np.empty((replicates, rows, KINDS))
    step = max(1, LONGEST // (rules.interactions * every * (1 + max(rules.observers, 0))))

    def go_on(k: int, at: int) -> None:
        part = slice(at, at + step)
        words = advance_images(rules, strategy[k], order[k], every, cooperation[k, part], share[k, part], *streams[k])
        streams[k] = tuple(np.uint64(word) for word in words)

    advance_images(rules, strategy[0].copy(), order[0].copy(), every, np.empty(0), np.empty((0, KINDS)), *streams[0])
    steps = range(0, rows, step)
    for stage, at in enumerate(steps):

        def part(first: int, end: int, at: int = at) -> None:
            for k in range(first, end):
                go_on(k, at)

        in_parts(part, replicates, 1)
        if progress:
            progress((stage + 1) / len(steps))
    return Images(np.arange(rows) * every, cooperation, share)


def _settled(rules: Rules, strategy: np.ndarray, base: np.uint64, replicate: int) -> tuple[np.uint64, ...]:
    """Draw the strategies of the first generation; the stream that goes on."""
    with engine("plain"), np.errstate(over="ignore"):
        words = open_stream(base, replicate)
        for i in range(rules.size):
            u, *words = drawn(*words)
            strategy[i] = int(u * KINDS)
    return tuple(np.uint64(word) for word in words)


def _checked(start: np.ndarray, size: int) -> np.ndarray:
    given = np.asarray(start)
    if given.shape != (size,) or not np.isin(given, STRATEGIES).all():
        raise InputError(f"start must hold {size} whole numbers in [{STRATEGIES[0]}, {STRATEGIES[-1]}]")
    return given.astype(np.int64) - LOWEST
