"""What numpy's ``SeedSequence`` makes of seeds, for many of them at once.

numpy promises that its values stay as they are (NEP 19). One object takes 20 us, and a replicate of the round clock
needs one for each purpose; written over columns of words, a replicate of a block takes 2 us.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Words of the pool. Seeds are filled up with zeros to as many, so that no seed runs into what follows it.
POOL = 4
_INIT_A, _MULT_A, _INIT_B, _MULT_B = 0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED
_LEFT, _RIGHT, _SHIFT = np.uint32(0xCA01F9DD), np.uint32(0x4973F715), np.uint32(16)


def in_words(number: int) -> list[int]:
    """A whole number, at least 0, as 32-bit words, the lowest first.

    >>> in_words(2**32 + 5), in_words(0)
    ([5, 1], [0])
    """
    if number < 0:
        raise ValueError(f"seeds and replicates must be at least 0; got {number}")
    words = [number & 0xFFFFFFFF]
    while number := number >> 32:
        words.append(number & 0xFFFFFFFF)
    return words


def padded(seed: int) -> list[int]:
    """A root seed as words, in front of the words of a spawn key."""
    words = in_words(seed)
    return words + [0] * (POOL - len(words))


def states(entropy: Sequence[list[int]], endings: Sequence[list[int]], count: int) -> np.ndarray:
    """The state of many sequences: uint32 (n, endings, count), the words of each source followed by each ending.

    ``SeedSequence(seed, spawn_key=(a, b)).generate_state(count)`` is the one of ``padded(seed) + in_words(a)``
    that ends with ``in_words(b)``; endings are of one length.
    """
    found = np.empty((len(entropy), len(endings), count), np.uint32)
    ends = np.array(endings, np.uint32)
    for length in {len(words) for words in entropy}:  # one, unless seeds or replicates are huge
        rows = [row for row, words in enumerate(entropy) if len(words) == length]
        words = np.empty((len(rows), len(ends), length + ends.shape[1]), np.uint32)
        words[:, :, :length] = np.array([entropy[row] for row in rows], np.uint32)[:, None, :]
        words[:, :, length:] = ends
        found[rows] = _hashed(words.reshape(-1, words.shape[2]).T, count).reshape(len(rows), len(ends), count)
    return found


class _Constants:
    """The constants that values are hashed with, one after the other; they do not depend on the values."""

    def __init__(self, first: int, factor: int):
        self._now, self._factor = first, factor

    def hashed(self, value: np.ndarray) -> np.ndarray:
        value = value ^ np.uint32(self._now)
        self._now = self._now * self._factor & 0xFFFFFFFF
        value = value * np.uint32(self._now)
        return value ^ (value >> _SHIFT)


def _hashed(words: np.ndarray, count: int) -> np.ndarray:
    """uint32 (n, count) of uint32 (words, n)."""
    words = np.ascontiguousarray(words)
    constants = _Constants(_INIT_A, _MULT_A)
    pool = [constants.hashed(words[i]) for i in range(POOL)]  # seeds are padded, so there are as many
    for source in range(POOL):
        for i in range(POOL):
            if i != source:
                pool[i] = _mixed(pool[i], constants.hashed(pool[source]))
    for word in words[POOL:]:
        for i in range(POOL):
            pool[i] = _mixed(pool[i], constants.hashed(word))
    constants = _Constants(_INIT_B, _MULT_B)
    return np.stack([constants.hashed(pool[i % POOL]) for i in range(count)], axis=1)


def _mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = _LEFT * one - _RIGHT * other
    return found ^ (found >> _SHIFT)
