"""Questions to a world that take theory or many runs: critical ratios, fixation, the long run, advice about a graph.

>>> import coop_abm
>>> coop_abm.critical_ratio("network").value.__round__(4)
4.2609
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from coop_abm.core.dice import graph_seed
from coop_abm.core.errors import InputError, ScenarioError, TheoryError
from coop_abm.engine.crossing import Measured, Report, crossing, extrapolated, one_over_n
from coop_abm.engine.drift import DriftRatio, neutral_drift
from coop_abm.engine.fixation import Fixation
from coop_abm.engine.fixation import fixation as measure_fixation
from coop_abm.engine.fixation_times import FixationTimes
from coop_abm.engine.fixation_times import fixation_times as measure_times
from coop_abm.engine.long_run import LongRun
from coop_abm.engine.long_run import long_run as measure_long_run
from coop_abm.engine.walks import WalkedRatio, walked_ratio
from coop_abm.lab import check_seed, check_whole, world
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures import Graph, limits
from coop_abm.theory.coalescence import kind_of

if TYPE_CHECKING:
    from coop_abm.theory.advice import Advice

METHODS = ("exact", "walks", "drift", "crossing", "extrapolated", "one_over_n")
#: Relative standard error of a measured critical ratio, unless another is asked for.
PRECISION = 0.005


class CriticalRatio(NamedTuple):
    """A critical benefit-to-cost ratio.

    value : signed: negative where only harming can be favoured, infinite where nothing is
    low, high : 95 % interval; equal to the value where it is exact
    kind  : "threshold", "spite", "never" or "near_singular"
    error : standard error; 0 where it is exact
    method : how it was found
    reason : the law that was used, or what was measured, in words
    replicates : of a simulation
    """

    value: float
    low: float
    high: float
    kind: str
    error: float = 0.0
    method: str = "exact"
    reason: str = ""
    replicates: int = 0


def fixation(
    scenario: Any,
    *,
    invader: int = 0,
    heads: int = 1,
    precision: float = 0.02,
    of: Literal["probability", "events", "events_won"] = "probability",
    runs: int | None = None,
    weight: str | None = "weight",
    rng: int | None = None,
    progress: Callable[[int], None] | None = None,
    **knobs: Any,
) -> Fixation:
    """How likely does a strategy take over, and how long does it take? Counted or followed in simulation.

    >>> import coop_abm
    >>> found = coop_abm.fixation("kin", game__benefit=3.0, runs=2000, rng=1)
    >>> found.low < 0.04 < found.high, found.runs
    (True, 2000)

    Parameters
    ----------
    scenario : an ``nx.Graph``, a graph file, a Scenario, the name of one or a TOML file; on the event clock
    invader : 0 the cooperator, 1 the defector
    heads   : how many of them start, placed at random in each replicate
    precision : standard error to reach, as a share of what `of` names
    runs    : replicates, instead of a precision
    weight  : edge attribute of a graph that holds weights; None ignores them
    rng     : root seed; None draws one from the system
    progress : called with the number of replicates just finished
    knobs   : ``kin__relatedness=0.3`` and so on

    Raises
    ------
    InputError, NotAbsorbed
        one line that says what is permitted, or that a run did not end
    """
    declared = _on_the_event_clock(scenario, weight, knobs)
    seed = _seed(rng)
    if runs is not None:
        check_whole("runs", runs, 2, 1_000_000_000)
        return measure_fixation(declared, invader=invader, heads=heads, runs=runs, seed=seed, progress=progress)
    return measure_fixation(
        declared, invader=invader, heads=heads, precision=precision, of=of, seed=seed, progress=progress
    )


def fixation_times(
    scenario: Any,
    *,
    invader: int = 0,
    heads: int = 1,
    runs: int = 10_000,
    weight: str | None = "weight",
    rng: int | None = None,
    progress: Callable[[int], None] | None = None,
    **knobs: Any,
) -> FixationTimes:
    """How long does it take, run by run, until a strategy has taken over or is gone? All events are drawn.

    >>> import coop_abm
    >>> found = coop_abm.fixation_times("kin", size=10, update__intensity=0.0, runs=4000, rng=2)
    >>> found.conditional.low < 81 / 10 < found.conditional.high  # (N - 1)^2 events of N to a generation
    True

    Parameters, Raises
    ------------------
    as :func:`fixation`
    """
    declared = _on_the_event_clock(scenario, weight, knobs)
    check_whole("runs", runs, 1, 1_000_000_000)
    return measure_times(declared, invader=invader, heads=heads, runs=runs, seed=_seed(rng), progress=progress)


def long_run(
    scenario: Any,
    *,
    replicates: int = 32,
    burn_in: int | None = None,
    generations: int | None = None,
    weight: str | None = "weight",
    rng: int | None = None,
    progress: Callable[[int], None] | None = None,
    **knobs: Any,
) -> LongRun:
    """Where does a world with mutation spend its time? Head counts of the first strategy, by independent populations.

    >>> import coop_abm
    >>> found = coop_abm.long_run("kin", size=10, update__intensity=0.0, update__mutation=0.2, rng=3)
    >>> found.frequency.low < 0.5 < found.frequency.high, len(found.held)
    (True, 11)

    Parameters
    ----------
    scenario, weight, rng, progress, knobs : as in :func:`fixation`
    replicates : populations, half of which begin with one strategy and half with the other
    burn_in, generations : of each before it is looked at, and while it is; 5 and 20 over the rate of mutation
               where they are not given

    Raises
    ------
    InputError
        one line that says what is permitted
    """
    declared = _on_the_event_clock(scenario, weight, knobs)
    return measure_long_run(
        declared, replicates=replicates, burn_in=burn_in, generations=generations, seed=_seed(rng), progress=progress
    )


def critical_ratio(
    graph_or_scenario: Any,
    *,
    update: str | None = None,
    payoff: str | None = None,
    method: Literal["exact", "walks", "drift", "crossing", "extrapolated", "one_over_n"] = "exact",
    precision: float | None = None,
    weight: str | None = "weight",
    rng: int | None = None,
    report: Report | None = None,
) -> CriticalRatio:
    """The benefit-to-cost ratio above which cooperation is favoured; one call for every rule and any subset.

    ============  ==========================================================================================
    method        what it is
    ============  ==========================================================================================
    exact         theory of this very scenario, or an error that says why it is silent
    walks         random walks that meet, for graphs too large to solve, with an interval; weak selection
    drift         neutral drift in simulation, weak selection; mixed populations, graphs, families
    crossing      simulation at the intensity of the scenario: where rho_C = rho_D
    extrapolated  the crossing at three weak intensities, extrapolated to none
    one_over_n    simulation at the intensity of the scenario: where a single cooperator has rho_C = 1/N
    ============  ==========================================================================================

    Parameters
    ----------
    graph_or_scenario : an ``nx.Graph``, a graph file, a Scenario, or the name of one
    update, payoff : update rule and payoff counting; for a graph they default to death_birth and
                averaged, for a scenario to what it declares
    precision : standard error to reach, as a share of the ratio (0.005 by default); work is bounded, in
                replacements, so `error` may be larger
    weight    : edge attribute that holds weights; None ignores them
    rng       : root seed of a simulation; None draws one from the system
    report    : called with words about what is being done, and a share in [0, 1] (crossings)

    Returns
    -------
    CriticalRatio
        always the signed number and its kind; -9.0 for the complete graph of ten nodes, infinite for
        a star

    Raises
    ------
    TheoryError
        if theory is silent (method "exact"), no crossing is found, or the method has no form for this world
    """
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if precision is not None and not 0 < precision < 1:
        raise InputError(f"precision must be in (0, 1); got {precision!r}")
    declared = _declared(graph_or_scenario, weight)
    changes = {"update": update, "payoff": payoff}
    declared = replace(declared, {name: value for name, value in changes.items() if value is not None})
    if method == "exact":
        expected = expectation(declared, rng or 0, thorough=True)
        if expected.kind == "silent":
            raise TheoryError(f"theory is silent: {expected.reason}")
        return CriticalRatio(expected.value, expected.value, expected.value, expected.kind, reason=expected.reason)
    seed, sharp = _seed(rng), precision or PRECISION
    if method == "walks":
        reason = "random walks that meet on this graph, weak selection"
        return _ratio(walked_ratio(declared, seed=seed, relative_error=sharp), method, reason)
    if method == "drift":
        drift = neutral_drift(declared, seed=seed, relative_error=sharp)
        reason = f"neutral drift, weak selection; sigma = {drift.sigma.value:.6g} ± {drift.sigma.error:.2g}"
        return _ratio(drift, method, reason)
    simulated: dict[str, Callable[..., Measured]]
    simulated = {"crossing": crossing, "extrapolated": extrapolated, "one_over_n": one_over_n}
    measure = simulated[method]
    found = measure(declared, seed=seed, relative_error=sharp, report=report)
    level = "1/N" if method == "one_over_n" else "rho_D"
    reason = f"rho_C = {level} in simulation at intensity {found.intensities[0]:.4g}"
    if found.power and found.fit is not None:
        squared = " squared" if found.power == 2 else ""
        reason = f"rho_C = rho_D in simulation, extrapolated in intensity{squared} to 0 (fit: p = {found.fit[2]:.2g})"
    return _ratio(found, method, reason)


def _ratio(found: Measured | DriftRatio | WalkedRatio, method: str, reason: str) -> CriticalRatio:
    return CriticalRatio(
        found.value, found.low, found.high, kind_of(found.value), found.error, method, reason, found.runs
    )


def _seed(rng: int | None) -> int:
    seed = secrets.randbits(63) if rng is None else rng
    check_seed(seed)
    return seed


def advise(
    graph_or_scenario: Any,
    *,
    count: int = 5,
    budget: int | None = None,
    update: str | None = None,
    payoff: str | None = None,
    keep_connected: bool = True,
    adds: bool = True,
    removals: bool = True,
    weight: str | None = "weight",
    progress: Callable[[float], None] | None = None,
) -> Advice:
    """Which single edges to add or to remove so that cooperation needs the least benefit; nodes by their names.

    Parameters
    ----------
    graph_or_scenario, update, payoff, weight : as :func:`critical_ratio`; of a scenario its graph counts
    count  : how many changes to name
    budget : how many changes to answer exactly, at most: those with the largest first-order effect; None for all
    keep_connected : leave out removals after which the graph falls apart
    adds, removals : which changes to consider
    progress : called with the share of the work that is done

    Raises
    ------
    GraphError, InputError
        one line that names the field and what is permitted
    TheoryError
        if the graph has more than 5,000 nodes
    """
    from coop_abm.theory import advice

    graph = graph_or_scenario if isinstance(graph_or_scenario, Graph) else None
    if graph is None:
        declared = _declared(graph_or_scenario, weight)
        update, payoff = update or declared.update.kind, payoff or declared.payoff
        if not declared.network.enabled:
            raise ScenarioError("network.enabled must be true: there is no graph to change")
        if declared.network.two_graphs:
            raise ScenarioError(
                "network.replacement: must be same, because advice is for one graph on which all happens; got "
                f"{declared.network.replacement.kind}"
            )
        graph = declared.network.graph.build(declared.size, graph_seed(0, 0))
    limits.few_enough(graph.size * (graph.size - 1) // 2 if graph.complete else 0, "graph")
    found = advice.advise(
        graph.weights_matrix(), count=count, budget=budget, update=update or "death_birth",
        payoff=payoff or "averaged", keep_connected=keep_connected, adds=adds, removals=removals, progress=progress,
    )  # fmt: skip
    return found.named(graph.labels) if graph.labels else found


def _on_the_event_clock(given: Any, weight: str | None, knobs: dict[str, Any]) -> Scenario:
    declared = replace(_declared(given, weight), knobs) if knobs else _declared(given, weight)
    if declared.clock == "round":
        raise ScenarioError("clock: fixation is measured one replacement at a time, so it must be event; got round")
    return declared


def _declared(given: Any, weight: str | None) -> Scenario:
    if isinstance(given, Scenario):
        return given
    if isinstance(given, (str, Path)):
        name = str(given)
        if name in NAMED or name.endswith(".toml"):
            return world(given)
    return on_graph(named("network").model_copy(update={"name": ""}), given, weight=weight)
