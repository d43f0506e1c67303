"""Sweeps of any Mesa model: what a run is, what it is seeded with, and what tells its cells apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Literal

import numpy as np

from coop_abm import lab
from coop_abm._version import __version__
from coop_abm.core.dice import cell_seed, model_seed, model_seeds
from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.collected import tables_of
from coop_abm.sweeps.constructor import Constructor
from coop_abm.sweeps.references import absolute, model_of, name_of, reference_of, source_digest
from coop_abm.sweeps.values import kept, plain, seed_tree
from coop_abm.sweeps.work import Cell, Outcome, Task, hash_of

Pairing = Literal["paired", "independent"]
#: Seeds that are made at once.
_TOGETHER = 64
#: What tells itself from any other by how it is written.
_EXACT = (bool, int, float, str)


class ModelWork:
    """Runs of a Mesa model class, with the rows of ``mesa.batch_run``.

    A run makes the model, steps it until it is no longer ``running`` or has taken `max_steps`, and reads what its
    ``datacollector`` holds. Replicate r of every cell gets the same seed,
    :func:`~coop_abm.core.dice.model_seed` of `seed` and r; a world of ours gets the root seed and r themselves.

    Parameters
    ----------
    model  : the class, or words that name one (:func:`~coop_abm.sweeps.references.model_of`)
    fixed  : parameters of all cells
    max_steps : after so many steps a run is over
    period : -1 keeps what was collected last, n every n-th collection
    seed   : the root seed
    rng    : a seed for each replicate, which reaches the model as it is; then `seed` is not read
    pairing : "independent" gives each cell a root seed of its own
    kept   : is what the runs give to be kept outside this process's memory? Then parameters and values must be plain,
             and the source of the model must be there to know it by
    extra  : keywords for the constructor that change no result, such as ``means``

    Attributes
    ----------
    identity : plain values, everything that cells have in common and that can change a result
    seed_name : what the seed is called in a row, rng or seed
    by_replicate : is this a world of ours, whose replicate r draws from the root seed and r?

    Raises
    ------
    InputError
        in one line, if runs of this class could not be repeated, or kept
    """

    def __init__(
        self, model: type | str, *, fixed: Mapping[str, Any] | None = None, max_steps: int = 1000, period: int = -1,
        seed: int = 0, rng: Iterable[Any] | None = None, pairing: Pairing = "paired", kept: bool = False,
        extra: Mapping[str, Any] | None = None,
    ):  # fmt: skip
        lab.check_seed(seed)
        if pairing not in ("paired", "independent"):
            raise InputError(f"pairing must be paired or independent; got {quoted(pairing)}")
        if rng is not None and pairing == "independent":
            raise InputError("pairing: cells cannot be independent where rng=[...] says what each run is seeded with")
        whole = isinstance(period, (int, np.integer)) and not isinstance(period, bool)
        if not whole or (period < 1 and period != -1):
            raise InputError(f"data_collection_period must be -1 (the last) or at least 1; got {quoted(period)}")
        if isinstance(max_steps, bool) or not isinstance(max_steps, (int, float, np.integer)) or not max_steps >= 0:
            raise InputError(f"max_steps must be a number, at least 0; got {quoted(max_steps)}")
        self.model: type = model_of(model) if isinstance(model, str) else _model(model)
        self._reference = absolute(model) if isinstance(model, str) else reference_of(self.model)
        self._constructor = Constructor(self.model)
        self.fixed, self.max_steps, self.period = dict(fixed or {}), max_steps, int(period)
        self.seed, self.rng, self.pairing = seed, None if rng is None else list(rng), pairing
        self._kept, self._extra = kept, dict(extra or {})
        self.by_replicate = rng is None and is_ours(self.model) and self._constructor.takes("replicate")
        self._checked: tuple[str, ...] | None = None
        self._first, self._seeds = 0, list[int]()
        self.identity = self._identity() if kept or pairing == "independent" else {"model": name_of(self.model)}
        self._common = hash_of(self.identity).hex()

    @property
    def seed_name(self) -> str:
        """What the seed of a run is called in its row."""
        return self._constructor.seed_name

    def _identity(self) -> dict[str, Any]:
        return {
            "model": name_of(self.model),
            "source": source_digest(self.model),
            "fixed": {name: plain(value, name) for name, value in self.fixed.items()},
            "max_steps": plain(self.max_steps, "max_steps"),
            "period": self.period,
            "seeds": self.seed if self.rng is None else [seed_tree(seed) for seed in self.rng],
            "pairing": self.pairing,
            "versions": {"coop_abm": __version__, "mesa": version("mesa")},
        }

    # ---------------------------------------------------------------------------------------- cells

    def cell(self, parameters: Mapping[str, Any]) -> Cell:
        """The cell of these parameters.

        Raises
        ------
        InputError
            naming a parameter that the model does not take, that it needs, or that tells no cells apart
        """
        names = tuple(parameters)
        if names != self._checked:
            self._constructor.check([*self.fixed, *names])
            self._checked = names
        if is_ours(self.model) and hasattr(self.model, "declaring"):  # a misspelt knob is refused before any run
            self.model.declaring(**self._constructor.declaring({**self.fixed, **parameters}))
        if self._kept or self.pairing == "independent":
            values = {name: plain(value, name) for name, value in parameters.items()}
            return Cell(parameters, hash_of({"work": self._common, "cell": values}))
        # Any object may be a parameter, as for Mesa; whoever asks holds on to it, so no other has its number.
        marks = [value if value is None or type(value) in _EXACT else [id(value)] for value in parameters.values()]
        return Cell(parameters, hashlib.sha256(repr((names, marks)).encode("utf-8", "surrogatepass")).digest())

    def source(self, cell: Cell, replicate: int) -> Any:
        """What this run is seeded with.

        Raises
        ------
        InputError
            if `rng` has no seed for it
        """
        if self.rng is not None:
            if replicate >= len(self.rng):
                raise InputError(f"rng holds {len(self.rng)} seeds; got replicate {replicate}, counted from 0")
            return self.rng[replicate]
        if self.pairing == "independent":
            root = cell_seed(self.seed, cell.hash)
            return root if self.by_replicate else model_seed(root, replicate)
        return self.seed if self.by_replicate else self._shared(replicate)

    def _shared(self, replicate: int) -> int:
        """The seed of this replicate in every cell."""
        if not 0 <= replicate - self._first < len(self._seeds):
            self._first = replicate - replicate % _TOGETHER
            self._seeds = model_seeds(self.seed, self._first, _TOGETHER)
        return self._seeds[replicate - self._first]

    def most_together(self, cell: Cell) -> int:
        """One: models are not done faster together."""
        return 1

    # ----------------------------------------------------------------------------------------- runs

    def perform(self, task: Task) -> list[Outcome]:
        """Do the runs, one after the other; whatever the model raises is raised."""
        return [self._run(task.cell, replicate) for replicate in range(task.first, task.first + task.runs)]

    def _run(self, cell: Cell, replicate: int) -> Outcome:
        seed = self.source(cell, replicate)
        given = {**self.fixed, **cell.parameters, **self._extra}
        if self.by_replicate:
            given["replicate"] = replicate
        model = self._constructor.made(given, seed)
        if not hasattr(model, "datacollector"):
            raise InputError(self.uncollected)
        while model.running and model.steps < self.max_steps:
            model.step()
        outcome = Outcome(replicate, seed, tables_of(model, self.period))
        return kept(outcome) if self._kept else outcome

    @property
    def uncollected(self) -> str:
        """What is wrong with a model that collects nothing."""
        return (
            f"{self.model.__name__}: has no datacollector, so its runs would have no rows; set self.datacollector = "
            "mesa.DataCollector(...) in its constructor"
        )

    # ------------------------------------------------------------------------------------- pickling

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "_constructor"}
        if self._reference:
            del state["model"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._reference:
            self.model = model_of(self._reference)
        self._constructor = Constructor(self.model)


#: Models whose replicate r draws from the root seed and r, and that know measures and means.
_OURS = {("coop_abm.abm.model", "CoopModel"), ("coop_abm.abm.staged", "StagedModel")}


def is_ours(model: type) -> bool:
    """Is this CoopModel, StagedModel or a subclass? Told by name: loading them takes a second that others save."""
    return any((base.__module__, base.__name__) in _OURS for base in model.__mro__)


#: What a subclass of CoopModel may define and still be a world that is declared by its knobs alone.
_WORDS = {"default", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate_func__",
          "__annotations_cache__", "__annotate__", "__static_attributes__", "__firstlineno__", "__parameters__",
          "__orig_bases__", "__type_params__", "observables"}  # fmt: skip


def is_plain_world(model: type) -> bool:
    """Is this CoopModel, or a subclass that does nothing but name a world?"""
    at = next((at for at, base in enumerate(model.__mro__) if base.__name__ == "CoopModel"), None)
    return at is not None and is_ours(model) and all(set(vars(base)) <= _WORDS for base in model.__mro__[:at])


def _model(given: Any) -> type:
    from mesa import Model

    if isinstance(given, type) and issubclass(given, Model):
        return given
    raise InputError(f"model must be a subclass of mesa.Model; got {quoted(given)}")
