"""The exact Markov chain of a small graph: all 2^N ways to place two strategies.

Each step at most one node changes, so the chain is a table of flip probabilities, one per state and node.
State s is a whole number whose bit i is 1 when node i plays A. Weights are symmetric, but for birth_death with
constant payoffs, where row i is where offspring of i goes. Payoffs are weighted means over neighbours ("averaged")
or weighted sums ("accumulated"); fitness is exp(intensity * payoff).

    death_birth          a uniform node dies; neighbours compete for it by weight times fitness
    birth_death          a parent by fitness over all; its copy replaces a neighbour chosen by weight
    imitation            a uniform node keeps its own or copies a neighbour, by weight times fitness, own weight 1
    pairwise_comparison  a uniform node looks at a neighbour chosen by weight and copies it with
                         probability 1/(1 + exp(-intensity * (their payoff - own payoff)))

With a graph of ``replacement`` payoffs come from the neighbours in ``weights``, and all that stands above is said of
the neighbours and weights in ``replacement``; both have the same nodes.

References
----------
OhtsukiHauertLiebermanNowak2006, Allen2017, Traulsen2006, OhtsukiPachecoNowak2007
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coop_abm.core.errors import GraphError, InputError
from coop_abm.theory.absorption import expected_sums
from coop_abm.theory.arguments import graph, matrix, number, one_of, sparse_graph, whole
from coop_abm.theory.composition import Structure
from coop_abm.theory.fixation import FixationPair, FixationTimes
from coop_abm.theory.roots import crossing

if TYPE_CHECKING:
    import scipy.sparse

LARGEST = 14  # 16,384 states
PAYOFFS = ("averaged", "accumulated")


def _death_birth(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray, intensity: float) -> np.ndarray:
    return _local_competition(nodes, weights, _fitness(payoff, intensity))


def _imitation(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray, intensity: float) -> np.ndarray:
    return _local_competition(nodes, weights + np.eye(len(weights)), _fitness(payoff, intensity))


def _birth_death(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray, intensity: float) -> np.ndarray:
    fitness = _fitness(payoff, intensity)
    parent = fitness / fitness.sum(axis=1, keepdims=True)
    step = weights / weights.sum(axis=1, keepdims=True)
    to_a, to_b = (parent * nodes) @ step, (parent * (1 - nodes)) @ step
    return np.where(nodes == 1, to_b, to_a)


def _pairwise(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray, intensity: float) -> np.ndarray:
    step = weights / weights.sum(axis=1, keepdims=True)
    flip = np.empty_like(payoff)
    for i in range(len(weights)):
        gain = intensity * (payoff - payoff[:, [i]])
        copies = 0.5 * (1 + np.tanh(0.5 * gain)) * (nodes != nodes[:, [i]])
        flip[:, i] = copies @ step[i]
    return flip / len(weights)


def _competition_slope(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    """d/d(intensity) at 0 of ``_local_competition``."""
    reach = weights.sum(axis=1)
    to_a, gain_a, gain = nodes @ weights / reach, (payoff * nodes) @ weights / reach, payoff @ weights / reach
    slope = gain_a - to_a * gain
    return np.where(nodes == 1, -slope, slope) / len(weights)


def _imitation_slope(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    return _competition_slope(nodes, weights + np.eye(len(weights)), payoff)


def _birth_death_slope(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    parent = (payoff - payoff.mean(axis=1, keepdims=True)) / len(weights)
    step = weights / weights.sum(axis=1, keepdims=True)
    return np.where(nodes == 1, (parent * (1 - nodes)) @ step, (parent * nodes) @ step)


def _pairwise_slope(nodes: np.ndarray, weights: np.ndarray, payoff: np.ndarray) -> np.ndarray:
    step = weights / weights.sum(axis=1, keepdims=True)
    slope = np.empty_like(payoff)
    for i in range(len(weights)):
        slope[:, i] = (0.25 * (payoff - payoff[:, [i]]) * (nodes != nodes[:, [i]])) @ step[i]
    return slope / len(weights)


class Rule(NamedTuple):
    """An update rule: flip probabilities at an intensity, and their derivative in the intensity at 0."""

    flips: Callable[..., np.ndarray]
    slope: Callable[..., np.ndarray]


UPDATES: dict[str, Rule] = {
    "death_birth": Rule(_death_birth, _competition_slope),
    "birth_death": Rule(_birth_death, _birth_death_slope),
    "imitation": Rule(_imitation, _imitation_slope),
    "pairwise_comparison": Rule(_pairwise, _pairwise_slope),
}


def flip_probabilities(
    weights: object, M: object, *, update: str, intensity: float, payoff: str = "averaged", replacement: object = None
) -> np.ndarray:
    """The probability that each node changes strategy in one step, in each state; shape (2^N, N).

    Parameters
    ----------
    weights     : array or scipy sparse (N, N), who plays with whom
    replacement : the same, whose strategy can come to whom; None: as ``weights``

    Raises
    ------
    GraphError : weights not connected, symmetric and free of self-loops; graphs that differ in size
    InputError : M not 2 x 2; unknown update or payoff; directed weights, and payoffs that are not constant
    TheoryError : more than 14 nodes
    """
    plays, follows = _two_graphs(weights, replacement, M, update, payoff)
    beta = number("intensity", intensity)
    rule = UPDATES[one_of("update", update, UPDATES)]
    nodes = _states(len(plays))
    return rule.flips(nodes, follows, _payoffs(nodes, plays, matrix("M", M, 2), payoff), beta)


def transition_matrix(
    weights: object, M: object, *, update: str, intensity: float, payoff: str = "averaged", replacement: object = None
) -> scipy.sparse.csr_array:
    """The whole chain as a sparse matrix (2^N, 2^N): row = from, column = to, rows sum to 1.

    Raises
    ------
    as ``flip_probabilities``
    """
    from scipy.sparse import coo_array

    flip = flip_probabilities(
        weights, M, update=update, intensity=intensity, payoff=payoff, replacement=replacement
    )  # fmt: skip
    states, size = flip.shape
    here = np.arange(states)
    there = here[:, None] ^ (1 << np.arange(size))
    entries = np.concatenate([flip.ravel(), 1 - flip.sum(axis=1)])
    rows, columns = np.concatenate([np.repeat(here, size), here]), np.concatenate([there.ravel(), here])
    return coo_array((entries, (rows, columns)), shape=(states, states)).tocsr()


def graph_fixation(
    weights: object, M: object, *, update: str, intensity: float, payoff: str = "averaged", start: int = 1,
    replacement: object = None,
) -> FixationPair:  # fmt: skip
    """rho_A and rho_B on a graph, from ``start`` uniformly placed mutants (1 .. N-1).

    Raises
    ------
    as ``flip_probabilities``; InputError : start out of range
    """
    flip = flip_probabilities(
        weights, M, update=update, intensity=intensity, payoff=payoff, replacement=replacement
    )  # fmt: skip
    size = flip.shape[1]
    mutants = whole("start", start, 1, size - 1)
    reach = _reach_all_a(flip)
    playing_a = _states(size).sum(axis=1)
    return FixationPair(
        cooperators=float(reach[playing_a == mutants].mean()),
        defectors=float((1 - reach[playing_a == size - mutants]).mean()),
    )


def fixation_derivative(
    weights: object, M: object, *, update: str, payoff: str = "averaged", start: int = 1, replacement: object = None
) -> FixationPair:
    """d rho_A and d rho_B over d(intensity) at neutrality, exact: no differences of close numbers.

    With h the neutral probability to end in all A, h' solves the same equations with the change that
    selection makes to the expected h after one step as its right side.

    Raises
    ------
    as ``graph_fixation``
    """
    change = _derivatives(weights, M, update, payoff, replacement)
    size = len(change).bit_length() - 1
    mutants = whole("start", start, 1, size - 1)
    playing_a = _states(size).sum(axis=1)
    return FixationPair(
        cooperators=float(change[playing_a == mutants].mean()),
        defectors=float(-change[playing_a == size - mutants].mean()),
    )


def placed_derivative(
    weights: object, M: object, *, update: str, payoff: str = "averaged", replacement: object = None
) -> np.ndarray:
    """float (N,): d rho_A / d(intensity) at neutrality, from one A on each node.

    Raises
    ------
    as ``graph_fixation``
    """
    change = _derivatives(weights, M, update, payoff, replacement)
    return change[1 << np.arange(len(change).bit_length() - 1)]


def _derivatives(weights: object, M: object, update: str, payoff: str, replacement: object) -> np.ndarray:
    """d/d(intensity) at 0 of the probability to end in all A, from each state; float (2^N,)."""
    neutral = flip_probabilities(weights, M, update=update, intensity=0.0, payoff=payoff, replacement=replacement)
    states, size = neutral.shape
    (plays, follows), nodes = _two_graphs(weights, replacement, M, update, payoff), _states(size)
    slope = UPDATES[update].slope(nodes, follows, _payoffs(nodes, plays, matrix("M", M, 2), payoff))
    reach = _reach_all_a(neutral)
    there = np.arange(states)[:, None] ^ (1 << np.arange(size))
    push = (slope * (reach[there] - reach[:, None])).sum(axis=1)
    return _until_absorbed(neutral, push, matter=[])


def structure(weights: object, *, update: str, payoff: str = "averaged", replacement: object = None) -> Structure:
    """The two weights of a graph, exact, under any of the update rules: also where no formula is known.

    Raises
    ------
    as ``graph_fixation``
    """
    units = ([[1, 0], [0, 0]], [[0, 1], [0, 0]])
    pairs = [
        fixation_derivative(weights, unit, update=update, payoff=payoff, replacement=replacement) for unit in units
    ]
    return Structure(*(pair.cooperators - pair.defectors for pair in pairs))


def fixation_times(
    weights: object, M: object, *, update: str, intensity: float, payoff: str = "averaged", start: int = 1,
    replacement: object = None,
) -> FixationTimes:  # fmt: skip
    """Mean number of steps until ``start`` uniformly placed A take over, are lost, or either.

    Raises
    ------
    as ``graph_fixation``
    """
    flip = flip_probabilities(
        weights, M, update=update, intensity=intensity, payoff=payoff, replacement=replacement
    )  # fmt: skip
    size = flip.shape[1]
    mutants = whole("start", start, 1, size - 1)
    reach = _reach_all_a(flip)
    here = _states(size).sum(axis=1) == mutants
    won, lost = (_until_absorbed(flip, share)[here].mean() for share in (reach, 1 - reach))
    fixes = reach[here].mean()
    return FixationTimes(float(won / fixes), float(lost / (1 - fixes)), float(won + lost))


def abundance(
    weights: object, M: object, *, update: str, intensity: float, mutation: float, payoff: str = "averaged",
    replacement: object = None,
) -> np.ndarray:  # fmt: skip
    """Share of time in the long run in which 0 .. N nodes play A, with mutation; float (N+1,).

    Whatever strategy an update would leave at a node is turned into the other with probability ``mutation``. In
    the limit of rare mutation all A and all B are seen in the ratio rho_A / rho_B under death_birth,
    imitation and pairwise_comparison, whose mutants appear at uniformly random nodes.

    Raises
    ------
    as ``flip_probabilities``; InputError : mutation not in (0, 1/2]
    TheoryError : mutation so rare, or selection so strong, that the system cannot be solved

    References
    ----------
    FudenbergImhof2006
    """
    from scipy.sparse import coo_array

    rate = number("mutation", mutation, 1e-12, 0.5)
    flip = flip_probabilities(
        weights, M, update=update, intensity=intensity, payoff=payoff, replacement=replacement
    )  # fmt: skip
    states, size = flip.shape
    nodes, (plays, follows) = _states(size), _two_graphs(weights, replacement, M, update, payoff)
    updated = np.full((1, size), 1 / size)
    if update == "birth_death":  # how often a node is replaced depends on who has offspring
        fitness = _fitness(_payoffs(nodes, plays, matrix("M", M, 2), payoff), intensity)
        updated = fitness / fitness.sum(axis=1, keepdims=True) @ (follows / follows.sum(axis=1, keepdims=True))
    flip = flip + rate * (updated - 2 * flip)
    there = np.arange(states)[:, None] ^ (1 << np.arange(size))
    leaves = flip.sum(axis=1)
    # Visits to each state between two visits to all B, by the jumps turned round; time is visits over leaving.
    inside = (there > 0) & (np.arange(states)[:, None] > 0)
    jump = (flip / leaves[:, None])[inside]
    here = np.broadcast_to(np.arange(states)[:, None], there.shape)[inside]
    first = coo_array((flip[0] / leaves[0], (there[0] - 1, np.zeros(size, int))), shape=(states - 1, 1)).toarray()[:, 0]
    visits = np.concatenate([[1.0], expected_sums(there[inside] - 1, here - 1, jump, first, matter=[])])
    time = visits / leaves
    return np.bincount(nodes.sum(axis=1).astype(int), time, size + 1) / time.sum()


def critical(
    weights: object,
    matrix_of: Callable[[float], object],
    *,
    update: str,
    intensity: float,
    payoff: str = "averaged",
    start: int = 1,
    replacement: object = None,
) -> float:
    """The benefit at which rho_A = rho_B at this intensity, in a family ``matrix_of(benefit)``; signed.

    Raises
    ------
    as ``graph_fixation``
    TheoryError : no such benefit
    """

    def difference(benefit: float) -> float:
        pair = graph_fixation(
            weights, matrix_of(benefit), update=update, intensity=intensity, payoff=payoff, start=start,
            replacement=replacement,
        )  # fmt: skip
        return pair.cooperators - pair.defectors

    return crossing(difference)


def _two_graphs(
    weights: object, replacement: object, M: object, update: str, payoff: str
) -> tuple[np.ndarray, np.ndarray]:
    """Who plays with whom, and whose strategy can come to whom; the game need not be connected where they differ."""
    births = update == "birth_death"  # so offspring alone follows the weights, and may follow arrows
    if replacement is None:
        plays = follows = graph(weights, LARGEST, directed=births)
    else:
        plays = sparse_graph(weights, LARGEST, connected=False).toarray()
        follows = sparse_graph(replacement, LARGEST, name="replacement", directed=births).toarray()
        if follows.shape != plays.shape:
            raise GraphError(f"replacement must have the {len(plays)} nodes of weights; got {len(follows)}")
    if (follows != follows.T).any() and (payoff != "averaged" or np.ptp(matrix("M", M, 2), axis=1).any()):
        raise InputError("M must have equal payoffs in each row, averaged, where weights are directed")
    return plays, follows


def _states(size: int) -> np.ndarray:
    return ((np.arange(1 << size)[:, None] >> np.arange(size)) & 1).astype(float)


def _payoffs(nodes: np.ndarray, weights: np.ndarray, M: np.ndarray, payoff: str) -> np.ndarray:
    degree = weights.sum(axis=1)
    meets_a = nodes @ weights.T
    (a, b), (c, d) = M
    total = np.where(nodes == 1, a * meets_a + b * (degree - meets_a), c * meets_a + d * (degree - meets_a))
    return total / degree if one_of("payoff", payoff, PAYOFFS) == "averaged" else total


def _fitness(payoff: np.ndarray, intensity: float) -> np.ndarray:
    # Only ratios within a state matter, so the largest exponent is set to 0.
    exponent = intensity * payoff
    return np.exp(exponent - exponent.max(axis=1, keepdims=True))


def _local_competition(nodes: np.ndarray, weights: np.ndarray, fitness: np.ndarray) -> np.ndarray:
    to_a, to_b = (fitness * nodes) @ weights, (fitness * (1 - nodes)) @ weights
    return np.where(nodes == 1, to_b, to_a) / (to_a + to_b) / len(weights)


def _reach_all_a(flip: np.ndarray) -> np.ndarray:
    """Probability to end in all A from each state: harmonic, 0 in all B (state 0), 1 in all A (the last)."""
    states, size = flip.shape
    into_last = np.zeros(states)
    last = (states - 1) ^ (1 << np.arange(size))  # the states with one B left
    into_last[last] = flip[last, np.arange(size)]
    result = _until_absorbed(flip, into_last)
    result[-1] = 1.0
    return result


def _until_absorbed(flip: np.ndarray, income: np.ndarray, matter: list[int] | None = None) -> np.ndarray:
    """Expected sum of ``income`` over the steps until one strategy is left, from each state."""
    states, size = flip.shape
    leaves = flip[1:-1].sum(axis=1)
    jump = flip[1:-1] / leaves[:, None]
    there = np.arange(1, states - 1)[:, None] ^ (1 << np.arange(size))
    inside = (there > 0) & (there < states - 1)
    rows = np.broadcast_to(np.arange(states - 2)[:, None], there.shape)[inside]
    result = np.zeros(states)
    if states > 2:
        result[1:-1] = expected_sums(rows, there[inside] - 1, jump[inside], income[1:-1] / leaves, matter)
    return result
