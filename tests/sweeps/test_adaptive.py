"""Studies: what they ask follows from values alone, and their intervals hold the truth as often as they say."""

import itertools
import math
import re

import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.engine.statistics import bounded, mean
from coop_abm.sweeps.adaptive import FIRST, GROWTH, fixed, until_ci
from coop_abm.sweeps.coordinator import Coordinator
from coop_abm.sweeps.executor import Inline
from coop_abm.sweeps.memory import Memory
from coop_abm.sweeps.thresholds import find_threshold

from .toys import Coins


def driven(study, simulated):
    """What a study returns, and how many replicates each place got; `simulated(x, n)` makes n more values at x."""
    pools, asked, asks = {}, [], next(study)
    while True:
        sent = []
        for parameters, replicates in asks:
            x = parameters.get("x")
            have = pools.get(x, np.empty(0))
            pools[x] = np.r_[have, simulated(x, max(0, replicates - len(have)))]
            sent.append(pools[x][:replicates])
            asked.append(replicates)
        try:
            asks = study.send(sent)
        except StopIteration as end:
            return end.value, pools, asked


def wins(random, chance):
    """Runs that end at 1 with this probability, else at 0."""
    return lambda x, n: (random.random(n) < (chance(x) if callable(chance) else chance)).astype(float)


# --------------------------------------------------------------------------------- until it is narrow


def test_a_fixed_number_is_asked_for_once():
    assert driven(fixed({"x": 1}, 7), wins(np.random.default_rng(0), 0.5))[::2] == (None, [7])


