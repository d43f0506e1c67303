"""When do two ancestral lines meet? The N^2 linear equations of coalescing random walks, solved exactly.

    tau_ii = 0,   tau_ij = 1 + (1/2) sum_k (p_ik tau_jk + p_jk tau_ik)   for i != j

With y_ij = sqrt(pi_i pi_j) tau_ij the system is symmetric and positive, A y = b: conjugate gradient, one
sparse times dense product and a transposition an iteration. The number of iterations grows with the square
root of the time that the walk takes to forget where it began: about 70 for a well-mixing graph of any size,
N/2 for a cycle.

References
----------
Allen2017
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coop_abm.core.errors import TheoryError
from coop_abm.theory.ancestry import Progress, row_sums, scaled_rows

if TYPE_CHECKING:
    import scipy.sparse

LARGEST = 5000  # nodes; six N x N arrays of float64 take 1.2 GB there
DENSE_UP_TO = 12  # nodes; N^2 unknowns in one dense system, few enough to need no second thread
BLOCK = 256  # rows and columns that are transposed at a time, in cache
PATIENCE = 50_000  # iterations
TOLERANCE = 1e-12  # of the residual, beside the right-hand side


def meeting_times(
    walk: scipy.sparse.csr_array,
    *,
    guess: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress | None = None,
) -> np.ndarray:
    """tau (N, N): expected meeting time of the lines of two nodes; a step moves one of the two.

    Parameters
    ----------
    walk  : symmetric weights of a connected graph, as ``ancestry.replacement_weights`` gives them
    guess : times of a similar graph; fewer iterations

    Raises
    ------
    TheoryError : no convergence (extremely unequal weights)
    """
    if walk.shape[0] <= DENSE_UP_TO:
        return direct_times(walk)
    root = root_of(walk)
    right = np.outer(root, root)
    np.fill_diagonal(right, 0)
    start = None if guess is None else guess * root[:, None] * root
    times = solved(walk, right, start=start, tolerance=tolerance, progress=progress)
    times /= root[:, None]
    times /= root
    return times


def root_of(walk: scipy.sparse.csr_array) -> np.ndarray:
    """sqrt(pi), float (N,)."""
    reach = row_sums(walk)
    return np.sqrt(reach / reach.sum())


def direct_times(walk: scipy.sparse.csr_array) -> np.ndarray:
    """``meeting_times`` as one dense system of N^2 unknowns."""
    step = scaled_rows(walk, 1 / row_sums(walk)).toarray()
    size = len(step)
    one = np.eye(size)
    system = np.eye(size * size) - 0.5 * (np.kron(step, one) + np.kron(one, step))
    apart = ~np.eye(size, dtype=bool).ravel()
    times = np.zeros(size * size)
    times[apart] = np.linalg.solve(system[np.ix_(apart, apart)], np.ones(apart.sum()))
    return times.reshape(size, size)


def solved(
    walk: scipy.sparse.csr_array,
    right: np.ndarray,
    *,
    start: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
    progress: Progress | None = None,
) -> np.ndarray:
    """y with A y = ``right`` and zero diagonal, where A y = y - (Q y + (Q y)^T)/2 off it, q_ij = v_ij/sqrt(h_i h_j).

    Parameters
    ----------
    right : float (N, N), symmetric, zero diagonal; used up
    start : float (N, N), symmetric, zero diagonal, used up: a guess of y

    Raises
    ------
    TheoryError : no convergence within 50,000 iterations
    """
    symmetric = _symmetric(walk)
    image = np.empty_like(right)
    first = _product(right, right)
    if start is None:
        y, residual = np.zeros_like(right), right
    else:
        y = start
        _apply(symmetric, y, image)
        residual = right
        residual -= image
    direction = residual.copy()
    size = _product(residual, residual)
    for _ in range(PATIENCE):
        if size <= tolerance**2 * first:
            return y
        if progress:
            progress(min(1.0, max(0.0, math.log(first / size) / math.log(1 / tolerance**2))))
        _apply(symmetric, direction, image)
        along = size / _product(direction, image)
        image *= along
        residual -= image
        np.multiply(direction, along, out=image)
        y += image
        before, size = size, _product(residual, residual)
        direction *= size / before
        direction += residual
    raise TheoryError("coalescence times did not converge: the edge weights are too unequal")


def _symmetric(walk: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """q_ij = v_ij/sqrt(h_i h_j)."""
    root = 1 / np.sqrt(row_sums(walk))
    rows = scaled_rows(walk, root)
    rows.data *= root[rows.indices]
    return rows


def _apply(symmetric: scipy.sparse.csr_array, y: np.ndarray, image: np.ndarray) -> None:
    """Write A y, block by block: a transposition of the whole would leave the cache at every step."""
    walked = symmetric @ y
    places = range(0, len(y), BLOCK)
    for i in places:
        for j in places:
            here, there = slice(i, i + BLOCK), slice(j, j + BLOCK)
            block = image[here, there]
            np.add(walked[here, there], walked[there, here].T, out=block)
            block *= -0.5
            block += y[here, there]
    np.fill_diagonal(image, 0)


def _product(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.vdot(one, other))
