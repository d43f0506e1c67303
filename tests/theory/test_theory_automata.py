"""Two automata in one repeated encounter."""

import itertools

import numpy as np
import pytest

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory import automata, transforms


def table(*rows):
    """Tables (S, 1, 5, 3, 2, 2) of one-state strategies: rows (5, 3) of probabilities, kin and own standing ignored."""
    chance = np.array(rows, dtype=float)[:, None, :, :, None, None]
    return np.tile(chance, (1, 1, 1, 1, 2, 2)), np.zeros((len(rows), 1, 4), int)


def memory(start, cc, cd, dc, dd):
    return np.repeat(np.array([[start], [cc], [cd], [dc], [dd]], float), 3, axis=1)


DISCRIMINATOR = memory(1, 1, 0, 1, 0) * [0, 1, 1]
ALLD, ALLC, TFT = memory(0, 0, 0, 0, 0), memory(1, 1, 1, 1, 1), memory(1, 1, 0, 1, 0)


@pytest.mark.parametrize(("w", "q"), list(itertools.product([0, 0.6], [0, 0.35])))
def test_the_discriminating_reciprocator_earns_what_the_transforms_say(w, q):
    game = transforms.donation(3, 1)
    M = automata.expected_payoffs(*table(DISCRIMINATOR, ALLD), game, continuation=w, visibility=q, good=[1, 0])
    assert M == pytest.approx(transforms.compose(game, continuation=w, recognition=q), abs=1e-12)


def test_it_does_so_in_any_game():
    game = np.random.default_rng(2).normal(size=(2, 2))
    M = automata.expected_payoffs(*table(DISCRIMINATOR, ALLD), game, continuation=0.7, visibility=0.2, good=[1, 0])
    assert M == pytest.approx(transforms.compose(game, continuation=0.7, recognition=0.2), abs=1e-12)


def test_a_two_state_grim_trigger_never_forgives():
    chance = np.zeros((2, 2, 5, 3, 2, 2))
    chance[0, 0] = 1  # GRIM cooperates in state 0 only
    alternate = memory(1, 0, 0, 1, 1)  # cooperates exactly every second turn
    chance[1] = np.tile(alternate[None, ..., None, None], (1, 1, 1, 2, 2))
    after = np.array([[[0, 1, 0, 1], [1, 1, 1, 1]], [[0] * 4, [0] * 4]])
    w, game = 0.8, np.array([[3, 0], [5, 1]])
    M = automata.expected_payoffs(chance, after, game, continuation=w)
    turns = [(0, 0), (0, 1)] + [(1, t % 2) for t in range(2, 400)]
    assert M[0, 1] == pytest.approx(sum(w**t * game[x, y] for t, (x, y) in enumerate(turns)))
    assert M[1, 0] == pytest.approx(sum(w**t * game[y, x] for t, (x, y) in enumerate(turns)))


def test_errors_flip_what_was_intended():
    M = automata.expected_payoffs(*table(ALLC, ALLD), [[1, 0], [0, 0]], execution_error=0.1)
    assert M == pytest.approx(np.array([[0.81, 0.09], [0.09, 0.01]]))


def test_the_kin_flag_selects_its_own_column():
    chance, after = table(ALLD)
    chance[..., 1, :] = 1
    assert automata.expected_payoffs(chance, after, transforms.donation(3, 1), kin=1) == pytest.approx(np.array([[2]]))
    assert automata.expected_payoffs(chance, after, transforms.donation(3, 1), kin=0) == pytest.approx(np.array([[0]]))


def test_the_long_encounter_approaches_the_limit_of_means():
    game = [[3, 0], [5, 1]]
    wsls = memory(1, 1, 0, 0, 1)
    M = automata.expected_payoffs(*table(wsls, TFT), game, continuation=0.99999, execution_error=0.05) * 1e-5
    pair = automata.stationary_payoffs([1, 0, 0, 1], [1, 0, 1, 0], game, 0.05)
    assert M[0, 1] == pytest.approx(pair.own, abs=1e-3)
    assert M[1, 0] == pytest.approx(pair.other, abs=1e-3)


def test_a_limit_that_depends_on_the_first_turn_is_refused():
    with pytest.raises(TheoryError):
        automata.stationary_payoffs([1, 0, 1, 0], [1, 0, 1, 0], [[3, 0], [5, 1]])


@pytest.mark.parametrize(
    "change",
    [
        {"continuation": 1.0},
        {"visibility": 0.5},
        {"good": [1]},
        {"kin": 2},
        {"cooperate": np.zeros((2, 1, 5, 3))},
        {"next_state": np.ones((2, 1, 4), int)},
        {"next_state": np.zeros((2, 1, 4))},
        {"cooperate": np.full((2, 1, 5, 3, 2, 2), 2.0)},
    ],
)
def test_tables_of_the_wrong_kind_are_refused(change):
    chance, after = table(ALLC, ALLD)
    call = {"cooperate": chance, "next_state": after, "game": np.eye(2)} | change
    with pytest.raises(InputError):
        automata.expected_payoffs(**call)
