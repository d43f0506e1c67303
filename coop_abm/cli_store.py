"""Commands about the store of a sweep: how far it is, what is in it, what can be made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coop_abm.screen import progress, say_written

if TYPE_CHECKING:
    from coop_abm.sweeps.store import Store

store = typer.Typer(
    help="What is in the store of a sweep, and what can be made of it.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip

File = Annotated[Path, typer.Argument(help="The store of a sweep.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


@store.command()
def status(
    file: File,
    failed: Annotated[int, typer.Option("--failed", help="Show so many of the runs that failed.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Say how far a sweep is, and which runs failed."""
    import json

    from coop_abm.sweeps.store_care import failures
    from coop_abm.sweeps.store_care import status as look

    with _reading(file) as kept:
        found, order = look(kept), kept.remembered() or {}
        bad = list(failures(kept, failed))
    if as_json:
        tree = {
            "store": str(file), "cells": found.cells, "done": found.done, "failed": found.failed, "bytes": found.size,
            "failures": [one._asdict() for one in bad], "order": order, "identity": found.identity,
        }  # fmt: skip
        typer.echo(json.dumps(tree, indent=2, default=str))
        return
    name = order.get("name") or found.identity.get("kind", "sweep")
    typer.echo(
        f"{name}: {found.done:,} runs done, {found.failed:,} failed, {found.cells:,} cells, {found.size:,} bytes"
    )
    for one in bad:
        where = ", ".join(f"{name} = {value}" for name, value in one.parameters.items())
        typer.echo(f"failed: {where + ', ' if where else ''}replicate {one.replicate}, seed {one.seed}: {one.cause}")
    if found.failed:
        typer.echo(f"coop-abm store retry {file}: the same sweep command then does them again")


@store.command()
def verify(file: File, quiet: Quiet = False) -> None:
    """Read everything and hold it against its checksums; damaged rows are named, and the exit code is 1."""
    from coop_abm.sweeps.store_care import verify as look

    with _reading(file) as kept, progress(quiet) as report:
        verdict = look(kept, _counting(report, "runs read", 0))
    for line in verdict.lines:
        typer.echo(line)
    if verdict.sound:
        typer.echo(f"sound: {verdict.runs:,} runs in {verdict.cells:,} cells")
        return
    typer.echo(f"coop-abm store retry {file}: forgets what is damaged, and the same sweep command does it again")
    raise typer.Exit(1)


@store.command()
def retry(
    file: File,
    only: Annotated[str, typer.Option(help="failed or damaged; both if not given.")] = "",
    quiet: Quiet = False,
) -> None:
    """Forget runs that failed and what is damaged, so that the same sweep command does them again."""
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.sweeps.store import Store
    from coop_abm.sweeps.store_care import retry as forget

    if only not in ("", "failed", "damaged"):
        raise InputError(f"only must be failed or damaged; got {quoted(only)}")
    _there(file)
    with Store(file) as kept, progress(quiet) as report:
        gone = forget(
            kept, failed=only != "damaged", damaged=only != "failed",
            progress=_counting(report, "runs read", 0),
        )  # fmt: skip
    typer.echo(
        f"forgotten: {gone.failed:,} failed runs, {gone.damaged:,} damaged runs, {gone.cells:,} damaged cells; "
        "the same sweep command does them again"
    )


@store.command()
def export(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", help="Name of the files.  [default: that of the store]")] = None,
    kind: Annotated[str, typer.Option("--format", help="csv, parquet or both.")] = "csv",
    quiet: Quiet = False,
) -> None:
    """Write all rows to CSV or Parquet, sorted by the key of the run, with where they came from beside them."""
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.sweeps.export import export as write

    kinds = {"csv": ("csv",), "parquet": ("parquet",), "both": ("csv", "parquet")}
    if kind not in kinds:
        raise InputError(f"format must be csv, parquet or both; got {quoted(kind)}")
    with _reading(file) as kept, progress(quiet) as report:
        counted = _counting(report, "runs read, twice", 2 * _runs(kept))
        written = write(kept, out or file.with_suffix(""), kinds=kinds[kind], progress=counted)
    say_written(written.files)


@store.command()
def figure(
    file: File,
    axis: Annotated[list[str] | None, typer.Option("--axis", help="A parameter to show; two for a diagram.")] = None,
    measure: Annotated[str, typer.Option(help="A column.  [default: what the sweep looked at]")] = "",
    kind: Annotated[str, typer.Option(help="phase, response or sobol.  [default: what suits]")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder.  [default: beside the store]")] = None,
) -> None:
    """Draw a phase diagram, a response curve or Sobol's indices as PNG and SVG, with the numbers as CSV."""
    from coop_abm import figures, output
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.sweeps.picture import picture

    if kind not in ("", "phase", "response", "sobol"):
        raise InputError(f"kind must be phase, response or sobol; got {quoted(kind)}")
    place = output.folder(out or file.parent)
    with _reading(file) as kept:
        drawn = picture(kept, axes=axis or [], measure=measure, kind=kind or None)  # type: ignore[arg-type]
    name = file.stem
    table = output.write(
        place / f"{name}.cells.csv", lambda path: drawn.table.to_csv(path, index=False, lineterminator="\n")
    )
    say_written([table, *figures.save(drawn.figure, place, name)])


@store.command()
def merge(
    file: Annotated[Path, typer.Argument(help="The store to merge into; made if it is missing.")],
    shards: Annotated[list[Path], typer.Argument(help="Stores of the same sweep.")],
    skip_damaged: Annotated[bool, typer.Option("--skip-damaged", help="Leave out what is damaged.")] = False,
    quiet: Quiet = False,
) -> None:
    """Put the runs of several stores of one sweep into one."""
    from coop_abm.sweeps.store_merge import merge as put

    for shard in shards:
        _there(shard)
    with progress(quiet) as report:
        merged = put(file, shards, skip_damaged=skip_damaged, progress=_counting(report, "runs merged", 0))
    typer.echo(f"{merged.runs:,} runs merged into {file}, {merged.left_out:,} damaged ones left out")


def _reading(file: Path) -> Store:
    from coop_abm.sweeps.store import Store

    _there(file)
    return Store(file, read_only=True)


def _there(file: Path) -> None:
    from coop_abm.core.errors import InputError, quoted

    if not file.is_file():
        raise InputError(f"store: {quoted(str(file), 200)} is no file")


def _runs(kept: Store) -> int:
    from coop_abm.sweeps.store_care import status as look

    found = look(kept)
    return found.done + found.failed


def _counting(report: Any, words: str, total: int) -> Callable[[int], None] | None:
    if report is None:
        return None
    return lambda done: report(f"{done:,} {words}", min(1.0, done / total) if total else 0.0)
