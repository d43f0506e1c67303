"""One event in three beats, in plain values and words: who is replaced, who competes, who wins."""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm.dashboard.frames import World
from coop_abm.dashboard.individual import name_of
from coop_abm.engine.witness import Event

#: Rivals that are drawn; of more, those who are most likely to win, and the winner.
DRAWN = 12


def account(event: Event, world: World, strategies: np.ndarray, time: int) -> dict[str, Any]:
    """One event as the page tells it.

    strategies : int (N,), who held what before the event
    time       : generations (rounds) done before it

    Keys: title, beats (three captions), order, mixed, focus, rivals (row, name, strategy, share, payoff, chosen, own),
    others (how many more there are, their summed share), before, after (strategies of the place), changes, places.
    """
    teller = _Teller(event, world, strategies)
    unit = "round" if world.scenario.clock == "round" else "generation"
    if event.order == "parent":
        title = f"place {event.first} in {unit} {time + 1}"
    elif world.scenario.clock == "round":
        title = f"individual {event.first} in round {time}" if event.of == len(strategies) else (
            f"replacement {event.at + 1} of {event.of} in round {time}")  # fmt: skip
    else:
        title = f"event {event.at + 1:,} of {event.of:,} in {unit} {time + 1}"
    rivals, others = teller.rivals()
    return {
        "title": title, "beats": teller.beats(), "order": event.order, "mixed": event.mixed,
        "focus": teller.site(event.first), "rivals": rivals, "others": others,
        "before": event.before, "after": event.after, "changes": event.before != event.after,
        "places": teller.places(),
    }  # fmt: skip


