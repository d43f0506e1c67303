"""A declared world that is played in stages as a Mesa model."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import mesa
import numpy as np
from mesa.experimental.scenarios import Scenario as FlatScenario

from coop_abm import lab
from coop_abm.abm.model import seed_of
from coop_abm.abm.ownership import own_nothing
from coop_abm.abm.reporters import Reporters, Series, by_name
from coop_abm.core.errors import CoopError, InputError, ScenarioError, quoted
from coop_abm.core.part import Part
from coop_abm.core.question import Policy
from coop_abm.engine.staged import Staged, play
from coop_abm.policies.means import Means
from coop_abm.policies.staged import close, deciding
from coop_abm.scenario.catalogue import knobs as knobs_of
from coop_abm.scenario.knobs import replace

if TYPE_CHECKING:
    import pandas


class StagedModel(mesa.Model):
    """One world that is played in stages as a ``mesa.Model``; a subclass names its world in `default`.

    A step is one round of that world. A model draws from the dice of the seed alone, so replicate r under a seed
    is run r of an experiment with this seed.

    Parameters
    ----------
    declared  : the world, see ``coop_abm/engine/staged.py``; None for the class attribute `default`
    rng       : root seed, a whole number in [0, 2^63); None draws one from the system. Either way it is ``model.seed``
    replicate : number of the replicate under this seed
    means     : how language models are reached, and what they cost at most
    model_reporters : more to collect, as Mesa takes it or as names of attributes
    measures  : names of the measures to collect; None collects all
    knobs     : of the world, ``punishment__fine=2`` and so on

    Attributes
    ----------
    declared : the world as it is declared
    staged   : the world that runs; ``staged.story()`` is all that happened
    policy   : who decides: the world's own rules, or a ``Cast`` where somebody else does
    running  : is anything asked any more?
    datacollector : row 0 is the start, then a row after each round

    Raises
    ------
    ScenarioError, InputError
        one line that names what cannot be used and what is permitted
    """

    #: The world of a model that is made without one; subclasses name their own.
    default: ClassVar[Any] = None

    def __init__(
        self,
        declared: Any = None,
        *,
        rng: int | np.integer | None = None,
        replicate: int = 0,
        means: Means | None = None,
        model_reporters: Reporters = None,
        measures: Iterable[str] | None = None,
        **knobs: Any,
    ):
        world, seed = self.declaring(declared, **knobs), seed_of(rng)
        replicate = int(replicate) if isinstance(replicate, np.integer) else replicate
        lab.check_whole("replicate", replicate, 0, lab.MOST_REPLICATES)
        flat = {knob.path.replace(".", "__"): knob.value for knob in knobs_of(world)}
        super().__init__(rng=seed, scenario=FlatScenario(rng=seed, **flat))
        self.declared, self.seed, self.replicate = world, seed, replicate
        self.staged: Staged = world.start(seed, replicate)
        self.policy: Policy = deciding(self.staged, means)
        weakref.finalize(self, close, self.policy)
        self.running, self._moves = not self.staged.over, 0
        own = {name: partial(_measured, name) for name in self._chosen(measures)}
        more = by_name(model_reporters, "model_reporters")
        for name in sorted((own.keys() | {"time"}) & more.keys()):
            raise InputError(f"model_reporters: {name} is collected already; choose another name")
        self._row: Mapping[str, float] | None = None
        own_nothing(self)
        self.datacollector = Series(own | more)
        self._collect()

    @classmethod
    def declaring(cls, declared: Any = None, **knobs: Any) -> Any:
        """The world of a model that is made with these arguments.

        Raises
        ------
        ScenarioError
            naming the knob that cannot be used, and what is permitted
        """
        given = cls.default if declared is None else declared
        if not isinstance(given, Part) or not hasattr(given, "start"):
            raise ScenarioError(f"declared must be a world that is played in stages; got {quoted(given)}")
        # Sweeps hand over numpy's scalars, which a strict knob would refuse.
        plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in knobs.items()}
        return replace(given, plain) if plain else given

    def _chosen(self, measures: Iterable[str] | None) -> list[str]:
        there = list(self.staged.measures())
        if measures is None:
            return there
        named = [measures] if isinstance(measures, str) else list(measures)
        for name in named:
            if name not in there:
                raise InputError(f"measures must be among {', '.join(there)}; got {quoted(name)}")
        return named

    def step(self) -> None:
        """One round, and a row of its measures; nothing where the world is over."""
        before = self.staged.round
        play(self.staged, self.policy, rounds=1)
        self.running = not self.staged.over
        if self.staged.round != before:
            self._moves += 1
            self._collect()

    def _do_step(self) -> None:
        before = self._moves
        try:
            super()._do_step()
        except BaseException:
            if self._moves == before:  # the round goes on where it stopped, so this was no step
                self.steps -= 1
                self.time -= 1.0
            # Mesa plans the next step only after this one: a model whose step raised would stand still for ever.
            self._default_schedule.pause()
            self._default_schedule.resume()
            raise

    def close(self) -> None:
        """Give back what it took to ask language models; a model that is no longer needed does so by itself."""
        close(self.policy)

    def __getstate__(self) -> Any:
        name = type(self).__name__
        raise CoopError(f"a model cannot be pickled or copied; {name}(model.declared, rng=model.seed) makes it again")

    @property
    def observed(self) -> Mapping[str, float]:
        """The measures by name, now."""
        return self.staged.measures() if self._row is None else self._row

    def _collect(self) -> None:
        self._row = self.staged.measures()  # computed once for the reporters of all columns
        try:
            self.datacollector.collect(self)
        finally:
            self._row = None

    def frame(self) -> pandas.DataFrame:
        """What was collected: the time, then a column for each reporter."""
        import pandas

        collector = self.datacollector
        return pandas.DataFrame({"time": list(collector._collection_steps), **collector.model_vars})


def _measured(name: str, model: StagedModel) -> float:
    return float(model.observed[name])
