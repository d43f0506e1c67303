"""The command line: ``coop-abm``.

Commands load what they need when they run, so help answers at once. Whatever the user got wrong is
said in one line and ends with code 2; nothing that was written before is lost.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from coop_abm import cli_experiment, cli_minds, cli_sweeps
from coop_abm._version import __version__
from coop_abm.cli_knobs import changes
from coop_abm.screen import give, knob_lines, progress, say_notes, say_written, show_five_rules

app = typer.Typer(
    help="The laboratory for the evolution of cooperation: Nowak's five rules, on any graph, against exact theory.",
    no_args_is_help=False, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip

_KNOBS = {"allow_extra_args": True, "ignore_unknown_options": True}

Out = Annotated[Path, typer.Option("--out", help="Folder for the results; made if it is missing.")]
Page = Annotated[Path | None, typer.Option("--out", help="File to write; printed if it is left out.")]
Seed = Annotated[int, typer.Option("--seed", help="Root seed: the same seed gives the same result.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar and no table.")]
GraphFile = Annotated[
    Path | None, typer.Option("--graph", help="Your own network: a GraphML, GEXF, GML or edge-list file.")
]
Unweighted = Annotated[bool, typer.Option("--unweighted", help="Ignore edge weights of the graph.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"coop-abm {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("five-rules")
def five_rules(
    out: Out = Path("five_rules_out"),
    precision: Annotated[str, typer.Option(help="low, default or high.")] = "default",
    seed: Seed = 0,
    graph: GraphFile = None,
    unweighted: Unweighted = False,
    quiet: Quiet = False,
) -> None:
    """Measure the critical benefit-to-cost ratio of each of the five rules and hold it against theory."""
    from coop_abm import output
    from coop_abm.experiments.five_rules import FiveRules
    from coop_abm.lab import check_seed

    check_seed(seed)
    output.folder(out)  # refused now, not after the work
    weight = None if unweighted else "weight"
    experiment = FiveRules(precision=precision, seed=seed, graph=graph, weight=weight)
    say_notes(experiment.scenarios()["network"])
    began = time.monotonic()
    with progress(quiet) as report:
        results = experiment.measure(report)
    if not quiet:
        show_five_rules(experiment, results, time.monotonic() - began)
    say_written(experiment.save(results, out))


@app.command("image-scoring")
def image_scoring(
    out: Out = Path("image_scoring_out"),
    size: Annotated[int, typer.Option(help="Individuals.")] = 100,
    interactions: Annotated[int, typer.Option(help="Donor-recipient pairs in each generation.")] = 125,
    mutation: Annotated[float, typer.Option(help="Chance that an offspring draws any strategy.")] = 0.001,
    generations: Annotated[int, typer.Option(help="Generations of each run with mutation.")] = 50_000,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Let help go round by image scores, as in Nowak and Sigmund (1998), beside worlds in which nobody watches."""
    from coop_abm import output
    from coop_abm.engine.image_scoring import ScoringSociety
    from coop_abm.experiments.image_scoring import ImageScoring
    from coop_abm.lab import check_seed
    from coop_abm.scenario.wording import declared

    check_seed(seed)
    output.folder(out)  # refused now, not after the work
    society = declared(ScoringSociety, {"size": size, "interactions": interactions, "mutation": mutation})
    experiment = ImageScoring(society, generations=generations, seed=seed)
    with progress(quiet) as report:
        results = experiment.measure(report)
    if not quiet:
        for row in results.rows:
            typer.echo(
                f"{row.condition:<22} help {row.cooperation:.3f}  [{row.low:.3f} ... {row.high:.3f}]  "
                f"mean k {row.mean_k:5.2f}"
            )
    say_written(experiment.save(results, out))


