"""Who the stand-in plays in team tournaments: every strategy that a table plays there, from the words of the prompt.

Knobs are given as in an address: ``teammate?weight=0.8``, ``leaver?plays=tft&after=3``.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import Part, kind_of
from coop_abm.llm import comprehension, stand_in_words
from coop_abm.llm.dialects.teams import TeamFacts
from coop_abm.llm.stand_ins import anybody
from coop_abm.llm.stand_ins.asked import Asked, Player, Troupe
from coop_abm.strategies import team as strategies
from coop_abm.strategies.team import KINDS, Moment

STRATEGIES: dict[str, type[Part]] = {kind_of(kind): kind for kind in KINDS}


def moment(facts: TeamFacts) -> Moment:
    """What a strategy reads of a prompt: the same as of a view."""
    said = dict(facts.board).get(facts.partner) if facts.partner is not None else None
    return Moment(
        facts.payoffs, facts.history, facts.mate, _mates_met(facts), heard=facts.heard, record=facts.record,
        fame=facts.fame, pledge=facts.pledge, lies=facts.lies, said=said,
    )  # fmt: skip


def _mates_met(facts: TeamFacts) -> float:
    """Share of team-mates among those whom one meets unknown; it follows from the rules."""
    if facts.teams is None or facts.size is None or facts.meets == "between" or facts.unknown == "rivals":
        return 0.0
    return 1.0 if facts.meets == "within" else (facts.size - 1) / (facts.teams * facts.size - 1)


def _plays(name: str, strategy: Part) -> Player:
    def play(asked: Asked) -> str:
        facts, manner = asked.facts, asked.manner
        if asked.quiz is not None:
            return comprehension.answer_text(asked.quiz.truth)
        now = moment(facts)
        chance = strategies.chance(strategy, now)
        own = strategies.writes(strategy, now) if facts.stage == "talk" else None
        if own is not None:
            return stand_in_words.text(own, facts)
        if facts.stage not in ("act", "pledge"):
            return stand_in_words.speech(facts, manner, name, chance)
        if facts.stage == "pledge":
            return anybody.answer(asked.form, action=strategies.announces(strategy, now))
        values = {"action": 0 if asked.draw < chance else 1, "stay": int(strategies.stays(strategy, now))}
        return anybody.answer(asked.form, stand_in_words.reason(chance, name, manner), **values)

    return play


def _made(kind: type[Part], knobs: dict[str, str]) -> Part:
    """The strategy with these knobs, each read as what it should be. *Raises* InputError."""
    given: dict[str, Any] = {}
    for name, text in knobs.items():
        field = kind.model_fields.get(name)
        wanted = field.annotation if field is not None else None
        try:
            given[name] = wanted(text) if wanted in (int, float) else text
        except ValueError:
            given[name] = text
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{kind_of(kind)}.{where}: {first['msg']}; got {quoted(first['input'])}") from None


def cast(name: str, knobs: dict[str, str]) -> Player:
    """Who plays under this name in a team tournament."""
    return _plays(name, _made(STRATEGIES[name], knobs)) if name in STRATEGIES else anybody.MODELS[name]


TROUPE = Troupe((*STRATEGIES, *anybody.MODELS), cast)
