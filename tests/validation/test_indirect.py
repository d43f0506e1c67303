"""Indirect reciprocity: discriminators who know some defectors by name [NowakSigmund1998, Nowak2006]."""

import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import thresholds
from tests.validation.rows import ratio, share

RATIO = {"source": "Nowak2006, NowakSasakiTaylorFudenberg2004"}


def test_P12_knowing_half_of_the_partners_helps_above_the_exact_ratio(holds):
    found = crossing(named("indirect"), seed=12, relative_error=0.006)
    holds(ratio(found, 3.173913), id="P12.crossing", claim="discriminators, q = 0.5, N = 50: RD", seed=12, **RATIO)


def test_P12_the_ratio_for_beating_neutral_drift_is_larger():
    assert thresholds.indirect(0.5, 50, "AD") == pytest.approx(4.333333, abs=1e-6)


def test_a_plain_discriminator_does_as_well_as_a_reciprocator_when_nobody_meets_again(holds):
    world = replace(named("indirect"), {"players.0.strategy": "discriminator"})
    holds(
        ratio(crossing(world, seed=17, relative_error=0.008), 3.173913), id="indirect.discriminator", seed=17,
        claim="a plain discriminator, q = 0.5, N = 50", **RATIO,
    )  # fmt: skip


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
def test_discriminators_among_themselves_cooperate_as_their_norm_allows(norm, holds):
    """Public assessment, errors of 1 %, actions that fail both ways (theory.md I3 has failing help alone)."""
    from coop_abm import run

    frame = run(
        "stern_judging", steps=600, seed=18, replicates=4, size=2000,
        players=[{"share": 1.0, "strategy": "discriminator"}], indirect__assessment=norm,
        update="pairwise_comparison", update__intensity=0.0,
    ).frame  # fmt: skip
    good = _good(norm)
    late = frame.iloc[200:]
    for measure, expected in (("cooperation", good * (1 - E) + (1 - good) * E), ("good_standing", good)):
        holds(
            share(late[measure].mean(), expected, 0.02, statistic=f"mean {measure.replace('_', ' ')}, late rounds",
                  n="4 populations of 2,000", reason="0.02: standing drifts slowly under some norms"),
            id=f"norms.public.{norm}.{measure}", seed=18, source="OhtsukiIwasa2004 (fixed point of one assessment)",
            claim=f"{norm.replace('_', ' ')}, public standing, errors of 1 % both ways",
        )  # fmt: skip


# Under image scoring and shunning standing drifts slowly, so a run of this length tells less of the mean.
@pytest.mark.parametrize(
    ("norm", "expected", "tolerance"),
    [("stern_judging", 0.9706, 0.003), ("simple_standing", 0.9706, 0.003), ("image_scoring", 0.3322, 0.03),
     ("shunning", 0.3322, 0.03)],
)  # fmt: skip
def test_P23_with_public_standing_and_failing_help_discriminators_cooperate_as_published(
    norm, expected, tolerance, holds
):
    """theory.md I3: judgements are turned round with probability 1 %, intended help fails with 1 %."""
    from coop_abm import run

    frame = run(
        "stern_judging", steps=450, seed=23, replicates=2, size=2000, slips="help",
        players=[{"share": 1.0, "strategy": "discriminator"}], indirect__assessment=norm, update__intensity=0.0,
    ).frame  # fmt: skip
    good = (1 - EPS) / (1 + (1 - 2 * EPS) * E) if norm in ("stern_judging", "simple_standing") else None
    late = frame.iloc[150:]
    holds(
        share(late["cooperation"].mean(), expected, tolerance, n="2 populations of 2,000",
              statistic="mean cooperation, rounds 150 to 450", reason="acceptance table; wider where standing drifts"),
        id=f"P23.public.{norm}", claim=f"{norm.replace('_', ' ')}, public standing, failing help: {expected}", seed=23,
        source="OhtsukiIwasa2004, PachecoSantosChalub2006",
    )  # fmt: skip
    if good is not None:
        assert good * (1 - E) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("error", "observation"), [(0.05, 0.9), (0.01, 1.0)])
def test_P23_with_private_opinions_stern_judging_is_a_coin(error, observation, holds):
    from coop_abm import run

    frame = run(
        "private_opinions", steps=700, seed=24, replicates=8,
        indirect__perception_error=error, indirect__observation=observation,
    ).frame  # fmt: skip
    holds(
        share(frame.iloc[200:]["cooperation"].mean(), 0.5, 0.01, statistic="mean cooperation, rounds 200 to 700",
              n="8 populations of 50", reason="acceptance table"),
        id=f"P23.private.eps{error:g}", source="Hilbe2018, UchidaSasaki2013", seed=24,
        claim=f"stern judging, private opinions, perception errors of {error:g}, {observation:.0%} seen: one half",
    )  # fmt: skip


def test_with_private_opinions_simple_standing_keeps_help_and_shunning_loses_it(holds):
    from coop_abm import run

    help_under = {
        norm: run("private_opinions", steps=500, seed=25, replicates=4, indirect__assessment=norm,
                  indirect__perception_error=0.01, indirect__observation=1.0).frame["cooperation"].iloc[300:].mean()
        for norm in ("simple_standing", "shunning")
    }  # fmt: skip
    for norm, expected in (("simple_standing", 0.979), ("shunning", 0.0)):
        holds(
            share(help_under[norm], expected, 0.02, statistic="mean cooperation, rounds 300 to 500",
                  n="4 populations of 50", reason="0.02: the expected value was simulated for the theory targets"),
            id=f"norms.private.{norm}", claim=f"{norm.replace('_', ' ')}, private opinions, perception errors of 0.01",
            source="Hilbe2018, UchidaSasaki2013", seed=25,
        )  # fmt: skip


@pytest.mark.parametrize("number", range(1, 9))
def test_the_leading_eight_keep_cooperation_up_when_standing_is_public(number, holds):
    """What makes them leading: among those who follow them nearly everybody is helped [OhtsukiIwasa2004]."""
    from coop_abm import run

    frame = run(
        "stern_judging", steps=200, seed=26, size=1000, slips="help",
        players=[{"share": 1.0, "strategy": "or_discriminator" if number <= 2 else "discriminator"}],
        indirect__assessment={"kind": "leading_eight", "number": number}, update__intensity=0.0,
    ).frame  # fmt: skip
    holds(
        share(frame["cooperation"].iloc[100:].mean(), 1.0, 0.05, statistic="mean cooperation, rounds 100 to 200",
              n="one population of 1,000", reason="0.05: errors of 1 % cost a few per cent"),
        id=f"norms.leading{number}", claim=f"L{number} of the leading eight keeps cooperation up", seed=26,
        source="OhtsukiIwasa2004",
    )  # fmt: skip
