"""Mesa models of two sizes, and a work whose runs do nothing: what sweeps are timed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mesa

from coop_abm.sweeps.work import Cell, Outcome, Table, Task, hash_of


class Walker(mesa.Agent):
    """Takes one random step at a time."""

    def __init__(self, model: mesa.Model):
        super().__init__(model)
        self.place = 0

    def step(self) -> None:
        """Left or right."""
        self.place += self.random.choice((-1, 1))


class Walk(mesa.Model):
    """Walkers on a line; collects where they are on average."""

    def __init__(self, walkers: int = 10, rng: Any = None):
        super().__init__(rng=rng)
        Walker.create_agents(self, walkers)
        self.datacollector = mesa.DataCollector({"place": place})
        self.datacollector.collect(self)

    def step(self) -> None:
        """Everybody moves."""
        self.agents.shuffle_do("step")
        self.datacollector.collect(self)


def place(model: Walk) -> float:
    """Mean place of all walkers."""
    return sum(walker.place for walker in model.agents) / len(model.agents)


class Nothing:
    """Runs that do nothing and give one number; what is left is what a sweep costs by itself.

    Parameters
    ----------
    rows : of each run
    """

    identity: dict[str, Any] = {"kind": "nothing"}

    def __init__(self, rows: int = 1):
        self.rows = rows

    def cell(self, parameters: Mapping[str, Any]) -> Cell:
        """The cell of these parameters."""
        return Cell(parameters, hash_of(dict(parameters)))

    def source(self, cell: Cell, replicate: int) -> int:
        """All runs have the same root seed."""
        return 0

    def most_together(self, cell: Cell) -> int:
        """As many as fit."""
        return 10_000

    def perform(self, task: Task) -> list[Outcome]:
        """A row for each run, or as many as were asked for."""
        end = task.first + task.runs
        return [
            Outcome(run, 0, (Table(("Step", "won"), [(step, run % 2) for step in range(1, self.rows + 1)]),))
            for run in range(task.first, end)
        ]