@app.command(context_settings=_KNOBS)
def threshold(
    context: typer.Context,
    graph: Annotated[str, typer.Argument(help="A graph file, a well-known graph (karate), or a kind with its knobs.")],
    update: Annotated[str, typer.Option(help="An update rule (death_birth, imitation, ...), or all.")] = "all",
    payoff: Annotated[str, typer.Option(help="averaged or accumulated over neighbours.")] = "averaged",
    weight: Annotated[str, typer.Option(help="Edge attribute that is the weight, or none.")] = "weight",
    seed: Seed = 0,
    precision: Annotated[float, typer.Option(help="Standard error to reach, as a share of the ratio.")] = 0.01,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="Exact theory only, no simulation.")] = False,
    advise: Annotated[int, typer.Option(help="Name so many changes of one edge that help cooperation most.")] = 0,
    budget: Annotated[int | None, typer.Option(help="How many changes to answer exactly, at most.")] = None,
    keep_connected: Annotated[bool, typer.Option(help="Remove no edge that holds the graph together.")] = True,
    largest_component: Annotated[
        bool, typer.Option("--largest-component", help="Of a graph in several pieces take the largest.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for figure, numbers and provenance.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    quiet: Quiet = False,
) -> None:
    """Report what a graph asks of cooperation: exact, measured, and how wrong the mean degree is.

    A kind of graph takes its knobs: `coop-abm threshold barabasi_albert --size 1000 --links 2`.
    """
    import json

    from coop_abm import output
    from coop_abm.experiments.threshold import Threshold, found_graph
    from coop_abm.experiments.threshold_words import pages

    _checked(seed)
    found = found_graph(
        graph, weight=None if weight == "none" else weight, seed=seed, knobs=changes(context.args),
        largest_component=largest_component,
    )  # fmt: skip
    experiment = Threshold(
        graph, found, update, payoff, precision, not no_measure, advise, budget, keep_connected, seed
    )
    if out is not None:
        output.folder(out)  # refused now, not after the work
    with progress(quiet) as report:
        rows, advice = experiment.measure(report)
    if as_json:
        typer.echo(json.dumps(experiment.tree(rows, advice), indent=2, allow_nan=False, ensure_ascii=False))
    elif not quiet:
        typer.echo("\n".join(pages(experiment, rows, advice)))
    if out is not None:
        written = experiment.save(rows, advice, out)
        if not as_json:
            say_written(written)


@app.command(context_settings=_KNOBS)
def run(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    steps: Annotated[int, typer.Option(help="Rounds, or generations on the event clock.")] = 100,
    seed: Seed = 0,
    out: Out = Path("run_out"),
    graph: GraphFile = None,
    unweighted: Unweighted = False,
    replicates: Annotated[int, typer.Option(help="Populations to average over (round clock).")] = 1,
    replicate: Annotated[int, typer.Option(help="Number of the replicate: run R of a sweep with this seed.")] = 0,
    measures: Annotated[
        str | None, typer.Option(help="What to collect, names with commas between; all measures if not given.")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="One page to write that plays the run in any browser.")] = None,
    quiet: Quiet = False,
    journal: cli_minds.Journal = None,
    journal_mode: cli_minds.JournalMode = "record",
    transport: cli_minds.Transport = "litellm",
    concurrency: cli_minds.Concurrency = 32,
    deadline: cli_minds.Deadline = 120.0,
    max_calls: cli_minds.MaxCalls = None,
    max_tokens: cli_minds.MaxTokens = None,
    max_cost: cli_minds.MaxCost = None,
    budget: cli_minds.Budget = "",
    accept_model: cli_minds.AcceptModel = "",
    stand_in: cli_minds.StandInAddress = "",
    min_comprehension: cli_minds.MinComprehension = 0.0,
) -> None:
    """Run one world and write its time series, figure and provenance.

    Any knob can be set: --kin.enabled true --kin.relatedness 0.3; `coop-abm knobs` prints them all. The options
    from --journal on are for worlds in which language models decide (docs/minds.md).
    """
    from coop_abm import lab, output
    from coop_abm.core.errors import InputError

    declared = _declared(context, scenario, graph, unweighted)
    if replay is not None and (replicates, replicate, declared.minded) != (1, 0, False):
        raise InputError("replay: shows one world that nobody has to be asked about, replicate 0 of its seed")
    bar = cli_minds.Bar(steps)
    means = cli_minds.means_of(
        watch=bar.reply, begins=lambda file, run: lab.mark_begun(out, declared, seed, file, run),
        journal=journal, journal_mode=journal_mode, transport=transport, concurrency=concurrency, deadline=deadline,
        max_calls=max_calls, max_tokens=max_tokens, max_cost=max_cost, budget=budget, accept_model=accept_model,
        stand_in=stand_in,
    )  # fmt: skip
    output.folder(out)
    cli_minds.gate(declared, min_comprehension, _checked(seed), means)
    say_notes(declared)
    with progress(quiet) as report:
        bar.report = report
        named = None if measures is None else [name.strip() for name in measures.split(",") if name.strip()]
        result = lab.run(
            declared, steps=steps, seed=seed, replicates=replicates, replicate=replicate, progress=bar.step,
            measures=named, means=means,
        )  # fmt: skip
    if not quiet:
        last = result.frame.iloc[-1]
        shares = ", ".join(f"{n.removeprefix('share_')} {last[n]:.3f}" for n in last.index if n.startswith("share_"))
        typer.echo(f"after {steps:,} steps: {shares}")
        typer.echo(result.verdict)
        cli_minds.say_minds(result.minds)
    say_written(result.save(out))
    if replay is not None:
        from coop_abm.dashboard.replay import replay_of  # the world once more, looked at after each step

        say_written([output.write_page(replay, replay_of(declared, seed, steps))])


