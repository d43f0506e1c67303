"""What two automata earn from each other in one repeated encounter, exactly.

A strategy is a table: the probability to cooperate given its own state, the last joint outcome, the
partner's standing, whether the partner is kin and the own standing; and the next state after each outcome. The pair of
automata is a finite Markov chain, so expected totals are one linear system.

Outcomes, own action first: 0 start, 1 CC, 2 CD, 3 DC, 4 DD. Standing: 0 bad, 1 good, 2 unknown.

References
----------
NowakSigmund1992, NowakSigmund1993, PressDyson2012
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.arguments import matrix, number, whole

MIRROR = np.array([0, 1, 3, 2, 4])  # the same outcome, seen by the partner
UNKNOWN = 2


class PayoffPair(NamedTuple):
    """Payoffs of the first and of the second player."""

    own: float
    other: float


def expected_payoffs(
    cooperate: object,
    next_state: object,
    game: object,
    *,
    continuation: float = 0.0,
    visibility: float = 0.0,
    good: object = None,
    execution_error: float = 0.0,
    refusals_fail: bool = True,
    kin: int = 0,
) -> np.ndarray:
    """Expected total payoff M[s, t] of automaton s in one encounter with automaton t; shape (S, S).

    Parameters
    ----------
    cooperate       : float (S, Q, 5, 3, 2, 2)  P(cooperate | state, last outcome, standing seen, kin, own standing)
    next_state      : int (S, Q, 4)          state after CC, CD, DC, DD (own action first); state 0 first
    game            : float (2, 2)           payoffs per turn, own action first, action 0 = cooperate
    continuation    : in [0, 1)              probability of another turn after each turn
    visibility      : in [0, 1]              probability to see the partner's standing; fresh each turn and
                                             each direction, otherwise it is unknown
    good            : (S,) of 0 or 1         standing of each automaton; needed when visibility > 0
    execution_error : in [0, 1]              probability that an intended action is flipped
    refusals_fail   : bool                   whether intended refusals fail too, or intended help alone
    kin             : 0 or 1                 whether the two are kin

    Raises
    ------
    InputError : wrong shapes, probabilities outside [0, 1], unknown states, good missing

    References
    ----------
    Nowak2006 (totals per encounter)
    """
    chance, after = _tables(cooperate, next_state)
    per_turn = matrix("game", game, 2)
    w = number("continuation", continuation, 0, 1, below=True)
    seen = number("visibility", visibility, 0, 1)
    error = number("execution_error", execution_error, 0, 1)
    relation = whole("kin", kin, 0, 1)
    strategies = len(chance)
    standing = _standings(good, seen, strategies)
    view = np.stack([chance[s, ..., relation, standing[s]] for s in range(strategies)])  # (S, Q, 5, 3)
    total = np.empty((strategies, strategies))
    for s in range(strategies):
        for t in range(s, strategies):
            ours, theirs = (
                _acts(seen * view[me, :, :, standing[you]] + (1 - seen) * view[me, :, :, UNKNOWN], error, refusals_fail)
                for me, you in ((s, t), (t, s))
            )
            total[s, t], total[t, s] = _encounter(ours, theirs, after[s], after[t], per_turn, w)
    return total


def match_payoffs(
    cooperate: object,
    next_state: object,
    game: object,
    turns: int,
    *,
    execution_error: float = 0.0,
    refusals_fail: bool = True,
) -> np.ndarray:
    """Expected total payoff M[s, t] of automaton s in a match of so many turns with automaton t; shape (S, S).

    Nobody knows anything of standing, and nobody is kin. The other parameters are those of
    :func:`expected_payoffs`; the distribution over the states of each pair is pushed forward turn by turn.

    Raises
    ------
    InputError : wrong shapes, probabilities outside [0, 1], unknown states, turns not in [1, 1,000,000]

    References
    ----------
    AxelrodHamilton1981
    """
    chance, after = _tables(cooperate, next_state)
    per_turn = matrix("game", game, 2).ravel()
    whole("turns", turns, 1, 1_000_000)
    error = number("execution_error", execution_error, 0, 1)
    plays = _acts(chance[:, :, :, UNKNOWN, 0, 1], error, refusals_fail)  # (S, Q, 5)
    strategies, states = plays.shape[:2]
    s, t = (axis.ravel() for axis in np.indices((strategies, strategies)))
    mine, yours, last = (axis.ravel() for axis in np.indices((states, states, 5)))
    x, y = plays[s][:, mine, last], plays[t][:, yours, MIRROR[last]]  # (pairs, states of the pair)
    outcome = np.stack([x * y, x * (1 - y), (1 - x) * y, (1 - x) * (1 - y)], axis=2)
    there = np.stack(
        [(after[s][:, mine, o] * states + after[t][:, yours, MIRROR[o + 1] - 1]) * 5 + o + 1 for o in range(4)], axis=2
    )
    cells = (there + len(last) * np.arange(len(s))[:, None, None]).ravel()
    share, happened = np.zeros((len(s), len(last))), np.zeros((len(s), 4))
    share[:, 0] = 1.0
    for _ in range(turns):
        flow = share[:, :, None] * outcome
        happened += flow.sum(axis=1)
        share = np.bincount(cells, flow.ravel(), share.size).reshape(share.shape)
    return (happened @ per_turn).reshape(strategies, strategies)


def stationary_payoffs(p: object, q: object, game: object, error: float = 0.0) -> PayoffPair:
    """Mean payoff per turn of two memory-one strategies in an endless encounter.

    p and q are the probabilities to cooperate after CC, CD, DC, DD, own action first; ``error`` flips each
    intended action. The limit of means does not depend on the first turn when the chain has one recurrent
    class, as it always has for 0 < error < 1.

    Raises
    ------
    InputError : p or q is not four probabilities; error outside [0, 1]
    TheoryError : the limit depends on the first turn (as for tit-for-tat with itself without errors)

    References
    ----------
    NowakSigmund1992, NowakSigmund1993, PressDyson2012
    """
    flip = number("error", error, 0, 1)
    ours = _acts(_memory_one("p", p), flip)
    theirs = _acts(_memory_one("q", q), flip)[[0, 2, 1, 3]]
    per_turn = matrix("game", game, 2)
    step = np.stack([ours * theirs, ours * (1 - theirs), (1 - ours) * theirs, (1 - ours) * (1 - theirs)], axis=1)
    balance = np.vstack([step.T - np.eye(4), np.ones(4)])
    if np.linalg.svd(step.T - np.eye(4), compute_uv=False)[-2] < 1e-13:
        raise TheoryError("the limit of means depends on the first turn; give an error above 0")
    share = np.linalg.lstsq(balance, np.array([0.0, 0, 0, 0, 1]), rcond=None)[0]
    return PayoffPair(float(share @ per_turn.ravel()), float(share @ per_turn.T.ravel()))


def _encounter(
    ours: np.ndarray,
    theirs: np.ndarray,
    after_ours: np.ndarray,
    after_theirs: np.ndarray,
    game: np.ndarray,
    continuation: float,
) -> np.ndarray:
    """Totals of both sides from the start; the chain's state is (our state, their state, our last outcome)."""
    states = len(after_ours)
    mine, yours, last = (axis.ravel() for axis in np.indices((states, states, 5)))
    x, y = ours[mine, last], theirs[yours, MIRROR[last]]
    outcome = np.stack([x * y, x * (1 - y), (1 - x) * y, (1 - x) * (1 - y)], axis=1)
    system = np.eye(len(last))
    here = np.arange(len(last))
    for o in range(4):
        there = (after_ours[mine, o] * states + after_theirs[yours, MIRROR[o + 1] - 1]) * 5 + o + 1
        system[here, there] -= continuation * outcome[:, o]
    per_turn = np.stack([outcome @ game.ravel(), outcome @ game.T.ravel()], axis=1)
    return np.linalg.solve(system, per_turn)[0]


