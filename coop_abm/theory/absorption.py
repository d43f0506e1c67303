"""Expected sums until a Markov chain is absorbed: the one linear system behind every exact chain here.

The chain is given by its jumps, what it does when it moves at all; x = right + jump x. Bi-conjugate gradients
with refinement reach the last digits of such a system in some 50 products, with no factorisation: three
milliseconds for the 1,022 transient states of a graph of ten nodes. Under selection so strong that parts of
the solution are vanishingly small beside others, iteration loses the digits of the small ones; then the
system is eliminated.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import TheoryError

ELIMINATED_UP_TO = 10_000  # states; takes seconds there
DENSE_UP_TO = 1_100  # states; hypercubes fill in badly, so small systems are eliminated dense
SMALL = 1e-7  # of the largest entry; below it iteration leaves too few digits


def expected_sums(
    rows: np.ndarray, columns: np.ndarray, jump: np.ndarray, right: np.ndarray, matter: list[int] | None = None
) -> np.ndarray:
    """x = right + jump x, for each column of right.

    Parameters
    ----------
    rows, columns, jump : entries of the jump matrix among the transient states, rows summing to at most 1
    right : float (states,) or (states, columns), the expected income of each state before its next move
    matter : states whose entries need digits of their own even if they are tiny beside others; None for all

    Raises
    ------
    TheoryError : selection so strong that the system cannot be solved
    """
    from scipy.sparse import csr_array, eye_array

    states = len(right)
    system = (eye_array(states) - csr_array((jump, (rows, columns)), shape=(states, states))).tocsr()
    sums = right.reshape(states, -1).T
    if not any(np.any(column) for column in sums):
        return np.zeros_like(right)
    found = [answer for column in sums if (answer := _iterated(system, column, matter)) is not None]
    if len(found) == len(sums):
        return np.stack(found, axis=1).reshape(right.shape)
    if states > ELIMINATED_UP_TO:
        raise TheoryError("the chain did not converge: selection is too strong to solve it by iteration")
    return _eliminated(system, right)


def _iterated(
    system, right: np.ndarray, matter: list[int] | None
) -> np.ndarray | None:  # scipy is imported on use, so no annotation
    """The solution to the last digits, None if iteration does not get there."""
    from scipy.sparse.linalg import bicgstab

    answer = np.zeros(len(right))
    scale = np.abs(right).max()
    for _ in range(6):  # iterative refinement: the last digits decide rho_A - rho_B
        rest = right - system @ answer
        if np.abs(rest).max() <= 1e-15 * max(scale, np.abs(answer).max()):  # no residual is below its rounding
            break
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # failing is answered below
            answer += bicgstab(system, rest, rtol=1e-6, atol=0.0, maxiter=2000)[0]
        if not np.isfinite(answer).all():
            return None
    rest = right - system @ answer
    size = np.abs(answer)
    watched = size if matter is None else size[matter]
    exact = np.abs(rest).max() <= 2e-14 * max(scale, size.max()) and (watched >= SMALL * size.max()).all()
    return answer if exact else None


def _eliminated(system, right: np.ndarray) -> np.ndarray:
    from scipy.sparse.linalg import splu

    try:
        if system.shape[0] <= DENSE_UP_TO:
            return np.linalg.solve(system.toarray(), right)
        # Diagonally dominant: no pivoting is needed, and a symmetric ordering fills in least.
        return splu(
            system.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        ).solve(right)
    except (RuntimeError, np.linalg.LinAlgError):
        raise TheoryError("selection is too strong: some steps of the chain have probability zero") from None
