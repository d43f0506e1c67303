"""Who is in the population: shares of it, each with a strategy and whoever decides for it."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, field_validator

from coop_abm.core.part import Part, knob
from coop_abm.strategies import AnyStrategy, Reciprocator

#: Kinds of policy that this version can run; ``policies/roster.py`` resolves them.
POLICIES = ("table",)


def _listed(given: Any) -> Any:
    """Scenario files have lists where parts have tuples."""
    return tuple(given) if isinstance(given, list) else given


class Players(Part):
    """A share of the population, or certain nodes, that start alike."""

    share: float = knob(1.0, "share", low=0, high=1, step=0.05, help="share of the population at the start")
    strategy: AnyStrategy = knob(Reciprocator(), "strategy", help="what they start with and pass on")
    policy: str = knob("table", "policy", help="who decides for them")
    nodes: Annotated[tuple[int, ...], BeforeValidator(_listed)] = knob(
        (), "nodes", help="nodes on which they start, counted from 0; their share is then their number"
    )

    @field_validator("policy")
    @classmethod
    def _can_be_run(cls, policy: str) -> str:
        if policy not in POLICIES:
            raise ValueError(f"must be one of {', '.join(POLICIES)} in this version")
        return policy


def head_count(players: tuple[Players, ...], size: int) -> list[int]:
    """How many individuals of each entry a population of `size` starts with.

    Entries with nodes have as many individuals as nodes; the others share the rest, rounded by largest
    remainder, so that the counts add up to `size`.

    >>> head_count((Players(share=0.5), Players(share=0.5)), 5)
    [3, 2]
    >>> head_count((Players(share=1.0), Players(nodes=(7,))), 10)
    [9, 1]
    """
    seated = sum(len(entry.nodes) for entry in players)
    exact = [0.0 if entry.nodes else entry.share * (size - seated) for entry in players]
    counts = [math.floor(x + 1e-9) for x in exact]
    drifting = [e for e, entry in enumerate(players) if not entry.nodes]
    by_remainder = sorted(drifting, key=lambda e: (counts[e] - exact[e], e))
    for e in by_remainder[: size - seated - sum(counts)]:
        counts[e] += 1
    return [len(entry.nodes) or count for entry, count in zip(players, counts, strict=True)]
