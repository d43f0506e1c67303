"""What can be asked about a decision's prompt, and the true answer, from the facts that the prompt was made of.

A question has a name, which is a key in ``templates/quiz_<language>.toml`` under its kind. To add one, give it
a line in :data:`TABLE` and a text in each language. Another dialect brings a :class:`Book` of its own, one line
in :data:`BOOKS`, and template files ``quiz_<its prefix><language>.toml`` beside its others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from coop_abm.llm.dialects.encounter import ENCOUNTER
from coop_abm.llm.dialects.teams import TEAMS
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import ORDINALS
from coop_abm.llm.wording import Wording

RULES, STATE, HISTORY = KINDS = ("rules", "state", "history")


class Case(NamedTuple):
    """One question about one decision: what its text is filled in with, and its true answer."""

    filling: dict[str, Any]
    truth: Any


class Ask(NamedTuple):
    """One kind of question.

    kind  : rules, state or history
    form  : of the answer: number, boolean, label or labels, or a form of the book's own: one of several words, such
            as standing (good, bad or unknown)
    cases : the questions of this kind that can be asked about a decision; none where it has no such fact
    """

    kind: str
    form: str
    cases: Callable[[Any, Manner], Iterator[Case]]


class Book(NamedTuple):
    """The questions of one dialect.

    table  : its kinds of questions by name
    asked  : facts -> the same moment as a decision about which is asked; a question takes the place of its last line
    stages : in which such a decision can be
    words  : (manner, wording, texts of the quiz) -> words by name, for the enumerations below and for the
             placeholders of ``form`` in the template file
    one_of : form -> names of the words, one of which is the answer; its true answers are given by these names
    """

    table: Mapping[str, Ask]
    asked: Callable[[Any], Any]
    stages: tuple[str, ...]
    words: Callable[[Manner, Wording, Mapping[str, Any]], dict[str, str]]
    one_of: Mapping[str, tuple[str, ...]] = {}


def listed(manner: Manner, wording: Wording, texts: Mapping[str, Any]) -> dict[str, str]:
    """The labels as `first`, `second` ... in the order in which a prompt lists them."""
    labels = manner.labels[::-1] if manner.swapped else manner.labels
    return dict(zip(ORDINALS, labels, strict=False))


def _fact(name: str) -> Callable[[Facts, Manner], Iterator[Case]]:
    """The fact itself, where there is one."""

    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        value = getattr(facts, name)
        if value is not None:
            yield Case({}, value)

    return cases


def _counted(name: str) -> Callable[[Facts, Manner], Iterator[Case]]:
    """A number that is counted from 0 in the facts and from 1 in the prompt."""

    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        yield Case({}, getattr(facts, name) + 1)

    return cases


def told_points(payoff: float, manner: Manner) -> float:
    """A payoff as the prompt words it: points won, or points lost, which is the same number mirrored."""
    return -payoff if manner.framing == "penalty" else payoff


def _extreme(choose: Callable) -> Callable[[Facts, Manner], Iterator[Case]]:
    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        yield Case({}, told_points(choose(value for row in facts.payoffs for value in row), manner))

    return cases


def _pair(partners: bool) -> Callable[[Facts, Manner], Iterator[Case]]:
    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        for own in (0, 1):
            for other in (0, 1):
                paid = facts.payoffs[other][own] if partners else facts.payoffs[own][other]
                yield Case({"own": manner.labels[own], "other": manner.labels[other]}, told_points(paid, manner))

    return cases


def _last_round(facts: Facts, manner: Manner) -> Iterator[Case]:
    if facts.payoff is not None:
        yield Case({}, told_points(facts.payoff, manner))


def _permitted(facts: Facts, manner: Manner) -> Iterator[Case]:
    yield Case({}, list(manner.labels))


def _turns(facts: Facts, manner: Manner) -> Iterator[Case]:
    if facts.history is not None:
        yield Case({}, len(facts.history))


def _action(side: int) -> Callable[[Facts, Manner], Iterator[Case]]:
    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        for turn, pair in enumerate(facts.history or ()):
            yield Case({"turn": turn + 1}, manner.labels[pair[side]])

    return cases


def _count(side: int) -> Callable[[Facts, Manner], Iterator[Case]]:
    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        if facts.history is not None:
            for action in (0, 1):
                count = sum(pair[side] == action for pair in facts.history)
                yield Case({"label": manner.labels[action]}, count)

    return cases


def _total(side: int) -> Callable[[Facts, Manner], Iterator[Case]]:
    def cases(facts: Facts, manner: Manner) -> Iterator[Case]:
        if facts.history:
            won = sum(facts.payoffs[pair[side]][pair[1 - side]] for pair in facts.history)
            yield Case({}, told_points(won, manner))

    return cases


TABLE: dict[str, Ask] = {
    "highest": Ask(RULES, "number", _extreme(max)),
    "lowest": Ask(RULES, "number", _extreme(min)),
    "payoff": Ask(RULES, "number", _pair(partners=False)),
    "partner_payoff": Ask(RULES, "number", _pair(partners=True)),
    "permitted": Ask(RULES, "labels", _permitted),
    "horizon_told": Ask(RULES, "boolean", lambda facts, manner: iter([Case({}, facts.horizon is not None)])),
    "horizon": Ask(RULES, "number", _fact("horizon")),
    "slips": Ask(RULES, "number", _fact("slips")),
    "continuation": Ask(RULES, "number", _fact("continuation")),
    "visibility": Ask(RULES, "number", _fact("visibility")),
    "relatedness": Ask(RULES, "number", _fact("relatedness")),
    "assortment": Ask(RULES, "number", _fact("assortment")),
    "family": Ask(RULES, "number", _fact("family")),
    "everybody": Ask(RULES, "boolean", _fact("everybody")),
    "talks": Ask(RULES, "boolean", _fact("talks")),
    "round": Ask(STATE, "number", _counted("round")),
    "turn": Ask(STATE, "number", _counted("turn")),
    "partner": Ask(STATE, "number", _fact("partner")),
    "standing": Ask(STATE, "standing", _fact("standing")),
    "own_standing": Ask(STATE, "standing", _fact("own_standing")),
    "kin": Ask(STATE, "boolean", _fact("kin")),
    "neighbours": Ask(STATE, "number", _fact("neighbours")),
    "group": Ask(STATE, "number", _fact("group")),
    "members": Ask(STATE, "number", _fact("members")),
    "message": Ask(STATE, "boolean", lambda f, m: iter([Case({}, bool(f.said))] if f.said is not None else [])),
    "last_round": Ask(STATE, "number", _last_round),
    "turns": Ask(HISTORY, "number", _turns),
    "partner_action": Ask(HISTORY, "label", _action(1)),
    "own_action": Ask(HISTORY, "label", _action(0)),
    "partner_count": Ask(HISTORY, "number", _count(1)),
    "own_count": Ask(HISTORY, "number", _count(0)),
    "total": Ask(HISTORY, "number", _total(0)),
    "partner_total": Ask(HISTORY, "number", _total(1)),
}


def _act(facts: Facts) -> Facts:
    """The same moment, when an action is asked for."""
    return facts._replace(stage="act", limit=None, draft=None, critique=None)


def _words(manner: Manner, wording: Wording, texts: Mapping[str, Any]) -> dict[str, str]:
    """What the answers good, bad and unknown are called, and the labels."""
    bad, good = wording.standings
    return {"good": good, "bad": bad, "unknown": texts["words"]["unknown"]} | listed(manner, wording, texts)


def _partner_points(facts: Any, manner: Manner) -> Iterator[Case]:
    for turn, (own, other) in enumerate(facts.history):
        yield Case({"turn": turn + 1}, told_points(facts.payoffs[other][own], manner))


def _reciprocates(facts: Any, manner: Manner) -> Iterator[Case]:
    """Is it tit-for-tat so far? There is nothing to copy in a single turn."""
    if len(facts.history) > 1:
        own, other = zip(*facts.history, strict=True)
        yield Case({"help": manner.labels[0]}, other[0] == 0 and other[1:] == own[:-1])


def _forgives(facts: Any, manner: Manner) -> Iterator[Case]:
    """Does it cooperate again after defections? There must have been one."""
    after = [facts.history[t + 1][1] for t in range(len(facts.history) - 1) if facts.history[t][0] == 1]
    if after:
        named = {"help": manner.labels[0], "refuse": manner.labels[1]}
        yield Case(named, 2 * after.count(0) > len(after))


#: The ten questions of the paper, with truths from the state of the match and not from a fit [ToniniGalke2025].
OF_TEAMS: dict[str, Ask] = {name: TABLE[name] for name in ("highest", "lowest", "permitted", "payoff", "turn")} | {
    "partner_action": TABLE["partner_action"],
    "partner_points": Ask(HISTORY, "number", _partner_points),
    "partner_count": TABLE["partner_count"],
    "partner_total": TABLE["partner_total"],
    "tft": Ask(HISTORY, "boolean", _reciprocates),
    "forgiving": Ask(HISTORY, "boolean", _forgives),
}

#: The questions of each dialect that has any, by its name.
BOOKS: dict[str, Book] = {
    ENCOUNTER.name: Book(TABLE, _act, ("act",), _words, {"standing": ("good", "bad", "unknown")}),
    TEAMS.name: Book(OF_TEAMS, _act, ("act",), listed),
}
