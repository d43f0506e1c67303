"""The generators, against their authors' known answers and a reference that anybody can read."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core import dice
from coop_abm.core.kernel import kernel

WORD = st.integers(0, 2**64 - 1)
ALL = 0xFFFFFFFF


# The known-answer file of Random123 (Salmon et al. 2011): philox4x32, 10 rounds.
@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        ((0, 0), (0, 0, 0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((ALL, ALL), (ALL, ALL, ALL, ALL), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0xA4093822, 0x299F31D0),
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(key, counter, answer):
    found = dice.philox(*(np.uint64(word) for word in key + counter))
    assert " ".join(f"{int(word):08x}" for word in found) == answer


def test_an_address_is_a_key_and_a_counter():
    keys = np.arange(1, 1 + 2 * dice.PURPOSES * 2, dtype=np.uint64).reshape(2, dice.PURPOSES, 2)
    thrown = dice.Dice(keys, np.empty((0, 5), np.int64), np.empty(0))
    t = 5 + (3 << 32)
    expected = dice.philox(*keys[1, dice.SLIP], *(np.uint64(word) for word in (11, 7, 5, 3)))
    assert [int(w) for w in dice.words(thrown, 1, dice.SLIP, t, 7, 11)] == [int(w) for w in expected]


def xoshiro256pp(state):
    """Blackman and Vigna's reference, with whole numbers of Python."""
    mask = 2**64 - 1

    def rotl(x, k):
        return ((x << k) | (x >> (64 - k))) & mask

    s = list(state)
    result = (rotl((s[0] + s[3]) & mask, 23) + s[0]) & mask
    t = (s[1] << 17) & mask
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotl(s[3], 45)
    return result, tuple(s)


@given(st.tuples(WORD, WORD, WORD, WORD))
@settings(max_examples=60, deadline=None)
def test_a_stream_is_xoshiro256_plus_plus(state):
    theirs = state
    ours = tuple(np.uint64(word) for word in state)
    for _ in range(3):
        word, theirs = xoshiro256pp(theirs)
        u, *ours = dice.drawn(*(np.uint64(w) for w in ours))
        assert float(u) == (word >> 11) / 2**53
        assert tuple(int(w) for w in ours) == theirs


@given(WORD)
@settings(max_examples=40, deadline=None)
def test_splitmix_is_the_reference_of_its_author(x):
    mask = 2**64 - 1
    state = (x + 0x9E3779B97F4A7C15) & mask
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    assert tuple(int(w) for w in dice.mixed(np.uint64(x))) == (state, z ^ (z >> 31))


@kernel
def fill_from_addresses(dice, purpose, values):
    for t in range(values.shape[0]):
        for turn in range(values.shape[1]):
            for row in range(values.shape[2]):
                values[t, turn, row] = uniform(dice, 0, purpose, t, turn, row)


@kernel
def fill_from_stream(s0, s1, s2, s3, values):
    for i in range(values.shape[0]):
        values[i], s0, s1, s2, s3 = drawn(s0, s1, s2, s3)


uniform, drawn = dice.uniform, dice.drawn


def looks_uniform(values):
    """In [0, 1), with the mean, variance, lag-1 correlation and bins of independent uniform numbers."""
    n = values.size
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 1 / 2) < 5 / math.sqrt(12 * n)
    assert abs(values.var() - 1 / 12) < 5 / math.sqrt(180 * n)
    centred = values - 1 / 2
    assert abs((centred[1:] * centred[:-1]).mean()) * 12 < 5 / math.sqrt(n)
    counts = np.bincount((values * 64).astype(int), minlength=64)
    assert ((counts - n / 64) ** 2 / (n / 64)).sum() < 63 + 5 * math.sqrt(2 * 63)


@pytest.mark.parametrize("purpose", range(dice.PURPOSES))
def test_draws_at_neighbouring_addresses_look_independent_and_uniform(purpose):
    values = np.empty((12, 8, 40))
    fill_from_addresses(dice.dice(123), purpose, values)
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        looks_uniform(values.transpose(order).ravel())


def test_draws_of_a_stream_look_independent_and_uniform():
    values = np.empty(20_000)
    fill_from_stream(*(np.uint64(w) for w in dice.open_stream(dice.stream_base(1), 0)), values)
    looks_uniform(values)


def test_first_draws_of_successive_streams_look_independent_and_uniform():
    base, values = dice.stream_base(1), np.empty(3000)
    for k in range(values.size):
        values[k] = dice.drawn(*(np.uint64(w) for w in dice.open_stream(base, k)))[0]
    looks_uniform(values)


def test_distinct_addresses_and_replicates_give_distinct_numbers():
    thrown, large = dice.dice(5, 3), 2**31
    places = [(k, p, t, turn, row)
              for k in range(3) for p in range(dice.PURPOSES) for t in (0, 1, 2**32)
              for turn in (0, 1, large) for row in (0, 1, large)]  # fmt: skip
    values = {float(dice.uniform(thrown, *place)) for place in places}
    assert len(values) == len(places)


def test_seeds_and_replicates_and_purposes_have_keys_of_their_own():
    keys = np.concatenate([dice.dice(seed, 50).keys.reshape(-1, 2) for seed in (0, 1, 2**70)])
    assert len(np.unique(keys, axis=0)) == len(keys)


def test_a_block_of_dice_starts_at_the_replicate_that_is_asked_for():
    assert np.array_equal(dice.dice(9, 5).keys[2:4], dice.dice(9, 2, first=2).keys)


def test_streams_of_different_cells_start_apart():
    assert len({int(dice.stream_base(seed, *cell)) for seed in (0, 1) for cell in ((), (0,), (1,), (0, 1))}) == 8


def test_a_scripted_address_gives_its_number_and_no_other_address_does():
    plain = dice.dice(3, 2)
    loaded = dice.scripted(plain, [((1, dice.ACT, 4, 0, 7), 0.25)])
    assert dice.uniform(loaded, 1, dice.ACT, 4, 0, 7) == 0.25
    for place in [(0, dice.ACT, 4, 0, 7), (1, dice.SLIP, 4, 0, 7), (1, dice.ACT, 5, 0, 7), (1, dice.ACT, 4, 1, 7)]:
        assert dice.uniform(loaded, *place) == dice.uniform(plain, *place)
