"""Direct reciprocity: tit-for-tat against defectors [AxelrodHamilton1981, Nowak2006]."""

import numpy as np

from coop_abm.engine.crossing import crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import fixation as exact
from tests.validation.measuring import agrees


def test_P10_tit_for_tat_takes_over_more_often_above_the_exact_ratio():
    assert agrees(crossing(named("direct"), seed=10, relative_error=0.006), 1.232558)


def test_P11_a_single_reciprocator_beats_neutral_drift_above_the_ratio_of_this_intensity():
    """rho_C = 1/N, the one-third law at finite intensity: 1.35627, where the weak limit is 1.349650."""
    world = replace(named("direct"), {"update.intensity": 0.01})
    ratios, values, errors = np.array([1.1, 1.25, 1.45, 1.6]), [], []
    for position, ratio in enumerate(ratios):
        at = replace(world, {"game.benefit": float(ratio)})
        found = fixation(at, runs=350_000, seed=11, cell=(position,))
        values.append(np.log(found.probability * world.size))
        errors.append(found.error / found.probability)
    # ln(N rho_C) bends: its exact shape is known, so fit the shift of the exact curve along the ratio.
    curve = [np.log(world.size * _exact_rho(world, ratio)) for ratio in ratios]
    slopes = [(np.log(_exact_rho(world, r + 1e-4)) - np.log(_exact_rho(world, r - 1e-4))) / 2e-4 for r in ratios]
    weight = np.array(slopes) ** 2 / np.array(errors) ** 2
    shift = float(np.sum(weight * (np.array(curve) - values) / slopes) / weight.sum())
    error = float(1 / np.sqrt(weight.sum()))
    assert error < 0.01 * 1.35627
    assert abs(shift) < max(0.02 * 1.35627, 3 * error)
    root = exact.critical(lambda b: _matrix(world, b), world.size, 0.01, "AD")
    assert abs(root - 1.35627) < 1e-5


def _matrix(world, ratio):
    at = replace(world, {"game.benefit": float(ratio)})
    return at.matrix(at.answers())


def _exact_rho(world, ratio):
    return exact.probability(_matrix(world, ratio), world.size, world.update.intensity).cooperators


def test_without_another_turn_tit_for_tat_is_worth_nothing():
    world = replace(named("direct"), {"direct.continuation": 0.0, "game.benefit": 10.0, "update.intensity": 0.02})
    cooperators = fixation(world, invader=0, runs=20_000, seed=12)
    defectors = fixation(world, invader=1, runs=20_000, seed=12)
    assert cooperators.probability < defectors.probability - 5 * (cooperators.error + defectors.error)
