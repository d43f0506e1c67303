"""Who the stand-in plays in a repeated game of the same N: every rule under its own name, from what the prompt says."""

from __future__ import annotations

from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import kind_of
from coop_abm.llm import comprehension, stand_in_words
from coop_abm.llm.dialects.repeated import Turns
from coop_abm.llm.facts import Manner
from coop_abm.llm.stand_ins import anybody
from coop_abm.llm.stand_ins.asked import Asked, Player, Troupe
from coop_abm.scenario.wording import declared
from coop_abm.strategies import CALCULATING, KINDS, Deliberate, Strategy
from coop_abm.strategies.deliberate import Sight, chance_of

RULES: dict[str, type[Any]] = {kind_of(kind): kind for kind in (*KINDS, *CALCULATING)}


def sight_of(facts: Turns, manner: Manner) -> Sight:
    """What a prompt says, as the rules see it."""
    return Sight(
        pays=facts.pays, own=facts.own, helpers=facts.helpers, horizon=facts.horizon,
        persona=manner.persona if manner.persona in ("cooperative", "selfish") else "none", others=facts.others,
        knowledge=facts.knowledge or 0.0,
    )  # fmt: skip


def _plays(name: str, rule: Strategy | Deliberate) -> Player:
    def play(asked: Asked) -> str:
        if asked.quiz is not None:
            return comprehension.answer_text(asked.quiz.truth)
        chance = chance_of(rule, sight_of(asked.facts, asked.manner))
        return stand_in_words.action(0 if asked.draw < chance else 1, chance, name, asked.manner)

    return play


def _number(text: str) -> object:
    try:
        found = float(text)
    except ValueError:
        return text
    return int(text) if text.lstrip("+-").isdecimal() else found


def cast(name: str, knobs: dict[str, str]) -> Player:
    """Who plays under this name in a repeated game. *Raises* InputError for a knob that it has not."""
    if name in anybody.MODELS:
        return anybody.MODELS[name]
    try:
        rule = declared(RULES[name], {key: _number(value) for key, value in knobs.items()})
    except InputError as error:
        raise InputError(f"{name}.{quoted(str(error), 200)[1:-1]}") from None
    return _plays(name, rule)


TROUPE = Troupe((*RULES, *anybody.MODELS), cast)
