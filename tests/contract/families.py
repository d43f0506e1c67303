"""Every kind of part there is, and the smallest world that uses it.

A contract test is parametrised over these, so a new part inherits all of them:
``pytest tests/contract -k its_kind``.
"""

from __future__ import annotations

from typing import Any

import pytest

from coop_abm import games, norms, strategies, structures, updates
from coop_abm.core.part import Part, kind_of
from coop_abm.mechanisms import RULES
from coop_abm.scenario import Players, Scenario
from coop_abm.strategies import AllD

FAMILIES: dict[str, tuple[type[Part], ...]] = {
    "games": games.KINDS,
    "strategies": strategies.KINDS,
    "norms": norms.KINDS,
    "updates": updates.KINDS,
    "structures": structures.KINDS,
}

#: What has no neutral value and must be given.
GIVEN: dict[str, dict[str, Any]] = {
    "edges": {"size": 12, "edges": [(i, i + 1, 1.5) for i in range(11)], "labels": [f"node {i}" for i in range(12)]},
}


def members(family: str) -> list[Any]:
    """The kinds of a family as test parameters, each under its own name."""
    return [pytest.param(kind, id=kind_of(kind)) for kind in FAMILIES[family]]


def every_part() -> list[Any]:
    """All kinds of all families, and the five rules."""
    parts = [pytest.param(kind, id=f"{family}-{kind_of(kind)}") for family in FAMILIES for kind in FAMILIES[family]]
    return parts + [pytest.param(rule, id=f"mechanisms-{name}") for name, rule in RULES.items()]


def made(kind: type[Part]) -> Part:
    """The part with its defaults."""
    return kind(**GIVEN.get(kind_of(kind), {})) if "kind" in kind.model_fields else kind()


def home(kind: type[Part]) -> str:
    """The folder in which a kind of part lives."""
    return kind.__module__.split(".")[1]


def world_with(part: Part) -> Scenario:
    """Twelve individuals in a world that uses the part."""
    if type(part) in RULES.values():
        name = next(name for name, rule in RULES.items() if rule is type(part))
        return Scenario(size=12, **{name: part.model_copy(update={"enabled": True})})
    family = home(type(part))
    if family == "games":
        return Scenario(size=12, game=part)
    if family == "strategies":
        return Scenario(size=12, players=(Players(share=0.5, strategy=part), Players(share=0.5, strategy=AllD())))
    if family == "norms":
        return Scenario(size=12, indirect={"enabled": True, "visibility": 0.5, "assessment": part})
    if family == "updates":
        return Scenario(size=12, update=part)
    if getattr(part, "directed", False):  # whose fitness must be constant
        game = {"kind": "donation", "benefit": 0.0}
        return Scenario(size=12, network={"enabled": True, "graph": part}, clock="event", game=game)
    return Scenario(size=12, network={"enabled": True, "graph": part})
