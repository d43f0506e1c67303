"""What somebody did, turn by turn, beside what each strategy of a library would have done in the same place.

A strategy is an automaton as in :mod:`coop_abm.theory.automata`; here nobody is seen in good or bad standing, and
nobody is kin. Its state follows what was *really* played, slips included, so along an observed match nothing is left to
chance but the actions themselves: given the past, a strategy that means to cooperate with probability v
cooperates with probability v (1 - e) + (1 - v) e, where e is the probability that an intended action is flipped.

Actions: 0 cooperate, 1 defect, -1 not played any more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.automata import UNKNOWN
from coop_abm.theory.samples import dice

#: Probabilities that differ by less are one.
_DIGITS = 12


class Library(NamedTuple):
    """The strategies that are told apart.

    names      : tuple of S names
    cooperate  : float (S, Q, 5), probability to cooperate in each state, after START, CC, CD, DC, DD (own action
                 first)
    next_state : int (S, Q, 4), the state after each outcome; state 0 first
    """

    names: tuple[str, ...]
    cooperate: np.ndarray
    next_state: np.ndarray


class Evidence(NamedTuple):
    """All that a library can make of what N individuals did.

    names      : of the library
    values     : float (V,), the probabilities to cooperate that occur in it
    cooperated : int (N, S, V), turns in which strategy s would have cooperated with probability v, and they did
    defected   : int (N, S, V), the same where they did not
    """

    names: tuple[str, ...]
    values: np.ndarray
    cooperated: np.ndarray
    defected: np.ndarray

    @property
    def turns(self) -> np.ndarray:
        """int (N,): turns of each individual."""
        return np.asarray(self.cooperated[:, 0].sum(axis=1) + self.defected[:, 0].sum(axis=1))


def library(names: object, cooperate: object, next_state: object, _helper: object = None) -> Library:
    """A library from automata; ``library(*repertoire)`` takes those of ``coop_abm.strategies``.

    Parameters
    ----------
    names      : S different names
    cooperate  : float (S, Q, 5), or (S, Q, 5, 3, 2, 2) as in ``coop_abm.strategies.table``, of which the entry for
                 an unknown partner, no kin and good own standing is taken
    next_state : int (S, Q, 4)

    Raises
    ------
    InputError : wrong shapes, names twice, probabilities outside [0, 1], unknown states
    """
    called = tuple(str(name) for name in names)  # type: ignore[attr-defined]
    chance, after = np.array(cooperate, dtype=float), np.array(next_state)
    if chance.ndim == 6 and chance.shape[2:] == (5, 3, 2, 2):
        chance = chance[:, :, :, UNKNOWN, 0, 1]
    if chance.ndim != 3 or chance.shape[2] != 5 or 0 in chance.shape:
        raise InputError(f"cooperate must have shape (S, Q, 5) or (S, Q, 5, 3, 2, 2); got {chance.shape}")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise InputError("cooperate must hold probabilities in [0, 1]")
    if after.shape != (*chance.shape[:2], 4) or not np.issubdtype(after.dtype, np.integer):
        raise InputError(f"next_state must be whole numbers of shape {(*chance.shape[:2], 4)}; got {after.shape}")
    if ((after < 0) | (after >= chance.shape[1])).any():
        raise InputError(f"next_state must name states 0 to {chance.shape[1] - 1}")
    if len(called) != len(chance) or len(set(called)) != len(called):
        raise InputError(f"names must be {len(chance)} different names; got {quoted(called)}")
    return Library(called, chance, after)


def matches(own: object, other: object, individual: object = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Checked actions, int (K, T) each, and the individual of each match, int (K,), from 0 on.

    Parameters
    ----------
    own, other : (T,) or (K, T), actions of the individual and of its partner: 0 cooperate, 1 defect, -1 from where
                 the match was over
    individual : (K,) label of who played each match; each a different one where it is None

    Raises
    ------
    InputError : other actions, shapes that differ, a gap inside a match, a match without a turn
    """
    mine, yours = (np.atleast_2d(np.asarray(actions)) for actions in (own, other))
    for name, actions in (("own", mine), ("other", yours)):
        if actions.ndim != 2 or not np.isin(actions, (-1, 0, 1)).all():
            raise InputError(f"{name} must be actions 0 (cooperate), 1 (defect) or -1 (over), of shape (K, T)")
    mine, yours = mine.astype(np.int64), yours.astype(np.int64)
    over = mine < 0
    if mine.shape != yours.shape or (over != (yours < 0)).any():
        raise InputError("own and other must be of one shape, and over at the same turn")
    if not mine.size or over[:, 0].any():
        raise InputError("own must have at least one turn in every match")
    if (over[:, :-1] & ~over[:, 1:]).any():
        raise InputError("own must be played without a gap; a turn that is not known ends what can be used")
    rows = np.arange(len(mine)) if individual is None else np.asarray(individual)
    if rows.shape != (len(mine),):
        raise InputError(f"individual must be one label for each of {len(mine)} matches; got shape {rows.shape}")
    return mine, yours, np.unique(rows, return_inverse=True)[1]


