"""How often does one mutant take over, and how long does it take? Well-mixed, exact at any intensity.

N individuals; fitness exp(intensity * payoff); payoff = mean over the N-1 others (no self-play). How many
play A is a birth-death chain: j goes up with probability T+(j), down with T-(j), in one step. Under
birth_death a parent is chosen in proportion to fitness and its copy replaces one of the others; under
pairwise_comparison a random individual copies a random other with probability 1/(1 + exp(-beta (their
payoff - own))); under imitation it keeps its own strategy or copies, in proportion to fitness. All three have
T-(j)/T+(j) = exp(-beta (pi_A - pi_B)), so fixation probabilities and the closed forms below are theirs; the
times differ. death_birth has a ratio of its own, because who dies does not compete.

References
----------
Moran1958, NowakSasakiTaylorFudenberg2004, TaylorFudenbergSasakiNowak2004, Traulsen2006, AntalScheuring2006
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import matrix, number, one_of, whole
from coop_abm.theory.roots import crossing
from coop_abm.theory.thresholds import matrix_conditions

UPDATES = ("birth_death", "death_birth", "imitation", "pairwise_comparison")


class FixationPair(NamedTuple):
    """Fixation probabilities: of one A among B (cooperators), of one B among A (defectors)."""

    cooperators: float
    defectors: float


class FixationTimes(NamedTuple):
    """Mean numbers of steps.

    fixes  : until A has taken over, given that it does
    lost   : until A is gone, given that it is
    either : until one of the two, without condition
    """

    fixes: float
    lost: float
    either: float


def payoffs(M: object, size: int) -> np.ndarray:
    """Mean payoffs of A and of B when j = 1 .. N-1 individuals play A; shape (2, N-1)."""
    (a, b), (c, d) = matrix("M", M, 2)
    n = whole("size", size, 2)
    j = np.arange(1, n)
    return np.array([((j - 1) * a + (n - j) * b) / (n - 1), (j * c + (n - j - 1) * d) / (n - 1)])


def probability(M: object, size: int, intensity: float) -> FixationPair:
    """rho_A and rho_B of the well-mixed Moran process, stable for strong selection and large N.

        rho_A = 1 / (1 + sum_{i=1}^{N-1} prod_{j<=i} f_B(j)/f_A(j)),   rho_B = rho_A prod_j f_B(j)/f_A(j)

    computed in logarithms. Neutral: 1/N each.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    return FixationPair(*(math.exp(log_rho) for log_rho in log_probability(M, size, intensity)))


