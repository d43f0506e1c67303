"""What every update rule promises: whom it may replace, from whom, and that drift is fair."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.core.part import kind_of

from .families import made, members

ALMOST_ONE = 1 - 2**-53
NONE = np.empty(0)
# The path 0 - 1 - 2 - 3 - 4 in compressed rows.
INDPTR = np.array([0, 1, 3, 5, 7, 8], np.int64)
INDICES = np.array([1, 0, 2, 1, 3, 2, 4, 3], np.int64)
STEEP = np.array([0.5, 0.5, 2.0, 2.0, 0.01, 0.01, 5.0, 5.0])
SIZE = 5
OWN = np.arange(SIZE)  # payoffs are kept for each site


def draws(count=150, seed=7):
    """Uniform numbers for one event, the corners of the cube among them."""
    ends = (0.0, ALMOST_ONE)
    corners = [(u, v, w) for u in ends for v in ends for w in ends]
    return corners + np.random.default_rng(seed).random((count, 3)).tolist()


def event(rule, uvw, payoff, multiplicity=NONE, indptr=INDPTR, indices=INDICES, weight=NONE):
    """(replaced, source) of one event in which fitness is exp(payoff)."""
    found = rule.replace(
        *uvw,
        len(payoff),
        multiplicity,
        indptr,
        indices,
        weight,
        np.arange(len(payoff)),
        np.exp(payoff),
        payoff,
        rule.pressure(2.0),
    )
    return int(found[0]), int(found[1])


#: Rules by which one event replaces one individual from its neighbourhood.
LOCAL = [p for p in members("updates") if not p.values[0].generational]
#: Rules by which only who earns more is copied, and only the best of all.
UPHILL, SUMMIT = ("imitate_the_best", "proportional_imitation"), ("imitate_the_best",)


def copied(kind, payoff, around):
    """The pairs (replaced, source) that can come about, given whom each individual sees."""
    pairs = {(i, j) for i in range(len(payoff)) for j in around(i) if j != i}
    if kind_of(kind) in UPHILL:
        pairs = {(i, j) for i, j in pairs if payoff[j] > payoff[i]}
    if kind_of(kind) in SUMMIT:
        pairs = {(i, j) for i, j in pairs if payoff[j] == max(payoff[k] for k in around(i))}
    return pairs


def neighbours(i):
    return set(INDICES[INDPTR[i] : INDPTR[i + 1]].tolist())


@pytest.mark.parametrize("kind", LOCAL)
@pytest.mark.parametrize("weight", [NONE, STEEP], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("spread", [0.0, 1.0, 100.0])
def test_on_a_path_only_a_neighbour_is_copied(kind, weight, spread):
    payoff = spread * np.array([0.3, -1.0, 0.7, 0.0, 1.0])
    for uvw in draws():
        replaced, source = event(made(kind), uvw, payoff, weight=weight)
        assert 0 <= replaced < SIZE
        assert source in neighbours(replaced) | {replaced}


@pytest.mark.parametrize("kind", LOCAL)
def test_every_site_of_a_path_can_be_replaced_by_each_of_its_neighbours(kind):
    payoff = np.array([0.1, 0.0, 0.2, 0.0, 0.1])
    seen = {event(made(kind), uvw, payoff) for uvw in draws(2000)}
    assert copied(kind, payoff, neighbours) == {(i, j) for i, j in seen if i != j}


@pytest.mark.parametrize("kind", LOCAL)
def test_in_a_complete_graph_anybody_else_is_copied(kind):
    payoff = np.array([0.3, -1.0, 0.7, 0.0, 1.0])
    empty = np.empty(0, np.int64)
    seen = {event(made(kind), uvw, payoff, indptr=empty, indices=empty) for uvw in draws(3000)}
    assert copied(kind, payoff, lambda i: range(SIZE)) == {(i, j) for i, j in seen if i != j}


@pytest.mark.parametrize("kind", [p for p in LOCAL if made(p.values[0]).synchronous])
def test_one_who_revises_with_everybody_else_looks_at_itself_and_its_neighbours_only(kind):
    payoff = np.array([0.3, -1.0, 0.7, 0.0, 1.0])
    rule = made(kind)
    for i in range(SIZE):
        for _, v, w in draws(60):
            source = rule.source(i, v, w, SIZE, INDPTR, INDICES, NONE, OWN, np.exp(payoff), payoff, rule.pressure(2.0))
            assert int(source) in neighbours(i) | {i}


@pytest.mark.parametrize("kind", members("updates"))
def test_the_round_clock_finds_what_it_asks_of_a_rule(kind):
    # Rules that revise together need a `source`; the others say how many are replaced in a round.
    if not kind.generational:
        assert kind.source is not None if kind.synchronous else "replacements" in kind.model_fields


@pytest.mark.parametrize("kind", members("updates"))
def test_reproductive_values_are_positive_and_sum_to_one(kind):
    value = made(kind).reproductive_value(np.array([1.0, 3.0, 2.0, 2.5]))
    if value is None:
        assert kind.gain is None  # without them an advantage cannot be weighed
    else:
        assert (value > 0).all() and value.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("kind", [p for p in LOCAL if made(p.values[0]).reproductive_value(np.ones(3)) is not None])
def test_under_drift_the_share_weighed_by_reproductive_value_stays_as_it_is(kind):
    rule, payoff = made(kind), np.zeros(SIZE)
    value = rule.reproductive_value(np.diff(INDPTR).astype(float))
    moved = np.zeros(SIZE)
    middles = [(u, v, w) for u in np.arange(5) for v in np.arange(60) for w in np.arange(2)]
    for u, v, w in middles:  # every combination equally often, so this is an exact mean and no sample
        dead, parent = event(rule, ((u + 0.5) / 5, (v + 0.5) / 60, (w + 0.5) / 2), payoff)
        moved[parent] += value[dead] / len(middles)
        moved[dead] -= value[dead] / len(middles)
    assert moved == pytest.approx(np.zeros(SIZE), abs=1e-12)


@pytest.mark.parametrize("kind", [p for p in members("updates") if p.values[0].gain is not None])
def test_nobody_gains_where_all_payoffs_are_equal(kind):
    rule, payoff = made(kind), np.full(SIZE, 0.7)
    helping = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
    for i in range(SIZE):
        gained = rule.gain(i, SIZE, INDPTR, INDICES, NONE, OWN, helping, np.exp(payoff), payoff, rule.pressure(2.0))
        assert gained == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("kind", [p for p in members("updates") if p.values[0].gain is not None])
def test_cooperators_gain_a_site_between_a_rich_cooperator_and_a_poor_defector(kind):
    rule, payoff = made(kind), np.array([0.0, 2.0, 0.0, -2.0, 0.0])
    helping = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    assert rule.gain(2, SIZE, INDPTR, INDICES, NONE, OWN, helping, np.exp(payoff), payoff, rule.pressure(2.0)) > 0


#: Rules that say how likely each replacement is.
SAYING = [p for p in LOCAL if made(p.values[0]).kernels(False).transition is not None]


def transitions(kernel, payoff, pressure, *structure):
    """Square array: how likely one event is to replace somebody in site s by the strategy of t."""
    sites = range(len(payoff))
    found = np.zeros((len(payoff), len(payoff)))
    for s in sites:
        for t in sites:
            if s != t:
                found[s, t] = kernel(s, t, len(payoff), *structure, np.exp(payoff), payoff, pressure)
    return found


def frequencies(kernel, payoff, pressure, draws, *structure):
    """The same, counted over draws."""
    found = np.zeros((len(payoff), len(payoff)))
    for u, v, w in draws:
        replaced, source = kernel(u, v, w, len(payoff), *structure, OWN, np.exp(payoff), payoff, pressure)
        found[int(replaced), int(source)] += 1 / len(draws)
    np.fill_diagonal(found, 0.0)
    return found


@pytest.mark.parametrize("kind", SAYING)
@pytest.mark.parametrize("summed", [False, True], ids=["mean", "sum"])
@pytest.mark.parametrize("where", ["path", "weighted path", "mixed"])
def test_replacements_are_as_likely_as_a_rule_says(kind, summed, where):
    rule, payoff = made(kind), np.array([0.1, 0.0, 0.2, 0.05, 0.2])
    if "intensity" in kind.model_fields:
        rule = rule.model_copy(update={"intensity": 1.0})  # so that fitness is exp(payoff)
    count = np.array([3, 1, 2, 4, 2])
    mixed = (count.astype(float), np.arange(6) * 5, np.tile(np.arange(5), 5), (count - np.eye(5)).ravel())
    structure = mixed if where == "mixed" else (NONE, INDPTR, INDICES, STEEP if "weighted" in where else NONE)
    kernels, pressure = rule.kernels(summed), rule.pressure(2.0)
    said = transitions(kernels.transition, payoff, pressure, *structure)
    n = 8000
    counted = frequencies(
        kernels.replace, payoff, pressure, np.random.default_rng(3).random((n, 3)).tolist(), *structure
    )
    assert (said >= 0).all() and said.sum() <= 1 + 1e-12
    assert not counted[said == 0].any()
    assert (np.abs(counted - said) <= 4 * np.sqrt(said * (1 - said) / n)).all()
