"""Direct reciprocity: tit-for-tat against defectors [AxelrodHamilton1981, Nowak2006]."""

import numpy as np

from coop_abm.engine.crossing import crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import fixation as exact
from tests.validation.rows import defectors_win, estimate, ratio


def test_P10_tit_for_tat_takes_over_more_often_above_the_exact_ratio(holds):
    holds(
        ratio(crossing(named("direct"), seed=10, relative_error=0.006), 1.232558), id="P10.crossing", seed=10,
        claim="tit-for-tat, w = 0.9, N = 50: RD", source="Nowak2006, NowakSasakiTaylorFudenberg2004",
    )  # fmt: skip


def test_P11_a_single_reciprocator_beats_neutral_drift_above_the_ratio_of_this_intensity(holds):
    """rho_C = 1/N, the one-third law at finite intensity: 1.35627, where the weak limit is 1.349650."""
    world = replace(named("direct"), {"update.intensity": 0.01})
    ratios, values, errors = np.array([1.1, 1.25, 1.45, 1.6]), [], []
    for position, at_ratio in enumerate(ratios):
        at = replace(world, {"game.benefit": float(at_ratio)})
        found = fixation(at, runs=350_000, seed=11, cell=(position,))
        values.append(np.log(found.probability * world.size))
        errors.append(found.error / found.probability)
    # ln(N rho_C) bends: its exact shape is known, so fit the shift of the exact curve along the ratio.
    curve = [np.log(world.size * _exact_rho(world, r)) for r in ratios]
    slopes = [(np.log(_exact_rho(world, r + 1e-4)) - np.log(_exact_rho(world, r - 1e-4))) / 2e-4 for r in ratios]
    weight = np.array(slopes) ** 2 / np.array(errors) ** 2
    shift = float(np.sum(weight * (np.array(curve) - values) / slopes) / weight.sum())
    error = float(1 / np.sqrt(weight.sum()))
    root = exact.critical(lambda b: _matrix(world, b), world.size, 0.01, "AD")
    assert abs(root - 1.35627) < 1e-5
    assert error < 0.01 * 1.35627
    holds(
        estimate(root - shift, error, 1.35627, n=f"{4 * 350_000:,} runs", at_least=0.02 * 1.35627,
                 statistic="root of ln(N rho_C), the exact curve shifted through four benefits",
                 null="rho_C = 1/N at the exact ratio of this intensity",
                 reason="2 % of the exact value or 3 standard errors, whichever is more"),
        id="P11.crossing", claim="tit-for-tat, w = 0.9, N = 50, intensity 0.01: AD",
        source="NowakSasakiTaylorFudenberg2004", seed=11,
    )  # fmt: skip


def _matrix(world, ratio):
    at = replace(world, {"game.benefit": float(ratio)})
    return at.matrix(at.answers())


def _exact_rho(world, ratio):
    return exact.probability(_matrix(world, ratio), world.size, world.update.intensity).cooperators


def test_without_another_turn_tit_for_tat_is_worth_nothing(holds):
    world = replace(named("direct"), {"direct.continuation": 0.0, "game.benefit": 10.0, "update.intensity": 0.02})
    pair = [fixation(world, invader=invader, runs=20_000, seed=12) for invader in (0, 1)]
    holds(
        defectors_win(*pair), id="control.direct.w0", claim="tit-for-tat without another turn, b/c = 10: defectors win",
        source="Nowak2006", seed=12,
    )  # fmt: skip
