"""What a preset is: a world of a paper, what to expect of it, and a check that says whether our run agrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from coop_abm import lab
from coop_abm.engine.history import series
from coop_abm.engine.measures import Snapshot, frozen
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.scenario.scenario import Scenario

#: The themes of presets, in the order in which they are shown.
THEMES = ("network", "kin", "direct", "indirect", "group")


class Ran(NamedTuple):
    """One run, as a check reads it.

    frame : columns by name, float (steps + 1,): time, the measures of the check, the share of each strategy
    last  : the population after the last step, one replicate
    """

    frame: Mapping[str, np.ndarray]
    last: Snapshot


class Check(NamedTuple):
    """What a run is expected to show, as one number.

    words    : what the number is
    number   : reads it from a run
    expected : what it should be
    low, high : the run agrees from low to high, both included
    source   : where the expected number is from
    measures : what has to be recorded beside the share of each strategy
    """

    words: str
    number: Callable[[Ran], float]
    expected: float
    low: float
    high: float
    source: str
    measures: tuple[str, ...] = ("cooperators",)


class Outcome(NamedTuple):
    """What a check found.

    ours   : the number of our run
    agrees : does it lie where it should?
    seed   : root seed of the run
    """

    ours: float
    agrees: bool
    seed: int


@dataclass(frozen=True)
class Preset:
    """A world of a paper.

    name, title : the word on the command line; a few words
    theme  : one of THEMES
    sees   : one sentence on what is seen
    base, changes : name of a scenario of the library, and the knobs in which this world differs from it
    steps  : rounds or generations to the outcome
    references : keys of ``references.bib``
    claim  : what the theorem, or the paper, is about
    shows  : what one run can show of it
    check  : the outcome as a number
    seed   : root seed of the run that is shown
    """

    name: str
    title: str
    theme: str
    sees: str
    base: str
    steps: int
    references: tuple[str, ...]
    claim: str
    shows: str
    check: Check
    changes: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1

    @cached_property
    def scenario(self) -> Scenario:
        """The world."""
        return replace(named(self.base), dict(self.changes)) if self.changes else named(self.base)

    @property
    def start(self) -> str:
        """Who is there at the start, in words."""
        parts = zip(self.scenario.repertoire().names, self.scenario.starting_counts().tolist(), strict=True)
        return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in parts)


def run(preset: Preset, seed: int | None = None, progress: Callable[[int], None] | None = None) -> Ran:
    """The run of a preset.

    Parameters
    ----------
    seed     : root seed; None for the one that is shown
    progress : called with the number of steps done
    """
    world = lab.start(preset.scenario, preset.seed if seed is None else seed)
    try:
        names = preset.scenario.repertoire().names
        frame = series(world, names, preset.steps, progress, preset.check.measures)
        return Ran(frame, frozen(world.snapshot()))
    finally:
        world.close()


def verify(preset: Preset, seed: int | None = None, progress: Callable[[int], None] | None = None) -> Outcome:
    """Run a preset and hold its number against the expected one."""
    ours = preset.check.number(run(preset, seed, progress))
    agrees = preset.check.low <= ours <= preset.check.high
    return Outcome(ours, agrees, preset.seed if seed is None else seed)


# ------------------------------------------------------------------------------- numbers of a run


def at_end(*columns: str) -> Callable[[Ran], float]:
    """The last value of a column, or of several added up."""
    return lambda ran: float(sum(ran.frame[column][-1] for column in columns))


def mean_from(column: str, first: int) -> Callable[[Ran], float]:
    """The mean of a column from a time step on."""
    return lambda ran: float(np.nanmean(ran.frame[column][first:]))


def fall(column: str) -> Callable[[Ran], float]:
    """How far a column falls from its peak to its end."""
    return lambda ran: float(ran.frame[column].max() - ran.frame[column][-1])


def symmetry(ran: Ran) -> float:
    """Share of the places of a square lattice that look the same in all eight mirror images of it."""
    strategy = ran.last.strategy[0]
    side = round(len(strategy) ** 0.5)
    board = strategy.reshape(side, side)
    images = [turned for k in range(4) for turned in (np.rot90(board, k), np.rot90(board.T, k))]
    return float(np.mean(np.all([image == board for image in images], axis=0)))


def wins(what: str, column: str = "cooperators", source: str = "the rule") -> Check:
    """Everybody is of this kind at the end; a twentieth may still be missing."""
    measures = () if column.startswith("share_") else (column,)
    return Check(f"share of {what} at the end", at_end(column), 1.0, 0.95, 1.0, source, measures)


def loses(what: str, column: str = "cooperators", source: str = "the rule") -> Check:
    """Nobody is of this kind at the end; a twentieth may still be left."""
    measures = () if column.startswith("share_") else (column,)
    return Check(f"share of {what} at the end", at_end(column), 0.0, 0.0, 0.05, source, measures)
