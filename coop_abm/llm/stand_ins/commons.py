"""Who can play in a commons: its rule-based users, of what the prompt says."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from coop_abm.core.errors import InputError, quoted
from coop_abm.llm import comprehension
from coop_abm.llm.stand_ins import anybody
from coop_abm.llm.stand_ins.asked import Asked, Player, Troupe
from coop_abm.strategies.commons import USERS, Known, User

KINDS: dict[str, Any] = {user.model_fields["kind"].default: user for user in USERS}


def _user(name: str, knobs: dict[str, str]) -> User:
    """The user with these knobs, all of them numbers. *Raises* InputError."""
    given: dict[str, Any] = {}
    for knob, value in knobs.items():
        try:
            given[knob] = float(value)
        except ValueError:
            given[knob] = value
    try:
        return KINDS[name](**given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{name}.{where}: {first['msg']}; got {quoted(first['input'])}") from None


def cast(name: str, knobs: dict[str, str]) -> Player:
    """The player of this name, with these knobs."""
    user = _user(name, knobs)

    def play(asked: Asked) -> str:
        known: Known = asked.facts
        if asked.quiz is not None:
            return comprehension.answer_text(asked.quiz.truth)
        return anybody.answer(asked.form, f"I am {name}.", **_ANSWERS[known.stage](user, known, asked.draw))

    return play


def _harvest(user: User, known: Known, draw: float) -> dict[str, Any]:
    chosen, watch = user.harvest(known, draw)
    return {"units": int(chosen), "watch": watch} if known.units else {"effort": chosen, "watch": watch}


_ANSWERS = {
    "harvest": _harvest,
    "punish": lambda user, known, draw: {"verdict": int(user.punish(known, draw))},
    "learn": lambda user, known, draw: {"notes": user.learn(known, draw)},
    "propose": lambda user, known, draw: {"norm": user.propose(known, draw)},
    "vote": lambda user, known, draw: {"vote": user.vote(known, draw)},
}

TROUPE = Troupe(tuple(KINDS), cast)
