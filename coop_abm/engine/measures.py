"""Named observables: functions of the state of a world.

A measure takes a :class:`Snapshot` and gives one number for each replicate, float (R,). Series,
data collectors and figures name measures; adding one is adding a function to the table.

Some measures speak of *helping*, the share of an individual's alleles that are strategies that help
strangers: 0 or 1 for haploids, 0, 1/2 or 1 for diploids, whose two alleles count half each. Where
there is no graph, neighbours are all living members of one's group; a well-mixed population is one
group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.kernel import kernel


class Snapshot(NamedTuple):
    """What measures read.

    strategy, alive, payoff, standing, group : columns of the table, (R, N)
    helper  : int64 (S,), 1 for strategies of the repertoire that help strangers
    acts    : int64 (R, 2), actions of the last round: cooperative, all
    rows    : (indptr, indices, weight), neighbours as compressed rows (see ``structures/neighbours.py``)
    second  : int (R, N), the other allele of diploid individuals; (R, 0) where all are haploid
    family  : int64 (N,), the family of each individual; (0,) where there are none
    """

    strategy: np.ndarray
    alive: np.ndarray
    payoff: np.ndarray
    standing: np.ndarray
    group: np.ndarray
    helper: np.ndarray
    acts: np.ndarray
    rows: tuple[np.ndarray, np.ndarray, np.ndarray]
    second: np.ndarray
    family: np.ndarray


def frozen(now: Snapshot) -> Snapshot:
    """A copy whose columns share nothing with the running world and cannot be written to.

    Neighbours do not change while a world runs, so they are not copied.
    """

    def copied(column: np.ndarray) -> np.ndarray:
        copy = column.copy()
        copy.flags.writeable = False
        return copy

    return Snapshot(*(column if isinstance(column, tuple) else copied(column) for column in now))  # type: ignore[arg-type]


def joined(moments: list[Snapshot]) -> Snapshot:
    """Snapshots of one world at different times, all their replicates side by side, to be measured together."""
    first = moments[0]
    own: Any = {
        name: np.concatenate([getattr(now, name) for now in moments])
        for name in ("strategy", "alive", "payoff", "standing", "group", "acts", "second")
    }
    return first._replace(**own)


Measure = Callable[[Snapshot], np.ndarray]


def cooperators(now: Snapshot) -> np.ndarray:
    """Share of individuals whose strategy helps strangers; the two alleles of a diploid count half each."""
    return _mean(now, helping(now))


def cooperation(now: Snapshot) -> np.ndarray:
    """Share of cooperative acts among all acts of the last round; NaN where nobody acted."""
    done = now.acts[:, 1]
    return np.where(done > 0, now.acts[:, 0] / np.maximum(done, 1), np.nan)


def mean_payoff(now: Snapshot) -> np.ndarray:
    """Mean felt payoff of the living, in units of the game's payoff."""
    return _mean(now, now.payoff)


def good_standing(now: Snapshot) -> np.ndarray:
    """Share of the living who are in good standing."""
    return _mean(now, now.standing)


def individuals(now: Snapshot) -> np.ndarray:
    """Number of the living."""
    return now.alive.sum(axis=1).astype(np.float64)


def groups(now: Snapshot) -> np.ndarray:
    """Number of groups in which somebody lives."""
    return (_heads(now.group, now.alive == 1) > 0).sum(axis=1).astype(np.float64)


def largest_group(now: Snapshot) -> np.ndarray:
    """Number of the living in the largest group."""
    return _heads(now.group, now.alive == 1).max(axis=1).astype(np.float64)


def between_groups(now: Snapshot) -> np.ndarray:
    """Variance of the share of helping alleles between groups, as a fraction of the total variance (F_ST).

    sum_g n_g (p_g - p)^2 / (n p (1 - p)), where p_g is the share among the n_g living members of group
    g and p the share among all n. 0: groups are alike, 1: each is uniform. NaN where p is 0 or 1.

    References
    ----------
    Wright1951
    """
    found, living = np.full(len(now.strategy), np.nan), now.alive == 1
    heads = _heads(now.group, living)
    held = _totals(now.group, living, helping(now), heads.shape[1])
    for rows, (n, total) in _alike(heads > 0, heads, held):
        share, everybody = total / n, n.sum(axis=1)
        p = (n * share).sum(axis=1) / everybody
        varied = (0 < p) & (p < 1)
        rows, n, share, everybody, p = rows[varied], n[varied], share[varied], everybody[varied], p[varied]
        found[rows] = (n * (share - p[:, None]) ** 2).sum(axis=1) / (everybody * p * (1 - p))
    return found