@pytest.mark.parametrize("probability", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("half_width", [0.02, 0.05])
def test_intervals_of_a_width_that_was_asked_for_hold_the_truth(request, probability, half_width):
    repeats, enough = (4000, 0.93) if request.config.getoption("--validate") else (300, 0.92)
    random = np.random.default_rng(5)
    found = [driven(until_ci({}, half_width), wins(random, probability))[0] for _ in range(repeats)]
    assert all(0.5 * (one.high - one.low) <= half_width for one in found)
    held = sum(one.low <= probability <= one.high for one in found) / repeats
    print(f"p = {probability}, half-width {half_width}: {held:.3f}")
    assert held >= enough


@pytest.mark.validate
@pytest.mark.parametrize("kind", ["inner", "rare", "mixed"])
def test_intervals_of_final_shares_hold_the_truth(kind):
    random = np.random.default_rng(6)

    def ended(_x, n):
        inner = random.beta(2, 5, n) if kind == "inner" else random.beta(2, 2, n)
        if kind == "rare":
            return np.where(random.random(n) < 0.05, inner, 0.0)
        return inner if kind == "inner" else np.where(random.random(n) < 0.5, random.random(n) < 0.1, inner)

    truth = {"inner": 2 / 7, "rare": 0.025, "mixed": 0.3}[kind]
    for half_width in (0.02, 0.05):
        found = [driven(until_ci({}, half_width), ended)[0] for _ in range(2000)]
        assert sum(one.low <= truth <= one.high for one in found) / 2000 >= 0.93


def test_wide_intervals_get_more_replicates_and_narrow_ones_none():
    random = np.random.default_rng(7)
    for probability in (0.02, 0.5):
        _, _, asked = driven(until_ci({}, 0.03), wins(random, probability))
        assert asked[0] == FIRST and all(a < b <= GROWTH * a for a, b in itertools.pairwise(asked))
        assert (asked[-1] > 900) is (probability == 0.5)
    assert driven(until_ci({}, 0.2), wins(random, 0.5))[2] == [FIRST]


def test_the_most_replicates_are_not_exceeded_and_the_interval_says_so():
    found, _, asked = driven(until_ci({}, 0.001, most=500), wins(np.random.default_rng(8), 0.5))
    assert asked[-1] == 500 and 0.5 * (found.high - found.low) > 0.03


@pytest.mark.parametrize("interval", [bounded, mean])
def test_a_first_batch_that_agrees_stops_nothing(interval):
    def late(_x, n):
        return np.zeros(n) if n == FIRST else np.tile([0.0, 1.0], n)[:n]

    found, _, asked = driven(until_ci({}, 0.05, interval=interval), late)
    assert len(asked) > 1 and found.low < 0.5 < found.high


def test_what_never_varies_is_believed_in_the_end():
    found, _, asked = driven(until_ci({}, 0.1, interval=mean), lambda _x, n: np.full(n, 37.5))
    assert found[:2] == (37.5, 0.0) and asked == [FIRST, GROWTH * FIRST]


def test_failed_runs_are_made_up_for():
    random = np.random.default_rng(9)
    found, pools, _ = driven(
        until_ci({}, 0.05), lambda x, n: np.where(random.random(n) < 0.5, np.nan, random.random(n) < 0.5)
    )
    assert found.high - found.low <= 0.1 and np.isnan(pools[None]).sum() > 300
    nothing, _, asked = driven(until_ci({}, 0.05), lambda x, n: np.full(n, np.nan))
    assert math.isnan(nothing.value) and asked == [FIRST]


def test_what_cannot_be_asked_is_refused():
    for study, said in [
        (until_ci({}, 0.0), "the half-width must be above 0; got 0"),
        (until_ci({}, 0.1, first=1), "from 2 to 10,000 replicates; got 1"),
        (until_ci({}, 0.1, most=5), "from 2 to 5 replicates; got 32"),
        (find_threshold({}, "b", 3, 1, 0.5), "b: a threshold needs a range, low below high; got 3 to 1"),
        (find_threshold({}, "b", 1, 3, 0.5, precision=0), "b: a threshold needs a precision above 0"),
        (find_threshold({}, "b", 1, 3, 0.5, step=5), "b: the step must be above 0 and at most the range; got 5"),
    ]:
        with pytest.raises(InputError, match=said):
            next(study)


def test_studies_go_on_from_what_is_kept():
    studies = lambda: [until_ci({"chance": c}, 0.06) for c in (0.1, 0.5)]  # noqa: E731
    memory, last = Memory(), []
    sweep = lambda: Coordinator(Coins(together=50), memory, Inline(), measure="won", report=last.append).run(studies())  # noqa: E731
    first = sweep()
    assert sweep() == first and last[-1].found == last[-1].done == last[-1].asked
    assert all(one.low <= c <= one.high for one, c in zip(first, (0.1, 0.5)))


# ----------------------------------------------------------------------------------------- thresholds


def rise(steepness, at=4.3, low=0.0, high=1.0):
    return lambda x: low + (high - low) / (1 + math.exp(-steepness * (x - at)))


def root(steepness, level, at=4.3, low=0.0, high=1.0):
    share = (level - low) / (high - low)
    return at + math.log(share / (1 - share)) / steepness


def held_by(simulated, truth, level, repeats, **more):
    found = [driven(find_threshold({}, "x", 0, 10, level, **more), simulated)[0] for _ in range(repeats)]
    held = sum(one.low <= truth <= one.high for one in found) / repeats
    values = np.array([one.value for one in found])
    print(f"held {held:.3f}, bias {values.mean() - truth:+.4f}, error {values.std():.4f} {found[0].error:.4f}")
    return held, found


@pytest.mark.parametrize(("steepness", "level"), [(3, 0.5), (-3, 0.2)])
def test_thresholds_are_covered(steepness, level):
    simulated = wins(np.random.default_rng(11), rise(steepness))
    held, found = held_by(simulated, root(steepness, level), level, 200, precision=0.02)
    assert held >= 0.92
    assert {one.rising for one in found} == {steepness > 0}
    assert np.mean([one.how == "curve" for one in found]) > 0.9


@pytest.mark.validate
@pytest.mark.parametrize("precision", [0.02, 0.005])
@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("steepness", [1, 3, 10, -3])
def test_thresholds_are_covered_however_steep_they_are(steepness, level, precision):
    simulated = wins(np.random.default_rng(12), rise(steepness))
    assert held_by(simulated, root(steepness, level), level, 200, precision=precision)[0] >= 0.90


@pytest.mark.validate
def test_thresholds_of_other_measures_are_covered():
    random = np.random.default_rng(13)
    partly = wins(random, rise(3, low=0.1, high=0.6))
    assert held_by(partly, root(3, 0.3, low=0.1, high=0.6), 0.3, 200, precision=0.02)[0] >= 0.92
    inner = lambda x, n: random.beta(20 * rise(2, low=0.05, high=0.95)(x), 20 - 20 * rise(2, low=0.05, high=0.95)(x), n)  # noqa: E731
    assert held_by(inner, 4.3, 0.5, 200, precision=0.02)[0] >= 0.92
    squares = lambda x, n: random.normal(0.1 * x * x, 1, n)  # noqa: E731
    assert held_by(squares, math.sqrt(10), 1.0, 200, precision=0.02, interval=mean)[0] >= 0.92


def test_thresholds_of_paired_cells_are_covered():
    held = 0
    for seed in range(200):
        paired = {}

        def simulated(x, n, seed=seed, paired=paired):
            done = paired.get(x, 0)
            paired[x] = done + n
            return (np.random.default_rng(seed).random(done + n)[done:] < rise(3)(x)).astype(float)

        found = driven(find_threshold({}, "x", 0, 10, 0.5, precision=0.02), simulated)[0]
        held += found.low <= 4.3 <= found.high
    print(f"held {held / 200:.3f}")
    assert held / 200 >= 0.92


def test_a_threshold_is_measured_where_nobody_has_been():
    study, places, pools = find_threshold({"c": 1}, "x", 0, 10, 0.5), [], {}
    simulated, asks = wins(np.random.default_rng(14), rise(1)), next(study)
    while True:
        places.append([parameters["x"] for parameters, _ in asks])
        assert all(parameters["c"] == 1 for parameters, _ in asks)
        sent = []
        for parameters, n in asks:
            have = pools.setdefault(parameters["x"], np.empty(0))
            pools[parameters["x"]] = np.r_[have, simulated(parameters["x"], n - len(have))]
            sent.append(pools[parameters["x"]])
        try:
            asks = study.send(sent)
        except StopIteration as end:
            last = end.value
            break
    measured = {place.at for place in last.places}
    assert last.how == "curve" and measured == set(places[-1]) and len(measured) == 4
    assert not measured & {x for stage in places[:-1] for x in stage}
    assert all(x == float(f"{x:.6g}") for stage in places for x in stage)
    assert last.runs == sum(map(len, pools.values()))


def test_a_step_is_bracketed_to_the_precision():
    found, _, _ = driven(
        find_threshold({}, "x", 0, 10, 0.5, precision=0.001), lambda x, n: np.full(n, float(x > math.pi))
    )
    assert found.how == "bracket" and found.low <= math.pi <= found.high and found.high - found.low < 0.007
    assert found.rising and found.note == ""


def test_where_nothing_crosses_it_is_said():
    random = np.random.default_rng(15)
    for simulated, said in [
        (wins(random, rise(1, high=0.3)), r"no crossing in \[0, 10\]: the mean is below 0.5 everywhere, 0.\d+ at "),
        (wins(random, rise(1, low=0.8)), r"no crossing in \[0, 10\]: the mean is above 0.5 everywhere, 0.\d+ at "),
        (wins(random, 0.5), "cannot be told from 0.5 anywhere|nowhere clearly beyond"),
        (lambda x, n: np.full(n, np.nan), r"all runs failed"),
    ]:
        found = driven(find_threshold({}, "x", 0, 10, 0.5, most=500), simulated)[0]
        assert found.how == "none" and math.isnan(found.value) and math.isnan(found.low)
        assert re.search(said, found.note), found.note


def test_more_than_one_crossing_is_noted():
    hill = wins(np.random.default_rng(16), lambda x: math.exp(-((x - 5) ** 2) / 4))
    found = driven(find_threshold({}, "x", 0, 10, 0.5), hill)[0]
    assert found.rising and found.low <= 5 - 2 * math.sqrt(math.log(2)) <= found.high
    assert found.note == "crosses more than once; this is the lowest crossing"


@pytest.mark.parametrize("steepness", [2, -2])
def test_whole_numbers_are_bracketed(steepness):
    simulated = wins(np.random.default_rng(17), rise(steepness, at=6.4))
    found, pools, _ = driven(find_threshold({}, "x", 2, 30, 0.5, step=1), simulated)
    assert (found.how, found.low, found.high) == ("bracket", 6, 7) and all(isinstance(x, int) for x in pools)
    even, pools, _ = driven(find_threshold({}, "x", 2, 30, 0.5, step=2), simulated)
    assert (even.low, even.high) == (6, 8) and all(x % 2 == 0 for x in pools)


def test_a_curve_through_whole_numbers_is_drawn_only_where_it_is_asked_for():
    random = np.random.default_rng(18)
    line = wins(random, lambda x: min(max(0.1 + 0.08 * (x - 2), 0), 1))
    held = 0
    for _ in range(100):
        study = find_threshold({}, "x", 0, 12, 0.54, step=1, interpolate=True, precision=0.01)
        found = driven(study, line)[0]
        assert found.how == "curve" and len(found.places) >= 2
        held += found.low <= 7.5 <= found.high
    assert held >= 88


def test_what_is_no_share_needs_the_other_interval():
    with pytest.raises(InputError, match=r"values must lie in \[0, 1\]; got 7 to 7"):
        driven(until_ci({}, 0.1), lambda _x, n: np.full(n, 7.0))
