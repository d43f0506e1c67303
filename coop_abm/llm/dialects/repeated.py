"""A repeated game of the same N players, in words: who pays what, what was done, and what one is told of the others.

Two actions have neutral labels, so only payoffs say which of them is to cooperate: the one that is better for the
others, at a tie the one that is worse for oneself, then the one listed first. In a game of two who want to *meet* (the
battle of the sexes) the labels are places to which both can go, as in the literature: whoever goes to the own
favourite place and whoever gives way to it name the same place. A reader knows such a game by its payoff lines, which
pay two who name the same place differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coop_abm.llm.dialect import Dialect, Form, Label, check_manner
from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import Asks, Heard, Paragraph
from coop_abm.llm.rules import Answer, Horizon, Opening, Persona
from coop_abm.llm.state import Payoff
from coop_abm.llm.wording import Wording, number, whole

Pays = tuple[tuple[float, ...], tuple[float, ...]]


class Turns(NamedTuple):
    """One decision.

    stage     : act
    pays      : ((C with 0 .. N - 1 others who cooperate), (D with the same)), payoff of one round
    seat      : the own place among the players, from 0 (a prompt counts from 1)
    round     : when, from 0
    meets     : are the labels places at which two meet?
    horizon   : how many rounds there are; None: nobody knows
    own, helpers : own actions so far (0 to cooperate), and how many of the others cooperated, oldest first
    payoff    : of the last round; None in the first
    others    : of each other player its personality as one is told, in order of seats; empty: nothing is told
    knowledge : probability with which each of them has it; None where nothing is told
    """

    stage: str
    pays: Pays
    seat: int
    round: int
    meets: bool = False
    horizon: int | None = None
    own: tuple[int, ...] = ()
    helpers: tuple[int, ...] = ()
    payoff: float | None = None
    others: tuple[str, ...] = ()
    knowledge: float | None = None


class Members(Paragraph):
    """How many players there are, and which of them one is."""

    def say(self, facts: Turns, manner: Manner, wording: Wording) -> Sequence[str]:
        told = {"members": whole(len(facts.pays[0])), "player": whole(facts.seat + 1)}
        return (wording.system["members"].fill(**told),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.system["members"], "how many players there are")
        heard.facts["seat"], heard.facts["others"] = int(found["player"]) - 1, ()
        # Payoffs come next; until then only their number is known.
        heard.facts["pays"] = ((0.0,) * int(found["members"]),) * 2


class Round(Paragraph):
    """The two actions and what they pay, as points won or as points lost."""

    def say(self, facts: Turns, manner: Manner, wording: Wording) -> Sequence[str]:
        order = (1, 0) if manner.swapped else (0, 1)
        first, second = (manner.labels[action] for action in order)
        lines = wording.system
        said = [lines["turn"].fill(first=first, second=second), lines[f"points_{manner.framing}"].text]
        if len(facts.pays[0]) == 2:
            return [*said, *_of_two(facts, manner, wording, order)]
        sign = -1.0 if manner.framing == "penalty" else 1.0
        most = len(facts.pays[0]) - 1
        for own in order:
            for count in range(most + 1):
                helpers = most - count if manner.swapped else count
                told = {"own": manner.labels[own], "other": first, "helpers": whole(count)}
                yours = number(sign * facts.pays[own][helpers])
                said.append(lines[f"many_{manner.framing}"].fill(yours=yours, **told))
        return [*said, lines["same"].text]

    def hear(self, heard: Heard, wording: Wording) -> None:
        named = heard.require(wording.system["turn"], "what the two actions are")
        framings = {framing: wording.system[f"points_{framing}"].text for framing in ("reward", "penalty")}
        framing = heard.take_one_of(framings)
        if framing is None:
            raise ValueError(f"line {heard.at + 1} should say how points count")
        heard.manner["framing"] = framing
        size = len(heard.facts["pays"][0])
        listed, meets = _heard_two(heard, wording, framing) if size == 2 else _heard_many(heard, wording, framing, size)
        labels = named["first"], named["second"]
        turned = not first_helps(listed)
        heard.manner["labels"], heard.manner["swapped"] = (labels[::-1] if turned else labels), turned
        heard.facts["pays"] = tuple(row[::-1] for row in listed[::-1]) if turned else listed
        heard.facts["meets"] = meets


def _of_two(facts: Turns, manner: Manner, wording: Wording, order: tuple[int, int]) -> list[str]:
    """A line for each pair of labels, the own first; places are the same for both, so the other's action is turned."""
    sign = -1.0 if manner.framing == "penalty" else 1.0
    fill, said = wording.system[f"payoff_{manner.framing}"].fill, []
    for own in order:
        for shown in order:
            other = 1 - shown if facts.meets else shown
            yours, theirs = facts.pays[own][1 - other], facts.pays[other][1 - own]
            said.append(
                fill(
                    own=manner.labels[own], other=manner.labels[shown], yours=number(sign * yours),
                    theirs=number(sign * theirs),
                )
            )  # fmt: skip
    return said


