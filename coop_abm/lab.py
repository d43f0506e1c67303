"""The Python a user types first: declare a world and run it.

>>> import coop_abm
>>> coop_abm.run("kin", steps=3, seed=1).frame.shape[0]
4
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coop_abm import output
from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.engine.history import EventWorld, RoundWorld, Running, series
from coop_abm.engine.measures import chosen
from coop_abm.engine.rounds import Play
from coop_abm.policies.means import Means
from coop_abm.policies.report import MindsReport, report
from coop_abm.policies.roster import Roster, roster
from coop_abm.scenario.expectation import Expectation, expectation, verdict
from coop_abm.scenario.files import dumps, load, on_graph
from coop_abm.scenario.knobs import dotted, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


#: Numbers of replicates lie below 2^32, so that each is one word of the address of a draw.
MOST_REPLICATES = 2**32 - 1


@dataclass(frozen=True)
class Run:
    """One world that ran.

    scenario, seed, steps : what was run
    frame    : one row a time step (round or generation); measures and the share of each strategy
    expected : what theory says about it
    replicates : independent populations that the frame is the mean of
    replicate  : number of the first of them under its seed
    minds    : what language models were asked and what it cost; None where strategy tables decide alone
    """

    scenario: Scenario
    seed: int
    steps: int
    frame: pandas.DataFrame
    expected: Expectation
    replicates: int = 1
    minds: MindsReport | None = None
    replicate: int = 0

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
            + (f", replicate {self.replicate}" if self.replicate else "")
            + (f", mean of {self.replicates} populations" if self.replicates > 1 else "")
            + (f"; {self.minds.in_short}" if self.minds and self.minds.by_model else "")
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
                    replicates=self.replicates, **({"replicate": self.replicate} if self.replicate else {}),
                    expected=self.expected._asdict(), verdict=self.verdict,
                    **({} if self.minds is None else {"minds": self.minds.tree()}),
                ),
            ),
        ]  # fmt: skip
        return paths + figures.save(self.plot(), place, "run")


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


def start(
    scenario: Scenario,
    seed: int,
    *,
    replicates: int = 1,
    replicate: int = 0,
    graph: int | None = None,
    means: Means | None = None,
) -> Running:
    """The world, ready for its first time step, on the clock that it declares.

    Where others than strategy tables decide, ``close()`` of the world gives back what asking them took.

    Parameters
    ----------
    replicate : number of the (first) replicate under this seed; 0 is the world that a seed alone means
    graph     : number of the random graph that it lives on; None: the replicate's own
    """
    if scenario.clock == "event":
        if replicates != 1:
            raise InputError("replicates must be 1 on the event clock; engine.fixation runs ensembles")
        return EventWorld(scenario, seed, replicate=replicate, graph=graph)
    play = Play(scenario, seed, replicates=replicates, first=replicate, graph=graph)
    return RoundWorld(play, roster(scenario, play.repertoire, play.answers, seed=seed, first=play.first, means=means))


def run(
    scenario: Scenario | str | Path,
    *,
    steps: int = 100,
    seed: int = 0,
    graph: Any = None,
    weight: str | None = "weight",
    replicates: int = 1,
    replicate: int = 0,
    progress: Callable[[int], None] | None = None,
    measures: Iterable[str] | None = None,
    means: Means | None = None,
    **knobs: Any,
) -> Run:
    """Run one world for a number of rounds (or generations, on the event clock).

    Parameters
    ----------
    scenario : a Scenario, the name of one (``coop-abm list``) or a TOML file
    steps, seed : how long, and from which root seed
    graph, weight, knobs : see :func:`world`
    replicates : independent populations to average over (round clock)
    replicate : number of the (first) replicate: ``run(seed=s, replicate=r)`` is run r of a sweep with seed s
    progress : called with the number of steps done
    measures : names of the measures to collect beside the share of each strategy; None collects all. Those
        that follow from head counts (cooperators, individuals; on the event clock also cooperation and good_standing)
        are recorded many times faster
    means    : how language models, humans and policies of the user's own are reached; what they cost at most

    Raises
    ------
    ScenarioError, GraphError, InputError
        one line that names the field and what is permitted
    """
    import pandas

    check_whole("steps", steps, 0, 1_000_000)
    check_whole("replicates", replicates, 1, 100_000)
    check_whole("replicate", replicate, 0, MOST_REPLICATES)
    check_seed(seed)
    named = chosen(measures)
    declared = world(scenario, graph=graph, weight=weight, **knobs)
    going = start(declared, seed, replicates=replicates, replicate=replicate, means=means)
    try:
        columns = series(going, declared.repertoire().names, steps, progress, named)
        asked = report(going.policy) if isinstance(going, RoundWorld) and isinstance(going.policy, Roster) else None
    finally:
        going.close()
    expected = expectation(declared, seed, graph=replicate)
    return Run(declared, seed, steps, pandas.DataFrame(columns), expected, replicates, asked, replicate)


def mark_begun(folder: str | Path, scenario: Scenario, seed: int, journal: str, run: str) -> None:
    """Write down where the transcript of a run is, in its folder's provenance.json, before the first model is asked.

    A run that comes to its end writes the whole record in its place.

    Raises
    ------
    OutputError
        if the folder cannot be written to
    """
    told = {"journal": journal, "run": run, "by_model": {}, "ended": False}
    declared = {scenario.name or "world": scenario}
    output.write_json(output.folder(folder) / "provenance.json", provenance(declared, seed=seed, minds=told))


def check_seed(seed: Any) -> None:
    """Refuse what cannot be a root seed.

    Raises
    ------
    InputError
        unless it is a whole number in [0, 2^63)
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number in [0, 2^63); got {quoted(seed)}")


def check_whole(name: str, value: Any, low: int, high: int) -> None:
    """Refuse what is no whole number in [low, high].

    Raises
    ------
    InputError
        one line that names the field
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} must be a whole number in [{low:,}, {high:,}]; got {quoted(value)}")


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 120))
