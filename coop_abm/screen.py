"""What the command line says: results, notes, files that were written, and how far the work is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it to a file."""
    if out is None:
        typer.echo(text, nl=False)
        return
    from coop_abm import output

    say_written([output.write_page(out, text)])


def say_notes(scenario: Any) -> None:
    """What was changed in, or is assumed about, the user's own graph."""
    from coop_abm.core.errors import quoted

    network = scenario.network
    for note in (*getattr(network.graph, "notes", ()), *getattr(network.replacement, "notes", ())):
        typer.echo(f"note: {quoted(note, 300)[1:-1]}", err=True)  # it may come from a stranger's file


def say_written(paths: list[Path]) -> None:
    """Which files were written, and where."""
    folder = paths[0].parent
    typer.echo(f"written to {folder}{os.sep}: {', '.join(path.name for path in paths)}")


def show_five_rules(experiment: Any, results: list[Any], seconds: float) -> None:
    """The table of the five rules: exact, limit, measured, verdict."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from coop_abm.core.errors import quoted

    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    table = Table(title=experiment.question, title_justify="left", title_style="bold", pad_edge=False)
    for name, side in (("rule", "left"), ("condition", "left"), ("exact", "right"), ("limit", "right"),
                       ("measured", "right"), ("95 % interval", "right"), ("verdict", "left")):  # fmt: skip
        table.add_column(name, justify=side, overflow="fold")  # type: ignore[arg-type]
    colours = {"agrees": "green", "differs": "bold red", "undecided": "yellow", "no threshold": "yellow"}
    for row, cells in zip(results, experiment.table(results), strict=True):
        interval = "" if cells["low"] is None else f"{cells['low']:.4f} ... {cells['high']:.4f}"
        shown = [("" if cells[name] is None else f"{cells[name]:.6g}") for name in ("exact", "limit", "measured")]
        verdict = f"[{colours[row.verdict]}]{row.verdict}[/]"
        table.add_row(row.rule, escape(quoted(row.condition, 200)[1:-1]), *shown, interval, verdict)
    console.print(table)
    for row in results:
        if row.drift is not None:
            d = row.drift
            console.print(f"{row.rule}: by neutral drift {d.value:.6g}  [{d.low:.4f} ... {d.high:.4f}]", markup=False)
        if row.note:
            console.print(f"{row.rule}: {row.note}", markup=False)
    console.print(f"measured in {seconds:.0f} s", style="dim")


def knob_lines(part: Any) -> list[str]:
    """Every knob of a part: name, value, what it does, what is permitted."""
    from coop_abm.core.errors import quoted
    from coop_abm.scenario.catalogue import knobs

    lines = []
    for knob in knobs(part):
        if knob.choices:
            permitted = " | ".join(knob.choices)
        elif knob.low is not None and knob.high is not None:
            permitted = f"{knob.low:g} ... {knob.high:g}"
        else:
            permitted = "true | false" if isinstance(knob.value, bool) else ""
        value = str(knob.value).lower() if isinstance(knob.value, bool) else quoted(str(knob.value), 200)[1:-1]
        lines.append(f"{knob.path} = {value}\n    {knob.help}" + (f"  [{permitted}]" if permitted else ""))
    return lines


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, float], None] | None]:
    """A bar with share and time left on standard error; nothing if quiet or not on a terminal."""
    if quiet:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    if not console.is_terminal:  # a log: a line now and then instead of a bar
        yield _lines()
        return
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda words, share: bar.update(task, description=f"{words:<44.44}", completed=share)


def _lines(every: float = 10.0) -> Callable[[str, float], None]:
    """Reports as lines on standard error, at most one in `every` seconds."""
    began = last = time.monotonic()

    def say(words: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= every:
            last = now
            typer.echo(f"{share:4.0%}  {now - began:4.0f} s  {words}", err=True)

    return say
