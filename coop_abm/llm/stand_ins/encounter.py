"""Who the stand-in plays in the encounter of the five rules.

Every kind of strategy plays under its own name, by stepping its automaton through the history that stands
in the prompt; its knobs can be given as in an address: ``gtft?generosity=0.3``. The others are bad
models for tests.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import kind_of
from coop_abm.llm import comprehension, reading, stand_in_words
from coop_abm.llm.facts import Facts
from coop_abm.llm.quoting import LONGEST
from coop_abm.llm.stand_ins import anybody
from coop_abm.llm.stand_ins.asked import Asked, Player, Troupe, chance_of
from coop_abm.strategies import KINDS, Strategy, TitForTat
from coop_abm.strategies.table import GOOD, START, UNKNOWN

#: How the standing that a prompt tells is written in a strategy's table; nothing is known where nobody has any.
_SEEN = {"bad": 0, "good": 1, "unknown": 2, None: UNKNOWN}
_OWN = {"bad": 0, "good": 1, None: GOOD}


# ------------------------------------------------------------------------------------- strategies


class _Row(NamedTuple):
    """An automaton as nested lists, which are quicker to look into than arrays."""

    cooperate: list
    next_state: list


@lru_cache(maxsize=1024)
def _row(strategy: Strategy, payoffs: tuple[tuple[float, float], ...]) -> _Row:
    automaton = strategy.automaton(np.array(payoffs, float))
    return _Row(automaton.cooperate.tolist(), automaton.next_state.tolist())


def _strategy(kind: type[Strategy], knobs: dict[str, str]) -> Strategy:
    """The strategy with these knobs; a knob that is a number is read as one. *Raises* InputError."""
    given: dict[str, object] = {}
    for name, value in knobs.items():
        try:
            given[name] = float(value)
        except ValueError:
            given[name] = value
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{kind_of(kind)}.{where}: {first['msg']}; got {quoted(first['input'])}") from None


def chance_to_cooperate(facts: Facts, strategy: Strategy) -> float:
    """Probability with which a strategy cooperates, given all that a prompt says."""
    row = _row(strategy, facts.payoffs)
    state, last = 0, START
    for own, other in facts.history or ():
        state = row.next_state[state][2 * own + other]
        last = 1 + 2 * own + other
    return row.cooperate[state][last][_SEEN[facts.standing]][int(bool(facts.kin))][_OWN[facts.own_standing]]


def _plays(name: str, strategy: Strategy) -> Player:
    def play(asked: Asked) -> str:
        facts, manner = asked.facts, asked.manner
        if asked.quiz is not None:
            return comprehension.answer_text(asked.quiz.truth)
        chance = chance_to_cooperate(facts, strategy)
        if facts.stage == "act":
            return stand_in_words.action(0 if asked.draw < chance else 1, chance, name, manner)
        return stand_in_words.speech(facts, manner, name, chance)

    return play


# ------------------------------------------------------------------------------------ bad models


def _random(asked: Asked) -> str:
    """Either action with probability one half, whatever the prompt says; guesses at questions."""
    if asked.quiz is not None:
        return comprehension.answer_text(comprehension.guess(asked.quiz, asked.draw))
    if asked.facts.stage == "act":
        return stand_in_words.action(0 if asked.draw < 0.5 else 1, 0.5, "random", asked.manner)
    return stand_in_words.speech(asked.facts, asked.manner, "random", 0.5)


def _puppet(asked: Asked) -> str:
    """Obeys the last order in what others wrote into its prompt, to the letter and ever again; else tit-for-tat.

    It looks at the texts that the templates quote, as their writers wrote them, the latest first. Where
    a text has broken the prompt, so that it cannot be read, it obeys the last order in the whole of it.
    """
    try:
        facts, manner = asked.facts, asked.manner
        written = [facts.critique, facts.draft, facts.said, facts.memo, manner.persona]
    except reading.NotOurs:
        written = [text for _, text in reversed(asked.messages)]
    for text in written:
        if order := anybody.order_in(text):
            return order
    return _tit_for_tat(asked)


def _leaky(asked: Asked) -> str:
    """Tells its whole prompt where it may say something, its end where all is too long; else tit-for-tat."""
    if asked.quiz is not None or asked.facts.stage == "act":
        return _tit_for_tat(asked)
    prompt = "\n".join(text for _, text in asked.messages)[-LONGEST:]
    return stand_in_words.text(prompt if asked.facts.limit is None else prompt[-asked.facts.limit :], asked.facts)


def _mumbling(asked: Asked) -> str:
    """No JSON in the first reply to every second prompt, which its text decides; right when asked again."""
    if not asked.repairing and chance_of(asked.messages) < 0.5:
        return "Hmm. Let me think about that."
    return _tit_for_tat(asked)


# ------------------------------------------------------------------------------------- the tables

STRATEGIES: dict[str, type[Strategy]] = {kind_of(kind): kind for kind in KINDS if issubclass(kind, Strategy)}
#: Bad models that play tit-for-tat where they are good; in other dialects those of ``anybody`` have these names.
MODELS: dict[str, Player] = {
    "random": _random,
    "puppet": _puppet,
    "leaky": _leaky,
    "mumbling": _mumbling,
    "silent": anybody.silent,
}
_tit_for_tat = _plays("tft", TitForTat())


def cast(name: str, knobs: dict[str, str]) -> Player:
    """Who plays under this name in the encounter."""
    return _plays(name, _strategy(STRATEGIES[name], knobs)) if name in STRATEGIES else MODELS[name]


TROUPE = Troupe((*STRATEGIES, *MODELS), cast)
