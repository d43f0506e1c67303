"""What is known of such worlds must come out of ours: orders first, then the offline reference within bands.

The rules were fitted by hand to the offline reference under root seed 0; here they are held to it under another.
"""

from itertools import pairwise

import numpy as np
import pytest

from coop_abm.engine.commons import commons
from coop_abm.experiments.commons_cells import ARMS, FINES, RATES, REFERENCE, REFERENCE_FINES, REFERENCE_RATES
from coop_abm.games.commons import Logistic
from coop_abm.theory.inference import paired_test
from tests.commons.worlds import SEED, cell, run

RUNS = 8


def arm(start, world, name, runs=RUNS, **knobs):
    learning, deciding = ARMS[name]
    return cell(start, world, runs, learning=learning, deciding=deciding, **knobs)


def mean(start, world, name, measure="survival", runs=RUNS, **knobs):
    return float(arm(start, world, name, runs, **knobs)[measure].mean())


def rises(runs):
    """Are the means of paired samples non-decreasing, within two standard errors of each step?"""
    steps = [after - before for before, after in pairwise(runs)]
    return all(step.mean() >= -2 * step.std(ddof=1) / len(step) ** 0.5 for step in steps)


@pytest.mark.parametrize("world", ["rich", "scarce"])
def test_from_a_selfish_start_voting_alone_is_at_least_as_good_as_all_and_both_beat_learning_alone(world):
    lasts = {name: mean("selfish", world, name, starvation=False) for name in ARMS}
    assert lasts["vote only"] >= lasts["full"] > max(lasts["learning only"], lasts["neither"]) + 5
    assert lasts["learning only"] <= lasts["neither"], "imitating who does well hurts where nobody agrees on a norm"
    for name, (reference, _) in zip(ARMS, REFERENCE[world, "selfish"], strict=True):
        assert lasts[name] == pytest.approx(reference, abs=3 if reference < 20 else 14), name


@pytest.mark.parametrize("world", ["rich", "scarce"])
@pytest.mark.parametrize("name", ARMS)
def test_from_an_altruistic_start_the_resource_survives_in_every_arm(name, world):
    found = arm("altruistic", world, name, 3, starvation=False)
    assert found["survival"].mean() > 44
    assert (found["alive"] == 1).all()


def test_survival_rises_with_the_fine():
    middle = {"stock": Logistic(rate=0.25)}
    runs = [arm("selfish", "scarce", "full", 6, fine=fine, **middle)["survival"] for fine in (0.0, 0.5, 2.0)]
    assert rises(runs) and runs[-1].mean() > runs[0].mean() + 5


def test_survival_rises_with_regrowth():
    rates = [{"stock": Logistic(rate=rate)} for rate in (0.1, 0.25, 0.5)]
    runs = [arm("selfish", "rich", "full", 6, **rate)["survival"] for rate in rates]
    assert rises(runs) and runs[-1].mean() > runs[0].mean() + 10


def test_altruistic_starts_do_better_where_the_resource_is_scarce():
    altruistic, mixed, selfish = (
        mean(start, "scarce", "full", starvation=start != "selfish") for start in ("altruistic", "mixed", "selfish")
    )
    assert altruistic > mixed > selfish
    gain = {
        start: mean(start, "scarce", "full", "gain", starvation=start != "selfish")
        for start in ("altruistic", "selfish")
    }
    assert gain["altruistic"] > gain["selfish"]


def test_mixed_starts_do_better_where_the_resource_is_rich_and_nobody_corrects_anybody():
    gain = {start: mean(start, "rich", "neither", "gain", 6) for start in ("altruistic", "mixed", "selfish")}
    assert gain["mixed"] > 1.15 * max(gain["altruistic"], gain["selfish"])
    scarce = {start: mean(start, "scarce", "neither", "survival", 6) for start in ("altruistic", "mixed", "selfish")}
    assert scarce["altruistic"] == 50 >= scarce["mixed"] > scarce["selfish"] + 10


@pytest.mark.validate
def test_in_the_full_system_the_best_start_goes_from_altruistic_over_mixed_as_the_resource_gets_richer():
    """Harvest of a user where living costs 0.5: at r = 0.2 altruistic starts are best, at r = 0.6 mixed ones."""

    def gains(rate):
        told = {"stock": Logistic(rate=rate), "consumption": 0.5}
        return [arm(start, "rich", "full", 60, **told)["gain"] for start in ("altruistic", "mixed", "selfish")]

    def above(first, second):
        return paired_test(first, second, alternative="greater").p < 0.025

    altruistic, mixed, selfish = gains(0.2)
    assert above(altruistic, mixed) and above(mixed, selfish)
    altruistic, mixed, selfish = gains(0.6)
    assert above(mixed, altruistic) and above(mixed, selfish)


def test_over_restraint_in_a_rich_world_starves_users_beside_a_plentiful_stock():
    """At consumption 0.5 and r = 0.35 where nobody votes; with c = 0.15 hardly anybody starves."""
    world = commons("altruistic", "rich", consumption=0.5, social_learning=False, group_decision=False)
    records = [record for replicate in range(6) for record in run(world, replicate, seed=SEED).records]
    deaths = sum(int(record.starved.sum()) for record in records)
    beside = sum(int(record.starved.sum()) for record in records if record.stock > 50)
    assert deaths > 6 and beside > 0.8 * deaths
    restrained, mixed = (arm(start, "rich", "neither", 6, consumption=0.5) for start in ("altruistic", "mixed"))
    assert restrained["sustained"].all() and restrained["gain"].mean() < mixed["gain"].mean()
    assert arm("altruistic", "rich", "neither", 3, consumption=0.15)["alive"].mean() > 0.9


@pytest.mark.validate
@pytest.mark.parametrize(("world", "start"), REFERENCE)
def test_the_offline_reference_is_met_within_bands(world, start):
    """60 runs a cell; T_s within 8 rounds, survival within 0.2: the programs vote at different moments."""
    for name, (lasts, survives) in zip(ARMS, REFERENCE[world, start], strict=True):
        found = arm(start, world, name, 60, starvation=False)
        assert found["survival"].mean() == pytest.approx(lasts, abs=8), name
        assert found["sustained"].mean() == pytest.approx(survives, abs=0.2), name


@pytest.mark.validate
def test_the_sweeps_of_the_offline_reference_are_met_within_bands():
    for fine in FINES:
        found = arm("selfish", "rich", "full", 60, starvation=False, fine=fine, stock=Logistic(rate=0.25))
        assert found["survival"].mean() == pytest.approx(REFERENCE_FINES[fine], abs=10), fine
    for rate in RATES:
        found = arm("selfish", "rich", "full", 60, starvation=False, stock=Logistic(rate=rate))
        assert found["survival"].mean() == pytest.approx(REFERENCE_RATES[rate], abs=10), rate


def test_pressure_far_above_one_leaves_no_time_for_norms():
    """alpha N / r is what must leave room: at 3.4 it is gone in some ten rounds, whatever the fine."""
    for fine in (0.5, 4.0):
        found = arm("selfish", "rich", "full", 4, catchability=0.12, fine=fine)
        assert found["pressure"].mean() == pytest.approx(0.12 * 10 / 0.35)
        assert found["survival"].max() < 12
    assert np.all(arm("selfish", "rich", "full", 4, catchability=0.02)["sustained"] == 1)
