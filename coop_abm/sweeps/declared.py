"""What a sweep does, declared once: the options of ``coop-abm sweep`` and the table ``[sweep]`` of a scenario file."""

from __future__ import annotations

from typing import Literal

from coop_abm.core.part import Part, knob


class Sweep(Part):
    """How many runs of each cell, how long they are, and what is kept of them. What varies is a design beside it."""

    replicates: int = knob(
        100, "replicates", low=1, high=100_000_000, step=1, help="runs of each cell; with until_ci the first of them"
    )
    steps: int = knob(
        100, "steps", low=0, high=1_000_000_000, step=1, help="rounds, generations or steps of a Mesa model"
    )
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="root seed; with a number of a replicate, of a run")
    pairing: Literal["paired", "independent"] = knob(
        "paired", "pairing", help="paired: replicate r of all cells draws the same numbers; independent: its own"
    )
    graphs: Literal["each", "one"] = knob(
        "each", "graphs", help="each: every replicate lives on a random graph of its own; one: all on the same"
    )
    measures: str = knob("", "measures", help="what to keep of worlds, names with commas between; all if empty")
    every: int = knob(
        0, "every", low=0, high=1_000_000_000, step=1, help="0: keep the last row of each run; k: keep every k-th"
    )
    measure: str = knob("", "measure", help="what until_ci, find_threshold and figures look at; cooperators if empty")
    until_ci: float = knob(
        0.0, "until_ci", low=0, high=1e12, help="add runs until half of the 95 % interval is at most this; 0: do not"
    )
    most_replicates: int = knob(
        10_000, "most_replicates", low=1, high=100_000_000, step=1, help="runs of a cell that until_ci stops at"
    )
    find_threshold: str = knob(
        "", "find_threshold", help="a parameter, or NAME=LOW:HIGH: find where the measure crosses the level"
    )
    level: float = knob(
        -1.0, "level", low=-1, help="what the measure crosses; -1: the share of cooperators at the start"
    )
    precision: float = knob(0.01, "precision", low=1e-6, high=1, help="standard error of a threshold, as a share of it")
    time_limit: float = knob(0.0, "time_limit", low=0, high=1e9, unit="s", help="longest time for one run; 0: no limit")
    max_failures: int = knob(
        -1, "max_failures", low=-1, high=100_000_000, step=1, help="stop when more runs have failed; -1: never"
    )