@app.command()
def tournament(
    names: Annotated[list[str] | None, typer.Argument(help="Strategies; all of the field if none is named.")] = None,
    turns: Annotated[int, typer.Option(help="Turns of a match.")] = 200,
    repetitions: Annotated[int, typer.Option(help="How often each match is played.")] = 10,
    noise: Annotated[float, typer.Option(help="Probability that an intended action turns into the other.")] = 0.0,
    no_self_play: Annotated[bool, typer.Option("--no-self-play", help="Matches with oneself do not count.")] = False,
    seed: Seed = 0,
    out: Out = Path("tournament_out"),
    quiet: Quiet = False,
) -> None:
    """Let strategies of the iterated prisoner's dilemma (payoffs 5, 3, 1, 0) meet in a round robin."""
    from coop_abm import output
    from coop_abm.experiments.tournament import Tournament, entrants

    entrants(names or None)  # refused now, not after the work
    output.folder(out)
    experiment = Tournament(
        names or None, turns=turns, repetitions=repetitions, noise=noise, self_play=not no_self_play, seed=seed
    )
    with progress(quiet) as report:
        results = experiment.measure(report)
    if not quiet:
        typer.echo(results.text)
    say_written(experiment.save(results, out))


@app.command(context_settings=_KNOBS)
def dashboard(
    context: typer.Context,
    what: Annotated[
        str | None,
        typer.Argument(
            help="A name, a scenario file (.toml), the folder of a run, the store of a sweep, or an experiment; "
            "nothing: Home."
        ),
    ] = None,
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 8765,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    in_class: Annotated[bool, typer.Option("--class", help="Let a class join from phones; asks first.")] = False,
    host: Annotated[str | None, typer.Option(help="With --class: the address that others reach.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --class: do not ask.")] = False,
    seed: Seed = 0,
) -> None:
    """Show worlds, runs and sweeps on pages in the browser: run them, move their knobs, hold them against theory.

    The pages are served to this machine alone; with --class others of its network can take a seat in one world.
    Any knob of a scenario can be set, as in `coop-abm run`.
    """
    from coop_abm.experiments import EXPERIMENTS
    from coop_abm.opened import opened, opened_experiment

    if not in_class and (host is not None or yes):
        from coop_abm.core.errors import InputError

        raise InputError("host, yes: go with --class; without it the dashboard is served to this machine alone")
    if what in EXPERIMENTS and not context.args and not Path(what).exists():
        shown = opened_experiment(what)
    else:
        shown = opened(what, seed, **changes(context.args))
    say_notes(shown.scenario)
    if in_class:
        from coop_abm.cli_class import agreed

        host, shown = agreed(host, port, yes=yes), shown._replace(page="play")
    from coop_abm.dashboard import dashboard as pages  # seconds; what is wrong with the scenario is said before
    from coop_abm.dashboard import serve

    serve(pages(shown), port=port, browser=not no_browser, say=typer.echo, class_at=host)