def intended(own: np.ndarray, other: np.ndarray, strategies: Library) -> np.ndarray:
    """float (S, K, T): the probability with which each strategy means to cooperate; NaN where the match is over."""
    found = np.full((len(strategies.names), *own.shape), np.nan)
    rows = np.arange(len(strategies.names))[:, None]
    state, last = np.zeros(found.shape[:2], np.int64), np.zeros(len(own), np.int64)
    for turn in range(own.shape[1]):
        played = own[:, turn] >= 0
        found[:, played, turn] = strategies.cooperate[rows, state, last][:, played]
        outcome = 2 * np.maximum(own[:, turn], 0) + np.maximum(other[:, turn], 0)
        state, last = strategies.next_state[rows, state, outcome], outcome + 1
    return found


def evidence(own: object, other: object, strategies: Library, *, individual: object = None) -> Evidence:
    """Count, for each individual and strategy, how what was done fits what was meant.

    These counts are all that a likelihood needs, whatever the probability of an error is.

    Parameters
    ----------
    own, other, individual : as :func:`matches`; matches of one individual count together
    strategies             : the library

    Raises
    ------
    InputError : as :func:`matches`
    """
    mine, yours, rows = matches(own, other, individual)
    chance = intended(mine, yours, strategies).round(_DIGITS)
    values = np.unique(strategies.cooperate.round(_DIGITS))
    shape = (rows.max() + 1, len(strategies.names), len(values))
    played = mine >= 0
    s, k, t = np.nonzero(np.broadcast_to(played, chance.shape))
    cell = (rows[k] * shape[1] + s) * shape[2] + np.searchsorted(values, chance[s, k, t])
    defected = mine[k, t] == 1
    counts = [np.bincount(cell[where], minlength=int(np.prod(shape))).reshape(shape) for where in (~defected, defected)]
    return Evidence(strategies.names, values, *counts)


def simulate(
    strategies: Library, own: object, other: object, turns: int, *, error: object = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Matches between strategies of a library; the actions of both, int (K, T).

    Parameters
    ----------
    own, other : int (K,), indices of the strategies that meet
    turns      : of each match
    error      : in [0, 1], number or (K,): probability that an intended action is flipped, on both sides
    seed       : of everything random

    Raises
    ------
    InputError : unknown strategies, a number out of range
    """
    pair = np.stack([np.asarray(own, np.int64), np.asarray(other, np.int64)])
    if pair.ndim != 2 or pair.min() < 0 or pair.max() >= len(strategies.names):
        raise InputError(f"own and other must be strategies 0 to {len(strategies.names) - 1}, one for each match")
    flip = np.broadcast_to(np.asarray(error, float), pair.shape[1:])
    number("error", float(flip.min()), 0, 1)
    number("error", float(flip.max()), 0, 1)
    draws = dice(seed, 7).random((whole("turns", turns, 1), *pair.shape))
    actions = np.empty((2, pair.shape[1], turns), np.int64)
    state, last = np.zeros_like(pair), np.zeros_like(pair)
    for turn in range(turns):
        meant = strategies.cooperate[pair, state, last]
        now = (draws[turn] >= meant * (1 - flip) + (1 - meant) * flip).astype(np.int64)
        outcome = 2 * now + now[::-1]
        state, last = strategies.next_state[pair, state, outcome], outcome + 1
        actions[:, :, turn] = now
    return actions[0], actions[1]
