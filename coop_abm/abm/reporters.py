"""What a model collects: every measure, the share of each strategy, and what the user adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from mesa.datacollection import DataCollector

from coop_abm.core.errors import InputError, ReporterError, quoted

if TYPE_CHECKING:
    import numpy as np

    from coop_abm.abm.model import CoopModel

#: What is easily asked of every agent: ``CoopModel(..., agent_reporters=AGENT_REPORTERS)``, or some of
#: the names, ``agent_reporters=["strategy", "payoff"]``. Nothing is collected of agents unless asked.
AGENT_REPORTERS = {name: name for name in ("strategy", "cooperates", "payoff", "standing", "group")}

#: Reporters as Mesa takes them, or just the names of attributes.
Reporters = Mapping[str, Any] | Iterable[str] | None


def by_name(reporters: Reporters, what: str) -> dict[str, Any]:
    """Reporters by name; a bare name reports the attribute of this name.

    Raises
    ------
    InputError
        if they are neither a mapping nor names
    """
    if reporters is None:
        return {}
    if isinstance(reporters, Mapping):
        named = dict(reporters)
    else:
        names = [reporters] if isinstance(reporters, str) else list(reporters)
        named = {name: name for name in names}
    for name in named:
        if not isinstance(name, str):
            raise InputError(f"{what}: a reporter needs a name; got {quoted(name)}")
    return named


def _measured(name: str, model: CoopModel) -> float:
    return model.collected[name]


def measure_reporters(strategies: tuple[str, ...], measures: tuple[str, ...]) -> dict[str, Any]:
    """One reporter for each of these measures and for the share of each strategy."""
    return {name: partial(_measured, name) for name in (*measures, *(f"share_{name}" for name in strategies))}


class Series(DataCollector):
    """A DataCollector whose columns are always of one length.

    Mesa's own appends value by value, so a reporter that raises leaves columns that no longer belong
    together. Here a row is kept when all of it is there.
    """

    def extend(self, times: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
        """Many rows of the model at once; `columns` has one for each of its reporters."""
        self._collection_steps.extend(times.tolist())
        for name, column in columns.items():
            self.model_vars[name].extend(column.tolist())

    def collect(self, model: CoopModel) -> None:
        """One row of the model, and of each agent where something is asked of agents.

        Raises
        ------
        ReporterError
            naming the reporter, the step and the cause; what was collected before stays whole
        """
        row = {name: _reported(name, reporter, model) for name, reporter in self.model_reporters.items()}
        agents = []
        if self.agent_reporters:
            for agent in model.agents:
                values = (_asked(name, ask, agent, model) for name, ask in self.agent_reporters.items())
                agents.append((model.time, agent.unique_id, *values))
        self._collection_steps.append(model.time)
        for name, value in row.items():
            self.model_vars[name].append(value)
        if self.agent_reporters:
            self._agent_records[model.time] = agents


def _reported(name: str, reporter: Any, model: CoopModel) -> Any:
    try:
        if isinstance(reporter, str):
            return deepcopy(getattr(model, reporter))
        if isinstance(reporter, list):
            return deepcopy(reporter[0](*reporter[1]))
        if isinstance(reporter, (FunctionType, partial)):
            return deepcopy(reporter(model))
        return deepcopy(reporter())  # a bound method, as Mesa has it
    except Exception as error:  # a user's reporter may raise anything
        raise _failed(name, model, error) from error


def _asked(name: str, ask: Any, agent: Any, model: CoopModel) -> Any:
    try:
        value = ask(agent)
        return value if isinstance(value, (str, int, float, tuple)) else deepcopy(value)
    except Exception as error:  # a user's reporter may raise anything
        raise _failed(name, model, error) from error


def _failed(name: str, model: CoopModel, error: Exception) -> ReporterError:
    cause = f"{type(error).__name__}: {quoted(str(error), 200)[1:-1]}"
    return ReporterError(f"reporter {quoted(name)} failed at step {model.steps}: {cause}")
