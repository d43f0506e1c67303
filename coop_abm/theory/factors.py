"""Two factors crossed, languages x models say: which matters, and does one matter differently at levels of the other?

Every cell holds replications; numbers of them may differ, but no cell may be empty. Sums of squares are those of nested
linear models, so the effect of a factor is what it explains beside the other one; p comes from permutations.

References
----------
FreedmanLane1983, AndersonTerBraak2003, PhipsonSmyth2010
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.theory.arguments import whole
from coop_abm.theory.samples import ROUNDING, Tested, arm, dice, extreme

#: How many arrangements are drawn; the observed one is added.
DRAWS = 4_999


class Effects(NamedTuple):
    """Tests of two factors and of their interaction; the statistic of each is F.

    first, second : does the factor matter at all, at any level of the other?
    together      : does the one matter differently at different levels of the other?
    share         : float (4,), shares of the whole sum of squares: first, second, together, what is left. They add
                    up to 1 where all cells have equally many replications
    """

    first: Tested
    second: Tested
    together: Tested
    share: np.ndarray


def factor_effects(values: object, first: object, second: object, *, draws: int = DRAWS, seed: int = 0) -> Effects:
    """Does either of two factors matter, and do they interact?

    Null hypothesis of a factor: given the level of the other one, values do not depend on it. Values change places
    inside levels of the other factor, so p <= a has at most the probability a for any number of replications. Null
    hypothesis of the interaction: both effects add. Residuals of the sum of both change places, which is right for
    many replications of one spread, and near it for few [AndersonTerBraak2003].

    Parameters
    ----------
    values        : (n,) one number for each replication
    first, second : (n,) the level of each factor
    draws, seed   : of the permutations

    Raises
    ------
    InputError : lengths differ, a factor of one level, an empty cell, or one replication in every cell

    References
    ----------
    FreedmanLane1983, AndersonTerBraak2003
    """
    numbers = arm("values", values, 2)
    one, other = _levels("first", first, numbers), _levels("second", second, numbers)
    cells = _crossed(one, other)
    numbers = numbers - numbers.mean()
    ones = np.ones((len(numbers), 1))
    a, b, both = (_dummies(rows) for rows in (one, other, cells))
    alone_b, alone_a = _space(np.hstack([ones, b])), _space(np.hstack([ones, a]))
    added, full = _space(np.hstack([ones, a, b])), _space(np.hstack([ones, both]))
    rng = dice(seed, 5)
    inside_b, inside_a = (_inside(rng, numbers, rows, draws) for rows in (other, one))
    fitted = added @ (added.T @ numbers)
    residuals = fitted + rng.permuted(np.tile(numbers - fitted, (whole("draws", draws, 1), 1)), axis=1)
    of_first = _tested(numbers, inside_b, alone_b, added, "permutation inside levels of second")
    of_second = _tested(numbers, inside_a, alone_a, added, "permutation inside levels of first")
    of_both = _tested(numbers, residuals, added, full, "permutation of residuals")
    explained = [_left(numbers[None, :], small)[0] for small in (alone_b, alone_a, added)]
    rest, last, whole_sum = _left(numbers[None, :], added)[0], _left(numbers[None, :], full)[0], numbers @ numbers
    sums = np.array([explained[0] - rest, explained[1] - rest, explained[2] - last, last])
    return Effects(of_first, of_second, of_both, sums / whole_sum if whole_sum > 0 else np.full(4, np.nan))


def _levels(name: str, labels: object, values: np.ndarray) -> np.ndarray:
    found = np.asarray(labels)
    if found.shape != values.shape:
        raise InputError(f"{name} must have one level for each of {len(values)} values; got shape {found.shape}")
    names, rows = np.unique(found, return_inverse=True)
    if len(names) < 2:
        raise InputError(f"{name} must have at least 2 levels; got {quoted(names.tolist())}")
    return rows


def _crossed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The cell of each value; all cells are there, and one at least has two replications."""
    width = other.max() + 1
    cells = one * width + other
    empty = np.flatnonzero(np.bincount(cells, minlength=(one.max() + 1) * width) == 0)
    if len(empty):
        raise InputError(f"values must fill every cell of first x second; {len(empty)} are empty")
    if len(cells) == cells.max() + 1:
        raise InputError("values must hold two replications of at least one cell; got one of each")
    return np.asarray(cells)


def _dummies(rows: np.ndarray) -> np.ndarray:
    return np.eye(rows.max() + 1)[rows]


def _space(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what the columns can explain."""
    u, size, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(u[:, size > 1e-9 * size[0]])


def _inside(rng: np.random.Generator, values: np.ndarray, blocks: np.ndarray, draws: int) -> np.ndarray:
    """Values that change places inside blocks; float (draws, n)."""
    found = np.tile(values, (whole("draws", draws, 1), 1))
    for block in range(blocks.max() + 1):
        rows = np.flatnonzero(blocks == block)
        found[:, rows] = rng.permuted(found[:, rows], axis=1)
    return found


def _left(values: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The sum of squares, (P,), that a model leaves of each row of values."""
    return np.asarray(np.square(values - (values @ basis) @ basis.T).sum(axis=1))


def _tested(values: np.ndarray, drawn: np.ndarray, small: np.ndarray, large: np.ndarray, method: str) -> Tested:
    def ratio(rows: np.ndarray) -> np.ndarray:
        less, more = _left(rows, small), _left(rows, large)
        gained, noise = np.maximum(less - more, 0.0), np.maximum(more, ROUNDING * np.square(rows).sum(axis=1))
        with np.errstate(invalid="ignore"):
            found = gained / (large.shape[1] - small.shape[1]) / (noise / (len(values) - large.shape[1]))
        return np.nan_to_num(found, nan=0.0)  # all values equal: nothing to explain

    observed = float(ratio(values[None, :])[0])
    hits, draws = int(extreme(ratio(drawn), observed, "greater").sum()), len(drawn)
    return Tested(observed, (1 + hits) / (1 + draws), 1 / (1 + draws), "greater", False, draws, f"F, {method}")
