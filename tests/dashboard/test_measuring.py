"""What would it take? Measured beside the page, against what theory knows."""

import json
import math

import networkx
import numpy as np
import pytest
from scipy.stats import binom

from coop_abm import critical_ratio, lab
from coop_abm.core.errors import CoopError
from coop_abm.dashboard import known, lasting, long_runs, measuring, words
from coop_abm.engine.fixation import fixation
from coop_abm.engine.statistics import share
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

SMALL = replace(named("network"), {"size": 16, "game.benefit": 5.0})


def quiet(_words, _share):
    return None


@pytest.fixture(autouse=True)
def fewer(monkeypatch):
    for measure in (measuring, lasting, long_runs):
        monkeypatch.setattr(measure, "MOST_EVENTS", 3_000_000)


def test_the_interval_tightens_and_ends_where_the_command_line_ends(monkeypatch):
    monkeypatch.setattr(measuring, "MOST_EVENTS", 400_000_000)
    monkeypatch.setattr(measuring, "RATIO_ERROR", 0.01)
    seen = []
    last = measuring.ratio(SMALL, 5, quiet, seen.append)
    same = critical_ratio(SMALL, method="drift", rng=5, precision=0.01)
    assert (last.value, last.low, last.high, last.runs) == (same.value, same.low, same.high, same.replicates)
    widths = [r.high - r.low for r in [*seen, last]]
    assert len(widths) >= 8 and widths[-1] < widths[0] / 2
    assert last.low < last.exact < last.high and last.exact == critical_ratio(SMALL).value


@pytest.mark.validate
def test_the_interval_of_the_button_covers_theory_as_often_as_it_says(monkeypatch):
    """95 in 100, on a cycle and on graphs of four neighbours; neither less often nor always, within 99.8 %."""
    monkeypatch.setattr(measuring, "MOST_EVENTS", 400_000_000)
    monkeypatch.setattr(measuring, "RATIO_ERROR", 0.01)
    graphs = {"network.graph": "ring"}, {"network.graph": "random_regular", "network.graph.degree": 4}
    found = [
        measuring.ratio(replace(named("network"), {"size": 20, **graph}), seed, quiet, lambda reading: None)
        for graph in graphs
        for seed in range(100)
    ]
    covered = [sum(r.low <= r.exact <= r.high for r in half) for half in (found[:100], found[100:])]
    print(f"cycle {covered[0]} of 100, four neighbours {covered[1]} of 100")
    low, high = binom.ppf([0.001, 0.999], 200, 0.95)
    assert low <= sum(covered) <= high


def test_a_well_mixed_ratio_has_no_noise():
    found = measuring.ratio(named("kin"), 0, quiet, lambda reading: None)
    assert found.value == pytest.approx(found.exact) and found.high - found.low < 1e-6


def test_groups_are_measured_by_their_crossing():
    found = measuring.ratio(named("group"), 1, quiet, lambda reading: None)
    assert "simulation with selection" in found.words
    assert abs(found.value - found.exact) < 3.5 * (found.high - found.low) / 3.92


@pytest.mark.parametrize("what", measuring.MEASURES)
@pytest.mark.parametrize(
    ("world", "words"),
    [(named("all_five"), "set the clock to event"), (replace(named("network"), {"size": 4_900}), "at most 3,000"),
     (replace(named("network"), {"players": "allc:0.4,alld:0.3,tft:0.3"}), "another number")],
    ids=["rounds", "large", "three"],
)  # fmt: skip
def test_what_cannot_be_measured_says_why(what, world, words):
    with pytest.raises(CoopError, match=words):
        measuring.MEASURES[what](world, 0, quiet, lambda reading: None)


@pytest.mark.parametrize(
    "world", [named("kin"), named("direct"), replace(SMALL, {"size": 9}), replace(named("kin"), {"size": 10})],
    ids=["kin", "direct", "torus", "ten"],
)  # fmt: skip
def test_one_cooperator_takes_over_as_often_as_theory_says(world):
    found = measuring.rho(world, 11, quiet, lambda reading: None)
    wide = share(round(found.value * found.runs), found.runs)
    reach = 2.5758 / 1.96  # the interval of 99 %
    assert abs(found.exact - found.value) <= reach * (wide.high - wide.low) / 2 + 1e-9
    assert found.neutral == 1 / world.size and math.isfinite(found.exact)
    assert any("generations on average" in words for words in found.more)


