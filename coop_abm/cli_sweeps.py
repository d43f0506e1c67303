"""Commands about sweeps: many runs of many parameter sets, the store that keeps them, and what is made of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coop_abm import cli_minds, cli_store
from coop_abm.cli_knobs import changes
from coop_abm.screen import progress, say_notes

if TYPE_CHECKING:
    from coop_abm.sweeps.coordinator import Progress
    from coop_abm.sweeps.sweep import Swept


class Stopped(BaseException):
    """Somebody wants the sweep to end now."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Let an interrupt, an end of the terminal and a polite kill end the sweep; a second one ends the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [getattr(signal, name) for name in names]
    before = {number: signal.getsignal(number) for number in numbers}
    came: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if came:
            os._exit(128 + number)
        came.append(number)
        raise Stopped(number)

    try:
        for number in numbers:
            if before[number] is not signal.SIG_IGN:  # nohup
                signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def sweep(
    context: typer.Context,
    scenario: Annotated[
        str,
        typer.Argument(help="A scenario file (.toml), a name, or a Mesa model, package.module:Class or file.py:Class."),
    ],
    grid: Annotated[
        list[str] | None, typer.Option("--grid", help="NAME=LOW:HIGH:NUMBER (:log), or NAME=A,B,C; every combination.")
    ] = None,
    span: Annotated[
        list[str] | None, typer.Option("--range", help="NAME=LOW:HIGH (:log or :int), for the designs that draw.")
    ] = None,
    latin: Annotated[int | None, typer.Option("--latin", help="So many cells of a Latin hypercube.")] = None,
    sobol: Annotated[int | None, typer.Option("--sobol", help="So many cells of a Sobol sequence.")] = None,
    saltelli: Annotated[
        int | None, typer.Option("--saltelli", help="Base samples for Sobol indices of global sensitivity.")
    ] = None,
    kept: Annotated[Path, typer.Option("--store", help="File that keeps every run; the same command goes on.")] = Path(
        "sweep.sqlite"
    ),
    replicates: Annotated[int | None, typer.Option(help="Runs of each cell.  [default: 100]")] = None,
    steps: Annotated[int | None, typer.Option(help="Rounds, generations or steps.  [default: 100]")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Root seed.  [default: 0]")] = None,
    pairing: Annotated[str | None, typer.Option(help="paired or independent.  [default: paired]")] = None,
    graphs: Annotated[
        str | None, typer.Option(help="A random graph for each replicate, or one for all.  [default: each]")
    ] = None,
    measures: Annotated[str | None, typer.Option(help="What to keep, names with commas between.")] = None,
    every: Annotated[int | None, typer.Option(help="Keep every k-th row of each run, not the last alone.")] = None,
    measure: Annotated[str | None, typer.Option(help="What the next three look at.  [default: cooperators]")] = None,
    until_ci: Annotated[
        float | None, typer.Option("--until-ci", help="Add runs until half of each 95 % interval is at most this.")
    ] = None,
    most_replicates: Annotated[int | None, typer.Option(help="... but no more.  [default: 10000]")] = None,
    find_threshold: Annotated[
        str | None, typer.Option(help="NAME or NAME=LOW:HIGH: find where the measure crosses the level.")
    ] = None,
    level: Annotated[float | None, typer.Option(help="The level.  [default: cooperators at the start]")] = None,
    precision: Annotated[float | None, typer.Option(help="Standard error of a threshold.  [default: 0.01]")] = None,
    time_limit: Annotated[float | None, typer.Option(help="Longest time for one run, in seconds.")] = None,
    max_failures: Annotated[int | None, typer.Option(help="Stop when more runs have failed.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; 0 is this one.  [default: one for each core]")] = None,
    dask: Annotated[str | None, typer.Option("--dask", help="tcp://HOST:PORT of a Dask scheduler, or local.")] = None,
    shard: Annotated[str | None, typer.Option(help="2/8: the second of eight parts, to be merged later.")] = None,
    graph: Annotated[Path | None, typer.Option("--graph", help="Your own network.")] = None,
    unweighted: Annotated[bool, typer.Option("--unweighted", help="Ignore edge weights of the graph.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
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
) -> None:
    """Run many parameter sets many times; the same command again goes on where it stopped.

    A table [sweep] of the scenario file says the same things; options win. Any knob can be set for all cells:
    --kin.enabled true.
    """
    import json

    from coop_abm.sweeps.orders import asked
    from coop_abm.sweeps.sweep import sweep

    with stoppable_sweep(kept):
        means = cli_minds.means_of(
            journal=journal, journal_mode=journal_mode, transport=transport, concurrency=concurrency,
            deadline=deadline, max_calls=max_calls, max_tokens=max_tokens, max_cost=max_cost, budget=budget,
            accept_model=accept_model, stand_in=stand_in,
        )  # fmt: skip
        settings = {
            "replicates": replicates, "steps": steps, "seed": seed, "pairing": pairing, "graphs": graphs,
            "measures": measures, "every": every, "measure": measure, "until_ci": until_ci,
            "most_replicates": most_replicates, "find_threshold": find_threshold, "level": level,
            "precision": precision, "time_limit": time_limit, "max_failures": max_failures,
        }  # fmt: skip
        order = asked(
            scenario, graph=graph, weight=None if unweighted else "weight", knobs=changes(context.args),
            grid=grid or [], ranges=span or [], latin=latin, sobol=sobol, saltelli=saltelli,
            settings={name: value for name, value in settings.items() if value is not None}, means=means,
        )  # fmt: skip
        if order.base is not None:
            say_notes(order.base)
        with progress(quiet) as report:
            swept = sweep(
                order, store=kept, workers=workers, dask=dask, shard=shard,
                report=None if report is None else _Bar(report),
            )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(swept.tree(), indent=2, allow_nan=False))
    elif not quiet:
        say_swept(swept)
    if swept.progress.failed:
        raise typer.Exit(1)


@contextlib.contextmanager
def stoppable_sweep(kept: Path) -> Iterator[None]:
    """Stopping a sweep is no accident: say what there is, and end with the code that shells expect."""
    try:
        with stoppable():
            yield
    except Stopped as stop:
        typer.echo(f"coop-abm: stopped; what was done is in {kept}, and the same command goes on", err=True)
        sys.exit(128 + stop.number)  # typer would take its own exit of 130 for an interrupt that nobody spoke of


class _Bar:
    """Progress of a sweep as words and a share."""

    def __init__(self, report: Any):
        self._report = report

    def __call__(self, now: Progress) -> None:
        fresh = now.done - now.found
        rate = fresh / now.seconds if now.seconds > 0 else 0.0
        words = f"{now.done:,} of {now.asked:,} runs, {rate:,.0f}/s"
        self._report(words + (f", {now.failed:,} failed" if now.failed else ""), now.done / max(now.asked, 1))


def say_swept(swept: Swept) -> None:
    """What a sweep did, and what it found."""
    for line in swept.lines:
        typer.echo(line)


def add_to(app: typer.Typer, knobs: dict[str, bool]) -> None:
    """Make the commands part of the command line."""
    app.command(context_settings=knobs)(sweep)
    app.add_typer(cli_store.store, name="store")
