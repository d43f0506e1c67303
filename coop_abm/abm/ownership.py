"""A Mesa model that goes when nobody refers to it, and not when the collector comes round."""

from __future__ import annotations

import weakref
from typing import Any

import mesa

from coop_abm.core.errors import CoopError


def own_nothing(model: mesa.Model) -> None:
    """Let a model that nobody refers to go at once, with its table.

    Mesa's constructor ties the model to itself: by its own methods, by the schedule of steps and by
    the scenario. All three work as well through weak references.
    """
    for name, value in list(vars(model).items()):
        if getattr(value, "__self__", None) is model:
            setattr(model, name, Unowned(value))
    for generator in model._event_generators:
        generator.model = weakref.proxy(model)
    object.__setattr__(model.scenario, "model", weakref.proxy(model))


class Unowned:
    """A method of a model that does not keep the model alive."""

    def __init__(self, method: Any):
        self._method = weakref.WeakMethod(method)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        method = self._method()
        if method is None:
            raise CoopError("the model of this method is gone: keep a reference to the model")
        return method(*arguments, **named)
