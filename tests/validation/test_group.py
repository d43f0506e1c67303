"""Group selection: the process of Traulsen and Nowak against its exact chain [TraulsenNowak2006]."""

import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.theory import thresholds
from tests.validation.rows import below, exact, probability, ratio

SOURCE = "TraulsenNowak2006 (exact chain)"


def test_P16_fixation_among_four_groups_of_three(holds):
    world = replace(named("group"), {"update.intensity": 0.1, "game.benefit": 3.0})
    for invader, rho in enumerate((0.084991, 0.074908)):
        holds(
            probability(fixation(world, invader=invader, runs=150_000, seed=16), rho), id=f"P16.rho_{'CD'[invader]}",
            claim="four groups of three, q = 0.01, intensity 0.1, b/c = 3", source=SOURCE, seed=16,
        )  # fmt: skip


def chained(world, expected):
    return exact(
        expectation(world).value, expected, 1e-5, statistic="root of rho_C - rho_D of the chain of all compositions",
        n=f"{world.size // world.group.size} groups of {world.group.size}",
    )  # fmt: skip


def test_the_crossing_among_four_groups_of_three(holds):
    world = named("group")
    words = {"claim": "four groups of three, q = 0.01, intensity 0.4", "source": SOURCE}
    holds(chained(world, 2.386343), id="group.exact", **words)
    holds(ratio(crossing(world, seed=18, relative_error=0.008), 2.386343), id="group.crossing", seed=18, **words)


@pytest.mark.slow
def test_P17_the_crossing_among_four_groups_of_four(holds):
    world = replace(named("group"), {"size": 16, "group.size": 4})
    words = {"claim": "four groups of four, q = 0.01, intensity 0.4", "source": SOURCE}
    holds(chained(world, 2.78943), id="P17.exact", **words)
    holds(ratio(crossing(world, seed=17, relative_error=0.009), 2.78943), id="P17.crossing", seed=17, **words)


@pytest.mark.validate
def test_P18_the_ratio_of_six_groups_of_four_rises_to_its_limit_as_splitting_grows_rare(holds, exhibit):
    """The exact chain of 27,132 states gave the two ratios, in a minute each; the limit is published."""
    limit = thresholds.group_rare_splitting(4, 6)
    assert limit == 2
    found = {}
    for q, expected in ((0.1, 1.6110510), (0.01, 1.9057806)):
        world = replace(named("group"), {"size": 24, "group.size": 4, "group.split": q})
        found[q] = crossing(world, seed=18, relative_error=0.008)
        holds(
            ratio(found[q], expected), id=f"P18.q{q:g}", claim=f"six groups of four, q = {q:g}, intensity 0.4",
            source=SOURCE, seed=18,
        )  # fmt: skip
    error = (found[0.1].error ** 2 + found[0.01].error ** 2) ** 0.5
    holds(
        below(found[0.1].value - found[0.01].value, error, 0.0, statistic="ratio at q = 0.1 less ratio at q = 0.01",
              n=f"{found[0.1].runs + found[0.01].runs:,} runs", null="the ratio does not rise as q falls"),
        id="P18.trend", claim="six groups of four: rarer splitting asks for more, up to 1 + n/(m - 2) = 2",
        source="TraulsenNowak2006", seed=18,
    )  # fmt: skip
    exhibit("group_trend", q=list(found), value=[f.value for f in found.values()],
            error=[f.error for f in found.values()], limit=limit)  # fmt: skip


def test_fixation_depends_on_how_often_groups_split(holds):
    often = replace(named("group"), {"group.split": 0.1})
    expected = expectation(often).value
    assert expected < expectation(named("group")).value
    holds(
        ratio(crossing(often, seed=19, relative_error=0.009), expected), id="group.often", seed=19, source=SOURCE,
        claim="four groups of three, q = 0.1, intensity 0.4",
    )  # fmt: skip
