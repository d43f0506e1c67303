"""Two exact statements about groups and networks together, under weak selection.

*Fixed groups.* Members of one group are linked with weight 1, members of linked groups with a smaller weight;
nothing happens to groups as such. That is one weighted graph, so coalescing walks have its critical ratio, and
where every group has equally many linked groups it is a closed form.

*Rare duplication.* Each group is a network of its own, and inside it everything is death-birth updating. With
probability q a step is a duplication instead: a group, chosen in proportion to the total fitness of its
members, overwrites a random other group, node by node. In the limit q -> 0, with averaged payoffs, groups
compete as wholes whose fitness is that of their members, and the critical ratio follows from walks inside one
group. This is neither the binomial splitting of Traulsen and Nowak nor a takeover that follows a
replacement: where groups take over in proportion to how often their nodes change, the ratio is another.

Both forms are derived in this project. The first holds against coalescing walks, the second against the chain
of all 2^(nm) states with duplication, in the tests.

References
----------
Allen2017, TaylorNowak2007
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.coalescence import VANISHES, walk_moments


def fixed_groups(size: int, count: int, linked: int, between: float) -> float:
    """(b/c)* of fixed groups under death-birth, averaged payoffs: (N-2)/(N/kappa-2), N = nm, signed.

        1/kappa = [(n-1) + eps^2 n h] / [(n-1) + eps n h]^2

    Parameters
    ----------
    size    : n, members of a group
    count   : m, groups
    linked  : h, how many other groups each group is linked to; any h-regular graph of groups
    between : eps > 0, weight of a tie between members of linked groups, beside 1 within a group

    Raises
    ------
    InputError : a number out of range; m h odd, so no such graph of groups exists

    References
    ----------
    Allen2017, Chen2013
    """
    n, m = whole("size", size, 1), whole("count", count, 2)
    h, eps = whole("linked", linked, 1, m - 1), number("between", between, 1e-12)
    if m * h % 2:
        raise InputError(f"linked times count must be even, or no graph has such degrees; got {h} x {m}")
    strength = n - 1 + eps * n * h
    inverse = (n - 1 + eps**2 * n * h) / strength**2
    total = n * m
    denominator = total * inverse - 2
    return math.inf if abs(denominator) <= VANISHES else (total - 2) / denominator


def fixed_group_weights(islands: object, size: int, between: float) -> np.ndarray:
    """The weighted graph of fixed groups on any graph of groups: I (x) (J - I) + eps A (x) J; float (nm, nm).

    islands : symmetric (m, m), which groups are linked; node i of group g is row g n + i

    Raises
    ------
    InputError : islands not square, size or between out of range
    """
    links = np.array(islands, dtype=float)
    if links.ndim != 2 or links.shape[0] != links.shape[1]:
        raise InputError(f"islands must be a square matrix; got shape {links.shape}")
    n, eps = whole("size", size, 1), number("between", between, 1e-12)
    full = np.ones((n, n))
    return np.kron(np.eye(len(links)), full - np.eye(n)) + eps * np.kron(links, full)


def rare_duplication(weights: object, count: int) -> float:
    """(b/c)* of m = ``count`` groups of one network each, rare duplication: (m-1+t2)/(m-1+t3-t1), signed.

    t_n are the walk moments of one group's graph (``coalescence.walk_moments``); m = 1 is that graph alone.

    Raises
    ------
    GraphError : weights not connected, symmetric and free of self-loops
    InputError : count not whole
    """
    m = whole("count", count, 1)
    t1, t2, t3 = walk_moments(weights)
    gain = m - 1 + t3 - t1
    return math.inf if abs(gain) <= VANISHES * (m + t1 + t3) else (m - 1 + t2) / gain


def rare_duplication_regular(degree: float, size: int, count: int) -> float:
    """The same for groups whose graph is k-regular with n nodes: (m+n-3)/(m+n/k-3), signed.

    Raises
    ------
    InputError : degree above n - 1, numbers out of range
    """
    n, m = whole("size", size, 2), whole("count", count, 1)
    k = number("degree", degree, 1, n - 1)
    denominator = m + n / k - 3
    return math.inf if abs(denominator) <= VANISHES else (m + n - 3) / denominator