def _heard_two(heard: Heard, wording: Wording, framing: str) -> tuple[Pays, bool]:
    """Payoffs by the own listed action and by how many others took the first, and whether labels are places."""
    sign, line = (-1.0 if framing == "penalty" else 1.0), wording.system[f"payoff_{framing}"]
    found = [heard.require(line, "what one round brings") for _ in range(4)]
    yours, theirs = ([sign * float(each[key]) + 0.0 for each in found] for key in ("yours", "theirs"))
    meets = yours != [theirs[0], theirs[2], theirs[1], theirs[3]]
    # Columns are the other's label; where that is a place, the other's action is the opposite one.
    rows = ((yours[0], yours[1]), (yours[2], yours[3]))
    return (rows if meets else (rows[0][::-1], rows[1][::-1])), meets


def _heard_many(heard: Heard, wording: Wording, framing: str, size: int) -> tuple[Pays, bool]:
    sign, line = (-1.0 if framing == "penalty" else 1.0), wording.system[f"many_{framing}"]
    cells = [sign * float(heard.require(line, "what one round brings")["yours"]) + 0.0 for _ in range(2 * size)]
    heard.require(wording.system["same"], "that the same holds for all")
    return (tuple(cells[:size]), tuple(cells[size:])), False


def first_helps(listed: Pays) -> bool:
    """Is the first of two listed actions the one that is to cooperate, as far as payoffs tell?

    listed : payoff to the first and the second action where 0 .. N - 1 of the others take the first

    >>> first_helps(((-10.0, -2.0), (-6.0, 0.0))), first_helps(((0.0, -6.0), (-2.0, -10.0)))
    (True, False)
    """
    given = sum(row[-1] - row[0] for row in listed)
    return given > 0 if given else sum(listed[0]) <= sum(listed[1])


class Told(Paragraph):
    """What one is told of the others: a line for each, in order of seats."""

    def say(self, facts: Turns, manner: Manner, wording: Wording) -> Sequence[str]:
        seats = [seat for seat in range(len(facts.pays[0])) if seat != facts.seat]
        said = []
        for seat, persona in zip(seats, facts.others):
            known = {} if persona == "none" else {"knowledge": number(facts.knowledge or 0.0)}
            said.append(wording.system[f"told_{persona}"].fill(player=whole(seat + 1), **known))
        return said

    def hear(self, heard: Heard, wording: Wording) -> None:
        others: list[str] = []
        while True:
            for persona in ("cooperative", "selfish", "none"):
                if found := heard.take(wording.system[f"told_{persona}"]):
                    others.append(persona)
                    if "knowledge" in found:
                        heard.facts["knowledge"] = float(found["knowledge"])
                    break
            else:
                break
        heard.facts["others"] = tuple(others)


class When(Paragraph):
    """The round, counted from 1."""

    def say(self, facts: Turns, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.user["when"].fill(round=whole(facts.round + 1)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.facts["round"] = int(heard.require(wording.user["when"], "which round it is")["round"]) - 1


class Past(Paragraph):
    """All rounds so far, one line each: the own label, and that of the other, or how many took the first one listed."""

    def say(self, facts: Turns, manner: Manner, wording: Wording) -> Sequence[str]:
        if not facts.own:
            return (wording.user["history_none"].text,)
        first = manner.labels[1] if manner.swapped else manner.labels[0]
        most, said = len(facts.pays[0]) - 1, [wording.user["history"].text]
        for at, (own, helpers) in enumerate(zip(facts.own, facts.helpers, strict=True), 1):
            told = {"number": whole(at), "own": manner.labels[own]}
            if most == 1:
                shown = helpers if facts.meets else 1 - helpers
                said.append(wording.user["past"].fill(other=manner.labels[shown], **told))
            else:
                count = most - helpers if manner.swapped else helpers
                said.append(wording.user["past_many"].fill(other=first, helpers=whole(count), **told))
        return said

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.facts["own"] = heard.facts["helpers"] = ()
        if heard.take(wording.user["history_none"]) is not None:
            return
        heard.require(wording.user["history"], "what was chosen so far")
        most = len(heard.facts["pays"][0]) - 1
        action = {label: place for place, label in enumerate(heard.manner["labels"])}
        own, helpers = [], []
        while found := heard.take(wording.user["past" if most == 1 else "past_many"]):
            own.append(action[found["own"]])
            if most == 1:
                shown = action[found["other"]]
                helpers.append(shown if heard.facts["meets"] else 1 - shown)
            else:
                count = int(found["helpers"])
                helpers.append(most - count if heard.manner["swapped"] else count)
        heard.facts["own"], heard.facts["helpers"] = tuple(own), tuple(helpers)


def form(facts: Turns, manner: Manner) -> Form:
    """The action, with reasoning where it is asked for."""
    action = Label(manner.labels, (1, 0) if manner.swapped else (0, 1), "the two actions")
    return Form((("action", action),), manner.reasoning)


def rules_of(facts: Turns) -> Turns:
    """The same facts without the state of the moment."""
    return facts._replace(stage="act", round=0, own=(), helpers=(), payoff=None)


def check(manner: Manner, words: Wording) -> None:
    """Two labels, and what holds in every dialect."""
    check_manner(manner, words, labels=2)


REPEATED = Dialect(
    name="repeated",
    facts=Turns,
    system=(Opening(), Members(), Round(), Horizon(), Told(), Answer(), Persona()),
    user=(When(), Payoff(), Past(), Asks({"act": "act"}, reasoned=("act",))),
    form=form,
    rules_of=rules_of,
    templates="repeated_",
    check=check,
)
