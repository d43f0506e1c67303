"""Who is in the population: shares of it, each with a strategy and whoever decides for it."""

from __future__ import annotations

import math

from pydantic import field_validator

from coop_abm.core.part import Part, knob
from coop_abm.strategies import AnyStrategy, Reciprocator

#: Kinds of policy that this version can run; ``policies/roster.py`` resolves them.
POLICIES = ("table",)


class Players(Part):
    """A share of the population that starts alike."""

    share: float = knob(1.0, "share", low=0, high=1, step=0.05, help="share of the population at the start")
    strategy: AnyStrategy = knob(Reciprocator(), "strategy", help="what they start with and pass on")
    policy: str = knob("table", "policy", help="who decides for them")

    @field_validator("policy")
    @classmethod
    def _can_be_run(cls, policy: str) -> str:
        if policy not in POLICIES:
            raise ValueError(f"must be one of {', '.join(POLICIES)} in this version")
        return policy


def head_count(players: tuple[Players, ...], size: int) -> list[int]:
    """How many individuals of each entry a population of `size` starts with.

    Shares are rounded by largest remainder, so that the counts add up to `size`.

    >>> head_count((Players(share=0.5), Players(share=0.5)), 5)
    [3, 2]
    """
    exact = [entry.share * size for entry in players]
    counts = [math.floor(x + 1e-9) for x in exact]
    by_remainder = sorted(range(len(players)), key=lambda e: (counts[e] - exact[e], e))
    for e in by_remainder[: size - sum(counts)]:
        counts[e] += 1
    return counts