def test_a_star_holds_down_what_is_less_fit_and_a_cycle_does_as_a_mixed_population():
    """Without a benefit whoever helps earns -c wherever it is, so fitness is constant [LiebermanHauertNowak2005]."""
    changes = {"update": "birth_death", "update.intensity": 0.1, "game.benefit": 0.0}
    found = {
        name: measuring.rho(replace(lab.world("network", graph=graph), changes), 3, quiet, lambda reading: None)
        for name, graph in (("star", networkx.star_graph(9)), ("cycle", networkx.cycle_graph(10)))
    }
    fitness = math.exp(-0.1)
    mixed = (1 - 1 / fitness) / (1 - fitness**-10)
    assert found["star"].high < found["cycle"].low and found["cycle"].high < 0.1
    assert found["cycle"].exact == pytest.approx(mixed) and found["cycle"].low < mixed < found["cycle"].high
    assert found["star"].low < found["star"].exact < found["star"].high
    assert found["star"].exact == pytest.approx(star(fitness, 9))


MIXED = replace(named("kin"), {"size": 12, "game.benefit": 4.0})
MUTANTS = replace(MIXED, {"update.mutation": 0.05})


def holds(bars, exact):
    """Is the truth within four standard errors of every bar? Bars of one measurement know of each other."""
    return all(abs(bar.value - share) <= 4 * bar.error for bar, share in zip(bars, exact, strict=True))


@pytest.mark.parametrize("world", [MIXED, replace(SMALL, {"size": 9})], ids=["mixed", "torus"])
def test_the_time_to_fixation_is_that_of_theory_and_its_distribution_is_seen(world):
    seen = []
    found = measuring.time(world, 3, quiet, seen.append)
    assert found.low < found.exact < found.high and math.isnan(found.neutral)
    won, lost = found.pictures
    assert won.mean.low < won.exact_mean < won.mean.high and won.exact_mean == found.exact
    assert lost.mean.low < lost.exact_mean < lost.mean.high
    for picture in found.pictures:
        assert len(picture.bars) == len(picture.edges) - 1 <= 25
        assert 0.95 < sum(bar.value for bar in picture.bars) <= 1
        assert not picture.exact or holds(picture.bars, picture.exact)
    assert bool(won.exact) == (world is MIXED)
    assert any("theory" in words for words in found.more)
    widths = [reading.high - reading.low for reading in [*seen, found]]
    assert len(widths) > 8 and widths[-1] < widths[0] / 2


def test_bars_of_generations_that_are_replaced_at_once_hold_whole_generations():
    found = measuring.time(replace(MIXED, {"update": "wright_fisher"}), 3, quiet, lambda reading: None)
    assert all(float(edge).is_integer() for edge in found.pictures[0].edges) and math.isnan(found.exact)


@pytest.mark.parametrize("kind", ["reproduction", "spontaneous"])
def test_the_long_run_is_that_of_theory_bar_by_bar(kind):
    found = measuring.stationary(replace(MUTANTS, {"update.mutation_kind": kind}), 3, quiet, lambda reading: None)
    (picture,) = found.pictures
    assert len(picture.bars) == 13 and sum(picture.exact) == pytest.approx(1)
    assert holds(picture.bars, picture.exact)
    assert holds([picture.mean], [picture.exact_mean]) and found.exact == pytest.approx(picture.exact_mean / 12)
    assert found.low == pytest.approx(picture.mean.low / 12) and found.high == pytest.approx(picture.mean.high / 12)
    assert not any("began" in words for words in found.more)


