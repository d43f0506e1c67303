"""The command ``coop-abm experiment``: every experiment of the registry, by its name and its options."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coop_abm import cli_minds
from coop_abm.cli_sweeps import Stopped, stoppable
from coop_abm.screen import knob_lines, progress, say_written

if TYPE_CHECKING:
    from coop_abm.experiments.runs import Runs
    from coop_abm.experiments.staged import StagedExperiment


def experiment(
    name: Annotated[str | None, typer.Argument(help="An experiment; all of them are listed if it is left out.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="Who decides: table, stand-in, a language model, or a .toml file.  [default: table]"),
    ] = None,
    budget: Annotated[float | None, typer.Option(help="Most that language models may cost, in US dollars.")] = None,
    replications: Annotated[int | None, typer.Option(help="Runs of each cell.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Root seed: the same seed gives the same result.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: an option of this experiment; see --options.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The options with which it is over in seconds.")] = False,
    show_options: Annotated[bool, typer.Option("--options", help="Print its options and end.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what it would cost and end; nothing is sent.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results.  [default: NAME_out]")] = None,
    stories: Annotated[int, typer.Option(help="Write what happened in so many runs of each cell as well.")] = 0,
    comprehension: Annotated[
        int, typer.Option(help="Ask each model so many questions on rules, state and history first.")
    ] = 0,
    workers: Annotated[int | None, typer.Option(help="Processes; 0 is this one.  [default: one for each core]")] = None,
    journal: cli_minds.Journal = None,
    journal_mode: cli_minds.JournalMode = "record",
    transport: Annotated[
        str | None, typer.Option(help="litellm or slim.  [default: slim for the stand-in, else litellm]")
    ] = None,
    concurrency: cli_minds.Concurrency = 32,
    deadline: cli_minds.Deadline = 120.0,
    accept_model: cli_minds.AcceptModel = "",
    stand_in: cli_minds.StandInAddress = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar and no table.")] = False,
) -> None:
    """Ask the question of an experiment: run its worlds, hold them against theory or published numbers, save it.

    The same command goes on where it stopped, and reads back what is there.
    """
    from coop_abm import experiments, output
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.experiments.paying import long_standing
    from coop_abm.experiments.staged import StagedExperiment

    if name is None:
        _list()
        return
    kind = experiments.experiment(name)
    named = {"policy": policy, "budget": budget, "replications": replications, "seed": seed}
    chosen = _chosen(kind, quick, options or [], {n: value for n, value in named.items() if value is not None})
    if show_options:
        _print_options(chosen)
        return
    place = out if out is not None else Path(f"{name.replace('-', '_')}_out")
    reaching = {
        "journal": journal, "mode": journal_mode, "transport": transport, "concurrency": concurrency,
        "deadline": deadline, "accept_model": accept_model, "stand_in": stand_in,
    }  # fmt: skip
    if issubclass(kind, StagedExperiment):
        means = _means(chosen, reaching)
        staged = kind(chosen, store=place / f"{name.replace('-', '_')}.sqlite", means=means, workers=workers)
        if plan:
            with progress(quiet) as report:
                foreseen = _foreseen(staged, report)
            typer.echo(foreseen)
            return
        with progress(quiet) as report:
            note = staged.check(report)  # nothing is made, spent or run before all that can be refused is refused
            long = long_standing(staged, report) if means.mode == "record" else None
        if note:
            typer.echo(f"note: {note}", err=True)
        if long is not None:
            typer.echo(f"note: {long.words}; {_smaller(staged)}", err=True)
        if comprehension:
            _examine(staged, comprehension, place)
        output.folder(place)
        _run_staged(staged, place, stories, quiet)
        return
    if stories or plan or comprehension or journal is not None:
        raise InputError(
            f"stories, plan, comprehension, journal: {quoted(name)[1:-1]} is decided by tables and asks nobody"
        )
    plain = kind.chosen(chosen)
    output.folder(place)  # refused now, not after the work
    with progress(quiet) as report:
        results = plain.measure(report)
    _show(plain, results, quiet)
    say_written(plain.save(results, place))


def _examine(experiment: StagedExperiment, questions: int, place: Path) -> None:
    """Say how well the models have understood their world, and write it beside the results."""
    from coop_abm import lab
    from coop_abm.policies.understanding import lines

    lab.check_whole("comprehension", questions, 1, 100_000)
    for line in lines(experiment.understanding(questions, place)):
        typer.echo(f"comprehension: {line}")


def _list() -> None:
    from coop_abm.experiments import EXPERIMENTS
    from coop_abm.experiments import experiment as found

    width = max(map(len, EXPERIMENTS))
    for name in EXPERIMENTS:
        typer.echo(f"{name:<{width}}  {found(name).question}")


def _chosen(kind: Any, quick: bool, settings: list[str], named: dict[str, Any]) -> Any:
    """The options that the command line means.

    Raises
    ------
    InputError, ScenarioError
        if there is no such option, it is given twice, or its value cannot be had
    """
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.experiments.choosing import changed
    from coop_abm.scenario.knobs import dotted, parsed

    start = kind.options()
    there = type(start).model_fields
    for name in named:
        if name not in there:
            raise InputError(f"{name}: {kind.name} has no such option; its options are {', '.join(there)}")
    found: dict[str, Any] = {}
    for setting in settings:
        name, given, text = setting.partition("=")
        name = dotted(name.strip().replace("-", "_"))
        if not given or not name:
            raise InputError(f"set: must be NAME=VALUE; got {quoted(setting)}")
        if name in found or name in named:
            raise InputError(f"{quoted(name)[1:-1]}: given twice")
        found[name] = parsed(text.strip())
    return changed(start, (dict(kind.quick) if quick else {}) | found | named)


def _print_options(chosen: Any) -> None:
    for line in knob_lines(chosen):
        typer.echo(line)


def _means(chosen: Any, reaching: dict[str, Any]) -> Any:
    from coop_abm.policies.means import Means
    from coop_abm.scenario.deciders import STANDING_IN

    if reaching["transport"] is None:  # litellm takes seconds to load, and a stand-in speaks what all speak
        reaching["transport"] = "slim" if chosen.policy == STANDING_IN else "litellm"
    return Means(**reaching)


def _run_staged(experiment: StagedExperiment, place: Path, stories: int, quiet: bool) -> None:
    """Run it, show and save what there is, also where it was stopped; then end with the code of the ending."""
    from coop_abm.experiments.paying import spent

    number, wanted = 0, len(experiment.worlds) * experiment.replications
    there, sent = wanted - sum(experiment.missing_runs().values()), spent(experiment.means).calls
    try:
        with stoppable(), progress(quiet) as report:
            results = experiment.measure(report)
    except Stopped as stop:
        number = stop.number
        results = experiment.found()
        now, asked = max(0, len(results.runs) - there), spent(experiment.means).calls - sent
        results = replace(results, done_now=now, there=there, requests=asked)
    _show(experiment, results, quiet)
    if results.whole or results.runs or experiment.asks:  # also what was said before it stopped can be read again
        say_written(experiment.save(results, place, stories=stories))
    typer.echo(_account(experiment, results))
    if number:
        typer.echo(f"coop-abm: stopped; what was done is in {results.store}, and the same command goes on", err=True)
        sys.exit(128 + number)
    if results.stopped:
        typer.echo(f"coop-abm: {results.stopped}", err=True)
        raise typer.Exit(1)
    if results.causes:
        typer.echo(f"coop-abm store retry {results.store}: the same command then does failed runs again", err=True)
        raise typer.Exit(1)


def _foreseen(experiment: StagedExperiment, report: Any) -> str:
    """What the runs that are missing would ask of models that cost money, and of the stand-in."""
    from coop_abm.experiments.paying import bill, standing

    missing, due, unpaid = sum(experiment.missing_runs().values()), bill(experiment, report), ""
    told = due.words if due.runs else "nobody is asked who costs money"
    stand_in = standing(experiment, report)
    if stand_in.calls:
        unpaid = f"; {stand_in.words}; {_smaller(experiment)}"
    return f"{missing:,} runs to do; {told}{unpaid}" + ("; nothing was sent" if due.runs or unpaid else "")


def _smaller(experiment: StagedExperiment) -> str:
    """Which options ask less."""
    quick = ", ".join(f"{name}={value}" for name, value in experiment.quick.items())
    return f"fewer --replications ask less, and --quick ({quick}) least"


def _account(experiment: StagedExperiment, results: Runs) -> str:
    """What was done now, and what was there."""
    idle = not results.done_now and not results.missing
    fresh = "0 runs to do" if idle else f"{results.done_now:,} runs done now"
    said = f"{fresh}, {results.there:,} were there"
    return f"{said}; {results.requests:,} requests sent" if experiment.asks else said


def _show(experiment: Any, results: Any, quiet: bool) -> None:
    if quiet:
        return
    _table(experiment.question, experiment.columns, experiment.table(results))
    typer.echo(experiment.reading(results))


def _table(title: str, columns: Any, rows: Any) -> None:
    """The table of an experiment: numbers to the right, the interval beside what it belongs to, verdicts marked."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from coop_abm.core.errors import quoted
    from coop_abm.experiments.tables import shown

    found = shown(columns, rows)
    kept = [at for at, head in enumerate(found["head"]) if any(row[at]["text"] for row in found["rows"])]
    table = Table(title=escape(title), title_justify="left", title_style="bold", pad_edge=False)
    for at in kept:
        head = found["head"][at]
        table.add_column(escape(head["title"]), justify="right" if head["figure"] else "left", overflow="fold")
    for row in found["rows"]:
        cells = [f"{row[at]['mark']} {row[at]['text']}".strip() for at in kept]
        table.add_row(*(escape(quoted(text, 300)[1:-1]) for text in cells))
    Console(width=None if sys.stdout.isatty() else 150, highlight=False).print(table)


def add_to(app: typer.Typer) -> None:
    """Make the command part of the command line."""
    app.command("experiment")(experiment)
