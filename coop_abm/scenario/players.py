"""Who is in the population: shares of it, each with a strategy and whoever decides for it."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, model_validator

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part, kind_of, knob
from coop_abm.scenario.minds import KINDS, AnyMind, Table
from coop_abm.strategies import AnyStrategy, Reciprocator


def _listed(given: Any) -> Any:
    """Scenario files have lists where parts have tuples."""
    return tuple(given) if isinstance(given, list) else given


class Players(Part):
    """A share of the population, or certain nodes, that start alike."""

    share: float = knob(1.0, "share", low=0, high=1, step=0.05, help="share of the population at the start")
    strategy: AnyStrategy = knob(Reciprocator(), "strategy", help="what they start with and pass on")
    policy: AnyMind = knob(Table(), "policy", help="who decides for them")
    nodes: Annotated[tuple[int, ...], BeforeValidator(_listed)] = knob(
        (), "nodes", help="nodes on which they start, counted from 0; their share is then their number"
    )

    @model_validator(mode="before")
    @classmethod
    def _spelled_out(cls, given: Any) -> Any:
        """``policy = "model", model = "..."``: knobs of the policy may stand beside its name."""
        if not isinstance(given, dict) or not isinstance(given.get("policy"), str):
            return given
        members = {kind_of(kind): kind for kind in KINDS}
        chosen = members.get(given["policy"])
        own = set(chosen.model_fields) - set(cls.model_fields) if chosen else set()
        inside = {name: value for name, value in given.items() if name in own}
        outside = {name: value for name, value in given.items() if name not in own}
        return outside | {"policy": {"kind": given["policy"], **inside}}

    @model_validator(mode="after")
    def _sits_somewhere(self) -> Self:
        if self.policy.seated and not self.nodes:
            raise ValueError("nodes: must name the nodes on which the human sits, counted from 0; got none")
        return self

    @property
    def label(self) -> str:
        """What those who start with this entry are called in results."""
        return self.policy.label(self.strategy.kind)


def seated_on(players: tuple[Players, ...], node: int, entry: Players) -> tuple[Players, ...]:
    """The same population with this entry on a node, last; whoever was declared for the node makes way.

    What can be inherited stays what it was: an entry that has no other node is kept as a share, of nobody.
    """
    nobody = 0.0 if any(not other.nodes for other in players) else 1.0  # shares add up to 1, also of no rest at all
    kept = []
    for other in players:
        if node in other.nodes:
            rest = tuple(n for n in other.nodes if n != node)
            other = other.model_copy(update={"nodes": rest, "share": other.share if rest else nobody})
        kept.append(other)
    return (*kept, entry)


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


def spelled(players: tuple[Players, ...]) -> str | None:
    """Who starts with what, in a word: ``allc:0.5,tft:0.25,alld:0.25``; None where more than that is declared.

    Knobs of the strategies are left out; they are changed one by one, as ``players.1.strategy.generosity``.
    """
    if any(entry.nodes or entry.policy != Table() for entry in players):
        return None
    return ",".join(f"{entry.strategy.kind}:{entry.share!r}" for entry in players)


def read(text: str) -> list[dict[str, Any]]:
    """What :func:`spelled` wrote, as plain values.

    >>> read("allc:0.5,alld:0.5")[1]
    {'share': 0.5, 'strategy': {'kind': 'alld'}}

    Raises
    ------
    ScenarioError
        where it is not written so
    """
    found: list[dict[str, Any]] = []
    for entry in text.split(","):
        kind, _, share = entry.strip().partition(":")
        try:
            found.append({"share": float(share), "strategy": {"kind": kind}})
        except ValueError:
            raise ScenarioError(
                f"players must be strategies with their shares, as in allc:0.5,alld:0.5; got {quoted(text)}"
            ) from None
    return found