def assortment(now: Snapshot) -> np.ndarray:
    """How much more often are neighbours of helpers helpers than neighbours of others?

    P(neighbour helps | I do) - P(neighbour helps | I do not), where my neighbour is drawn by edge
    weight: the regression of the neighbours' mean helping on one's own, over everybody who has a
    neighbour. 1: only equals meet. A well-mixed population gives -1/(N - 1), because nobody is its own
    neighbour. NaN where all help or nobody does.

    References
    ----------
    EshelCavalliSforza1982
    """
    own, living = helping(now), now.alive == 1
    if len(now.rows[0]) == 0:
        return _slopes(own, *_mates(own, living, now.group))
    total, strength = np.empty(own.shape), np.empty(own.shape)
    add_neighbours(own, living.astype(np.int64), *now.rows, total, strength)
    return _slopes(own, total / np.where(strength > 0, strength, 1), living & (strength > 0))


def clustering(now: Snapshot) -> np.ndarray:
    """Share of cooperators that belong to the largest connected cluster of cooperators.

    A cooperator is one of whose alleles at least half help; a cluster is what edges between
    cooperators connect. 1 in a well-mixed population, NaN where nobody cooperates.

    References
    ----------
    NowakMay1992
    """
    members = (helping(now) >= 0.5) & (now.alive == 1)
    if len(now.rows[0]):
        largest = np.empty(len(members), np.int64)
        largest_cluster(members.astype(np.int64), now.rows[0], now.rows[1], largest)
    else:
        largest = _heads(now.group, members).max(axis=1)
    heads = members.sum(axis=1)
    return np.where(heads > 0, largest / np.maximum(heads, 1), np.nan)


def relatedness(now: Snapshot) -> np.ndarray:
    """Relatedness of family mates at the locus of the strategy.

    The regression of the mean helping of the other living members of one's family on one's own,
    pooled over all families with at least two members. NaN without families, and where all help or
    nobody does.

    References
    ----------
    Grafen1985
    """
    own, living = helping(now), now.alive == 1
    if len(now.family) == 0:
        return np.full(len(own), np.nan)
    return _slopes(own, *_mates(own, living, np.broadcast_to(now.family, own.shape)))


#: Every measure by name, in the order of columns.
MEASURES: dict[str, Measure] = {
    measure.__name__: measure
    for measure in (
        cooperators, cooperation, mean_payoff, good_standing, individuals, groups, largest_group, between_groups,
        assortment, clustering, relatedness,
    )
}  # fmt: skip


#: Measures that follow from how many hold each strategy, on the event clock while nobody is born or dies
#: (there standing is what a strategy is, and nobody acts): heads (T, S) and helper (S,) give float (T,).
COUNTED: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cooperators": lambda heads, helper: heads @ helper / heads.sum(axis=1),
    "cooperation": lambda heads, helper: np.full(len(heads), np.nan),
    "good_standing": lambda heads, helper: heads @ helper / heads.sum(axis=1),
    "individuals": lambda heads, helper: heads.sum(axis=1).astype(np.float64),
}


def chosen(measures: Iterable[str] | None) -> tuple[str, ...]:
    """The measures that a user names, each once; all of them for None.

    Raises
    ------
    InputError
        if there is no measure of a name
    """
    if measures is None:
        return tuple(MEASURES)
    named = [measures] if isinstance(measures, str) else list(measures)
    for name in named:
        if name not in MEASURES:
            raise InputError(f"measures: must be among {', '.join(MEASURES)}; got {quoted(name)}")
    return tuple(dict.fromkeys(named))


def shares(now: Snapshot, strategies: int) -> np.ndarray:
    """float (R, S): share of the living that hold each strategy; alleles of a diploid count half each."""
    held = np.stack([_mean(now, now.strategy == s) for s in range(strategies)], axis=1)
    if now.second.shape[1] == 0:
        return held
    return (held + np.stack([_mean(now, now.second == s) for s in range(strategies)], axis=1)) / 2


def observe(now: Snapshot, strategies: tuple[str, ...], measures: Iterable[str] = MEASURES) -> dict[str, float]:
    """These measures and the share of each strategy by name, the mean over replicates."""
    return {name: float(column.mean()) for name, column in observe_each(now, strategies, measures).items()}


def observe_each(
    now: Snapshot, strategies: tuple[str, ...], measures: Iterable[str] = MEASURES
) -> dict[str, np.ndarray]:
    """These measures and the share of each strategy by name, float (R,) each."""
    held = shares(now, len(strategies))
    columns = {name: MEASURES[name](now) for name in measures}
    return columns | {f"share_{name}": held[:, s] for s, name in enumerate(strategies)}


def observe_counts(
    heads: np.ndarray, helper: np.ndarray, strategies: tuple[str, ...], measures: Iterable[str]
) -> dict[str, np.ndarray]:
    """The same of measures that follow from counts, float (T,) each: what :func:`observe` gives T times.

    Parameters
    ----------
    heads  : int64 (T, S), how many hold each strategy
    helper : int64 (S,), 1 for strategies that help strangers
    """
    columns = {name: COUNTED[name](heads, helper) for name in measures}
    held = heads / heads.sum(axis=1, keepdims=True)
    return columns | {f"share_{name}": held[:, s] for s, name in enumerate(strategies)}


