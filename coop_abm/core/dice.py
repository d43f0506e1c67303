"""Where chance comes from: addressed draws, one purpose each.

*Round clock.* A draw has an address: (seed, replicate, purpose, round, turn, row). The counter-based
generator Philox4x32-10 turns the address into a number, so a draw that is not used costs nothing
and shifts nothing: worlds that differ by one toggle share every other draw, and a block of R
replicates equals R single worlds, row for row.

*Event clock.* One stream of xoshiro256++ per replicate, its state in local variables of the kernel,
opened from (seed, replicate). Pairing across toggles is not promised inside it.

Random words are ``np.uint64`` throughout, because mixing them with signed integers gives floats in
numpy and wrapped integers in numba.

References
----------
Philox (Salmon, Moraes, Dror & Shaw 2011); Xoshiro (Blackman & Vigna 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.core.seeding import in_words, padded, states

# What a draw is for. Numbers are part of the address: never renumber, only append.
PLACE = 0  # which strategy each individual starts with
MEET = 1  # whom do I meet
KNOW = 2  # what do I know of my partner
ACT = 3  # what a stochastic strategy does
SLIP = 4  # whether the intended action fails
AGAIN = 5  # shall we meet again
JUDGE = 6  # whether an assessment is mistaken
LEARN = 7  # who replaces whom
SPLIT = 8  # what happens to a group
TALK = 9  # what somebody says who leaves it to chance
MUTATE = 10  # whose strategy mutates, and to which
PURPOSES = 11

_GRAPH = 100  # how a random graph is drawn (outside every kernel)
_EVENTS = 101  # the streams of the event clock
_MATCHES = 102  # the streams of a tournament
_MODELS = 103  # the seeds of models that are not ours
_CELLS = 104  # the root seeds of the cells of a sweep, where they are to be independent

LOW32 = np.uint64(0xFFFFFFFF)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Dice(NamedTuple):
    """All draws of a block of replicates on the round clock.

    keys    : uint64 (R, PURPOSES, 2), the Philox key of each replicate and purpose (32-bit words)
    address : int64 (F, 5), forced addresses (replicate row, purpose, round, turn, row); F = 0 in real runs
    value   : float64 (F,), what the forced addresses give, in [0, 1)
    """

    keys: np.ndarray
    address: np.ndarray
    value: np.ndarray


def dice(seed: int, replicates: int = 1, *, first: int = 0) -> Dice:
    """The dice of replicates `first`, `first + 1`, ... under one root seed."""
    return dice_of([(seed, first + row) for row in range(replicates)])


def dice_of(sources: Sequence[tuple[int, int]]) -> Dice:
    """The dice of a block whose rows have these (root seed, replicate)."""
    entropy = [padded(seed) + in_words(replicate) for seed, replicate in sources]
    keys = states(entropy, [[purpose] for purpose in range(PURPOSES)], 2).astype(np.uint64)
    return Dice(keys, np.empty((0, 5), np.int64), np.empty(0))


def scripted(base: Dice, script: Iterable[tuple[tuple[int, int, int, int, int], float]]) -> Dice:
    """The same dice, loaded: each (replicate, purpose, round, turn, row) in the script gives its value.

    Corner cases are reached by choosing the draws instead of searching for a seed.
    """
    entries = list(script)
    address = np.array([entry[0] for entry in entries], np.int64).reshape(len(entries), 5)
    return Dice(base.keys, address, np.array([entry[1] for entry in entries], np.float64))


def graph_seed(seed: int, graph: int) -> int:
    """The integer that seeds the networkx generator of random graph number `graph`."""
    return int(np.random.SeedSequence(seed, spawn_key=(_GRAPH, graph)).generate_state(1, np.uint32)[0])


def replacement_seed(seed: int) -> int:
    """The integer that seeds the graph on which one is replaced, where the one on which one meets has this seed."""
    return int(np.random.SeedSequence(seed, spawn_key=(_GRAPH,)).generate_state(1, np.uint32)[0])


def stream_base(seed: int, *cell: int) -> np.uint64:
    """Where the event-clock streams of one cell of an experiment start."""
    source = np.random.SeedSequence(seed, spawn_key=(_EVENTS, *cell))
    return np.uint64(source.generate_state(1, np.uint64)[0])


def streams_of(sources: Sequence[tuple[int, int]]) -> list[tuple[np.uint64, ...]]:
    """The event-clock streams of these (root seed, replicate), each as its four state words."""
    halves = states([padded(seed) for seed, _replicate in sources], [[_EVENTS]], 2)[:, 0].astype(np.uint64)
    replicates = np.array([replicate for _seed, replicate in sources], np.uint64)
    with np.errstate(over="ignore"):
        opened = open_stream.plain(halves[:, 0] | halves[:, 1] << np.uint64(32), replicates)
    return list(zip(*opened, strict=True))


def model_seed(seed: int, replicate: int) -> int:
    """The seed of one replicate of a model that is not ours: 53 bits, which a float, and so JSON, holds exactly."""
    return _seed_from(seed, _MODELS, replicate)


def model_seeds(seed: int, first: int, count: int) -> list[int]:
    """The seeds of replicates `first`, `first + 1`, ... below 2^32, ten times as fast as one by one."""
    endings = [[replicate] for replicate in range(first, first + count)]
    halves = states([padded(seed) + in_words(_MODELS)], endings, 2)[0].astype(np.uint64)
    return ((halves[:, 0] | halves[:, 1] << np.uint64(32)) >> np.uint64(11)).tolist()


def cell_seed(seed: int, cell: bytes) -> int:
    """The root seed of one cell of a sweep whose cells are to share no draw; `cell` is the cell's hash."""
    return _seed_from(seed, _CELLS, *np.frombuffer(cell, ">u4").tolist())