class _Teller:
    def __init__(self, event: Event, world: World, strategies: np.ndarray):
        self.event, self.world, self.strategies = event, world, strategies
        self.few = [name.replace("_", " ") for name in world.names]

    def site(self, site: int) -> dict[str, Any]:
        """One who takes part: an individual, or somebody of a strategy."""
        if self.event.mixed:
            return {"row": site, "name": f"some {self.few[site]}", "strategy": site}
        if site < 0:
            parent = self.strategies[self.event.parent]
            return {"row": -1, "name": "the newborn", "strategy": int(parent)}
        return {"row": site, "name": name_of(self.world.scenario, site), "strategy": int(self.strategies[site])}

    def call(self, site: int) -> str:
        """The same in a sentence."""
        if self.event.mixed:
            return f"an individual of strategy {self.few[site]}"
        if site < 0:
            return "the newborn"
        return f"individual {name_of(self.world.scenario, site)} ({self.few[int(self.strategies[site])]})"

    def rivals(self) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Those who are drawn, in the order of the kernel, and what is left of the others."""
        event = self.event
        order = np.argsort(-event.shares, kind="stable")[:DRAWN]
        won = event.rivals.tolist().index(event.chosen) if event.chosen in event.rivals else -1
        keep = set(order.tolist())
        if won >= 0 and won not in keep:
            keep = (keep - {int(order[-1])}) | {won}
        drawn = [
            self.site(int(event.rivals[k])) | {
                "share": float(event.shares[k]), "payoff": float(f"{event.payoff[k]:.4g}"), "chosen": k == won,
                "own": bool(event.rivals[k] == event.first and event.order == "revision"),
            } for k in sorted(keep)
        ]  # fmt: skip
        left = len(event.rivals) - len(keep)
        return drawn, {"count": left, "share": max(0.0, 1.0 - sum(r["share"] for r in drawn)) if left else 0.0}

    def places(self) -> dict[str, Any]:
        """Rows that the picture rings: focus, rivals (row, share), winner; empty where nobody keeps a place."""
        event = self.event
        if event.mixed or self.world.layout.seats or self.world.scenario.kin.diploid:
            return {}
        rivals = [[int(j), float(s)] for j, s in zip(event.rivals, event.shares, strict=True) if j >= 0]
        rivals.sort(key=lambda pair: -pair[1])
        return {"focus": event.first, "rivals": rivals[:400], "winner": event.chosen}

    def beats(self) -> list[str]:
        """Three captions."""
        event = self.event
        said = {
            "death": self._death, "revision": self._revision, "birth": self._birth, "group": self._group,
            "parent": self._parent,
        }[event.order]()  # fmt: skip
        return [*said[:2], f"{said[2]} {event.aftermath}".strip() if event.order != "group" else said[2]]

    @property
    def _where(self) -> str:
        """Which neighbours, where one meets others than those by whom one is replaced."""
        network = self.world.scenario.network
        return " on the graph of replacement" if network.enabled and network.two_graphs else ""

    def _odds(self) -> str:
        share = self.event.odds[self.event.first]
        return f"1 in {round(1 / share):,}" if abs(1 / share - round(1 / share)) < 1e-9 else percent(share)

    def _after(self) -> str:
        event = self.event
        if event.before == event.after:
            return f"The place held {self.few[event.before]} and still does."
        return f"The place turns from {self.few[event.before]} to {self.few[event.after]}."

    def _won(self) -> str:
        event = self.event
        share = float(event.shares[event.rivals.tolist().index(event.chosen)])
        return f"It was {percent(share)} likely."

    def _death(self) -> list[str]:
        event = self.event
        return [
            f"Who dies? {_capital(self.call(event.first))}. Its chance was {self._odds()}.",
            f"Who competes for the place? Its {len(event.rivals)} neighbours{self._where}, each with its fitness."
            if not event.mixed else "Who competes for the place? Everybody else, each with its fitness.",
            f"Who wins? {_capital(self.call(event.parent))}. {self._won()} {self._after()}",
        ]  # fmt: skip

    def _revision(self) -> list[str]:
        event = self.event
        first = f"Who looks around? {_capital(self.call(event.first))}."
        if event.model >= 0:
            chance = percent(event.chance)
            met = f"It meets {self.call(event.model)} and would copy it with a chance of {chance}."
            drew = f"The random number is {event.numbers['copied']:.3f}"
            copies = event.parent == event.model
            what = f"{drew}, below {event.chance:.3f}: it copies." if copies else f"{drew}: it keeps its own."
            return [first, f"Whose strategy may it carry on with? All that could happen, before chance speaks. {met}",
                    f"{what} {self._after()}"]  # fmt: skip
        by = "whoever earned most" if event.rule == "imitate_the_best" else "each with its fitness"
        who = "It takes up" if event.parent != event.first or event.mixed else "It keeps"
        whose = f"the strategy of {self.call(event.parent)}" if who == "It takes up" else "its own strategy"
        return [
            first, f"Whose strategy may it carry on with? Its own or a neighbour's{self._where}: {by}.",
            f"{who} {whose}. {self._won()} {self._after()}",
        ]  # fmt: skip

    def _birth(self) -> list[str]:
        event = self.event
        return [
            f"Who has an offspring? {_capital(self.call(event.first))}. Its chance was {self._odds()}, by its fitness.",
            f"Who may have to go? One of its neighbours{self._where}, whatever its payoff."
            if not event.mixed else "Who may have to go? Anybody else, whatever its payoff.",
            f"Who goes? {_capital(self.call(event.dead))}. {self._won()} {self._after()}",
        ]  # fmt: skip

    def _group(self) -> list[str]:
        event = self.event
        if event.dead >= 0:
            end = f"{_capital(self.call(event.dead))} goes. {self._after()}"
        elif event.chosen < 0:
            end = "The newborn goes, and nothing changes."
        else:
            end = f"The newborn lives; it is {self.few[event.after]}."
        parent = _capital(self.call(event.parent))
        return [f"Who has an offspring? {parent}. Its chance was {self._odds()}, by its fitness.", event.aftermath, end]

    def _parent(self) -> list[str]:
        event = self.event
        return [
            f"All die at once. Who takes the place of {self.call(event.first)}?",
            f"Everybody competes to be the parent: {len(event.rivals):,} individuals, each with its fitness.",
            f"The parent is {self.call(event.parent)}. {self._won()} {self._after()}",
        ]


def percent(share: float) -> str:
    """A share in words that fit its size."""
    return f"{100 * share:.1f} %" if share >= 0.001 else f"{100 * share:.2g} %"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
