"""How long does it take until one strategy is left? Times of single runs, so that their distribution can be seen.

Ensembles of mixed populations skip what changes nothing, and so know the mean time of a run and not its spread
(``jumps.py``). Here every event is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import stream_base
from coop_abm.core.errors import InputError
from coop_abm.engine.events import process
from coop_abm.engine.fixation import PATIENCE, Ensemble, Progress, ensemble, starting
from coop_abm.engine.statistics import Estimate, mean, share
from coop_abm.scenario.scenario import Scenario


class FixationTimes(NamedTuple):
    """How long a number of replicates took, in events.

    won  : int64 (wins,), until the invader had taken over, of the replicates where it did
    lost : int64 (losses,), until it was gone, of the others
    size : individuals N; a generation is N events
    """

    won: np.ndarray
    lost: np.ndarray
    size: int

    @property
    def runs(self) -> int:
        """How many replicates there were."""
        return len(self.won) + len(self.lost)

    @property
    def probability(self) -> Estimate:
        """The share of replicates that the invader won, with Wilson's interval."""
        return share(len(self.won), self.runs)

    @property
    def conditional(self) -> Estimate:
        """Mean generations until the invader takes over, where it does; NaN where it never did."""
        return mean(self.won / self.size)

    @property
    def extinction(self) -> Estimate:
        """Mean generations until the invader is gone, where it goes."""
        return mean(self.lost / self.size)

    @property
    def unconditional(self) -> Estimate:
        """Mean generations until one strategy is left, whoever wins."""
        return mean(np.concatenate([self.won, self.lost]) / self.size)


def fixation_times(
    scenario: Scenario,
    *,
    invader: int = 0,
    heads: int = 1,
    runs: int = 10_000,
    seed: int = 0,
    first: int = 0,
    patience: int = PATIENCE,
    progress: Progress | None = None,
) -> FixationTimes:
    """How long `runs` replicates take in which `heads` of strategy `invader`, placed at random, face the others.

    Parameters
    ----------
    invader  : index into the repertoire: 0 the cooperator, 1 the defector
    first    : number of the first replicate; the same numbers give the same replicates
    patience : events after which a replicate is given up
    progress : called with the number of replicates just finished

    Raises
    ------
    InputError, ScenarioError, NotAbsorbed
        as :func:`~coop_abm.engine.fixation.fixation`
    """
    if runs < 1:
        raise InputError(f"runs must be at least 1; got {runs}")
    start, ready = starting(scenario, invader, heads), process(scenario, seed, every_event=True)
    base = stream_base(seed, invader)
    found = ensemble(ready, start, runs, base=base, first=first, patience=patience, progress=progress)
    return times_of(found, invader, scenario.size)


def times_of(found: Ensemble, invader: int, size: int) -> FixationTimes:
    """The times of an ensemble in which every event was drawn."""
    wins = found.winner == invader
    return FixationTimes(found.events[wins], found.events[~wins], size)