def _acts(intended: np.ndarray, error: float, refusals_fail: bool = True) -> np.ndarray:
    return intended * (1 - error) + (1 - intended) * (error if refusals_fail else 0.0)


def _tables(cooperate: object, next_state: object) -> tuple[np.ndarray, np.ndarray]:
    chance = np.array(cooperate, dtype=float)
    after = np.array(next_state)
    if chance.ndim != 6 or chance.shape[2:] != (5, 3, 2, 2) or 0 in chance.shape:
        raise InputError(f"cooperate must have shape (S, Q, 5, 3, 2, 2); got {chance.shape}")
    if not ((chance >= 0) & (chance <= 1)).all():
        raise InputError("cooperate must hold probabilities in [0, 1]")
    if after.shape != (*chance.shape[:2], 4) or not np.issubdtype(after.dtype, np.integer):
        raise InputError(f"next_state must be whole numbers of shape {(*chance.shape[:2], 4)}; got {after.shape}")
    if ((after < 0) | (after >= chance.shape[1])).any():
        raise InputError(f"next_state must name states 0 to {chance.shape[1] - 1}")
    return chance, after


def _standings(good: object, visibility: float, strategies: int) -> np.ndarray:
    if good is None:
        if visibility > 0:
            raise InputError("good must say who is in good standing when visibility is above 0")
        return np.ones(strategies, dtype=int)
    standing = np.array(good)
    if standing.shape != (strategies,) or not np.isin(standing, (0, 1)).all():
        raise InputError(f"good must be {strategies} values, each 0 or 1")
    return standing.astype(int)


def _memory_one(name: str, values: object) -> np.ndarray:
    chance = np.array(values, dtype=float)
    if chance.shape != (4,) or not ((chance >= 0) & (chance <= 1)).all():
        raise InputError(f"{name} must be four probabilities in [0, 1], after CC, CD, DC, DD")
    return chance
