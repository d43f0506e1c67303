"""Who the stand-in can play: in each dialect the strategies of that world, and everywhere some bad models.

To bring the players of another dialect, write a file beside ``stand_ins/encounter.py`` and give it one line in
:data:`TROUPES`.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

from coop_abm.core.errors import InputError, quoted
from coop_abm.llm import comprehension, reading
from coop_abm.llm.dialects import DIALECTS
from coop_abm.llm.stand_ins import anybody, commons, encounter, repeated, teams
from coop_abm.llm.stand_ins.asked import Asked, Player, Troupe, Unknown, chance_of
from coop_abm.llm.stand_ins.encounter import chance_to_cooperate

__all__ = [
    "PLAYERS", "TROUPES", "Asked", "Player", "Troupe", "Unknown", "chance_of", "chance_to_cooperate",
    "everybody", "player",
]  # fmt: skip

#: Who can play, by the name of the dialect.
TROUPES: dict[str, Troupe] = {
    "encounter": encounter.TROUPE,
    "commons": commons.TROUPE,
    "repeated": repeated.TROUPE,
    "teams": teams.TROUPE,
}


def everybody(dialect: str = "") -> tuple[str, ...]:
    """The names of all who can play, in one dialect or in any; bad models come last."""
    troupes = [troupe for name, troupe in TROUPES.items() if dialect in ("", name)]
    listed = dict.fromkeys(name for troupe in troupes for name in troupe.names if name not in anybody.MODELS)
    return (*listed, *anybody.MODELS)


#: Everybody who can play, by name.
PLAYERS = everybody()


def player(model: str, dialect: str = "") -> Player:
    """Who plays under the name of a model, such as ``stand-in/gtft?generosity=0.3``; ``stand-in/`` may be left out.

    Parameters
    ----------
    dialect : in which it must be able to play; empty: in any, and it plays in that of each prompt

    Raises
    ------
    Unknown
        if nobody does; the message names who does
    InputError
        if a strategy has no such knob, or not with such a value
    """
    return _player(model, dialect, tuple((name, TROUPES.get(name)) for name in {**DIALECTS, **TROUPES}))


@lru_cache(maxsize=1024)
def _player(model: str, dialect: str, troupes: tuple[tuple[str, Troupe | None], ...]) -> Player:
    name, _, told = model.removeprefix("stand-in/").partition("?")
    knobs = dict(parse_qsl(told, keep_blank_values=True))
    if name in anybody.MODELS and knobs:
        raise InputError(f"{name} has no knobs; got {quoted(told)}")
    able: dict[str, Player] = {}
    wrong: list[InputError] = []
    for where, troupe in troupes:
        if dialect in ("", where):
            try:
                if troupe is not None and name in troupe.names:
                    able[where] = troupe.cast(name, knobs)
                elif name in anybody.MODELS:
                    able[where] = anybody.MODELS[name]
            except InputError as error:
                wrong.append(error)
    if not able and wrong:
        raise wrong[0]
    if not able:
        raise Unknown(f"must be stand-in/ and one of {', '.join(everybody(dialect))}; got {quoted(model)}")

    def play(asked: Asked) -> str:
        try:
            where = asked.dialect.name
        except reading.NotOurs:
            where = next(iter(able))  # which says what is wrong with the prompt
        if where not in able:
            raise Unknown(f"must be stand-in/ and one of {', '.join(everybody(where))} there; got {quoted(model)}")
        if name not in anybody.MODELS and asked.quiz is not None:  # a strategy has understood its prompt
            return comprehension.answer_text(asked.quiz.truth)
        return able[where](asked)

    return play