@app.command("list")
def list_scenarios() -> None:
    """Print the named scenarios."""
    from coop_abm.scenario.library import NAMED, named

    width = max(map(len, NAMED))
    for name in NAMED:
        typer.echo(f"{name:<{width}}  {named(name).description}")


@app.command()
def presets(
    name: Annotated[str | None, typer.Argument(help="One preset; all of them if it is left out.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run it, and hold its number against what is expected.")
    ] = False,
    seeds: Annotated[int, typer.Option(help="Check seeds 1 to so many; 0: the seed of the preset alone.")] = 0,
) -> None:
    """Print the presets from papers and what they show; with --check, whether our runs show it (else code 1)."""
    from coop_abm.presets import PRESETS, preset
    from coop_abm.presets.words import checked, told

    chosen = list(PRESETS.values()) if name is None else [preset(name)]
    differing = 0
    for one in chosen:
        if not check:
            typer.echo(told(one, whole=name is not None))
            continue
        agrees, words = checked(one, seeds)
        differing += not agrees
        typer.echo(words)
    if differing:
        raise typer.Exit(1)


@app.command(context_settings=_KNOBS)
def knobs(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name.")] = "well_mixed",
) -> None:
    """Print every knob of a scenario: name, value, what is permitted, what it does."""
    from coop_abm import lab

    for line in knob_lines(lab.world(scenario, **changes(context.args))):
        typer.echo(line)


@app.command(context_settings=_KNOBS)
def card(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    seed: Seed = 0,
    out: Page = None,
    graph: GraphFile = None,
    unweighted: Unweighted = False,
) -> None:
    """Print the page that a scenario writes about itself, in Markdown; knobs are set as in `run`."""
    from coop_abm.scenario.card import card as page

    give(page(_declared(context, scenario, graph, unweighted), _checked(seed)), out)


@app.command(context_settings=_KNOBS)
def cite(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    seed: Seed = 0,
    out: Page = None,
    graph: GraphFile = None,
    unweighted: Unweighted = False,
) -> None:
    """Print BibTeX of exactly the parts that a scenario uses; knobs are set as in `run`."""
    from coop_abm.scenario.citation import citation

    give(citation(_declared(context, scenario, graph, unweighted), _checked(seed)), out)


cli_minds.add_to(app, _KNOBS)
cli_sweeps.add_to(app, _KNOBS)
cli_experiment.add_to(app)

# ------------------------------------------------------------------------------- what a command line means


def _declared(context: typer.Context, scenario: str, graph: Path | None, unweighted: bool) -> Any:
    """The scenario that a command line means: a name or a file, a graph, some knobs."""
    from coop_abm import lab

    return lab.world(scenario, graph=graph, weight=None if unweighted else "weight", **changes(context.args))


def _checked(seed: int) -> int:
    from coop_abm.lab import check_seed

    check_seed(seed)
    return seed


def main() -> None:
    """Run the command line; every ending has its code.

    0 done; 1 theory or a simulation could not answer; 2 bad input; 70 a bug in this package; 130
    interrupted.
    """
    from coop_abm.core.errors import CoopError, InputError, quoted

    # Typer brings its own click in newer versions, so the base of usage errors is asked for, not imported.
    misuse: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

    warnings.showwarning = lambda message, *_: print(f"note: {quoted(str(message), 300)[1:-1]}", file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):  # a name that a terminal cannot show must not end a run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)
        if code == 130:  # typer turns an interrupt into this answer
            _end("interrupted", 130)
        sys.exit(code if isinstance(code, int) else 0)
    except (typer.Abort, KeyboardInterrupt):
        _end("interrupted", 130)
    except misuse as error:
        _end(quoted(error.format_message(), 400)[1:-1], 2)  # type: ignore[attr-defined]
    except InputError as error:
        _end(str(error), 2)
    except CoopError as error:
        _end(str(error), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("COOP_ABM_DEBUG"):
            raise
        _end(f"a bug in coop-abm ({type(error).__name__}: {quoted(str(error), 200)[1:-1]}); "
             "COOP_ABM_DEBUG=1 shows where", 70)  # fmt: skip


def _end(words: str, code: int) -> None:
    print(f"coop-abm: {words}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