def log_ratio(M: object, size: int, intensity: float) -> float:
    """ln(rho_A / rho_B) = (beta/2) [(N-2)(a-d) + N(b-c)]: exact at every intensity beta.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    (a, b), (c, d) = matrix("M", M, 2).tolist()
    n = whole("size", size, 2)
    return number("intensity", intensity) / 2 * ((n - 2) * (a - d) + n * (b - c))


def steps(M: object, size: int, intensity: float, update: str = "birth_death") -> tuple[np.ndarray, np.ndarray]:
    """T+(j) and T-(j) for j = 1 .. N-1: how likely A gains, or loses, one individual in one step; two (N-1,).

    The well-mixed population is the complete graph: whoever is replaced or looked at is another individual.

    Raises
    ------
    InputError : M not 2 x 2, size below 2, unknown update
    """
    ours, theirs = number("intensity", intensity) * payoffs(M, size)
    n, rule = int(size), one_of("update", update, UPDATES)
    j = np.arange(1.0, n)
    pairs = j * (n - j) / n
    if rule == "pairwise_comparison":
        copied = 0.5 * (1 + np.tanh(0.5 * np.array([ours - theirs, theirs - ours])))
        return pairs / (n - 1) * copied[0], pairs / (n - 1) * copied[1]
    top = np.maximum(ours, theirs)
    a, b = np.exp(ours - top), np.exp(theirs - top)  # only ratios count
    if rule == "birth_death":
        everybody = j * a + (n - j) * b
        return pairs * n / (n - 1) * a / everybody, pairs * n / (n - 1) * b / everybody
    dies = 0 if rule == "imitation" else 1  # who dies does not compete; who imitates may keep its own
    return pairs * a / (j * a + (n - j - dies) * b), pairs * b / ((j - dies) * a + (n - j) * b)


def chain_probability(up: object, down: object) -> np.ndarray:
    """Probability that a birth-death chain on 0 .. N ends in N, from each j; float (N+1,).

    up, down : T+(j) and T-(j) for j = 1 .. N-1, positive

        phi(j) = [1 + sum_{k<j} prod_{i<=k} T-(i)/T+(i)] / [1 + sum_{k<N} prod_{i<=k} T-(i)/T+(i)]

    Raises
    ------
    InputError : not two sequences of the same length, or an entry that is not a positive probability
    """
    return np.exp(_log_reach(*_rates(up, down)))


def chain_times(up: object, down: object, start: int = 1) -> FixationTimes:
    """Mean times of a birth-death chain on 0 .. N that starts at ``start``; any T+, T-.

    Given that it ends in N, the chain moves up with T+(j) phi(j+1)/phi(j) and down with T-(j) phi(j-1)/phi(j),
    and the mean time from k to k+1 is e(k) = [1 + T'-(k) e(k-1)]/T'+(k): positive terms only, so nothing
    cancels at any intensity. Ending in 0 is the same chain seen from the other end.

    Raises
    ------
    as ``chain_probability``; InputError : start out of range

    References
    ----------
    AntalScheuring2006
    """
    rise, fall = _rates(up, down)
    n = len(rise) + 1
    first = whole("start", start, 1, n - 1)
    win, lose = _log_reach(rise, fall), _log_reach(fall[::-1], rise[::-1])[::-1]
    fixes = _climb(rise, fall, win)[first - 1 :].sum()
    lost = _climb(fall[::-1], rise[::-1], lose[::-1])[n - first - 1 :].sum()
    ends = [share * time if share > 0 else 0.0 for share, time in zip(np.exp([win[first], lose[first]]), (fixes, lost))]
    return FixationTimes(float(fixes), float(lost), float(sum(ends)))


def times(M: object, size: int, intensity: float, *, update: str = "birth_death", start: int = 1) -> FixationTimes:
    """Mean fixation times of the well-mixed process, in steps, exact at any intensity.

    Neutral Moran process from one mutant: (N-1)^2 steps to fixation, where it fixes.

    Raises
    ------
    as ``steps``; InputError : start not in 1 .. N-1

    References
    ----------
    AntalScheuring2006
    """
    return chain_times(*steps(M, size, intensity, update), start=start)


def pair_of(up: object, down: object) -> FixationPair:
    """rho_A and rho_B, from one mutant, of a birth-death chain with these T+ and T-.

    Raises
    ------
    as ``chain_probability``
    """
    rise, fall = _rates(up, down)
    return FixationPair(math.exp(_log_reach(rise, fall)[1]), math.exp(_log_reach(fall[::-1], rise[::-1])[1]))


def critical(matrix_of: Callable[[float], object], size: int, intensity: float, criterion: str = "RD") -> float:
    """The benefit at which selection turns to A, in a family of games ``matrix_of(benefit)``.

    Criterion RD: rho_A = rho_B (the same at every intensity). AD: rho_A = 1/N (moves with the intensity,
    to first order).

    Raises
    ------
    InputError : intensity not positive, unknown criterion
    TheoryError : no such benefit
    """
    beta = number("intensity", intensity, 1e-12)
    if one_of("criterion", criterion, ("RD", "AD")) == "RD":
        return crossing(lambda benefit: log_ratio(matrix_of(benefit), size, beta))
    n = whole("size", size, 2)
    return crossing(lambda benefit: math.log(n) + log_probability(matrix_of(benefit), n, beta)[0])


def one_third_law(M: object) -> bool:
    """Is A favoured to replace B (weak selection, large N)? When A earns more at a frequency of 1/3.

    a + 2b > c + 2d; for two strict equilibria this says that the unstable point lies below 1/3.

    References
    ----------
    NowakSasakiTaylorFudenberg2004
    """
    return matrix_conditions(M).advantageous


def log_probability(M: object, size: int, intensity: float) -> tuple[float, float]:
    """ln rho_A and ln rho_B, where the probabilities themselves may be too small for a float; see `probability`."""
    ours, theirs = payoffs(M, size)
    steps = np.concatenate([[0.0], np.cumsum(number("intensity", intensity) * (theirs - ours))])
    top = steps.max()
    log_rho = -top - math.log(np.exp(steps - top).sum())
    return log_rho, log_rho + float(steps[-1])


def critical_of_update(matrix_of: Callable[[float], object], size: int, intensity: float, update: str) -> float:
    """The benefit at which rho_A = rho_B at this intensity under any of the four update rules, well-mixed.

    Raises
    ------
    as ``critical``
    """
    beta = number("intensity", intensity, 1e-12)

    def log_ratio_at(benefit: float) -> float:
        up, down = steps(matrix_of(benefit), size, beta, update)
        return float(np.log(up).sum() - np.log(down).sum())  # ln(rho_A / rho_B) of any birth-death chain

    return crossing(log_ratio_at)


def _rates(up: object, down: object) -> tuple[np.ndarray, np.ndarray]:
    rise, fall = np.array(up, dtype=float), np.array(down, dtype=float)
    if rise.ndim != 1 or rise.shape != fall.shape or len(rise) < 1:
        raise InputError(f"up and down must be sequences of one length; got shapes {rise.shape} and {fall.shape}")
    if not (np.isfinite(rise).all() and np.isfinite(fall).all() and (rise > 0).all() and (fall > 0).all()):
        raise InputError("up and down must be positive probabilities: a step that never happens has no such chain")
    if (rise + fall > 1 + 1e-12).any():
        raise InputError("up and down must add up to at most 1")
    return rise, fall


def _log_reach(rise: np.ndarray, fall: np.ndarray) -> np.ndarray:
    """ln phi(j), j = 0 .. N."""
    powers = np.concatenate([[0.0], np.cumsum(np.log(fall) - np.log(rise))])
    reached = np.logaddexp.accumulate(powers)
    return np.concatenate([[-np.inf], reached - reached[-1]])


def _climb(rise: np.ndarray, fall: np.ndarray, log_reach: np.ndarray) -> np.ndarray:
    """Mean time from k to k+1, k = 1 .. N-1, of the chain that is known to end in N."""
    up = rise * np.exp(log_reach[2:] - log_reach[1:-1])
    down = fall * np.exp(log_reach[:-2] - log_reach[1:-1])
    passed = np.empty(len(rise))
    before = 0.0
    for k in range(len(rise)):
        before = (1 + down[k] * before) / up[k]
        passed[k] = before
    return passed
