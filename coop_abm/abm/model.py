"""A declared world as a Mesa model."""

from __future__ import annotations

import difflib
import math
import secrets
import weakref
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import mesa
import numpy as np
from mesa.experimental.scenarios import Scenario as FlatScenario

from coop_abm import lab
from coop_abm.abm.agent import CoopAgent
from coop_abm.abm.ownership import own_nothing
from coop_abm.abm.policy import STANDINGS, AskAgents
from coop_abm.abm.reporters import Reporters, Series, by_name, measure_reporters
from coop_abm.core.errors import CoopError, InputError, ScenarioError, quoted
from coop_abm.engine.history import EventWorld, RoundWorld, Running, look
from coop_abm.engine.measures import MEASURES, Snapshot, chosen, frozen, observe, observe_counts
from coop_abm.policies.means import Means
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.catalogue import knobs as knobs_of
from coop_abm.scenario.expectation import Expectation, expectation, verdict
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas
    from mesa.discrete_space import Network


class CoopModel(mesa.Model):
    """One declared world as a ``mesa.Model``.

    A step is one round, or one generation on the event clock. The dynamics draw from the dice of the
    seed alone, so a model gives the very rows of :func:`coop_abm.run`; ``model.rng`` and
    ``model.random`` are for agents and reporters of the user.

    Parameters
    ----------
    scenario : a Scenario, the name of one or a TOML file; None for the class attribute `default`
    rng      : root seed, a whole number in [0, 2^63); None draws one from the system. Either way it
               is ``model.seed``, and a model made with it is the same again
    replicate : number of the replicate under this seed: run r of a sweep is ``CoopModel(..., rng=seed, replicate=r)``
    graph    : an ``nx.Graph`` or a file that becomes the network
    agent_class : a subclass of :class:`~coop_abm.abm.CoopAgent`
    model_reporters, agent_reporters : more to collect, as Mesa takes it or as names of attributes; the
               measures and the share of each strategy are collected anyway, of agents nothing unless asked
    measures : names of the measures to collect; None collects all. :meth:`run_for` is many times faster where they
               follow from head counts: cooperators, individuals, on the event clock also cooperation and good_standing,
               or none, ``measures=()``
    means    : how language models, humans and policies of the user's own are reached, and what they cost at most
    knobs    : ``kin__relatedness=0.3`` and so on

    Attributes
    ----------
    declared : the :class:`~coop_abm.Scenario` of this world
    scenario : the same as Mesa's flat scenario: ``model.scenario.kin__relatedness``
    seed, replicate : the root seed and the number of the replicate
    world    : the world that runs inside, on the clock that it declares
    strategies : names of the strategies, in the order of their indices
    datacollector : row 0 is the start, then a row after each step

    Raises
    ------
    ScenarioError, GraphError, InputError
        one line that names what cannot be used and what is permitted

    Examples
    --------
    >>> model = CoopModel("kin", rng=1, kin__relatedness=0.3)
    >>> model.step()
    >>> len(model.frame()), model.scenario.kin__relatedness
    (2, 0.3)
    """

    #: The world of a model that is made without a scenario; subclasses name their own.
    default: ClassVar[Scenario | str | Path] = Scenario()

    _windows: list[CoopAgent | None] | None = None
    _now: Snapshot | None = None

    def __init__(
        self,
        scenario: Scenario | str | Path | None = None,
        *,
        rng: int | np.integer | None = None,
        replicate: int = 0,
        graph: Any = None,
        agent_class: type[CoopAgent] = CoopAgent,
        model_reporters: Reporters = None,
        agent_reporters: Reporters = None,
        measures: Iterable[str] | None = None,
        means: Means | None = None,
        **knobs: Any,
    ):
        given = self.default if scenario is None else scenario
        if not isinstance(given, (Scenario, str, Path)):
            raise ScenarioError(f"scenario must be a Scenario, the name of one or a TOML file; got {quoted(given)}")
        # Sweeps hand over numpy's scalars, which a strict knob would refuse.
        plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in knobs.items()}
        declared = lab.world(given, graph=graph, **plain)
        seed = seed_of(rng)
        replicate = int(replicate) if isinstance(replicate, np.integer) else replicate
        lab.check_whole("replicate", replicate, 0, lab.MOST_REPLICATES)
        flat = {knob.path.replace(".", "__"): knob.value for knob in knobs_of(declared)}
        super().__init__(rng=seed, scenario=FlatScenario(rng=seed, **flat))
        self.declared, self.seed, self.replicate = declared, seed, replicate
        self.strategies = declared.repertoire().names
        self.world: Running = lab.start(declared, seed, replicate=replicate, means=means)
        weakref.finalize(self, self.world.close)
        self._moves, self._stale, self._space = 0, False, None
        self._agent_class = self._permitted(agent_class)
        self.measures = chosen(measures)
        told = tuple(self.world.told) if isinstance(self.world, RoundWorld) else ()
        own = measure_reporters(self.strategies, (*self.measures, *told))
        more = by_name(model_reporters, "model_reporters")
        for name in sorted((own.keys() | {"time"}) & more.keys()):
            raise InputError(f"model_reporters: {name} is collected already; choose another name")
        self._row: dict[str, float] | None = None
        self._own_reporters = own
        own_nothing(self)
        self.datacollector = Series(own | more, by_name(agent_reporters, "agent_reporters"))
        self._collect()

    def _permitted(self, agent_class: Any) -> type[CoopAgent]:
        if not (isinstance(agent_class, type) and issubclass(agent_class, CoopAgent)):
            raise InputError(f"agent_class must be a subclass of CoopAgent; got {quoted(agent_class)}")
        if agent_class.decide is not CoopAgent.decide:
            if not isinstance(self.world, RoundWorld):
                raise ScenarioError(
                    f"agent_class: {agent_class.__name__} decides for itself, which needs clock = round; the "
                    f"{self.declared.clock} clock reads expected payoffs of strategies"
                )
            if not isinstance(self.world.policy, TableReader):
                raise ScenarioError(
                    f"agent_class: {agent_class.__name__} decides for itself, so players.policy must be table; got "
                    f"{next(entry.policy.kind for entry in self.declared.players if not entry.policy.tabled)}"
                )
            self.world.policy = AskAgents(self, self.world.policy)
        return agent_class

    # ------------------------------------------------------------------ time

    def step(self) -> None:
        """One round, or one generation; then a row is collected."""
        self._now = None
        if self._stale and isinstance(self.world, RoundWorld):
            self.world.reopen()
        self._stale = False
        self.world.step()
        self._moves += 1
        self._now = None
        self._follow()
        self._collect()

    def run_for(self, duration: float) -> None:
        """Go on for so many time units: ``run_for(n)`` is n times ``step()``, and faster.

        Events that were scheduled with Mesa (``schedule_event``, ``schedule_recurring``) happen at
        their time, between steps.

        Raises
        ------
        InputError
            unless the duration is a finite number, at least 0
        """
        number = isinstance(duration, (int, float, np.number)) and not isinstance(duration, bool)
        if not number or not math.isfinite(duration) or duration < 0:
            raise InputError(f"run_for: the duration must be a finite number, at least 0; got {quoted(duration)}")
        end = self.time + duration
        if duration == int(duration) and self.time == int(self.time):
            # Mesa takes the last step, with whatever is scheduled for the very end.
            self._run_undisturbed(int(duration) - 1)
        if end > self.time:
            super().run_for(end - self.time)

    def _run_undisturbed(self, steps: int) -> None:
        """Steps without Mesa's list of events, as long as nothing but steps is on it."""
        schedule = self._default_schedule
        schedule.pause()
        try:
            while steps > 0 and self._event_list.is_empty():
                if self._unwatched:
                    steps -= self._record(steps)
                    continue
                self.time += 1.0
                self._one_step()
                steps -= 1
        finally:
            self._event_list.compact()
            schedule.resume()

    @property
    def _unwatched(self) -> bool:
        """Is all that happens in a step that a row of head counts is collected?"""
        collector = self.datacollector
        return (
            type(self).step is CoopModel.step
            and isinstance(self.world, (EventWorld, RoundWorld))
            and self.world.tells(self.measures)
            and isinstance(collector, Series)
            and not collector.agent_reporters
            and collector.model_reporters == self._own_reporters
        )

    def _record(self, steps: int) -> int:
        """Up to so many steps at once, and their rows; how many they were."""
        assert isinstance(self.world, (EventWorld, RoundWorld))
        if self._stale and isinstance(self.world, RoundWorld):
            self.world.reopen()
        self._stale = False
        heads = self.world.record(min(steps, self.world.stretch))
        self._now = None
        columns = observe_counts(heads, self.world.helper, self.strategies, self.measures)
        self.datacollector.extend(self.time + np.arange(1.0, len(heads) + 1), columns)
        self._moves += len(heads)
        self.steps += len(heads)
        self.time += float(len(heads))
        return len(heads)

    def _do_step(self) -> None:
        try:
            self._one_step()
        except BaseException:
            # Mesa plans the next step only after this one: a model whose step raised would stand still for ever.
            self._default_schedule.pause()
            self._default_schedule.resume()
            raise

    def _one_step(self) -> None:
        before = self._moves
        self.steps += 1
        try:
            self._user_step()
        except BaseException:
            if self._moves == before:  # the world did not move, so neither did time
                self.steps -= 1
                self.time -= 1.0
            raise

    def close(self) -> None:
        """Give back what it took to ask language models; a model that is no longer needed does so by itself."""
        self.world.close()

    def __getstate__(self) -> Any:
        raise CoopError("a model cannot be pickled or copied; CoopModel(model.declared, rng=model.seed) makes it again")

    # ------------------------------------------------------------------ what is seen

    def seen(self) -> Snapshot:
        """What measures read, now; columns may be the table itself, so they change with the world.

        :meth:`snapshot` gives a copy that stays.
        """
        if self._now is None:
            self._now = self.world.snapshot()
        return self._now

    def snapshot(self) -> Snapshot:
        """What measures read, now, as columns of their own that cannot be written to."""
        return frozen(self.world.snapshot())

    @property
    def observed(self) -> dict[str, float]:
        """Every measure and the share of each strategy by name, now."""
        row = self._row
        return (
            row
            if row is not None and len(self.measures) == len(MEASURES)
            else observe(self.world.snapshot(), self.strategies)
        )

    @property
    def collected(self) -> dict[str, float]:
        """The measures that are collected, and the share of each strategy by name, now."""
        return look(self.world, self.strategies, self.measures) if self._row is None else self._row

    def _collect(self) -> None:
        self._row = self.collected  # computed once for the reporters of all columns
        try:
            self.datacollector.collect(self)
        finally:
            self._row = None

    def frame(self) -> pandas.DataFrame:
        """What was collected of the model: the time, then a column for each reporter.

        Without reporters of the user it equals the frame of :func:`coop_abm.run`.
        """
        import pandas

        collector = self.datacollector
        return pandas.DataFrame({"time": list(collector._collection_steps), **collector.model_vars})

    @cached_property
    def expected(self) -> Expectation:
        """What theory says about this world."""
        return expectation(self.declared, self.seed, graph=self.replicate)

    @property
    def verdict(self) -> str:
        """What theory says about cooperation in this world, in one sentence."""
        return verdict(self.declared, self.expected)

    # ------------------------------------------------------------------ agents

    @mesa.Model.agents.getter
    def agents(self) -> Any:
        """All agents. Those of the world are made on first use, in the order of their rows."""
        self._open_windows()
        return super().agents

    @property
    def agents_by_type(self) -> Any:
        """All agents by their class."""
        self._open_windows()
        return super().agents_by_type

    @property
    def agent_types(self) -> list[type]:
        """The classes of all agents."""
        self._open_windows()
        return super().agent_types

    def agent_at(self, row: int) -> CoopAgent | None:
        """The agent of this row of the table; None if nobody lives there."""
        return self._open_windows()[row]

    def neighbour_rows(self, row: int) -> list[int]:
        """Rows of those whom the individual in this row may meet: neighbours, or all others in its group."""
        now = self.seen()
        indptr, indices, _weight = now.rows
        if len(indptr):
            near = indices[indptr[row] : indptr[row + 1]]
            return near[now.alive[0, near] == 1].tolist()
        mates = (now.group[0] == now.group[0, row]) & (now.alive[0] == 1)
        mates[row] = False
        return np.flatnonzero(mates).tolist()

    def assign_strategy(self, row: int, strategy: str | int) -> None:
        """Give one individual another strategy, by name or index.

        Raises
        ------
        InputError
            if there is no such strategy in this world
        ScenarioError
            on the event clock, where individuals are told apart by strategy alone
        """
        index = self._index_of(strategy)
        self._now = None
        if isinstance(self.world, RoundWorld):
            play = self.world.play
            play.state.strategy[0, row] = index
            if play.answers.innate:
                play.state.standing[0, row] = play.repertoire.helper[index]
            self._stale = True
        elif isinstance(self.world, EventWorld):
            self.world.assign(row, index)
        else:
            raise ScenarioError(f"strategy: cannot be assigned in a {type(self.world).__name__}")

    def assign_standing(self, row: int, standing: str) -> None:
        """Give one individual another public standing, "good" or "bad".

        Raises
        ------
        InputError
            if it is neither
        ScenarioError
            where standing is what a strategy is, and not what follows from deeds
        """
        permitted = STANDINGS[:2]
        if standing not in permitted:
            raise InputError(f"standing must be {' or '.join(permitted)}; got {quoted(standing)}")
        if not isinstance(self.world, RoundWorld) or self.world.play.answers.innate:
            raise ScenarioError(
                "standing: in this world it is what a strategy is, so it cannot be assigned; "
                "indirect.assessment can be a norm on the round clock"
            )
        self.world.play.state.standing[0, row] = permitted.index(standing)
        self._now, self._stale = None, True

    def _index_of(self, strategy: Any) -> int:
        names = self.strategies
        if isinstance(strategy, str):
            if strategy in names:
                return names.index(strategy)
            near = difflib.get_close_matches(strategy, names, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise InputError(f"strategy must be one of {', '.join(names)}; got {quoted(strategy)}{meant}")
        whole = isinstance(strategy, (int, np.integer)) and not isinstance(strategy, bool)
        if not whole or not 0 <= strategy < len(names):
            raise InputError(f"strategy must be one of {', '.join(names)} or its index; got {quoted(strategy)}")
        return int(strategy)

    def _open_windows(self) -> list[CoopAgent | None]:
        if self._windows is None:
            self._windows = [None] * self.seen().alive.shape[1]
            self._lived = np.zeros(len(self._windows), bool)
            self._follow()
        return self._windows

    def _follow(self) -> None:
        """Agents of those who died leave; the newborn get new ones."""
        if self._windows is None:
            return
        before, now = self._lived, self.seen().alive[0] == 1
        self._lived = now.copy()
        for row in np.flatnonzero(before & ~now).tolist():
            agent = self._windows[row]
            if agent is not None:
                agent.remove()
        for row in np.flatnonzero(now & ~before).tolist():
            agent = self._windows[row] = self._agent_class(self, row)
            if self._space is not None:
                self._space[row].add_agent(agent)

    def forget(self, agent: CoopAgent) -> None:
        """Close the window of an agent that leaves; called by ``agent.remove()``."""
        if self._windows is not None:
            self._windows[agent.row] = None
        if self._space is not None:
            self._space[agent.row].remove_agent(agent)

    @property
    def space(self) -> Network:
        """The graph as a Mesa space, a cell for each row, with its agent in it; made on first use.

        A well-mixed population has cells and no connections. Positions are on a circle, in order of rows.
        """
        if self._space is None:
            import networkx
            from mesa.discrete_space import Network

            indptr, indices, weight = self.seen().rows
            rows = range(self.seen().alive.shape[1])
            graph = networkx.Graph()
            graph.add_nodes_from(rows)
            if len(indptr):
                ends = zip(np.repeat(rows, np.diff(indptr)).tolist(), indices.tolist(), strict=True)
                heavy = weight.tolist() if len(weight) else [1.0] * len(indices)
                graph.add_weighted_edges_from((i, j, w) for (i, j), w in zip(ends, heavy, strict=True))
            turn = 2 * np.pi * np.arange(len(rows)) / len(rows)
            circle = np.column_stack([np.cos(turn), np.sin(turn)])
            # A layout must be given: Mesa's own is a spring layout, unseeded, 14 s at N = 1,000.
            space = Network(graph, random=self.random, layout=dict(enumerate(circle)))
            for agent in self._open_windows():
                if agent is not None:
                    space[agent.row].add_agent(agent)
            self._space = space
        return self._space


def seed_of(rng: Any) -> int:
    """The root seed of a model that was given this; one from the system for None."""
    if rng is None:
        return secrets.randbits(53)  # a float, and so JSON in a browser, holds it exactly
    seed = int(rng) if isinstance(rng, np.integer) else rng
    lab.check_seed(seed)
    return seed
