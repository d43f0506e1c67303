"""What would it take? Critical ratios, fixation and the long run, measured while the reader looks on.

Each measure is a function of the world, its seed and two calls back (``MEASURES``).

How many replicates there will be is computed once, from a first batch; after that nothing that is seen decides when
to stop. So the intervals that tighten on the page are honest, and the last one is what ``coop_abm.critical_ratio`` and
``coop_abm.fixation`` report.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import CoopError, TheoryError
from coop_abm.dashboard import known
from coop_abm.dashboard.growing import BATCHES, PARTS, growing
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.lasting import time
from coop_abm.dashboard.long_runs import stationary
from coop_abm.dashboard.measured import Reading, Report, Tell, check_size
from coop_abm.engine import crossing, drift
from coop_abm.engine.events import process
from coop_abm.engine.fixation import Ensemble, starting, summary
from coop_abm.engine.statistics import FEWEST, planned, share
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.scenario import Scenario

#: Standard errors to reach, as a share of the value, and replacements that a measurement may take.
RATIO_ERROR, RHO_ERROR, MOST_EVENTS = 0.005, 0.02, 400_000_000


def ratio(scenario: Scenario, seed: int, report: Report, tell: Tell) -> Reading:
    """The critical b/c of a world: by neutral drift, or where that has no form by the crossing of rho_C and rho_D.

    Raises
    ------
    TheoryError, ScenarioError, NotAbsorbed, InputError
        one sentence: why it cannot be measured here
    """
    check_size(scenario)
    if scenario.clock == "round":
        raise TheoryError(
            "A critical ratio is measured one replacement at a time: set the clock to event. On the round clock many "
            "can learn at once, and the ratio has no agreed meaning"
        )
    exact = expectation(scenario, seed)
    answers = scenario.answers(seed)
    if answers.groups > 1 or scenario.update.kind not in drift.KNOWN:
        return _by_crossing(scenario, seed, exact.value, report)
    return _by_drift(scenario, seed, exact.value, report, tell)


def _by_drift(scenario: Scenario, seed: int, exact: float, report: Report, tell: Tell) -> Reading:
    heads = scenario.size // 2
    batch = max(FEWEST, min(drift.PILOT // scenario.size**2, 2000))

    def more(begin: int, runs: int) -> drift.Sums:
        return drift.drift_sums(
            scenario, heads, runs, seed=seed, begin=begin,
            progress=lambda _done: report(f"{begin:,} neutral runs so far", begin / total if total else 0.0),
        )  # fmt: skip

    total, part = 0, max(FEWEST, math.ceil(batch / PARTS))
    report("the first batch", 0.0)
    sums = more(0, min(part, batch))
    found = drift.drift_ratio(scenario, sums, seed=seed)
    while (begin := len(sums.values)) < (total or batch):
        tell(_drift_reading(found, exact, total))
        news = more(begin, min((total or batch) - begin, part))
        sums = drift.Sums(np.concatenate([sums.values, news.values]), sums.events + news.events)
        found = drift.drift_ratio(scenario, sums, seed=seed)
        if not total and len(sums.values) >= batch:
            total = _planned(found, sums, batch)
            part = max(part, math.ceil(total / BATCHES))
        report(f"{len(sums.values):,} neutral runs", len(sums.values) / total if total else 0.0)
    return _drift_reading(found, exact, total or batch)


def _planned(found: drift.DriftRatio, sums: drift.Sums, batch: int) -> int:
    if not math.isfinite(found.value):
        return batch
    return planned(batch, found.error, RATIO_ERROR * abs(found.value), sums.events, MOST_EVENTS)


def _drift_reading(found: drift.DriftRatio, exact: float, total: int) -> Reading:
    low, high = sorted((found.low, found.high))
    return Reading(
        "ratio", "critical b/c", found.value, low, high, exact, math.nan, found.runs, total,
        "neutral drift: the structure runs without selection, and each run tells what weak selection would add",
        (f"structure coefficient σ = {found.sigma.value:.4g} ± {found.sigma.error:.2g}",),
        ("It is the ratio at which ρ_C = ρ_D, in the limit of weak selection.",
         "It tests the structure and the drift of this world, not its code of selection; a crossing does that."),
    )  # fmt: skip


def _by_crossing(scenario: Scenario, seed: int, exact: float, report: Report) -> Reading:
    found = crossing.crossing(
        scenario, seed=seed, relative_error=4 * RATIO_ERROR, most_events=MOST_EVENTS, report=report
    )
    return Reading(
        "ratio", "critical b/c", found.value, found.low, found.high, exact, math.nan, found.runs, found.runs,
        f"simulation with selection: where ρ_C = ρ_D at intensity {found.intensities[0]:.3g}", (),
        ("It holds at this intensity of selection; it moves with it.",
         "Neutral drift has no known form for this structure or update rule, so this takes longer."),
    )  # fmt: skip


def rho(scenario: Scenario, seed: int, report: Report, tell: Tell) -> Reading:
    """The probability that one cooperator among defectors takes over, against 1/N; and how long that takes.

    Raises
    ------
    as :func:`ratio`
    """
    check_size(scenario)
    if scenario.clock == "round":
        raise TheoryError("Fixation is measured one replacement at a time: set the clock to event")
    exact = known.rho(scenario, seed)
    start, ready = starting(scenario, 0, 1), process(scenario, seed, record_gains=True)
    base = stream_base(seed, 0)
    batch = max(FEWEST, min(100 * scenario.size, 4_000_000 // scenario.size))

    def plan(found: Ensemble) -> int:
        seen = summary(found, 0, start)
        wanted = RHO_ERROR * max(seen.probability, 0.5 / seen.runs)
        return planned(batch, seen.error, wanted, int(found.events.sum()), MOST_EVENTS)

    for result, total in growing(ready, start, base, batch, plan, report):
        reading = _rho_reading(result, start, exact, total)
        tell(reading)
    return reading


def _rho_reading(result: Ensemble, start: np.ndarray, exact: tuple[float, str] | None, total: int) -> Reading:
    found = summary(result, 0, start)
    wins = int((result.winner == 0).sum())
    counted = share(wins, found.runs)
    times = [f"until one strategy is left: {found.generations.value:.4g} generations on average"]
    if wins:
        times.append(f"where the cooperator won: {found.generations_won.value:.4g} generations")
    followed = "" if found.probability == found.counted else (
        f"followed (less noise): {found.probability:.5g}, {found.low:.5g} to {found.high:.5g}"
    )  # fmt: skip
    return Reading(
        "rho", "ρ_C", counted.value, counted.low, counted.high, exact[0] if exact else math.nan, 1 / found.size,
        found.runs, total, f"one cooperator, placed at random, in each of {found.runs:,} populations; it won {wins:,}",
        tuple(filter(None, (followed, *times))),
        ("Above 1/N selection favours the cooperator's taking over; whether it is also above ρ_D is another question.",
         "It holds at this intensity of selection, without mutation. The interval is Wilson's, 95 %.",
         *((f"Theory: {exact[1]}.",) if exact else ("Theory knows no closed form for this world.",))),
    )  # fmt: skip


#: What can be measured.
MEASURES = {"ratio": ratio, "rho": rho, "time": time, "stationary": stationary}


def refusals(scenario: Scenario) -> dict[str, str]:
    """Why something cannot be measured in this world, in a sentence each; what is not here can be tried."""
    found = {}
    for what in MEASURES:
        try:
            _check(scenario, what)
        except CoopError as error:
            found[what] = f"{str(error)[0].upper()}{str(error)[1:]}."
    return found


def _check(scenario: Scenario, what: str) -> None:
    check_size(scenario)
    if scenario.clock == "round":
        raise TheoryError("it is measured one replacement at a time: set the clock to event")
    if len(scenario.repertoire().names) != 2:
        raise TheoryError("it is measured between two strategies; this world has another number of them")
    if what == "stationary":
        return  # that mutation is 0 is said when the button is pressed: one knob mends it
    starting(scenario, 0, 1)
    if what == "ratio" and (not scenario.game.has_ratio or scenario.game.cost <= 0):
        raise TheoryError("a critical ratio needs a game with a benefit and a positive cost")


class Measuring:
    """The measurement of one tab: one at a time, of the world on show when it was asked for."""

    def __init__(self, on_change: Callable[[], None]):
        self.job = Job(on_change)
        self.what = ""
        self.of: tuple[Scenario, int] | None = None
        self.reading: Reading | None = None
        self._number = 0

    def start(self, what: str, scenario: Scenario, seed: int) -> None:
        """Measure this."""
        if what not in MEASURES:
            return
        self._number += 1
        number, self.what, self.of, self.reading = self._number, what, (scenario, seed), None

        def tell(reading: Reading) -> None:
            if number == self._number:  # the reader may have asked for something else meanwhile
                self.reading = reading

        def work(report: Report) -> None:
            tell(MEASURES[what](scenario, seed, report, tell))

        self.job.start(work)

    def stop(self) -> None:
        """That is enough."""
        self.job.stop()

    close = stop
