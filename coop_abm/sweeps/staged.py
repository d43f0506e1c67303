"""Sweeps of worlds that are played in stages: a cell is a declared world by its name, a run is one replicate of it.

A store of such runs holds whatever an experiment was ever asked for: what a run depends on (its world, the seed)
stands in the hash of its cell, not in the identity of the store.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from coop_abm._version import __version__
from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import Part
from coop_abm.engine.staged import Staged, play
from coop_abm.lab import MOST_REPLICATES, check_seed, check_whole
from coop_abm.policies.means import Means
from coop_abm.policies.staged import close, deciding
from coop_abm.policies.tally import Replies
from coop_abm.sweeps.work import Cell, Outcome, Table, Task, hash_of

#: What stands beside the measures of a run in which language models were asked.
REPLIES = ("decisions", "repaired", "fallbacks")


def digest_of(world: Part) -> str:
    """SHA-256 of a declared world of any kind, in hexadecimal: of its kind and of all of its knobs."""
    kind = f"{type(world).__module__}:{type(world).__qualname__}"
    return hash_of({"kind": kind, "knobs": world.model_dump(mode="json")}).hex()


class StagedWork:
    """Runs of declared worlds that are played in stages, each to its end.

    Replicate r of every cell runs as ``world.start(seed, r)``; its row is the world's ``measures()`` at its end, and
    how many decisions language models took, where any were asked.

    Parameters
    ----------
    worlds : the worlds by name; a cell's parameters are ``{"cell": name}``
    seed   : the root seed
    called : the name of what they belong to
    means  : how language models are reached
    """

    def __init__(self, worlds: Mapping[str, Any], *, seed: int = 0, called: str = "worlds", means: Means | None = None):
        check_seed(seed)
        self.worlds, self.seed, self.means = dict(worlds), seed, means or Means()
        self.identity: dict[str, Any] = {"kind": "staged", "name": called, "package": __version__}
        self._digests: dict[str, str] = {}

    def through(self, means: Means) -> StagedWork:
        """The same work, with models reached in another way."""
        return StagedWork(self.worlds, seed=self.seed, called=self.identity["name"], means=means)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "means": sendable(self.means)}

    def cell(self, parameters: Mapping[str, Any]) -> Cell:
        """The cell of a world.

        Raises
        ------
        InputError
            if there is no such world
        """
        name = parameters.get("cell")
        if name not in self.worlds:
            raise InputError(f"cell must be one of {', '.join(self.worlds)}; got {quoted(name)}")
        world = self._digests.get(name) or self._digests.setdefault(name, digest_of(self.worlds[name]))
        shown = {"cell": name, "seed": self.seed, "world": world[:12]}
        return Cell(shown, hash_of({"work": self.identity, "cell": name, "seed": self.seed, "world": world}))

    def source(self, cell: Cell, replicate: int) -> int:
        """The root seed, of all runs."""
        return self.seed

    def most_together(self, cell: Cell) -> int:
        """One: a staged world is not done faster with others."""
        return 1

    def perform(self, task: Task) -> list[Outcome]:
        """Do the runs, one after the other."""
        found = []
        for replicate in range(task.first, task.first + task.runs):
            check_whole("replicate", replicate, 0, MOST_REPLICATES)
            world, replies = self.run(task.cell.parameters["cell"], replicate)
            row = {"Step": float(world.round)} | {name: float(value) for name, value in world.measures().items()}
            if replies is not None:
                row |= dict(zip(REPLIES, map(float, replies.total), strict=True))
            found.append(Outcome(replicate, self.seed, (Table(tuple(row), [tuple(row.values())]),)))
        return found

    def run(self, name: str, replicate: int, means: Means | None = None) -> tuple[Staged, Replies | None]:
        """One world, played to its end, and what came of the replies of language models; None if none are asked."""
        world = self.worlds[name].start(self.seed, replicate)
        policy = deciding(world, means or self.means)
        try:
            return play(world, policy), getattr(policy, "replies", None)
        finally:
            close(policy)


def sendable(means: Means) -> Means:
    """The means for another process, where nobody can be called back, or asked.

    Raises
    ------
    InputError
        if a transport of the user's own, or a human, would have to come along and cannot
    """
    if not isinstance(means.transport, str):
        raise InputError("transport: an object cannot be sent to other processes; its name can, or use one process")
    if means.human is not None:
        raise InputError("means.human: a human cannot be asked from other processes; leave it out of a sweep")
    return dataclasses.replace(means, watch=None, begins=None, permit=None, noted=None)