def helping(now: Snapshot) -> np.ndarray:
    """float (R, N): share of each individual's alleles that help strangers."""
    own = now.helper[now.strategy].astype(np.float64)
    return own if now.second.shape[1] == 0 else (own + now.helper[now.second]) / 2


@kernel
def add_neighbours(value, living, indptr, indices, weight, total, strength):
    """What the living neighbours of each individual on a graph add up to, by edge weight.

    value : float (R, N); living : int64 (R, N)
    indptr, indices, weight : neighbours as compressed rows; an empty `weight` means that all weigh 1
    total, strength : float (R, N) written: the sum of weight x value, and of weight
    """
    for k in range(value.shape[0]):
        for i in range(value.shape[1]):
            total[k, i] = 0.0
            strength[k, i] = 0.0
            for e in range(indptr[i], indptr[i + 1]):
                if living[k, indices[e]] == 1:
                    w = weight[e] if weight.shape[0] > 0 else 1.0
                    total[k, i] += w * value[k, indices[e]]
                    strength[k, i] += w


@kernel
def largest_cluster(member, indptr, indices, largest):
    """The size of the largest set of members that edges between members connect.

    member : int64 (R, N), 1 for members; indptr, indices : neighbours as compressed rows
    largest : int64 (R,) written, 0 where there is no member
    """
    n = member.shape[1]
    reached = np.empty(n, np.int64)
    waiting = np.empty(n, np.int64)
    for k in range(member.shape[0]):
        largest[k] = 0
        for i in range(n):
            reached[i] = 0
        for start in range(n):
            if member[k, start] == 0 or reached[start] == 1:
                continue
            reached[start] = 1
            waiting[0] = start
            left = 1
            size = 0
            while left > 0:
                left -= 1
                i = waiting[left]
                size += 1
                for e in range(indptr[i], indptr[i + 1]):
                    j = indices[e]
                    if member[k, j] == 1 and reached[j] == 0:
                        reached[j] = 1
                        waiting[left] = j
                        left += 1
            if size > largest[k]:
                largest[k] = size


def _mean(now: Snapshot, values: np.ndarray) -> np.ndarray:
    living = now.alive == 1
    return np.where(living, values, 0).sum(axis=1) / np.maximum(living.sum(axis=1), 1)


def _heads(label: np.ndarray, member: np.ndarray) -> np.ndarray:
    """int64 (R, L): how many of the members of each replicate carry each label; label, member : (R, N)."""
    places, most = _places(label)
    return np.bincount(places[member], minlength=len(label) * most).reshape(-1, most)


def _totals(label: np.ndarray, member: np.ndarray, value: np.ndarray, most: int) -> np.ndarray:
    """float (R, L): what the members who carry each label add up to, one by one in the order of rows."""
    places, _most = _places(label)
    return np.bincount(places[member], value[member], len(label) * most).reshape(-1, most)


def _places(label: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels as numbers that no two replicates share, and how many labels there may be."""
    most = int(label.max()) + 1
    return label.astype(np.int64) + most * np.arange(len(label))[:, None], most


def _alike(counted: np.ndarray, *columns: np.ndarray) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Replicates of as many counted entries together: rows, and of each column the counted entries, (rows, m).

    Replicates without any are left out. Sums of many rows at once are rounded as the sum of one; that is why what is
    not counted is left out of a row, and not made zero.
    """
    many = counted.sum(axis=1)
    for m in np.unique(many[many > 0]).tolist():
        rows = np.flatnonzero(many == m)
        which = counted[rows]
        yield rows, [column[rows][which].reshape(len(rows), m) for column in columns]


def _mates(own: np.ndarray, living: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the others who carry one's label, and who has such mates: float and bool (R, N)."""
    places, most = _places(label)
    heads = np.bincount(places.ravel(), living.ravel(), len(label) * most)[places]
    total = np.bincount(places.ravel(), (own * living).ravel(), len(label) * most)[places]
    return (total - own) / np.maximum(heads - 1, 1), living & (heads > 1)


def _slopes(own: np.ndarray, mean: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """The regression of `mean` on `own` over those that are counted; NaN where all are alike."""
    found = np.full(len(own), np.nan)
    for rows, (x, y) in _alike(counted, own, mean):
        varied = x.min(axis=1) < x.max(axis=1)
        rows, x, y = rows[varied], x[varied], y[varied]
        x = x - x.mean(axis=1, keepdims=True)
        found[rows] = (x * y).sum(axis=1) / (x * x).sum(axis=1)
    return found
