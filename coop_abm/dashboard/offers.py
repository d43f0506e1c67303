"""Worlds that people can sit in: presets for one and for a class, and what makes a world playable on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.games import Donation
from coop_abm.mechanisms import Direct, Group, Indirect, Kin, Network
from coop_abm.norms import SternJudging
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Table
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllC, AllD, Discriminator, Grim, TitForTat, WinStayLoseShift
from coop_abm.structures import Ring, Star, Torus
from coop_abm.updates import BirthDeath, DeathBirth, PairwiseComparison

#: People are asked one by one, so worlds are small enough to be looked at.
LARGEST = 10_000


class Offer(NamedTuple):
    """A world on offer.

    name, title : in links, and on the page
    words  : what it is about, in a sentence or two
    make   : seed -> the world
    rounds : how many make a game
    """

    name: str
    title: str
    words: str
    make: Callable[[int], Scenario]
    rounds: int


def strangers(seed: int) -> Scenario:
    """You in the middle of five strangers; who is who is drawn anew with each seed."""
    played = (TitForTat(), AllC(), AllD(), Grim(), WinStayLoseShift())
    order = np.random.default_rng(seed).permutation(len(played))
    others = tuple(Players(nodes=(node + 1,), strategy=played[k]) for node, k in enumerate(order))
    return Scenario(
        name="five_strangers", size=6, partners="all", game=Donation(benefit=3.0), update=BirthDeath(intensity=0.0),
        players=(Players(nodes=(0,), strategy=TitForTat()), *others),
        direct=Direct(enabled=True, continuation=0.85), network=Network(enabled=True, graph=Star()),
    )  # fmt: skip


def _half(*strategies: type) -> tuple[Players, ...]:
    return tuple(Players(share=1 / len(strategies), strategy=kind()) for kind in strategies)


def _copied(name: str, **parts: object) -> Scenario:
    """Twenty who meet one another, half of whom help; what pays better is copied more often."""
    usual = {
        "size": 20, "game": Donation(benefit=3.0), "update": PairwiseComparison(intensity=0.5),
        "players": _half(AllC, AllD),
    }  # fmt: skip
    return Scenario(name=name, **{**usual, **parts})  # type: ignore[arg-type]


def mixed(_seed: int) -> Scenario:
    """None of the five rules."""
    return _copied("no_rule")


def ring(_seed: int) -> Scenario:
    """Neighbours on a ring."""
    copied = DeathBirth(intensity=0.5, replacements=5)
    return _copied("ring", partners="all", update=copied, network=Network(enabled=True, graph=Ring(degree=2)))


def reputation(_seed: int) -> Scenario:
    """A torus on which deeds are judged and everybody's standing is known."""
    return _copied(
        "reputation", size=25, game=Donation(benefit=5.0), network=Network(enabled=True, graph=Torus(neighbours=4)),
        players=_half(Discriminator, AllD),
        indirect=Indirect(enabled=True, visibility=1.0, assessment=SternJudging()),
    )  # fmt: skip


def again(_seed: int) -> Scenario:
    """Partners meet again."""
    return _copied("again", players=_half(TitForTat, AllD), direct=Direct(enabled=True, continuation=0.7))


def family(_seed: int) -> Scenario:
    """Half of what the partner gets is felt as one's own."""
    return _copied("kin", kin=Kin(enabled=True, relatedness=0.5))


def groups(_seed: int) -> Scenario:
    """Groups that grow and split."""
    return _copied("groups", update=BirthDeath(intensity=0.5), group=Group(enabled=True, size=5, split=0.05))


ALONE = (
    Offer("strangers", "Five strangers", "You meet five strangers again and again; each follows a rule of its own. "
          "Find out who they are before you are told.", strangers, 1),
    Offer("ring", "A ring of neighbours", "Twenty on a ring, each meets the two beside it. What pays better is "
          "copied by those around.", ring, 10),
    Offer("reputation", "A town with reputations", "A torus of twenty-five. What you do is judged, and whoever meets "
          "you next knows your standing.", reputation, 10),
)  # fmt: skip

CLASS = (
    Offer("ring", "Neighbours on a ring", "Network: each meets the two beside it.", ring, 10),
    Offer("reputation", "Reputation", "Indirect reciprocity: deeds are judged, and standing is known.", reputation, 10),
    Offer("again", "Meeting again", "Direct reciprocity: partners meet again with chance 0.7.", again, 6),
    Offer("kin", "Kin", "Half of what the other gets counts as yours.", family, 10),
    Offer("groups", "Groups", "You meet inside your group; groups that do well grow and split.", groups, 10),
    Offer("mixed", "No rule", "Everybody may meet everybody, once.", mixed, 10),
)  # fmt: skip


def offered(name: str, among: tuple[Offer, ...]) -> Offer:
    """The offer of this name.

    Raises
    ------
    InputError
        if there is none
    """
    found = next((offer for offer in among if offer.name == name), None)
    if found is None:
        raise InputError(f"world must be one of {', '.join(o.name for o in among)}; got {name!r}")
    return found


def playable(scenario: Scenario) -> Scenario:
    """The same world with a table for every node, so that people can come and go.

    Raises
    ------
    ScenarioError
        on the event clock, with language models or policies of one's own, where partners talk, or if it is too large
    """
    if scenario.clock != "round":
        raise ScenarioError("clock: must be round, on which individuals decide; on the event clock nobody is asked")
    if scenario.talk != "never":
        raise ScenarioError("talk: must be never on this page; `coop-abm play` asks for words as well")
    if scenario.size > LARGEST:
        raise ScenarioError(f"size must be at most {LARGEST:,} to sit in; got {scenario.size:,}")
    if any(not (entry.policy.tabled or entry.policy.seated) for entry in scenario.players):
        raise ScenarioError("players.policy: must be table or human here; `coop-abm play` asks the others as well")
    tables = tuple(entry.model_copy(update={"policy": Table()}) for entry in scenario.players)
    return scenario.model_copy(update={"players": tables})


def can_sit(scenario: Scenario) -> bool:
    """Is it one of those?"""
    try:
        playable(scenario)
    except ScenarioError:
        return False
    return True


def fitted(scenario: Scenario, people: int) -> Scenario:
    """The same world with room for so many people: the next size that its parts permit.

    Raises
    ------
    ScenarioError
        if no size up to twice as large has room
    """
    for size in range(max(scenario.size, people), 2 * max(scenario.size, people) + 2):
        try:
            grown = replace(scenario, {"size": size})
            grown.answers(0)
        except InputError:
            continue
        return grown
    raise ScenarioError(f"size: this world has no room for {people} people")
