"""The Python a user types first: run a world, ask for its critical ratio.

>>> import coop_abm
>>> coop_abm.critical_ratio("network").value.__round__(4)
4.2609
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from coop_abm import output
from coop_abm.core.dice import graph_seed
from coop_abm.core.errors import InputError, ScenarioError, TheoryError, quoted
from coop_abm.engine.crossing import Measured, Report, crossing, extrapolated, one_over_n
from coop_abm.engine.drift import DriftRatio, neutral_drift
from coop_abm.engine.fixation import Fixation
from coop_abm.engine.fixation import fixation as measure_fixation
from coop_abm.engine.history import EventWorld, RoundWorld, Running, series
from coop_abm.engine.measures import chosen
from coop_abm.engine.rounds import Play
from coop_abm.engine.walks import WalkedRatio, walked_ratio
from coop_abm.policies.roster import roster
from coop_abm.scenario.expectation import Expectation, expectation, verdict
from coop_abm.scenario.files import dumps, load, on_graph
from coop_abm.scenario.knobs import dotted, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures import Graph, limits
from coop_abm.theory.coalescence import kind_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from coop_abm.theory.advice import Advice


@dataclass(frozen=True)
class Run:
    """One world that ran.

    scenario, seed, steps : what was run
    frame    : one row a time step (round or generation); measures and the share of each strategy
    expected : what theory says about it
    replicates : independent populations that the frame is the mean of
    """

    scenario: Scenario
    seed: int
    steps: int
    frame: pandas.DataFrame
    expected: Expectation
    replicates: int = 1

    @property
    def verdict(self) -> str:
        """What theory says about cooperation in this world, in one sentence."""
        return verdict(self.scenario, self.expected)

    @property
    def caption(self) -> str:
        """The parameters of this run in one line."""
        world = self.scenario
        rules = ", ".join(world.active) or "none"
        game = ", ".join(f"{name} {value}" for name, value in world.game if name != "kind")
        selection = f" at intensity {world.update.selection:g}" if hasattr(world.update, "intensity") else ""
        return (
            f"N = {world.size}, {world.game.kind} ({game}), {world.update.kind}{selection}; "
            f"rules on: {rules}; {world.clock} clock, seed {self.seed}"
            + (f", mean of {self.replicates} populations" if self.replicates > 1 else "")
        )

    def plot(self) -> Figure:
        """Shares of strategies over time, with the verdict of theory below."""
        from coop_abm import figures

        rows, unit = self.scenario.repertoire(), "round" if self.scenario.clock == "round" else "generation"
        seen, ends = {0: 0, 1: 0}, []
        with figures.drawing(width=9, height=5) as (figure, axes):
            for name, helper in zip(rows.names, rows.helper.tolist(), strict=True):
                style = figures.strategy_style(bool(helper), seen[helper])
                seen[helper] += 1
                share = self.frame[f"share_{name}"]
                axes.plot(self.frame["time"], share, **style)
                ends.append((float(share.iloc[-1]), name, style["color"]))
            axes.set(ylim=(-0.02, 1.02), xlim=(0, max(self.steps, 1)), xlabel=unit, ylabel="share of the population")
            figures.label_ends(axes, max(self.steps, 1), ends)
            axes.xaxis.get_major_locator().set_params(integer=True)
            # A name is the user's text: no formula, no control characters.
            axes.set_title(quoted(self.scenario.name or "one world")[1:-1], parse_math=False)
            axes.text(
                0, -0.16, f"{_wrapped(self.caption)}\n{_wrapped(self.verdict)}", transform=axes.transAxes, fontsize=9,
                color=figures.MUTED, va="top", linespacing=1.4,
            )  # fmt: skip
        return figure

    def save(self, folder: str | Path) -> list[Path]:
        """Write series.csv, series.parquet, run.png, run.svg, scenario.toml and provenance.json.

        Raises
        ------
        OutputError
            if the folder cannot be written to
        """
        from coop_abm import figures

        place = output.folder(folder)
        paths = [
            output.write(place / "series.csv", lambda p: self.frame.to_csv(p, index=False, lineterminator="\n")),
            output.write(place / "series.parquet", lambda p: self.frame.to_parquet(p, index=False)),
            output.write_text(place / "scenario.toml", dumps(self.scenario)),
            output.write_json(
                place / "provenance.json",
                provenance(
                    {self.scenario.name or "world": self.scenario}, seed=self.seed, steps=self.steps,
                    replicates=self.replicates,
                    expected=self.expected._asdict(), verdict=self.verdict,
                ),
            ),
        ]  # fmt: skip
        return paths + figures.save(self.plot(), place, "run")


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


def world(
    scenario: Scenario | str | Path, *, graph: Any = None, weight: str | None = "weight", **knobs: Any
) -> Scenario:
    """The scenario that a user means: an object, a name or a TOML file, some knobs changed.

    Parameters
    ----------
    graph  : an ``nx.Graph`` or a file that becomes the network; its size becomes the population's
    weight : name of the edge attribute that holds weights; None ignores them
    knobs  : ``kin__relatedness=0.3`` and so on
    """
    if isinstance(scenario, (str, Path)):
        text = str(scenario)
        scenario = (
            load(scenario) if text not in NAMED and (text.endswith(".toml") or Path(text).exists()) else named(text)
        )
    if graph is not None:
        twice = sorted(name for name in map(dotted, knobs) if name in ("network", "network.graph"))
        if twice:
            raise ScenarioError(f"{twice[0]}: given twice, by --graph and as a knob")
        scenario = on_graph(scenario, graph, weight=weight)
    return replace(scenario, knobs) if knobs else scenario


def start(scenario: Scenario, seed: int, *, replicates: int = 1) -> Running:
    """The world, ready for its first time step, on the clock that it declares."""
    if scenario.clock == "event":
        if replicates != 1:
            raise InputError("replicates must be 1 on the event clock; engine.fixation runs ensembles")
        return EventWorld(scenario, seed)
    play = Play(scenario, seed, replicates=replicates)
    return RoundWorld(play, roster(scenario, play.repertoire))


def run(
    scenario: Scenario | str | Path,
    *,
    steps: int = 100,
    seed: int = 0,
    graph: Any = None,
    weight: str | None = "weight",
    replicates: int = 1,
    progress: Callable[[int], None] | None = None,
    measures: Iterable[str] | None = None,
    **knobs: Any,
) -> Run:
    """Run one world for a number of rounds (or generations, on the event clock).

    Parameters
    ----------
    scenario : a Scenario, the name of one (``coop-abm list``) or a TOML file
    steps, seed : how long, and from which root seed
    graph, weight, knobs : see :func:`world`
    replicates : independent populations to average over (round clock)
    progress : called with the number of steps done
    measures : names of the measures to collect beside the share of each strategy; None collects all. Those
        that follow from head counts (cooperators, individuals; on the event clock also cooperation and good_standing)
        are recorded many times faster

    Raises
    ------
    ScenarioError, GraphError, InputError
        one line that names the field and what is permitted
    """
    import pandas

    _check_whole("steps", steps, 0, 1_000_000)
    _check_whole("replicates", replicates, 1, 100_000)
    check_seed(seed)
    named = chosen(measures)
    declared = world(scenario, graph=graph, weight=weight, **knobs)
    going = start(declared, seed, replicates=replicates)
    columns = series(going, declared.repertoire().names, steps, progress, named)
    return Run(declared, seed, steps, pandas.DataFrame(columns), expectation(declared, seed), replicates)


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
    declared = replace(_declared(scenario, weight), knobs) if knobs else _declared(scenario, weight)
    if declared.clock == "round":
        raise ScenarioError("clock: fixation is measured one replacement at a time, so it must be event; got round")
    seed = _seed(rng)
    if runs is not None:
        _check_whole("runs", runs, 2, 1_000_000_000)
        return measure_fixation(declared, invader=invader, heads=heads, runs=runs, seed=seed, progress=progress)
    return measure_fixation(
        declared, invader=invader, heads=heads, precision=precision, of=of, seed=seed, progress=progress
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
        graph = declared.network.graph.build(declared.size, graph_seed(0, 0))
    limits.few_enough(graph.size * (graph.size - 1) // 2 if graph.complete else 0, "graph")
    found = advice.advise(
        graph.weights_matrix(), count=count, budget=budget, update=update or "death_birth",
        payoff=payoff or "averaged", keep_connected=keep_connected, adds=adds, removals=removals, progress=progress,
    )  # fmt: skip
    return found.named(graph.labels) if graph.labels else found


def _declared(given: Any, weight: str | None) -> Scenario:
    if isinstance(given, Scenario):
        return given
    if isinstance(given, (str, Path)):
        name = str(given)
        if name in NAMED or name.endswith(".toml"):
            return world(given)
    return on_graph(named("network").model_copy(update={"name": ""}), given, weight=weight)


def check_seed(seed: Any) -> None:
    """Refuse what cannot be a root seed.

    Raises
    ------
    InputError
        unless it is a whole number in [0, 2^63)
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number in [0, 2^63); got {quoted(seed)}")


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} must be a whole number in [{low:,}, {high:,}]; got {quoted(value)}")


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 120))
