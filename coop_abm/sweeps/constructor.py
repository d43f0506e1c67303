"""How a Mesa model is made of flat names and a seed: as keywords, or inside a Mesa Scenario."""

from __future__ import annotations

import difflib
import inspect
import sys
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from coop_abm.core.errors import InputError, quoted

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Constructor:
    """Makes models of one class.

    Attributes
    ----------
    model : the class
    seed_name : what the seed is called in a row: seed where the class has such a parameter, as for Mesa; else rng
    seeded_by_scenario : does the class take its seed, and what else it has no parameter for, in a Mesa Scenario?

    Raises
    ------
    InputError
        if no seed can be given to the class
    """

    def __init__(self, model: type):
        self.model = model
        parameters = inspect.signature(model).parameters
        self._anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
        self._names = {name for name, p in parameters.items() if p.kind in _NAMED}
        self._needed = {n for n, p in parameters.items() if n in self._names and p.default is inspect.Parameter.empty}
        self.seed_name = "seed" if "seed" in parameters else "rng"
        seeded = self.seed_name in self._names or self._anything
        self.seeded_by_scenario = not seeded and "scenario" in self._names
        if not seeded and not self.seeded_by_scenario:
            raise InputError(
                f"{model.__name__}: takes no rng, seed or scenario, so its runs could not be repeated; give its "
                "constructor a parameter rng and hand it to super().__init__(rng=rng)"
            )
        if self.seeded_by_scenario:
            self._names -= {"scenario"}
            self._needed -= {"scenario"}
            self._kind, self._start = _scenario(model, parameters["scenario"])
            self._fields = _fields(self._kind) | set(self._start)

    def takes(self, name: str) -> bool:
        """Can this be given by name?"""
        return self._anything or name in self._names or (self.seeded_by_scenario and name in self._fields)

    def declaring(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Of these parameters those that declare a world of ours: the world, and its knobs by flat name."""
        return {name: value for name, value in parameters.items() if name == "declared" or name not in self._names}

    def check(self, names: Iterable[str]) -> None:
        """Refuse parameters that the class does not take, or that are missing.

        Raises
        ------
        InputError
            naming the first of them
        """
        given = list(names)
        for name in given:
            if name == self.seed_name:
                raise InputError(f"{name}: is what each run is seeded with; give rng=[...] beside the parameters")
            if not isinstance(name, str) or not self.takes(name):
                raise InputError(self._unknown(name))
        missing = sorted(self._needed - {self.seed_name, *given})
        if missing:
            raise InputError(f"{missing[0]}: {self.model.__name__} needs a value for it")

    def _unknown(self, name: Any) -> str:
        known = set(self._names) - {self.seed_name}
        where = self.model.__name__
        if self.seeded_by_scenario:
            if name == "scenario":
                return (
                    f"scenario: {where} is made with a {self._kind.__name__} for each run; give its fields by name: "
                    f"{', '.join(sorted(self._fields))}"
                )
            known |= self._fields
            where = f"{where} with its {self._kind.__name__}"
        near = difflib.get_close_matches(str(name), sorted(known), 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        return f"parameters: {where} takes {', '.join(sorted(known)) or 'none'}; got {quoted(name)}{meant}"

    def made(self, parameters: Mapping[str, Any], seed: Any) -> Any:
        """A new model with these parameters and this seed."""
        if not self.seeded_by_scenario:
            return self.model(**parameters, **{self.seed_name: seed})
        own = {name: value for name, value in parameters.items() if name in self._names}
        flat = {name: value for name, value in parameters.items() if name not in self._names}
        return self.model(**own, scenario=self._kind(**{**self._start, **flat}, rng=seed))


def _scenario(model: type, parameter: inspect.Parameter) -> tuple[type, dict[str, Any]]:
    """The Scenario class of a model, and with which fields to start if the class declares none.

    In this order: what `scenario` is annotated as, the type of its default, the only Scenario in the module of the
    model or of one of its bases, what a model that is made without one has.
    """
    from mesa.experimental.scenarios import Scenario

    def own(kind: Any) -> bool:
        return isinstance(kind, type) and issubclass(kind, Scenario) and kind is not Scenario

    try:
        annotation = typing.get_type_hints(model.__init__).get("scenario")  # type: ignore[misc]
    except (NameError, TypeError):  # a name that only type checkers see
        annotation = None
    declared = [kind for kind in (annotation, *typing.get_args(annotation)) if own(kind)]
    if len(declared) == 1:
        return declared[0], {}
    if own(type(parameter.default)):
        return type(parameter.default), _given(parameter.default)
    for base in model.__mro__:
        around = vars(sys.modules[base.__module__]).values()
        there = {kind for kind in around if own(kind) and kind.__module__ == base.__module__}
        if len(there) == 1:
            return there.pop(), {}
    try:
        made = model().scenario
    except Exception as error:  # somebody else's constructor may raise anything
        raise InputError(
            f"{model.__name__}: which Scenario it takes cannot be told; annotate the parameter: scenario: MyScenario "
            f"({type(error).__name__}: {quoted(str(error), 200)[1:-1]})"
        ) from error
    return type(made), _given(made)


def _given(scenario: Any) -> dict[str, Any]:
    return {name: value for name, value in scenario if name not in ("rng", "model", "_scenario_id")}


def _fields(kind: type) -> set[str]:
    """What a Scenario class declares, with a default or without."""
    from mesa.experimental.scenarios import Scenario

    names: set[str] = set()
    for base in kind.__mro__:
        if base is not Scenario and issubclass(base, Scenario):
            plain = {
                n
                for n, v in vars(base).items()
                if not callable(v) and not isinstance(v, (property, staticmethod, classmethod))
            }
            names |= {*inspect.get_annotations(base), *plain}
    return {name for name in names if not name.startswith("_")} - {"rng", "model", "scenario_id"}
