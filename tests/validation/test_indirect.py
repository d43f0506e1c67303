"""Indirect reciprocity: discriminators who know some defectors by name [NowakSigmund1998, Nowak2006]."""

import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import thresholds
from tests.validation.measuring import agrees


def test_P12_knowing_half_of_the_partners_helps_above_the_exact_ratio():
    assert agrees(crossing(named("indirect"), seed=12, relative_error=0.006), 3.173913)


def test_P12_the_ratio_for_beating_neutral_drift_is_larger():
    assert thresholds.indirect(0.5, 50, "AD") == pytest.approx(4.333333, abs=1e-6)


def test_a_plain_discriminator_does_as_well_as_a_reciprocator_when_nobody_meets_again():
    world = replace(named("indirect"), {"players.0.strategy": "discriminator"})
    assert agrees(crossing(world, seed=17, relative_error=0.008), 3.173913)


E, EPS = 0.01, 0.01  # an intended action fails, a judgement is turned round


def _good(norm):
    """Share in good standing when discriminators play each other: the fixed point of one assessment."""
    kept = 1 - 2 * EPS
    return {
        "stern_judging": kept * (1 - E) + EPS,  # good is whoever did as intended
        "simple_standing": (1 - EPS) / (1 + kept * E),  # bad is only a failed help of somebody good
        "image_scoring": 0.5,  # help begets help and refusal refusal: errors alone decide
        "shunning": EPS / (1 - kept * (1 - E)),  # good is only a help of somebody good
    }[norm]


@pytest.mark.parametrize("norm", ["stern_judging", "simple_standing", "image_scoring", "shunning"])
def test_discriminators_among_themselves_cooperate_as_their_norm_allows(norm):
    """Public assessment, errors of 1 %, actions that fail both ways (theory.md I3 has failing help alone)."""
    from coop_abm import run

    frame = run(
        "stern_judging", steps=600, seed=18, replicates=4, size=2000,
        players=[{"share": 1.0, "strategy": "discriminator"}], indirect__assessment=norm,
        update="pairwise_comparison", update__intensity=0.0,
    ).frame  # fmt: skip
    good = _good(norm)
    late = frame.iloc[200:]
    assert late["cooperation"].mean() == pytest.approx(good * (1 - E) + (1 - good) * E, abs=0.02)
    assert late["good_standing"].mean() == pytest.approx(good, abs=0.02)
