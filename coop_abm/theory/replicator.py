"""Large populations: the replicator equation, well-mixed and on regular graphs.

dx_s/dt = x_s [(M x)_s - x M x]: a strategy grows as it earns more than the average. On a regular graph
of degree k > 2, under weak selection, pair approximation gives the same equation with a changed
matrix, M + B, in which B depends on the update rule [OhtsukiNowak2006b].

References
----------
TaylorJonker1978, OhtsukiNowak2006b
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.theory.arguments import matrix, number, one_of

#: Weights of own and mutual payoffs in B, as functions of the degree: (x a_ii + y a_ij - y a_ji - x a_jj)/(x (k-2)).
_WEIGHTS = {
    "birth_death": lambda k: (1.0, 1.0),
    "pairwise_comparison": lambda k: (1.0, 1.0),
    "death_birth": lambda k: (k + 1.0, 1.0),
    "imitation": lambda k: (k + 3.0, 3.0),
}
#: Rest points are looked for on every face of the simplex, so strategies may not be too many.
MOST_STRATEGIES = 12


class RestPoint(NamedTuple):
    """Where the flow stands still.

    shares : float (S,), the composition
    growth : the largest real part of the eigenvalues of the flow around it, within the simplex
    stable : does the flow return from every small disturbance? False where that is undecided (growth 0)
    """

    shares: np.ndarray
    growth: float
    stable: bool


def flow(M: object, shares: object) -> np.ndarray:
    """dx/dt of the replicator equation at each composition; shape of `shares`.

    Parameters
    ----------
    M : float (S, S)
    shares : float (..., S), each row on the simplex
    """
    payoff = matrix("M", M)
    x = _compositions(shares, len(payoff))
    earned = x @ payoff.T
    return x * (earned - (x * earned).sum(axis=-1, keepdims=True))


def trajectory(M: object, start: object, times: object) -> np.ndarray:
    """Composition at each time, float (T, S), from `start` at the first of them.

    Raises
    ------
    InputError : a start that is no composition, times that do not ascend
    TheoryError : the integration fails
    """
    from scipy.integrate import solve_ivp

    payoff = matrix("M", M)
    first = _compositions(start, len(payoff))
    when = np.array(times, dtype=float)
    if when.ndim != 1 or len(when) < 1 or not np.isfinite(when).all() or (np.diff(when) <= 0).any():
        raise InputError("times must be finite and ascend")
    if len(when) == 1:
        return first[None].copy()

    def rate(_t: float, x: np.ndarray) -> np.ndarray:
        earned = payoff @ x
        return x * (earned - x @ earned)

    done = solve_ivp(rate, (when[0], when[-1]), first, t_eval=when, rtol=1e-9, atol=1e-12, method="LSODA")
    if not done.success:
        raise TheoryError(f"the replicator equation could not be integrated: {done.message}")
    held = np.clip(done.y.T, 0, None)
    return held / held.sum(axis=1, keepdims=True)


def rest_points(M: object) -> list[RestPoint]:
    """All isolated rest points: every strategy alone, and every mixture in which all earn the same.

    Faces on which rest points form a line or more (neutral games) are left out.

    Raises
    ------
    InputError : more than 12 strategies
    """
    payoff = matrix("M", M)
    count = len(payoff)
    if count > MOST_STRATEGIES:
        raise InputError(f"M must have at most {MOST_STRATEGIES} strategies; got {count}")
    found = []
    for held in range(1, count + 1):
        for face in itertools.combinations(range(count), held):
            inside = np.ix_(face, face)
            system = np.ones((held + 1, held + 1))
            system[:held, :held] = payoff[inside]
            system[:held, held] = -1.0  # the payoff that all of them have in common
            system[held, held] = 0.0
            if np.linalg.matrix_rank(system) <= held:
                continue
            mixture = np.linalg.solve(system, np.concatenate([np.zeros(held), [1.0]]))[:held]
            if (mixture > 1e-12).all():
                shares = np.zeros(count)
                shares[list(face)] = mixture
                growth = _growth(payoff, shares)
                found.append(RestPoint(shares, growth, growth < -1e-12))
    return found


def is_ess(M: object, strategy: int) -> bool:
    """Is this strategy evolutionarily stable: no mutant does as well against it, or it beats whoever does?

    References
    ----------
    MaynardSmithPrice1973
    """
    payoff = matrix("M", M)
    if isinstance(strategy, bool) or not isinstance(strategy, int | np.integer) or not 0 <= strategy < len(payoff):
        raise InputError(f"strategy must be a whole number in [0, {len(payoff) - 1}]; got {strategy!r}")
    s = int(strategy)
    return all(
        payoff[s, s] > payoff[t, s] or (payoff[s, s] == payoff[t, s] and payoff[s, t] > payoff[t, t])
        for t in range(len(payoff))
        if t != s
    )


def on_graph(M: object, degree: float, update: str = "death_birth") -> np.ndarray:
    """The matrix M + B whose replicator equation holds on a large regular graph, under weak selection.

    Pair approximation, for degree k > 2; float (S, S). For the donation game its cooperators grow iff b/c > k
    under death-birth, b/c > k + 2 under imitation, and never under birth-death or pairwise comparison.

    Raises
    ------
    InputError : degree not above 2, another update rule

    References
    ----------
    OhtsukiNowak2006b
    """
    payoff = matrix("M", M)
    k = number("degree", degree, 2)
    if k == 2:
        raise InputError("degree must be above 2: pair approximation has no answer on a ring")
    own, mutual = _WEIGHTS[one_of("update", update, tuple(_WEIGHTS))](k)
    alone = np.diag(payoff)
    shift = own * (alone[:, None] - alone[None, :]) + mutual * (payoff - payoff.T)
    return payoff + shift / (own * (k - 2))


def simplex_field(M: object, steps: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Compositions of three strategies on a lattice inside the simplex, and the flow there; both float (P, 3).

    Raises
    ------
    InputError : not three strategies, fewer than 3 steps
    """
    payoff = matrix("M", M, 3)
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 3:
        raise InputError(f"steps must be a whole number, at least 3; got {steps!r}")
    inside = [(i, j, steps - i - j) for i in range(1, steps) for j in range(1, steps - i)]
    points = np.array(inside, float) / steps
    return points, flow(payoff, points)


def _compositions(shares: object, count: int) -> np.ndarray:
    x = np.array(shares, dtype=float)
    if x.ndim < 1 or x.shape[-1] != count or not np.isfinite(x).all():
        raise InputError(f"shares must be {count} numbers; got shape {x.shape}")
    if (x < 0).any() or (np.abs(x.sum(axis=-1) - 1) > 1e-9).any():
        raise InputError("shares must not be negative and must add up to 1")
    return x


def _growth(payoff: np.ndarray, x: np.ndarray) -> float:
    """The largest growth rate of a small disturbance within the simplex."""
    earned = payoff @ x
    mean = x @ earned
    slope = np.diag(earned - mean) + x[:, None] * (payoff - (earned + payoff.T @ x)[None, :])
    # A basis of the disturbances that keep the sum: e_s - e_r, with r a strategy that is there.
    anchor = int(np.argmax(x))
    others = [s for s in range(len(x)) if s != anchor]
    if not others:
        return -np.inf
    reduced = slope[np.ix_(others, others)] - slope[others, anchor][:, None]
    return float(np.linalg.eigvals(reduced).real.max())