def test_many_head_counts_share_a_bar():
    world = replace(MUTANTS, {"size": 120, "update.intensity": 0.01})
    (picture,) = measuring.stationary(world, 4, quiet, lambda reading: None).pictures
    assert len(picture.bars) == 41 and "3 numbers" in picture.note
    assert holds(picture.bars, picture.exact)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"update.fitness": "linear"}, "linear"), ({"update": "wright_fisher"}, "wright fisher"),
     ({"network.enabled": True, "kin.enabled": False, "network.graph": "ring"}, "end at 11 individuals"),
     ({"network.enabled": True, "kin.enabled": False, "network.graph": "ring", "size": 8,
       "update.mutation_kind": "spontaneous"}, "this kind of mutation")],
    ids=["linear", "generations", "graph", "spontaneous"],
)  # fmt: skip
def test_where_theory_draws_no_line_it_says_why(changes, words):
    found = measuring.stationary(replace(MUTANTS, changes), 5, quiet, lambda reading: None)
    assert found.pictures[0].exact == () and math.isnan(found.exact)
    assert words in found.caveats[-1]


@pytest.mark.parametrize(
    ("what", "world", "words"),
    [("rho", MUTANTS, "update.mutation"), ("time", MUTANTS, "update.mutation"),
     ("stationary", MIXED, "mutation must be above 0"),
     ("stationary", replace(MUTANTS, {"update.mutation": 1e-6}), "at least 0.0032")],
)  # fmt: skip
def test_mutation_decides_between_fixation_and_the_long_run(what, world, words):
    with pytest.raises(CoopError, match=words):
        measuring.MEASURES[what](world, 0, quiet, lambda reading: None)


@pytest.mark.parametrize("what", ["time", "stationary", "rho"])
def test_what_is_measured_is_plain_enough_for_a_browser(what):
    found = measuring.MEASURES[what](MUTANTS if what == "stationary" else MIXED, 6, quiet, lambda reading: None)
    told = json.loads(json.dumps(found.plain(), allow_nan=False))
    assert told["noun"] and len(told["pictures"]) == {"time": 2, "stationary": 1, "rho": 0}[what]
    assert told["neutral"] is None or what == "rho"


@pytest.mark.validate
def test_what_is_fitter_takes_over_ever_more_often_from_a_cycle_to_a_star_to_a_superstar():
    """One mutant of constant fitness 1.2 among 120 others, and one of 1/1.2 [LiebermanHauertNowak2005]."""
    changes = {"size": 121, "update": "birth_death", "update.intensity": math.log(1.2), "game.benefit": 0.0}
    petals = {"network.graph": "superstar", "network.graph.petals": 8, "network.graph.chain": 2}
    kinds = {"ring": {"network.graph": "ring"}, "star": {"network.graph": "star"}, "superstar": petals}
    worlds = {name: replace(named("network"), {**kind, **changes}) for name, kind in kinds.items()}
    exact = {"ring": (1 - 1 / 1.2) / (1 - 1.2**-121), "star": star(1.2, 120)}
    wide = {}
    for name, runs in (("ring", 1000), ("star", 1000), ("superstar", 2500)):
        seen = fixation(worlds[name], invader=1, runs=runs, seed=7)
        wide[name] = wilson(round(seen.counted * runs), runs)
    assert wide["ring"][0] < exact["ring"] < wide["ring"][1]  # as in a mixed population
    assert wide["ring"][1] < wide["star"][0] < exact["star"] < wide["star"][1]
    assert wide["superstar"][0] > exact["star"]
    assert wide["superstar"][0] > 1 - 1.2**-2  # more than a star of any size
    # Cooperators, who are less fit, are held down.
    assert star(1 / 1.2, 120) < (1 - 1.2) / (1 - 1.2**121) < 1e-9
    assert fixation(worlds["superstar"], invader=0, runs=500, seed=8).counted == 0


