"""Traits of a player in one match: nice, forgiving, retaliatory, troublemaking, emulative.

Each is worked out twice where the released code of the paper and its description differ: *as described*, with
nothing counted that could not happen and NaN where there was no occasion, and *as coded*, with its slips.

References
----------
FontanaPierriAiello2024, ToniniGalke2025
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

COOPERATE, DEFECT = 0, 1
Moves = Sequence[int]


def nice(own: Moves, other: Moves) -> float:
    """1 unless it defected before its opponent ever had, 0 if it did; both at once is nobody first."""
    for mine, yours in zip(own, other, strict=True):
        if yours == DEFECT:
            return 1.0
        if mine == DEFECT:
            return 0.0
    return 1.0


def forgiving(own: Moves, other: Moves) -> float:
    """Forgiven defections in (answerable defections of the opponent + penalties).

    A defection is forgiven if one cooperates in the next round. It is a penalty to defect on although the opponent
    has come back to cooperation in that next round.
    """
    forgiven, penalties, answerable = _pardons(own, other)
    return _share(forgiven, answerable + penalties)


def forgiving_coded(own: Moves, other: Moves) -> float:
    """As coded: the opponent's defection in the last round counts too, and without any the value is 0."""
    forgiven, penalties, _ = _pardons(own, other)
    whole = sum(move == DEFECT for move in other) + penalties
    return forgiven / whole if len(own) > 1 and whole else 0.0


def _pardons(own: Moves, other: Moves) -> tuple[int, int, int]:
    answered = [t for t in range(len(own) - 1) if other[t] == DEFECT]
    forgiven = sum(own[t + 1] == COOPERATE for t in answered)
    penalties = sum(own[t + 1] == DEFECT and other[t + 1] == COOPERATE for t in answered)
    return forgiven, penalties, len(answered)


def retaliatory(own: Moves, other: Moves) -> float:
    """Share of uncalled defections of the opponent that are answered by a defection in the *next* round.

    A defection is uncalled in the first round, or after a round in which one cooperated.
    """
    provoked = [t for t in range(len(own) - 1) if other[t] == DEFECT and (t == 0 or own[t - 1] == COOPERATE)]
    return _share(sum(own[t + 1] == DEFECT for t in provoked), len(provoked))


def retaliatory_coded(own: Moves, other: Moves) -> float:
    """As coded: a defection in the *same* round counts as the reaction, which is partly coincidence; 0 without any."""
    provoked = [t for t in range(1, len(own)) if other[t] == DEFECT and own[t - 1] == COOPERATE]
    return sum(own[t] == DEFECT for t in provoked) / len(provoked) if provoked else 0.0


def troublemaking(own: Moves, other: Moves) -> float:
    """Share of occasions on which it defected uncalled: the first round, and every round after a cooperation."""
    occasions = [0, *(t for t in range(1, len(own)) if other[t - 1] == COOPERATE)]
    return _share(sum(own[t] == DEFECT for t in occasions), len(occasions)) if own else math.nan


def emulative(own: Moves, other: Moves) -> float:
    """Share of rounds after the first in which it did what its opponent did last."""
    return _share(sum(own[t] == other[t - 1] for t in range(1, len(own))), len(own) - 1)


def emulative_coded(own: Moves, other: Moves) -> float:
    """As coded: 0 where there was but one round."""
    return emulative(own, other) if len(own) > 1 else 0.0


def _share(some: int, whole: int) -> float:
    return some / whole if whole > 0 else math.nan


TRAITS: dict[str, Callable[[Moves, Moves], float]] = {
    trait.__name__: trait
    for trait in (
        nice, forgiving, retaliatory, troublemaking, emulative, forgiving_coded, retaliatory_coded, emulative_coded
    )
}  # fmt: skip

# ------------------------------------------------------------------------------------- strategies


def _grim(own: Moves, other: Moves) -> list[int]:
    return [DEFECT if DEFECT in other[:t] else COOPERATE for t in range(len(other))]


def _tft(own: Moves, other: Moves) -> list[int]:
    return [COOPERATE, *other[:-1]]


def _wsls(own: Moves, other: Moves) -> list[int]:
    """After the player's own last move, as a strategy fit asks; the released code follows its own imagined moves."""
    return [COOPERATE, *(COOPERATE if own[t] == other[t] else DEFECT for t in range(len(own) - 1))]


def _wsls_coded(own: Moves, other: Moves) -> list[int]:
    found = [COOPERATE]
    for yours in other[:-1]:
        found.append(COOPERATE if found[-1] == yours else DEFECT)
    return found


#: What each strategy would have done in the place of a player: its moves, given own and opponent's moves.
WOULD: dict[str, Callable[[Moves, Moves], list[int]]] = {
    "allc": lambda own, other: [COOPERATE] * len(own),
    "alld": lambda own, other: [DEFECT] * len(own),
    "tft": _tft,
    "grim": _grim,
    "wsls": _wsls,
}
_CODED = WOULD | {"wsls": _wsls_coded}


def agreement(own: Moves, other: Moves) -> dict[str, int]:
    """In how many rounds of a match a player did what each strategy would have done in its place.

    >>> agreement([0, 0, 1], [0, 1, 1])
    {'allc': 2, 'alld': 1, 'tft': 3, 'grim': 3, 'wsls': 3}
    """
    return {name: _equal(own, would(own, other)) for name, would in WOULD.items()}


def affinity_coded(own: Moves, other: Moves) -> dict[str, float]:
    """As coded: share of equal moves; win-stay, lose-shift follows from what it would have done itself before."""
    return {name: _equal(own, would(own, other)) / len(own) if own else 0.0 for name, would in _CODED.items()}


def _equal(own: Moves, would: Moves) -> int:
    return sum(mine == its for mine, its in zip(own, would, strict=True))
