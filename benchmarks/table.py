"""Results as lines of text, as JSON, and as the generated part of a page."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from benchmarks.harness import Benchmark, Goal, Result

BEGIN = "<!-- measured: begin (written by `uv run python -m benchmarks`) -->"
END = "<!-- measured: end -->"

#: What was measured, in the order of the run.
Rows = list[tuple[Benchmark, Result]]


def number(value: float) -> str:
    """A figure with three digits, at most."""
    if math.isnan(value):
        return "-"
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def target(benchmark: Benchmark) -> str:
    """What is to be reached, in words."""
    goal = benchmark.goal
    return {
        "faster": f"at least {goal.value:,g}x",
        "within": f"within {goal.value:,g}x",
        "below": f"below {goal.value:,g} {benchmark.unit}",
        "none": "none",
    }[goal.kind]


def figure(goal: Goal, result: Result) -> str:
    """What was measured, with the quartiles of its turns."""
    if math.isnan(result.figure):
        return "-"
    mark = "" if goal.kind == "below" else "x"
    spread = f" ({number(result.low)} to {number(result.high)})" if result.pairs > 1 else ""
    return f"{number(result.figure)}{mark}{spread}"


def verdict(result: Result) -> str:
    """Whether the target is reached, in a word."""
    if result.trouble:
        return result.trouble.split(":")[0]
    return {True: "reached", False: "missed", None: "-"}[result.reached]


def line(benchmark: Benchmark, result: Result) -> str:
    """One row as a line of text."""
    if result.trouble:
        return f"{benchmark.name:<24} {result.trouble}"
    peer = "" if math.isnan(result.peer) else f" | {benchmark.against} {number(result.peer)}"
    return (
        f"{benchmark.name:<24} ours {number(result.ours)}{peer} {benchmark.unit} | {figure(benchmark.goal, result)}, "
        f"target {target(benchmark)}: {verdict(result)}"
    )


def markdown(rows: Rows, machine: list[str]) -> str:
    """The table, what was checked, and on what it was measured, as Markdown."""
    head = "| work | unit | ours | yardstick | its cost | ratio (quartiles) | target | |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for benchmark, result in rows:
        lines.append(
            f"| {benchmark.work} | {benchmark.unit} | {number(result.ours)} | {benchmark.against} "
            f"| {number(result.peer)} | {figure(benchmark.goal, result)} | {target(benchmark)} | {verdict(result)} |"
        )
    checked = [f"- {b.work}: {r.trouble or r.agreement}." for b, r in rows]
    return "\n".join([*lines, "", "Checked before the clock started:", "", *checked, "", *machine, ""])


def write_page(path: Path, rows: Rows, machine: list[str]) -> None:
    """Put the table between the markers of a page; what stands around them stays.

    A page without markers, or that does not exist yet, gets them at its end.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    part = f"{BEGIN}\n\n{markdown(rows, machine)}\n{END}"
    before, found, rest = text.partition(BEGIN)
    _old, ended, after = rest.partition(END)
    if found and ended:
        text = before + part + after
    else:
        text = f"{text.rstrip()}\n\n{part}\n".lstrip()
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, rows: Rows, machine: list[str]) -> None:
    """All figures, unrounded; what could not be measured is null."""

    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    entries = [
        {"name": b.name, "work": b.work, "against": b.against, "unit": b.unit, "target": target(b)}
        | {field: plain(value) for field, value in r._asdict().items()}
        for b, r in rows
    ]
    text = json.dumps({"machine": machine, "results": entries}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