def star(fitness, leaves):
    """The chance that one mutant takes over a star, from the chain of (mutants among the leaves, hub a mutant?)."""
    system, right = np.eye(2 * (leaves + 1)), np.zeros(2 * (leaves + 1))
    for k in range(leaves + 1):
        for hub in (0, 1):
            if (k, hub) in ((0, 0), (leaves, 1)):
                right[2 * k + hub] = float(hub)
                continue
            mutants = fitness * k if hub == 0 else 0.0  # births that turn the hub
            others = leaves - k if hub == 1 else 0.0
            spread = (fitness * (leaves - k) if hub == 1 else float(k)) / leaves  # births that turn a leaf
            total = mutants + others + spread
            system[2 * k + hub, 2 * k + 1 - hub] = -(mutants + others) / total
            system[2 * k + hub, 2 * (k + (1 if hub == 1 else -1)) + hub] = -spread / total
    reach = np.linalg.solve(system, right)
    return (leaves * reach[2] + reach[1]) / (leaves + 1)


def wilson(wins, runs, z=2.5758):
    """Wilson's interval of 99 %."""
    middle, reach = wins + z * z / 2, z * math.sqrt(wins * (runs - wins) / runs + z * z / 4)
    return (middle - reach) / (runs + z * z), (middle + reach) / (runs + z * z)


def test_a_superstar_is_silent_about_ratios_and_points_to_what_can_be_measured():
    arrows = {"network.graph": "superstar", "size": 11, "update": "birth_death", "game.benefit": 0.0}
    world = replace(named("network"), arrows)
    assert "Measure below" in words.way_out(world, expectation(world))
    with pytest.raises(CoopError, match="fitness is constant"):
        measuring.ratio(world, 0, quiet, lambda reading: None)
    found = measuring.time(world, 4, quiet, lambda reading: None)
    assert abs(found.value - found.exact) < 4 * (found.high - found.low) / 3.92


@pytest.mark.parametrize("name", NAMED)
def test_the_line_in_the_chart_is_exact_or_not_there(name):
    line = known.final_share(named(name))
    mixed = name in ("well_mixed", "kin", "direct", "indirect")
    assert (line is not None) == mixed and (line is None or 0 <= line <= 1)


def test_the_line_in_the_chart_is_where_runs_end():
    world = replace(named("kin"), {"size": 12, "update.intensity": 0.02})
    found = fixation(world, heads=6, runs=20_000, seed=4)
    assert world.starting_counts()[0] == 6 and found.low < known.final_share(world) < found.high


def test_a_measurement_can_be_stopped_and_another_takes_its_place():
    told = []
    desk = measuring.Measuring(lambda: told.append(1))
    desk.start("ratio", SMALL, 1)
    desk.stop()
    assert desk.job.now.state == "stopped"
    desk.start("nonsense", SMALL, 1)
    assert desk.what == "ratio"


# ------------------------------------------------------------------------------------- where nothing can be measured


@pytest.mark.parametrize("name", NAMED)
def test_what_is_offered_begins_and_the_way_out_leads_to_no_closed_door(name):
    world = named(name)
    refused = measuring.refusals(world)

    class Enough(Exception):
        pass

    def stop(*_told):
        raise Enough

    for what, measure in measuring.MEASURES.items():
        try:
            measure(world, 0, stop, stop)
        except Enough:  # it has begun
            continue
        except CoopError as error:
            mutation = what == "stationary" and "update.mutation" in str(error)
            assert what in refused or mutation, f"{what}: {error}"
    if "Measure" in words.way_out(world, expectation(world)):
        assert "ratio" not in refused or "rho" not in refused


def test_three_strategies_are_not_measured_and_a_run_in_rounds_is_told_about_its_clock():
    three = replace(
        named("direct"), {"players": [{"share": 0.4, "strategy": "allc"}, {"share": 0.6, "strategy": "alld"}]}
    )
    assert measuring.refusals(three) == {}
    three = replace(three, {"players": [*three.model_dump()["players"][:1], {"share": 0.3, "strategy": "alld"},
                                        {"share": 0.3, "strategy": "tft"}]})  # fmt: skip
    assert set(measuring.refusals(three)) == set(measuring.MEASURES)
    assert all("between two strategies" in why for why in measuring.refusals(three).values())
    assert "Measure" not in words.way_out(three, expectation(three))
    rounds = measuring.refusals(replace(named("kin"), {"clock": "round"}))
    assert all(why.endswith("set the clock to event.") for why in rounds.values()) and len(rounds) == 4
