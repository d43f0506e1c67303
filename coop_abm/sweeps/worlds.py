"""Sweeps over declared worlds: many replicates of one parameter set are the rows of a block, and no agent is made.

The rows of a run equal those that ``mesa.batch_run(CoopModel, ...)`` gives for the same seed, value by value.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from coop_abm._version import __version__
from coop_abm.core.dice import cell_seed
from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.core.part import Part
from coop_abm.engine.blocks import Block, Source, may_share
from coop_abm.engine.history import RoundWorld, look
from coop_abm.engine.measures import chosen
from coop_abm.lab import MOST_REPLICATES, check_seed, check_whole, start
from coop_abm.policies.means import Means
from coop_abm.scenario.knobs import digest, dotted, plain, replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.work import Cell, Outcome, Table, Task, canonical, hash_of

PAIRINGS = ("paired", "independent")
GRAPHS = ("each", "one")
#: Encounters, or pairs of individuals, that the rows of a block have together at most: some hundred megabytes.
MOST_PLACES = 500_000
#: Rows of tables that the runs of a task come back with together at most.
MOST_ROWS = 20_000
#: Scenarios of cells that are kept ready.
MOST_KEPT = 256


class WorldWork:
    """Runs of one scenario, some knobs changed.

    Parameters
    ----------
    base     : the world whose knobs the cells change
    steps    : rounds, or generations
    measures : names of measures to collect beside the share of each strategy; None for all
    period   : collect the last row only (-1), or each `period`-th from the start
    seed     : root seed; replicate r of a cell is ``coop_abm.run(..., seed=seed, replicate=r)``
    rng      : root seeds of the runs instead, one for each; each run is then replicate 0 of its seed
    pairing  : ``paired``: replicate r draws the same numbers in every cell; ``independent``: cells share no draw
    graphs   : where they are random: ``each`` replicate lives on its own, or all of a root seed on ``one``
    means    : how language models are reached; a cap without the name of a budget is one for all runs together

    Raises
    ------
    InputError
        one line that names what cannot be used and what is permitted
    """

    def __init__(
        self,
        base: Scenario,
        *,
        steps: int,
        measures: Iterable[str] | None = None,
        period: int = -1,
        seed: int = 0,
        rng: Sequence[Any] | None = None,
        pairing: str = "paired",
        graphs: str = "each",
        means: Means | None = None,
    ):
        check_whole("steps", steps, 0, 1_000_000)
        _check_period(period)
        check_seed(seed)
        for name, value, permitted in (("pairing", pairing, PAIRINGS), ("graphs", graphs, GRAPHS)):
            if value not in permitted:
                raise InputError(f"{name} must be one of {', '.join(permitted)}; got {quoted(value)}")
        self.base, self.steps, self.measures, self.period = base, steps, chosen(measures), period
        self.seed, self.rng = seed, None if rng is None else tuple(rng)
        self.pairing, self.graphs = pairing, graphs
        seeds: dict[str, Any] = {"seed": seed} if self.rng is None else {"rng": [_whole(each) for each in self.rng]}
        self.identity: dict[str, Any] = {
            "kind": "worlds", "package": __version__, "scenario": plain(base), "steps": steps,
            "measures": list(self.measures), "period": period, "pairing": pairing, "graphs": graphs, **seeds,
        }  # fmt: skip
        self._identity = canonical(self.identity)
        means = means or Means()
        named = means.budget or f"sweep {quoted(base.name or 'world', 40)[1:-1]} {hash_of(self.identity).hex()[:12]}"
        self.means = dataclasses.replace(means, budget=named)
        self._kept: dict[bytes, Scenario] = {}

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: nobody can be called back, or asked, from there.

        Raises
        ------
        InputError
            if a transport or a policy of the user's own, or a human, would have to come along and cannot
        """
        means = dataclasses.replace(self.means, watch=None, begins=None)
        if not isinstance(means.transport, str):
            raise InputError("transport: an object cannot be sent to other processes; its name can, or use one process")
        if means.human is not None:
            raise InputError("means.human: a human cannot be asked from other processes; leave it out of a sweep")
        try:
            pickle.dumps(means.policies)
        except Exception as error:  # noqa: BLE001 - whatever a user's object raises
            cause = quoted(str(error), 120)[1:-1]
            raise InputError(f"policies: cannot be sent to other processes ({cause}); use one process") from None
        return {**self.__dict__, "means": means, "_kept": {}}

    # ------------------------------------------------------------------ cells

    def cell(self, parameters: Mapping[str, Any]) -> Cell:
        """The cell of these knobs, by flat name with dots or double underscores.

        Raises
        ------
        ScenarioError, GraphError
            naming the knob and what is permitted
        """
        scenario = self._declared(parameters)
        if any(entry.policy.seated for entry in scenario.players):
            raise ScenarioError("players.policy: nobody can be asked in a sweep; `coop-abm play SCENARIO` asks a human")
        # The names too: cells whose worlds are the same (a knob of a rule that is off) are each a point of the sweep.
        named = {dotted(name): plain_value(value) for name, value in parameters.items()}
        cell = Cell(parameters, self._hash(digest(scenario), named))
        self._keep(cell, scenario)
        return cell

    def _hash(self, world: str, parameters: Mapping[str, Any]) -> bytes:
        """``hash_of({"work": identity, "world": ..., "parameters": ...})``, the identity written once for all cells."""
        text = f'{{"parameters":{canonical(parameters)},"work":{self._identity},"world":{canonical(world)}}}'
        return hashlib.sha256(text.encode()).digest()

    def _declared(self, parameters: Mapping[str, Any]) -> Scenario:
        # Designs hand over numpy's scalars, which a strict knob would refuse.
        given = {name: value.item() if isinstance(value, np.generic) else value for name, value in parameters.items()}
        return replace(self.base, given) if given else self.base

    def scenario(self, cell: Cell) -> Scenario:
        """The world of a cell."""
        return self._kept.get(cell.hash) or self._keep(cell, self._declared(cell.parameters))

    def _keep(self, cell: Cell, scenario: Scenario) -> Scenario:
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[cell.hash] = scenario
        return scenario

    # ------------------------------------------------------------------ seeds

    def source(self, cell: Cell, replicate: int) -> Any:
        """The root seed of this run; what was given for it where seeds were given."""
        if self.rng is None:
            return self.seed if self.pairing == "paired" else cell_seed(self.seed, cell.hash)
        if replicate >= len(self.rng):
            raise InputError(f"rng: holds {len(self.rng)} seeds, so there is no run {replicate}")
        return self.rng[replicate]

    def drawn_from(self, cell: Cell, replicate: int) -> tuple[Source, Source]:
        """(root seed, replicate) of a run, and (root seed, number) of its graph where that is random."""
        seed = _whole(self.source(cell, replicate))
        if self.rng is not None:
            return (seed, 0), (seed, 0)
        check_whole("replicate", replicate, 0, MOST_REPLICATES)
        return (seed, replicate), (seed, replicate if self.graphs == "each" else 0)

    # ------------------------------------------------------------------ runs

    def most_together(self, cell: Cell) -> int:
        """How many runs of this cell may be one task: as many as memory holds; 1 where others than tables decide."""
        scenario = self.scenario(cell)
        if scenario.minded:
            return 1
        size, places = scenario.size, scenario.size
        if scenario.clock == "round":
            if scenario.partners == "all":
                near = scenario.answers(*self.drawn_from(cell, 0)[1]).indices if scenario.network.enabled else ()
                places = len(near) or size * size
            if scenario.indirect.enabled and scenario.indirect.opinions == "private":
                places = max(places, size * size)
        return max(1, min(MOST_PLACES // places, MOST_ROWS // len(self._steps())))

    def perform(self, task: Task) -> list[Outcome]:
        """Do the runs of a task.

        Raises
        ------
        CoopError
            what a world raises, and what concerns all runs to come (:data:`~coop_abm.sweeps.work.STOPPING`)
        """
        scenario, cell = self.scenario(task.cell), task.cell
        replicates = range(task.first, task.first + task.runs)
        drawn = [self.drawn_from(cell, replicate) for replicate in replicates]
        if scenario.minded:
            tables = [self._alone(scenario, *each) for each in drawn]
        elif may_share(scenario, one_graph=len({graph for _source, graph in drawn}) == 1):
            tables = self._tables(Block(scenario, [source for source, _graph in drawn], graph=drawn[0][1]))
        else:
            tables, block = [], None
            for source, graph in drawn:
                block = Block(scenario, [source], graph=graph, like=block)
                tables += self._tables(block)
        return [
            Outcome(replicate, self.source(cell, replicate), (table,))
            for replicate, table in zip(replicates, tables, strict=True)
        ]

    def _tables(self, block: Block) -> list[Table]:
        """The table of each world of a block, run to its end."""
        names: tuple[str, ...] = ()
        rows: list[list[tuple]] = [[] for _ in range(block.size)]
        for step, columns in block.series(self.steps, self.period, self.measures):
            names = ("Step", *columns)
            for row, values in zip(rows, np.stack(list(columns.values()), axis=1).tolist(), strict=True):
                row.append((float(step), *values))
        return [Table(names, row) for row in rows]

    def _alone(self, scenario: Scenario, source: Source, graph: Source) -> Table:
        """The table of a world in which somebody is asked."""
        seed, replicate = source
        world = start(scenario, seed, replicate=replicate, graph=graph[1], means=self.means)
        strategies, rows, done = scenario.repertoire().names, [], 0
        told = tuple(world.told) if isinstance(world, RoundWorld) else ()
        columns = (*self.measures, *told, *(f"share_{name}" for name in strategies))
        try:
            for step in self._steps():
                for _ in range(step - done):
                    world.step()
                done = step
                seen = look(world, strategies, self.measures)
                rows.append((float(step), *(seen[name] for name in columns)))
        finally:
            world.close()
        return Table(("Step", *columns), rows)

    def _steps(self) -> Sequence[int]:
        return [self.steps] if self.period == -1 else range(0, self.steps + 1, self.period)


def plain_value(value: Any) -> Any:
    """A knob as it was given, as plain values."""
    if isinstance(value, np.generic):
        return value.item()
    return value.model_dump(mode="json") if isinstance(value, Part) else value


def _check_period(period: Any) -> None:
    """Refuse what Mesa would take for a slice from behind."""
    if isinstance(period, bool) or not isinstance(period, int) or (period < 1 and period != -1):
        raise InputError(f"period must be -1 (the last row) or a whole number, at least 1; got {quoted(period)}")


def _whole(seed: Any) -> int:
    found = int(seed) if isinstance(seed, np.integer) else seed
    check_seed(found)
    return found