def _seed_from(seed: int, *purpose: int) -> int:
    source = np.random.SeedSequence(seed, spawn_key=purpose)
    return int(source.generate_state(1, np.uint64)[0]) >> 11


def match_bases(seed: int, pairs: np.ndarray) -> np.ndarray:
    """Where the streams of the matches between two entrants of a tournament start: uint64 (P,) of int64 (P, 2)."""
    source = np.random.SeedSequence(seed, spawn_key=(_MATCHES,))
    root = np.uint64(source.generate_state(1, np.uint64)[0])
    with np.errstate(over="ignore"):
        first, second = pairs.astype(np.uint64).T
        _x, scattered = mixed.plain((first << np.uint64(32)) | second)
        _x, word = mixed.plain(root ^ scattered)
    return word


@kernel
def philox(key0, key1, c0, c1, c2, c3):
    """Philox4x32-10: four random 32-bit words (as uint64) for a key and a counter of 32-bit words."""
    for _ in range(10):
        p0 = np.uint64(0xD2511F53) * c0
        p1 = np.uint64(0xCD9E8D57) * c2
        c0 = (p1 >> np.uint64(32)) ^ c1 ^ key0
        c1 = p1 & LOW32
        c2 = (p0 >> np.uint64(32)) ^ c3 ^ key1
        c3 = p0 & LOW32
        key0 = (key0 + np.uint64(0x9E3779B9)) & LOW32
        key1 = (key1 + np.uint64(0xBB67AE85)) & LOW32
    return c0, c1, c2, c3


@kernel
def words(dice, k, purpose, t, turn, row):
    """Four random 32-bit words (as uint64) at the address (replicate k, purpose, round t, turn, row)."""
    return philox(
        dice.keys[k, purpose, 0],
        dice.keys[k, purpose, 1],
        np.uint64(row) & LOW32,
        np.uint64(turn) & LOW32,
        np.uint64(t) & LOW32,
        np.uint64(t) >> np.uint64(32),
    )


@kernel
def thrown(key0, key1, t, turn, row):
    """The uniform number in [0, 1) at (round t, turn, row) under this key, where no dice are scripted."""
    a, b, _c, _d = philox(
        key0, key1, np.uint64(row) & LOW32, np.uint64(turn) & LOW32, np.uint64(t) & LOW32, np.uint64(t) >> np.uint64(32)
    )
    return ((a >> np.uint64(5)) * 67108864.0 + (b >> np.uint64(6))) * 1.1102230246251565e-16


@kernel
def comes_up(chance, key0, key1, t, turn, row):
    """Does something of this probability happen there? As `happens`, where no dice are scripted."""
    if chance <= 0.0:
        return False
    if chance >= 1.0:
        return True
    return thrown(key0, key1, t, turn, row) < chance


@kernel
def uniform(dice, k, purpose, t, turn, row):
    """The uniform number in [0, 1) at the address (replicate k, purpose, round t, turn, row)."""
    for f in range(dice.address.shape[0]):
        if (
            dice.address[f, 0] == k
            and dice.address[f, 1] == purpose
            and dice.address[f, 2] == t
            and dice.address[f, 3] == turn
            and dice.address[f, 4] == row
        ):
            return dice.value[f]
    return thrown(dice.keys[k, purpose, 0], dice.keys[k, purpose, 1], t, turn, row)


@kernel
def happens(chance, dice, k, purpose, t, turn, row):
    """Does something of this probability happen at this address? What is certain needs no draw."""
    if chance <= 0.0:
        return False
    if chance >= 1.0:
        return True
    return uniform(dice, k, purpose, t, turn, row) < chance


@kernel
def mixed(x):
    """One step of splitmix64: the next state and a well-mixed word."""
    x = x + GOLDEN
    z = x
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x, z ^ (z >> np.uint64(31))


@kernel
def open_stream(base, replicate):
    """The four state words of the xoshiro256++ stream of one replicate."""
    _x, scattered = mixed(np.uint64(replicate))
    x, s0 = mixed(base ^ scattered)
    x, s1 = mixed(x)
    x, s2 = mixed(x)
    x, s3 = mixed(x)
    return s0, s1, s2, s3


@kernel
def open_stream_at(dice, k, purpose, t, turn, row):
    """A xoshiro256++ stream that starts at an address of the round clock."""
    a, b, c, d = words(dice, k, purpose, t, turn, row)
    x, s0 = mixed((a << np.uint64(32)) | b)
    x, s1 = mixed(x ^ ((c << np.uint64(32)) | d))
    x, s2 = mixed(x)
    x, s3 = mixed(x)
    return s0, s1, s2, s3


@kernel
def rotated(x, bits):
    """The word x, rotated left."""
    return (x << np.uint64(bits)) | (x >> np.uint64(64 - bits))


@kernel
def drawn(s0, s1, s2, s3):
    """A uniform number in [0, 1) and the next state of a xoshiro256++ stream."""
    word = rotated(s0 + s3, 23) + s0
    shifted = s1 << np.uint64(17)
    s2 = s2 ^ s0
    s3 = s3 ^ s1
    s1 = s1 ^ s2
    s0 = s0 ^ s3
    s2 = s2 ^ shifted
    s3 = rotated(s3, 45)
    return (word >> np.uint64(11)) * 1.1102230246251565e-16, s0, s1, s2, s3
