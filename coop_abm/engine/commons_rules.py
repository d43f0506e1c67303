"""What users of the commons see, as columns and as plain values, and the rules that read it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import PolicyError
from coop_abm.core.question import Options, Question, Real, Together, Whole, Words, limit_of
from coop_abm.strategies.commons import Known, User

STAGES = ("harvest", "punish", "learn", "propose", "vote")
#: The answers of stage punish, in order.
SPARE, PUNISH = 0, 1
VERDICTS = Options(("spare", "punish"))


#: What is chosen at stage harvest, by whether whole units are taken.
TAKES = {False: "effort", True: "units"}
WATCH = "watch"


def harvest_choices(units: bool, stock: float, punishment: bool) -> Together:
    """What is answered at stage harvest: an effort or whole units, and with punishment how likely one is to watch."""
    chosen = Whole(0, int(stock)) if units else Real(0.0, 1.0)
    watch = ((WATCH, Real(0.0, 1.0)),) if punishment else ()
    return Together(((TAKES[units], chosen), *watch))


class View(NamedTuple):
    """What each of Q deciders sees; see :class:`~coop_abm.strategies.commons.Known` for what the columns mean.

    Numbers are float (Q,), as they are told, with four decimals; NaN where there is nothing to know. Counts, persons
    and truths are int64 (Q,), -1 where there is nothing to know. Texts are int64 (Q,), numbers of texts of the
    world, -1 where there are none; `proposals` is int64 (Q, N), by who made them.

    strategy : int64 (Q,), the place of its entry among the declared users
    """

    strategy: np.ndarray
    person: np.ndarray
    people: np.ndarray
    units: np.ndarray
    learns: np.ndarray
    full: np.ndarray
    stock: np.ndarray
    store: np.ndarray
    notes: np.ndarray
    before: np.ndarray
    taken: np.ndarray
    chosen: np.ndarray
    took: np.ndarray
    lost: np.ndarray
    paid: np.ndarray
    usual: np.ndarray
    fined: np.ndarray
    fine: np.ndarray
    norm: np.ndarray
    other: np.ndarray
    other_chosen: np.ndarray
    other_took: np.ndarray
    offences: np.ndarray
    costs: np.ndarray
    hurts: np.ndarray
    outcome: np.ndarray
    other_outcome: np.ndarray
    other_notes: np.ndarray
    proposals: np.ndarray


_TRUTHS = ("units", "learns")
_TEXTS = ("notes", "norm", "other_notes")
_KNOWN = tuple(name for name in View._fields if name not in ("strategy", "proposals"))


def known(question: Question) -> list[Known]:
    """What each decider knows, as plain values."""
    view: View = question.view
    columns: dict[str, list[Any]] = {}
    for name in _KNOWN:
        values = getattr(view, name).tolist()
        if name in _TEXTS:
            columns[name] = [None if number < 0 else question.texts[number] for number in values]
        elif name in _TRUTHS:
            columns[name] = [bool(value) for value in values]
        elif isinstance(values[0], int) if values else False:
            columns[name] = [None if value < 0 else value for value in values]
        else:
            columns[name] = [None if value != value else value for value in values]
    rows = zip(*columns.values(), strict=True)
    told: dict[str, Any] = {
        "stage": question.stage,
        "round": question.round,
        "limit": limit_of(question.choices) or None,
    }
    found: list[dict[str, Any]] = [dict(zip(_KNOWN, row, strict=True)) | told for row in rows]
    if question.stage == "vote":
        for row, one in enumerate(found):
            one["proposals"] = _heard(question, row)
    return [Known(**one) for one in found]


def _heard(question: Question, row: int) -> tuple[tuple[int, str], ...]:
    numbers = question.view.proposals[row].tolist()
    return tuple((person, question.texts[number]) for person, number in enumerate(numbers) if number >= 0)


class Rules:
    """Decides for everybody by the rules of their strategies; a policy.

    Parameters
    ----------
    users : the strategies, in the order of the declared entries
    """

    def __init__(self, users: tuple[User, ...]):
        self._users = users

    def decide(self, question: Question) -> np.ndarray:
        """One answer for each row, of what its view and its draw say.

        Raises
        ------
        PolicyError
            if this is no stage of a commons
        """
        rows = list(
            zip(
                (self._users[entry] for entry in question.view.strategy.tolist()),
                known(question),
                question.draw.tolist(),
                strict=True,
            )
        )
        if question.stage == "harvest":
            return _harvests(question, rows)
        if question.stage == "punish":
            return np.array([PUNISH if user.punish(one, draw) else SPARE for user, one, draw in rows], np.int64)
        if question.stage == "vote":
            return np.array([user.vote(one, draw) for user, one, draw in rows], np.int64)
        if question.stage not in ("learn", "propose"):
            raise PolicyError(f"stage must be one of {', '.join(STAGES)}; got {question.stage}")
        assert isinstance(question.choices, Words)
        said = [getattr(user, question.stage)(one, draw) for user, one, draw in rows]
        return np.array([question.texts.number(text) for text in said], np.int64)


def _harvests(question: Question, rows: list[tuple[User, Known, float]]) -> np.ndarray:
    assert isinstance(question.choices, Together)
    answers = question.choices.empty(len(rows))
    for at, (user, one, draw) in enumerate(rows):
        chosen, watch = user.harvest(one, draw)
        answers[at] = (chosen, watch)[: len(question.choices.parts)]
    return answers
