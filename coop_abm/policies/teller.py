"""Who knows what may be said in a world, and how it is said to each of its individuals."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any, Protocol

from coop_abm.core.errors import ScenarioError
from coop_abm.core.question import Question
from coop_abm.engine.staged import Staged
from coop_abm.llm.facts import Manner
from coop_abm.scenario.minds import Model


class Teller(Protocol):
    """What a world brings so that language models can play in it.

    dialect : name of the dialect whose facts it fills in, see ``llm/dialects``
    """

    @property
    def dialect(self) -> str:
        """Name of a dialect."""
        ...

    def manner(self, mind: Model, individual: int) -> Manner:
        """How things are said to this individual."""
        ...

    def facts(self, question: Question, minds: list[Model]) -> Iterator[Any]:
        """The facts of each row, in order, for the model that decides it; also of the stages of a plan."""
        ...

    def fallback(self, kind: str, question: Question, q: int) -> Any:
        """What is done for row q in the place of a reply that is no answer, where `kind` is the model's fallback.

        Parameters
        ----------
        kind : cooperate, defect or random; never asked where nothing but words is decided

        Returns
        -------
        what the choices of the question permit to this row; of several choices a dict by their names, in which
        words may be missing: then nothing is said
        """
        ...


def teller_of(world: Staged) -> Teller:
    """The teller that a world names for itself: its declaration says ``teller = "module:Name"``.

    Raises
    ------
    ScenarioError
        if it names none: then no language model can play in this world
    """
    named = getattr(world.declared, "teller", "")
    if not named:
        raise ScenarioError(f"policy must be table: nothing of {type(world.declared).__name__} is told in words")
    module, _, name = named.partition(":")
    return getattr(importlib.import_module(module), name)(world)
