"""``python -m benchmarks``: measure, print, save."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path

from benchmarks import machine, table
from benchmarks.harness import Benchmark, measure, without_figures

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmarks that are asked for; the exit code is 1 if two ways of doing the same disagreed."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # of peers that would open threads of their own
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast is it, compared with what?")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these benchmarks, or those whose names begin so")
    parser.add_argument("--quick", action="store_true", help="small versions, to see that they run")
    parser.add_argument("--list", action="store_true", help="name the benchmarks and stop")
    parser.add_argument(
        "--pairs", type=int, metavar="N", help="turns of each side, instead of a benchmark's own number"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE",
        help="page whose table is written anew; docs/performance.md where everything is measured",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures, unrounded")
    given = parser.parse_args(arguments)
    if given.pairs is not None and given.pairs < 1:
        parser.error("--pairs must be at least 1")
    from benchmarks.rows import BENCHMARKS

    chosen = BENCHMARKS if given.only is None else _named(BENCHMARKS, given.only, parser)
    if given.list:
        for benchmark in chosen:
            print(f"{benchmark.name:<24} {benchmark.work}; {benchmark.against}; target {table.target(benchmark)}")
        return 0
    page = given.out or (None if given.only or given.quick else PAGE)
    rows, ended = _measure_all(chosen, given, page)
    if page:
        print(f"table written to {page}")
    if ended:
        return ended
    return 1 if any(result.trouble.startswith("DISAGREES") for _benchmark, result in rows) else 0


def _named(
    benchmarks: tuple[Benchmark, ...], names: list[str], parser: argparse.ArgumentParser
) -> tuple[Benchmark, ...]:
    for name in names:
        if not any(benchmark.name.startswith(name) for benchmark in benchmarks):
            near = difflib.get_close_matches(name, [benchmark.name for benchmark in benchmarks], 3)
            parser.error(f"--only: no benchmark is called {name!r}; there are {', '.join(near) or 'others'} (--list)")
    return tuple(benchmark for benchmark in benchmarks if benchmark.name.startswith(tuple(names)))


def _measure_all(chosen: tuple[Benchmark, ...], given: argparse.Namespace, page: Path | None) -> tuple[table.Rows, int]:
    """All results, saved after each; 130 if the user stopped the run, else 0."""
    about = machine.description()
    print("\n".join(about), flush=True)
    rows: table.Rows = []
    for at, benchmark in enumerate(chosen):
        try:
            result = measure(benchmark, quick=given.quick, pairs=given.pairs, tell=_telling(at, len(chosen), benchmark))
            stopped = False
        except KeyboardInterrupt:
            result, stopped = without_figures("stopped: by the user"), True
        _clear()
        print(table.line(benchmark, result), flush=True)
        if result.agreement:
            print(f"{'':<24} checked: {result.agreement}", flush=True)
        rows.append((benchmark, result))
        if stopped:
            rows += [(rest, without_figures("stopped: by the user")) for rest in chosen[at + 1 :]]
        if page:
            table.write_page(page, rows, about)
        if given.json:
            table.write_json(given.json, rows, about)
        if stopped:
            return rows, 130
    return rows, 0


def _telling(at: int, count: int, benchmark: Benchmark):
    def tell(what: str) -> None:
        if sys.stderr.isatty():
            _clear()
            print(f"[{at + 1}/{count}] {benchmark.name}: {what}", end="", file=sys.stderr, flush=True)

    return tell


def _clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
