"""Fixation times of birth-death chains, against chains that are written out and against published facts."""

import networkx as nx
import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.theory import chain, composition, fixation, thresholds, transforms

GAME = np.random.default_rng(12).normal(size=(2, 2))
BETAS = [0.0, 0.3, 2.0]


def complete(size):
    return nx.to_numpy_array(nx.complete_graph(size))


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize("update", fixation.UPDATES)
def test_the_mixed_population_is_the_enumerated_complete_graph(update, beta):
    up, down = fixation.steps(GAME, 6, beta, update)
    enumerated = chain.graph_fixation(complete(6), GAME, update=update, intensity=beta)
    assert fixation.pair_of(up, down) == pytest.approx(enumerated, rel=1e-11)
    for start in (1, 4):
        counted = chain.fixation_times(complete(6), GAME, update=update, intensity=beta, start=start)
        assert fixation.times(GAME, 6, beta, update=update, start=start) == pytest.approx(counted, rel=1e-10)


@pytest.mark.parametrize("beta", [*BETAS, 20.0])
@pytest.mark.parametrize("update", ["imitation", "pairwise_comparison"])
def test_imitation_and_the_fermi_process_have_the_ratio_of_moran(update, beta):
    up, down = fixation.steps(GAME, 30, beta, update)
    assert np.log(up / down).sum() == pytest.approx(fixation.log_ratio(GAME, 30, beta), abs=1e-9)
    assert fixation.pair_of(up, down) == pytest.approx(fixation.probability(GAME, 30, beta), rel=1e-9)


@pytest.mark.parametrize("size", [2, 3, 20, 500])
def test_a_neutral_mutant_that_takes_over_needs_a_square_of_the_population(size):
    assert fixation.times(GAME, size, 0.0).fixes == pytest.approx((size - 1) ** 2)


@pytest.mark.parametrize("update", ["birth_death", "imitation", "pairwise_comparison"])
@pytest.mark.parametrize("beta", [0.1, 1.5])
def test_each_strategy_takes_over_as_fast_as_the_other_if_it_does(update, beta):
    """Antal and Scheuring 2006: the mean time from one mutant to fixation is the same for A and B."""
    up, down = fixation.steps(GAME, 25, beta, update)
    ours = fixation.chain_times(up, down).fixes
    assert fixation.chain_times(down[::-1], up[::-1]).fixes == pytest.approx(ours, rel=1e-10)


def test_times_of_any_chain_solve_its_equations():
    dice = np.random.default_rng(13)
    up, down = dice.uniform(0.05, 0.5, (2, 9))
    T = np.diag(1 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    reach = np.linalg.solve(np.eye(9) - T, np.eye(9)[8] * up[8])
    sums = np.linalg.solve(np.eye(9) - T, np.stack([reach, 1 - reach, np.ones(9)], axis=1))
    assert fixation.chain_probability(up, down) == pytest.approx(np.concatenate([[0], reach, [1]]))
    for start in range(1, 10):
        won, lost, either = sums[start - 1]
        expected = (won / reach[start - 1], lost / (1 - reach[start - 1]), either)
        assert fixation.chain_times(up, down, start) == pytest.approx(expected)


def test_strong_selection_in_a_large_population_has_finite_times():
    found = fixation.times(transforms.donation(3, 1), 5000, 10.0)
    assert np.isfinite(found).all() and found.fixes > found.lost
    assert found.either == pytest.approx(found.lost)


def test_coexistence_lasts_exponentially_long():
    snowdrift = [[2, 1], [3, 0]]
    lasting = [np.log(fixation.times(snowdrift, n, 2.0).fixes) for n in (20, 40, 80)]
    assert np.diff(lasting)[1] == pytest.approx(2 * np.diff(lasting)[0], rel=0.1)


def test_time_on_a_path_of_two_is_that_of_one_step():
    pair = np.array([[0, 1], [1, 0.0]])
    assert chain.fixation_times(pair, GAME, update="death_birth", intensity=0.7) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("beta", [0.05, 1.0])
def test_under_death_birth_a_mixed_population_is_weakly_that_of_moran(beta):
    def repeated(b):
        return transforms.repeat(transforms.donation(b, 1), 0.8)

    found = fixation.critical_of_update(repeated, 20, beta, "death_birth")
    assert found == pytest.approx(thresholds.direct(0.8, 20), rel=0.001 if beta == 0.05 else 0.05)
    assert fixation.critical_of_update(repeated, 20, beta, "imitation") == pytest.approx(thresholds.direct(0.8, 20))
    weights, weak = complete(7), composition.well_mixed_sigma(7)
    assert chain.structure(weights, update="death_birth").sigma == pytest.approx(weak)


@pytest.mark.parametrize(
    "call",
    [
        lambda: fixation.chain_probability([0.5, 0.2], [0.1]),
        lambda: fixation.chain_probability([0.5, 0.0], [0.1, 0.1]),
        lambda: fixation.chain_probability([0.7], [0.7]),
        lambda: fixation.chain_times([0.5], [0.1], start=2),
        lambda: fixation.steps(GAME, 5, 0.1, "wright_fisher"),
    ],
)
def test_what_is_no_birth_death_chain_is_refused(call):
    with pytest.raises(InputError):
        call()
