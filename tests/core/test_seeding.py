"""Seeds of many replicates at once are the values of numpy's SeedSequence, to the bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core import dice
from coop_abm.core.seeding import in_words, padded, states

SEEDS = (0, 1, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**130 + 7)
REPLICATES = (0, 1, 77, 2**32 - 1, 2**32, 2**40 + 3)


@given(st.integers(0, 2**160), st.lists(st.integers(0, 2**70), min_size=1, max_size=4), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_any_seed_and_spawn_key_gives_the_state_that_numpy_gives(seed, key, count):
    words = padded(seed) + [word for number in key[:-1] for word in in_words(number)]
    theirs = np.random.SeedSequence(seed, spawn_key=tuple(key)).generate_state(count)
    assert states([words], [in_words(key[-1])], count)[0, 0].tolist() == theirs.tolist()


def test_dice_of_any_sources_are_those_of_each_alone():
    sources = [(seed, replicate) for seed in SEEDS for replicate in REPLICATES]
    keys = dice.dice_of(sources).keys
    for (seed, replicate), own in zip(sources, keys, strict=True):
        for purpose in range(dice.PURPOSES):
            theirs = np.random.SeedSequence(seed, spawn_key=(replicate, purpose)).generate_state(2, np.uint32)
            assert own[purpose].tolist() == theirs.tolist()
    assert keys.dtype == np.uint64


def test_dice_of_one_seed_are_the_dice_of_its_replicates():
    assert np.array_equal(dice.dice(9, 4, first=3).keys, dice.dice_of([(9, r) for r in range(3, 7)]).keys)


def test_streams_of_any_sources_are_those_that_the_base_of_their_seed_opens():
    sources = [(seed, replicate) for seed in SEEDS for replicate in REPLICATES]
    for (seed, replicate), stream in zip(sources, dice.streams_of(sources), strict=True):
        with np.errstate(over="ignore"):
            assert stream == dice.open_stream.plain(dice.stream_base(seed), replicate)


def test_seeds_of_models_and_cells_fit_a_float_and_differ():
    found = {dice.model_seed(seed, r) for seed in SEEDS for r in REPLICATES}
    found |= {dice.cell_seed(seed, bytes([i]) * 32) for seed in SEEDS for i in range(4)}
    assert len(found) == len(SEEDS) * (len(REPLICATES) + 4)
    assert all(type(seed) is int and 0 <= seed < 2**53 and int(float(seed)) == seed for seed in found)


def test_the_seed_of_a_model_stays_as_it_is():
    assert dice.model_seed(3, 4) == 8483878220841770


def test_what_is_negative_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        dice.dice(-1)
